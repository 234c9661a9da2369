# SPDX-License-Identifier: Apache-2.0
# Mounts, propagation, limits and identity of config.json as the container's process sees them.
#
# shellcheck disable=SC2154,SC2016 # out, err, T and group come from helpers.bash

load helpers
load spec_helpers
own_image=1
: "$own_image"

with_mount() # JSON: the usual mounts and these
{
	jq -n --argjson m "$1" '{mounts: ([{destination: "/proc", type: "proc", source: "proc"}, {destination: "/dev", type: "tmpfs", source: "tmpfs"}] + $m)}'
}

# nested: $T/tree with a tmpfs mounted at $T/tree/below; in a mount namespace of the caller's
nested()
{
	mkdir -p "$T/tree/below"
	mount -t tmpfs tmpfs "$T/tree/below"
	touch "$T/tree/below/file"
	"$TARE_BUILD/tare-runtime" run --bundle "$T/bundle" "box-$group"
}

@test "recursive options reach the mounts below a bind, plain ones only itself" {
	bundle "$(with_mount "[{\"destination\": \"/a\", \"source\": \"$T/tree\", \"options\": [\"rbind\", \"ro\"]},
		{\"destination\": \"/b\", \"source\": \"$T/tree\", \"options\": [\"rbind\", \"rro\", \"rnosuid\", \"rnoexec\"]}]")" -- sh -c '
		touch /a/x 2>/dev/null || echo a; touch /a/below/x && echo a below; touch /b/x 2>/dev/null || echo b; touch /b/below/x 2>/dev/null || echo b below
		grep " /b/below " /proc/self/mounts | cut -d" " -f4 | cut -d, -f1-3'
	expect 0 private_mounts nested
	equal $'a\na below\nb\nb below\nro,nosuid,noexec' "$out"
}

@test "a bind without recursion leaves out what is mounted below" {
	bundle "$(with_mount "[{\"destination\": \"/a\", \"source\": \"$T/tree\", \"options\": [\"bind\"]}]")" -- ls /a/below
	expect 0 private_mounts nested
	equal "" "$out"
}

@test "tmpcopyup fills a tmpfs with what the root has there" {
	bundle "$(with_mount '[{"destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "size=1m"]}]')" \
		-- sh -c 'cat /etc/kept; echo new >/etc/kept'
	echo old >"$T/bundle/rootfs/etc/kept"
	run_bundle 0
	equal old "$out"
	equal old "$(cat "$T/bundle/rootfs/etc/kept")"
}

@test "rootfsPropagation and a mount's own propagation are the kernel's" {
	bundle '{"linux": {"rootfsPropagation": "private"}}' -- sh -c 'grep " / / " /proc/self/mountinfo | grep -c "shared:\|master:"'
	run_bundle 1
	equal 0 "$out"
	bundle '{"linux": {"rootfsPropagation": "unbindable"}}' -- grep -c unbindable /proc/self/mountinfo
	run_bundle 0
	bundle "$(with_mount "[{\"destination\": \"/a\", \"source\": \"$T/tree\", \"options\": [\"rbind\", \"rshared\"]}]")" -- sh -c 'grep " /a " /proc/self/mountinfo | grep -o " shared:" | head -1'
	expect 0 private_mounts nested
	equal " shared:" "$out"
}

@test "masked paths are empty, read-only ones refuse, a read-only root too" {
	bundle '{"root": {"path": "rootfs", "readonly": true}, "linux": {"maskedPaths": ["/proc/keys", "/proc/fs", "/nowhere"], "readonlyPaths": ["/proc/sys", "/tmp"]}}' \
		-- sh -c 'wc -c </proc/keys; ls /proc/fs; echo 1 2>/dev/null >/proc/sys/kernel/sysrq || echo sys; touch /tmp/x 2>/dev/null || echo tmp; touch /x 2>/dev/null || echo root'
	run_bundle 0
	equal $'0\nsys\ntmp\nroot' "$out"
}

@test "devices, also pipes and owners; umask and groups" {
	bundle '{"process": {"user": {"uid": 7, "gid": 8, "umask": 23, "additionalGids": [9, 10]}}, "linux": {"devices": [
		{"path": "/dev/own/zero", "type": "c", "major": 1, "minor": 5, "fileMode": 420, "uid": 7, "gid": 8}, {"path": "/dev/pipe", "type": "p", "fileMode": 438}]}}' \
		-- sh -c 'stat -c "%F %t:%T %a %u:%g" /dev/own/zero; stat -c "%F %a" /dev/pipe; umask; id -G; head -c 3 /dev/own/zero | wc -c'
	run_bundle 0
	equal $'character special file 1:5 644 7:8\nfifo 666\n0027\n8 9 10\n3' "$out"
}

@test "a host's name and its domain, the OOM score and resource limits" {
	bundle '{"hostname": "one", "domainname": "two.example", "process": {"oomScoreAdj": 321, "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 17, "hard": 19}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]}}' \
		-- sh -c 'hostname; cat /proc/sys/kernel/domainname /proc/self/oom_score_adj; ulimit -Sn; ulimit -Hn; ulimit -c'
	run_bundle 0
	equal $'one\ntwo.example\n321\n17\n19\n0' "$out"
}

@test "idle and burst of the CPU are written, or refused where they cannot be" {
	local version mount
	read -r version mount < <(hierarchy_of cpu) || skip "no cpu controller"
	[ -e "$mount/cpu.idle" ] || [ "$version" = v1 ] || [ -n "$(find "$mount" -maxdepth 2 -name cpu.idle -print -quit)" ] || skip "no cpu.idle"
	bundle '{"linux": {"resources": {"cpu": {"idle": 1, "quota": 50000, "period": 100000, "burst": 20000}}}, "process": {"args": ["sleep", "1000"]}}'
	runtime run --bundle "$T/bundle" "box-$group" 3>&- &
	eventually 5 grep -q . "$mount/$group/runtime/cgroup.procs"
	eventually 5 grep -qx 20000 "$mount/$group/runtime/"cpu.*burst*
	eventually 5 grep -qx 1 "$mount/$group/runtime/cpu.idle"
	kill -TERM $!
	xargs -r kill -KILL <"$mount/$group/runtime/cgroup.procs" || true
	wait $! || true
}
