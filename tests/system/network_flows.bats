#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What goes on while networks and ports change: flows without connections, and changes that are cut short.
# shellcheck disable=SC2034,SC2154 # network.bash sets and reads them

load helpers
load network

# From a port of its own that stays the same: a flow that has no end.
sends()
{
	outside python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.77.0.2", 4000))
s.sendto(b"x", ("10.77.0.1", 5300))'
}
# shellcheck disable=SC2016 # awk's
datagrams() { in_net "$1" awk '$1 == "Udp:" && $2 ~ /^[0-9]/ { print $2 + $3 }' /proc/net/snmp; } # NAME: to whatever port
comes_in() { sends && [ "$(datagrams "$1")" -gt 0 ]; }

@test "UDP: a port that is published meanwhile is reached, and nobody who has only its container's address" {
	local at
	make_outside
	tare network create --subnet 10.5.0.0/24 blue
	sends
	sends
	start web --network blue --ip 10.5.0.5 -p 5300:53/udp
	eventually 3 comes_in web
	expect 0 tare update --publish-rm 5300:53/udp web
	at=$(datagrams web)
	sends
	equal "$at" "$(datagrams web)" "datagrams to a port that is not published any more"
	expect 0 tare update --publish-add 5300-5303:53-56/udp web
	eventually 3 comes_in web
	tare rm -f web
	start next --network blue --ip 10.5.0.5
	sends
	sends
	equal 0 "$(datagrams next)" "datagrams to a container that publishes nothing"
}

@test "a disconnect that is killed leaves too little, not too much, and can be done again" {
	local id still
	tare network create --subnet 10.5.0.0/24 blue
	still=$(tare network create --internal still)
	start web --network blue
	expect 0 tare network connect still web
	id=$(tare inspect -f '{{.Id}}' web)
	contains eth0 "$(<"$T/state/$id/network")"
	tare_in=(on_host strace -qq -o /dev/null -e inject=setns:signal=KILL:when=1)
	expect 137 tare network disconnect blue web
	tare_in=(on_host)
	contains eth1 "$(<"$T/state/$id/network")"
	[[ "$(<"$T/state/$id/network")" != *eth0* ]] || fail "the next start joins it again"
	[[ "$(<"$T/state/net/endpoints/$still.$id")" != *upstream_host* ]] || fail "the host's name servers are still asked"
	expect 0 tare network disconnect blue web
	equal "lo eth1" "$(in_net web ip -o link | sed 's/^[0-9]*: \([a-z0-9]*\).*/\1/' | xargs)" "interfaces"
	expect 0 tare restart -t0 web
	equal "lo eth1" "$(in_net web ip -o link | sed 's/^[0-9]*: \([a-z0-9]*\).*/\1/' | xargs)" "interfaces after a restart"
}

fill() # PORT: so many connections to it as there may be
{
	on_host timeout 60 python3 -c 'import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
all = [socket.create_connection(("::1", int(sys.argv[1])), 30) for i in range(1030)]
print("filled", flush=True)
time.sleep(60)' "$1" >"$T/filled" 3>&- &
	net_pids+=($!)
	eventually 5 grep -q filled "$T/filled"
}

@test "connections to [::1] that nobody ends do not keep out those to other ports" {
	[ -e /proc/sys/net/ipv6 ] || skip "needs IPv6"
	tare network create blue
	start many --network blue -p 8081:81
	speaker web hello 80 --network blue -p 8080:80
	in_net many python3 -c 'import socket, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 81))
s.listen(2048)
time.sleep(100)' 3>&- &
	net_pids+=($!)
	eventually 5 listens many 81
	hears hello on_host ::1 8080
	fill 8081
	hears hello on_host ::1 8080
}
