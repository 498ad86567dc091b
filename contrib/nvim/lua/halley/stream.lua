-- Writes text into a buffer as it comes, at a place that edits elsewhere do not move.
local Stream = {}
Stream.__index = Stream

local namespace = vim.api.nvim_create_namespace('halley.stream')

-- Errors of a moment in which the editor lets nobody change a text.
local function is_locked(message)
  for _, code in ipairs({ 'E565:', 'E523:', 'E5555:', 'E12:' }) do
    if message:find(code, 1, true) then return true end
  end
  return false
end

--- A stream that writes from a position on (row and column from 0).
---
--- options.lead is written before the first text. options.edit(change) makes a change in another
--- way than as one step of undo. options.stopped(reason) is called when no more can be written.
function Stream.new(buf, row, col, options)
  local self = setmetatable({ buf = buf, options = options, waiting = '', held = '' }, Stream)
  -- Until there is text, what others write here goes before it; from then on, behind it.
  self.last = vim.api.nvim_buf_set_extmark(buf, namespace, row, col, { right_gravity = true })
  return self
end

-- Puts the marks around what has been written, which began at a row and column.
function Stream:mark(row, col, lines)
  if not self.first then
    self.first = vim.api.nvim_buf_set_extmark(
      self.buf, namespace, row, col, { right_gravity = false })
  end
  local last_col = (#lines == 1 and col or 0) + #lines[#lines]
  -- A mark that is only moved keeps its gravity.
  vim.api.nvim_buf_del_extmark(self.buf, namespace, self.last)
  self.last = vim.api.nvim_buf_set_extmark(self.buf, namespace, row + #lines - 1, last_col,
    { right_gravity = false })
end

function Stream:position(mark)
  if not vim.api.nvim_buf_is_loaded(self.buf) then return nil end
  local position = vim.api.nvim_buf_get_extmark_by_id(self.buf, namespace, mark, {})
  return position[1], position[2]
end

--- Shows a note at the end of the stream, until the next text.
function Stream:note(text)
  local row, col = self:position(self.last)
  if not row then return end
  self.label = vim.api.nvim_buf_set_extmark(self.buf, namespace, row, col,
    { id = self.label, virt_text = { { text, 'HalleyNote' } } })
end

function Stream:clear_note()
  if self.label and vim.api.nvim_buf_is_loaded(self.buf) then
    vim.api.nvim_buf_del_extmark(self.buf, namespace, self.label)
  end
  self.label = nil
end

--- Adds text. It is in the buffer by the next turn of the event loop.
function Stream:append(text)
  self.waiting = self.waiting .. text
  if self.is_scheduled or self.is_ended then return end
  self.is_scheduled = true
  vim.schedule(function()
    self.is_scheduled = false
    self:flush()
  end)
end

-- What can be written now: line ends at the end wait for the text that follows, since an answer
-- ends without an empty line, and a CR for the LF that may come.
function Stream:take()
  local text = self.held .. self.waiting
  self.waiting = ''
  text = text:gsub('\r\n', '\n')
  if not self.has_text then text = text:gsub('^\n+', '') end
  local body, rest = text:match('^(.-)([\r\n]*)$')
  self.held = rest
  return body
end

function Stream:flush()
  if self.is_ended then return end
  local text = self:take()
  if text == '' then return end
  local row, col = self:position(self.last)
  if not row then return self:stop('its buffer is gone') end
  if self.has_text then
    local first_row, first_col = self:position(self.first)
    if first_row == row and first_col == col then return self:stop('the answer was taken out') end
  elseif self.options.lead then
    text = self.options.lead .. text
  end
  self:write(row, col, text)
end

function Stream:write(row, col, text)
  self:clear_note()
  local lines = vim.split(text, '\n', { plain = true })
  local function change()
    vim.api.nvim_buf_set_text(self.buf, row, col, row, col, lines)
    self:mark(row, col, lines)
  end
  local edit = self.options.edit or function(given) self:join(given) end
  local is_written, message = pcall(vim.api.nvim_buf_call, self.buf, function() edit(change) end)
  if is_written then
    self.has_text = true
    self.tick = vim.api.nvim_buf_get_changedtick(self.buf)
  elseif is_locked(message) then
    self:retry(text)
  else
    self:stop('the buffer takes no text: ' .. message:gsub('^Vim%([^)]*%):', ''))
  end
end

-- One answer is one step of undo, apart from what was changed before it.
function Stream:join(change)
  if self.tick == vim.api.nvim_buf_get_changedtick(self.buf) then
    pcall(vim.cmd, 'undojoin')
  else
    vim.cmd('let &g:undolevels = &g:undolevels')
  end
  change()
end

function Stream:retry(text)
  if not self.has_text and self.options.lead then text = text:sub(#self.options.lead + 1) end
  self.held = text .. self.held
  self.is_scheduled = true
  vim.defer_fn(function()
    self.is_scheduled = false
    self:flush()
  end, 20)
end

-- With a reason where it could not go on.
function Stream:stop(reason)
  self.is_ended = true
  if vim.api.nvim_buf_is_loaded(self.buf) then
    self:clear_note()
    if self.first then vim.api.nvim_buf_del_extmark(self.buf, namespace, self.first) end
    vim.api.nvim_buf_del_extmark(self.buf, namespace, self.last)
  end
  if reason and self.options.stopped then self.options.stopped(reason) end
end

--- Ends the stream with all that was added in the buffer.
function Stream:finish()
  if self.is_ended then return end
  self:flush()
  if self.is_ended then return end
  if self.is_scheduled and self.held:find('[^\r\n]') then
    -- The editor is locked; the text comes when it is not.
    return vim.defer_fn(function() self:finish() end, 25)
  end
  self:stop()
end

return Stream
