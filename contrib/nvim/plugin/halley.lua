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

local function completes(module)
  return function(lead) return require('halley.' .. module).complete(lead) end
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
  { nargs = '?', complete = completes('chat'), desc = 'Show a conversation' })
command('HalleyModel', 'model',
  { nargs = '?', bang = true, complete = completes('model'), desc = 'Choose the model' })
command('HalleyHistory', 'history', { nargs = '*', desc = 'Search the conversations' })

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
