# SPDX-License-Identifier: Apache-2.0
# Bind mounts, volumes, tmpfs, the read-only root, and images that try to lead a mount out of the container.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load traps

# ---- folders of the host ------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "-v: a folder of the host, writable or read-only" {
	mkdir "$T/src"
	echo one >"$T/src/file"
	expect 0 box -v "$T/src:/dst" -- sh -c 'cat /dst/file; echo two >/dst/new'
	equal one "$out"
	equal two "$(<"$T/src/new")"
	expect 1 box -v "$T/src:/dst:ro" -- sh -c 'echo three >/dst/new'
	contains 'Read-only file system' "$err"
	equal two "$(<"$T/src/new")"
}

@test "-v makes a missing source, --mount refuses it" {
	expect 0 box -v "$T/made:/dst" -- touch /dst/file
	[ -f "$T/made/file" ] || fail "no $T/made/file"
	refused "bind source path does not exist: $T/none" tare run --rm --mount "type=bind,src=$T/none,dst=/dst" busybox true
	[ ! -e "$T/none" ] || fail "$T/none was made"
}

@test "-v: one file, over a file or where there was none" {
	echo mine >"$T/file"
	expect 0 box -v "$T/file:/etc/passwd:ro" -v "$T/file:/new/place" -- cat /etc/passwd /new/place
	equal $'mine\nmine' "$out"
	expect 125 box -v "$T:/etc/passwd" -- true
	matches 'etc/passwd' "$err"
}

# bats test_tags=guest-full
@test "a read-only bind is read-only to its last submount" {
	submounts()
	{
		mkdir -p "$T/tree/sub"
		mount -t tmpfs tmpfs "$T/tree/sub"
		expect 1 box -v "$T/tree:/dst:ro" -- touch /dst/sub/file
		contains 'Read-only file system' "$err"
		expect 0 box -v "$T/tree:/dst" -- touch /dst/sub/file
		expect 1 box --mount "type=bind,src=$T/tree,dst=/dst,bind-recursive=disabled" -- test -e /dst/sub/file
	}
	private_mounts submounts
}

@test "a bind does not pass mounts on, in either direction, unless told to" {
	expect 1 box -v "$T:/dst" -- grep -E ' /dst .*(shared|master):' /proc/self/mountinfo
	slave()
	{
		mkdir "$T/shared"
		mount -t tmpfs tmpfs "$T/shared"
		mount --make-shared "$T/shared"
		mkdir "$T/shared/sub"
		start receives --mount "type=bind,src=$T/shared,dst=/dst,bind-propagation=rslave"
		start deaf -v "$T/shared:/dst"
		mount -t tmpfs tmpfs "$T/shared/sub"
		expect 0 in_box receives grep ' /dst/sub ' /proc/self/mountinfo
		expect 1 in_box deaf grep ' /dst/sub ' /proc/self/mountinfo
		expect 0 tare rm -f receives deaf
	}
	private_mounts slave
}

@test "mounts are made from the outermost inwards, in whatever order they are given" {
	mkdir "$T/outer" "$T/inner"
	touch "$T/outer/o" "$T/inner/i"
	expect 0 box -v "$T/inner:/x/y" -v "$T/outer:/x" -- sh -c 'ls /x /x/y'
	equal $'/x:\no\ny\n\n/x/y:\ni' "$out"
}

# ---- volumes ------------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "a named volume keeps what was written" {
	expect 0 box -v data:/data -- sh -c 'echo kept >/data/file'
	expect 0 box --mount type=volume,src=data,dst=/elsewhere,readonly -- cat /elsewhere/file
	equal kept "$out"
	expect 1 box --mount type=volume,src=data,dst=/elsewhere,readonly -- touch /elsewhere/file
	contains 'Read-only file system' "$err"
}

@test "an empty volume is filled from the image, but not with nocopy, nor a second time" {
	expect 0 box -v fill:/etc -- cat /etc/passwd
	contains root: "$out"
	expect 0 box -v fill:/data -- sh -c 'test -e /data/passwd && rm /data/passwd'
	expect 1 box -v fill:/etc -- test -e /etc/passwd
	expect 1 box -v bare:/etc:nocopy -- test -e /etc/passwd
}

@test "an anonymous volume goes with --rm, a named one stays" {
	expect 0 box -v /anonymous -v named:/named -- sh -c 'touch /anonymous/a /named/n'
	equal named "$(ls "$T/root/volumes")"
	expect 0 tare run --name keeps -v /anonymous busybox true
	equal 2 "$(find "$T/root/volumes" -mindepth 1 -maxdepth 1 | wc -l)" "volumes"
}

@test "two containers share a volume" {
	start writer -v common:/c -- sh -c 'echo hi >/c/f; sleep 1000'
	eventually 5 box -v common:/other -- grep hi /other/f
}

# ---- memory -------------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "--tmpfs: defaults and options" {
	expect 0 box --tmpfs /t -- grep ' /t ' /proc/self/mountinfo
	matches 'nosuid,nodev,noexec' "$out"
	expect 0 box --tmpfs /t:size=1m,mode=700,exec -- sh -c 'stat -c %a /t; df -k /t | awk "END { print \$2 }"; grep " /t " /proc/self/mountinfo'
	matches $'^700\n1024\n' "$out"
	[[ $out != *noexec* ]] || fail "$out"
	expect 1 box --tmpfs /t:size=1m -- dd if=/dev/zero of=/t/f bs=1k count=2000
	contains 'No space left on device' "$err"
}

@test "--mount type=tmpfs" {
	expect 0 box --mount type=tmpfs,dst=/t,tmpfs-size=1048576,tmpfs-mode=0750 -- sh -c 'stat -c %a /t; df -k /t | awk "END { print \$2 }"'
	equal $'750\n1024' "$out"
}

@test "--shm-size, 64 MiB by default" {
	expect 0 box -- sh -c 'df -k /dev/shm | awk "END { print \$2 }"; stat -c %a /dev/shm'
	equal $'65536\n1777' "$out"
	expect 0 box --shm-size 1m -- sh -c 'df -k /dev/shm | awk "END { print \$2 }"'
	equal 1024 "$out"
}

# ---- the root -----------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "--read-only: the root and nothing else" {
	mkdir "$T/src"
	expect 1 box --read-only -- touch /file
	contains 'Read-only file system' "$err"
	expect 1 box --read-only -- touch /etc/hosts
	expect 0 box --read-only --tmpfs /t -v "$T/src:/bind" -v vol:/vol -- \
		sh -c 'touch /dev/shm/f /t/f /bind/f /vol/f && echo x >/dev/null'
}

@test "what a container writes into its root is its own" {
	expect 0 box -- sh -c 'echo x >/written; rm /etc/passwd'
	expect 0 box -- sh -c 'test ! -e /written && test -e /etc/passwd'
}

@test "a read-only container cannot make its root writable again" {
	expect 0 box --read-only --cap-add SYS_ADMIN --security-opt seccomp=unconfined -- \
		sh -c 'mount -o remount,rw / 2>/dev/null && touch /file 2>/dev/null; ls -d /file 2>/dev/null; true'
	equal "" "$(find "$T/root/layers" -name file 2>/dev/null)" "files in the image's layers"
}

# ---- images that point outwards -----------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "/dev, /proc, /sys or /etc of the image are links to the host" {
	local where to
	for where in /dev /proc /sys /etc /dev/shm /dev/pts /sys/fs/cgroup; do
		for to in "$T/victim" "../../../../../../../../..$T/victim" /proc/self/cwd /proc/1/root/"$T/victim"; do
			trap_rootfs "$where" "$to"
			survives
		done
	done
}

@test "/etc/hosts, hostname and resolv.conf of the image are links to a file of the host" {
	trap_rootfs /etc/hosts "$T/victim/file" /etc/hostname "../../../../../../..$T/victim/file" /etc/resolv.conf "$T/victim/none"
	survives --hostname intruder
}

# bats test_tags=guest-full
@test "the target of a mount is a link to the host" {
	mkdir "$T/src"
	touch "$T/src/own"
	trap_rootfs /link "$T/victim" /up "../../../../../../../../..$T/victim"
	survives -v "$T/src:/link"
	survives -v "$T/src:/up/sub"
	survives --tmpfs /link/made
	survives -v volume:/up/made
	survives --mount "type=bind,src=$T/src/own,dst=/up/file"
	survives -w /up/made
	survives --device /dev/null:/link/null
}

@test "/dev/null or /dev/pts/ptmx of the image do not stand in for masks" {
	trap_rootfs /dev/null "$T/victim/file"
	expect 0 tare run --rm --rootfs "$T/rootfs" /bin/busybox sh -c 'stat -c %t:%T /dev/null; head -c 1 /proc/timer_list'
	equal 1:3 "$out"
	unharmed
}

@test "a volume's copy from the image does not follow a link out" {
	echo secret >"$T/secret"
	trap_rootfs /data/link "$T/secret" /out "$T/victim"
	expect 0 tare run --rm -v fill:/data --rootfs "$T/rootfs" /bin/busybox sh -c 'readlink /data/link; cat /data/link; true'
	[[ $out != *secret$'\n'*secret* ]] || fail "$out"
	survives -v other:/out
}

# A neighbour that shares a volume exchanges a folder and a link to the host while containers with a mount inside it
# start: CVE-2021-30465, CVE-2025-31133.
@test "a neighbour that flips a mount's target between folder and link changes nothing on the host" {
	[ -x "$TARE_BUILD/tests/system/probe" ] || skip "no static probe in this build"
	trap_rootfs
	mkdir -p "$T/shared/real" "$T/src"
	touch "$T/src/own"
	ln -s "../../../../../../../../../..$T/victim" "$T/shared/evil"
	"$TARE_BUILD/tests/system/probe" flip "$T/shared/real" "$T/shared/evil" $((60 + ${TARE_SOAK:-0} * 1740)) 3>&- &
	local flipper=$! i
	for ((i = 0; i < ${TARE_SOAK:-0} * 990 + 10; i++)); do
		survives -v "$T/shared:/s" -v "$T/src:/s/real/sub" --tmpfs /s/real/tmp -w /s/real/made
		survives -v "$T/shared:/s" --mount "type=bind,src=$T/src/own,dst=/s/evil/file" --device /dev/null:/s/real/null
	done
	kill "$flipper" 2>/dev/null || true # its time may be over
	wait "$flipper" || true
}

@test "nothing but a procfs is mounted at /proc, and nothing inside it" {
	mkdir "$T/fake"
	refused 'inside /proc' tare run --rm -v "$T/fake:/proc/sys" busybox true
	refused 'inside /proc' tare run --rm --tmpfs /proc/self busybox true
	refused 'only a procfs' tare run --rm -v "$T/fake:/proc" busybox true
	refused 'only a procfs' tare run --rm --tmpfs /proc busybox true
	expect 0 box -v /proc/uptime:/proc/uptime:ro -- cat /proc/uptime
}

@test "a folder above the data root can be bound, and does not show the container in itself" {
	expect 0 box -v "$T:/above" -- sh -c 'ls /above/root/layers; grep -c /above /proc/self/mountinfo'
	[[ $out != *bin* ]] || fail "$out"
	equal 1 "${out##*$'\n'}" "mounts"
}
