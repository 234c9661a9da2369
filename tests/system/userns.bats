# SPDX-License-Identifier: Apache-2.0
# --userns: the container's root is nobody on the host, by idmapped layers and without a change on the disk; ids that no
# two containers share; tare.conf.
#
# The folders lie on a disk: /tmp may be a tmpfs, which cannot be idmapped before Linux 6.3.
#
# shellcheck disable=SC2154,SC2034 # out, err, T and group come from helpers.bash, which reads test_parent, tare_globals

load helpers

test_parent=/var/tmp
first=700000

setup()
{
	tare_setup
	settings "subuid = $T/subid" "subgid = $T/subid"
	echo "tare:$first:655360" >"$T/subid"
	tare_globals=(--config "$T/tare.conf")
}

settings() { printf '%s\n' "$@" "network = none" >"$T/tare.conf"; }

owner() { stat -c %u:%g "$1"; }

uid_of() { stat -c %u "/proc/$(pid_of "$1")"; } # of a container's first process, on the host

upper() { echo "$T/root/containers/$(tare inspect "$1" | jq -r '.[0].Id')/upper"; }

disk() { find "$T/root/layers" -printf '%P %U:%G %m %s %T@ %C@\n' | sort; }

# ---- who is who -----------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "the container's root is an unprivileged user of the host, and nothing changes on the disk" {
	disk >"$T/before"
	start web --userns auto -- sh -c 'echo x >/etc/new; echo x >>/etc/passwd; rm /etc/group; mkdir -m 700 /d; sleep 1000'
	equal "$first" "$(uid_of web)" "uid of the container's root on the host"
	equal "$first" "$(stat -c %g "/proc/$(pid_of web)")" "its gid"
	eventually 5 test -d "$(upper web)/d"
	equal "0:0 0:0 0:0 0:0" \
		"$(echo "$(owner "$(upper web)/etc/new")" "$(owner "$(upper web)/etc/passwd")" "$(owner "$(upper web)/etc/group")" "$(owner "$(upper web)/d")")" \
		"owners on the disk of what was made, changed, removed"
	disk | diff "$T/before" - || fail "the image's files changed"
	expect 0 box --userns auto -- sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map; stat -c %u:%g / /bin/sh /etc/passwd /etc/hosts /dev/null /dev/pts'
	equal "$(printf '%s\n' 0 0 "0 $((first + 65536)) 65536" "0 $((first + 65536)) 65536" 0:0 0:0 0:0 0:0 0:0 0:0)" \
		"$(sed 's/^ *//; s/  */ /g' <<<"$out")" "the view from inside"
}

@test "another user of the image is another unprivileged user of the host" {
	start web --userns auto -u 1000:1000
	equal "$((first + 1000))" "$(uid_of web)"
	expect 0 box --userns auto -u 1000 -- sh -c 'echo x >/dev/stdout; echo x >/dev/null; id -u; ! touch /etc/new 2>/dev/null'
	equal "$(printf 'x\n1000')" "$out"
}

@test "a setuid program makes the container's root, not the host's" {
	expect 0 box --userns auto -v programs:/p -v "$TARE_BUILD/tests/system/probe:/probe:ro" -- \
		sh -c 'cp /probe /p/ids && chmod 4755 /p/ids'
	equal 0:0 "$(owner "$T/root/volumes/programs/_data/ids")"
	expect 0 box --userns auto -v programs:/p -u 1000 -- /p/ids ids
	equal "1000 0" "$out" "real and effective user"
	start web --userns auto -v programs:/p -u 1000 -- /p/ids spin 1000 1
	equal "$first" "$(awk '/^Uid:/ { print $3 }' "/proc/$(pid_of web)/status")" "effective user on the host"
}

# ---- files from outside -----------------------------------------------------------------------------------------------

@test "a volume has the container's owners on the disk, whichever ids its containers have" {
	expect 0 box --userns auto -v data:/data -- sh -c 'touch /data/root; touch /data/user; chown 33:44 /data/user'
	equal "0:0 33:44" "$(echo "$(owner "$T/root/volumes/data/_data/root")" "$(owner "$T/root/volumes/data/_data/user")")"
	start holder --userns auto
	expect 0 box --userns auto -v data:/data -- sh -c 'stat -c %u:%g /data /data/root /data/user; echo x >>/data/root'
	equal "$(printf '%s\n' 0:0 0:0 33:44)" "$out" "seen by ids of $((first + 65536))"
	expect 0 box -v data:/data -- stat -c %u:%g /data/root /data/user
	equal "$(printf '%s\n' 0:0 33:44)" "$out" "seen without a user namespace"
}

@test "a volume is filled with the image's files and their owners" {
	expect 0 box --userns auto -v etc:/etc -- stat -c %u:%g /etc/passwd
	equal 0:0 "$out"
	equal 0:0 "$(owner "$T/root/volumes/etc/_data/passwd")"
}

# bats test_tags=guest-full
@test "a bind knows nobody of the container, with idmap everybody by his number" {
	mkdir -m 777 "$T/open" && mkdir -m 755 "$T/dir"
	echo secret >"$T/dir/secret" && chmod 600 "$T/dir/secret"
	expect 0 box --userns auto -v "$T/dir:/d" -v "$T/open:/o" -- sh -c 'stat -c %u:%g /d/secret; touch /o/new
		cat /d/secret 2>/dev/null || echo no; touch /d/x 2>/dev/null || echo no; chown 0 /d/secret 2>/dev/null || echo no'
	equal "$(printf '%s\n' 65534:65534 no no no)" "$out" "without idmap"
	equal "$first:$first" "$(owner "$T/open/new")" "owner on the host without idmap"
	expect 0 box --userns auto -v "$T/dir:/d:idmap" --mount "type=bind,src=$T/open,dst=/o,idmap" -u 0 -- \
		sh -c 'stat -c %u:%g /d/secret; cat /d/secret; touch /d/x; touch /o/x; chown 7:8 /o/x'
	equal "$(printf '%s\n' 0:0 secret)" "$out" "with idmap"
	equal "0:0 7:8" "$(echo "$(owner "$T/dir/x")" "$(owner "$T/open/x")")" "owners on the host with idmap"
}

@test "what cannot be idmapped is said, and nothing is left" {
	refused "^tare: bind /proc: its file system cannot be idmapped, or one below it" \
		tare run --rm --userns auto -v /proc:/p:idmap busybox true
	expect 0 box --userns auto -- cat /proc/self/uid_map # the ids that it had are free again
	matches "^ *0 +$first +65536\$" "$out"
}

# ---- what root may not ------------------------------------------------------------------------------------------------

@test "with every capability and no filter the container's root may nothing to the host" {
	local all=(--cap-add ALL --security-opt seccomp=unconfined --security-opt systempaths=unconfined)
	expect 0 box --userns auto "${all[@]}" --device-cgroup-rule 'b *:* rwm' -v "$TARE_BUILD/tests/system/probe:/probe:ro" -- sh -c '
		mknod /dev/disk b 254 0 2>/dev/null || echo no device
		(: >>/proc/sys/kernel/core_pattern) 2>/dev/null || echo no sysctl
		(: >>/proc/sysrq-trigger) 2>/dev/null || echo no sysrq
		mount -t tmpfs none /mnt 2>/dev/null || mkdir -p /mnt && mount -t tmpfs none /mnt && echo own mounts
		(echo -1000 >/proc/self/oom_score_adj) 2>/dev/null || echo no oom_score_adj
		[ -c /dev/kmsg ] || echo no kmsg'
	equal "$(printf '%s\n' 'no device' 'no sysctl' 'no sysrq' 'own mounts' 'no oom_score_adj' 'no kmsg')" "$out"
}

@test "devices and masks are there as ever" {
	expect 0 box --userns auto --device /dev/null:/dev/mine:rw -- sh -c '
		for d in null zero full random urandom tty mine; do stat -c "%n %F %t:%T %u:%g %a" /dev/$d; done
		echo x >/dev/mine; head -c 3 /dev/zero | wc -c
		for p in kcore keys timer_list; do [ ! -e /proc/$p ] || stat -c %t:%T /proc/$p; done | sort -u
		(: >/proc/sys/kernel/hostname) 2>/dev/null || echo read-only'
	equal "$(printf '/dev/%s character special file %s 0:0 666\n' null 1:3 zero 1:5 full 1:7 random 1:8 urandom 1:9 tty 5:0 mine 1:3
		printf '%s\n' 3 1:3 read-only)" "$out"
}

@test "limits and the OOM score are set from outside" {
	expect 0 box --userns auto --ulimit nofile=77:99 --oom-score-adj 300 -- sh -c 'ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj'
	equal "$(printf '%s\n' 77 99 300)" "$out"
	expect 0 box --userns auto --sysctl net.ipv4.ip_forward=1 --memory 64m --tmpfs /t:uid=5,mode=700 -- sh -c '
		cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ping_group_range; stat -c %u:%a /t'
	equal "$(printf '%s\n' 1 '0 65535' 5:700)" "$(tr '\t' ' ' <<<"$out")"
}

# bats test_tags=guest-full
@test "a writable v2 group is the container's own, its limits are not" {
	[[ $(hierarchy_of pids) == v2* ]] || skip "no pure cgroup v2 here"
	expect 0 box --userns auto --pids-limit 50 --security-opt writable-cgroups=true -- sh -c '
		cd /sys/fs/cgroup && mkdir below && echo $$ >below/cgroup.procs && cat /proc/self/cgroup
		(echo 99 >pids.max) 2>/dev/null || echo no; cat pids.max'
	equal "$(printf '%s\n' 0::/below no 50)" "$out"
}

# ---- ids --------------------------------------------------------------------------------------------------------------

@test "each container has its own ids from its creation to its removal" {
	expect 0 tare create --name one --userns auto busybox sleep 1000
	start two --userns auto:size=1000
	start three --userns auto
	equal "$((first + 65536))" "$(uid_of two)"
	equal "$((first + 65536 + 1000))" "$(uid_of three)"
	expect 0 tare start one
	eventually 5 is_running one
	equal "$first" "$(uid_of one)"
	expect 0 tare kill one
	expect 0 tare start one
	eventually 5 is_running one
	equal "$first" "$(uid_of one)" "uid after another start"
	expect 0 tare rm -f two
	start four --userns auto:size=100
	equal "$((first + 65536))" "$(uid_of four)" "uid of the next that fits"
	equal "auto:size=100" "$(tare inspect four | jq -r '.[0].HostConfig.UsernsMode')"
}

@test "when there are none left that is said, and the next one after a removal gets them" {
	echo "tare:$first:70000" >"$T/subid"
	start one --userns auto
	expect 125 tare run --rm --userns auto busybox true
	equal "tare: --userns auto: no 65536 uids in a row are left of those that user \"tare\" has in subuid(5); containers have 1 ranges of them" "$err"
	expect 0 tare rm -f one
	expect 0 box --userns auto -- true
}

@test "twenty containers that start together share no id" {
	local i uids
	for i in $(seq 20); do
		tare run -d --name "c$i" --userns auto:size=100 busybox sleep 1000 >/dev/null 3>&- &
	done
	wait
	uids=$(for i in $(seq 20); do uid_of "c$i"; done | sort -nu)
	equal "$(seq "$first" 100 $((first + 1900)))" "$uids"
}

@test "a map is taken as it is, but not from those that have their ids alone" {
	start one --userns 0:800000:1000,1000:1000:1 -u 1000
	equal 1000 "$(uid_of one)"
	expect 0 box --userns 0:800000:1000 -- sh -c 'sed "s/  */ /g" /proc/self/uid_map'
	equal " 0 800000 1000" "$out" "a map that two share"
	start two --userns auto
	expect 125 tare run --rm --userns "0:$first:1000" busybox true
	matches "^tare: --userns 0:$first:1000: uid $first to $((first + 65535)) of the host belong to container [0-9a-f]{12}$" "$err"
	expect 125 tare run --rm --userns 0:5000:1000 -u 2000 busybox true
	equal "tare: --userns 0:5000:1000: the user's uid 2000 is not mapped in its user namespace" "$err"
}

# ---- settings and refusals --------------------------------------------------------------------------------------------

@test "tare.conf makes user namespaces the default" {
	settings "# ours" "userns-remap = default" "subuid=$T/subid" "subgid=$T/subid"
	start web
	equal "$first" "$(uid_of web)"
	equal auto "$(tare inspect web | jq -r '.[0].HostConfig.UsernsMode')"
	start privileged --userns host --privileged
	equal 0 "$(uid_of privileged)"
	expect 125 tare run --rm --privileged busybox true
	contains "You must run the container in the host namespace when running privileged mode" "$err"
	settings "userns-remap = default"
	expect 0 tare rm -f web privileged
}

@test "what is wrong in tare.conf is said with its line" {
	settings "" "userns-remap = yes"
	refused "^tare: $T/tare.conf:2: userns-remap: \"yes\": allowed are default and off$" tare run --rm busybox true
	settings "userns = default"
	refused "^tare: $T/tare.conf:1: \"userns\" is not a setting \(.*subgid, subuid, userns-remap\)$" tare run --rm busybox true
	tare_globals=(--config "$T/none.conf")
	refused "^tare: open $T/none.conf: No such file or directory$|none.conf: No such file" tare run --rm busybox true
}

@test "without a line for tare, the line to add is said" {
	echo "someone:100000:65536" >"$T/subid"
	refused "^tare: --userns auto: user \"tare\" has no ids in $T/subid; add a line there, such as tare:1000000000:655360000$" \
		tare run --rm --userns auto busybox true
	echo "tare:100000" >>"$T/subid"
	refused "^tare: --userns auto: $T/subid:2: not USER:FIRST:COUNT" tare run --rm --userns auto busybox true
}

@test "what shares with the host has no user namespace of its own" {
	refused "cannot share the host's network namespace when user namespaces are enabled" \
		tare run --rm --userns auto --network host busybox true
	refused "cannot share the host PID namespace when user namespaces are enabled" \
		tare run --rm --userns auto --pid host busybox true
	refused "privileged mode is incompatible with user namespaces" tare run --rm --userns auto --privileged busybox true
	refused "idmap needs a user namespace" tare run --rm -v /tmp:/t:idmap busybox true
	refused "^tare: --userns maybe: invalid USER mode: allowed are" tare run --rm --userns maybe busybox true
	expect 0 box --userns auto --ipc host --uts host --cgroupns host -- sh -c 'readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts; ls /sys/fs/cgroup >/dev/null'
	equal "$(readlink /proc/self/ns/ipc /proc/self/ns/uts)" "$out"
}

@test "another container's user namespace, and others of that one with it; its ids are theirs together" {
	start web --userns auto --ipc shareable
	expect 0 box --userns container:web --network container:web --ipc container:web --pid container:web -v data:/data -- sh -c '
		touch /data/x; ls /dev/shm >/dev/null; stat -c %u /proc/1; readlink /proc/self/ns/user; readlink /proc/self/ns/net'
	equal "$(printf '%s\n' 0; readlink "/proc/$(pid_of web)/ns/user"; readlink "/proc/$(pid_of web)/ns/net")" "$out"
	equal 0:0 "$(owner "$T/root/volumes/data/_data/x")"
	start guest --userns container:web -u 7
	equal "$((first + 7))" "$(uid_of guest)"
	expect 0 tare exec -u 9 guest sh -c 'readlink /proc/self/ns/user; id -u'
	equal "$(readlink "/proc/$(pid_of web)/ns/user")"$'\n9' "$out"
	expect 0 tare rm -f web
	start next --userns auto
	equal "$((first + 65536))" "$(uid_of next)" "not those that guest still has"
	expect 0 tare stop -t 0 guest
	expect 1 tare start guest
	contains "No such container" "$err"
	start plain
	expect 125 tare run --rm --userns container:plain busybox true
	contains "has no user namespace of its own" "$err"
}

@test "another container's namespaces are joined with the host's ids only, or with its own" {
	start web --userns auto --ipc shareable
	expect 125 tare run --rm --userns auto --network container:web busybox true
	matches "^tare: --userns auto: --network container:.*: another container's namespace belongs to another user namespace; use --userns host, or join that one too$" "$err"
	expect 0 box --pid container:web --network container:web --ipc container:web --uts container:web -- sh -c '
		stat -c %u /proc/1; readlink /proc/self/ns/net; readlink /proc/self/ns/ipc'
	equal "$(printf '%s\n' $first; readlink "/proc/$(pid_of web)/ns/net"; readlink "/proc/$(pid_of web)/ns/ipc")" "$out"
}

# ---- the OCI runtime ----------------------------------------------------------------------------------------------------

# bundle JSON-OF-LINUX [JSON-OF-MOUNTS] -- CMD…
bundle()
{
	local linux=$1 mounts=''
	shift
	[ "$1" = -- ] || { mounts=$1; shift; }
	shift
	mkdir -p "$T/bundle/rootfs" && cp -a "$T"/root/layers/1/. "$T/bundle/rootfs/"
	chown -R "$first:$first" "$T/bundle/rootfs"
	jq -n --argjson args "$(jq -n '$ARGS.positional' --args -- "$@")" "{ociVersion: \"1.3.0\", root: {path: \"rootfs\"},
		process: {args: \$args, cwd: \"/\", env: [\"PATH=/bin\"]},
		mounts: [{destination: \"/proc\", type: \"proc\", source: \"proc\"} $mounts],
		linux: ({cgroupsPath: \"/$group/runtime\", namespaces: [{type: \"mount\"}, {type: \"pid\"}, {type: \"ipc\"}, {type: \"user\"}],
			uidMappings: [{containerID: 0, hostID: $first, size: 65536}],
			gidMappings: [{containerID: 0, hostID: $first, size: 65536}]} * $linux)}" >"$T/bundle/config.json"
}

@test "tare-runtime takes the maps of config.json, and a root that fits them" {
	bundle '{}' -- sh -c 'cat /proc/self/uid_map; stat -c %u /bin/sh /proc/1 /dev/null; echo x >/new'
	expect 0 "$TARE_BUILD/tare-runtime" run --bundle "$T/bundle" x
	equal "$(printf '%s\n' "0 $first 65536" 0 0 0)" "$(sed 's/^ *//; s/  */ /g' <<<"$out")"
	equal "$first" "$(stat -c %u "$T/bundle/rootfs/new")"
}

@test "tare-runtime joins others' namespaces although it makes a user namespace" {
	start net
	bundle "{namespaces: [{type: \"mount\"}, {type: \"pid\"}, {type: \"user\"}, {type: \"network\", path: \"/proc/$(pid_of net)/ns/net\"}]}" \
		-- readlink /proc/self/ns/net
	expect 0 "$TARE_BUILD/tare-runtime" run --bundle "$T/bundle" x
	equal "$(readlink "/proc/$(pid_of net)/ns/net")" "$out"
}

@test "a mount of config.json may have ids of its own" {
	mkdir "$T/dir" && touch "$T/dir/f" && chown 5:6 "$T/dir/f"
	bundle '{}' ", {destination: \"/d\", type: \"bind\", source: \"$T/dir\", options: [\"rbind\", \"idmap\"],
		uidMappings: [{containerID: 5, hostID: $((first + 10)), size: 1}], gidMappings: [{containerID: 6, hostID: $((first + 20)), size: 1}]}" \
		-- stat -c %u:%g /d/f
	expect 0 "$TARE_BUILD/tare-runtime" run --bundle "$T/bundle" x
	equal 10:20 "$out"
}

@test "an option idmap= says the ids itself, the host's or with @ the container's" {
	mkdir "$T/dir" && touch "$T/dir/f" && chown 5:6 "$T/dir/f"
	bundle '{}' ", {destination: \"/d\", type: \"bind\", source: \"$T/dir\", options: [\"rbind\", \"idmap=uids=5-$((first + 10))-1;gids=6-@20-1\"]}" -- stat -c %u:%g /d/f
	expect 125 "$TARE_BUILD/tare-runtime" run --bundle "$T/bundle" x
	contains 'is not of the form 0-1000-10' "$err"
	bundle '{}' ", {destination: \"/d\", type: \"bind\", source: \"$T/dir\", options: [\"rbind\", \"idmap=uids=5-$((first + 10))-1;gids=@6-20-1\"]}" -- stat -c %u:%g /d/f
	expect 0 "$TARE_BUILD/tare-runtime" run --bundle "$T/bundle" x
	equal 10:20 "$out"
}
