# SPDX-License-Identifier: Apache-2.0
# tare explain and tare oom name the trouble: eight that are caused on purpose, on any layout of cgroups.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

setup()
{
	tare_setup
	few_kills_lately
	need_controller memory
	[ -x "$TARE_BUILD/tests/system/probe" ] || skip "no static probe in this build"
}

teardown()
{
	[ ! -f "$T/loop" ] || losetup -d "$(<"$T/loop")"
	tare_teardown
}

with_probe=(-v "$TARE_BUILD/tests/system/probe:/probe:ro")

may_read_log() { dd if=/dev/kmsg of=/dev/null bs=8192 count=1 iflag=nonblock status=none 2>/dev/null; }

first_line() { tare explain "$@" | head -n 1; }

says() # CONTAINER TEXT…: one of these
{
	local line text
	line=$(first_line "$1")
	shift
	for text in "$@"; do
		[[ $line != *"$text"* ]] || return 0
	done
	return 1
}

kinds() { tare explain --format json "$1" | jq -r '.troubles[].kind' | paste -sd' '; }

# put V1_FILE V2_FILE VALUE…: into this test's group, in which its containers run
put()
{
	local version mount v1=$1 v2=$2
	shift 2
	read -r version mount < <(hierarchy_of "${v1%%.*}")
	mkdir -p "$mount/$group"
	if [ "$version" = v1 ]; then echo "$1" >"$mount/$group/$v1"; else echo "${2-$1}" >"$mount/$group/$v2"; fi
}

# bats test_tags=guest
@test "throttled by its own quota" {
	need_controller cpu
	start busy --cpus 0.2 -- sh -c 'while :; do :; done'
	eventually 10 says busy "container busy: throttled by the CPU limit of the container itself, 0.2 CPU: it had to wait in "
	matches 'throttled-own-limit' "$(kinds busy)"
	expect 0 tare explain busy
	matches '--cpus 0.2' "$out"
	matches 'limit +0.2 CPU  \(its own\)' "$out"
}

# bats test_tags=guest
@test "throttled by a parent's quota" {
	need_controller cpu
	start busy -- sh -c 'while :; do :; done'
	put cpu.cfs_quota_us cpu.max 20000 "20000 100000"
	eventually 10 says busy "container busy: throttled by the CPU limit of cgroup /$group above it, 0.2 CPU"
	matches "limit +0.2 CPU  \(of cgroup /$group\)" "$(tare explain busy)"
	# a process of it is the same
	eventually 5 says "$(pid_of busy)" "process $(pid_of busy): throttled by the CPU limit of cgroup /$group above it"
}

# bats test_tags=guest
@test "OOM by its own limit: while it was, and from the log" {
	expect 137 tare run --name dead "${with_probe[@]}" --memory 32m --memory-swap 32m busybox /probe memory 64
	may_read_log || skip "the kernel log is not for us"
	contains "container dead: out of memory: the memory limit 32 MiB of the container itself was reached; a process was killed, $(
		tare inspect dead | jq -r '.[0].Tare.OOM.Victim.Pid') (probe)" "$(first_line dead)"
	equal "oom-own-limit" "$(kinds dead)"
	expect 0 tare oom dead
	matches '^container dead: the memory limit 32MiB of its own was reached; process [0-9]+ \(probe\) was killed' "$out"
	matches 'memory: 32MiB of 32MiB; processes [0-9.]+MiB' "$out"
	matches $'\n[0-9]+\* +0 +[0-9.]+MiB [^\n]* probe(\n|$)' "$out" # what was seen before may follow
	expect 0 tare oom --format json dead
	equal "33554432 probe true" "$(jq -r '"\(.Limit) \(.Victim.Name) \(.Anon > 16777216)"' <<<"$out")"
}

has_sample() # CONTAINER BYTES: as many at least before the kill
{
	[ "$(tare oom --format json "$1" | jq "[.Before[] | select(.Usage >= $2)] | length")" -ge 1 ]
}

# bats test_tags=guest
@test "OOM of a child only: the first process lives on; use before it was seen" {
	start parent "${with_probe[@]}" --memory 32m --memory-swap 32m -- sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=20
		i=0; while [ $i -lt 13 ]; do echo full; sleep 0.1; i=$((i + 1)); done # one is a second after the last look
		/probe memory 64; : >/tmp/done; sleep 1000'
	eventually 10 in_box parent test -e /tmp/done
	may_read_log || skip "the kernel log is not for us"
	matches '^container parent: out of memory: the memory limit 32 MiB of the container itself was reached; a child process was killed, [0-9]+ \(probe\); the first one lives on' \
		"$(first_line parent)"
	equal 2 "$(tare oom --format json parent | jq '.Processes | length')" "processes at that moment"
	eventually 10 has_sample parent 20971520
	matches $'\n[0-9]+\\.[0-9] s +2[0-9.]+MiB +[0-9]+ %' "$(tare oom parent)"
}

# bats test_tags=guest
@test "OOM by a parent's limit" {
	start held "${with_probe[@]}" -- sh -c 'while [ ! -e /tmp/go ]; do sleep 0.05; done; /probe memory 64; : >/tmp/done; sleep 1000'
	put memory.limit_in_bytes memory.max 33554432
	if is_v1 memory; then
		put memory.memsw.limit_in_bytes - 33554432 2>/dev/null || true
	else
		put - memory.swap.max 0 2>/dev/null || true
	fi
	in_box held touch /tmp/go
	eventually 10 in_box held test -e /tmp/done
	may_read_log || skip "the kernel log is not for us"
	matches "^container held: out of memory: the memory limit 32 MiB of cgroup /$group above it was reached; a child process was killed" \
		"$(first_line held)"
	contains "the memory limit 32MiB of cgroup /$group was reached" "$(tare oom held | head -n 1)"
	contains "cgroup /$group: out of memory: the memory limit 32 MiB of the group itself was reached" "$(first_line "/$group")"
}

# bats test_tags=guest
@test "memory full of page cache is harmless, full of tmpfs it is not" {
	[ "$(stat -f -c %T "$T")" != tmpfs ] || skip "the data root is on a tmpfs itself"
	start cache --memory 32m -- sh -c 'dd if=/dev/zero of=/file bs=1M count=64 2>/dev/null; : >/tmp/done; sleep 1000'
	start tmpfs --memory 32m --memory-swap 32m --tmpfs /t -- \
		sh -c 'dd if=/dev/zero of=/t/file bs=1M count=30 2>/dev/null; : >/tmp/done; sleep 1000'
	eventually 20 in_box cache test -e /tmp/done
	eventually 20 in_box tmpfs test -e /tmp/done
	matches '^container cache: memory is full of page cache, which is harmless: of [0-9.]+ MiB used, [0-9.]+ MiB can be taken back' \
		"$(first_line cache)"
	matches '^container tmpfs: memory is nearly full of files in tmpfs, which stay: 30 MiB of the limit 32 MiB' "$(first_line tmpfs)"
	equal memory-cache "$(kinds cache | cut -d' ' -f1)"
}

# bats test_tags=guest
@test "pids exhausted" {
	need_controller pids
	start forks --pids-limit 8 -- sh -c 'sh -c "for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done" 2>/dev/null; exec sleep 1000'
	eventually 10 says forks "container forks: no process more: the limit 8 of the container is reached" \
		"forks were refused at the limit of 8 processes of the container"
	equal pids-limit "$(kinds forks)"
	matches '--pids-limit 8' "$(tare explain forks)"
}

# a_loop: a disk of this test's own, 64 MiB
a_loop()
{
	truncate -s 64M "$T/disk.img"
	losetup -f --show "$T/disk.img" >"$T/loop" 2>/dev/null || { rm "$T/loop"; skip "no loop devices here"; }
	disk=$(<"$T/loop")
	number=$(<"/sys/class/block/${disk##*/}/dev")
}

# bats test_tags=guest
@test "a disk limit is reached: of a rate, of a size" {
	start full --tmpfs /small:size=64k -- sh -c 'dd if=/dev/zero of=/small/x 2>/dev/null; : >/tmp/done; sleep 1000'
	eventually 10 in_box full test -e /tmp/done
	matches '^container full: /small is full: no room left of 64 KiB in its file system \(tmpfs\)' "$(first_line full)"
	equal disk-full "$(kinds full)"
	need_controller blkio
	a_loop
	start slow --device "$disk:/disk" --device-read-bps "$disk:1mb" -- \
		sh -c 'while :; do dd if=/disk of=/dev/null bs=64k iflag=direct 2>/dev/null; done'
	eventually 10 says slow "container slow: reads of disk $number are held back by the limit 1 MiB/s of the container" ||
		fail "$(tare explain slow)"
}

@test "nothing is wrong: no trouble, for a container, a process and a group; not at all known: an error" {
	start well
	equal "container well: nothing holds it back" "$(first_line well | sed 's/it waits for.*/nothing holds it back/')"
	expect 0 tare explain "$(pid_of well)"
	expect 0 tare explain "$host_cgroup/$(cgroup_dir well memory | sed "s|$host_cgroup/||")"
	matches '^cgroup ' "$out"
	start slow --pids-limit 8 -- sh -c 'sh -c "for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done" 2>/dev/null; exec sleep 1000'
	eventually 20 eval 'tare explain | grep -q "^container slow: .*the limit"'
	equal "slow pids-limit" "$(tare explain --format json | jq -r '"\(.Container) \(.Kind)"' | grep -v pressure)"
	matches '1 of 2 containers: nothing holds (it|them) back|container well: it waits' "$(tare explain)"
	if [ -r /proc/2/cgroup ] && ! grep -qv ':/$' /proc/2/cgroup; then # kthreadd, where this is not in a pid namespace
		expect 0 tare explain 2
		contains "process 2: it is in the root control group, which has no limits" "$out"
		! grep -q 'limit  ' <<<"$out" || fail "limits of the root group: $out"
	fi
	expect 1 tare explain nobody
	equal "tare: No such container, process or cgroup: nobody" "$err"
	expect 1 tare explain 4000000
	matches 'process 4000000: no such process' "$err"
	expect 0 tare oom well
	contains "no OOM kill is known" "$out"
}

@test "what somebody else wrote since is seen" {
	start well --memory 64m
	equal false "$(tare explain --format json well | jq '.resources.memory.settings[0].changed')"
	equal '--memory 64m' "$(tare explain --format json well | jq -r '.resources.memory.settings[0] | "\(.option) \(.given)"')"
	echo 48M >"$(if is_v1 memory; then cgroup_file well memory.limit_in_bytes; else cgroup_file well memory.max; fi)"
	equal "true 50331648 67108864" \
		"$(tare explain --format json well | jq -r '.resources.memory.settings[0] | "\(.changed) \(.now) \(.wrote)"')"
	contains changed "$(kinds well)"
	expect 0 tare update --memory 32m --memory-swap 64m well
	equal false "$(tare explain --format json well | jq '.resources.memory.settings[0].changed')"
}

# bats test_tags=guest-full
@test "OOM of the whole host: it, the victim and the processes of that moment are told" {
	[ -e /vm-command ] || skip "only where the host is a guest of this test"
	local most
	most=$(awk '$1 == "MemTotal:" { print int($2 * 6 / 10240) }' /proc/meminfo) # MiB; twice that is too much
	swapoff -a
	start eater "${with_probe[@]}" --shm-size "${most}m" -- sh -c "dd if=/dev/zero of=/dev/shm/x bs=1M count=$most 2>/dev/null
		/probe memory $most; : >/tmp/done; sleep 1000"
	eventually 20 in_box eater test -e /tmp/done
	matches '^container eater: out of memory: the whole host had none left; a child process was killed, [0-9]+ \(probe\); the first one lives on' \
		"$(first_line eater)"
	expect 0 tare oom eater
	matches '^container eater: the whole host was out of memory; process [0-9]+ \(probe\) was killed' "$out"
	matches $'\n[0-9]+\\* +0 +[0-9.]+MiB .* probe\n' "$out"
	expect 0 tare oom --format json eater
	equal "/ probe true" "$(jq -r '"\(.Owner) \(.Victim.Name) \(.Processes | length > 3)"' <<<"$out")"
	tare rm -f eater >/dev/null
}

# bats test_tags=guest-full
@test "swap and the kernel's memory: as the files say" {
	[ -e /vm-command ] || skip "only where the host is a guest of this test: it gets swap"
	is_v1 memory && skip "v2's files are compared"
	local said file
	dd if=/dev/zero of=/var/tmp/swap bs=1M count=128 status=none
	chmod 600 /var/tmp/swap && mkswap /var/tmp/swap >/dev/null && swapon /var/tmp/swap
	start swaps --memory 32m --memory-swap 96m -- sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=48 2>/dev/null; : >/tmp/done; sleep 1000'
	eventually 20 in_box swaps test -e /tmp/done
	file=$(<"$(cgroup_file swaps memory.swap.current)")
	expect 0 tare stats --no-stream --format json swaps
	said=$(jq -r '.Swap | rtrimstr("B")' <<<"$out" | numfmt --from=auto)
	between $((file * 98 / 100)) $((file * 102 / 100)) "$said" "bytes in swap"
	[ "$said" -gt $((8 << 20)) ] || fail "nothing was swapped: $out"
	matches '^[0-9.]+[KM]iB$' "$(jq -r .Kernel <<<"$out")" "the kernel's memory"
	matches 'in swap +[1-9][0-9.]* MiB' "$(tare explain swaps)"
	tare rm -f swaps >/dev/null
	swapoff /var/tmp/swap && rm /var/tmp/swap
}
