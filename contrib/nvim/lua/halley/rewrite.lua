-- :HalleyRewrite: a new text for some lines, streamed into a preview beside them.
local added = require('halley.added')
local answer = require('halley.answer')
local changes = require('halley.changes')
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

-- The lines that are to be replaced, as one sees them.
local function highlight(buf, first, last)
  local last_line = vim.api.nvim_buf_get_lines(buf, last - 1, last, false)[1]
  return vim.api.nvim_buf_set_extmark(buf, namespace, first - 1, 0, {
    end_row = last - 1, end_col = #last_line, hl_group = 'HalleyRewrite', hl_eol = true,
  })
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
  local params = request.build(added.text() .. self.context .. instruction,
    { instructions = config.get().rewrite_instructions })
  self.answer = answer.start(self.buf, params, {
    text = function(delta) stream:append(delta) end,
    done = function(outcome)
      if outcome.is_orphan then return end
      stream:finish(function()
        if outcome.is_error then
          errors.mark(self.buf, stream:end_row() or 0, outcome.message)
        end
        self:ended(outcome)
      end)
    end,
  })
end

function Preview:ended(outcome)
  if not vim.api.nvim_buf_is_loaded(self.buf) then return end
  self.outcome = outcome
  local lines = vim.api.nvim_buf_get_lines(self.buf, 0, -1, false)
  local bare = without_fence(lines, self.original)
  if bare ~= lines then vim.api.nvim_buf_set_lines(self.buf, 0, -1, false, bare) end
  if outcome.message then return answer.tell(outcome) end
  errors.inform('the new text is there; :HalleyAccept takes it, :HalleyReject leaves the old')
end

-- MARK: The end

function Preview:forget()
  previews[self.buf] = nil
  self.range.release()
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
    range = changes.range(source, command.line1 - 1, command.line2),
    mark = highlight(source, command.line1, command.line2),
    buf = scratch_buffer(source),
  }, Preview)
  previews[self.buf] = self
  self:open()
  self:start(command.args)
end

-- Why the new text can not be taken, or nil.
function Preview:obstacle(lines, is_forced)
  if not self.outcome then return 'the new text is still being written; wait, or :HalleyStop first' end
  if not self.range:lines() then return 'the lines to replace are gone; copy from the preview' end
  if is_forced then return nil end
  if self.outcome.message then
    return ('the new text is not whole (%s); :HalleyAccept! takes it nevertheless')
      :format(errors.line(self.outcome.message))
  end
  if not self.range:is_unchanged() then
    return 'the lines have changed since; :HalleyAccept! replaces them nevertheless'
  end
  if #lines == 1 and lines[1] == '' then
    return 'there is no new text; :HalleyAccept! empties the lines nevertheless'
  end
end

function M.accept(command)
  local self = meant()
  if not self then return end
  local lines = vim.api.nvim_buf_get_lines(self.buf, 0, -1, false)
  local obstacle = self:obstacle(lines, command.bang)
  if obstacle then return errors.report(obstacle) end
  local first, last = self.range:lines()
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
