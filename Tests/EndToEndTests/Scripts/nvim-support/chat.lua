local t = require('harness')

local halley = os.getenv('HALLEY')

local function say(name, text, metadata)
  return t.shell({ halley, '--no-cache', '-C', name,
    '--param', 'metadata=' .. vim.json.encode(metadata), text })
end

local function chat(name, metadata)
  local nvim = t.editor(metadata)
  nvim:command('HalleyChat ' .. name)
  nvim:await_chat()
  return nvim
end

t.test('a chat shows what was said, and turns of the shell live', function()
  say('live', 'first question', { text = 'first answer' })
  local nvim = chat('live')
  t.equal(nvim:lines(), { '## User', '', 'first question', '', '## Assistant', '', 'first answer',
    '', '## You', '' })
  local job = t.halley({ '-C', 'live', '--param',
    'metadata={"text":"second answer of some words","rate":"10"}', 'second question' })
  nvim:await_text('second answer')
  if nvim:text():find('of some words', 1, true) then t.fail('the answer did not stream') end
  vim.fn.jobwait({ job })
  nvim:await_text('of some words')
  t.equal(vim.list_slice(nvim:lines(), 9), { '## User', '', 'second question', '', '## Assistant',
    '', 'second answer of some words', '', '## You', '' })
end)

t.test('a draft that is written with :w becomes a turn that the shell sees', function()
  local nvim = chat('written', { text = 'an answer' })
  nvim:type('Gia question<CR>of two lines<Esc>:w<CR>')
  nvim:await_text('an answer')
  t.eventually('the turn has ended', function()
    return vim.deep_equal(nvim:lines(), { '## User', '', 'a question', 'of two lines', '',
      '## Assistant', '', 'an answer', '', '## You', '' })
  end)
  t.equal(t.shell({ halley, 'show', 'written' }),
    '## User\n\na question\nof two lines\n\n## Assistant\n\nan answer\n')
  t.equal(nvim:request('nvim_buf_get_option', 0, 'modified'), false, 'modified')
end)

t.test(':Halley in a chat is a turn, and the context of the next', function()
  local nvim = chat('asked', { text = 'an answer' })
  nvim:command('Halley a question')
  nvim:await_text('an answer')
  t.eventually('the turn has ended', function()
    return nvim:lua([[
      return require('halley.chat').of(vim.api.nvim_get_current_buf()).feed.running == nil
    ]])
  end)
  t.contains(say('asked', 'more', { text = 'of the shell' }), 'of the shell')
  nvim:await_text('of the shell')
  t.contains(vim.inspect(t.newest_request().input), 'an answer')
end)

t.test('a range is the context of a turn', function()
  local nvim = chat('ranged', { text = 'an answer' })
  nvim:type('Gione<CR>two<CR>three<Esc>')
  nvim:await_text('three')
  nvim:command('3,4Halley explain')
  nvim:await_text('an answer')
  t.contains(nvim:text(), 'two\nthree\n```\n\nexplain\n\n## Assistant')
end)

t.test('a chat that is read again shows what the daemon has', function()
  local nvim = chat('again', { text = 'an answer' })
  nvim:command('Halley question')
  t.eventually('the turn is stored', function()
    return #t.rpc('conversations.items.list', { conversation = 'again' }).data == 2
  end)
  nvim:await_text('an answer')
  nvim:command('1,3delete')
  nvim:command('edit!')
  t.eventually('it is whole again', function()
    return vim.deep_equal(nvim:lines(), { '## User', '', 'question', '', '## Assistant', '',
      'an answer', '', '## You', '' })
  end)
  nvim:command('Halley more')
  t.eventually('the next turn is shown once', function() return #nvim:lines() == 18 end)
end)

t.test('a draft survives a turn from elsewhere', function()
  local nvim = chat('draft')
  nvim:type('Gihalf a thought')
  nvim:await_text('half a thought')
  say('draft', 'question', { text = 'answer' })
  nvim:await_text('answer')
  nvim:type(', whole<Esc>')
  nvim:await_text('half a thought, whole')
  t.equal(nvim:lines(), { '## User', '', 'question', '', '## Assistant', '', 'answer', '', '## You',
    'half a thought, whole' })
  t.equal(nvim:request('nvim_buf_get_option', 0, 'modified'), true, 'modified')
end)

t.test('items that another client adds appear', function()
  local nvim = chat('items')
  t.rpc('conversations.items.create', { conversation = 'items',
    items = { { type = 'message', role = 'user', content = 'a note' } } })
  nvim:await_text('a note')
end)

t.test('a chat that is opened in mid-answer shows it from its beginning', function()
  say('midway', 'first', { text = 'first answer' })
  t.halley({ '-C', 'midway', '--param',
    'metadata={"words":"60","rate":"20"}', 'second' })
  t.eventually('an answer runs', function() return #t.rpc('daemon.status').responses > 0 end)
  local nvim = chat('midway')
  nvim:await_text('No model is behind')
  t.contains(nvim:text(), 'second\n\n## Assistant\n\n[halley-simulator]')
end)

t.test(':HalleyStop in a chat stops the answer, whoever asked', function()
  local nvim = chat('stop')
  local before = t.cancelled_streams()
  t.halley({ '-C', 'stop', '--param', 'metadata={"words":"2000","rate":"50"}', 'question' })
  nvim:await_text('model')
  nvim:command('HalleyStop')
  nvim:await_text('*(stopped)*')
  t.eventually('upstream is cancelled', function() return t.cancelled_streams() == before + 1 end)
end)

t.test('wiping a chat ends what it asked upstream', function()
  local nvim = chat('wiped', { words = '2000', rate = '50' })
  local before = t.cancelled_streams()
  nvim:command('Halley question')
  nvim:await_text('model')
  nvim:command('bwipeout!')
  t.eventually('upstream is cancelled', function() return t.cancelled_streams() == before + 1 end)
end)

t.test('a turn that fails is told, and the draft comes back', function()
  local nvim = chat('failing', { status = '400', error_message = 'no tea' })
  nvim:type('Gia question<Esc>:w<CR>')
  nvim:await_note('no tea')
  t.equal(vim.list_slice(nvim:lines(), #nvim:lines() - 1), { '## You', 'a question' })
end)

t.test('an answer of another model, a cached one and a refused name', function()
  local nvim = chat('cached', { text = 'the same' })
  nvim:command('Halley question')
  nvim:await_text('the same')
  nvim:command('HalleyChat bad name')
  t.contains(nvim:notes(), '1 to 64 of A-Z a-z 0-9')
end)

t.test('a chat without a name is the one of the options', function()
  local nvim = t.editor({}, { conversation = 'mine' })
  nvim:command('HalleyChat')
  t.contains(nvim:request('nvim_buf_get_name', 0), 'halley://chat/mine')
  t.eventually('it is there', function()
    return pcall(t.rpc, 'conversations.retrieve', { conversation = 'mine' })
  end)
end)

t.test('the names of conversations are completed', function()
  say('complete-me', 'question', { text = 'answer' })
  local nvim = t.editor({})
  t.equal(nvim:lua([[return vim.fn.getcompletion('HalleyChat complete-', 'cmdline')]]),
    { 'complete-me' })
end)

t.test('the search finds a turn and opens its conversation there', function()
  say('found', 'where is the needle', { text = 'in the haystack, a zebrafish' })
  local nvim = t.editor({})
  nvim:command('HalleyHistory zebrafish')
  nvim:await_text('found  assistant: ')
  nvim:type('<CR>')
  t.eventually('the cursor is at the turn', function()
    return nvim:request('nvim_buf_get_name', 0):find('halley://chat/found', 1, true)
      and nvim:request('nvim_get_current_line') == '## Assistant'
  end)
end)

t.test('the search without words lists the conversations; nothing found is told', function()
  say('listed', 'question', { text = 'answer' })
  local nvim = t.editor({})
  nvim:command('HalleyHistory')
  nvim:await_text('  listed')
  nvim:command('HalleyHistory nosuchwordanywhere')
  nvim:await_note('nothing found for "nosuchwordanywhere"')
end)

t.test('a stored answer without a conversation is found and shown', function()
  local nvim = t.editor({ text = 'the lonely quokka' })
  nvim:command('Halley question')
  nvim:await_end()
  nvim:command('HalleyHistory quokka')
  nvim:await_text('assistant: the lonely quokka')
  nvim:type('<CR>')
  t.eventually('it is shown', function() return nvim:text() == 'the lonely quokka' end)
end)
