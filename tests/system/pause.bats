# SPDX-License-Identifier: Apache-2.0
# tare pause and unpause: what is held stands still, and what may be done to it meanwhile.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

id_of() { tare inspect "$1" | jq -r '.[0].Id'; }

frozen() # NAME: the kernel says so
{
	[ "$(cat "$(cgroup_dir "$1" freezer)/freezer.state" 2>/dev/null)" = FROZEN ] ||
		grep -q '^frozen 1' "$(cgroup_dir "$1" v2)/cgroup.events"
}

counter() { cat "$T/root/containers/$(id_of "$1")/upper/count" 2>/dev/null || echo 0; }

counts() # NAME: its count moves on
{
	local before
	before=$(counter "$1")
	eventually 10 eval "[ \"\$(counter $1)\" != '$before' ]"
}

# bats test_tags=guest
@test "pause: nothing runs, not even children; unpause: it goes on" {
	local before
	start web -- sh -c '(while :; do n=$((n + 1)); echo $n >/count.new; mv /count.new /count; done) & wait'
	counts web
	expect 0 tare pause web
	equal web "$out"
	frozen web
	equal '["paused",true,true]' "$(tare inspect web | jq -c '.[0].State | [.Status,.Running,.Paused]')"
	before=$(counter web)
	equal "$before" "$(counter web)"
	expect 0 tare unpause web
	equal web "$out"
	if frozen web; then fail "still frozen"; fi
	equal running "$(state_of web Status)"
	counts web
}

@test "pause: refusals" {
	start web
	expect 0 tare create --name new busybox true
	failed "Container $(id_of web) is not paused" tare unpause web
	expect 0 tare pause web
	failed "Container $(id_of web) is already paused" tare pause web
	failed "cannot start a paused container, try unpause instead" tare start web
	failed "container $(id_of new) is not running" tare pause new
	failed "Container $(id_of new) is not paused" tare unpause new
	failed "No such container: nobody" tare pause nobody
	failed 'cannot remove container "/web": container is paused and must be unpaused first' tare rm web
	equal paused "$(state_of web Status)"
}

# bats test_tags=guest-full
@test "what is paused can be killed, stopped, restarted, removed" {
	local before
	for what in kill 'stop -t 0' 'rm -f'; do
		start web
		expect 0 tare pause web
		# shellcheck disable=SC2086 # options
		expect 0 timeout 120 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" $what web
		[ "$what" = 'rm -f' ] || { equal exited "$(state_of web Status)" "after $what"; expect 0 tare rm web; }
	done
	start web
	before=$(pid_of web)
	expect 0 tare pause web
	expect 0 tare restart -t 0 web
	is_running web
	[ "$(pid_of web)" != "$before" ] || fail "the same process"
}

@test "limits of a paused container can be changed" {
	start web
	expect 0 tare pause web
	expect 0 tare update --pids-limit 9 --memory 64m web
	equal 9 "$(limit web pids.max pids.max)"
	equal paused "$(state_of web Status)"
	expect 0 tare unpause web
}

# bats test_tags=guest-full
@test "the monitor of a paused container is killed: the next look ends what was held" {
	local id
	start web
	id=$(id_of web)
	expect 0 tare pause web
	kill -KILL "$(awk '$1 == "monitor_pid" { print $2 }' "$T/root/containers/$id/outcome")"
	eventually 10 eval '[ "$(state_of web Status)" = exited ]'
	equal 137 "$(state_of web ExitCode)"
	equal "" "$(left_cgroups | grep "$id" || true)"
}

readonly_disk() # in a mount namespace of its own
{
	mount -t tmpfs -o size=20m tmpfs "$T/small"
	cp -a "$T/root" "$T/small/root"
	local t=("$TARE_BUILD/tare" --root "$T/small/root" --state "$T/state")
	"${t[@]}" run -d --name held --log-driver none --cgroup-parent "/$group" busybox sleep 1000 >/dev/null
	mount -o remount,ro "$T/small"
	! "${t[@]}" pause held
	mount -o remount,rw "$T/small"
	is_paused() { [ "$("${t[@]}" inspect -f '{{.State.Status}}' held)" = paused ]; }
	eventually 10 is_paused
	"${t[@]}" unpause held
	"${t[@]}" rm -f held
}

@test "a state that cannot be recorded is recorded as soon as it can" {
	mkdir "$T/small"
	private_mounts readonly_disk >"$T/seen" 2>"$T/err" || fail "$(<"$T/seen")" "$(<"$T/err")"
	equal $'held\nheld' "$(<"$T/seen")"
	matches 'Read-only file system$' "$(<"$T/err")"
}
