# SPDX-License-Identifier: Apache-2.0
# tare top and tare port.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

id_of() { tare inspect "$1" | jq -r '.[0].Id'; }

# bats test_tags=guest-full
@test "top: the columns of ps -ef, and the processes as the host has them" {
	start web -- sh -c 'sleep 1001 & sleep 1002 & sh -c "while :; do :; done" & wait'
	eventually 10 eval '[ "$(tare top web | grep -Ec " (PID .*|sh -c sleep 1001 .*|sleep 1001|sleep 1002|sh -c while .*)\$")" = 5 ]'
	expect 0 tare top web
	matches '^UID +PID +PPID +C +STIME +TTY +TIME +CMD' "$out"
	matches 'root +'"$(pid_of web)"' +[0-9]+ +[0-9]+ +[0-9:]+ +\? +[0-9:]+ +sh -c sleep' "$out"
	matches '[0-9] +'"$(pid_of web)"' .* sleep 1001' "$out"
	equal "" "$(awk -v shell=$$ '$2 == shell' <<<"$out")"
	equal "$(ps -o pid= -p "$(pid_of web)" --ppid "$(pid_of web)" | tr -d ' ' | sort)" \
		"$(awk 'NR > 1 { print $2 }' <<<"$out" | sort)"
}

@test "top: another user, by number where the host has no name for it" {
	start web --user 1234 -- sleep 1003
	matches '^1234 .* sleep 1003' "$(tare top web | tail -n 1)"
}

@test "top: a user that a process became by itself" {
	start web -- httpd -f -u 1234:1234 -p 127.0.0.1:8080
	eventually 10 grep -Eq '^Uid:.*1234' "/proc/$(pid_of web)/status"
	matches '^1234 .* httpd -f' "$(tare top web | tail -n 1)"
}

@test "top: options are those of the host's ps" {
	command -v ps >/dev/null || skip "no ps on this host"
	start web -- sleep 1004
	expect 0 tare top web -o pid,comm
	matches '^ *PID COMMAND' "$out"
	equal "$(pid_of web) sleep" "$(tail -n 1 <<<"$out" | sed 's/^ *//; s/  */ /')"
	failed "Couldn't find PID field in ps output" tare top web -o comm
	expect 1 tare top web --no-such-option
}

@test "top: refusals" {
	expect 0 tare create --name new busybox true
	failed "container $(id_of new) is not running" tare top new
	failed "No such container: nobody" tare top nobody
}

@test "port: nothing is published" {
	expect 0 tare create --name web busybox true
	expect 0 tare port web
	equal "" "$out"
	failed "no public port '80/tcp' published for web" tare port web 80
	failed "no public port '53/udp' published for web" tare port web 53/udp
	failed 'invalid port "x"' tare port web x
	failed "No such container: nobody" tare port nobody
}
