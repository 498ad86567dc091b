-- :HalleyHistory: a search in all conversations, and the way to what was found.
local errors = require('halley.errors')
local rpc = require('halley.rpc')

local M = {}

local function time(seconds) return os.date('%Y-%m-%d %H:%M', seconds) end

local function show(title, rows, mods)
  vim.cmd(mods .. ' new')
  local buf = vim.api.nvim_get_current_buf()
  vim.bo[buf].buftype = 'nofile'
  vim.bo[buf].bufhidden = 'wipe'
  vim.bo[buf].modeline = false
  -- A wiped buffer of that name may still be in the list.
  pcall(vim.api.nvim_buf_set_name, buf, 'halley://' .. title)
  local lines = {}
  for _, row in ipairs(rows) do table.insert(lines, row.line) end
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable = false
  vim.bo[buf].filetype = 'halleyhistory'
  vim.keymap.set('n', '<CR>', function()
    rows[vim.api.nvim_win_get_cursor(0)[1]].open()
  end, { buffer = buf, desc = 'Open what was found' })
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf, desc = 'Close the list' })
end

-- A stored response that belongs to no conversation.
local function open_response(id)
  rpc.request('responses.retrieve', { response_id = id }, { done = function(err, response)
    if err then return errors.report(errors.text(err)) end
    local text = require('halley.answer').text_of(response)
    vim.cmd('new')
    local buf = vim.api.nvim_get_current_buf()
    vim.bo[buf].buftype = 'nofile'
    vim.bo[buf].modeline = false
    vim.api.nvim_buf_set_lines(buf, 0, -1, false, vim.split(text, '\n', { plain = true }))
    vim.bo[buf].filetype = 'markdown'
  end })
end

local function found_row(hit)
  local conversation = hit.conversation or {}
  local place = conversation.name or conversation.id
  local snippet = (hit.snippet or ''):gsub('%s+', ' ')
  return {
    line = ('%s  %s  %s: %s'):format(
      time(hit.created_at), place or hit.response_id or '-', hit.role or '-', snippet),
    open = function()
      if place then return require('halley.chat').open(place, '', hit.item_id) end
      if hit.response_id then return open_response(hit.response_id) end
      errors.warn('this belongs to no conversation and no stored response')
    end,
  }
end

local function conversation_row(conversation)
  local place = conversation.name or conversation.id
  return {
    line = ('%s  %s'):format(time(conversation.updated_at or conversation.created_at), place),
    open = function() require('halley.chat').open(place, '') end,
  }
end

local function list(method, params, title, row_of, mods, nothing)
  rpc.request(method, params, { done = function(err, result)
    if err then return errors.report(errors.text(err)) end
    if #result.data == 0 then return errors.inform(nothing) end
    show(title, vim.tbl_map(row_of, result.data), mods)
  end })
end

--- Searches, or lists the conversations where there is no query.
function M.search(command)
  if command.args == '' then
    return list('conversations.list', { limit = 100 }, 'conversations', conversation_row,
      command.mods, 'there is no conversation yet; :HalleyChat {name} begins one')
  end
  list('conversations.search', { query = command.args, limit = 100 },
    'history/' .. command.args, found_row, command.mods,
    ('nothing found for %q'):format(command.args))
end

return M
