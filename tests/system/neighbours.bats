# SPDX-License-Identifier: Apache-2.0
# What an image, or a container beside, may try with users, groups, volumes, terminals and folders of the engine. Where a
# line has a test elsewhere:
#
#   roots, mount targets, /etc files, /dev and /proc that lead out of the root        mounts.bats
#   a racing neighbour (CVE-2021-30465, CVE-2024-45310, CVE-2025-31133)               mounts.bats
#   capabilities, seccomp, descriptors, working folders of /proc/self/fd              isolation.bats
#   /proc/PID/exe (CVE-2019-5736)                                                     self_exe.bats, isolation.bats, exec.bats
#   exec: tracing, working folders, users, terminals (CVE-2016-9962, CVE-2024-21626)  exec.bats
#   numbers that are group names (CVE-2016-3697)                                      options.bats
#   owners of the container's files, setuid programs, idmapped binds                  userns.bats
#   sysctls with more in them (CVE-2022-0811), forms of --user (CVE-2026-30892)       unit tests of engine/config_check, user
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash
# bats file_tags=guest-full

load helpers
load traps
load layouts

# in_trap [OPTIONS] -- CMD…: in $T/rootfs, whose only program is busybox; never for ever
in_trap()
{
	local options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	timeout 30 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run --rm --cgroup-parent "/$group" "${options[@]}" \
		--rootfs "$T/rootfs" /bin/busybox "$@"
}

# load_layer FOLDER NAME: an image NAME of that folder upon the embedded one
load_layer()
{
	tar -cf "$T/layer.tar" --owner=0 --group=0 -C "$1" .
	layout "$T/layer.tar"
	expect 0 image load "$T/layout" "$2"
}

# ---- users and groups of the image --------------------------------------------------------------------------------

# CVE-2016-3697
@test "a user of the image that calls himself by a number is not meant by that number" {
	trap_rootfs
	printf '31337::0:0::/:/bin/sh\n' >"$T/rootfs/etc/passwd"
	expect 0 in_trap -u 31337 -- id -u
	equal 31337 "$out"
}

# CVE-2024-40635, CVE-2026-46680
@test "an image's user beyond 32 bits is no user, and none by name" {
	local user
	mkdir -p "$T/layer/etc"
	printf 'root:x:0:0::/:\n4294967296:x:0:0::/:\n4294967297:x:0:0::/:\n-1:x:0:0::/:\n' >"$T/layer/etc/passwd"
	for user in 4294967296 4294967297 4294967295 -1; do
		configure=".config.User = \"$user\"" load_layer "$T/layer" "evil:1"
		expect 125 tare run --rm evil:1 id -u
		matches 'in range 0-4294967294' "$err" "$user"
	done
}

# CVE-2024-9407, CVE-2026-47262
@test "an image's list of users that is no file, or has no end, holds nobody up" {
	local list
	for list in passwd group; do
		trap_rootfs
		mkfifo "$T/rootfs/etc/$list"
		expect 125 in_trap -u somebody:somebody -- true
		matches "etc/$list: not a regular file" "$err"
		trap_rootfs
		mkdir "$T/rootfs/etc/$list"
		expect 125 in_trap -u somebody:somebody -- true
		trap_rootfs
		truncate -s 8G "$T/rootfs/etc/$list"
		expect 125 in_trap -u somebody:somebody -- true
		matches "etc/$list.*larger|etc/$list.*more than" "$err"
	done
}

@test "an image's list of users is not looked for on the host" {
	local to
	mkdir -p "$T/outside"
	printf 'mole:x:0:0::/:\n' >"$T/outside/passwd"
	printf 'mole:x:0:\n' >"$T/outside/group"
	for to in "$T/outside" "../../../../../../../..$T/outside"; do
		trap_rootfs /etc/passwd "$to/passwd" /etc/group "$to/group"
		expect 125 in_trap -u mole -- true
		matches 'unable to find user mole' "$err"
		expect 125 in_trap -u 0:mole -- true
		matches 'unable to find group mole' "$err"
		trap_rootfs /etc "$to"
		expect 125 in_trap -u mole -- true
	done
}

# CVE-2022-36109, CVE-2022-2989
@test "groups are those of the image's user, and none of who started it" {
	trap_rootfs
	printf 'web:x:1000:1001::/:\n' >"$T/rootfs/etc/passwd"
	printf 'web:x:1001:\nmedia:x:44:web\nother:x:45:\n' >"$T/rootfs/etc/group"
	tare_with_groups()
	{
		setpriv --groups 7,8,9 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run --rm --cgroup-parent "/$group" "$@" \
			--rootfs "$T/rootfs" /bin/busybox grep -E '^(Gid|Groups):' /proc/self/status
	}
	expect 0 tare_with_groups -u web
	equal $'Gid:\t1001\t1001\t1001\t1001\nGroups:\t44 1001 ' "$out"
	expect 0 tare_with_groups -u web:45
	equal $'Gid:\t45\t45\t45\t45\nGroups:\t45 ' "$out"
	expect 0 tare_with_groups -u 5000
	equal $'Gid:\t0\t0\t0\t0\nGroups:\t0 ' "$out"
}

# ---- volumes ------------------------------------------------------------------------------------------------------

# CVE-2022-23648. The folder that the link names is in the image, too, and empty there.
@test "an image's volume on a link to the host holds nothing of the host" {
	local to
	mkdir -p "$T/secret" "$T/layer$T/secret"
	echo secret >"$T/secret/file"
	for to in "$T/secret" "../../../../../../../..$T/secret"; do
		ln -sfn "$to" "$T/layer/vol"
		configure='.config.Volumes = {"/vol":{}}' load_layer "$T/layer" "evil:1"
		expect 0 tare run --rm evil:1 sh -c 'grep -c _data /proc/self/mountinfo; ls -A /vol/; touch /vol/file'
		equal 1 "$out" "volumes, and what is in it"
		equal "file secret" "$(ls -A "$T/secret") $(<"$T/secret/file")" "the host's folder"
	done
	ln -sfn "/proc/1/root$T/secret" "$T/layer/vol"
	configure='.config.Volumes = {"/vol":{}}' load_layer "$T/layer" "evil:1"
	tare run --name evil evil:1 cat /vol/file >"$T/o" 2>&1 3>&- || true
	! grep -q secret "$T/o" || fail "the container has read it: $(<"$T/o")"
	[ "$(<"$T/secret/file")" = secret ] || fail "the host's folder has changed"
}

# CVE-2026-41579, CVE-2025-52565: the neighbour who shares it has filled it with links
@test "a volume at /dev that is full of links makes nothing on the host" {
	local name to
	trap_rootfs
	for name in null console pts shm more; do
		rm -rf "$T/devs"
		mkdir "$T/devs"
		ln -s "$T/victim/file" "$T/devs/$name"
		survives -t -v "$T/devs:/dev" --device /dev/null:/dev/more/null
		ln -sfn "../../../../../../../..$T/victim" "$T/devs/$name"
		survives -t -v "$T/devs:/dev" --device /dev/null:/dev/more/null
	done
}

# ---- terminals ----------------------------------------------------------------------------------------------------

# CVE-2016-10124, CVE-2017-5226: whoever holds the caller's terminal can type into it (TIOCSTI)
@test "the caller's terminal is in no hands of the container" {
	command -v python3 >/dev/null || skip "no python3 here"
	local options
	for options in '' '-i' '-a stdout'; do
		# shellcheck disable=SC2086 # a list of words
		"$BATS_TEST_DIRNAME/on-terminal" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run --rm \
			--cgroup-parent "/$group" $options busybox sh -c '
				for f in 0 1 2; do [ ! -t $f ] || echo "descriptor $f is a terminal"; done
				(: </dev/tty) 2>/dev/null && echo "there is a controlling terminal"; echo looked' \
			</dev/null >"$T/o" 2>&1 3>&-
		equal looked "$(tr -d '\r' <"$T/o")" "with options '$options'"
	done
}

# ---- the engine's folders and sockets -------------------------------------------------------------------------------

# CVE-2021-41091: a setuid program of an image, run by a user of the host
@test "other users of the host get into none of tare's folders" {
	chmod 711 "$T"
	start here -v data:/data -- sh -c 'chmod 4755 /bin/busybox; chmod 777 /data; sleep 1000'
	equal "" "$(find "$T/root" "$T/state" -maxdepth 0 -perm /007)" "top folders for others"
	local d
	for d in "$T/root" "$T/root"/*/ "$T/root/containers"/*/ "$T/root/layers"/*/ "$T/root/volumes"/*/ "$T/state" "$T/state"/*/; do
		! setpriv --reuid 65534 --regid 65534 --clear-groups ls "$d" >/dev/null 2>&1 || fail "nobody can list $d"
		! setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$d/." || fail "nobody can pass $d"
	done
}

# CVE-2020-15257: a name without a file can be connected to from every container with the host's network
@test "the monitor's sockets have no abstract name" {
	start here
	local monitor inode line sockets=0
	monitor=$(ps -o ppid= -p "$(pid_of here)" | tr -d ' ')
	for inode in $(find "/proc/$monitor/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n'); do
		line=$(awk -v inode="$inode" '$7 == inode { print "name:", $8 }' /proc/net/unix)
		[ -n "$line" ] || [ -n "$(find "/proc/$monitor/fd" -lname "socket:\[$inode\]")" ] || continue # a client that has gone meanwhile
		sockets=$((sockets + 1))
		matches '^name: (/.*|control)?$' "$line"
	done
	[ "$sockets" -gt 0 ] || fail "no sockets of process $monitor"
}
