#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tare-runtime by an ordinary user: with a single id, with ranges of subuid(5), and as root in a user namespace of somebody
# else's making. The user is this test's own: its lines of passwd, subuid and subgid are bound over the host's files in the
# test's mount namespace.
# shellcheck disable=SC2154,SC2016 # out and err are expect's; the inner shells' variables

load helpers
load runtime

user=4711

setup()
{
	require_root
	T=$(mktemp -d /tmp/tt.XXXXXX)
	chmod 755 "$T"
	export T TARE_BUILD user
	cp "$TARE_BUILD/tare-runtime" "$T/tare-runtime" && chmod 755 "$T/tare-runtime"
	mkdir "$T/run"
	{ cat /etc/passwd; echo "ttuser:x:$user:$user::/:/bin/sh"; } >"$T/passwd"
	echo "$user:200000:65536" >"$T/subid"
	: >"$T/none"
}

teardown() { rm -rf "$T"; }

single='.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 4711, size: 1 }]
	| .linux.gidMappings = .linux.uidMappings'
ranges=$single'| .linux.uidMappings += [{ containerID: 1, hostID: 200000, size: 65535 }] | .linux.gidMappings = .linux.uidMappings'

bundle() # JQ
{
	make_bundle "$T/b" "$1"
	chown -R $user:$user "$T/b" "$T/run"
}

# as_user SUBID CMD…: with that file as subuid and subgid
as_user()
{
	local ids=$1
	shift
	unshare -m --propagation private sh -euc 'cd /
		mount --bind "$T/passwd" /etc/passwd; mount --bind "$0" /etc/subuid; mount --bind "$0" /etc/subgid
		exec setpriv --reuid $user --regid $user --clear-groups env XDG_RUNTIME_DIR="$T/run" "$@"' "$ids" "$@"
}

look='.process.args = ["sh", "-c", "id; cat /proc/self/uid_map; echo >/dev/null && echo null; ls -l /dev/zero; head -c 1 /dev/urandom | wc -c; echo x >/tmp/f && ls -ln /tmp/f"]'

@test "with a single id: its root is the user, devices are the host's, no groups are needed" {
	bundle "$single | $look"
	expect 0 as_user "$T/none" "$T/tare-runtime" run --bundle "$T/b" box
	matches 'uid=0.*gid=0' "$out"
	matches '0 +4711 +1' "$out"
	contains null "$out"
	matches 'crw-rw-rw-.*1, +5.*/dev/zero' "$out"
	equal $user "$(stat -c %u "$T/b/rootfs/tmp/f")" "owner of a file"
	equal "" "$(ls "$T/run/tare-runtime")" "state"
}

# CVE-2023-25809
@test "control groups that are the host's are read-only, whatever the document says" {
	bundle "$single"'| .mounts += [{ destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"] },
		{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"] }]
		| .linux.namespaces |= map(select(.type != "cgroup"))
		| .process.args = ["sh", "-c", "cat /proc/self/mounts; busybox mkdir /sys/fs/cgroup/x /sys/fs/cgroup/*/x; exit 0"]'
	expect 0 as_user "$T/none" "$T/tare-runtime" run --bundle "$T/b" box
	matches ' /sys/fs/cgroup' "$out"
	equal "" "$(awk '$2 ~ "^/sys/fs/cgroup" && $4 !~ "^ro(,|$)"' <<<"$out")" "writable"
	matches 'Read-only file system|Permission denied' "$err"
}

@test "with ranges: newuidmap maps them, any user and group may be taken" {
	command -v newuidmap >/dev/null || skip "needs newuidmap (package uidmap)"
	bundle "$ranges | $look | .process.user = { uid: 5, gid: 6, additionalGids: [7] }"
	chmod 777 "$T/b/rootfs/tmp"
	expect 0 as_user "$T/subid" "$T/tare-runtime" run --bundle "$T/b" box
	matches 'uid=5 gid=6 groups=7' "$out"
	matches '1 +200000 +65535' "$out"
	equal 200004 "$(stat -c %u "$T/b/rootfs/tmp/f")" "owner of a file"
}

@test "create, state, start, exec, kill and delete are the user's too; another user's process is out of reach" {
	command -v newuidmap >/dev/null || skip "needs newuidmap (package uidmap)"
	bundle "$ranges | .process.user = { uid: 5, gid: 6 }"
	as_user "$T/subid" "$T/tare-runtime" create --bundle "$T/b" box </dev/null >"$T/out" 2>&1 3>&-
	expect 0 as_user "$T/subid" "$T/tare-runtime" state box
	equal "created ttuser" "$(jq -r '"\(.status) \(.owner)"' <<<"$out" | sed 's/ 4711/ ttuser/')"
	expect 0 as_user "$T/subid" "$T/tare-runtime" start box
	expect 0 as_user "$T/subid" "$T/tare-runtime" exec box id
	contains "uid=5 gid=6" "$out"
	expect 3 as_user "$T/subid" "$T/tare-runtime" exec --user 0 --cwd /tmp box sh -c 'pwd; cat /proc/self/uid_map; exit 3'
	matches '/tmp.* 1 +200000 +65535' "$(xargs <<<"$out")"
	expect 127 as_user "$T/subid" "$T/tare-runtime" exec box nothing-there
	expect 0 as_user "$T/subid" "$T/tare-runtime" kill box KILL
	eventually 5 stopped box
	expect 0 as_user "$T/subid" "$T/tare-runtime" delete box
	equal "" "$(ls "$T/run/tare-runtime")" "state"
	as_user "$T/subid" "$T/tare-runtime" create --bundle "$T/b" box </dev/null >"$T/out" 2>&1 3>&-
	expect 0 as_user "$T/subid" "$T/tare-runtime" delete --force box
	equal "" "$(ls "$T/run/tare-runtime")" "state"
}

stopped() { as_user "$T/subid" "$T/tare-runtime" state "$1" | jq -e '.status == "stopped"'; }

@test "what this user may not have is told with its path in the document" {
	bundle "$single | .linux.resources.pids.limit = 10"
	expect 125 as_user "$T/none" "$T/tare-runtime" run --bundle "$T/b" box
	contains "linux.resources.pids.limit: this user may make no control group" "$err"
	bundle .
	expect 125 as_user "$T/none" "$T/tare-runtime" run --bundle "$T/b" box
	contains "linux.namespaces: an ordinary user's container needs a user namespace" "$err"
	bundle "$single | del(.linux.gidMappings)"
	expect 125 as_user "$T/none" "$T/tare-runtime" run --bundle "$T/b" box
	contains "linux.gidMappings: missing" "$err"
	bundle "$ranges"
	expect 125 as_user "$T/none" "$T/tare-runtime" run --bundle "$T/b" box
	contains "linux.uidMappings, linux.gidMappings: newuidmap or newgidmap refused them" "$err"
	equal "" "$(ls "$T/run/tare-runtime" 2>/dev/null)" "state"
}

@test "root in a user namespace of somebody else's making" {
	bundle "$look"
	expect 0 as_user "$T/none" unshare -Ur "$T/tare-runtime" --root "$T/run/x" run --bundle "$T/b" box
	matches 'uid=0.*gid=0' "$out"
	contains null "$out"
	bundle "$look | .process.args = [\"true\"] | .linux.namespaces += [{ type: \"user\" }]
		| .linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }] | .linux.gidMappings = .linux.uidMappings"
	expect 0 as_user "$T/none" unshare -Urm "$T/tare-runtime" --root "$T/run/x" run --bundle "$T/b" box
	expect 0 as_user "$T/none" "$T/tare-runtime" --root "$T/run/x" delete --force nobody
}

@test "the bundle that spec --rootless writes runs" {
	bundle .
	rm "$T/b/config.json"
	expect 0 as_user "$T/none" "$T/tare-runtime" spec --rootless --bundle "$T/b"
	jq '.process.terminal = false | .process.args = ["sh", "-c", "id -u; ls /sys | grep -c kernel; touch /x"]' "$T/b/config.json" >"$T/c"
	cp "$T/c" "$T/b/config.json"
	expect 1 as_user "$T/none" "$T/tare-runtime" run --bundle "$T/b" box
	equal "0 1" "$(xargs <<<"$out")"
	contains "Read-only file system" "$err"
}
