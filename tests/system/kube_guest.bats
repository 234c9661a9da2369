# SPDX-License-Identifier: Apache-2.0
# What pods do to a whole machine: only where that machine is the test's own.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load kube

setup()
{
	[ "$(hostname)" = tare-guest ] || skip "fills the machine's memory: only in the guest"
	echo -1000 >/proc/$$/oom_score_adj
	tare_setup
}

teardown()
{
	[ -n "${T-}" ] || return 0
	tare kube delete --grace-period 0 -f "$T/m.yaml" >/dev/null 2>&1 3>&- || true
	tare_teardown
}

# holds NAME MIB RESOURCES: a pod whose one process has so much memory
holds()
{
	pod "$1" "$3" "[sh, -c, \"exec dd if=/dev/zero bs=${2}M count=1 of=/dev/fd/1 | exec sleep 1000\"]"
	echo '  restartPolicy: Never'
}

# Whose container each process was of that the kernel has killed since boot for want of memory, in that order
killed()
{
	local id
	dmesg | sed -n 's|.*oom-kill:.*global_oom.*task_memcg=[^ ,]*/\([0-9a-f]\{64\}\),.*|\1|p' | while read -r id; do
		echo "${names[$id]-?}"
	done | uniq
}

three_killed() { [ "$(tare kube get pods 3>&- | grep -c ' OOMKilled ')" = 3 ]; }

full() # all four hold what they ask for
{
	[ "$(tare kube top pod 3>&- | awk 'NR > 1 && $3 + 0 >= 35' | grep -c '')" = 4 ]
}

# bats test_tags=guest-full
@test "when the machine runs out of memory the kernel kills in the order that who-dies-first has said" {
	{ holds none 100 '{}'
	  holds over 80 '{requests: {memory: 16Mi}}'
	  holds under 40 '{requests: {memory: 400Mi}}'
	  holds sure 40 '{limits: {memory: 100Mi, cpu: 100m}}'; } >"$T/m.yaml"
	expect 0 apply "$T/m.yaml"
	eventually 60 full
	expect 0 tare kube who-dies-first
	local said name filler
	local -A names
	said=$(awk 'NR > 1 { sub("default/", "", $2); print $2 }' <<<"$out" | xargs)
	equal "none over under sure" "$said"
	for name in none over under sure; do
		names[$(tare inspect -f '{{.Id}}' "$(container_of $name)")]=$name
	done
	# what fills the memory comes after the three, and the kernel itself ends it
	echo 1 >/proc/sys/vm/overcommit_memory
	(echo -500 >/proc/self/oom_score_adj && exec dd if=/dev/zero of=/dev/null bs=3000M count=1 2>/dev/null 3>&-) &
	filler=$!
	wait $filler || true
	equal "none over under" "$(killed | head -n 3 | xargs)" "killed"
	eventually 30 three_killed
	expect 0 tare kube get pods
	matches $'\nsure +1/1 +Running ' "$out"
}
