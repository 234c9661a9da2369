# SPDX-License-Identifier: Apache-2.0
# The life of a pod: order, probes, hooks, restarts, its end; one monitor for all of its containers.
#
# shellcheck disable=SC2154,SC2016 # out, err, T and group come from helpers.bash; $ in manifests is the container's

load helpers
load kube

teardown()
{
	[ -z "${server-}" ] || kill "$server" 2>/dev/null || true
	delete_all
	tare_teardown
}

happened() { events_of "$1" | grep -qF -- "$2"; } # POD TEXT

# bats test_tags=guest-full
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
		    readinessProbe: {exec: {command: [test, -e, /tmp/well]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 20}
		    livenessProbe: {exec: {command: [test, "!", -e, /tmp/ill]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 20}
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
	eventually 5 happened sick 'Container app failed liveness probe, will be restarted'
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
		    command: [sh, -c, "trap 'echo told; exit 5' TERM; echo here; sleep 1000 & wait"]
		    lifecycle: {preStop: {sleep: {seconds: 100}}}
		  - name: old
		    image: busybox
		    command: [sleep, "1000"]
		    lifecycle: {postStart: {tcpSocket: {port: 80}}}
	END
	expect 0 apply "$T/m.yaml"
	contains 'spec.containers[2].lifecycle: tcpSocket: not supported, such a hook always fails' "$err"
	eventually 5 grep -q FailedPostStartHook "$T/state/pods/$(uid_of hooks)/events"
	eventually 5 happened hooks 'PostStart hook failed: command exited with status 7' # that of old may be the first
	eventually 5 status_is hooks '1/3 +Running +0'
	contains 'PostStart hook failed: invalid handler: tcpSocket' "$(events_of hooks)"
	tare kube logs -f -c other hooks >"$T/log" 3>&- &
	eventually 10 grep -q here "$T/log"
	expect 0 tare kube delete pod hooks
	wait
	equal $'here\ntold' "$(cat "$T/log")"
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
	eventually 10 status_is "done" '0/2 +Completed +1'
	eventually 5 status_is wrong '0/1 +Init:Error +0'
	expect 0 apply "$T/m.yaml"
	status_is "done" '0/2 +Completed +1'
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

sized() # CPU MEMORY [FURTHER REQUEST]
{
	manifest <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: r}
		spec:
		  terminationGracePeriodSeconds: 0
		  containers:
		  - name: app
		    image: ${4:-busybox}
		    command: [sh, -c, "dd if=/dev/zero of=/dev/shm/f bs=1M count=24 2>/dev/null; exec sleep 1000"]
		    resources: {requests: {cpu: 100m, memory: ${3:-16Mi}}, limits: {cpu: $1, memory: $2}}
	END
}

# bats test_tags=guest-full
@test "resize: limits of pod and container in place; what is used cannot be taken, and all is as it was" {
	sized 500m 64Mi
	expect 0 apply "$T/m.yaml"
	local pod id pid
	pod=kubepods/burstable/pod$(uid_of r) id=$(tare inspect -f '{{.Id}}' "$(container_of r)") pid=$(pid_of "$(container_of r)")
	eventually 5 eval '[ "$(tare kube exec r stat -c %s /dev/shm/f 3>&-)" = 25165824 ]'
	sized 250m 128Mi 32Mi
	expect 0 tare kube resize -f "$T/m.yaml"
	equal "pod/r resized" "$out"
	equal 134217728 "$(level "$pod" memory.limit_in_bytes memory.max)"
	equal 134217728 "$(level "$pod/$id" memory.limit_in_bytes memory.max)"
	is_v1 cpu || equal "25000 100000" "$(level "$pod/$id" cpu.max)"
	equal "$pid" "$(pid_of "$(container_of r)")"
	expect 0 apply "$T/m.yaml"
	equal "pod/r unchanged" "$out"
	sized 500m 20Mi
	expect 1 tare kube resize -f "$T/m.yaml"
	matches "pod default/r: .*container app: .*unable to set memory limit to 20971520 \(current usage: [0-9]+, peak usage: [0-9]+\)" "$err"
	equal 134217728 "$(level "$pod" memory.limit_in_bytes memory.max)"
	equal 134217728 "$(level "$pod/$id" memory.limit_in_bytes memory.max)"
	is_v1 memory || equal max "$(level "$pod/$id" memory.high)"
	is_v1 cpu || equal "25000 100000" "$(level "$pod/$id" cpu.max)"
	equal "$pid" "$(pid_of "$(container_of r)")"
	sized 250m 48Mi
	expect 0 tare kube resize -f "$T/m.yaml"
	equal 50331648 "$(level "$pod" memory.limit_in_bytes memory.max)"
	sized 100m 16Mi
	expect 1 tare kube resize -f "$T/m.yaml"
	contains 'Pod "r" is invalid: spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing' "$err"
	sized 250m 64Mi 16Mi other
	expect 1 tare kube resize -f "$T/m.yaml"
	contains 'line 1: Pod "r" is invalid: spec: Forbidden: only cpu and memory resources are mutable' "$err"
	expect 0 tare kube get pod r -o json
	equal 48Mi "$(jq -r '.spec.containers[0].resources.limits.memory' <<<"$out")"
}

# both OLD_LIMIT NEW_LIMIT: pods a and b with these limits; b has filled 24 MiB
both()
{
	local name limit
	for name in a b; do
		limit=$1
		shift
		cat <<-END
			---
			apiVersion: v1
			kind: Pod
			metadata: {name: $name}
			spec:
			  terminationGracePeriodSeconds: 0
			  containers:
			  - name: app
			    image: busybox
			    command: [sh, -c, "[ \$(hostname) = a ] || dd if=/dev/zero of=/dev/shm/f bs=1M count=24 2>/dev/null; echo filled; exec sleep 1000"]
			    resources: {requests: {memory: 4Mi}, limits: {memory: $limit}}
		END
	done
}

limits_of() # POD…: of the pod's group
{
	local pod
	for pod; do level "kubepods/burstable/pod$(uid_of "$pod")" memory.limit_in_bytes memory.max; done
}

@test "resize of several pods is one transaction: quota is asked once for all, and one that cannot takes the others back" {
	{ echo '{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {limits.memory: 128Mi}}}'
	  both 32Mi 96Mi; } | manifest
	expect 0 apply "$T/m.yaml"
	eventually 10 eval 'tare kube logs b 3>&- | grep -q filled'
	both 96Mi 8Mi >"$T/small.yaml"
	expect 1 tare kube resize -f "$T/small.yaml"
	matches 'pod default/b: .*unable to set memory limit to 8388608 \(current usage: [0-9]+, peak usage: [0-9]+\)' "$err"
	equal $'33554432\n100663296' "$(limits_of a b)"
	both 96Mi 96Mi >"$T/quota.yaml"
	expect 1 tare kube resize -f "$T/quota.yaml"
	contains 'exceeded quota: q, requested: limits.memory=96Mi, used: limits.memory=96Mi, limited: limits.memory=128Mi' "$err"
	both 80Mi 48Mi >"$T/swap.yaml"
	expect 0 tare kube resize -f "$T/swap.yaml"
	equal $'pod/a resized\npod/b resized' "$out"
	equal $'83886080\n50331648' "$(limits_of a b)"
	{ both 80Mi 48Mi; both 80Mi 48Mi; } >"$T/twice.yaml"
	expect 1 tare kube resize -f "$T/twice.yaml"
	contains 'pod "a" stands in line 2 already' "$err"
	expect 0 tare kube delete -f "$T/m.yaml"
	nothing_made
}

@test "describe, wait: what the pod is, conditions, events" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: d, labels: {a: b}}
		spec:
		  terminationGracePeriodSeconds: 0
		  volumes: [{name: v, emptyDir: {}}]
		  containers:
		  - name: app
		    image: busybox
		    command: [sleep, "1000"]
		    env: [{name: K, value: V}]
		    volumeMounts: [{name: v, mountPath: /v}]
		    readinessProbe: {exec: {command: [test, -e, /v/ready]}, periodSeconds: 1}
		    resources: {limits: {memory: 64Mi}}
	END
	expect 0 apply "$T/m.yaml"
	expect 1 tare kube wait --timeout 0s d
	contains 'pods/d: timed out waiting for the condition' "$err"
	expect 125 tare kube wait --timeout 86400m d
	contains 'a day at most' "$err"
	eventually 5 happened d 'Readiness probe failed'
	expect 0 tare kube describe pod d
	matches $'^Name: +d\nNamespace: +default\n' "$out"
	matches $'\nLabels: +a=b\n' "$out"
	matches $'\n    State: +Running\n' "$out"
	matches $'\n    Limits:\n      memory +64Mi\n' "$out"
	matches 'Readiness: +exec \[test -e /v/ready\] delay=0s timeout=1s period=1s #success=1 #failure=3' "$out"
	matches $'\n  Ready +False\n  ContainersReady +False\n  PodScheduled +True\n' "$out"
	matches $'\n  Normal +Started +[0-9]+s +tare-monitor +Started container app\n' "$out"
	matches 'Warning +Unhealthy .*Readiness probe failed: command exited with status 1' "$out"
	touch "$T/root/kube/$(uid_of d)/v/ready"
	expect 0 tare kube wait --for condition=Ready pod/d
	equal "pod/d condition met" "$out"
	expect 0 tare kube describe po
	matches $'\n  Ready +True\n' "$out"
	expect 1 tare kube describe pod nobody
	expect 1 tare kube wait nobody
}

# usage POD: CPU time of its group in microseconds
usage()
{
	local path
	path=$(tare kube get pod "$1" -o wide | awk 'NR == 2 { print $NF }')
	path=${path#"/$group/"}
	if is_v1 cpuacct; then
		echo $(($(level "$path" cpuacct.usage) / 1000))
	else
		level "$path" cpu.stat | awk '$1 == "usage_usec" { print $2 }'
	fi
}
has_used() { [ "$(usage "$1")" -ge "$2" ]; } # POD MICROSECONDS

busy() # NAME RESOURCES: more processes than there are processors
{
	cat <<-END
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: $1}
		spec:
		  terminationGracePeriodSeconds: 0
		  containers:
		  - {name: app, image: busybox, command: [sh, -c, "for i in \$(seq $(($(nproc) * 2))); do yes >/dev/null & done; wait"], resources: $2}
	END
}

# bats test_tags=guest-full
@test "processors that are not enough are shared as pods asked for them; who asked for nothing gets what is left" {
	{ busy few '{requests: {cpu: 100m}}'; busy many '{requests: {cpu: 300m}}'; busy none '{}'; } | manifest
	expect 0 apply "$T/m.yaml"
	local few many none
	sleep 0.3
	few=$(usage few) many=$(usage many) none=$(usage none)
	eventually 20 has_used few $((few + 700000))
	few=$(($(usage few) - few)) many=$(($(usage many) - many)) none=$(($(usage none) - none))
	# three times as much, were nobody else on this machine; the same when shares do not count
	between $((few * 3 / 2)) $((few * 7)) "$many" "of 300m beside $few of 100m"
	between 0 $((few / 2)) "$none" "of nothing beside $few of 100m"
}

procs()
{
	local mount
	read -r _ mount < <(hierarchy_of memory)
	cat "$mount/$group/$1/cgroup.procs" 2>/dev/null
}

# holders CGROUP…: how many processes in these groups hold memory
holders()
{
	local dir pid
	for dir; do
		while read -r pid; do
			cat "/proc/$pid/comm" 2>/dev/null
		done < <(procs "$dir")
	done | grep -c '^dd$'
}

# bats test_tags=guest-full
@test "the limit of a pod kills in that pod only" {
	local hold='[sh, -c, "dd if=/dev/zero bs=20M count=1 2>/dev/null | sleep 1000"]'
	manifest <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {terminationGracePeriodSeconds: 0, restartPolicy: Never,
		 resources: {limits: {memory: 32Mi}}, containers: [{name: a, image: busybox, command: $hold}, {name: b, image: busybox, command: $hold}]}}
		---
		{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {terminationGracePeriodSeconds: 0,
		 resources: {limits: {memory: 64Mi}}, containers: [{name: a, image: busybox, command: $hold}, {name: b, image: busybox, command: $hold}]}}
	END
	expect 0 apply "$T/m.yaml"
	local p q a b
	p=$(tare kube get pod p -o wide | awk 'NR == 2 { print $NF }') q=$(tare kube get pod q -o wide | awk 'NR == 2 { print $NF }')
	p=${p#"/$group/"} q=${q#"/$group/"}
	group_in() { echo "$1/$(tare inspect -f '{{.Id}}' "$(container_of "$2" "$3")")"; }
	a=$(group_in "$p" p a) b=$(group_in "$p" p b)
	eventually 10 eval '[ "$(holders '"$a $b"')" = 1 ]'
	a=$(group_in "$q" q a) b=$(group_in "$q" q b)
	eventually 10 eval '[ "$(holders '"$a $b"')" = 2 ]' # q begins after p
}

@test "what a container says of its end: a file of each life, or the end of its log; the groups it is in" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: said}
		spec:
		  restartPolicy: Never
		  securityContext: {supplementalGroups: [3000, 4000], runAsUser: 1}
		  containers:
		  - {name: file, image: busybox, command: [sh, -c, "printf 'because\\n\\033[31m' >/dev/termination-log; id -G; exit 1"]}
		  - {name: logs, image: busybox, command: [sh, -c, "seq 100; exit 2"], terminationMessagePolicy: FallbackToLogsOnError}
		  - {name: quiet, image: busybox, command: [sh, -c, "seq 100; exit 2"]}
		  - {name: long, image: busybox, command: [sh, -c, "seq 2000 >/tmp/why"], terminationMessagePath: /tmp/why, terminationMessagePolicy: FallbackToLogsOnError}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: again}
		spec:
		  restartPolicy: OnFailure
		  terminationGracePeriodSeconds: 0
		  securityContext: {supplementalGroups: [3000], supplementalGroupsPolicy: Strict}
		  volumes: [{name: v, emptyDir: {}}]
		  containers:
		  - {name: app, image: busybox, command: [sh, -c, "id -G; cat /dev/termination-log; if test -e /v/x; then exec sleep 1000; fi; touch /v/x; echo first >/dev/termination-log; exit 1"], volumeMounts: [{name: v, mountPath: /v}], livenessProbe: {exec: {command: [sleep, "9"]}, failureThreshold: 9}}
	END
	expect 0 apply "$T/m.yaml" --strict
	eventually 10 status_is said '0/4 +Error +0'
	local of='.containerStatuses[] | select(.name == "'
	equal $'because\n?[31m' "$(status_of said "$of"'file").state.terminated.message')"
	equal "1 3000 4000" "$(tare kube logs said -c file)"
	equal "$(seq 21 100)" "$(status_of said "$of"'logs").state.terminated.message')"
	equal null "$(status_of said "$of"'quiet").state.terminated.message')"
	equal "$(seq 2000 | tail -c 4096)" "$(status_of said "$of"'long").state.terminated.message')"
	expect 0 tare kube describe pod said
	contains $'      Reason:       Error\n      Message:      because\n                    ?[31m\n      Exit Code:    1\n' "$out"
	eventually 10 status_is again '1/1 +Running +1'
	equal first "$(status_of again '.containerStatuses[0].lastState.terminated.message')"
	logged_is() { [ "$(tare kube logs again 3>&-)" = "$1" ]; }
	eventually 5 logged_is $'0 3000\n0 3000' # it runs, and may say so later
	tare kube exec again -- sh -c 'echo more:x:5000:root >>/etc/group'
	equal "0 3000" "$(tare kube exec again -- id -G)" "groups of who enters"
	eventually 10 eval 'events_of again | grep -q "Liveness probe failed: command \"sleep 9\" timed out"'
	expect 0 tare kube delete -f "$T/m.yaml"
	nothing_made
}

@test "probes by https: redirects within and from http, no look at the certificate, a server that does not answer" {
	command -v openssl >/dev/null || skip "needs openssl"
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: tls}
		spec:
		  terminationGracePeriodSeconds: 0
		  containers:
		  - {name: app, image: busybox, command: [sleep, "1000"], readinessProbe: {httpGet: {scheme: HTTPS, port: 8443, path: /moved}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 5}}
		  - name: led
		    image: busybox
		    command: [sh, -c, "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\nprintf \"Status: 301 Moved\\\\r\\\\nLocation: https://127.0.0.1:8443/ok\\\\r\\\\n\\\\r\\\\n\"\\n' >/www/cgi-bin/x; chmod +x /www/cgi-bin/x; exec httpd -f -p 8080 -h /www"]
		    readinessProbe: {httpGet: {port: 8080, path: /cgi-bin/x, httpHeaders: [{name: Host, value: led}]}, periodSeconds: 1, timeoutSeconds: 5}
		  - name: mute
		    image: busybox
		    command: [sh, -c, "exec nc -ll -p 9000 -e sleep 1000"]
		    readinessProbe: {httpGet: {scheme: HTTPS, port: 9000}, periodSeconds: 1}
	END
	expect 0 apply "$T/m.yaml" --strict
	mkdir "$T/www" && cd "$T/www" || return 1
	printf 'HTTP/1.1 200 OK\r\n\r\nok' >ok
	printf 'HTTP/1.1 302 Found\r\nLocation: /ok\r\n\r\n' >moved
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=other \
		-keyout key -out crt 2>/dev/null
	nsenter -t "$(pid_of "$(container_of tls)")" -n openssl s_server -accept 8443 -key key -cert crt -HTTP -quiet \
		</dev/null >/dev/null 2>&1 3>&- &
	server=$!
	eventually 10 status_is tls '2/3 +Running +0'
	eventually 5 grep -qF 'Get "https://127.0.0.1:9000/": context deadline exceeded' "$T/state/pods/$(uid_of tls)/events"
	equal 'true true false' "$(tare kube get pod tls -o json | jq -r '[.status.containerStatuses[].ready] | join(" ")')"
	kill $server
	eventually 5 grep -qF '"https://127.0.0.1:8443/moved": dial tcp 127.0.0.1:8443: connect: Connection refused' \
		"$T/state/pods/$(uid_of tls)/events"
}

@test "a container's own restartPolicy and its rules, of an init container too; what has ended for good is not begun again" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: mixed}
		spec:
		  restartPolicy: Never
		  volumes: [{name: v, emptyDir: {}}]
		  containers:
		  - {name: app, image: busybox, restartPolicy: OnFailure, command: [sh, -c, "test -e /v/app || { touch /v/app; exit 4; }"], volumeMounts: [{name: v, mountPath: /v}]}
		  - name: ruled
		    image: busybox
		    restartPolicy: Never
		    restartPolicyRules:
		    - {action: Restart, exitCodes: {operator: In, values: [0, 42]}}
		    command: [sh, -c, "test -e /v/ruled && exit 3; touch /v/ruled; exit 42"]
		    volumeMounts: [{name: v, mountPath: /v}]
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: once}
		spec:
		  terminationGracePeriodSeconds: 0
		  containers:
		  - {name: app, image: busybox, restartPolicy: Never, command: ["true"]}
		  - {name: stays, image: busybox, command: [sleep, "1000"]}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: wrong}
		spec:
		  initContainers: [{name: i, image: busybox, restartPolicy: Never, command: [sh, -c, "echo here; exit 4"]}]
		  containers: [{name: app, image: busybox, command: [sleep, "1000"]}]
	END
	expect 0 apply "$T/m.yaml" --strict
	eventually 10 status_is mixed '0/2 +Error +2'
	equal '0 3' "$(tare kube get pod mixed -o json | jq -r '[.status.containerStatuses[].state.terminated.exitCode] | join(" ")')"
	eventually 5 status_is once '1/2 +Running +0'
	eventually 5 status_is wrong '0/1 +Init:Error +0'
	expect 0 apply "$T/m.yaml"
	status_is mixed '0/2 +Error +2'
	status_is wrong '0/1 +Init:Error +0'
	equal here "$(tare kube logs -c i wrong 3>&-)"
	expect 0 tare kube delete -f "$T/m.yaml"
	nothing_made
}

inside() { tare kube exec -c "$2" "$1" "${@:3}" 3>&-; } # POD CONTAINER CMD…

# words_are WORDS: in the log of the pod all, in any order: a container and the next one are not waited for
words_are() { equal "$1" "$(inside all app sh -c "sed s/told// /v/log" | sort | xargs)"; }

restarts_all() { tare kube describe pod "$1" 3>&- | grep -q 'AllContainersRestarting *True'; } # POD

@test "a rule restarts all containers of a pod: those that had ended and init containers too, in its namespaces and volumes" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: all}
		spec:
		  shareProcessNamespace: true
		  restartPolicy: Never
		  volumes: [{name: v, emptyDir: {medium: Memory}}]
		  initContainers:
		  - {name: setup, image: busybox, command: [sh, -c, "echo setup >>/v/log"], volumeMounts: [{name: v, mountPath: /v}]}
		  - name: watcher
		    image: busybox
		    restartPolicy: Always
		    restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [88]}}]
		    command: [sh, -c, "while ! test -e /v/go; do sleep 0.05; done; rm /v/go; exit 88"]
		    volumeMounts: [{name: v, mountPath: /v}]
		  containers:
		  - name: app
		    image: busybox
		    command: [sh, -c, "trap 'echo told >>/v/log; exit' TERM; while ! grep -q once /v/log; do sleep 0.05; done; echo app >>/v/log; touch /ready; while :; do sleep 0.05; done"]
		    lifecycle: {preStop: {exec: {command: [sh, -c, "echo stopping >>/v/log"]}}}
		    readinessProbe: {exec: {command: [test, -e, /ready]}}
		    volumeMounts: [{name: v, mountPath: /v}]
		  - {name: once, image: busybox, command: [sh, -c, "echo once >>/v/log"], volumeMounts: [{name: v, mountPath: /v}]}
	END
	expect 0 apply "$T/m.yaml" --strict
	eventually 5 status_is all '2/3 +[A-Za-z]+ +0'
	local net
	net=$(readlink "/proc/$(pid_of "$(container_of all)")/ns/net")
	restarts_all all && return 1

	inside all app touch /v/go
	eventually 10 words_are "app app once once setup setup"
	equal "$net" "$(readlink "/proc/$(pid_of "$(container_of all)")/ns/net")"
	contains 'Container watcher exited with status 88: all containers are restarted' "$(events_of all)"
	equal "1 1 1 1" "$(status_of all '|[.initContainerStatuses[], .containerStatuses[]] | map(.restartCount) | join(" ")')"

	inside all app touch /v/go # now all wait for 10 seconds
	eventually 10 restarts_all all
	expect 0 tare kube delete pod all
	nothing_made
}

job() # NAME TTL [COMMAND]: of two pods
{
	cat <<-END
		---
		apiVersion: batch/v1
		kind: Job
		metadata: {name: $1}
		spec:
		  parallelism: 2
		  ttlSecondsAfterFinished: $2
		  template:
		    spec:
		      restartPolicy: Never
		      terminationGracePeriodSeconds: 0
		      containers: [{name: app, image: busybox, command: ${3:-[sh, -c, exit]}}]
	END
}

sleeper() { processes_left | sed -n 's/^process \([0-9]*\) .* _kube-wait$/\1/p'; }

sleeps() { [ "$(sleeper | wc -l)" = 1 ]; }

processes() { [ "$(processes_left | wc -l)" -le "$1" ]; } # N: at most so many

pods_made() { [ "$(find "$T/root/kube" -mindepth 1 -maxdepth 1 | wc -l)" = "$1" ]; } # N

lost_waits() { processes 3 && { sleeps || pods_made 2; }; }

lacks_job() { ! tare kube get job "$1" 3>&-; }

@test "a Job goes by itself after its time, however it ended; one sleeper for all, and none when it was killed" {
	{ job soon 1; job late 1000 '[sh, -c, "exit 3"]'; job runs 0 '[sleep, "1000"]'; } | manifest
	expect 0 apply "$T/m.yaml" --strict
	eventually 20 pods_made 4 # nobody has looked
	eventually 20 processes 3
	eventually 20 sleeps
	eventually 5 lacks_job soon # it goes after its pods
	status_is late-0 '0/1 +Error +0'
	status_is runs-1 '1/1 +Running +0'
	kill -KILL "$(sleeper)"
	eventually 5 processes 2
	job now 0 | manifest now
	expect 0 apply "$T/now.yaml"
	eventually 20 pods_made 4
	eventually 20 sleeps # again
	expect 0 tare kube delete job late
	eventually 5 processes 2
	job lost 1 | manifest lost
	expect 0 apply "$T/lost.yaml"
	eventually 20 lost_waits # on a slow machine it has gone by now
	kill -KILL "$(sleeper)" || true
	eventually 20 lacks_job lost
	pods_made 2
	expect 0 tare kube delete job runs
	nothing_made
	equal "" "$(ls "$T/state")"
}
