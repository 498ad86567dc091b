-- :HalleyAdd: context that goes along with what is asked, until it is dropped.
local errors = require('halley.errors')
local request = require('halley.request')

local M = {}

-- More is not sent by accident.
local most_bytes = 16 * 1024 * 1024

-- What goes along, each with a name and what makes its text at the time of asking.
local added = {}

local function add(name, text)
  for index, other in ipairs(added) do
    if other.name == name then table.remove(added, index) end
  end
  table.insert(added, { name = name, text = text })
  errors.inform(('%s goes along; %d in all'):format(name, #added))
end

-- MARK: Kinds of context

local function buffer_text(buf)
  if not vim.api.nvim_buf_is_loaded(buf) then return nil, 'it is not loaded any more' end
  return request.lines(buf, 1, vim.api.nvim_buf_line_count(buf))
end

local function add_buffer()
  local buf = vim.api.nvim_get_current_buf()
  local name = vim.api.nvim_buf_get_name(buf)
  name = name == '' and ('buffer %d'):format(buf) or vim.fn.fnamemodify(name, ':.')
  add(name, function() return buffer_text(buf) end)
end

local function add_file(path)
  local file = vim.fn.expand(path)
  if vim.fn.filereadable(file) == 0 then
    return errors.report(('%q found; a file, quickfix, diagnostics or diff was expected'):format(path))
  end
  add(vim.fn.fnamemodify(file, ':.'), function()
    if vim.fn.getfsize(file) > most_bytes then return nil, 'it has more than 16 MiB' end
    local is_read, lines = pcall(vim.fn.readfile, file)
    if not is_read then return nil, 'it can not be read any more' end
    return table.concat(lines, '\n')
  end)
end

local function quickfix_text()
  local lines = {}
  for _, entry in ipairs(vim.fn.getqflist()) do
    local name = entry.bufnr > 0 and vim.fn.fnamemodify(vim.fn.bufname(entry.bufnr), ':.') or ''
    table.insert(lines, ('%s:%d:%d: %s'):format(name, entry.lnum, entry.col, entry.text))
  end
  return table.concat(lines, '\n')
end

local severities = { 'error', 'warning', 'information', 'hint' }

local function add_diagnostics()
  local buf = vim.api.nvim_get_current_buf()
  local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buf), ':.')
  add('diagnostics of ' .. name, function()
    local lines = {}
    for _, found in ipairs(vim.diagnostic.get(buf)) do
      table.insert(lines, ('%s:%d:%d: %s: %s'):format(name, found.lnum + 1, found.col + 1,
        severities[found.severity] or 'note', found.message))
    end
    return table.concat(lines, '\n')
  end)
end

local function add_diff()
  local directory = vim.fn.getcwd()
  add('git diff', function()
    local text = vim.fn.system({ 'git', '-C', directory, 'diff', 'HEAD' })
    if vim.v.shell_error ~= 0 then return nil, vim.trim(text) end
    return text
  end)
end

-- MARK: For the rest of the plugin

local kinds = {
  quickfix = function() add('quickfix', quickfix_text) end,
  diagnostics = add_diagnostics,
  diff = add_diff,
}

--- Adds the current buffer, a file, or one of the kinds.
function M.add(what)
  if what == '' then return add_buffer() end
  if kinds[what] then return kinds[what]() end
  add_file(what)
end

--- Drops what has this name, or all.
function M.drop(name)
  if name == '' then
    added = {}
    return errors.inform('nothing goes along any more')
  end
  for index, other in ipairs(added) do
    if other.name == name then
      table.remove(added, index)
      return errors.inform(name .. ' goes along no more')
    end
  end
  errors.report(('%q found; what goes along is %s'):format(name,
    #added == 0 and 'nothing' or table.concat(M.names(), ', ')))
end

function M.names()
  return vim.tbl_map(function(entry) return entry.name end, added)
end

--- The text of all that was added, each under its name and with an empty line behind, or "".
function M.text()
  local parts = {}
  for _, entry in ipairs(added) do
    local text, fault = entry.text()
    if fault then
      errors.warn(('%s does not go along: %s'):format(entry.name, errors.line(fault)))
    elseif text:find('%S') then
      table.insert(parts, request.fenced(entry.name, '', text) .. '\n\n')
    end
  end
  return table.concat(parts)
end

--- What :HalleyAdd takes.
function M.complete(lead)
  local found = vim.tbl_filter(function(word) return vim.startswith(word, lead) end,
    { 'diagnostics', 'diff', 'quickfix' })
  return vim.list_extend(found, vim.fn.getcompletion(lead, 'file'))
end

--- What :HalleyDrop takes.
function M.complete_names(lead)
  return vim.tbl_filter(function(name) return vim.startswith(name, lead) end, M.names())
end

return M
