# SPDX-License-Identifier: Apache-2.0
# The life of a pod: order, probes, hooks, restarts, its end; one monitor for all of its containers.
#
# shellcheck disable=SC2154,SC2016 # out, err, T and group come from helpers.bash; $ in manifests is the container's

load helpers

teardown()
{
	tare kube get pods -o name 2>/dev/null | while read -r pod; do
		tare kube delete pod --grace-period 0 "${pod#*/}" 3>&-
	done >/dev/null 2>&1
	tare_teardown
}

apply() { tare kube apply --cgroup-root "/$group" -f "$@"; }

manifest() { cat >"$T/${1:-m}.yaml"; }

uid_of() { tare kube get pod "$1" -o json | jq -r .metadata.uid; }

container_of() { echo "k8s_${2:-app}_$(uid_of "$1")"; } # POD [CONTAINER]

status_is() { tare kube get pods 3>&- | grep -qE "^$1 +$2( |\$)"; } # POD REGEX of READY STATUS RESTARTS

events_of() { cat "$T/state/pods/$(uid_of "$1")/events"; }

# bats test_tags=guest
@test "one monitor: init containers in order, a sidecar before the main one, probes of three kinds, ready" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: web}
		spec:
		  terminationGracePeriodSeconds: 1
		  volumes: [{name: v, emptyDir: {}}]
		  initContainers:
		  - {name: one, image: busybox, command: [sh, -c, "echo one >>/v/log"], volumeMounts: [{name: v, mountPath: /v}]}
		  - name: side
		    image: busybox
		    restartPolicy: Always
		    command: [sh, -c, "trap 'echo side ends >>/v/log; exit' TERM; echo side >>/v/log; sleep 0.2; echo begun >/v/begun; sleep 1000 & wait"]
		    startupProbe: {exec: {command: [test, -e, /v/begun]}, periodSeconds: 1}
		    volumeMounts: [{name: v, mountPath: /v}]
		  - {name: two, image: busybox, command: [sh, -c, "cat /v/begun >>/v/log"], volumeMounts: [{name: v, mountPath: /v}]}
		  containers:
		  - name: app
		    image: busybox
		    command: [sh, -c, "echo app >>/v/log; mkdir /www; echo ok >/www/health; httpd -p 8080 -h /www; trap 'echo app ends >>/v/log; exit' TERM; sleep 1000 & wait"]
		    ports: [{name: web, containerPort: 8080}]
		    readinessProbe: {httpGet: {path: /health, port: web}, periodSeconds: 5}
		    livenessProbe: {tcpSocket: {port: 8080}}
		    volumeMounts: [{name: v, mountPath: /v}]
		    lifecycle: {preStop: {exec: {command: [sh, -c, "echo stopping >>/v/log; exit 3"]}}}
	END
	expect 0 apply "$T/m.yaml"
	eventually 20 status_is web '2/2 +Running +0'
	local monitor v
	v=$T/root/kube/$(uid_of web)/v
	equal $'one\nside\nbegun\napp' "$(cat "$v/log")"
	monitor=$(ps -o ppid= -p "$(pid_of "$(container_of web)")")
	equal "$monitor" "$(ps -o ppid= -p "$(pid_of "$(container_of web side)")")" "the parent of both"
	equal "$(readlink "/proc/$(pid_of "$(container_of web)")/ns/net")" \
		"$(readlink "/proc/$(pid_of "$(container_of web side)")/ns/net")"
	exec 9<"$v/log"
	expect 0 tare kube delete pod web
	equal $'stopping\napp ends\nside ends' "$(tail -n 3 <&9)"
	exec 9<&-
	nothing_made
	equal "" "$(ls "$T/state")"
}

@test "a probe that fails: not ready, then ended and begun again, in the same network" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: sick}
		spec:
		  terminationGracePeriodSeconds: 0
		  containers:
		  - name: app
		    image: busybox
		    command: [sh, -c, "echo life; exec sleep 1000"]
		    readinessProbe: {exec: {command: [test, -e, /tmp/well]}, periodSeconds: 1, failureThreshold: 1}
		    livenessProbe: {exec: {command: [test, "!", -e, /tmp/ill]}, periodSeconds: 1, failureThreshold: 1}
	END
	expect 0 apply "$T/m.yaml"
	eventually 5 status_is sick '0/1 +Running +0'
	local net
	net=$(readlink "/proc/$(pid_of "$(container_of sick)")/ns/net")
	expect 0 tare kube exec sick touch /tmp/well
	eventually 5 status_is sick '1/1 +Running +0'
	expect 0 tare kube exec sick rm /tmp/well
	eventually 5 status_is sick '0/1 +Running +0'
	expect 0 tare kube exec sick touch /tmp/ill
	eventually 5 grep -q 'Container app failed liveness probe, will be restarted' <(events_of sick; sleep 2; events_of sick)
	eventually 5 status_is sick '0/1 +(Running|CrashLoopBackOff) +1'
	contains 'Liveness probe failed: command exited with status 1' "$(events_of sick)"
	eventually 5 is_running "$(container_of sick)"
	equal "$net" "$(readlink "/proc/$(pid_of "$(container_of sick)")/ns/net")"
}

@test "hooks: what fails after the start ends the container; what takes too long before the end does not stop it" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: hooks}
		spec:
		  restartPolicy: Never
		  terminationGracePeriodSeconds: 1
		  containers:
		  - name: app
		    image: busybox
		    command: [sleep, "1000"]
		    lifecycle: {postStart: {exec: {command: [sh, -c, "exit 7"]}}}
		  - name: other
		    image: busybox
		    command: [sh, -c, "trap 'echo told; exit 5' TERM; sleep 1000 & wait"]
		    lifecycle: {preStop: {sleep: {seconds: 100}}}
	END
	expect 0 apply "$T/m.yaml"
	eventually 5 grep -q FailedPostStartHook "$T/state/pods/$(uid_of hooks)/events"
	contains 'PostStart hook failed: command exited with status 7' "$(events_of hooks)"
	eventually 5 status_is hooks '1/2 +Running +0'
	tare kube logs -f -c other hooks >"$T/log" 3>&- &
	expect 0 tare kube delete pod hooks
	wait
	equal told "$(cat "$T/log")"
	nothing_made
}

@test "what is done is done: Completed, Error, the sidecar goes with them; an init container is tried again" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: done}
		spec:
		  restartPolicy: OnFailure
		  terminationGracePeriodSeconds: 1
		  volumes: [{name: v, emptyDir: {}}]
		  initContainers:
		  - {name: again, image: busybox, command: [sh, -c, "test -e /v/once || { touch /v/once; exit 4; }"], volumeMounts: [{name: v, mountPath: /v}]}
		  - {name: side, image: busybox, restartPolicy: Always, command: [sleep, "1000"]}
		  containers: [{name: app, image: busybox, command: [sh, -c, "exit 0"]}]
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: wrong}
		spec:
		  restartPolicy: Never
		  initContainers: [{name: i, image: busybox, command: [sh, -c, "exit 4"]}]
		  containers: [{name: app, image: busybox, command: ["true"]}]
	END
	expect 0 apply "$T/m.yaml"
	eventually 10 status_is done '0/2 +Completed +1'
	eventually 5 status_is wrong '0/1 +Init:Error +0'
	expect 0 apply "$T/m.yaml"
	status_is done '0/2 +Completed +1'
	expect 0 tare kube delete -f "$T/m.yaml"
	nothing_made
}

@test "a shared process namespace has a first process that is nobody's container" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: shared}
		spec:
		  shareProcessNamespace: true
		  terminationGracePeriodSeconds: 0
		  containers:
		  - {name: a, image: busybox, command: [sleep, "1000"]}
		  - {name: b, image: busybox, command: [sleep, "2000"]}
	END
	expect 0 apply "$T/m.yaml"
	eventually 5 status_is shared '2/2 +Running +0'
	expect 0 tare kube exec -c b shared ps -o pid,args
	matches '1 /pause --pause' "$out"
	contains 'sleep 1000' "$out"
	expect 0 tare kube exec -c b shared kill -KILL 2
	eventually 5 status_is shared '2/2 +Running +1'
	expect 0 tare kube delete pod shared
	nothing_made
}

@test "a monitor that was killed takes its pod along; the next apply begins it again" {
	manifest <<-'END'
		{apiVersion: v1, kind: Pod, metadata: {name: lost}, spec: {terminationGracePeriodSeconds: 0, containers: [
		 {name: a, image: busybox, command: [sleep, "1000"]}, {name: b, image: busybox, command: [sleep, "1000"]}]}}
	END
	expect 0 apply "$T/m.yaml"
	eventually 5 status_is lost '2/2 +Running +0'
	local a b
	a=$(pid_of "$(container_of lost a)") b=$(pid_of "$(container_of lost b)")
	kill -KILL "$(ps -o ppid= -p "$a" | tr -d ' ')"
	eventually 5 is_gone "$a"
	eventually 5 is_gone "$b"
	expect 0 tare kube get pods
	matches $'\nlost +0/2 +Error ' "$out"
	expect 0 apply "$T/m.yaml"
	eventually 5 status_is lost '2/2 +Running +0'
	expect 0 tare kube delete pod lost
	nothing_made
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }
