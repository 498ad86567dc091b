" One answer is one step of undo, whatever else is written into its buffer meanwhile.
"
" The editor's steps follow one another in time, so what was changed in mid-answer cuts the answer in
" two. When the last answer in a buffer has ended, the history from the first one on is made again out
" of the texts that were seen meanwhile: in each the answers stand whole, where they had begun by then.

" What was written while answers run, by buffer.
let s:journals = {}

" The writer that is none of the streams.
let s:user = {}

" In longer buffers the history stays as it is.
let s:most_lines = 20000

" MARK: Keeping

" A stream has written, for the first time or further. Called where its buffer is the current one.
function! halley#undo#wrote(stream) abort
  let buffer = bufnr()
  if !has_key(s:journals, buffer)
    let s:journals[buffer] = #{first: changenr(), texts: [], open: [], is_mixed: v:false,
          \ is_broken: line('$') > s:most_lines, streams: []}
  endif
  let journal = s:journals[buffer]
  if index(journal.streams, a:stream) < 0
    call add(journal.streams, a:stream)
    call add(journal.open, a:stream)
    call s:note(buffer, journal, a:stream)
  elseif journal.texts[-1].writer isnot a:stream
    let journal.is_mixed = v:true
  endif
endfunction

" The user, or another plugin, has changed the buffer. Called for each stream that follows it, and the
" last time all of them know where they are.
function! halley#undo#changed(buffer) abort
  let journal = get(s:journals, a:buffer, {})
  if empty(journal) || halley#stream#is_writing()
    return
  elseif a:buffer != bufnr() || line('$') > s:most_lines || changenr() < journal.texts[-1].number
    " After an undo there are two histories, and the user's own is the one to keep.
    let journal.is_broken = v:true
    return
  endif
  call s:note(a:buffer, journal, s:user)
endfunction

" Keeps the current text, with a stream in the place of what it has written.
function! s:note(buffer, journal, writer) abort
  if a:journal.is_broken
    return
  endif
  let text = #{writer: a:writer, number: changenr(), lines: s:folded(a:journal)}
  if !empty(a:journal.texts) && a:journal.texts[-1].number == text.number
        \ && a:journal.texts[-1].writer is a:writer
    let a:journal.texts[-1] = text
  else
    call add(a:journal.texts, text)
  endif
endfunction

" The lines of the current buffer, with a stream for all of its own; nothing where two share a line.
function! s:folded(journal) abort
  let streams = sort(filter(copy(a:journal.streams), {_, stream -> stream.top > 0}),
        \ {a, b -> a.top - b.top})
  let [lines, next] = [[], 1]
  for stream in streams
    let last = halley#stream#lines(stream.track)[0]
    if stream.top < next || last < stream.top
      return v:none
    endif
    let lines += getline(next, stream.top - 1) + [stream]
    let next = last + 1
  endfor
  return lines + getline(next, '$')
endfunction

" MARK: The order anew

" The lines of a text in which each stream's are those that it has in the end.
function! s:unfolded(text) abort
  let lines = []
  for line in a:text.lines
    let lines += type(line) == v:t_dict ? line.final : [line]
  endfor
  return lines
endfunction

" Makes the current buffer read so, by the lines that differ.
function! s:put(lines) abort
  let old = getline(1, '$')
  let top = 0
  while top < len(old) && top < len(a:lines) && old[top] ==# a:lines[top]
    let top += 1
  endwhile
  let below = 0
  while below < len(old) - top && below < len(a:lines) - top
        \ && old[-1 - below] ==# a:lines[-1 - below]
    let below += 1
  endwhile
  let new = a:lines[top : len(a:lines) - below - 1]
  if len(a:lines) == top + below
    let new = []
  endif
  call append(top, new)
  if len(old) > top + below
    silent call deletebufline(bufnr(), top + len(new) + 1, len(old) + len(new) - below)
  endif
endfunction

" Undoes the change of that number, and all after it.
function! s:undo_to(number) abort
  while changenr() >= a:number
    let before = changenr()
    silent undo
    if changenr() == before
      throw 'halley: there is nothing left to undo'
    endif
  endwhile
endfunction

" Makes the history anew; where that does not come to the same text, it stays as it is.
function! halley#undo#_replay() abort
  let [journal, view] = [s:subject, winsaveview()]
  let [lines, latest, is_modified] = [getline(1, '$'), changenr(), &modified]
  for stream in journal.streams
    let stream.final = getline(stream.top, halley#stream#lines(stream.track)[0])
  endfor
  try
    if s:unfolded(journal.texts[-1]) != lines
      return
    endif
    call s:undo_to(journal.first)
    for text in journal.texts
      let &g:undolevels = &g:undolevels
      call s:put(s:unfolded(text))
    endfor
  catch
    silent! execute 'undo' latest
  endtry
  if getline(1, '$') != lines
    silent! execute 'undo' latest
  endif
  let &l:modified = is_modified
  call winrestview(view)
endfunction

function! s:close(buffer) abort
  let journal = get(s:journals, a:buffer, {})
  if empty(journal) || !empty(journal.open)
    return
  elseif !bufloaded(a:buffer)
    call remove(s:journals, a:buffer)
    return
  elseif a:buffer == bufnr() && mode(1) !=# 'n'
    " In the midst of an insertion undo would take away what is being typed.
    return timer_start(50, {-> s:close(a:buffer)})
  endif
  call remove(s:journals, a:buffer)
  let is_whole = empty(filter(copy(journal.texts), {_, text -> type(text.lines) != v:t_list}))
  if journal.is_mixed && is_whole && !journal.is_broken
        \ && getbufvar(a:buffer, '&modifiable')
    let s:subject = journal
    call halley#stream#execute_in(a:buffer, 'call halley#undo#_replay()')
  endif
  for stream in journal.streams
    call halley#stream#forget(stream.track)
  endfor
endfunction

" Ends a stream's part of the journal; its buffer may be gone. Whether the stream is followed until
" the others have ended.
function! halley#undo#finish(buffer, stream) abort
  let journal = get(s:journals, a:buffer, {})
  if empty(journal)
    return v:false
  elseif !bufloaded(a:buffer)
    call remove(s:journals, a:buffer)
    return v:false
  endif
  if halley#stream#lines(a:stream.track)[0] < a:stream.top
    let journal.is_broken = v:true
  endif
  call filter(journal.open, {_, stream -> stream isnot a:stream})
  call s:close(a:buffer)
  return v:true
endfunction
