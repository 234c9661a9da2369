# SPDX-License-Identifier: Apache-2.0
# A container as files, and back from them, by criu(8); where that does not work, a line that says so.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load oci

counts='.process.args = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >/root/n.new; mv /root/n.new /root/n; sleep 0.02; done"]
	| .process.env += ["ENV=/dev/null"] | .mounts += [{ destination: "/etc/from-host", type: "bind", source: "from-host", options: ["bind", "ro"] }]
	| .linux.maskedPaths = ["/proc/kcore", "/proc/keys", "/proc/acpi", "/sys/firmware"]'

needs_criu() { criu check >/dev/null 2>&1 || skip "criu does not work on this kernel"; }

counting() # ID
{
	bundle "$1" "$counts"
	echo host >"$T/$1/from-host"
	ln -sf busybox "$T/$1/rootfs/bin/mv"
	runtime create --bundle "$T/$1" "$1" >/dev/null 2>&1 </dev/null 3>&-
	runtime start "$1"
	eventually 20 test -s "$T/$1/rootfs/root/n"
}

count() { cat "$T/$1/rootfs/root/n"; }
grows() { local before=$2; [ "$(count "$1")" -gt "$before" ]; } # ID COUNT

# bats test_tags=guest
@test "a counting process goes on where its checkpoint was made" {
	needs_criu
	local before
	counting one
	expect 0 runtime checkpoint --image-path "$T/image" one
	expect 1 runtime state one
	before=$(count one)
	sleep 0.1
	equal "$before" "$(count one)" "count of what has ended"
	expect 0 runtime restore --bundle "$T/one" --image-path "$T/image" --detach --pid-file "$T/pid" one </dev/null
	is running one
	equal "$(cat "$T/pid")" "$(first_of one)" "pid file"
	eventually 20 grows one "$before"
	[ "$(count one)" -lt $((before + 2000)) ] || fail "it began anew"
	expect 0 runtime exec one cat /etc/from-host
	equal host "$out" "a bind of the host's"
	expect 0 runtime pause one
	is paused one
	expect 0 runtime resume one
	expect 0 runtime kill one KILL
	eventually 20 is stopped one
}

# bats test_tags=guest-full
@test "a container goes on beside its checkpoint, under another name, in another group, from two images" {
	needs_criu
	local before
	counting one
	expect 0 runtime checkpoint --image-path "$T/first" --pre-dump one
	expect 0 runtime checkpoint --image-path "$T/second" --work-path "$T" --parent-path ../first --leave-running one
	[ -s "$T/dump.log" ] || fail "no log in --work-path"
	is running one
	before=$(count one)
	eventually 20 grows one "$before"
	runtime delete --force one
	rm "$T/one/rootfs/etc/from-host" # as in a root that has never had the mount there
	jq --arg group "/$group/two" '.linux.cgroupsPath = $group' "$T/one/config.json" >"$T/new" && mv "$T/new" "$T/one/config.json"
	expect 0 runtime restore --bundle "$T/one" --image-path "$T/second" --work-path "$T" --detach two </dev/null
	before=$(count one)
	eventually 20 grows one "$before"
	contains "/$group/two" "$(cat "/proc/$(first_of two)/cgroup")"
	expect 0 runtime exec two cat /etc/from-host
	equal host "$out" "a bind of the host's"
	expect 0 runtime kill two KILL
	eventually 20 is stopped two
}

# bats test_tags=guest-full
@test "a container in the foreground ends with the process that was restored, and hooks are run" {
	needs_criu
	bundle one '.process.args = ["sh", "-c", "echo up >/root/n; while [ ! -e /root/end ]; do sleep 0.02; done; exit 7"]
		| .hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", "cat >>hooks; echo >>hooks"] }],
			poststop: [{ path: "/bin/sh", args: ["sh", "-c", "echo gone >>hooks"] }] }'
	runtime create --bundle "$T/one" one >/dev/null 2>&1 </dev/null 3>&-
	runtime start one
	eventually 20 test -s "$T/one/rootfs/root/n"
	expect 0 runtime checkpoint --image-path "$T/image" one
	touch "$T/one/rootfs/root/end"
	expect 7 runtime restore --bundle "$T/one" --image-path "$T/image" one </dev/null
	equal "one gone one gone" "$(sed 's/.*"id":"\([a-z]*\)".*/\1/' "$T/one/hooks" | paste -sd ' ')" "hooks"
	expect 1 runtime state one
}

# bats test_tags=guest-full
@test "a terminal comes back as a new one" {
	needs_criu
	bundle one '.process.terminal = true | .process.args = ["sh", "-c", "echo up >/root/n; while read x; do echo got-$x; done"]'
	mkfifo "$T/in"
	exec 9<>"$T/in"
	runtime run --bundle "$T/one" one <&9 >"$T/first" 2>&1 3>&- &
	eventually 20 test -s "$T/one/rootfs/root/n"
	echo a >&9
	eventually 20 grep -q got-a "$T/first"
	expect 0 runtime checkpoint --image-path "$T/image" one
	wait $! || true
	runtime restore --bundle "$T/one" --image-path "$T/image" one <&9 >"$T/second" 2>&1 3>&- &
	echo b >&9
	eventually 60 grep -q got-b "$T/second" || fail "$(cat "$T/second")"
	exec 9>&-
}

@test "checkpoint and restore say in one line what is wrong" {
	started one
	expect 1 runtime --criu /nonexistent/criu checkpoint --image-path "$T/image" one
	contains "/nonexistent/criu: No such file or directory" "$err"
	is running one
	expect 1 runtime checkpoint --image-path "$T/image" --manage-cgroups-mode often one
	contains "--manage-cgroups-mode often" "$err"
	expect 1 runtime checkpoint --image-path "$T/image" --page-server nowhere one
	contains "--page-server nowhere: ADDRESS:PORT is needed" "$err"
	expect 1 runtime checkpoint --image-path "$T/image" --parent-path /abs one
	contains "--parent-path /abs: a path relative to --image-path is needed" "$err"
	if ! criu check >/dev/null 2>&1; then
		expect 1 runtime checkpoint --image-path "$T/image" one
		contains "criu dump: " "$err"
		equal 1 "$(wc -l <<<"$err")" "lines"
		is running one
	fi
	created two
	expect 1 runtime checkpoint --image-path "$T/image" two
	contains "cannot checkpoint a container that is created" "$err"
	bundle three
	expect 125 runtime restore --bundle "$T/three" --image-path "$T/missing" three
	contains "--image-path $T/missing: No such file or directory" "$err"
	expect 1 runtime state three
}
