-- The daemon reads UTF-8 strictly, a buffer may hold anything.
local M = {}

local replacement = '\239\191\189'

-- The ranges of the second byte by the first (Unicode, table 3-7), and the bytes of the sequence.
local function shape(first)
  if first >= 0xC2 and first <= 0xDF then return 2, 0x80, 0xBF end
  if first == 0xE0 then return 3, 0xA0, 0xBF end
  if first == 0xED then return 3, 0x80, 0x9F end
  if first >= 0xE1 and first <= 0xEF then return 3, 0x80, 0xBF end
  if first == 0xF0 then return 4, 0x90, 0xBF end
  if first >= 0xF1 and first <= 0xF3 then return 4, 0x80, 0xBF end
  if first == 0xF4 then return 4, 0x80, 0x8F end
end

-- The end of the sequence that starts there, or nil if it is not valid.
local function sequence_end(text, start)
  local length, low, high = shape(text:byte(start))
  if not length or start + length - 1 > #text then return nil end
  local second = text:byte(start + 1)
  if second < low or second > high then return nil end
  for index = start + 2, start + length - 1 do
    local byte = text:byte(index)
    if byte < 0x80 or byte > 0xBF then return nil end
  end
  return start + length - 1
end

local function repaired_run(run)
  local pieces, index = {}, 1
  while index <= #run do
    local last = sequence_end(run, index)
    table.insert(pieces, last and run:sub(index, last) or replacement)
    index = (last or index) + 1
  end
  return table.concat(pieces)
end

--- The text with U+FFFD in the place of each byte that is no UTF-8.
function M.repair(text)
  if not text:find('[\128-\255]') then return text end
  return (text:gsub('[\128-\255]+', repaired_run))
end

return M
