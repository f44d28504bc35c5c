-- Sends the requests of a file one after the other, each once: its length on a line, then its bytes.
local text, at

function init(args)
  local file = assert(io.open(args[1], 'rb'))
  text = file:read('*a')
  file:close()
  at = 1
end

function request()
  local line = string.find(text, '\n', at, true)
  if line == nil then
    wrk.thread:stop()
    return 'GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n'
  end
  local length = tonumber(string.sub(text, at, line - 1))
  at = line + 1 + length
  return string.sub(text, line + 1, line + length)
end
