# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # T comes from helpers.bash
# Roots that point out of themselves, and a folder of the host that must not notice.

# trap_rootfs LINK TARGET…: a root with symbolic links; $T/victim is the folder of the host that must stay as it was
trap_rootfs()
{
	rm -rf "$T/rootfs" "$T/victim"
	mkdir -p "$T/rootfs"/{bin,proc,sys,dev,etc,tmp} "$T/victim"
	cp /bin/busybox "$T/rootfs/bin/busybox"
	echo untouched >"$T/victim/file"
	while [ $# -gt 0 ]; do
		rm -rf "${T:?}/rootfs$1"
		mkdir -p "$T/rootfs${1%/*}"
		ln -s "$2" "$T/rootfs$1"
		shift 2
	done
}

unharmed()
{
	equal file "$(ls -A "$T/victim")" "the victim's files"
	equal untouched "$(<"$T/victim/file")"
	equal "" "$(mounts_of_host | grep -F "$T/victim" || true)" "mounts on the victim"
}

# survives [OPTIONS]: the container runs or is refused, and the host is as it was
survives()
{
	local status=0
	tare run --rm "$@" --rootfs "$T/rootfs" /bin/busybox true >"$T/o" 2>&1 3>&- || status=$?
	[ "$status" = 0 ] || between 125 127 "$status" "$(<"$T/o"); status"
	unharmed
}
