#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The default bridge: addresses, routes, names in /etc, published ports; and that nothing of it is left.
# shellcheck disable=SC2034 # network.bash reads tare_in and tare_globals

load helpers
load network

@test "a container on the default bridge has an address, a route, and the files that say so" {
	expect 0 tare run --rm --name web --network bridge --hostname web busybox \
		sh -c 'ip -o -4 addr show eth0; ip route; cat /etc/hosts; cat /sys/class/net/eth0/address; ping -c1 -W2 172.17.0.1'
	contains "inet 172.17.0.2/16" "$out"
	contains "default via 172.17.0.1 dev eth0" "$out"
	contains $'172.17.0.2\tweb' "$out"
	contains "02:42:ac:11:00:02" "$out"
	contains "1 packets received" "$out"
	contains "turned on net/ipv4/ip_forward" "$err"
	equal 1 "$(on_host cat /proc/sys/net/ipv4/ip_forward)" "forwarding"
	contains "172.17.0.1/16" "$(on_host ip -br addr show tare0)"
	eventually 5 host_is_clean
	expect 0 tare run --rm --network bridge busybox ip -o addr show eth0
	contains "172.17.0.3/16" "$out"
	[[ $out != *inet6* ]] || fail "an IPv6 address where there is no IPv6: $out"
	equal "" "$err" "what is said the second time"
}

@test "who names no network gets bridge, on a host that has nothing yet; none, host and container:X have no part of it" {
	export TARE_CONFIG=/dev/null # no setting at all: not this machine's either
	expect 0 tare run --rm busybox sh -c 'ip -o -4 addr show eth0; ping -c1 -W2 172.17.0.1; grep -c 172.17.0.2 /etc/hosts'
	contains "inet 172.17.0.2/16" "$out"
	contains "1 packets received" "$out"
	expect 0 tare create --name plain --mac-address 02:00:00:00:00:09 busybox cat /sys/class/net/eth0/address
	equal bridge "$(tare inspect -f '{{.HostConfig.NetworkMode}}' plain)" "mode"
	expect 0 tare start -a plain
	equal 02:00:00:00:00:09 "$out" "hardware address"
	refused_again "user specified IP address is supported on user defined networks only" --ip 172.17.0.9
	refused_again "network-scoped aliases are only supported for user-defined networks" --network-alias x
	expect 0 tare run --rm --network none busybox ip -o link
	equal 1 "$(grep -c . <<<"$out")" "interfaces of $out; number"
	on_host ip link add seen type veth
	expect 0 tare run --rm --network host busybox ip -o link
	contains seen "$out"
	start web --network bridge
	expect 0 tare run --rm --network container:web busybox ip -o -4 addr show eth0
	contains "172.17.0.4/16" "$out"
	expect 125 tare run --rm --network nowhere busybox true
	contains "network nowhere not found" "$err"
}

refused_again() # TEXT OPTIONS…
{
	expect 125 tare run --rm "${@:2}" busybox true
	contains "$1" "$err"
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr: $err; number"
}

# each runs a command as root of this host, with less
without_right() { on_host setpriv --bounding-set -net_admin --inh-caps -net_admin "$@"; }
with_fixed_settings()
{
	on_host unshare -m sh -euc 'mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys; exec "$@"' - "$@"
}

@test "a host that allows no networks: one line says what goes without, and nothing is left" {
	export TARE_CONFIG=/dev/null
	hint=' \(.*--network none and --network host do not\)$'
	tare_in=(with_fixed_settings)
	refused "network bridge: open /proc/sys/net/ipv4/ip_forward: Read-only file system$hint" tare run --rm busybox true
	tare_in=(without_right)
	refused "network bridge: bridge tare0: make it: Operation not permitted$hint" tare run --rm -p 8080:80 busybox true
	failed "network blue: bridge br-" tare network create blue
	equal "" "$(tare network ls --filter name=blue -q)" "networks"
	expect 0 tare create --name never busybox true
	expect 0 tare rm never
	equal "" "$(on_host ip -br link show type bridge)" "bridges"
	equal "" "$(rules)" "rules"
	equal 0 "$(on_host cat /proc/sys/net/ipv4/ip_forward)" "forwarding"
	expect 0 tare run --rm --network host busybox true
	tare_in=(on_host)
	start web
	tare_in=(on_host strace -qq -o /dev/null -e inject=sendto:error=EOPNOTSUPP:when=1) # the monitor makes the rest meanwhile
	expect 125 tare run --rm --name second busybox true
	matches "network bridge: firewall rules: .*$hint" "$err"
	equal web "$(tare ps -a --format '{{.Names}}')" "containers"
	eventually 5 one_port
}
one_port() { [ "$(ports_of_host)" = 1 ]; }

@test "a command that is not there is told of even when that is known before the network is made" {
	tare_in=(on_host strace -f -qq -o /dev/null -e trace=clone3 -e inject=clone3:delay_exit=300000)
	expect 127 tare run --rm --network bridge busybox no-such-command
	contains 'exec: "no-such-command": executable file not found' "$err"
}

@test "resolv.conf has what the host's has, or what was asked for" {
	expect 0 tare run --rm --network bridge --dns 10.1.1.1 --dns 10.1.1.2 --dns-search example.org --dns-option ndots:3 \
		--add-host db:10.9.9.9 --add-host gate=host-gateway busybox cat /etc/resolv.conf /etc/hosts
	contains $'nameserver 10.1.1.1\nnameserver 10.1.1.2\nsearch example.org\noptions ndots:3' "$out"
	contains $'10.9.9.9\tdb' "$out"
	contains $'172.17.0.1\tgate' "$out"
}

# made_of HOST-ETC OPTIONS…: the resolv.conf of a container, where this script has filled the host's /etc
made_of()
{
	local tare_in=(nsenter -t "$host_pid" -n unshare -m --propagation private sh -c "mount -t tmpfs none /etc; mount -t tmpfs none /run; $1; exec \"\$@\"" -)
	expect "${status-0}" tare create "${@:2}" busybox true
	[ -n "${status-}" ] || made=$(<"$T/root/containers/$out/resolv.conf")
}

@test "resolv.conf is made of the host's, whatever that is" {
	local stub='mkdir /etc/r; echo nameserver 127.0.0.53 >/etc/r/stub; ln -s r/stub /etc/resolv.conf'
	tare network create back
	made_of "$stub" --network back
	contains $'nameserver 127.0.0.11\noptions ndots:0' "$made"
	contains "# ExtServers: [host(127.0.0.53)]" "$made"
	made_of "$stub" --network bridge
	contains $'nameserver 8.8.8.8\nnameserver 8.8.4.4' "$made"
	made_of "$stub; mkdir -p /run/systemd/resolve
		echo nameserver 10.1.2.3 >/run/systemd/resolve/resolv.conf" --network bridge
	contains "nameserver 10.1.2.3" "$made"
	contains "'/run/systemd/resolve/resolv.conf' (legacy)" "$made"
	made_of "$stub" --network host
	equal "nameserver 127.0.0.53" "$made" "the host's network"
	made_of : --network back
	contains "NO EXTERNAL NAMESERVERS DEFINED" "$made"
	made_of 'ln -s /nowhere /etc/resolv.conf' --network bridge
	contains "nameserver 8.8.4.4" "$made"
	status=1 made_of 'mkdir /etc/resolv.conf' --network bridge
	matches '^tare: .*etc/resolv.conf: read: Is a directory$' "$err"
	equal "" "$(tare ps -aq --filter status=dead)" "what is left"
	[ "$(tare ps -aq | grep -c .)" = 6 ] || fail "the one that could not be made is listed: $(tare ps -a)"
}

@test "a published port is reached from outside, from the host, from the container itself, and not round it" {
	make_outside
	speaker web hello 80 -p 8080:80
	hears hello on_host 127.0.0.1 8080
	hears hello on_host 10.77.0.1 8080
	hears hello outside 10.77.0.1 8080
	expect 0 tare exec web sh -c 'nc -w2 10.77.0.1 8080 </dev/null'
	equal hello "$out" "what it says to itself"
	expect 0 tare run --rm --network bridge busybox sh -c 'nc -w2 172.17.0.1 8080 </dev/null'
	equal hello "$out" "what it says to a neighbour"
	outside ip route add 172.17.0.0/16 via 10.77.0.1
	is_deaf outside "$(address_of web)" 80
	is_deaf outside "$(address_of web)" 8080
	equal "80/tcp -> 0.0.0.0:8080" "$(tare port web)" "port"
	equal "0.0.0.0:8080" "$(tare port web 80)" "port 80"
	contains "0.0.0.0:8080->80/tcp" "$(tare ps)"
	equal 8080 "$(tare inspect web | jq -r '.[0].NetworkSettings.Ports["80/tcp"][0].HostPort')" "inspect"
	tare stop -t0 web
	eventually 5 host_is_clean
	equal "" "$(tare port web)" "port of a stopped one"
	tare start web
	eventually 5 listens web 80
	hears hello outside 10.77.0.1 8080
	tare rm -f web
	is_deaf outside 10.77.0.1 8080
	eventually 5 host_is_clean
}

@test "a port that is taken is refused with the name of whoever has it" {
	start web -p 127.0.0.1:8080:80
	expect 125 tare run --rm -p 8080:80 busybox true
	contains "Bind for 127.0.0.1:8080 failed: port is already allocated by container web" \
		"${err/0.0.0.0/127.0.0.1}"
	expect 0 tare run --rm -p 127.0.0.2:8080:80 busybox true
	need_python
	on_host python3 -c 'import socket,time
s = socket.socket(); s.bind(("", 9000)); s.listen(); time.sleep(100)' 3>&- &
	eventually 5 sh -c "nsenter -t $host_pid -n ss -Hltn 'sport = :9000' | grep -q ."
	expect 125 tare run --rm -p 8990-9010:8990-9010 busybox true
	contains "failed to bind host port 0.0.0.0:9000/tcp: address already in use by python3 (process " "$err"
	expect 0 tare run --rm -p 9000:9000/udp busybox true
	kill %%
	expect 0 tare ps -aq
	equal 1 "$(grep -c . <<<"$out")" "containers"
}

@test "an equal range is one interval, a shifted one an element each, and any port is a free one" {
	start web -p 9000-18999:9000-18999 -p 8100-8102:80-82/udp -p 90 --expose 91 -P
	contains "0.0.0.0/0 . tcp . 9000-18999 : 172.17.0.2" "$(rules)"
	contains "udp . 8101 : 172.17.0.2 . 81" "$(rules)"
	contains "0.0.0.0:9000-18999->9000-18999/tcp" "$(tare ps --no-trunc)"
	matches '^0\.0\.0\.0:32[0-9]{3}$' "$(tare port web 90)"
	matches '^0\.0\.0\.0:32[0-9]{3}$' "$(tare port web 91)"
	[ "$(tare port web 90)" != "$(tare port web 91)" ] || fail "the same port twice"
}

@test "after a crash of its monitor a container's ports and rules are given back" {
	start web -p 8080:80 --restart no
	start other -p 8081:80 --restart no
	pgrep -f "tare-monitor $T/state" | xargs kill -KILL
	eventually 20 tare run --rm -p 8080-8081:80 busybox true
	eventually 20 tare run --rm -p 8080:80 busybox true
	expect 0 tare ps -a
	contains "Exited (137)" "$out"
	eventually 5 host_is_clean
}

@test "a flushed ruleset, a deleted bridge: the next container makes them anew, the others' too" {
	speaker web hello 80 -p 8080:80
	on_host nft flush ruleset
	expect 0 tare run --rm --network bridge busybox true
	contains "$(address_of web)" "$(rules)"
	hears hello on_host 127.0.0.1 8080
	on_host ip link del tare0
	is_deaf on_host 127.0.0.1 8080
	expect 0 tare run --rm --network bridge busybox sh -c "nc -w2 $(address_of web) 80 </dev/null"
	equal hello "$out" "a container whose bridge was made anew"
	hears hello on_host 127.0.0.1 8080
	contains "hairpin on" "$(on_host bridge -d link show)"
	tare rm -f web
	on_host ip link del tare0
	on_host ip route add 172.17.3.0/24 dev lo
	expect 125 tare run --rm --network bridge -p 8080:80 busybox true
	contains "its subnet 172.17.0.0/16 is a route of this host now" "$err"
	nothing_made
	on_host ip route del 172.17.3.0/24 dev lo
	expect 0 tare run --rm --network bridge -p 8080:80 busybox ping -c1 -W2 172.17.0.1
}

# Where the kernel has IPv6 its sysctls are hidden; really without: tests/vm/run --kernel ipv6.disable=1 bats … -f IPv6
@test "a host without IPv6 has networks, and says which it cannot have" {
	[ ! -d /proc/sys/net/ipv6 ] || tare_in+=(unshare -m --propagation private sh -c 'mount -t tmpfs none /proc/sys/net/ipv6; exec "$@"' -)
	expect 0 tare network create back
	speaker web hello 80 --network back -p 8080:80
	hears hello on_host 127.0.0.1 8080
	expect 0 tare run --rm --network back busybox sh -c 'nc -w2 web 80 </dev/null'
	equal hello "$out" "a neighbour"
	failed "network six: this host has no IPv6" tare network create --ipv6 six
	equal 1 "$(on_host ip -br link show type bridge | grep -c .)" "bridges"
}

@test "0.0.0.0 and :: are all addresses of their family, for one port and for a range" {
	make_outside
	six=()
	[ ! -d /proc/sys/net/ipv6 ] || six=(-p '[::]:8081:80')
	expect 0 tare network create ${six:+--ipv6} back
	speaker web hello 80 --network back -p 0.0.0.0:8080:80 -p 0.0.0.0:79-80:79-80 "${six[@]}"
	for port in 8080 80; do
		hears hello on_host 127.0.0.1 $port
		hears hello outside 10.77.0.1 $port
	done
	expect 125 tare run --rm --network back -p 127.0.0.1:8080:80 busybox true
	contains "Bind for 127.0.0.1:8080 failed: port is already allocated by container web" "$err"
	[ "${six-}" ] || return 0
	hears hello outside fd77::1 8081
	eventually 3 hears hello on_host ::1 8081
	is_deaf outside 10.77.0.1 8081
}

@test "ports come and go while a container runs" {
	speaker web hello 80 --network bridge
	expect 0 tare update --publish-add 8080:80 web
	hears hello on_host 127.0.0.1 8080
	contains "hairpin on" "$(on_host bridge -d link show)"
	expect 1 tare update --publish-add 8080:81 web
	contains "port is already allocated" "$err"
	failed "no such published port: 99/tcp" tare update --publish-rm 80 --publish-rm 99 web
	expect 1 tare update --restart on-failure:7 --publish-rm 80 --publish-add 9090:80 --publish-add 9090:81 web
	equal "80/tcp -> 0.0.0.0:8080" "$(tare port web)" "port after changes that failed"
	hears hello on_host 127.0.0.1 8080
	equal no "$(tare inspect web | jq -r '.[0].HostConfig.RestartPolicy.Name')" "policy after a change of ports that failed"
	expect 0 tare update --publish-add 8081:80 --publish-rm 80 web
	equal "80/tcp -> 0.0.0.0:8081" "$(tare port web)" "port"
	hears hello on_host 127.0.0.1 8081
	is_deaf on_host 127.0.0.1 8080
	expect 0 tare restart -t0 web
	equal "80/tcp -> 0.0.0.0:8081" "$(tare port web)" "port after a restart"
	tare network create blue
	expect 0 tare network connect blue web
	eventually 5 two_answer_themselves || fail "$(on_host bridge -d link show)" # the kernel takes away that of the life before
	tare stop -t0 web
	eventually 5 host_is_clean
	failed "no such published port: 99/tcp" tare update --publish-rm 99 web
	expect 0 tare update --publish-rm 80 web
	expect 0 tare start web
	equal "" "$(tare port web)" "port of one that was not running when it went"
}

two_answer_themselves() { [ "$(on_host bridge -d link show | grep -c "hairpin on")" = 2 ]; }

@test "a bridge of the user's gets the address and the forwarding that it lacks, is of one network, and stays" {
	on_host ip link add br0 type bridge
	expect 0 tare network create -o name=br0 --subnet 10.9.0.0/24 own
	contains "10.9.0.1/24" "$(on_host ip -br addr show br0)"
	equal 1 "$(on_host cat /proc/sys/net/ipv4/ip_forward)" "ip_forward"
	failed "networks have same bridge name" tare network create -o name=br0 second
	expect 0 tare run --rm --network own busybox ping -c1 -W2 10.9.0.1
	expect 0 tare network rm own
	expect 0 on_host ip link show br0
}

@test "macvlan: a container is a machine of its own on the host's network" {
	make_outside
	on_host ip link add probe0 link up0 type macvlan 2>/dev/null || skip "no macvlan here"
	on_host ip link del probe0
	failed "there is no such interface" tare network create -d macvlan -o parent=nope0 lan
	tare network create -d macvlan -o parent=up0 --subnet 10.77.0.0/24 --gateway 10.77.0.2 lan
	expect 0 tare run --rm --network lan --ip 10.77.0.50 busybox sh -c 'ip route; ping -c1 -W2 10.77.0.2'
	contains "default via 10.77.0.2 dev eth0" "$out"
	contains "1 packets received" "$out"
	expect 0 tare network rm lan
	expect 0 on_host ip link show up0
}

@test "containers of a network find each other by name; [::1] leads to a port; rules that are flushed come back by themselves" {
	tare network create blue
	speaker web hello 80 --network blue --network-alias www -p 8080:80
	expect 0 tare run --rm --network blue busybox sh -c 'ping -c1 -W2 web && ping -c1 -W2 www && nc -w2 web 80 </dev/null'
	contains hello "$out"
	eventually 3 hears hello on_host ::1 8080
	# what the kernel would look at for each port that comes or goes: a single port is not a range, nor has an interface routes
	equal "tcp . 8080" "$(on_host nft -j list ruleset | jq -r '.nftables[].set | select(.name == "ports" and .flags == null).elem[0].concat | join(" . ")')"
	equal "" "$(on_host ip -6 route show table all | grep -F "dev $(on_host ip -o link show type veth | sed 's/^[0-9]*: \([^@:]*\).*/\1/')")"
	equal 0 "$(on_host ip -d -j link show type bridge | jq '.[0].linkinfo.info_data.mcast_snooping')" "multicast snooping"
	on_host nft flush ruleset
	eventually 3 hears hello on_host 127.0.0.1 8080
	contains "$(address_of web blue)" "$(rules)"
	tare rm -f web
	tare network rm blue
	start plain -p 8081:80
	on_host nft flush ruleset
	# shellcheck disable=SC2016 # the function is called again and again
	eventually 3 bash -c "nsenter -t $host_pid -n nft list ruleset | grep -q 'tcp . 8081'"
	tare rm -f plain
	eventually 5 host_is_clean
}

@test "tare.conf says which network a container gets that names none, and where ports go that name no address" {
	printf 'network = bridge\npublish-default-ip = 127.0.0.1\n' >"$T/conf"
	tare_globals=(--config "$T/conf")
	start web -p 8080:80
	equal "80/tcp -> 127.0.0.1:8080" "$(tare port web)" "port"
	expect 0 tare run --rm --publish-default-ip 127.0.0.2 --name other -p 8080:80 busybox ip -o -4 addr show eth0
	contains "inet 172.17.0.3/16" "$out"
	expect 0 tare run --rm busybox ip -o -4 addr show eth0
	contains "inet 172.17.0.4/16" "$out"
	expect 0 tare run --rm --network none busybox ip -o link
	equal 1 "$(grep -c . <<<"$out")" "interfaces of $out; number"
	tare update --publish-add 8081:80 web
	contains "80/tcp -> 127.0.0.1:8081" "$(tare port web)"
	tare_globals=()
	tare rm -f web
	refused "eth9 is not an ip address" tare run --publish-default-ip eth9 busybox true
}
