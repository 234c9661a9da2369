#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A machine that goes down and comes up: one of its own, whose power goes while containers run (tests/system/boot-job).

load helpers

setup() { T=$(mktemp -d /tmp/tt.XXXXXX); }
teardown() { rm -rf "$T"; }

@test "when the power was gone, what is to run after a boot is started by tare-restart.service" {
	[ "${TARE_SOAK:-0}" != 0 ] || skip "boots a machine twice: with --soak only"
	[ -x "$TARE_TOP/tests/vm/run" ] || skip "no tests/vm/run"
	"$TARE_TOP/tests/vm/run" --systemd --reboots --timeout 400 --env LC_ALL=C --env TARE_BUILD="$TARE_BUILD" \
		bash "$TARE_TOP/tests/system/boot-job" >"$T/out" 2>"$T/err" || fail "exit status $?" "$(<"$T/out")" "$(<"$T/err")"
	equal $'before: always none unless\nservice: active\nafter: always unless' "$(<"$T/out")"
}
