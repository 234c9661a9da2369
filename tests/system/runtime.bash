# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A bundle with busybox, for tests that call tare-runtime as an engine does. After helpers.bash.

# make_bundle DIR [JQ]: config.json with what every engine asks for, changed by a filter of jq
make_bundle()
{
	mkdir -p "$1"/rootfs/{bin,proc,sys,dev,tmp}
	cp "$(command -v busybox)" "$1/rootfs/bin/busybox"
	for c in sh cat sleep true id ls echo mknod; do ln -sf busybox "$1/rootfs/bin/$c"; done
	jq -n '{
		ociVersion: "1.0.2", root: { path: "rootfs" }, hostname: "box",
		process: { user: { uid: 0, gid: 0 }, args: ["sleep", "1000"], env: ["PATH=/bin"], cwd: "/",
			capabilities: (["CAP_KILL", "CAP_MKNOD"] | { bounding: ., effective: ., permitted: . }) },
		mounts: [
			{ destination: "/proc", type: "proc", source: "proc" },
			{ destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=65536k"] }],
		linux: { namespaces: ["pid", "mount", "ipc", "uts", "network"] | map({ type: . }),
			maskedPaths: ["/proc/kcore"], readonlyPaths: ["/proc/sys"] } }
		| '"${2:-.}" >"$1/config.json"
}

runtime() { "$TARE_BUILD/tare-runtime" "$@"; }
