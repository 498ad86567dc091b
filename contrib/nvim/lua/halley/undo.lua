-- One answer is one step of undo, whatever else is written into its buffer meanwhile.
--
-- The editor's steps follow one another in time, so what was changed in mid-answer cuts the answer
-- in two. When the last answer in a buffer has ended, the history from the first one on is made
-- again: each answer whole where it began, each other change after it as a step of its own.
local changes = require('halley.changes')

local M = {}

-- What was written while answers run, by buffer.
local journals = {}

local Journal = {}
Journal.__index = Journal

-- Among more lines than these, the history stays as it is.
local most_lines = 50000

local function changenr(buf)
  return vim.api.nvim_buf_call(buf, vim.fn.changenr)
end

local function count(text) return select(2, text:gsub('\n', '')) end

-- MARK: Keeping

--- Begins to keep a journal for a stream, which is about to write its first text.
function M.begin(buf, stream)
  local self = journals[buf]
  if not self then
    self = setmetatable({ buf = buf, entries = {}, open = {} }, Journal)
    journals[buf] = self
    self.release = changes.follow(buf, function(...) self:changed(...) end)
  end
  self.open[stream] = true
end

--- Notes what a stream has written there.
function M.wrote(buf, stream, row, col, text)
  local self = journals[buf]
  if self then
    self.first = self.first or changenr(buf)
    table.insert(self.entries, { stream = stream, row = row, col = col, text = text })
  end
end

function Journal:changed(first, last, new_last, writer)
  if writer or self.is_broken then return end
  local number = changenr(self.buf)
  self.number = number
  -- An undo has its number only when it is over.
  vim.schedule(function() self:look_for_undo() end)
  if last == math.huge or new_last - first > most_lines then return self:give_up() end
  table.insert(self.entries, { first = first, last = last, number = number,
    lines = vim.api.nvim_buf_get_lines(self.buf, first, new_last, false) })
end

function Journal:give_up()
  self.is_broken = true
  self.entries = {}
end

-- After an undo there are two histories, and the user's own is the one to keep.
function Journal:look_for_undo()
  if self.number and vim.api.nvim_buf_is_loaded(self.buf) and changenr(self.buf) < self.number then
    self:give_up()
  end
end

-- Whether an answer was cut in two.
function Journal:is_mixed()
  local begun, latest = {}, nil
  for _, entry in ipairs(self.entries) do
    local writer = entry.stream or 'user'
    if entry.stream and begun[writer] and latest ~= writer then return true end
    begun[writer], latest = true, writer
  end
  return false
end

-- MARK: The order anew

-- The texts of the streams.
local function whole_texts(entries)
  local pieces = {}
  for _, entry in ipairs(entries) do
    if entry.stream then
      pieces[entry.stream] = pieces[entry.stream] or {}
      table.insert(pieces[entry.stream], entry.text)
    end
  end
  return vim.tbl_map(table.concat, pieces)
end

-- How much further down a row is when the answers above it are whole already; nil in the line
-- that an answer is going on in.
local function shift(answers, first, last)
  local by = 0
  for _, answer in pairs(answers) do
    if first > answer.last_row then
      by = by + answer.missing
    elseif last > answer.last_row then
      return nil
    end
  end
  return by
end

local function move(answers, last, by, except)
  for _, answer in pairs(answers) do
    if answer ~= except and last <= answer.last_row then answer.last_row = answer.last_row + by end
  end
end

-- The steps that make the same text, or nil where there are none.
local function ordered(entries)
  local texts, answers, steps = whole_texts(entries), {}, {}
  for _, entry in ipairs(entries) do
    local answer = entry.stream and answers[entry.stream]
    if answer then
      local lines = count(entry.text)
      move(answers, entry.row + 1, lines, answer)
      answer.last_row, answer.missing = answer.last_row + lines, answer.missing - lines
    elseif entry.stream then
      local by = shift(answers, entry.row, entry.row + 1)
      if not by then return nil end
      local text, lines = texts[entry.stream], count(entry.text)
      move(answers, entry.row + 1, lines)
      answers[entry.stream] = { last_row = entry.row + lines, missing = count(text) - lines }
      table.insert(steps, { row = entry.row + by, col = entry.col, text = text })
    else
      local by = shift(answers, entry.first, entry.last)
      if not by then return nil end
      move(answers, entry.last, #entry.lines - (entry.last - entry.first))
      table.insert(steps, { first = entry.first + by, last = entry.last + by,
        lines = entry.lines, number = entry.number })
    end
  end
  return steps
end

-- Undoes the change of that number, and all after it.
local function undo_to(number)
  while vim.fn.changenr() >= number do
    local before = vim.fn.changenr()
    vim.cmd('silent undo')
    if vim.fn.changenr() == before then error('there is nothing left to undo') end
  end
end

local function perform(buf, steps)
  local number
  for _, step in ipairs(steps) do
    if step.number and step.number == number then
      vim.cmd('undojoin')
    else
      vim.cmd('let &g:undolevels = &g:undolevels')
    end
    number = step.number
    if step.text then
      changes.insert(buf, step.row, step.col,
        vim.split(step.text, '\n', { plain = true }))
    else
      vim.api.nvim_buf_set_lines(buf, step.first, step.last, true, step.lines)
    end
  end
end

-- Makes the history anew; where that does not come to the same text, it stays as it is.
function Journal:replay(steps)
  local buf = self.buf
  local lines, latest = vim.api.nvim_buf_get_lines(buf, 0, -1, false), changenr(buf)
  local is_modified = vim.bo[buf].modified
  local views = {}
  for _, window in ipairs(vim.fn.win_findbuf(buf)) do
    views[window] = vim.api.nvim_win_call(window, vim.fn.winsaveview)
  end
  vim.api.nvim_buf_call(buf, function()
    local is_done = pcall(function()
      undo_to(self.first)
      perform(buf, steps)
    end)
    local is_same = vim.deep_equal(vim.api.nvim_buf_get_lines(buf, 0, -1, false), lines)
    if not (is_done and is_same) then vim.cmd('silent undo ' .. latest) end
  end)
  vim.bo[buf].modified = is_modified
  for window, view in pairs(views) do
    vim.api.nvim_win_call(window, function() vim.fn.winrestview(view) end)
  end
end

function Journal:close()
  self.release()
  journals[self.buf] = nil
  self:look_for_undo()
  if self.is_broken or not vim.api.nvim_buf_is_loaded(self.buf) or not self:is_mixed() then return end
  if not vim.bo[self.buf].modifiable or vim.api.nvim_buf_line_count(self.buf) > most_lines then
    return
  end
  local steps = ordered(self.entries)
  if steps then changes.write(self, function() self:replay(steps) end) end
end

-- Undo is of Normal mode; in the midst of an insertion it would take away what is being typed.
function Journal:close_in_normal_mode()
  if vim.api.nvim_get_current_buf() ~= self.buf or vim.api.nvim_get_mode().mode == 'n' then
    return self:close()
  end
  vim.api.nvim_create_autocmd('ModeChanged', {
    pattern = '*:n',
    once = true,
    callback = function()
      if journals[self.buf] == self and next(self.open) == nil then self:close_in_normal_mode() end
    end,
  })
end

--- Ends a stream's part of the journal. Its buffer may be gone.
function M.finish(buf, stream)
  local self = journals[buf]
  if not self then return end
  self.open[stream] = nil
  if not vim.api.nvim_buf_is_loaded(buf) then
    journals[buf] = nil
  elseif next(self.open) == nil then
    self:close_in_normal_mode()
  end
end

return M
