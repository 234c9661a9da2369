# SPDX-License-Identifier: Apache-2.0
# tare-net beside real containers: names, rules that come back, ports of [::1], and that it does.
load helpers
load network

own_net() # its pid
{
	local f words
	for f in /proc/[0-9]*/cmdline; do
		words=()
		mapfile -d '' -t words <"$f"
		[ "${words[0]-}" != tare-net ] || [ "${words[1]-}" != "$T/state" ] || echo "${f//[^0-9]/}"
	done 2>/dev/null
}

one_net() { [ "$(own_net | grep -c .)" = 1 ] || fail "tare-net: $(own_net)"; } # one that is to end may not have done so yet
no_net() { [ -z "$(own_net)" ]; }

finds() { contains "$3" "$(in_net "$1" busybox nslookup "$2" 127.0.0.11 2>&1)" "who is $2"; } # WHO NAME ADDRESS
finds_not() { ! in_net "$1" busybox nslookup -type=a "$2" 127.0.0.11 >/dev/null 2>&1; }

no_table() { ! rules | grep -q "$1"; }
# sorted, without what a new tare-net chooses
plain_rules() { rules | sed 's/ to ip6 daddr:[0-9]*//' | sort; }
rules_are() { [ "$1" = "$(plain_rules)" ]; }

@test "names, rules and [::1] outlive tare-net and a flushed firewall; it goes with the last container" {
	local net before table inet
	make_outside
	expect 0 tare network create back
	start db --network bridge
	eventually 5 one_net # for a bridge without names and ports too
	expect 0 tare rm -f db
	start db --network back --network-alias data
	eventually 5 one_net
	speaker web hello 80 --network back -p 8080:80
	expect 0 tare exec web nslookup db
	contains "$(address_of db back)" "$out"
	finds db web "$(address_of web back)"
	finds web data "$(address_of db back)"
	start lone --network bridge # in no network of names until now
	expect 0 tare network connect back lone
	eventually 5 finds lone data "$(address_of db back)"
	finds web "$(tare inspect db | jq -r '.[0].Id[:12]')" "$(address_of db back)"
	hears hello on_host ::1 8080
	hears hello outside 10.77.0.1 8080

	table=$(rules | sed -n 's/^table ip6 \(tare_relay_[0-9a-f]*\).*/\1/p')
	net=$(own_net)
	kill -KILL "$net"
	eventually 5 finds db web "$(address_of web back)"
	eventually 5 hears hello on_host ::1 8080
	eventually 5 one_net

	before=$(plain_rules)
	on_host nft flush ruleset
	eventually 5 hears hello outside 10.77.0.1 8080
	eventually 5 hears hello on_host ::1 8080
	eventually 5 rules_are "$before" || equal "$before" "$(plain_rules)" 'rules'

	inet=$(on_host nft list tables | grep '^table inet tare')
	{ echo "delete $inet"; on_host nft list "${inet%% *}" inet "${inet##* }"; } >"$T/saved" # of other containers
	tare rm -f lone
	before=$(plain_rules)
	on_host nft -f "$T/saved"
	eventually 5 rules_are "$before"

	expect 0 tare rm -f db
	finds_not web db || fail "db is still found"
	expect 0 tare rm -f web
	eventually 5 no_net
	[ -z "$(find "$T/state/net/endpoints" -type f)" ] || fail "records are left"

	on_host nft add table ip6 "$table" # as one leaves it that is killed, and nobody has ports any more
	start lone --network back
	eventually 5 no_table "$table"
}
