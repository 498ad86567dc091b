" Tests of contrib/vim, in the Vim that runs this. A test is a function Test_*, with its sentence in
" s:tests; it runs once for each way to reach the daemon.

let s:tests = []
let s:failure = ''
let s:deadline_ms = 30000
let s:own_daemons = 0
let s:jobs = []

function! AddTest(sentence, function, transports = ['socket', 'job']) abort
  for transport in a:transports
    call add(s:tests, [a:sentence .. ' (' .. transport .. ')', a:function, transport])
  endfor
endfunction

" MARK: Expectations

function! Fail(text) abort
  throw 'failed: ' .. a:text
endfunction

function! Equal(found, expected) abort
  if a:found != a:expected
    call Fail('found ' .. string(a:found) .. "\nexpected " .. string(a:expected))
  endif
endfunction

function! Noted(part) abort
  call Eventually('a message says ' .. a:part, {-> stridx(execute('messages'), a:part) >= 0})
endfunction

function! Eventually(what, Condition) abort
  let start = reltime()
  while !a:Condition()
    if reltimefloat(reltime(start)) * 1000 > s:deadline_ms
      call Fail('waited in vain until ' .. a:what .. "\n" .. execute('messages'))
    endif
    sleep 10m
  endwhile
endfunction

function! AwaitEnd() abort
  call Eventually('no answer runs', {-> halley#status() ==# ''})
endfunction

function! AwaitText(part, buffer = bufnr()) abort
  call Eventually('the buffer has ' .. a:part,
        \ {-> stridx(join(getbufline(a:buffer, 1, '$'), "\n"), a:part) >= 0})
endfunction

" Keys as if typed. A step of undo ends with them.
function! Type(keys) abort
  call feedkeys(a:keys, 'xt')
endfunction

" MARK: The simulator and the daemon

function! Shell(command) abort
  let output = system('timeout 30 ' .. a:command)
  if v:shell_error != 0
    call Fail(a:command .. ' ended with ' .. v:shell_error .. ': ' .. output)
  endif
  return output
endfunction

function! Halley(arguments) abort
  return Shell(shellescape($HALLEY) .. ' ' .. a:arguments)
endfunction

function! s:simulator(path) abort
  let port = matchstr(s:status, 'http://127\.0\.0\.1:\zs\d\+')
  let command = printf('exec 3<>/dev/tcp/127.0.0.1/%s && '
        \ .. 'printf "GET /_simulator/%s HTTP/1.0\r\n\r\n" >&3 && cat <&3', port, a:path)
  return json_decode(matchstr(Shell('bash -c ' .. shellescape(command)), '\r\n\r\n\zs.*'))
endfunction

function! CancelledStreams() abort
  return s:simulator('stats').cancelled_streams
endfunction

function! NewestRequest() abort
  let requests = filter(s:simulator('requests').data, {_, r -> r.path ==# '/v1/responses'})
  return json_decode(requests[-1].body)
endfunction

" A daemon that a test may kill, in front of the same simulator. Returns its socket and its job.
function! StartDaemon() abort
  let s:own_daemons += 1
  let directory = printf('%s/d%d', $TMPDIR, s:own_daemons)
  call mkdir(directory .. '/state', 'p', 0o700)
  call setfperm(directory, 'rwx------')
  let port = matchstr(s:status, 'http://127\.0\.0\.1:\zs\d\+')
  call writefile(['default_upstream = "sim"', 'default_model = "gpt-5.4"', '[upstreams.sim]',
        \ printf('base_url = "http://127.0.0.1:%s/v1"', port), 'models = ["*"]'],
        \ directory .. '/config.toml')
  call setfperm(directory .. '/config.toml', 'rw-------')
  let socket = directory .. '/h.sock'
  let job = job_start([$HALLEYD, '--config', directory .. '/config.toml', '--state',
        \ directory .. '/state', '--socket', socket], #{out_io: 'null', err_io: 'null'})
  call add(s:jobs, job)
  call Eventually('the daemon answers', {-> s:answers(socket)})
  return [socket, job]
endfunction

" A socket has its name a moment before it listens.
function! s:answers(socket) abort
  if getftype(a:socket) !=# 'socket'
    return 0
  endif
  call system(shellescape($HALLEY) .. ' rpc --socket ' .. shellescape(a:socket) .. ' daemon.status')
  return v:shell_error == 0
endfunction

" A program that ends with the test.
function! StartJob(command) abort
  call add(s:jobs, job_start(a:command, #{out_io: 'null', err_io: 'null'}))
endfunction

function! Kill(job) abort
  call job_stop(a:job, 'kill')
  call Eventually('it is dead', {-> job_status(a:job) ==# 'dead'})
endfunction

" MARK: Running

" What the simulator answers from now on, and never the daemon's cache.
function! Answer(metadata) abort
  let g:halley.params = #{metadata: a:metadata, halley: #{cache: 'off'}}
endfunction

function! s:set_up(transport) abort
  silent! HalleyStop
  silent! only
  silent! %bwipeout!
  messages clear
  let g:halley = #{transport: a:transport, command: $HALLEY}
endfunction

function! s:run(index, sentence, function, transport) abort
  let problem = ''
  try
    call s:set_up(a:transport)
    call call(a:function, [])
  catch
    let problem = v:exception .. "\nat " .. v:throwpoint
  endtry
  for job in s:jobs
    call job_stop(job, 'kill')
  endfor
  let s:jobs = []
  let lines = [printf('%sok %d - %s', problem ==# '' ? '' : 'not ', a:index, a:sentence)]
  let lines += map(split(problem, "\n"), {_, line -> '# ' .. line})
  call writefile(lines, $TMPDIR .. '/tap', 'a')
  return problem ==# ''
endfunction

function! RunTests() abort
  let s:status = Halley('rpc daemon.status')
  let chosen = filter(copy(s:tests), {_, test -> stridx(test[0], $ONLY) >= 0})
  call writefile(['1..' .. len(chosen)], $TMPDIR .. '/tap', 'a')
  let failures = 0
  for [index, test] in map(copy(chosen), {index, test -> [index + 1, test]})
    let failures += s:run(index, test[0], test[1], test[2]) ? 0 : 1
  endfor
  silent! HalleyStop
  execute failures ? 'cquit!' : 'qall!'
endfunction
