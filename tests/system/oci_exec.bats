# SPDX-License-Identifier: Apache-2.0
# Further processes, lists, the freezer, terminals: what engines call between start and delete.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load oci

# socket PATH: waits for a terminal at that socket; what is shown there goes to PATH.shown, and PATH.input is typed in
socket()
{
	need_python
	python3 - "$1" 3>&- <<'P' &
import array, os, socket, sys
path = sys.argv[1]
s = socket.socket(socket.AF_UNIX)
s.bind(path + '.new')
s.listen(1)
os.rename(path + '.new', path)
c, _ = s.accept()
_, control, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
fd = array.array('i', control[0][2])[0]
with open(path + '.shown', 'wb') as out:
    if os.path.exists(path + '.input'):
        os.write(fd, open(path + '.input', 'rb').read())
    try:
        while True:
            piece = os.read(fd, 4096)
            if not piece:
                break
            out.write(piece)
            out.flush()
    except OSError:
        pass
P
	eventually 5 test -S "$1"
}

@test "exec: command, status, options" {
	started one
	expect 0 runtime exec one echo hello
	equal hello "$out"
	expect 7 runtime exec one sh -c 'exit 7'
	expect 0 runtime exec -e A=1 --env FROM=exec --cwd /tmp one sh -c 'echo $A $FROM; echo $PWD'
	equal $'1 exec\n/tmp' "$out"
	expect 0 runtime exec -u 7:8 -g 9 --additional-gids 10 one id
	matches 'uid=7 gid=8 groups=(8,)?9,10' "$out"
	expect 0 runtime exec --no-new-privs --cap CAP_NET_ADMIN one sh -c 'cat /proc/self/status'
	matches $'NoNewPrivs:\t1' "$out"
	matches $'CapBnd:\t00000000000010e1' "$out"
	expect 127 runtime exec one nosuch
	contains 'executable file not found in $PATH' "$err"
	expect 255 runtime exec nosuch true
	contains "does not exist" "$err"
	expect 255 runtime exec --user root one true
	contains "--user root: allowed are numbers" "$err"
	expect 255 runtime exec one
	contains "process args cannot be empty" "$err"
}

@test "exec --process, --detach, --pid-file, --preserve-fds" {
	started one
	jq '.process | .args = ["sh", "-c", "echo $FROM; exec sleep 999"]' "$T/one/config.json" >"$T/process.json"
	runtime exec --process "$T/process.json" --detach --pid-file "$T/pid" one >"$T/log" 2>&1 </dev/null 3>&-
	eventually 5 grep -q config "$T/log"
	eventually 5 eval '[ "$(tr "\0" " " <"/proc/$(cat "$T/pid")/cmdline")" = "sleep 999 " ]'
	echo text >"$T/text"
	runtime exec --preserve-fds 1 one sh -c 'cat <&3' >"$T/log" 3<"$T/text"
	equal text "$(cat "$T/log")"
	expect 255 runtime exec --process /nosuch one
	contains "--process /nosuch" "$err"
}

@test "exec enters a container that was created, and none that has ended" {
	created one
	expect 0 runtime exec one echo in
	equal in "$out"
	is created one
	expect 0 runtime start one
	expect 0 runtime kill one KILL
	eventually 5 is stopped one
	expect 255 runtime exec one true
	contains "cannot exec in a stopped container" "$err"
}

@test "pause, exec in a paused container, resume" {
	started one
	expect 0 runtime pause one
	is paused one
	expect 255 runtime exec one true
	contains "--ignore-paused" "$err"
	runtime exec --ignore-paused one echo late >"$T/late" 2>&1 3>&- &
	expect 1 runtime pause one
	contains "container not running or created: paused" "$err"
	equal "" "$(cat "$T/late")" "output while paused"
	expect 0 runtime resume one
	wait $!
	equal late "$(cat "$T/late")" output
	is running one
	expect 1 runtime resume one
	contains "container not paused" "$err"
	expect 0 runtime pause one
	expect 0 runtime delete --force one
}

@test "exec: --cgroup, below the container's group, everywhere or in the hierarchies that are named" {
	started one
	local group_dirs d v1=
	mapfile -t group_dirs < <(find "$host_cgroup" -type d -path "*/$group/one")
	for d in "${group_dirs[@]}"; do mkdir "$d/below"; done
	[ ! -d "$host_cgroup/memory/$group/one/below" ] || v1=1
	for d in "${group_dirs[@]}"; do
		[ ! -e "$d/cpuset.mems" ] || [ ! -e "$d/tasks" ] || { cat "$d/cpuset.mems" >"$d/below/cpuset.mems" && cat "$d/cpuset.cpus" >"$d/below/cpuset.cpus"; }
	done
	[ "${#group_dirs[@]}" -gt 1 ] || v1=
	if [ -n "$v1" ]; then
		expect 0 runtime exec --cgroup memory,pids:/below one cat /proc/self/cgroup
		equal "memory pids" "$(sed -n 's|^[0-9]*:\(.*\):/below$|\1|p' <<<"$out" | sort | paste -sd ' ')" "where it is below"
		expect 255 runtime exec --cgroup nothing:/below one true
		contains '--cgroup nothing:/below: no hierarchy of "nothing" has this group' "$err"
		expect 0 runtime exec --cgroup /below one cat /proc/self/cgroup
		equal "" "$(grep -v ':/below$' <<<"$out" | grep -vE '^[0-9]+:(rdma|misc|perf_event|net_.*|hugetlb)?:/$' || true)" "where it is not below"
	fi
	expect 255 runtime exec --cgroup /../.. one true
	contains "--cgroup /../..: a path below the container's group is needed" "$err"
	expect 255 runtime exec --cgroup /none one true
	contains "--cgroup /none: cgroup" "$err"
}

@test "a session keyring of the container's own, shared by what is executed in it" {
	grep -q . /proc/keys || skip "no /proc/keys"
	started one
	expect 0 runtime exec one cat /proc/keys
	local ring
	ring=$(awk '/_ses.one/ { print $1 }' <<<"$out")
	matches '^[0-9a-f]+$' "$ring"
	[[ $(awk '/_ses.one/ { print $3 }' <<<"$out") -ge 2 ]] || fail "nobody else has it: $out"
	bundle two '.process.args = ["cat", "/proc/keys"]'
	expect 0 runtime run --no-new-keyring --bundle "$T/two" two
	[[ $out != *_ses.two* ]] || fail "$out"
}

@test "a descriptor of the process goes to the --pidfd-socket of run and exec" {
	need_python
	started one
	python3 - "$T/s" >"$T/seen" 3>&- <<'P' &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + '.new')
s.listen(1)
os.rename(sys.argv[1] + '.new', sys.argv[1])
for _ in range(2):
    c, _ = s.accept()
    _, control, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
    fd = array.array('i', control[0][2])[0]
    print([l.split()[1] for l in open('/proc/self/fdinfo/%d' % fd) if l.startswith('Pid:')][0], flush=True)
P
	eventually 5 test -S "$T/s"
	bundle two
	expect 0 runtime run --detach --pidfd-socket "$T/s" --bundle "$T/two" two </dev/null
	expect 0 runtime exec --detach --pidfd-socket "$T/s" --pid-file "$T/pid" one sleep 1000 </dev/null
	eventually 5 eval '[ "$(wc -l <"$T/seen")" = 2 ]'
	equal "$(first_of two) $(cat "$T/pid")" "$(paste -sd ' ' "$T/seen")"
	expect 255 runtime exec --pidfd-socket "$T/none" one true
	contains "--pidfd-socket $T/none: No such file or directory" "$err"
}

# waiting PATH: as systemd does; what is heard there goes to PATH.heard, a line each, up to the barrier, which is let through
waiting()
{
	python3 - "$1" 3>&- <<'P' &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.settimeout(300)
s.bind(sys.argv[1])
out = open(sys.argv[1] + '.heard', 'w')
while True:
    text, control, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(4))
    print(text.decode().strip(), file=out, flush=True)
    if control:
        os.close(array.array('i', control[0][2])[0])
        break
P
	eventually 10 test -S "$1"
}

@test "NOTIFY_SOCKET: who waits hears that the container is ready, and which process it is" {
	need_python
	local says='cat /proc/self/mounts >/tmp/m; ./probe notify STATUS=x; until test -e /tmp/go; do sleep 0.1; done; ./probe notify "X=1
READY=1"; sleep 1000'
	bundle one ".process.args = [\"sh\", \"-c\", $(jq -n --arg s "$says" '$s')] | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
		| .linux.gidMappings = .linux.uidMappings | .linux.namespaces += [{ type: \"user\" }]"
	mkdir -p "$T/one/rootfs/run/notify"
	chmod 755 "$T" "$T/one" && chmod 777 "$T/one/rootfs/tmp" && cp "$TARE_BUILD/tests/system/probe" "$T/one/rootfs/"
	waiting "$T/s"
	NOTIFY_SOCKET=$T/s runtime create --bundle "$T/one" one >"$T/log" 2>&1 </dev/null 3>&- || fail "create" "$(cat "$T/log")"
	NOTIFY_SOCKET=$T/s runtime start one </dev/null >"$T/log2" 2>&1 3>&- &
	eventually 10 grep -q sent "$T/log"
	kill -0 $! || fail "start did not wait" "$(cat "$T/log2")"
	matches '/run/notify .*ro,nosuid,nodev,noexec' "$(cat "$T/one/rootfs/tmp/m")"
	touch "$T/one/rootfs/tmp/go"
	wait $! || fail "start" "$(cat "$T/log2")"
	equal "READY=1 MAINPID=$(first_of one) BARRIER=1" "$(xargs <"$T/s.heard")"
	expect 0 runtime delete --force one
	rm "$T/s"
	waiting "$T/s"
	jq '.process.args = ["./probe", "notify", "READY=1"]' "$T/one/config.json" >"$T/c" && cp "$T/c" "$T/one/config.json"
	NOTIFY_SOCKET=$T/s expect 0 runtime run --bundle "$T/one" one
	equal "sent" "$out"
	equal "READY=1 BARRIER=1" "$(xargs <"$T/s.heard")" "heard of a container in the foreground"
	jq '.process.args = ["true"]' "$T/one/config.json" >"$T/c" && cp "$T/c" "$T/one/config.json"
	NOTIFY_SOCKET=$T/s expect 0 runtime run --detach --bundle "$T/one" one # it ends without a word
}

# bats test_tags=guest
@test "groups below one that is threaded, and below one that holds processes" {
	local v2=$host_cgroup parent
	[ -e "$v2/cgroup.controllers" ] || v2=$host_cgroup/unified
	[ -e "$v2/cgroup.controllers" ] || skip "no v2 here"
	parent=$v2/$group/domain/parent
	mkdir -p "$parent"
	echo threaded >"$parent/cgroup.type"
	bundle one ".linux.cgroupsPath = \"/$group/domain/parent/one\" | .process.args = [\"cat\", \"/proc/self/cgroup\"]"
	expect 0 runtime run --bundle "$T/one" one
	contains "0::/" "$out"
	mkdir "$v2/$group/busy"
	sleep 1000 3>&- &
	echo $! >"$v2/$group/busy/cgroup.procs"
	bundle two ".linux.cgroupsPath = \"/$group/busy/two\" | .process.args = [\"true\"]"
	expect 0 runtime run --bundle "$T/two" two
	kill %1
	wait || true
	eventually 5 eval '! find "$host_cgroup" -depth -type d -path "*/$group/*" -exec rmdir {} + 2>&1 | grep -q .'
}

@test "list and ps: tables, JSON, -q" {
	expect 0 runtime list --format json
	equal null "$out"
	started one
	created two
	expect 0 runtime list -q
	equal $'one\ntwo' "$out"
	expect 0 runtime list
	matches $'^ID +PID +STATUS +BUNDLE +CREATED +OWNER\none +[1-9][0-9]* +running +'"$T/one"' +20[^ ]+Z +root' "$out"
	expect 0 runtime list --format json
	equal "one running two created" "$(jq -r '[.[] | .id, .status] | join(" ")' <<<"$out")"
	runtime exec --detach one sleep 999 3>&-
	expect 0 runtime ps --format json one
	equal 2 "$(jq length <<<"$out")" processes
	contains "$(first_of one)" "$out"
	if command -v ps >/dev/null; then
		expect 0 runtime ps one
		matches $'^UID +PID .*\n.* sleep 1000\n.* sleep 999$' "$out"
		expect 0 runtime ps one -o pid,comm
		matches $'^ +PID COMMAND\n *[0-9]+ sleep\n *[0-9]+ sleep$' "$out"
	fi
	expect 1 runtime list --format xml
	contains "--format xml: allowed are: table json" "$err"
}

@test "a terminal goes to the --console-socket of create, run --detach and exec" {
	local tty='.process.terminal = true | .process.args = ["sh", "-c", "tty; exec sleep 1000"]'
	bundle one "$tty"
	socket "$T/s1"
	expect 0 runtime create --bundle "$T/one" --console-socket "$T/s1" one
	expect 0 runtime start one
	eventually 5 grep -q /dev/pts/0 "$T/s1.shown"
	echo 'echo $((6 * 7))' >"$T/s2.input"
	socket "$T/s2"
	expect 0 runtime exec --tty --detach --console-socket "$T/s2" one sh
	eventually 5 grep -q 42 "$T/s2.shown"
	expect 0 runtime delete --force one
	bundle two "$tty"
	socket "$T/s3"
	expect 0 runtime run --detach --bundle "$T/two" --console-socket "$T/s3" two
	eventually 5 grep -q /dev/pts/0 "$T/s3.shown"
}

@test "--console-socket where there is no terminal, and a terminal without one" {
	bundle one '.process.terminal = true'
	expect 1 runtime create --bundle "$T/one" one
	contains "without setting console socket" "$err"
	bundle two
	expect 1 runtime create --bundle "$T/two" --console-socket "$T/s" two
	contains "cannot use console socket" "$err"
	expect 1 runtime create --bundle "$T/one" --console-socket "$T/nosuch" one
	contains "--console-socket $T/nosuch: No such file or directory" "$err"
	equal "" "$(ids)" "containers"
}

@test "run shows a terminal on its own" {
	need_python
	bundle one '.process.terminal = true | .process.args = ["sh", "-c", "tty; read x; echo got $x; exit 5"]'
	python3 - "$TARE_BUILD/tare-runtime" --root "$T/run" run --bundle "$T/one" one >"$T/shown" 3>&- <<'P'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
shown = b''
while b'/dev/pts/0' not in shown:
    shown += os.read(fd, 4096)
os.write(fd, b'word\n')
try:
    while True:
        shown += os.read(fd, 4096)
except OSError:
    pass
print(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 5)
P
	contains "got word" "$(cat "$T/shown")"
}

@test "mounts add and remove: binds of a running container, by descriptors" {
	started one
	mkdir "$T/source"
	echo shared >"$T/source/file"
	echo single >"$T/single"
	ln -s /etc "$T/one/rootfs/tmp/link"
	jq -n --arg dir "$T/source" --arg file "$T/single" '[
		{ destination: "/new/dir", type: "bind", source: $dir, options: ["bind", "ro", "nosuid"] },
		{ destination: "/tmp/link/file", type: "bind", source: $file, options: ["bind"] }]' >"$T/mounts"
	expect 0 runtime mounts add one "$T/mounts"
	expect 0 runtime exec one sh -c 'cat /new/dir/file /etc/file; ! touch /new/dir/x; grep -c " /new/dir " /proc/self/mountinfo'
	equal $'shared\nsingle\n1' "$out"
	equal "" "$(cat "$T/one/rootfs/etc/file")" "what is below, inside the root"
	jq '.[:1]' "$T/mounts" | runtime mounts remove one -
	expect 0 runtime exec one ls /new/dir
	equal "" "$out"
	expect 1 runtime mounts remove one "$T/mounts"
	contains "mounts[0]: /new/dir: unmount /new/dir: Invalid argument" "$err"
	echo '[{ "destination": "/x", "type": "tmpfs", "source": "tmpfs" }]' >"$T/bad"
	expect 1 runtime mounts add one "$T/bad"
	contains "mounts[0]: /x: only a bind can be added" "$err"
}
