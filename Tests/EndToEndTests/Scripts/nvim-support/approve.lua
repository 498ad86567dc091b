-- Consent to tools is a deed of its own.
local t = require('harness')

-- A daemon that asks for approvals when a response is created. Returns its path, and what it is
-- told.
local function asking(ids, params)
  local told = { decisions = {} }
  local path = t.fake(function(message, write)
    if message.method == 'initialize' then told.capabilities = message.params.capabilities end
    if message.method == 'responses.create' then
      for _, id in ipairs(ids) do
        params.request = message.id
        write(vim.json.encode(
          { jsonrpc = '2.0', id = id, method = 'tools.approve', params = params }) .. '\n')
      end
    elseif message.method == '$/cancelRequest' then
      write(vim.json.encode({ jsonrpc = '2.0', id = message.params.id,
        error = { code = -32800, message = 'cancelled', data = { code = 'cancelled' } } }) .. '\n')
    elseif message.result and message.result.decision then
      told.decisions[message.id] = message.result.decision
    end
  end)
  return path, told
end

local function floats(nvim)
  return vim.tbl_filter(function(window)
    return nvim:lua([[
      local is_there, config = pcall(vim.api.nvim_win_get_config, ...)
      return is_there and config.relative ~= ''
    ]], window)
  end, nvim:request('nvim_list_wins'))
end

-- The text of the question, once there is one.
local function question(nvim)
  local window = t.eventually('the question is shown', function() return floats(nvim)[1] end)
  return nvim:text(nvim:request('nvim_win_get_buf', window))
end

local function push() return { tool = 'git.push', arguments = { to = 'origin' } } end

t.test('what is typed while a question appears is no consent, and stays where it was typed', function()
  local path, told = asking({ 's:1' }, push())
  local nvim = t.editor({}, { socket = path })
  nvim:set({ '', '' })
  nvim:command('Halley! count')
  nvim:type('Go')
  for _, key in ipairs({ 'y', 'e', 's', ' ', '3', '<CR>', '2', '<CR>', 'a', 'y' }) do
    nvim:type(key)
    vim.wait(20)
  end
  t.contains(question(nvim), 'git.push')
  nvim:type('ay3<CR><Esc>yya')
  vim.wait(100)
  t.equal(told.decisions, {})
  t.contains(nvim:text(), 'yes 3\n2\nayay3')
end)

t.test('a question appears in Normal mode too without taking keys', function()
  local path, told = asking({ 's:1' }, push())
  local nvim = t.editor({}, { socket = path })
  nvim:set({ 'line' })
  nvim:command('Halley! count')
  question(nvim)
  nvim:type('yyp')
  t.eventually('it is put', function() return vim.deep_equal(nvim:lines(), { 'line', 'line' }) end)
  t.equal(told.decisions, {})
end)

t.test('a tool runs when it is allowed, and not otherwise', function()
  local path, told = asking({ 's:1', 's:2', 's:3' }, push())
  local nvim = t.editor({}, { socket = path })
  nvim:command('Halley count')
  t.contains(question(nvim), 'git.push:')
  t.contains(question(nvim), '{"to":"origin"}')
  nvim:command('HalleyApprove yes')
  question(nvim)
  nvim:command('HalleyApprove no')
  question(nvim)
  nvim:command('HalleyApprove maybe')
  t.contains(nvim:notes(), '"maybe" found, yes, always, no expected')
  nvim:command('HalleyApprove always')
  t.eventually('all is decided', function() return vim.tbl_count(told.decisions) == 3 end)
  t.equal(told.decisions, { ['s:1'] = 'allow', ['s:2'] = 'deny', ['s:3'] = 'allow_session' })
  t.equal(told.capabilities, { approvals = true })
  t.equal(#floats(nvim), 0, 'the number of questions')
  nvim:command('HalleyApprove yes')
  t.contains(nvim:notes(), 'nothing waits for your consent')
end)

t.test('the keys of a question are taken by one who has gone there, and not before', function()
  for key, decision in pairs({ y = 'allow', a = 'allow_session', n = 'deny', ['<Esc>'] = 'deny' }) do
    local path, told = asking({ 's:1' }, push())
    local nvim = t.editor({}, { socket = path })
    nvim:command('Halley! count')
    question(nvim)
    nvim:type(':HalleyApprove<CR>yyaa')
    t.eventually('it is entered', function()
      return nvim:request('nvim_get_current_win') == floats(nvim)[1]
    end)
    vim.wait(50)
    t.equal(told.decisions, {})
    nvim:type('<CR>')
    nvim:type(key)
    t.eventually('it is decided', function() return told.decisions['s:1'] end)
    t.equal(told.decisions['s:1'], decision, 'after ' .. key)
  end
end)

t.test('a definition that changed is asked about as that, and allowed once at most', function()
  local path, told = asking({ 's:1', 's:2' }, {
    response_id = vim.NIL, call_id = vim.NIL, tool = 'git.push',
    title = 'its definition changed; take the new one?', definition = true,
    arguments = '{"description":"Pushes, and tells\\nthe world.","parameters":{}}' })
  local nvim = t.editor({}, { socket = path })
  nvim:command('Halley count')
  local text = question(nvim):gsub('\n', ' ')
  t.contains(text, 'The definition of the tool git.push is not the one that was')
  t.contains(text, 'Pushes, and tells')
  nvim:command('HalleyApprove always')
  t.contains(nvim:notes(), '"always" found, yes, no expected')
  nvim:command('HalleyApprove yes')
  question(nvim)
  nvim:command('HalleyApprove no')
  t.eventually('both are decided', function() return vim.tbl_count(told.decisions) == 2 end)
  t.equal(told.decisions, { ['s:1'] = 'allow', ['s:2'] = 'deny' })
end)

t.test('a question goes with the answer that asked it', function()
  local path, told = asking({ 's:1' }, push())
  local nvim = t.editor({}, { socket = path })
  nvim:command('Halley count')
  question(nvim)
  nvim:command('HalleyStop')
  t.eventually('it is gone', function() return #floats(nvim) == 0 end)
  t.equal(told.decisions, {})
end)
