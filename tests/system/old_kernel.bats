# SPDX-License-Identifier: Apache-2.0
# tare on Linux 5.4, as tests/tools/old-kernel stands in for it; tare-runtime there: oci_old_kernel.bats.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

tare()
{
	local command=$1
	shift
	[ "$command" != run ] || set -- --cgroup-parent "/$group" "$@"
	"$TARE_BUILD/tests/system/old-kernel" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "$command" "$@"
}

setup()
{
	[ -x "$TARE_BUILD/tests/system/old-kernel" ] || skip "$TARE_BUILD/tests/system/old-kernel is not built"
	tare_setup
}

from_box() { tare cp "box:$1" - | tar -xO; }

@test "old kernel: run, exec, cp, pause, update, stop, start, kill of tare" {
	mkdir "$T/volume"
	echo shared >"$T/volume/file"
	expect 0 tare run -d --name box --init --memory 64m -v "$T/volume:/volume:ro" busybox sleep 1000
	expect 0 tare exec -u 7:8 box sh -c 'id -u; id -g; cat /volume/file; echo x 2>/dev/null >/volume/new || echo read-only'
	equal "7 8 shared read-only" "$(paste -sd ' ' <<<"$out")" "exec"
	contains "/memfd:tare (deleted)" "$(readlink "/proc/$(awk '/^PPid/ { print $2 }' "/proc/$(pid_of box)/status")/exe")" "the monitor's program"
	echo mine >"$T/mine"
	expect 0 tare cp "$T/mine" box:/mine
	equal shared "$(from_box /volume/file)" "cp from a volume"
	expect 0 tare pause box
	expect 0 tare unpause box
	expect 0 tare update --memory 96m box
	expect 0 tare stop -t 0 box
	equal "mine shared" "$(from_box /mine) $(from_box /volume/file)" "cp from one that does not run"
	expect 0 tare diff box
	contains "A /mine" "$out"
	expect 0 tare start box
	expect 0 tare exec box cat /mine
	equal mine "$out"
	expect 0 tare kill box
	expect 0 tare wait box
	equal 137 "$out" "status"
	expect 0 tare export -o "$T/all.tar" box
	contains mine "$(tar -tf "$T/all.tar")"
	expect 0 tare rm box
}

@test "old kernel: what it cannot do is one line" {
	refused "this kernel has no idmapped mounts" tare run --userns auto busybox true
}
