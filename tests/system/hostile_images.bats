# SPDX-License-Identifier: Apache-2.0
# Images whose content or configuration is an attack on the host: what a container of them may see and do. Layers that attack the
# unpacking are in load.bats and tests/unit/image/test_tar_hostile.c.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load layouts

# hostile JQ: the image evil:1: the folder $T/evil upon busybox, its config changed
hostile()
{
	mkdir -p "$T/evil"
	tar -cf "$T/evil.tar" --owner=0 --group=0 -C "$T/evil" .
	layout "$T/evil.tar"
	reconfigure "${1:-.}"
	expect 0 image load "$T/layout" evil:1
}

# canary: a folder of the host that nobody may write to or look into, and a file in it
canary()
{
	mkdir -p "$T/canary"
	echo "of the host" >"$T/canary/secret"
}

canary_is_untouched() { equal "of the host secret" "$(cat "$T/canary/secret") $(ls "$T/canary")" "the host's folder"; }

# CVE-2026-41579, CVE-2026-47766: /dev of the image may be anything
@test "a /dev that is a link makes no device on the host" {
	canary
	mkdir -p "$T/evil"
	ln -s "$T/canary" "$T/evil/dev"
	hostile
	tare run --rm evil:1 sh -c 'ls /dev/ >/dev/null; echo in the container' >"$T/stdout" 2>"$T/stderr" </dev/null 3>&- || true
	canary_is_untouched
}

# CVE-2019-19921, CVE-2023-27561: /proc and /sys of the image may be anything
@test "a /proc or /sys that is a link is no way around the masks" {
	local place
	for place in proc sys; do
		canary
		rm -rf "$T/evil" "$T/layout"
		mkdir -p "$T/evil/mine/sys/kernel"
		echo "from the image" >"$T/evil/mine/version"
		ln -s /mine "$T/evil/$place"
		hostile
		tare run --rm evil:1 sh -c "stat -f -c %T /$place/" >"$T/stdout" 2>"$T/stderr" </dev/null 3>&- || true
		matches '^(proc|sysfs)?$' "$(cat "$T/stdout")" "file system of /$place"
		canary_is_untouched
	done
}

# CVE-2024-21626: a working directory that is a descriptor of the runtime
@test "a WORKDIR among descriptors is refused, or is inside" {
	local n
	hostile
	for n in 3 4 5 6 7 8 9 10 11 12; do
		expect_any tare run --rm -w "/proc/self/fd/$n" evil:1 sh -c 'pwd; ls ../../../../../../ 2>/dev/null'
		! grep -q "$(basename "$T")" "$T/stdout" || fail "fd $n leads out: $(cat "$T/stdout")"
		[ ! -s "$T/stdout" ] || matches '^/' "$(head -n 1 "$T/stdout")" "working directory of fd $n"
	done
	reconfigure '.config.WorkingDir = "/proc/self/fd/7/../../.."'
	expect 0 image load "$T/layout" evil:2
	expect_any tare run --rm evil:2 ls
	! grep -q "$(basename "$T")" "$T/stdout" || fail "leads out: $(cat "$T/stdout")"
}

expect_any() { "$@" >"$T/stdout" 2>"$T/stderr" </dev/null 3>&- || true; }

# CVE-2025-23266: the image's environment is the container's alone
@test "LD_PRELOAD of an image reaches no process of tare" {
	local monitor
	hostile '.config.Env += ["LD_PRELOAD=/evil.so", "PATH=/evil", "TARE_FAULT=x"]'
	expect 0 tare run -d --name preload --env PATH=/bin evil:1 sleep 1000
	eventually 10 is_running preload
	monitor=$(ps -o ppid= -p "$(pid_of preload)" | tr -d ' ')
	[ "$monitor" -gt 1 ] || fail "no monitor"
	! tr '\0' '\n' <"/proc/$monitor/environ" | grep -E '^(LD_PRELOAD=/evil|PATH=/evil|TARE_FAULT=x)' || fail "the monitor has it"
	contains LD_PRELOAD=/evil.so "$(tr '\0' '\n' <"/proc/$(pid_of preload)/environ")"
	expect 0 tare rm -f preload
}

# CVE-2019-14271, CVE-2026-41567: nothing of an image is executed outside of its container
@test "loading an image executes none of its programs" {
	local name
	command -v strace >/dev/null || skip "strace is not installed"
	mkdir -p "$T/evil/usr/bin" "$T/evil/lib/x86_64-linux-gnu"
	for name in xz unpigz gzip zstd tar; do
		printf '#!/bin/sh\ntouch %s/executed\n' "$T" >"$T/evil/usr/bin/$name"
		chmod 755 "$T/evil/usr/bin/$name"
	done
	tar -cf "$T/evil.tar" -C "$T/evil" .
	layout "$T/evil.tar"
	tar -cf "$T/all.tar" -C "$T/layout" .
	xz -0 "$T/all.tar"
	PATH=$T/evil/usr/bin:$PATH strace -f -qq -e trace=execve -e signal=none -o "$T/trace" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" \
		load -i "$T/all.tar.xz" >/dev/null 3>&-
	[ ! -e "$T/executed" ] || fail "it was executed"
	equal 3 "$(grep -cE '(execve\(|execve resumed>).*= 0$' "$T/trace")" "programs that were started (tare, tare-image, and that again to sync): $(cat "$T/trace")"
}

# CVE-2026-53488: labels of an image are text
@test "labels of an image change nothing about its container" {
	hostile '.config.Labels = {"containerd.io/restart.loguri": "binary:///bin/touch", "io.kubernetes.cri.container-type": "sandbox", "tare": "x"}'
	expect 0 tare run --name labelled evil:1 sh -c 'id -u; grep CapEff /proc/self/status'
	equal "$(box -- sh -c 'id -u; grep CapEff /proc/self/status')" "$out"
}
