# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A machine of the test's own: tare runs in a network namespace that the test made, with another one behind it that is
# somebody else's machine. Nothing is done to this machine's interfaces, routes and rules.

setup() { tare_setup && net_setup; }
teardown()
{
	local status=0
	tare_teardown || status=1
	net_teardown || status=1
	return $status
}

# namespace VARIABLE: a new network namespace, held by a process whose pid goes there
namespace()
{
	local pid
	unshare -n sleep 1000 3>&- &
	pid=$!
	until [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done 2>/dev/null
	net_pids+=("$pid")
	printf -v "$1" %s "$pid"
	nsenter -t "$pid" -n ip link set lo up
}

net_pids=()
net_setup()
{
	command -v nft >/dev/null && command -v ip >/dev/null || skip "needs nft and ip"
	namespace host_pid
	# a new namespace has what this machine has
	on_host sh -c 'for f in ipv4/ip_forward ipv6/conf/all/forwarding; do [ ! -e "/proc/sys/net/$f" ] || echo 0 >"/proc/sys/net/$f"; done'
	tare_in=(nsenter -t "$host_pid" -n)
}

net_teardown()
{
	local pid
	for pid in "${net_pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
}

tare()
{
	local command=${1-}
	case "$command $*" in
	*' --cgroup-parent'*) ;;
	'run '* | 'create '*) shift; set -- "$command" --cgroup-parent "/$group" "$@" ;;
	esac
	"${tare_in[@]}" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "${tare_globals[@]}" "$@"
}

on_host() { nsenter -t "$host_pid" -n "$@"; }
outside() { nsenter -t "$outside_pid" -n "$@"; }

# an outside machine at 10.77.0.2, and this one at 10.77.0.1
make_outside()
{
	namespace outside_pid
	on_host ip link add up0 type veth peer name up1 netns "$outside_pid"
	on_host ip addr add 10.77.0.1/24 dev up0
	on_host ip -6 addr add fd77::1/64 dev up0 nodad
	on_host ip link set up0 up
	outside ip addr add 10.77.0.2/24 dev up1
	outside ip -6 addr add fd77::2/64 dev up1 nodad
	outside ip link set up1 up
}

# hear WHERE ADDRESS PORT: what somebody there says to whoever connects, within two seconds
hear()
{
	"$1" timeout "${hear_seconds-2}" bash -c 'exec 3<>"/dev/tcp/$0/$1" && cat <&3' "$2" "$3" 2>/dev/null
}

said_is() { [ "$(hear "${@:2}")" = "$1" ]; }
hears() { eventually 1 said_is "$@" || equal "$1" "$(hear "${@:2}")" "what ${*:2} says"; }
is_deaf() { ! hear_seconds=0.4 hear "$@" >/dev/null || fail "reached: $*"; }

# a container that says TEXT on PORT to everybody
speaker() # NAME TEXT PORT [OPTIONS]
{
	start "$1" "${@:4}" -- nc -ll -p "$3" -e echo "$2"
	eventually 5 listens "$1" "$3"
}

listens() { nsenter -t "$(pid_of "$1")" -n ss -Hltn "sport = :$2" | grep -q .; }

rules() { on_host nft list ruleset; }
ports_of_host() { on_host ip -br link | grep -c '^t[0-9a-f]*-' || true; }
address_of() { tare inspect "$1" | jq -r ".[0].NetworkSettings.Networks[\"${2-bridge}\"].IPAddress"; } # NAME [NETWORK]

# nothing of containers is left on this host: no interface, no element that names one
host_is_clean()
{
	[ "$(ports_of_host)" = 0 ] && ! rules | grep -q '"t[0-9a-f]*-[0-9a-f]' && ! rules | grep -Eq 'tcp \. |udp \. '
}

in_net() # NAME CMD…: this machine's program in a container's network namespace
{
	local pid
	pid=$(pid_of "$1")
	nsenter -t "$pid" -n -- "${@:2}"
}
