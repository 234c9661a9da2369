# SPDX-License-Identifier: Apache-2.0
# tare-runtime under engines that were written for runc: Podman, dockerd, containerd.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load oci
load engines

# What Docker and Podman have alike; $engine is the command.
common='
	tar -C "$rootfs" -c . | $engine import - bb:1 >/dev/null 2>&1
	check run hello $engine run --rm $options bb:1 echo hello
	check "exit status" "*[[]7[]]" $engine run --rm $options bb:1 sh -c "exit 7"
	check "no command" "*executable file not found in ?PATH*[[]127[]]" $engine run --rm $options bb:1 nosuch
	# Podman now and then shows nothing of a command that has ended before it looks
	check "a terminal" "*/dev/pts/0*" on_tty $engine run --rm -it $options bb:1 sh -c "\"tty; sleep 1\""
	$engine run -d --name one $options --memory 64m --pids-limit 100 bb:1 sh -c "echo started; exec sleep 1000" >/dev/null
	check exec in $engine exec one echo in
	check "status of exec" "*[[]9[]]" $engine exec one sh -c "exit 9"
	check "no command to exec" "*executable file not found*" $engine exec one nosuch
	check "exec on a terminal" "*/dev/pts/0*" on_tty $engine exec -it one tty
	check "exec as a user" "uid=7 gid=8*" $engine exec -u 7:8 one id
	later logs started $engine logs one
	check stats "*/*6[47]*M*" $engine stats --no-stream --format "{{.MemUsage}}" one
	later "the same numbers as tare" agree same_numbers
	check top "*sleep 1000*" $engine top one
	check pause "*" $engine pause one
	check paused paused $engine inspect --format "{{.State.Status}}" one
	check unpause "*" $engine unpause one
	check update "*" $engine update --memory 96m --memory-swap 192m one
	check updated 100663296 sh -c "cat /sys/fs/cgroup/memory/$group/*/memory.limit_in_bytes /sys/fs/cgroup/memory/$group/*/*/memory.limit_in_bytes /sys/fs/cgroup/$group/*/memory.max 2>/dev/null | grep -x 100663296"
	check kill "*" $engine kill -s KILL one
	later killed "exited 137" $engine inspect --format "{{.State.Status}} {{.State.ExitCode}}" one
	check "start again" "*" $engine start one
	check "stop" "*" $engine stop -t 0 one
	# what is told of the kill and of the end comes to dockerd on two ways: it ends later
	$engine run --name oom $options --memory 16m --memory-swap 16m bb:1 sh -c "head -c 100m /dev/zero | tail; s=\$?; sleep 2; exit \$s" >/dev/null 2>&1
	check "OOM" "$oom*" $engine inspect --format "{{.State.OOMKilled}} {{.State.ExitCode}}" oom
	check "remove" "*" $engine rm -f one oom
'

@test "Podman: run, exec, terminals, logs, stats, pause, update, kill, OOM" {
	need_engine podman conmon script
	# its conmon of Debian 12 sees OOM kills on v2 alone, whatever the runtime
	in_engine '
		engine="podman --root $work/store --runroot /run/podman --storage-driver vfs --events-backend file
			--cgroup-manager cgroupfs --runtime $rt"
		options="--network none --cgroup-parent /$group"
		oom="* 137"'"$common"
	remove_own_cgroups # of conmon
}

@test "dockerd: run, exec, terminals, logs, stats, pause, update, kill, OOM" {
	need_engine dockerd containerd /usr/bin/docker script
	in_engine '
		options="--network none" oom="true 137"
		dockerd_up'"$common"'
		kill $!
		wait $!'
}

@test "containerd: ctr run, exec, terminals, pause, kill, metrics through the runc shim" {
	need_engine containerd ctr script
	in_engine '
		containerd_up
		ctr="ctr -a /run/c.sock" run="--runc-binary $rt --rootfs --cgroup /$group/ctr"
		check run hello $ctr run --rm $run "$rootfs" one echo hello
		check "exit status" "*[[]7[]]" $ctr run --rm $run "$rootfs" one sh -c "exit 7"
		check "no command" "*executable file not found in ?PATH*[[]1[]]" $ctr run --rm $run "$rootfs" one nosuch
		check "a terminal" "*/dev/pts/0*" on_tty $ctr run --rm -t $run "$rootfs" one tty
		check detached "" $ctr run -d $run --memory-limit 67108864 "$rootfs" two sleep 1000
		check exec in $ctr task exec --exec-id e1 two echo in
		check "status of exec" "*[[]9[]]" $ctr task exec --exec-id e2 two sh -c "exit 9"
		check "exec on a terminal" "*/dev/pts/0*" on_tty $ctr task exec -t --exec-id e3 two tty
		check pause "" $ctr task pause two
		check paused "*PAUSED*" $ctr task ls
		check resume "" $ctr task resume two
		check ps "*PID*[0-9]*" $ctr task ps two
		check metrics "*67108864*" $ctr task metrics two
		check kill "" $ctr task kill -s KILL two
		later killed "*STOPPED*" $ctr task ls
		check "delete" "*137*" $ctr task delete two
		check "container" "" $ctr container delete two
		kill $!
		wait $!'
}
