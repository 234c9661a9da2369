# SPDX-License-Identifier: Apache-2.0
# What the rarer options of `tare run` do: groups, names, other containers' volumes, cidfile.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash
# bats file_tags=guest-full

load helpers

# ---- names and groups ---------------------------------------------------------------------------------------------

@test "--group-add: names of the image's own /etc/group, and numbers" {
	expect 0 box --group-add daemon --group-add 1234 -- id -G
	equal "0 1 10 1234" "$out"
	expect 0 box -u 5:6 --group-add 7 -- sh -c 'id -u; id -G'
	equal $'5\n6 7' "$out"
	refused '--group-add: unable to find group nosuch' tare run --group-add nosuch busybox true
	refused '--group-add: .*range 0-4294967294' tare run --group-add 4294967295 busybox true
	refused '--group-add: .*range 0-4294967294' tare run --group-add -1 busybox true
}

# CVE-2016-3697: a group that calls itself by a number is not the one that the number means
@test "a number is never the name of a group of the image" {
	mkdir -p "$T/etc"
	printf 'root:x:0:\n4321:x:0:\n' >"$T/group"
	expect 0 box -u 1:1 -v "$T/group:/etc/group:ro" --group-add 4321 -- id -G
	equal "1 4321" "$out"
}

@test "--domainname, --hostname" {
	expect 0 box --hostname web --domainname example.org -- sh -c 'hostname; cat /proc/sys/kernel/domainname'
	equal $'web\nexample.org' "$out"
	refused 'conflicting options: domainname and the UTS mode' tare run --uts host --domainname x busybox true
}

@test "--annotation reaches the runtime-spec" {
	start one --annotation a.b/c=d=e --annotation empty
	equal '{"a.b/c":"d=e","empty":""}' "$(jq -c .annotations "$T"/state/*/config.json)"
	equal 'd=e' "$(tare inspect one | jq -r '.[0].HostConfig.Annotations["a.b/c"]')"
}

# ---- --cidfile ----------------------------------------------------------------------------------------------------

@test "--cidfile has the id; a file that is there is refused, and stays as it was" {
	expect 0 tare run -d --name one --cidfile "$T/cid" busybox sleep 1000
	equal "$out" "$(<"$T/cid")"
	equal "$T/cid" "$(tare inspect one | jq -r '.[0].HostConfig.ContainerIDFile')"
	expect 125 tare run --cidfile "$T/cid" busybox true
	contains "container ID file found, make sure the other container isn't running or delete $T/cid" "$err"
	equal "$(tare inspect one | jq -r '.[0].Id')" "$(<"$T/cid")"
	expect 0 tare create --cidfile "$T/cid2" busybox true
	equal "$out" "$(<"$T/cid2")"
}

@test "--cidfile is gone when nothing was made" {
	expect 125 tare run --pull never --cidfile "$T/cid" no-such-image true
	[ ! -e "$T/cid" ] || fail "left: $T/cid"
	expect 125 tare run --cidfile "$T/cid" --group-add nosuch busybox true
	[ ! -e "$T/cid" ] || fail "left: $T/cid"
	refused 'failed to create the container ID file' tare run --cidfile "$T/no/such/folder" busybox true
	# a command that is not there leaves its container, and so its file
	expect 127 tare run --cidfile "$T/cid" busybox nosuch
	equal 64 "$(wc -c <"$T/cid")"
}

# ---- --volumes-from -----------------------------------------------------------------------------------------------

@test "--volumes-from: volumes and binds, named or not, and no tmpfs" {
	mkdir "$T/host" && echo host >"$T/host/file"
	start one -v named:/n -v /anonymous -v "$T/host:/b:ro" --tmpfs /t
	expect 0 in_box one sh -c 'echo n >/n/file; echo a >/anonymous/file'
	expect 1 box --volumes-from one -- sh -c 'cat /n/file /anonymous/file /b/file; [ ! -e /t ]; echo x >/n/more; touch /b/x'
	equal $'n\na\nhost' "$out"
	contains 'Read-only file system' "$err"
	expect 0 in_box one cat /n/more
	equal x "$out"
	# what was made for the first one does not go with the second
	expect 0 in_box one cat /anonymous/file
}

@test "--volumes-from CONTAINER:ro; own mounts weigh more, then the last container named" {
	mkdir "$T/own"
	start one -v first:/v -v /a
	start two -v second:/v
	expect 1 box --volumes-from one:ro -- touch /v/x
	contains 'Read-only file system' "$err"
	expect 0 box --volumes-from one:ro -v "$T/own:/v" -- sh -c 'touch /v/mine; touch /a/x 2>/dev/null || echo readonly'
	equal readonly "$out"
	[ -e "$T/own/mine" ] || fail "not in the own folder"
	expect 0 in_box two touch /v/of-two
	expect 0 box --volumes-from one --volumes-from two -- ls /v
	equal of-two "$out"
}

@test "what --volumes-from brought stays when the other container goes" {
	start one -v /data
	expect 0 in_box one sh -c 'echo kept >/data/file'
	expect 0 tare create --name two --volumes-from one busybox cp /data/file /data/copy
	expect 0 tare rm -f -v one
	expect 0 tare start two
	eventually 5 grep -qr kept "$T"/root/volumes/*/_data/copy
	expect 125 tare run --rm --volumes-from one busybox true
	contains 'No such container: one' "$err"
	expect 125 tare run --rm --volumes-from two:rx busybox true
	contains 'invalid mode: rx' "$err"
	expect 0 tare rm -f -v two
	equal "" "$(ls "$T/root/volumes" 2>/dev/null)"
}

# ---- container:X --------------------------------------------------------------------------------------------------

# inodes PID TYPE…: of its namespaces
inodes()
{
	local pid=$1 type
	shift
	for type in "$@"; do readlink "/proc/$pid/ns/$type"; done
}

# bats test_tags=guest-full
@test "--pid, --ipc, --uts and --network container:X share what X has, and only that" {
	start one --ipc shareable --hostname shared -- sh -c 'echo of-one >/dev/shm/file; sleep 1000'
	eventually 5 in_box one test -s /dev/shm/file
	start two --pid container:one --ipc container:one --uts container:one --network container:one
	equal "$(inodes "$(pid_of one)" pid ipc uts net)" "$(inodes "$(pid_of two)" pid ipc uts net)"
	[ "$(inodes "$(pid_of one)" mnt)" != "$(inodes "$(pid_of two)" mnt)" ] || fail "the same mounts"
	expect 0 in_box two sh -c 'cat /dev/shm/file; hostname; cat /etc/hostname; ps | grep -c "[s]leep 1000"'
	equal $'of-one\nshared\nshared\n2' "$out"
	equal "container:$(state_id one)" "$(tare inspect two | jq -r '.[0].HostConfig.PidMode')"
	# the first one's end takes those along that live in its pid namespace
	expect 0 tare rm -f one
	eventually 5 eval '! is_running two'
	equal 137 "$(state_of two ExitCode)"
}

state_id() { tare inspect "$1" | jq -r '.[0].Id'; }

@test "container:X is refused when X is not there, does not run, or does not share" {
	local option
	start one
	for option in pid ipc uts network; do
		expect 125 tare run --"$option" container:nosuch busybox true
		contains "--$option container:nosuch: No such container: nosuch" "$err"
	done
	expect 125 tare run --ipc container:one busybox true
	contains 'non-shareable IPC (hint: use IpcMode:shareable for the donor container)' "$err"
	expect 0 tare create --name idle --ipc shareable busybox true
	expect 125 tare run --network container:idle busybox true
	contains "cannot join network of a non running container: $(state_id idle)" "$err"
	expect 125 tare run --pid container:idle busybox true
	contains "can't join PID namespace of container $(state_id idle): container $(state_id idle) is not running" "$err"
	expect 125 tare run --ipc container:idle busybox true
	contains "can't join IPC of container" "$err"
	expect 125 tare run --hostname x --network container:one busybox true
	contains 'conflicting options: hostname and the network mode' "$err"
	equal "idle one" "$(tare ps -a --format '{{.Names}}' | sort | xargs)"
	expect 0 tare rm -f idle
}

@test "container:X is looked up again at each start" {
	start one --hostname first
	expect 0 tare create --name two --uts container:one busybox sleep 1000
	expect 0 tare start two
	equal "$(inodes "$(pid_of one)" uts)" "$(inodes "$(pid_of two)" uts)"
	expect 0 tare kill two
	eventually 5 eval '! is_running two'
	expect 0 tare restart -t 0 one
	expect 0 tare start two
	eventually 5 is_running two
	equal "$(inodes "$(pid_of one)" uts)" "$(inodes "$(pid_of two)" uts)"
	expect 0 tare rm -f one
	expect 0 tare kill two
	eventually 5 eval '! is_running two'
	expect 1 tare start two
	contains 'No such container' "$err"
}

# CVE-2016-9962: who sees a process that is being set up must not reach the host through it
@test "a container that is joined cannot open the descriptors of who enters it" {
	start one -- sh -c "while :; do for d in /proc/[0-9]*; do
		[ \$d = /proc/1 ] || { ls -l \$d/fd; [ ! -e \$d/root$T/mounts.before ] || echo ROOT; } 2>/dev/null; done; done >/seen"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		expect 0 box --pid container:one -- true
	done
	expect 0 in_box one sh -c 'grep -cE "^l" /seen; grep -E "ROOT| -> (socket|anon_inode|/$|/proc$|/sys|/tmp)" /seen; true'
	matches '^[1-9][0-9]*$' "$out" "descriptors seen, and those of the host"
}

# ---- --init -------------------------------------------------------------------------------------------------------

zombies() { in_box "$1" ps -o stat | grep -c Z; }

# bats test_tags=guest-full
@test "--init: the command below a first process that reaps, passes signals on and ends as it ends" {
	expect 3 box --init -- sh -c 'tr "\0" " " </proc/1/cmdline; echo; exit 3'
	matches '^/sbin/docker-init -- sh -c ' "$out"
	expect 137 box --init -- sh -c 'kill -9 $$'
	# an orphan's remains are gone; a first process that does not look keeps them
	start reaper --init -- sh -c '(sleep 0.1 & sleep 0.1 &); exec sleep 1000'
	start sleeper -- sh -c '(sleep 0.1 & sleep 0.1 &); exec sleep 1000'
	eventually 5 eval '[ "$(zombies sleeper)" = 2 ]'
	eventually 5 eval '[ "$(zombies reaper)" = 0 ]'
	start one --init -- sh -c 'trap "exit 9" TERM; : >/ready; while :; do sleep 0.1; done'
	eventually 5 in_box one test -e /ready
	expect 0 tare kill -s TERM one
	eventually 5 eval '! is_running one'
	equal 9 "$(state_of one ExitCode)"
	equal '["trap \"exit 9\" TERM; : >/ready; while :; do sleep 0.1; done"] sh true' \
		"$(tare inspect one | jq -rc '.[0] | "\(.Args[1:]) \(.Path) \(.HostConfig.Init)"')"
}

@test "--init: a command that is not there is 127, one that cannot be executed 126; it runs as the user" {
	expect 127 box --init -- no-such-command
	contains 'tare-init: no-such-command: No such file or directory' "$err"
	expect 126 box --init -- /etc/passwd
	contains 'Permission denied' "$err"
	expect 0 box --init -u 1234:5 --read-only --cap-drop ALL --security-opt no-new-privileges -- sh -c 'id -u; id -g; stat -c %u /proc/1'
	equal $'1234\n5\n1234' "$out"
	expect 0 box --init --pid host -- sh -c 'ls /sbin/docker-init 2>/dev/null || echo none'
	contains 'warning: --init has no effect' "$err"
	equal none "$out"
}

# CVE-2019-5736
@test "--init: the program cannot be written from inside, nor mounted away for others" {
	local before
	before=$(sha256sum <"$TARE_BUILD/tare-init")
	expect 0 box --init -- sh -c 'for f in /proc/1/exe /sbin/docker-init; do sh -c "echo x >>$f" 2>&1; rm -f $f 2>&1; done; true'
	matches '(Read-only file system|Text file busy|busy)' "$out"
	equal "$before" "$(sha256sum <"$TARE_BUILD/tare-init")"
}

@test "--init costs a few pages" {
	start one --init
	between 1 32 "$(awk '/^Private_(Dirty|Clean):/ { n += $2 } END { print n }' "/proc/$(pid_of one)/smaps_rollup")" "KiB"
}
