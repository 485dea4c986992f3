-- What every script counts, and the line that `press.py` reads. Counters are global: the main state asks each thread for its own, and numbers it (`index`).
done_count, bad = 0, 0
local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("index", #threads)
end

function done(summary, latency, requests)
  local total, failed = 0, 0
  for _, thread in ipairs(threads) do total = total + thread:get("done_count"); failed = failed + thread:get("bad") end
  print(string.format("RESULT units=%d failed=%d seconds=%.3f p50_ms=%.2f p99_ms=%.2f", total, failed, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
