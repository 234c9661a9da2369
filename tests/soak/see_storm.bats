#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers, groups and processes that vanish while they are looked at: no error, no wrong row. ROUNDS=N for a shorter one.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load ../system/helpers

rounds=${ROUNDS:-60}

teardown()
{
	[ -z "${T:-}" ] || : >"$T/stop" # nobody is killed with a group in his hands
	[ -z "${daemon:-}" ] || kill "$daemon" 2>/dev/null || true
	wait
	tare_teardown
}

# looping CMD…: again and again in the background until the test ends
looping()
{
	(
		while [ -d "$T" ] && [ ! -e "$T/stop" ]; do "$@" >/dev/null 2>&1; done
	) 3>&- &
}

# run_one: a container that lives for a moment, with a child that comes and goes
run_one() { timeout 30 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run --rm --cgroup-parent "/$group" --memory 16m --cpus 0.5 busybox sh -c 'sleep 0.0$((RANDOM % 10)) & echo' </dev/null; }

# groups MOUNT: a group with one below it and a process in it
groups()
{
	mkdir -p "$1/$group/x/y"
	(echo $BASHPID >"$1/$group/x/y/cgroup.procs") 2>/dev/null
	rmdir "$1/$group/x/y" "$1/$group/x"
}

@test "what vanishes while it is looked at is no error and no wrong row" {
	local mount i line long id
	read -r _ mount < <(hierarchy_of memory) || skip "no memory controller here"
	start long --memory 64m --pids-limit 50
	long=$(tare inspect long | jq -r '.[0].Id')
	looping run_one
	looping run_one
	looping groups "$mount"
	"$TARE_BUILD/tared" --root "$T/root" --state "$T/state" --metrics "unix://$T/m.sock" >"$T/tared.out" 2>&1 </dev/null 3>&- &
	daemon=$!
	eventually 30 test -S "$T/m.sock"
	for ((i = 0; i < rounds; i++)); do
		expect 0 tare stats --no-stream --no-trunc --format '{{.ID}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}'
		equal "" "$err"
		# every row is whole; the one that lives is in each look
		while IFS= read -r line; do
			matches '^[0-9a-f]{64} [0-9.]+% [0-9.]+[KMG]?i?B / 16MiB [1-9][0-9]*$|^[0-9a-f]{64} [0-9.]+% [0-9.]+[KMG]?i?B / 64MiB 1$' "$line"
		done <<<"$out"
		contains "$long" "$out"
		expect 0 tare stats --no-stream
		equal "" "$err"
		expect 0 tare cgroup --format json "/$group"
		equal "" "$err"
		equal true "$(jq -s 'all((.Memory == null or .Memory >= 0) and (.Path | startswith("/")))' <<<"$out")" "groups"
		expect 0 tare ns --format json
		equal true "$(jq -s 'all(.Processes >= 0)' <<<"$out")" "namespaces"
		expect 0 curl -sf --max-time 20 --unix-socket "$T/m.sock" http://tare/metrics
		contains "container_threads{id=\"/$group/$long\"" "$out"
		equal 0 "$(grep -c '^container_scrape_error 1' <<<"$out")" "scrape errors"
		# one of those that come and go, by its name: it is explained, or it is gone
		id=$(tare ps -q 2>/dev/null | head -n 1)
		for line in "explain" "oom" "lint" "stats --no-stream"; do
			# shellcheck disable=SC2086 # words of a command
			tare $line "$id" >"$T/stdout" 2>"$T/stderr" || grep -qE "No such container|^$" "$T/stderr" || [ "$line" = lint ] ||
				fail "$line $id" "$(cat "$T/stderr")"
		done
	done
	equal "" "$(cat "$T/tared.out")" "what tared says"
}
