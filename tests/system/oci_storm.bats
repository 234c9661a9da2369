# SPDX-License-Identifier: Apache-2.0
# tare-runtime when many call it at once, and when it is killed between any two of its system calls.
#
# shellcheck disable=SC2154,SC2030,SC2031 # out, err, T and group come from helpers.bash

load oci

seconds=$([ "${TARE_SOAK:-0}" = 0 ] && echo 10 || echo 120)

# worker NUMBER: lives of a container, its own (odd numbers) or one that all even ones want; what went wrong to its log
worker()
{
	local id=own-$1 n=0
	[ $(($1 % 2)) = 1 ] || id=shared
	while [ "$SECONDS" -lt "$until" ]; do
		n=$((n + 1))
		r create --bundle "$T/$id" "$id"
		r exec "$id" true
		r start "$id"
		r exec "$id" true
		r state "$id"
		r kill "$id" KILL
		r delete --force "$id"
	done
	echo "$n lives" >>"$T/lives.$1"
}

r() { "$TARE_BUILD/tare-runtime" --root "$T/run" "$@" 2>>"$T/said.$1" </dev/null >/dev/null || true; }

# What a loser may hear; of a container of its own a worker hears nothing at all.
clear_answers='container with given ID already exists: shared
container shared was deleted while it was made
container shared does not exist
container shared: cannot start an already running container
container shared: cannot start a container that has stopped
container shared: cannot start a container that is still being created
cannot exec in a stopped container
cannot exec in a container that is still being created
the control group was removed meanwhile .hierarchy .*
the container has ended
clone: the container has ended, or there is no memory
container not running
the container.s first process was killed by signal 9 during its set-up
the container.s first process ended during its set-up
the process ended during its set-up'

@test "sixty-four at a time, half of them for one id: no leak, no deadlock, a clear answer for each loser" {
	local i until=$((SECONDS + seconds)) pids=() unclear
	# no network: the kernel takes long to end one
	bundle b 'del(.linux.namespaces[] | select(.type == "network"))'
	for i in shared own-{1..63..2}; do
		mkdir "$T/$i"
		jq --arg root "$T/b/rootfs" --arg group "/$group/$i" '.root.path = $root | .linux.cgroupsPath = $group' \
			"$T/b/config.json" >"$T/$i/config.json"
	done
	for i in {1..64}; do
		worker "$i" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	expect 0 runtime delete --force shared
	equal "" "$(ids)" "containers"
	unclear=$(cat "$T"/said.* | sed 's/^tare-runtime: //' | grep -vxF "$clear_answers" | grep -vxE "$clear_answers" | sort | uniq -c)
	equal "" "$unclear" "what losers heard that is not clear"
	eventually 10 oci_nothing_left || fail "left: $(oci_leaks)"
	echo "# $(awk '{ n += $1 } END { print n }' "$T"/lives.*) lives" >&3
}

# killed N COMMAND…: SIGKILL at the first system call that the runtime itself makes for the N-th time (strace counts each by
# its name); false when it makes none so often
killed()
{
	local n=$1 status=0
	shift
	timeout -k 1 120 strace -qq -o "$T/trace" -e "inject=all:signal=KILL:when=$n" "$TARE_BUILD/tare-runtime" --root "$T/run" "$@" \
		>"$T/killed.out" 2>&1 </dev/null 3>&- || status=$?
	[ "$status" != 124 ] || fail "call $n of $1: hangs" || return 2
	grep -q 'killed by SIGKILL' "$T/trace"
}

# named ID: what is there has a status, or is not there
named()
{
	local said
	if said=$(runtime state "$1" 2>&1); then
		jq -e '.status | IN("creating", "created", "running", "paused", "stopped")' <<<"$said" >/dev/null ||
			fail "no status: $said"
	else
		contains "does not exist" "$said"
	fi
}

# swept ID: delete --force removes it, whatever is there
swept()
{
	expect 0 runtime delete --force "$1"
	eventually 5 oci_nothing_left || fail "after call $n: left: $(oci_leaks)"
}

# kill_series BEFORE-FUNCTION COMMAND…: for every N in a soak, for every fifth else, beginning elsewhere each day
kill_series()
{
	local before=$1 n hits=0 step=5
	shift
	command -v strace >/dev/null || skip "needs strace"
	[ "${TARE_SOAK:-0}" = 0 ] || step=1
	for ((n = 1 + RANDOM % step; n < 1000; n += step)); do
		$before
		killed "$n" "$@" || { [ $? = 1 ] && [ $hits -gt 0 ] && break; fail "call $n of $1: $(cat "$T/killed.out")" || return; }
		hits=$((hits + 1))
		named one || fail "after call $n" || return
		swept one || return
	done
	[ "$n" -lt 1000 ] || fail "$1 never came to its end"
	runtime delete --force one
}

before_create() { bundle one; }
before_start() { created one; }
before_exec() { started one; }
before_delete() { started one; runtime kill one KILL; eventually 5 is stopped one; }

@test "create is killed between any two system calls" { kill_series before_create create --bundle "$T/one" one; }
@test "start is killed between any two system calls" { kill_series before_start start one; }
@test "exec is killed between any two system calls" { kill_series before_exec exec one true; }
@test "delete is killed between any two system calls" { kill_series before_delete delete one; }
@test "run is killed between any two system calls" { kill_series before_create run --detach --bundle "$T/one" one; }
