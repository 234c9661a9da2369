#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Networks of one's own, and what must not get from one to another.

load helpers
load network

@test "a network is made, listed, shown, joined while a container runs, left, and removed" {
	expect 0 tare network create --subnet 10.5.0.0/24 --ip-range 10.5.0.128/25 --gateway 10.5.0.9 --label a=b blue
	matches '^[0-9a-f]{64}$' "$out"
	contains "blue" "$(tare network ls --filter driver=bridge --filter label=a=b --format '{{.Name}}')"
	equal "10.5.0.9" "$(tare network inspect blue -f '{{(index .IPAM.Config 0).Gateway}}')" gateway
	failed "network with name blue already exists" tare network create blue
	failed "operation is not permitted on predefined bridge network" tare network create bridge
	failed "Pool overlaps" tare network create --subnet 10.5.0.0/16 red
	failed "it should be 10.6.0.0/16" tare network create --subnet 10.6.0.1/16 red
	failed "no matching subnet for gateway 10.7.0.1" tare network create --subnet 10.6.0.0/16 --gateway 10.7.0.1 red
	failed "--opt colour: not an option" tare network create -o colour=red red
	failed "needs --opt parent=" tare network create -d macvlan red
	start web --network blue --network-alias db --mac-address 02:42:00:00:00:07
	start other --network bridge
	equal 10.5.0.128 "$(address_of web blue)" "address"
	failed "already exists in network blue" tare network connect blue web
	expect 0 tare network connect --ip 10.5.0.200 blue other
	expect 0 tare exec other ping -c1 -W2 10.5.0.128
	expect 0 tare exec other ip neigh
	contains "02:42:00:00:00:07" "$out"
	contains $'10.5.0.200\t' "$(tare exec other cat /etc/hosts)"
	expect 125 tare run --rm --network blue --ip 10.5.0.200 busybox true
	contains "Address already in use: 10.5.0.200" "$err"
	expect 125 tare run --rm --network blue --ip 10.6.0.200 busybox true
	contains "no configured subnet contains IP address 10.6.0.200" "$err"
	failed "has active endpoints" tare network rm blue
	expect 0 tare network disconnect blue other
	failed "is not connected to network blue" tare network disconnect blue other
	expect 1 tare exec other ping -c1 -W1 10.5.0.128
	[[ "$(tare exec other cat /etc/hosts)" != *10.5.0.200* ]] || fail "the address is still in /etc/hosts"
	expect 0 tare exec other ping -c1 -W2 172.17.0.1
	tare rm -f web
	expect 0 tare network rm blue
	equal "" "$(on_host ip -br link | grep br- || true)" "devices"
	[[ "$(rules)" != *10.5.0* ]] || fail "elements of a network that is gone"
	failed "network blue not found" tare network inspect blue || true
	# a removal that was cut short behind its row
	on_host ip link add br-0123456789ab type bridge
	echo "device and rules" >"$T/state/net/removals/br-0123456789ab"
	failed "network blue not found" tare network rm blue
	equal "" "$(on_host ip -br link | grep br- || true)" "devices of a network that is half removed"
	equal "" "$(ls "$T/state/net/removals")" "notes"
	failed "pre-defined network and cannot be removed" tare network rm bridge
	tare network create --label keep=1 stays
	tare network create goes
	equal "goes stays" "$(tare network ls --filter dangling=true --format '{{.Name}}' | sort | xargs)" "those that nobody uses"
	expect 0 tare network prune -f --filter 'label!=keep'
	equal $'Deleted Networks:\ngoes' "$out" "prune"
	equal "bridge host none stays" "$(tare network ls --format '{{.Name}}' | sort | xargs)" "networks"
	expect 0 tare network rm stays
}

@test "two networks do not reach each other, an internal one nothing, and published ports stay a way in" {
	make_outside
	tare network create red
	tare network create --internal green
	speaker web hello 80 --network red -p 8080:80
	speaker inner secret 80 --network green
	start attacker --network bridge
	start prisoner --network green
	local red green
	red=$(address_of web red)
	green=$(address_of inner green)
	expect 1 tare exec attacker sh -c "nc -w1 $red 80 </dev/null"
	expect 1 tare exec attacker ping -c1 -W1 "$red"
	expect 1 tare exec attacker ping -c1 -W1 "$green"
	expect 0 tare exec attacker sh -c 'nc -w2 10.77.0.1 8080 </dev/null'
	equal hello "$out" "a published port"
	expect 0 tare exec attacker ping -c1 -W2 10.77.0.2
	expect 0 tare exec prisoner sh -c "nc -w2 $green 80 </dev/null"
	expect 1 tare exec prisoner ping -c1 -W1 10.77.0.2
	nsenter -t "$(pid_of prisoner)" -n ip route add default via "$(tare network inspect green -f '{{(index .IPAM.Config 0).Gateway}}')"
	expect 1 tare exec prisoner ping -c1 -W1 10.77.0.2
	expect 1 tare exec prisoner ping -c1 -W1 "$red"
	outside ip route add 172.16.0.0/12 via 10.77.0.1
	is_deaf outside "$red" 80
	is_deaf outside "$green" 80
	# the host's name servers are asked from the host, which is a way out too
	start asker --network green
	servers_of asker none
	tare network connect bridge asker
	servers_of asker some
	tare network disconnect bridge asker
	servers_of asker none
}

# servers_of NAME none|some: what its records say about whom tare-net asks for it; needs a host that has a name server
servers_of()
{
	grep -q '^nameserver' /etc/resolv.conf || return 0
	local has=none
	! grep -qs '^upstream_host' "$T"/state/net/endpoints/*."$(tare inspect -f '{{.Id}}' "$1")" || has=some
	equal "$2" "$has" "name servers behind $1"
}

@test "a container cannot be somebody else, nor reach what listens on the host's loopback" {
	start victim --network bridge
	start attacker --network bridge --cap-add NET_ADMIN
	local victim
	victim=$(address_of victim)
	expect 0 tare exec attacker ping -c1 -W2 "$victim"
	# with another address, another hardware address, and as the victim itself
	in_net attacker ip addr add 172.17.9.9/16 dev eth0
	expect 1 tare exec attacker ping -c1 -W1 -I 172.17.9.9 "$victim"
	expect 1 tare exec attacker ping -c1 -W1 -I 172.17.9.9 172.17.0.1
	in_net attacker ip addr del 172.17.9.9/16 dev eth0
	in_net attacker ip link set eth0 address 02:42:ac:11:ff:ff
	expect 1 tare exec attacker ping -c1 -W1 "$victim"
	in_net attacker ip link set eth0 address 02:42:ac:11:00:03
	expect 0 tare exec attacker ping -c1 -W2 "$victim"
	need_python
	# "the gateway is at my place", to the victim: its neighbour table does not believe it
	expect 0 tare exec victim ping -c1 -W2 172.17.0.1
	in_net attacker python3 - <<-'END'
		import socket
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x806)
		s.bind(("eth0", 0))
		me, it = bytes.fromhex("0242ac110003"), bytes.fromhex("0242ac110002")
		ip = socket.inet_aton
		s.send(it + me + bytes.fromhex("0806") + bytes.fromhex("0001080006040002") + me + ip("172.17.0.1") + it + ip("172.17.0.2"))
	END
	contains "02:42:ac:11:00:01" "$(tare exec victim ip neigh show 172.17.0.1)"
	# the host's 127.0.0.1, where route_localnet is on
	on_host python3 -c 'import socket,time
s = socket.socket(); s.bind(("127.0.0.1", 7000)); s.listen(); time.sleep(60)' 3>&- &
	eventually 5 sh -c "nsenter -t $host_pid -n ss -Hltn 'sport = :7000' | grep -q ."
	in_net attacker ip route add 127.0.0.0/8 via 172.17.0.1 table local 2>/dev/null || true
	in_net attacker ip route del local 127.0.0.0/8 table local 2>/dev/null || true
	in_net attacker ip route add 127.0.0.1/32 via 172.17.0.1 2>/dev/null || true
	expect 1 in_net attacker bash -c 'exec 3<>/dev/tcp/127.0.0.1/7000'
	kill %%
}

# what somebody can send who may send anything: see net-probe
@test "frames in another's name, of other protocols and past the host reach nobody, those in one's own name do" {
	need_python
	make_outside
	tare network create --subnet 10.5.0.0/24 --subnet fd05::/64 blue
	tare network create --subnet 10.6.0.0/24 --subnet fd06::/64 red
	tare network create --internal --subnet 10.7.0.0/24 green
	start victim --network blue -p 8053:53/udp
	start attacker --network blue
	start other --network red -p 8054:53/udp
	start prisoner --network green
	outside ip route add 10.5.0.0/24 via 10.77.0.1
	"$BATS_TEST_DIRNAME/net-probe" "$(pid_of victim)" "$(pid_of attacker)" "$(pid_of other)" "$(pid_of prisoner)" "$host_pid" \
		"$outside_pid" >"$T/heard"
	equal "victim: own-arp own-ip4 own-ip6 published-neighbour published-outside
other: 
outside: masqueraded
host: host-at-bridge
nobody: " "$(<"$T/heard")" "what arrived"
	# the bridge believes nobody who says that another's address is behind his port
	local victim port
	victim=$(in_net victim ip -j link show eth0)
	port=$(on_host ip -j link | jq -r --argjson at "$(jq '.[0].link_index' <<<"$victim")" '.[] | select(.ifindex == $at).ifname')
	contains "$(jq -r '.[0].address' <<<"$victim")" "$(on_host bridge fdb show brport "$port" | grep static)"
}

@test "IPv6 is as closed as IPv4" {
	make_outside
	tare network create --subnet fd05::/64 blue
	tare network create --ipv6 red
	speaker web hello 80 --network blue -p 8080:80
	start other --network blue
	start attacker --network red --cap-add NET_ADMIN
	local six
	six=$(tare inspect web | jq -r '.[0].NetworkSettings.Networks.blue.GlobalIPv6Address')
	equal fd05::2 "$six" "address"
	expect 0 tare exec other ping -6 -c1 -W2 "$six"
	expect 1 tare exec attacker ping -6 -c1 -W1 "$six"
	hears hello outside fd77::1 8080
	contains "[::]:8080->80/tcp" "$(tare ps --no-trunc)"
	outside ip -6 route add fd05::/64 via fd77::1
	is_deaf outside "$six" 80
	in_net other ip -6 addr add fd05::99/64 dev eth0 nodad
	expect 1 tare exec other ping -6 -c1 -W1 -I fd05::99 "$six"
	expect 0 tare exec other ping -6 -c1 -W2 fd77::2 -I fd05::3
}

@test "a ruleset that nft has listed can be loaded again, as a saved /etc/nftables.conf is at the next boot" {
	local spare
	namespace spare
	nsenter -t "$spare" -n nft -c 'add table bridge x; add set bridge x s { typeof iifname . @th,64,128; }' 2>/dev/null ||
		skip "this nft has no sets of pieces of packets: $(nft --version)"
	tare network create --subnet 10.5.0.0/24 --subnet fd05::/64 blue
	tare network create --internal --subnet 10.6.0.0/24 --subnet fd06::/64 green
	start web --network blue -p 8080:80 -p 127.0.0.1:8081:81/udp -p '[::1]:8082:82' -p 9000-9009:9000-9009
	start inner --network green
	rules >"$T/saved"
	contains 'fd05::2' "$(<"$T/saved")" # with elements
	nsenter -t "$spare" -n nft -f "$T/saved" || fail "nft does not read what it printed"
	equal "$(words_of "$T/saved")" "$(nsenter -t "$spare" -n nft list ruleset | words_of)" "what was loaded"
}

# elements are listed in any order
words_of() { cat "$@" | tr -s ' \t\n,' '\n' | sort; }

@test "an address pool that is used up says so, and gives back what is left" {
	tare network create --subnet 10.9.0.0/29 small
	local i
	for i in 1 2 3 4 5; do start "c$i" --network small; done
	expect 125 tare run --rm --network small busybox true
	contains "no available IPv4 addresses on network small" "$err"
	tare rm -f c3
	expect 0 tare run --rm --network small busybox ip -o -4 addr show eth0
	contains "10.9.0.4/29" "$out"
}
