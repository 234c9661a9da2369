# SPDX-License-Identifier: Apache-2.0
# Pods from manifests: apply, get, tree, delete; admission; what a pod's groups have in them.
#
# shellcheck disable=SC2154,SC2016 # out, err, T and group come from helpers.bash; $(NAME) is Kubernetes' own

load helpers
load kube

teardown()
{
	delete_all
	tare_teardown
}

# bats test_tags=guest-full
@test "a pod of each class: its groups have what was asked for, and are gone with it" {
	{ pod g '{limits: {cpu: 500m, memory: 64Mi}}'
	  pod b '{requests: {cpu: 250m, memory: 32Mi}, limits: {memory: 64Mi}}'
	  pod n; } | manifest
	expect 0 apply "$T/m.yaml"
	equal "pod/g created
pod/b created
pod/n created" "$out"
	local g b n
	g=kubepods/pod$(uid_of g) b=kubepods/burstable/pod$(uid_of b) n=kubepods/besteffort/pod$(uid_of n)
	if is_v1 cpu; then
		equal 512 "$(level "$g" cpu.shares)"
		equal 50000 "$(level "$g" cpu.cfs_quota_us)"
		equal 256 "$(level "$b" cpu.shares)"
		equal -1 "$(level "$b" cpu.cfs_quota_us)"
		equal 256 "$(level kubepods/burstable cpu.shares)"
		equal 2 "$(level "$n" cpu.shares)"
	else
		equal 20 "$(level "$g" cpu.weight)"
		equal "50000 100000" "$(level "$g" cpu.max)"
		equal 10 "$(level "$b" cpu.weight)"
		equal "max 100000" "$(level "$b" cpu.max)"
		equal 10 "$(level kubepods/burstable cpu.weight)"
		equal 1 "$(level "$n" cpu.weight)"
	fi
	equal 67108864 "$(level "$g" memory.limit_in_bytes memory.max)"
	equal 67108864 "$(level "$b" memory.limit_in_bytes memory.max)"
	equal 1000 "$(cat "/proc/$(pid_of "$(container_of n)")/oom_score_adj")"
	expect 0 tare kube get pods
	matches $'\ng +1/1 +Running +0 ' "$out"
	expect 0 tare kube tree
	matches $'\n  pod default/g +500m/500m +64Mi/64Mi +(shares 512|weight 20) +500m +64MiB ' "$out"
	matches $'\n    pod default/n +-/- +-/- ' "$out"
	expect 0 tare kube delete -f "$T/m.yaml"
	equal 'pod "n" deleted
pod "b" deleted
pod "g" deleted' "$out"
	nothing_made
	equal "" "$(ls "$T/root/kube")"
}

@test "apply again changes nothing; what was ended by others is not started twice" {
	pod web | manifest
	expect 0 apply "$T/m.yaml"
	local pid
	pid=$(pid_of "$(container_of web)")
	expect 0 apply "$T/m.yaml"
	equal "pod/web unchanged" "$out"
	equal "$pid" "$(pid_of "$(container_of web)")"
	sed -i 's/busybox/other/' "$T/m.yaml"
	expect 1 apply "$T/m.yaml"
	matches 'line 2: Pod "web" is invalid: spec: Forbidden: pod updates are not supported' "$err"
	expect 0 tare kube delete pod web
}

@test "config maps, secrets, volumes, an init container and a sidecar" {
	manifest <<-'END'
		{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {greeting: hello, file.txt: "line\n"}}
		---
		{apiVersion: v1, kind: Secret, metadata: {name: key}, data: {token: c2VjcmV0Cg==}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: multi}
		spec:
		  terminationGracePeriodSeconds: 0
		  restartPolicy: Never
		  volumes:
		  - {name: shared, emptyDir: {}}
		  - {name: conf, configMap: {name: conf}}
		  - {name: key, secret: {secretName: key, defaultMode: 0400}}
		  initContainers:
		  - name: setup
		    image: busybox
		    command: [sh, -c, "echo '$(GREETING) $(UNKNOWN) $$(GREETING)' >/shared/made; cat /conf/file.txt /key/token >>/shared/made"]
		    env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: conf, key: greeting}}}]
		    volumeMounts: [{name: shared, mountPath: /shared}, {name: conf, mountPath: /conf}, {name: key, mountPath: /key}]
		  - name: side
		    image: busybox
		    restartPolicy: Always
		    command: [sleep, "1000"]
		  containers:
		  - name: main
		    image: busybox
		    args: [sh, -c, "cat /shared/made; hostname; id -u; exec sleep 1000"]
		    securityContext: {runAsUser: 1000}
		    volumeMounts: [{name: shared, mountPath: /shared}]
	END
	expect 0 apply "$T/m.yaml"
	eventually 10 logged 1000 multi main
	equal $'hello $(UNKNOWN) $(GREETING)\nline\nsecret\nmulti\n1000' "$(tare logs "$(container_of multi main)")"
	equal "$(readlink "/proc/$(pid_of "$(container_of multi side)")/ns/net")" \
		"$(readlink "/proc/$(pid_of "$(container_of multi main)")/ns/net")"
	expect 0 tare kube get pods
	matches $'\nmulti +2/2 +Running ' "$out"
	equal 'token' "$(ls "$T/root/kube/$(uid_of multi)/key")"
	expect 0 tare kube delete -f "$T/m.yaml"
	nothing_made
}

@test "limit ranges and quotas: filled in, refused in the server's words, nothing made" {
	manifest team <<-'END'
		{apiVersion: v1, kind: Namespace, metadata: {name: team}}
		---
		{apiVersion: v1, kind: LimitRange, metadata: {name: lr, namespace: team}, spec: {limits: [{type: Container,
		 default: {memory: 64Mi}, defaultRequest: {cpu: 100m}}]}}
		---
		{apiVersion: v1, kind: ResourceQuota, metadata: {name: rq, namespace: team}, spec: {hard: {pods: 1}}}
	END
	expect 0 apply "$T/team.yaml"
	{ pod one; pod two; } | manifest two
	expect 1 apply "$T/two.yaml" -n team
	equal "tare: $T/two.yaml: pods \"two\" is forbidden: exceeded quota: rq, requested: pods=1, used: pods=1, limited: pods=1" "$err"
	nothing_made
	pod one | manifest one
	expect 0 apply "$T/one.yaml" -n team
	expect 0 tare kube get pod one -n team -o json
	equal '{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"64Mi"}}' \
		"$(jq -c '.spec.containers[0].resources' <<<"$out")"
	equal "LimitRanger plugin set: cpu, memory request for container app; memory limit for container app" \
		"$(jq -r '.metadata.annotations["kubernetes.io/limit-ranger"]' <<<"$out")"
	expect 0 tare kube delete ns team
	nothing_made
	expect 1 apply "$T/one.yaml" -n team
	contains 'namespaces "team" not found' "$err"
}

@test "a pod that does not fit the node stays Pending, with the reason" {
	pod huge '{requests: {cpu: 5000}}' | manifest
	expect 0 apply "$T/m.yaml"
	expect 0 tare kube get pods -o wide
	matches $'\nhuge +0/1 +Pending .* 0/1 nodes are available: 1 Insufficient cpu\.' "$out"
	nothing_made
	pod huge '{requests: {cpu: 10m}}' | manifest
	expect 0 tare kube resize -f "$T/m.yaml"
	eventually 10 is_running "$(container_of huge)"
	expect 0 tare kube delete pod huge
}

@test "what cannot be made leaves nothing behind, and what was there stays" {
	pod first | manifest first
	expect 0 apply "$T/first.yaml"
	{ pod second; pod third | sed 's/image: busybox/image: nowhere/'; } | manifest
	expect 1 apply "$T/m.yaml"
	matches 'pod default/third: container app: .*nowhere' "$err"
	equal 'pod/first' "$(tare kube get pods -o name)"
	equal 1 "$(tare ps -aq | grep -c '')"
	expect 0 tare kube delete pod first
	nothing_made
}

@test "a file that is wrong changes nothing: line, path, value" {
	{ pod one; pod two '{requests: {cpu: 1K}}'; } | manifest
	expect 1 apply "$T/m.yaml"
	equal "tare: $T/m.yaml: line 22, column 33: spec.containers[0].resources.requests.cpu: \"1K\": unable to parse quantity's suffix" "$err"
	{ pod one; echo '  affinity: {}'; } | manifest
	expect 1 apply "$T/m.yaml" --strict
	equal "tare: $T/m.yaml: line 12, column 13: spec.affinity: not supported" "$err"
	{ pod one; pod one; } | manifest
	expect 1 apply "$T/m.yaml"
	contains 'line 13: pod "one" stands in line 2 already' "$err"
	expect 1 apply /nonexistent
	expect 1 tare kube get things
	contains "the server doesn't have a resource type \"things\"" "$err"
	expect 1 tare kube delete pod nobody
	contains 'pods "nobody" not found' "$err"
	equal "" "$(tare kube get pods -A -o name)"
	nothing_made
}

# sql CODE: Python with the database as d
sql() { python3 -c "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); exec(sys.argv[2].replace('\n\t', '\n')); d.commit()" "$T/root/tare.db" "$1"; }

@test "what could not be read back is not kept; what cannot be read is named, and can be deleted" {
	local i
	{ pod deep; printf 'status: '; printf '[%.0s' {1..33}; printf ']%.0s' {1..33}; echo; } | manifest
	failed "$T/m.yaml: line 12, column 40: nested too deeply" apply "$T/m.yaml"
	printf '{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {x: ""}}\n' | manifest
	expect 0 apply "$T/m.yaml"
	sql 'row = d.execute("SELECT * FROM kube_objects").fetchone()
	names = [c[1] for c in d.execute("PRAGMA table_info(kube_objects)")]
	for i in range(100):
		new = dict(zip(names, row), seq=None, uid="u%d" % i, name="big%d" % i)
		new["document"] = new["document"].replace("\"x\":\"\"", "\"x\":\"%s\"" % ("x" * 1000000))
		d.execute("INSERT INTO kube_objects(%s) VALUES(%s)" % (",".join(names), ",".join("?" * len(names))), [new[n] for n in names])'
	sed -i 's/name: one/name: two/' "$T/m.yaml"
	failed "with these there would be more objects than are kept (128 MiB of memory to read them)" apply "$T/m.yaml"
	expect 0 tare kube get configmaps
	equal 102 "$(grep -c . <<<"$out")" "lines: what was kept, and the head"
	sql 'd.execute("DELETE FROM kube_objects WHERE name != \"big1\""); d.execute("UPDATE kube_objects SET document = \"{}\"")'
	expect 0 tare kube get configmaps
	contains 'stored ConfigMap default/big1: ' "$err"
	contains big1 "$out"
	expect 0 tare kube delete configmap big1
	printf '{apiVersion: v1, kind: Pod, metadata: {name: waits}, spec: {containers: [{name: app, image: busybox, resources: {requests: {cpu: "1000"}}}]}}\n' | manifest
	expect 0 apply "$T/m.yaml"
	eventually 5 status_is waits '0/1 +Pending +0'
	sql 'd.execute("UPDATE kube_objects SET document = \"{}\"")'
	expect 0 tare kube get pod waits -o yaml
	contains 'imagePullPolicy: Never' "$out"
	expect 0 tare kube delete pod waits
	expect 0 tare kube get configmaps
	equal "No resources found in default namespace." "$err"
}

@test "a Deployment is its pods; standard input and JSON are read" {
	local d='{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":2,"template":{"metadata":{"labels":{"a":"b"}},"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"busybox","command":["sleep","1000"]}]}}}}'
	out=$(apply - <<<"$d")
	equal "deployment.apps/d created
pod/d-0 created
pod/d-1 created" "$out"
	equal 2 "$(tare ps -q -f label=a=b | grep -c '')"
	expect 0 tare kube delete deployment d
	equal "" "$(tare kube get pods -o name)"
	nothing_made
}

@test "an apply that was killed is finished by the next one, or deleted" {
	pod one | manifest
	for step in 5 20 60; do
		timeout -s KILL "0.0$step" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" kube apply \
			--cgroup-root "/$group" -f "$T/m.yaml" >/dev/null 2>&1 3>&- || true
		expect 0 apply "$T/m.yaml"
		eventually 10 is_running "$(container_of one)"
		expect 0 tare kube delete -f "$T/m.yaml"
		nothing_made
	done
}

@test "logs, exec, top and who dies first" {
	{ pod quiet '{limits: {cpu: 500m, memory: 64Mi}}'
	  pod loud | sed 's/\[sleep, "1000"\]/[sh, -c, "echo hello; echo there; exec sleep 1000"]/'; } | manifest
	expect 0 apply "$T/m.yaml"
	eventually 10 logged there loud
	equal "there" "$(tare kube logs --tail 1 loud)"
	expect 0 tare kube exec quiet -- sh -c 'hostname; exit 0'
	equal quiet "$out"
	expect 3 tare kube exec -c app quiet sh -c 'exit 3'
	expect 1 tare kube exec -c other quiet true
	contains "container other is not valid for pod quiet" "$err"
	expect 1 tare kube logs nobody
	contains 'pods "nobody" not found' "$err"
	expect 0 tare kube top pod --containers
	matches $'^POD +NAME +CPU\\(cores\\) +MEMORY\\(bytes\\)\nquiet +app +[0-9]+m +[0-9]+Mi\nloud +app ' "$out"
	expect 0 tare kube top node
	matches $'\nkubepods +[0-9]+m +[0-9]+% +[0-9]+Mi +[0-9]+%$' "$out"
	expect 0 tare kube who-dies-first
	matches $'\n1 +default/loud +app +BestEffort +1000 .*\n2 +default/quiet +app +Guaranteed +-997 ' "$out"
	expect 0 tare kube advise --window 1 quiet
	matches $'^POD +CONTAINER +RESOURCE +ASKED +USED +ADVISED +WHY\nquiet +app +cpu +500m/500m +[0-9]+m/[0-9]+m/[0-9]+m +10m/[0-9]+m *\nquiet +app +memory +64Mi/64Mi +[0-9-]+(Mi)?/[0-9]+Mi +4Mi/[0-9]+Mi' "$out"
	expect 1 tare kube advise nobody
	expect 0 tare kube delete -f "$T/m.yaml"
}

@test "a pod that waits begins when another one has gone, or has ended" {
	local all=$(($(nproc) * 1000)) most
	most=$((all * 6 / 10))
	{ pod one "{requests: {cpu: ${most}m}}"; pod two "{requests: {cpu: ${most}m}}"
	  pod big "{requests: {cpu: ${most}m, memory: 1000Ti}}"; } | manifest
	expect 0 apply "$T/m.yaml"
	expect 0 tare kube get pods -o wide
	matches $'\ntwo +0/1 +Pending ' "$out"
	matches $'\nbig +0/1 +Pending .* 1 Insufficient cpu, 1 Insufficient memory' "$out"
	expect 0 tare kube delete pod one
	eventually 5 is_running "$(container_of two)"
	expect 0 tare kube delete pod two
	expect 0 tare kube get pods -o wide # what it waits for now
	matches $'\nbig +0/1 +Pending .* nodes are available: 1 Insufficient memory' "$out"
	expect 0 tare kube delete pod big
	{ pod one "{requests: {cpu: ${most}m}}" | sed 's/"1000"/"0.3"/'
	  echo '  restartPolicy: Never'
	  pod two "{requests: {cpu: ${most}m}}"; } | manifest
	expect 0 apply "$T/m.yaml"
	eventually 10 is_running "$(container_of two)"
	expect 0 tare kube get pods
	matches $'\none +0/1 +Completed ' "$out"
	expect 0 tare kube delete -f "$T/m.yaml"
	nothing_made
}

@test "what real manifests have: env of fields and amounts, aliases of hosts, pull policy, a deadline" {
	manifest <<-'END2'
		apiVersion: v1
		kind: Pod
		metadata: {name: late, labels: {app.kubernetes.io/name: shop}, annotations: {note: read me}}
		spec:
		  activeDeadlineSeconds: 8
		  terminationGracePeriodSeconds: 0
		  hostAliases: [{ip: 10.1.2.3, hostnames: [db, db.example]}]
		  securityContext: {runAsNonRoot: true, runAsUser: 1000, fsGroup: 2000}
		  volumes: [{name: v, emptyDir: {}}]
		  containers:
		  - name: app
		    image: busybox
		    imagePullPolicy: Never
		    command: [sh, -c, "echo $LABEL/$NOTE/$IP/$CPU/$MIB/$NODE/$ASKED; grep db /etc/hosts; touch /v/f; stat -c %u:%g /v/f; exec sleep 1000"]
		    volumeMounts: [{name: v, mountPath: /v}]
		    resources: {requests: {cpu: 150m}, limits: {memory: 64Mi}}
		    env:
		    - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app.kubernetes.io/name']"}}}
		    - {name: NOTE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['note']"}}}
		    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
		    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
		    - {name: MIB, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi, containerName: app}}}
		    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
		    - {name: ASKED, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
	END2
	expect 0 apply "$T/m.yaml" --strict
	eventually 10 logged 1000:2000 late
	equal "shop/read me/127.0.0.1/$(nproc)/64/$(uname -n)/150" "$(tare kube logs late 3>&- | head -n 1)"
	matches $'10\\.1\\.2\\.3[ \t]+db' "$(tare kube logs late 3>&-)"
	eventually 30 eval 'tare kube get pods 3>&- | grep -q " Error "'
	expect 0 tare kube describe pod late
	contains 'DeadlineExceeded' "$out"
	expect 0 apply "$T/m.yaml"
	expect 0 tare kube get pods
	matches $'\nlate +0/1 +Error ' "$out"
	sed 's/busybox/nowhere:1/; s/late/gone/' "$T/m.yaml" >"$T/gone.yaml"
	expect 1 apply "$T/gone.yaml"
	equal "tare: $T/gone.yaml: pod default/gone: container app: Unable to find image 'nowhere:1' locally" "$err"
	expect 0 tare kube delete -f "$T/m.yaml"
	nothing_made
}

# of a group below this test's kubepods: shares or weight, quota, limit of memory, with "max" for none
read_back() # PATH
{
	local quota
	if is_v1 cpu; then
		quota=$(level "$1" cpu.cfs_quota_us)
		echo "$(level "$1" cpu.shares) ${quota/-1/max}/$(level "$1" cpu.cfs_period_us) $(memory_of "$1")"
	else
		echo "$(level "$1" cpu.weight) $(level "$1" cpu.max | tr ' ' /) $(memory_of "$1")"
	fi
}

memory_of() # of v1 the largest number is none
{
	local n
	n=$(level "$1" memory.limit_in_bytes memory.max)
	[ "$n" != 9223372036854771712 ] || n=max
	echo "$n"
}

# has PATH SHARES WEIGHT QUOTA MEMORY: a row of the table
has()
{
	local share=$3
	! is_v1 cpu || share=$2
	equal "$share $4/100000 $5" "$(read_back "$1")" "$1"
}

# score_is POD CONTAINER ADJ: where this machine may not lower it, 0 stands for less
score_is()
{
	local got want=$3
	got=$(cat "/proc/$(pid_of "$(container_of "$1" "$2")")/oom_score_adj")
	[ "$want" -ge 0 ] || [ "$got" -lt 0 ] || want=$got
	equal "$want" "$got" "oom_score_adj of $1, $2"
}

# bats test_tags=guest-full
@test "every level of each class, with and without a sidecar and resources of the pod, reads back as the table says" {
	{ full_pod g '' '{limits: {cpu: 500m, memory: 64Mi}}' ''
	  full_pod gs '' '{limits: {cpu: 500m, memory: 64Mi}}' '{limits: {cpu: 250m, memory: 32Mi}}'
	  full_pod gp '{limits: {cpu: 100m, memory: 128Mi}}' '{}' ''
	  full_pod b '' '{requests: {cpu: 250m, memory: 32Mi}, limits: {memory: 64Mi}}' ''
	  full_pod bs '' '{requests: {cpu: 100m, memory: 512Mi}, limits: {cpu: 200m, memory: 1Gi}}' '{requests: {cpu: 50m, memory: 16Mi}}'
	  full_pod bp '{requests: {cpu: 200m}, limits: {memory: 100Mi}}' '{requests: {cpu: 100m}}' ''
	  full_pod n '' '{}' ''
	  full_pod ns '' '{}' '{}'; } | sed '/^  $/d' | manifest
	expect 0 apply "$T/m.yaml"
	local -A in
	local pod i memory total shares
	for pod in g gs gp b bs bp n ns; do
		in[$pod]=$(tare kube get pod "$pod" -o wide | awk 'NR == 2 { print $NF }')
		in[$pod]=${in[$pod]#"/$group/"}
		for i in app side; do
			in[$pod/$i]=${in[$pod]}/$(tare inspect -f '{{.Id}}' "$(container_of "$pod" "$i")" 2>/dev/null || true)
		done
	done
	has "${in[g]}" 512 20 50000 67108864
	has "${in[g/app]}" 512 59 50000 67108864
	has "${in[gs]}" 768 30 75000 100663296
	has "${in[gs/app]}" 512 59 50000 67108864
	has "${in[gs/side]}" 256 35 25000 33554432
	has "${in[gp]}" 102 4 10000 134217728
	has "${in[gp/app]}" 102 17 10000 134217728
	has "${in[b]}" 256 10 max 67108864
	has "${in[b/app]}" 256 35 max 67108864
	has "${in[bs]}" 153 6 max max
	has "${in[bs/app]}" 102 17 20000 1073741824
	has "${in[bs/side]}" 51 11 max max
	has "${in[bp]}" 204 8 max 104857600
	has "${in[bp/app]}" 102 17 max 104857600
	for i in n n/app ns ns/app ns/side kubepods/besteffort; do has "${in[$i]-$i}" 2 1 max max; done
	has kubepods/burstable 614 24 max max
	total=$(($(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) * 1024))
	shares=$((1024 * $(nproc)))
	has kubepods $shares $((1 + (shares - 2) * 9999 / 262142)) max "$total"
	memory=$((1000 - 1000 * (512 << 20) / total))
	for i in g gs gp; do score_is $i app -997; done
	score_is gs side -997
	score_is bs app $memory
	score_is bs side $memory
	score_is n app 1000
	score_is ns side 1000
	if ! is_v1 memory; then
		for i in g/app gs/side bs/app bs/side n/app; do
			equal "0 1" "$(level "${in[$i]}" memory.swap.max) $(level "${in[$i]}" memory.oom.group)" "$i"
		done
	fi
	expect 0 tare kube delete -f "$T/m.yaml"
	nothing_made
}
