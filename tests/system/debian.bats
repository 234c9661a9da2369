# SPDX-License-Identifier: Apache-2.0
# Real input: a Debian 12 made by debootstrap, with nginx and stress-ng, as an image. It is made once (tests/images/make-debian) and
# kept in /var/cache/tare-tests, which is no part of the project; without a mirror the tests say so and skip.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
own_image=1 # for helpers.bash: its image is another one
: "$own_image"

cache=${TARE_TEST_CACHE:-/var/cache/tare-tests}

# image_archive: $archive; made when it is not there, by one test of all that run now
image_archive()
{
	local make=$TARE_TOP/tests/images/make-debian status=0
	archive=$cache/debian-$(sha256sum <"$make" | cut -c 1-12).tar
	mkdir -p "$cache"
	flock "$cache/lock" bash -c '[ -e "$1" ] || { rm -f "${1%-*}"-*.tar; timeout 900 "$0" "$1"; }' "$make" "$archive" >"$T/make" 2>&1 3>&- ||
		status=$?
	[ $status != 77 ] || skip "$(tail -n 1 "$T/make")"
	[ $status = 0 ] || fail "make-debian: status $status" "$(tail -n 20 "$T/make")"
}

# setup_file cannot skip with the suite's folders: the first test that needs the image loads it for all
setup()
{
	local all=$BATS_FILE_TMPDIR/root
	tare_setup
	image_archive
	if [ ! -d "$all" ]; then
		expect 0 "$TARE_BUILD/tare" --root "$all.new" --state "$T/state" load -i "$archive"
		equal "Loaded image: debian-web:12" "$out"
		mv "$all.new" "$all"
	fi
	cp -al "$all" "$T/root"
	cp --remove-destination "$all"/tare.db* "$T/root/"
}

page() # CONTAINER: through its network namespace
{
	nsenter -t "$(pid_of "$1")" -n bash -c 'exec 3<>/dev/tcp/127.0.0.1/80; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3'
}

@test "nginx serves its page from a container with limits" {
	local group_of_web
	expect 0 tare run -d --name web --cpus 1 --memory 512m debian-web:12
	matches '^[0-9a-f]{64}$' "$out"
	eventually 20 page web
	contains "tare serves this" "$(page web)"
	contains "Server: nginx" "$(page web)"
	equal 536870912 "$(limit web memory.limit_in_bytes memory.max)"
	group_of_web=$(cgroup_dir web cpu)
	if is_v1 cpu; then
		equal "100000 100000" "$(cat "$group_of_web/cpu.cfs_quota_us" "$group_of_web/cpu.cfs_period_us" | xargs)"
	else
		equal "100000 100000" "$(cat "$group_of_web/cpu.max")"
	fi
	equal "nginx: master process nginx -g daemon off;" "$(tr '\0' ' ' <"/proc/$(pid_of web)/cmdline" | sed 's/ *$//')"
	[ "$(pgrep -c -u 33 -P "$(pid_of web)")" -ge 1 ] || fail "no worker of www-data"
	expect 0 tare rm -f web
}

@test "Debian's own tools find themselves at home" {
	expect 0 tare run --rm debian-web:12 sh -c '. /etc/os-release; echo "$VERSION_CODENAME"; dpkg --audit; id -un; ls /var/cache/apt'
	equal $'bookworm\nroot' "$out"
	expect 0 tare run --rm --user www-data debian-web:12 perl -e 'print getpwuid($<) . "\n"'
	equal www-data "$out"
	expect 0 tare run --rm debian-web:12 sh -c 'stat -c "%a %U" /usr/bin/su /tmp; test -u /usr/bin/su'
	equal $'4755 root\n1777 root' "$out"
}

# usage of all CPUs so far, in microseconds, by the kernel
cpu_usage()
{
	if [ -n "$usage_v1" ]; then
		echo $(($(<"$usage_v1/cpuacct.usage") / 1000))
	else
		sed -n 's/^usage_usec //p' "$usage_v2/cpu.stat"
	fi
}

# The upper bounds are what the kernel promises. That it also got its half needs a machine that had it to give: the test's group
# comes before all else on it, and where that does not help, the last question is not asked.
@test "stress-ng under --cpus 0.5 uses half a CPU, by its own account and the kernel's" {
	local before used real cpu own kernel periods throttled usage_v1='' usage_v2=''
	need_controller cpu
	mkdir "$T/result"
	expect 0 tare run -d --name load --cpus 0.5 -v "$T/result:/result" debian-web:12 sh -c \
		'until [ -e /result/go ]; do sleep 0.1; done; stress-ng --cpu 2 --timeout 4s --metrics-brief >/result/log 2>&1; touch /result/done; sleep 1000'
	eventually 10 is_running load
	if is_v1 cpu; then usage_v1=$(cgroup_dir load cpuacct); else usage_v2=$(cgroup_dir load cpu); fi
	if is_v1 cpu; then
		echo 262144 >"$(dirname "$(cgroup_dir load cpu)")/cpu.shares"
	else
		echo 10000 >"$(dirname "$usage_v2")/cpu.weight"
	fi
	before=$(cpu_usage)
	touch "$T/result/go"
	eventually 60 test -e "$T/result/done"
	used=$(($(cpu_usage) - before))
	read -r periods throttled < <(awk '/^nr_periods/ { p = $2 } /^nr_throttled/ { print p, $2 }' "$(cgroup_dir load cpu)/cpu.stat")
	# "… metrc: [1] cpu BOGO-OPS REAL USR SYS …", in seconds
	read -r real cpu < <(awk '/metrc:|info:/ && $4 == "cpu" && NF > 8 { printf "%d %d\n", $6 * 1000, ($7 + $8) * 1000 }' "$T/result/log") || true
	[ -n "$real" ] || fail "what did stress-ng measure?" "$(cat "$T/result/log")"
	own=$((100 * cpu / real)) kernel=$((used / 10 / real))
	echo "# $own % of a CPU by stress-ng's account, $kernel % by the kernel's; throttled in $throttled of $periods periods" >&3
	between 0 56 "$own" "percent of a CPU by stress-ng's account"
	between 0 60 "$kernel" "percent of a CPU by the kernel's account"
	between $((own - 3)) $((own + 10)) "$kernel" "percent by the kernel's account, which has stress-ng's start as well"
	[ "$own" -ge 42 ] || [ $((10 * throttled)) -ge $((8 * periods)) ] || skip "this machine had more to do: stress-ng got $own %"
	between 42 56 "$own" "percent of a CPU by stress-ng's account"
	[ "$throttled" -gt 0 ] || fail "never throttled"
}

@test "a pod of nginx, redis and a stress-ng sidecar, with probes and a quota: from apply to ready, and gone" {
	cat >"$T/m.yaml" <<-'END'
		{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
		---
		{apiVersion: v1, kind: ResourceQuota, metadata: {name: rq, namespace: shop},
		 spec: {hard: {pods: 1, requests.cpu: 500m, limits.memory: 512Mi}}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: shop, namespace: shop}
		spec:
		  terminationGracePeriodSeconds: 5
		  initContainers:
		  - name: load
		    image: debian-web:12
		    restartPolicy: Always
		    command: [stress-ng, --cpu, "1", --cpu-load, "5", --timeout, "600"]
		    resources: {requests: {cpu: 100m, memory: 16Mi}, limits: {memory: 128Mi}}
		  containers:
		  - name: web
		    image: debian-web:12
		    ports: [{name: http, containerPort: 80}]
		    readinessProbe: {httpGet: {path: /, port: http}}
		    livenessProbe: {tcpSocket: {port: http}}
		    resources: {requests: {cpu: 100m, memory: 32Mi}, limits: {memory: 128Mi}}
		  - name: db
		    image: debian-web:12
		    command: [redis-server, --bind, 127.0.0.1, --save, ""]
		    readinessProbe: {exec: {command: [redis-cli, ping]}}
		    resources: {requests: {cpu: 100m, memory: 32Mi}, limits: {memory: 128Mi}}
	END
	local from until
	from=$(date +%s%N)
	expect 0 tare kube apply --cgroup-root "/$group" -f "$T/m.yaml"
	expect 0 tare kube wait -n shop --timeout 60s shop
	until=$(date +%s%N)
	echo "# $(((until - from) / 1000000)) ms from apply to ready" >&3
	expect 0 tare kube exec -n shop -c db shop redis-cli -h 127.0.0.1 ping
	equal PONG "$out"
	expect 0 tare kube get pods -n shop
	matches $'\nshop +3/3 +Running +0 ' "$out"
	expect 0 tare kube delete ns shop
	nothing_made
	equal "" "$(find "$T/root/kube" "$T/state" -mindepth 1)"
}
