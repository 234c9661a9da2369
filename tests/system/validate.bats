#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tare-runtime validate: all problems of a bundle at once, each with its place, and nothing made.
# shellcheck disable=SC2154 # out and err are expect's

load helpers
load runtime

setup()
{
	require_root
	T=$(mktemp -d /tmp/tt.XXXXXX)
}
teardown() { rm -rf "$T"; }

places() { jq -r '.findings[] | select(.state == "error") | .check' <<<"$out" | xargs; }

check() # STATUS PLACES JQ
{
	make_bundle "$T/b" "$3"
	expect "$1" runtime validate --bundle "$T/b" --format json
	equal "$2" "$(places)" "places of $3"
	run ! compgen -G "$T/b/rootfs/tmp/*"
}

@test "a good bundle has none, and one problem is one" {
	check 0 "" .
	check 1 process.cwd '.process.cwd = ""'
	check 1 'mounts[1].destination' '.mounts[1].destination = "rel"'
	check 1 'root.path' 'del(.root.path)'
	check 1 'linux.resources.memory.limit' '.linux.resources.memory.limit = "64m"'
}

@test "all of them at once, numbered as they stand in the document" {
	check 1 'process.cwd linux.resources.memory.limit linux.namespaces[1].type mounts[0].destination mounts[2].destination linux.devices[0].type linux.sysctl process.rlimits[1].type process.args[0] mounts[3].source' '
		.process.cwd = "" | .process.args = ["/nothing"] | .linux.resources.memory.limit = "x"
		| .linux.namespaces[1].type = "foo" | .linux.devices = [{ path: "/dev/x", type: "q" }]
		| .process.rlimits = [{ type: "RLIMIT_CORE", hard: 0, soft: 0 }, { type: "RLIMIT_FOO", hard: 1, soft: 1 }]
		| .mounts = [{ destination: "rel", type: "tmpfs" }] + .mounts[:1] + [{ destination: "rel2", type: "tmpfs" }]
			+ [{ destination: "/x", type: "bind", source: "/nosuch" }]
		| .linux.sysctl = { "kernel.nosuch": "1" }'
}

@test "what the host lacks: files, programs, file systems, namespaces, capabilities, limits" {
	check 1 'root.path' '.root.path = "/nosuch"'
	check 1 'process.args[0]' '.process.args = ["nosuch"]'
	check 1 'mounts[2].type' '.mounts += [{ destination: "/x", type: "nosuchfs", source: "x" }]'
	check 1 'linux.namespaces[4].path' '.linux.namespaces[4].path = "/nosuch"'
	check 1 'hooks.createRuntime[0].path' '.hooks.createRuntime = [{ path: "/nosuch" }]'
	make_bundle "$T/b" '.process.rlimits = [{ type: "RLIMIT_NOFILE", hard: 99999999, soft: 1 }] | .process.args = ["sh"]'
	expect 1 setpriv --bounding-set -sys_resource,-kill prlimit --nofile=100:100 "$TARE_BUILD/tare-runtime" validate -b "$T/b" --format json
	equal 'process.rlimits[0].hard' "$(places)"
	contains 'CAP_KILL: not in our own bounding set' "$out"
}

@test "what is no document, and what is no folder" {
	mkdir "$T/b"
	echo '{ "process": ' >"$T/b/config.json"
	expect 1 runtime validate -b "$T/b" --format json
	equal config.json "$(places)"
	expect 1 runtime validate -b "$T/none"
	contains "--bundle $T/none: No such file or directory" "$err"
	make_bundle "$T/b" '.mounts[0].destination = "rel" | .process.cwd = ""'
	expect 1 runtime validate -b "$T/b"
	matches 'error +process.cwd' "$out"
	[ "$(wc -L <"$T/stdout")" -le 80 ] || fail "wider than 80: $out"
}
