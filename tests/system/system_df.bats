# SPDX-License-Identifier: Apache-2.0
# system df and system prune: whose every byte is, and that nothing is left of what nothing needs.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load layouts

# row TYPE FIELD: of system df
row() { tare system df --format json | jq -r "select(.Type == \"$1\") | .$2"; }

# bytes TEXT…: the sum of "1.5kB" and its like
bytes()
{
	printf '%s\n' "$@" | awk '{
		n = $1 + 0; unit = $1; gsub(/[0-9.]/, "", unit)
		sum += n * (unit == "kB" ? 1000 : unit == "MB" ? 1000000 : unit == "GB" ? 1000000000 : 1)
	} END { printf "%d\n", sum }'
}

crash_leftovers() # what an end at the wrong moment leaves, everywhere
{
	mkdir -p "$T/root/layers/new.1234.0/usr" "$T/root/layers/del.7.1234" "$T/root/layers/4711" "$T/root/content/new.1234.0" \
		"$T/root/containers/$(printf '%064d' 7)/upper" "$T/root/volumes/.new.$(printf '%064d' 7)/_data"
	head -c 300000 /dev/zero >"$T/root/layers/new.1234.0/usr/big"
	head -c 200000 /dev/zero >"$T/root/layers/4711/big"
	head -c 100000 /dev/zero >"$T/root/content/blobs/sha256/$(printf '%064d' 7)"
	touch "$T/root/content/new.1234.0/0"
}

# bats test_tags=guest-full
@test "every byte below the data root is somebody's, within one percent of du" {
	local all
	two_layers
	expect 0 image load "$T/layout" web:1
	start one -v kept:/data
	expect 0 tare exec one sh -c 'head -c 3000000 /dev/zero >/root/f; head -c 2000000 /dev/zero >/data/f; ln /root/f /root/g'
	expect 0 tare run --name two web:1 sh -c 'head -c 1000000 /dev/zero | tr "\0" x'
	crash_leftovers
	mapfile -t all < <(tare system df --format '{{.Size}}')
	equal 9 "${#all[@]}" rows
	disk=$(du -sx --block-size=1 "$T/root" | cut -f1)
	between $((disk * 99 / 100)) $((disk * 101 / 100)) "$(bytes "${all[@]}")" "all rows together"
	equal "2 2" "$(row Images TotalCount) $(row Images Active)"
	equal "2 1" "$(row Containers TotalCount) $(row Containers Active)"
	between 3000000 3100000 "$(bytes "$(row Containers Size)")" containers
	equal "1 1 0B (0%)" "$(row 'Local Volumes' TotalCount) $(row 'Local Volumes' Active) $(row 'Local Volumes' Reclaimable)"
	between 2000000 2020000 "$(bytes "$(row 'Local Volumes' Size)")" volumes
	between 1000000 1100000 "$(bytes "$(row Logs Size)")" logs
	equal 7 "$(row Orphans TotalCount)" orphans
	between 600000 660000 "$(bytes "$(row Orphans Size)")" orphans
	expect 0 tare system df
	matches $'^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +2 +2 +[0-9.]+MB +0B \\(0%\\)\nContainers ' "$out"
	expect 0 tare system df -v
	matches 'web:1 +[0-9a-f]{12} +[0-9.]+MB +[0-9.]+MB +[0-9.]+[kM]?B +1' "$out"
	contains layers/new.1234.0 "$out"
	contains kept "$out"
	failed 'the verbose and the format options conflict' tare system df -v --format json
}

@test "prune: what nothing needs and what crashes left" {
	two_layers
	expect 0 image load "$T/layout" web:1
	start one -v /anonymous
	expect 0 tare run --name two -v kept:/data web:1 true
	expect 0 tare run --name three -v /data busybox true
	expect 0 tare commit two
	crash_leftovers
	before=$(tare system df --format '{{.Type}}' | wc -l)
	equal 9 "$before"
	expect 0 tare system prune </dev/null
	contains $'WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n  - all dangling images\n' "$out"
	equal 7 "$(row Orphans TotalCount)" "orphans after no"
	expect 0 unshare -n "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" network create unused
	expect 0 tare system prune -f
	contains $'Deleted Networks:\nunused' "$out"
	matches $'Deleted Orphans:\n.*layers/new.1234.0' "$out"
	contains 'Deleted Containers:' "$out"
	contains 'Deleted Images:' "$out"
	matches 'Total reclaimed space: [1-9]' "$out"
	equal 0 "$(row Orphans TotalCount)" orphans
	equal one "$(tare ps -a --format '{{.Names}}')"
	equal 2 "$(tare images -q | wc -l)" images
	expect 0 tare system prune -af --volumes
	contains 'untagged: web:1' "$out"
	contains 'Deleted Volumes:' "$out"
	equal 1 "$(tare images -q | wc -l)" images
	equal 2 "$(tare volume ls -q | wc -l)" "volumes: the named one, and that of one"
	expect 0 tare exec one true
	expect 0 tare system prune -af
	equal 'Total reclaimed space: 0B' "$out"
	failed 'the "until" filter is not supported with "--volumes"' tare system prune -f --volumes --filter until=1h
}

@test "prune keeps what a filter does not mean" {
	expect 0 tare create --name aa -l keep=1 busybox true
	expect 0 tare create --name bb busybox true
	expect 0 tare system prune -f --filter 'label!=keep'
	equal aa "$(tare ps -a --format '{{.Names}}')"
	expect 0 tare system prune -f --filter until=1h
	equal aa "$(tare ps -a --format '{{.Names}}')"
	expect 0 tare system prune </dev/null --filter label=keep
	contains $'  Items to be pruned will be filtered with:\n  - label=keep\n' "$out"
}
