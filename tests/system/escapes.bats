# SPDX-License-Identifier: Apache-2.0
# What an image, or who shares a folder with it, may try with tare-runtime alone. Each of these is also run without what stops
# it (tests/faults/protections), where it has to fail. Those that need an engine are in mounts, isolation, neighbours, exec.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load spec_helpers
own_image=1
: "$own_image"

# A file of the host that nobody may change, in a folder where nobody may make anything.
victim() { mkdir -p "$T/victim"; echo untouched >"$T/victim/file"; }
unharmed() { equal "file: untouched" "$(ls -A "$T/victim"): $(<"$T/victim/file")" "the victim"; }

# with_mounts JSON…: those instead of /proc and /dev
with_mounts() { jq -n '{mounts: $ARGS.positional}' --jsonargs -- "$@"; }
proc='{"destination": "/proc", "type": "proc", "source": "proc"}'

# in_place_of PATH TARGET: a link of the image there
in_place_of()
{
	rm -rf "${T:?}/bundle/rootfs$1"
	ln -s "$2" "$T/bundle/rootfs$1"
}

# CVE-2026-41579, CVE-2026-47766
@test "a /dev of the image that is a link makes no things on the host" {
	victim
	bundle "$(with_mounts "$proc")"
	in_place_of /dev "$T/victim"
	runtime run --bundle "$T/bundle" "box-$group" >"$T/o" 2>&1 </dev/null 3>&- || true
	equal "file" "$(ls -A "$T/victim")" "things on the host"
}

# CVE-2019-19921, CVE-2023-27561: what is written to /proc later would go elsewhere
@test "a /proc that is a link is refused" {
	bundle '{}'
	mkdir "$T/bundle/rootfs/elsewhere"
	in_place_of /proc /elsewhere
	refused_bundle '/proc is a symbolic link in the image'
}

# CVE-2019-16884, CVE-2019-18837
@test "what is no procfs is not mounted at /proc" {
	mkdir "$T/fake"
	bundle "$(with_mounts "{\"destination\": \"/proc\", \"source\": \"$T/fake\", \"options\": [\"rbind\"]}")"
	refused_bundle 'only a procfs may be mounted at /proc'
}

@test "nothing is mounted inside /proc" {
	mkdir "$T/fake"
	bundle "$(with_mounts "$proc" "{\"destination\": \"/proc/sys\", \"source\": \"$T/fake\", \"options\": [\"rbind\"]}")"
	refused_bundle 'nothing may be mounted inside /proc'
}

# CVE-2025-52881
@test "a sysctl is written into a procfs, whatever the image has at /proc" {
	victim
	bundle '{"linux": {"sysctl": {"kernel.domainname": "intruder"}}}' -- cat /proc/sys/kernel/domainname
	jq 'del(.mounts[0])' "$T/bundle/config.json" >"$T/c" && mv "$T/c" "$T/bundle/config.json"
	mkdir -p "$T/bundle/rootfs/proc/sys/kernel"
	ln -s "$T/victim/file" "$T/bundle/rootfs/proc/sys/kernel/domainname"
	runtime run --bundle "$T/bundle" "box-$group" >"$T/o" 2>&1 </dev/null 3>&- || true
	unharmed
}

# CVE-2025-31133
@test "a device that the image brought is the device or nothing" {
	bundle "$(with_mounts "$proc")"
	touch "$T/bundle/rootfs/dev/null"
	refused_bundle 'device /dev/null: something else is there'
}

# CVE-2025-31133: a folder at /dev that a neighbour has filled
@test "what masks is not what the image or a neighbour has at /dev/null" {
	victim
	mkdir "$T/devs"
	ln -s "$T/victim/file" "$T/devs/null"
	bundle '{"linux": {"maskedPaths": ["/proc/timer_list"]}}' -- sh -c 'echo intruder >/proc/timer_list; true'
	jq --arg at "$T/devs" '.mounts[1] = {destination: "/dev", source: $at, options: ["rbind"]}' "$T/bundle/config.json" >"$T/c"
	mv "$T/c" "$T/bundle/config.json"
	runtime run --bundle "$T/bundle" "box-$group" >"$T/o" 2>&1 </dev/null 3>&- || true
	unharmed
}

# CVE-2024-21626
@test "the command has no descriptor of the caller's" {
	bundle '{}' -- ls -l /proc/self/fd
	exec 7<"$T" 8</etc/passwd
	run_bundle 0
	exec 7<&- 8<&-
	[[ $out != *"$T ->"* && $out != *" 7 -> "* && $out != *" 8 -> "* ]] || fail "descriptors of the caller:" "$out"
}

# CVE-2024-21626. Whoever is in the host's /proc sees this test.
@test "a working folder among descriptors shows nothing of the host" {
	local n
	bundle '{"process": {"cwd": "/proc/self/fd/N"}}' -- sh -c "ls -d $BASHPID sys/kernel/core_pattern; ls ../../../../../..$T"
	cp "$T/bundle/config.json" "$T/document"
	for n in {3..16}; do
		sed "s,fd/N,fd/$n," "$T/document" >"$T/bundle/config.json"
		runtime run --bundle "$T/bundle" "box-$group" >"$T/o" 2>/dev/null </dev/null 3>&- || true
		[ ! -s "$T/o" ] || fail "descriptor $n: processes of the host, or files: $(<"$T/o")"
	done
}

# CVE-2016-10124, CVE-2017-5226. 0x5412 is TIOCSTI.
@test "the caller's terminal takes no typing from the command" {
	need_python
	local more
	# the second time on a kernel that takes no typing from anybody (TIOCSTI is EIO)
	for more in '' ', "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ioctl"], "action": "SCMP_ACT_ERRNO",
		"errnoRet": 5, "args": [{"index": 1, "value": 21522, "op": "SCMP_CMP_EQ"}]}]}}'; do
		bundle '{"process": {"capabilities": {"bounding": []}}'"$more"'}' -- /probe type x
		cp "$TARE_BUILD/tests/system/probe" "$T/bundle/rootfs/probe"
		"$BATS_TEST_DIRNAME/on-terminal" "$TARE_BUILD/tare-runtime" run --bundle "$T/bundle" "box-$group" </dev/null >"$T/o" 2>&1 3>&- || true
		matches '^(EPERM|ENOTTY)' "$(tail -n 1 "$T/o" | tr -d '\r')" "typed"
	done
}
