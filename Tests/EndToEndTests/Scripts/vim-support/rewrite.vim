let s:slow = #{words: '2000', rate: '50'}

" MARK: Rewriting

function! s:rewrite(metadata) abort
  call Answer(a:metadata)
  call setline(1, ['one', 'two', 'three', 'four'])
  2,3HalleyRewrite in capitals
  return bufnr('halley://rewrite/')
endfunction

function! Test_rewrite() abort
  let buffer = s:rewrite(#{text: "TWO\nTHREE and more words", rate: '20'})
  call AwaitText('TWO', buffer)
  if halley#status() ==# ''
    call Fail('the new text was there at once')
  endif
  call AwaitEnd()
  call Equal(getbufline(buffer, 1, '$'), ['TWO', 'THREE and more words'])
  call Equal(getline(1, '$'), ['one', 'two', 'three', 'four'])
  call Equal(winnr('$'), 2)
endfunction
call AddTest('a rewrite streams beside the lines and leaves them alone', 'Test_rewrite')

function! Test_accept() abort
  let buffer = s:rewrite(#{text: "TWO\nAND\nTHREE"})
  call Type("ggOzero\<Esc>")
  call AwaitEnd()
  HalleyAccept
  call Equal(getline(1, '$'), ['zero', 'one', 'TWO', 'AND', 'THREE', 'four'])
  call Equal([bufexists(buffer), winnr('$')], [0, 1])
  call Type('u')
  call Equal(getline(1, '$'), ['zero', 'one', 'two', 'three', 'four'])
endfunction
call AddTest(':HalleyAccept replaces the lines where they are now, in one step of undo',
      \ 'Test_accept')

function! Test_accept_whole() abort
  call Answer(#{text: "NEW\nTEXT"})
  call setline(1, ['one', 'two'])
  %HalleyRewrite anew
  call AwaitEnd()
  call Type("\<C-w>l\<CR>")
  call Equal(getline(1, '$'), ['NEW', 'TEXT'])
endfunction
call AddTest('a rewrite of the whole buffer is accepted in the preview', 'Test_accept_whole',
      \ ['socket'])

function! Test_changed() abort
  let buffer = s:rewrite(#{text: 'TWO'})
  call AwaitEnd()
  call setline(2, 'changed')
  HalleyAccept
  call Noted('the lines have changed since')
  call Equal(getline(1, '$'), ['one', 'changed', 'three', 'four'])
  HalleyAccept!
  call Equal(getline(1, '$'), ['one', 'TWO', 'four'])
endfunction
call AddTest('lines that have changed are replaced only by :HalleyAccept!', 'Test_changed',
      \ ['socket'])

function! Test_reject() abort
  let before = CancelledStreams()
  let buffer = s:rewrite(s:slow)
  call AwaitText('model', buffer)
  HalleyAccept
  call Noted('still being written')
  HalleyReject
  call Eventually('upstream is cancelled', {-> CancelledStreams() == before + 1})
  call Equal(getline(1, '$'), ['one', 'two', 'three', 'four'])
  call Equal([bufexists(buffer), winnr('$')], [0, 1])
endfunction
call AddTest(':HalleyReject leaves the lines and ends the request upstream', 'Test_reject')

function! Test_fence() abort
  let buffer = s:rewrite(#{text: "```lua\nTWO\nTHREE\n```"})
  call AwaitEnd()
  call Equal(getbufline(buffer, 1, '$'), ['TWO', 'THREE'])
  HalleyReject
  HalleyReject
  call Noted('there is no rewrite of this buffer')
endfunction
call AddTest('a code fence around the whole new text is taken away', 'Test_fence', ['socket'])
