local directory = os.getenv('HALLEY_ROOT') .. '/Tests/EndToEndTests/Scripts/nvim-support/'
package.path = directory .. '?.lua;' .. package.path
for _, name in ipairs({ 'ask', 'rewrite', 'chat', 'daemon' }) do
  dofile(directory .. name .. '.lua')
end
require('harness').run()
