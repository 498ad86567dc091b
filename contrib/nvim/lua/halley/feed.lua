-- What happens in a conversation: what is in it, then what comes, each item once.
--
-- The handlers: item(item) for one that is stored; started(event), event(event) of the response
-- that runs, ended(status); lost(err) when the connection is gone, synced() when all that is
-- stored has been told, failed(err) when it can't be had.
local rpc = require('halley.rpc')
local transcript = require('halley.transcript')

local Feed = {}
Feed.__index = Feed

local longest_pause_ms = 8000

function Feed.new(name, handlers)
  return setmetatable({ name = name, handlers = handlers, known = {}, pause_ms = 250 }, Feed)
end

-- MARK: Opening

--- Opens the conversation, or creates it, and follows it until it is closed.
function Feed:open()
  self:request('conversations.retrieve', { conversation = self.name }, function(err, found)
    if not err then return self:follow(found.id) end
    local is_missing = err.data and err.data.code == 'not_found'
    if not is_missing or self.name:find('^conv_') then return self:fail(err) end
    self:request('conversations.create', { name = self.name }, function(failure, created)
      if not failure then return self:follow(created.id) end
      -- Somebody else was faster.
      if failure.data and failure.data.code == 'conflict' then return self:open() end
      self:fail(failure)
    end)
  end)
end

-- A request that is not answered any more once the feed is closed.
function Feed:request(method, params, done)
  return rpc.request(method, params, { done = function(err, result)
    if not self.is_closed then done(err, result) end
  end })
end

function Feed:fail(err)
  local code = err.data and err.data.code
  if code == 'lost' or (code == 'no_daemon' and self.id) then return self:lose(err) end
  self.handlers.failed(err)
end

function Feed:follow(id)
  self.id = id
  self.pause_ms = 250
  local watch
  watch = rpc.request('conversations.watch', { conversation = id }, {
    event = function(event)
      if not self.is_closed and self.watch == watch then self:take(event) end
    end,
    done = function(err)
      if not self.is_closed and self.watch == watch then self:fail(err) end
    end,
  })
  self.watch = watch
  self:sync()
end

function Feed:lose(err)
  self.watch = nil
  -- What was asked last is shown, and is stored without an id that is known here.
  self.asked = self.running and self.running.inputs or self.asked
  self.running = nil
  self.handlers.lost(err)
  vim.defer_fn(function()
    if not self.is_closed then self:open() end
  end, self.pause_ms)
  self.pause_ms = math.min(self.pause_ms * 2, longest_pause_ms)
end

function Feed:close()
  self.is_closed = true
  if self.watch then self.watch.cancel() end
end

-- MARK: What is stored

-- Events that come while the list is under way wait for it. A turn that has ended meanwhile may be
-- in the list or not; another list has it for certain.
function Feed:sync()
  self.queue = {}
  self:list(nil)
end

function Feed:list(after)
  local params = { conversation = self.id, order = 'asc', limit = 100, after = after }
  local watch = self.watch
  self:request('conversations.items.list', params, function(err, list)
    if self.watch ~= watch then return end
    if err then return self:fail(err) end
    for _, item in ipairs(list.data) do self:added(item, self.asked) end
    if list.has_more and list.last_id then return self:list(list.last_id) end
    self:finish_sync()
  end)
end

local function changes_items(event)
  return event.type == 'conversation.response.ended' or event.type == 'conversation.items.added'
end

function Feed:finish_sync()
  local queue = self.queue
  for _, event in ipairs(queue) do
    if changes_items(event) then return self:sync_again(queue) end
  end
  self.queue = nil
  self.asked = nil
  self.handlers.synced()
  for _, event in ipairs(queue) do self:take(event) end
end

-- Keeps the events of a response that still runs.
function Feed:sync_again(queue)
  local open = {}
  for _, event in ipairs(queue) do
    if changes_items(event) and event.type ~= 'conversation.items.added' then
      open = {}
    elseif not changes_items(event) then
      table.insert(open, event)
    end
  end
  self.queue = open
  self:list(nil)
end

function Feed:tell(item)
  if item.id and self.known[item.id] then return end
  if item.id then self.known[item.id] = true end
  self.handlers.item(item)
end

-- MARK: What happens

local function key(item) return table.concat(transcript.lines(item) or {}, '\n') end

-- The input of a running response has no ids yet; its items are known by what they say.
local function input_texts(input)
  local texts = {}
  for _, item in ipairs(transcript.input_items(input)) do
    local text = key(item)
    texts[text] = (texts[text] or 0) + 1
  end
  return texts
end

function Feed:take(event)
  if self.queue then return table.insert(self.queue, event) end
  if event.type == 'conversation.response.started' then
    self.running = { inputs = input_texts(event.input) }
    self.handlers.started(event)
  elseif event.type == 'conversation.response.ended' then
    self.running = nil
    self.handlers.ended(event.status)
  elseif event.type == 'conversation.items.added' then
    for _, item in ipairs(event.items or {}) do
      self:added(item, self.running and self.running.inputs)
    end
  elseif self.running then
    if event.item and event.item.id then self.known[event.item.id] = true end
    if event.response then self.running.id = event.response.id end
    self.handlers.event(event)
  end
end

-- An item of which `inputs` has the text is shown already.
function Feed:added(item, inputs)
  local text = key(item)
  if inputs and not self.known[item.id] and (inputs[text] or 0) > 0 then
    inputs[text] = inputs[text] - 1
    self.known[item.id] = true
    return
  end
  self:tell(item)
end

return Feed
