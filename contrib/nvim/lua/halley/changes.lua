-- Who follows a buffer is told of each change of its lines, and where lines of it have gone.
local M = {}

-- The followers, by buffer.
local followers = {}

-- What this plugin writes by itself is told with this as the writer.
local writer

local function attach(buf)
  return vim.api.nvim_buf_attach(buf, false, {
    on_lines = function(_, _, _, first, last, new_last)
      if not followers[buf] then return true end
      for _, follower in ipairs(vim.list_extend({}, followers[buf])) do
        follower(first, last, new_last, writer)
      end
    end,
    on_reload = function()
      -- All of the text was read again.
      local count = vim.api.nvim_buf_line_count(buf)
      for _, follower in ipairs(vim.list_extend({}, followers[buf] or {})) do
        follower(0, math.huge, count, writer)
      end
    end,
    on_detach = function() followers[buf] = nil end,
  })
end

--- Calls follower(first, last, new_last, writer) after lines first to last (from 0, the end
--- exclusive) have been replaced by those up to new_last. Returns what ends that.
function M.follow(buf, follower)
  if not followers[buf] then
    followers[buf] = {}
    attach(buf)
  end
  table.insert(followers[buf], follower)
  return function()
    for index, other in ipairs(followers[buf] or {}) do
      if other == follower then table.remove(followers[buf], index) end
    end
    if followers[buf] and #followers[buf] == 0 then followers[buf] = nil end
  end
end

--- Makes a change on behalf of a writer, whom followers are told.
function M.write(by, change)
  local before = writer
  writer = by
  local is_done, message = pcall(change)
  writer = before
  if not is_done then error(message, 0) end
end

--- Inserts lines at a position. Those that begin behind a line's end come below it: in the midst of
--- a long line the editor would take it apart.
function M.insert(buf, row, col, lines)
  local line = vim.api.nvim_buf_get_lines(buf, row, row + 1, false)[1]
  if #lines > 1 and lines[1] == '' and line and col == #line then
    vim.api.nvim_buf_set_lines(buf, row + 1, row + 1, false, vim.list_slice(lines, 2))
  else
    vim.api.nvim_buf_set_text(buf, row, col, row, col, lines)
  end
end

-- MARK: A range of lines

local Range = {}
Range.__index = Range

-- Where a range is that was not replaced whole by a change of lines.
local function moved(first, last, from, to, new_to)
  local by = new_to - to
  if to <= first then return first + by, last + by end
  if from >= last then return first, last end
  if from < first then return new_to, last + by end
  if to > last then return first, from end
  return first, last + by
end

-- The row from which on the original lines stand among those up to another, or nil.
function Range:search(from, to)
  local lines = vim.api.nvim_buf_get_lines(self.buf, from, to, false)
  for start = 1, #lines - #self.original + 1 do
    if lines[start] == self.original[1]
      and vim.deep_equal(vim.list_slice(lines, start, start + #self.original - 1), self.original) then
      return from + start - 1
    end
  end
end

-- All of the range was replaced, and others with it perhaps.
function Range:replaced(from, to, new_to)
  if from == self.first and to == self.last and new_to > from then
    self.last = new_to
    return
  end
  local found = self:search(from, new_to)
  if found then
    self.first, self.last = found, found + #self.original
  elseif to ~= new_to then
    self.gone_at = from
  end
end

function Range:follow(from, to, new_to)
  if to == math.huge then to = new_to end
  if self.gone_at then
    -- Undo brings back what was taken.
    local found = from <= self.gone_at and new_to > self.gone_at and self:search(from, new_to)
    if found then
      self.first, self.last, self.gone_at = found, found + #self.original, nil
    elseif to <= self.gone_at then
      self.gone_at = self.gone_at + new_to - to
    end
  elseif from <= self.first and to >= self.last and to > from then
    self:replaced(from, to, new_to)
  else
    self.first, self.last = moved(self.first, self.last, from, to, new_to)
  end
end

--- Follows lines (from 0, the end exclusive) while the text around them changes. A line that is
--- opened above or below is none of them.
function M.range(buf, first, last)
  local self = setmetatable({ buf = buf, first = first, last = last,
    original = vim.api.nvim_buf_get_lines(buf, first, last, false) }, Range)
  self.release = M.follow(buf, function(...) self:follow(...) end)
  return self
end

--- The lines where they are now, or nil if they are gone.
function Range:lines()
  if self.gone_at or not vim.api.nvim_buf_is_loaded(self.buf) then return nil end
  return self.first, self.last
end

--- Whether they say what they said.
function Range:is_unchanged()
  local first, last = self:lines()
  return first ~= nil
    and vim.deep_equal(vim.api.nvim_buf_get_lines(self.buf, first, last, false), self.original)
end

return M
