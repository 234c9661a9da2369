# SPDX-License-Identifier: Apache-2.0
# A container's life as engines lead it with an OCI runtime: create, start, state, kill, delete, and run.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load oci

@test "create, start, state, kill, delete" {
	created one
	is created one
	equal 0 "$(stat -c %s "$T/one.log")" "output of create"
	expect 0 runtime start one
	is running one
	expect 0 runtime state one
	equal "1.0.2 one $T/one $T/one/rootfs root" "$(jq -r '"\(.ociVersion) \(.id) \(.bundle) \(.rootfs) \(.owner)"' <<<"$out")"
	kill -0 "$(first_of one)"
	expect 1 runtime delete one
	contains "not stopped: running" "$err"
	expect 0 runtime kill one KILL
	eventually 5 is stopped one
	equal "0" "$(first_of one)" pid
	expect 1 runtime kill one
	contains "container not running" "$err"
	expect 0 runtime delete one
	expect 1 runtime state one
	contains "does not exist" "$err"
}

@test "completion scripts are accepted by their shells, and know commands, options and words" {
	local shell
	for shell in bash fish zsh; do
		expect 0 runtime completion "$shell"
		! command -v "$shell" >/dev/null || "$shell" -n <(echo "$out")
	done
	complete() { bash -c 'eval "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tare_runtime; echo "${COMPREPLY[*]}"' - "$(runtime completion bash)" "$@"; }
	equal "restore resume" "$(complete tare-runtime --root /nosuch res)"
	equal "--pid-file --pidfd-socket" "$(complete tare-runtime exec --pid)"
	equal "text json" "$(complete tare-runtime --log-format '')"
	expect 1 runtime completion tcsh
	contains "completion tcsh: allowed are: bash fish zsh" "$err"
}

@test "a container in the foreground can be paused, changed and deleted by others" {
	bundle one
	runtime run --bundle "$T/one" one >"$T/log" 2>&1 </dev/null 3>&- &
	eventually 5 is running one
	expect 0 runtime pause one
	is paused one
	expect 0 runtime resume one
	expect 0 runtime update --pids-limit 20 one
	expect 0 runtime delete --force one
	expect 137 wait $!
	equal "" "$(cat "$T/log")" "its output"
}

@test "signals that the caller ignores or blocks are the process's own again" {
	bundle one '.process.args = ["cat", "/proc/self/status"]'
	(trap '' HUP PIPE USR1 RTMAX && exec "$TARE_BUILD/tare-runtime" --root "$T/run" run --bundle "$T/one" one) >"$T/log" 3>&-
	equal "0000000000000000 0000000000000000" "$(awk '/^Sig(Blk|Ign):/ { print $2 }' "$T/log" | paste -sd ' ')" "blocked and ignored"
}

@test "what was created does not run before its start, and is started once" {
	bundle one '.process.args = ["sh", "-c", "echo ran"]'
	runtime create --bundle "$T/one" one >"$T/log" 2>&1 3>&-
	is created one
	equal "" "$(cat "$T/log")" "output before the start"
	expect 0 runtime start one
	eventually 5 is stopped one
	equal ran "$(cat "$T/log")" "output"
	expect 1 runtime start one
	contains "cannot start a container that has stopped" "$err"
	started two
	expect 1 runtime start two
	contains "cannot start an already running container" "$err"
}

@test "of eight starts at once one wins, and the others say why" {
	local i wins=0 pids=()
	bundle one '.process.args = ["sh", "-c", "echo ran; exec sleep 1000"]'
	runtime create --bundle "$T/one" one >"$T/log" 2>&1 3>&-
	for i in 1 2 3 4 5 6 7 8; do
		runtime start one >"$T/start.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do ! wait "$i" || wins=$((wins + 1)); done
	equal 1 "$wins" "starts that succeeded"
	equal 7 "$(grep -c "cannot start an already running container" "$T"/start.* | awk -F: '{ n += $2 } END { print n }')" losers
	eventually 5 test -s "$T/log"
	equal ran "$(cat "$T/log")" "output"
}

@test "delete of what was only created, and delete --force of what runs" {
	created one
	expect 0 runtime delete one
	started two
	expect 0 runtime delete --force two
	expect 0 runtime delete --force two
	expect 1 runtime delete two
	contains "does not exist" "$err"
}

@test "an id is taken once, and is a name" {
	created one
	expect 1 runtime create --bundle "$T/one" one
	contains "container with given ID already exists: one" "$err"
	is created one
	expect 1 runtime create --bundle "$T/one" ../x
	contains 'invalid container id "../x"' "$err"
}

@test "a command that is not there, or not executable, is told at create, and nothing is left" {
	bundle one '.process.args = ["nosuch"]'
	expect 1 runtime create --bundle "$T/one" one
	contains 'exec: "nosuch": executable file not found in $PATH' "$err"
	oci_nothing_left
	bundle one '.process.args = ["/etc/data"]'
	touch "$T/one/rootfs/etc/data"
	expect 1 runtime create --bundle "$T/one" one
	contains 'exec: "/etc/data": permission denied' "$err"
	oci_nothing_left
}

@test "what execve(2) itself refuses is told at start" {
	bundle one '.process.args = ["/etc/script"]'
	printf '#!/nowhere\n' >"$T/one/rootfs/etc/script"
	chmod +x "$T/one/rootfs/etc/script"
	runtime create --bundle "$T/one" one >"$T/log" 2>&1 3>&-
	expect 1 runtime start one
	contains "no such file or directory (is its interpreter missing?)" "$err"
	is stopped one
}

@test "a start that fails returns when the process has ended" {
	command -v strace >/dev/null || skip "needs strace"
	bundle one '.process.args = ["/etc/script"]'
	printf '#!/nowhere\n' >"$T/one/rootfs/etc/script"
	chmod +x "$T/one/rootfs/etc/script"
	runtime create --bundle "$T/one" one >"$T/log" 2>&1 3>&-
	strace -qq -o /dev/null -e trace=exit_group -e inject=exit_group:delay_enter=500000 -p "$(first_of one)" 3>&- &
	eventually 5 grep -q '^TracerPid:.[1-9]' "/proc/$(first_of one)/status"
	expect 1 runtime start one
	is stopped one
	expect 0 runtime delete one
	wait
}

@test "run: status, output, a signal that is passed on" {
	bundle one '.process.args = ["sh", "-c", "echo out; exit 7"]'
	expect 7 runtime run --bundle "$T/one" one
	equal out "$out"
	oci_nothing_left
	bundle two '.process.args = ["sh", "-c", "trap \"exit 9\" TERM; touch /tmp/ready; while :; do sleep 0.1; done"]'
	"$TARE_BUILD/tare-runtime" --root "$T/run" run --bundle "$T/two" two 3>&- &
	eventually 5 test -e "$T/two/rootfs/tmp/ready"
	kill -TERM $!
	wait $! && fail "ended well" || equal 9 $? "status"
}

@test "run --detach, --pid-file; run --keep and how it ended" {
	bundle one
	expect 0 runtime run --detach --pid-file "$T/pid" --bundle "$T/one" one
	is running one
	equal "$(first_of one)" "$(cat "$T/pid")" "pid file"
	bundle two '.process.args = ["sh", "-c", "exit 3"]'
	expect 3 runtime run --keep --bundle "$T/two" two
	expect 0 runtime state two
	equal "stopped exited 3" "$(jq -r '"\(.status) \(.end.how) \(.end.exitCode)"' <<<"$out")"
	bundle three '.process.args = ["sh", "-c", "kill -KILL $$; sleep 9"] | .linux.namespaces |= map(select(.type != "pid"))'
	expect 137 runtime run --keep --bundle "$T/three" three
	equal "killed 9" "$(runtime state three | jq -r '"\(.end.how) \(.end.signal)"')"
}

@test "kill --all reaches processes that outlived the first one" {
	started one '.linux.namespaces |= map(select(.type != "pid")) | .process.args = ["sh", "-c", "sleep 1000 & sleep 1000"]'
	eventually 5 eval '[ "$(cat "$host_cgroup"/*/"$group"/one/cgroup.procs "$host_cgroup/$group/one/cgroup.procs" 2>/dev/null | sort -u | wc -l)" -ge 2 ]'
	expect 0 runtime kill one 9
	eventually 5 is stopped one
	expect 0 runtime kill --all one KILL
	expect 0 runtime delete one
}

@test "descriptors of the caller: none, --preserve-fds, LISTEN_FDS" {
	bundle one '.process.args = ["sh", "-c", "ls /proc/self/fd; cat <&3; echo $LISTEN_FDS"]'
	echo text >"$T/text"
	runtime run --bundle "$T/one" one >"$T/log" 2>"$T/errors" 3<"$T/text" || true
	contains "3: Bad file descriptor" "$(cat "$T/errors")"
	runtime run --preserve-fds 1 --bundle "$T/one" one >"$T/log" 3<"$T/text"
	contains text "$(cat "$T/log")"
	LISTEN_FDS=1 runtime run --bundle "$T/one" one >"$T/log" 3<"$T/text"
	matches $'text\n1$' "$(cat "$T/log")"
	expect 125 runtime run --preserve-fds 3 --bundle "$T/one" one
	contains "descriptor 3 is not open" "$err"
}

@test "--log: JSON and text records; the options before the command" {
	bundle one
	expect 1 runtime --log "$T/log" --log-format json state nosuch
	equal "error container nosuch does not exist" "$(jq -r '"\(.level) \(.msg)"' "$T/log")"
	matches '^20[0-9-]+T[0-9:.]+Z$' "$(jq -r .time "$T/log")" time
	expect 1 runtime -log="$T/usage" state -nosuch
	contains "unknown option -n in -nosuch" "$(cat "$T/usage")"
	expect 1 runtime --log "$T/text" state nosuch
	matches '^level=error msg="container nosuch does not exist" time="20' "$(cat "$T/text")"
	expect 1 runtime --log-format xml state nosuch
	contains "--log-format xml: allowed are: text json" "$err"
	expect 0 runtime --version
	matches $'^tare-runtime version .*\nspec: 1\\.3\\.0$' "$out"
	expect 1 runtime crate x
	contains "did you mean create?" "$err"
}
