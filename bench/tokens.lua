-- Each request with the next of the tokens in the file that TOKENS names; a POST where BODY is set.
local tokens = {}
for line in io.lines(os.getenv("TOKENS")) do
    tokens[#tokens + 1] = "Bearer " .. line
end
local body = os.getenv("BODY")
if body then
    wrk.method, wrk.body = "POST", body
    wrk.headers["Content-Type"] = "application/json"
end
local at = 0
function request()
    at = at % #tokens + 1
    wrk.headers["Authorization"] = tokens[at]
    return wrk.format()
end
function done(summary, latency, requests)
    local failed = summary.errors.status + summary.errors.read + summary.errors.timeout
    io.write(string.format("RESULT %f %d %f\n",
        summary.requests / summary.duration * 1e6, failed, latency:percentile(99) / 1000))
end
