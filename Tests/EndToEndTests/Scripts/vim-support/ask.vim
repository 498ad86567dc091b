let s:slow = #{words: '2000', rate: '50'}

" MARK: Asking

function! Test_streams() abort
  call Answer(#{text: "one two three four five six\nseven é 漢", rate: '20'})
  call setline(1, ['before', '', 'after'])
  call cursor(2, 1)
  Halley count
  call AwaitText('one')
  if halley#status() ==# ''
    call Fail('the answer was there at once')
  endif
  call AwaitEnd()
  call Equal(getline(1, '$'), ['before', 'one two three four five six', 'seven é 漢', 'after'])
endfunction
call AddTest('an answer streams into the empty line at the cursor', 'Test_streams')

function! Test_below() abort
  call Answer(#{text: "\n\none\r\ntwo\n\n"})
  call setline(1, ['before', 'after'])
  call cursor(1, 1)
  Halley count
  call AwaitEnd()
  call Equal(getline(1, '$'), ['before', 'one', 'two', 'after'])
endfunction
call AddTest('an answer goes below a line with text', 'Test_below')

function! Test_undo() abort
  call Answer(#{text: "one two three\nfour five six", rate: '30'})
  call Type("ibefore\<CR>\<Esc>")
  Halley count
  call AwaitEnd()
  call Equal(getline(1, '$'), ['before', 'one two three', 'four five six'])
  call Type('u')
  call Equal(getline(1, '$'), ['before', ''])
  call Type("\<C-r>")
  call Equal(getline(1, '$'), ['before', 'one two three', 'four five six'])
endfunction
call AddTest('an answer is one step of undo, and of redo', 'Test_undo')

function! Test_edit_above() abort
  call Answer(#{text: "one two three four\nfive six seven eight", rate: '15'})
  call setline(1, ['before', '', 'after'])
  call cursor(2, 1)
  Halley count
  call AwaitText('one two')
  call Type("ggOabove\<Esc>Gobelow\<Esc>")
  call AwaitText('five six')
  call Type("ggdd")
  call AwaitEnd()
  call Equal(getline(1, '$'),
        \ ['before', 'one two three four', 'five six seven eight', 'after', 'below'])
endfunction
call AddTest('edits above and below an answer do not break it', 'Test_edit_above')

function! Test_stop() abort
  call Answer(s:slow)
  let before = CancelledStreams()
  Halley count
  call AwaitText('model')
  HalleyStop
  call Equal(halley#status(), '')
  call Noted('stopped')
  let kept = getline(1, '$')
  call Eventually('upstream is cancelled', {-> CancelledStreams() == before + 1})
  call Equal(getline(1, '$'), kept)
  call Type('u')
  call Equal(getline(1, '$'), [''])
endfunction
call AddTest(':HalleyStop keeps the text and ends the request upstream', 'Test_stop')

function! Test_stop_nothing() abort
  HalleyStop
  call Noted('no answer is running')
endfunction
call AddTest(':HalleyStop says when nothing runs', 'Test_stop_nothing', ['socket'])

function! Test_wipe() abort
  call Answer(s:slow)
  let before = CancelledStreams()
  Halley count
  call AwaitText('model')
  bwipeout!
  call Eventually('upstream is cancelled', {-> CancelledStreams() == before + 1})
  call Equal(halley#status(), '')
endfunction
call AddTest('wiping the buffer ends the request upstream', 'Test_wipe')

function! Test_undo_stops() abort
  call Answer(s:slow)
  call Type("ibefore\<CR>\<Esc>")
  Halley count
  call AwaitText('model')
  call Type('u')
  call AwaitEnd()
  call Equal(getline(1, '$'), ['before', ''])
  call Noted('the answer was taken out')
endfunction
call AddTest('undo in mid-answer stops it', 'Test_undo_stops')

function! Test_two() abort
  call Answer(#{text: 'a b c d e f', rate: '20'})
  call setline(1, ['', '---', ''])
  call cursor(1, 1)
  Halley first
  call cursor(3, 1)
  Halley second
  call AwaitEnd()
  call Equal(getline(1, '$'), ['a b c d e f', '---', 'a b c d e f'])
endfunction
call AddTest('two answers in one buffer keep apart', 'Test_two')

function! Test_hidden() abort
  call Answer(#{text: "one two three\nfour five six", rate: '20'})
  set hidden
  Halley count
  call AwaitText('one')
  let buffer = bufnr()
  enew
  call AwaitEnd()
  call Equal(getbufline(buffer, 1, '$'), ['one two three', 'four five six'])
  execute 'buffer' buffer
  call Type('u')
  call Equal(getline(1, '$'), [''])
endfunction
call AddTest('an answer in a hidden buffer goes on and is one step of undo', 'Test_hidden')

function! Test_other_window() abort
  call Answer(#{text: 'one two three four', rate: '20'})
  Halley count
  let buffer = bufnr()
  new
  call Type('imine')
  call AwaitEnd()
  call Equal(getline(1, '$'), ['mine'])
  call Equal(getbufline(buffer, 1, '$'), ['one two three four'])
endfunction
call AddTest('an answer goes on in another window', 'Test_other_window', ['socket'])

function! Test_long() abort
  call Answer(#{words: '3000'})
  Halley count
  call AwaitEnd()
  call Equal(len(split(join(getline(1, '$'), "\n"), '[ \n]')), 3000)
endfunction
call AddTest('a long answer comes whole', 'Test_long')

function! Test_context() abort
  call Answer(#{text: 'yes'})
  execute 'file' $TMPDIR .. '/some.lua'
  setlocal filetype=lua
  call setline(1, ['local x = 1', '-- ``` here'])
  Halley what is this?
  call AwaitEnd()
  let input = string(NewestRequest().input)
  if stridx(input, "some.lua:\n````lua\nlocal x = 1\n-- ``` here\n````\n\nwhat is this?") < 0
    call Fail(input)
  endif
endfunction
call AddTest('the whole buffer is the context', 'Test_context')

function! Test_range() abort
  call Answer(#{text: 'answer'})
  call setline(1, ['first', 'second', 'third', 'fourth'])
  2,3Halley explain
  call AwaitEnd()
  call Equal(getline(1, '$'), ['first', 'second', 'third', 'answer', 'fourth'])
  let input = string(NewestRequest().input)
  if stridx(input, "lines 2 to 3:\n```\nsecond\nthird\n```\n\nexplain") < 0
    call Fail(input)
  endif
  2Halley
  call AwaitEnd()
  if stridx(string(NewestRequest().input), "'second'") < 0
    call Fail(string(NewestRequest().input))
  endif
endfunction
call AddTest('a range is the context, or the prompt where there is none', 'Test_range')

function! Test_bang() abort
  call Answer(#{text: 'answer'})
  call setline(1, ['secret'])
  Halley! what?
  call AwaitEnd()
  let input = string(NewestRequest().input)
  if stridx(input, "'what?'") < 0 || stridx(input, 'secret') >= 0
    call Fail(input)
  endif
endfunction
call AddTest(':Halley! sends no context', 'Test_bang')

function! Test_options() abort
  let g:halley.model = 'gpt-5.4-mini'
  let g:halley.instructions = 'Be brief.'
  let g:halley.params = #{temperature: 0.5, max_output_tokens: 77, metadata: #{text: 'answer'}}
  let g:halley.params.halley = #{cache: 'off'}
  Halley what?
  call AwaitEnd()
  let request = NewestRequest()
  call Equal([request.model, request.instructions, request.temperature, request.max_output_tokens],
        \ ['gpt-5.4-mini', 'Be brief.', 0.5, 77])
endfunction
call AddTest('options reach the request', 'Test_options')

function! Test_upstream() abort
  let g:halley.upstream = 'sin'
  let g:halley.params = #{halley: #{cache: 'off'}}
  Halley what?
  call Noted('no upstream is named "sin"')
  call Noted('did you mean "sim"?')
endfunction
call AddTest('an unknown upstream is told', 'Test_upstream')

function! Test_wrong_options() abort
  let g:halley = #{modle: 'x', socket: 7, params: #{stream: v:true}, transport: 'pigeon'}
  Halley count
  call Noted('unknown option "modle"')
  call Noted('socket: 7 found, a string was expected')
  call Noted('params.stream: v:true found')
  call Noted('transport: "pigeon" found, "socket" or "job" was expected')
  call Equal(halley#status(), '')
endfunction
call AddTest('wrong options are told, each with what was found and expected', 'Test_wrong_options',
      \ ['socket'])

function! Test_client_name() abort
  call Answer(s:slow)
  Halley count
  call AwaitText('model')
  if Halley('rpc daemon.status') !~# '"name":"vim"'
    call Fail(Halley('rpc daemon.status'))
  endif
endfunction
call AddTest('the daemon knows the client as vim', 'Test_client_name', ['socket'])

function! Test_no_prompt() abort
  Halley
  call Noted(':Halley {prompt}')
  setlocal nomodifiable
  Halley count
  call Noted('this buffer is not modifiable')
  call Equal(halley#status(), '')
endfunction
call AddTest('no prompt and a buffer that takes no text are told', 'Test_no_prompt', ['socket'])
