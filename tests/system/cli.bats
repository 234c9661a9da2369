# SPDX-License-Identifier: Apache-2.0
# The command line itself: lists, formats, help, completion; what is told about containers, and about this host.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

# ---- tare ps ------------------------------------------------------------------------------------------------------

@test "ps shows what runs, ps -a everything, the newest first" {
	expect 3 tare run --name ended busybox sh -c 'exit 3'
	start going
	expect 0 tare ps
	equal 2 "$(grep -c '' <<<"$out")" "lines"
	matches '^CONTAINER ID  IMAGE ' "$out"
	matches 'busybox +"sleep 1000" .*Up .* going$' "$out"
	expect 0 tare ps -a
	equal 3 "$(grep -c '' <<<"$out")" "lines"
	matches 'going'$'\n''.*Exited \(3\).* ended$' "$out"
	[ "$(LC_ALL=C.UTF-8 wc -L <<<"$out")" -le 110 ] || fail "too wide: $out"
	! grep ' $' <<<"$out" || fail "blanks at the end: $out"
}

@test "ps -q prints short ids, with --no-trunc full ones" {
	start one
	local id
	id=$(tare inspect -f '{{.Id}}' one)
	equal "${id:0:12}" "$(tare ps -q)"
	equal "$id" "$(tare ps -q --no-trunc)"
}

@test "ps --filter: name, status, exited, label, id" {
	expect 0 tare run --name alpha --label tier=web --label x busybox true
	expect 4 tare run --name beta --label tier=db busybox sh -c 'exit 4'
	start gamma --label tier=web
	names() { tare ps --format '{{.Names}}' "$@" | sort | xargs; }
	equal "gamma" "$(names)"
	equal "alpha gamma" "$(names -a --filter label=tier=web)"
	equal "alpha" "$(names -a --filter label=tier=web --filter label=x)"
	equal "alpha beta" "$(names --filter status=exited)"
	equal "beta" "$(names --filter exited=4)"
	equal "alpha beta" "$(names -a --filter name=alp --filter name=bet)"
	equal "gamma" "$(names -a --filter name=a --filter status=running)"
	equal "beta" "$(names -a --filter "id=$(tare inspect -f '{{.Id}}' beta)")"
	equal "" "$(names -a --filter label=none)"
	expect 1 tare ps --filter colour=red
	matches "invalid filter 'colour'" "$err"
}

@test "ps --format json is one object a line, with Docker's fields" {
	start obj --label a=b
	expect 0 tare ps --format json
	equal obj "$(jq -r .Names <<<"$out")"
	equal running "$(jq -r .State <<<"$out")"
	equal a=b "$(jq -r .Labels <<<"$out")"
	equal "Command CreatedAt ID Image Labels LocalVolumes Mounts Names Networks Ports RunningFor Size State Status" \
		"$(jq -r 'keys | join(" ")' <<<"$out")"
}

@test "ps -n and -l: the newest, running or not" {
	local n
	for n in first second third; do expect 0 tare run --name "$n" busybox true; done
	equal "third second" "$(tare ps -n 2 --format '{{.Names}}' | xargs)"
	equal "third" "$(tare ps -l --format '{{.Names}}')"
}

# ---- tare inspect, tare rm ------------------------------------------------------------------------------------------

@test "inspect: what was asked for and what happened" {
	expect 3 tare run --name seen --memory 64m --cpus 0.5 -e A=1 --user 7:8 -v "$T:/x:ro" busybox sh -c 'exit 3'
	expect 0 tare inspect seen
	equal /seen "$(jq -r '.[0].Name' <<<"$out")"
	equal 'sh ["-c","exit 3"]' "$(jq -rc '.[0] | .Path + " " + (.Args | tostring)' <<<"$out")"
	equal '67108864 500000000' "$(jq -r '.[0].HostConfig | "\(.Memory) \(.NanoCpus)"' <<<"$out")"
	equal '7:8 ["A=1","PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]' "$(jq -rc '.[0].Config | .User + " " + (.Env | tostring)' <<<"$out")"
	equal "bind $T /x false" "$(jq -r '.[0].Mounts[0] | "\(.Type) \(.Source) \(.Destination) \(.RW)"' <<<"$out")"
	equal 'exited false 3 0' "$(jq -r '.[0].State | "\(.Status) \(.Running) \(.ExitCode) \(.Pid)"' <<<"$out")"
	matches '^20[0-9-]+T[0-9:.]+Z$' "$(jq -r '.[0].State.FinishedAt' <<<"$out")"
}

@test "inspect -f: fields, json, index, len" {
	expect 0 tare run --name tpl --label a.b=c busybox echo hi
	equal "exited 0 false" "$(tare inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' tpl)"
	equal '{"a.b":"c"}' "$(tare inspect -f '{{json .Config.Labels}}' tpl)"
	equal "c 1 [hi]" "$(tare inspect -f '{{index .Config.Labels "a.b"}} {{len .Args}} {{.Args}}' tpl)"
	expect 1 tare inspect -f '{{.Nothing}}' tpl
	contains 'map has no entry for key "Nothing"' "$err"
	expect 1 tare inspect -f '{{.State' tpl
	contains 'unclosed action' "$err"
}

@test "inspect and rm do what they can, and tell of each that they cannot" {
	expect 0 tare run --name here busybox true
	expect 1 tare inspect here gone
	equal 1 "$(jq length <<<"$out")"
	equal "tare: no such object: gone" "$err"
	expect 1 tare container inspect here busybox
	equal 1 "$(jq length <<<"$out")"
	equal "tare: No such container: busybox" "$err"
	expect 1 tare rm gone here
	equal here "$out"
	equal "tare: No such container: gone" "$err"
	expect 0 tare rm -f gone
	equal "" "$(tare ps -aq)"
}

# ---- help, completion, information ----------------------------------------------------------------------------------

@test "help is on standard output and fits 80 columns" {
	local command
	for command in $(tare help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		expect 0 tare "$command" --help
		matches "^Usage: tare $command" "$out"
		equal "" "$err"
		equal "$out" "$(tare help "$command")"
		[ "$(LC_ALL=C.UTF-8 wc -L <<<"$out")" -le 80 ] || fail "$out"
	done
}

@test "wrong command lines: one line; status 125 of an option, else 1" {
	local row args
	for row in '1 rnu' '1 ps extra' '1 rm' '1 inspect' '125 --nonsense ps' '1 completion tcsh' '125 ps --format' '1 help none' \
		'125 --log-level loud ps' '1 _reap xyz' '1 --host / ps' '1 exec' '1 create' '1 run' '125 rm --nonsense x' '125 stop -t soon x' \
		'125 create --cpus abc busybox' '125 create --env-file /no/such busybox' '125 ps --filter colour' '1 ps --filter colour=red' \
		'1 create --restart sometimes busybox' '1 create -w relative busybox' '1 kill -s NOSUCH x' '1 logs --since tomorrow x' \
		'1 inspect --type colour x' '1 update --restart sometimes x' '1 volume create -d nfs x'; do
		args=${row#* }
		# shellcheck disable=SC2086
		expect "${row%% *}" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" $args
		equal "" "$out" "stdout of $args"
		equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr of $args: $err; number"
	done
}

@test "completion scripts are accepted by their shells" {
	local shell
	for shell in bash zsh fish; do
		expect 0 tare completion "$shell"
		if command -v "$shell" >/dev/null; then "$shell" -n <<<"$out"; fi
	done
	bash -c 'eval "$1"; COMP_WORDS=(tare run --ipc ""); COMP_CWORD=3; _tare; echo "${COMPREPLY[*]}"' - "$(tare completion bash)" \
		>"$T/words"
	equal "private none shareable host container:" "$(<"$T/words")"
	bash -c 'eval "$1"; COMP_WORDS=(tare --root / image l); COMP_CWORD=4; _tare; echo "${COMPREPLY[*]}"' - "$(tare completion bash)" \
		>"$T/words"
	equal "load ls" "$(<"$T/words")"
}

@test "a family of commands: its list, its members under either name, and what is not in it" {
	expect 0 tare image
	equal "$out" "$(tare help image)"
	matches $'\n  ls +list images' "$out"
	expect 0 tare image ls --format json
	equal "$(tare images --format json)" "$out"
	expect 0 tare container run --rm --cgroup-parent "/$group" busybox echo same
	equal same "$out"
	expect 1 tare image laod
	equal "tare: unknown command image laod; did you mean image load?" "$err"
}

# bats test_tags=guest-full
@test "info tells what this host has, and makes nothing" {
	expect 0 "$TARE_BUILD/tare" --root "$T/untouched" --state "$T/untouched" info --format json
	equal "$(uname -r)" "$(jq -r .KernelVersion <<<"$out")"
	equal "$(nproc --all)" "$(jq -r .NCPU <<<"$out")"
	equal true "$(jq -r '.KernelFeatures | has("openat2")' <<<"$out")"
	matches '^(v1|v2|hybrid)$' "$(jq -r .Cgroup.Mode <<<"$out")"
	[ ! -e "$T/untouched" ] || fail "info made a folder"
	expect 0 tare info
	contains "$(uname -r)" "$out"
	equal "$(nproc --all) $(uname -r) linux overlayfs" "$(tare info -f '{{.NCPU}} {{.KernelVersion}} {{.OSType}} {{.Driver}}')"
	matches '^[12] cgroupfs [1-9][0-9]+$' "$(tare info --format '{{.CgroupVersion}} {{.CgroupDriver}} {{.MemTotal}}')"
	equal "$(tare version)" "tare $(tare version --format '{{.Server.Version}}')"
	equal "$(tare info -f '{{.ServerVersion}}') linux" "$(tare version -f '{{.Client.Version}} {{.Server.Os}}')"
	equal "$(uname -r)" "$(tare version -f json | jq -r .Server.KernelVersion)"
	failed '{{.Nosuch}}' tare version -f '{{.Nosuch}}'
	failed '{{.Nosuch}}' tare info -f '{{.Nosuch}}'
}

@test "closed standard descriptors are not taken by files" {
	expect 0 bash -c '"$1" --root "$2/root" --state "$2/state" ps -a >&- 2>&- <&- || [ $? = 1 ]' - "$TARE_BUILD/tare" "$T"
	expect 0 tare ps -a
}

@test "the list of Docker's options is that of its client" {
	command -v docker >/dev/null || skip "no docker client here"
	local name unknown=()
	while read -r name; do
		grep -q "^$name " "$TARE_TOP/tests/unit/cli/docker-run-options" || unknown+=("$name")
	done < <(docker run --help | sed -nE 's/^  (-[a-zA-Z], |    )--([a-z0-9-]+).*/\2/p' | grep -vx help)
	equal "" "${unknown[*]}" "options that the list lacks"
}

# As seen of docker 28.2 with dockerd 20.10; `run` says 125 where these say 1.
@test "of a container that is not there or does not run, all commands say 1" {
	expect 0 tare create --name made busybox true
	local args
	for args in 'start gone' 'stop gone' 'restart gone' 'rm gone' 'logs gone' 'inspect gone' 'wait gone' 'port gone' 'attach gone' \
		'kill gone' 'pause gone' 'unpause gone' 'top gone' 'stats --no-stream gone' 'diff gone' 'commit gone' 'update --pids-limit 5 gone' \
		'rename gone x' 'cp gone:/x -' 'exec gone true' 'exec -d gone true' 'exec made true' 'kill made' 'pause made' 'attach made' \
		'top made' 'start -a gone' 'create --name made busybox true' 'exec made' 'rename made made' 'port made 80'; do
		# shellcheck disable=SC2086
		expect 1 tare $args
		matches '^(\[\])?$' "$out" "stdout of $args"
		matches '^tare: [^'$'\n'']+$' "$err" "stderr of $args"
	done
	expect 125 tare run --name made busybox true
}

# What a client without a daemon says is what Docker's own says: seen with docker 28.2.
@test "run ends as Docker's client does, with its words" {
	local row args status text
	for row in "|1|requires at least 1 argument" "-d -a stdout busybox|1|conflicting options: cannot specify both --attach and --detach" \
		"-it busybox|1|the input device is not a TTY" "--badflag busybox|125|unknown" \
		"--rm --restart always busybox|125|conflicting options: cannot specify both --restart and --rm" \
		"--cpus abc busybox|125|failed to parse abc as a rational number" \
		"--memory-swappiness 101 busybox|125|invalid value: 101. Valid memory swappiness range is 0-100" \
		"--log-driver none --log-opt a=b busybox|125|invalid logging opts for driver none" \
		"--pull foo busybox|125|invalid pull option: 'foo': must be one of \"always\", \"missing\" or \"never\"" \
		"--uts foo busybox|125|invalid UTS mode" "--mount src=/a busybox|125|target is required" \
		"--ulimit nofile=10:5 busybox|125|ulimit soft limit must be less than or equal to hard limit: 10 > 5" \
		"-v :/x busybox|125|invalid spec: :/x: empty section between colons" "UPPER|125|must be lowercase"; do
		IFS='|' read -r args status text <<<"$row"
		# shellcheck disable=SC2086 # words
		expect "$status" tare run $args
		contains "$text" "$err" "$args"
	done
	nothing_made
}

@test "df and mount call file systems by their names" {
	expect 0 box --tmpfs /t -- sh -c 'df / /dev /dev/shm /t | tail -n +2 | cut -d" " -f1; mount | grep -c "^none" || true'
	equal $'overlay\ntmpfs\nshm\ntmpfs\n0' "$out"
}
