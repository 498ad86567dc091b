" The daemon's socket: JSON-RPC 2.0, one object a line (halley-protocol(7)).

let s:channel = v:null
" The socket of the channel.
let s:path = ''
" The open requests by their id: their channel and handlers.
let s:pending = {}
let s:last_id = 0

" The sockets to try, in order. One that was asked for by name is the only one: a prompt never
" goes to another daemon than the one that was named.
function! halley#socket#paths() abort
  let named = halley#options#get('socket', $HALLEY_SOCKET)
  if named !=# ''
    return [named]
  endif
  let paths = $XDG_RUNTIME_DIR =~# '^/' ? [$XDG_RUNTIME_DIR .. '/halley/halley.sock'] : []
  let uid = trim(system('id -u'))
  return uniq(paths + [printf('/run/user/%s/halley/halley.sock', uid), '/run/halley/halley.sock'])
endfunction

" Whether there is an open channel, to a socket that is one of the paths.
function! s:open(paths) abort
  if s:channel isnot v:null && ch_status(s:channel) ==# 'open' && index(a:paths, s:path) >= 0
    return v:true
  endif
  for path in a:paths
    try
      let channel = ch_open('unix:' .. path,
            \ #{mode: 'nl', callback: function('s:receive'), close_cb: function('s:closed')})
    catch /^Vim\%((\a\+)\)\=:E/
      continue
    endtry
    if ch_status(channel) ==# 'open'
      let [s:channel, s:path] = [channel, path]
      call s:request('initialize', #{client: #{name: 'vim', version: printf('%d.%d',
            \ v:version / 100, v:version % 100)}, capabilities: #{approvals: v:true}}, {})
      return v:true
    endif
  endfor
  return v:false
endfunction

function! s:send(channel, message) abort
  if ch_status(a:channel) !=# 'open'
    return
  endif
  call ch_sendraw(a:channel, json_encode(extend(#{jsonrpc: '2.0'}, a:message)) .. "\n")
endfunction

function! s:request(method, params, handlers) abort
  let s:last_id += 1
  let s:pending[s:last_id] = #{channel: s:channel, handlers: a:handlers}
  call s:send(s:channel, #{id: s:last_id, method: a:method, params: a:params})
  return s:last_id
endfunction

" Asks. The handlers are called with each event, and once with an error's text and the response.
" Returns a function that cancels.
function! halley#socket#create(params, handlers) abort
  let paths = halley#socket#paths()
  if !s:open(paths)
    call timer_start(0, {-> a:handlers.done(printf(
          \ "no daemon answers at %s\n  start it with: systemctl --user start halley.socket",
          \ join(paths, "\n  nor at ")), {})})
    return {-> 0}
  endif
  let id = s:request('responses.create', a:params, a:handlers)
  return function('s:cancel', [s:channel, id])
endfunction

function! s:cancel(channel, id) abort
  if has_key(s:pending, a:id) && ch_status(a:channel) ==# 'open'
    call s:send(a:channel, #{method: '$/cancelRequest', params: #{id: a:id}})
  endif
endfunction

function! s:receive(channel, line) abort
  if a:line ==# ''
    return
  endif
  try
    let message = json_decode(a:line)
  catch /^Vim\%((\a\+)\)\=:E/
    call ch_close(a:channel)
    return s:fail(a:channel, 'halleyd sent what is no message of its protocol: ' .. a:line[:80])
  endtry
  if has_key(message, 'method')
    return s:serve(a:channel, message)
  endif
  let id = get(message, 'id', v:null)
  if id is v:null
    " An error without an id answers a line whose id could not be read, such as one too long.
    call ch_close(a:channel)
    return s:fail(a:channel, s:text_of(get(message, 'error', {})))
  endif
  call halley#approve#withdraw(a:channel, id)
  let handlers = has_key(s:pending, id) ? remove(s:pending, id).handlers : {}
  if has_key(handlers, 'done')
    let error = has_key(message, 'error') ? s:text_of(message.error) : ''
    call handlers.done(error, get(message, 'result', {}))
  endif
endfunction

function! s:serve(channel, message) abort
  if has_key(a:message, 'id') && a:message.method ==# 'tools.approve'
    return halley#approve#ask(a:channel, get(a:message, 'params', {}),
          \ {result -> s:send(a:channel, #{id: a:message.id, result: result})})
  elseif has_key(a:message, 'id')
    return s:send(a:channel, #{id: a:message.id,
          \ error: #{code: -32601, message: a:message.method .. ' is not known to this client'}})
  endif
  let call = get(s:pending, get(a:message.params, 'id', -1), #{handlers: {}})
  if has_key(call.handlers, 'event')
    call call.handlers.event(a:message.params.event)
  endif
endfunction

function! s:closed(channel) abort
  call s:fail(a:channel, "the connection to halleyd was lost\n"
        \ .. '  `journalctl --user -u halley` may say why; then ask again')
endfunction

" Every request of the channel fails; the next one opens another channel.
function! s:fail(channel, text) abort
  call halley#approve#withdraw(a:channel, 0)
  let lost = filter(copy(s:pending), {_, call -> call.channel is a:channel})
  call filter(s:pending, {_, call -> call.channel isnot a:channel})
  if s:channel is a:channel
    let s:channel = v:null
  endif
  for call in values(lost)
    if has_key(call.handlers, 'done')
      call call.handlers.done(a:text, {})
    endif
  endfor
endfunction

function! s:text_of(error) abort
  let data = get(a:error, 'data', {})
  let message = get(a:error, 'message', 'the daemon answered with an error without a message')
  let step = get(data, 'hint', '')
  if step ==# '' && has_key(data, 'did_you_mean')
    let step = 'did you mean ' .. data.did_you_mean .. '?'
  elseif step ==# '' && has_key(data, 'retry_after_ms')
    let step = printf('try again in %.1f s', data.retry_after_ms / 1000.0)
  elseif step ==# '' && index([401, 403], get(data, 'http_status', 0)) >= 0
    let step = 'check the key of this upstream: halley config show'
  endif
  return message .. (step ==# '' ? '' : "\n  " .. step)
endfunction
