-- :Halley: an answer, streamed into the buffer at the cursor.
local added = require('halley.added')
local answer = require('halley.answer')
local errors = require('halley.errors')
local request = require('halley.request')
local Stream = require('halley.stream')

local M = {}

-- Where the answer goes, and what is written before it: below the range; else at the cursor in
-- Insert mode and on an empty line, and below a line with text.
local function place(buf, command)
  if command.range > 0 then
    local line = vim.api.nvim_buf_get_lines(buf, command.line2 - 1, command.line2, false)[1]
    return command.line2 - 1, #line, '\n'
  end
  local cursor = vim.api.nvim_win_get_cursor(0)
  local line = vim.api.nvim_get_current_line()
  if vim.api.nvim_get_mode().mode:sub(1, 1) == 'i' then return cursor[1] - 1, cursor[2], nil end
  return cursor[1] - 1, #line, line:find('%S') and '\n' or nil
end

-- The request's input: the context, a blank line, the prompt. A range alone is the prompt. In a
-- chat the conversation is context enough.
local function input(buf, command, is_chat)
  local first, last = 1, vim.api.nvim_buf_line_count(buf)
  if command.range > 0 then first, last = command.line1, command.line2 end
  if command.args == '' then return added.text() .. request.lines(buf, first, last) end
  local wants_context = command.range > 0 or not (command.bang or is_chat)
  local context = wants_context and request.context(buf, first, last) or nil
  return added.text() .. (context and (context .. '\n\n' .. command.args) or command.args)
end

--- Asks what the command says.
function M.ask(command)
  local buf = vim.api.nvim_get_current_buf()
  if command.args == '' and command.range == 0 then
    return errors.report('no prompt found; :Halley {prompt} or a range of lines was expected')
  end
  local chat = require('halley.chat').of(buf)
  if chat then return chat:say(input(buf, command, true)) end
  if not vim.bo[buf].modifiable then
    return errors.report('this buffer is not modifiable, and the answer would go into it')
  end
  errors.unmark(buf)
  local row, col, lead = place(buf, command)
  local is_inline = vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
  local running
  local stream = Stream.new(buf, row, col, {
    lead = lead,
    own_line = not is_inline,
    stopped = function(reason) if running then running:stop(reason) end end,
  })
  stream:note(' … halley')
  running = answer.start(buf, request.build(input(buf, command, false)), {
    text = function(delta) stream:append(delta) end,
    done = function(outcome)
      if outcome.is_orphan then return answer.tell(outcome) end
      stream:finish(function()
        if outcome.is_error then errors.mark(buf, stream:end_row() or row, outcome.message) end
        answer.tell(outcome)
      end)
    end,
  })
end

return M
