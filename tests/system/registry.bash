# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034 # T comes from helpers.bash; registry is for the tests
# Registries on 127.0.0.1 of a network namespace of the test's own: Debian's docker-registry, and servers that misbehave. tare
# runs in there too, so nothing of a test reaches another host.

registry=127.0.0.1:5000

need_registry() { command -v docker-registry >/dev/null || skip "needs docker-registry"; }

# network_begin: a network namespace with a loopback interface, held by a process that ends with the test
network_begin()
{
	unshare -n sleep infinity 3>&- &
	network=$!
	kept=("$network")
	eventually 5 network_is_there
	nsenter -t "$network" -n ip link set lo up
}

network_is_there() { [ "$(readlink "/proc/$network/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

in_net() { nsenter -t "$network" -n -- "$@"; }

listens() { in_net bash -c "</dev/tcp/127.0.0.1/$1" 2>/dev/null; } # PORT

# serve PORT CMD…: in the background until the test ends, listening when this returns
serve()
{
	local port=$1
	shift
	nsenter -t "$network" -n -- "$@" >"$T/serve.$port" 2>&1 3>&- &
	kept+=($!)
	eventually 10 listens "$port"
}

# serve_no_more PORT: what was served last there ends
serve_no_more()
{
	kill "${kept[-1]}"
	wait "${kept[-1]}" 2>/dev/null || true
	! listens "$1" || fail "port $1 is still open"
}

network_end()
{
	[ -z "${kept-}" ] || kill "${kept[@]}" 2>/dev/null || true
	[ -z "${kept-}" ] || wait "${kept[@]}" 2>/dev/null || true
}

# registry_begin [PORT [YAML…]]: Debian's; each further argument goes on in its section http: or at the top
registry_begin()
{
	local port=${1:-5000}
	mkdir -p "$T/registry.$port"
	{
		printf 'version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %s}\n  delete: {enabled: true}\n' \
			"$T/registry.$port"
		printf 'http:\n  addr: 127.0.0.1:%s\n' "$port"
		shift || true
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$T/registry.$port.yml"
	serve "$port" docker-registry serve "$T/registry.$port.yml"
}

# tare, in the test's network
tare()
{
	local command=${1-}
	case "$command $*" in
	*' --cgroup-parent'*) ;;
	'run '* | 'create '*) shift; set -- "$command" --cgroup-parent "/$group" "$@" ;;
	esac
	in_net "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "${tare_globals[@]}" "$@"
}

copy() { in_net skopeo copy -q --dest-tls-verify=false --src-tls-verify=false "$@"; }

digest_of() { in_net skopeo inspect --tls-verify=false --raw "docker://$1" | sha256sum | cut -d' ' -f1; } # IMAGE

# requests PATTERN [PORT]: how many the registry has written down, which it does when it has answered
requests() { grep -cE "$1" "$T/serve.${2:-5000}" || true; }
requested() { [ "$(requests "$2")" = "$1" ]; } # COUNT PATTERN

# store: everything that a pull could have left, but for what it goes on with
store()
{
	find "$T/root/content" "$T/root/layers" -mindepth 1 ! -path '*/partial*' | sort
	tare images --no-trunc --digests --format '{{json .}}'
}
