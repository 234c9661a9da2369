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
		send stty size\n
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
