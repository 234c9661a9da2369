# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Bundles of a test's own for tare-runtime: busybox, the usual namespaces, and what a test adds to the document.
# `load helpers` comes first; the file says own_image=1.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

# one_root: one root file system with busybox for all tests of a file, read by each, written by none
one_root()
{
	local d=$BATS_FILE_TMPDIR/rootfs name
	[ ! -d "$d" ] || return 0
	mkdir -p "$d"/{bin,proc,sys,dev,tmp,etc,mnt}
	cp /bin/busybox "$d/bin/"
	for name in sh cat ls stat id mount grep sleep true false touch mkdir readlink head wc tr env seq kill umount nice hostname \
		uname dd chmod chown od date ip ionice sed ps test cut sort; do
		ln -s busybox "$d/bin/$name"
	done
}

# bundle DOCUMENT [-- CMD…]: $T/bundle with the usual document, to which jq's `*` adds DOCUMENT
bundle()
{
	local document=$1
	shift
	[ "${1-}" != -- ] || shift
	[ $# -gt 0 ] || set -- true
	one_root
	mkdir -p "$T/bundle"
	[ -d "$T/bundle/rootfs" ] || cp -a "$BATS_FILE_TMPDIR/rootfs" "$T/bundle/rootfs"
	jq -n --argjson args "$(jq -n '$ARGS.positional' --args -- "$@")" --argjson more "$document" "{ociVersion: \"1.3.0\",
		root: {path: \"rootfs\"},
		process: {args: \$args, cwd: \"/\", env: [\"PATH=/bin\"], capabilities: {bounding: [\"CAP_SYS_ADMIN\"]}},
		hostname: \"box\",
		mounts: [{destination: \"/proc\", type: \"proc\", source: \"proc\"}, {destination: \"/dev\", type: \"tmpfs\", source: \"tmpfs\"}],
		linux: {cgroupsPath: \"/$group/runtime\",
			namespaces: [{type: \"mount\"}, {type: \"pid\"}, {type: \"ipc\"}, {type: \"uts\"}]}} * \$more" >"$T/bundle/config.json"
}

runtime() { "$TARE_BUILD/tare-runtime" "$@"; }

# run_bundle STATUS: leaves $out and $err
run_bundle() { expect "$1" runtime run --bundle "$T/bundle" "box-$group"; }

# refused_bundle PATTERN: status 125, one line, and nothing was made
refused_bundle()
{
	run_bundle 125
	equal "" "$out" "stdout"
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr: $err; number"
	matches "$1" "$err" "stderr"
	equal "" "$(left_cgroups)" "cgroups"
}
