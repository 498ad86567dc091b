-- The daemon asks whether a tool may run.
--
-- The question is shown where it takes no key: what is being typed while it appears is no consent.
-- :HalleyApprove goes to it, or answers it.
local errors = require('halley.errors')

local M = {}

local decisions = { yes = 'allow', always = 'allow_session', no = 'deny' }

-- The questions that are open; the first is shown.
local open = {}
local show

local function one_line(value)
  if value == nil or value == vim.NIL then return '' end
  local text = type(value) == 'string' and value or vim.json.encode(value)
  return (text:gsub('%c+', ' '))
end

-- About a definition that changed there is nothing to allow for a while.
local function words(question)
  return question.params.definition == true and { 'yes', 'no' } or { 'yes', 'always', 'no' }
end

-- MARK: What is shown

local function wrapped(text, width, most)
  local lines = {}
  while text ~= '' and #lines < most do
    local line = vim.fn.strcharpart(text, 0, width)
    table.insert(lines, line)
    text = text:sub(#line + 1)
  end
  if text ~= '' then lines[#lines] = vim.fn.strcharpart(lines[#lines], 0, width - 1) .. '…' end
  return lines
end

local function question_lines(question, width)
  local params = question.params
  local title = one_line(params.title)
  local lines
  if params.definition == true then
    lines = wrapped(('The definition of the tool %s is not the one that was approved. It says now:')
      :format(one_line(params.tool)), width, 4)
  else
    lines = wrapped(('The model wants to run %s%s:'):format(
      one_line(params.tool), title ~= '' and (' (%s)'):format(title) or ''), width, 4)
  end
  vim.list_extend(lines, wrapped(one_line(params.arguments), width, 12))
  table.insert(lines, '')
  vim.list_extend(lines,
    wrapped((':HalleyApprove %s; without a word it comes here'):format(
      table.concat(words(question), '|')), width, 3))
  vim.list_extend(lines, wrapped(params.definition == true
    and 'here: y takes the new definition, n does not'
    or 'here: y this time, a always in this session, n no', width, 2))
  return lines
end

local function close_window(question)
  if question.window and vim.api.nvim_win_is_valid(question.window) then
    pcall(vim.api.nvim_win_close, question.window, true)
  end
  question.window = nil
end

local function decide(question, word)
  for index, other in ipairs(open) do
    if other == question then table.remove(open, index) end
  end
  close_window(question)
  question.reply({ decision = decisions[word] })
  show()
end

local function map_keys(question, buf)
  local keys = { y = 'yes', n = 'no', q = 'no', ['<Esc>'] = 'no' }
  if question.params.definition ~= true then keys.a = 'always' end
  for key, word in pairs(keys) do
    vim.keymap.set('n', key, function() decide(question, word) end, { buffer = buf, nowait = true })
  end
end

local function open_window(question)
  local width = math.max(20, math.min(72, vim.o.columns - 4))
  local lines = question_lines(question, width)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable = false
  map_keys(question, buf)
  question.window = vim.api.nvim_open_win(buf, false, {
    relative = 'editor', anchor = 'NE', row = 1, col = vim.o.columns - 1, width = width,
    height = math.max(1, math.min(#lines, vim.o.lines - 4)), style = 'minimal', border = 'single',
  })
  vim.wo[question.window].winhighlight = 'NormalFloat:HalleyApprove'
end

show = function()
  local question = open[1]
  if not question or question.window then return end
  -- Such as in the window of the command line, no other can be opened.
  if not pcall(open_window, question) then return vim.defer_fn(show, 100) end
  errors.warn(('may %s run? :HalleyApprove %s'):format(
    one_line(question.params.tool), table.concat(words(question), '|')))
end

-- MARK: For the rest of the plugin

--- Asks the user, one question after the other.
function M.ask(params, reply)
  table.insert(open, { params = params, reply = reply })
  show()
end

--- Takes back the questions of a request that has ended, or all.
function M.withdraw(request)
  for index = #open, 1, -1 do
    local question = open[index]
    if request == nil or question.params.request == request then
      table.remove(open, index)
      close_window(question)
    end
  end
  if #open > 0 then show() end
end

--- Answers the question that is shown, or goes to it where no word is given.
function M.answer(word)
  local question = open[1]
  if not question then return errors.inform('nothing waits for your consent') end
  if word == '' then
    if not question.window then return show() end
    vim.cmd('stopinsert')
    vim.api.nvim_set_current_win(question.window)
    -- What was typed before the question was read is no answer.
    while vim.fn.getchar(0) ~= 0 do end
    return
  end
  if not vim.tbl_contains(words(question), word) then
    return errors.report(('%q found, %s expected'):format(word, table.concat(words(question), ', ')))
  end
  decide(question, word)
end

--- The words that :HalleyApprove takes.
function M.complete(lead)
  return vim.tbl_filter(function(word) return vim.startswith(word, lead) end,
    open[1] and words(open[1]) or { 'yes', 'always', 'no' })
end

return M
