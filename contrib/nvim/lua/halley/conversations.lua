-- The way to a conversation: its buffer, and the names that there are.
local config = require('halley.config')
local errors = require('halley.errors')
local rpc = require('halley.rpc')

local M = {}

local scheme = 'halley://chat/'

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
  local chat = require('halley.chat').of(buf)
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
