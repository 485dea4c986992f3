-- Rotating refresh: each connection keeps its own family. Arguments: base64 of id:secret, token path, then refresh tokens, one a thread.
local tokens, basic, token_path, current = {}, nil, nil, nil
local threads = {}
done_count, bad = 0, 0
function setup(thread) thread:set("index", #threads + 1); table.insert(threads, thread) end

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

function done(summary, latency, requests)
  local total, failed = 0, 0
  for _, thread in ipairs(threads) do total = total + thread:get("done_count"); failed = failed + thread:get("bad") end
  print(string.format("RESULT units=%d failed=%d seconds=%.3f p50_ms=%.2f p99_ms=%.2f", total, failed, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
