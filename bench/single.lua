-- One and the same request over and over. Arguments: method, path, Authorization (or "-"), body (or "-"), a text the answer must hold.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
local method, path, authorization, body, expected

function init(args)
  method, path, authorization, body, expected = args[1], args[2], args[3], args[4], args[5]
  local headers = {}
  if authorization ~= "-" then headers["Authorization"] = authorization end
  if body ~= "-" then headers["Content-Type"] = "application/x-www-form-urlencoded" end
  ready = wrk.format(method, path, headers, body ~= "-" and body or nil)
end

function request() return ready end

function response(status, headers, answer)
  if status == 200 and answer:find(expected, 1, true) then done_count = done_count + 1 else bad = bad + 1 end
end
