" Halley in Vim: answers of the local daemon halleyd. See :help halley.

let s:rewrite_instructions = 'You rewrite text inside an editor. Answer with the new text of the '
      \ .. 'selected lines and nothing else: no explanation, no code fence.'

" The answers that run, and the previews of rewrites by their buffer.
let s:running = []
let s:previews = {}
let s:preview_count = 0

augroup halley
  autocmd!
augroup END

" MARK: Messages

function! halley#report(text) abort
  call s:say('ErrorMsg', a:text)
endfunction

function! halley#inform(text) abort
  call s:say('None', a:text)
endfunction

" A text on one line.
function! halley#line(text) abort
  return substitute(substitute(a:text, '\s*\n\s*', '; ', 'g'), '[[:cntrl:]]', ' ', 'g')
endfunction

" One line, whole in :messages, and on the screen no longer than there is room for: more would ask for
" a key to go on, under typing hands.
function! s:say(highlight, text) abort
  if mode() =~# '^[cr]'
    " In the midst of a command line there is no room at all.
    call timer_start(100, {-> s:say(a:highlight, a:text)})
    return
  endif
  let before = &shortmess
  set shortmess+=T
  execute 'echohl' a:highlight
  echomsg 'halley: ' .. halley#line(a:text)
  echohl None
  let &shortmess = before
endfunction

" Shows beside a line of a buffer what went wrong there, where this Vim has virtual text.
function! halley#mark(buffer, line, text) abort
  if !has('patch-9.0.0121') || !bufloaded(a:buffer)
    return
  elseif empty(prop_type_get('HalleyError', #{bufnr: a:buffer}))
    call prop_type_add('HalleyError', #{bufnr: a:buffer, highlight: 'ErrorMsg'})
  endif
  let last = len(getbufline(a:buffer, 1, '$'))
  silent! call prop_add(max([1, min([a:line, last])]), 0, #{bufnr: a:buffer, type: 'HalleyError',
        \ text: ' ✗ ' .. halley#line(a:text), text_wrap: 'truncate'})
endfunction

function! halley#unmark(buffer) abort
  if has('textprop') && !empty(prop_type_get('HalleyError', #{bufnr: a:buffer}))
    call prop_remove(#{bufnr: a:buffer, type: 'HalleyError', all: v:true})
  endif
endfunction

" MARK: Answers

" Asks, and streams the text. The options: stream, and ended(outcome), called with the outcome's
" message, is_error and is_orphan (its buffer is going).
function! s:start(buffer, params, stream, Ended) abort
  let answer = #{buffer: a:buffer, stream: a:stream, Ended: a:Ended, item: '', has_text: v:false,
        \ is_done: v:false}
  let a:stream.Stopped = {reason -> s:stop(answer, reason, v:false)}
  call add(s:running, answer)
  execute printf('autocmd halley BufUnload <buffer=%d> call s:unloaded(%d)', a:buffer, a:buffer)
  let create = halley#options#transport() ==# 'job' ? 'halley#job#create' : 'halley#socket#create'
  let answer.Cancel = call(create, [a:params, #{
        \ event: {event -> s:take(answer, event)},
        \ done: {error, response -> s:done(answer, error, response)}}])
endfunction

function! s:take(answer, event) abort
  if a:answer.is_done || get(a:event, 'type', '') !~# '^response\.\%(output_text\|refusal\)\.delta$'
    return
  endif
  let item = get(a:event, 'item_id', a:answer.item)
  if a:answer.has_text && item !=# a:answer.item
    call halley#stream#append(a:answer.stream, "\n\n")
  endif
  let a:answer.item = item
  let a:answer.has_text = v:true
  call halley#stream#append(a:answer.stream, a:event.delta)
endfunction

function! s:done(answer, error, response) abort
  if a:answer.is_done
    return
  endif
  if a:error !=# ''
    let kept = a:answer.has_text ? "\n  the text so far is kept" : ''
    return s:finish(a:answer, #{message: a:error .. kept, is_error: v:true})
  endif
  if !a:answer.has_text
    call halley#stream#append(a:answer.stream, s:text_of(a:response))
  endif
  let fault = s:fault_of(a:response)
  call s:finish(a:answer, #{message: fault, is_error: fault !=# ''})
endfunction

function! s:finish(answer, outcome) abort
  let a:answer.is_done = v:true
  call filter(s:running, {_, answer -> answer isnot a:answer})
  call halley#stream#finish(a:answer.stream, get(a:outcome, 'is_orphan', v:false),
        \ {-> a:answer.Ended(a:outcome)})
endfunction

function! s:stop(answer, reason, is_orphan) abort
  if a:answer.is_done
    return
  endif
  call a:answer.Cancel()
  let message = a:reason ==# '' ? 'stopped' : 'stopped: ' .. a:reason
  call s:finish(a:answer, #{message: message, is_error: v:false, is_orphan: a:is_orphan})
endfunction

function! s:unloaded(buffer) abort
  if has_key(s:previews, a:buffer)
    call s:forget(s:previews[a:buffer])
  endif
  for answer in filter(copy(s:running), {_, answer -> answer.buffer == a:buffer})
    call s:stop(answer, 'its buffer is gone', v:true)
  endfor
endfunction

function! s:text_of(response) abort
  let messages = []
  for item in filter(copy(get(a:response, 'output', [])), {_, item -> item.type ==# 'message'})
    call add(messages, join(map(copy(item.content),
          \ {_, part -> get(part, 'text', get(part, 'refusal', ''))}), ''))
  endfor
  return join(messages, "\n\n")
endfunction

function! s:fault_of(response) abort
  let status = get(a:response, 'status', '')
  if status ==# 'failed'
    let reason = get(a:response, 'error', v:null)
    return 'the model failed: '
          \ .. (type(reason) == v:t_dict ? get(reason, 'message', '') : 'it did not say why')
  elseif status ==# 'incomplete'
    let details = get(a:response, 'incomplete_details', v:null)
    return 'the answer is not whole: '
          \ .. (type(details) == v:t_dict ? get(details, 'reason', '') : 'no reason was given')
  elseif status ==# 'cancelled'
    return 'the answer was cancelled from elsewhere'
  endif
  return ''
endfunction

function! s:tell(outcome) abort
  if a:outcome.message !=# ''
    call call(a:outcome.is_error ? 'halley#report' : 'halley#inform', [a:outcome.message])
  endif
endfunction

" MARK: Asking

" A part of the buffer as named context: its name, and its text in a fence longer than any within.
function! s:context(first, last) abort
  let text = join(getline(a:first, a:last), "\n")
  if text !~# '\S'
    return ''
  endif
  let name = bufname() ==# '' ? 'The buffer' : fnamemodify(bufname(), ':.')
  if a:first > 1 || a:last < line('$')
    let name ..= printf(', lines %d to %d', a:first, a:last)
  endif
  let fence = '```'
  while stridx(text, fence) >= 0
    let fence ..= '`'
  endwhile
  return printf("%s:\n%s%s\n%s\n%s\n\n", name, fence, matchstr(&filetype, '^[[:alnum:]_+-]*'),
        \ text, fence)
endfunction

" :Halley: an answer at the cursor, or below the range, which is then the context.
function! halley#ask(prompt, range, without_context) abort
  if a:prompt ==# '' && empty(a:range)
    return halley#report('no prompt found; :Halley {prompt} or a range of lines was expected')
  elseif !&modifiable
    return halley#report('this buffer is not modifiable, and the answer would go into it')
  elseif !halley#options#check()
    return
  endif
  let [first, last] = empty(a:range) ? [1, line('$')] : a:range
  if a:prompt ==# ''
    let input = join(getline(first, last), "\n")
  else
    let input = (a:without_context && empty(a:range) ? '' : s:context(first, last)) .. a:prompt
  endif
  let line = empty(a:range) ? line('.') : last
  let is_below = !empty(a:range) || getline(line) =~# '\S'
  call halley#unmark(bufnr())
  let stream = halley#stream#new(bufnr(), line, is_below)
  call s:start(bufnr(), halley#options#request(input, {}),
        \ stream, {outcome -> s:answered(stream, outcome)})
endfunction

function! s:answered(stream, outcome) abort
  if a:outcome.is_error && !get(a:outcome, 'is_orphan', v:false)
    call halley#mark(a:stream.buffer, a:stream.line, a:outcome.message)
  endif
  call s:tell(a:outcome)
endfunction

" :HalleyStop: what runs in this buffer, else all.
function! halley#stop() abort
  let chosen = filter(copy(s:running), {_, answer -> answer.buffer == bufnr()})
  if empty(chosen)
    let chosen = copy(s:running)
  endif
  if empty(chosen)
    call halley#inform('no answer is running')
  endif
  for answer in chosen
    call s:stop(answer, '', v:false)
  endfor
endfunction

" For a status line: how many answers run, or nothing.
function! halley#status() abort
  return empty(s:running) ? '' : 'halley ' .. len(s:running)
endfunction

" MARK: Rewriting

function! s:open_preview(source) abort
  let options = map(['filetype', 'expandtab', 'shiftwidth', 'tabstop'],
        \ {_, name -> [name, getbufvar(a:source, '&' .. name)]})
  let s:preview_count += 1
  execute 'rightbelow vertical new' fnameescape('halley://rewrite/' .. s:preview_count)
  setlocal buftype=nofile bufhidden=wipe noswapfile nomodeline
  for [name, value] in options
    call setbufvar(bufnr(), '&' .. name, value)
  endfor
  nnoremap <buffer> <nowait> <silent> <CR> :HalleyAccept<CR>
  nnoremap <buffer> <nowait> <silent> q :HalleyReject<CR>
  let buffer = bufnr()
  wincmd p
  return buffer
endfunction

" :HalleyRewrite: a new text for the lines, in a preview beside them.
function! halley#rewrite(instruction, first, last) abort
  if a:instruction ==# ''
    return halley#report('no instruction found; :[range]HalleyRewrite {instruction} was expected')
  elseif !&modifiable
    return halley#report('this buffer is not modifiable; there is nothing to rewrite')
  elseif !halley#options#check()
    return
  endif
  let instructions = halley#options#get('rewrite_instructions', s:rewrite_instructions)
  let params = halley#options#request(
        \ s:context(a:first, a:last) .. a:instruction, #{instructions: instructions})
  let preview = #{source: bufnr(), original: getline(a:first, a:last), is_written: v:false, fault: '',
        \ lines: halley#stream#track(bufnr(), [a:first, a:last])}
  let preview.buffer = s:open_preview(preview.source)
  let s:previews[preview.buffer] = preview
  call s:start(preview.buffer, params, halley#stream#new(preview.buffer, 1, v:false),
        \ {outcome -> s:rewritten(preview, outcome)})
endfunction

function! s:rewritten(preview, outcome) abort
  let a:preview.is_written = v:true
  let a:preview.fault = a:outcome.message
  if get(a:outcome, 'is_orphan', v:false)
    return
  endif
  let lines = getbufline(a:preview.buffer, 1, '$')
  let bare = s:without_fence(lines, a:preview.original)
  if bare != lines
    silent call deletebufline(a:preview.buffer, 1, '$')
    call setbufline(a:preview.buffer, 1, bare)
  endif
  if a:outcome.message ==# ''
    return halley#inform(
          \ 'the new text is there; :HalleyAccept takes it, :HalleyReject leaves the old')
  endif
  call s:tell(a:outcome)
endfunction

" The text without the one code fence around all of it that models like to add.
function! s:without_fence(lines, original) abort
  let fence = matchstr(a:lines[0], '^````*\ze[[:alnum:]_+-]*\s*$')
  if fence ==# '' || a:original[0] =~# '^\s*```' || len(a:lines) < 3
        \ || a:lines[-1] !~# '^' .. fence .. '\s*$'
        \ || match(a:lines[1:-2], '^' .. fence) >= 0
    return a:lines
  endif
  return a:lines[1:-2]
endfunction

function! s:forget(preview) abort
  call halley#stream#forget(a:preview.lines)
  call remove(s:previews, a:preview.buffer)
endfunction

" The preview that a command in this buffer means: its own, or the newest one for it.
function! s:meant() abort
  let here = bufnr()
  if has_key(s:previews, here)
    return s:previews[here]
  endif
  let found = filter(values(s:previews), {_, preview -> preview.source == here})
  if empty(found)
    call halley#report('there is no rewrite of this buffer to accept or reject')
    return {}
  endif
  return sort(found, {a, b -> b.buffer - a.buffer})[0]
endfunction

" The lines to replace as they are now, or [0, 0] where they are gone. Undo may have brought them back.
function! s:target(preview) abort
  let lines = halley#stream#lines(a:preview.lines)
  if !bufloaded(a:preview.source) || lines[0] > 0 && lines[1] >= lines[0]
    return lines
  endif
  let text = getbufline(a:preview.source, 1, '$')
  let last = len(a:preview.original) - 1
  let found = filter(range(len(text) - last), {_, start ->
        \ text[start] ==# a:preview.original[0] && text[start : start + last] == a:preview.original})
  return len(found) == 1 ? [found[0] + 1, found[0] + 1 + last] : [0, 0]
endfunction

" Why the new text can't be taken, or nothing.
function! s:obstacle(preview, is_forced) abort
  let [first, last] = s:target(a:preview)
  if !a:preview.is_written
    return 'the new text is still being written; wait, or :HalleyStop first'
  elseif first < 1 || last < first
    return 'the lines to replace are gone; copy from the preview'
  elseif a:is_forced
    return ''
  elseif a:preview.fault !=# ''
    return printf('the new text is not whole (%s); :HalleyAccept! takes it nevertheless',
          \ halley#line(a:preview.fault))
  elseif getbufline(a:preview.source, first, last) != a:preview.original
    return 'the lines have changed since; :HalleyAccept! replaces them nevertheless'
  elseif getbufline(a:preview.buffer, 1, '$') == ['']
    return 'there is no new text; :HalleyAccept! empties the lines nevertheless'
  endif
  return ''
endfunction

function! halley#accept(is_forced) abort
  let preview = s:meant()
  if empty(preview)
    return
  endif
  let obstacle = s:obstacle(preview, a:is_forced)
  if obstacle !=# ''
    return halley#report(obstacle)
  endif
  let [first, last] = s:target(preview)
  call halley#stream#replace(preview.source, first, last, getbufline(preview.buffer, 1, '$'))
  execute 'bwipeout!' preview.buffer
endfunction

function! halley#reject() abort
  let preview = s:meant()
  if !empty(preview)
    execute 'bwipeout!' preview.buffer
  endif
endfunction
