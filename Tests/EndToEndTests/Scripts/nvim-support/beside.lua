-- Answers beside a user, a formatter and other answers that change the same buffer.
local t = require('harness')

local function six(rate) return { text = 'one two three four five six\nseven eight', rate = rate or '15' } end

local function asking(lines, row, metadata)
  local nvim = t.editor(metadata)
  nvim:set(lines)
  -- What a test sets up is no step of its undo.
  nvim:lua([[
    local levels = vim.bo.undolevels
    vim.bo.undolevels = -1
    vim.api.nvim_buf_set_lines(0, 0, 0, false, {})
    vim.cmd('normal! a ' .. '\8')
    vim.bo.undolevels = levels
    vim.bo.modified = false
  ]])
  nvim:request('nvim_win_set_cursor', 0, { row, 0 })
  nvim:command('Halley count')
  nvim:await_text('one two')
  return nvim
end

-- The texts that undo goes through, the newest first.
local function undone(nvim)
  local texts = { nvim:text() }
  for _ = 1, 30 do
    nvim:command('silent undo')
    if nvim:text() == texts[#texts] then break end
    table.insert(texts, nvim:text())
  end
  return texts
end

t.test('a selection below an answer is what was selected when it is deleted', function()
  local nvim = asking({ '', 'keep', 'eat', 'keep too' }, 1, six())
  nvim:type('/^eat<CR>V')
  t.eventually('it is selected', function()
    return nvim:request('nvim_get_mode').mode == 'V'
  end)
  local selected = nvim:request('nvim_win_get_cursor', 0)[1]
  vim.wait(400)
  t.equal(nvim:request('nvim_win_get_cursor', 0)[1], selected)
  local held = nvim:text()
  vim.wait(200)
  t.equal(nvim:text(), held, 'the text in mid-selection')
  nvim:type('d')
  nvim:await_end()
  nvim:await_text('seven eight')
  t.equal(nvim:lines(), { 'one two three four five six', 'seven eight', 'keep', 'keep too' })
end)

t.test('text is held back for an operator and for a command line with line numbers', function()
  for _, keys in ipairs({ 'd', ':3,4', '<C-v>', 'gh' }) do
    local nvim = asking({ '', 'keep' }, 1, six())
    nvim:type('G' .. keys)
    t.eventually('the keys are taken', function()
      return nvim:request('nvim_get_mode').mode ~= 'n'
    end)
    vim.wait(30)
    local held = nvim:text()
    vim.wait(200)
    t.equal(nvim:text(), held, 'the text after ' .. keys)
    nvim:type('<Esc>')
    nvim:await_text('seven eight')
  end
end)

t.test('an answer that ends while text is selected comes whole afterwards', function()
  local nvim = asking({ '', 'keep' }, 1, six('60'))
  nvim:type('GV')
  t.eventually('the answer has ended', function() return nvim:status() == '' end)
  nvim:type('<Esc>')
  nvim:await_text('seven eight')
end)

t.test('two answers that begin on one empty line stand below each other', function()
  local nvim = t.editor({ text = 'aa aa aa aa aa', rate = '20' })
  nvim:set({ 'above', '', 'below' })
  nvim:request('nvim_win_set_cursor', 0, { 2, 0 })
  nvim:command('Halley! first')
  nvim:answer({ text = 'bb bb bb bb bb', rate = '20' })
  nvim:command('Halley! second')
  nvim:await_end()
  nvim:await_text('aa aa aa aa aa')
  t.equal(nvim:lines()[1] .. nvim:lines()[4], 'abovebelow')
  table.sort(nvim:lines())
  local middle = { nvim:lines()[2], nvim:lines()[3] }
  table.sort(middle)
  t.equal(middle, { 'aa aa aa aa aa', 'bb bb bb bb bb' })
end)

t.test('with edits above and below in mid-answer it is one step of undo', function()
  local nvim = asking({ 'above', '', 'below' }, 2, six())
  nvim:type('ggOfirst<Esc>')
  nvim:await_text('three')
  nvim:type('Golast<Esc>')
  nvim:await_text('last')
  nvim:await_end()
  local answer = 'one two three four five six\nseven eight'
  t.equal(nvim:text(), 'first\nabove\n' .. answer .. '\nbelow\nlast')
  t.equal(undone(nvim), {
    'first\nabove\n' .. answer .. '\nbelow\nlast',
    'first\nabove\n' .. answer .. '\nbelow',
    'above\n' .. answer .. '\nbelow',
    'above\n\nbelow',
  })
end)

t.test('two answers at once are two steps of undo, and come back by redo', function()
  local nvim = t.editor({ text = 'aa aa aa aa\naa aa', rate = '20' })
  nvim:set({ '', '---', '' })
  nvim:request('nvim_win_set_cursor', 0, { 1, 0 })
  nvim:command('Halley! first')
  nvim:request('nvim_win_set_cursor', 0, { 3, 0 })
  nvim:command('Halley! second')
  nvim:await_end()
  local whole, answer = nvim:text(), 'aa aa aa aa\naa aa'
  t.equal(whole, answer .. '\n---\n' .. answer)
  nvim:command('undo')
  local first = nvim:text()
  t.equal(first == answer .. '\n---\n' or first == '\n---\n' .. answer, true, 'one of them is there')
  nvim:command('undo')
  t.equal(nvim:text(), '\n---\n')
  nvim:command('redo')
  nvim:command('redo')
  t.equal(nvim:text(), whole)
end)

t.test('what is typed in Insert mode while an answer streams leaves it one step of undo', function()
  local nvim = asking({ '', '' }, 2, six())
  nvim:type('ggi')
  for letter in ('abcdefgh'):gmatch('.') do
    nvim:type(letter)
    vim.wait(20)
  end
  nvim:await_end()
  nvim:type('<Esc>')
  local answer = 'one two three four five six\nseven eight'
  t.eventually('all is there', function() return nvim:text() == 'abcdefgh\n' .. answer end)
  for _, text in ipairs(undone(nvim)) do
    local is_whole = text:find(answer, 1, true) or not text:find('one', 1, true)
    if not is_whole then t.fail('undo left a part: ' .. text) end
  end
  t.equal(nvim:text(), '\n')
end)

t.test('a formatter that writes all lines anew does not end an answer', function()
  local nvim = asking({ 'above', '', 'below' }, 2, six())
  nvim:lua([[
    local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
    vim.api.nvim_buf_set_lines(0, 0, -1, false,
      vim.tbl_map(function(line) return '  ' .. line end, vim.list_extend({ 'new' }, lines)))
  ]])
  nvim:await_end()
  t.equal(nvim:lines(),
    { '  new', '  above', '  one two three four five six', 'seven eight', '  below' })
  t.equal(nvim:notes(), '')
end)

t.test('a language server that edits the line of the answer does not end it', function()
  local nvim = asking({ '', 'below' }, 1, six())
  nvim:lua([[
    local line = vim.api.nvim_buf_get_lines(0, 0, 1, false)[1]
    vim.lsp.util.apply_text_edits({ { newText = '> ' .. line:gsub('%s+$', '') .. '\n', range = {
      start = { line = 0, character = 0 }, ['end'] = { line = 1, character = 0 } } } },
      vim.api.nvim_get_current_buf(), 'utf-8')
  ]])
  nvim:await_end()
  t.equal(nvim:lines(), { '> one two three four five six', 'seven eight', 'below' })
end)

t.test('an answer whose last line is deleted goes nowhere else', function()
  local nvim = asking({ '', 'below' }, 1, six())
  nvim:type('ggdd')
  nvim:await_end()
  t.equal(nvim:lines(), { 'below' })
  t.contains(nvim:notes(), 'the answer was taken out')
end)

-- MARK: Errors

-- Everything that is shown beside lines.
local function virtual_text(nvim)
  return nvim:lua([[
    local namespace = vim.api.nvim_get_namespaces()['halley.errors']
    local found = {}
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
      table.insert(found, { mark[2], mark[4].virt_text[1][1] })
    end
    return found
  ]])
end

t.test('what went wrong stands on one line beside the answer, until the next is asked', function()
  local nvim = t.editor({ text = 'one two', failed = '1', error_message = 'out\nof tea' })
  nvim:set({ 'above', '', 'below' })
  nvim:request('nvim_win_set_cursor', 0, { 2, 0 })
  nvim:command('Halley count')
  nvim:await_note('the model failed: out; of tea')
  t.equal(#virtual_text(nvim), 1, 'the number of marks')
  t.equal(virtual_text(nvim)[1][1], 1, 'the row')
  t.contains(virtual_text(nvim)[1][2], 'the model failed: out; of tea')
  nvim:answer({ text = 'well' })
  nvim:command('Halley count')
  nvim:await_end()
  t.equal(virtual_text(nvim), {})
end)

t.test('an error asks for no key, and is whole in the history', function()
  local nvim = t.editor({}, { socket = t.tmp .. '/' .. ('none'):rep(15) .. '.sock' })
  nvim:lua([[vim.notify = plain_notify]])
  nvim:request('nvim_ui_attach', 60, 10, {})
  nvim:command('Halley count')
  nvim:type('itext')
  t.eventually('it is told', function()
    return nvim:lua([[return vim.fn.execute('messages')]]):find('halley.socket', 1, true)
  end)
  t.equal(nvim:request('nvim_get_mode'), { blocking = false, mode = 'i' })
  nvim:type(' and more<Esc>')
  nvim:await_text('text and more')
end)

-- MARK: Speed

t.test('five megabytes of Markdown, and of one line, hold nobody up', function()
  for _, unit in ipairs({ '## A héading\n\nSome *text* with `code`, and more words.\n', 'wörd after word ' }) do
    local text = unit:rep(math.floor(5000000 / #unit))
    local path = t.fake(function(message, write)
      if message.method ~= 'responses.create' then return end
      for start = 1, #text, 400 * #unit do
        write(vim.json.encode({ jsonrpc = '2.0', method = 'responses.event', params = {
          id = message.id, event = { type = 'response.output_text.delta', item_id = 'm',
            delta = text:sub(start, start + 400 * #unit - 1) } } }) .. '\n')
      end
      write(('{"id":%d,"result":{"status":"completed","output":[]}}\n'):format(message.id))
    end)
    local nvim = t.editor({}, { socket = path })
    nvim:command('set filetype=markdown')
    nvim:command('Halley count')
    local worst = 0
    t.eventually('the answer has come', function()
      local before = vim.loop.hrtime()
      local status = nvim:status()
      worst = math.max(worst, (vim.loop.hrtime() - before) / 1e6)
      return status == ''
    end)
    if worst > 5000 then t.fail(('it did not answer for %d ms'):format(worst)) end
    t.eventually('all of it is there', function()
      return nvim:lua([[return vim.api.nvim_buf_get_offset(0, vim.api.nvim_buf_line_count(0))]])
        >= #text - 1
    end)
  end
end)
