-- :HalleyRewrite: a new text for some lines, streamed into a preview beside them.
local answer = require('halley.answer')
local errors = require('halley.errors')
local config = require('halley.config')
local request = require('halley.request')
local Stream = require('halley.stream')

local namespace = vim.api.nvim_create_namespace('halley.rewrite')
local M = {}

-- The open previews, by the preview's buffer.
local previews = {}
local count = 0

local Preview = {}
Preview.__index = Preview

-- MARK: Opening

local function scratch_buffer(source)
  count = count + 1
  local buf = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(buf, 'halley://rewrite/' .. count)
  vim.bo[buf].bufhidden = 'wipe'
  vim.bo[buf].modeline = false
  for _, option in ipairs({ 'filetype', 'expandtab', 'shiftwidth', 'tabstop' }) do
    vim.bo[buf][option] = vim.bo[source][option]
  end
  return buf
end

local function map(buf, key, action, description)
  vim.keymap.set('n', key, action, { buffer = buf, nowait = true, desc = description })
end

function Preview:open()
  local window = vim.api.nvim_get_current_win()
  vim.cmd('rightbelow vertical split')
  vim.api.nvim_win_set_buf(0, self.buf)
  vim.api.nvim_set_current_win(window)
  map(self.buf, '<CR>', function() M.accept({ bang = false }) end, 'Accept the new text')
  map(self.buf, 'q', function() M.reject() end, 'Reject the new text')
  vim.api.nvim_create_autocmd('BufUnload', {
    buffer = self.buf,
    callback = function() self:forget() end,
  })
end

-- MARK: The lines that are to be replaced

local function mark_lines(buf, first, last)
  local last_line = vim.api.nvim_buf_get_lines(buf, last - 1, last, false)[1]
  return vim.api.nvim_buf_set_extmark(buf, namespace, first - 1, 0, {
    end_row = last - 1, end_col = #last_line, hl_group = 'HalleyRewrite', hl_eol = true,
    right_gravity = false,
  })
end

-- The lines' range now (from 0, the end exclusive), or nil if they are gone.
function Preview:range()
  if not vim.api.nvim_buf_is_loaded(self.source) then return nil end
  local mark = vim.api.nvim_buf_get_extmark_by_id(
    self.source, namespace, self.mark, { details = true })
  if not mark[1] then return nil end
  return mark[1], mark[3].end_row + 1
end

function Preview:is_unchanged(first, last)
  return request.lines(self.source, first + 1, last) == self.original
end

-- MARK: Streaming

-- The text without the one code fence around all of it that models like to add.
local function without_fence(lines, original)
  if #lines < 2 or original:find('^%s*```') then return lines end
  local fence = lines[1]:match('^(```+)[%w_+-]*%s*$')
  if not fence or not lines[#lines]:find('^' .. fence .. '%s*$') then return lines end
  for index = 2, #lines - 1 do
    if lines[index]:sub(1, #fence) == fence then return lines end
  end
  return vim.list_slice(lines, 2, #lines - 1)
end

function Preview:start(instruction)
  local stream = Stream.new(self.buf, 0, 0, {
    stopped = function(reason) if self.answer then self.answer:stop(reason) end end,
  })
  stream:note('… halley')
  local params = request.build(self.context .. instruction,
    { instructions = config.get().rewrite_instructions })
  self.answer = answer.start(self.buf, params, {
    text = function(delta) stream:append(delta) end,
    done = function(outcome)
      if not outcome.is_orphan then
        stream:finish()
        self:ended(outcome)
      end
    end,
  })
end

function Preview:ended(outcome)
  local lines = vim.api.nvim_buf_get_lines(self.buf, 0, -1, false)
  local bare = without_fence(lines, self.original)
  if bare ~= lines then vim.api.nvim_buf_set_lines(self.buf, 0, -1, false, bare) end
  if outcome.message then return answer.tell(outcome) end
  errors.inform('the new text is there; :HalleyAccept takes it, :HalleyReject leaves the old')
end

-- MARK: The end

function Preview:forget()
  previews[self.buf] = nil
  if vim.api.nvim_buf_is_loaded(self.source) then
    vim.api.nvim_buf_del_extmark(self.source, namespace, self.mark)
  end
end

function Preview:close()
  vim.api.nvim_buf_delete(self.buf, { force = true })
end

-- The preview that a command in the current buffer means: its own, or the newest one for it.
local function meant()
  local current = vim.api.nvim_get_current_buf()
  if previews[current] then return previews[current] end
  local newest
  for _, preview in pairs(previews) do
    if preview.source == current and (not newest or preview.buf > newest.buf) then
      newest = preview
    end
  end
  if not newest then errors.report('there is no rewrite of this buffer to accept or reject') end
  return newest
end

function M.rewrite(command)
  local source = vim.api.nvim_get_current_buf()
  if command.args == '' then
    return errors.report('no instruction found; :[range]HalleyRewrite {instruction} was expected')
  end
  if not vim.bo[source].modifiable then
    return errors.report('this buffer is not modifiable; there is nothing to rewrite')
  end
  local context = request.context(source, command.line1, command.line2)
  local self = setmetatable({
    source = source,
    context = context and (context .. '\n\n') or '',
    original = request.lines(source, command.line1, command.line2),
    mark = mark_lines(source, command.line1, command.line2),
    buf = scratch_buffer(source),
  }, Preview)
  previews[self.buf] = self
  self:open()
  self:start(command.args)
end

function M.accept(command)
  local self = meant()
  if not self then return end
  if not self.answer.is_done then
    return errors.report('the new text is still being written; wait, or :HalleyStop first')
  end
  local first, last = self:range()
  if not first then return errors.report('the lines to replace are gone; copy from the preview') end
  if not command.bang and not self:is_unchanged(first, last) then
    return errors.report('the lines have changed since; :HalleyAccept! replaces them nevertheless')
  end
  local lines = vim.api.nvim_buf_get_lines(self.buf, 0, -1, false)
  if not command.bang and #lines == 1 and lines[1] == '' then
    return errors.report('there is no new text; :HalleyAccept! empties the lines nevertheless')
  end
  vim.api.nvim_buf_call(self.source, function()
    vim.cmd('let &g:undolevels = &g:undolevels')
    vim.api.nvim_buf_set_lines(self.source, first, last, false, lines)
  end)
  self:close()
end

function M.reject()
  local self = meant()
  if self then self:close() end
end

return M
