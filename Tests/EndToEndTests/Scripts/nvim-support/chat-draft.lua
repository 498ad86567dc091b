-- What a chat must not lose: drafts, turns, and what is written elsewhere.
local t = require('harness')

local function chat(name, metadata, options)
  local nvim = t.editor(metadata, options)
  nvim:command('HalleyChat ' .. name)
  nvim:await_chat()
  return nvim
end

local function shell(name, text, metadata)
  return t.halley({ '-C', name, '--param', 'metadata=' .. vim.json.encode(metadata), text })
end

local function draft(nvim)
  local lines = nvim:lines()
  for index = #lines, 1, -1 do
    if lines[index] == '## You' then
      return table.concat(vim.list_slice(lines, index + 1), '\n')
    end
  end
end

local function await_draft(nvim, text)
  t.eventually('the draft is ' .. text, function() return draft(nvim) == text end)
end

t.test('a draft is undone and done again while an answer streams', function()
  local nvim = chat('undone')
  nvim:type('Gione<Esc>A two<Esc>othree<Esc>')
  await_draft(nvim, 'one two\nthree')
  local job = shell('undone', 'question', { words = '60', rate = '40' })
  nvim:await_text('No model is')
  for _, text in ipairs({ 'one two', 'one', '' }) do
    nvim:type('u')
    await_draft(nvim, text)
    vim.wait(80)
  end
  nvim:type('<C-r><C-r>')
  await_draft(nvim, 'one two')
  nvim:type('A, four<Esc>')
  await_draft(nvim, 'one two, four')
  vim.fn.jobwait({ job })
  t.eventually('the answer has ended', function() return not nvim:text():find('answers …') end)
end)

t.test('what is typed in Insert mode while an answer streams is undone as one step', function()
  local nvim = chat('typed')
  nvim:type('Gibefore<Esc>')
  local job = shell('typed', 'question', { words = '40', rate = '40' })
  nvim:await_text('No model is')
  nvim:type('A')
  for letter in ('abcdefgh'):gmatch('.') do
    nvim:type(letter)
    vim.wait(40)
  end
  nvim:type('<Esc>')
  await_draft(nvim, 'beforeabcdefgh')
  vim.fn.jobwait({ job })
  nvim:type('u')
  await_draft(nvim, 'before')
  nvim:type('u')
  await_draft(nvim, '')
end)

t.test(':w FILE writes the file and sends nothing', function()
  local nvim = chat('filed', { text = 'an answer' })
  local file = t.tmp .. '/filed.md'
  nvim:type('Gihalf a thought<Esc>')
  await_draft(nvim, 'half a thought')
  nvim:command('write ' .. file)
  t.equal(vim.fn.readfile(file), { '## You', 'half a thought' })
  nvim:command('2write! ' .. file)
  t.equal(vim.fn.readfile(file), { 'half a thought' })
  nvim:command('1write >> ' .. file)
  t.equal(vim.fn.readfile(file), { 'half a thought', '## You' })
  -- Newer ones refuse it by themselves.
  if pcall(nvim.command, nvim, 'write ' .. file) then
    t.contains(nvim:notes(), 'exists; :w! writes it nevertheless')
  end
  t.equal(vim.fn.readfile(file), { 'half a thought', '## You' })
  vim.wait(200)
  await_draft(nvim, 'half a thought')
  t.equal(#t.rpc('conversations.items.list', { conversation = 'filed' }).data, 0)
  nvim:command('2write!')
  t.contains(nvim:notes(), 'only the whole draft is sent')
  nvim:command('write')
  nvim:await_text('an answer')
end)

t.test('however often a chat is read again, :w sends once and says nothing else', function()
  local nvim = chat('reread', { text = 'an answer' })
  for _ = 1, 4 do
    nvim:command('edit!')
    nvim:await_chat()
  end
  t.equal(nvim:lua([[return #vim.api.nvim_get_autocmds({ event = 'BufWriteCmd', buffer = 0 })]]), 1)
  t.equal(nvim:lua([[return #vim.api.nvim_get_autocmds({ event = 'BufUnload', buffer = 0 })]]), 1)
  nvim:type('Gia question<Esc>')
  await_draft(nvim, 'a question')
  nvim:command('write')
  nvim:await_text('an answer')
  t.equal(nvim:notes(), '')
end)

t.test('turns that were seen live are shown once after the connection came back', function()
  local daemon = t.daemon()
  local nvim = chat('double', { text = 'an answer' }, { socket = daemon.socket })
  for _, question in ipairs({ 'first', 'second' }) do
    nvim:command('Halley ' .. question)
    t.eventually('the turn has ended', function()
      return nvim:text():find(question .. '\n\n## Assistant\n\nan answer\n', 1, true)
    end)
  end
  daemon:halley({ '--no-cache', '-C', 'double', '--param', 'metadata={"text":"of the shell"}', 'more' })
  nvim:await_text('of the shell')
  local before = nvim:text()
  daemon:kill()
  nvim:await_note('the connection to halleyd was lost')
  daemon:start()
  nvim:await_note('double is connected again')
  t.equal(nvim:text(), before)
  daemon:halley({ '--no-cache', '-C', 'double', '--param', 'metadata={"text":"back again"}', 'at last' })
  nvim:await_text('back again')
  t.equal(nvim:text(), before:gsub('## You\n$', '')
    .. '## User\n\nat last\n\n## Assistant\n\nback again\n\n## You\n')
end)

t.test('a turn that the model failed is given back', function()
  for name, metadata in pairs({
    failed = { stream_error = 'nested:2', error_message = 'no tea' },
    refused = { status = '400', error_message = 'no tea' },
  }) do
    local nvim = chat(name, metadata)
    nvim:type('Gia question<Esc>')
    await_draft(nvim, 'a question')
    nvim:command('write')
    t.eventually('the fault is told', function() return nvim:notes() ~= '' end)
    await_draft(nvim, 'a question')
  end
end)

t.test('a turn that failed stands before a draft that was begun meanwhile', function()
  local nvim = chat('meanwhile',
    { status = '400', error_message = 'no tea', header_delay_ms = '300' })
  nvim:command('Halley a question')
  nvim:type('Ginext<Esc>')
  nvim:await_note('no tea')
  await_draft(nvim, 'a question\n\nnext')
end)

t.test('a turn that waits for a running answer is shown as queued', function()
  local nvim = chat('queued', { text = 'an answer' })
  local job = shell('queued', 'question', { words = '30', rate = '20' })
  nvim:await_text('No model is')
  nvim:command('Halley wait for me')
  local function shown()
    return nvim:lua([[
      local text = {}
      local namespace = vim.api.nvim_get_namespaces()['halley.chat']
      for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
        for _, line in ipairs(vim.list_extend({ mark[4].virt_text or {} }, mark[4].virt_lines or {})) do
          for _, chunk in ipairs(line) do table.insert(text, chunk[1]) end
        end
      end
      return table.concat(text, ' ')
    ]])
  end
  t.eventually('it is queued', function() return shown():find('queued: wait for me', 1, true) end)
  vim.fn.jobwait({ job })
  nvim:await_text('wait for me\n\n## Assistant\n\nan answer')
  t.equal(shown():find('queued', 1, true), nil)
end)

t.test('a conversation that was deleted and begun anew is followed', function()
  local nvim = chat('anew', { text = 'an answer' })
  nvim:command('Halley question')
  nvim:await_text('an answer')
  t.rpc('conversations.delete', { conversation = 'anew' })
  nvim:await_text('*(the conversation was deleted)*')
  vim.fn.jobwait({ shell('anew', 'hello again', { text = 'a new one' }) })
  nvim:await_text('a new one')
end)
