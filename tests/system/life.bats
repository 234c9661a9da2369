# SPDX-License-Identifier: Apache-2.0
# A container from create to rm: each transition, each refusal, in Docker's words.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

# made NAME [OPTIONS] [-- CMD…]: a container that was not started
made()
{
	local name=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
	[ $# = 0 ] || shift
	[ $# -gt 0 ] || set -- sleep 1000
	expect 0 tare create --name "$name" "${options[@]}" busybox "$@"
}

# id_of NAME
id_of() { tare inspect "$1" | jq -r '.[0].Id'; }

is() { equal "$2" "$(state_of "$1" Status)" "status of $1"; } # NAME STATUS

# ---- create and start ---------------------------------------------------------------------------------------------

@test "who begins to wait while it is being started waits for its end" {
	command -v strace >/dev/null || skip "strace is not installed"
	made web
	expect 0 tare start web
	expect 0 tare kill web
	strace -qq -o /dev/null -e trace=connect -e inject=connect:delay_exit=1000000 \
		"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" wait web >"$T/waited" 2>&1 3>&- &
	sleep 0.5
	expect 0 tare start web
	sleep 1
	equal "" "$(cat "$T/waited")" "what wait said while it runs"
	expect 0 tare stop -t 0 web
	wait $!
	equal 137 "$(cat "$T/waited")" "status"
}

# bats test_tags=guest-full
@test "create makes everything and starts nothing" {
	made web -v data:/data
	matches '^[0-9a-f]{64}$' "$out"
	is web created
	equal 0 "$(pid_of web)"
	equal "" "$(left_cgroups)" "cgroups"
	equal "" "$(find "$T/state" -mindepth 1)" "state"
	[ -d "$T/root/volumes/data/_data" ]
	contains Created "$(tare ps -a)"
	equal "" "$(tare ps -q)"
}

@test "create: what run refuses, it refuses, and nothing is made" {
	failed "Minimum memory limit allowed is 6MB" tare create --memory 4k busybox true
	failed "Unable to find image" tare create --pull never no-such-image:1 true
	made web
	failed "is already in use by container" tare create --name web busybox true
	equal 1 "$(tare ps -aq | grep -c .)" "containers"
}

# bats test_tags=guest-full
@test "start: a name is printed, it runs, and again is no failure" {
	made web -- sh -c 'echo $((++n)) >>/count; exec sleep 1000'
	expect 0 tare start web
	equal web "$out"
	is web running
	expect 0 tare start web
	equal web "$out"
	eventually 10 test -s "$T/root/containers/$(id_of web)/upper/count"
	equal 1 "$(in_box web grep -c . /count)"
}

@test "start: what was written stays, environment and host name are the same each time" {
	made web -e A=1 -- sh -c 'hostname >>/seen; echo $A >>/seen; echo out'
	expect 0 tare start web
	eventually 10 is web exited
	expect 0 tare start web
	eventually 10 is web exited
	equal "$(id_of web | cut -c -12)/1/$(id_of web | cut -c -12)/1/" "$(tr '\n' / <"$T/root/containers/$(id_of web)/upper/seen")"
}

@test "start: several at once; each failure has its line" {
	made one
	made two
	made bad -- no-such-command
	expect 1 tare start one bad nobody two
	equal "one two" "$(tr '\n' ' ' <<<"$out" | sed 's/ $//')"
	equal 2 "$(grep -c '' "$T/stderr")"
	contains "No such container: nobody" "$err"
	is one running
	is two running
	is bad exited
	equal 127 "$(state_of bad ExitCode)"
	contains no-such-command "$(state_of bad Error)"
}

@test "start: an anonymous volume is the same one each time" {
	made web -v /data -- sh -c 'echo x >>/data/count'
	expect 0 tare start web
	eventually 10 is web exited
	expect 0 tare start web
	eventually 10 is web exited
	equal 2 "$(cat "$T"/root/volumes/*/_data/count | grep -c x)"
	equal 1 "$(find "$T/root/volumes" -mindepth 1 -maxdepth 1 | grep -c .)"
}

@test "create --rm: it stays until it was started and has ended" {
	made web --rm -- true
	tare ps -a >/dev/null
	is web created
	expect 0 tare start web
	eventually 10 is_gone web
}

# ---- stop, kill, restart ------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "kill: SIGKILL by default, and it has ended when the command returns" {
	start web
	expect 0 tare kill web
	equal web "$out"
	is web exited
	equal 137 "$(state_of web ExitCode)"
	equal "" "$(left_cgroups)" "cgroups"
}

@test "kill: a signal by name or number reaches the first process" {
	start web -- sh -c 'trap "echo usr1 >>/seen" USR1; trap "exit 7" TERM; touch /ready; while :; do sleep 0.05; done'
	eventually 10 test -e "$T/root/containers/$(id_of web)/upper/ready"
	expect 0 tare kill -s USR1 web
	eventually 10 grep -q usr1 "$T/root/containers/$(id_of web)/upper/seen"
	expect 0 tare kill --signal 15 web
	eventually 10 is web exited
	equal 7 "$(state_of web ExitCode)"
	failed "Invalid signal: NOSUCH" tare kill -s NOSUCH web
	rm "$T/root/containers/$(id_of web)/upper/ready"
	expect 0 tare start web
	eventually 10 test -e "$T/root/containers/$(id_of web)/upper/ready"
	expect 0 tare stop -t 2147484 web # more milliseconds than an int has
	equal 7 "$(state_of web ExitCode)"
}

@test "kill of what does not run" {
	made web
	failed "cannot kill container: web: container $(id_of web) is not running" tare kill web
	failed "No such container: nobody" tare kill nobody
}

@test "stop of what does not run is no failure" {
	made web
	expect 0 tare stop web
	equal web "$out"
	is web created
	failed "No such container: nobody" tare stop nobody
}

# bats test_tags=guest-full
@test "restart: another first process; one that does not run is started" {
	local before
	start web
	before=$(pid_of web)
	expect 0 tare restart -t 0 web
	equal web "$out"
	is web running
	[ "$(pid_of web)" != "$before" ] || fail "the same process"
	expect 0 tare kill web
	expect 0 tare restart web
	is web running
}

# ---- rename -------------------------------------------------------------------------------------------------------

@test "rename: a running container gets another name" {
	start web
	expect 0 tare rename web shop
	equal "" "$out"
	is shop running
	failed "No such container: web" tare kill web
	expect 0 tare rename "$(id_of shop | cut -c -12)" /web
	is web running
}

@test "rename: refusals" {
	made web
	made shop
	failed "Error when allocating new name: Conflict. The container name \"/shop\" is already in use by container \"$(id_of shop)\"" \
		tare rename web shop
	failed "Renaming a container with the same name as its current name" tare rename web web
	failed "Neither old nor new names may be empty" tare rename web ''
	failed "Invalid container name (a b)" tare rename web 'a b'
	failed "No such container: nobody" tare rename nobody somebody
	is web created
}

# ---- rm -----------------------------------------------------------------------------------------------------------

@test "rm: of a running one only by force; what was never started goes" {
	made web
	start busy
	expect 0 tare rm web
	failed 'cannot remove container "/busy": container is running: stop the container before removing or force remove' tare rm busy
	is busy running
	expect 0 tare rm -f busy
	equal "" "$(tare ps -aq)"
}

# ---- start -a -----------------------------------------------------------------------------------------------------

@test "start -a: its output and its exit status; -i: its input" {
	made web -- sh -c 'echo out; echo err >&2; exit 7'
	expect 7 tare start -a web
	equal out "$out"
	equal err "$err"
	made reads -i -- sh -c 'cat; exit 3'
	equal "hello" "$(echo hello | tare start -ai reads || [ $? = 3 ])"
	made once --rm -- true
	expect 0 tare start -a once
	is_gone once
	made bad -- no-such-command
	expect 127 tare start -a bad
	contains no-such-command "$err"
	failed "you cannot start and attach multiple containers at once" tare start -a web reads
	failed "No such container: nobody" tare start -a nobody
}

# ---- many at once, and killed half way ----------------------------------------------------------------------------

at_once() # NUMBER COMMAND…: their statuses, sorted, each once
{
	local n=$1 i pids=() status all=''
	shift
	for ((i = 0; i < n; i++)); do
		"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "$@" >/dev/null 2>>"$T/messages" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		status=0
		wait "$i" || status=$?
		all+=$status$'\n'
	done
	sort -u <<<"${all%$'\n'}"
}

# bats test_tags=guest-full
@test "twenty starts, and twenty stops, of one container at a time" {
	made web -- sh -c 'echo x >>/count; exec sleep 1000'
	equal 0 "$(at_once 20 start web)" "statuses of start"
	is web running
	eventually 10 test -e "$T/root/containers/$(id_of web)/upper/count"
	equal 1 "$(grep -c x "$T/root/containers/$(id_of web)/upper/count")" "lives"
	equal 0 "$(at_once 20 stop -t 0 web)" "statuses of stop"
	is web exited
	equal "" "$(left_cgroups)" "cgroups"
}

@test "starts, stops, restarts, updates and removals of one container at a time" {
	local i
	made web
	for i in 1 2 3; do
		{ at_once 5 start web & at_once 5 stop -t 0 web & at_once 3 restart -t 0 web & at_once 3 update --pids-limit 50 web & at_once 3 kill web & wait; } >/dev/null
		tare ps -a >/dev/null
		matches '^(running|exited)$' "$(state_of web Status)"
	done
	[ ! -s "$T/messages" ] || ! grep -v 'is not running\|was not started\|nobody was left\|has ended' "$T/messages" ||
		fail "messages that nobody expects"
	expect 0 tare rm -f web
	equal "" "$(tare ps -aq)"
}

@test "a start that is killed anywhere leaves a container that can be started" {
	local point status killed=0
	made web --memory 64m -v data:/data
	# before the old state goes, between charter and document, before and after the monitor, before its answer
	for point in mkdirat:1 renameat:1 renameat:2 socketpair:1 clone3:2 sendmsg:1 sendmsg:2 recvmsg:1; do
		strace -o /dev/null -e trace="${point%:*}" -e inject="${point%:*}:signal=KILL:when=${point#*:}" \
			"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" start web >/dev/null 2>&1 3>&- && status=0 || status=$?
		[ $status != 137 ] || killed=$((killed + 1))
		eventually 10 eval 'tare ps >/dev/null && [[ $(state_of web Status) =~ ^(created|exited|running)$ ]]'
		expect 0 tare start web
		is web running
		expect 0 tare kill web
	done
	[ $killed -ge 5 ] || fail "killed only $killed times"
}

@test "a stop and a restart that are killed anywhere" {
	local point status killed=0
	made web -- sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done'
	for point in 'stop connect:1' 'stop sendmsg:1' 'stop recvmsg:1' 'restart sendmsg:1' 'restart recvmsg:1' 'restart renameat:1' \
		'restart clone3:2'; do
		expect 0 tare start web
		strace -o /dev/null -e trace="$(cut -d' ' -f2 <<<"${point%:*}")" \
			-e inject="$(cut -d' ' -f2 <<<"${point%:*}"):signal=KILL:when=${point#*:}" \
			"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "${point%% *}" -t 5 web >/dev/null 2>&1 3>&- && status=0 || status=$?
		[ $status != 137 ] || killed=$((killed + 1))
		expect 0 tare ps -a
		expect 0 tare stop -t 5 web
		is web exited
	done
	[ $killed -ge 4 ] || fail "killed only $killed times"
}

# Without that each end waits until all that anybody wrote to the disk of the data root is on it.
@test "--rm: a restart while a stop waits: it stays, and runs" {
	local stopping
	# shellcheck disable=SC2016 # the container's shell
	start web --rm -- sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" stop -t 20 web >/dev/null 2>"$T/messages" 3>&- &
	stopping=$!
	sleep 0.3
	expect 0 tare restart -t 0 web
	wait $stopping || fail "stop: $(cat "$T/messages")"
	is web running
	expect 0 tare stop -t 0 web
}

@test "--rm: what is thrown away is not written out first, and survives a restart of the container" {
	local root
	root() { sed -n 's/^.* \/ \/ [^-]* - overlay overlay //p' "/proc/$(pid_of "$1")/mountinfo"; }
	expect 0 tare run -d --name keep busybox sleep 1000
	root=$(root keep)
	contains upperdir= "$root"
	[[ $root != *volatile* ]] || fail "$root"
	expect 0 tare run -d --rm --name scratch busybox sleep 1000
	contains volatile "$(root scratch)"
	expect 0 tare exec scratch sh -c 'echo kept >/x'
	expect 0 tare restart -t 0 scratch
	expect 0 tare exec scratch cat /x
	equal kept "$out"
	contains volatile "$(root scratch)"
}

# A monitor of an older tare closes the connection, or so it would be if the protocol changed; ours says what it speaks.
@test "a stop that the monitor does not understand is no success" {
	need_python
	start old
	local dir
	dir=$T/state/$(tare inspect old | jq -r '.[0].Id')
	python3 - "$dir/control" <<-'EOF'
		import socket, struct, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.settimeout(60)
		s.connect(sys.argv[1])
		s.send(struct.pack("II", 3, 5))
		answer = s.recv(4096)
		assert struct.unpack_from("II", answer)[1] == 68, answer
		assert b"of version 3, this tare speaks version 2" in answer, answer
	EOF
	mv "$dir/control" "$dir/kept"
	python3 - "$dir/control" 3>&- <<-'EOF' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.settimeout(60)
		s.bind(sys.argv[1])
		s.listen()
		s.accept()[0].recv(4096)
	EOF
	eventually 10 test -S "$dir/control"
	failed 'container old: its monitor did not understand, and it still runs' tare stop -t 0 old
	wait
	mv "$dir/kept" "$dir/control"
	is_running old
	expect 0 tare stop -t 0 old
}

has_ended() { [ "$(state_of "$1" Running)" = false ]; }

@test "rm -f of what somebody starts again meanwhile ends that too" {
	local i rm reached=
	command -v strace >/dev/null || skip "needs strace"
	for i in $(seq 10); do
		start web -- sleep 1000
		# between two looks it is away for a second
		strace -f -qq -o /dev/null -e trace=nanosleep,clock_nanosleep -e inject=nanosleep,clock_nanosleep:delay_enter=1000000:when=1 \
			"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" rm -f web >/dev/null 2>"$T/said" 3>&- &
		rm=$!
		eventually 5 has_ended web 2>/dev/null || true
		! tare start web >/dev/null 2>&1 || reached=1
		if ! wait "$rm"; then # the start came between its look and its lock
			grep -q 'was started again' "$T/said" || fail "rm -f: $(<"$T/said")"
			expect 0 tare rm -f web
			continue
		fi
		equal "" "$(tare ps -aq)"
		[ -z "$reached" ] || return 0
	done
	fail "it was never started again"
}
