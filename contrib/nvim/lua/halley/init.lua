-- Halley in Neovim: answers of the local daemon halleyd. See :help halley.
local M = {}

local rpc = require('halley.rpc')

rpc.handlers['tools.approve'] = function(params, reply)
  require('halley.approve').ask(params, reply)
end
rpc.ended = function(id) require('halley.approve').withdraw(id) end

--- Takes the options; see :help halley-setup. Wrong ones are an error that names each of them.
function M.setup(options) require('halley.config').setup(options) end

--- What runs, for a status line: "" when nothing does.
function M.status() return require('halley.answer').status() end

--- What the last answer used, for a status line: its tokens, and its cost where a price is known.
function M.usage() return require('halley.answer').usage() end

-- MARK: Commands

function M.add(command) require('halley.added').add(command.args) end

function M.drop(command) require('halley.added').drop(command.args) end

function M.fork(command)
  local chat = require('halley.chat').of(vim.api.nvim_get_current_buf())
  if chat then return chat:fork(command.args) end
  require('halley.errors').report('no conversation is shown here; :HalleyChat {name} shows one')
end

function M.ask(command) require('halley.ask').ask(command) end

function M.rewrite(command) require('halley.rewrite').rewrite(command) end

function M.accept(command) require('halley.rewrite').accept(command) end

function M.reject() require('halley.rewrite').reject() end

function M.approve(command) require('halley.approve').answer(command.args) end

function M.chat(command) require('halley.chat').open(command.args, command.mods) end

function M.model(command) require('halley.model').select(command) end

function M.history(command) require('halley.history').search(command) end

--- Stops what runs in this buffer, else all answers.
function M.stop()
  local buf = vim.api.nvim_get_current_buf()
  local chat = require('halley.chat').of(buf)
  if chat and chat:stop() then return end
  if require('halley.answer').stop(buf) == 0 then
    require('halley.errors').inform('no answer is running')
  end
end

return M
