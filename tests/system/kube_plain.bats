# SPDX-License-Identifier: Apache-2.0
# Containers of `tare run` that say what they ask for: a class, quotas, a place below kubepods.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load kube

teardown()
{
	tare kube delete ns team >/dev/null 2>&1 3>&-
	tare_teardown
}

team() # HARD [LIMIT_RANGE_ITEM]
{
	cat >"$T/team.yaml" <<-END
		{apiVersion: v1, kind: Namespace, metadata: {name: team}}
		---
		{apiVersion: v1, kind: ResourceQuota, metadata: {name: rq, namespace: team}, spec: {hard: $1}}
		---
		{apiVersion: v1, kind: LimitRange, metadata: {name: lr, namespace: team}, spec: {limits: [${2:-}]}}
	END
	expect 0 apply "$T/team.yaml"
}

# bats test_tags=guest-full
@test "requests give a class: weights, oom_score_adj, a place, shown by inspect, get, tree, top, who-dies-first and explain" {
	start burst --cpu-request 250m --memory-request 32m -m 64m
	start equal --cpus 0.5 -m 64m --namespace default
	start none --namespace default -v "$T:/t" -- sh -c 'trap "touch /t/ended; exit" TERM; touch /t/up; sleep 1000 & wait'
	eventually 10 test -e "$T/up"
	local burst equal none
	burst=kubepods/burstable/pod$(state_id burst) equal=kubepods/pod$(state_id equal) none=kubepods/besteffort/pod$(state_id none)
	expect 0 tare inspect burst
	equal '"Burstable" 250 33554432 "default"' "$(jq -r '.[0].Tare | "\"\(.QosClass)\" \(.CpuRequest) \(.MemoryRequest) \"\(.Namespace)\""' <<<"$out")"
	equal "/$group/$burst" "$(jq -r '.[0].HostConfig.CgroupParent' <<<"$out")"
	if is_v1 cpu; then
		equal 256 "$(level "$burst/$(state_id burst)" cpu.shares)"
		equal 512 "$(level "$equal" cpu.shares)"
		equal 256 "$(level kubepods/burstable cpu.shares)"
		equal 2 "$(level "$none" cpu.shares)"
		equal 50000 "$(level "$equal/$(state_id equal)" cpu.cfs_quota_us)"
	else
		equal 35 "$(level "$burst/$(state_id burst)" cpu.weight)"
		equal 20 "$(level "$equal" cpu.weight)"
		equal 10 "$(level kubepods/burstable cpu.weight)"
		equal 1 "$(level "$none" cpu.weight)"
		equal "50000 100000" "$(level "$equal/$(state_id equal)" cpu.max)"
	fi
	equal 67108864 "$(level "$burst" memory.limit_in_bytes memory.max)"
	equal 1000 "$(cat "/proc/$(pid_of none)/oom_score_adj")"
	between 900 999 "$(cat "/proc/$(pid_of burst)/oom_score_adj")"
	expect 0 tare kube get pods -o wide
	matches $'\nburst +1/1 +Running +0 +[^ ]+ +[^ ]+ +Burstable +' "$out"
	expect 0 tare kube tree
	matches $'\n    pod default/burst +250m/- +32Mi/64Mi ' "$out"
	expect 0 tare kube top pod
	matches $'\nnone +[0-9]+m +[0-9]+Mi' "$out"
	expect 0 tare kube who-dies-first
	matches $'\n1 +default/none +none +BestEffort +1000 .*\n2 +default/burst +burst +Burstable +9[0-9]+ .*\n3 +default/equal +equal +Guaranteed ' "$out"
	expect 0 tare explain burst
	matches '--cpu-request +250m' "$out"
	expect 0 tare kube exec equal hostname
	expect 1 tare update -m 128m burst
	contains "quotas of namespace default hold for its CPU and memory limits: change them with 'tare kube resize'" "$err"
	tare kube get pod burst -o yaml | sed 's/64Mi/96Mi/' >"$T/burst.yaml"
	expect 0 tare kube resize -f "$T/burst.yaml"
	equal 100663296 "$(level "$burst" memory.limit_in_bytes memory.max)"
	equal 100663296 "$(level "$burst/$(state_id burst)" memory.limit_in_bytes memory.max)"
	expect 0 tare rm -f burst equal
	expect 0 tare kube delete pod none
	[ -e "$T/ended" ] || fail "it was not asked to end"
	nothing_made
}

state_id() { tare inspect -f '{{.Id}}' "$1"; }

@test "quotas and limit ranges hold, in the server's words, and count until the container has ended" {
	team '{pods: 2, requests.cpu: 500m, limits.memory: 128Mi}' '{type: Container, default: {memory: 64Mi}, defaultRequest: {cpu: 100m}, max: {memory: 96Mi}}'
	refused 'namespaces "nowhere" not found' tare run --rm --namespace nowhere busybox true
	refused 'pods "big" is forbidden: maximum memory usage per Container is 96Mi, but limit is 100Mi' tare run --rm --name big --namespace team -m 100m busybox true
	refused 'pods "many" is forbidden: exceeded quota: rq, requested: requests.cpu=600m, used: requests.cpu=0, limited: requests.cpu=500m' \
		tare run --name many --namespace team --cpu-request 0.6 busybox true
	refused 'Pod "over" is invalid: spec.containers\[0\].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1' \
		tare run --name over --namespace team --cpu-request 2 --cpus 1 busybox true
	expect 0 tare run --name one --namespace team busybox true
	expect 0 tare inspect one
	equal '100 67108864 67108864' "$(jq -r '.[0] | "\(.Tare.CpuRequest) \(.Tare.MemoryRequest) \(.HostConfig.Memory)"' <<<"$out")"
	start two --namespace team
	start three --namespace team
	expect 125 tare run --name four --namespace team busybox true
	equal 'tare: pods "four" is forbidden: exceeded quota: rq, requested: limits.memory=64Mi,pods=1, used: limits.memory=128Mi,pods=2, limited: limits.memory=128Mi,pods=2' "$err"
	expect 1 tare start one
	contains 'pods "one" is forbidden: exceeded quota: rq, ' "$err"
	expect 0 tare rm -f two
	expect 0 tare start one
	refused_with_all_there '--cpu-request 1K: unable to parse quantity' --cpu-request 1K
	refused_with_all_there 'Conflicting options: --cpu-shares and --namespace, --cpu-request or --memory-request' --cpu-request 1 --cpu-shares 5
	refused_with_all_there '--namespace Team: a lowercase RFC 1123 label must consist' --namespace Team
	expect 125 tare run --cpu-request 5000 busybox true
	contains '0/1 nodes are available: 1 Insufficient cpu.' "$err"
	expect 0 tare rm -f one three
	nothing_made
}

refused_with_all_there() # PATTERN OPTIONS…
{
	expect 125 tare run "${@:2}" busybox true
	matches "${1//\[/\\[}" "$err"
	equal 1 "$(grep -c '' "$T/stderr")" "lines of $err"
}

@test "pods and containers share a quota; what runs with --rm gives its room back at its end" {
	team '{pods: 1}'
	expect 0 tare run --rm --namespace team busybox true
	nothing_made
	expect 0 tare run -d --rm --name short --namespace team busybox sleep 1000
	printf '%s\n' '{apiVersion: v1, kind: Pod, metadata: {name: pp, namespace: team}, spec: {terminationGracePeriodSeconds: 0,' \
		' containers: [{name: c, image: busybox, command: [sleep, "1000"]}]}}' >"$T/p.yaml"
	expect 1 apply "$T/p.yaml"
	contains 'pods "pp" is forbidden: exceeded quota: rq, requested: pods=1, used: pods=1, limited: pods=1' "$err"
	expect 0 tare kill short
	eventually 30 is_gone short
	eventually 30 apply "$T/p.yaml"
	refused_with_all_there 'pods "short" is forbidden: exceeded quota: rq' --name short --namespace team
	refused_with_all_there 'pods "pp" already exists' --name pp --namespace team
	expect 0 tare kube delete pod pp --namespace team
	start lost --rm --namespace team
	kill -KILL "$(awk '$1 == "monitor_pid" { print $2 }' "$T/root/containers/$(state_id lost)/outcome")"
	expect 0 apply "$T/team.yaml" # which finds that it has ended
	expect 0 tare kube delete ns team
	nothing_made
}
