-- What went wrong, in words that say what to do next.
local M = {}

M.start_hint = 'start it with: systemctl --user start halley.socket'

local advice = {
  too_large = 'send less at once, or raise limits.line in config.toml',
  busy = 'the conversation is busy; try again when its answer has ended',
  upstream_unreachable = 'check the network and base_url: halley config show',
  upstream_truncated = 'the upstream ended in mid-answer; ask again',
  upstream_timeout = 'the upstream took too long; ask again, or raise the timeouts in config.toml',
  config = 'see: halley config check',
  storage_full = 'make room on the disk that holds the state directory',
}

local function next_step(err)
  local data = err.data or {}
  if data.hint then return data.hint end
  if data.did_you_mean then return 'did you mean ' .. data.did_you_mean .. '?' end
  if data.retry_after_ms then
    return ('try again in %.1f s'):format(data.retry_after_ms / 1000)
  end
  if data.http_status == 401 or data.http_status == 403 then
    return 'check the key of this upstream: halley config show'
  end
  return advice[data.code]
end

--- An error of the client itself, in the shape of the daemon's.
function M.new(code, message, hint)
  return { message = message, data = { code = code, hint = hint } }
end

--- The error for a person, with what to do about it on a line of its own.
function M.text(err)
  local step = next_step(err)
  return (err.message or 'the daemon answered with an error without a message')
    .. (step and ('\n  ' .. step) or '')
end

function M.is(err, code) return err ~= nil and err.data ~= nil and err.data.code == code end

--- Why a response that has ended is not what was asked for, or nil where all is well.
function M.of_response(response)
  if response.status == 'failed' then
    local reason = response.error or {}
    return ('the model failed: %s%s'):format(
      reason.message or 'it did not say why', reason.code and (' (%s)'):format(reason.code) or '')
  end
  if response.status == 'incomplete' then
    local details = response.incomplete_details or {}
    return 'the answer is not whole: ' .. (details.reason or 'no reason was given')
  end
  if response.status == 'cancelled' then return 'the answer was cancelled from elsewhere' end
end

-- MARK: Telling

local levels = vim.log.levels
local highlights = { [levels.WARN] = 'WarningMsg', [levels.ERROR] = 'ErrorMsg' }

--- A text on one line.
function M.line(text) return (text:gsub('%s*\n%s*', '; '):gsub('%c', ' ')) end

-- Whether the user has nothing in the place of the editor's own messages.
local function is_plain()
  return debug.getinfo(vim.notify, 'S').source:find('vim/_', 1, true) ~= nil
end

-- One line, whole in |:messages| and on the screen no longer than there is room for: more would ask
-- for a key to go on, under typing hands.
local show
show = function(line, highlight)
  -- In the midst of a command line there is no room at all.
  if vim.api.nvim_get_mode().mode:find('^[cr]') then
    return vim.defer_fn(function() show(line, highlight) end, 100)
  end
  local before = vim.o.shortmess
  vim.opt.shortmess:append('T')
  vim.cmd('echohl ' .. highlight)
  vim.cmd('echomsg ' .. vim.fn.string(line))
  vim.cmd('echohl None')
  vim.o.shortmess = before
end

local function notify(text, level)
  local line = 'halley: ' .. M.line(text)
  if not is_plain() then return vim.notify(line, level) end
  show(line, highlights[level] or 'None')
end

function M.inform(text) notify(text, levels.INFO) end
function M.warn(text) notify(text, levels.WARN) end
function M.report(text) notify(text, levels.ERROR) end

local namespace = vim.api.nvim_create_namespace('halley.errors')

--- Shows beside a line of a buffer, on that line alone, what went wrong there.
function M.mark(buf, row, text)
  if not vim.api.nvim_buf_is_loaded(buf) then return end
  row = math.min(row, vim.api.nvim_buf_line_count(buf) - 1)
  vim.api.nvim_buf_set_extmark(buf, namespace, row, 0,
    { virt_text = { { ' ✗ ' .. M.line(text), 'HalleyError' } } })
end

--- Takes away what was shown so.
function M.unmark(buf)
  if vim.api.nvim_buf_is_loaded(buf) then
    vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  end
end

return M
