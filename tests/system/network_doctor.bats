#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tare network doctor: what it names as the cause of a trouble that each test makes in its own namespaces.

load helpers
load network

guards=() # processes that a test has stopped

teardown()
{
	local status=0
	kill -CONT "${guards[@]}" 2>/dev/null || true
	tare_teardown || status=1
	net_teardown || status=1
	return $status
}

# finds CAUSE TEXT ARGS…: the packet is stopped by that, and what is said about it contains the text
finds()
{
	local said
	expect 1 tare network doctor --format json "${@:3}"
	equal "" "$err" "stderr"
	said=$(jq -r 'select(.State == "stop") | .Cause + ": " + .Found' <<<"$out")
	equal 1 "$(grep -c . <<<"$said")" "causes of ${*:3}: $out; number"
	equal "$1" "${said%%:*}" "cause of ${*:3}: $said"
	contains "$2" "$said"
}

arrives() # TEXT ARGS…
{
	COLUMNS=80 expect 0 tare network doctor "${@:2}"
	contains "$1" "$out"
	[ "$(LC_ALL=C.UTF-8 wc -L <<<"$out")" -le 80 ] || fail "wider than 80 columns"
}

@test "the way to a published port: listener, address, forwarding, rules of others, our own, the bridge" {
	make_outside
	start web --network bridge -p 8080:80 -p 127.0.0.1:8081:80
	finds listener "nobody listens on port 80/tcp" 10.77.0.1:8080
	tare exec -d web httpd -f -p 127.0.0.1:80
	eventually 5 listens web 80
	finds loopback "listened to at 127.0.0.1 only" 10.77.0.1:8080
	tare exec -d web httpd -f -p 172.17.0.2:80
	eventually 5 doctor_is_content 10.77.0.1:8080
	arrives "httpd (process " 10.77.0.1:8080
	arrives "listens at 172.17.0.2 port" 127.0.0.1:8080
	finds port "port 9999/tcp is not published" 10.77.0.1:9999
	finds address "publishes port 8081 at 127.0.0.1 only" 10.77.0.1:8081
	finds port "container web listens on a port of that number" 10.77.0.1:80

	on_host sysctl -qw net.ipv4.ip_forward=0
	finds forwarding "net.ipv4.ip_forward is 0" 10.77.0.1:8080
	arrives "listens at 172.17.0.2 port" 127.0.0.1:8080 # which is not forwarded
	on_host sysctl -qw net.ipv4.ip_forward=1

	on_host nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 10; policy drop; }'
	finds rule "table ip filter, chain FORWARD drops it" 10.77.0.1:8080
	on_host nft 'add rule ip filter FORWARD ct state established,related accept; add rule ip filter FORWARD oifname "tare0" tcp dport { 22, 80 } accept'
	arrives "listens at 172.17.0.2 port" 10.77.0.1:8080
	on_host nft 'add chain ip filter evil; add rule ip filter evil counter reject; insert rule ip filter FORWARD iifname "up*" ip saddr 10.77.0.0/24 jump evil'
	finds rule "chain evil, rejects it" 10.77.0.1:8080
	on_host nft delete table ip filter

	on_host ip link set tare0 down
	finds device "bridge tare0 of network bridge is down" 127.0.0.1:8080
	on_host ip link set tare0 up
	in_net web nft 'add table ip own; add chain ip own in { type filter hook input priority 0; }; add rule ip own in tcp dport 80 drop'
	finds rule "of table ip own, chain in, drops it" 10.77.0.1:8080
	in_net web nft delete table ip own
	in_net web ip addr del 172.17.0.2/16 dev eth0
	finds address "eth0 has lost its address 172.17.0.2/16" 10.77.0.1:8080
	in_net web ip addr add 172.17.0.2/16 dev eth0
	finds route "no route back to 10.77.0." 10.77.0.1:8080
	in_net web ip route add default via 172.17.0.1

	start stays --network bridge # and with it the one tare-net that there is
	tare rm -f web
	start web --network bridge
	eventually 5 pgrep -f "tare-net $T/state"
	mapfile -t guards < <(pgrep -f "tare-net $T/state") # which would make the rules anew
	kill -STOP "${guards[@]}"
	on_host nft flush ruleset
	finds tables "has no table inet tare-" web 10.77.0.2:80
	on_host ip link del tare0
	finds device "bridge tare0 of network bridge is not there" web
}

doctor_is_content() { tare network doctor "$@" >/dev/null; }

@test "the way out of a container: networks that are kept apart, internal ones, another machine, no network" {
	make_outside
	tare network create --subnet 10.5.0.0/24 blue
	tare network create --subnet 10.6.0.0/24 red
	tare network create --internal --subnet 10.7.0.0/24 inner
	start web --network blue
	start db --network red
	start alone --network none
	start safe --network inner
	tare exec -d db httpd -f -p 80
	eventually 5 listens db 80
	finds isolation "networks blue and red are kept apart" web "$(address_of db red):80"
	finds internal "network inner is internal" safe 10.77.0.2:80
	finds network "no network but its own loopback" alone 10.77.0.2:80
	finds remote "refuses: nobody listens on port 80" web 10.77.0.2:80
	finds address "no container of network blue has the address 10.5.0.77" web 10.5.0.77:80
	nsenter -t "$outside_pid" -n busybox httpd -f -p 81 3>&- & # not a function, whose shell alone would be killed
	net_pids+=($!)
	eventually 5 sh -c "nsenter -t $outside_pid -n ss -Hltn 'sport = :81' | grep -q ."
	arrives "the machine there accepts on port 81" web 10.77.0.2:81
	arrives "with this host's address" web 10.77.0.2:81
	tare network connect red web
	arrives "(process " web "$(address_of db red):80"
	in_net web ip link set eth0 down
	in_net web ip link set eth0 address 02:42:00:00:00:99 up
	in_net web ip route add default via 10.5.0.1 2>/dev/null || true
	finds spoofed "not the address that the container was given" web 10.77.0.2:80
	failed "No such container: nobody" tare network doctor nobody 10.77.0.2:80
	failed "not ADDRESS:PORT" tare network doctor web 10.77.0.2:http
	failed "names are looked up in a container" tare network doctor example.org:80
	on_host ip route add default via 10.77.0.2
	expect 1 tare network doctor
	contains "network red" "$out"
}

@test "names: of containers, of others, and the servers that answer for those" {
	make_outside
	tare network create --subnet 10.5.0.0/24 blue
	tare network create --subnet 10.6.0.0/24 red
	start web --network blue --dns 10.77.0.2
	start db --network blue
	start far --network red
	start plain --network bridge --dns 10.77.0.2
	tare exec -d db httpd -f -p 80
	eventually 5 listens db 80
	arrives "(process " web db:80
	finds name "far does not resolve: its container is in red, and this one in blue" web far:80
	finds name "no names on the default network" plain db:80
	tare stop -t0 db
	finds name "container db does not run" web db:80
	finds upstream "name server 10.77.0.2, asked from the container: no answer" web example.org:80
	finds upstream "name server 10.77.0.2: no answer" plain example.org:80
	need_python
	nsenter -t "$outside_pid" -n "$BATS_TEST_DIRNAME/dns-tool" serve 10.77.0.2 10.77.0.2 >"$T/dns" 3>&- &
	net_pids+=($!)
	eventually 5 grep -q ready "$T/dns"
	finds remote "nobody listens on port 80" web example.org:80
	finds remote "nobody listens on port 80" plain example.org:80
}
