-- The options of setup(), and what is wrong with them.
local M = {}

local defaults = {
  socket = nil,
  model = nil,
  upstream = nil,
  profile = nil,
  instructions = nil,
  rewrite_instructions = 'You rewrite text inside an editor. Answer with the new text of the '
    .. 'selected lines and nothing else: no explanation, no code fence.',
  tools = nil,
  params = {},
  conversation = 'nvim',
}

local kinds = {
  socket = 'string',
  model = 'string',
  upstream = 'string',
  profile = 'string',
  instructions = 'string',
  rewrite_instructions = 'string',
  tools = 'list of strings',
  params = 'table',
  conversation = 'string',
}

-- Members of a request that are the plugin's to say.
local own_params = { 'input', 'stream', 'conversation', 'previous_response_id' }

local options = vim.deepcopy(defaults)

local function names()
  local list = vim.tbl_keys(kinds)
  table.sort(list)
  return list
end

-- How many letters have to be changed to make one word of the other.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local above = row[j]
      local change = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(above + 1, row[j - 1] + 1, diagonal + change)
      diagonal = above
    end
  end
  return row[#b]
end

--- The candidate most like the word, or nil if none is near.
function M.nearest(word, candidates)
  local best, least
  for _, candidate in ipairs(candidates) do
    local changes = distance(word, candidate)
    if changes <= math.max(1, math.ceil(#word / 3)) and (not least or changes < least) then
      best, least = candidate, changes
    end
  end
  return best
end

local function excerpt(value)
  local text = vim.inspect(value):gsub('%s+', ' ')
  if #text > 60 then text = text:sub(1, 57) .. '...' end
  return type(value) .. ' ' .. text
end

local function is_kind(value, kind)
  if kind ~= 'list of strings' then return type(value) == kind end
  if type(value) ~= 'table' then return false end
  for key, element in pairs(value) do
    if type(key) ~= 'number' or type(element) ~= 'string' then return false end
  end
  return true
end

--- What is wrong with a conversation's name, or nil: the daemon's rule.
function M.name_fault(name)
  if #name >= 1 and #name <= 64 and not name:find('[^%w._/@-]') then return nil end
  return ('%q found, 1 to 64 of A-Z a-z 0-9 . _ / @ - were expected'):format(name)
end

local function fault(key, value)
  local kind = kinds[key]
  if not kind then
    local near = type(key) == 'string' and M.nearest(key, names())
    local question = near and (', did you mean %q?'):format(near) or ''
    return ('unknown option %q%s; known are %s'):format(
      tostring(key), question, table.concat(names(), ', '))
  end
  if not is_kind(value, kind) then
    return ('%s: %s found, a %s was expected'):format(key, excerpt(value), kind)
  end
  if kind == 'string' and value == '' then
    return ('%s: an empty string found; leave the option out instead'):format(key)
  end
  if key == 'conversation' and M.name_fault(value) then
    return 'conversation: ' .. M.name_fault(value)
  end
  if key ~= 'params' then return nil end
  for _, name in ipairs(own_params) do
    if value[name] ~= nil then
      return ('params.%s: %s found; the plugin says that itself'):format(name, excerpt(value[name]))
    end
  end
end

--- Takes the options, all of them or none. Options that are not named get their defaults.
function M.setup(given)
  if given == nil then given = {} end
  if type(given) ~= 'table' then
    error('halley.setup: ' .. excerpt(given) .. ' found, a table of options was expected', 0)
  end
  local faults = {}
  for key, value in pairs(given) do
    local text = fault(key, value)
    if text then table.insert(faults, 'halley.setup: ' .. text) end
  end
  table.sort(faults)
  if #faults > 0 then error(table.concat(faults, '\n'), 0) end
  options = vim.tbl_extend('force', vim.deepcopy(defaults), vim.deepcopy(given))
end

function M.get() return options end

return M
