# SPDX-License-Identifier: Apache-2.0
# tare-runtime under engines that were written for runc: Podman, dockerd, containerd. Each in a mount and pid namespace of its
# own with /run and /dev/shm of its own, without a network; its script prints "ok WHAT" or "not ok WHAT: …" for each thing.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load oci

need_engine()
{
	local p
	for p in "$@"; do command -v "$p" >/dev/null || [ -x "$p" ] || skip "$p is not installed"; done
}

# in_engine SCRIPT: with $rt, $group, $rootfs and check(); fails when anything in it did, or when it did not come to its end
in_engine()
{
	bundle b
	rt=$TARE_BUILD/tare-runtime tare="$TARE_BUILD/tare --root $T/work/tare" group=$group rootfs=$T/b/rootfs work=$T/work timeout -k 5 100 \
		unshare -mpf --mount-proc --propagation private bash -uc '
		mount -t tmpfs tmpfs /run
		mount -t tmpfs tmpfs /dev/shm
		mkdir -p /run/lock "$work"
		export HOME=/run XDG_RUNTIME_DIR=/run TMPDIR=/run
		cd "$work"
		# check WHAT WANT CMD…: its output, then its exit status if that is not 0
		check()
		{
			local what=$1 want=$2 got status=0
			shift 2
			got=$("$@" 2>&1 </dev/null) || status=$?
			got=$(tr -d "\r\0" <<<"$got")
			[ "$status" = 0 ] || got="$got [$status]"
			# shellcheck disable=SC2053 # a pattern
			if [[ $got == $want ]]; then echo "ok $what"; else echo "not ok $what: want $want, got: $got"; fi
		}
		later() # WHAT WANT CMD…: when it comes to that within ten seconds
		{
			local i
			for i in {1..50}; do [[ $("${@:3}" 2>&1 </dev/null) != $2 ]] || break; sleep 0.2; done
			check "$@"
		}
		# same_numbers: memory and processes of the container one, as the engine says, are what tare says of its group, within
		# 2 %. Docker leaves out the page cache that was not used lately.
		same_numbers()
		{
			local pid path said ours idle
			pid=$($engine inspect --format "{{.State.Pid}}" one)
			path=$(grep -m1 -o "/$group/.*" "/proc/$pid/cgroup")
			said=$($engine stats --no-stream --format "{{.MemUsage}} {{.PIDs}}" one)
			ours=$($tare cgroup --format json --depth 1 "$path" | head -n 1)
			idle=$(cat /sys/fs/cgroup/{memory/,}"$path"/memory.stat 2>/dev/null | sed -nE "s/^(total_)?inactive_file //p" | tail -n 1)
			python3 -c "
import json, re, sys
said, ours, idle = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
unit = {\"B\": 1, \"kB\": 1e3, \"MB\": 1e6, \"KiB\": 1024, \"MiB\": 1048576}
m = re.match(r\"([0-9.]+)([A-Za-z]+) / .* ([0-9]+)$\", said)
memory = float(m.group(1)) * unit[m.group(2)]
near = [w for w in (ours[\"Memory\"], ours[\"Memory\"] - idle) if abs(memory - w) <= 0.02 * w + 4096]
print(\"agree\" if near and int(m.group(3)) == ours[\"Pids\"] else f\"{said} {ours} {idle}\")" "$said" "$ours" "${idle:-0}"
		}
		on_tty() { script -qec "$*" /dev/null; }
		eval "$0"
		echo end' "$1" >"$T/engine.log" 2>&1 3>&- || true
	! grep -q '^not ok' "$T/engine.log" && grep -qx end "$T/engine.log" ||
		fail "$(grep '^not ok' "$T/engine.log")" "$(tail -n 15 "$T/engine.log")"
}

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
	$engine run --name oom $options --memory 16m --memory-swap 16m bb:1 sh -c "exec head -c 100m /dev/zero | exec tail" >/dev/null 2>&1
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
		dockerd --data-root "$work/data" --exec-root /run/docker -p /run/docker.pid -H unix:///run/docker.sock --bridge none \
			--iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --storage-driver vfs \
			--add-runtime "tare=$rt" --default-runtime tare --cgroup-parent "/$group" >dockerd.log 2>&1 &
		engine="/usr/bin/docker -H unix:///run/docker.sock" options="--network none" oom="true 137"
		later "dockerd" "*tare*" $engine info --format "{{.DefaultRuntime}}"'"$common"'
		kill $!
		wait $!'
}

@test "containerd: ctr run, exec, terminals, pause, kill, metrics through the runc shim" {
	need_engine containerd ctr script
	in_engine '
		printf "version = 2\nroot = \"$work/root\"\nstate = \"/run/containerd\"\n[grpc]\naddress = \"/run/c.sock\"\n" >c.toml
		containerd -c c.toml >containerd.log 2>&1 &
		ctr="ctr -a /run/c.sock" run="--runc-binary $rt --rootfs --cgroup /$group/ctr"
		later containerd "*Server:*" $ctr version
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
