# SPDX-License-Identifier: Apache-2.0
# linux.seccomp of config.json beyond what a profile of `tare run` has: the listener, errno values, conditions.
#
# shellcheck disable=SC2154,SC2016 # out, err, T and group come from helpers.bash

load helpers
load spec_helpers
own_image=1
: "$own_image"

# listener: in the background, a program that takes one listener at $T/agent.sock and answers every mkdir with errno 123; what
# it was told is in $T/told
listener()
{
	cat >"$T/agent.py" <<'PY'
import array, ctypes, fcntl, json, os, socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + ".new")
s.listen(1)
os.rename(sys.argv[1] + ".new", sys.argv[1])
c, _ = s.accept()
data, control, _, _ = c.recvmsg(65536, socket.CMSG_SPACE(4))
fd = array.array("i", control[0][2][:4])[0]
while True:
    more = c.recv(65536)
    if not more:
        break
    data += more
told = json.loads(data)
open(sys.argv[2], "w").write(json.dumps(told))
while True:
    request = bytearray(80)
    try:
        fcntl.ioctl(fd, 0xC0502100, request)
    except OSError:
        break
    ident = struct.unpack_from("Q", request)[0]
    reply = bytearray(struct.pack("Qqii", ident, 0, -123, 0))
    try:
        fcntl.ioctl(fd, 0xC0182101, reply)
    except OSError:
        pass
PY
	python3 "$T/agent.py" "$T/agent.sock" "$T/told" 3>&- &
	agent=$!
	eventually 5 test -S "$T/agent.sock"
}

notify() # CALLS: the profile
{
	printf '{"process": {"noNewPrivileges": %s}, "annotations": {"a": "b"}, "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "%s", "listenerMetadata": "meta",
		"flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"], "syscalls": [{"names": [%s], "action": "SCMP_ACT_NOTIFY"}]}}}' "$2" "$T/agent.sock" "$1"
}

@test "a listener gets the descriptor and the state, and decides" {
	local nnp
	need_python
	for nnp in true false; do
		rm -f "$T/agent.sock"
		listener
		bundle "$(notify '"mkdir", "mkdirat"' $nnp)" -- sh -c 'mkdir /tmp/x; ls /proc/self/fd'
		run_bundle 0
		wait "$agent"
		contains "mkdir: can't create directory '/tmp/x': No medium found" "$err"
		equal $'0\n1\n2\n3' "$out" "descriptors"
		[ ! -e "$T/bundle/rootfs/tmp/x" ]
		equal '["seccompFd"] meta created b box-'"$group" "$(jq -r '"\(.fds | tojson) \(.metadata) \(.state.status) \(.state.annotations.a) \(.state.id)"' "$T/told")"
		equal "$(jq .pid "$T/told")" "$(jq .state.pid "$T/told")"
	done
}

@test "a listener that is asked about the runtime's own calls gets the descriptor all the same" {
	need_python
	listener
	bundle "$(notify '"mkdir", "sendmsg", "sendto"' true)" -- sh -c 'mkdir /tmp/x || echo refused'
	run_bundle 0
	wait "$agent"
	equal refused "$out"
}

@test "a container that is created and started by others has its listener from start on" {
	need_python
	listener
	bundle "$(notify '"mkdir"' false)" -- sh -c 'mkdir /tmp/x || touch /tmp/refused; exec sleep 1000'
	expect 0 runtime --root "$T/state" create --bundle "$T/bundle" "box-$group"
	[ ! -e "$T/told" ]
	expect 0 runtime --root "$T/state" start "box-$group"
	eventually 5 test -e "$T/bundle/rootfs/tmp/refused"
	equal "$(runtime --root "$T/state" state "box-$group" | jq .pid)" "$(jq .pid "$T/told")"
	rm "$T/agent.sock" "$T/told"
	first=$agent
	listener
	expect 1 runtime --root "$T/state" exec "box-$group" mkdir /tmp/y
	contains 'No medium found' "$err"
	wait "$agent"
	equal '["seccompFd"]' "$(jq -c .fds "$T/told")"
	expect 255 runtime --root "$T/state" exec "box-$group" mkdir /tmp/y # nobody listens any more
	contains 'linux.seccomp.listenerPath: connect to' "$err"
	expect 0 runtime --root "$T/state" delete --force "box-$group"
	wait "$first"
}

@test "a listener that is not there, and notifications without one, are refused" {
	bundle "$(notify '"mkdir"' true)" -- sleep 1000
	refused_bundle "linux.seccomp.listenerPath: connect to $T/agent.sock: No such file or directory"
	bundle '{"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}}}'
	refused_bundle 'linux.seccomp: listenerPath: SCMP_ACT_NOTIFY needs one'
	bundle '{"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"}}}'
	refused_bundle 'linux.seccomp: listenerMetadata: there is no listenerPath'
	bundle "$(notify '"write"' true)"
	refused_bundle 'SCMP_ACT_NOTIFY cannot be used for write'
}

mkdir_profile() # ERRNO
{
	printf '{"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": %s}]}}}' "$1"
}

@test "profiles that differ in errnoRet alone never share a filter" {
	local n
	for n in 1 38 1 123; do
		bundle "$(mkdir_profile "$n")" -- mkdir /tmp/x
		run_bundle 1
		case $n in
		1) contains 'Operation not permitted' "$err" ;;
		38) contains 'Function not implemented' "$err" ;;
		123) contains 'No medium found' "$err" ;;
		esac
	done
}

@test "conditions: of one index they are alternatives, of several all must hold" {
	bundle '{"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 123, "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 12, "op": "SCMP_CMP_EQ"}]},
		{"names": ["umask"], "action": "SCMP_ACT_ERRNO", "errnoRet": 123}]}}}' -- sh -c 'sleep 100 & p=$!; for s in USR1 USR2 CONT; do kill -$s $p 2>/dev/null && echo $s; done; kill -9 $p'
	run_bundle 0
	equal CONT "$out"
}
