-- The parameters of responses.create, from the options and what is asked.
local config = require('halley.config')

local M = {}

-- A buffer has NUL bytes as line feeds.
local function text_of(lines)
  local clean = {}
  for index, line in ipairs(lines) do clean[index] = line:gsub('\n', '\0') end
  return table.concat(clean, '\n')
end

--- The lines of a buffer, from 1, both inclusive.
function M.lines(buf, first, last)
  return text_of(vim.api.nvim_buf_get_lines(buf, first - 1, last, false))
end

--- A text under its name, in a fence longer than any within.
function M.fenced(name, language, text)
  local longest = 2
  for run in text:gmatch('`+') do longest = math.max(longest, #run) end
  local fence = ('`'):rep(longest + 1)
  return ('%s:\n%s%s\n%s\n%s'):format(name, fence, language, text, fence)
end

--- A part of a buffer as named context: its name, and its text in a fence longer than any within.
function M.context(buf, first, last)
  local text = M.lines(buf, first, last)
  if not text:find('%S') then return nil end
  local name = vim.api.nvim_buf_get_name(buf)
  name = name == '' and 'The buffer' or vim.fn.fnamemodify(name, ':.')
  if first > 1 or last < vim.api.nvim_buf_line_count(buf) then
    name = ('%s, lines %d to %d'):format(name, first, last)
  end
  return M.fenced(name, vim.bo[buf].filetype:match('^[%w_+-]*'), text)
end

--- The request for an input. members win over the options, the option params over all.
function M.build(input, members)
  local options = config.get()
  local params = {
    model = options.model,
    instructions = options.instructions,
    input = input,
    stream = true,
    halley = { upstream = options.upstream, profile = options.profile, tools = options.tools },
  }
  if next(params.halley) == nil then params.halley = nil end
  return vim.tbl_deep_extend('force', params, members or {}, options.params)
end

return M
