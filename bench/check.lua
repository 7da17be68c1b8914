-- SPDX-License-Identifier: GPL-2.0-only
-- check.lua - for wrk: ask so many times, and look at every answer.
--
-- wrk -t 1 -s check.lua .. URL -- REQUESTS FILE: ends after REQUESTS answers; one that
-- is not status 200 with the bytes of FILE has failed, as has a broken connection.

local ffi = require("ffi")
ffi.cdef([[
	struct timespec { long seconds, nanoseconds; };
	int clock_gettime(int clock, struct timespec *now);
	int getpid(void);
	int kill(int pid, int signal);
]])

local CLOCK_MONOTONIC = 1
local SIGINT = 2

local function now()
	local t = ffi.new("struct timespec")

	ffi.C.clock_gettime(CLOCK_MONOTONIC, t)
	return tonumber(t.seconds) + tonumber(t.nanoseconds) / 1e9
end

function setup(only)
	thread = only
end

function init(args)
	wanted = tonumber(args[1])
	expected = assert(io.open(args[2])):read("*a")
	answers = 0
	wrong = 0
end

function response(status, headers, body)
	answers = answers + 1
	if answers == 1 then
		first = now()
	end
	if status ~= 200 or body ~= expected then
		wrong = wrong + 1
	end
	if answers == wanted then
		last = now()
		wrk.thread:stop()
		-- else the main thread goes on sleeping for all of -d
		ffi.C.kill(ffi.C.getpid(), SIGINT)
	end
end

function done(summary, latency, requests)
	local failed = thread:get("wrong")

	for _, kind in ipairs({ "connect", "read", "write", "timeout" }) do
		failed = failed + summary.errors[kind]
	end
	-- wrk's own time begins before or after its thread
	io.write(string.format(
		'result: "requests": %d, "failed": %d, "seconds": %.6f, "p50": %d, "p99": %d\n',
		thread:get("wanted"), failed, thread:get("last") - thread:get("first"),
		latency:percentile(50), latency:percentile(99)))
end
