-- What goes along, what is told, and other ways on.
local t = require('harness')

t.test(':HalleyAdd lets buffers, files and lists go along until they are dropped', function()
  local nvim = t.editor({ text = 'answer' })
  local file = t.tmp .. '/added.txt'
  vim.fn.writefile({ 'of the file' }, file)
  nvim:command('file here.lua')
  nvim:set({ 'of the buffer' })
  nvim:command('HalleyAdd')
  nvim:command('HalleyAdd ' .. file)
  nvim:lua([[vim.fn.setqflist({ { bufnr = 1, lnum = 7, col = 3, text = 'of the list' } })]])
  nvim:command('HalleyAdd quickfix')
  nvim:lua([[vim.diagnostic.set(vim.api.nvim_create_namespace('x'), 0,
    { { lnum = 0, col = 2, severity = 1, message = 'of the checker' } })]])
  nvim:command('HalleyAdd diagnostics')
  vim.fn.writefile({ 'changed meanwhile' }, file)
  nvim:command('enew')
  nvim:command('Halley! what?')
  nvim:await_end()
  local input = vim.inspect(t.newest_request().input)
  for _, part in ipairs({ 'here.lua:\\n```\\nof the buffer', 'changed meanwhile',
    'here.lua:7:3: of the list', 'here.lua:1:3: error: of the checker', '```\\n\\nwhat?' }) do
    t.contains(input, part)
  end
  t.equal(nvim:lua([[return vim.fn.getcompletion('HalleyDrop q', 'cmdline')]]), { 'quickfix' })
  nvim:command('HalleyDrop quickfix')
  nvim:command('HalleyDrop nothing')
  t.contains(nvim:notes(), '"nothing" found; what goes along is')
  nvim:command('HalleyDrop')
  nvim:command('Halley! what?')
  nvim:await_end()
  t.contains(vim.inspect(t.newest_request().input), '"what?"')
  nvim:command('HalleyAdd /no/such/file')
  t.contains(nvim:notes(), '"/no/such/file" found; a file, quickfix')
end)

t.test('the beginning and the end of an answer are told, with what it used', function()
  local nvim = t.editor({ text = 'one two three' })
  nvim:lua([[
    told = {}
    for _, pattern in ipairs({ 'HalleyStarted', 'HalleyDone' }) do
      vim.api.nvim_create_autocmd('User', { pattern = pattern,
        callback = function() table.insert(told, pattern) end })
    end
  ]])
  t.equal(nvim:lua([[return require('halley').usage()]]), '')
  nvim:command('Halley! count')
  nvim:await_end()
  t.equal(nvim:lua('return told'), { 'HalleyStarted', 'HalleyDone' })
  t.contains(nvim:lua([[return require('halley').usage()]]), ' tokens')
end)

t.test('<Plug> maps begin a command, for a selection with its range', function()
  local nvim = t.editor({ text = 'answer' })
  nvim:set({ 'first', 'second', 'third' })
  nvim:lua([[vim.keymap.set({ 'n', 'x' }, 'gh', '<Plug>(halley-ask)', { remap = true })]])
  nvim:type('ggVjghexplain<CR>')
  nvim:await_text('answer')
  t.equal(nvim:lines(), { 'first', 'second', 'answer', 'third' })
end)

t.test(':HalleyFork goes another way from the turn at the cursor', function()
  for _, text in ipairs({ 'one', 'two' }) do
    t.shell({ os.getenv('HALLEY'), '--no-cache', '-C', 'forked', '--param',
      'metadata={"text":"answer ' .. text .. '"}', 'question ' .. text })
  end
  local nvim = t.editor({})
  nvim:command('HalleyFork')
  t.contains(nvim:notes(), 'no conversation is shown here')
  nvim:command('HalleyChat forked')
  nvim:await_chat()
  nvim:command('/answer one')
  nvim:command('HalleyFork other')
  t.eventually('the fork is shown', function()
    return nvim:request('nvim_buf_get_name', 0):find('halley://chat/other', 1, true)
  end)
  nvim:await_text('answer one')
  nvim:await_chat()
  t.equal(nvim:lines(), { '## User', '', 'question one', '', '## Assistant', '', 'answer one', '',
    '## You', '' })
end)
