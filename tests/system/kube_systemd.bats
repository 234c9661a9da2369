#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# systemd as the manager of the cgroups (cgroup-manager of tare.conf), where it is the first process: pods are slices,
# containers scopes, and what it writes anew after a daemon-reload is what was there.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load kube

setup()
{
	[ "$(cat /proc/1/comm)" = systemd ] || skip "systemd is not the first process here"
	tare_setup
	echo "cgroup-manager = systemd" >"$T/conf"
	# shellcheck disable=SC2034 # tare() reads it
	tare_globals=(--config "$T/conf")
	root=ttest${T##*.}.slice
}

teardown()
{
	[ -n "${T-}" ] || return 0
	tare kube delete --grace-period 0 -f "$T/m.yaml" >/dev/null 2>&1 3>&- || true
	tare_teardown
}

apply() { tare kube apply --cgroup-root "$root" -f "$T/m.yaml"; }

path_of() { tare kube get pod "$1" -o wide | awk 'NR == 2 { print $NF }'; }

scope_of() { echo "$(path_of "$1")/tare-$(tare inspect -f '{{.Id}}' "k8s_$2_$(uid_of "$1")").scope"; } # POD CONTAINER

value() { systemctl show "$(basename "$1")" -p "$2" --value; } # PATH PROPERTY

# has PATH WEIGHT QUOTA MEMORY [SWAP OOM_GROUP]: a row of the table: cpu.weight, cpu.max, memory.max, of a container also those
has()
{
	local d=$host_cgroup$1 got
	got="$(cat "$d/cpu.weight") $(cut -d ' ' -f 1 "$d/cpu.max") $(cat "$d/memory.max")"
	[ -z "${5-}" ] || got+=" $(cat "$d/memory.swap.max" "$d/memory.oom.group" | xargs)"
	equal "${*:2}" "$got" "$1"
}

# table OOM_GROUP: what the golden files say, tests/golden/kube. systemd before 253 takes that from scopes when it is reloaded.
table()
{
	local total shares
	total=$(($(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) * 1024)) shares=$((1024 * $(nproc)))
	has "$kubepods" $((1 + (shares - 2) * 9999 / 262142)) max "$total"
	has "${in[burstable]}" 14 max max
	has "${in[besteffort]}" 1 max max
	has "${in[g]}" 20 50000 67108864
	has "${in[g/app]}" 59 50000 67108864 0 $1
	has "${in[bs]}" 6 max max
	has "${in[bs/app]}" 17 20000 67108864 0 $1
	has "${in[bs/side]}" 11 max max 0 $1
	has "${in[bp]}" 8 max 104857600
	has "${in[bp/app]}" 17 max 104857600 0 $1
	has "${in[n]}" 1 max max
	has "${in[n/app]}" 1 max max 0 $1
}

# bats test_tags=guest-systemd
@test "pods are slices and containers scopes; every level has what the table says, after a daemon-reload and a resize too" {
	local -A in
	local pod i kubepods
	{ full_pod g '' '{limits: {cpu: 500m, memory: 64Mi}}'
	  full_pod bs '' '{requests: {cpu: 100m, memory: 32Mi}, limits: {cpu: 200m, memory: 64Mi}}' '{requests: {cpu: 50m, memory: 16Mi}}'
	  full_pod bp '{requests: {cpu: 200m}, limits: {memory: 100Mi}}' '{requests: {cpu: 100m}}'
	  full_pod n '' '{}'; } | sed '/^  $/d' >"$T/m.yaml"
	expect 0 apply
	kubepods=/$root/${root%.slice}-kubepods.slice
	in[burstable]=$kubepods/${root%.slice}-kubepods-burstable.slice
	in[besteffort]=$kubepods/${root%.slice}-kubepods-besteffort.slice
	for pod in g bs bp n; do
		in[$pod]=$(path_of $pod)
		in[$pod/app]=$(scope_of $pod app)
	done
	in[bs/side]=$(scope_of bs side)
	matches "^${in[burstable]}/${root%.slice}-kubepods-burstable-pod[0-9a-f_]{36}.slice$" "${in[bs]}" "the pod's group"
	for i in "$kubepods" "${in[@]}"; do
		equal "$i active" "$(value "$i" ControlGroup) $(value "$i" ActiveState)" "unit of $i"
	done
	table 1
	systemctl daemon-reload
	table "$(cat "$host_cgroup${in[g/app]}/memory.oom.group")"
	equal "67108864 500ms" "$(value "${in[g]}" MemoryMax) $(value "${in[g]}" CPUQuotaPerSecUSec)" "properties of g"
	equal "0::${in[bs/app]}" "$(cat "/proc/$(pid_of "k8s_app_$(uid_of bs)")/cgroup")"
	expect 0 tare kube exec -c app bs cat /proc/self/status
	expect 0 tare kube tree
	contains "pod default/bs" "$out"
	sed -i 's/cpu: 200m, memory: 64Mi/cpu: 300m, memory: 96Mi/; s/cpu: 500m, memory: 64Mi/cpu: 400m, memory: 48Mi/' "$T/m.yaml"
	expect 0 tare kube resize -f "$T/m.yaml"
	equal 1 "$(cat "$host_cgroup${in[g/app]}/memory.oom.group")" "oom.group after a resize"
	for i in 1 2; do
		has "${in[g]}" 16 40000 50331648
		has "${in[g/app]}" 49 40000 50331648
		has "${in[bs/app]}" 17 30000 100663296
		equal "50331648 400ms" "$(value "${in[g]}" MemoryMax) $(value "${in[g]}" CPUQuotaPerSecUSec)" "properties of g"
		systemctl daemon-reload
	done
	expect 0 tare kube apply -f "$T/m.yaml"
	contains "pod/g unchanged" "$out"
	expect 0 tare kube delete -f "$T/m.yaml"
	for i in "$kubepods" "${in[@]}"; do
		[ ! -e "$host_cgroup$i" ] || fail "left: $i"
		equal inactive "$(value "$i" ActiveState)" "$i"
	done
	nothing_made
}

# bats test_tags=guest-systemd-full
@test "a container of run is a scope in its slice: limits are properties, update and restart too; a name that is no slice is refused" {
	local scope
	echo >"$T/m.yaml"
	expect 125 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" --config "$T/conf" run --cgroup-parent /a busybox true
	contains '--cgroup-parent /a: cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"' "$err"
	expect 0 tare run -d --name web --cgroup-parent "$root" --memory 64m --cpus 0.5 --pids-limit 30 busybox sleep 1000
	scope=$(tare inspect -f '{{.Config.Tare.Cgroup}}' web 3>&- || true)
	[[ $scope = /* ]] || scope=/$root/tare-$(tare inspect -f '{{.Id}}' web).scope
	equal "0::$scope" "$(cat "/proc/$(pid_of web)/cgroup")"
	equal "67108864 500ms 30 $root" "$(for p in MemoryMax CPUQuotaPerSecUSec TasksMax Slice; do value "$scope" $p; done | xargs)"
	expect 0 tare update --memory 96m --memory-swap 96m web
	systemctl daemon-reload
	equal "100663296 50000 100000 30" "$(cd "$host_cgroup$scope" && cat memory.max cpu.max pids.max | xargs)"
	expect 0 tare exec web cat /proc/self/cgroup
	equal "0::/" "$out"
	expect 0 tare restart -t 0 web
	equal "100663296 active" "$(value "$scope" MemoryMax) $(value "$scope" ActiveState)" "after a restart"
	expect 0 tare run --rm --cgroup-parent "$root" --memory 32m busybox cat /proc/self/cgroup
	expect 137 tare run --name oom --cgroup-parent "$root" --memory 16m --memory-swap 16m busybox sh -c 'exec dd if=/dev/zero of=/dev/null bs=64M count=1'
	equal true "$(state_of oom OOMKilled)" OOMKilled
	expect 0 tare rm -f web oom
	equal inactive "$(value "$scope" ActiveState)"
	systemctl stop "$root"
	[ ! -e "$host_cgroup/$root" ]
	nothing_made
}
