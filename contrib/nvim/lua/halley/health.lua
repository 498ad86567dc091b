-- :checkhealth halley
local config = require('halley.config')
local errors = require('halley.errors')
local rpc = require('halley.rpc')

local M = {}

-- The names of vim.health before Neovim 0.10.
local health = vim.health or require('health')
local report = {
  start = health.start or health.report_start,
  ok = health.ok or health.report_ok,
  info = health.info or health.report_info,
  warn = health.warn or health.report_warn,
  error = health.error or health.report_error,
}

local function check_editor()
  report.start('halley: Neovim')
  if vim.fn.has('nvim-0.7') == 1 then
    report.ok('Neovim is 0.7 or newer')
  else
    report.error('Neovim 0.7 or newer is needed')
  end
  if vim.fn.executable('halley') == 1 then
    report.ok('halley is ' .. vim.fn.exepath('halley'))
  else
    report.info('the command halley is not in PATH; this plugin does not need it')
  end
end

local function check_daemon()
  report.start('halley: the daemon')
  report.info('sockets, in order: ' .. table.concat(rpc.paths(), ', '))
  local err, status = rpc.call('daemon.status', {}, 3000)
  if err then
    report.error(errors.text(err), { errors.start_hint })
    return nil
  end
  local path = rpc.connected()
  report.ok(('halleyd %s answers at %s'):format(status.version or '?', path or '?'))
  for _, fault in ipairs((status.configuration or {}).errors or {}) do
    report.error(type(fault) == 'string' and fault or vim.inspect(fault),
      { 'see: halley config check' })
  end
  return status
end

local function check_upstreams(status)
  report.start('halley: upstreams and models')
  for _, upstream in ipairs(status.upstreams or {}) do
    local text = ('%s: %s'):format(upstream.name or '?', upstream.base_url or '?')
    if upstream.breaker == 'open' then
      report.warn(text .. ' is not asked for a while, since it failed too often')
    else
      report.info(text)
    end
  end
  local err, list = rpc.call('models.list', {}, 10000)
  if err then
    report.warn('the models can not be listed: ' .. errors.text(err))
  elseif #list.data == 0 then
    report.warn('no upstream lists a model')
  else
    report.ok(('%d models are listed'):format(#list.data))
  end
  local model = config.get().model
  if not model then return report.info("the daemon's default model answers") end
  for _, listed in ipairs(list and list.data or {}) do
    if listed.id == model then return report.ok('the model is ' .. model) end
  end
  report.warn('the model is ' .. model .. ', which no upstream lists')
end

function M.check()
  check_editor()
  local status = check_daemon()
  if status then check_upstreams(status) end
end

return M
