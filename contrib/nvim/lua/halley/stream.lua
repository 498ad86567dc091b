-- Writes text into a buffer as it comes, at a place that edits elsewhere do not move.
local anchor = require('halley.anchor')
local changes = require('halley.changes')
local undo = require('halley.undo')

local Stream = {}
Stream.__index = Stream

local namespace = vim.api.nvim_create_namespace('halley.stream')

-- How long to wait at a moment in which nothing may be written.
local retry_ms = 20
-- Of the time at most one part in so many goes into writing.
local pace = 4

-- Errors of a moment in which the editor lets nobody change a text.
local function is_locked(message)
  for _, code in ipairs({ 'E565:', 'E523:', 'E5555:', 'E12:' }) do
    if message:find(code, 1, true) then return true end
  end
  return false
end

-- Whether the user is choosing text, of which lines must not move before a command takes them: a
-- selection, an operator that waits for its motion, line numbers in a command line.
local function is_choosing(buf)
  if vim.api.nvim_get_current_buf() ~= buf then return false end
  local mode = vim.api.nvim_get_mode().mode
  return mode:find('^[vVsS\22\19]') ~= nil or mode:find('^no') ~= nil
    or mode:find('^c') ~= nil or mode == 'r?'
end

--- A stream that writes from a position on (row and column from 0).
---
--- options.lead is written before the first text; options.own_line begins a line where the
--- position's is not empty. options.edit(change) makes a change in another way than as one step of
--- undo. options.stopped(reason) is called when no more can be written.
function Stream.new(buf, row, col, options)
  local self = setmetatable({ buf = buf, options = options, waiting = {}, held = '', text = {} },
    Stream)
  -- Until there is text, what others write here goes before it; from then on, behind it.
  self.last = vim.api.nvim_buf_set_extmark(buf, namespace, row, col, { right_gravity = true })
  self.unfollow = changes.follow(buf, function(...) self:changed(...) end)
  return self
end

-- Puts the marks around what has been written, which began at a row and column.
function Stream:mark(row, col, lines)
  if not self.first then
    self.first = vim.api.nvim_buf_set_extmark(
      self.buf, namespace, row, col, { right_gravity = false })
  end
  self:mark_end(row + #lines - 1, (#lines == 1 and col or 0) + #lines[#lines])
end

function Stream:mark_end(row, col)
  -- A mark that is only moved keeps its gravity.
  vim.api.nvim_buf_del_extmark(self.buf, namespace, self.last)
  self.last = vim.api.nvim_buf_set_extmark(self.buf, namespace, row, col, { right_gravity = false })
  self.replaced = nil
end

function Stream:position(mark)
  if not vim.api.nvim_buf_is_loaded(self.buf) then return nil end
  local position = vim.api.nvim_buf_get_extmark_by_id(self.buf, namespace, mark, {})
  return position[1], position[2]
end

--- Shows a note at the end of the stream, until the next text.
function Stream:note(text, highlight)
  local row, col = self:position(self.last)
  if not row then return end
  self.label = vim.api.nvim_buf_set_extmark(self.buf, namespace, row, col,
    { id = self.label, virt_text = { { text, highlight or 'HalleyNote' } } })
end

function Stream:clear_note()
  if self.label and vim.api.nvim_buf_is_loaded(self.buf) then
    vim.api.nvim_buf_del_extmark(self.buf, namespace, self.label)
  end
  self.label = nil
end

--- Where the stream ends, or nil.
function Stream:end_row() return (self:position(self.last)) end

-- MARK: What others change

-- Lines that were replaced whole have no place for a mark; where they are is looked for later.
function Stream:changed(first, last, new_last, writer)
  if writer == self then return end
  local earlier = self.replaced
  if last == math.huge then
    self.replaced = { first = 0, last = new_last, new_last = new_last }
  elseif not earlier then
    self.replaced = { first = first, last = last, new_last = new_last }
  else
    local by = new_last - last
    self.replaced = { first = math.min(first, earlier.first),
      last = math.max(last, earlier.last),
      new_last = math.max(last, earlier.new_last) + by }
  end
end

-- Where to go on, or nil where the answer is not there any more.
function Stream:place()
  local row, col = self:position(self.last)
  if not row or not self.has_text then return row, col end
  local first_row, first_col = self:position(self.first)
  local is_whole = col > 0 and (first_row < row or first_row == row and first_col < col)
  if is_whole then return row, col end
  local change = self.replaced
  if not change then return nil end
  change.new_last = math.min(change.new_last, vim.api.nvim_buf_line_count(self.buf))
  local found = anchor.find(self.buf, self.text, self.row, change)
  if not found then return nil end
  local line = vim.api.nvim_buf_get_lines(self.buf, found, found + 1, false)[1]
  -- Formatters take the space that the next word is parted by.
  local space = self.text[#self.text]:match('%s*$')
  if not line:find('%s$') then self.held = space .. self.held end
  self:mark_end(found, #line)
  vim.api.nvim_buf_del_extmark(self.buf, namespace, self.first)
  self.first = vim.api.nvim_buf_set_extmark(self.buf, namespace,
    math.max(change.first, found - #self.text + 1), 0, { right_gravity = false })
  return found, #line
end

-- MARK: Writing

--- Adds text. It is in the buffer by the next turn of the event loop, or when the user is not in
--- the midst of choosing text there.
function Stream:append(text)
  table.insert(self.waiting, text)
  if not self.is_scheduled and not self.is_ended then self:schedule(self.pause_ms or 0) end
end

function Stream:schedule(delay_ms)
  self.is_scheduled = true
  local function flush()
    self.is_scheduled = false
    self:flush()
  end
  if delay_ms == 0 then vim.schedule(flush) else vim.defer_fn(flush, delay_ms) end
end

-- What can be written now: line ends at the end wait for the text that follows, since an answer
-- ends without an empty line, and a CR for the LF that may come.
function Stream:take()
  local text = self.held .. table.concat(self.waiting)
  self.waiting = {}
  if text:find('\r', 1, true) then text = text:gsub('\r\n', '\n') end
  if not self.has_text then text = text:gsub('^\n+', '') end
  local last = #text
  while last > 0 and text:find('^[\r\n]', last) do last = last - 1 end
  self.held = text:sub(last + 1)
  return text:sub(1, last)
end

function Stream:flush()
  if self.is_ended then return end
  if not vim.api.nvim_buf_is_loaded(self.buf) then return self:stop('its buffer is gone') end
  if is_choosing(self.buf) then return self:schedule(retry_ms) end
  local row, col = self:place()
  if not row then return self:stop('the answer was taken out') end
  local text = self:take()
  if text == '' then return end
  local start = vim.loop.hrtime()
  self:write(row, col, self:begin(row, col) .. text)
  -- In a long line each piece costs as much as the line.
  local cost_ms = (vim.loop.hrtime() - start) / 1e6
  self.pause_ms = cost_ms < 2 and 0 or math.floor(cost_ms * pace)
end

-- What comes before the first text.
function Stream:begin(row, col)
  if self.has_text then return '' end
  if self.options.lead then return self.options.lead end
  if not self.options.own_line or col == 0 then return '' end
  -- Another answer began in this line.
  local line = vim.api.nvim_buf_get_lines(self.buf, row, row + 1, false)[1]
  return line:find('%S') and '\n' or ''
end

function Stream:write(row, col, text)
  self:clear_note()
  local lines = vim.split(text, '\n', { plain = true })
  local function change()
    changes.insert(self.buf, row, col, lines)
    self:mark(row, col, lines)
  end
  local edit = self.options.edit or function(given) self:join(given, row, col, text) end
  local is_written, message = pcall(vim.api.nvim_buf_call, self.buf, function()
    changes.write(self, function() edit(change) end)
  end)
  if is_written then
    self.has_text = true
    self.row = row + #lines - 1
    self:remember(lines)
    self.tick = vim.api.nvim_buf_get_changedtick(self.buf)
  elseif is_locked(message) then
    self.held = (self.has_text and text or text:gsub('^\n', '')) .. self.held
    self:schedule(retry_ms)
  else
    self:stop('the buffer takes no text: ' .. message:gsub('^.-Vim%([^)]*%):', ''))
  end
end

function Stream:remember(lines)
  if #self.text == 0 then
    self.text = vim.list_extend({}, lines)
    if #self.text > 1 and self.text[1] == '' then table.remove(self.text, 1) end
    return
  end
  self.text[#self.text] = self.text[#self.text] .. lines[1]
  for index = 2, #lines do table.insert(self.text, lines[index]) end
end

-- One answer is one step of undo, apart from what was changed before it.
function Stream:join(change, row, col, text)
  if not self.has_text then undo.begin(self.buf, self) end
  if self.tick == vim.api.nvim_buf_get_changedtick(self.buf) then
    pcall(vim.cmd, 'undojoin')
  else
    vim.cmd('let &g:undolevels = &g:undolevels')
  end
  change()
  undo.wrote(self.buf, self, row, col, text)
end

-- MARK: The end

-- With a reason where it could not go on.
function Stream:stop(reason)
  if self.is_ended then return end
  self.is_ended = true
  self.unfollow()
  if vim.api.nvim_buf_is_loaded(self.buf) then
    self:clear_note()
    if self.first then vim.api.nvim_buf_del_extmark(self.buf, namespace, self.first) end
  end
  undo.finish(self.buf, self)
  if reason and self.options.stopped then self.options.stopped(reason) end
  -- Until then a note may be left here.
  vim.schedule(function()
    if vim.api.nvim_buf_is_loaded(self.buf) then
      vim.api.nvim_buf_del_extmark(self.buf, namespace, self.last)
    end
  end)
end

--- Ends the stream with all that was added in the buffer, then calls done.
function Stream:finish(done)
  done = done or function() end
  if self.is_ended then return done() end
  self:flush()
  if self.is_ended then return done() end
  if self.is_scheduled and (#self.waiting > 0 or self.held:find('[^\r\n]')) then
    -- Nothing may be written at this moment; the text comes later.
    return vim.defer_fn(function() self:finish(done) end, retry_ms)
  end
  self:stop()
  done()
end

return Stream
