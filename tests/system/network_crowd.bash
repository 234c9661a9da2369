# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # T, group and tare_in come from helpers.bash and network.bash
# Many containers on one network: c0, c1 …, each of which says its name on port 80 and on the host's port 20000 and up.

first_port=20000

tare_here() { "${tare_in[@]}" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "$@"; }

member() # NUMBER
{
	tare_here run -d --cgroup-parent "/$group" --name "c$1" --network crowd -p "$((first_port + $1)):80" \
		busybox nc -ll -p 80 -e echo "c$1" >/dev/null 2>"$T/said.$1" </dev/null 3>&- || echo "c$1: $(<"$T/said.$1")"
}

not_member() # NUMBER
{
	tare_here rm -f "c$1" >/dev/null 2>"$T/said.$1" </dev/null 3>&- || echo "rm c$1: $(<"$T/said.$1")"
}

# at_once FUNCTION FROM TO: all of them beside each other
at_once()
{
	local i
	for ((i = $2; i < $3; i++)); do "$1" "$i" & members+=($!); done
	wait "${members[@]}"
	members=()
}
members=()

# in_groups_of SIZE FUNCTION TOTAL
in_groups_of()
{
	local i
	for ((i = 0; i < $3; i += $1)); do
		at_once "$2" "$i" "$((i + $1 < $3 ? i + $1 : $3))"
	done
}

# call_all TOTAL: what each published port says on the host, "c0 c1 …"; "-": nothing
call_all()
{
	on_host python3 - "$first_port" "$1" <<-'END'
		import socket, sys
		def call(port):
		    try:
		        with socket.create_connection(('127.0.0.1', port), 10) as s: return s.makefile().readline().strip()
		    except OSError: return '-'
		print(*(call(int(sys.argv[1]) + i) for i in range(int(sys.argv[2]))))
	END
}

# ask_all TOTAL: the addresses of the names, from the container c0
ask_all()
{
	seq -f 'c%.0f' 0 "$(($1 - 1))" | in_net c0 "$BATS_TEST_DIRNAME/../system/dns-tool" asks |
		sed 's/^NOERROR //' | tr '\n' ' '
}

addresses_of_all() # TOTAL
{
	tare network inspect crowd | jq -r '.[0].Containers[] | "\(.Name[1:]) \(.IPv4Address | split("/")[0])"' | sort -n |
		awk '{ print $2 }' | tr '\n' ' '
}

all_answer() # TOTAL
{
	equal "$(seq -s ' ' -f 'c%.0f' 0 "$(($1 - 1))")" "$(call_all "$1")" 'what the ports say' &&
		equal "$(addresses_of_all)" "$(ask_all "$1")" 'addresses by name'
}

# crowd TOTAL AT_ONCE: come, answer, half of them go while others come, answer, and go
crowd()
{
	local wrong half=$(($1 / 2))
	need_python
	expect 0 tare network create --subnet 10.9.0.0/16 crowd
	wrong=$(in_groups_of "$2" member "$1")
	equal "" "$wrong" 'starts'
	eventually 60 all_answer "$1"
	equal "$1" "$(ports_of_host)" 'interfaces'
	equal "$1" "$(addresses_of_all | tr ' ' '\n' | sort -u | grep -c .)" 'different addresses'

	wrong=$(at_once renew "$half" "$((half + $2 < $1 ? half + $2 : $1))")
	equal "" "$wrong" 'removed and started again beside each other'
	eventually 60 all_answer "$1"
	eventually 60 ports_are "$1" || fail "interfaces after that: $(ports_of_host)" # the kernel takes away those of who has gone

	wrong=$(in_groups_of "$2" not_member "$1")
	equal "" "$wrong" 'removals'
	eventually 60 host_is_clean || fail "left: $(rules)" "$(on_host ip -br link)"
	equal "" "$(addresses_of_all)" 'addresses that are taken'
	expect 0 tare network rm crowd
	equal "" "$(on_host ip -br link | grep br- || true)" 'bridges'
	equal "" "$(find "$T/state/net/endpoints" -type f)" 'records'
}

ports_are() { [ "$(ports_of_host)" = "$1" ]; }

renew() { not_member "$1" && member "$1"; }
