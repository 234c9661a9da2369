# SPDX-License-Identifier: Apache-2.0
# What people read fits their lines: 80 columns, those of a terminal, or $COLUMNS.
#
# shellcheck disable=SC2154 # out, T and group come from helpers.bash

load helpers
load kube.bash

long=a-rather-long-name-of-a-container-of-the-shop
image=registry.example.com:5000/organisation/some-long-project/busybox:1.2.3-alpine3.19

teardown()
{
	delete_all
	tare_teardown
}

# Every command that prints a table or sentences, a line each; WEB is a container that runs.
commands()
{
	sed "s/WEB/$long/" <<-END
		cgroup
		cgroup WEB
		cgroup --sort io
		explain
		explain WEB
		explain oomer
		explain pod/$long
		history $image
		image ls --digests
		images
		info
		kube describe pod
		kube get pods -A
		kube get configmaps
		kube top pod -A --containers
		kube top node
		kube tree
		kube who-dies-first
		lint WEB
		lint docker run -it --privileged -v /var/run/docker.sock:/var/run/docker.sock -m 4m busybox
		network ls
		ns
		ns --tree
		ns --pins WEB
		ns diff WEB oomer-2
		oom WEB
		oom oomer
		ps -a
		ps -as
		stats -a --no-stream
		system df
		system df -v
		top WEB
		volume ls
	END
}

# each with its name before it, on standard output
all_commands()
{
	local words
	while read -r -a words; do
		echo "== ${words[*]}"
		"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "${words[@]}" 2>"$T/said" </dev/null ||
			[ $? = 2 ] || { echo "FAILED: ${words[*]}: $(tail -n 1 "$T/said")"; return 1; } # lint says 2
	done <"$T/commands"
}

# nothing_wider WIDTH FILE: and each command has said something
nothing_wider()
{
	python3 - "$@" <<-'END' || fail "wider than $1 columns, or silent"
		import sys
		width, command, lines, bad = int(sys.argv[1]), "", 1, []
		text = open(sys.argv[2], encoding="utf-8").read().replace("\r", "")
		for line in text.rstrip("\n").split("\n") + ["== end"]:
		    if line.startswith("== "):
		        bad += [] if lines else ["silent: " + command]
		        command, lines = line[3:], 0
		        continue
		    lines += 1
		    if len(line) > width or line.startswith("FAILED"):
		        bad.append(command + ": " + line)
		sys.exit("\n".join(bad) or None)
	END
}

prepare()
{
	pod "$long" '{limits: {cpu: 100m, memory: 64Mi}}' | manifest
	cat >>"$T/m.yaml" <<-END
		---
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: $long}
		data: {a: b}
	END
	expect 0 apply "$T/m.yaml"
	tare run -d --name "$long" --memory 64m --cpus 0.5 --pids-limit 20 -v data:/data busybox sleep 1000 >/dev/null
	tare run -d --name oomer-2 --memory 32m busybox sleep 1000 >/dev/null
	tare run --name oomer --memory 16m busybox sh -c 'head -c 64m /dev/zero | tail >/dev/null' || true
	tare tag busybox "$image"
	tare volume create >/dev/null
	eventually 3 status_is "$long" "1/1 +Running"
	commands >"$T/commands"
}

@test "width: every table and sentence fits 80 columns, a terminal's, or COLUMNS; --no-trunc is whole" {
	need_python
	need_controller memory
	prepare
	unset COLUMNS
	all_commands >"$T/piped"
	echo kube advise --window 1 >"$T/commands"
	all_commands >>"$T/piped"
	commands >"$T/commands"
	nothing_wider 80 "$T/piped"
	COLUMNS=100 expect 0 tare images
	matches '^.{81,100}$' "$(tail -n 1 <<<"$out")"
	for columns in 60 120; do
		expect 0 "$BATS_TEST_DIRNAME/on-terminal" bash -euc "$(declare -f all_commands); T=$T TARE_BUILD=$TARE_BUILD
			stty cols $columns; all_commands"
		nothing_wider "$columns" "$T/stdout"
	done
	expect 0 tare ps -a --no-trunc
	contains "$(tare inspect -f '{{.Id}}' "$long")" "$out"
	expect 0 tare explain --no-trunc "$long"
	contains "/$(tare inspect -f '{{.Id}}' "$long")/" "$out"
	expect 0 tare kube get pods -o wide
	contains "/pod$(uid_of "$long")" "$out"
}
