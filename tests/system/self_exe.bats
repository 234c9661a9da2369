#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# CVE-2019-5736: a container that gets hold of /proc/PID/exe of what started it cannot write to that file. While the
# program runs the kernel says "text file busy" for any file; "read-only" is what stays true when it has ended.

load helpers

overwrite='exec 3>/proc/$PPID/exe'

@test "tare-monitor's executable cannot be written to by a container that sees its process" {
	require_root
	expect 1 box --pid host --cap-add SYS_PTRACE -- sh -c "$overwrite"
	contains 'Read-only file system' "$err"
}

@test "tare-runtime's executable cannot be written to by a container that sees its process" {
	require_root
	command -v jq >/dev/null || skip "no jq"
	"$TARE_TOP/bench/bundle" "$T/bundle" /bin/busybox
	cp /bin/busybox "$T/bundle/rootfs/sh"
	jq --arg group "/$group/runtime" --arg command "$overwrite" '
		.linux.cgroupsPath = $group | .linux.namespaces |= map(select(.type != "pid"))
		| .process.capabilities |= map_values(. + ["CAP_SYS_PTRACE"]) | .process.args = ["/sh", "-c", $command]' \
		"$T/bundle/profile/config.json" >"$T/config"
	mv "$T/config" "$T/bundle/profile/config.json"
	expect 1 "$TARE_BUILD/tare-runtime" run --bundle "$T/bundle/profile" "overwrite-$$"
	contains 'Read-only file system' "$err"
}
