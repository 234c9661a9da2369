# SPDX-License-Identifier: Apache-2.0
# tare volume: what is made, listed, used, refused and removed; what is behind a volume.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

id_of() { tare inspect "$1" | jq -r '.[0].Id'; }

volumes() { tare volume ls -q "$@" | tr '\n' ' '; }

@test "volume create, ls, inspect, rm" {
	expect 0 tare volume create --label a=b --label c data
	equal data "$out"
	expect 0 tare volume create
	matches '^[0-9a-f]{64}$' "$out"
	expect 0 tare volume ls
	matches '^DRIVER +VOLUME NAME' "$out"
	matches 'local +data' "$out"
	expect 0 tare volume inspect data
	equal '["data","local","local",{"a":"b","c":""},null,"'"$T"'/root/volumes/data/_data"]' \
		"$(jq -c '.[0] | [.Name,.Driver,.Scope,.Labels,.Options,.Mountpoint]' <<<"$out")"
	equal data "$(tare inspect --type volume -f '{{.Name}}' data)"
	expect 0 tare volume create data
	equal data "$out"
	expect 0 tare volume rm data
	equal data "$out"
	[ ! -e "$T/root/volumes/data" ] || fail "its folder is still there"
	failed "get data: no such volume" tare volume rm data
	failed "get data: no such volume" tare volume inspect data
	expect 0 tare volume rm -f data
}

@test "volume create: refusals" {
	failed "volume name is too short" tare volume create x
	failed "includes invalid characters for a local volume name" tare volume create a/b
	failed 'plugin "nfs" not found' tare volume create -d nfs data
	failed 'invalid option: "colour"' tare volume create -o colour=red data
	failed 'missing required option: "device"' tare volume create -o type=tmpfs data
	failed 'missing required option: "type"' tare volume create -o device=/srv data
	failed 'network file systems' tare volume create -o type=nfs -o device=:/srv -o o=addr=10.0.0.1 data
	failed 'no such file system' tare volume create -o type=ext4 -o device=/dev/null data
	failed 'no quota support' tare volume create -o size=1g data
	failed 'an absolute path is needed' tare volume create -o type=none -o device=srv -o o=bind data
	equal "" "$(volumes)"
	expect 0 tare volume create data
	failed 'already exists, with other driver options' tare volume create -o type=tmpfs -o device=tmpfs data
}

# bats test_tags=guest-full
@test "a volume in use is not removed, whoever uses it" {
	expect 0 tare create --name web -v data:/data busybox true
	failed "remove data: volume is in use - [$(id_of web)]" tare volume rm data
	expect 0 tare rm web
	expect 0 tare volume rm data
	equal "" "$(volumes)"
}

@test "volume ls: filters and formats" {
	expect 0 tare volume create --label k=v one
	expect 0 tare volume create two
	expect 0 tare create --name web -v two:/data busybox true
	equal "one " "$(volumes -f dangling=true)"
	equal "two " "$(volumes -f dangling=false)"
	equal "one " "$(volumes -f label=k=v)"
	equal "two " "$(volumes -f name=w)"
	equal "one two " "$(volumes -f driver=local)"
	equal "" "$(volumes -f driver=other)"
	equal "one k=v" "$(tare volume ls -f name=one --format '{{.Name}} {{.Labels}}')"
	equal '["local","one"]' "$(tare volume ls -f name=one --format json | jq -c '[.Driver,.Name]')"
	failed "dangling" tare volume ls -f dangling=perhaps
}

@test "anonymous volumes: rm -v removes them, rm does not, nor what others have" {
	expect 0 tare create --name one -v /data -v named:/named busybox true
	expect 0 tare create --name two -v /data busybox true
	equal 3 "$(tare volume ls -q | grep -c .)"
	expect 0 tare rm -v one
	equal 2 "$(tare volume ls -q | grep -c .)"
	expect 0 tare rm two
	equal 2 "$(tare volume ls -q | grep -c .)"
	expect 0 tare volume inspect named
}

@test "volume prune: anonymous ones by default, all with -a, never one in use" {
	expect 0 tare volume create named
	expect 0 tare volume create --label keep kept
	expect 0 tare volume create
	expect 0 tare run --name web -v /data -v used:/used busybox sh -c 'head -c 1000 /dev/zero >/data/x'
	expect 0 tare rm web
	expect 0 tare create --name web -v used:/used busybox true
	expect 0 tare volume prune
	contains "This will remove anonymous local volumes not used by at least one container." "$out"
	equal 5 "$(tare volume ls -q | grep -c .)" "volumes after a question that nobody answered"
	expect 0 tare volume prune -f
	contains "Deleted Volumes:" "$out"
	contains "Total reclaimed space: 1kB" "$out"
	equal "kept named used " "$(volumes)"
	expect 0 tare volume prune -af --filter 'label!=keep'
	equal "kept used " "$(volumes)"
	expect 0 tare volume prune -af
	equal "used " "$(volumes)"
	expect 0 tare volume prune -af
	equal "Total reclaimed space: 0B" "$out"
}

# bats test_tags=guest-full
@test "a volume that is a folder of the host" {
	mkdir "$T/host"
	echo hello >"$T/host/file"
	expect 0 tare volume create -o type=none -o "device=$T/host" -o o=bind data
	equal hello "$(box -v data:/data -- cat /data/file)"
	box -v data:/data -- sh -c 'echo more >/data/more'
	equal more "$(<"$T/host/more")"
	expect 0 tare volume create -o type=none -o "device=$T/host" -o o=bind,ro fixed
	expect 1 box -v fixed:/data -- sh -c 'echo x >/data/x'
	expect 0 tare volume rm data fixed
	equal hello "$(<"$T/host/file")"
	expect 0 tare volume create -o type=none -o "device=$T/none" -o o=bind gone
	expect 125 box -v gone:/data -- true
}

memory_volume()
{
	tare volume create -o type=tmpfs -o device=tmpfs -o o=size=8m,mode=700,nosuid memory
	tare run -d --name one -v memory:/data busybox sh -c 'echo shared >/data/file; exec sleep 1000'
	tare run -d --name two -v memory:/data busybox sleep 1000
	eventually 10 test -e "$T/root/volumes/memory/_data/file"
	equal shared "$(in_box two cat /data/file)"
	matches 'tmpfs.* 8192 ' "$(in_box two df -k /data | tail -n 1)"
	equal 700 "$(in_box two stat -c %a /data)"
	tare rm -f one
	equal shared "$(in_box two cat /data/file)"
	tare rm -f two
	# for its next users it is empty
	equal "" "$(tare run --rm -v memory:/data busybox ls /data)"
	tare volume rm memory
	equal "" "$(grep "$T/root/volumes" /proc/self/mountinfo || true)"
}

# bats test_tags=guest-full
@test "a volume in memory is shared by those who use it, and goes with the last" {
	private_mounts memory_volume >/dev/null
}

@test "containers and removals of one volume at a time: each use has its folder" {
	local pids=()
	for _ in 1 2 3 4; do
		{
			for _ in 1 2 3 4 5; do
				tare run --rm -v same:/data busybox sh -c 'echo x >>/data/x' || echo "failed" >>"$T/failures"
				tare volume rm same >/dev/null 2>&1 || true
			done
		} 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	equal "" "$(cat "$T/failures" 2>/dev/null)"
	tare volume rm -f same >/dev/null
	equal "" "$(volumes)"
}

@test "container prune" {
	start runs
	expect 0 tare run --name ended --label a busybox sh -c 'head -c 1000 /dev/zero >/x'
	expect 0 tare create --name new busybox true
	expect 0 tare container prune
	contains "This will remove all stopped containers." "$out"
	equal 3 "$(tare ps -aq | grep -c .)"
	expect 0 tare container prune -f --filter label=a
	contains "Total reclaimed space: 1kB" "$out"
	expect 0 tare container prune -f
	contains "Deleted Containers:" "$out"
	equal runs "$(tare ps -a --format '{{.Names}}')"
}

# One has its mount, and no monitor yet; the other has looked for who uses the volume, and not unmounted yet.
@test "two that are started at once have one memory" {
	command -v strace >/dev/null || skip "strace is not installed"
	local c
	expect 0 tare volume create --opt type=tmpfs --opt device=tmpfs shared
	for c in one two; do expect 0 tare create --name $c -v shared:/data busybox sleep 1000; done
	strace -qq -o /dev/null -e trace=clone3 -e inject=clone3:delay_enter=1000000 \
		"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" start one >"$T/one" 2>&1 3>&- &
	eventually 5 grep -q " $T/root/volumes/shared/_data " /proc/self/mountinfo
	strace -qq -o /dev/null -e trace=umount2 -e inject=umount2:delay_enter=2000000 \
		"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" start two >"$T/two" 2>&1 3>&-
	wait $!
	expect 0 tare exec one sh -c 'echo hello >/data/x'
	expect 0 tare exec two cat /data/x
	equal hello "$out"
	expect 0 tare rm -f one two
	expect 0 tare volume rm shared
}

@test "of several who begin with an empty volume at once each finds all that the image has there" {
	local i n
	n=$(tare run --rm busybox ls /bin | wc -l)
	for i in 1 2 3 4; do
		"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run --rm --cgroup-parent "/$group" -v bin:/bin \
			busybox ls /bin >"$T/out.$i" 2>&1 3>&- &
	done
	wait
	for i in 1 2 3 4; do equal "$n" "$(wc -l <"$T/out.$i")" "names; $(head -n 3 "$T/out.$i"); number"; done
}
