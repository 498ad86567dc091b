" The daemon by way of `halley --json`, for a Vim that can't open Unix sockets.

function! s:arguments(params) abort
  let arguments = [halley#options#get('command', 'halley'), '--json', '--quiet']
  let socket = halley#options#get('socket', '')
  let arguments += socket ==# '' ? [] : ['--socket', socket]
  for [name, value] in sort(items(a:params))
    if index(['input', 'stream'], name) < 0
      let arguments += ['--param', name .. '=' .. json_encode(value)]
    endif
  endfor
  return arguments
endfunction

" Asks. The handlers are called with each event, and once with an error's text and the response.
" Returns a function that cancels.
function! halley#job#create(params, handlers) abort
  let arguments = s:arguments(a:params)
  if !executable(arguments[0])
    call timer_start(0, {-> a:handlers.done(printf(
          \ "%s is not in PATH, and this Vim can not open the daemon's socket itself\n"
          \ .. '  install halley, or name it in g:halley.command', arguments[0]), {})})
    return {-> 0}
  endif
  let call = #{handlers: a:handlers, response: {}, messages: [], ends: 0}
  let job = job_start(arguments, #{
        \ out_mode: 'nl', err_mode: 'nl', in_mode: 'raw',
        \ out_cb: {_, line -> s:receive(call, line)},
        \ err_cb: {_, line -> add(call.messages, line)},
        \ close_cb: {_ -> s:end(call)},
        \ exit_cb: {_, status -> s:exit(call, status)}})
  call ch_sendraw(job, a:params.input)
  call ch_close_in(job)
  return {-> job_stop(job, 'int')}
endfunction

function! s:receive(call, line) abort
  try
    let message = json_decode(a:line)
  catch /^Vim\%((\a\+)\)\=:E/
    return add(a:call.messages, a:line)
  endtry
  if get(message, 'object', '') ==# 'response'
    let a:call.response = message
  elseif has_key(message, 'type')
    call a:call.handlers.event(message)
  endif
endfunction

function! s:exit(call, status) abort
  let a:call.status = a:status
  call s:end(a:call)
endfunction

" The job has ended when its output and its process have.
function! s:end(call) abort
  let a:call.ends += 1
  if a:call.ends < 2
    return
  endif
  if !empty(a:call.response)
    return a:call.handlers.done('', a:call.response)
  endif
  let text = substitute(join(a:call.messages, "\n"), '^halley: ', '', '')
  call a:call.handlers.done(
        \ text ==# '' ? 'halley ended with status ' .. a:call.status : text, {})
endfunction
