#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A host that did not forward becomes a router for containers, and for nobody else; what it, or somebody else on it, did
# forward goes on.
# shellcheck disable=SC2154 # network.bash sets them

load helpers
load network

pings() { nsenter -t "$1" -n busybox ping -c1 -W1 "$2" >/dev/null 2>&1; } # PID ADDRESS
reaches() { eventually 3 pings "$@"; }
is_cut_off() { ! pings "$@" || fail "$2 is reached"; }

# machine VARIABLE DEVICE N [MASTER]: one at 10.N.0.2 and fd00:N::2, with this host at …1 as its router
machine()
{
	namespace "$1"
	on_host ip link add "$2" type veth peer name eth0 netns "${!1}"
	at_host "${4-$2}" "$3"
	[ -z "${4-}" ] || on_host ip link set "$2" master "$4"
	on_host ip link set "$2" up
	nsenter -t "${!1}" -n sh -euc "ip addr add 10.$3.0.${5-2}/24 dev eth0; ip addr add fd00:$3::${5-2}/64 dev eth0 nodad
		ip link set eth0 up; ip route add default via 10.$3.0.1; ip route add default via fd00:$3::1"
}
at_host() # DEVICE N
{
	on_host sh -euc "ip addr replace 10.$2.0.1/24 dev $1; ip addr replace fd00:$2::1/64 dev $1 nodad"
}

setup()
{
	tare_setup && net_setup
	[ -e /proc/sys/net/ipv6 ] || skip "needs IPv6"
	machine left left0 81
	machine right right0 82
}

@test "neighbours are not routed between, what came later is, and a bridge's ports are not cut off from each other" {
	on_host ip link add br0 type bridge
	on_host ip link set br0 up
	machine one port1 83 br0
	machine two port2 83 br0 3
	[ ! -e /proc/sys/net/bridge ] || on_host sh -c 'echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables'
	expect 0 tare network create blue
	contains "turned on net/ipv4/ip_forward" "$err"
	equal 1 "$(on_host cat /proc/sys/net/ipv4/ip_forward)" "ip_forward"
	is_cut_off "$left" 10.82.0.2
	is_cut_off "$left" 10.83.0.2
	reaches "$one" 10.83.0.3 || fail "two machines at one bridge do not reach each other: $(rules)"
	on_host ip link add cni0 type bridge # as a plugin of CNI does it
	on_host ip link set cni0 up
	machine pod veth1 84 cni0
	reaches "$pod" 10.82.0.2 || fail "a bridge that was made later is cut off: $(rules)"
	reaches "$left" 10.84.0.2 || fail "a bridge that was made later is not reached: $(rules)"
	on_host nft delete element inet "$(on_host nft list tables | sed -n 's/^table inet //p')" closed4 '{ right0 }'
	reaches "$left" 10.82.0.2 || fail "an interface that was let go is cut off"
}

@test "IPv6 forwarding that is turned on leaves IPv4 as it was, and what the host has from routers" {
	on_host sh -euc 'echo 1 >/proc/sys/net/ipv4/ip_forward; cd /proc/sys/net/ipv6/conf
		echo 1 >left0/accept_ra; echo 0 >right0/accept_ra'
	tare network create --internal still
	expect 0 tare network create --ipv6 blue
	contains "turned on net/ipv6/conf/all/forwarding" "$err"
	contains "set accept_ra to 2 for" "$err"
	[[ $err != *ip_forward* ]] || fail "IPv4 was on already: $err"
	reaches "$left" 10.82.0.2 || fail "IPv4 is not routed any more: $(rules)"
	is_cut_off "$left" fd00:82::2
	equal "2 0" "$(on_host sh -c 'cd /proc/sys/net/ipv6/conf; cat left0/accept_ra right0/accept_ra' | xargs)" "accept_ra"
	[[ $(on_host sh -c 'cat /proc/sys/net/ipv6/conf/br-*/accept_ra') != *2* ]] || fail "a bridge of ours believes containers"
}
