-- The commands of Halley; what they do is loaded when they are used.
if vim.g.loaded_halley then return end
vim.g.loaded_halley = true

if vim.fn.has('nvim-0.7') == 0 then
  vim.api.nvim_err_writeln('halley: Neovim 0.7 or newer is needed')
  return
end

local function command(name, action, options)
  local function run(given) require('halley')[action](given) end
  vim.api.nvim_create_user_command(name, run, options)
end

local function completes(module, name)
  return function(lead) return require('halley.' .. module)[name or 'complete'](lead) end
end

command('Halley', 'ask', { nargs = '*', range = true, bang = true, desc = 'Ask, into the buffer' })
command('HalleyRewrite', 'rewrite', { nargs = '*', range = true, desc = 'Rewrite lines' })
command('HalleyAccept', 'accept', { bang = true, desc = 'Take the rewritten lines' })
command('HalleyReject', 'reject', { desc = 'Leave the lines as they are' })
command('HalleyApprove', 'approve', {
  nargs = '?',
  complete = completes('approve'),
  desc = 'Say whether a tool may run',
})
command('HalleyStop', 'stop', { desc = 'Stop the running answer' })
command('HalleyChat', 'chat',
  { nargs = '?', complete = completes('conversations'), desc = 'Show a conversation' })
command('HalleyFork', 'fork', { nargs = '?', desc = 'Go another way from the turn at the cursor' })
command('HalleyAdd', 'add',
  { nargs = '?', complete = completes('added'), desc = 'Let something go along with what is asked' })
command('HalleyDrop', 'drop', {
  nargs = '?',
  complete = completes('added', 'complete_names'),
  desc = 'Let it go along no more',
})
command('HalleyModel', 'model',
  { nargs = '?', bang = true, complete = completes('model'), desc = 'Choose the model' })
command('HalleyHistory', 'history', { nargs = '*', desc = 'Search the conversations' })

-- Keys are the user's to choose.
local function plug(modes, name, keys)
  vim.keymap.set(modes, ('<Plug>(halley-%s)'):format(name), keys)
end
plug({ 'n', 'x' }, 'ask', ':Halley ')
plug({ 'n', 'x' }, 'rewrite', ':HalleyRewrite ')
for _, name in ipairs({ 'accept', 'reject', 'approve', 'stop', 'chat', 'fork', 'add', 'model', 'history' }) do
  plug('n', name, ('<Cmd>Halley%s<CR>'):format(name:sub(1, 1):upper() .. name:sub(2)))
end

local group = vim.api.nvim_create_augroup('halley', {})
vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = 'halley://chat/*',
  callback = function(event) require('halley.chat').read(event.buf) end,
})

local function set_highlights()
  vim.api.nvim_set_hl(0, 'HalleyNote', { default = true, link = 'Comment' })
  vim.api.nvim_set_hl(0, 'HalleyError', { default = true, link = 'ErrorMsg' })
  vim.api.nvim_set_hl(0, 'HalleyApprove', { default = true, link = 'NormalFloat' })
  vim.api.nvim_set_hl(0, 'HalleyRewrite', { default = true, link = 'Visual' })
end
set_highlights()
vim.api.nvim_create_autocmd('ColorScheme', { group = group, callback = set_highlights })
