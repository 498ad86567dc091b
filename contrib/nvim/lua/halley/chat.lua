-- :HalleyChat: a buffer that shows a named conversation, live, with a draft at its end.
local config = require('halley.config')
local errors = require('halley.errors')
local Feed = require('halley.feed')
local request = require('halley.request')
local rpc = require('halley.rpc')
local Stream = require('halley.stream')
local transcript = require('halley.transcript')

local namespace = vim.api.nvim_create_namespace('halley.chat')
local M = {}

local scheme = 'halley://chat/'
local draft_heading = '## You'

-- The chats, by their buffer.
local chats = {}

local Chat = {}
Chat.__index = Chat

-- MARK: The buffer

-- The row of the draft's heading: all above it is the conversation.
function Chat:draft_row()
  return vim.api.nvim_buf_get_extmark_by_id(self.buf, namespace, self.tail, {})[1]
end

-- The draft begins below its heading, wherever that is gone where it was.
function Chat:draft_start()
  local row = self:draft_row()
  local line = vim.api.nvim_buf_get_lines(self.buf, row, row + 1, false)[1]
  return line == draft_heading and row + 1 or row
end

function Chat:draft()
  local lines = vim.api.nvim_buf_get_lines(self.buf, self:draft_start(), -1, false)
  return vim.trim(table.concat(lines, '\n'))
end

-- Changes the conversation's part of the buffer. What comes from outside is not the user's to undo.
function Chat:edit(change)
  local undolevels = vim.bo[self.buf].undolevels
  vim.bo[self.buf].undolevels = -1
  local is_done, message = pcall(change)
  vim.bo[self.buf].undolevels = undolevels
  if not is_done then error(message, 0) end
  -- Only a draft can be lost.
  vim.bo[self.buf].modified = self:draft() ~= ''
end

function Chat:insert(lines)
  self:edit(function()
    local row = self:draft_row()
    vim.api.nvim_buf_set_lines(self.buf, row, row, false, lines)
  end)
end

function Chat:set_draft(text)
  self:edit(function()
    vim.api.nvim_buf_set_lines(
      self.buf, self:draft_start(), -1, false, vim.split(text, '\n', { plain = true }))
  end)
end

function Chat:show_state(text)
  self.tail = vim.api.nvim_buf_set_extmark(self.buf, namespace, self:draft_row(), 0, {
    id = self.tail,
    virt_text = { { '  ' .. (text or ':w sends'), 'HalleyNote' } },
    virt_text_pos = 'eol',
  })
end

local function set_options(buf)
  vim.bo[buf].buftype = 'acwrite'
  vim.bo[buf].swapfile = false
  vim.bo[buf].modeline = false
  vim.bo[buf].bufhidden = 'hide'
  vim.bo[buf].filetype = 'markdown'
end

-- MARK: The life of a chat

--- Fills a buffer that is named halley://chat/NAME.
function M.read(buf)
  local name = vim.api.nvim_buf_get_name(buf):sub(#scheme + 1)
  if chats[buf] then chats[buf]:close() end
  local self = setmetatable({ buf = buf, name = name, items = {}, own = {} }, Chat)
  set_options(buf)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, { draft_heading, '' })
  self.tail = vim.api.nvim_buf_set_extmark(buf, namespace, 0, 0, {})
  chats[buf] = self
  self:set_draft('')
  self:show_state('opening …')
  self:put_cursors_at_the_end()
  vim.keymap.set('n', '<CR>', function() self:send() end,
    { buffer = buf, desc = 'Send what is written below the conversation' })
  vim.api.nvim_create_autocmd('BufWriteCmd',
    { buffer = buf, callback = function() self:send() end })
  vim.api.nvim_create_autocmd('BufUnload', { buffer = buf, callback = function() self:close() end })
  self:follow()
end

function Chat:put_cursors_at_the_end()
  for _, window in ipairs(vim.fn.win_findbuf(self.buf)) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(self.buf), 0 })
  end
end

function Chat:close()
  if chats[self.buf] == self then chats[self.buf] = nil end
  self.is_closed = true
  self.feed:close()
  for _, call in pairs(self.own) do call.cancel() end
end

-- MARK: What happens in the conversation

function Chat:follow()
  self.feed = Feed.new(self.name, {
    item = function(item) self:add(item) end,
    started = function(event) self:started(event) end,
    event = function(event) self:take(event) end,
    ended = function(status) self:ended(status) end,
    lost = function(err) self:lost(err) end,
    synced = function() self:synced() end,
    failed = function(err)
      self:show_state('not connected; :e tries again')
      errors.report(errors.text(err))
    end,
  })
  self.feed:open()
end

function Chat:add(item)
  local lines = transcript.lines(item)
  if not lines then return end
  if item.id then
    self.items[item.id] = vim.api.nvim_buf_set_extmark(
      self.buf, namespace, self:draft_row(), 0, { right_gravity = false })
  end
  self:insert(lines)
end

function Chat:synced()
  self:show_state()
  if self.is_reconnecting then errors.inform(self.name .. ' is connected again') end
  self.is_reconnecting = false
  if self.goal then self:go_to(self.goal) end
end

function Chat:started(event)
  for _, item in ipairs(transcript.input_items(event.input)) do
    self:add({ type = item.type, role = item.role, content = item.content, name = item.name,
      arguments = item.arguments, output = item.output })
  end
  self.stream = nil
  self.has_answer = false
  self:show_state(('%s answers …'):format(event.model or 'the model'))
end

-- The answer's text grows above an empty line, which parts it from what follows.
function Chat:text_stream()
  self.has_answer = true
  if not self.stream then
    self:insert({ transcript.heading('assistant'), '', '', '' })
    self.stream = Stream.new(self.buf, self:draft_row() - 2, 0, {
      edit = function(change) self:edit(change) end,
    })
  end
  return self.stream
end

function Chat:end_text()
  if not self.stream then return end
  self.stream:finish()
  self.stream = nil
  self.text_item = nil
end

function Chat:take(event)
  local is_text = event.type == 'response.output_text.delta'
    or event.type == 'response.refusal.delta'
  if is_text then
    if self.text_item and self.text_item ~= event.item_id then self:end_text() end
    self.text_item = event.item_id
    self:text_stream():append(event.delta or '')
  elseif event.type == 'response.output_item.done' and event.item then
    if event.item.type ~= 'message' then
      self:end_text()
      self:add(event.item)
    elseif not self.stream then
      self:add(event.item)
    else
      self:end_text()
    end
  end
end

function Chat:ended(status)
  self:end_text()
  self:show_state()
  if status == 'completed' or status == 'incomplete' then return end
  local word = status == 'cancelled' and 'stopped' or status
  local rest = self.has_answer and '' or '; this turn is not part of the conversation'
  self:insert({ ('*(%s%s)*'):format(word, rest), '' })
end

function Chat:lost(err)
  if self.stream then
    self:end_text()
    self:insert({ '*(the connection was lost in mid-answer)*', '' })
  end
  self:show_state('not connected, trying again …')
  if not self.is_reconnecting then errors.warn(self.name .. ': ' .. errors.text(err)) end
  self.is_reconnecting = true
end

-- MARK: Speaking

--- Sends the draft.
function Chat:send()
  local text = self:draft()
  if text == '' then
    return errors.warn('nothing to send; write below "' .. draft_heading .. '"')
  end
  self:set_draft('')
  self:say(text)
end

--- Adds a turn to the conversation. The feed tells what it comes to, as it does of others' turns.
function Chat:say(text)
  local params = request.build(text, { conversation = self.name })
  local call
  call = rpc.request('responses.create', params, { done = function(err, response)
    self.own[call] = nil
    if not self.is_closed then self:said(call, text, err, response) end
  end })
  self.own[call] = call
  self:show_state('sent …')
end

function Chat:said(call, text, err, response)
  if err then
    if not self.is_reconnecting then self:show_state() end
    -- A turn that came to nothing is the user's to send again.
    local partial = err.data and err.data.response
    local came_to_nothing = not partial or not partial.output or #partial.output == 0
    if came_to_nothing and self:draft() == '' then self:set_draft(text) end
  end
  local fault = err and errors.text(err) or errors.of_response(response)
  if call.is_stopped then return errors.inform('stopped') end
  if fault then return errors.report(fault) end
  local conversation = (response.halley or {}).conversation
  -- It was deleted meanwhile, and this turn is the first of a new one.
  if conversation and conversation.id ~= self.feed.id then self.feed:follow(conversation.id) end
end

--- Stops the answer that runs in this conversation, whoever asked. Returns whether there is one.
function Chat:stop()
  local running = self.feed.running
  if running and running.id then
    rpc.request('responses.cancel', { response_id = running.id }, { done = function(err)
      if err then errors.report(errors.text(err)) end
    end })
  end
  for _, call in pairs(self.own) do
    call.is_stopped = true
    call.cancel()
  end
  return running ~= nil or next(self.own) ~= nil
end

function Chat:go_to(item)
  self.goal = nil
  local mark = self.items[item]
  if not mark then return end
  local row = vim.api.nvim_buf_get_extmark_by_id(self.buf, namespace, mark, {})[1]
  for _, window in ipairs(vim.fn.win_findbuf(self.buf)) do
    vim.api.nvim_win_set_cursor(window, { row + 1, 0 })
    vim.api.nvim_win_call(window, function() vim.cmd('normal! zt') end)
  end
end

-- MARK: For the rest of the plugin

function M.of(buf) return chats[buf] end

-- An empty buffer without a name is nobody's.
local function is_unused(buf)
  return vim.api.nvim_buf_get_name(buf) == '' and vim.api.nvim_buf_line_count(buf) == 1
    and vim.api.nvim_get_current_line() == '' and vim.bo[buf].buftype == ''
end

--- Shows a conversation; at one of its items, if that is named.
function M.open(name, mods, item)
  if name == '' then name = config.get().conversation end
  local fault = config.name_fault(name)
  if fault then return errors.report('the name of the conversation: ' .. fault) end
  local buf = vim.fn.bufadd(scheme .. name)
  local window = vim.fn.bufwinid(buf)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  else
    if mods ~= '' or not is_unused(0) then vim.cmd(mods .. ' split') end
    vim.cmd('buffer ' .. buf)
  end
  vim.bo[buf].buflisted = true
  local chat = chats[buf]
  if item and chat then
    chat.goal = item
    if not chat.feed.queue and chat.feed.id then chat:go_to(item) end
  end
end

--- The names of conversations that begin so.
function M.complete(lead)
  local err, list = rpc.call('conversations.list', { limit = 100 }, 500)
  if err then return {} end
  local names = {}
  for _, conversation in ipairs(list.data) do
    if conversation.name and vim.startswith(conversation.name, lead) then
      table.insert(names, conversation.name)
    end
  end
  return names
end

return M
