-- The draft at the end of a chat, and its own undo.
--
-- What comes from the daemon can not be undone, and the editor keeps no history around such a change.
-- The draft's is made again after each.
local changes = require('halley.changes')

local Draft = {}
Draft.__index = Draft

local most_states = 100
-- Of the time at most one part in so many goes into history.
local pace = 5

--- The draft of a buffer. start() is the row where it begins, write(change) changes the buffer
--- without a step of undo.
function Draft.new(buf, start, write)
  local self = setmetatable({ buf = buf, start = start, write = write, pause_ms = 0 }, Draft)
  self.release = changes.follow(buf, function(_, _, _, writer)
    if writer == self then return end
    vim.schedule(function() self:record() end)
  end)
  self:forget()
  return self
end

function Draft:lines()
  return vim.api.nvim_buf_get_lines(self.buf, self.start(), -1, false)
end

function Draft:text() return vim.trim(table.concat(self:lines(), '\n')) end

function Draft:number() return vim.api.nvim_buf_call(self.buf, vim.fn.changenr) end

--- Begins a history with the draft as it is.
function Draft:forget()
  self.states = { { number = self:number(), lines = self:lines() } }
  self.index = 1
  self.is_typing = false
end

function Draft:set(text)
  self.write(function()
    vim.api.nvim_buf_set_lines(
      self.buf, self.start(), -1, false, vim.split(text, '\n', { plain = true }))
  end)
  self:forget()
end

-- MARK: Keeping

local function is_inserting(buf)
  return vim.api.nvim_get_current_buf() == buf
    and vim.api.nvim_get_mode().mode:find('^[iR]') ~= nil
end

-- The state that undo or redo has come to: the nearest that reads so.
function Draft:known(lines)
  local best
  for index, state in ipairs(self.states) do
    local distance = math.abs(index - self.index)
    if vim.deep_equal(state.lines, lines) and (not best or distance < math.abs(best - self.index)) then
      best = index
    end
  end
  return best
end

function Draft:add(state)
  for index = #self.states, self.index + 1, -1 do self.states[index] = nil end
  table.insert(self.states, state)
  if #self.states > most_states then table.remove(self.states, 1) end
  self.index = #self.states
end

--- Notes what the draft is now, after a change of the user's.
function Draft:record()
  if self.is_closed or not vim.api.nvim_buf_is_loaded(self.buf) then return end
  local lines, number = self:lines(), self:number()
  local state = self.states[self.index]
  local inserting = is_inserting(self.buf)
  if not vim.deep_equal(state.lines, lines) then
    local known = number <= self:latest() and self:known(lines)
    local goes_on = inserting and self.is_typing or number == state.number and self.index > 1
    if known and not inserting then
      self.index = known
    elseif goes_on then
      state.lines, state.number = lines, number
    else
      self:add({ number = number, lines = lines })
      self.is_typing = inserting
    end
  end
  if not inserting then self.is_typing = false end
end

function Draft:latest()
  local latest = 0
  for _, state in ipairs(self.states) do latest = math.max(latest, state.number) end
  return latest
end

-- MARK: Making again

--- Changes the conversation above the draft, and keeps the draft's history.
function Draft:beside(change)
  if self.is_rebuilding then return change() end
  self:record()
  self.write(change)
  if is_inserting(self.buf) or self.is_waiting then
    self.is_stale = true
  elseif self.pause_ms == 0 then
    self:rebuild()
  else
    self.is_stale, self.is_waiting = true, true
    vim.defer_fn(function()
      self.is_waiting = false
      self:refresh()
    end, self.pause_ms)
  end
end

--- Makes the history again where that waits, such as for the end of an insertion.
function Draft:refresh()
  if self.is_closed or not vim.api.nvim_buf_is_loaded(self.buf) then return end
  self:record()
  if self.is_stale and not is_inserting(self.buf) then self:rebuild() end
end

--- Undoes or does again, by one of the editor's commands.
function Draft:travel(command)
  self:refresh()
  vim.cmd('normal! ' .. vim.v.count1 .. command)
end

function Draft:put(lines)
  vim.api.nvim_buf_set_lines(self.buf, self.start(), -1, false, lines)
end

function Draft:rebuild()
  self.is_stale = false
  local started = vim.loop.hrtime()
  local views = {}
  for _, window in ipairs(vim.fn.win_findbuf(self.buf)) do
    views[window] = vim.api.nvim_win_call(window, vim.fn.winsaveview)
  end
  changes.write(self, function() vim.api.nvim_buf_call(self.buf, function() self:replay() end) end)
  for window, view in pairs(views) do
    vim.api.nvim_win_call(window, function() vim.fn.winrestview(view) end)
  end
  local cost_ms = (vim.loop.hrtime() - started) / 1e6
  self.pause_ms = cost_ms < 10 and 0 or math.floor(cost_ms * pace)
end

function Draft:replay()
  local is_modified = vim.bo[self.buf].modified
  if #self.states > 1 then self.write(function() self:put(self.states[1].lines) end) end
  self.states[1].number = vim.fn.changenr()
  for index = 2, #self.states do
    vim.cmd('let &g:undolevels = &g:undolevels')
    self:put(self.states[index].lines)
    self.states[index].number = vim.fn.changenr()
  end
  for _ = self.index + 1, #self.states do vim.cmd('silent undo') end
  vim.bo[self.buf].modified = is_modified
end

function Draft:close()
  self.is_closed = true
  self.release()
end

return Draft
