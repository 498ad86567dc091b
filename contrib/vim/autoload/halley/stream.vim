" Writes text into a buffer as it comes, at a line that edits elsewhere do not lose.

" MARK: Lines that stay where they belong

" Follows lines of a buffer while the text around them changes. A line that was deleted is 0.
function! halley#stream#track(buffer, lines) abort
  let track = #{buffer: a:buffer, lines: copy(a:lines), is_own: v:false}
  let track.listener = listener_add(
        \ {_, start, end, added, changes -> s:shift(track, changes)}, a:buffer)
  return track
endfunction

function! s:shift(track, changes) abort
  if a:track.is_own
    return
  endif
  for change in a:changes
    call map(a:track.lines, {_, line -> s:shifted(line, change)})
  endfor
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
  call listener_remove(a:track.listener)
endfunction

" MARK: The stream

" A stream that writes into that line, which is empty, or below it.
function! halley#stream#new(buffer, line, is_below) abort
  return #{track: halley#stream#track(a:buffer, [a:line]), buffer: a:buffer, is_below: a:is_below,
        \ has_text: v:false, held: '', tick: -1, is_ended: v:false, Stopped: {reason -> 0}}
endfunction

" Adds text. Line ends wait for what follows, since an answer ends without an empty line.
function! halley#stream#append(stream, text) abort
  if a:stream.is_ended
    return
  endif
  let text = substitute(a:stream.held .. a:text, "\r\n", "\n", 'g')
  if !a:stream.has_text
    let text = substitute(text, '^\n\+', '', '')
  endif
  let a:stream.held = matchstr(text, '[\r\n]*$')
  let text = strpart(text, 0, len(text) - len(a:stream.held))
  if text !=# ''
    call s:write(a:stream, text)
  endif
endfunction

function! s:write(stream, text) abort
  let line = halley#stream#lines(a:stream.track)[0]
  let is_gone = line < 1 || a:stream.has_text
        \ && get(getbufline(a:stream.buffer, line), 0, '') !~# '\S' && a:stream.last =~# '\S'
  if is_gone
    return s:stop(a:stream, 'the answer was taken out')
  endif
  let a:stream.text = a:text
  let s:subject = a:stream
  try
    call s:execute_in(a:stream.buffer, 'call halley#stream#_write()')
  catch /:E\%(523\|565\|12\|788\):/
    " Nobody may change a text at this moment.
    let a:stream.held = a:text .. a:stream.held
    return timer_start(20, {-> halley#stream#append(a:stream, '')})
  catch
    return s:stop(a:stream, 'the buffer takes no text: ' .. v:exception)
  endtry
  let a:stream.has_text = v:true
  let a:stream.tick = getbufvar(a:stream.buffer, 'changedtick')
endfunction

" Runs a command where the buffer is the current one, in a window that it has or is lent.
function! s:execute_in(buffer, command) abort
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
  if stream.tick == b:changedtick
    silent! undojoin
  else
    let &g:undolevels = &g:undolevels
  endif
  let lines = split(stream.text, "\n", v:true)
  let line = stream.track.lines[0]
  if stream.has_text || !stream.is_below
    call setline(line, getline(line) .. lines[0])
    call append(line, lines[1:])
    let line -= 1
  else
    call append(line, lines)
  endif
  let stream.track.is_own = v:true
  call listener_flush()
  let stream.track.is_own = v:false
  let stream.track.lines = [line + len(lines)]
  let stream.last = lines[-1]
endfunction

function! s:stop(stream, reason) abort
  let a:stream.is_ended = v:true
  call a:stream.Stopped(a:reason)
endfunction

" Ends the stream; what an editor at a busy moment did not take is tried again.
function! halley#stream#finish(stream, is_orphan) abort
  if !a:is_orphan && !a:stream.is_ended && a:stream.held =~# '[^\r\n]'
    call timer_start(25, {-> halley#stream#finish(a:stream, v:false)})
    return
  endif
  let a:stream.is_ended = v:true
  call halley#stream#forget(a:stream.track)
endfunction

" Replaces lines of a buffer, as one step of undo.
function! halley#stream#replace(buffer, first, last, lines) abort
  let s:subject = #{first: a:first, last: a:last, lines: a:lines}
  call s:execute_in(a:buffer, 'call halley#stream#_replace()')
endfunction

function! halley#stream#_replace() abort
  let &g:undolevels = &g:undolevels
  call append(s:subject.last, s:subject.lines)
  silent call deletebufline(bufnr(), s:subject.first, s:subject.last)
endfunction
