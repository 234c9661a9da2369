# SPDX-License-Identifier: Apache-2.0
# tare run: standard input and output, exit statuses, names, and what the command finds as its environment, folder and
# user. Names, defaults and meanings are Docker's.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

# ---- standard input and output ------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "output and error go to the caller's own descriptors" {
	expect 0 box -- sh -c 'echo out; echo err >&2'
	equal out "$out"
	equal err "$err"
}

@test "standard input is passed with -i" {
	equal "hello" "$(echo hello | box -i -- cat)"
}

@test "without -i standard input is empty" {
	equal "" "$(echo hello | box -- cat)"
}

@test "a megabyte of arbitrary bytes arrives unchanged" {
	head -c 1000000 /dev/urandom >"$T/in"
	box -i -- cat <"$T/in" >"$T/out"
	cmp "$T/in" "$T/out"
}

@test "output that nobody reads does not hang the container" {
	local status=0
	timeout 120 "$BASH" -c "$(declare -f tare box); T=$T group=$group TARE_BUILD=$TARE_BUILD; box -- yes | head -n 1" \
		>"$T/line" || status=$?
	equal 0 "$status" "exit status"
	equal y "$(<"$T/line")"
}

@test "output that cannot be written is told, and is no success" {
	local status=0
	box -- echo hello >/dev/full 2>"$T/stderr" || status=$?
	equal "125 tare: warning: standard output: No space left on device" "$status $(<"$T/stderr")"
	status=0
	box -- sh -c 'echo hello; exit 4' >/dev/full 2>"$T/stderr" || status=$?
	equal "4 tare: warning: standard output: No space left on device" "$status $(<"$T/stderr")"
	start web
	status=0
	tare exec web echo hello >/dev/full 2>"$T/stderr" || status=$?
	equal "125 tare: warning: standard output: No space left on device" "$status $(<"$T/stderr")"
	expect 0 tare exec web echo hello
}

# ---- exit statuses ------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "the command's exit status is passed back" {
	expect 0 box -- true
	expect 1 box -- false
	expect 7 box -- sh -c 'exit 7'
	expect 255 box -- sh -c 'exit 255'
}

# bats test_tags=guest-full
@test "127: the command is not found" {
	expect 127 box -- /no/such
	matches '/no/such' "$err"
	expect 127 box -- no-such-command
	matches 'no-such-command' "$err"
	expect 127 box -- ''
	matches 'exec: "": executable file not found in \$PATH' "$err"
}

# bats test_tags=guest-full
@test "126: the command cannot be executed" {
	expect 126 box -- /etc
	matches '/etc' "$err"
	expect 126 box -v "$BATS_TEST_DIRNAME/helpers.bash:/script:ro" -- /script
	matches '/script' "$err"
}

@test "127 of -d: the container is there to be looked at, and its id was printed" {
	expect 127 tare run -d --name bad busybox no-such-command
	equal "$(tare inspect -f '{{.Id}}' bad)" "$out"
	matches 'no-such-command' "$err"
	expect 127 tare run -d --rm busybox no-such-command
	equal "" "$out" "what is printed of one that is gone"
}

@test "125: the engine refuses" {
	refused 'nosuchoption' tare run --nosuchoption busybox true
	refused 'no-such-image' tare run --pull never no-such-image true
}

# bats test_tags=guest-full
@test "128 + n: the command is ended by a signal" {
	local status=0
	box --name victim -- sleep 1000 3>&- &
	local client=$!
	eventually 10 is_running victim
	kill -KILL "$(pid_of victim)"
	wait "$client" || status=$?
	equal 137 "$status"
}

@test "a signal for tare run goes to the command" {
	local status=0
	# no function in between: the signal is for tare itself
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run --rm --cgroup-parent "/$group" --name target busybox \
		sh -c 'trap "exit 42" TERM; echo ready; while :; do sleep 0.1; done' >"$T/o" 3>&- &
	local client=$!
	eventually 10 grep -q ready "$T/o"
	kill -TERM "$client"
	wait "$client" || status=$?
	equal 42 "$status"
}

@test "a command that ignores SIGTERM survives it" {
	start stubborn -- sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	kill -TERM "$(pid_of stubborn)"
	sleep 0.3
	is_running stubborn
}

# ---- the container as an object -----------------------------------------------------------------------------------

@test "a container stays after its end, with its exit status, until it is removed" {
	expect 3 tare run --name once busybox sh -c 'exit 3'
	equal exited "$(state_of once Status)"
	equal 3 "$(state_of once ExitCode)"
	equal false "$(state_of once Running)"
	contains once "$(tare ps -a)"
	equal "" "$(tare ps -q)"
	expect 0 tare rm once
	expect 1 tare inspect once
	contains once "$err"
}

@test "--rm removes the container at its end" {
	expect 0 tare run --rm --name brief busybox true
	equal "" "$(tare ps -aq)"
	expect 5 tare run --rm busybox sh -c 'exit 5'
	equal "" "$(tare ps -aq)"
}

@test "--rm removes a detached container when it ends" {
	start passing --rm -v "$T:/t" -- sh -c 'until [ -e /t/go ]; do sleep 0.05; done'
	: >"$T/go"
	eventually 10 is_gone passing
	equal "" "$(tare ps -aq)"
}

@test "-d prints the id and returns while the command runs" {
	expect 0 tare run -d --name back busybox sleep 1000
	matches '^[0-9a-f]{64}$' "$out"
	equal "$out" "$(tare inspect back | jq -r '.[0].Id')"
	is_running back
	equal "${out:0:12}" "$(tare ps -q)"
}

@test "a running container is removed by force only" {
	start held
	expect 1 tare rm held
	matches 'running' "$err"
	is_running held
	expect 0 tare rm -f held
	is_gone held
}

@test "a name is taken once" {
	expect 0 tare run --name one busybox true
	expect 125 tare run --name one busybox true
	matches 'The container name "/one" is already in use by container "?[0-9a-f]{12}' "$err"
	expect 0 tare rm one
	expect 0 tare run --name one busybox true
}

@test "a name or the start of an id finds a container; an ambiguous or unknown one does not" {
	expect 0 tare run -d --name findme busybox true
	local id=$out
	for word in findme "$id" "${id:0:12}" "${id:0:4}"; do
		equal "$id" "$(tare inspect "$word" | jq -r '.[0].Id')" "inspect $word"
	done
	expect 1 tare inspect nobody
	matches 'nobody' "$err"
}

@test "labels are kept" {
	expect 0 tare run --name labelled --label a=1 --label b busybox true
	equal '{"a":"1","b":""}' "$(tare inspect labelled | jq -cS '.[0].Config.Labels')"
}

# ---- environment --------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "the command finds PATH, HOME and HOSTNAME" {
	expect 0 box --hostname here -- env
	matches $'(^|\n)PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin($|\n)' "$out"
	matches $'(^|\n)HOSTNAME=here($|\n)' "$out"
	matches $'(^|\n)HOME=/root($|\n)' "$out"
}

@test "nothing of the caller's environment leaks in" {
	LEAK=secret expect 0 box -- env
	[[ $out != *LEAK* ]] || fail "$out"
}

@test "-e sets a variable, with and without a value, the last one wins" {
	A=from-caller expect 0 box -e A -e B=2 -e B=3 -e EMPTY= -e NOT_SET_ANYWHERE -- \
		sh -c 'echo "$A $B ${EMPTY-unset} ${NOT_SET_ANYWHERE-unset}"'
	equal "from-caller 3  unset" "$out"
}

@test "-e without a value takes a variable of the image away" {
	unset PATH_OF_IMAGE
	expect 0 box -e HOSTNAME= -- sh -c 'echo "[$HOSTNAME]"'
	equal "[]" "$out"
}

@test "--env-file: comments, blanks, values with spaces; -e overrides it" {
	printf '# comment\n\nA=1\nB=two words\nC\nD="quoted"\n  E=indented\n' >"$T/env"
	C=from-caller expect 0 box --env-file "$T/env" -e A=over -- sh -c 'echo "$A|$B|$C|$D|$E"'
	equal 'over|two words|from-caller|"quoted"|indented' "$out"
}

@test "--env-file: a bad line or a missing file is refused with its name" {
	printf 'A B=1\n' >"$T/env"
	refused "variable 'A B' contains whitespaces" tare run --env-file "$T/env" busybox true
	refused "$T/none" tare run --env-file "$T/none" busybox true
	printf '=1\n' >"$T/env"
	refused 'no variable name' tare run --env-file "$T/env" busybox true
}

# ---- folder, user, entry point ------------------------------------------------------------------------------------

@test "-w: the folder is made when it is missing" {
	expect 0 box -- pwd
	equal / "$out"
	expect 0 box -w /tmp -- pwd
	equal /tmp "$out"
	expect 0 box -w /made/for/this -- pwd
	equal /made/for/this "$out"
	refused "working directory 'relative' is invalid, it needs to be an absolute path" tare run -w relative busybox true
}

# bats test_tags=guest-full
@test "-u: numbers and names of the image" {
	expect 0 box -- sh -c 'id -u; id -g'
	equal $'0\n0' "$out"
	expect 0 box -u 1000 -- sh -c 'id -u; id -g'
	equal $'1000\n0' "$out"
	expect 0 box -u 1000:2000 -- sh -c 'id -u; id -g; grep ^Groups: /proc/self/status'
	matches $'^1000\n2000\nGroups:[ \t]*2000' "$out"
	expect 0 box -u nobody -- id -un
	equal nobody "$out"
	expect 0 box -u 0:wheel -- sh -c 'id -u; id -gn'
	equal $'0\nwheel' "$out"
}

@test "-u: an unknown name is refused, a number out of range as well" {
	refused 'unable to find user nosuchuser: no matching entries in passwd file' tare run -u nosuchuser busybox true
	refused 'unable to find group nosuchgroup: no matching entries in group file' tare run -u 0:nosuchgroup busybox true
	refused '4294967296' tare run -u 4294967296 busybox true
	refused '[-]1' tare run -u -1 busybox true
}

@test "--entrypoint replaces the image's, and drops its command" {
	expect 0 box --entrypoint /bin/echo -- one two
	equal "one two" "$out"
	expect 0 tare run --rm --entrypoint /bin/pwd busybox
	equal / "$out"
	expect 0 box --entrypoint '' -- echo plain
	equal plain "$out"
	refused 'no command' tare run --rm --entrypoint '' busybox
}

@test "--hostname, and by default the start of the id" {
	expect 0 box --hostname a.b -- hostname
	equal a.b "$out"
	start named
	equal "$(tare inspect named | jq -r '.[0].Id[:12]')" "$(in_box named hostname)"
}

@test "--rootfs: a folder instead of an image" {
	mkdir -p "$T/rootfs"/{bin,proc,sys,dev,etc,tmp}
	cp /bin/busybox "$T/rootfs/bin/"
	expect 4 tare run --rm --rootfs "$T/rootfs" /bin/busybox sh -c 'echo here >/made; exit 4'
	expect 0 tare run --rm --rootfs "$T/rootfs" /bin/busybox cat /etc/hostname
	[ ! -s "$T/rootfs/etc/hostname" ] || fail "etc/hostname of the folder was written"
	refused "$T/none" tare run --rm --rootfs "$T/none" /bin/true
}

# ---- seeing without doing -----------------------------------------------------------------------------------------

@test "--plan prints the steps and makes nothing" {
	expect 0 tare run --plan --memory 64m busybox true
	contains "$(if is_v1 memory; then echo memory.limit_in_bytes; else echo memory.max; fi)" "$out"
	contains 67108864 "$out"
	nothing_made
}

@test "--trace prints microseconds of steps on standard error" {
	expect 0 box --trace -- echo hi
	equal hi "$out"
	matches '[0-9]+' "$err"
	[ "$(grep -c '' "$T/stderr")" -gt 3 ] || fail "fewer than four lines: $err"
}

@test "twenty containers at once" {
	local i pids=()
	expect 0 box -- true
	for i in $(seq 20); do
		box -- sh -c "exit $i" >"$T/o.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in $(seq 20); do
		local status=0
		wait "${pids[i - 1]}" || status=$?
		equal "$i" "$status" "container $i: $(<"$T/o.$i"), status"
	done
}
