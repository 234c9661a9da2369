# SPDX-License-Identifier: Apache-2.0
# Terminals: tare run -t, on a real pseudo-terminal (on-terminal: the steps that a person would take).
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

# bats test_tags=guest-full
@test "-it: a terminal of its own, the size of ours, and that follows" {
	on_terminal 3 run -it --rm --cgroup-parent "/$group" busybox sh <<-'EOF'
		expect / #
		raw
		send tty; stty size\n
		expect /dev/pts/0
		expect 24 80
		size 40 132
		send until [ "$(stty size)" = "40 ""132" ]; do sleep 0.02; done; stty size\n
		expect 40 132
		send exit 3\n
	EOF
}

@test "-it: the size is there before the command runs" {
	on_terminal 0 run -it --rm --cgroup-parent "/$group" busybox stty size </dev/null
	contains "24 80" "$out"
}

@test "-it: keys reach the foreground process group; the shell lives on" {
	on_terminal 5 run -it --rm --cgroup-parent "/$group" busybox sh <<-'EOF'
		expect / #
		send sh -c 'echo fir""st; exec sleep 1000'\n
		expect first
		send \x03
		expect ^C
		expect / #
		send sh -c 'echo sec""ond; exec sleep 1000'\n
		expect second
		send \x1a
		expect Stopped
		expect / #
		send exit\n
		expect stopped jobs
		expect / #
		send exit 5\n
	EOF
}

@test "-it: detach leaves it running, and the terminal as it was" {
	on_terminal 0 run -it --name kept --cgroup-parent "/$group" busybox sh <<-'EOF'
		expect / #
		send x=1\n
		expect / #
		send \x10\x11
		expect read escape sequence
		cooked
	EOF
	is_running kept
}

# bats test_tags=guest-full
@test "attach: back to where it was left, with the size that our terminal has now" {
	on_terminal 0 run -it --name kept --cgroup-parent "/$group" busybox sh <<-'EOF'
		expect / #
		send x=left; cd /etc\n
		expect /etc #
		send \x10\x11
		expect read escape sequence
		cooked
	EOF
	on_terminal 1 attach kept <<-'EOF' # as Docker's, which takes it for an error
		size 50 100
		raw
		send echo $x-here; until [ "$(stty size)" = "50 ""100" ]; do sleep 0.02; done; stty size\n
		expect left-here
		expect 50 100
		expect /etc #
		size 30 90
		send until [ "$(stty size)" = "30 ""90" ]; do sleep 0.02; done; stty size\n
		expect 30 90
		send \x10\x11
		expect read escape sequence
		cooked
	EOF
	is_running kept
	on_terminal 6 attach kept <<-'EOF'
		raw
		send exit 6\n
	EOF
	equal "exited 6" "$(state_of kept Status) $(state_of kept ExitCode)"
}

@test "attach: two terminals see what either types, and one's leaving is nothing to the other" {
	local first status=0
	expect 0 tare run -dit --name shared busybox sh
	"$BATS_TEST_DIRNAME/on-terminal" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" attach shared \
		>"$T/first" 2>"$T/first.err" 3>&- <<-'EOF' &
		raw
		send touch /here\n
		expect from-two
		send echo from-o""ne; until [ -e /left ]; do sleep 0.02; done; exit 4\n
	EOF
	first=$!
	eventually 10 tare exec shared test -e /here # it is attached, then
	on_terminal 1 attach shared <<-'EOF'
		raw
		send echo from-t""wo\n
		expect from-two
		expect from-one
		send \x10\x11
		expect read escape sequence
	EOF
	is_running shared
	tare exec shared touch /left
	wait "$first" || status=$?
	equal 4 "$status" "status of the first: $(<"$T/first.err") $(<"$T/first"); it"
	contains from-one "$(<"$T/first")"
}

@test "--detach-keys: others than the usual ones, and no unknown ones" {
	on_terminal 0 run -it --name kept --detach-keys ctrl-a,x --cgroup-parent "/$group" busybox sh <<-'EOF'
		expect / #
		send \x01x
		expect read escape sequence
	EOF
	is_running kept
	refused_keys 'Invalid detach keys \(ctrl-1\) provided' --detach-keys ctrl-1
}

refused_keys() # PATTERN OPTION…
{
	expect 1 tare run "${@:2}" busybox true
	matches "$1" "$err"
	equal kept "$(tare ps -a --format '{{.Names}}')"
}

@test "-it without a terminal is refused, and nothing is made" {
	refused_with 1 'the input device is not a TTY' tare run -it busybox true
}

@test "-t without -i: output is a terminal's, wherever it goes" {
	expect 0 tare run -t --rm busybox sh -c 'test -t 1 && test -t 0 && echo yes'
	equal yes "${out%$'\r'}"
}

@test "ten megabytes through a terminal" {
	on_terminal 0 run -it --rm --cgroup-parent "/$group" busybox sh -c 'stty -opost; head -c 10000000 /dev/zero | tr "\0" x; echo done' <<-'EOF'
		flood 10000000
		expect done
	EOF
	equal 10000000 "$(tr -cd x <"$T/shown" | wc -c)"
}

@test "a signal that ends the client leaves the terminal as it was, and the container alone" {
	on_terminal 143 run -it --name kept --sig-proxy=false --cgroup-parent "/$group" busybox sh <<-'EOF'
		expect / #
		raw
		signal SIGTERM
		cooked
	EOF
	is_running kept
}

@test "a terminal that goes away takes its client along" {
	on_terminal 129 run -it --name kept --sig-proxy=false --cgroup-parent "/$group" busybox sh <<-'EOF'
		expect / #
		hangup
	EOF
	is_running kept
}

@test "without -t it is the client that has the terminal, as job control wants it" {
	start plain
	{
		echo 'expect ready'
		eventually 10 in_box plain test -e /ready >&2
		find "/proc/$(ps -o ppid= -p "$(pid_of plain)" | tr -d ' ')/fd" -lname '/dev/pts/*' >"$T/held"
		printf '%s\n' 'send abc\n' 'expect got-abc' 'expect err'
	} | on_terminal 3 exec -i plain sh -c 'echo ready; : >/ready; read x; echo got-$x; echo err >&2; exit 3'
	equal "" "$(cat "$T/held")" "terminals that the monitor has open"
	on_terminal 4 run -i --rm --cgroup-parent "/$group" busybox sh -c 'cat; echo over; exit 4' <<-'EOF'
		send abc\n
		expect abc
		expect abc
		send \x04
		expect over
	EOF
}
