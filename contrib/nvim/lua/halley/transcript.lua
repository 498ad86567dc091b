-- Items of a conversation as lines of Markdown, the same as `halley show` prints.
local M = {}

local function part_text(part)
  if part.text or part.refusal then return part.text or part.refusal end
  if part.type == 'input_image' then return '*(an image)*' end
  if part.type == 'input_file' then
    return ('*(a file: %s)*'):format(part.filename or 'without a name')
  end
  return ('*(%s)*'):format(part.type or 'a part of unknown type')
end

local function content_text(content)
  if type(content) == 'string' then return content end
  local parts = {}
  for _, part in ipairs(content or {}) do table.insert(parts, part_text(part)) end
  return table.concat(parts, '\n\n')
end

local function one_line(output)
  local text = type(output) == 'string' and output or vim.json.encode(output)
  text = text:gsub('%s+', ' ')
  return vim.fn.strchars(text) > 200 and vim.fn.strcharpart(text, 0, 199) .. '…' or text
end

--- The text of a message, or "".
function M.text(item) return content_text(item.content) end

--- The heading of a role.
function M.heading(role) return '## ' .. role:sub(1, 1):upper() .. role:sub(2) end

--- The lines of an item, with an empty one at the end, or nil for one that has no text.
function M.lines(item)
  local kind = item.type or (item.role and 'message')
  if kind == 'message' then
    local text = content_text(item.content):gsub('\r\n', '\n'):gsub('\n+$', '')
    local lines = { M.heading(item.role or 'unknown'), '' }
    vim.list_extend(lines, vim.split(text, '\n', { plain = true }))
    table.insert(lines, '')
    return lines
  elseif kind == 'function_call' then
    return { ('> calls `%s(%s)`'):format(item.name or '?', one_line(item.arguments or '')), '' }
  elseif kind == 'function_call_output' then
    return { ('> is answered `%s`'):format(one_line(item.output or '')), '' }
  end
end

--- The items of a request's input, which may be a plain text.
function M.input_items(input)
  if type(input) == 'string' then input = { { type = 'message', role = 'user', content = input } } end
  return type(input) == 'table' and input or {}
end

return M
