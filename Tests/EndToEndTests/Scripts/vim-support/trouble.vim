let s:slow = #{words: '2000', rate: '50'}

" MARK: Trouble

function! Test_no_daemon() abort
  let g:halley.socket = $TMPDIR .. '/none.sock'
  Halley count
  call Noted('systemctl --user start halley.socket')
  call Noted($TMPDIR .. '/none.sock')
  call Equal([halley#status(), getline(1, '$')], ['', ['']])
endfunction
call AddTest('without a daemon it is said where it was looked for and how to start it',
      \ 'Test_no_daemon')

function! Test_paths() abort
  let [named, runtime] = [$HALLEY_SOCKET, $XDG_RUNTIME_DIR]
  let [$HALLEY_SOCKET, $XDG_RUNTIME_DIR] = ['/tmp/named', '/tmp/run']
  let paths = [halley#socket#paths()]
  let $HALLEY_SOCKET = ''
  call add(paths, halley#socket#paths())
  let g:halley.socket = '/tmp/option'
  call add(paths, halley#socket#paths())
  let [$HALLEY_SOCKET, $XDG_RUNTIME_DIR] = [named, runtime]
  let uid = trim(system('id -u'))
  call Equal(paths, [['/tmp/named'],
        \ ['/tmp/run/halley/halley.sock', '/run/user/' .. uid .. '/halley/halley.sock',
        \ '/run/halley/halley.sock'], ['/tmp/option']])
endfunction
call AddTest('the sockets are looked for in the order of the protocol', 'Test_paths', ['socket'])

function! Test_no_command() abort
  let g:halley.command = '/nowhere/halley'
  Halley count
  call Noted('/nowhere/halley is not in PATH')
  call Equal(halley#status(), '')
endfunction
call AddTest('without the command it is said what is missing', 'Test_no_command', ['job'])

function! Test_killed() abort
  call Answer(s:slow)
  let [g:halley.socket, job] = StartDaemon()
  call setline(1, ['before', ''])
  call cursor(2, 1)
  Halley count
  call AwaitText('model')
  call Kill(job)
  call Noted('the connection to halleyd was lost')
  call Noted('the text so far is kept')
  call Equal(getline(1), 'before')
  call AwaitText('[halley-simulator] No model')
  call Equal(halley#status(), '')
  let [g:halley.socket, job] = StartDaemon()
  call Answer(#{text: 'again'})
  $Halley! count
  call AwaitText('again')
endfunction
call AddTest('a daemon that is killed in mid-answer leaves the text, and the next one is found',
      \ 'Test_killed')

function! Test_refused() abort
  call Answer(#{status: '401'})
  Halley count
  call Noted('the upstream answered 401')
  call Noted('halley config show')
endfunction
call AddTest('a refused key is told with what to do', 'Test_refused')

function! Test_failed() abort
  call Answer(#{text: 'one two', failed: '1', error_message: 'out of tea'})
  Halley count
  call Noted('the model failed: out of tea')
  call Equal(getline(1, '$'), ['one two'])
endfunction
call AddTest('a response that failed keeps its text and says why', 'Test_failed')

" MARK: Help

function! Test_help() abort
  let copy = $TMPDIR .. '/help'
  call mkdir(copy .. '/doc', 'p')
  call Shell('cp ' .. shellescape($HALLEY_ROOT .. '/contrib/vim/doc/halley.txt') .. ' '
        \ .. shellescape(copy .. '/doc'))
  execute 'helptags' copy .. '/doc'
  call Equal(readfile(copy .. '/doc/tags'), readfile($HALLEY_ROOT .. '/contrib/vim/doc/tags'))
  let commands = getcompletion('Halley', 'command')
  call Equal(len(commands), 6)
  for topic in ['halley', 'g:halley', 'halley#status()'] + map(commands, {_, name -> ':' .. name})
    execute 'help' topic
  endfor
  call Equal(expand('%:t'), 'halley.txt')
endfunction
call AddTest('the help has a tag for every command', 'Test_help', ['socket'])
