-- One sign-on: authorize with a live login -> code -> token -> userinfo. One connection per thread, so the steps stay in order.
-- Arguments: cookie, client id, base64 of id:secret, redirect URI, challenge, verifier, authorize path, token path, userinfo path
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "result.lua")
local step, code, token = 1, nil, nil
local cookie, client_id, basic, redirect, challenge, verifier, authorize, token_path, userinfo_path

local function escape(s) return (s:gsub("[^%w%-%._~]", function(c) return string.format("%%%02X", string.byte(c)) end)) end

function init(args)
  cookie, client_id, basic, redirect, challenge, verifier = args[1], args[2], args[3], args[4], args[5], args[6]
  authorize, token_path, userinfo_path = args[7], args[8], args[9]
  authorize = authorize .. "?response_type=code&scope=openid%20profile&state=s&nonce=n&code_challenge_method=S256&code_challenge=" .. challenge
    .. "&client_id=" .. escape(client_id) .. "&redirect_uri=" .. escape(redirect)
end

function request()
  if step == 1 then
    return wrk.format("GET", authorize, {["Cookie"] = cookie})
  elseif step == 2 then
    local body = "grant_type=authorization_code&code=" .. code .. "&redirect_uri=" .. escape(redirect) .. "&code_verifier=" .. verifier
    return wrk.format("POST", token_path, {["Authorization"] = "Basic " .. basic, ["Content-Type"] = "application/x-www-form-urlencoded"}, body)
  end
  return wrk.format("GET", userinfo_path, {["Authorization"] = "Bearer " .. token})
end

function response(status, headers, body)
  if step == 1 then
    local location = headers["Location"] or headers["location"] or ""
    code = location:match("[?&]code=([^&]+)")
    if code then step = 2 else bad = bad + 1 end
  elseif step == 2 then
    token = status == 200 and body:match('"access_token":"([^"]+)"')
    if token then step = 3 else bad = bad + 1; step = 1 end
  else
    if status == 200 then done_count = done_count + 1 else bad = bad + 1 end
    step = 1
  end
end
