# SPDX-License-Identifier: Apache-2.0
# Volumes that a pod's monitor holds: in memory, shared by all containers, and parts of folders.
#
# shellcheck disable=SC2154,SC2016 # out, err, T and group come from helpers.bash; $ in manifests is the container's

load helpers
load kube

teardown()
{
	delete_all
	tare_teardown
}

is_over() { ! kill -0 "$1" 2>/dev/null; }

monitor_of() { ps -o ppid= -p "$(pid_of "$(container_of "$@")")" | tr -d ' '; }

inside() { tare kube exec -c "$2" "$1" "${@:3}" 3>&-; } # POD CONTAINER CMD…

# bats test_tags=guest-full
@test "a volume in memory is one for all containers: further lives too, no more than its limit, nowhere on the host" {
	manifest <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: mem}
		spec:
		  terminationGracePeriodSeconds: 0
		  volumes:
		  - {name: m, emptyDir: {medium: Memory, sizeLimit: 12Mi}}
		  - {name: all, emptyDir: {medium: Memory}}
		  initContainers:
		  - {name: first, image: busybox, command: [sh, -c, "cp /bin/busybox /v/sh; echo first >/v/log; chmod 666 /v/log"],
		     volumeMounts: [{name: m, mountPath: /v}]}
		  - {name: side, image: busybox, restartPolicy: Always, command: [sh, -c, "echo side >>/s/log; exec sleep 1000"],
		     volumeMounts: [{name: m, mountPath: /s}]}
		  containers:
		  - name: app
		    image: busybox
		    command: [/v/sh, -c, "until grep -q side /v/log; do sleep 0.05; done; echo app >>/v/log; exec sleep 1000"]
		    resources: {limits: {memory: 40Mi}}
		    securityContext: {runAsUser: 1000}
		    volumeMounts: [{name: m, mountPath: /v/}, {name: all, mountPath: /all}, {name: m, mountPath: /ro, readOnly: true}]
	END
	expect 0 apply "$T/m.yaml" --strict
	eventually 5 status_is mem '2/2 +Running +0'
	eventually 5 inside mem side grep -q app /s/log
	equal $'first\nside\napp' "$(inside mem side cat /s/log)"
	run ! inside mem app touch /ro/x
	matches "^tmpfs on /v type tmpfs .*size=12288k" "$(inside mem app mount | grep ' /v ')"
	expect 0 tare kube describe pod mem
	contains $'Medium:     Memory\n    SizeLimit:  12Mi' "$out"

	run ! grep -E "$T.*tmpfs|size=12288k" /proc/self/mountinfo
	equal "" "$(ls -A "$T/root/kube/$(uid_of mem)/m")" "on the disk"
	run ! inside mem app sh -c 'head -c 20000000 /dev/zero >/v/much'
	local uid id used
	uid=$(uid_of mem) id=$(container_of mem)
	used=$(level "kubepods/burstable/pod$uid/$(tare inspect -f '{{.Id}}' "$id")" memory.usage_in_bytes memory.current)
	[ "$used" -gt 9000000 ] || fail "who writes pays: $used"
	expect 0 inside mem side rm /s/much

	kill -KILL "$(pid_of "$id")"
	eventually 10 status_is mem '2/2 +Running +1.*'
	eventually 5 inside mem side sh -c 'test $(grep -c app /s/log) = 2'
	equal $'first\nside\napp\napp' "$(inside mem app cat /v/log)"

	kill -KILL "$(monitor_of mem)" # and with it the volume: apply begins the pod anew
	eventually 5 status_is mem '0/2 +Error.*'
	expect 0 apply "$T/m.yaml"
	eventually 10 inside mem side grep -q app /s/log
	equal $'first\nside\napp' "$(inside mem side cat /s/log)"
	expect 0 tare kube delete pod mem
	nothing_made
}

@test "a part of a volume is made when it lacks, and no link that somebody put there leads out" {
	manifest <<-'END'
		{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {one: "1", two: "2"}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: part}
		spec:
		  terminationGracePeriodSeconds: 0
		  volumes: [{name: d, emptyDir: {}}, {name: m, emptyDir: {medium: Memory}}, {name: c, configMap: {name: conf}}]
		  initContainers:
		  - {name: first, image: busybox, volumeMounts: [{name: d, mountPath: /d}, {name: m, mountPath: /m}],
		     command: [sh, -c, "for v in d m; do mkdir /$v/etc; echo mine >/$v/etc/hostname; ln -s /etc /$v/out; ln -s ../../../etc /$v/up; done"]}
		  containers:
		  - name: app
		    image: busybox
		    command: [sleep, "1000"]
		    securityContext: {runAsUser: 1000}
		    volumeMounts:
		    - {name: d, mountPath: /d1, subPath: out}
		    - {name: d, mountPath: /d2, subPath: up}
		    - {name: d, mountPath: /d3, subPath: new/er}
		    - {name: m, mountPath: /m1, subPath: out}
		    - {name: m, mountPath: /m2, subPath: up/hostname}
		    - {name: m, mountPath: /m3, subPath: new/er}
		    - {name: c, mountPath: /etc/two, subPath: two}
	END
	expect 0 apply "$T/m.yaml" --strict
	eventually 5 status_is part '1/1 +Running +0'
	equal $'mine\nmine\nmine\nmine\n2' "$(inside part app sh -c 'cat /d1/hostname /d2/hostname /m1/hostname /m2 /etc/two; touch /d3/x /m3/x')"
	equal x "$(ls "$T/root/kube/$(uid_of part)/d/new/er")"
	expect 0 tare kube describe pod part
	contains '/m2 from m (rw,path="up/hostname")' "$out"
	expect 0 tare kube delete -f "$T/m.yaml"
	nothing_made
}

@test "files of objects and of the pod itself, joined, with their modes; parts named by a variable; types of hostPath" {
	manifest <<-'END'
		{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {one: "1", two: "2"}}
		---
		{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {token: secret}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: told, labels: {b: 'say "hi"', a: "1"}, annotations: {note: "x\ty"}}
		spec:
		  terminationGracePeriodSeconds: 0
		  volumes:
		  - name: down
		    downwardAPI:
		      defaultMode: 0440
		      items:
		      - {path: labels, fieldRef: {fieldPath: metadata.labels}}
		      - {path: deep/note, fieldRef: {fieldPath: metadata.annotations}, mode: 0400}
		      - {path: cpu, resourceFieldRef: {containerName: app, resource: limits.cpu, divisor: 1m}}
		  - name: all
		    projected:
		      defaultMode: 0400
		      sources:
		      - {configMap: {name: conf, items: [{key: two, path: sub/dir/two, mode: 0444}]}}
		      - {secret: {name: key}}
		      - {secret: {name: none, optional: true}}
		      - {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}
		  - {name: d, emptyDir: {}}
		  - {name: h, hostPath: {path: HOST/made, type: DirectoryOrCreate}}
		  containers:
		  - name: app
		    image: busybox
		    resources: {limits: {cpu: 1500m}}
		    command: [sleep, "1000"]
		    env: [{name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
		    volumeMounts:
		    - {name: down, mountPath: /down}
		    - {name: all, mountPath: /all, readOnly: true, recursiveReadOnly: IfPossible}
		    - {name: d, mountPath: /own, subPathExpr: of-$(WHO)}
		    - {name: d, mountPath: /d}
		    - {name: h, mountPath: /h}
	END
	sed -i "s|HOST|$T|" "$T/m.yaml"
	expect 0 apply "$T/m.yaml" --strict
	eventually 5 status_is told '1/1 +Running +0'
	equal $'a="1"\nb="say \\"hi\\""' "$(inside told app cat /down/labels)"
	equal 'note="x\ty"' "$(inside told app cat /down/deep/note)"
	equal '1500 told 2 secret' "$(inside told app sh -c 'for f in /down/cpu /all/name /all/sub/dir/two /all/token; do cat $f; echo; done' | xargs)"
	equal '440 400 444 400' "$(inside told app sh -c 'cd /; stat -c %a down/labels down/deep/note all/sub/dir/two all/token' | xargs)"
	equal of-told "$(inside told app ls /d)"
	expect 0 tare kube describe pod told
	contains 'ConfigMapName:  conf' "$out"
	contains 'metadata.labels -> labels' "$out"
	expect 0 tare kube delete -f "$T/m.yaml"

	sed -i 's/type: DirectoryOrCreate/type: Socket/' "$T/m.yaml"
	expect 1 apply "$T/m.yaml"
	contains "volume h: hostPath type check failed: $T/made is not a socket file" "$err"
	sed -i 's/type: Socket/type: Directory/; s/of-$(WHO)/$(NOBODY)/' "$T/m.yaml"
	expect 1 apply "$T/m.yaml"
	contains 'container app: subPathExpr "$(NOBODY)": missing value for a variable' "$err"
	sed -i 's/$(NOBODY)/x/; s|path: deep/note|path: ../note|' "$T/m.yaml"
	expect 1 apply "$T/m.yaml"
	contains "volume down: ../note: not a file's name" "$err"
	nothing_made
}

@test "huge pages: asked for with a request; media that are none" {
	local medium text
	while read -r medium text; do
		pod web | sed "s/^  containers:/  volumes: [{name: h, emptyDir: {medium: $medium}}]\n&/
			s/image: busybox/&\n    volumeMounts: [{name: h, mountPath: \/h}]/" | manifest
		expect 1 apply "$T/m.yaml"
		contains "volume h: $text" "$err"
	done <<-'END'
		Disk unknown storage medium "Disk"
		HugePages-3Xi unknown storage medium "HugePages-3Xi"
		HugePages-2Mi medium HugePages-2Mi: hugePages storage requested, but there is no resource request for huge pages
	END
	nothing_made
	[ -e /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "no huge pages here"
	pod web '{limits: {hugepages-2Mi: 1000Ti, memory: 1Mi}}' | manifest
	expect 0 apply "$T/m.yaml"
	contains "Insufficient hugepages-2Mi" "$(tare kube get pod web -o json 3>&-)"
	expect 0 tare kube delete pod web
}
