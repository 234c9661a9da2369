# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # T, group, out, err come from helpers.bash
# What the tests of tare-runtime's command line load beside helpers.bash: bundles with busybox in them, states of their own
# in $T/run, and after each test a look for what is left.

load helpers
own_image=1 # for helpers.bash: no image is needed
: "$own_image"

setup() { tare_setup; }

teardown()
{
	local status=0 id
	[ -n "${T-}" ] || return 0
	for id in $(ids); do runtime delete --force "$id" || status=1; done
	eventually 5 oci_nothing_left || { fail "left behind:" "$(oci_leaks)"; status=1; }
	tare_teardown || status=1
	return $status
}

runtime() { "$TARE_BUILD/tare-runtime" --root "$T/run" "$@"; }

ids() { [ ! -d "$T/run" ] || ls "$T/run"; }

# bundle DIR [JQ-FILTER]: $T/DIR with busybox; the filter changes config.json
bundle()
{
	local d=$T/$1 name
	mkdir -p "$d"/rootfs/{bin,proc,sys,dev,etc,tmp,root}
	cp /bin/busybox "$d/rootfs/bin/"
	for name in sh cat ls sleep id true false echo env ps tty kill stat touch wc head dd stty readlink; do
		ln -sf busybox "$d/rootfs/bin/$name"
	done
	jq -n --arg group "/$group/$1" '
		def caps: ["CAP_KILL", "CAP_CHOWN", "CAP_SETUID", "CAP_SETGID"];
		def mount($at; $type; $options): { destination: $at, type: $type, source: $type, options: $options };
		{
			ociVersion: "1.0.2",
			process: {
				terminal: false, user: { uid: 0, gid: 0 }, args: ["sleep", "1000"], cwd: "/",
				env: ["PATH=/bin", "FROM=config"], capabilities: { bounding: caps, effective: caps, permitted: caps },
			},
			root: { path: "rootfs" },
			mounts: [
				mount("/proc"; "proc"; []), mount("/dev"; "tmpfs"; ["nosuid", "mode=755"]),
				mount("/dev/pts"; "devpts"; ["newinstance", "ptmxmode=0666", "mode=0620"]), mount("/sys"; "sysfs"; ["ro"])
			],
			linux: {
				cgroupsPath: $group,
				namespaces: (["pid", "network", "ipc", "uts", "mount", "cgroup"] | map({ type: . })),
			},
		}' | jq "${2:-.}" >"$d/config.json"
}

# created ID [JQ-FILTER]: in a bundle of its own; its output is in $T/ID.log
created()
{
	bundle "$1" "${2:-.}"
	runtime create --bundle "$T/$1" "$1" >"$T/$1.log" 2>&1 </dev/null 3>&- || fail "create $1" "$(cat "$T/$1.log")"
}

started() # ID [JQ-FILTER]
{
	created "$@"
	expect 0 runtime start "$1"
}

status_of() { runtime state "$1" | jq -r .status; }
is() { [ "$(status_of "$2")" = "$1" ]; } # STATUS ID
first_of() { runtime state "$1" | jq -r .pid; }

# what a container's folder, group or process would be; the engine's own are in helpers.bash
oci_leaks()
{
	local f words
	ids
	find "$host_cgroup" -type d -path "*/$group/*" 2>/dev/null
	for f in /proc/[0-9]*/cmdline; do
		words=()
		mapfile -d '' -t words <"$f"
		[[ "${words[*]}" != *"$T/run"* ]] || echo "process ${f//[^0-9]/} ${words[*]}"
	done 2>/dev/null
}
oci_nothing_left() { [ -z "$(oci_leaks)" ]; }
