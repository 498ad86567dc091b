-- The daemon asks whether a tool may run.
local M = {}

local choices = {
  { label = 'No', decision = 'deny' },
  { label = 'Yes, this time', decision = 'allow' },
  { label = 'Yes, always in this session', decision = 'allow_session' },
}

-- About a definition that changed there is nothing to allow for a while.
local definition_choices = {
  { label = 'No', decision = 'deny' },
  { label = 'Yes, take the new definition', decision = 'allow' },
}

local function one_line(value)
  if value == nil then return '' end
  local text = type(value) == 'string' and value or vim.json.encode(value)
  return text:gsub('%c+', ' ')
end

-- The questions that wait for the one that is being asked.
local waiting = {}
local is_asking = false

local function ask_next()
  local question = table.remove(waiting, 1)
  is_asking = question ~= nil
  if question then question() end
end

local function ask(params, reply)
  local is_definition = params.definition == true
  local title = params.title and (' (%s)'):format(one_line(params.title)) or ''
  local prompt = is_definition
    and ('The definition of the tool %s is not the one that was approved. It says now: %s')
      :format(one_line(params.tool), one_line(params.arguments))
    or ('The model wants to run %s%s: %s')
      :format(one_line(params.tool), title, one_line(params.arguments))
  vim.ui.select(is_definition and definition_choices or choices, {
    prompt = prompt,
    format_item = function(choice) return choice.label end,
  }, function(choice)
    reply({ decision = choice and choice.decision or 'deny' })
    ask_next()
  end)
end

--- Asks the user, one question after the other; no answer is a no.
function M.ask(params, reply)
  table.insert(waiting, function() ask(params, reply) end)
  if not is_asking then ask_next() end
end

return M
