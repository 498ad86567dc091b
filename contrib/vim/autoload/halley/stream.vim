" Writes text into a buffer as it comes, at a line that edits elsewhere do not lose.

" MARK: Lines that stay where they belong

" Follows lines of a buffer while the text around them changes. A line that was deleted is 0.
function! halley#stream#track(buffer, lines) abort
  let track = #{buffer: a:buffer, lines: copy(a:lines), is_own: v:false}
  let track.listener = listener_add(
        \ {buffer, start, end, added, changes -> s:shift(track, changes)}, a:buffer)
  return track
endfunction

function! s:shift(track, changes) abort
  if a:track.is_own
    return
  endif
  for change in a:changes
    call map(a:track.lines, {_, line -> s:shifted(line, change)})
    if has_key(a:track, 'stream') && a:track.stream.top > 0
      let top = s:shifted(a:track.stream.top, change)
      " Where its first line is gone, the next one is.
      let a:track.stream.top = top > 0 ? top : change.lnum
    endif
  endfor
  call halley#undo#changed(a:track.buffer)
endfunction

" A change replaces the lines from lnum to before end by so many more (or fewer).
function! s:shifted(line, change) abort
  if a:line >= a:change.end
    return a:line + a:change.added
  elseif a:line >= a:change.lnum && a:line >= a:change.end + a:change.added
    return 0
  endif
  return a:line
endfunction

" The lines as they are now.
function! halley#stream#lines(track) abort
  if bufloaded(a:track.buffer)
    call listener_flush(a:track.buffer)
  endif
  return a:track.lines
endfunction

function! halley#stream#forget(track) abort
  " What is not told now would be told to who follows this buffer next.
  let a:track.is_own = v:true
  call halley#stream#lines(a:track)
  call listener_remove(a:track.listener)
endfunction

" MARK: The stream

" A stream that writes into that line, which is empty, or below it.
function! halley#stream#new(buffer, line, is_below) abort
  let stream = #{track: halley#stream#track(a:buffer, [a:line]), buffer: a:buffer,
        \ is_below: a:is_below, has_text: v:false, held: '', tick: -1, is_ended: v:false,
        \ Stopped: {reason -> 0}, top: 0, line: a:line, seen: [], is_waiting: v:false,
        \ pause: 0}
  let stream.track.stream = stream
  return stream
endfunction

" Whether it is this plugin that changes a buffer.
let s:is_writing = v:false
function! halley#stream#is_writing() abort
  return s:is_writing
endfunction

" Whether the user is choosing text there, whose lines must not move before a command takes them: a
" selection, an operator that waits for its motion, line numbers in a command line.
function! s:is_choosing(buffer) abort
  return a:buffer == bufnr() && mode(1) =~# '^\%([vVsS\x16\x13]\|no\|c\|r?\)'
endfunction

" Adds text. It is written at once, or where that takes long, as in a long line, together with more.
function! halley#stream#append(stream, text) abort
  if a:stream.is_ended
    return
  endif
  let a:stream.held ..= a:text
  if a:stream.pause > 0
    return s:retry(a:stream, a:stream.pause)
  endif
  call s:flush(a:stream)
endfunction

" Writes what is there. Line ends wait for what follows, since an answer ends without an empty line.
function! s:flush(stream) abort
  if s:is_choosing(a:stream.buffer)
    return s:retry(a:stream, 20)
  endif
  let start = reltime()
  let text = substitute(a:stream.held, "\r\n", "\n", 'g')
  if !a:stream.has_text
    let text = substitute(text, '^\n\+', '', '')
  endif
  let length = len(text)
  while length > 0 && text[length - 1] =~# "[\r\n]"
    let length -= 1
  endwhile
  let a:stream.held = strpart(text, length)
  if length > 0
    call s:write(a:stream, strpart(text, 0, length))
  endif
  " Of the time at most a fifth goes into writing.
  let cost = float2nr(reltimefloat(reltime(start)) * 1000)
  let a:stream.pause = cost < 2 ? 0 : cost * 4
endfunction

function! s:retry(stream, pause) abort
  if !a:stream.is_waiting
    let a:stream.is_waiting = v:true
    call timer_start(a:pause, {-> s:try_again(a:stream)})
  endif
endfunction

function! s:try_again(stream) abort
  let a:stream.is_waiting = v:false
  if !a:stream.is_ended
    call s:flush(a:stream)
  endif
endfunction

" MARK: Where an answer goes on

" The line nearest to one whose text, and the text before it, is what was written last; white space
" aside where it may be. 0 where there is none.
function! s:find(stream, near, is_exact) abort
  let Bare = {text -> a:is_exact ? text : substitute(text, '\s\+', '', 'g')}
  let seen = map(copy(a:stream.seen), {_, line -> Bare(line)})
  if seen[-1] ==# ''
    return 0
  endif
  let [found, number] = [0, 0]
  let lines = getbufline(a:stream.buffer, 1, '$')
  for line in lines
    let number += 1
    if Bare(line) ==# seen[-1] && (len(seen) < 2 || number > 1 && Bare(lines[number - 2]) ==# seen[0])
          \ && (found == 0 || abs(number - a:near) < abs(found - a:near))
      let found = number
    endif
  endfor
  return found
endfunction

" The line where the answer goes on, or 0 where it was taken out. Lines may have been moved, or
" written anew by a formatter.
function! s:place(stream) abort
  let line = halley#stream#lines(a:stream.track)[0]
  if !a:stream.has_text
    return line
  endif
  let text = line < 1 ? '' : get(getbufline(a:stream.buffer, line), 0, '')
  if line > 0 && text ==# a:stream.seen[-1]
    let a:stream.line = line
    return line
  endif
  for is_exact in [v:true, v:false]
    let found = s:find(a:stream, line > 0 ? line : a:stream.line, is_exact)
    if found > 0
      let a:stream.top += found - a:stream.line
      let a:stream.line = found
      return found
    endif
  endfor
  " Somebody edits the line that it goes on in.
  return text =~# '\S' ? line : 0
endfunction

" MARK: Writing

function! s:write(stream, text) abort
  let line = s:place(a:stream)
  if line < 1
    return s:stop(a:stream, 'the answer was taken out')
  endif
  let a:stream.track.lines = [line]
  let a:stream.text = a:text
  let s:subject = a:stream
  try
    call halley#stream#execute_in(a:stream.buffer, 'call halley#stream#_write()')
  catch /:E\%(523\|565\|12\|788\):/
    " Nobody may change a text at this moment.
    let a:stream.held = a:text .. a:stream.held
    return s:retry(a:stream, 20)
  catch
    return s:stop(a:stream, 'the buffer takes no text: '
          \ .. substitute(v:exception, '^Vim[^:]*:', '', ''))
  endtry
  let a:stream.has_text = v:true
  let a:stream.tick = getbufvar(a:stream.buffer, 'changedtick')
endfunction

" Runs a command where the buffer is the current one, in a window that it has or is lent.
function! halley#stream#execute_in(buffer, command) abort
  if a:buffer == bufnr()
    execute a:command
    return
  endif
  let windows = win_findbuf(a:buffer)
  let window = empty(windows) ? popup_create(a:buffer, #{hidden: v:true}) : windows[0]
  try
    call win_execute(window, a:command)
  finally
    if empty(windows)
      call popup_close(window)
    endif
  endtry
endfunction

" Writes the text of the stream at hand into the current buffer: one answer is one step of undo.
function! halley#stream#_write() abort
  let stream = s:subject
  call listener_flush()
  if stream.tick == b:changedtick
    silent! undojoin
  else
    let &g:undolevels = &g:undolevels
  endif
  let s:is_writing = v:true
  try
    call s:put(stream)
  finally
    let s:is_writing = v:false
  endtry
  call halley#undo#wrote(stream)
endfunction

function! s:put(stream) abort
  let lines = split(a:stream.text, "\n", v:true)
  let line = a:stream.track.lines[0]
  " Another answer may have begun in the line that was empty.
  let is_own_line = a:stream.has_text || !a:stream.is_below && getline(line) !~# '\S'
  if is_own_line
    call setline(line, getline(line) .. lines[0])
    call append(line, lines[1:])
    let line -= 1
  else
    call append(line, lines)
  endif
  if !a:stream.has_text
    let a:stream.top = line + 1
  endif
  let a:stream.track.is_own = v:true
  call listener_flush()
  let a:stream.track.is_own = v:false
  let a:stream.line = line + len(lines)
  let a:stream.track.lines = [a:stream.line]
  let a:stream.seen = getline(max([1, a:stream.line - 1, a:stream.top]), a:stream.line)
endfunction

function! s:stop(stream, reason) abort
  let a:stream.is_ended = v:true
  call a:stream.Stopped(a:reason)
endfunction

" Ends the stream, then calls Done; what the editor does not take at this moment is tried again.
function! halley#stream#finish(stream, is_orphan, Done) abort
  if !a:is_orphan && !a:stream.is_ended
    call s:flush(a:stream)
  endif
  if !a:is_orphan && !a:stream.is_ended && a:stream.held =~# '[^\r\n]'
    call timer_start(25, {-> halley#stream#finish(a:stream, v:false, a:Done)})
    return
  endif
  let a:stream.is_ended = v:true
  if !a:stream.has_text || !halley#undo#finish(a:stream.buffer, a:stream)
    call halley#stream#forget(a:stream.track)
  endif
  call a:Done()
endfunction

" Replaces lines of a buffer, as one step of undo.
function! halley#stream#replace(buffer, first, last, lines) abort
  let s:subject = #{first: a:first, last: a:last, lines: a:lines}
  call halley#stream#execute_in(a:buffer, 'call halley#stream#_replace()')
endfunction

function! halley#stream#_replace() abort
  let &g:undolevels = &g:undolevels
  call append(s:subject.last, s:subject.lines)
  silent call deletebufline(bufnr(), s:subject.first, s:subject.last)
endfunction
