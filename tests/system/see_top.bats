# SPDX-License-Identifier: Apache-2.0
# tare top on the whole screen, in tmux: keys are sent, the screen is read.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

setup()
{
	command -v tmux >/dev/null || skip "no tmux here"
	[ -x "$TARE_BUILD/tare-top" ] || skip "no tare-top here"
	tare_setup
	export LC_ALL=C.UTF-8 TERM=xterm-256color
	unset COLUMNS # the size of the screen is tmux's
}

teardown()
{
	screen kill-server 2>/dev/null || true
	tare_teardown
}

screen() { tmux -u -S "$T/tmux" "$@" 3>&-; }

# top: on a screen of its own
top()
{
	screen -f /dev/null new-session -d -x 120 -y 24 \
		"$TARE_BUILD/tare --root $T/root --state $T/state top -i 200ms 2>$T/top.err; echo status \$? >$T/top.end"
	eventually 10 shows "q quit"
}

press() { screen send-keys "$@"; }
shown() { screen capture-pane -p; }
shows() { shown | grep -qE -- "$1"; }
lacks() { ! shows "$1"; }
first_is() { [ "$(shown | sed -n '3s/ .*//p')" = "$1" ]; }
small() { [ "$(shown | wc -l)" -le 8 ]; }

@test "containers with their use and sparklines, sorted by keys, explained on a page, paused and killed" {
	need_controller cpu
	need_controller memory
	start busy --cpus 0.2 -- sh -c 'while :; do :; done'
	start large --memory 64m --shm-size 64m -- sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=24 2>/dev/null; sleep 1000'
	top
	eventually 10 shows '^busy +[1-9][0-9.]*% .*(▂|▃|▄|▅|▆|▇|█).* [0-9.]+(KiB|MiB) +[0-9.]+GiB'
	matches '^tare top: 2 containers, CPU [0-9.]+% of [0-9]+%, memory' "$(shown)"
	press m
	eventually 10 shows 'MEMORY\*' || fail "$(shown)"
	eventually 10 first_is large
	press n
	eventually 10 first_is busy
	press Home Enter
	eventually 10 shows '^container busy: throttled by the CPU limit of the container itself'
	eventually 10 shows 'waited|weight' || fail "$(shown)"
	press End
	press q
	eventually 10 shows '^busy '
	press P
	eventually 10 shows '^busy +\(paused\)'
	equal paused "$(state_of busy Status)"
	press P
	eventually 10 lacks '\(paused\)'
	press K
	eventually 10 shows '^kill container busy\? \(y/n\)'
	press n
	eventually 10 shows 'q quit'
	equal running "$(state_of busy Status)"
	press K y
	eventually 10 shows '^busy was killed'
	eventually 10 lacks '^busy +[0-9(]'
	equal exited "$(state_of busy Status)"
	press q
	eventually 10 test -s "$T/top.end"
	equal "status 0" "$(cat "$T/top.end" "$T/top.err")"
}

@test "the tree of groups; another size of the terminal; nothing that runs" {
	need_controller memory
	top
	eventually 10 shows '^nothing runs'
	press t
	eventually 10 shows '^/ +[0-9.]+%'
	start web
	eventually 10 shows '^GROUP'
	press t
	eventually 10 shows '^web +0.[0-9]%'
	screen resize-window -x 40 -y 8
	eventually 10 small
	eventually 10 shows '^web'
	press j k Up Down PageDown PageUp End Home Escape x
	eventually 10 shows '^web'
	press q
	eventually 10 test -s "$T/top.end"
}

@test "without a terminal, and with wrong options, it says so" {
	expect 1 tare top
	equal "tare: a terminal is needed (tare stats --no-stream prints once)" "$err"
	expect 125 tare top --sort colour
	contains 'unknown column "colour"' "$err"
	expect 125 tare top -i 1ms
	contains 'is not from 100ms to 1h' "$err"
}
