# SPDX-License-Identifier: Apache-2.0
# Limits of a container that runs, what it uses, and what the OOM killer did: update, events; and spec.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load oci

# limit ID NAME-OF-V1 NAME-OF-V2: what its group has
limit() { cat "$host_cgroup"/*/"$group/$1/$2" "$host_cgroup/$group/$1/$3" "$host_cgroup/unified/$group/$1/$3" 2>/dev/null | head -n 1; }

@test "update: options, and what is not named stays" {
	need_controller memory
	need_controller pids
	started one '.linux.resources = { memory: { limit: 67108864 }, pids: { limit: 50 } }'
	expect 0 runtime update --memory 128m --pids-limit 60 one
	equal 134217728 "$(limit one memory.limit_in_bytes memory.max)" memory
	equal 60 "$(limit one pids.max pids.max)" pids
	expect 0 runtime update --pids-limit 70 one
	equal "134217728 70" "$(limit one memory.limit_in_bytes memory.max) $(limit one pids.max pids.max)" "memory, pids"
	expect 1 runtime update --memory much one
	contains "--memory much: invalid size" "$err"
	expect 1 runtime update --memory 4k nosuch
	contains "does not exist" "$err"
}

@test "update --resources: a file, standard input, zeros that mean nothing" {
	need_controller memory
	need_controller cpu
	started one '.linux.resources = { memory: { limit: 67108864 } }'
	echo '{ "memory": { "limit": 0 }, "cpu": { "quota": 50000, "period": 100000 } }' >"$T/resources"
	expect 0 runtime update -r "$T/resources" one
	matches '^50000( 100000)?$' "$(limit one cpu.cfs_quota_us cpu.max)" "cpu"
	equal 67108864 "$(limit one memory.limit_in_bytes memory.max)" memory
	echo '{ "cpu": { "quota": 20000 } }' | runtime update --resources=- one
	matches '^20000( 100000)?$' "$(limit one cpu.cfs_quota_us cpu.max)" "cpu"
	echo '{ "memory": 5 }' >"$T/resources"
	expect 1 runtime update -r "$T/resources" one
	contains "--resources $T/resources: memory: expected an object" "$err"
}

@test "events: statistics once, and an OOM kill while they are followed" {
	need_controller memory
	started one '.linux.resources = { memory: { limit: 16777216, swap: 16777216 }, pids: { limit: 50 } }'
	expect 0 runtime events --stats one
	equal "stats one 16777216" "$(jq -r '"\(.type) \(.id) \(.data.memory.usage.limit)"' <<<"$out")"
	[ "$(jq .data.pids.current <<<"$out")" -ge 1 ]
	[ "$(jq .data.cpu.usage.total <<<"$out")" -gt 0 ]
	"$TARE_BUILD/tare-runtime" --root "$T/run" events --interval 100ms one >"$T/events" 2>&1 3>&- &
	eventually 5 grep -q stats "$T/events"
	runtime exec one sh -c 'head -c 64m /dev/zero | cat | tail' >"$T/log" 2>&1 || true
	eventually 5 grep -qF '{"type":"oom","id":"one"}' "$T/events"
	expect 0 runtime kill one KILL
	wait $! || fail "events: $?"
	expect 1 runtime events --stats one
	contains "is not running" "$err"
	expect 1 runtime events --interval 0 one
	contains "--interval 0: duration interval must be greater than 0" "$err"
}

@test "spec writes what runs, and overwrites nothing" {
	mkdir "$T/s"
	bundle one
	expect 0 runtime spec --bundle "$T/s"
	expect 1 runtime spec --bundle "$T/s"
	contains "config.json exists" "$err"
	if command -v runc >/dev/null; then
		mkdir "$T/r"
		runc spec --bundle "$T/r"
		# runc's own is of an older specification, and gives ambient capabilities
		same='del(.ociVersion, .hostname, .process.capabilities.ambient) | .linux.namespaces |= map(select(.type != "cgroup"))'
		equal "$(jq -S "$same" "$T/r/config.json")" "$(jq -S "$same" "$T/s/config.json")" "config.json"
	fi
	jq '.process.terminal = false | .process.args = ["/bin/echo", "from spec"]' "$T/s/config.json" >"$T/one/config.json"
	expect 0 runtime run --bundle "$T/one" "spec-$group"
	equal "from spec" "$out"
	rm "$T/s/config.json"
	expect 0 runtime spec --rootless --bundle "$T/s"
	equal "user 0 0" "$(jq -r '(.linux.namespaces[] | select(.type == "user").type) + " \(.linux.uidMappings[0].hostID) \(.linux.gidMappings[0].containerID)"' "$T/s/config.json")"
}

@test "features: the host's, by the names of the specification" {
	expect 0 runtime features
	equal "1.0.0 1.3.0 6" "$(jq -r '"\(.ociVersionMin) \(.ociVersionMax) \(.hooks | length)"' <<<"$out")"
	equal "$(ls /proc/self/ns | sed 's/_for_children//' | sort -u | xargs)" \
		"$(jq -r '.linux.namespaces[]' <<<"$out" | sed 's/^mount$/mnt/; s/^network$/net/' | sort | xargs)" namespaces
	equal "$(($(cat /proc/sys/kernel/cap_last_cap) + 1))" "$(jq '.linux.capabilities | length' <<<"$out")" capabilities
	equal "$([ -d /run/systemd/system ] && echo true || echo false)" "$(jq .linux.cgroup.systemd <<<"$out")" systemd
	contains SECCOMP_FILTER_FLAG_LOG "$(jq -c .linux.seccomp.supportedFlags <<<"$out")"
	if command -v runc >/dev/null; then
		# whatever runc can, but for options that no file system takes any more
		runc features >"$T/runc"
		equal "" "$(jq -r --slurpfile r "$T/runc" '($r[0].mountOptions - .mountOptions - ["acl", "noacl", "iversion", "remount", "silent"])[],
			($r[0].linux.seccomp.operators - .linux.seccomp.operators)[], ($r[0].linux.seccomp.actions - .linux.seccomp.actions)[],
			($r[0].hooks - .hooks)[]' <<<"$out")" "what runc has besides"
	fi
}
