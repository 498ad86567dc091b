" MARK: Answers beside a user, a formatter and other answers

function! s:begin(lines, row, metadata) abort
  call Answer(a:metadata)
  let levels = &l:undolevels
  setlocal undolevels=-1
  call setline(1, a:lines)
  let &l:undolevels = levels
  call cursor(a:row, 1)
  Halley! count
  call AwaitText('one two')
endfunction

let s:six = #{text: "one two three four five six\nseven eight", rate: '15'}

" The texts that undo goes through, the newest first.
function! s:undone() abort
  let texts = [join(getline(1, '$'), "\n")]
  while len(texts) < 20
    silent undo
    if join(getline(1, '$'), "\n") ==# texts[-1]
      break
    endif
    call add(texts, join(getline(1, '$'), "\n"))
  endwhile
  return texts
endfunction

" Keys that are typed one after the other, with the screen drawn between them.
function! s:type(keys) abort
  call Type(a:keys)
  redraw
endfunction

function! Test_selection() abort
  call s:begin(['', 'keep', 'eat', 'keep too'], 1, s:six)
  call search('^eat')
  normal! V
  " In a timer Vim is in the mode that it was in when it began to wait.
  let selected = line('.')
  call Eventually('a selection is held', {-> mode() ==# 'V'})
  sleep 500m
  call Equal([line('.'), getline('.')], [selected, 'eat'])
  normal! d
  call AwaitEnd()
  call AwaitText('seven eight')
  call Equal(getline(1, '$'), ['one two three four five six', 'seven eight', 'keep', 'keep too'])
endfunction
call AddTest('a selection below an answer is what was selected when it is deleted',
      \ 'Test_selection')

function! Test_one_line() abort
  call Answer(#{text: 'aa aa aa aa aa', rate: '20'})
  call setline(1, ['above', '', 'below'])
  call cursor(2, 1)
  Halley! first
  call Answer(#{text: 'bb bb bb bb bb', rate: '20'})
  call cursor(2, 1)
  Halley! second
  call AwaitEnd()
  call Equal(sort(getline(1, '$')), ['aa aa aa aa aa', 'above', 'bb bb bb bb bb', 'below'])
endfunction
call AddTest('two answers that begin on one empty line stand below each other', 'Test_one_line')

function! Test_moved() abort
  call s:begin(['', 'below', 'last'], 1, s:six)
  1move $
  call AwaitText('three')
  1move $
  call AwaitEnd()
  call Equal(getline(1, '$'), ['last', 'one two three four five six', 'seven eight', 'below'])
endfunction
call AddTest('a line that is moved in mid-answer goes on where it is', 'Test_moved', ['socket'])

function! Test_formatter() abort
  call s:begin(['above', '', 'below'], 2, s:six)
  silent %!sed 's/^/  /'
  call AwaitText('three')
  call setline(1, map(getline(1, '$'), {_, line -> trim(line)}))
  call AwaitEnd()
  call Equal(getline(1, '$'), ['above', 'one two three four five six', 'seven eight', 'below'])
endfunction
call AddTest('a formatter that writes all lines anew does not end an answer', 'Test_formatter',
      \ ['socket'])

function! Test_edits_undone() abort
  call s:begin(['above', '', 'below'], 2, s:six)
  call s:type("ggOfirst\<Esc>")
  call AwaitText('three')
  call s:type("Golast\<Esc>")
  call AwaitEnd()
  let answer = "one two three four five six\nseven eight"
  call Equal(s:undone(), [
        \ "first\nabove\n" .. answer .. "\nbelow\nlast", "first\nabove\n" .. answer .. "\nbelow",
        \ "above\n" .. answer .. "\nbelow", "above\n\nbelow"])
endfunction
call AddTest('with edits above and below in mid-answer it is one step of undo', 'Test_edits_undone')

function! Test_two_undone() abort
  call Answer(#{text: "aa aa aa aa\naa aa", rate: '20'})
  call setline(1, ['', '---', ''])
  call cursor(1, 1)
  Halley! first
  call cursor(3, 1)
  Halley! second
  call AwaitEnd()
  let [answer, texts] = ["aa aa aa aa\naa aa", s:undone()]
  call Equal(texts[0], answer .. "\n---\n" .. answer)
  if texts[1] !=# answer .. "\n---\n" && texts[1] !=# "\n---\n" .. answer
    call Fail('undo left ' .. texts[1])
  endif
  call Equal(texts[2], "\n---\n")
endfunction
call AddTest('two answers at once are two steps of undo', 'Test_two_undone')

function! Test_cut_off() abort
  for metadata in [#{text: 'TWO', close: 'after_events:6'}, #{text: 'TWO', failed: '1'}]
    call Answer(metadata)
    call setline(1, ['one', 'two', 'three', 'four'])
    2,3HalleyRewrite in capitals
    call AwaitEnd()
    HalleyAccept
    call Noted('the new text is not whole (')
    call Equal(getline(1, '$'), ['one', 'two', 'three', 'four'])
    HalleyAccept!
    call Equal(getline(1, '$'), ['one', 'TWO', 'four'])
    %delete _
  endfor
endfunction
call AddTest('a rewrite that was cut off is taken only with !', 'Test_cut_off')

function! Test_gone() abort
  call Answer(#{text: 'TWO'})
  call setline(1, ['one', 'two', 'three', 'four'])
  2,3HalleyRewrite in capitals
  call AwaitEnd()
  call Type('2GVjd')
  HalleyAccept!
  call Noted('the lines to replace are gone')
  call Equal(getline(1, '$'), ['one', 'four'])
  call Type('u')
  call Type("2GOabove\<Esc>4Gobelow\<Esc>")
  HalleyAccept
  call Equal(getline(1, '$'), ['one', 'above', 'TWO', 'below', 'four'])
endfunction
call AddTest('of lines that were deleted none is replaced, nor those opened beside them', 'Test_gone',
      \ ['socket'])

" MARK: Consent

" A daemon that asks about tools when a response is created, and writes down what it is told.
function! s:asking(params) abort
  let path = $TMPDIR .. '/fake.sock'
  call delete(path)
  call delete($TMPDIR .. '/told')
  let script = ['import json, os, socket', 's = socket.socket(socket.AF_UNIX)',
        \ 's.bind("' .. path .. '")', 's.listen()', 'c, _ = s.accept()', 'f = c.makefile("rw")',
        \ 'for line in f:', '    m = json.loads(line)',
        \ '    if m.get("method") == "responses.create":',
        \ '        for n, p in enumerate(json.loads(r''' .. json_encode(a:params) .. ''')):',
        \ '            f.write(json.dumps({"jsonrpc": "2.0", "id": "s:%d" % (n + 1),',
        \ '                "method": "tools.approve", "params": dict(p, request=m["id"])}) + "\n")',
        \ '        f.flush()',
        \ '    open("' .. $TMPDIR .. '/told", "a").write(line)']
  call writefile(script, $TMPDIR .. '/fake.py')
  call StartJob(['python3', $TMPDIR .. '/fake.py'])
  call Eventually('it listens', {-> getftype(path) ==# 'socket'})
  let g:halley.socket = path
endfunction

function! s:told() abort
  let lines = map(readfile($TMPDIR .. '/told'), {_, line -> json_decode(line)})
  return map(filter(lines, {_, m -> has_key(m, 'result')}),
        \ {_, m -> m.id .. ' ' .. m.result.decision})
endfunction

function! s:question() abort
  call Eventually('a question is shown', {-> !empty(popup_list())})
  return join(getbufline(winbufnr(popup_list()[0]), 1, '$'), ' ')
endfunction

function! Test_approve() abort
  let push = #{tool: 'git.push', arguments: '{"to":"origin"}'}
  call s:asking([push, push, push, push])
  Halley! count
  call Eventually('a question is shown', {-> s:question() =~# 'git.push: {"to":"origin"}'})
  call Type("iyes 3\<CR>2\<CR>ay\<Esc>yya")
  call Equal(getline(1, '$'), ['yes 3', '2', 'ay'])
  call Equal(s:told(), [])
  HalleyApprove yes
  HalleyApprove no
  HalleyApprove maybe
  call Noted('"maybe" found, yes, always, no expected')
  HalleyApprove always
  HalleyApprove
  call feedkeys("x\<CR>n", 'xt')
  call Eventually('all is decided', {-> len(s:told()) == 4})
  call Equal(s:told(), ['s:1 allow', 's:2 deny', 's:3 allow_session', 's:4 deny'])
  call Equal(popup_list(), [])
  HalleyApprove yes
  call Noted('nothing waits for your consent')
  if readfile($TMPDIR .. '/told')[0] !~# '"approvals":true'
    call Fail(readfile($TMPDIR .. '/told')[0])
  endif
endfunction
call AddTest('a tool runs when it is allowed by a deed, and by nothing that was typed', 'Test_approve',
      \ ['socket'])

function! Test_approve_definition() abort
  call s:asking([#{tool: 'git.push', definition: v:true, arguments: '{"description":"new"}'}])
  Halley! count
  call Eventually('it is asked', {-> s:question() =~# 'definition of the tool git.push is not the one'})
  HalleyApprove always
  call Noted('"always" found, yes, no expected')
  HalleyStop
  call Equal(s:told(), [])
endfunction
call AddTest('a definition that changed is asked about as that, and allowed once at most',
      \ 'Test_approve_definition', ['socket'])
