# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Pods from manifests, below a kubepods of the test's own.
#
# shellcheck disable=SC2154 # T and group come from helpers.bash

apply() { tare kube apply --cgroup-root "/$group" -f "$@"; }

manifest() { cat >"$T/${1:-m}.yaml"; } # [NAME] <TEXT

# pod NAME [RESOURCES [COMMAND]]: a busybox that sleeps; both in YAML's flow. Further lines of its spec may follow.
pod()
{
	local command='[sleep, "1000"]'
	[ -z "${3-}" ] || command=$3
	cat <<-END
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: $1}
		spec:
		  terminationGracePeriodSeconds: 0
		  containers:
		  - name: app
		    image: busybox
		    command: $command
		    resources: ${2:-{\}}
	END
}

full_pod() # NAME POD_LEVEL APP SIDECAR: resources in YAML's flow; no pod level, no sidecar when they are empty
{
	cat <<-END
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: $1}
		spec:
		  terminationGracePeriodSeconds: 0
		  ${2:+resources: $2}
		  ${4:+initContainers: [{name: side, image: busybox, restartPolicy: Always, command: [sleep, 1000s], resources: $4\}]}
		  containers: [{name: app, image: busybox, command: [sleep, "1000"], resources: $3}]
	END
}

uid_of() { tare kube get pod "$1" -o json | jq -r .metadata.uid; }

container_of() { echo "k8s_${2:-app}_$(uid_of "$1")"; } # POD [CONTAINER]

logged() { tare logs "$(container_of "${@:2}")" 3>&- | grep -q "$1"; } # TEXT POD [CONTAINER]

status_is() { tare kube get pods 3>&- | grep -qE "^$1 +$2( |\$)"; } # POD REGEX of READY STATUS RESTARTS

status_of() { tare kube get pod "$1" -o json | jq -r ".status$2"; } # POD PATH

events_of() { cat "$T/state/pods/$(uid_of "$1")/events"; }

# level PATH V1_FILE V2_FILE: what is in that file of the group below this test's kubepods
level()
{
	local version mount file=${3:-$2}
	read -r version mount < <(hierarchy_of "${2%%.*}") || skip "no ${2%%.*} controller here"
	[ "$version" = v2 ] || file=$2
	cat "$mount/$group/$1/$file"
}

delete_all()
{
	tare kube delete ns team 3>&-
	tare kube get pods -o name 2>/dev/null | while read -r pod; do
		tare kube delete pod --grace-period 0 "${pod#*/}" 3>&-
	done
} >/dev/null 2>&1
