#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# CPU, block I/O, memory and processes of one container of Docker's and of Podman's: what their stats say is what tare says of
# its group, within 2 %. Each engine is in a mount and pid namespace of its own, without a network.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load ../system/helpers
own_image=1 # for helpers.bash: no image is needed
: "$own_image"

# in_engine SCRIPT: with $group, $rootfs and later(); fails unless it comes to its end
in_engine()
{
	mkdir -p "$T/b/rootfs/bin" "$T/b/rootfs/tmp"
	cp /bin/busybox "$T/b/rootfs/bin/"
	ln -s busybox "$T/b/rootfs/bin/sh"
	ln -s busybox "$T/b/rootfs/bin/dd"
	head -c 32M /dev/urandom >"$T/data"
	rt=$TARE_BUILD/tare-runtime tare="$TARE_BUILD/tare --root $T/work/tare --state $T/work/state" group=$group rootfs=$T/b/rootfs \
		data=$T/data work=$T/work numbers=$BATS_TEST_DIRNAME/same_numbers timeout -k 5 200 \
		unshare -mpf --mount-proc --propagation private bash -uc '
		mount -t tmpfs tmpfs /run
		mount -t tmpfs tmpfs /dev/shm
		mkdir -p /run/lock "$work"
		export HOME=/run XDG_RUNTIME_DIR=/run TMPDIR=/run
		cd "$work"
		later() # WHAT CMD…: its exit status is 0 within 40 tries
		{
			local i
			for i in {1..40}; do ! "${@:2}" || { echo "ok $1"; return 0; }; sleep 0.5; done
			echo "not ok $1"
		}
		eval "$0"
		echo end' "$1" >"$T/engine.log" 2>&1 3>&- || true
	! grep -q '^not ok' "$T/engine.log" && grep -qx end "$T/engine.log" || fail "$(tail -n 30 "$T/engine.log")"
}

# A loop under a quota, after it has read a file past the page cache.
common='
	tar -C "$rootfs" -c . | $engine import - bb:1 >/dev/null 2>&1
	$engine run -d --name one $options --memory 64m --pids-limit 100 --cpus 0.5 -v "$data:/data:ro" bb:1 \
		sh -c "dd if=/data of=/dev/null bs=1M iflag=direct 2>/dev/null; while :; do :; done" >/dev/null
	pid=$($engine inspect --format "{{.State.Pid}}" one)
	path=$(grep -m1 -o "/$group/.*" "/proc/$pid/cgroup")
	later "memory, processes, block I/O" "$numbers" amounts "$engine stats --no-stream one" "$tare stats --no-stream $path"
	later "CPU" "$numbers" '"\$cpu"' "$engine stats --no-stream one" "$tare stats --no-stream --window 1s $path"
	$engine rm -f one >/dev/null
'

need_engine() { local p; for p in "$@"; do command -v "$p" >/dev/null || [ -x "$p" ] || skip "$p is not installed"; done; }

@test "what docker stats says is what tare says of the group" {
	need_engine dockerd containerd /usr/bin/docker python3
	in_engine '
		dockerd --data-root "$work/data" --exec-root /run/docker -p /run/docker.pid -H unix:///run/docker.sock --bridge none \
			--iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --storage-driver vfs \
			--add-runtime "tare=$rt" --default-runtime tare --cgroup-parent "/$group" >dockerd.log 2>&1 &
		engine="/usr/bin/docker -H unix:///run/docker.sock" options="--network none" cpu=share
		later "dockerd" $engine info >/dev/null'"$common"'
		kill $!
		wait $!'
}

@test "what podman stats says is what tare says of the group" {
	need_engine podman conmon python3
	in_engine '
		engine="podman --root $work/store --runroot /run/podman --storage-driver vfs --events-backend file
			--cgroup-manager cgroupfs --runtime $rt"
		options="--network none --cgroup-parent /$group" cpu=time'"$common"
	remove_own_cgroups # of conmon
}
