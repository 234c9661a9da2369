#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tare by an ordinary user: in a user namespace with ranges of subuid(5), or with the own id alone. The user is this test's
# own: its lines of passwd, subuid and subgid are bound over the host's files in a mount namespace, as are the programs.
# shellcheck disable=SC2154,SC2016 # out and err are expect's; the inner shells' variables

load helpers

user=4712

setup()
{
	require_root
	command -v newuidmap >/dev/null || skip "needs newuidmap (package uidmap)"
	[ "$(uname -n)" != tare-guest ] || touch /etc/subuid /etc/subgid
	[[ -e /etc/subuid && -e /etc/subgid ]] || skip "needs /etc/subuid and /etc/subgid"
	T=$(mktemp -d /tmp/tt.XXXXXX)
	group=tt-${T##*.}
	export T TARE_BUILD user group
	chmod 755 "$T"
	mkdir "$T/bin" "$T/home" "$T/net"
	install -d -m 700 -o $user -g $user "$T/home" "$T/state"
	{ cat /etc/passwd; echo "ttuser:x:$user:$user::$T/home:/bin/sh"; } >"$T/passwd"
	echo "ttuser:300000:65536" >"$T/subid"
	: >"$T/none"
	ids=$T/subid
	cat /proc/self/mountinfo >"$T/mounts.before"
}

# as_user CMD…: in the group $own of v2, if that is said, with nothing but v2 below /sys/fs/cgroup; the programs of
# $hide are none; $ids is its subuid and subgid. The shell stays: with the last process of a mount namespace its mounts go, and the
# way to the program with them.
as_user()
{
	# shellcheck disable=SC2086 # no words at all without a network of its own
	${host_net:+nsenter -t $host_net -n} unshare -m --propagation private sh -euc 'cd /
		if [ -d /dev/net ]; then
			mount -t tmpfs -o mode=755 tmpfs "$T/net"
			mknod -m 666 "$T/net/tun" c 10 200
			mount --bind "$T/net" /dev/net
		fi
		if [ -n "${no_tun-}" ]; then rm /dev/net/tun; fi
		for f in ${hide-}; do mount --bind "$T/none" "$f"; done
		if [ -e "$T/resolv.conf" ]; then mount --bind "$T/resolv.conf" /etc/resolv.conf; fi
		mount --bind "$TARE_BUILD" "$T/bin"
		mount --bind "$T/passwd" /etc/passwd; mount --bind "$0" /etc/subuid; mount --bind "$0" /etc/subgid
		if [ -n "${v2-}" ]; then
			[ -z "${own-}" ] || echo $$ >"$v2/$own/cgroup.procs"
			[ "$v2" = /sys/fs/cgroup ] || mount --bind "$v2" /sys/fs/cgroup
		fi
		setpriv --reuid $user --regid $user --clear-groups \
			env HOME="$T/home" XDG_RUNTIME_DIR="$T/home" XDG_DATA_HOME="$T/home/data" "$@"' "$ids" "$@"
}

tare() { as_user "$T/bin/tare" --root "$T/home/root" --state "$T/state" "$@"; }

nobody_left() { [ -z "$(processes_left)" ]; }

teardown()
{
	[ -n "${T-}" ] || return 0
	local status=0 left
	left=$(tare ps -aq) || status=1
	# shellcheck disable=SC2086 # a list of ids
	[ -z "$left" ] || tare rm -f $left >/dev/null || status=1
	eventually 5 nobody_left || { processes_left; status=1; }
	[ -z "${host_net-}" ] || kill "$host_net" "$outside"
	[ -z "${v2-}" ] || remove_own_cgroups
	rm -rf "$T"
	return $status
}

# a host, and somebody outside of it who answers at 198.51.100.1:80
networks()
{
	local all=::
	[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
	need_python
	unshare -n sleep 1000 3>&- &
	host_net=$!
	unshare -n sleep 1000 3>&- &
	outside=$!
	eventually 10 apart "$host_net"
	eventually 10 apart "$outside"
	nsenter -t "$host_net" -n sh -euc 'ip link set lo up; ip link add eth0 type veth peer name eth0 netns "$0"
		ip addr add 198.51.100.2/24 dev eth0; ip link set eth0 up; ip route add default via 198.51.100.1
		[ ! -e /proc/net/if_inet6 ] || { ip addr add 2001:db8::2/64 dev eth0 nodad; ip route add default via 2001:db8::1; }' "$outside"
	nsenter -t "$outside" -n sh -euc 'ip link set lo up; ip addr add 198.51.100.1/24 dev eth0; ip link set eth0 up
		[ ! -e /proc/net/if_inet6 ] || ip addr add 2001:db8::1/64 dev eth0 nodad'
	mkdir "$T/www"
	echo outside >"$T/www/index.html"
	[ -e /proc/net/if_inet6 ] || all=0.0.0.0
	nsenter -t "$outside" -n timeout 300 python3 -m http.server --bind "$all" --directory "$T/www" 80 >/dev/null 2>&1 3>&- &
	server=$!
	eventually 10 nsenter -t "$outside" -n python3 -c 'import socket; socket.create_connection(("127.0.0.1", 80))'
}

apart() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

# what is said at a port of the host
fetch() { nsenter -t "$host_net" -n python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode(), end="")' "$1"; }

monitors_of() { pgrep "${@:2}" -f "^tare-monitor $T/state/$(tare inspect -f '{{.Id}}' "$1")"; } # NAME: and who stands over the helper

helper_of() { pgrep -P "$(monitors_of "$1" -d ,)" 'passt|pasta|slirp4netns'; } # NAME

userns_of() { readlink "/proc/$(pid_of "$1")/ns/user"; }

@test "life of containers: all commands are in one user namespace, which ends with the last of them" {
	expect 0 tare run --rm --network none busybox sh -c 'id -u; cat /proc/self/uid_map; echo x >/f; chown 5:6 /f; ls -ln /f; rm -r /etc/network; mkdir /etc/network; ls /etc/network'
	matches '^0'$'\n'' +0 +4712 +1'$'\n'' +1 +300000 +65536' "$out"
	matches '5 +6 .*/f$' "$out"
	start one --network none --user 7:8 -- sh -c 'id -u; exec sleep 1000'
	start two --network none
	equal "$(userns_of one)" "$(userns_of two)" "user namespace"
	expect 0 tare exec one sh -c 'id -u; id -g'
	equal $'7\n8' "$out"
	eventually 10 logs_say one 7
	equal $((300000 + 6)) "$(stat -c %u "/proc/$(pid_of one)")" "uid on the host"
	expect 0 tare stop -t 0 one
	eventually 10 is_exited one
	expect 0 tare start one
	expect 0 tare kill two
	eventually 10 is_exited two
	expect 0 tare ps -q --no-trunc
	equal 1 "$(grep -c '' <<<"$out")" "running"
	# the one that made the namespace has gone long since, and the others find it by the monitor
	: >"$T/state/.userns"
	expect 0 tare exec one true
	equal "$(userns_of one)" "$(as_user "$T/bin/tare" --root "$T/home/root" --state "$T/state" exec one readlink /proc/self/ns/user)"
	expect 0 tare rm -f one two
	equal "" "$(tare ps -aq)" "containers"
}

logs_say() { tare logs "$1" | grep -qx "$2"; }
is_exited() { [ "$(state_of "$1" Status)" = exited ]; }

@test "two at once that find no namespace make one" {
	local i
	tare run --rm --network none busybox true
	for i in 1 2 3 4; do
		tare run -d --name "box$i" --network none busybox sleep 1000 >/dev/null 3>&- &
	done
	wait
	equal 4 "$(tare ps -q | grep -c '')" "running"
	equal 1 "$(for i in 1 2 3 4; do userns_of "box$i"; done | sort -u | grep -c '')" "user namespaces"
}

@test "without ranges the own id alone, and it is said" {
	ids=$T/none
	expect 0 tare run --rm --network none --tmpfs /t busybox sh -c 'cat /proc/self/uid_map; id -u; touch /x /t/x; ls -ln /x'
	matches '^ +0 +4712 +1'$'\n''0'$'\n' "$out"
	contains 'uid and gid 0 alone' "$err"
	contains "no line for user $user" "$err"
	expect 125 tare run --rm --network none --user 1000 busybox true
	contains 'user 1000:0 is not one of the 1 ids of user 4712' "$err"
}

# What stands in a layer for "nothing from below" is written by the user's own processes, and so is what containers remove.
@test "an image with an opaque folder, a whiteout and a device is loaded, run and committed" {
	local as_root=("$TARE_BUILD/tare" --root "$T/r" --state "$T/s")
	"${as_root[@]}" run --cgroup-parent "/$group" --name one --network none busybox sh -c 'mkdir /d /e; echo old | tee /d/old >/e/old; echo >/gone'
	"${as_root[@]}" commit one base >/dev/null
	"${as_root[@]}" run --cgroup-parent "/$group" --name two --network none base sh -c 'rm -r /d /gone; mkdir /d; echo new >/d/new; mknod /n c 1 3'
	"${as_root[@]}" commit two top >/dev/null
	"${as_root[@]}" save top | tee "$T/home/top.tar" >/dev/null
	"${as_root[@]}" rm -f one two >/dev/null
	expect 0 tare load -q -i "$T/home/top.tar"
	expect 0 tare run --name three --network none top sh -c 'ls /d /e; [ ! -e /gone ] && [ ! -e /n ]; rm -r /e; mkdir /e; ls -A /e'
	equal "$(printf '%s\n' /d: new '' /e: old)" "$out"
	expect 0 tare commit three again
	expect 0 tare run --rm --network none again sh -c 'ls /d /e'
	equal "$(printf '%s\n' /d: new '' /e:)" "$out"
	expect 0 tare rm three
	expect 0 tare rmi -f again top
	"${as_root[@]}" run --cgroup-parent "/$group" --name one --network none busybox sh -c 'echo x >/f; chown 5:6 /f'
	"${as_root[@]}" commit one foreign >/dev/null
	"${as_root[@]}" save foreign | tee "$T/home/foreign.tar" >/dev/null
	"${as_root[@]}" rm -f one >/dev/null
	expect 0 tare load -q -i "$T/home/foreign.tar"
	expect 0 tare run --rm --network none foreign stat -c %u:%g /f
	equal 5:6 "$out"
	expect 0 tare rmi -f foreign
	ids=$T/none
	expect 1 tare load -q -i "$T/home/foreign.tar"
	contains 'owner 5:6 is none of the ids that this user has (/etc/subuid, /etc/subgid: subuid(5))' "$err"
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr: $err; number"
}

@test "volumes, host's folders and a terminal" {
	expect 0 tare volume create data
	install -d -o $user "$T/home/shared"
	expect 0 tare run --rm --network none -v data:/v -v "$T/home/shared:/h" busybox sh -c 'echo 1 >/v/x; echo 2 >/h/x; cat /v/x /h/x'
	equal $'1\n2' "$out"
	equal $user "$(stat -c %u "$T/home/shared/x")" "owner of a file"
	expect 0 tare run --rm --network none -v data:/v busybox cat /v/x
	equal 1 "$out"
	expect 0 tare run --rm -t --network none busybox tty
	contains /dev/pts/0 "$out"
	expect 0 tare volume rm data
}

# the first words that are refused, on one line
no() # TEXT OPTIONS…
{
	expect 125 tare run --rm "${@:2}" busybox true
	contains "$1" "$err"
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr: $err; number"
}

helpers_missing()
{
	export hide no_tun=''
	hide=$(command -v slirp4netns) || return 0
	no 'network slirp4netns: its program is not installed (package slirp4netns)' --network slirp4netns
	hide="$hide $(command -v pasta)"
	no 'network pasta: neither pasta nor slirp4netns is installed (package passt)' --network bridge
	hide=''
	[ -d /dev/net ] || return 0
	no_tun=1
	no 'network slirp4netns: /dev/net/tun: No such file or directory' --network slirp4netns
	no_tun=''
}

@test "namespaces of the host and of another container: what they show comes with them" {
	start one --network none --ipc shareable -- sleep 1000
	expect 0 tare run --rm --network none --pid host busybox sh -c 'readlink /proc/self
		echo 1000 >/proc/self/oom_score_adj && cat /proc/self/oom_score_adj
		echo 1 >/proc/sys/kernel/core_uses_pid || echo refused; [ -d /proc/'"$(pid_of one)"' ] && echo seen'
	matches $'^[0-9]{2,}\n1000\nrefused\nseen$' "$out"
	expect 0 tare run --rm --pid container:one --ipc container:one --network container:one --uts host busybox sh -c 'cat /proc/1/comm
		for n in pid ipc net; do [ /proc/1/ns/$n -ef /proc/self/ns/$n ] && echo $n; done'
	equal $'sleep\npid\nipc\nnet' "$out"
	start two --network none --pid container:one -- sleep 1001
	expect 0 tare exec two sh -c 'cat /proc/*/cmdline | tr "\0" " "'
	contains "sleep 1000 sleep 1001" "$out"
	expect 0 tare stop -t 0 two
	[ -d "/proc/$(pid_of one)" ] || fail "one ended with two"
}

@test "what an ordinary user may not have is one line" {
	tare run --rm --network none busybox true
	no 'network foo: a bridge needs CAP_NET_ADMIN' --network foo
	no '--userns auto: the layers would have to be mapped once more' --network none --userns auto
	expect 1 tare network create foo
	contains 'network foo: a bridge needs CAP_NET_ADMIN' "$err"
	if is_v1; then no "--memory: no control group is delegated to user $user" --network none --memory 100m; fi
	no '--network cni:foo: plugins of CNI need root' --network cni:foo
	helpers_missing
	echo "ttuser:300000:x" >"$T/none"
	ids=$T/none
	no '/etc/subuid:1: not USER:FIRST:COUNT' --network none
	echo "ttuser:300000:65536" >"$T/none"
	newuidmap() { as_user env PATH=/nowhere "$T/bin/tare" --root "$T/home/root" --state "$T/state" "$@"; }
	expect 125 newuidmap run --rm --network none busybox true
	matches 'needs newuidmap and newgidmap \(package uidmap\)' "$err"
	expect 0 tare ps -aq
	equal "" "$out" "containers"
}

@test "without a control group of its own: what proc tells, and one answer to all that needs one" {
	local c none='it has no control group of its own; limits, pausing and accounting need a delegated one'
	start one --network none -- sh -c 'sleep 1000 & sh -c "i=0; while [ \$i -lt 20000 ]; do i=\$((i+1)); done"; echo ready; wait'
	eventually 30 logs_say one ready
	equal "" "$(tare inspect -f '{{.Tare.Cgroup}}' one)" "its group"
	expect 0 tare top one
	matches 'sh -c sleep.*sleep 1000' "$out"
	equal 3 "$(grep -c '' <<<"$out")" "lines of top"
	expect 0 tare stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}' one
	matches '^one [0-9.]+% [0-9.]+[KM]iB / [0-9.]+[MG]iB 2$' "$out"
	contains "container one: $none" "$err"
	expect 0 tare explain one
	contains "container one: it has no control group of its own" "$out"
	matches 'used +0\.[0-9]*[1-9][0-9]* s' "$out"
	[[ $out != *head-room* ]] || fail "a limit that nobody knows: $out"
	expect 0 tare explain
	contains "not seen: 1 of 1 containers" "$out"
	for c in "pause one" "cgroup one" "watch -r memory>90% one" "update --memory 64m one"; do
		# shellcheck disable=SC2086 # words
		expect 1 tare $c
		[[ $c == update* ]] || contains "one: $none" "$err"
		contains 'systemd-run --user --scope -p Delegate=yes' "$err"
		equal 1 "$(grep -c delegated "$T/stderr")" "lines on stderr: $err; number"
	done
	expect 0 tare update --restart on-failure one
	expect 0 tare exec one true
	expect 0 tare rm -f one
}

# a group that is the user's, and the one in it where the user's shell is
delegate()
{
	local f c
	v2=$(hierarchy_of v2)
	[ -n "$v2" ] || skip "no cgroup v2 here"
	v2=${v2#v2 } own=$group/shell
	export v2 own
	for c in memory cpu pids; do # as root's containers have them
		! grep -qw $c "$v2/cgroup.controllers" || echo +$c >"$v2/cgroup.subtree_control"
	done
	mkdir -p "$v2/$own"
	for f in . cgroup.procs cgroup.subtree_control cgroup.threads; do chown $user "$v2/$group/$f" "$v2/$own/$f"; done
}

# bats test_tags=guest-full
@test "a delegated control group: containers are in it, limited where it has controllers, and seen from elsewhere too" {
	local dir limits=() has
	delegate
	has=$(cat "$v2/$group/cgroup.controllers")
	[[ " $has " != *" memory "* ]] || limits+=(--memory 32m)
	[[ " $has " != *" cpu "* ]] || limits+=(--cpus 0.5)
	[[ " $has " != *" pids "* ]] || limits+=(--pids-limit 20)
	start one --network none "${limits[@]}" -- sh -c 'cat /proc/self/cgroup; exec sleep 1000'
	dir=$v2/$group/tare/$(tare inspect -f '{{.Id}}' one)
	equal "${dir#"$v2"}" "$(tare inspect -f '{{.Tare.Cgroup}}' one)" "its group"
	equal "$(pid_of one)" "$(cat "$dir/cgroup.procs")" "in the group"
	[ "${#limits[@]}" = 0 ] || equal "33554432|50000 100000|20" "$(paste -d '|' "$dir"/{memory.max,cpu.max,pids.max})" "limits"
	for own in "$own" ""; do # from where it was started, and from a place that is nobody's
		expect 0 tare exec one grep ^0:: /proc/self/cgroup
		equal 0::/ "$out" "group of an exec"
		expect 0 tare pause one
		equal "frozen 1" "$(grep frozen "$dir/cgroup.events")"
		expect 0 tare unpause one
		equal "frozen 0" "$(grep frozen "$dir/cgroup.events")"
		expect 0 tare top one
		contains "sleep 1000" "$out"
		expect 0 tare cgroup one
		contains one "$out"
		expect 0 tare explain one
		contains "container one: nothing holds it back" "$out"
		expect 0 tare stats --no-stream --format '{{.CPUPerc}}' one
		matches '^[0-9.]+%$' "$out"
	done
	if [ "${#limits[@]}" != 0 ]; then
		expect 0 tare update --memory 48m --memory-swap 48m --pids-limit 30 one
		equal "50331648|30" "$(paste -d '|' "$dir"/{memory.max,pids.max})" "limits"
		expect 125 tare run --rm --network none --memory 32m busybox true
		contains "--memory: no control group is delegated to user $user" "$err"
		own=$group/shell
		expect 137 tare run --name two --network none --memory 16m --memory-swap 16m busybox sh -c 'x=$(yes | head -c 40000000); echo $x'
		equal true "$(state_of two OOMKilled)" OOMKilled
		expect 0 tare rm two
		own=''
	fi
	# without a group of his he starts it again: it has none then
	expect 0 tare stop -t 0 one
	if [ "${#limits[@]}" != 0 ]; then
		expect 1 tare start one
		contains "--memory: no control group is delegated" "$err"
	else
		expect 0 tare start one
		equal "" "$(tare inspect -f '{{.Tare.Cgroup}}' one)" "its group"
		expect 0 tare stop -t 0 one
	fi
	own=$group/shell
	expect 0 tare start one
	equal "$(pid_of one)" "$(cat "$dir/cgroup.procs")" "in the group"
	expect 0 tare rm -f one
	equal "" "$(find "$v2/$group/tare" -mindepth 1 -type d ! -name monitors)" "groups"
}

# bats test_tags=guest-full
@test "a delegated group with processes of its own: what it cannot give on is said" {
	delegate
	grep -q . "$v2/$group/cgroup.controllers" || skip "no controllers of v2 here"
	own=$group
	expect 0 tare run --rm --network none busybox true
	if grep -qw memory "$v2/$group/cgroup.controllers"; then
		no "cannot be enabled below group /$group, in which processes are" --network none --memory 32m
	fi
}

# of every name it says 10.1.2.3, and that there is nothing of IPv6
name_server='import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
while True:
    q, who = s.recvfrom(512)
    a = q[-4:-2] == b"\0\1"
    s.sendto(q[:2] + b"\x81\x80\0\1\0" + bytes([a]) + b"\0\0\0\0" + q[12:] + (b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3" if a else b""), who)'

@test "a network by pasta or slirp4netns: out, in by published ports, and nothing is left of the helper" {
	local n i=0 pid
	networks
	echo "nameserver 127.0.0.53" >"$T/resolv.conf"
	nsenter -t "$host_net" -n timeout 300 python3 -c "$name_server" 127.0.0.53 >/dev/null 2>&1 3>&- &
	names=$!
	for n in pasta slirp4netns; do
		command -v $n >/dev/null || skip "needs $n"
		: $((i++))
		start "web$i" --network $n -p 18080:80 -p 127.0.0.1::81/udp --restart always -- \
			sh -c 'mkdir -p /w; echo inside >/w/index.html; exec httpd -f -p 80 -h /w'
		eventually 10 fetch http://198.51.100.2:18080/
		equal inside "$(fetch http://127.0.0.1:18080/)"
		expect 0 tare exec "web$i" wget -q -O - http://198.51.100.1/
		equal outside "$out"
		expect 0 tare exec "web$i" nslookup any.example
		contains 10.1.2.3 "$out"
		if [ -e /proc/net/if_inet6 ]; then
			eventually 20 reaches6 "web$i" # slirp4netns' address comes by router advertisement
		fi
		expect 1 tare update --publish-add 18081:80 "web$i"
		contains "network $n takes its ports when the container starts: stop it first" "$err"
		equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr: $err; number"
		matches '80/tcp -> 0.0.0.0:18080' "$(tare port "web$i")"
		matches '81/udp -> 127.0.0.1:[0-9]+' "$(tare port "web$i")"
		expect 125 tare run --rm --network $n -p 18080:80 busybox true
		contains "port is already allocated" "$err"
		# a further life has the network, too
		pid=$(helper_of "web$i")
		expect 0 tare kill "web$i"
		expect 0 tare update --publish-add 18081:80 --publish-rm 81/udp "web$i"
		expect 0 tare start "web$i"
		eventually 10 fetch http://198.51.100.2:18080/
		eventually 10 fetch http://198.51.100.2:18081/
		[[ $(tare port "web$i") != *81/udp* ]] || fail "81/udp is published still"
		eventually 10 not_there "$pid" || fail "the first life's $n is there"
		# and with the monitor goes all the rest
		pid=$(helper_of "web$i")
		kill -KILL "$(monitors_of "web$i" -o)"
		eventually 10 not_there "$pid"
		expect 0 tare rm -f "web$i"
	done
	expect 0 tare run --rm --network bridge busybox cat /proc/net/route
	matches 'eth0' "$out"
	kill "$server" "$names"
}

reaches6() { [ "$(tare exec "$1" wget -q -O - "http://[2001:db8::1]/")" = outside ]; }

not_there() { [ ! -e "/proc/$1" ]; }
