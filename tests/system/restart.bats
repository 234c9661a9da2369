# SPDX-License-Identifier: Apache-2.0
# Restart policies: what is started again after its end, how often, and what ends that. The wait before the first start is
# 100 ms and doubles, so a container is given few lives here.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

# Each life leaves a line in a volume, which is there whether the container is or not.
lives() { grep -c . "$T/root/volumes/lives/_data/lives" 2>/dev/null || true; }

# lived COUNT: also of the life that is now, which leaves its line only after it runs
lived() { eventually 10 lives_are "$1"; }

lives_are() { [ "$(lives)" = "$1" ]; }

# begun NAME [OPTIONS] -- SCRIPT: a container whose lives are counted, in the background
begun()
{
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	expect 0 tare run -d --name "$name" -v lives:/v "${options[@]}" busybox sh -c "echo life >>/v/lives; $1"
}

told() { tare inspect --format "{{$2}}" "$1"; } # NAME FIELDS

is() { equal "$2" "$(told "$1" .State.Status)" "status of $1"; } # NAME STATUS

restarts_of() { told "$1" .RestartCount; }

# waits NAME COUNT: between two lives, and before one that is far enough for what the test does meanwhile
waits()
{
	local now count
	read -r now count < <(told "$1" '.State.Status}} {{.RestartCount')
	[ "$now" = restarting ] && [ "$count" -ge "$2" ]
}

runs_again() { [ "$(told "$1" '.State.Status}} {{.RestartCount')" = "running $2" ]; } # NAME COUNT

# it_ends NAME LIVES: for good: nobody is left who could start it again
it_ends()
{
	eventually 20 has_exited "$1"
	eventually 10 no_processes
	is "$1" exited
	equal "$2" "$(lives)" "lives of $1"
}

has_exited() { [ "$(told "$1" .State.Status)" = exited ]; }

no_processes() { [ -z "$(processes_left)" ]; }

# ---- what is started again ------------------------------------------------------------------------------------------

@test "no: it ends with its first life, whatever its status" {
	begun web --restart no -- 'exit 3'
	it_ends web 1
	equal "3 0" "$(told web .State.ExitCode) $(restarts_of web)"
}

# bats test_tags=guest-full
@test "on-failure:2: three lives, of which the last one's status and all that was written stay" {
	begun web --restart on-failure:2 -- 'echo x >>/seen; n=$(grep -c x /seen); echo out $n; echo err $n >&2; exit $((40 + n))'
	it_ends web 3
	equal "43 2" "$(told web .State.ExitCode) $(restarts_of web)"
	expect 0 tare logs web
	equal $'out 1\nout 2\nout 3' "$out" "log of its output"
	equal $'err 1\nerr 2\nerr 3' "$err" "log of its errors"
	matches '^Exited \(43\)' "$(tare ps -a --format '{{.Status}}')"
}

@test "on-failure: an end without failure is the last; start begins to count anew" {
	begun web --restart on-failure -- '[ $(grep -c . /v/lives) != 1 ]'
	it_ends web 2
	equal "0 1" "$(told web .State.ExitCode) $(restarts_of web)"
	expect 0 tare start web
	it_ends web 3
	equal 0 "$(restarts_of web)"
}

@test "always, unless-stopped: an end without failure as well; stop ends both" {
	local policy
	for policy in always unless-stopped; do
		begun "$policy" --restart "$policy" -- '[ $(grep -c . /v/lives) -lt 3 ] || exec sleep 1000'
		eventually 10 runs_again "$policy" 2
		lived 3
		expect 0 tare stop -t 0 "$policy"
		it_ends "$policy" 3
		expect 0 tare rm "$policy"
		expect 0 tare volume rm lives
	done
}

@test "run and wait tell of the first end that they see, as Docker's do" {
	expect 7 tare run --name web -v lives:/v --restart on-failure:1 busybox sh -c 'echo life >>/v/lives; echo out; exit 7'
	equal out "$out"
	it_ends web 2
	equal $'out\nout' "$(tare logs web)"
	expect 0 tare start web
	matches '^7$' "$(tare wait web)"
	it_ends web 4
}

@test "a first process that somebody else kills is started again" {
	begun web --restart on-failure -- 'exec sleep 1000'
	lived 1
	kill -KILL "$(pid_of web)"
	eventually 10 runs_again web 1
	lived 2
}

@test "a first process that the OOM killer takes is started again" {
	need_controller memory
	begun web --restart on-failure:1 --memory 16m --memory-swap 16m -- 'exec tail /dev/zero'
	it_ends web 2
	equal "137 true 1" "$(tare inspect web | jq -r '.[0] | "\(.State.ExitCode) \(.State.OOMKilled) \(.RestartCount)"')"
}

# ---- between two lives ----------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "between two lives: what ps and inspect say, and what is refused" {
	local id
	begun web --restart always -- 'exit 1'
	id=$out
	while_it_waits web says_that_it_waits "$id"
	eventually 10 no_cgroup # its wait may have ended meanwhile: then in the next one
}

# while_it_waits NAME CMD…: between two lives; when the next one began meanwhile, once more before a later one, which is farther
while_it_waits()
{
	local count status=lost
	while [ "$status" = lost ]; do
		eventually 10 waits "$1" 5 || return
		count=$(restarts_of "$1")
		status=0
		"${@:2}" || status=1
		[ "$(told "$1" '.State.Status}} {{.RestartCount')" = "restarting $count" ] || status=lost
	done
	return "$status"
}

says_that_it_waits() # ID
{
	matches '^Restarting \(1\) ' "$(tare ps --filter status=restarting --format '{{.Status}}')" &&
		equal "restarting true true 0 1" \
			"$(tare inspect web | jq -r '.[0].State | "\(.Status) \(.Running) \(.Restarting) \(.Pid) \(.ExitCode)"')" &&
		failed "Container $1 is restarting, wait until the container is running" tare pause web &&
		failed 'cannot remove container "/web": container is restarting: stop the container before removing or force remove' \
			tare rm web
}
no_cgroup() { [ -z "$(left_cgroups)" ]; }

@test "stop between two lives: it has ended, and stays so" {
	local n
	begun web --restart always -- 'exit 4'
	eventually 10 waits web 5
	expect 0 tare stop web
	n=$(lives)
	it_ends web "$n"
	equal 4 "$(told web .State.ExitCode)" "status of its last life"
	equal "$n" "$(restarts_of web)" "the one that was to come is counted, as Docker does"
}

@test "kill between two lives, and rm -f: likewise" {
	local n
	begun web --restart always -- 'exit 4'
	eventually 10 waits web 3
	expect 0 tare kill web
	n=$(lives)
	it_ends web "$n"
	expect 0 tare start web
	eventually 10 waits web 3
	expect 0 tare rm -f web
	eventually 5 no_processes
	equal "" "$(tare ps -aq)"
}

# ---- by hand --------------------------------------------------------------------------------------------------------

@test "kill: SIGKILL, and the signal that stops it, are no failures" {
	local signal
	begun web --restart always --stop-signal USR1 -- 'trap "exit 9" USR1 HUP; touch /ready; while :; do sleep 0.02; done'
	for signal in KILL USR1; do
		eventually 10 tare exec web rm /ready
		expect 0 tare kill -s "$signal" web
		it_ends web "$(lives)"
		expect 0 tare start web
	done
	lived 3
	eventually 10 tare exec web rm /ready
	expect 0 tare kill -s HUP web # this one is for the command; that it ends by it is its own affair
	eventually 10 runs_again web 1
	lived 4
}

@test "kill: any signal stops it where none was chosen for that" {
	begun web --restart always -- 'trap "exit 9" HUP; touch /ready; while :; do sleep 0.02; done'
	eventually 10 tare exec web rm /ready
	expect 0 tare kill -s HUP web
	it_ends web 1
	equal "9 true" "$(told web '.State.ExitCode}} {{.Tare.StoppedByUser')"
}

@test "kill: unless-stopped is stopped by any signal" {
	begun web --restart unless-stopped --stop-signal USR1 -- 'trap "exit 9" HUP; touch /ready; while :; do sleep 0.02; done'
	eventually 10 tare exec web rm /ready
	expect 0 tare kill -s HUP web
	it_ends web 1
}

@test "restart of a running container is no automatic one; it keeps its policy" {
	local before
	begun web --restart on-failure -- 'exec sleep 1000'
	lived 1
	before=$(pid_of web)
	expect 0 tare restart -t 0 web
	equal web "$out"
	is web running
	equal 0 "$(restarts_of web)"
	lived 2
	[ "$(pid_of web)" != "$before" ] || fail "the same process"
	kill -KILL "$(pid_of web)"
	eventually 10 runs_again web 1
	lived 3
}

@test "restart between two lives starts it now" {
	begun web --restart always -- '[ ! -e /v/stay ] || exec sleep 1000; exit 1'
	eventually 10 waits web 2
	touch "$T/root/volumes/lives/_data/stay"
	expect 0 tare restart web
	is web running
	equal 0 "$(restarts_of web)"
}

@test "restart of an --rm container keeps it; its next end does not" {
	local id
	begun web --rm -- 'exec sleep 1000'
	id=$out
	lived 1
	expect 0 tare restart -t 0 web
	is web running
	equal "$id" "$(tare ps -q --no-trunc)"
	lived 2
	expect 0 tare stop -t 0 web
	eventually 5 is_gone web
}

@test "--rm and a policy contradict each other" {
	local policy
	for policy in always unless-stopped on-failure:3; do
		refused 'conflicting options: cannot specify both --restart and --rm' tare run --rm --restart "$policy" busybox true
	done
	expect 0 tare run --rm --restart no busybox true
}

# ---- another policy -------------------------------------------------------------------------------------------------

@test "update --restart no: the life that is now is the last" {
	begun web --restart always -- 'exec sleep 1000'
	lived 1
	expect 0 tare update --restart no web
	kill -KILL "$(pid_of web)"
	it_ends web 1
	equal 137 "$(told web .State.ExitCode)"
	equal no "$(tare inspect web | jq -r '.[0].HostConfig.RestartPolicy.Name')"
}

@test "update --restart always: what was to end is started again" {
	begun web -- 'exec sleep 1000'
	lived 1
	expect 0 tare update --restart always web
	kill -KILL "$(pid_of web)"
	eventually 10 runs_again web 1
	lived 2
}

@test "update between two lives is for the next one" {
	local n
	begun web --restart always -- 'exit 5'
	eventually 10 waits web 2
	expect 0 tare update --restart on-failure:1 web
	n=$(lives)
	eventually 10 has_exited web
	between $((n < 3 ? 3 : n)) $((n + 1)) "$(lives)" lives
}

# ---- after a boot ---------------------------------------------------------------------------------------------------

# All processes are gone at once, and what is not on a disk; only the kernel's id of the boot tells it from a crash.
power_goes()
{
	local ids pids
	mapfile -t ids < <(tare ps -q)
	mapfile -t pids < <(tare inspect "${ids[@]}" | jq '.[].State.Pid')
	pgrep -f "^[^ ]*tare-monitor $T/state" | xargs -r kill -KILL
	kill -KILL "${pids[@]}" 2>/dev/null || true
	eventually 10 no_processes
	rm -rf "${T:?}/state"
	sed -i "s/^boot_id .*/boot_id 00000000-0000-4000-8000-000000000000/" "$T"/root/containers/*/outcome
}

run_now() { tare ps --format '{{.Names}}' | sort | xargs; }
run_now_are() { [ "$(run_now)" = "$1" ]; }

@test "after a boot: always and unless-stopped run again, what somebody stopped only with always, others do not" {
	start always --restart always
	start always-stopped --restart always
	start unless --restart unless-stopped
	start unless-stopped --restart unless-stopped
	start unless-killed --restart unless-stopped
	start failure --restart on-failure
	start none --label keep=1
	expect 0 tare create --name never --restart always busybox sleep 1000
	expect 0 tare stop -t0 always-stopped unless-stopped
	expect 0 tare kill unless-killed
	power_goes
	expect 0 tare start --all --filter should-start-on-boot=true
	equal $'always\nalways-stopped\nunless' "$out" "what was started"
	equal "always always-stopped unless" "$(run_now)" "what runs"
	equal 0 "$(told unless .RestartCount)"
	equal 255 "$(told failure .State.ExitCode)"

	expect 0 tare start --filter should-start-on-boot=true # they run
	equal "" "$out" "what was started"
	expect 0 tare start -f label=keep=1 -f restart-policy=no
	equal none "$out" "what was started"
	expect 1 tare start --all none
	equal "tare: either start all containers or the container(s) provided in the arguments" "$err"
	expect 1 tare start -a --all
	expect 1 tare start -f restart-policy=sometimes
	contains "invalid filter 'restart-policy=sometimes' (no, always, unless-stopped, on-failure)" "$err"

	[ -x "$TARE_BUILD/tared" ] || return 0
	expect 0 tare stop -t0 always-stopped
	power_goes
	"$TARE_BUILD/tared" --root "$T/root" --state "$T/state" --metrics "unix://$T/m.sock" --restart >"$T/tared.out" 2>&1 </dev/null 3>&- &
	eventually 10 run_now_are "always always-stopped unless"
	kill "$!"
	wait "$!" || fail "tared: $(<"$T/tared.out")"
	equal "" "$(<"$T/tared.out")" "what tared says"
}
