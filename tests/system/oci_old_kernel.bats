# SPDX-License-Identifier: Apache-2.0
# Linux 5.4, as tests/tools/old-kernel stands in for it: the same containers by what that kernel has (kernel/old_kernel.h).
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load oci

setup()
{
	[ -x "$TARE_BUILD/tests/system/old-kernel" ] || skip "$TARE_BUILD/tests/system/old-kernel is not built"
	tare_setup
}

runtime() { "$TARE_BUILD/tests/system/old-kernel" "$TARE_BUILD/tare-runtime" --root "$T/run" "$@"; }
new_runtime() { "$TARE_BUILD/tare-runtime" --root "$T/run" "$@"; }

# bats test_tags=guest-full
@test "old kernel: create, start, exec, pause, kill, delete" {
	started one
	expect 0 runtime exec one sh -c 'echo "$(tty) $(id -u)"; ls /proc/self/fd | wc -l'
	contains "not a tty 0" "$out"
	expect 0 runtime exec one cat /proc/self/cgroup
	contains "/$group/one" "$(cat "/proc/$(first_of one)/cgroup")"
	expect 0 runtime pause one
	is paused one
	expect 0 runtime resume one
	expect 1 runtime delete one
	expect 0 runtime kill one KILL
	eventually 5 is stopped one
	expect 0 runtime delete one
	bundle two '.process.args = ["sh", "-c", "exit 9"]'
	expect 9 runtime run --bundle "$T/two" two
}

@test "old kernel: the same mounts as with a new one" {
	bundle one '.process.args = ["cat", "/proc/self/mountinfo"] | .root.readonly = true
		| .mounts += [{ destination: "/etc/hosts", type: "bind", source: "hosts", options: ["bind", "ro", "nosuid", "noatime"] },
			{ destination: "/tmp", type: "bind", source: "shared", options: ["rbind", "rslave", "nodev", "noexec"] },
			{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"] }]
		| .linux.maskedPaths = ["/proc/keys", "/proc/kcore", "/proc/acpi", "/sys/firmware", "/proc/none"]
		| .linux.readonlyPaths = ["/proc/bus", "/proc/sys", "/proc/sysrq-trigger"]'
	mkdir "$T/one/shared"
	echo here >"$T/one/hosts"
	expect 0 new_runtime run --bundle "$T/one" one
	local new=$out
	expect 0 runtime run --bundle "$T/one" one
	# place, options and kinds of propagation; numbers of mounts and groups are each start's own
	plain() { sed -E 's/^[0-9]+ [0-9]+ [0-9]+:[0-9]+ //; s/(shared|master):[0-9]+/\1/g; s/ino[a-z]*=[0-9]+//' <<<"$1"; }
	equal "$(plain "$new")" "$(plain "$out")" mounts
}

@test "old kernel: links of the image lead nowhere but into its root" {
	bundle one '.process.args = ["sh", "-c", "cat /in/up /in/abs; ls /escape 2>/dev/null; cat /proc/1/mountinfo"]
		| .mounts += [{ destination: "/up/in/up", type: "bind", source: "file", options: ["bind", "ro"] },
			{ destination: "/abs/in/abs", type: "bind", source: "file", options: ["bind", "ro"] }]'
	ln -s ../../../../../../.. "$T/one/rootfs/up"
	ln -s / "$T/one/rootfs/abs"
	echo mine >"$T/one/file"
	expect 0 runtime run --bundle "$T/one" one
	equal "mine mine" "$(head -n 2 <<<"$out" | paste -sd ' ')"
	[ ! -e /in ] || fail "made on the host: /in"
	rm "$T/one/rootfs/up"
	rmdir "$T/one/rootfs/proc"
	ln -s /tmp "$T/one/rootfs/proc"
	expect 125 runtime run --bundle "$T/one" one
	contains "/proc is a symbolic link in the image" "$err"
}

@test "old kernel: a program that is executed cannot be written to, and no descriptor of the host's is left" {
	bundle one '.process.args = ["sh", "-c", "ls -l /proc/self/fd"]'
	ln -sf busybox "$T/one/rootfs/bin/ls"
	expect 0 runtime run --bundle "$T/one" one </dev/null
	equal "0 1 2" "$(sed -n 's/.* \([0-9]*\) -> .*/\1/p' <<<"$out" | paste -sd ' ')" "descriptors"
	created two
	contains "/memfd:tare (deleted)" "$(readlink "/proc/$(first_of two)/exe")"
	run bash -c "echo >>/proc/$(first_of two)/exe"
	[ "$status" -ne 0 ] || fail "the runtime's program could be written to"
}
