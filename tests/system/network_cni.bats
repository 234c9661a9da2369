#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Networks of CNI, with Debian's plugins and one of the test's own that writes down what it was asked.

load helpers
load network

cni_setup()
{
	[ -x /usr/lib/cni/bridge ] || skip "needs containernetworking-plugins"
	mkdir "$T/net.d" "$T/bin"
	ln -s /usr/lib/cni/* "$T/bin/"
	printf 'network = none\ncni-conf-dir = %s\ncni-bin-dir = %s\ncni-cache-dir = %s\n' "$T/net.d" "$T/bin" "$T/cache" >"$T/conf"
	tare_globals=(--config "$T/conf")
	cat >"$T/bin/witness" <<-END
		#!/bin/sh
		cat >$T/config.\$CNI_COMMAND
		echo "\$CNI_COMMAND \$CNI_IFNAME \${CNI_NETNS:+netns}" >>$T/asked
		[ ! -e $T/refuses.\$CNI_COMMAND ] || { echo '{"code": 11, "msg": "no room", "details": "try\nlater"}'; exit 1; }
		jq -c '.prevResult // {}' $T/config.\$CNI_COMMAND
	END
	chmod +x "$T/bin/witness"
	cat >"$T/net.d/10-blue.conflist" <<-END
		{"cniVersion": "1.0.0", "name": "blue", "plugins": [
		 {"type": "bridge", "bridge": "cni-blue", "isGateway": true, "ipMasq": false,
		  "ipam": {"type": "host-local", "dataDir": "$T/ipam", "ranges": [[{"subnet": "10.8.0.0/24"}]],
			   "routes": [{"dst": "0.0.0.0/0"}]}},
		 {"type": "witness", "capabilities": {"portMappings": true, "bandwidth": true}}]}
	END
}

leases() { find "$T/ipam" -name '10.*' 2>/dev/null | grep -c . || true; }
no_leases() { [ "$(leases)" = 0 ] && [ -z "$(ls "$T/cache/results")" ]; }

@test "a container joins a network of CNI with ports and bandwidth, and leaves it at its end" {
	cni_setup
	start web --network cni:blue -p 8080:80 -p 127.0.0.1:9000-9001:90-91/udp \
		--annotation kubernetes.io/ingress-bandwidth=10M
	expect 0 tare exec web sh -c 'ip -o -4 addr show eth0; ip route; cat /etc/hosts; ping -c1 -W2 10.8.0.1'
	contains "inet 10.8.0.2/24" "$out"
	contains "default via 10.8.0.1 dev eth0" "$out"
	contains $'10.8.0.2\t' "$out"
	contains "1 packets received" "$out"
	equal "ADD eth0 netns" "$(<"$T/asked")" "asked"
	equal '[{"hostPort":8080,"containerPort":80,"protocol":"tcp"},{"hostPort":9000,"containerPort":90,"protocol":"udp","hostIP":"127.0.0.1"},{"hostPort":9001,"containerPort":91,"protocol":"udp","hostIP":"127.0.0.1"}]' \
		"$(jq -c .runtimeConfig.portMappings "$T/config.ADD")" "port mappings"
	equal 10000000 "$(jq .runtimeConfig.bandwidth.ingressRate "$T/config.ADD")" "bandwidth"
	equal 10.8.0.2/24 "$(jq -r '.prevResult.ips[0].address' "$T/config.ADD")" "previous result"
	expect 0 tare inspect web
	equal '{"IPAddress":"10.8.0.2","IPPrefixLen":24,"Gateway":"10.8.0.1"}' \
		"$(jq -c '.[0].NetworkSettings.Networks["cni:blue"] | {IPAddress, IPPrefixLen, Gateway}' <<<"$out")" "inspect"
	equal "$(tare exec web cat /sys/class/net/eth0/address)" \
		"$(jq -r '.[0].NetworkSettings.Networks["cni:blue"].MacAddress' <<<"$out")" "hardware address"
	equal 8080 "$(jq -r '.[0].NetworkSettings.Ports["80/tcp"][0].HostPort' <<<"$out")" "ports of inspect"
	equal "127.0.0.1:9001" "$(tare port web 91/udp)" "port"
	contains "0.0.0.0:8080->80/tcp" "$(tare ps)"
	equal cniCacheV1 "$(jq -r .kind "$T/cache/results/blue-$(tare inspect web | jq -r '.[0].Id')-eth0")" "cache"
	rm "$T/net.d/10-blue.conflist" # what is attached is known without it
	expect 0 tare network doctor web
	contains "the plugins of its network of CNI find what they made" "$out"
	equal 10.8.0.2/24 "$(jq -r '.prevResult.ips[0].address' "$T/config.CHECK")" "what CHECK is told"
	touch "$T/refuses.CHECK"
	expect 1 tare network doctor web
	matches "^stop +container web +network cni:blue: plugin witness" "$(grep ^stop <<<"$out")"
	rm "$T/refuses.CHECK"
	no_settings # are needed for that, either
	tare stop -t0 web
	eventually 5 no_leases
	eventually 5 networks_are '{}' web # what is known of it goes last
	contains "DEL eth0" "$(<"$T/asked")"
	equal 10.8.0.2/24 "$(jq -r '.prevResult.ips[0].address' "$T/config.DEL")" "what DEL is told"
	expect 1 tare --config "$T/conf" start web
	contains "network cni:blue not found in $T/net.d" "$err"
}

networks_are() { equal "$1" "$(tare inspect "$2" | jq -c '.[0].NetworkSettings.Networks')" "networks of $2"; } # JSON NAME

# shellcheck disable=SC2034 # the helper reads it
no_settings() { tare_globals=(); }
sees_the_end() { tare ps -a | grep -q 'Exited (137)'; }

@test "after SIGKILL of its monitor, and of all that might have known of it, DEL is called" {
	cni_setup
	start web --network cni:blue
	equal 1 "$(leases)" "leases"
	kill -KILL "$(pgrep -f "tare-monitor $T/state" | head -1)"
	eventually 5 sees_the_end
	no_leases
	tare start web
	eventually 5 is_running web
	expect 0 tare exec web sh -c 'ip -o -4 addr show eth0; grep -c ^10.8.0 /etc/hosts'
	contains "inet 10.8.0.3/24" "$out"
	matches $'\n1$' "$out" "addresses in hosts"
	tare rm -f web
	no_leases
}

# as a power cut leaves files that were not synced; nobody is left to call DEL but who looks next
cut() # FILE SIZE
{
	truncate -s "$2" "$1"
	kill -KILL "$(pgrep -f "tare-monitor $T/state" | head -1)"
}

one_line() { contains "$1" "$err"; equal 1 "$(grep -c '' <<<"$err")" "lines on stderr: $err; number"; }

@test "what is kept of an attachment is damaged: one line says so, its plugins are asked, and it can be removed" {
	cni_setup
	local id
	start web --network cni:blue
	id=$(tare inspect -f '{{.Id}}' web)
	cut "$T/cache/results/blue-$id-eth0" 40
	expect 0 tare rm -f web
	one_line "$T/cache/results/blue-$id-eth0 is damaged: not one JSON value; it is taken back as cni:blue is configured now"
	contains "DEL eth0" "$(<"$T/asked")"
	no_leases || fail "a lease, or what is kept of it, is left"

	start web --network cni:blue
	id=$(tare inspect -f '{{.Id}}' web)
	truncate -s 0 "$T/root/containers/$id/cni"
	expect 0 tare port web
	cut "$T/root/containers/$id/cni" 0
	expect 0 tare rm -f web
	one_line "$id/cni is damaged; what is kept of it is looked for"
	no_leases || fail "a lease, or what is kept of it, is left"

	start web --network cni:blue # and where the network is no more
	id=$(tare inspect -f '{{.Id}}' web)
	mv "$T/net.d/10-blue.conflist" "$T/blue.conflist"
	cut "$T/cache/results/blue-$id-eth0" 0
	expect 0 tare rm -f web
	one_line "its plugins are not asked to take it back: network cni:blue not found in $T/net.d"
	equal "" "$(ls "$T/cache/results")" "what is kept"
}

@test "a plugin that fails is told in one line, and what was made before it is taken back" {
	cni_setup
	touch "$T/refuses.ADD"
	expect 125 tare run --rm --network cni:blue busybox true
	contains "network cni:blue: plugin witness: ADD: no room: try later" "$err"
	no_leases
	refused "network cni:red not found in $T/net.d" tare run --network cni:red busybox true
	refused "needs one port of the host for each" tare run --network cni:blue -p 80 busybox true
	refused "bits per second" tare run --network cni:blue --annotation kubernetes.io/egress-bandwidth=fast busybox true
	printf '{"name": "bad", "plugins": [{"type": "../x"}]}' >"$T/net.d/00-bad.conflist"
	refused "plugins\[0\].type: not the name of a plugin" tare run --network cni:bad busybox true
}

@test "what a plugin does not give back is kept, said, and asked for again" {
	cni_setup
	touch "$T/refuses.DEL"
	expect 0 tare run --rm --network cni:blue busybox true
	contains "plugin witness: DEL: no room: try later" "$err"
	[ -n "$(ls "$T/cache/results")" ] || fail "nothing is known of it any more"
	expect 1 tare network prune -f
	contains "plugin witness: DEL: no room: try later" "$err"
	rm "$T/refuses.DEL"
	expect 0 tare network prune -f
	contains "CNI attachments of containers that are gone: 1" "$out"
	no_leases
	expect 0 tare network prune -f
	equal "" "$out" "what the next one says"
	rm "$T/bin/witness"
	expect 125 tare run --rm --network cni:blue busybox true
	contains "network cni:blue: plugin witness: ADD: $T/bin/witness: No such file or directory" "$err"
}

# Debian's own, as they are on a node of Kubernetes. portmap's iptables acts in the namespace of this test's host; its CHECK
# (1.1.1) looks for the rules of IPv4 among those of IPv6 as well, so it finds no ip6tables.
real_plugins()
{
	[ -x /usr/lib/cni/portmap ] && [ -x /usr/lib/cni/bandwidth ] || skip "needs the plugins portmap and bandwidth"
	on_host iptables -t nat -S >/dev/null 2>&1 || skip "needs iptables, and nat in this kernel"
	on_host sh -c 'ip link add probe0 type ifb && tc qdisc add dev probe0 root tbf rate 1mbit burst 32kb latency 25ms' ||
		skip "this kernel has no ifb or tbf"
	on_host ip link del probe0
	jq --argjson more '[{"type": "portmap", "capabilities": {"portMappings": true}},
		{"type": "bandwidth", "capabilities": {"bandwidth": true}}]' \
		'.plugins = .plugins[:1] + $more' "$T/net.d/10-blue.conflist" >"$T/net.d/20-real.conflist"
	mkdir "$T/path"
	ln -s "$(command -v iptables)" "$T/path/iptables"
	rm "$T/bin/portmap"
	printf '#!/bin/sh\nPATH=%s exec /usr/lib/cni/portmap\n' "$T/path" >"$T/bin/portmap"
	chmod +x "$T/bin/portmap"
	sed -i 's/"blue"/"real"/; s/cni-blue/cni-real/' "$T/net.d/20-real.conflist"
}

nat_rules() { on_host iptables -t nat -S | grep -c -- '--to-destination 10\.8\.0\.' || true; }
no_nat_rules() { [ "$(nat_rules)" = 0 ]; }

@test "Debian's portmap and bandwidth: a port leads in, a limit is set, CHECK sees it go, nothing is left" {
	cni_setup
	real_plugins
	make_outside
	speaker web hello 80 --network cni:real -p 8080:80 --annotation kubernetes.io/ingress-bandwidth=10M \
		--annotation kubernetes.io/egress-bandwidth=20M
	hears hello outside 10.77.0.1 8080
	equal 1 "$(nat_rules)" "rules of portmap"
	contains "rate 10Mbit" "$(on_host tc qdisc show)"
	contains "rate 20Mbit" "$(on_host tc qdisc show)"
	expect 0 tare network doctor web
	contains "the plugins of its network of CNI find what they made" "$out"
	on_host iptables -t nat -F # somebody does
	expect 1 tare network doctor web
	matches "^stop +container web +network cni:real: plugin portmap" "$(grep ^stop <<<"$out")"
	expect 0 tare restart -t0 web
	eventually 5 listens web 80
	hears hello outside 10.77.0.1 8080
	# nobody is left to call DEL but the next who looks
	kill -KILL "$(pgrep -f "tare-monitor $T/state" | head -1)"
	eventually 5 sees_the_end
	eventually 5 no_nat_rules
	no_leases
	equal "" "$(on_host ip -br link show type ifb)" "links of bandwidth"
	tare rm -f web
	expect 0 tare network prune -f
	equal "" "$out" "what is left for prune"
}
