# SPDX-License-Identifier: Apache-2.0
# A thousand pods declared, as many of them running as the node takes: the others follow as it has room.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load ../system/helpers

many=${KUBE_PODS:-1000} running=${KUBE_RUNNING:-200}

kube() { "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" --config "$T/conf" kube "$@"; }

teardown()
{
	[ ! -e "$T/m.yaml" ] || kube delete --grace-period 0 -f "$T/m.yaml" >/dev/null 2>&1 3>&- || true
	tare_teardown
}

in_state() { kube get pods | awk -v want="$1" '$3 == want' | grep -c ''; }

with_state() { [ "$(in_state "$1")" = "$2" ]; } # STATE COUNT

@test "many pods: what fits runs, the rest waits for room; looked at, deleted, nothing is left" {
	local i
	printf 'network = none\nkube-max-pods = %s\n' "$running" >"$T/conf"
	for ((i = 0; i < many; i++)); do
		printf -- '---\n{apiVersion: v1, kind: Pod, metadata: {name: p%d}, spec: {terminationGracePeriodSeconds: 0, containers: [' "$i"
		printf '{name: c, image: busybox, command: [sleep, "100000"], resources: {requests: {cpu: 1m, memory: 64Ki}}}]}}\n'
	done >"$T/m.yaml"
	expect 0 kube apply --cgroup-root "/$group" -f "$T/m.yaml"
	equal "$many" "$(grep -c ' created$' <<<"$out")"
	equal "$running" "$(in_state Running)"
	equal $((many - running)) "$(in_state Pending)"
	expect 0 kube tree
	equal "$running" "$(grep -c ' pod default/' <<<"$out")"
	expect 0 kube top pod
	equal "$running" "$(grep -c '^p[0-9]' <<<"$out")"
	expect 0 kube who-dies-first
	equal "$running" "$(grep -c ' Burstable ' <<<"$out")"
	for ((i = 0; i < running / 2; i++)); do echo "p$i"; done >"$T/half"
	# shellcheck disable=SC2046 # a list of names
	expect 0 kube delete --grace-period 0 pod $(cat "$T/half")
	eventually 60 with_state Running "$running"
	equal $((many - running - running / 2)) "$(in_state Pending)"
	expect 1 kube delete --grace-period 0 -f "$T/m.yaml" # half of the first ones are gone
	equal "" "$(kube get pods -o name)"
	nothing_made
	equal "" "$(ls "$T/root/kube")"
}
