-- :HalleyChat: a buffer that shows a named conversation, live, with a draft at its end.
local answer = require('halley.answer')
local changes = require('halley.changes')
local Draft = require('halley.draft')
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

-- Changes the buffer without a step of undo.
function Chat:write(change)
  local undolevels = vim.bo[self.buf].undolevels
  vim.bo[self.buf].undolevels = -1
  local is_done, message = pcall(changes.write, self.draft, change)
  vim.bo[self.buf].undolevels = undolevels
  if not is_done then error(message, 0) end
  -- Only a draft can be lost.
  vim.bo[self.buf].modified = self.draft ~= nil and self.draft:text() ~= ''
end

-- Changes the conversation's part of the buffer. What comes from outside is not the user's to undo.
function Chat:edit(change) self.draft:beside(change) end

function Chat:insert(lines)
  self:edit(function()
    local row = self:draft_row()
    vim.api.nvim_buf_set_lines(self.buf, row, row, false, lines)
  end)
end

-- A word beside the draft's heading, and above it the turns that wait for an answer that runs.
function Chat:show_state(text)
  if text then
    self.state = text
  elseif #self.queued > 0 then
    self.state = self.feed.running and 'queued behind the answer that runs' or 'sent …'
  else
    self.state = ':w sends'
  end
  local above = {}
  for _, turn in ipairs(self.queued) do
    for index, line in ipairs(vim.split(turn, '\n', { plain = true })) do
      table.insert(above, { { (index == 1 and 'queued: ' or '        ') .. line, 'HalleyNote' } })
    end
    table.insert(above, { { '', 'HalleyNote' } })
  end
  self.tail = vim.api.nvim_buf_set_extmark(self.buf, namespace, self:draft_row(), 0, {
    id = self.tail,
    virt_text = { { '  ' .. self.state, 'HalleyNote' } },
    virt_text_pos = 'eol',
    virt_lines = #above > 0 and self.feed.running and above or nil,
    virt_lines_above = true,
  })
end

-- A turn that waited has begun, or came to nothing.
function Chat:unqueue(text)
  for index, turn in ipairs(self.queued) do
    if vim.trim(turn) == vim.trim(text) then return table.remove(self.queued, index) end
  end
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
  local self = setmetatable(
    { buf = buf, name = name, items = {}, own = {}, queued = {} }, Chat)
  set_options(buf)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, { draft_heading, '' })
  self.tail = vim.api.nvim_buf_set_extmark(buf, namespace, 0, 0, {})
  chats[buf] = self
  self.draft = Draft.new(buf, function() return self:draft_start() end,
    function(change) self:write(change) end)
  self.draft:set('')
  self:show_state('opening …')
  self:put_cursors_at_the_end()
  vim.keymap.set('n', '<CR>', function() self:send() end,
    { buffer = buf, desc = 'Send what is written below the conversation' })
  for key, command in pairs({ u = 'u', ['<C-r>'] = '\18' }) do
    vim.keymap.set('n', key, function() self.draft:travel(command) end,
      { buffer = buf, desc = 'Undo or redo in the draft' })
  end
  self:handle_events()
  self:follow()
end

-- However often the buffer is read, each event has one handler.
function Chat:handle_events()
  local group = vim.api.nvim_create_augroup('halley.chat.' .. self.buf, {})
  local function on(event, action)
    vim.api.nvim_create_autocmd(event, { group = group, buffer = self.buf, callback = action })
  end
  on({ 'BufWriteCmd', 'FileWriteCmd', 'FileAppendCmd' }, function(given) self:save(given) end)
  on('InsertLeave', function() self.draft:refresh() end)
  on('BufUnload', function() self:close() end)
end

-- :w sends, unless it names a file.
function Chat:save(given)
  if given.file == scheme .. self.name or given.match == scheme .. self.name then
    if given.event == 'BufWriteCmd' then return self:send() end
    return errors.report('only the whole draft is sent; :w sends it')
  end
  local first = vim.api.nvim_buf_get_mark(self.buf, '[')[1]
  local last = vim.api.nvim_buf_get_mark(self.buf, ']')[1]
  local lines = vim.api.nvim_buf_get_lines(self.buf, first - 1, last, false)
  local is_append = given.event == 'FileAppendCmd'
  if not is_append and vim.v.cmdbang == 0 and vim.loop.fs_stat(given.match) then
    return errors.report(given.file .. ' exists; :w! writes it nevertheless')
  end
  local is_written, message = pcall(vim.fn.writefile, lines, given.match, is_append and 'a' or '')
  if not is_written then return errors.report((message:gsub('^Vim[^:]*:', ''))) end
  errors.inform(('%d lines %s %s'):format(#lines, is_append and 'added to' or 'written to', given.file))
end

function Chat:put_cursors_at_the_end()
  for _, window in ipairs(vim.fn.win_findbuf(self.buf)) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(self.buf), 0 })
  end
end

function Chat:close()
  if chats[self.buf] == self then chats[self.buf] = nil end
  self.is_closed = true
  self.draft:close()
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
    deleted = function()
      self:end_text()
      self:insert({ '*(the conversation was deleted)*', '' })
      self:show_state(':w begins it anew')
    end,
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
    self:unqueue(transcript.text(item))
    self:add({ type = item.type, role = item.role, content = item.content, name = item.name,
      arguments = item.arguments, output = item.output })
  end
  self.stream = nil
  self.has_answer = false
  self.has_failed = nil
  self:show_state(#self.queued == 0 and ('%s answers …'):format(event.model or 'the model') or nil)
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
  local text = self.draft:text()
  if text == '' then
    return errors.warn('nothing to send; write below "' .. draft_heading .. '"')
  end
  self.draft:set('')
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
  table.insert(self.queued, text)
  self:show_state()
end

-- Whether nothing of an answer is kept, and so neither is the turn.
local function came_to_nothing(err, response)
  local partial = err and err.data and err.data.response or response
  return not partial or #(partial.output or {}) == 0
end

function Chat:said(call, text, err, response)
  self:unqueue(text)
  if response then answer.note_use(response) end
  if not self.is_reconnecting and not self.feed.running then self:show_state() end
  local fault = err and errors.text(err) or errors.of_response(response)
  if fault and came_to_nothing(err, response) then self:give_back(text) end
  if call.is_stopped then return errors.inform('stopped') end
  if fault then
    errors.unmark(self.buf)
    errors.mark(self.buf, self:draft_row(), fault)
    return errors.report(fault)
  end
  errors.unmark(self.buf)
  local conversation = (response.halley or {}).conversation
  -- It was deleted meanwhile, and this turn is the first of a new one.
  if conversation and conversation.id ~= self.feed.id then self.feed:follow(conversation.id) end
end

-- A turn that came to nothing is the user's to send again, before what was begun meanwhile.
function Chat:give_back(text)
  local begun = self.draft:text()
  self.draft:set(begun == '' and text or text .. '\n\n' .. begun)
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

-- MARK: Forking

-- The newest item that begins at or above a row, or nil.
function Chat:item_at(row)
  local best, best_row
  for id, mark in pairs(self.items) do
    local at = vim.api.nvim_buf_get_extmark_by_id(self.buf, namespace, mark, {})[1]
    if at and at <= row and (not best_row or at > best_row) then best, best_row = id, at end
  end
  return best
end

--- Makes another conversation of all up to the turn at the cursor, and shows it.
function Chat:fork(name)
  local item = self:item_at(vim.api.nvim_win_get_cursor(0)[1] - 1)
  if not item then
    return errors.report('no stored turn stands at the cursor; :e shows the turns as they are stored')
  end
  local params = { conversation = self.feed.id, at = item, name = name ~= '' and name or nil }
  rpc.request('conversations.fork', params, { done = function(err, forked)
    if err then return errors.report(errors.text(err)) end
    M.open(forked.name or forked.id, '')
  end })
end

-- MARK: For the rest of the plugin

function M.of(buf) return chats[buf] end

--- Shows a conversation; at one of its items, if that is named.
function M.open(...) require('halley.conversations').open(...) end

return M
