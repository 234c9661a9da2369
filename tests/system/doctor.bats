#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tare-runtime doctor: what it finds is looked at, so that taking something away changes what it says.
# shellcheck disable=SC2154 # out and err are expect's

load helpers
load runtime

setup()
{
	require_root
	T=$(mktemp -d /tmp/tt.XXXXXX)
}
teardown() { rm -rf "$T"; }

state() { jq -r --arg c "$1" '.findings[] | select(.check == $c) | .state' <<<"$out"; } # CHECK

@test "every finding that is not ok has a consequence and a remedy; the table fits 80 columns" {
	expect 0 runtime doctor --format json
	equal 0 "$(jq '[.findings[] | select(.state != "ok" and (.consequence == null or .remedy == null))] | length' <<<"$out")" without
	equal 0 "$(jq '[.findings[] | select(.state == "ok" and .consequence != null)] | length' <<<"$out")" "ok with a consequence"
	between 30 80 "$(jq '.findings | length' <<<"$out")"
	expect 0 runtime doctor
	[ "$(wc -L <"$T/stdout")" -le 80 ] || fail "wider than 80: $out"
	expect 0 runtime doctor -q
	run ! grep '^ok' "$T/stdout"
	expect 1 runtime doctor --format xml
	contains "--format xml" "$err"
}

@test "capabilities that are taken away are missed" {
	expect 0 setpriv --bounding-set -mknod,-net_admin "$TARE_BUILD/tare-runtime" doctor --format json
	equal weak "$(state capabilities)"
	matches 'CAP_NET_ADMIN.*CAP_MKNOD' "$out"
}

@test "mounts are counted, and a state folder on a tmpfs is told from one on a disk" {
	# shellcheck disable=SC2016 # the inner shell's
	expect 0 unshare -m --propagation private sh -euc '
		mount -t tmpfs tmpfs "$1"; mkdir "$1/d" "$1/state"
		i=0; while [ $i -lt 1001 ]; do mount --bind "$1/d" "$1/d"; i=$((i + 1)); done
		exec "$2" --root "$1/state/new/er" doctor --format json' - "$T" "$TARE_BUILD/tare-runtime"
	equal slow "$(state mounts)"
	equal ok "$(state "state folder")"
}

@test "an ordinary user learns about ids and namespaces" {
	cp "$TARE_BUILD/tare-runtime" "$T/r" && chmod 755 "$T" "$T/r"
	# shellcheck disable=SC2016
	expect 0 unshare -m --propagation private sh -euc '
		echo "4711:200000:65536" >"$1/subuid"
		mount --bind "$1/subuid" /etc/subuid; mount --bind "$1/subuid" /etc/subgid
		exec setpriv --reuid 4711 --regid 4711 --clear-groups "$1/r" doctor --format json' - "$T"
	equal ok "$(state "subordinate ids")"
	contains "65536 uids" "$out"
	expect 0 setpriv --reuid 4711 --regid 4711 --clear-groups "$T/r" doctor --format json
	equal weak "$(state "subordinate ids")"
}

@test "where no user namespace may be made it says so" {
	# shellcheck disable=SC2016
	expect 0 unshare -r sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$0" doctor --format json' "$TARE_BUILD/tare-runtime"
	equal weak "$(state "user namespaces")"
	equal weak "$(state user.max_user_namespaces)"
}
