-- The daemon's socket: JSON-RPC 2.0, one object a line (halley-protocol(7)).
--
-- There is one connection, opened by the first request and, when it was lost, by the next one.
local config = require('halley.config')
local errors = require('halley.errors')
local utf8 = require('halley.utf8')

local uv = vim.uv or vim.loop
local M = {}

-- What sockaddr_un holds, without the NUL at its end.
local longest_path = 107

local Connection = {}
Connection.__index = Connection

-- The open or opening connection; nil when there is none.
local current

--- What answers requests of the daemon: by method, called with params and a function that replies.
M.handlers = {}

--- Called when a request with this id has ended, or without one when all have.
function M.ended(_) end

--- The sockets to try, in order. One that was asked for by name is the only one: a prompt never
--- goes to another daemon than the one that was named.
function M.paths()
  local named = config.get().socket or os.getenv('HALLEY_SOCKET')
  if named then return { named } end
  local paths = {}
  local runtime = os.getenv('XDG_RUNTIME_DIR')
  if runtime and runtime:sub(1, 1) == '/' then
    table.insert(paths, runtime .. '/halley/halley.sock')
  end
  local of_user = ('/run/user/%d/halley/halley.sock'):format(uv.getuid())
  if paths[1] ~= of_user then table.insert(paths, of_user) end
  table.insert(paths, '/run/halley/halley.sock')
  return paths
end

-- MARK: Opening

local function no_daemon(refusals)
  for _, refusal in ipairs(refusals) do
    if refusal.reason:find('EAGAIN') then
      return errors.new('overloaded', ('halleyd at %s takes no further connections')
        :format(refusal.path), 'it is overloaded or stopped; try again in a moment')
    end
  end
  local tried = {}
  for _, refusal in ipairs(refusals) do
    table.insert(tried, refusal.path .. ': ' .. refusal.reason)
  end
  return errors.new('no_daemon',
    'no daemon answers at ' .. table.concat(tried, '\n  nor at '), errors.start_hint)
end

local function version()
  local v = vim.version()
  return ('%d.%d.%d'):format(v.major, v.minor, v.patch)
end

local function open()
  local self = setmetatable(
    { unsent = {}, pending = {}, parts = {}, inbox = {}, last_id = 0 }, Connection)
  self:request('initialize',
    { client = { name = 'nvim', version = version() }, capabilities = { approvals = true } },
    { done = function(err, result)
      if result then self.server = result.server end
      if result and result.protocol ~= 1 then
        errors.warn(('the daemon speaks protocol %s, this plugin protocol 1'):format(
          tostring(result.protocol)))
      elseif err and not self.is_closed then
        errors.warn('the daemon did not take the greeting: ' .. errors.text(err))
      end
    end })
  self:connect(M.paths(), 1, {})
  return self
end

function Connection:connect(paths, index, refusals)
  local path = paths[index]
  if not path then
    vim.schedule(function() self:close(no_daemon(refusals)) end)
    return
  end
  local function refused(reason)
    table.insert(refusals, { path = path, reason = reason })
    self:connect(paths, index + 1, refusals)
  end
  if #path > longest_path then
    return refused(('the path is %d bytes long, %d at most'):format(#path, longest_path))
  end
  local pipe = uv.new_pipe(false)
  pipe:connect(path, function(err)
    if self.is_closed then return pipe:close() end
    if err then
      pipe:close()
      return refused(err)
    end
    self.pipe, self.path = pipe, path
    pipe:read_start(function(failure, chunk) self:receive(failure, chunk) end)
    for _, line in ipairs(self.unsent) do self:write(line) end
    self.unsent = {}
  end)
end

-- MARK: Receiving

-- Runs in the event loop, where nothing of the editor may be touched.
function Connection:receive(failure, chunk)
  if failure or not chunk then
    table.insert(self.inbox, { lost = failure and (': ' .. failure) or '' })
  else
    self:split(chunk)
  end
  if #self.inbox > 0 and not self.is_draining then
    self.is_draining = true
    vim.schedule(function() self:drain() end)
  end
end

function Connection:split(chunk)
  local first = 1
  while true do
    local line_end = chunk:find('\n', first, true)
    if not line_end then break end
    table.insert(self.parts, chunk:sub(first, line_end - 1))
    table.insert(self.inbox, { line = table.concat(self.parts) })
    self.parts = {}
    first = line_end + 1
  end
  if first <= #chunk then table.insert(self.parts, chunk:sub(first)) end
end

function Connection:drain()
  self.is_draining = false
  local inbox = self.inbox
  self.inbox = {}
  for _, entry in ipairs(inbox) do
    if self.is_closed then return end
    if entry.lost then
      return self:close(errors.new('lost', 'the connection to halleyd was lost' .. entry.lost,
        '`journalctl --user -u halley` may say why; then ask again'))
    end
    self:take(entry.line)
  end
end

function Connection:take(line)
  local is_json, message = pcall(vim.json.decode, line, { luanil = { object = true } })
  if not is_json or type(message) ~= 'table' then
    return self:close(errors.new('protocol', 'halleyd sent what is no message of its protocol: '
      .. line:sub(1, 80), 'does the socket belong to another program? ' .. (self.path or '')))
  end
  if message.method then
    if message.id ~= nil then return self:serve(message) end
    local params = message.params or {}
    local call = self.pending[params.id]
    if call and call.event then call.event(params.event) end
    return
  end
  local call = self.pending[message.id]
  if not call then
    -- An error without an id answers a line whose id could not be read, such as one too long.
    if message.error then self:close(message.error) end
    return
  end
  self.pending[message.id] = nil
  M.ended(message.id)
  call.done(message.error, message.result)
  if self.is_retired then self:retire() end
end

function Connection:serve(message)
  local function reply(result) self:send({ jsonrpc = '2.0', id = message.id, result = result }) end
  local handler = M.handlers[message.method]
  if handler then return handler(message.params or {}, reply) end
  self:send({ jsonrpc = '2.0', id = message.id,
    error = { code = -32601, message = message.method .. ' is not known to this client' } })
end

-- MARK: Sending

function Connection:send(message)
  local line = utf8.repair(vim.json.encode(message)) .. '\n'
  if self.pipe then
    self:write(line)
  else
    table.insert(self.unsent, line)
  end
end

function Connection:write(line)
  if self.is_closed then return end
  self.pipe:write(line, function(err)
    if err then self:receive(err) end
  end)
end

function Connection:request(method, params, call)
  self.last_id = self.last_id + 1
  local id = self.last_id
  self.pending[id] = call
  if next(params) == nil then params = vim.empty_dict() end
  self:send({ jsonrpc = '2.0', id = id, method = method, params = params })
  return id
end

-- Every request that is still open fails with the error.
function Connection:close(err)
  if self.is_closed then return end
  self.is_closed = true
  if current == self then current = nil end
  if self.pipe and not self.pipe:is_closing() then self.pipe:close() end
  M.ended()
  local pending = self.pending
  self.pending = {}
  for _, call in pairs(pending) do call.done(err, nil) end
end

-- The options name another socket now; what is open here may end.
function Connection:retire()
  self.is_retired = true
  if next(self.pending) == nil then
    self:close(errors.new('closed', 'the connection was closed'))
  end
end

-- MARK: For the rest of the plugin

--- Calls a method. `call.done(err, result)` is called once, `call.event(event)` for each event
--- before that. The result's cancel() cancels; the call is still done then.
function M.request(method, params, call)
  if current and current.path and not vim.tbl_contains(M.paths(), current.path) then
    current:retire()
    current = nil
  end
  if not current then current = open() end
  local connection = current
  local id = connection:request(method, params, call)
  return {
    cancel = function()
      if connection.is_closed or not connection.pending[id] then return end
      connection:send({ jsonrpc = '2.0', method = '$/cancelRequest', params = { id = id } })
    end,
  }
end

--- Calls a method and waits for its result, at most so long.
function M.call(method, params, timeout_ms)
  local err, result
  local handle = M.request(method, params, { done = function(e, r)
    err, result = e, r
  end })
  if vim.wait(timeout_ms, function() return err ~= nil or result ~= nil end, 5) then
    return err, result
  end
  handle.cancel()
  return errors.new('timeout', ('the daemon did not answer within %d ms'):format(timeout_ms)), nil
end

--- The socket and the server of the open connection, or nil.
function M.connected()
  if current and current.pipe then return current.path, current.server end
end

return M
