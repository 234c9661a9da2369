# SPDX-License-Identifier: Apache-2.0
# tare cgroup, ns, enter, unshare, scope, lint: containers and everything else of the host.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

# ---- cgroup -------------------------------------------------------------------------------------------------------

# bats test_tags=guest
@test "cgroup: one tree of all hierarchies, containers by name, values of the files" {
	need_controller memory
	start web --memory 64m --pids-limit 20
	start db --memory 48m
	expect 0 tare cgroup "/$group"
	matches '^GROUP +CPU +CPU LIMIT +THROTTLED +MEMORY +LIMIT +PIDS +LIMIT +READ +WRITTEN' "$out"
	matches $'\n  web +[0-9.]+s +max +-? ?' "$out"
	matches $'\n  web .* 64MiB +1 +20 ' "$out"
	matches $'\n  db .* 48MiB +1 +max ' "$out"
	local all
	all=$(tare cgroup --format json "/$group")
	equal "db web" "$(jq -r 'select(.Container) | .Container' <<<"$all" | sort | paste -sd' ')"
	equal 67108864 "$(jq 'select(.Container == "web") | .MemoryLimit' <<<"$all")"
	equal "$(jq -s 'map(select(.Container)) | map(.Pids) | add' <<<"$all")" "$(jq "select(.Path == \"/$group\") | .Pids" <<<"$all")"
	equal web "$(tare cgroup --format json web | jq -r .Container)"
	equal web "$(tare cgroup --format json "$(pid_of web)" | jq -r .Container)"
}

@test "cgroup: sorted by a column, down to a depth" {
	need_controller memory
	start small -- sleep 1000
	start large --tmpfs /t -- sh -c 'dd if=/dev/zero of=/t/x bs=1M count=8 2>/dev/null; : >/tmp/done; sleep 1000'
	eventually 10 in_box large test -e /tmp/done
	equal "large small" "$(tare cgroup --sort memory --format json "/$group" | jq -r 'select(.Container) | .Container' | paste -sd' ')"
	equal 1 "$(tare cgroup --depth 1 --format json / | grep -c '"Path":"/"')"
	equal "" "$(tare cgroup --depth 1 --format json / | jq -r .Path | grep '/.*/' || true)"
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" cgroup --watch "/$group" >"$T/watch" </dev/null 3>&- &
	local watch=$!
	eventually 10 eval '[ "$(grep -c "^ *large " "$T/watch")" -ge 2 ]'
	kill "$watch"
	wait "$watch" || true
	matches '^GROUP +CPU ' "$(<"$T/watch")"
	expect 125 tare cgroup --sort colour
	equal 'tare: --sort colour: unknown column "colour" (name, cpu, memory, pids, io)' "$err"
	expect 1 tare cgroup /no/such/group
	equal "tare: No such container, process or cgroup: /no/such/group" "$err"
}

@test "cgroup and ns: what comes and goes meanwhile is no error" {
	local mount i
	read -r _ mount < <(hierarchy_of memory) || skip "no memory controller here"
	mkdir -p "$mount/$group/a..b"
	expect 0 tare cgroup --format json "/$group/a..b"
	contains "a..b" "$out"
	expect 1 tare cgroup "/$group/.."
	rmdir "$mount/$group/a..b"
	(
		for ((i = 0; i < 150; i++)); do
			mkdir "$mount/$group/x" && (:) && rmdir "$mount/$group/x"
		done
	) 3>&- &
	for i in 1 2 3; do
		expect 0 tare cgroup --format json /
		equal "" "$err"
		expect 0 tare ns --format json
		equal "" "$(grep -v "may not be looked at" "$T/stderr")" # where root may not see all
		equal true "$(jq -s 'all(.Processes >= 0)' "$T/stdout")"
	done
	wait
}

@test "an ordinary user is told what is not seen, and sees the rest" {
	local pid=$$ user
	mkdir "$T/bin" "$T/home"
	cp "$TARE_BUILD/tare" "$T/bin/" && chmod 755 "$T" "$T/bin" && chown 4711 "$T/home"
	user=(setpriv --reuid 4711 --regid 4711 --clear-groups env -i "PATH=$PATH" "HOME=$T/home" "XDG_RUNTIME_DIR=$T/home" "$T/bin/tare")
	expect 0 "${user[@]}" ns
	matches '[0-9]+ processes may not be looked at: namespaces of such are not seen' "$err"
	contains " NPROCS " "$out"
	expect 1 "${user[@]}" ns "$pid"
	contains "process $pid: its namespaces: Permission denied" "$err"
	expect 1 "${user[@]}" enter "$pid" true
	contains "process $pid: its namespaces: Permission denied" "$err"
	expect 0 "${user[@]}" cgroup --depth 1
	matches '(^|'$'\n'')/ ' "$out"
	expect 0 "${user[@]}" explain "$pid"
	contains "file systems: process $pid is somebody else's" "$out"
	expect 0 "${user[@]}" stats --no-stream /
	matches $'\n-- +/ ' "$out"
	expect 0 "${user[@]}" stats --no-stream
	[ ! -e /var/lib/tare ] || contains "containers of root are not known to this user" "$err"
	equal 0 "$("${user[@]}" unshare --user --map-root id -u)"
	expect 125 "${user[@]}" scope --pids-limit 9 true
	matches "ermission denied|not permitted|only root|no control group is delegated" "$err"
	expect 1 env -i "PATH=$PATH" setpriv --reuid 4711 --regid 4711 --clear-groups "$T/bin/tare" stats --no-stream
	contains "no containers are known here: name a process or a group" "$err"
	! dd if=/dev/kmsg of=/dev/null bs=8192 count=1 iflag=nonblock status=none 2>/dev/null <<<"" || [ "$(</proc/sys/kernel/dmesg_restrict)" = 0 ] ||
		{ expect 1 "${user[@]}" oom && contains "the kernel's log, which tells of them, is not for this user" "$err"; }
}

# same_rows KEYS FILE OTHER: each object of the first is in the other one, with the same values of these keys
same_rows() { jq -ne --slurpfile a "$2" --slurpfile b "$3" "(\$a | length > 0) and (\$a | map($1)) - (\$b | map($1)) == []" >/dev/null || fail "$2 $3 differ:" "$(head -n 20 "$2" "$3")"; }

@test "an ordinary user: each row is one that root sees; lint, watch, top" {
	need_controller pids
	local user status=0
	mkdir "$T/bin" "$T/home"
	cp "$TARE_BUILD/tare" "$T/bin/" && chmod 755 "$T" "$T/bin" && chown 4711 "$T/home"
	user=(setpriv --reuid 4711 --regid 4711 --clear-groups env -i "PATH=$PATH" "HOME=$T/home" "XDG_RUNTIME_DIR=$T/home" TERM=xterm "$T/bin/tare")
	start web --memory 64m --pids-limit 20
	"${user[@]}" cgroup --format json "/$group" >"$T/his.cgroup" 2>/dev/null
	tare cgroup --format json "/$group" >"$T/roots.cgroup"
	same_rows '[.Path, .MemoryLimit, .PidsLimit, .Pids]' "$T/his.cgroup" "$T/roots.cgroup"
	same_rows '[.Path, .MemoryLimit, .PidsLimit, .Pids]' "$T/roots.cgroup" "$T/his.cgroup"
	"${user[@]}" ns --format json >"$T/his.ns" 2>/dev/null
	tare ns --format json >"$T/roots.ns"
	same_rows '[.Ns, .Type]' "$T/his.ns" "$T/roots.ns"
	expect 1 "${user[@]}" ns diff "$(pid_of web)" self
	expect 0 "${user[@]}" explain "/$group"
	contains "cgroup /$group: nothing holds it back" "$out"
	expect 1 "${user[@]}" explain web
	contains "No such container, process or cgroup: web" "$err"
	expect 1 "${user[@]}" cgroup web
	expect 2 "${user[@]}" lint docker run --privileged busybox
	contains "danger: privileged" "$out"
	echo x >"$T/secret" && chmod 600 "$T/secret"
	expect 1 "${user[@]}" lint "$T/secret"
	contains "$T/secret: Permission denied" "$err"
	expect 0 "${user[@]}" watch --once -r "pids >= 1" "/$group"
	contains "cgroup /$group: pids >= 1" "$out"
	[ -x "$TARE_BUILD/tare-top" ] || return 0
	cp "$TARE_BUILD/tare-top" "$T/bin/" && chmod 755 "$T/bin/tare-top"
	expect 1 "${user[@]}" top
	contains "a terminal is needed" "$err"
	need_python
	"$BATS_TEST_DIRNAME/on-terminal" "${user[@]}" top --tree >"$T/shown" 2>&1 3>&- <<-'EOF' || status=$?
		expect q quit
		send q
	EOF
	equal 0 "$status" "$(cat "$T/shown")"
}

# ---- ns -----------------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "ns: the same namespaces as lsns, with owner, parent and container" {
	command -v lsns >/dev/null || skip "no lsns on this host"
	start web
	local pid ours theirs
	pid=$(pid_of web)
	ours=$(tare ns --format json web | jq -r '"\(.Ns) \(.Type)"' | sort)
	theirs=$(for t in cgroup ipc mnt net pid user uts; do readlink "/proc/$pid/ns/$t"; done | sed -n 's/\(.*\):\[\(.*\)\]/\2 \1/p' | sort)
	equal "$theirs" "$(grep -v ' time$' <<<"$ours")"
	equal "web 1" "$(tare ns --type pid --format json web | jq -r '"\(.Container) \(.Processes)"')"
	equal "$(readlink /proc/self/ns/pid | tr -dc 0-9)" "$(tare ns --type pid --format json web | jq .Parent)"
	equal "$(readlink /proc/self/ns/user | tr -dc 0-9)" "$(tare ns --type net --format json web | jq .Owner)"
	expect 0 tare ns --tree
	matches $'\n +'"$(readlink "/proc/$pid/ns/net" | tr -dc 0-9)"' +net ' "$out"
	expect 125 tare ns --type colour
	contains 'unknown type "colour"' "$err"
}

@test "ns: who pins one: a bind mount, an open descriptor" {
	touch "$T/pin"
	exec 7<"/proc/self/ns/uts"
	unshare --uts sh -c 'sleep 1000 & echo $! >'"$T"'/pid; exec sleep 1000' 3>&- 7>&- &
	local holder=$! other number
	eventually 5 test -s "$T/pid"
	number=$(readlink "/proc/$holder/ns/uts" | tr -dc 0-9)
	exec 7<"/proc/$holder/ns/uts"
	other=$(<"$T/pid")
	equal 2 "$(tare ns --type uts --format json | jq "select(.Ns == $number) | .Processes")"
	kill "$holder" "$other"
	wait "$holder" || true
	eventually 5 eval '[ "$(tare ns --pins --type uts --format json | jq "select(.Ns == '"$number"') | .Processes")" = 0 ]'
	equal $BASHPID "$(tare ns --pins --type uts --format json | jq "select(.Ns == $number) | .HeldBy")"
	exec 7<&-
}

# bats test_tags=guest-full
@test "ns diff: what two see differently" {
	start web --hostname one
	start db --hostname two --tmpfs /only-here
	expect 0 tare ns diff web db
	matches 'user +shared +[0-9]+' "$out"
	matches $'\nuts +different +[0-9]+ +[0-9]+\n  < one\n  > two' "$out"
	matches $'\n  > /only-here' "$out"
	equal "true false" "$(tare ns diff --format json web web | jq -s -r '"\(all(.Shared)) \(any(.OnlyA | length > 0))"')"
	equal "false true" "$(tare ns diff --format json $$ web | jq -r 'select(.Type == "net" or .Type == "user") | .Shared' | paste -sd' ')"
	expect 1 tare ns diff web
	contains "two containers or processes are wanted" "$err"
}

# ---- enter, unshare -----------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "enter: a command in a container's namespaces, its status, signals, what cannot be" {
	start web --hostname inside
	equal inside "$(tare enter web hostname)"
	equal inside "$(tare enter "$(pid_of web)" hostname)"
	equal "$(hostname)" "$(tare enter --type pid,net web hostname)"
	matches 'sleep' "$(tare enter web ps)"
	equal /tmp "$(tare enter -w /tmp web pwd)"
	expect 7 tare enter web sh -c 'exit 7'
	expect 137 tare enter web sh -c 'kill -9 $$'
	expect 127 tare enter web no-such-program
	equal "tare: exec no-such-program: No such file or directory" "$err"
	expect 126 tare enter web /tmp
	expect 0 tare create --name new busybox true
	expect 1 tare enter new true
	equal "tare: container new is not running" "$err"
	expect 1 tare enter nobody true
}

# bats test_tags=guest-full
@test "unshare: new namespaces without an image" {
	equal "1 lab" "$(tare unshare --pid --uts --hostname lab sh -c 'echo "$$ $(hostname)"')"
	equal 2 "$(tare unshare --pid sh -c 'ls -d /proc/[0-9]* | wc -l; :' | sed 's/^[23]$/2/')" "processes in it"
	matches 'lo.*UP' "$(tare unshare --net cat /proc/net/dev; tare unshare --net sh -c 'ip link show lo 2>/dev/null || echo lo UP')"
	expect 0 tare unshare --mount sh -c "mount -t tmpfs none $T/root && ls $T/root"
	equal "" "$out"
	[ -e "$T/root/tare.db" ] || fail "the mount came back"
	expect 9 tare unshare --ipc sh -c 'exit 9'
	expect 1 tare unshare true
	contains "no namespace is named" "$err"
	command -v setpriv >/dev/null || skip "no setpriv on this host"
	[ "$(setpriv --reuid 1234 --clear-groups unshare -U id -u 2>/dev/null)" ] || skip "no user namespaces for users here"
	equal 0 "$(cd / && setpriv --reuid 1234 --regid 1234 --clear-groups "$TARE_BUILD/tare" unshare --map-root --pid id -u)"
	expect 1 setpriv --reuid 1234 --regid 1234 --clear-groups "$TARE_BUILD/tare" unshare --net true
	contains "not permitted; --user --map-root may be what you need" "$err"
}

# ---- scope --------------------------------------------------------------------------------------------------------

scope() { tare scope --slice "/$group" "$@"; }

# bats test_tags=guest
@test "scope: a command under limits, by either's names; what it needed is told, and nothing is left" {
	need_controller memory
	expect 3 scope --memory 64m sh -c 'exit 3'
	equal "" "$out"
	matches '^scope: status 3 after [0-9.]+ s, CPU [0-9.]+ s' "$err"
	expect 0 scope -q -p MemoryMax=48M -p TasksMax=20 -- sh -c "cat /proc/self/cgroup >$T/in; find $host_cgroup -path '*$group/scope-*' '(' -name memory.limit_in_bytes -o -name memory.max ')' -exec cat {} +"
	equal 50331648 "$out"
	equal "" "$err"
	equal "" "$(find "$host_cgroup" -path "*$group/*" -name 'scope-*')" "groups left"
	expect 0 scope --format json sh -c 'sleep 1000 & :'
	equal 0 "$(jq .Status <<<"$err")"
	equal "" "$(find "$host_cgroup" -path "*$group/*" -name 'scope-*')" "groups left"
	expect 127 scope no-such-program
	equal "tare: exec no-such-program: No such file or directory" "$err"
	equal "" "$(find "$host_cgroup" -path "*$group/*" -name 'scope-*')" "groups left"
}

scopes() { find "$host_cgroup" -path "*$group/*" -name 'scope-*'; }
no_scopes() { [ -z "$(scopes)" ]; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

@test "scope: killed itself, it takes the command and the group along" {
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" scope --slice "/$group" sh -c "echo \$\$ >$T/pid; sleep 1000 & sleep 1000" \
		>/dev/null 2>&1 </dev/null 3>&- &
	local scope=$!
	eventually 10 test -s "$T/pid"
	[ -n "$(scopes)" ]
	kill -9 "$scope"
	eventually 10 no_scopes
	eventually 10 is_gone "$(cat "$T/pid")"
	wait "$scope" || true
}

@test "scope: throttled, killed" {
	need_controller memory
	[ -x "$TARE_BUILD/tests/system/probe" ] || skip "no static probe in this build"
	expect 137 scope --memory 32m --memory-swap 32m "$TARE_BUILD/tests/system/probe" memory 64
	matches ', 1 OOM kills$' "$err"
	need_controller cpu
	expect 0 scope --format json -p CPUQuota=5% sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); done'
	equal true "$(jq '.ThrottledPeriods > 0 and .CpuNs > 0' <<<"$err")"
}

@test "scope: wrong values" {
	expect 125 scope -p Colour=red true
	contains 'unknown property "Colour" (AllowedCPUs, CPUQuota' "$err"
	expect 125 scope -p CPUQuota=50 true
	contains '"50" is no share of a CPU' "$err"
	expect 125 scope -p MemoryMax=much true
	expect 125 scope --slice / true
	nothing_made
}

# ---- lint ---------------------------------------------------------------------------------------------------------

rules() { "$TARE_BUILD/tare" lint --format json "$@" | jq -r .Rule | paste -sd' '; }

@test "lint: of a line, with docker's or our name; of a container" {
	matches 'no-limits' "$(rules docker run nginx:1.27)"
	equal "" "$(rules docker run -m 64m --memory-swap 64m --cpus 1 --pids-limit 100 --user 1000 --read-only --security-opt no-new-privileges --log-opt max-size=1m nginx:1.27)"
	equal "privileged engine-socket" "$(rules docker run -d --privileged -v /var/run/docker.sock:/s:ro -m 64m --memory-swap 64m --cpus 1 --pids-limit 100 --user 1000 --read-only --log-opt max-size=1m nginx:1.27)"
	expect 2 tare lint tare run -m 64m busybox true
	contains 'trouble: memory-swap: ' "$out"
	start web -m 64m --memory-swap 64m --cpus 1 --pids-limit 100 --user 1000 --read-only --security-opt no-new-privileges --log-opt max-size=1m
	expect 0 tare lint web
	matches 'advice: latest' "$out"
	expect 1 tare lint nobody
	expect 1 tare lint docker run --no-such-option x
	contains "unknown" "$err"
	expect 1 tare lint two words
	contains 'a line that begins with "docker run"' "$err"
}

@test "lint: of a compose file, each service by its own words" {
	cat >"$T/compose.yaml" <<-'EOF'
		services:
		  web:
		    image: nginx:${TAG:-1.27}
		    mem_limit: 64m
		    memswap_limit: 64m
		    cpus: 1
		    pids_limit: 100
		    user: "1000"
		    read_only: true
		    security_opt: ["no-new-privileges:true"]
		    logging: {options: {max-size: 1m}}
		  db:
		    image: postgres
		    privileged: true
		    volumes: ["/var/run/docker.sock:/s:ro", "/etc:/etc", "data:/data"]
		    environment: {PASSWORD: x}
		    deploy: {resources: {limits: {cpus: "0.5", memory: 256M}}}
	EOF
	expect 2 tare lint "$T/compose.yaml"
	contains $'service web (line 2)\nnothing to say against it\n\nservice db (line 12)\ndanger: privileged' "$out"
	contains "-> cap_add and devices" "$out"
	equal "privileged engine-socket host-folders memory-swap cpu-throttles pids logs secrets root-user writable-root latest" \
		"$(rules "$T/compose.yaml")"
	equal "service web latest 2" "$(TAG=latest "$TARE_BUILD/tare" lint --format json "$T/compose.yaml" | jq -r '"\(.Subject) \(.Rule) \(.Line)"' | head -1)"
	echo 'services: {web: {image: x, mem_limit: 4x}}' >"$T/bad.yml"
	expect 1 tare lint "$T/bad.yml"
	contains "bad.yml: line 1: service web: --memory 4x: invalid size" "$err"
	printf 'TAG=latest\nexport MEM="%s"\n' 64m >"$T/.env"
	echo 'services: {base: {read_only: true, privileged: true, profiles: [x]}}' >"$T/base.yml"
	cat >"$T/more.yml" <<-'EOF'
		services:
		  web: {extends: {service: base, file: base.yml}, image: "nginx:${TAG}", mem_limit: "$MEM", memswap_limit: "$MEM", cpus: 1, pids_limit: 9, user: "1", logging: {options: {max-size: 1m}}}
		  own: {extends: web, image: "nginx:1", privileged: false, security_opt: [no-new-privileges]}
	EOF
	equal "service web privileged;service web latest" \
		"$("$TARE_BUILD/tare" lint --format json "$T/more.yml" | jq -r '"\(.Subject) \(.Rule)"' | paste -sd';')"
	equal "service web privileged" "$(TAG=1 "$TARE_BUILD/tare" lint --format json "$T/more.yml" | jq -r '"\(.Subject) \(.Rule)"')"
	{ echo 'services:'; printf '  s%d: {image: x, extends: {service: base, file: base.yml}}\n' {1..33}; } >"$T/many.yml"
	expect 2 tare lint "$T/many.yml"
	contains 'service s33 (line 34)' "$out"
	echo 'not a line =' >"$T/.env"
	expect 1 tare lint "$T/more.yml"
	contains ".env: line 1: expected NAME=VALUE" "$err"
	rm "$T/.env" "$T/base.yml"
	expect 1 tare lint "$T/more.yml"
	contains "services.web.extends.file: base.yml: " "$err"
	expect 1 tare lint "$T/none.yml"
	contains "none.yml: No such file or directory" "$err"
}

@test "lint: of a manifest, each container of pods and templates" {
	cat >"$T/app.yaml" <<-'EOF'
		apiVersion: v1
		kind: Pod
		metadata: {name: good}
		spec:
		  securityContext: {runAsUser: 1000}
		  containers:
		  - name: app
		    image: nginx:1.27
		    env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}]
		    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}
		    resources: {requests: {cpu: 1, memory: 64Mi}, limits: {memory: 64Mi}}
		---
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: bad}
		spec:
		  selector: {matchLabels: {a: b}}
		  template:
		    metadata: {labels: {a: b}}
		    spec:
		      hostNetwork: true
		      volumes: [{name: root, hostPath: {path: /}}]
		      containers:
		      - name: app
		        image: java:21
		        command: [java, -Xmx1g]
		        volumeMounts: [{name: root, mountPath: /host}]
		        securityContext: {capabilities: {add: [SYS_ADMIN]}}
		        resources: {limits: {memory: 1Gi, cpu: 500m}}
	EOF
	expect 2 tare lint "$T/app.yaml"
	contains $'Pod good, container app (line 1)\nnothing to say against it' "$out"
	contains "securityContext: { runAsNonRoot: true" "$out"
	equal "host-folders capabilities host-namespaces memory-runtime cpu-throttles limit-without-request root-user writable-root new-privileges" \
		"$(rules - <"$T/app.yaml")"
	echo '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}' >"$T/ns.json"
	expect 1 tare lint "$T/ns.json"
	contains "there is no pod in it, nor a template of pods" "$err"
	cat >"$T/more.yaml" <<-'EOF'
		apiVersion: v1
		kind: List
		items:
		- {apiVersion: v1, kind: Service, metadata: {name: x}, spec: {ports: [{port: 80}]}}
		- apiVersion: apps/v1
		  kind: StatefulSet
		  metadata: {name: db}
		  spec: {template: {spec: {containers: [{name: c, image: "x:1", securityContext: {privileged: true}}]}}}
		---
		apiVersion: batch/v1
		kind: CronJob
		metadata: {name: night}
		spec: {jobTemplate: {spec: {template: {spec: {hostPID: true, containers: [{name: c, image: "x:1"}]}}}}}
	EOF
	equal "StatefulSet db, container c privileged;CronJob night, container c host-namespaces" \
		"$("$TARE_BUILD/tare" lint --format json "$T/more.yaml" | jq -r 'select(.Weight == "danger") | "\(.Subject) \(.Rule)"' | paste -sd';')"
}
