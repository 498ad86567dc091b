-- What happens in a conversation: what is in it, then what comes, each item once.
--
-- The handlers: item(item) for one that is stored; started(event), event(event) of the response
-- that runs, ended(status); lost(err) when the connection is gone, synced() when all that is
-- stored has been told, deleted() when it was deleted, failed(err) when it can't be had.
local rpc = require('halley.rpc')
local transcript = require('halley.transcript')

local Feed = {}
Feed.__index = Feed

local longest_pause_ms = 8000

function Feed.new(name, handlers)
  return setmetatable({ name = name, handlers = handlers, known = {}, unnamed = {},
    pause_ms = 250 }, Feed)
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
      if self.is_closed or self.watch ~= watch then return end
      if err and err.data and err.data.code == 'not_found' then return self:deleted() end
      self:fail(err)
    end,
  })
  self.watch = watch
  self:sync()
end

function Feed:lose(err)
  self.watch = nil
  if self.running then self:keep(self.running.inputs) end
  self.running = nil
  self.handlers.lost(err)
  vim.defer_fn(function()
    if not self.is_closed then self:open() end
  end, self.pause_ms)
  self.pause_ms = math.min(self.pause_ms * 2, longest_pause_ms)
end

-- It was deleted; whoever begins it anew is found. It is not begun by watching.
function Feed:deleted()
  self.watch, self.running, self.unnamed = nil, nil, {}
  self.handlers.deleted()
  self:look_again()
end

function Feed:look_again()
  vim.defer_fn(function()
    if self.is_closed or self.watch then return end
    self:request('conversations.retrieve', { conversation = self.name }, function(err, found)
      if self.watch then return end
      if not err then return self:follow(found.id) end
      if err.data and err.data.code == 'not_found' then return self:look_again() end
      self:fail(err)
    end)
  end, longest_pause_ms / 8)
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
    for _, item in ipairs(list.data) do self:added(item) end
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
  -- What has not come with an id by now is not stored.
  self.unnamed = {}
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

-- What was asked is stored with ids that the events of its turn do not say.
function Feed:keep(inputs)
  for text, count in pairs(inputs) do self.unnamed[text] = (self.unnamed[text] or 0) + count end
end

-- A turn without an answer is not kept, unless that was all there is to it.
function Feed:end_turn(status)
  local turn = self.running
  self.running = nil
  if turn and (turn.has_items or status == 'completed' or status == 'incomplete') then
    self:keep(turn.inputs)
  end
  self.handlers.ended(status)
end

function Feed:take(event)
  if self.queue then return table.insert(self.queue, event) end
  if event.type == 'conversation.response.started' then
    self.running = { inputs = input_texts(event.input) }
    self.handlers.started(event)
  elseif event.type == 'conversation.response.ended' then
    self:end_turn(event.status)
  elseif event.type == 'conversation.items.added' then
    if self.running then self.running.has_items = true end
    for _, item in ipairs(event.items or {}) do
      self:added(item, self.running and self.running.inputs)
    end
  elseif self.running then
    if event.item and event.item.id then self.known[event.item.id] = true end
    if event.response then self.running.id = event.response.id end
    self.handlers.event(event)
  end
end

-- Whether the text is one of them; it is crossed out.
local function cross_out(texts, text)
  local count = texts and texts[text] or 0
  if count > 0 then texts[text] = count - 1 end
  return count > 0
end

-- An item is shown already where its text is one of a turn's that runs, or was shown live.
function Feed:added(item, inputs)
  local text = key(item)
  local is_new = not item.id or not self.known[item.id]
  if is_new and (cross_out(inputs, text) or cross_out(self.unnamed, text)) then
    if item.id then self.known[item.id] = true end
    return
  end
  self:tell(item)
end

return Feed
