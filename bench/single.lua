-- One and the same request over and over. Arguments: method, path, Authorization (or "-"), body (or "-"), a text the answer must hold.
local method, path, authorization, body, expected
local threads = {}
done_count, bad = 0, 0
function setup(thread) table.insert(threads, thread) end

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

function done(summary, latency, requests)
  local total, failed = 0, 0
  for _, thread in ipairs(threads) do total = total + thread:get("done_count"); failed = failed + thread:get("bad") end
  print(string.format("RESULT units=%d failed=%d seconds=%.3f p50_ms=%.2f p99_ms=%.2f", total, failed, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
