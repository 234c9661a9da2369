# SPDX-License-Identifier: Apache-2.0
# tare update: every limit of a container that runs, is paused, or does not run; refusals in Docker's words; all or nothing.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

memory_of() { limit "$1" memory.limit_in_bytes memory.max; }

config_of() { tare inspect "$1" | jq -c ".[0].HostConfig.$2"; } # NAME FIELD

cpu_of() # NAME: quota and period, "-1" or "max" for none
{
	if is_v1 cpu; then
		echo "$(limit "$1" cpu.cfs_quota_us -) $(limit "$1" cpu.cfs_period_us -)"
	else
		limit "$1" - cpu.max
	fi
}

# bats test_tags=guest
@test "update: limits of a running container, in the kernel and in inspect" {
	start web
	need_controller memory
	expect 0 tare update --memory 64m --cpus 0.5 --pids-limit 20 --cpu-shares 512 web
	equal web "$out"
	equal 67108864 "$(memory_of web)"
	equal "50000 100000" "$(cpu_of web)"
	equal 20 "$(limit web pids.max pids.max)"
	equal "$(if is_v1 cpu; then echo 512; else echo 59; fi)" "$(limit web cpu.shares cpu.weight)"
	equal 67108864 "$(config_of web Memory)"
	equal 500000000 "$(config_of web NanoCpus)"
	equal 20 "$(config_of web PidsLimit)"
	is_running web
}

# bats test_tags=guest-full
@test "update: up and down, memory with its swap, in any order" {
	local swap_file=memory.memsw.limit_in_bytes
	start web --memory 64m
	[ "$(limit web memory.memsw.limit_in_bytes memory.swap.max 2>/dev/null)" ] || skip "no swap accounting here"
	for size in 128 32 256 16; do
		expect 0 tare update --memory ${size}m web
		equal $((size << 20)) "$(memory_of web)"
		if is_v1 memory; then
			equal $((size << 21)) "$(limit web $swap_file -)" "memory and swap"
		else
			equal $((size << 20)) "$(limit web - memory.swap.max)" "swap"
		fi
	done
	expect 0 tare update --memory 64m --memory-swap 64m web
	equal "$(if is_v1 memory; then echo 67108864; else echo 0; fi)" "$(limit web $swap_file memory.swap.max)"
	expect 0 tare update --memory-swap -1 web
	equal "$(if is_v1 memory; then echo 9223372036854771712; else echo max; fi)" "$(limit web $swap_file memory.swap.max)"
	equal -1 "$(config_of web MemorySwap)"
}

@test "update: limits can be taken away" {
	start web --memory 64m --cpus 0.5 --pids-limit 20 --cpuset-cpus 0 --cpu-shares 512 --memory-reservation 32m
	expect 0 tare update --memory -1 --cpus 0 --pids-limit -1 --cpuset-cpus '' --cpu-shares 0 --memory-reservation -1 web
	equal "$(if is_v1 memory; then echo 9223372036854771712; else echo max; fi)" "$(memory_of web)"
	equal "$(if is_v1 memory; then echo 9223372036854771712; else echo 0; fi)" \
		"$(limit web memory.soft_limit_in_bytes memory.low)"
	equal "$(if is_v1 cpu; then echo -1; else echo max; fi) 100000" "$(cpu_of web)"
	equal max "$(limit web pids.max pids.max)"
	equal "$(nproc --all)" "$(in_box web grep -c ^processor /proc/cpuinfo)"
	equal "$(if is_v1 cpu; then echo 1024; else echo 100; fi)" "$(limit web cpu.shares cpu.weight)"
	equal '[0,0,0,""]' "[$(config_of web Memory),$(config_of web NanoCpus),$(config_of web MemoryReservation),$(config_of web CpusetCpus)]"
}

@test "update: a quota and a period one after the other" {
	start web
	expect 0 tare update --cpu-period 50000 web
	expect 0 tare update --cpu-quota 20000 web
	equal "20000 50000" "$(cpu_of web)"
	failed "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set" tare update --cpus 1 web
	expect 0 tare update --cpu-quota -1 --cpu-period 0 --cpus 0.25 web
	equal "25000 100000" "$(cpu_of web)"
	failed "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set" tare update --cpu-quota 5000 web
	equal "25000 100000" "$(cpu_of web)"
}

@test "update: a container that does not run has them at its next start" {
	expect 0 tare create --name web busybox sleep 1000
	expect 0 tare update --memory 64m --pids-limit 7 web
	expect 0 tare start web
	equal 67108864 "$(memory_of web)"
	equal 7 "$(limit web pids.max pids.max)"
	expect 0 tare kill web
	expect 0 tare update --memory 32m web
	expect 0 tare restart web
	equal 33554432 "$(memory_of web)"
	equal 7 "$(limit web pids.max pids.max)"
}

@test "update: several at once, each with its own failure" {
	start one
	start two
	expect 1 tare update --pids-limit 9 one nobody two
	equal "one two" "$(tr '\n' ' ' <<<"$out" | sed 's/ $//')"
	contains "No such container: nobody" "$err"
	equal "9 9" "$(limit one pids.max pids.max) $(limit two pids.max pids.max)"
}

@test "update: refusals change nothing" {
	start web --memory 64m --pids-limit 20
	failed "You must provide one or more flags" tare update web
	failed "Minimum memory limit allowed is 6MB" tare update --memory 4k --pids-limit 5 web
	failed "Minimum memoryswap limit should be larger than memory limit" tare update --memory-swap 32m --pids-limit 5 web
	failed "are not available" tare update --cpuset-cpus 4000 --pids-limit 5 web
	failed "unknown policy 'sometimes'" tare update --restart sometimes web
	equal 67108864 "$(memory_of web)"
	equal 20 "$(limit web pids.max pids.max)"
	equal '[67108864,20]' "[$(config_of web Memory),$(config_of web PidsLimit)]"
	expect 0 tare create --rm --name once busybox true
	failed "Restart policy cannot be updated because AutoRemove is enabled for the container" tare update --restart always once
	expect 0 tare update --restart no once
}

@test "update: memory and swap that were set by hand" {
	start web --memory 32m --memory-swap 64m
	[ "$(limit web memory.memsw.limit_in_bytes memory.swap.max 2>/dev/null)" ] || skip "no swap accounting here"
	failed "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time" \
		tare update --memory 128m web
	equal 33554432 "$(memory_of web)"
	expect 0 tare update --memory 128m --memory-swap 256m web
	equal 134217728 "$(memory_of web)"
}

# What is in use cannot be taken away; nothing that was written before that write stays.
# bats test_tags=guest-full
@test "update: a limit below what is in use is refused as a whole" {
	start web --memory 256m --memory-swap 256m --cpu-shares 700 --pids-limit 50 \
		-- sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1000000 count=40 && touch /ready && exec sleep 1000'
	eventually 30 in_box web test -e /ready
	failed "unable to set memory limit to 16777216 (current usage: " tare update --memory 16m --memory-swap 16m --cpu-shares 300 --pids-limit 5 web
	equal 268435456 "$(memory_of web)"
	equal 50 "$(limit web pids.max pids.max)"
	equal "$(if is_v1 cpu; then echo 700; else echo 75; fi)" "$(limit web cpu.shares cpu.weight)"
	equal '[268435456,700,50]' "[$(config_of web Memory),$(config_of web CpuShares),$(config_of web PidsLimit)]"
	is_running web
}

@test "update --cgroup-conf: a file of cgroup v2, and back" {
	local dir
	[ -n "$(hierarchy_of v2)" ] || skip "no cgroup v2 here"
	start web
	dir=$(cgroup_dir web v2)
	expect 0 tare update --cgroup-conf cgroup.max.depth=3 web
	equal 3 "$(<"$dir/cgroup.max.depth")"
	equal 3 "$(tare inspect web | jq -r '.[0].Tare.CgroupConf["cgroup.max.depth"]')"
	expect 0 tare update --cgroup-conf cgroup.max.depth= web
	equal max "$(<"$dir/cgroup.max.depth")"
	failed "moves processes or changes the tree" tare update --cgroup-conf cgroup.procs=1 web
}

charter_of() { tr '\0' '\n' <"$T/state/$(tare inspect -f '{{.Id}}' "$1")/charter" | sed -n "s/^$2=//p"; }

@test "update: killed half way, the next look makes it whole" {
	local point killed=0 tries=0 status
	start web --memory 64m --pids-limit 20 --restart on-failure:9
	# before the bundle, between its files, in the cgroup's files, in the row, before and after the monitor is told
	for point in renameat2:1 unlinkat:1 renameat2:2 write:3 write:4 pwrite64:4 pwrite64:6 sendmsg:1 recvmsg:1; do
		tries=$((tries + 1))
		strace -o /dev/null -e trace="${point%:*}" -e inject="${point%:*}:signal=KILL:when=${point#*:}" \
			"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" update --memory 128m --pids-limit 30 \
			--restart "on-failure:$tries" web >/dev/null 2>&1 3>&- && status=0 || status=$?
		[ $status != 137 ] || killed=$((killed + 1))
		tare ps >/dev/null
		equal "$(config_of web Memory)" "$(memory_of web)" "memory after a kill at $point"
		equal "$(config_of web PidsLimit)" "$(limit web pids.max pids.max)" "processes after a kill at $point"
		equal "$(config_of web RestartPolicy.MaximumRetryCount)" "$(charter_of web restart_max)" "tries after a kill at $point"
		expect 0 tare update --memory 64m --pids-limit 20 web
	done
	[ $killed -ge 7 ] || fail "killed only $killed times"
}
