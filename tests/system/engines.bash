# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # T and group come from helpers.bash, which oci.bash loads
# Engines that were written for runc, with tare-runtime in its place: each in a mount and pid namespace of its own with /run
# and /dev/shm of its own, without a network; its script prints "ok WHAT" or "not ok WHAT: …" for each thing.

need_engine()
{
	local p
	for p in "$@"; do command -v "$p" >/dev/null || [ -x "$p" ] || skip "$p is not installed"; done
}

# in_engine SCRIPT: with $rt, $group, $rootfs and check(); fails when anything in it did, or when it did not come to its end
# within engine_seconds (300)
in_engine()
{
	bundle b
	rt=$TARE_BUILD/tare-runtime tare="$TARE_BUILD/tare --root $T/work/tare" group=$group rootfs=$T/b/rootfs work=$T/work seconds=${engine_seconds:-300} \
		timeout -k 5 "${engine_seconds:-300}" \
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
		later() # WHAT WANT CMD…: when it comes to that within a fifth of all time, and ten seconds
		{
			local until=$((SECONDS + seconds / 5 + 10))
			while [[ $("${@:3}" 2>&1 </dev/null) != $2 && $SECONDS -lt $until ]]; do sleep 0.2; done
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
		containerd_up() # at /run/c.sock
		{
			printf "version = 2\nroot = \"$work/root\"\nstate = \"/run/containerd\"\n[grpc]\naddress = \"/run/c.sock\"\n" >c.toml
			containerd -c c.toml >containerd.log 2>&1 &
			later containerd "*Server:*" ctr -a /run/c.sock version
		}
		# dockerd_up [OPTIONS]: $engine is its client. With a containerd that is up: the one that dockerd starts by itself has 15
		# seconds, which is not enough everywhere.
		dockerd_up()
		{
			containerd_up
			dockerd --containerd /run/c.sock --data-root "$work/data" --exec-root /run/docker -p /run/docker.pid -H unix:///run/docker.sock \
				--bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --storage-driver vfs \
				--add-runtime "tare=$rt" --default-runtime tare --cgroup-parent "/$group" "$@" >dockerd.log 2>&1 &
			engine="/usr/bin/docker -H unix:///run/docker.sock"
			later dockerd "*tare*" $engine info --format "{{.DefaultRuntime}}"
		}
		on_tty() { script -qec "$*" /dev/null; }
		eval "$0"
		echo end' "$1" >"$T/engine.log" 2>&1 3>&- || true
	! grep -q '^not ok' "$T/engine.log" && grep -qx end "$T/engine.log" ||
		fail "$(grep '^not ok' "$T/engine.log")" "$(tail -n 15 "$T/engine.log")"
}
