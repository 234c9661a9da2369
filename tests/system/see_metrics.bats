# SPDX-License-Identifier: Apache-2.0
# tared --metrics: what Prometheus is told is what the kernel says.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

setup()
{
	local program
	for program in "$TARE_BUILD/tared" curl python3; do
		command -v "$program" >/dev/null || skip "no $program here"
	done
	tare_setup
}

teardown()
{
	[ -z "${daemon:-}" ] || ends
	tare_teardown
}

# serving ADDRESS: tared in the background; $daemon is its pid
serving()
{
	"$TARE_BUILD/tared" --root "$T/root" --state "$T/state" --metrics "$1" >"$T/tared.out" 2>&1 </dev/null 3>&- &
	daemon=$!
	eventually 10 is_served "${1#unix://}"
}

# is_served PATH: somebody listens at this socket; its file is there before that
is_served() { awk -v path="$1" '$4 == "00010000" && $8 == path { found = 1 } END { exit !found }' /proc/net/unix; }

ends() { kill "$daemon" 2>/dev/null || true; wait "$daemon" || true; daemon=; }

scrape() { curl -s --max-time 20 --unix-socket "$T/m.sock" "$@" http://tare/metrics; }

sample() { awk -v want="$1{" -v has="name=\"$2\"" 'index($0, want) == 1 && index($0, has) { print $NF; exit }' "$T/metrics"; } # METRIC CONTAINER

# well_formed FILE: heads before samples, each metric one block, labels quoted, no sample twice
well_formed()
{
	python3 - "$1" <<-'EOF'
		import re, sys
		label = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
		line = re.compile(r'([a-z_]+)(?:\{(?:%s(?:,%s)*)?\})? [0-9.]+$' % (label, label))
		done, seen, now = set(), set(), None
		text = open(sys.argv[1]).read()
		assert text.endswith('\n')
		for l in text.splitlines():
		    if l.startswith('# HELP '):
		        now = l.split()[2]; assert now not in done, l; done.add(now)
		    elif l.startswith('# TYPE '):
		        assert l.split()[2] == now and l.split()[3] == ('counter' if now.endswith(('_total', '_failcnt')) else 'gauge'), l
		    else:
		        m = line.match(l); assert m and m.group(1) == now, l
		        key = l.rsplit(' ', 1)[0]; assert key not in seen, l; seen.add(key)
	EOF
}

@test "containers: cAdvisor's names, the kernel's values, exact CPU seconds" {
	need_controller memory
	need_controller cpu
	start web --memory 64m --cpus 0.5 --pids-limit 20
	serving "unix://$T/m.sock"
	local id before after said
	id=$(tare inspect web | jq -r '.[0].Tare.Cgroup')
	before=$(usage_ns web)
	scrape >"$T/metrics"
	after=$(usage_ns web)
	well_formed "$T/metrics"
	said=$(sample container_cpu_usage_seconds_total web | tr -d .)
	between "$before" "$after" "$((10#$said))" "CPU time in ns"
	equal 67108864 "$(sample container_spec_memory_limit_bytes web)"
	equal 20 "$(sample container_threads_max web)"
	equal 1 "$(sample container_threads web)"
	equal 0 "$(sample container_oom_events_total web)"
	equal "$(limit web memory.max_usage_in_bytes memory.peak)" "$(sample container_memory_max_usage_bytes web)"
	contains "id=\"$id\",image=\"busybox\",name=\"web\"" "$(cat "$T/metrics")"
	tare rm -f web >/dev/null
	scrape >"$T/metrics"
	well_formed "$T/metrics"
	equal "" "$(sample container_threads web)"
	ends
	[ ! -e "$T/m.sock" ] || fail "the socket is left"
	equal "" "$(cat "$T/tared.out")"
}

# scrapes N METRIC: what so many scrapes in a row say of web
scrapes()
{
	local i
	for ((i = 0; i < $1; i++)); do
		scrape >"$T/metrics"
		sample "$2" web
	done
}

@test "what has changed since the scrape before is told, though what has not is not read again" {
	need_controller memory
	need_controller pids
	start web --memory 24m --memory-swap 24m --pids-limit 20
	serving "unix://$T/m.sock"
	equal $'20\n20\n20\n20' "$(scrapes 4 container_threads_max)"
	equal 0 "$(sample container_oom_events_total web)"
	tare update --pids-limit 30 web >/dev/null
	equal $'30\n30' "$(scrapes 2 container_threads_max)"
	echo 31 >"$(cgroup_dir web pids)/pids.max"
	equal $'31\n31' "$(scrapes 2 container_threads_max)"
	mkdir "$T/elsewhere"
	# by whoever, through whatever mount
	unshare --mount --cgroup sh -ec 'mount --bind "$1" "$2"; echo 32 >"$2/pids.max"' sh "$(cgroup_dir web pids)" "$T/elsewhere"
	equal $'32\n32' "$(scrapes 2 container_threads_max)"
	tare exec web sh -c 'head -c 64m /dev/zero | tail >/dev/null' || true
	matches '^[1-9][0-9]*$' "$(scrapes 1 container_oom_events_total)"
	tare restart -t 0 web >/dev/null
	equal $'30\n30\n30' "$(scrapes 3 container_threads_max)"
	equal $'0\n0\n0' "$(scrapes 3 container_oom_events_total)"
	equal 1 "$(sample container_threads web)"
	tare rm -f web >/dev/null
	equal "" "$(scrapes 1 container_threads_max)"
}

# the group's CPU time in ns
usage_ns()
{
	local version
	read -r version _ < <(hierarchy_of cpuacct 2>/dev/null || echo v2)
	if [ "$version" = v1 ]; then limit "$1" cpuacct.usage -; else echo "$(($(limit "$1" - cpu.stat | awk '/^usage_usec/ { print $2 }') * 1000))"; fi
}

@test "pods and their containers have Kubernetes' labels" {
	need_controller memory
	cat >"$T/pod.yaml" <<-'EOF'
		apiVersion: v1
		kind: Pod
		metadata: {name: duo}
		spec:
		  containers:
		  - {name: one, image: busybox, command: [sleep, "1000"]}
	EOF
	expect 0 tare kube apply --cgroup-root "/$group" -f "$T/pod.yaml"
	serving "unix://$T/m.sock"
	scrape >"$T/metrics"
	expect 2 tare lint pod/duo
	contains $'Pod duo, container one\ntrouble: no-limits: ' "$out"
	equal "$out" "$("$TARE_BUILD/tare" --root "$T/root" --state "$T/state" lint pod/default/duo)"
	expect 1 tare lint pod/nobody
	equal "tare: No such pod: nobody" "$err"
	tare kube delete pod duo --grace-period 0 >/dev/null
	well_formed "$T/metrics"
	matches 'container_threads\{container="one",id="[^"]*",image="busybox",name="k8s_one_[^"]*",namespace="default",pod="duo"\} 1' "$(cat "$T/metrics")"
	matches 'container_threads\{id="[^"]*pod[^"]*",namespace="default",pod="duo"\} [12]' "$(cat "$T/metrics")"
}

@test "other requests are refused in their words, and a broken one stops nothing" {
	serving "unix://$T/m.sock"
	equal 404 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$T/m.sock" http://tare/)"
	equal 405 "$(scrape -X POST -d x -o /dev/null -w '%{http_code}')"
	equal "200 text/plain; version=0.0.4; charset=utf-8" "$(scrape -I -o /dev/null -w '%{http_code} %{content_type}')"
	python3 - "$T/m.sock" <<-'EOF'
		import socket, sys
		for text in (b'GET', b'\0' * 4096, b'GET /metrics HTTP/9.9\r\n\r\n', b'GET /' + b'x' * 100000 + b' HTTP/1.1\r\n\r\n',
		             b'POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n', b'A: b\r\n\r\n'):
		    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(0.1)
		    try: s.sendall(text); s.shutdown(socket.SHUT_WR); s.recv(4096)
		    except OSError: pass
		    s.close()
	EOF
	scrape | grep -q '^machine_cpu_cores [1-9]'
}

@test "who reads slowly holds no more than a few answers" {
	seq 40 | xargs -I{} "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run -d --cgroup-parent "/$group" busybox sleep 1000 >/dev/null
	serving "unix://$T/m.sock"
	equal 660 "$(stat -c %a "$T/m.sock")"
	python3 - "$T/m.sock" >"$T/slow" <<-'EOF'
		import socket, sys
		slow = []
		for i in range(5):
		    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); slow.append(s)
		    s.sendall(b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
		    print(s.recv(12).decode())
	EOF
	equal "$(printf 'HTTP/1.1 200\n%.0s' {1..4})"$'\n''HTTP/1.1 503' "$(cat "$T/slow")"
	eventually 10 scrape -f -o /dev/null # they have gone
}

@test "an address that is none or is taken is one line; what a killed one left is no hindrance" {
	expect 1 "$TARE_BUILD/tared"
	equal "tared: nothing to do: --metrics ADDRESS" "$err"
	expect 1 "$TARE_BUILD/tared" --metrics nowhere
	equal 'tared: --metrics: "nowhere": expected HOST:PORT, :PORT, or unix:///PATH of a socket' "$err"
	expect 1 "$TARE_BUILD/tared" --root "$T/root" --state "$T/state" --metrics 192.0.2.1:1
	contains "listen on 192.0.2.1:1: " "$err"
	serving "unix://$T/m.sock"
	expect 1 "$TARE_BUILD/tared" --root "$T/root" --state "$T/state" --metrics "$T/m.sock"
	contains "listen on $T/m.sock: Address already in use" "$err"
	kill -9 "$daemon"
	wait "$daemon" || true
	serving "unix://$T/m.sock"
	eventually 5 scrape -f -o /dev/null
	ends
}

@test "each option is in tared's manual page, and the dashboard asks for metrics that there are" {
	local option metric
	for option in $("$TARE_BUILD/tared" --help | grep -o -- '--[a-z]*' | sort -u); do
		[ "$option" = --help ] || grep -qF "\\-${option#--}" "$TARE_TOP/docs/man/tared.8" || fail "no $option in tared.8"
	done
	serving "unix://$T/m.sock"
	scrape >"$T/metrics"
	for metric in $(jq -r '.. | .expr? // empty' "$TARE_TOP/docs/grafana/tare-containers.json" | grep -o 'container_[a-z_]*' | sort -u); do
		grep -q "^# TYPE $metric " "$T/metrics" || fail "no $metric"
	done
}
