#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An installed tree works from wherever it was put: DESTDIR and prefix, with the build folder out of sight.

load helpers

# The fault build is installed: another prefix is no more than a new configuration of it, and nobody else uses it.
installed() # PREFIX
{
	[ -e "$TARE_TOP/build-faults/tare" ] && command -v meson >/dev/null || skip "no build-faults or no meson here"
	dest=$T/dest
	make -s -C "$TARE_TOP" install BUILD=build-faults DESTDIR="$dest" prefix="$1" >"$T/install" 2>&1 ||
		fail "make install failed:" "$(tail -n 20 "$T/install")"
}

@test "make install honours DESTDIR and prefix, and the tree runs containers from there" {
	installed /opt/tare
	for program in bin/tare bin/tare-runtime libexec/tare/tare-monitor libexec/tare/tare-init libexec/tare/tare-image; do
		[ -x "$dest/opt/tare/$program" ] || fail "no $program"
	done
	[ -z "$(find "$dest" -type f -not -path "$dest/opt/tare/*")" ] || fail "outside the prefix:" "$(find "$dest" -type f)"
	expect 0 "$dest/opt/tare/bin/tare" --root "$T/root" --state "$T/state" run --rm --cgroup-parent "/$group" busybox echo from there
	equal "from there" "$out"
}

@test "manual pages and completions are installed where man and the shells look" {
	installed /usr
	for file in man/man1/tare.1 man/man1/tare-run.1 bash-completion/completions/tare zsh/site-functions/_tare; do
		[ -s "$dest/usr/share/$file" ] || fail "no $file"
	done
	expect 0 bash -n "$dest/usr/share/bash-completion/completions/tare"
}
