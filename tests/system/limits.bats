# SPDX-License-Identifier: Apache-2.0
# Limits as the kernel keeps them, on any layout of cgroups, and as a process feels them.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash
# bats file_tags=guest-full

load helpers

with_probe=(-v "$TARE_BUILD/tests/system/probe:/probe:ro")

# ---- values -------------------------------------------------------------------------------------------------------

# what v1 makes of "unlimited": whole pages
unlimited_v1=9223372036854771712

# bats test_tags=guest
@test "--memory" {
	start one --memory 64m
	equal 67108864 "$(limit one memory.limit_in_bytes memory.max)"
}

@test "--memory-swap: twice the memory by default, equal for none, -1 for no limit" {
	need_controller memory
	start one --memory 64m
	[ -e "$(cgroup_file one memory.memsw.limit_in_bytes)" ] || [ -e "$(cgroup_file one memory.swap.max)" ] ||
		skip "no swap accounting here"
	equal "$(is_v1 memory && echo 134217728 || echo 67108864)" "$(limit one memory.memsw.limit_in_bytes memory.swap.max)"
	start two --memory 64m --memory-swap 64m
	equal "$(is_v1 memory && echo 67108864 || echo 0)" "$(limit two memory.memsw.limit_in_bytes memory.swap.max)"
	start three --memory 64m --memory-swap 96m
	equal "$(is_v1 memory && echo 100663296 || echo 33554432)" "$(limit three memory.memsw.limit_in_bytes memory.swap.max)"
	start four --memory 64m --memory-swap -1
	equal "$(is_v1 memory && echo $unlimited_v1 || echo max)" "$(limit four memory.memsw.limit_in_bytes memory.swap.max)"
}

@test "--memory-reservation" {
	start one --memory 64m --memory-reservation 32m
	equal 33554432 "$(limit one memory.soft_limit_in_bytes memory.low)"
}

@test "--memory-high: a v2 limit; elsewhere a warning, with --strict an error" {
	need_controller memory
	if is_v1 memory; then
		expect 0 box --memory-high 48m -- true
		matches 'warning: .*memory high limit' "$err"
		refused 'memory-high' tare run --rm --strict --memory-high 48m busybox true
	else
		start one --memory-high 48m
		equal 50331648 "$(cat "$(cgroup_file one memory.high)")"
	fi
}

@test "--memory-swappiness and --oom-kill-disable: v1 limits; elsewhere a warning, with --strict an error" {
	need_controller memory
	if is_v1 memory; then
		start one --memory 64m --memory-swappiness 7 --oom-kill-disable
		equal 7 "$(cat "$(cgroup_file one memory.swappiness)")"
		contains 'oom_kill_disable 1' "$(cat "$(cgroup_file one memory.oom_control)")"
		expect 0 box --oom-kill-disable -- true
		matches 'warning: OOM killer is disabled .* no memory limit is set' "$err"
		return
	fi
	expect 0 box --memory-swappiness 7 --oom-kill-disable -- true
	matches 'warning: .*Memory swappiness discarded' "$err"
	matches 'warning: .*OomKillDisable discarded' "$err"
	refused 'memory-swappiness 7: ' tare run --strict --memory-swappiness 7 busybox true
	refused 'oom-kill-disable true: ' tare run --strict --oom-kill-disable busybox true
}

# bats test_tags=guest
@test "--cgroup-conf writes a file of cgroup v2 by its name, and none that moves processes" {
	local mount file
	read -r _ mount < <(hierarchy_of v2) || true
	if [ -z "${mount-}" ]; then
		refused 'cgroup-conf .*no cgroup v2' tare run --cgroup-conf memory.high=64m busybox true
		return
	fi
	for file in memory.high=33554432 pids.max=77 hugetlb.2MB.max=4194304 cgroup.max.depth=3; do
		case $(<"$mount/cgroup.controllers") in *"${file%%.*}"*) break ;; esac
	done
	start one --cgroup-conf "$file"
	equal "${file#*=}" "$(cat "$(cgroup_dir one v2)/${file%%=*}")" "$file"
	equal "${file#*=}" "$(tare inspect one | jq -r ".[0].Tare.CgroupConf[\"${file%%=*}\"]")"
	tare rm -f one >/dev/null
	for file in cgroup.procs cgroup.threads cgroup.subtree_control cgroup.kill ../memory.max tasks; do
		refused "cgroup-conf $file: " tare run --cgroup-conf "$file=0" busybox true
	done
	expect 125 tare run --cgroup-conf cgroup.max.depth=many busybox true
	contains cgroup.max.depth "$err"
	expect 125 tare run --cgroup-conf nothing.of.the.kind=1 busybox true
	contains nothing.of.the.kind "$err"
}

@test "--cpu-rt-runtime: a real-time priority can be had with it, and not without" {
	need_controller cpu
	if ! is_v1 cpu || [ ! -e "$(hierarchy_of cpu | cut -d' ' -f2)/cpu.rt_runtime_us" ]; then
		refused 'cpu-rt-runtime 5000: kernel does not support CPU real-time scheduler' \
			tare run --cpu-rt-runtime 5000 busybox true
		return
	fi
	local priority=(--cap-add SYS_NICE --ulimit rtprio=10 "${with_probe[@]}")
	expect 0 box "${priority[@]}" -- /probe fifo
	[ "$out" = EPERM ] || skip "a group without runtime gives priority $out here"
	expect 0 box --cpu-rt-period 1000000 --cpu-rt-runtime 5000 "${priority[@]}" -- /probe fifo
	equal ok "$out"
	# the groups above have what they hand down, and a second container needs as much again
	start one --cpu-rt-runtime 5000
	start two --cpu-rt-period 500000 --cpu-rt-runtime 5000
	between 15000 20000 "$(<"$(dirname "$(cgroup_dir one cpu)")/cpu.rt_runtime_us")"
	tare rm -f one two >/dev/null
	expect 125 tare run --cpu-rt-runtime 999999 busybox true
	contains 'real-time runtime' "$err"
	refused 'cannot be higher' tare run --cpu-rt-period 1000 --cpu-rt-runtime 1001 busybox true
}

# bats test_tags=guest
@test "--cpus" {
	start one --cpus 1.5
	if is_v1 cpu; then
		equal 150000 "$(limit one cpu.cfs_quota_us -)"
		equal 100000 "$(limit one cpu.cfs_period_us -)"
	else
		equal "150000 100000" "$(limit one cpu.max cpu.max)"
	fi
	equal 1500000000 "$(tare inspect one | jq '.[0].HostConfig.NanoCpus')"
}

@test "--cpu-quota and --cpu-period" {
	start one --cpu-quota 20000 --cpu-period 50000
	if is_v1 cpu; then
		equal "20000 50000" "$(limit one cpu.cfs_quota_us -) $(limit one cpu.cfs_period_us -)"
	else
		equal "20000 50000" "$(limit one cpu.max cpu.max)"
	fi
}

@test "--cpu-shares: as given on v1, by the new formula on v2" {
	local row name
	for row in 2:1 512:59 1024:100 2048:174 262144:10000; do
		name=s${row%:*}
		start "$name" --cpu-shares "${row%:*}"
		equal "$(is_v1 cpu && echo "${row%:*}" || echo "${row#*:}")" "$(limit "$name" cpu.shares cpu.weight)" "$row"
		tare rm -f "$name" >/dev/null
	done
}

# bats test_tags=guest
@test "--cpuset-cpus and --cpuset-mems" {
	start one --cpuset-cpus 0 --cpuset-mems 0
	equal "0 0" "$(limit one cpuset.cpus cpuset.cpus) $(limit one cpuset.mems cpuset.mems)"
	expect 0 box --cpuset-cpus 0 -- sh -c 'grep Cpus_allowed_list: /proc/self/status; nproc'
	matches $'^Cpus_allowed_list:\t0\n1$' "$out"
}

# bats test_tags=guest
@test "--pids-limit" {
	start one --pids-limit 20
	equal 20 "$(limit one pids.max pids.max)"
	start two --pids-limit -1
	equal max "$(limit two pids.max pids.max)"
}

@test "without options there is no limit" {
	start one
	equal "$(is_v1 memory && echo $unlimited_v1 || echo max)" "$(limit one memory.limit_in_bytes memory.max)"
	equal "$(is_v1 cpu && echo -1 || echo "max 100000")" "$(limit one cpu.cfs_quota_us cpu.max)"
	equal max "$(limit one pids.max pids.max)"
}

@test "--oom-score-adj" {
	expect 0 box --oom-score-adj 500 -- cat /proc/self/oom_score_adj
	equal 500 "$out"
	local own may
	own=$(</proc/self/oom_score_adj)
	may=$(($(printf '%d' "0x$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status)") >> 24 & 1))
	expect 0 box --oom-score-adj -500 -- cat /proc/self/oom_score_adj
	if [ "$may" = 1 ]; then
		equal -500 "$out"
	else
		equal "$own" "$out" "clamped to the caller's own"
		matches 'warning: .*oom-score-adj' "$err"
	fi
}

# bats test_tags=guest
@test "the container's group is PARENT/ID in every hierarchy" {
	start one
	local id pid line
	id=$(tare inspect one | jq -r '.[0].Id') pid=$(pid_of one)
	while IFS=: read -r _ line; do
		equal "/$group/$id" "${line#*:}" "hierarchy ${line%%:*}"
	done < <(joined "$pid")
	start two --cgroup-parent "/$group/deeper/still"
	id=$(tare inspect two | jq -r '.[0].Id') pid=$(pid_of two)
	while IFS=: read -r _ line; do
		equal "/$group/deeper/still/$id" "${line#*:}" "hierarchy ${line%%:*}"
	done < <(joined "$pid")
	# a parent is the caller's to remove, as with Docker: others may use it
	expect 0 tare rm -f one two
	find "$host_cgroup" -mindepth 2 -depth -type d -path "*/$group/deeper*" -exec rmdir {} +
	equal "" "$(left_cgroups)"
}

# joined PID: lines of its /proc/PID/cgroup for hierarchies that are mounted here
joined()
{
	local number names path
	while IFS=: read -r number names path; do
		[ "$number" = 0 ] && [ -z "$(hierarchy_of v2)" ] || echo "$number:$names:$path"
	done <"/proc/$1/cgroup"
}

@test "without --cgroup-parent the group is below /tare, and gone afterwards" {
	expect 0 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run -d --name one busybox sleep 1000
	local id=$out
	contains ":/tare/$id" "$(cat "/proc/$(pid_of one)/cgroup")"
	expect 0 tare rm -f one
	equal "" "$(find "$host_cgroup" -name "$id" 2>/dev/null)"
}

@test "what is refused after the group was begun leaves no group above it either" {
	expect 125 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run --rm --cgroup-parent "/$group-refused/deep" --user nobody-here \
		busybox true
	equal "" "$(find "$host_cgroup" -name "$group-refused" 2>/dev/null)"
}

# ---- behaviour ----------------------------------------------------------------------------------------------------

# cpu_used CONTAINER: milliseconds: of time that had passed before, of CPU time that it had, of time that has passed now
cpu_used()
{
	local version file
	read -r version _ < <(hierarchy_of cpuacct)
	if [ "$version" = v1 ]; then file=$(cgroup_file "$1" cpuacct.usage); else file=$(cgroup_dir "$1" cpu)/cpu.stat; fi
	awk 'FILENAME == "/proc/uptime" { now[n++] = $1 * 1000; next } NF == 1 { used = $1 / 1000000 } $1 == "usage_usec" { used = $2 / 1000 }
		END { printf "%d %d %d\n", now[0], used, now[1] }' /proc/uptime "$file" /proc/uptime
}

# The test's group gets as much of the CPUs as weights can give.
favour_group()
{
	local version mount
	read -r version mount < <(hierarchy_of cpu)
	if [ "$version" = v1 ]; then echo 262144 >"$mount/$group/cpu.shares"; else echo 10000 >"$mount/$group/cpu.weight"; fi
}

cpu_percent() # CONTAINER SECONDS: of one CPU; when somebody comes between two looks it is less, never more
{
	local used start now end
	read -r start used _ < <(cpu_used "$1")
	sleep "$2"
	read -r _ now end < <(cpu_used "$1")
	echo $(((now - used) * 100 / (end - start)))
}

@test "--cpus 0.5 gives half of one CPU" {
	need_controller cpu
	start one --cpus 0.5 --cpu-shares 262144 "${with_probe[@]}" -- /probe spin 1000 4
	favour_group # beside whatever else this machine does just now
	local percent most=0
	for _ in 1 2 3 4 5 6; do # a busy machine may give less for a while, never more
		percent=$(cpu_percent one 3)
		[ "$percent" -le 55 ] || fail "$percent percent of a CPU"
		[ "$percent" -le "$most" ] || most=$percent
		[ "$most" -lt 45 ] || return 0
	done
	fail "$most percent of a CPU at the most"
}

@test "a CPU limit begins when the set-up is done" {
	need_controller cpu
	expect 0 tare run --rm --trace --cpus 0.5 busybox true
	equal "pivot find limit exec" "$(awk '/ pivot-root/ { print "pivot" } / find true/ { print "find" } / exec true/ { print "exec" }
		/cpu\.(cfs_quota_us|max) "/ { print "limit" }' "$T/stderr" | xargs)" "what came after what"
}

@test "32 MiB under --memory 64m is fine" {
	need_controller memory
	expect 0 tare run --name modest --memory 64m "${with_probe[@]}" busybox /probe memory 32
	equal touched "$out"
	equal false "$(state_of modest OOMKilled)"
}

# bats test_tags=guest-full
@test "forks stop at --pids-limit" {
	need_controller pids
	expect 0 box --pids-limit 20 "${with_probe[@]}" -- /probe forks 100
	equal "19 EAGAIN" "$out"
	expect 0 box "${with_probe[@]}" -- /probe forks 100
	equal "100 none" "$out"
}

@test "a fork bomb stays inside, and goes with the container" {
	need_controller pids
	# the shell that cannot fork any more ends: the first one only waits
	start bomb --pids-limit 30 -- sh -c 'sleep 1000 & b() { b | b & b; }; (b) 2>/dev/null; wait'
	sleep 1
	between 1 30 "$(limit bomb pids.current pids.current)" "processes"
	expect 0 tare rm -f bomb
	equal "" "$(left_cgroups)"
}

# ---- devices ------------------------------------------------------------------------------------------------------

# 1:11 is /dev/kmsg: opening it for writing asks for no capability, and nothing is written here
open_kmsg='mknod /tmp/k c 1 11 && : >/tmp/k'

# bats test_tags=guest-full
@test "a device that is not on the list can be made, not opened" {
	need_controller devices
	expect 1 box -- sh -c "$open_kmsg"
	contains 'Operation not permitted' "$err"
	expect 0 box --device-cgroup-rule 'c 1:11 w' -- sh -c "$open_kmsg"
	expect 1 box --device-cgroup-rule 'c 1:11 r' -- sh -c "$open_kmsg"
	expect 0 box --device-cgroup-rule 'c 1:* rwm' -- sh -c "$open_kmsg"
	expect 0 box --privileged -- sh -c "$open_kmsg"
}

@test "a disk of the host cannot be opened by number" {
	need_controller devices
	local major minor
	read -r major minor < <(awk '$1 ~ /^[0-9]+$/ { print $1, $2; exit }' /proc/partitions)
	[ -n "$minor" ] || skip "no disk here"
	mknod "$T/disk" b "$major" "$minor" && head -c 1 "$T/disk" >"$T/byte" 2>/dev/null || true
	[ -s "$T/byte" ] || skip "the disk $major:$minor cannot be read here without any container either"
	expect 1 box -- sh -c "mknod /tmp/d b $major $minor && head -c 1 /tmp/d"
	contains 'Operation not permitted' "$err"
	expect 0 box --device-cgroup-rule "b $major:$minor r" -- sh -c "mknod /tmp/d b $major $minor && head -c 512 /tmp/d | wc -c"
	equal 512 "$out"
	expect 1 box --device-cgroup-rule "b $major:$minor r" -- sh -c "mknod /tmp/d b $major $minor && : >>/tmp/d"
}

@test "--device brings a device, with the access asked for" {
	need_controller devices
	[ -c /dev/kmsg ] || skip "no /dev/kmsg here"
	expect 0 box --device /dev/kmsg:/dev/inside:w -- sh -c 'stat -c %t:%T /dev/inside; : >/dev/inside'
	equal 1:b "$out"
	expect 1 box --device /dev/kmsg:/dev/inside:r -- sh -c ': >/dev/inside'
	contains 'Operation not permitted' "$err"
	refused '/dev/no-such' tare run --rm --device /dev/no-such busybox true
}
