# SPDX-License-Identifier: Apache-2.0
# tare logs: what a container has written, while it runs and afterwards; the files that it is kept in.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

log_file() { echo "$T/root/containers/$(tare inspect "$1" | jq -r '.[0].Id')/$(tare inspect "$1" | jq -r '.[0].Id')-json.log"; }

# bats test_tags=guest-full
@test "output and error come back apart, of a running and of an ended container" {
	expect 0 tare run --name once busybox sh -c 'echo out; echo err >&2; printf end'
	expect 0 tare logs once
	equal $'out\nend' "$out"
	equal err "$err"
	start here -- sh -c 'echo ready; sleep 1000'
	eventually 10 grep -q ready "$(log_file here)"
	expect 0 tare logs here
	equal ready "$out"
	expect 1 tare logs nobody
	contains 'No such container: nobody' "$err"
}

@test "the file is as Docker's json-file driver writes it" {
	expect 0 tare run --name kept busybox printf 'a\tb<"\\\377\303\244\nrest'
	jq -c '[.log, .stream]' "$(log_file kept)" >"$T/records"
	equal $'["a\\tb<\\"\\\\\xef\xbf\xbd\xc3\xa4\\n","stdout"]\n["rest","stdout"]' "$(<"$T/records")"
	matches '^\{"log":"a\\u0009b\\u003c\\"\\\\\\ufffd.*\\n","stream":"stdout","time":"[0-9-]+T[0-9:.]+Z"\}' \
		"$(head -n 1 "$(log_file kept)")"
	equal "$(log_file kept)" "$(tare inspect kept | jq -r '.[0].LogPath')"
}

@test "--tail, --since, --until, --timestamps" {
	start many -- sh -c 'for i in 1 2 3; do echo $i; done; while [ ! -e /go ]; do sleep 0.01; done; echo 4'
	eventually 10 grep -q 3 "$(log_file many)" # it has the time at which it was read
	sleep 0.1
	in_box many touch /go
	expect 0 tare wait many
	expect 0 tare logs -n 2 many
	equal $'3\n4' "$out"
	expect 0 tare logs --tail 0 many
	equal "" "$out"
	expect 0 tare logs --tail all many
	equal $'1\n2\n3\n4' "$out"
	expect 0 tare logs -t --tail 1 many
	matches '^[0-9]{4}-[0-9-]{5}T[0-9:]{8}\.[0-9]{9}Z 4$' "$out"
	local then=${out% 4}
	expect 0 tare logs --since "$then" many
	equal 4 "$out"
	expect 0 tare logs --until "$(date -u -d "$then - 0.01 seconds" +%FT%T.%NZ)" many
	equal $'1\n2\n3' "$out"
	expect 0 tare logs --since 10m many
	equal $'1\n2\n3\n4' "$out"
	expect 1 tare logs --since tomorrow many
	contains 'failed to parse value as time or duration: "tomorrow"' "$err"
}

files_of() { find "$(dirname "$(log_file "$1")")" -name '*-json.log*' | wc -l; } # CONTAINER

@test "--follow goes on until the end, across rotations, and loses nothing" {
	start chatty --log-opt max-size=20k --log-opt max-file=30 -- \
		sh -c 'echo 0; while [ ! -e /go ]; do sleep 0.01; done; i=1; while [ $i -le 3000 ]; do echo $i; i=$((i+1)); [ $((i % 100)) != 0 ] || sleep 0.01; done'
	tare logs -f chatty >"$T/followed" 2>"$T/err" 3>&- &
	local follower=$!
	eventually 10 grep -q '^0$' "$T/followed"
	in_box chatty touch /go
	wait "$follower"
	seq 0 3000 | cmp - "$T/followed"
	between 8 29 "$(files_of chatty)" "files, all of them there until it was read: who is slow loses those that go"
	expect 0 tare run --name few --log-opt max-size=20k --log-opt max-file=3 busybox seq 3000
	equal 3 "$(files_of few)" "files"
}

@test "--follow goes on across automatic restarts" {
	expect 0 tare run -d --name again --restart on-failure:2 busybox sh -c 'echo run; exit 1'
	expect 0 tare logs -f again
	equal $'run\nrun\nrun' "$out"
}

monitor_of() { sed -n 's/^monitor_pid //p' "$(dirname "$(log_file "$1")")/outcome"; }

watches() { grep -qsx "Pid:	$2" "/proc/$1/fdinfo/"*; } # PID PROCESS: it holds that one by descriptor

@test "--follow turns to the next monitor after a restart that it slept through" {
	start again -- sh -c 'echo x; sleep 1000'
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" logs -f again >"$T/followed" 3>&- &
	local follower=$!
	eventually 10 grep -q x "$T/followed"
	kill -STOP "$follower"
	expect 0 tare restart -t 0 again
	kill -CONT "$follower"
	eventually 10 watches "$follower" "$(monitor_of again)"
	expect 0 tare rm -f again
	wait "$follower"
}

@test "--follow of a container that is removed ends" {
	start brief --rm -- sh -c 'echo x; sleep 1000'
	tare logs -f brief >"$T/followed" 3>&- &
	local follower=$!
	eventually 10 grep -q x "$T/followed"
	expect 0 tare rm -f brief
	wait "$follower"
}

@test "--log-driver none keeps nothing, and says so" {
	expect 0 tare run --name mute --log-driver none busybox echo x
	equal x "$out"
	expect 1 tare logs mute
	contains 'configured logging driver does not support reading' "$err"
	[ ! -e "$(log_file mute)" ]
}

@test "ten megabytes of lines are logged and read back whole" {
	expect 0 tare run --name big -d busybox sh -c 'yes 0123456789012345678901234567890123456789012345678 | head -c 10000000'
	tare wait big >/dev/null
	equal 10000000 "$(tare logs big | wc -c)"
}

full_disk() # in a mount namespace of its own: the data root is on a small disk
{
	mount -t tmpfs -o size=6m tmpfs "$T/small"
	cp -a "$T/root" "$T/small/root"
	local t=("$TARE_BUILD/tare" --root "$T/small/root" --state "$T/state")
	"${t[@]}" run -d --name full --cgroup-parent "/$group" busybox \
		sh -c 'while [ ! -e /go ]; do sleep 0.05; done; head -c 9000000 /dev/zero >/fill; seq 100000; rm /fill; echo after; exit 7' >/dev/null
	"${t[@]}" exec full touch /go
	"${t[@]}" wait full
	"${t[@]}" logs full | tail -n 1
	"${t[@]}" logs full 2>&1 >/dev/null | grep dropped
	"${t[@]}" inspect full | jq -r '.[0].State | "\(.Status) \(.ExitCode)"'
	"${t[@]}" rm full >/dev/null
	"${t[@]}" run -d --name last --log-driver none --cgroup-parent "/$group" busybox \
		sh -c 'while [ ! -e /go ]; do sleep 0.05; done; cat /dev/zero >/fill; exit 8' >/dev/null # what it leaves is still there when it ends
	"${t[@]}" exec last touch /go
	"${t[@]}" wait last
	"${t[@]}" inspect last | jq -r '.[0].State | "\(.Status) \(.ExitCode)"'
	rm -f "$T"/small/root/containers/*/upper/fill
	"${t[@]}" rm last >/dev/null
}

@test "a full disk costs records, which are counted, and neither the container nor its end" {
	mkdir "$T/small"
	private_mounts full_disk >"$T/seen" 2>"$T/err" || fail "$(<"$T/seen")" "$(<"$T/err")"
	matches $'^7\nafter\ntare: [0-9]+ records of this log were dropped: No space left on device\nexited 7\n8\nexited 8$' "$(<"$T/seen")"
}
