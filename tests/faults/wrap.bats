#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The fault build's machinery: the N-th call of a part fails, is counted, and reaches the programs that are started.

bats_require_minimum_version 1.5.0

setup()
{
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	sample=$top/build-faults/tests/faults/fault-sample
	[ -x "$sample" ] || skip "no build-faults: make faults"
	export TARE_FAULT_COUNT=$BATS_TEST_TMPDIR/count
	ulimit -c 0
}

count() { od -An -tu4 -j "$((4 * $1))" -N 4 "$TARE_FAULT_COUNT" | tr -d ' '; } # INDEX of the role, 16 more for memory
hit() { tail -c +133 "$TARE_FAULT_COUNT" | head -c 28 | tr -d '\0'; }
leak() { tail -c +161 "$TARE_FAULT_COUNT" | head -c 96 | tr -d '\0'; }
remains() { "$top/build-faults/tests/faults/fault-remains" "$BATS_TEST_TMPDIR/count" "$BATS_TEST_TMPDIR" "$@"; }

@test "without a fault everything is counted and works" {
	run "$sample" steps
	[ "$output" = fine ]
	[ "$(count 0)" = 2 ]
	[ "$(count 16)" = 1 ]
	[ -z "$(hit)" ]
}

@test "each call in turn fails with the errno that was asked for" {
	local n=0 step
	for step in open read; do
		n=$((n + 1))
		rm -f "$TARE_FAULT_COUNT"
		TARE_FAULT=tare:$n:EDOM run "$sample" steps
		[ "$output" = "$step EDOM" ]
		[[ $(hit) == "$step"* ]]
	done
	rm -f "$TARE_FAULT_COUNT"
	TARE_FAULT=tare:3:EDOM run "$sample" steps
	[ "$output" = fine ]
}

@test "AUTO gives each call its own errno" {
	TARE_FAULT=tare:1:AUTO run "$sample" steps
	[ "$output" = "open EMFILE" ]
	rm -f "$TARE_FAULT_COUNT"
	TARE_FAULT=tare:2:AUTO run "$sample" steps
	[ "$output" = "read EIO" ]
}

@test "memory is counted by itself" {
	TARE_FAULT=tare:1:MEMORY run "$sample" steps
	[ "$output" = "malloc ENOMEM" ]
	rm -f "$TARE_FAULT_COUNT"
	TARE_FAULT=tare:2:MEMORY run "$sample" steps
	[ "$output" = fine ]
}

@test "a child is counted by itself after it said its role" {
	run "$sample" child
	[ "$output" = "child fine" ]
	[ "$(count 0)" = 2 ]
	[ "$(count 2)" = 1 ]
	rm -f "$TARE_FAULT_COUNT"
	TARE_FAULT=child:1:EIO run "$sample" child
	[ "${lines[0]}" = "child open EIO" ]
	[ "${lines[1]}" = "child failed" ]
}

@test "KILL ends the process before the call" {
	TARE_FAULT=tare:2:KILL run "$sample" steps
	[ "$status" = 137 ]
	[ -z "$output" ]
	rm -f "$TARE_FAULT_COUNT"
	TARE_FAULT=child:1:KILL run "$sample" child
	[ "$output" = "child killed" ]
}

@test "KILL ends the first process of a pid namespace too" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	TARE_FAULT=tare:2:KILL run unshare --pid --fork --kill-child "$sample" steps
	[ "$status" != 0 ]
	[ -z "$output" ]
}

@test "a started program inherits the fault, whatever its environment" {
	TARE_FAULT=tare:3:EDOM run "$sample" exec "$sample" steps
	[ "$output" = "read EDOM" ]
	[ "$(count 0)" = 3 ]
}

@test "a descriptor that stays open at a program's end is named" {
	run "$sample" keep
	[[ $(leak) == "tare: descriptor "*" (/dev/null) open at its end" ]]
}

@test "a descriptor that is handed to a program is named, one that was given is not" {
	exec 7</dev/null
	run "$sample" exec "$sample" steps
	[ -z "$(leak)" ]
	run "$sample" pass "$sample" steps
	[[ $(leak) == "tare: descriptor "*" (/dev/null) open at an exec" ]]
	exec 7<&-
}

@test "with TARE_FAULT_SEEN callers that failed already do not fail again, and are counted" {
	export TARE_FAULT_SEEN=$BATS_TEST_TMPDIR/seen:1
	local step at=1
	for step in open read; do
		rm -f "$TARE_FAULT_COUNT"
		TARE_FAULT=tare:$at:EDOM run "$sample" steps
		[ "$output" = "$step EDOM" ]
	done
	rm -f "$TARE_FAULT_COUNT"
	TARE_FAULT=tare:1:EDOM run "$sample" steps
	[ "$output" = fine ]
	remains /none 0 | grep -qx '0 0 2'
	TARE_FAULT=tare:1:MEMORY run "$sample" steps # never yet
	[ "$output" = "malloc ENOMEM" ]
}

@test "with TARE_FAULT_SEEN callers fail as often as is said" {
	export TARE_FAULT_SEEN=$BATS_TEST_TMPDIR/seen:2
	local at
	for at in 1 2; do
		rm -f "$TARE_FAULT_COUNT"
		TARE_FAULT=tare:$at:EDOM run "$sample" loop
		[ "$output" = "loop EDOM" ]
		remains /none 0 | grep -qx "1 $at 0"
	done
	rm -f "$TARE_FAULT_COUNT"
	TARE_FAULT=tare:3:EDOM run "$sample" loop
	[ "$output" = fine ]
	remains /none 0 | grep -qx '0 0 1'
}

@test "where a point is: its callers" {
	[ -x "$(command -v addr2line)" ] || skip "no addr2line"
	TARE_FAULT=tare:1:EIO run "$sample" loop
	remains /none 0 | sed -n 4p | cut -d' ' -f2- | xargs addr2line -fse "$sample" | grep -qx 'loop'
}

@test "what is left: processes with our count, files" {
	unset TARE_FAULT_COUNT # which this shell has, too
	mkdir -p "$BATS_TEST_TMPDIR/state/one"
	env TARE_FAULT_COUNT="$BATS_TEST_TMPDIR/count" sleep 60 3>&- &
	until remains /none 0 | grep -q '^process sleep 60 '; do sleep 0.05; done
	remains /none 0 left >"$BATS_TEST_TMPDIR/left"
	kill $!
	wait $! || true
	grep -q '^process sleep 60 ' "$BATS_TEST_TMPDIR/left"
	grep -qx 'file state/one' "$BATS_TEST_TMPDIR/left"
	grep -q '^mount ' "$BATS_TEST_TMPDIR/left"
	run remains /none 30 left
	[[ $output == *"file state/one"* && $output != *"process "* ]]
}

@test "a wrong TARE_FAULT is refused" {
	for spec in tare nobody:1:EIO tare:x:EIO tare:1:ENONESUCH; do
		TARE_FAULT=$spec run "$sample" steps
		[ "$status" = 99 ]
	done
	TARE_FAULT_SEEN=$BATS_TEST_TMPDIR/seen run "$sample" steps
	[ "$status" = 99 ]
}
