# SPDX-License-Identifier: Apache-2.0
# hostUsers: false: a pod's containers share a user namespace of their own, whose ids no other pod has.
#
# The folders lie on a disk: /tmp may be a tmpfs, which cannot be idmapped before Linux 6.3.
#
# shellcheck disable=SC2154,SC2034,SC2016 # out, err, T and group come from helpers.bash, which reads test_parent, tare_globals

load helpers
load kube

test_parent=/var/tmp
first=700000

setup()
{
	tare_setup
	printf '%s\n' "subuid = $T/subid" "subgid = $T/subid" "network = none" >"$T/tare.conf"
	echo "tare:$first:131072" >"$T/subid"
	tare_globals=(--config "$T/tare.conf")
}

teardown()
{
	delete_all
	tare_teardown
}

ns_of() { readlink "/proc/$(pid_of "$(container_of web "$2")")/ns/$1"; } # TYPE CONTAINER

uid_on_host() { stat -c %u "/proc/$(pid_of "$(container_of "$1" "$2")")"; } # POD CONTAINER

@test "containers of a pod share a user namespace and what belongs to it, volumes have their owners, a further life too" {
	local medium=Memory # a tmpfs can be idmapped since Linux 6.3
	[ "$(printf '6.3\n%s\n' "$(uname -r)" | sort -V | head -1)" = 6.3 ] || medium='""'
	manifest <<-END
		{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {key: value}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: web}
		spec:
		  hostUsers: false
		  terminationGracePeriodSeconds: 0
		  securityContext: {fsGroup: 2000}
		  volumes: [{name: v, emptyDir: {}}, {name: c, configMap: {name: conf}}, {name: m, emptyDir: {medium: $medium}}]
		  initContainers:
		  - {name: first, image: busybox, command: [sh, -c, "id -u >/v/root; chown 33:44 /v/root"], volumeMounts: [{name: v, mountPath: /v}]}
		  containers:
		  - name: app
		    image: busybox
		    command: [sh, -c, "echo shared >/dev/shm/x; cat /c/key; stat -c %u:%g /v/root /c/key /etc/hosts; httpd -p 8080 -h /c; test -e /v/again && exec sleep 1000; echo said >/dev/termination-log; while ! test -e /v/again; do sleep 0.05; done; exit 3"]
		    readinessProbe: {httpGet: {port: 8080, path: /key}, timeoutSeconds: 10}
		    volumeMounts: [{name: v, mountPath: /v}, {name: c, mountPath: /c}, {name: m, mountPath: /m, subPath: .}]
		  - name: other
		    image: busybox
		    securityContext: {runAsUser: 1000}
		    command: [sleep, "1000"]
		    readinessProbe: {exec: {command: [sh, -c, "grep shared /dev/shm/x && touch /v/mine /m/mine"]}, timeoutSeconds: 10}
		    volumeMounts: [{name: v, mountPath: /v}, {name: m, mountPath: /m}]
	END
	expect 0 apply "$T/m.yaml" --strict
	eventually 20 status_is web '2/2 +Running +0'
	equal "$first $((first + 1000))" "$(uid_on_host web app) $(uid_on_host web other)"
	local type
	for type in user net ipc uts; do
		equal "$(ns_of $type app)" "$(ns_of $type other)" "the $type namespace of both"
		[ "$(readlink /proc/self/ns/$type)" != "$(ns_of $type app)" ]
	done
	[ "$(ns_of pid app)" != "$(ns_of pid other)" ]
	equal "33:44 1000:2000" "$(stat -c %u:%g "$T/root/kube/$(uid_of web)/v/"{root,mine} | paste -sd' ')"
	equal "0:2000 1000:2000" "$(tare kube exec -c app web stat -c %u:%g /m /m/mine 3>&- | paste -sd' ')"
	eventually 5 logged 33:44 web app
	equal $'value33:44\n0:2000\n0:0' "$(tare kube logs -c app web 3>&-)"
	expect 0 tare kube exec -c other web touch /v/again
	eventually 10 status_is web '2/2 +Running +1'
	equal "$(ns_of user other)" "$(ns_of user app)" "of its further life"
	equal said "$(status_of web '.containerStatuses[0].lastState.terminated.message')"

	pod full | sed 's/^  containers:/  hostUsers: false\n  shareProcessNamespace: true\n&/' | manifest full
	expect 0 apply "$T/full.yaml"
	equal "$((first + 65536))" "$(uid_on_host full app)" "ids of another pod"
	expect 0 tare kube exec full cat /proc/1/cmdline
	contains /pause "$out"
	pod more | sed 's/^  containers:/  hostUsers: false\n&/' | manifest more
	expect 1 apply "$T/more.yaml"
	contains "no 65536 uids in a row are left" "$err"
	expect 0 tare kube delete pod web
	expect 0 apply "$T/more.yaml"
	equal "$first" "$(uid_on_host more app)" "ids that were free again"
	expect 0 tare kube delete pod more
	expect 0 tare kube delete pod full
	nothing_made
}
