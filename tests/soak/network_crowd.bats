#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Five hundred containers on one network, fifty at once; and a bridge that is full.

load ../system/helpers
load ../system/network
load ../system/network_crowd

@test "five hundred containers answer by name and by port while fifty come and go, and leave nothing" {
	crowd 500 50
}

@test "a bridge has 1,023 ports: the next container is told so, and leaves nothing" {
	expect 0 tare network create --subnet 10.9.0.0/16 --opt name=full0 crowd
	on_host ip link add full0 type bridge 2>/dev/null || true
	on_host ip -batch - < <(for ((i = 0; i < 1023; i += 2)); do # some kernels have no dummy links
		echo "link add f$i type veth peer name f$((i + 1))"
		for p in "$i" $((i + 1)); do [ "$p" = 1023 ] || echo "link set f$p master full0"; done
	done)
	expect 125 tare run --rm --network crowd busybox true
	contains "full0 has no port left" "$err"
	nothing_made
	eventually 10 host_is_clean
	on_host ip link set f7 nomaster
	expect 0 tare run --rm --network crowd busybox true
	expect 0 tare network rm crowd
}

# kill_one: a client, a monitor or tare-net of this test, if there is one
kill_one()
{
	local pids
	mapfile -t pids < <(pgrep -f "^(tare|tare-monitor|tare-net|$TARE_BUILD/tare) .*$T/state")
	[ ${#pids[@]} = 0 ] || kill -KILL "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null || true
}

leftovers_go()
{
	local ids
	ids=$(tare ps -aq --no-trunc) || return
	# shellcheck disable=SC2086 # a list of ids
	[ -z "$ids" ] || tare rm -f $ids
	[ -z "$(tare ps -aq)" ] && host_is_clean && [ -z "$(addresses_of_all)" ]
}

@test "whoever is killed at any moment, containers, addresses, ports and rules are given back" {
	local i
	expect 0 tare network create --subnet 10.9.0.0/16 crowd
	for ((i = 0; i < 150; i++)); do
		(
			member $((i % 10))
			not_member $((i % 10))
		) >/dev/null &
		members+=($!)
		sleep 0.0$((RANDOM % 9))
		kill_one
		[ ${#members[@]} -lt 8 ] || { wait "${members[@]}" || true; members=(); }
	done
	wait "${members[@]}" || true
	eventually 30 leftovers_go || fail "left: $(tare ps -a)" "$(rules)" "$(on_host ip -br link)"
	expect 0 tare run --rm --network crowd -p 20000-20009:80-89 busybox true
	expect 0 tare network rm crowd
}
