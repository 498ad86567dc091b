-- :HalleyModel: which model answers from now on.
local config = require('halley.config')
local errors = require('halley.errors')
local rpc = require('halley.rpc')

local M = {}

local function ids(list)
  local names, seen = {}, {}
  for _, model in ipairs(list.data) do
    if not seen[model.id] then table.insert(names, model.id) end
    seen[model.id] = true
  end
  return names
end

local function set(name)
  config.get().model = name
  errors.inform(name and ('the model is ' .. name) or "the daemon's default model answers")
end

-- An upstream may know more models than it lists.
local function check(name)
  rpc.request('models.list', {}, { done = function(err, list)
    if err or vim.tbl_contains(ids(list), name) then return end
    local near = config.nearest(name, ids(list))
    errors.warn(('no upstream lists a model %s%s'):format(
      name, near and (', did you mean ' .. near .. '?') or ''))
  end })
end

local function choose()
  rpc.request('models.list', {}, { done = function(err, list)
    if err then return errors.report(errors.text(err)) end
    local current = config.get().model
    vim.ui.select(ids(list), {
      prompt = 'Model (' .. (current or "the daemon's default") .. '):',
    }, function(name)
      if name then set(name) end
    end)
  end })
end

--- Takes the model that is named, lets one be chosen, or (with !) goes back to the daemon's own.
function M.select(command)
  if command.bang then return set(nil) end
  if command.args == '' then return choose() end
  set(command.args)
  check(command.args)
end

--- The models that begin so.
function M.complete(lead)
  local err, list = rpc.call('models.list', {}, 500)
  if err then return {} end
  return vim.tbl_filter(function(name) return vim.startswith(name, lead) end, ids(list))
end

return M
