local directory = os.getenv('HALLEY_ROOT') .. '/Tests/EndToEndTests/Scripts/nvim-support/'
package.path = directory .. '?.lua;' .. package.path
for _, name in ipairs({ 'ask', 'beside', 'rewrite', 'approve', 'chat', 'chat-draft', 'more', 'daemon' }) do
  dofile(directory .. name .. '.lua')
end
require('harness').run()
