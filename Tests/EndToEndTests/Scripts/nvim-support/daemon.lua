local t = require('harness')

local function slow() return { words = '2000', rate = '50' } end

t.test('without a daemon it is said where it was looked for and how to start it', function()
  local nvim = t.editor({}, { socket = t.tmp .. '/none.sock' })
  nvim:command('Halley count')
  nvim:await_note('systemctl --user start halley.socket')
  t.contains(nvim:notes(), t.tmp .. '/none.sock: ENOENT')
  t.equal(nvim:status(), '')
  t.equal(nvim:lines(), { '' })
end)

t.test('the sockets are looked for in the order of the protocol', function()
  local nvim = t.editor({}, {}, { HALLEY_SOCKET = '/tmp/named', XDG_RUNTIME_DIR = '/tmp/run' })
  local paths = [[return require('halley.rpc').paths()]]
  t.equal(nvim:lua(paths), { '/tmp/named' })
  nvim:lua([[vim.env.HALLEY_SOCKET = nil]])
  local uid = vim.loop.getuid()
  t.equal(nvim:lua(paths), { '/tmp/run/halley/halley.sock',
    ('/run/user/%d/halley/halley.sock'):format(uid), '/run/halley/halley.sock' })
  nvim:answer({}, { socket = '/tmp/option' })
  t.equal(nvim:lua(paths), { '/tmp/option' })
end)

t.test('another socket in the options is for the next request and ends no answer', function()
  local daemon = t.daemon()
  local nvim = t.editor({ text = 'one two three four five six', rate = '20' })
  nvim:command('Halley count')
  nvim:await_text('one')
  nvim:answer({ text = 'other' }, { socket = daemon.socket })
  nvim:command('$Halley! count')
  nvim:await_end()
  t.equal(nvim:lines(), { 'one two three four five six', 'other' })
  t.contains(daemon:halley({ 'rpc', 'daemon.status' }), '"name":"nvim"')
end)

t.test('a path that no socket can have is told', function()
  local nvim = t.editor({}, { socket = '/tmp/' .. ('x'):rep(120) })
  nvim:command('Halley count')
  nvim:await_note('the path is 125 bytes long, 107 at most')
end)

t.test('a daemon killed in mid-answer leaves the text, and the next one is found', function()
  local daemon = t.daemon()
  local nvim = t.editor(slow(), { socket = daemon.socket })
  nvim:set({ 'before', '' })
  nvim:request('nvim_win_set_cursor', 0, { 2, 0 })
  nvim:command('Halley count')
  nvim:await_text('model')
  daemon:kill()
  nvim:await_note('the connection to halleyd was lost')
  t.contains(nvim:notes(), 'the text so far is kept')
  t.contains(nvim:text(), 'before\n[halley-simulator] No model')
  t.equal(nvim:status(), '')
  daemon:start()
  nvim:answer({ text = 'again' }, { socket = daemon.socket })
  nvim:command('$Halley! count')
  nvim:await_text('again')
end)

t.test('a chat keeps a lost answer, gives the draft back and comes back by itself', function()
  local daemon = t.daemon()
  local nvim = t.editor(slow(), { socket = daemon.socket })
  nvim:command('HalleyChat lost')
  nvim:await_text('## You')
  nvim:command('Halley question')
  nvim:await_text('model')
  daemon:kill()
  nvim:await_text('*(the connection was lost in mid-answer)*')
  t.contains(nvim:text(), 'question\n\n## Assistant\n\n[halley-simulator] No model')
  t.equal(nvim:lines()[#nvim:lines()], 'question', 'the draft')
  daemon:start()
  nvim:await_note('lost is connected again')
  daemon:halley({ '--no-cache', '-C', 'lost', '--param', 'metadata={"text":"back again"}', 'more' })
  nvim:await_text('back again')
  t.equal(nvim:lines()[#nvim:lines()], 'question', 'the draft')
end)

-- MARK: A daemon that does as it is told

t.test('lines are put together whatever pieces they come in', function()
  local path = t.fake(function(message, write)
    if message.method ~= 'responses.create' then return end
    local text = ''
    for _, delta in ipairs({ 'on', 'e', ' two\\n', 'thr\\u00e9e' }) do
      text = text .. ('{"jsonrpc":"2.0","method":"responses.event","params":{"id":%d,"event":'
        .. '{"type":"response.output_text.delta","item_id":"m","delta":"%s"}}}\r\n'):format(
        message.id, delta)
    end
    text = text .. ('{"jsonrpc":"2.0","id":%d,"result":{"status":"completed","output":[]}}\n')
      :format(message.id)
    for index = 1, #text, 7 do write(text:sub(index, index + 6)) end
  end)
  local nvim = t.editor({}, { socket = path })
  nvim:command('Halley count')
  nvim:await_end()
  t.equal(nvim:lines(), { 'one two', 'thrée' })
end)

t.test('a result without events has its text all the same', function()
  local path = t.fake(function(message, write)
    if message.method ~= 'responses.create' then return end
    write(('{"id":%d,"result":{"status":"incomplete","incomplete_details":{"reason":"max"},"output":['
      .. '{"type":"message","content":[{"type":"output_text","text":"one"}]},'
      .. '{"type":"message","content":[{"type":"output_text","text":"two"}]}]}}\n'):format(message.id))
  end)
  local nvim = t.editor({}, { socket = path })
  nvim:command('Halley count')
  nvim:await_note('the answer is not whole: max')
  t.equal(nvim:lines(), { 'one', '', 'two' })
end)

t.test('a socket of another program is told', function()
  local path = t.fake(function(_, write) write('220 mail ESMTP\n') end)
  local nvim = t.editor({}, { socket = path })
  nvim:command('Halley count')
  nvim:await_note('what is no message of its protocol: 220 mail')
  t.equal(nvim:status(), '')
end)

-- MARK: Models, options, health, help

t.test(':HalleyModel takes a model, warns of an unknown one, and completes', function()
  local nvim = t.editor({ text = 'answer' })
  nvim:command('HalleyModel gpt-5.4-mini')
  nvim:command('Halley count')
  nvim:await_end()
  t.equal(t.newest_request().model, 'gpt-5.4-mini')
  nvim:command('HalleyModel gpt-5.4-mimi')
  nvim:await_note('did you mean gpt-5.4-mini?')
  t.equal(nvim:lua([[return vim.fn.getcompletion('HalleyModel gpt-5.4-', 'cmdline')]]),
    { 'gpt-5.4-mini' })
  nvim:lua([[vim.ui.select = function(items, _, done) done(items[1]) end]])
  nvim:command('HalleyModel')
  t.eventually('it is taken', function()
    return nvim:lua([[return require('halley.config').get().model]]) == 'gpt-5.4'
  end)
  nvim:command('HalleyModel!')
  nvim:await_note("the daemon's default model answers")
end)

t.test('wrong options are refused, each with what was found and expected', function()
  local nvim = t.editor({}, { model = 'kept' })
  local result = nvim:lua([[
    local ok, err = pcall(require('halley').setup,
      { modle = 'x', socket = 7, tools = { 1 }, params = { stream = true }, conversation = 'a b' })
    return { ok, err, require('halley.config').get().model }
  ]])
  t.equal(result[1], false)
  t.equal(result[3], 'kept', 'the old options')
  for _, part in ipairs({
    'unknown option "modle", did you mean "model"?',
    'socket: number 7 found, a string was expected',
    'tools: table { 1 } found, a list of strings was expected',
    'params.stream: boolean true found',
    'conversation: "a b" found, 1 to 64 of',
  }) do t.contains(result[2], part) end
end)

t.test(':checkhealth tells of the daemon, its upstreams and the models', function()
  local nvim = t.editor({})
  nvim:command('checkhealth halley')
  nvim:await_text('models are listed')
  t.contains(nvim:text(), 'answers at ' .. os.getenv('HALLEY_SOCKET'))
  t.contains(nvim:text(), 'sim: http://127.0.0.1')
end)

t.test(':checkhealth says how to start a daemon that is not there', function()
  local nvim = t.editor({}, { socket = t.tmp .. '/none.sock' })
  nvim:command('checkhealth halley')
  nvim:await_text('systemctl --user start halley.socket')
  t.contains(nvim:text(), 'ERROR')
end)

t.test('the help has a tag for every command and option', function()
  local nvim = t.editor({})
  local copy = t.tmp .. '/help'
  vim.fn.mkdir(copy .. '/doc', 'p')
  t.shell({ 'cp', t.root .. '/contrib/nvim/doc/halley.txt', copy .. '/doc' })
  nvim:command('helptags ' .. copy .. '/doc')
  t.equal(vim.fn.readfile(copy .. '/doc/tags'),
    vim.fn.readfile(t.root .. '/contrib/nvim/doc/tags'), 'the tags')
  local commands = nvim:lua([[return vim.tbl_keys(vim.api.nvim_get_commands({}))]])
  local topics = { 'halley', 'halley-setup', 'halley.status()' }
  for _, name in ipairs(commands) do
    if name:find('^Halley') then table.insert(topics, ':' .. name) end
  end
  t.equal(#topics, 15, 'the number of topics')
  for _, option in ipairs({ 'socket', 'model', 'upstream', 'profile', 'instructions',
    'rewrite_instructions', 'tools', 'params', 'conversation' }) do
    table.insert(topics, 'halley-option-' .. option)
  end
  for _, topic in ipairs(topics) do nvim:command('help ' .. topic) end
  t.contains(nvim:request('nvim_buf_get_name', 0), 'halley.txt')
end)
