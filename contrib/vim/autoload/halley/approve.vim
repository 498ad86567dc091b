" The daemon asks whether a tool may run.
"
" The question is shown where it takes no key: what is being typed while it appears is no consent.
" :HalleyApprove goes to it, or answers it.

let s:decisions = #{yes: 'allow', always: 'allow_session', no: 'deny'}

" The questions that are open; the first is shown in the popup.
let s:open = []
let s:popup = 0

function! s:one_line(value) abort
  if type(a:value) == v:t_none
    return ''
  endif
  let text = type(a:value) == v:t_string ? a:value : json_encode(a:value)
  return substitute(text, '[[:cntrl:]]\+', ' ', 'g')
endfunction

" About a definition that changed there is nothing to allow for a while.
function! s:words(question) abort
  return get(a:question.params, 'definition', v:false) is v:true
        \ ? ['yes', 'no'] : ['yes', 'always', 'no']
endfunction

function! s:text(question) abort
  let params = a:question.params
  let tool = s:one_line(get(params, 'tool', ''))
  let title = s:one_line(get(params, 'title', ''))
  let arguments = s:one_line(get(params, 'arguments', ''))
  if strchars(arguments) > 600
    let arguments = strcharpart(arguments, 0, 599) .. '…'
  endif
  if get(params, 'definition', v:false) is v:true
    let lines = ['The definition of the tool ' .. tool .. ' is not the one that was approved.',
          \ 'It says now:', arguments]
  else
    let lines = [printf('The model wants to run %s%s:', tool, title ==# '' ? '' : ' (' .. title .. ')'),
          \ arguments]
  endif
  return lines + ['', ':HalleyApprove ' .. join(s:words(a:question), '|')
        \ .. '; without a word, keys are taken here:',
        \ index(s:words(a:question), 'always') < 0
        \   ? 'y takes the new definition, n does not'
        \   : 'y this time, a always in this session, n no']
endfunction

function! s:show() abort
  if empty(s:open) || s:popup > 0
    return
  endif
  let s:popup = popup_create(s:text(s:open[0]), #{
        \ pos: 'topright', line: 1, col: &columns, maxwidth: min([72, &columns - 4]), border: [],
        \ padding: [0, 1, 0, 1], mapping: v:false, zindex: 200})
  call halley#inform(printf('may %s run? :HalleyApprove %s',
        \ s:one_line(get(s:open[0].params, 'tool', '')), join(s:words(s:open[0]), '|')))
endfunction

function! s:hide() abort
  if s:popup > 0
    call popup_close(s:popup)
  endif
  let s:popup = 0
endfunction

" Asks the user, one question after the other. Reply is called with the decision.
function! halley#approve#ask(owner, params, Reply) abort
  call add(s:open, #{owner: a:owner, params: a:params, Reply: a:Reply})
  call s:show()
endfunction

" Takes back what an owner, a channel, asked about a request, or about any where that is 0.
function! halley#approve#withdraw(owner, request) abort
  let shown = get(s:open, 0, {})
  call filter(s:open, {_, question -> question.owner isnot a:owner
        \ || a:request != 0 && get(question.params, 'request', -1) != a:request})
  if get(s:open, 0, {}) isnot shown
    call s:hide()
    call s:show()
  endif
endfunction

function! s:decide(word) abort
  let question = remove(s:open, 0)
  call s:hide()
  call question.Reply(#{decision: s:decisions[a:word]})
  call s:show()
endfunction

" The keys of a question that one has gone to. All others do nothing.
function! s:filter(popup, key) abort
  let word = get(#{y: 'yes', a: 'always', n: 'no', q: 'no'}, a:key, a:key ==# "\<Esc>" ? 'no' : '')
  if word !=# '' && !empty(s:open) && index(s:words(s:open[0]), word) >= 0
    call s:decide(word)
  endif
  return v:true
endfunction

" :HalleyApprove: answers the question that is shown, or lets it take keys.
function! halley#approve#answer(word) abort
  if empty(s:open)
    return halley#inform('nothing waits for your consent')
  elseif a:word ==# ''
    call s:show()
    " What was typed before the question was read is no answer.
    for _ in range(1000)
      if getchar(0) is 0
        break
      endif
    endfor
    call popup_setoptions(s:popup, #{filter: function('s:filter')})
  elseif index(s:words(s:open[0]), a:word) < 0
    call halley#report(printf('"%s" found, %s expected', a:word, join(s:words(s:open[0]), ', ')))
  else
    call s:decide(a:word)
  endif
endfunction

" The words that :HalleyApprove takes.
function! halley#approve#complete(lead, line, position) abort
  return filter(empty(s:open) ? ['yes', 'always', 'no'] : s:words(s:open[0]),
        \ {_, word -> stridx(word, a:lead) == 0})
endfunction
