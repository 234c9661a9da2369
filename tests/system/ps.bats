# SPDX-License-Identifier: Apache-2.0
# tare ps and tare inspect: which containers are listed, in which words, and that it is true with no daemon and after a crash.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

made() # NAME [OPTIONS]
{
	local name=$1
	shift
	expect 0 tare create --name "$name" "$@" busybox sleep 1000
}

names() { tare ps --format '{{.Names}}' "$@" | sort | tr '\n' ' '; }

id_of() { tare inspect "$1" | jq -r '.[0].Id'; }

# bats test_tags=guest-full
@test "ps: states in Docker's words" {
	start runs
	start held
	expect 0 tare pause held
	made new
	expect 3 tare run --name ended busybox sh -c 'exit 3'
	expect 0 tare ps -a --format '{{.Names}} {{.State}} {{.Status}}'
	matches 'runs running Up (Less than a second|[0-9]+ seconds?)' "$out"
	matches 'held paused Up (Less than a second|[0-9]+ seconds?) \(Paused\)' "$out"
	matches 'new created Created' "$out"
	matches 'ended exited Exited \(3\) (Less than a second|[0-9]+ seconds?) ago' "$out"
	equal "held runs " "$(names)"
}

@test "ps: the newest first; -l, -n, -q, --no-trunc" {
	made one
	made two
	made three
	equal "three two one" "$(tare ps -a --format '{{.Names}}' | tr '\n' ' ' | sed 's/ $//')"
	equal three "$(tare ps -l --format '{{.Names}}')"
	equal "three two" "$(tare ps -n 2 --format '{{.Names}}' | tr '\n' ' ' | sed 's/ $//')"
	equal "$(id_of three | cut -c -12)" "$(tare ps -lq)"
	equal "$(id_of three)" "$(tare ps -lq --no-trunc)"
	equal "" "$(tare ps -q)"
}

@test "ps: columns, JSON and templates" {
	made web --label a=b -v data:/data
	expect 0 tare ps -a
	matches '^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES' "$out"
	matches 'busybox +"sleep 1000" +Less than a second ago|busybox +"sleep 1000" +[0-9]+ seconds? ago' "$out"
	equal '["web","busybox","created","a=b","data","1"]' \
		"$(tare ps -a --format json | jq -c '[.Names,.Image,.State,.Labels,.Mounts,.LocalVolumes]')"
	equal "$(id_of web | cut -c -12)|web" "$(tare ps -a --format '{{.ID}}|{{.Names}}')"
	matches '^CONTAINER ID +NAMES' "$(tare ps -a --format 'table {{.ID}}\t{{.Names}}')"
	expect 1 tare ps -a --format '{{.Nothing}'
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr"
}

@test "ps: every filter" {
	made one --label kind=a --label x -v data:/data
	made two --label kind=b
	expect 3 tare run --name three busybox sh -c 'exit 3'
	start four --network host
	equal "one " "$(names -a -f label=kind=a)"
	equal "one two " "$(names -a -f label=kind)"
	equal "one " "$(names -a -f label=kind -f label=x)"
	equal "one two " "$(names -a -f name=one -f name=two)"
	equal "two " "$(names -a -f "id=$(id_of two | cut -c -10)")"
	equal "one two " "$(names -f status=created)"
	equal "three " "$(names -f status=exited)"
	equal "three " "$(names -f exited=3)"
	equal "" "$(names -f exited=4)"
	equal "four three " "$(names -a -f since=two)"
	equal "one " "$(names -a -f before=two)"
	equal "one " "$(names -a -f volume=data)"
	equal "one " "$(names -a -f volume=/data)"
	equal "four " "$(names -a -f network=host)"
	equal "four one three two " "$(names -a -f ancestor=busybox)"
	equal "" "$(names -a -f ancestor=no-such-image)"
	equal "four one three two " "$(names -a -f health=none)"
	equal "" "$(names -a -f health=healthy)"
	for bad in nothing=1 status=odd exited=x health=ill; do
		expect 1 tare ps -f $bad
		equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr of -f $bad"
		contains "$bad" "$err"
	done
	expect 125 tare ps -f label
	contains 'a filter is NAME=VALUE' "$err"
	expect 1 tare ps -f since=nobody
	contains "No such container: nobody" "$err"
}

@test "ps --size and inspect --size: what a container wrote" {
	expect 0 tare run --name web busybox sh -c 'head -c 123456 /dev/zero >/file; ln /file /again'
	equal 123456 "$(tare inspect -s web | jq '.[0].SizeRw')"
	equal 123456 "$(tare inspect -s web | jq '.[0] | .SizeRootFs - '"$(tare image inspect busybox | jq '.[0].Size')")"
	equal null "$(tare inspect web | jq '.[0].SizeRw')"
	matches '123kB \(virtual ' "$(tare ps -a -s)"
}

# bats test_tags=guest-full
@test "ps is right with nothing but monitors running, and without them" {
	local pid
	start web
	start gone
	pid=$(tr -d '\0' <"$T/state/$(id_of gone)/charter" >/dev/null && awk '$1 == "monitor_pid" { print $2 }' "$T/root/containers/$(id_of gone)/outcome")
	kill -KILL "$pid"
	eventually 10 eval '[ "$(names)" = "web " ]'
	eventually 10 eval '[ "$(state_of gone Status)" = exited ]'
	equal 137 "$(state_of gone ExitCode)"
	contains "monitor" "$(state_of gone Error)"
	equal "" "$(left_cgroups "$(id_of gone)" | grep "$(id_of gone)" || true)"
	is_running web
}

@test "after a reboot: nothing runs, and everything can be started again" {
	local id
	start web -v /data -- sh -c 'echo x >>/data/count; exec sleep 1000'
	made new
	id=$(id_of web)
	expect 0 tare kill web
	# what a reboot leaves of a container that ran: no state folder, a record of another boot
	rm -rf "${T:?}/state"
	sed -i 's/^state exited/state running/; s/^boot_id .*/boot_id 00000000-0000-0000-0000-000000000000/' \
		"$T/root/containers/$id/outcome"
	equal "" "$(names)"
	equal exited "$(state_of web Status)"
	equal 255 "$(state_of web ExitCode)"
	equal created "$(state_of new Status)"
	expect 0 tare start web new
	is_running web
	is_running new
	eventually 10 eval '[ "$(cat "$T"/root/volumes/*/_data/count | grep -c x)" = 2 ]'
}

@test "inspect: mounts, paths, policy" {
	local id
	made web -v data:/data:ro -v /anonymous --mount type=tmpfs,dst=/t --restart on-failure:3
	id=$(id_of web)
	expect 0 tare inspect web
	equal '["on-failure",3]' "$(jq -c '.[0].HostConfig.RestartPolicy | [.Name,.MaximumRetryCount]' <<<"$out")"
	equal '["/anonymous","/data","/t"]' "$(jq -c '[.[0].Mounts[].Destination] | sort' <<<"$out")"
	equal '["data",false,"'"$T"'/root/volumes/data/_data"]' \
		"$(jq -c '.[0].Mounts[] | select(.Destination == "/data") | [.Name,.RW,.Source]' <<<"$out")"
	equal 64 "$(jq -r '.[0].Mounts[] | select(.Destination == "/anonymous").Name' <<<"$out" | tr -d '\n' | wc -c)"
	equal "$T/root/containers/$id/$id-json.log" "$(jq -r '.[0].LogPath' <<<"$out")"
	[ -e "$(jq -r '.[0].HostsPath' <<<"$out")" ] || fail "HostsPath"
	[ -d "$(jq -r '.[0].GraphDriver.Data.UpperDir' <<<"$out")" ] || fail "UpperDir"
	equal 0 "$(jq '.[0].RestartCount' <<<"$out")"
	equal /web "$(jq -r '.[0].Name' <<<"$out")"
	expect 0 tare rename web shop
	equal '["/shop",null]' "$(tare inspect shop | jq -c '.[0] | [.Name,.Tare.Name]')"
}

@test "inspect --type, and what is no object" {
	made busybox
	equal created "$(tare inspect -f '{{.State.Status}}' busybox)"
	equal created "$(tare inspect --type container -f '{{.State.Status}}' busybox)"
	contains sha256: "$(tare inspect --type image -f '{{.Id}}' busybox)"
	expect 1 tare inspect nobody
	contains "no such object: nobody" "$err"
}
