# SPDX-License-Identifier: Apache-2.0
# tare attach, tare wait: clients that come to a container that runs already.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

@test "attach shows what comes, and ends with the container's status" {
	start talker -- sh -c 'while [ ! -e /go ]; do echo wait; sleep 0.05; done; echo out; echo err >&2; exit 9'
	tare attach --no-stdin talker >"$T/o" 2>"$T/e" 3>&- &
	local client=$! status=0
	eventually 10 grep -q wait "$T/o"
	in_box talker touch /go
	wait "$client" || status=$?
	equal 9 "$status" "exit status"
	equal out "$(grep -v wait "$T/o")"
	equal err "$(<"$T/e")"
}

# says WORD FD FILE: until it is seen in FILE: a client takes a moment to be attached
says() { echo "$1" >&"$2"; sleep 0.05; grep -q "$1" "$3"; }

@test "several clients: each gets everything, input comes from all" {
	expect 0 tare run -d -i --name many busybox cat
	mkfifo "$T/in1" "$T/in2"
	tare attach many <"$T/in1" >"$T/out1" 3>&- &
	tare attach many <"$T/in2" >"$T/out2" 3>&- &
	exec 8>"$T/in1" 9>"$T/in2"
	eventually 10 says one 8 "$T/out1"
	eventually 10 says two 8 "$T/out2"
	eventually 10 says three 9 "$T/out1"
	eventually 10 grep -q three "$T/out2"
	exec 8>&- 9>&-
	is_running many
	expect 0 tare rm -f many
	wait
}

@test "a client that is killed, or whose output breaks, is not noticed" {
	start busy -- sh -c 'while :; do echo x; sleep 0.01; done'
	tare attach --no-stdin busy >"$T/o" 3>&- &
	eventually 10 grep -q x "$T/o"
	kill -KILL $!
	local status=0
	timeout 120 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" attach --no-stdin busy 3>&- | head -n 1 >"$T/line" || status=$?
	equal x "$(<"$T/line")"
	is_running busy
}

@test "a reader that stops reading loses nothing, and does not keep the container's end back" {
	mkfifo "$T/pipe"
	tare run --name slow busybox sh -c 'head -c 300000 /dev/zero | tr "\0" x' >"$T/pipe" 3>&- &
	exec 8<"$T/pipe"
	sleep 0.2
	equal 300000 "$(wc -c <&8)"
	exec 8<&-
	wait
	mkfifo "$T/pipe2"
	tare run --name stuck busybox sh -c 'head -c 100000 /dev/zero' >"$T/pipe2" 3>&- &
	exec 8<"$T/pipe2"
	eventually 10 has_exited stuck
	equal 100000 "$(wc -c <&8)"
	exec 8<&-
	wait
}

has_exited() { [ "$(state_of "$1" Status)" = exited ]; }

@test "a container that does not run cannot be attached to" {
	expect 0 tare run --name over busybox true
	expect 1 tare attach over
	contains 'cannot attach to a stopped container, start it first' "$err"
	start held
	expect 0 tare pause held
	expect 1 tare attach held
	contains 'cannot attach to a paused container, unpause it first' "$err"
	expect 1 tare attach nobody
	contains 'No such container: nobody' "$err"
}

@test "the client that is one too many is told" {
	start crowded
	local i
	for ((i = 0; i < 65; i++)); do tare wait crowded >"$T/client$i" 2>&1 3>&- & done
	eventually 20 one_is_told
	expect 0 tare pause crowded
	expect 0 tare unpause crowded
	failed '64 clients are connected' tare attach crowded
	expect 126 tare exec crowded true
	contains '64 clients are connected' "$err"
	expect 0 tare stop -t 0 crowded
	wait
	equal "1 64" "$(cat "$T"/client* | grep -c '64 clients are connected') $(cat "$T"/client* | grep -cx 137)"
}

one_is_told() { grep -qs '64 clients are connected' "$T"/client*; }

@test "wait prints the status of each, of those that have ended too" {
	expect 0 tare run -d --name one busybox sh -c 'exit 3'
	expect 0 tare run -d --name two busybox sh -c 'sleep 0.3; exit 4'
	expect 0 tare wait one two
	equal $'3\n4' "$out"
	expect 1 tare wait nobody one
	equal 3 "$out"
}

@test "-i from a closed standard input is an empty one" {
	local status=0
	tare run --rm -i busybox sh -c 'cat; echo end' >"$T/o" <&- || status=$?
	equal 0 "$status"
	equal end "$(<"$T/o")"
}

@test "-a takes some streams only; -a stdin prints the id" {
	expect 0 tare run --rm -a stderr busybox sh -c 'echo out; echo err >&2'
	equal "" "$out"
	equal err "$err"
	echo hello | tare run --name fed -i -a stdin busybox sh -c 'cat >/got' >"$T/o"
	matches '^[0-9a-f]{64}$' "$(<"$T/o")"
	equal 0 "$(tare wait fed)"
}
