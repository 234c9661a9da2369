# SPDX-License-Identifier: Apache-2.0
# Wrong values: one line that names the option, the value and what would be right; status 125; nothing made.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

# bad OPTION VALUE PATTERN: checks one; says what is wrong with it and goes on
bad()
{
	local option=$1 value=$2 pattern=$3 status=0 text
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" run "$option" "$value" busybox true \
		>"$T/o" 2>"$T/e" </dev/null 3>&- || status=$?
	text=$(<"$T/e")
	[ "$status" = 125 ] || wrong+=("$option $value: status $status, not 125: $text")
	[ ! -s "$T/o" ] || wrong+=("$option $value: stdout: $(<"$T/o")")
	[ "$(grep -c '' "$T/e")" = 1 ] || wrong+=("$option $value: not one line: $text")
	[[ $text == *"$option"* ]] || wrong+=("$option $value: the option is not named: $text")
	[ -z "$value" ] || [[ $text == *"$value"* ]] || wrong+=("$option $value: the value is not named: $text")
	[[ $text =~ $pattern ]] || wrong+=("$option $value: does not match '$pattern': $text")
}

# bad_values: rows "OPTION|VALUE|PATTERN" on stdin
bad_values()
{
	local option value pattern wrong=()
	while IFS='|' read -r option value pattern; do # the pattern may hold a | of its own
		bad "$option" "$value" "$pattern"
	done
	[ ${#wrong[@]} = 0 ] || fail "${wrong[@]}"
	nothing_made
	equal "" "$(ls "$T/root/containers" 2>/dev/null)" "folders of containers"
}

# bats test_tags=guest-full
@test "memory: sizes, the least, and contradictions" {
	bad_values <<-'END'
	--memory|4k|Minimum memory limit allowed is 6MB
	--memory|1|Minimum memory limit allowed is 6MB
	--memory|6291455|Minimum memory limit allowed is 6MB
	--memory|lots|invalid size
	--memory|-5m|invalid size
	--memory|-1|invalid size
	--memory||invalid size
	--memory|99999999999g|invalid size
	--memory-reservation|1m|Minimum memory reservation allowed is 6MB
	--memory-reservation|x|invalid size
	--memory-high|x|invalid size
	--memory-swap|128m|always set the Memory limit when using Memoryswap
	--memory-swap|-2|invalid size
	--shm-size|-1|invalid size
	--shm-size|x|invalid size
	END
}

# bats test_tags=guest-full
@test "cpu: what the host has, and the kernel's ranges" {
	local n
	n=$(nproc --all)
	bad_values <<-END
	--cpus|$((n + 1))|range of CPUs is from 0.01 to $n.00, as there are only $n CPUs available
	--cpus|-1|range|parse
	--cpus|0.001|range of CPUs is from 0.01
	--cpus|half|failed to parse half as a rational number
	--cpu-quota|999|CPU cfs quota can not be less than 1ms
	--cpu-quota|x|integer
	--cpu-period|999|CPU cfs period can not be less than 1ms \(i.e. 1000\) or larger than 1s \(i.e. 1000000\)
	--cpu-period|1000001|CPU cfs period can not be less than 1ms
	--cpu-shares|-5|shares
	--cpu-shares|many|integer
	--cpuset-cpus|$n|Requested CPUs are not available - requested $n, available: 0
	--cpuset-cpus|0-|cpuset
	--cpuset-cpus|x|cpuset
	--cpuset-mems|99|Requested memory nodes are not available - requested 99, available: 0
	END
}

@test "pids, oom score, cgroup parent" {
	bad_values <<-'END'
	--pids-limit|many|integer
	--pids-limit|1.5|integer
	--oom-score-adj|1001|range for oom score adj is \[-1000, 1000\]
	--oom-score-adj|-1001|range for oom score adj is \[-1000, 1000\]
	--oom-score-adj|high|integer
	--cgroup-parent|../../x|invalid cgroup path
	END
}

@test "options that contradict each other" {
	refused 'Nano CPUs and CPU Period cannot both be set' tare run --cpus 1 --cpu-period 100000 busybox true
	refused 'Nano CPUs and CPU Quota cannot both be set' tare run --cpus 1 --cpu-quota 100000 busybox true
	refused 'Minimum memoryswap limit should be larger than memory limit' tare run -m 64m --memory-swap 32m busybox true
	refused 'Minimum memory limit can not be less than memory reservation limit' \
		tare run -m 64m --memory-reservation 128m busybox true
	refused 'Duplicate mount point: /x' tare run -v "$T:/x" --tmpfs /x busybox true
}

@test "names, host names, users, folders, environment" {
	bad_values <<-'END'
	--name|a/b|Invalid container name
	--name|-x|Invalid container name
	--name|a|Invalid container name
	--hostname|a b|invalid
	--hostname|01234567890123456789012345678901234567890123456789012345678901234|too long
	--workdir|relative|absolute
	--user|1:2:3|invalid
	--user|4294967296|range 0-429496729
	--user|nosuchuser|unable to find user nosuchuser
	--env|=x|invalid environment variable
	--env-file|/no/such|No such file
	--label|=x|invalid label
	--rootfs|/no/such|
	END
}

@test "capabilities, seccomp, sysctls, limits, devices" {
	bad_values <<-'END'
	--cap-add|NOT_A_CAP|unknown capability
	--cap-drop|FOO|unknown capability
	--security-opt|seccomp=/no/such|No such file
	--security-opt|foo=bar|foo
	--security-opt|no-new-privileges=maybe|maybe
	--sysctl|kernel.hostname=x|kernel.hostname
	--sysctl|vm.overcommit_memory=1|vm.overcommit_memory
	--sysctl|kernel.shm_rmid_forced=1+kernel.core_pattern=x|
	--sysctl|net.ipv4.ip_forward|
	--ulimit|nofile|invalid ulimit argument
	--ulimit|nofile=2:1|2 > 1
	--ulimit|bananas=1|bananas
	--ulimit|nofile=x|invalid ulimit
	--device|/no/such|/no/such
	--device|relative|absolute
	--device|/dev/null:/dev/x:q|mode
	--device-cgroup-rule|x 1:3 rwm|invalid device cgroup
	--device-cgroup-rule|c 1:3|invalid device cgroup
	--device-cgroup-rule|c 1:3 rwx|invalid device cgroup
	END
	refused '--security-opt seccomp.*not JSON' tare run --security-opt seccomp=/etc/passwd busybox true
}

@test "mounts" {
	bad_values <<-'END'
	--volume|/a:/b:zz|zz
	--volume|/a:relative|absolute
	--volume|/a:/|root|'/'
	--volume|:|
	--volume|a/b:/c|
	--mount|type=bind,dst=/x|Source must not be empty
	--mount|type=bind,src=/tmp|target
	--mount|type=nfs,dst=/x|nfs
	--mount|dst=/x,colour=red|colour
	--mount|type=tmpfs,dst=/x,tmpfs-size=x|x
	--tmpfs|relative|absolute
	--tmpfs|/t:size=x|
	END
	refused '--mount .*bind source path does not exist: /no/such' tare run --mount type=bind,src=/no/such,dst=/x busybox true
}

@test "modes of namespaces" {
	bad_values <<-'END'
	--pid|private|invalid PID mode
	--pid|container:|invalid PID mode
	--ipc|foo|invalid IPC mode
	--uts|foo|invalid UTS mode
	--cgroupns|foo|invalid CGROUP mode
	--network|no-such-network|
	--userns|foo|invalid USER mode
	END
}

@test "options and commands that are not there, and missing values" {
	refused "unknown option --memry; did you mean --memory" tare run --memry 64m busybox true
	refused "flag needs an argument" tare run --memory
	refused_with 1 'image|IMAGE' tare run
	expect 1 tare nonsense
	matches 'nonsense' "$err"
	equal 1 "$(grep -c '' "$T/stderr")" "lines"
}

# ---- the world is against it --------------------------------------------------------------------------------------

@test "a full disk: a clear error, nothing left" {
	full()
	{
		mkdir "$T/small"
		mount -t tmpfs -o size=64k,mode=755 tmpfs "$T/small"
		expect 125 "$TARE_BUILD/tare" --root "$T/small" --state "$T/state" run --rm busybox true
		contains 'No space left on device' "$err"
	}
	private_mounts full
	equal "" "$(find "$T/state" -mindepth 1 ! -name '*lock*' 2>/dev/null)" "state"
}

@test "a disk that gets full after the image: a clear error, no container's folder, and with room again all is well" {
	no_folder() { [ -z "$(ls "$T/small/root/containers")" ]; }
	on_small() { expect "$1" "$TARE_BUILD/tare" --root "$T/small/root" --state "$T/state" "${@:2}"; }
	fills()
	{
		mkdir "$T/small"
		mount -t tmpfs -o size=8m,mode=755 tmpfs "$T/small"
		on_small 0 run --rm --cgroup-parent "/$group" busybox true
		dd if=/dev/zero of="$T/small/fill" bs=4k status=none 2>/dev/null || true
		on_small 125 run --rm --cgroup-parent "/$group" busybox true
		contains 'No space left on device' "$err"
		equal 1 "$(grep -c '' "$T/stderr")" "lines"
		eventually 30 no_folder # that of the first is its monitor's to remove
		rm "$T/small/fill"
		on_small 0 run --rm --cgroup-parent "/$group" busybox true
	}
	private_mounts fills
}

@test "a read-only root folder: a clear error" {
	readonly_root()
	{
		mkdir "$T/ro"
		mount -t tmpfs -o ro,mode=755 tmpfs "$T/ro"
		expect 125 "$TARE_BUILD/tare" --root "$T/ro" --state "$T/state" run --rm busybox true
		contains 'Read-only file system' "$err"
		contains "$T/ro" "$err"
	}
	private_mounts readonly_root
}

@test "without privileges and without folders of its own: a clear error" {
	chmod 711 "$T"
	expect 125 setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$TARE_BUILD/tare" --root "$T/none" --state "$T/none" run busybox true
	contains "mkdir: Permission denied" "$err"
	equal 1 "$(grep -c '' "$T/stderr")" "lines"
}

@test "a layer that has disappeared: a clear error" {
	expect 0 box -- true
	rm -rf "${T:?}"/root/layers/*
	local status=0
	box -- true >"$T/o" 2>"$T/e" 3>&- || status=$?
	[ "$status" = 0 ] || { equal 125 "$status" "$(<"$T/e"); status" && matches 'layer' "$(<"$T/e")"; }
}
