# SPDX-License-Identifier: Apache-2.0
# `hooks` of config.json: when they run, where, with what, and what their failure means.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load spec_helpers
own_image=1
: "$own_image"

# hook NAME SCRIPT: a program of the host, $T/NAME, that bash runs
hook()
{
	printf '#!/bin/bash\n%s\n' "$2" >"$T/$1"
	chmod +x "$T/$1"
}

# every kind with one hook that writes its name, the status and pid of its state, and its pid namespace
all_kinds()
{
	hook note "read -rd '' s || true; printf '%s %s %s %s\n' \"\$1\" \"\$(jq -r '.status, .pid // \"-\"' <<<\"\$s\" | tr '\n' ' ')\" \"\$(readlink /proc/self/ns/mnt)\" \"\$(pwd)\" >>$T/log"
	jq -n --arg note "$T/note" '{hooks: (["prestart", "createRuntime", "createContainer", "poststart", "poststop"]
		| map({(.): [{path: $note, args: ["note", .], env: ["PATH=/usr/bin:/bin"]}]}) | add)}'
}

@test "hooks run in their order, with the state of their moment, where the specification wants them" {
	local host
	host=$(readlink /proc/self/ns/mnt)
	bundle "$(all_kinds)" -- sh -c 'readlink /proc/self/ns/mnt'
	jq '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat >/tmp/state; readlink /proc/self/ns/mnt >/tmp/ns; pwd >>/tmp/ns; export -p >>/tmp/ns"], env: ["A=b"]}]
		| .annotations = {"org.x": "1"}' "$T/bundle/config.json" >"$T/c" && mv "$T/c" "$T/bundle/config.json"
	run_bundle 0
	equal "prestart createRuntime createContainer poststart poststop" "$(cut -d' ' -f1 "$T/log" | tr '\n' ' ' | sed 's/ $//')"
	equal "creating creating creating running stopped" "$(cut -d' ' -f2 "$T/log" | tr '\n' ' ' | sed 's/ $//')" statuses
	equal "$host $host $out $host $host" "$(awk '{ print $(NF - 1) }' "$T/log" | tr '\n' ' ' | sed 's/ $//')" namespaces
	equal 5 "$(grep -c " $T/bundle\$" "$T/log")" "hooks in the bundle's folder"
	equal 1 "$(awk '/^createContainer/ { print $3 }' "$T/log")" "pid as the container sees it"
	equal - "$(awk '/^poststop/ { print $3 }' "$T/log")"
	equal "$(awk '/^prestart/ { print $3 }' "$T/log")" "$(awk '/^poststart/ { print $3 }' "$T/log")"
	equal "$out / export A='b'" "$(grep -v 'PATH=\|PWD\|SHLVL' "$T/bundle/rootfs/tmp/ns" | tr '\n' ' ' | sed 's/ $//')"
	equal "{\"ociVersion\":\"1.3.0\",\"id\":\"box-$group\",\"status\":\"created\",\"pid\":1,\"bundle\":\"$T/bundle\",\"annotations\":{\"org.x\":\"1\"}}" \
		"$(cat "$T/bundle/rootfs/tmp/state")"
}

@test "a hook has its own environment and never the container's, and no descriptor of ours" {
	hook e "export -p >$T/env"
	hook f "echo /proc/self/fd/* >$T/fds"
	bundle "{\"hooks\": {\"createContainer\": [{\"path\": \"$T/e\", \"env\": [\"ONLY=this\"]}], \"createRuntime\": [{\"path\": \"$T/f\"}]}, \"process\": {\"env\": [\"LD_PRELOAD=/x.so\", \"PATH=/bin\"]}}"
	run_bundle 0
	equal 'declare -x ONLY="this"' "$(grep -v ' PWD\| SHLVL\| OLDPWD' "$T/env")"
	# 3 is the directory that the shell reads, 255 its script
	matches '^/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/255( /proc/self/fd/3)?$' "$(cat "$T/fds")"
}

@test "a hook that fails before the start ends the container, with its words; poststop hooks follow" {
	local kind
	hook bad 'echo first; echo "it is broken" >&2; exit 3'
	hook after "echo after >>$T/log"
	for kind in prestart createRuntime createContainer poststart; do
		rm -f "$T/log"
		bundle "{\"hooks\": {\"$kind\": [{\"path\": \"/bin/true\"}, {\"path\": \"$T/bad\"}, {\"path\": \"$T/after\"}],
			\"poststop\": [{\"path\": \"$T/after\"}]}}" -- sleep 1000
		refused_bundle "hooks.$kind\\[1\\] $T/bad: exit status 3: first it is broken\$"
		equal after "$(cat "$T/log")" "after $kind"
	done
}

@test "a startContainer hook is a program of the container, with the process's rights and filter" {
	bundle '{"hooks": {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "grep -E \"Cap(Eff|Bnd)|Seccomp:|NoNew\" /proc/self/status; false"]}]},
		"process": {"user": {"uid": 5, "gid": 6}, "noNewPrivileges": true},
		"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_ERRNO"}]}}}' -- sleep 1000
	refused_bundle "hooks.startContainer\\[0\\] /bin/sh: exit status 1: CapEff: 0000000000000000 CapBnd: 0000000000200000 NoNewPrivs: 1 Seccomp: 2\$"
}

@test "a hook has as long as its timeout, with all that it started" {
	hook long "sleep 1000 & echo \$! >$T/pid; wait"
	bundle "{\"hooks\": {\"createRuntime\": [{\"path\": \"$T/long\", \"timeout\": 2, \"env\": [\"PATH=/bin:/usr/bin\"]}]}}"
	refused_bundle "hooks.createRuntime\\[0\\] $T/long: it took longer than its timeout of 2 s\$"
	eventually 5 has_ended "$(cat "$T/pid")"
}

has_ended() { [ ! -e "/proc/$1" ] || grep -q 'State:.[ZX]' "/proc/$1/status"; } # PID

@test "poststop hooks are all run, and what they do is at most a warning" {
	hook after "echo after >>$T/log"
	bundle "{\"hooks\": {\"poststop\": [{\"path\": \"/bin/false\"}, {\"path\": \"$T/missing\"}, {\"path\": \"$T/after\"}]}}" -- sh -c 'exit 7'
	run_bundle 7
	equal after "$(cat "$T/log")"
	contains "warning: hooks.poststop[0] /bin/false: exit status 1" "$err"
	contains "warning: hooks.poststop[1] $T/missing: exit status 125: exec: No such file or directory" "$err"
}

@test "hooks that make no sense are refused before anything is made" {
	bundle '{"hooks": {"prestart": [{"path": "bin/true"}]}}'
	refused_bundle 'hooks.prestart\[0\]: path: "bin/true" is not absolute'
	bundle '{"hooks": {"poststop": [{"path": "/bin/true", "timeout": 0}]}}'
	refused_bundle 'hooks.poststop\[0\]: timeout: 0: allowed are 1 to 2147483647 seconds'
	bundle '{"hooks": {"poststop": [{"args": ["x"]}]}}'
	refused_bundle 'hooks.poststop\[0\].path: missing'
}
