# SPDX-License-Identifier: Apache-2.0
# Sixty-four commands at a time, on the same containers and on others: each that loses gets a clear answer, and afterwards
# database, processes, mounts and cgroups agree. STORM_SECONDS: how long (6; a minute in a soak).
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

containers=6

# one_command: one of the things that people do, on a container that some of the others are just at.
one_command()
{
	local name=storm$((RANDOM % containers)) other=storm$((RANDOM % containers))
	case $((RANDOM % 16)) in
	0 | 1 | 2 | 3) set -- exec "$name" true ;;
	4) set -- exec -d "$name" sleep 0.1 ;;
	5) set -- pause "$name" ;;
	6) set -- unpause "$name" ;;
	7) set -- stop -t 0 "$name" ;;
	8 | 9) set -- start "$name" ;;
	10) set -- restart -t 0 "$name" ;;
	11) set -- kill "$name" ;;
	12) set -- rename "$name" "$other" ;;
	13) set -- inspect "$name" ;;
	14) set -- rm -f "$name" ;;
	15) set -- run -d --name "$name" --cgroup-parent "/$group" busybox sleep 1000 ;;
	esac
	command=("$@")
}

worker() # NUMBER UNTIL: each command that failed as a line "STATUS COMMAND | what it said"
{
	local status said began command=()
	RANDOM=$1
	while [ $SECONDS -lt "$2" ]; do
		one_command
		status=0 began=$SECONDS
		said=$(timeout -k 5 300 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "${command[@]}" 2>&1 >/dev/null </dev/null) ||
			status=$?
		[ $((SECONDS - began)) -lt 300 ] || status=never
		[ $status = 0 ] || printf '%s %s | %s\n' "$status" "${command[*]}" "${said//$'\n'/ // }"
	done >"$T/worker.$1"
}

# What a loser may be told: that its container is not there, is in another state, or is somebody else's just now.
clear_answers='[Nn]o such (container|object)|is not running|is already paused|is not paused|is paused|is restarting|paused container'
clear_answers+='|is already in use by container|same name as its current name|being removed|marked for removal|removed meanwhile'
clear_answers+='|was started again|has ended|ended while|told to end|stopped before it was started|exec sessions already|clients are connected|was killed by signal 9 during its set-up'
clear_answers+='|^137 exec [^|]*\| $' # it ran when its container was ended

agree() # NAME…: row, monitor and process of each say the same
{
	local id pid running
	while read -r id pid running; do
		if [ "$running" = true ]; then
			[ -d "/proc/$pid" ] || { echo "$id runs, but process $pid is not there"; continue; }
			grep -q "$id" "/proc/$pid/cgroup" || echo "process $pid of $id is in other groups: $(<"/proc/$pid/cgroup")"
		else
			! left_cgroups | grep "$id" || echo "$id does not run, but has groups"
			! grep -qs "$id" /proc/[0-9]*/cgroup || echo "$id does not run, but has processes"
		fi
	done < <(tare ps -aq --no-trunc | xargs -r "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" inspect \
		-f '{{.Id}} {{.State.Pid}} {{.State.Running}}')
}

monitors() { processes_left | grep -c tare-monitor; }

settled() # as many monitors as containers that run, and nothing that belongs to none
{
	local running ids
	running=$(tare ps -q | wc -l)
	ids=$(tare ps -aq --no-trunc | sort)
	[ "$(monitors)" = "$running" ] && [ "$(ls "$T/root/containers")" = "$ids" ] && [ -z "$(agree)" ]
}

@test "sixty-four commands at a time: clear answers, and everything agrees afterwards" {
	local i until pids=() seconds=6
	for i in $(seq 0 $((containers - 1))); do start "storm$i"; done
	[ "${TARE_SOAK:-0}" = 0 ] || seconds=60
	until=$((SECONDS + ${STORM_SECONDS:-$seconds}))
	for i in $(seq 64); do
		worker "$i" "$until" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat "$T"/worker.* >"$T/losers"
	! grep '^never ' "$T/losers" || fail "commands that did not come back"
	! grep -Ev "$clear_answers" "$T/losers" || fail "unclear answers"
	! grep -E '\|.* // ' "$T/losers" | grep -v 'inspect' || fail "more than one line"
	eventually 20 settled || fail "$(agree)" "monitors: $(processes_left)" "$(tare ps -a)" "$(ls "$T/root/containers")"
	equal "" "$(new_mounts)" "mounts"
	start "afterwards"
	expect 0 tare exec afterwards true
}
