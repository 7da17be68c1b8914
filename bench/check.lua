-- SPDX-License-Identifier: GPL-2.0-only
-- check.lua - for wrk: ask so many times, and look at every answer.
--
-- wrk -s check.lua .. URL -- REQUESTS FILE: ends after REQUESTS answers; one that
-- is not status 200 with the bytes of FILE has failed, as has a broken connection.

local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int pid, int signal);")

local SIGINT = 2
local threads = {}

function setup(thread)
	table.insert(threads, thread)
end

function init(args)
	wanted = tonumber(args[1])
	expected = assert(io.open(args[2])):read("*a")
	answers = 0
	wrong = 0
end

function response(status, headers, body)
	answers = answers + 1
	if status ~= 200 or body ~= expected then
		wrong = wrong + 1
	end
	if answers == wanted then
		wrk.thread:stop()
		-- else the main thread goes on sleeping for all of -d
		ffi.C.kill(ffi.C.getpid(), SIGINT)
	end
end

function done(summary, latency, requests)
	local failed = 0

	for _, thread in ipairs(threads) do
		failed = failed + thread:get("wrong")
	end
	for _, kind in ipairs({ "connect", "read", "write", "timeout" }) do
		failed = failed + summary.errors[kind]
	end
	io.write(string.format(
		'result: "requests": %d, "failed": %d, "seconds": %.6f, "p50": %d, "p99": %d\n',
		summary.requests, failed, summary.duration / 1e6,
		latency:percentile(50), latency:percentile(99)))
end
