# SPDX-License-Identifier: Apache-2.0
# tare stats: the numbers are the kernel's, at once.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

fields() { tare stats --no-stream --no-trunc --format json "$@"; } # as JSON, one object a line

two_run() { [ "$(tare stats --no-stream --format '{{.PIDs}}' "$1")" = 2 ]; }

bytes() { numfmt --from=iec-i --suffix=B "$1" | tr -d B; } # of "62.5MiB"

# memory_agrees NAME: within 2 % and a page of what the file says before and after
memory_agrees()
{
	local before said after
	before=$(limit "$1" memory.usage_in_bytes memory.current)
	said=$(bytes "$(fields "$1" | jq -r '.MemUsage | split(" / ")[0]')")
	after=$(limit "$1" memory.usage_in_bytes memory.current)
	[ "$before" = "$after" ] && between $((before * 98 / 100 - 4096)) $((before * 102 / 100 + 4096)) "$said"
}

# bats test_tags=guest-full
@test "Docker's columns and ours; values are those of the files" {
	need_controller memory
	need_controller pids
	start web --memory 64m --cpus 0.5 -- sh -c 'sleep 1000 & sleep 1000'
	eventually 10 two_run web
	expect 0 tare stats --no-stream
	matches '^CONTAINER ID +NAME +CPU % +MEM USAGE / LIMIT +MEM % +NET I/O +BLOCK I/O +PIDS +THROTTLED' "$out"
	matches $'\n[0-9a-f]{12} +web +[0-9.]+% +[0-9.]+[KM]iB / 64MiB +[0-9.]+% +0B / 0B ' "$out"
	local all
	all=$(fields web)
	equal 2 "$(jq -r .PIDs <<<"$all")" PIDs
	equal "$(tare inspect web | jq -r '.[0].Id')" "$(jq -r .ID <<<"$all")" ID
	equal "$(tare inspect web | jq -r '.[0].Tare.Cgroup')" "$(jq -r .LimitOwner <<<"$all")" "whose limit"
	eventually 10 memory_agrees web
}

@test "the limit is the tightest one above, and the host's memory where there is none" {
	need_controller memory
	start web
	start other --memory 48m
	equal "$(awk '/^MemTotal/ { print $2 }' /proc/meminfo | numfmt --from-unit=1024 --to=iec-i --format=%.1f --suffix=B)" \
		"$(fields web | jq -r .Limit | numfmt --from=iec-i --suffix=B | numfmt --from=auto --suffix=B --to=iec-i --format=%.1f)" "limit"
	equal / "$(fields web | jq -r .LimitOwner)"
	local version mount
	read -r version mount < <(hierarchy_of memory)
	if [ "$version" = v1 ]; then echo 32m >"$mount/$group/memory.limit_in_bytes"; else echo 32m >"$mount/$group/memory.max"; fi
	equal "32MiB /$group" "$(fields web | jq -r '"\(.Limit) \(.LimitOwner)"')"
	equal "32MiB /$group" "$(fields other | jq -r '"\(.Limit) \(.LimitOwner)"')"
}

@test "a busy container: CPU since its start at once, and of a window; how much of its periods were throttled" {
	need_controller cpu
	start busy --cpus 0.05 -- sh -c 'while :; do :; done'
	eventually 10 eval '[ "$(fields busy | jq -r ".Throttled[:-1] | tonumber > 50")" = true ]'
	expect 0 tare stats --no-stream --window 500ms --format '{{.CPUPerc}}' busy
	between 1 60 "${out%%.*}" "CPU of a twentieth"
}

@test "those that run, all, named ones; nobody is an error" {
	start web
	expect 0 tare create --name new busybox true
	equal web "$(tare stats --no-stream --format '{{.Name}}')"
	equal "new web" "$(tare stats -a --no-stream --format '{{.Name}}' | sort | paste -sd' ')"
	equal "web new" "$(tare stats --no-stream --format '{{.Name}}' web new | paste -sd' ')"
	equal "new -- -- / --" "$(tare stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}}' new)"
	expect 1 tare stats --no-stream nobody
	equal "tare: No such container: nobody" "$err"
	expect 125 tare stats --no-stream --window 5
	contains "--window 5: invalid duration" "$err"
	expect 125 tare stats --no-stream --window 1ms
	contains "from 10ms to 1h" "$err"
}

@test "a group, a process, a pod of anybody is shown by the same files" {
	need_controller memory
	need_controller pids
	start web --memory 64m -- sh -c 'sleep 1000 & sleep 1000'
	eventually 10 two_run web
	local path
	path=/$(cgroup_dir web memory | sed "s|^$host_cgroup/||; s|^memory/||")
	equal "$path 2 64MiB $path" "$(tare stats --no-stream --format '{{.Name}} {{.PIDs}} {{.Limit}} {{.LimitOwner}}' "$path")"
	equal "process $(pid_of web) -- 2" "$(tare stats --no-stream --format '{{.Name}} {{.ID}} {{.PIDs}}' "$(pid_of web)")"
	equal "-- -- web" "$(tare stats --no-stream --format '{{.ID}} {{.CPUPerc}}' "$path") $(tare stats --no-stream --format '{{.Name}}' web)"
	matches '^[0-9.]+%$' "$(tare stats --no-stream --window 20ms --format '{{.CPUPerc}}' "$path")"
	expect 1 tare stats --no-stream /no/such/group
	equal "tare: No such container, process or cgroup: /no/such/group" "$err"
}

@test "a stream ends with the containers that were named" {
	start web
	tare stats --window 20ms --format '{{.Name}} {{.PIDs}}' web >"$T/stream" 3>&- &
	local pid=$!
	eventually 10 grep -q '^web 1$' "$T/stream"
	tare kill web
	wait $pid
	equal "web -- web 1" "$(sort -u "$T/stream" | paste -sd' ')"
}

# cpu_ns NAME: CPU time of its group in ns, as the kernel says
cpu_ns()
{
	if [[ $(hierarchy_of cpuacct) == v1* ]]; then
		limit "$1" cpuacct.usage -
	else
		echo $(($(limit "$1" - cpu.stat | awk '/^usage_usec/ { print $2 }') * 1000))
	fi
}

# io_of NAME: a line for each device, "8:0 READ WRITTEN" in bytes, as the kernel says
io_of()
{
	if [[ $(hierarchy_of blkio) == v1* ]]; then
		cat "$(cgroup_dir "$1" blkio)"/blkio.{bfq,throttle}.io_service_bytes_recursive 2>/dev/null | awk '
			$2 == "Read" { all[$1]; if ($3 > in_[$1]) in_[$1] = $3 }
			$2 == "Write" { all[$1]; if ($3 > out[$1]) out[$1] = $3 }
			END { for (d in all) print d, in_[d] + 0, out[d] + 0 }'
	else
		limit "$1" - io.stat | sed -En 's/^([0-9]+:[0-9]+) .*rbytes=([0-9]+) wbytes=([0-9]+) .*/\1 \2 \3/p'
	fi | sort
}

# swap_of NAME: bytes in swap; nothing where the kernel does not say
swap_of()
{
	if is_v1 memory; then limit "$1" memory.stat - | awk '$1 == "total_swap" { print $2 }'; else cat "$(cgroup_dir "$1" memory)/memory.swap.current"; fi 2>/dev/null
}

decimal() { sed 's/kB/K/g; s/\([MGT]\)B/\1/g; s/B//g' <<<"$1" | numfmt --from=si --field=2-; } # "8:0 8.39MB 4kB"

near() { between $(($1 * 98 / 100 - 1)) $(($1 * 102 / 100 + 1)) "$2" "$3"; } # WANT GOT WHAT

# devices_agree NAME TEXT: as "8:0 8.39MB / 4kB, 8:16 …"
devices_agree()
{
	local want got
	io_of "$1" >"$T/devices"
	equal "$(grep -c '' "$T/devices")" "$(tr ',' '\n' <<<"$2" | grep -c :)" "devices"
	while read -r -a want && read -r -a got <&4; do
		equal "${want[0]}" "${got[0]}" "device"
		near "${want[1]}" "${got[1]}" "bytes read from ${want[0]}"
		near "${want[2]}" "${got[2]}" "bytes written to ${want[0]}"
	done <"$T/devices" 4< <(sed 's/, /\n/g; s| / | |g' <<<"$2" | while read -r line; do decimal "$line"; done | sort)
}

@test "CPU time, block I/O of each device, swap and peak are those of the kernel's files" {
	need_controller memory
	need_controller cpuacct
	head -c 8M /dev/urandom >"$T/data"
	# shellcheck disable=SC2016 # the container's shell expands
	start web -v "$T:/data" -- sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; dd if=/data/data of=/dev/null bs=1M iflag=direct 2>/dev/null
		dd if=/dev/zero of=/data/new bs=1M count=3 oflag=direct conv=fsync 2>/dev/null; : >/tmp/done; sleep 1000'
	eventually 20 in_box web test -e /tmp/done
	local before all after said
	before=$(cpu_ns web)
	all=$(fields web)
	after=$(cpu_ns web)
	said=$(jq -r .CPUTime <<<"$all" | tr -d s.) # microseconds
	between $((before / 1000 - 1)) $((after / 1000 + 1)) "$((10#$said))" "CPU time in us"
	devices_agree web "$(jq -r .Devices <<<"$all")"
	said=$(decimal "all $(jq -r '.BlockIO | sub(" / "; " ")' <<<"$all")")
	near "$(awk '{ n += $2 } END { print n + 0 }' "$T/devices")" "$(cut -d' ' -f2 <<<"$said")" "bytes read"
	near "$(awk '{ n += $3 } END { print n + 0 }' "$T/devices")" "$(cut -d' ' -f3 <<<"$said")" "bytes written"
	after=$(swap_of web)
	said=$(jq -r .Swap <<<"$all")
	if [ -n "$after" ]; then near "$after" "$(bytes "$said")" "bytes in swap"; else equal -- "$said" "swap"; fi
	after=$(limit web memory.max_usage_in_bytes memory.peak)
	between $((after * 98 / 100 - 4096)) $((after * 102 / 100 + 4096)) "$(bytes "$(jq -r .Peak <<<"$all")")" "peak"
}
