# SPDX-License-Identifier: Apache-2.0
# The OOM killer: that it came, whom it took, whose limit it was. On any layout of cgroups.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash
# bats file_tags=guest-full

load helpers

setup()
{
	tare_setup
	few_kills_lately
	need_controller memory
	[ -x "$TARE_BUILD/tests/system/probe" ] || skip "no static probe in this build"
}

with_probe=(-v "$TARE_BUILD/tests/system/probe:/probe:ro")
limited=("${with_probe[@]}" --memory 32m --memory-swap 32m)

# may_read_log: who may not, learns neither owner nor victim
may_read_log() { dd if=/dev/kmsg of=/dev/null bs=8192 count=1 iflag=nonblock status=none 2>/dev/null; }

oom_of() { tare inspect "$1" | jq -r ".[0].Tare.OOM$2"; } # NAME FIELD

cgroup_of() { tare inspect "$1" | jq -r '.[0].Tare.Cgroup'; }

# told NAME KILLS OWNER LIMIT VICTIM: owner and victim only where the log may be read
told()
{
	equal true "$(state_of "$1" OOMKilled)" "OOMKilled of $1"
	equal "$2" "$(oom_of "$1" .Kills)" "kills"
	may_read_log || return 0
	equal "$3 $4 $5" "$(oom_of "$1" '|"\(.Owner) \(.Limit) \(.Victim.Name)"')" "owner, limit, victim"
}

not_told()
{
	equal false "$(state_of "$1" OOMKilled)" "OOMKilled of $1"
	equal null "$(oom_of "$1" '')" "what is told"
}

# limit_group BYTES: of this test's group, in which its containers run
limit_group()
{
	local version mount
	read -r version mount < <(hierarchy_of memory)
	if [ "$version" = v1 ]; then
		echo "$1" >"$mount/$group/memory.limit_in_bytes"
		[ ! -e "$mount/$group/memory.memsw.limit_in_bytes" ] || echo "$1" >"$mount/$group/memory.memsw.limit_in_bytes"
	else
		echo "$1" >"$mount/$group/memory.max"
		[ ! -e "$mount/$group/memory.swap.max" ] || echo 0 >"$mount/$group/memory.swap.max"
	fi
}

has_ended() { [ "$(state_of "$1" Running)" = false ]; }

# bats test_tags=guest
@test "the first process is taken: 137, and the limit, its owner and the victim are told" {
	expect 137 tare run --name first "${limited[@]}" busybox /probe memory 64
	equal "" "$out"
	equal 137 "$(state_of first ExitCode)"
	told first 1 "$(cgroup_of first)" 33554432 probe
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr"
	matches 'warning: killed for lack of memory' "$err"
	may_read_log || return 0
	matches "process $(oom_of first .Victim.Pid) \(probe\), at the memory limit of 32 MiB of the container$" "$err"
	# nobody is there to be told of a container in the background, and nothing of one that goes with --rm
	expect 137 box "${limited[@]}" -- /probe memory 64
	matches 'process [0-9]+ \(probe\), at the memory limit of 32 MiB of the container$' "$err"
}

@test "only a child is taken: the status is the first process's own, and OOMKilled is true, also while it runs" {
	start parent "${limited[@]}" -- sh -c '/probe memory 64; : >/tmp/done; sleep 1000'
	eventually 10 in_box parent test -e /tmp/done
	told parent 1 "$(cgroup_of parent)" 33554432 probe
	equal true "$(state_of parent Running)"
	expect 7 tare run --name other "${limited[@]}" busybox sh -c '/probe memory 64; /probe memory 64; exit 7'
	[[ $err != *warning* ]] || fail "said of an end that was the command's own:" "$err"
	told other 2 "$(cgroup_of other)" 33554432 probe
}

# bats test_tags=guest-full
@test "a limit above: its owner is named, and a sibling under it is not said to be killed" {
	start survivor
	limit_group 33554432
	expect 137 tare run --name victim "${with_probe[@]}" busybox /probe memory 64
	told victim 1 "/$group" 33554432 probe
	! may_read_log || matches "at the memory limit of 32 MiB of cgroup /$group$" "$err"
	not_told survivor
}

# sub_group: on v1 or v2, in a container with the right to make groups: a child is taken in one, which is removed then
sub_group='
	cd /sys/fs/cgroup/memory 2>/dev/null || cd /sys/fs/cgroup
	mkdir sub || exit 1
	if [ -e memory.limit_in_bytes ]; then
		echo 16m >sub/memory.limit_in_bytes
		[ ! -e sub/memory.memsw.limit_in_bytes ] || echo 16m >sub/memory.memsw.limit_in_bytes
	else
		mkdir main && echo 0 >main/cgroup.procs && echo +memory >cgroup.subtree_control
		echo 16m >sub/memory.max
		[ ! -e sub/memory.swap.max ] || echo 0 >sub/memory.swap.max
	fi
	sh -c "echo 0 >sub/cgroup.procs && exec /probe memory 32"
	echo "status $?"
	$remove
	exit 5'

# bats test_tags=guest
@test "a group that the container made itself counts, even when it is gone" {
	expect 5 tare run --name keeps --privileged -e remove=: "${with_probe[@]}" busybox sh -c "$sub_group"
	equal "status 137" "$out" "$err"
	told keeps 1 "$(cgroup_of keeps)/sub" 16777216 probe
	! is_v1 memory || may_read_log || skip "without the kernel log v1 does not tell of groups that are gone"
	expect 5 tare run --name removes --privileged -e 'remove=rmdir sub' "${with_probe[@]}" busybox sh -c "$sub_group"
	equal "status 137" "$out" "$err"
	told removes 1 "$(cgroup_of removes)/sub" 0 probe
}

@test "a command in a running container is one of its processes" {
	start one "${limited[@]}"
	expect 137 tare exec one /probe memory 64
	told one 1 "$(cgroup_of one)" 33554432 probe
	equal true "$(state_of one Running)"
}

@test "SIGKILL from somebody else is no lack of memory" {
	start one --memory 32m
	kill -KILL "$(pid_of one)"
	eventually 5 has_ended one
	equal 137 "$(state_of one ExitCode)"
	not_told one
	expect 137 box --memory 32m -- sh -c 'kill -KILL $$ & wait; exit 137'
	equal "" "$err"
}

@test "a new life begins without the last one's kills" {
	expect 137 tare run --name again "${limited[@]}" busybox \
		sh -c '[ ! -e /lived ] || exec sleep 1000; : >/lived; exec /probe memory 64'
	told again 1 "$(cgroup_of again)" 33554432 probe
	expect 0 tare start again
	eventually 5 is_running again
	not_told again
	expect 0 tare kill again
	eventually 5 has_ended again
	not_told again
}

@test "while it waits to run again it says what ended it" {
	waits_after_oom() { tare inspect loop | jq -e '.[0].State | .Status == "restarting" and .OOMKilled'; }
	expect 0 tare run -d --name loop --restart always "${limited[@]}" busybox /probe memory 64
	eventually 10 waits_after_oom
	expect 0 tare rm -f loop
}

@test "a monitor that was killed too does not hide it" {
	start lost "${limited[@]}" -- sh -c '/probe memory 64; : >/tmp/done; sleep 1000'
	eventually 10 in_box lost test -e /tmp/done
	kill -KILL "$(ps -o ppid= -p "$(pid_of lost)" | tr -d ' ')"
	eventually 5 has_ended lost
	told lost 1 "$(cgroup_of lost)" 33554432 probe
}

@test "who may not read the kernel log is told that it happened" {
	without_right() { setpriv --bounding-set -syslog --inh-caps -syslog "$@"; }
	export -f may_read_log
	! without_right bash -c may_read_log || skip "one does not need CAP_SYSLOG here"
	expect 137 without_right "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run --name blind --cgroup-parent "/$group" "${limited[@]}" busybox /probe memory 64
	matches 'warning: killed for lack of memory' "$err"
	equal true "$(state_of blind OOMKilled)"
	equal "1 null" "$(oom_of blind '|"\(.Kills) \(.Victim)"')"
	# v2 counts in the owner's group, v1 in the victim's alone
	equal "$(is_v1 memory || cgroup_of blind)" "$(oom_of blind .Owner)"
}
