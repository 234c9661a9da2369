# SPDX-License-Identifier: Apache-2.0
# Names in containers' network namespaces: tare-net with records that the tests write, in namespaces that they make. The
# namespace of the "host" is one of their own, too.
load helpers

# shellcheck disable=SC2034,SC2154 # read by helpers.bash; set by container()
own_image=1 # no container is needed

setup() { tare_setup && names_setup; }

teardown() { names_teardown; tare_teardown; }

names_setup()
{
	need_python
	mkdir -p "$T/state/net/endpoints"
	pids=()
	spawn hostns unshare -n -- sh -c 'ip link set lo up; echo ready; exec sleep 1000'
	hostns=$spawned
	nsenter -t "$hostns" -n nft list ruleset >/dev/null 2>&1 || skip "no nftables here"
}

names_teardown()
{
	local pid
	for pid in "${pids[@]}"; do kill -KILL "$pid" || true; done 2>/dev/null
	wait "${pids[@]}" 2>/dev/null || true
	rm -rf "$T/state/net"
}

# spawn WHAT CMD…: in the background, until it has said "ready"; its pid in $spawned
spawn()
{
	local what=$1
	shift
	: >"$T/$what.ready"
	"$@" >"$T/$what.ready" 2>"$T/$what.err" </dev/null 3>&- &
	spawned=$!
	pids+=("$spawned")
	eventually 10 grep -q ready "$T/$what.ready"
}

# id_of NAME: 64 digits that are its own
id_of()
{
	local hex
	printf -v hex '%x' "'${1:0:1}" "'${1:1:1}" "'${1:2:1}"
	while [ ${#hex} -lt 64 ]; do hex=$hex$hex; done
	echo "${hex:0:64}"
}

start_of() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; }

# container NAME: a namespace with a loopback interface; its pid in pid_NAME
container()
{
	spawn "$1" unshare -n -- sh -c 'ip link set lo up; echo ready; exec sleep 1000'
	printf -v "pid_$1" %s "$spawned"
}

# endpoint NETWORK NAME LINE…: its record
endpoint()
{
	local network=$1 name=$2 pid=pid_$2 file
	shift 2
	file=$T/state/net/endpoints/$(id_of "$network").$(id_of "$name")
	{
		printf 'tare-endpoint 1\nnetwork %s\ncontainer %s\n' "$(id_of "$network")" "$(id_of "$name")"
		printf 'network_name %s\nname %s\nnames true\n' "$network" "$name"
		printf 'pid %s\npid_start_ticks %s\n' "${!pid}" "$(start_of "${!pid}")"
		printf '%s\n' "$@"
	} >"$file.tmp"
	mv "$file.tmp" "$file"
}

leave() { rm "$T/state/net/endpoints/$(id_of "$1").$(id_of "$2")"; } # NETWORK NAME

net_starts() # [TARE]
{
	nsenter -t "$hostns" -n "$TARE_BUILD/tare-net" "$T/state" "$T/root" "${1:-$TARE_BUILD/tare}" 2>"$T/net.err" 3>&- &
	net=$!
	pids+=("$net")
	eventually 10 test -S "$T/state/net/socket"
}

within() { local pid=pid_$1; shift; nsenter -t "${!pid}" -n -- "$@"; } # NAME CMD…

# ask WHO ARGS…: one process for all questions of a container; it lives as long as the test
declare -A asker_in asker_out
ask()
{
	local who=$1 in out
	shift
	if [ -z "${asker_in[$who]-}" ]; then
		mkfifo "$T/$who.ask" "$T/$who.said"
		within "$who" "$BATS_TEST_DIRNAME/dns-tool" asks <"$T/$who.ask" >"$T/$who.said" 3>&- &
		pids+=($!)
		exec {in}>"$T/$who.ask" {out}<"$T/$who.said"
		asker_in[$who]=$in asker_out[$who]=$out
	fi
	echo "$*" >&"${asker_in[$who]}"
	read -r said <&"${asker_out[$who]}"
}

answers() { ask "${@:2}" && equal "$1" "$said" "answer to ${*:2}"; } # WANT WHO ARGS…

# upstream NAME ADDRESS ANSWER [OPTIONS]: in a container's namespace, or in the host's
upstream()
{
	local pid=pid_$1
	[ "$1" != host ] || pid=hostns
	spawn "upstream-$1-$2" nsenter -t "${!pid}" -n -- "$BATS_TEST_DIRNAME/dns-tool" serve --log "$T/asked" "${@:4}" "$2" "$3"
}

@test "containers find each other by name, alias and short id, in their own networks only" {
	container web
	container db
	container far
	endpoint back web 'ipv4 10.1.0.2' 'alias www'
	endpoint back db 'ipv4 10.1.0.3' 'ipv6 fd01::3' 'alias www'
	endpoint front far 'ipv4 10.2.0.2'
	net_starts
	answers 'NOERROR 10.1.0.3' web db
	answers 'NOERROR 10.1.0.3' web DB.back
	answers 'NOERROR 10.1.0.3' web --tcp db
	answers 'NOERROR 10.1.0.3' web --tcp --first web db
	answers 'NOERROR 10.1.0.3 edns' web --edns 1232 db
	answers 'NOERROR fd01::3' web db AAAA
	answers 'NOERROR' db web AAAA
	answers 'NOERROR' db web MX
	answers 'NOERROR 10.1.0.2' db "$(id_of web | cut -c1-12)"
	answers 'NOERROR db.back' web 3.0.1.10.in-addr.arpa PTR
	ask web www
	matches '^NOERROR 10\.1\.0\.[23] 10\.1\.0\.[23]$' "$said"
	contains 10.1.0.3 "$(within web busybox nslookup db 127.0.0.11)"
	answers 'SERVFAIL' web nobody
	answers 'SERVFAIL' web far

	endpoint front web 'ipv4 10.2.0.3' # connected to a second one
	answers 'NOERROR 10.2.0.2' web far
	leave front web
	answers 'SERVFAIL' web far
	kill -KILL "$pid_db" # without a word from anybody
	eventually 5 answers 'SERVFAIL' web db
}

@test "everything else goes to the upstreams, from the container or from the host, by the way by which it was asked" {
	container web
	endpoint back web 'ipv4 10.1.0.2' 'upstream 127.0.0.2'
	upstream web 127.0.0.2 9.8.7.6
	net_starts
	answers 'NOERROR 9.8.7.6' web example.org
	answers 'NOERROR 9.8.7.6' web --tcp example.org
	answers 'NOERROR 10.1.0.2' web --tcp --first eXample.org wEb
	equal $'udp example.org\ntcp example.org\ntcp eXample.org' "$(<"$T/asked")" 'asked'
	answers 'NOERROR tc' web big.example.org
	ask web --tcp big.example.org
	equal 200 "$(grep -o 9.8.7.6 <<<"$said" | grep -c .)" 'addresses of a large answer'
	answers 'NOERROR 10.1.0.2' web web
	[ "$(grep -c 'web$' "$T/asked")" = 0 ] || fail "a name of ours was asked of others"

	endpoint back web 'ipv4 10.1.0.2' 'upstream_host 127.0.0.53'
	upstream host 127.0.0.53 5.5.5.5
	answers 'NOERROR 5.5.5.5' web example.org
}

@test "a dead upstream, one that fails and one that lies do not keep the answer away" {
	container web
	endpoint back web 'ipv4 10.1.0.2' 'upstream 127.0.0.2' 'upstream 127.0.0.3' 'upstream 127.0.0.4' 'upstream 127.0.0.5'
	upstream web 127.0.0.3 3.3.3.3 --mode silent # and nobody listens at 127.0.0.2
	upstream web 127.0.0.4 4.4.4.4 --mode fail
	upstream web 127.0.0.5 5.5.5.5 --mode liar
	net_starts
	answers 'NOERROR 5.5.5.5' web example.org
	answers 'NOERROR 5.5.5.5' web --timeout 1.4 other.example.org # it remembers who is dead, and would have waited for 1.5 seconds
	endpoint back web 'ipv4 10.1.0.2' 'upstream 127.0.0.4'
	answers 'SERVFAIL' web example.org
	endpoint back web 'ipv4 10.1.0.2' 'upstream 127.0.0.2'
	answers 'SERVFAIL' web --tcp example.org
	endpoint back web 'ipv4 10.1.0.2' 'upstream 127.0.0.11' # that is we, who would ask ourselves
	answers 'SERVFAIL' web --timeout 1.4 example.org
	endpoint back web 'ipv4 10.1.0.2' 'upstream 127.0.0.11' 'upstream 127.0.0.5'
	answers 'NOERROR 5.5.5.5' web --timeout 1.4 example.org
}

@test "a server in the container may have port 53; tare-net may be killed, is there once, and ends with the last record" {
	container web
	container db
	endpoint back web 'ipv4 10.1.0.2'
	endpoint back db 'ipv4 10.1.0.3'
	net_starts
	answers 'NOERROR 10.1.0.3' web db
	upstream web 0.0.0.0 6.6.6.6
	answers 'NOERROR 6.6.6.6' web --server 127.0.0.1 db
	answers 'NOERROR 10.1.0.3' web db
	within web nft list ruleset >"$T/rules"
	expect 125 "$TARE_BUILD/tare-net" "$T/state" "$T/root" "$TARE_BUILD/tare"
	contains 'held by another process' "$err"

	kill -KILL "$net"
	wait "$net" 2>/dev/null || true
	answers ConnectionRefusedError web db
	rm "$T/state/net/socket"
	net_starts
	answers 'NOERROR 10.1.0.3' web db
	equal "$(<"$T/rules")" "$(within web nft list ruleset)" 'rules'

	leave back db
	leave back web
	wait "$net"
	answers ConnectionRefusedError web web
	[ ! -e "$T/state/net/socket" ] || fail "its socket is left"
	equal '' "$(<"$T/net.err")" 'what it said'
}

@test "neither garbage nor containers that come and go disturb it" {
	local i
	container web
	container db
	endpoint back web 'ipv4 10.1.0.2'
	printf 'tare-endpoint 1\nname \001\n' >"$T/state/net/endpoints/$(id_of back).$(id_of bad)"
	net_starts
	contains 'damaged line' "$(<"$T/net.err")"
	equal 500 "$(within web "$BATS_TEST_DIRNAME/dns-tool" flood 500)" 'sent'
	for i in {1..20}; do # never an answer of the past
		endpoint back db "ipv4 10.1.1.$i"
		answers "NOERROR 10.1.1.$i" web db
		leave back db
		answers 'SERVFAIL' web --tcp db
	done
}

@test "rules that somebody takes away are made again, and ports of [::1] are relayed" {
	printf '#!/bin/sh\necho "$@" >>%s\n' "$T/repairs" >"$T/tare"
	chmod +x "$T/tare"
	container web
	# shellcheck disable=SC2034 # within() reads it
	pid_host=$hostns
	endpoint back web 'ipv4 10.1.0.2' 'relay 9000 100 127.0.0.9 10' # 9043 is 53
	upstream host 127.0.0.9 4.3.2.1
	net_starts "$T/tare"
	answers 'NOERROR 4.3.2.1' host --tcp --server ::1 --port 9043 example.org
	ask host --tcp --server ::1 --port 9043 big.example.org
	equal 200 "$(grep -o 4.3.2.1 <<<"$said" | grep -c .)" 'addresses of a large answer'
	answers ConnectionRefusedError host --tcp --server ::1 --port 9100 example.org
	answers ConnectionResetError host --tcp --server ::1 --port 9044 example.org # relayed to nobody

	within host nft 'add table inet tare-test; add chain inet tare-test c; add table inet other'
	within host nft delete table inet other
	cp "$(command -v nft)" "$T/tare-nft" # the kernel tells who it was by the program's name
	within host "$T/tare-nft" 'delete table inet tare-test; add table inet tare-test; add chain inet tare-test c' # as tare does it
	[ ! -e "$T/repairs" ] || fail "repaired for nothing: $(<"$T/repairs")"
	within host nft flush ruleset
	eventually 5 test -s "$T/repairs"
	equal "--root $T/root --state $T/state _firewall" "$(<"$T/repairs")" 'what was run'
	answers 'NOERROR 4.3.2.1' host --tcp --server ::1 --port 9043 example.org

	endpoint back web 'ipv4 10.1.0.2'
	eventually 5 no_relay_rules
	answers ConnectionRefusedError host --tcp --server ::1 --port 9043 example.org
}

no_relay_rules() { [ -z "$(within host nft list tables)" ]; }
