-- Where a text goes on that another program, such as a formatter, has written anew.
local M = {}

-- Of a long text its end is enough.
local most_lines = 400

local function blank_free(lines)
  return #vim.tbl_filter(function(line) return line:find('%S') ~= nil end, lines)
end

-- The hunks by which the lines became others, white space aside.
local function hunks_of(old, new)
  return vim.diff(table.concat(old, '\n') .. '\n', table.concat(new, '\n') .. '\n',
    { result_type = 'indices', ignore_whitespace = true })
end

-- How many of the old lines with text still stand, and where the last one went.
local function compare(old, new)
  local kept, last = blank_free(old), #new
  local by = 0
  for _, hunk in ipairs(hunks_of(old, new)) do
    local old_first, old_count, new_first, new_count = unpack(hunk)
    kept = kept - blank_free(vim.list_slice(old, old_first, old_first + old_count - 1))
    -- A hunk without old lines comes after the line that it names.
    local reach = old_count == 0 and old_first or old_first + old_count - 1
    if old_count > 0 and reach >= #old then
      return kept, new_count > 0 and new_first + math.min(old_count, new_count) - 1 or nil
    end
    if reach >= #old then return kept, #old + by end
    by = by + new_count - old_count
    last = #old + by
  end
  return kept, #old + by <= #new and #old + by or last
end

--- The row in the buffer of the last line of a text, which stood with others in the rows first to
--- last and is now between first and new_last, or nil if it is not there any more.
function M.find(buf, text, row, change)
  local old = text
  if #old > most_lines then old = vim.list_slice(old, #old - most_lines + 1) end
  local new = vim.api.nvim_buf_get_lines(buf, change.first, change.new_last, false)
  if #new == 0 then return nil end
  local kept, index = compare(old, new)
  if index and kept > 0 and kept * 2 >= blank_free(old) then return change.first + index - 1 end
  -- Of so many lines the same number came back, and this is one of several.
  local is_same_size = change.last == change.new_last
  if is_same_size and change.last - change.first > #text and row then
    local line = vim.api.nvim_buf_get_lines(buf, row, row + 1, false)[1]
    if line and line:find('%S') then return row end
  end
  return nil
end

return M
