#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# systemd as the manager of the cgroups, where it is the first process: scopes, slices, properties, what a daemon-reload
# leaves of them, and the same from Debian's runc.

# shellcheck disable=SC2154 # out and err are expect's

load helpers
load runtime

setup()
{
	[ "$(cat /proc/1/comm)" = systemd ] || skip "systemd is not the first process here"
	T=$(mktemp -d /tmp/tt.XXXXXX)
	slice=ttest-${T##*.}.slice
	export T
}

teardown()
{
	local d=/sys/fs/cgroup/ttest.slice
	[ -n "${T-}" ] || return 0
	[ ! -d $d ] || echo 1 >$d/cgroup.kill # a first process need not listen to SIGTERM, and systemd waits
	systemctl stop "ttest-*.slice" 2>/dev/null || true
	systemctl stop ttest.slice
	rm -rf "$T"
	[ ! -d $d ] || fail "left: $(find $d -type d)"
}

up() # NAME BUNDLE [COMMAND of a runtime…]: runs in the background until its scope is there
{
	local name=$1 bundle=$2
	shift 2
	"${@:-$TARE_BUILD/tare-runtime}" --root "$T/run-$name" --systemd-cgroup run --bundle "$bundle" "$name" >"$T/$name.out" 2>&1 3>&- &
	eventually 20 grep -q ready "$T/$name.out"
}

value() { systemctl show "$1" -p "$2" --value; } # UNIT PROPERTY

# properties UNIT: what it was told, one "NAME=VALUE" a line, sorted. In one call: each takes seconds on a crowded machine.
properties()
{
	systemctl show "$1" -p MemoryMax -p MemoryLow -p TasksMax -p CPUQuotaPerSecUSec -p CPUQuotaPeriodUSec -p AllowedCPUs -p Slice \
		-p Delegate -p DevicePolicy -p DefaultDependencies -p MemoryAccounting -p CPUAccounting -p IOAccounting -p TasksAccounting \
		-p DeviceAllow | sed 's,char-pts,char-136,' | grep -v 10:200 | sort
}

group=/sys/fs/cgroup/ttest.slice
limits='.linux.resources = { memory: { limit: 67108864, reservation: 33554432 }, pids: { limit: 30 },
	cpu: { shares: 512, quota: 33333, period: 100000, cpus: "0" }, devices: [{ allow: false, access: "rwm" }] }'
script='.process.args = ["sh", "-c", "mknod /dev/kmsg c 1 11; echo ready; read x; echo >/dev/null && echo null; cat /dev/kmsg; sleep 1000"]'

files() { (cd "$1" && head -n 1 memory.max memory.low pids.max cpu.weight cpu.max cpuset.cpus); }

# bats test_tags=guest-systemd
@test "a container is a scope in nested slices; its limits are files and properties, and a daemon-reload changes nothing" {
	local before scope=$group/$slice/tare-web.scope fifo=$T/in
	make_bundle "$T/b" "$script | .linux.cgroupsPath = \"$slice:tare:web\" | $limits
		| .annotations = { \"org.systemd.property.TimeoutStopSec\": \"7\" }"
	mkfifo "$fifo"
	exec 9<>"$fifo"
	runtime --root "$T/state" --systemd-cgroup create --bundle "$T/b" web <"$fifo" >"$T/out" 2>&1 3>&-
	equal created "$(runtime --root "$T/state" state web | jq -r .status)" status
	equal 30 "$(value tare-web.scope TasksMax)" "TasksMax before the start"
	expect 0 runtime --root "$T/state" start web
	eventually 20 grep -q ready "$T/out"
	equal 67108864 "$(value tare-web.scope MemoryMax)" MemoryMax
	equal 30 "$(value tare-web.scope TasksMax)" TasksMax
	equal 340ms "$(value tare-web.scope CPUQuotaPerSecUSec)" CPUQuota
	equal yes "$(value tare-web.scope Delegate)" Delegate
	equal 7s "$(value tare-web.scope TimeoutStopUSec)" TimeoutStop
	equal strict "$(value tare-web.scope DevicePolicy)" DevicePolicy
	equal "33333 100000" "$(cat "$scope/cpu.max")" cpu.max
	before=$(files "$scope" | grep -v 33333)
	systemctl daemon-reload
	equal "$before" "$(files "$scope" | grep -v '3.... 100000')" "files after the reload"
	equal 340ms "$(value tare-web.scope CPUQuotaPerSecUSec)" "CPUQuota after it"
	echo >&9
	eventually 10 grep -q null "$T/out"
	eventually 10 grep -q "kmsg.*not permitted" "$T/out"
	expect 0 runtime --root "$T/state" update --memory 134217728 --memory-swap 134217728 --pids-limit 40 web
	systemctl daemon-reload
	equal "134217728 40" "$(cat "$scope/memory.max" "$scope/pids.max" | xargs)" "files after an update and a reload"
	exec 9>&-
	expect 0 runtime --root "$T/state" delete --force web
	[ ! -e "$scope" ]
	equal not-found "$(value tare-web.scope LoadState)" "the unit"
}

# bats test_tags=guest-systemd-full
@test "systemd is told the same by runc" {
	# the weights differ: runc 1.1 has the formula that made 39 of Docker's 1024
	make_bundle "$T/b" ".process.args = [\"sh\", \"-c\", \"echo ready; sleep 1000\"] | $limits | del(.linux.resources.cpu.shares)"
	jq ".linux.cgroupsPath = \"$slice:tare:a\"" "$T/b/config.json" >"$T/c" && cp "$T/c" "$T/b/config.json"
	up a "$T/b"
	cp -r "$T/b" "$T/r"
	jq ".linux.cgroupsPath = \"$slice:runc:b\"" "$T/c" >"$T/r/config.json"
	up b "$T/r" runc
	# runc leaves out what has no node on this host: tun, most often
	equal "$(properties runc-b.scope)" "$(properties tare-a.scope)" "properties"
	equal "$(files $group/"$slice"/runc-b.scope)" "$(files $group/"$slice"/tare-a.scope)" files
	cat "$group/$slice"/*.scope/cgroup.procs | xargs kill -KILL
}

# bats test_tags=guest-systemd
@test "a start that fails leaves no unit; a name in use and a path of the wrong form are told" {
	make_bundle "$T/b" ".process.args = [\"/nothing\"] | .linux.cgroupsPath = \"$slice:tare:web\""
	expect 127 runtime --root "$T/state" --systemd-cgroup run --bundle "$T/b" web
	equal not-found "$(value tare-web.scope LoadState)" "the unit"
	systemd-run --quiet --scope --unit tare-web sleep 1000 3>&- &
	eventually 10 systemctl is-active tare-web.scope
	make_bundle "$T/b" ".linux.cgroupsPath = \"$slice:tare:web\""
	expect 125 runtime --root "$T/state" --systemd-cgroup run --bundle "$T/b" web
	contains "Unit tare-web.scope was already loaded" "$err"
	systemctl is-active tare-web.scope
	systemctl kill -s KILL tare-web.scope
	wait || true
	make_bundle "$T/b" '.linux.cgroupsPath = "/web"'
	expect 125 runtime --root "$T/state" --systemd-cgroup run --bundle "$T/b" web
	contains 'linux.cgroupsPath: "/web": allowed with systemd is "slice:prefix:name"' "$err"
	make_bundle "$T/b" '.annotations = { "org.systemd.property.NoSuch": "true" }'
	expect 125 runtime --root "$T/state" --systemd-cgroup run --bundle "$T/b" web
	contains 'NoSuch' "$err"
}

# bats test_tags=guest-systemd
@test "with 512 KiB of memory a static true runs" {
	make_bundle "$T/b" ".process.args = [\"true\"] | .linux.resources.memory = { limit: 524288 } | .linux.cgroupsPath = \"$slice::tiny\""
	expect 0 runtime --root "$T/state" --systemd-cgroup run --bundle "$T/b" tiny
	jq '.linux.cgroupsPath = "/ttest512/tiny"' "$T/b/config.json" >"$T/c" && cp "$T/c" "$T/b/config.json"
	expect 0 runtime --root "$T/state" run --bundle "$T/b" tiny
	rmdir /sys/fs/cgroup/ttest512
}

# ---- an ordinary user --------------------------------------------------------------------------------------------

# one that every Debian has; of a user without a name systemd wants to know nothing
user=games

# user_manager: systemd of that user, in a delegated unit of his, as user@.service has it; a message bus of his is a unit to be started
user_manager()
{
	mkdir -p "$T/home/.config/systemd/user" "$T/xdg"
	cat >"$T/home/.config/systemd/user/dbus.socket" <<-END
		[Socket]
		ListenStream=$T/xdg/bus
	END
	cat >"$T/home/.config/systemd/user/dbus.service" <<-END
		[Unit]
		Requires=dbus.socket
		[Service]
		Type=notify
		ExecStart=/usr/bin/dbus-daemon --config-file=$T/bus.conf --address=systemd: --nofork --nopidfile --systemd-activation
	END
	cat >"$T/bus.conf" <<-END
		<busconfig><type>session</type><listen>systemd:</listen><auth>EXTERNAL</auth><policy context="default">
		<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
	END
	chmod 755 "$T"
	chmod 700 "$T/xdg"
	chown -R $user:$user "$T/home" "$T/xdg"
	systemd-run --quiet --unit "ttest-user-${T##*.}" --slice "$slice" -p Type=notify -p Delegate=yes -p User=$user -p TimeoutStopSec=5 \
		-E HOME="$T/home" -E XDG_RUNTIME_DIR="$T/xdg" /lib/systemd/systemd --user
}

# by_user CMD…: in a group that is not his, as in a session of his
by_user() { setpriv --reuid $user --regid $user --clear-groups env HOME="$T/home" XDG_RUNTIME_DIR="$T/xdg" "$@"; }

user_scope() { find "$group" -name "$1.scope"; }

# lives_as_unit NAME: created, limited, listed, executed in and deleted as a unit of the user's
lives_as_unit()
{
	local name=$1 scope rt=("$T/bin/tare-runtime" --root "$T/xdg/run-$1" --systemd-cgroup)
	jq ".linux.cgroupsPath = \"user.slice:tare:$name\"" "$T/b/config.json" >"$T/c" && cp "$T/c" "$T/b/config.json"
	by_user "${rt[@]}" create --bundle "$T/b" "$name" </dev/null >"$T/$name.log" 2>&1 3>&- || fail "create: $(cat "$T/$name.log")"
	scope=$(user_scope "tare-$name")
	matches "ttest-user-.*/user.slice/tare-$name.scope" "$scope" "scope"
	equal "67108864 30" "$(cat "$scope/memory.max" "$scope/pids.max" | xargs)" "limits"
	equal 30 "$(by_user systemctl --user show "tare-$name.scope" -p TasksMax --value)" TasksMax
	equal "$(by_user "${rt[@]}" state "$name" | jq .pid)" "$(cat "$scope/cgroup.procs")" "in the group"
	expect 0 by_user "${rt[@]}" start "$name"
	eventually 20 grep -q '0::/$' "$T/$name.log"
	expect 0 by_user "${rt[@]}" exec "$name" cat /proc/self/cgroup
	equal 0::/ "$out" "group of an exec"
	by_user mkdir "$scope/below"
	expect 0 by_user "${rt[@]}" exec --cgroup /below "$name" cat /proc/self/cgroup
	equal 0::/below "$out" "group of an exec with --cgroup"
	expect 0 by_user "${rt[@]}" update --pids-limit 40 "$name"
	equal 40 "$(cat "$scope/pids.max")" "after an update"
	expect 0 by_user "${rt[@]}" delete --force "$name"
	[ ! -e "$scope" ] || fail "$scope is left"
}

# bats test_tags=guest-systemd-full
@test "a user's containers are units of the user's own systemd, by its socket and by the user's bus" {
	user_manager
	mkdir "$T/bin"
	cp "$TARE_BUILD"/tare-runtime "$TARE_BUILD"/tare-systemd "$T/bin/"
	make_bundle "$T/b" ".linux.namespaces += [{ type: \"user\" }, { type: \"cgroup\" }]
		| .linux.uidMappings = [{ containerID: 0, hostID: $(id -u $user), size: 1 }]
		| .linux.gidMappings = [{ containerID: 0, hostID: $(id -g $user), size: 1 }]
		| .linux.resources = { memory: { limit: 67108864 }, pids: { limit: 30 } }
		| .process.args = [\"sh\", \"-c\", \"cat /proc/self/cgroup; sleep 1000\"]"
	chown -R $user:$user "$T/b"
	lives_as_unit socket
	expect 0 by_user systemctl --user start dbus.socket dbus.service
	eventually 20 by_user busctl --user status org.freedesktop.systemd1
	mv "$T/xdg/systemd/private" "$T/xdg/systemd/away"
	lives_as_unit bus
	mv "$T/xdg/bus" "$T/xdg/else"
	DBUS_SESSION_BUS_ADDRESS=unix:path=$T/xdg/else lives_as_unit address
	rm "$T/xdg/else"
	by_user "$T/bin/tare-runtime" --root "$T/xdg/run-none" --systemd-cgroup create --bundle "$T/b" none </dev/null >"$T/none.log" 2>&1 3>&- &&
		fail "without any way to systemd"
	contains "no connection to the user's bus" "$(cat "$T/none.log")"
}

# bats test_tags=guest-systemd-full
@test "tare of an ordinary user in a delegated scope: limits hold, and are changed from outside of it" {
	local scope t tare
	user_manager
	mkdir "$T/bin"
	cp "$TARE_BUILD"/tare "$TARE_BUILD"/tare-* "$T/bin/"
	install -d -m 700 -o $user -g $user "$T/own"
	tare=("$T/bin/tare" --root "$T/own/root" --state "$T/own/state")
	expect 0 by_user systemd-run --user --scope --quiet -p Delegate=yes "${tare[@]}" run -d --name web --network none \
		--memory 32m --pids-limit 20 busybox sleep 1000
	t=$out
	scope=$(find "$group" -type d -name "$t")
	matches "/ttest-user-[^/]*/tare/$t$" "$scope" "its group"
	equal "33554432 20" "$(cat "$scope/memory.max" "$scope/pids.max" | xargs)" "limits"
	# another unit of the user's does not take the controllers away again
	expect 0 by_user systemd-run --user --scope --quiet true
	equal "33554432 20" "$(cat "$scope/memory.max" "$scope/pids.max" | xargs)" "limits"
	expect 0 by_user "${tare[@]}" update --memory 48m --memory-swap 48m web
	equal 50331648 "$(cat "$scope/memory.max")" "after an update"
	expect 0 by_user "${tare[@]}" pause web
	expect 0 by_user "${tare[@]}" unpause web
	expect 0 by_user "${tare[@]}" exec web true
	expect 0 by_user "${tare[@]}" rm -f web
	[ ! -e "$scope" ] || fail "$scope is left"
}
