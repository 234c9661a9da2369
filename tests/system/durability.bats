# SPDX-License-Identifier: Apache-2.0
# Layers get to the disk behind everybody's back; one of which that is not known when the machine goes down is not used again.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load layouts
own_image=1 # for helpers.bash
: "$own_image"

sql() { python3 -c 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); print(*(d.execute(sys.argv[2]).fetchall()), sep="\n"); d.commit()' "$T/root/tare.db" "$1"; }

is_synced() { [ "$(sql 'SELECT count(*) FROM layers WHERE unsynced_boot IS NOT NULL')" = '(0,)' ]; }

# went_down: as if the machine had gone down before the layers were on the disk, and a file is empty now
went_down()
{
	eventually 20 is_synced
	sql "UPDATE layers SET unsynced_boot = '00000000-0000-0000-0000-000000000000'"
	damaged=$(echo "$T"/root/layers/*/bin/busybox) # layers have numbers in the order in which they were begun
	: >"$damaged"
	damaged=${damaged%/bin/busybox}
}

# The first load's sync takes its time, and the second one's fails.
@test "a sync does not mark what was unpacked since it began, of the same layers and numbers" {
	need_python
	command -v strace >/dev/null || skip "strace is not installed"
	# shellcheck disable=SC2016 # the inner shell's
	strace -f -qq -o "$T/trace" -e trace=syncfs -e inject=syncfs:delay_exit=3000000 \
		sh -c '"$@" && : >"$0"' "$T/loaded" "$TARE_BUILD/tare-image" --root "$T/root" --state "$T/state" \
		load-embedded busybox >"$T/log" 2>&1 3>&- &
	eventually 10 test -e "$T/loaded"
	before=$(sql 'SELECT number, chain_id FROM layers ORDER BY 1')
	expect 0 tare rmi busybox
	expect 0 strace -f -qq -o /dev/null -e trace=syncfs -e inject=syncfs:error=EIO \
		"$TARE_BUILD/tare-image" --root "$T/root" --state "$T/state" load-embedded busybox
	equal "$before" "$(sql 'SELECT number, chain_id FROM layers ORDER BY 1')" "layers"
	wait $!
	contains syncfs "$(cat "$T/trace")"
	equal '(1,)' "$(sql 'SELECT count(*) FROM layers WHERE unsynced_boot IS NOT NULL')" "layers that may not be on the disk"
}

# bats test_tags=guest-full
@test "what is unpacked is marked once it is on the disk, and nobody waits for that" {
	need_python
	expect 0 box -- true
	eventually 20 is_synced
	two_layers
	expect 0 image load "$T/layout" web:1
	eventually 20 is_synced
	expect 0 tare run --rm web:1 cat /opt/new
}

@test "a layer that was not on the disk when the machine went down is unpacked again, from its blob" {
	need_python
	two_layers
	expect 0 image load "$T/layout" web:1
	expect 0 tare create --name old web:1 cat /opt/new
	went_down
	expect 0 tare run --rm web:1 cat /opt/new
	equal two "${out##*$'\n'}"
	expect 0 tare start -a old
	equal two "$out"
	eventually 20 is_synced
	equal "$(sql 'SELECT count(*) FROM layers')" "$(sql 'SELECT count(DISTINCT layer) FROM image_layers')"
	expect 0 tare images
	equal 3 "$(layers)" layers
	[ ! -d "$damaged" ] || fail "the damaged tree is still there"
}

@test "and when the blob is damaged too, the image is fetched anew, or one line says what is lost" {
	need_python
	expect 0 box -- true
	went_down
	for f in "$T"/root/content/blobs/sha256/*; do : >"$f"; done
	expect 0 box -- echo fetched
	equal fetched "${out##*$'\n'}"
	two_layers
	expect 0 image load "$T/layout" web:1
	went_down 2>/dev/null || sql "UPDATE layers SET unsynced_boot = 'x'"
	for f in "$T"/root/content/blobs/sha256/*; do : >"$f"; done
	expect 125 tare run --rm --pull never web:1 true
	matches "^tare: .*image 'web:1': a layer may be damaged since the machine went down" "$err"
	equal 1 "$(grep -c '' "$T/stderr")" lines
}
