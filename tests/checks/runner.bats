#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The runner itself: what it counts, and that a failure is never lost.

setup()
{
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
}

@test "tally counts TAP of bats, with skips" {
	run "$top/tests/tally" <<<$'1..4\nok 1 a\nok 2 b # skip no quota\nnot ok 3 c\nok 4 d'
	[ "$output" = "2 1 1" ]
}

@test "tally counts the subtests of meson's log" {
	run "$top/tests/tally" <<<$'1..2\nok 1 - x\nok 2 - y # SKIP\n\nOk:                 1   \nFail:               0   '
	[ "$output" = "1 0 1" ]
}

@test "tally counts a program that died without a word as failed" {
	run "$top/tests/tally" <<<$'1..2\nok 1 - x\nOk:                 1   \nFail:               1   \nTimeout:            1   '
	[ "$output" = "1 2 0" ]
}

@test "tally takes whole programs where there is no TAP" {
	run "$top/tests/tally" <<<$'Ok:                 3   \nFail:               0   '
	[ "$output" = "3 0 0" ]
}

@test "tally believes a closing line" {
	run "$top/tests/tally" <<<$'ok 1 a\nok 2 b\n7 passed, 1 failed, 2 skipped'
	[ "$output" = "7 1 2" ]
}

@test "tally of nothing is nothing" {
	run "$top/tests/tally" </dev/null
	[ "$output" = "0 0 0" ]
}

# A runner of its own, with suites that end as they are told.
small_runner()
{
	local t=$BATS_TEST_TMPDIR/t
	mkdir -p "$t/tests" "$t/tools"
	cp "$top/tests/tally" "$t/tests/"
	sed -e "s/^lanes=.*/lanes=('good bad silent crash skips' slow)/" \
		-e 's/^build_all()/replaced_build()/; s/^# ---- running.*/. tests\/suites/' "$top/tests/run-all" >"$t/tests/run-all"
	printf '#!/bin/sh\n' >"$t/tools/install-deps"
	cat >"$t/tests/suites" <<-'END'
	build_all() { :; }
	suite_good() { echo "ok 1 a"; }
	suite_bad() { echo "not ok 1 b"; return 1; }
	suite_silent() { :; }
	suite_crash() { echo "ok 1 a"; return 139; }
	suite_skips() { echo "SKIP skips: no such thing here"; return 77; }
	suite_slow() { sleep 0.3; echo "ok 1 a"; }
	END
	chmod +x "$t/tests/run-all" "$t/tools/install-deps"
	run "$t/tests/run-all" "$@"
}

@test "run-all: the last line is the sum, the status tells of failure" {
	small_runner good bad slow
	[ "$status" = 1 ]
	[ "${lines[-1]}" = "2 passed, 1 failed, 0 skipped" ]
	[[ $output == *"not ok 1 b"* ]]
	[ "${lines[-2]}" = "failed: bad: not ok 1 b" ]
}

@test "run-all: all good is status 0" {
	small_runner good slow
	[ "$status" = 0 ]
	[ "${lines[-1]}" = "2 passed, 0 failed, 0 skipped" ]
}

@test "run-all: a soak ends with a table of what each suite took" {
	small_runner --soak good bad slow
	[ "$status" = 1 ]
	[ "$(sed -n '/^---- how long/,/^in all/p' <<<"$output" | awk '{ print $1 }' | xargs)" = "---- good bad slow in" ]
}

@test "run-all: a suite that dies after its tests is a failure" {
	small_runner crash
	[ "$status" = 1 ]
	[ "${lines[-1]}" = "1 passed, 1 failed, 0 skipped" ]
}

@test "run-all: a suite that ran nothing is a failure" {
	small_runner silent
	[ "$status" = 1 ]
	[ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
}

@test "run-all: a skip is counted and its reason is listed" {
	small_runner good skips
	[ "$status" = 0 ]
	[ "${lines[-1]}" = "1 passed, 0 failed, 1 skipped" ]
	[[ $output == *"SKIP skips: no such thing here"* ]]
}

@test "run-all: an unknown suite is refused" {
	small_runner nonesuch
	[ "$status" = 2 ]
}
