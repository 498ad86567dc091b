-- The daemon asks whether a tool may run.
local M = {}

local choices = {
  { label = 'No', decision = 'deny' },
  { label = 'Yes, this time', decision = 'allow' },
  { label = 'Yes, always in this session', decision = 'allow_session' },
}

local function one_line(value)
  if value == nil then return '' end
  local text = type(value) == 'string' and value or vim.json.encode(value)
  return text:gsub('%c+', ' ')
end

--- Asks the user; no answer is a no.
function M.ask(params, reply)
  local title = params.title and (' (%s)'):format(one_line(params.title)) or ''
  vim.ui.select(choices, {
    prompt = ('The model wants to run %s%s: %s'):format(
      one_line(params.tool), title, one_line(params.arguments)),
    format_item = function(choice) return choice.label end,
  }, function(choice)
    reply({ decision = choice and choice.decision or 'deny' })
  end)
end

return M
