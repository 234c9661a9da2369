# SPDX-License-Identifier: Apache-2.0
# What a container cannot see and cannot do: namespaces, capabilities, masked paths, seccomp, devices, descriptors. The
# defaults are Docker's.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash
# bats file_tags=guest-full

load helpers

default_caps=00000000a80425fb
probe() { box -v "$TARE_BUILD/tests/system/probe:/probe:ro" "${probe_options[@]}" -- /probe "$@"; }
probe_options=()

# status_field FIELD [OPTIONS]: a line of /proc/self/status in a container
status_field()
{
	local field=$1
	shift
	expect 0 box "$@" -- grep "^$field:" /proc/self/status
	out=${out##*[[:space:]]}
}

namespace() { readlink "/proc/self/ns/$1"; } # of the test itself

# ---- namespaces ---------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "pid, mnt, ipc, uts, net, cgroup and time namespaces are the container's own" {
	expect 0 box -- sh -c 'for n in pid mnt ipc uts net cgroup time user; do readlink /proc/self/ns/$n; done'
	local inside name
	mapfile -t inside <<<"$out"
	equal 8 ${#inside[@]} "namespaces: $out; number"
	for name in "${inside[@]:0:7}"; do
		matches '^[a-z]+:\[[0-9]+\]$' "$name"
		[ "$name" != "$(namespace "${name%%:*}")" ] || fail "$name is the host's"
	done
	equal "$(namespace user)" "${inside[7]}" "user namespace"
}

@test "two containers share no namespace" {
	start one
	start two
	local a b n
	for n in pid mnt ipc uts net cgroup time; do
		a=$(readlink "/proc/$(pid_of one)/ns/$n") b=$(readlink "/proc/$(pid_of two)/ns/$n")
		[ "$a" != "$b" ] || fail "$n: $a is shared"
	done
}

@test "host mode takes the host's namespace, each by its option" {
	local row option name
	for row in pid:pid ipc:ipc uts:uts network:net cgroupns:cgroup; do
		option=${row%%:*} name=${row##*:}
		expect 0 box "--$option" host -- readlink "/proc/self/ns/$name"
		equal "$(namespace "$name")" "$out" "--$option host"
	done
}

@test "the command is process 1 and sees only its own" {
	expect 0 box -- sh -c 'echo $$; ls -d /proc/[0-9]*'
	equal $'1\n/proc/1' "$out"
}

@test "the command leads a session and has no terminal" {
	expect 0 box -- cat /proc/self/stat
	equal "1 1 0" "$(cut -d' ' -f5-7 <<<"$out")" "group, session, terminal"
}

@test "only lo in the network namespace, and it is up" {
	expect 0 box -- sh -c 'ls /sys/class/net | grep -Ev "^(tunl|gre|gretap|erspan|ip_vti|ip6_vti|sit|ip6tnl|ip6gre)[0-9]"'
	equal lo "$out"
	expect 0 box -- ip addr show lo
	contains 'inet 127.0.0.1/8' "$out"
	matches '<[^>]*UP' "$out"
}

# bats test_tags=guest
@test "the cgroup namespace's root is the container's group" {
	expect 1 box -- grep -v ':/$' /proc/self/cgroup
	equal "" "$out"
}

@test "the clocks of the time namespace are the host's" {
	expect 0 box -- cat /proc/self/timens_offsets
	matches '^monotonic +0 +0' "$out"
	matches $'\nboottime +0 +0' "$out"
}

@test "--ipc none has no /dev/shm mount" {
	expect 1 box --ipc none -- grep ' /dev/shm ' /proc/self/mountinfo
	expect 0 box -- grep ' /dev/shm ' /proc/self/mountinfo
}

@test "nothing of a running container is mounted on the host, and no mount travels back" {
	start here
	equal "" "$(new_mounts)" "new mounts"
	expect 1 in_box here grep -E ' (shared|master):' /proc/self/mountinfo
	expect 0 tare rm -f here
	shared() # as systemd has it
	{
		mount --make-rshared /
		start there
		expect 1 in_box there grep -E ' (shared|master):' /proc/self/mountinfo
		expect 0 tare rm -f there
	}
	private_mounts shared
}

# ---- capabilities -------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "Docker's fourteen capabilities, none inheritable or ambient" {
	expect 0 box -- grep ^Cap /proc/self/status
	equal "CapInh:	0000000000000000
CapPrm:	$default_caps
CapEff:	$default_caps
CapBnd:	$default_caps
CapAmb:	0000000000000000" "$out"
}

@test "another user than root has no capability in effect" {
	expect 0 box -u 1000 -- grep ^Cap /proc/self/status
	equal "CapInh:	0000000000000000
CapPrm:	0000000000000000
CapEff:	0000000000000000
CapBnd:	$default_caps
CapAmb:	0000000000000000" "$out"
}

@test "--cap-add and --cap-drop" {
	status_field CapEff --cap-add NET_ADMIN
	equal 00000000a80435fb "$out" "--cap-add NET_ADMIN"
	status_field CapEff --cap-add cap_net_admin --cap-drop CHOWN
	equal 00000000a80435fa "$out" "--cap-add cap_net_admin --cap-drop CHOWN"
	status_field CapBnd --cap-drop ALL
	equal 0000000000000000 "$out" "--cap-drop ALL"
	status_field CapEff --cap-drop ALL --cap-add KILL
	equal 0000000000000020 "$out" "--cap-drop ALL --cap-add KILL"
	status_field CapInh --cap-add ALL
	equal 0000000000000000 "$out" "inheritable with --cap-add ALL"
}

@test "--cap-add ALL and --privileged give what the caller itself may have" {
	local own
	own=$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)
	status_field CapEff --cap-add ALL
	equal "$own" "$out"
	status_field CapEff --privileged
	equal "$own" "$out"
}

@test "a dropped capability is felt" {
	expect 0 box -- chown 1000 /tmp
	expect 1 box --cap-drop CHOWN -- chown 1000 /tmp
	contains 'Operation not permitted' "$err"
}

@test "no_new_privs only when it is asked for" {
	status_field NoNewPrivs
	equal 0 "$out"
	status_field NoNewPrivs --security-opt no-new-privileges
	equal 1 "$out"
}

# ---- seccomp ------------------------------------------------------------------------------------------------------

@test "a seccomp filter is in place, but not when unconfined or privileged" {
	status_field Seccomp
	equal 2 "$out"
	status_field Seccomp --security-opt no-new-privileges
	equal 2 "$out"
	status_field Seccomp --security-opt seccomp=unconfined
	equal 0 "$out"
	status_field Seccomp --privileged
	equal 0 "$out"
}

# bats test_tags=guest-full
@test "what the default profile denies" {
	local row
	# 38 AF_ALG, 40 AF_VSOCK; 0x10000000 CLONE_NEWUSER
	for row in "socket 38 5 0" "socket 40 1 0" "unshare 0x10000000" "unshare 0x20000" "clone 0x10000011" "mount 0 0 0 0 0" \
		"fsopen 0 0" "open_tree 0 0 0" "umount2 0 0" "setns 0 0" "pivot_root 0 0" "keyctl 0" "add_key 0 0 0 0 0" \
		"bpf 0 0 0" "io_uring_setup 1 0" "userfaultfd 0" "perf_event_open 0 0 0 0 0" "init_module 0 0 0" \
		"kexec_load 0 0 0 0" "reboot 0 0 0" "open_by_handle_at 0 0 0" "syslog 3 0 0" "personality 0x40000"; do
		echo "$row"
	done >"$T/calls"
	expect 0 box -v "$TARE_BUILD/tests/system/probe:/probe:ro" -v "$T/calls:/calls:ro" -- \
		sh -c 'while read -r call; do echo "$call: $(/probe call $call)"; done </calls'
	equal "$(sed 's/$/: EPERM/' "$T/calls")" "$out"
}

@test "what the default profile allows, and clone3, which is not there" {
	expect 0 probe call clone3 0 0
	equal ENOSYS "$out"
	expect 0 probe call socket 2 1 0
	matches '^ok' "$out"
	expect 0 probe call socket 16 3 0
	matches '^ok' "$out"
	expect 0 probe call personality 0xffffffff
	matches '^ok' "$out"
	expect 0 probe call getpid
	equal "ok 1" "$out"
}

@test "a capability opens the profile's gate for its calls" {
	probe_options=(--cap-add SYS_ADMIN)
	expect 0 probe call unshare 0x4000000
	matches '^ok' "$out"
	expect 0 probe call clone3 0 0
	equal EINVAL "$out"
	probe_options=(--security-opt seccomp=unconfined)
	expect 0 probe call clone3 0 0
	equal EINVAL "$out"
	expect 0 probe call unshare 0x4000000
	equal EPERM "$out" "unshare without CAP_SYS_ADMIN"
}

@test "a profile of the user's replaces the default" {
	cat >"$T/profile.json" <<-END
	{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28 } ] }
	END
	expect 1 box --security-opt "seccomp=$T/profile.json" -- mkdir /tmp/x
	contains 'No space left on device' "$err"
	echo '{ "defaultAction": "SCMP_ACT_NONSENSE" }' >"$T/profile.json"
	refused 'SCMP_ACT_NONSENSE' tare run --rm --security-opt "seccomp=$T/profile.json" busybox true
}

# ---- paths --------------------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "masked paths are empty" {
	expect 0 box -- sh -c '
		for p in /proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug \
			/proc/scsi /proc/timer_list /proc/timer_stats /sys/devices/virtual/powercap /sys/firmware \
			/sys/devices/system/cpu/cpu0/thermal_throttle; do
			if [ -d "$p" ]; then ls -A "$p"; elif [ -e "$p" ]; then head -c 1 "$p"; fi
		done'
	equal "" "$out"
}

@test "read-only paths cannot be opened for writing" {
	expect 0 box -- sh -c '
		for p in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/mm/ksm/run; do
			if [ -e "$p" ] && (: >>"$p") 2>/dev/null; then echo "$p: writable"; fi
		done
		for p in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do
			[ ! -e "$p" ] || grep -q " $p ro" /proc/self/mountinfo || echo "$p: no read-only mount"
		done'
	equal "" "$out"
}

# bats test_tags=guest-full
@test "/sys and its cgroups are read-only" {
	expect 0 box -- awk '$5 ~ "^/sys" && $6 !~ "^ro" && $5 !~ "^/sys/(firmware|devices)" { print $5, $6 }' /proc/self/mountinfo
	equal "" "$out"
	expect 0 box -- sh -c 'mkdir /sys/fs/cgroup/x /sys/fs/cgroup/*/x 2>/dev/null; ls /sys/fs/cgroup | head -n 1'
	[ -n "$out" ] || fail "/sys/fs/cgroup is empty"
	equal "" "$(left_cgroups)"
}

@test "systempaths=unconfined and --privileged lift masks" {
	expect 0 box --security-opt systempaths=unconfined -- sh -c \
		'awk "\$5 ~ \"^/proc/\" { print \$5 }" /proc/self/mountinfo; head -c 4 /proc/interrupts | wc -c'
	equal 4 "$out"
	expect 0 box --privileged -- sh -c 'grep -E " /(proc/sys|sys) ro" /proc/self/mountinfo; test -w /proc/sys/kernel/core_pattern'
	equal "" "$out"
}

@test "/dev holds Docker's few devices and nothing of the host" {
	expect 0 box -- sh -c 'ls -1 /dev | grep -Ev "^(core|console)$" | tr "\n" " "'
	equal "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero " "$out"
	expect 0 box -- sh -c 'stat -c "%n %t:%T %a %u:%g" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty'
	equal "/dev/null 1:3 666 0:0
/dev/zero 1:5 666 0:0
/dev/full 1:7 666 0:0
/dev/random 1:8 666 0:0
/dev/urandom 1:9 666 0:0
/dev/tty 5:0 666 0:0" "$out"
	expect 0 box -- sh -c 'echo x >/dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; ls /dev/pts'
	equal $'3\n3\nptmx' "$out"
}

@test "--privileged has the host's devices" {
	expect 0 box --privileged -- sh -c 'ls -1 /dev | wc -l'
	[ "$out" -gt 20 ] || fail "only $out entries in /dev"
}

@test "etc/hosts, etc/hostname and etc/resolv.conf are there" {
	expect 0 box --hostname name -- sh -c 'cat /etc/hostname; grep -c localhost /etc/hosts; test -e /etc/resolv.conf'
	matches $'^name\n[1-9]' "$out"
}

# ---- kernel parameters --------------------------------------------------------------------------------------------

@test "sysctls: Docker's two, and those asked for" {
	expect 0 box -- sh -c 'cd /proc/sys/net/ipv4; cat ip_unprivileged_port_start ping_group_range'
	matches $'^0\n0[ \t]+2147483647' "$out"
	local before
	before=$(cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward)
	expect 0 box --sysctl kernel.msgmax=12345 --sysctl net.ipv4.ip_forward=1 -- \
		cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward
	equal $'12345\n1' "$out"
	equal "$before" "$(cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward)" "the host's"
}

# ---- descriptors and folders that must not leak -------------------------------------------------------------------

@test "the command has three descriptors, whatever the caller had open" {
	exec 7</etc/passwd 8<"$T"
	expect 0 probe fds
	exec 7<&- 8<&-
	equal $'0\n1\n2' "$out"
}

@test "a working directory of /proc/self/fd/N leads nowhere on the host" {
	echo of-the-host >"$T/marker"
	local n status
	for n in $(seq 3 20); do
		status=0
		box -w "/proc/self/fd/$n" -- sh -c "cat ../../../../../../../../../..$T/marker; cat $T/marker; pwd" \
			>"$T/o" 2>&1 3>&- || status=$?
		! grep -q of-the-host "$T/o" || fail "-w /proc/self/fd/$n: reads the host: $(<"$T/o")"
		[ "$status" = 0 ] || between 125 127 "$status" "-w /proc/self/fd/$n: $(<"$T/o"); status"
	done
}

@test "a #!/proc/self/exe script reaches no program of the host" {
	local before
	before=$(cd "$TARE_BUILD" && sha256sum tare tare-runtime tare-monitor 2>/dev/null)
	printf '#!/proc/self/exe\n' >"$T/script"
	chmod +x "$T/script"
	box -v "$T/script:/script" -- /script >"$T/o" 2>&1 3>&- || true
	equal "$before" "$(cd "$TARE_BUILD" && sha256sum tare tare-runtime tare-monitor 2>/dev/null)"
}

@test "umask 022, and limits as they were asked for" {
	expect 0 box -- sh -c 'umask; ulimit -n >/dev/null'
	equal 0022 "$out"
	expect 0 box --ulimit nofile=100:200 --ulimit core=0 -- sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c'
	equal $'100\n200\n0' "$out"
}
