# SPDX-License-Identifier: Apache-2.0
# tare watch: rules speak when they begin to hold, and the kernel's events are heard.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

# watching ARG…: tare watch in the background; $watcher is its pid, its output in $T/alerts
watching()
{
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" watch --interval 100ms "$@" >"$T/alerts" 2>"$T/watch.err" </dev/null 3>&- &
	watcher=$!
}

has_ended() { ! kill -0 "$watcher" 2>/dev/null; }

# one more look for whether it has spoken, after another try of what it waits for
provoke() { "$@" || true; [ -s "$T/alerts" ]; }

# bats test_tags=guest-full
@test "oom: a child's is told of at once, and the first process's as well" {
	need_controller memory
	start web --memory 16m --memory-swap 16m --shm-size 64m
	watching --once -r oom web
	eventually 15 provoke tare exec web sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=40; rm -f /dev/shm/x' 2>/dev/null
	eventually 5 has_ended
	matches '^20[0-9-]+T[0-9:.]+Z firing: container web: oom \([1-9]\)$' "$(cat "$T/alerts")"
	equal "" "$(cat "$T/watch.err")"
	start db --memory 16m --memory-swap 16m --shm-size 64m -- sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; exec dd if=/dev/zero of=/dev/shm/x bs=1M count=40'
	watching --once --format json -r "oom on db"
	eventually 15 provoke tare exec db touch /tmp/go
	eventually 5 has_ended
	equal "firing container db oom on db" "$(jq -r '"\(.State) \(.Subject) \(.Rule)"' "$T/alerts")"
}

@test "memory: after its time, and over when it is well back; a command for each" {
	need_controller memory
	start web --memory 32m --shm-size 64m
	watching -r "memory > 60% for 200ms" --exec "echo \$TARE_STATE \$TARE_SUBJECT >>$T/acts"
	tare exec web dd if=/dev/zero of=/dev/shm/x bs=1M count=24 2>/dev/null
	eventually 10 grep -q firing "$T/alerts"
	tare exec web rm /dev/shm/x
	eventually 10 grep -q over "$T/alerts"
	eventually 5 grep -q "over container web" "$T/acts"
	kill "$watcher"
	matches 'firing: container web: memory > 60% for 200ms \([67][0-9].[0-9]{2}%\)' "$(cat "$T/alerts")"
	equal 2 "$(wc -l <"$T/alerts")" alerts
	equal "firing container web" "$(head -1 "$T/acts")"
}

@test "throttled, and pressure by the kernel's trigger; one that starts later is watched as well" {
	need_controller cpu
	watching -r "throttled > 20% for 200ms"
	start busy --cpus 0.1 -- sh -c 'while :; do :; done'
	eventually 15 grep -q "firing: container busy: throttled" "$T/alerts"
	kill "$watcher"
	wait "$watcher" || true
	[ -e "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/$group/cpu.pressure" ] || skip "no pressure of groups is told here"
	watching --once -r "pressure.cpu > 5%" busy
	eventually 15 has_ended
	contains "firing: container busy: pressure.cpu > 5% (" "$(cat "$T/alerts")"
}

@test "a pod is one group: watched, explained, shown" {
	need_controller memory
	cat >"$T/pod.yaml" <<-'EOF'
		apiVersion: v1
		kind: Pod
		metadata: {name: duo}
		spec:
		  containers:
		  - {name: one, image: busybox, command: [sleep, "1000"], resources: {limits: {memory: 32Mi, cpu: 500m}}}
		  - {name: two, image: busybox, command: [sleep, "1000"], resources: {limits: {memory: 16Mi, cpu: 500m}}}
	EOF
	expect 0 tare kube apply --cgroup-root "/$group" -f "$T/pod.yaml"
	expect 0 tare watch --once -r "pids >= 2" pod/duo
	contains "firing: pod duo: pids >= 2 (2)" "$out"
	expect 0 tare explain --format json pod/default/duo
	equal "pod duo 50331648" "$(jq -r '"\(.subject | sub("default/"; "")) \(.resources.memory.facts[] | select(.key == "limit") | .value)"' <<<"$out")"
	equal 2 "$(tare cgroup --format json pod/duo | jq -r .Container | grep -c '^k8s_')"
	expect 1 tare enter pod/duo
	equal "tare: pod duo: a container or a process is wanted" "$err"
	expect 1 tare explain pod/none
	equal "tare: No such pod: none" "$err"
	tare kube delete pod duo --grace-period 0 >/dev/null
}

@test "an alert is posted as JSON" {
	need_controller pids
	start web
	python3 - "$T" <<-'EOF' 3>&- &
		import http.server, sys
		class H(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        body = self.rfile.read(int(self.headers['Content-Length']))
		        self.send_response(204); self.end_headers()
		        open(sys.argv[1] + '/posted', 'wb').write(self.headers['Content-Type'].encode() + b' ' + body)
		    def log_message(self, *a): pass
		s = http.server.HTTPServer(('127.0.0.1', 0), H)
		open(sys.argv[1] + '/port', 'w').write(str(s.server_port))
		s.handle_request()
	EOF
	eventually 10 test -s "$T/port"
	expect 0 tare watch --once -r "pids >= 1" --post "http://127.0.0.1:$(cat "$T/port")/x" web
	eventually 5 test -s "$T/posted"
	matches '^application/json \{"Time":"20[^"]*","State":"firing","Subject":"container web","Rule":"pids >= 1","Value":"1"\}$' "$(cat "$T/posted")"
}

@test "what is no rule, no file and nobody is one clear line" {
	expect 1 tare watch
	contains 'a rule is needed: --rule "memory > 90% for 30s"' "$err"
	expect 1 tare watch -r "memory > lots"
	equal 'tare: rule "memory > lots": memory > "lots": expected a percentage or a size such as 512m' "$err"
	printf '# rules\noom\n\ncpu > 3 # a number\n' >"$T/rules"
	expect 1 tare watch --rules "$T/rules"
	contains "$T/rules: line 4: rule \"cpu > 3\": cpu > \"3\": expected a percentage" "$err"
	expect 1 tare watch -r oom nobody
	equal "tare: No such container, process or cgroup: nobody" "$err"
	expect 125 tare watch -r oom --post ftp://x
	contains 'no http:// or https:// address' "$err"
	expect 125 tare watch -r oom --interval 1ms
	contains 'is not from 100ms to 1h' "$err"
}
