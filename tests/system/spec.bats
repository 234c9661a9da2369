# SPDX-License-Identifier: Apache-2.0
# Fields of config.json that no option of `tare run` asks for, on a real kernel: what the container's process sees of them.
#
# shellcheck disable=SC2154,SC2016 # out, err, T and group come from helpers.bash

load helpers
load spec_helpers
own_image=1
: "$own_image"

@test "scheduler, input and output priority, personality and memory policy are the process's" {
	bundle '{"process": {"scheduler": {"policy": "SCHED_BATCH", "nice": 7}, "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 0}},
		"linux": {"personality": {"domain": "LINUX32"}, "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0"}}}' \
		-- sh -c 'ps -o nice,args | grep -w "[c]at" ; sed -n "s/^policy *: *//p" /proc/self/sched; uname -m; ionice -p $$; grep -m1 -o "bind[^ ]*" /proc/self/numa_maps; cut -d" " -f19 /proc/self/stat'
	run_bundle 0
	if [ -e /proc/self/sched ]; then contains $'\n3\n' $'\n'"$out"$'\n' policy; fi
	contains i686 "$out"
	contains idle "$out"
	if [ -e /proc/self/numa_maps ]; then contains bind:0 "$out"; fi
	equal 7 "${out##*$'\n'}" nice
}

@test "a real-time scheduler without the right to it is refused by its path" {
	bundle '{"process": {"scheduler": {"policy": "SCHED_DEADLINE", "runtime": 100, "deadline": 50, "period": 1000}}}'
	refused_bundle 'process.scheduler: SCHED_DEADLINE: sched_setattr: Invalid argument'
	bundle '{"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "999"}}}'
	refused_bundle 'linux.memoryPolicy: MPOL_BIND 999: set_mempolicy: Invalid argument'
}

@test "a new time namespace has the clocks that are asked for, ours stays as it is" {
	local before
	before=$(readlink /proc/self/ns/time)
	bundle '{"linux": {"timeOffsets": {"monotonic": {"secs": 86400}, "boottime": {"secs": 864000, "nanosecs": 5}}}}' -- sh -c 'cat /proc/self/timens_offsets; cat /proc/uptime; readlink /proc/self/ns/time'
	jq '.linux.namespaces += [{type: "time"}]' "$T/bundle/config.json" >"$T/c" && mv "$T/c" "$T/bundle/config.json"
	run_bundle 0
	matches 'monotonic +86400 +0' "$out"
	matches 'boottime +864000 +5' "$out"
	[ "$(sed -n '3s/\..*//p' <<<"$out")" -ge 864000 ] || fail "uptime: $out"
	[ "${out##*$'\n'}" != "$before" ] || fail "no time namespace of its own"
	equal "$before" "$(readlink /proc/self/ns/time)"
}

@test "clocks that cannot be are refused, and a namespace is joined only where its file is one of that kind" {
	bundle '{"linux": {"timeOffsets": {"boottime": {"secs": -864000000}}}}'
	jq '.linux.namespaces += [{type: "time"}]' "$T/bundle/config.json" >"$T/c" && mv "$T/c" "$T/bundle/config.json"
	refused_bundle 'linux.timeOffsets: a clock would be before 0'
	bundle '{"linux": {"namespaces": [{"type": "mount"}, {"type": "uts"}, {"type": "network", "path": "/proc/self/ns/ipc"}]}}'
	refused_bundle 'network namespace: /proc/self/ns/ipc is not a network namespace'
}

@test "time, uts and ipc namespaces of others are joined by their paths" {
	local pid ns file
	unshare --time --uts --ipc sleep 1000 3>&- &
	pid=$!
	eventually 5 grep -q ^sleep "/proc/$pid/cmdline"
	bundle "$(jq -n --arg p "/proc/$pid/ns" '{hostname: null, linux: {namespaces: [{type: "mount"}, {type: "pid"},
		{type: "time", path: ($p + "/time_for_children")}, {type: "uts", path: ($p + "/uts")}, {type: "ipc", path: ($p + "/ipc")}]}}')" \
		-- sh -c 'for n in time uts ipc; do readlink /proc/self/ns/$n; done'
	run_bundle 0
	for ns in time_for_children uts ipc; do
		file=$(readlink "/proc/$pid/ns/$ns")
		contains "${file/_for_children/}" "$out"
	done
	kill "$pid"
}

@test "a user namespace of another container is joined by its path, with its maps" {
	local ranges='[{"containerID": 0, "hostID": 100000, "size": 65536}]' first ns
	local types='[{"type": "mount"}, {"type": "pid"}, {"type": "ipc"}, {"type": "uts"}'
	bundle "{\"linux\": {\"namespaces\": $types, {\"type\": \"user\"}], \"uidMappings\": $ranges, \"gidMappings\": $ranges}}" -- sleep 1000
	chmod 755 "$T" "$T/bundle" && chmod 777 "$T/bundle/rootfs/tmp"
	expect 0 runtime run --detach --bundle "$T/bundle" "first-$group" 3>&-
	first=/proc/$(runtime state "first-$group" | jq .pid)/ns/user
	ns=$(readlink "$first")
	bundle "{\"process\": {\"user\": {\"uid\": 7, \"gid\": 8}}, \"linux\": {\"cgroupsPath\": \"/$group/second\", \"resources\": {\"pids\": {\"limit\": 50}},
		\"namespaces\": $types, {\"type\": \"user\", \"path\": \"$first\"}]}}" -- sh -c '{ readlink /proc/self/ns/user; id; cat /proc/self/uid_map; } >/tmp/y; echo x >/dev/null && touch /tmp/x; sleep 1000'
	expect 0 runtime run --detach --bundle "$T/bundle" "second-$group" 3>&-
	eventually 10 test -e "$T/bundle/rootfs/tmp/x"
	equal 100007 "$(stat -c %u "$T/bundle/rootfs/tmp/x")" "owner of a file"
	contains "$ns uid=7 gid=8 0 100000 65536" "$(xargs <"$T/bundle/rootfs/tmp/y")"
	local pid
	mkdir "$T/third" && ln -s "$T/bundle/rootfs" "$T/third/rootfs" && chmod 755 "$T/third" # its root is a link, besides
	jq ".linux.cgroupsPath = \"/$group/third\" | .linux.namespaces[1].path = \"${first%user}pid\"" "$T/bundle/config.json" >"$T/third/config.json"
	expect 0 runtime run --detach --bundle "$T/third" "third-$group" 3>&-
	pid=$(runtime state "third-$group" | jq .pid)
	equal "$ns $(readlink "${first%user}pid")" "$(readlink "/proc/$pid/ns/user") $(readlink "/proc/$pid/ns/pid")" "with its processes, too"
	expect 0 runtime delete --force "third-$group"
	expect 0 runtime delete --force "first-$group"
	expect 0 runtime exec "second-$group" sh -c 'readlink /proc/self/ns/user; id -u'
	equal "$ns 7" "$(xargs <<<"$out")" "exec after the other one's end"
	jq ".linux.uidMappings = [{containerID: 0, hostID: 5, size: 1}]
		| .linux.namespaces[4].path = \"/proc/$(runtime state "second-$group" | jq .pid)/ns/user\"" "$T/bundle/config.json" >"$T/c" && cp "$T/c" "$T/bundle/config.json"
	run_bundle 125
	contains 'linux.uidMappings: not those of the user namespace' "$err"
	expect 0 runtime delete --force "second-$group"
	jq '.linux.namespaces[4].path = "/proc/self/ns/uts"' "$T/c" >"$T/bundle/config.json"
	refused_bundle 'linux.namespaces\[4\].path: /proc/self/ns/uts is not a user namespace'
}

@test "a mount namespace is joined by its path: its processes keep their root, and nothing stays in it" {
	local ns mounts
	unshare -m --propagation private sleep 1000 3>&- &
	ns=/proc/$!/ns/mnt
	eventually 5 eval '[ "$(readlink "$ns")" != "$(readlink /proc/self/ns/mnt)" ]'
	inside() { nsenter "--mount=$ns" "$@"; }
	mounts=$(inside cat /proc/self/mountinfo)
	bundle "{\"mounts\": [{\"destination\": \"/proc\", \"type\": \"proc\"}, {\"destination\": \"/mnt\", \"type\": \"bind\", \"source\": \"$T\", \"options\": [\"rbind\", \"ro\"]}],
		\"linux\": {\"maskedPaths\": [\"/proc/keys\"], \"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"mount\", \"path\": \"$ns\"}, {\"type\": \"uts\"}]}}" -- \
		sh -c 'readlink /proc/self/ns/mnt >/tmp/ns; sleep 1000'
	expect 0 runtime run --detach --bundle "$T/bundle" "box-$group" 3>&-
	eventually 5 test -s "$T/bundle/rootfs/tmp/ns"
	equal "$(readlink "$ns")" "$(cat "$T/bundle/rootfs/tmp/ns")"
	expect 0 runtime exec "box-$group" sh -c 'readlink /proc/self/ns/mnt; ls -d /bundle /mnt/bundle 2>/dev/null; wc -c </proc/keys'
	equal "$(readlink "$ns") /mnt/bundle 0" "$(xargs <<<"$out")" "exec"
	expect 127 runtime exec "box-$group" nothing
	expect 0 runtime exec "box-$group" ls -d /mnt/bundle
	inside test -e /usr # the root of others
	expect 0 runtime delete --force "box-$group"
	equal "$mounts" "$(inside cat /proc/self/mountinfo)" "mounts after delete"
	jq '.process.args = ["nothing"]' "$T/bundle/config.json" >"$T/c" && cp "$T/c" "$T/bundle/config.json"
	run_bundle 127
	equal "$mounts" "$(inside cat /proc/self/mountinfo)" "mounts after a start that failed"
	jq '.hooks.createRuntime = [{path: "/bin/false"}]' "$T/c" >"$T/bundle/config.json"
	run_bundle 125
	equal "$mounts" "$(inside cat /proc/self/mountinfo)" "mounts after a hook that failed"
	jq '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}] | .linux.gidMappings = .linux.uidMappings' "$T/c" >"$T/bundle/config.json"
	refused_bundle 'linux.namespaces\[1\]: path: a mount namespace cannot be joined together with a user namespace'
	kill $!
}

@test "a class of service needs a processor that has them, and is refused by its path" {
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip "there is one here" # tests/unit/runtime_cli/test_rdt.c has a made tree
	bundle '{"linux": {"intelRdt": {"closID": "gold", "l3CacheSchema": "L3:0=f", "enableMonitoring": true}}}'
	refused_bundle '^tare-runtime: linux.intelRdt: no resctrl file system is mounted'
	equal "true true true" "$(runtime features | jq -r '.linux.intelRdt | "\(.enabled) \(.schemata) \(.monitoring)"')" features
}

@test "limits of hugepages are written, whole pages of them" {
	need_controller hugetlb
	bundle '{"linux": {"resources": {"hugepageLimits": [{"pageSize": "2MB", "limit": 5000000}]},
		"namespaces": [{"type": "mount"}, {"type": "pid"}]}, "hostname": null,
		"mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, {"destination": "/sys", "type": "sysfs", "source": "sysfs"},
			{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]}' \
		-- sh -c 'cat /sys/fs/cgroup/hugetlb.2MB.max /sys/fs/cgroup/unified/hugetlb.2MB.max /sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes 2>/dev/null || true'
	run_bundle 0
	equal 4194304 "$out"
	bundle '{"linux": {"resources": {"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]}}}'
	refused_bundle 'hugetlb.3MB'
}

@test "a sysctl of the container's own namespaces is set, any other refused" {
	bundle '{"linux": {"sysctl": {"kernel.msgmax": "4097", "kernel/shmmni": "17"}}}' -- cat /proc/sys/kernel/msgmax /proc/sys/kernel/shmmni
	run_bundle 0
	equal $'4097\n17' "$out"
	bundle '{"linux": {"sysctl": {"kernel.panic": "5"}}}'
	refused_bundle "linux.sysctl: \"kernel.panic\": is not a namespace's own, it would change the host"
	bundle '{"linux": {"sysctl": {"net.ipv4.ip_forward": "1"}}}'
	refused_bundle 'linux.sysctl: "net.ipv4.ip_forward": needs a network namespace'
}

@test "labels that this kernel cannot give are refused by their path" {
	[ ! -e /proc/self/attr/apparmor/exec ] || skip "AppArmor is here"
	bundle '{"process": {"apparmorProfile": "docker-default"}}'
	refused_bundle 'process.apparmorProfile: "docker-default": AppArmor is not enabled on this host'
	bundle '{"process": {"apparmorProfile": "unconfined"}}'
	run_bundle 0
	[ ! -d /sys/fs/selinux ] || [ ! -e /sys/fs/selinux/enforce ] || skip "SELinux is here"
	bundle '{"process": {"selinuxLabel": "system_u:system_r:x:s0"}}'
	refused_bundle 'process.selinuxLabel: "system_u:system_r:x:s0": SELinux is not enabled on this host'
	bundle '{"linux": {"mountLabel": "system_u:object_r:x:s0:c1,c2"}}'
	refused_bundle 'mount /dev: mount option context'
}

@test "what has no effect is a warning" {
	bundle '{"process": {"capabilities": {"bounding": ["CAP_SYS_ADMIN", "CAP_FLY"]}}, "linux": {"resources": {"memory": {"kernel": 5}}}}'
	run_bundle 0
	contains 'warning: process.capabilities.bounding[1]: "CAP_FLY" is not known, it is left out' "$err"
	contains 'warning: linux.resources.memory.kernel: ' "$err"
}

@test "an interface moves into the container with its addresses, up, under its new name" {
	command -v ip >/dev/null || skip "no ip"
	unshare -n ip link add spec0 type veth peer name spec1 2>/dev/null || skip "this kernel has no veth"
	bundle '{"linux": {"netDevices": {"spec0": {"name": "eth%d"}, "spec1": {}}}}' -- ip addr
	jq '.linux.namespaces += [{type: "network"}]' "$T/bundle/config.json" >"$T/c" && mv "$T/c" "$T/bundle/config.json"
	expect 0 unshare -n bash -ec "ip link add spec0 type veth peer name spec1; ip addr add 192.0.2.7/24 dev spec0
		[ ! -e /proc/net/if_inet6 ] || ip addr add 2001:db8::7/64 dev spec0 nodad
		ip link set spec0 up
		'$TARE_BUILD/tare-runtime' run --bundle $T/bundle box-$group; ip -o link >&2"
	matches 'eth0: <[^>]*UP' "$out"
	matches 'spec1: <[^>]*UP' "$out"
	contains 'inet 192.0.2.7/24' "$out"
	[ ! -e /proc/net/if_inet6 ] || contains 'inet6 2001:db8::7/64' "$out"
	[[ $err != *spec[01]* ]] || fail "still on the host: $err"
}

@test "an interface that is not there, or has no namespace to go to, is refused by its path" {
	bundle '{"linux": {"netDevices": {"spec9": {}}}}'
	refused_bundle 'linux.netDevices: needs a network namespace'
	jq '.linux.namespaces += [{type: "network"}]' "$T/bundle/config.json" >"$T/c" && mv "$T/c" "$T/bundle/config.json"
	refused_bundle 'linux.netDevices.spec9: there is no such interface'
	jq '.linux.netDevices = {"spec9": {name: "a/b"}}' "$T/bundle/config.json" >"$T/c" && mv "$T/c" "$T/bundle/config.json"
	refused_bundle 'linux.netDevices.spec9: "a/b" is not the name of an interface'
}
