-- Tests of contrib/nvim: this Neovim drives another of the same version, as a user's, over RPC.
local M = {}

M.tmp = os.getenv('TMPDIR')
M.root = os.getenv('HALLEY_ROOT')
local deadline_ms = 30000

-- MARK: TAP

local tests = {}

function M.test(sentence, body) table.insert(tests, { sentence = sentence, body = body }) end

function M.fail(text) error({ failure = text }, 0) end

function M.equal(found, expected, what)
  if not vim.deep_equal(found, expected) then
    M.fail(('%s is\n%s\nexpected was\n%s'):format(
      what or 'the value', vim.inspect(found), vim.inspect(expected)))
  end
end

function M.contains(text, part)
  if not text:find(part, 1, true) then M.fail(('no %q in\n%s'):format(part, text)) end
end

--- Waits until the condition holds, and returns what it returned.
function M.eventually(what, condition)
  local found
  local is_met = vim.wait(deadline_ms, function()
    found = condition()
    return found and true or false
  end, 10)
  if not is_met then M.fail('waited in vain until ' .. what) end
  return found
end

local function describe(err)
  local text = type(err) == 'table' and err.failure or tostring(err)
  return '# ' .. text:gsub('\n', '\n# ')
end

local function run(index, test)
  local is_ok, err = xpcall(test.body, function(e)
    return type(e) == 'table' and e or debug.traceback(tostring(e))
  end)
  M.clean_up()
  io.stdout:write(('%sok %d - %s\n'):format(is_ok and '' or 'not ', index, test.sentence))
  if not is_ok then io.stdout:write(describe(err) .. '\n') end
  io.stdout:flush()
  return is_ok
end

function M.run()
  local only = os.getenv('ONLY') or ''
  tests = vim.tbl_filter(function(test) return test.sentence:find(only, 1, true) end, tests)
  io.stdout:write(('1..%d\n'):format(#tests))
  local failures = 0
  for index, test in ipairs(tests) do
    if not run(index, test) then failures = failures + 1 end
  end
  vim.cmd(failures == 0 and 'qall!' or 'cquit!')
end

-- MARK: What a test starts, and what is ended behind it

local cleanups = {}

function M.finally(action) table.insert(cleanups, action) end

function M.clean_up()
  for index = #cleanups, 1, -1 do pcall(cleanups[index]) end
  cleanups = {}
end

-- MARK: The Neovim under test

local Editor = {}
Editor.__index = Editor

--- Starts one with the plugin, set up so that the simulator answers as the metadata says.
function M.editor(metadata, options, environment)
  local self = setmetatable({}, Editor)
  self.channel = vim.fn.jobstart({ vim.v.progpath, '--embed', '--headless',
    '-u', 'NONE', '-i', 'NONE', '--cmd', 'set runtimepath^=' .. M.root .. '/contrib/nvim',
    '--cmd', 'set noswapfile hidden' }, { rpc = true, env = environment })
  M.finally(function() vim.fn.jobstop(self.channel) end)
  self:command('runtime! plugin/halley.lua')
  self:lua([[
    notes = {}
    plain_notify = vim.notify
    vim.notify = function(text) table.insert(notes, text) end
  ]])
  self:answer(metadata, options)
  return self
end

function Editor:request(...) return vim.rpcrequest(self.channel, ...) end
function Editor:lua(code, ...) return self:request('nvim_exec_lua', code, { ... }) end
function Editor:command(text) return self:request('nvim_command', text) end
function Editor:type(keys) return self:request('nvim_input', keys) end

--- What the simulator answers from now on, and never the daemon's cache.
function Editor:answer(metadata, options)
  options = vim.tbl_deep_extend('force', { params = { halley = { cache = 'off' } } }, options or {})
  if metadata and next(metadata) then options.params.metadata = metadata end
  self:lua([[require('halley').setup(...)]], options)
end

function Editor:lines(buf) return self:request('nvim_buf_get_lines', buf or 0, 0, -1, false) end
function Editor:text(buf) return table.concat(self:lines(buf), '\n') end
function Editor:set(lines) self:request('nvim_buf_set_lines', 0, 0, -1, false, lines) end
function Editor:status() return self:lua([[return require('halley').status()]]) end
function Editor:notes() return self:lua([[return table.concat(notes, '\n')]]) end

function Editor:await_end()
  M.eventually('no answer runs', function() return self:status() == '' end)
end

function Editor:await_chat()
  M.eventually('the chat is open', function()
    return self:lua([[
      local chat = require('halley.chat').of(vim.api.nvim_get_current_buf())
      return chat.feed.watch ~= nil and chat.feed.queue == nil
    ]])
  end)
end

function Editor:await_text(part, buf)
  M.eventually(('the buffer has %q'):format(part), function()
    return self:text(buf):find(part, 1, true) ~= nil
  end)
end

function Editor:await_note(part)
  local is_there = pcall(M.eventually, 'noted', function()
    return self:notes():find(part, 1, true) ~= nil
  end)
  if not is_there then M.fail(('no note %q, but\n%s'):format(part, self:notes())) end
end

-- MARK: The daemon and the simulator

function M.shell(command)
  local output = vim.fn.system(vim.list_extend({ 'timeout', '30' }, command))
  if vim.v.shell_error ~= 0 then
    M.fail(('%s ended with %d: %s'):format(vim.inspect(command), vim.v.shell_error, output))
  end
  return output
end

--- Runs the command halley beside the test.
function M.halley(arguments)
  local job = vim.fn.jobstart(
    vim.list_extend({ os.getenv('HALLEY'), '--no-stdin', '--no-cache' }, arguments))
  M.finally(function() vim.fn.jobstop(job) end)
  return job
end

--- Calls a method of the daemon with the command halley.
function M.rpc(method, params)
  local arguments = { os.getenv('HALLEY'), 'rpc', method }
  if params then table.insert(arguments, vim.json.encode(params)) end
  return vim.json.decode(M.shell(arguments))
end

local port

local function simulator(path)
  if not port then
    for _, upstream in ipairs(M.rpc('daemon.status').upstreams) do
      port = port or upstream.base_url:match('^http://127%.0%.0%.1:(%d+)')
    end
  end
  local request = 'exec 3<>/dev/tcp/127.0.0.1/$0 && '
    .. 'printf "GET /_simulator/$1 HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3'
  local answer = M.shell({ 'bash', '-c', request, port, path })
  return vim.json.decode(answer:match('\r\n\r\n(.*)$'))
end

--- How many streams the simulator has lost before their end.
function M.cancelled_streams() return simulator('stats').cancelled_streams end

--- The body of the newest request for an answer that the simulator has had.
function M.newest_request()
  local newest
  for _, request in ipairs(simulator('requests').data) do
    if request.path == '/v1/responses' then newest = request end
  end
  return vim.json.decode(newest.body)
end

local daemons = 0
local Daemon = {}
Daemon.__index = Daemon

--- A daemon that a test may kill, in front of the same simulator.
function M.daemon()
  simulator('stats')
  daemons = daemons + 1
  local self = setmetatable({ directory = ('%s/d%d'):format(M.tmp, daemons) }, Daemon)
  vim.fn.mkdir(self.directory .. '/state', 'p', tonumber('700', 8))
  self.socket = self.directory .. '/h.sock'
  local config = self.directory .. '/config.toml'
  vim.fn.writefile({ 'default_upstream = "sim"', 'default_model = "gpt-5.4"', '[upstreams.sim]',
    ('base_url = "http://127.0.0.1:%s/v1"'):format(port), 'models = ["*"]' }, config)
  M.shell({ 'chmod', '-R', 'go-rwx', self.directory })
  self.command = { os.getenv('HALLEYD'), '--config', config, '--state', self.directory .. '/state',
    '--socket', self.socket }
  self:start()
  M.finally(function() self:kill() end)
  return self
end

function Daemon:start()
  self.job = vim.fn.jobstart(self.command)
  M.eventually('the daemon listens', function()
    vim.fn.system(self:command_line({ 'rpc', 'daemon.ping' }))
    return vim.v.shell_error == 0
  end)
end

function Daemon:command_line(arguments)
  return vim.list_extend(
    { 'env', 'HALLEY_SOCKET=' .. self.socket, os.getenv('HALLEY') }, arguments)
end

function Daemon:halley(arguments) return M.shell(self:command_line(arguments)) end

function Daemon:kill()
  vim.loop.kill(vim.fn.jobpid(self.job), 'sigkill')
  vim.fn.jobwait({ self.job })
  os.remove(self.socket)
end

-- MARK: A daemon that does as it is told

--- A socket behind which a test answers each line. Returns its path.
function M.fake(on_line)
  local path = M.tmp .. '/fake.sock'
  os.remove(path)
  local server = vim.loop.new_pipe(false)
  server:bind(path)
  server:listen(8, function()
    local client = vim.loop.new_pipe(false)
    server:accept(client)
    local rest = ''
    client:read_start(function(_, chunk)
      if not chunk then return client:close() end
      rest = rest .. chunk
      for line in rest:gmatch('([^\n]*)\n') do
        on_line(vim.json.decode(line), function(text) client:write(text) end)
      end
      rest = rest:match('[^\n]*$')
    end)
  end)
  M.finally(function() server:close() end)
  return path
end

return M
