# SPDX-License-Identifier: Apache-2.0
# Further processes in a running container: what they are, how they end, and what a container cannot do to them.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash
# bats file_tags=guest-full

load helpers

no_sessions() { ! ls "$T"/state/*/exec-*.json >/dev/null 2>&1; }

# runs NAME COMMAND: it is there in the container
runs() { tare exec "$1" ps -o args 3>&- | grep -qxF "$2"; }
runs_not() { ! runs "$@"; }

# lines_of FILE: their number
lines_of() { grep -c '' "$1"; }

# ---- what it is ---------------------------------------------------------------------------------------------------

# bats test_tags=guest
@test "it is in all namespaces and groups of the container, as a child of its monitor" {
	start ct
	local names n
	names='pid mnt ipc uts net cgroup time user'
	expect 0 tare exec ct sh -c "for n in $names; do readlink /proc/self/ns/\$n; done"
	for n in $names; do readlink "/proc/$(pid_of ct)/ns/$n"; done >"$T/want"
	equal "$(<"$T/want")" "$out" "namespaces"
	expect 0 tare exec -d ct sleep 77
	eventually 5 runs ct 'sleep 77'
	local pid
	pid=$(pgrep -f '^sleep 77$' --ns "$(pid_of ct)" --nslist pid)
	equal "$(cat "/proc/$(pid_of ct)/cgroup")" "$(cat "/proc/$pid/cgroup")" "groups"
	equal "$(awk '{ print $4 }' "/proc/$(pid_of ct)/stat")" "$(awk '{ print $4 }' "/proc/$pid/stat")" "parent"
	equal "$(readlink "/proc/$(pid_of ct)/root")" "$(readlink "/proc/$pid/root")" "root"
}

@test "capabilities, filter, limits, no_new_privs and OOM score are the container's" {
	local fields='^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp|Groups|Uid|Gid|Umask):'
	start ct --cap-drop CHOWN --cap-add NET_ADMIN --security-opt no-new-privileges --ulimit nofile=100:200 \
		--oom-score-adj 500 -- sh -c "grep -E '$fields' /proc/self/status >/all; ulimit -n >>/all; sleep 1000"
	eventually 5 tare exec ct test -s /all
	expect 0 tare exec ct sh -c "grep -E '$fields' /proc/self/status; ulimit -n"
	equal "$(tare exec ct cat /all)" "$out"
	expect 0 tare exec ct cat /proc/self/oom_score_adj
	equal 500 "$out"
}

# bats test_tags=guest
@test "a container that has given controllers on: in the group of its first process" {
	[[ $(hierarchy_of memory) == v2* ]] || skip "no cgroup v2 with controllers here"
	start ct --security-opt writable-cgroups=true -- sh -c 'cd /sys/fs/cgroup && mkdir inner && echo 1 >inner/cgroup.procs &&
		echo +memory >cgroup.subtree_control && touch /done; sleep 1000'
	eventually 5 tare exec ct test -e /done
	expect 0 tare exec ct cat /proc/self/cgroup
	equal "0::/inner" "$out"
}

@test "it leads a session, has no terminal, and three descriptors" {
	start ct -v "$TARE_BUILD/tests/system/probe:/probe:ro"
	expect 0 tare exec ct sh -c 'set -- $(cat /proc/$$/stat); [ $1 = $5 ] && [ $1 = $6 ] && echo $7'
	equal 0 "$out" "terminal"
	exec 7</etc/passwd 8<"$T"
	expect 0 tare exec ct /probe fds
	exec 7<&- 8<&-
	equal $'0\n1\n2' "$out"
	expect 0 tare exec -i ct /probe fds
	equal $'0\n1\n2' "$out"
}

@test "environment: the container's, then --env-file, then -e; HOME is the user's" {
	start ct -e A=container -e B=container -e C=container
	printf 'B=file\nD=file\n' >"$T/env"
	expect 0 tare exec -e D=option --env-file "$T/env" -e C -e E=x=y ct env
	equal "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOSTNAME=$(tare inspect -f '{{.Id}}' ct | head -c 12)
A=container
B=file
D=option
E=x=y
HOME=/root" "$out"
	C=own expect 0 tare exec -e C -u 1 ct sh -c 'echo $C $HOME'
	equal "own /usr/sbin" "$out"
	start dd -e HOME=/mine
	expect 0 tare exec dd sh -c 'echo $HOME'
	equal /mine "$out"
}

@test "working directory: the container's, or -w" {
	start ct -w /tmp
	expect 0 tare exec ct pwd
	equal /tmp "$out"
	expect 0 tare exec -w /etc/ ct pwd
	equal /etc "$out"
	expect 126 tare exec -w /nosuch ct pwd
	equal "tare: working directory /nosuch: No such file or directory" "$err"
	expect 126 tare exec -w relative ct pwd
	matches 'needs to be an absolute path' "$err"
}

@test "the user is looked up in the container's files as they are now" {
	start ct -u 1:1
	expect 0 tare exec ct id -u
	equal 1 "$out"
	expect 0 tare exec -u 0 ct sh -c 'echo late:x:4242:4243::/late: >>/etc/passwd; echo extra:x:777:late >>/etc/group'
	expect 0 tare exec -u late ct sh -c 'id -u; id -g; id -G; echo $HOME'
	equal $'4242\n4243\n4243 777\n/late' "$out"
	expect 0 tare exec -u late:extra ct sh -c 'id -u; id -G'
	equal $'4242\n777' "$out"
	expect 0 tare exec -u 4294967294:7 ct id -u
	equal 4294967294 "$out"
	expect 126 tare exec -u nobody-there ct id
	equal "tare: unable to find user nobody-there: no matching entries in passwd file" "$err"
	expect 126 tare exec -u 0:none-there ct id
	matches 'unable to find group none-there' "$err"
	expect 126 tare exec -u 4294967296 ct id
	matches 'uids and gids must be in range 0-4294967294' "$err"
}

@test "--group-add holds for exec too" {
	start ct --group-add 555 --group-add audio -u 1
	expect 0 tare exec ct id -G
	matches ' 555' "$out"
	expect 0 tare exec -u 2:2 ct id -G
	matches '^2 .*555' "$out"
}

@test "--privileged: all capabilities, no filter; without it none of that" {
	start ct --security-opt no-new-privileges
	local own
	own=$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)
	expect 0 tare exec --privileged ct grep -E '^(CapEff|Seccomp|NoNewPrivs):' /proc/self/status
	equal "CapEff:	$own
NoNewPrivs:	0
Seccomp:	0" "$out"
	expect 0 tare exec ct grep -E '^(CapEff|Seccomp|NoNewPrivs):' /proc/self/status
	equal "CapEff:	00000000a80425fb
NoNewPrivs:	1
Seccomp:	2" "$out"
}

# ---- streams and ends ---------------------------------------------------------------------------------------------

@test "exit statuses are Docker's: the command's, 128 + signal, 126, 127, 1, 125" {
	start ct
	expect 7 tare exec ct sh -c 'exit 7'
	expect 143 tare exec ct sh -c 'kill -TERM $$'
	expect 127 tare exec ct nosuch
	equal 'tare: exec: "nosuch": executable file not found in $PATH' "$err"
	expect 127 tare exec ct /no/such
	equal 'tare: exec: "/no/such": stat /no/such: no such file or directory' "$err"
	expect 126 tare exec ct /etc/passwd
	equal 'tare: exec: "/etc/passwd": permission denied' "$err"
	expect 126 tare exec ct /etc
	expect 1 tare exec -d ct nosuch
	equal 'tare: exec: "nosuch": executable file not found in $PATH' "$err"
	expect 1 tare exec nosuch true
	equal "tare: No such container: nosuch" "$err"
	expect 1 tare exec ct
	matches 'usage: tare exec' "$err"
	expect 1 tare exec --env-file /no/such ct true
	contains "--env-file /no/such: open /no/such" "$err"
	expect 125 tare exec --nosuch ct true
	expect 125 tare exec -e =x ct true
}

@test "by name, by id, by the beginning of an id" {
	start ct
	local id
	id=$(tare inspect -f '{{.Id}}' ct)
	for ref in ct /ct "$id" "${id:0:12}" "${id:0:5}"; do
		expect 0 tare exec "$ref" hostname
		equal "${id:0:12}" "$out" "exec $ref"
	done
}

@test "a name always means what the database says, also after a rename" {
	start first -e WHO=first
	expect 0 tare exec first sh -c 'echo $WHO'
	equal first "$out"
	expect 0 tare rename first second
	expect 1 tare exec first true
	equal "tare: No such container: first" "$err"
	expect 0 tare exec second sh -c 'echo $WHO'
	equal first "$out"
	expect 0 tare create --name first busybox true
	expect 1 tare exec first true
	equal "tare: container $(tare inspect -f '{{.Id}}' first) is not running" "$err"
	expect 0 tare rename first third
	start first -e WHO=other
	expect 0 tare exec first sh -c 'echo $WHO'
	equal other "$out"
	# a rename that was refused, and one that was cut short between link and row
	expect 1 tare rename second first
	expect 0 tare exec second sh -c 'echo $WHO'
	equal first "$out"
	rm "$T/state/$(tare inspect -f '{{.Id}}' second)/name"
	expect 0 tare exec second sh -c 'echo $WHO'
	equal first "$out"
}

@test "a running container is found without the database" {
	start here
	mv "$T/root/tare.db" "$T/away"
	chmod 0 "$T/root/tare.db-wal" "$T/root/tare.db-shm" 2>/dev/null || true
	mkdir "$T/root/tare.db"
	tare exec here echo found >"$T/o" 2>&1 3>&- || true
	rmdir "$T/root/tare.db"
	mv "$T/away" "$T/root/tare.db"
	chmod 600 "$T/root"/tare.db-* 2>/dev/null || true
	equal found "$(<"$T/o")"
}

@test "stdin only with -i; stdout and stderr stay apart" {
	start ct
	echo in | tare exec ct cat >"$T/o" 3>&-
	equal "" "$(<"$T/o")" "without -i"
	equal in "$(echo in | tare exec -i ct cat 3>&-)"
	equal "" "$(tare exec -i ct cat </dev/null 3>&-)"
	expect 0 tare exec ct sh -c 'echo out; echo err >&2'
	equal out "$out"
	equal err "$err"
	equal 0 "$(tare exec -i ct wc -c <&- 3>&-)" "a closed descriptor as stdin"
}

@test "10 MB each way through pipes, nothing lost" {
	start ct
	local want
	head -c 10000000 /dev/urandom >"$T/data"
	want=$(sha256sum <"$T/data")
	equal "$want" "$(tare exec -i ct cat <"$T/data" 3>&- | sha256sum)"
	equal "$want" "$(tare exec -i ct sha256sum <"$T/data" 3>&-)"
}

@test "a reader that stops reading holds only its own command" {
	start ct
	mkfifo "$T/slow"
	tare exec ct sh -c 'yes | head -c 3000000; echo done >/finished' >"$T/slow" 3>&- &
	exec 5<"$T/slow"
	head -c 10 <&5 >/dev/null
	expect 0 tare exec ct echo quick
	expect 1 tare exec ct test -e /finished
	equal 0 "$(cat <&5 | head -c 2999990 | tr -d 'y\n' | wc -c)"
	exec 5<&-
	wait $!
	expect 0 tare exec ct test -e /finished
}

@test "output that nobody takes any more ends the writer" {
	start ct
	tare exec ct yes 3>&- 2>/dev/null | head -n 1 >/dev/null
	eventually 5 runs_not ct yes
}

@test "the command goes on when its client is killed, and its input ends" {
	start ct
	mkfifo "$T/in"
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" exec -i ct sh -c 'echo up >/up; cat; echo ended >/up; sleep 1234' \
		<"$T/in" >/dev/null 3>&- &
	local client=$!
	exec 5>"$T/in"
	eventually 5 tare exec ct grep up /up
	kill -KILL $client
	eventually 5 tare exec ct grep ended /up
	eventually 5 runs ct 'sleep 1234' || fail 'it has ended'
	exec 5>&-
}

@test "a detached command: no output, and its exit status is kept while the container runs" {
	start ct
	expect 0 tare exec -d ct sh -c 'echo out; echo err >&2; echo here >/here; exit 9'
	equal "" "$out$err"
	execs() { tare inspect ct | jq -c "[.[0].Tare.Execs[] | [.Running, .ExitCode]]"; }
	eventually 5 eval '[ "$(execs)" = "[[false,9]]" ]'
	equal null "$(tare inspect ct | jq -c '.[0].ExecIDs')"
	expect 0 tare exec -d ct sleep 1000
	eventually 5 eval '[ "$(execs)" = "[[false,9],[true,null]]" ]'
	equal true "$(tare inspect ct | jq '.[0] | .ExecIDs == [.Tare.Execs[1].ID]')"
	expect 0 tare exec ct cat /here
	expect 1 tare exec -d ct nosuch
	eventually 5 eval '[ "$(execs | jq length)" = 4 ]'
	matches 'executable file not found' "$err"
	no_sessions || fail "documents are left: $(ls "$T"/state/*)"
}

@test "of commands that have ended the last 64 are known" {
	start ct
	local i
	for i in $(seq 70); do tare exec ct true 3>&-; done
	eventually 5 few_known # the last one is noted when its client has gone
}

few_known() { [ "$(find "$T"/state/*/ -name 'exec-*.outcome' | wc -l)" -le 64 ]; }

# ---- terminals ----------------------------------------------------------------------------------------------------

@test "-it: a terminal of the container's own, with our size, that follows" {
	start ct
	on_terminal 3 exec -it ct sh <<-'EOF'
		expect / #
		raw
		send tty; stty size; echo $TERM\n
		expect /dev/pts/0
		expect 24 80
		expect xterm
		size 40 132
		send stty size\n
		expect 40 132
		send exit 3\n
	EOF
	expect 0 tare exec ct sh -c 'ls /dev/pts'
	equal ptmx "$out" "terminals that are left"
}

@test "-it: job control, and the terminal is the session's own beside the container's" {
	start ct -t
	on_terminal 5 exec -it ct sh <<-'EOF'
		expect / #
		send tty\n
		expect /dev/pts/1
		send sh -c 'echo fir""st; exec sleep 1000'\n
		expect first
		send \x03
		expect ^C
		expect / #
		send exit 5\n
	EOF
}

@test "-it: detach keys leave it running, and give the terminal back" {
	start ct
	on_terminal 0 exec -it --detach-keys ctrl-x,x ct sh -c 'echo up; exec sleep 1234' <<-'EOF'
		expect up
		raw
		send \x18x
		expect read escape sequence
		cooked
	EOF
	eventually 5 runs ct 'sleep 1234' || fail "it has ended"
	expect 1 tare exec -it --detach-keys ctrl-nonsense ct true
}

@test "-it needs a terminal, -t alone does not; the user owns it" {
	start ct
	expect 1 tare exec -it ct true
	equal "tare: the input device is not a TTY" "$err"
	expect 0 tare exec -t -u 1 ct sh -c 'tty; stat -c %u:%g:%a /dev/pts/0; echo x >/dev/tty'
	equal $'/dev/pts/0\r\n1:5:620\r\nx\r' "$out"
}

@test "10 MB through a terminal, nothing lost" {
	start ct
	local got
	got=$(tare exec -t ct sh -c 'stty -opost; head -c 10000000 /dev/zero | tr "\0" x' 3>&- | wc -c)
	equal 10000000 "$got"
}

# CVE-2025-52565
@test "what a container puts in the place of ptmx or its terminals is not opened" {
	start ct
	expect 0 tare exec ct sh -c 'rm /dev/ptmx && ln -s /etc/passwd /dev/ptmx && ln -sf /etc/passwd /dev/console'
	expect 0 tare exec -t ct tty
	equal $'/dev/pts/0\r' "$out"
	start fake --cap-add SYS_ADMIN --security-opt seccomp=unconfined
	expect 0 tare exec fake sh -c 'mkdir -p /x && mount -t tmpfs none /dev/pts && ln -s /etc/passwd /dev/pts/ptmx'
	expect 126 tare exec -t fake tty
	equal "tare: terminal: /dev/pts: not the root of a devpts" "$err"
}

# ---- the container's state ----------------------------------------------------------------------------------------

@test "a container that does not run is refused" {
	expect 0 tare run --name ended busybox true
	local id
	id=$(tare inspect -f '{{.Id}}' ended)
	expect 1 tare exec ended true
	equal "tare: container $id is not running" "$err"
	expect 1 tare exec "$id" true
	equal "tare: container $id is not running" "$err"
	expect 0 tare create --name made busybox true
	expect 1 tare exec made true
	equal "tare: container $(tare inspect -f '{{.Id}}' made) is not running" "$err"
}

# bats test_tags=guest-full
@test "a paused container is refused before anything, and so is one that waits to start again" {
	start ct
	local id
	id=$(tare inspect -f '{{.Id}}' ct)
	expect 0 tare pause ct
	expect 1 tare exec ct true
	equal "tare: Container $id is paused, unpause the container before exec" "$err"
	no_sessions || fail "documents are left: $(ls "$T"/state/*)"
	expect 0 tare unpause ct
	expect 0 tare exec ct true
	expect 0 tare run -d --name again --restart always busybox sh -c 'sleep 0.01; false'
	is_refused() { ! tare exec again true 2>"$T/why" && grep -qx "tare: $1" "$T/why"; }
	id=$(tare inspect -f '{{.Id}}' again)
	eventually 10 is_refused "Container $id is restarting, wait until the container is running"
}

@test "twenty at once, each with its own answer" {
	start ct
	local i pids=()
	for i in $(seq 20); do
		tare exec ct sh -c "echo $i; exit $i" >"$T/out.$i" 2>&1 3>&- &
		pids[i]=$!
	done
	for i in $(seq 20); do
		local status=0
		wait "${pids[i]}" || status=$?
		equal "$i" "$status" "status"
		equal "$i" "$(<"$T/out.$i")" "output"
	done
	no_sessions || fail "documents are left: $(ls "$T"/state/*)"
}

# bats test_tags=guest-full
@test "the container's end is the end of its commands" {
	start ct -- sh -c 'while ! [ -e /end ]; do sleep 0.1; done; exit 3'
	tare exec ct sleep 1234 3>&- &
	local client=$! status=0
	eventually 5 runs ct 'sleep 1234'
	tare exec ct touch /end || true
	wait $client || status=$?
	equal 137 "$status"
	eventually 5 sh -c "! '$TARE_BUILD/tare' --root '$T/root' --state '$T/state' inspect ct | jq -e '.[0].State.Running'"
	equal 3 "$(state_of ct ExitCode)"
	equal "" "$(left_cgroups)"
}

@test "with the host's pid namespace too" {
	start ct --pid host -- sh -c 'while ! [ -e /end ]; do sleep 0.1; done'
	expect 0 tare exec ct sh -c 'readlink /proc/self/ns/pid'
	equal "$(readlink /proc/self/ns/pid)" "$out"
	tare exec ct sleep 1234.5 3>&- &
	local client=$! status=0
	eventually 5 pgrep -f '^sleep 1234.5'
	tare exec ct touch /end || true
	wait $client || status=$?
	equal 137 "$status"
	! pgrep -f '^sleep 1234.5' || fail "the command outlives its container"
}

@test "more than 64 at once are refused, and there is room again afterwards" {
	start ct --pids-limit 300
	local i
	for i in $(seq 64); do tare exec -d ct sleep 1234; done
	expect 126 tare exec ct true
	matches 'has 64 exec sessions already' "$err"
	expect 1 tare exec -d ct true
	kill "$(pgrep -f '^sleep 1234$' --ns "$(pid_of ct)" --nslist pid | tail -n 1)"
	eventually 5 tare exec ct true
}

@test "no more processes: said, and nothing left" {
	has_two() { [ "$(limit ct pids.current pids.current)" = 2 ]; }
	need_controller pids
	start ct --pids-limit 3 -- sh -c 'sleep 1000 & sleep 1000'
	eventually 5 has_two # there is room for one more, and an exec begins with two
	expect 126 tare exec ct true
	matches 'Resource temporarily unavailable' "$err"
	no_sessions || fail "documents are left: $(ls "$T"/state/*)"
}

@test "the monitor is as small as before" {
	start ct
	is_small() { [ "$(awk -v what="$what:" '$1 == what { n += $2 } END { print n }' "/proc/$monitor/smaps_rollup")" -le 120 ]; }
	local monitor i what=Private_Dirty
	[ "$(stat -f -c %T "$TARE_BUILD/tare-monitor")" != tmpfs ] || what=Anonymous # its code counts as dirty there
	monitor=$(awk '{ print $4 }' "/proc/$(pid_of ct)/stat")
	for i in $(seq 30); do tare exec ct true 3>&-; done
	head -c 1000000 /dev/zero | tare exec -i ct cat 3>&- >/dev/null
	eventually 10 is_small || fail "$(cat "/proc/$monitor/smaps_rollup")" # it gives its pages back when it has a rest
}

# ---- what a container cannot do -----------------------------------------------------------------------------------

# hunted [OPTIONS]: what a process of the container finds out about 60 that enter it, in $T/found; about more of them where it
# does not come to see one
hunted()
{
	start ct -v "$TARE_BUILD/tests/system/probe:/probe:ro" "$@"
	tare exec ct /probe hunt 600 >"$T/found" 3>&- &
	local hunter=$! i=0
	eventually 5 grep -q hunting "$T/found"
	until [ $((i++)) -ge 60 ] && { [ $i -gt 1000 ] || grep -q '^exe /bin/true$' "$T/found"; }; do
		tare exec -u 0 ct /bin/true 3>&-
	done
	kill "$(pgrep -f '^/probe hunt' --ns "$(pid_of ct)" --nslist pid)"
	wait $hunter || true
	grep -q '^exe /bin/true$' "$T/found" || fail "the hunter has seen nothing: $(sort "$T/found" | uniq -c)"
}

# CVE-2016-9962
@test "who traces what enters the container finds a process like its own" {
	hunted --cap-add SYS_PTRACE
	! grep '^caps' "$T/found" || fail "with more capabilities than the container has"
	! grep '^fd' "$T/found" | grep -v '^fd 3 socket:' || fail "with descriptors of the host"
}

# CVE-2016-9962
@test "without CAP_SYS_PTRACE it cannot even be looked at" {
	hunted
	! grep -E '^(caps|fd)|^exe /$' "$T/found" || fail "seen before its execve"
}

# CVE-2024-21626
@test "a working directory of /proc/self/fd/N leads nowhere on the host" {
	start ct
	echo of-the-host >"$T/marker"
	local n
	for n in $(seq 3 20) self/cwd; do
		expect 126 tare exec -w "/proc/self/fd/$n" ct cat "../../../../../../../../../..$T/marker"
		matches 'working directory' "$err"
	done
}

# CVE-2019-5736
@test "a #!/proc/self/exe script reaches no program of the host" {
	local before
	before=$(cd "$TARE_BUILD" && sha256sum tare tare-runtime tare-monitor 2>/dev/null)
	printf '#!/proc/self/exe\n' >"$T/script"
	chmod +x "$T/script"
	start ct -v "$T/script:/script"
	tare exec ct /script >"$T/o" 2>&1 3>&- || true
	equal "$before" "$(cd "$TARE_BUILD" && sha256sum tare tare-runtime tare-monitor 2>/dev/null)"
}

@test "etc/passwd as a pipe, a device, a link to the host's, or huge" {
	start ct --cap-add MKNOD
	tare exec ct sh -c 'rm /etc/passwd; mkfifo /etc/passwd'
	expect 126 tare exec ct true
	matches 'etc/passwd: not a regular file' "$err"
	nsenter -t "$(pid_of ct)" -m -r sh -c 'rm /etc/passwd; mknod /etc/passwd c 1 5'
	expect 126 tare exec ct true
	matches 'etc/passwd: not a regular file' "$err"
	nsenter -t "$(pid_of ct)" -m -r sh -c 'rm /etc/passwd; ln -s ../../../../../../../../etc/shadow /etc/passwd'
	expect 126 tare exec -u daemon ct true
	nsenter -t "$(pid_of ct)" -m -r sh -c 'rm /etc/passwd; head -c 2000000 /dev/zero >/etc/passwd'
	expect 126 tare exec ct true
	equal 1 "$(lines_of "$T/stderr")" "lines: $err; number"
	nsenter -t "$(pid_of ct)" -m -r sh -c 'rm /etc/passwd; echo 31337::0:0:: >/etc/passwd'
	expect 0 tare exec -u 31337 ct id -u
	equal 31337 "$out" "CVE-2016-3697"
}

@test "a program or directory that never answers stops nobody else" {
	start ct
	tare exec ct mkfifo /hole
	expect 126 tare exec ct /hole
	expect 0 tare exec ct true
}
