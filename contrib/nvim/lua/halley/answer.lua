-- A running request for an answer, and the list of all that run.
local errors = require('halley.errors')
local rpc = require('halley.rpc')

local M = {}

-- The answers that run, the oldest first.
local running = {}

-- What the last one that ended used, for a status line.
local last_use

local Answer = {}
Answer.__index = Answer

--- The text of a response object: all messages, a blank line between two.
function M.text_of(response)
  local messages = {}
  for _, item in ipairs(response.output or {}) do
    local parts = {}
    for _, part in ipairs(item.type == 'message' and item.content or {}) do
      table.insert(parts, part.text or part.refusal or '')
    end
    if #parts > 0 then table.insert(messages, table.concat(parts)) end
  end
  return table.concat(messages, '\n\n')
end

--- Asks. The handlers: text(delta) for each piece of text; done(outcome) once, at the end, with
--- outcome.message where it is not a whole answer, outcome.is_error where that was not wanted,
--- and outcome.is_orphan where its buffer is going and must not be touched.
---
--- buf is the buffer that the answer belongs to: it is stopped when that is unloaded.
function M.start(buf, params, handlers)
  local self = setmetatable(
    { buf = buf, handlers = handlers, started = vim.fn.reltime() }, Answer)
  table.insert(running, self)
  self.watch = vim.api.nvim_create_autocmd({ 'BufUnload', 'BufWipeout' }, {
    buffer = buf,
    callback = function()
      self.is_orphan = true
      self:stop('its buffer is gone')
    end,
  })
  M.announce('HalleyStarted', { buf = buf })
  self.call = rpc.request('responses.create', params, {
    event = function(event) self:take(event) end,
    done = function(err, response) self:end_call(err, response) end,
  })
  return self
end

function Answer:take(event)
  if self.is_done then return end
  if event.type == 'response.output_text.delta' or event.type == 'response.refusal.delta' then
    if self.item and self.item ~= event.item_id then self.handlers.text('\n\n') end
    self.item = event.item_id or self.item
    self.has_text = true
    self.handlers.text(event.delta or '')
  end
end

function Answer:end_call(err, response)
  if self.is_done then return end
  if err then
    local kept = self.has_text and '\n  the text so far is kept' or ''
    return self:finish({ message = errors.text(err) .. kept, is_error = true })
  end
  -- One that came without deltas has its text in the result only.
  if not self.has_text then self.handlers.text(M.text_of(response)) end
  local fault = errors.of_response(response)
  M.note_use(response)
  self:finish({ message = fault, is_error = fault ~= nil, response = response })
end

function Answer:finish(outcome)
  self.is_done = true
  for index, answer in ipairs(running) do
    if answer == self then table.remove(running, index) end
  end
  -- A buffer that was wiped has taken it along.
  pcall(vim.api.nvim_del_autocmd, self.watch)
  self.handlers.done(outcome)
  local response = outcome.response or {}
  M.announce('HalleyDone', { buf = self.buf, message = outcome.message, id = response.id,
    usage = response.usage, cost_usd = (response.halley or {}).cost_usd })
end

--- Cancels the request; what has come is kept.
function Answer:stop(reason)
  if self.is_done then return end
  self.call.cancel()
  self:finish({
    message = reason and 'stopped: ' .. reason or 'stopped',
    is_stopped = true,
    is_orphan = self.is_orphan,
  })
end

--- Stops the answers of a buffer, or all if it has none. Returns how many those were.
function M.stop(buf)
  local chosen = vim.tbl_filter(function(answer) return answer.buf == buf end, running)
  if #chosen == 0 then chosen = vim.list_extend({}, running) end
  for _, answer in ipairs(chosen) do answer:stop() end
  return #chosen
end

--- Tells those who listen for the event User PATTERN; the data is in Neovim 0.8 and newer.
function M.announce(pattern, data)
  local options = { pattern = pattern, modeline = false }
  if vim.fn.has('nvim-0.8') == 1 then options.data = data end
  pcall(vim.api.nvim_exec_autocmds, 'User', options)
end

--- Keeps what a response has used.
function M.note_use(response)
  local usage, cost = response.usage or {}, (response.halley or {}).cost_usd
  local text = usage.total_tokens and ('%d tokens'):format(usage.total_tokens) or ''
  if type(cost) == 'number' then
    text = ('%s%s$%.4f'):format(text, text == '' and '' or ', ', cost)
  end
  last_use = text
end

--- What the last answer used: "", or its tokens and, where a price is known, its cost.
function M.usage() return last_use or '' end

--- What runs, for a status line: "" or how many for how long.
function M.status()
  if #running == 0 then return '' end
  local seconds = math.floor(vim.fn.reltimefloat(vim.fn.reltime(running[1].started)))
  return #running == 1 and ('halley %d s'):format(seconds)
    or ('halley %d, %d s'):format(#running, seconds)
end

--- Tells how an answer ended, where there is something to tell.
function M.tell(outcome)
  if not outcome.message then return end
  if outcome.is_error then errors.report(outcome.message) else errors.inform(outcome.message) end
end

return M
