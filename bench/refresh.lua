-- Rotating refresh: each connection keeps its own family. Arguments: base64 of id:secret, token path, then refresh tokens, one a thread.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
local tokens, basic, token_path, current = {}, nil, nil, nil

function init(args)
  basic, token_path = args[1], args[2]
  current = args[2 + index]
end

function request()
  local body = "grant_type=refresh_token&refresh_token=" .. current
  return wrk.format("POST", token_path, {["Authorization"] = "Basic " .. basic, ["Content-Type"] = "application/x-www-form-urlencoded"}, body)
end

function response(status, headers, body)
  local following = status == 200 and body:match('"refresh_token":"([^"]+)"')
  if following then current = following; done_count = done_count + 1 else bad = bad + 1 end
end
