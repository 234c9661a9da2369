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
	on_host ip -batch - < <(for ((i = 0; i < 1023; i++)); do echo "link add f$i type dummy"; echo "link set f$i master full0"; done)
	expect 125 tare run --rm --network crowd busybox true
	contains "full0 has no port left" "$err"
	nothing_made
	eventually 10 host_is_clean
	on_host ip link del f7
	expect 0 tare run --rm --network crowd busybox true
	expect 0 tare network rm crowd
}
