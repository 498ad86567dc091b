" The options in g:halley, and the request that they make.

let s:kinds = #{
      \ socket: v:t_string, model: v:t_string, upstream: v:t_string, profile: v:t_string,
      \ instructions: v:t_string, rewrite_instructions: v:t_string, tools: v:t_list,
      \ params: v:t_dict, command: v:t_string, transport: v:t_string}
let s:kind_names = {v:t_string: 'a string', v:t_list: 'a list of strings', v:t_dict: 'a dictionary'}
let s:own_params = ['input', 'stream', 'conversation', 'previous_response_id']

function! halley#options#get(name, default) abort
  return get(get(g:, 'halley', {}), a:name, a:default)
endfunction

function! s:fault(name, value) abort
  if !has_key(s:kinds, a:name)
    return printf('unknown option "%s"; known are %s', a:name, join(sort(keys(s:kinds)), ', '))
  endif
  let kind = s:kinds[a:name]
  let is_kind = type(a:value) == kind
        \ && (kind != v:t_list || empty(filter(copy(a:value), {_, v -> type(v) != v:t_string})))
  if !is_kind
    return printf('%s: %s found, %s was expected', a:name, string(a:value), s:kind_names[kind])
  elseif kind == v:t_string && a:value ==# ''
    return a:name .. ': an empty string found; leave the option out instead'
  elseif a:name ==# 'transport' && index(['socket', 'job'], a:value) < 0
    return printf('transport: "%s" found, "socket" or "job" was expected', a:value)
  endif
  for name in a:name ==# 'params' ? s:own_params : []
    if has_key(a:value, name)
      return printf('params.%s: %s found; the plugin says that itself', name, string(a:value[name]))
    endif
  endfor
  return ''
endfunction

" Whether g:halley is well; what is wrong is reported.
function! halley#options#check() abort
  let options = get(g:, 'halley', {})
  if type(options) != v:t_dict
    call halley#report('g:halley: ' .. string(options) .. ' found, a dictionary was expected')
    return v:false
  endif
  let faults = filter(map(sort(items(options)), {_, item -> s:fault(item[0], item[1])}),
        \ {_, fault -> fault !=# ''})
  for fault in faults
    call halley#report('g:halley: ' .. fault)
  endfor
  return empty(faults)
endfunction

" How the daemon is reached: by its socket, or by the command where this Vim has no Unix channels.
function! halley#options#transport() abort
  return halley#options#get('transport', has('patch-8.2.4684') ? 'socket' : 'job')
endfunction

" The parameters of responses.create. Members win over the options, the option params over all.
function! halley#options#request(input, members) abort
  let request = #{input: a:input, stream: v:true}
  for name in ['model', 'instructions']
    call s:take(request, name)
  endfor
  let halley = {}
  for name in ['upstream', 'profile', 'tools']
    call s:take(halley, name)
  endfor
  if !empty(halley)
    let request.halley = halley
  endif
  call extend(request, a:members)
  for [name, value] in items(halley#options#get('params', {}))
    let is_part = name ==# 'halley' && type(value) == v:t_dict
    let request[name] = is_part ? extend(get(request, name, {}), value) : value
  endfor
  return request
endfunction

function! s:take(into, name) abort
  let value = halley#options#get(a:name, v:null)
  if value isnot v:null
    let a:into[a:name] = value
  endif
endfunction
