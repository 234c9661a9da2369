# SPDX-License-Identifier: Apache-2.0
# Block I/O: weights and rates as the kernel keeps them on any layout, and a rate as a reader feels it.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash
# bats file_tags=guest-full

load helpers

teardown()
{
	[ ! -f "$T/loop" ] || losetup -d "$(<"$T/loop")"
	tare_teardown
}

# a_disk: "PATH MAJOR:MINOR" of a whole disk of this host
a_disk()
{
	local dir
	for dir in /sys/class/block/*/; do
		dir=${dir%/}
		if [ ! -e "$dir/partition" ] && [ -b "/dev/${dir##*/}" ]; then
			echo "/dev/${dir##*/} $(<"$dir/dev")"
			return
		fi
	done
	return 1
}

need_disk()
{
	need_controller blkio
	read -r disk number < <(a_disk) || skip "no block device here"
}

# a_loop: a disk of this test's own, 8 MiB
a_loop()
{
	truncate -s 8M "$T/disk.img"
	losetup -f --show "$T/disk.img" >"$T/loop" 2>/dev/null || { rm "$T/loop"; skip "no loop devices here"; }
	disk=$(<"$T/loop")
	number=$(<"/sys/class/block/${disk##*/}/dev")
}

# throttles CONTAINER: "rbps wbps riops wiops" of $number
throttles()
{
	local name line=()
	if is_v1 blkio; then
		for name in read_bps write_bps read_iops write_iops; do
			line+=("$(awk -v d="$number" '$1 == d { print $2 }' "$(cgroup_dir "$1" blkio)/blkio.throttle.${name}_device")")
		done
		echo "${line[*]}"
	else
		sed -n "s/^$number rbps=\(.*\) wbps=\(.*\) riops=\(.*\) wiops=\(.*\)/\1 \2 \3 \4/p" "$(cgroup_dir "$1" blkio)/io.max"
	fi
}

# bats test_tags=guest
@test "--device-read-bps, --device-write-bps, --device-read-iops, --device-write-iops" {
	need_disk
	start one --device-read-bps "$disk:1mb" --device-write-bps "$disk:2097152" --device-read-iops "$disk:300" --device-write-iops "$disk:400"
	equal "1048576 2097152 300 400" "$(throttles one)"
	equal "{\"Path\":\"$disk\",\"Rate\":1048576}" "$(tare inspect one | jq -c '.[0].HostConfig.BlkioDeviceReadBps[0]')"
	start two --device-read-bps "$disk:1mb" --device-read-bps "$disk:4k"
	matches '^4096( |$)' "$(throttles two)"
}

@test "what is no disk is refused by name" {
	need_controller blkio
	refused '--device-read-bps /dev/null: not a block device' tare run --device-read-bps /dev/null:1mb busybox true
	refused '--device-write-iops /dev/no-such: .*No such file' tare run --device-write-iops /dev/no-such:1 busybox true
	refused '--device-read-bps.*bad format' tare run --device-read-bps /dev/null busybox true
	local part
	for part in /sys/class/block/*/partition; do
		part=$(basename "$(dirname "$part")")
		[ -b "/dev/$part" ] || continue
		refused 'a partition has no limit of its own' tare run --device-read-bps "/dev/$part:1mb" busybox true
		return
	done
}

has_weight() { [ -e "$(cgroup_dir "$1" blkio)/$2" ]; }

# bats test_tags=guest-full
@test "--blkio-weight: as given for BFQ, on another scale for io.cost" {
	need_controller blkio
	start one --blkio-weight 300
	if has_weight one blkio.bfq.weight; then
		equal 300 "$(cat "$(cgroup_file one blkio.bfq.weight)")"
	elif has_weight one io.bfq.weight; then
		equal "default 300" "$(head -n 1 "$(cgroup_dir one blkio)/io.bfq.weight")"
	elif has_weight one io.weight; then
		equal "default 2930" "$(head -n 1 "$(cgroup_dir one blkio)/io.weight")"
	else
		tare rm -f one >/dev/null
		expect 0 box --blkio-weight 300 -- true
		matches 'warning: .*Block I/O weight.*discarded' "$err"
		refused 'blkio-weight 300: ' tare run --strict --blkio-weight 300 busybox true
	fi
}

@test "--blkio-weight-device: a disk that takes none is named, with the reason" {
	need_disk
	start one
	has_weight one blkio.bfq.weight_device || has_weight one io.bfq.weight || has_weight one io.weight || skip "no weights here"
	if tare run -d --name two --blkio-weight-device "$disk:300" busybox sleep 1000 >"$T/stdout" 2>"$T/stderr"; then
		grep -qE "^$number (300|2930)$" "$(cgroup_dir two blkio)"/*weight* || fail "no weight of $disk"
	else
		matches "$number .*(not scheduled by BFQ|io.cost is not switched on)" "$(<"$T/stderr")"
	fi
}

# read_bytes CONTAINER: what it has read of $number
read_bytes()
{
	local file
	if is_v1 blkio; then
		file=$(cgroup_dir "$1" blkio)/blkio.throttle.io_service_bytes
		awk -v d="$number" '$1 == d && $2 == "Read" { n = $3 } END { print n + 0 }' "$file"
	else
		sed -n "s/^$number .*rbytes=\([0-9]*\).*/\1/p" "$(cgroup_dir "$1" blkio)/io.stat" | { read -r n; echo "${n:-0}"; }
	fi
}

has_read() { [ "$(read_bytes "$1")" -ge "$2" ]; } # CONTAINER BYTES

@test "a reader gets what --device-read-bps lets through" {
	need_controller blkio
	a_loop
	start free --device "$disk" -- sh -c "dd if=$disk of=/dev/null bs=64k; sleep 1000"
	eventually 10 has_read free 8000000
	tare rm -f free >/dev/null
	blockdev --flushbufs "$disk"
	local from=${EPOCHREALTIME/./} bytes
	start slow --device "$disk" --device-read-bps "$disk:256k" -- sh -c "dd if=$disk of=/dev/null bs=64k; sleep 1000"
	eventually 10 has_read slow 65536
	sleep 0.5
	bytes=$(read_bytes slow) # which may take long; the limit is of the time that has passed, and what is read ahead comes on top
	between 65536 $((2000000 + (${EPOCHREALTIME/./} - from) * 262144 / 1000000)) "$bytes" "bytes read under a limit of 256 KiB a second"
}
