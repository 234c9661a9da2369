# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every system test loads: tare with folders and a parent cgroup of its own for each test, assertions that print
# what they saw, files of a container's cgroup on any layout, and after each test a search for what was left behind.
#
# A test may count on busybox in the container, and on the host (or guest) on the packages of tests/vm/packages.

bats_require_minimum_version 1.5.0
TARE_TOP=${TARE_TOP:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
TARE_BUILD=${TARE_BUILD:-$TARE_TOP/build}
host_cgroup=/sys/fs/cgroup
# No network unless a test asks for one: by itself it would be bridge, on this machine's own interfaces and rules.
export TARE_CONFIG=$TARE_TOP/tests/system/tare.conf
# Tests read whole tables and sentences, whatever fits a terminal.
export COLUMNS=1000

setup() { tare_setup; }
teardown() { tare_teardown; }

# ---- assertions ---------------------------------------------------------------------------------------------------

fail() { printf '%s\n' "$@" >&2; return 1; }

equal() # WANT GOT [WHAT]
{
	[ "$1" = "$2" ] || fail "${3:-value}:" "  want: $1" "  got:  $2"
}

matches() # REGEX TEXT [WHAT]
{
	[[ $2 =~ $1 ]] || fail "${3:-text} does not match $1:" "$2"
}

contains() # NEEDLE TEXT [WHAT]
{
	[[ $2 == *"$1"* ]] || fail "${3:-text} does not contain $1:" "$2"
}

between() # LOW HIGH GOT [WHAT]
{
	if [ "$3" -lt "$1" ] || [ "$3" -gt "$2" ]; then fail "${4:-value}: want $1 to $2, got $3"; fi
}

# text_of VARIABLE FILE: without newlines at its ends, up to a zero byte; no process is made for it
text_of() { IFS=$'\n' read -r -d '' "$1" <"$2" || true; }

# expect STATUS CMD…: leaves stdout in $out, stderr in $err
expect()
{
	local want=$1 got=0
	shift
	"$@" >"$T/stdout" 2>"$T/stderr" </dev/null 3>&- || got=$?
	text_of out "$T/stdout"
	text_of err "$T/stderr"
	[ "$got" = "$want" ] || fail "$*" "exit status: want $want, got $got" "stdout: $out" "stderr: $err"
}

# failed TEXT CMD…: status 1, one line that contains the text
failed()
{
	expect 1 "${@:2}"
	contains "$1" "$err"
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr: $err; number"
}

# refused PATTERN CMD…: status 125, nothing on stdout, one line on stderr that matches, no container made
refused() { refused_with 125 "$@"; }

# refused_with STATUS PATTERN CMD…: 1 is what Docker's client says when it has not asked anybody yet
refused_with()
{
	local status=$1 pattern=$2
	shift 2
	expect "$status" "$@"
	equal "" "$out" "stdout of $*"
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr of $*: $err; number"
	matches "$pattern" "$err" "stderr of $*"
	nothing_made
}

eventually() # SECONDS CMD…: on an idle machine; on a crowded one it may take ten times as long
{
	local until=$((SECONDS + 10 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || fail "not within time: $*" || return
		sleep 0.05
	done
}

# ---- tare ---------------------------------------------------------------------------------------------------------

require_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }

# tare ARGS…: in this test's folders; what it runs goes below this test's cgroup unless told otherwise. A file may put
# further options before the command into tare_globals.
tare_globals=()
tare()
{
	local command=${1-}
	case "$command $*" in
	*' --cgroup-parent'*) ;;
	'run '* | 'create '*) shift; set -- "$command" --cgroup-parent "/$group" "$@" ;;
	esac
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "${tare_globals[@]}" "$@"
}

# box [OPTIONS] -- CMD…: a command in a busybox container that is removed at its end
box()
{
	local options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	tare run --rm "${options[@]}" busybox "$@"
}

# start NAME [OPTIONS] [-- CMD…]: a container in the background, running when this returns
start()
{
	local name=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
	[ $# = 0 ] || shift
	[ $# -gt 0 ] || set -- sleep 1000
	expect 0 tare run -d --name "$name" "${options[@]}" busybox "$@"
	eventually 10 is_running "$name"
}

state_of() { tare inspect "$1" | jq -r ".[0].State.$2"; } # NAME FIELD

is_running() { [ "$(state_of "$1" Running)" = true ]; }

is_gone() { ! tare inspect "$1" >/dev/null 2>&1; }

pid_of() { state_of "$1" Pid; }

# in_box NAME CMD…: in all namespaces and the root of a running container, with the caller's own rights
in_box()
{
	local pid
	pid=$(pid_of "$1")
	shift
	nsenter -t "$pid" -a -r -w -- "$@"
}

nothing_made()
{
	equal "" "$(tare ps -aq)" "containers"
	equal "" "$(left_cgroups)" "cgroups"
}

# The kernel tells of ten kills in five seconds (oom_kill_process()) and then says no more than who was killed. Seconds since the
# boot stand before each line.
few_kills() { dmesg | awk -v now="$(cut -d ' ' -f 1 /proc/uptime)" '/Killed process/ && now - substr($0, 2, 13) < 7 { n++ } END { exit n > 4 }'; }
few_kills_lately() { ! dmesg >/dev/null 2>&1 || eventually 20 few_kills; }

need_python() { command -v python3 >/dev/null || skip "needs python3"; }

# on_terminal STATUS CMD…: the steps from standard input; leaves what was shown in $out
on_terminal()
{
	local want=$1 got=0
	shift
	need_python
	"$BATS_TEST_DIRNAME/on-terminal" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" "$@" \
		>"$T/shown" 2>"$T/stderr" 3>&- || got=$?
	text_of out "$T/shown"
	text_of err "$T/stderr"
	[ "$got" = "$want" ] || fail "$*" "exit status: want $want, got $got" "shown: $out" "stderr: $err"
}

# private_mounts FUNCTION ARGS…: in a mount namespace of its own, which ends with it
private_mounts()
{
	local functions
	functions=$(declare -f)
	unshare -m --propagation slave bash -euc "$functions; T=$T group=$group TARE_BUILD=$TARE_BUILD; \"\$@\"" - "$@"
}

# ---- cgroups ------------------------------------------------------------------------------------------------------

# hierarchy_of CONTROLLER: "v1 MOUNT" or "v2 MOUNT"; nothing when this host lacks it. "v2" asks for the v2 hierarchy.
hierarchy_of()
{
	local controller=$1
	awk -v want="$controller" '{
		for (i = 7; $i != "-"; i++);
		if ($(i + 1) == "cgroup2") { v2 = $5; next }
		if ($(i + 1) != "cgroup") next
		n = split($(i + 3), option, ",")
		for (k = 1; k <= n; k++) if (option[k] == want) { print "v1", $5; found = 1; exit }
	}
	END { if (!found && v2 != "") print "v2", v2 }' /proc/self/mountinfo | while read -r version mount; do
		case $version:$controller in
		v1:* | v2:v2 | v2:devices | v2:freezer | v2:cpuacct) echo "$version $mount" ;;
		*) ! grep -qw "${controller/blkio/io}" "$mount/cgroup.controllers" || echo "$version $mount" ;;
		esac
	done
}

# cgroup_dir CONTAINER CONTROLLER: folder of the container's first process there
cgroup_dir()
{
	local version mount pid path
	read -r version mount < <(hierarchy_of "$2") || fail "no $2 controller" || return
	pid=$(pid_of "$1")
	if [ "$version" = v2 ]; then
		path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	else
		path=$(awk -F: -v want="$2" '{ n = split($2, c, ","); for (i = 1; i <= n; i++) if (c[i] == want) { sub(/^[^:]*:[^:]*:/, ""); print } }' \
			"/proc/$pid/cgroup")
	fi
	echo "$mount$path"
}

# cgroup_file CONTAINER FILE: full path; FILE by its v1 name where the controller is of v1, by its v2 name elsewhere
cgroup_file() { echo "$(cgroup_dir "$1" "${2%%.*}")/$2"; }

# limit CONTAINER V1_FILE V2_FILE: the value ("-": not asked for in that version); skips where the host has no such controller
limit()
{
	local version mount file=${2/#-/$3}
	read -r version mount < <(hierarchy_of "${file%%.*}") || skip "no ${file%%.*} controller here"
	if [ "$version" = v1 ]; then file=$2; else file=$3; fi
	cat "$(cgroup_dir "$1" "${file%%.*}")/$file"
}

need_controller() { [ -n "$(hierarchy_of "$1")" ] || skip "no $1 controller here"; }

is_v1() { [[ $(hierarchy_of "$1") == v1* ]]; }

# left_cgroups [ID…]: below this test's cgroup, and those of these containers anywhere
left_cgroups()
{
	local also=() id
	for id in "$@"; do also+=(-o -name "*$id*"); done
	find "$host_cgroup" -mindepth 2 -type d \( -path "*/$group/*" "${also[@]}" \) 2>/dev/null
}

# ---- before and after ---------------------------------------------------------------------------------------------

mounts_of_host() { awk '{ for (i = 7; $i != "-"; i++); print $5, $(i + 1), $(i + 2) }' "${1:-/proc/self/mountinfo}" | sort; }

new_mounts()
{
	local before now
	text_of before "$T/mounts.before"
	text_of now /proc/self/mountinfo
	[ "$before" = "$now" ] || comm -13 <(mounts_of_host "$T/mounts.before") <(mounts_of_host)
}

# image_of_suite: the embedded image is unpacked once for all tests of a run, and then linked; a file that wants to see
# that happen says own_image=1
image_of_suite()
{
	local all=$BATS_RUN_TMPDIR/root
	if [ ! -d "$all" ]; then
		"$TARE_BUILD/tare" --root "$all.new" --state "$T/state" run --rm --cgroup-parent "/$group" busybox true 3>&-
		eventually 10 rmdir "$all.new/containers" # its monitor is still sweeping
		mkdir "$all.new/containers"
		mv "$all.new" "$all"
	fi
	# no links from one file system to another one, where a file says test_parent
	cp -al "$all" "$T/root" 2>/dev/null || { rm -rf "$T/root" && cp -a "$all" "$T/root"; }
	cp --remove-destination "$all"/tare.db* "$T/root/" # all else is never written in place
}

tare_setup()
{
	require_root
	[ -x "$TARE_BUILD/tare" ] || fail "no $TARE_BUILD/tare: run make first"
	# short: a path in it becomes the address of a socket, which has at most 107 bytes
	T=$(mktemp -d "${test_parent:-/tmp}/tt.XXXXXX")
	group=tt-${T##*.}
	export T group
	cat /proc/self/mountinfo >"$T/mounts.before"
	[ -n "${own_image-}" ] || image_of_suite
}

# those with this test's folder on their command line
processes_left()
{
	local f words
	for f in /proc/[0-9]*/cmdline; do
		words=()
		mapfile -d '' -t words <"$f"
		[[ "${words[*]}" != *"$T/state"* ]] || echo "process ${f//[^0-9]/} ${words[*]}"
	done 2>/dev/null
}

leaks() # ID…
{
	left_cgroups "$@"
	processes_left
	new_mounts | sed 's/^/mount /'
	find "$T/root/containers" "$T/state" -mindepth 1 -maxdepth 1 ! -name 'lock*' ! -name '.*' ! -path "$T/state/net" 2>/dev/null
}

no_leaks() { [ -z "$(leaks "$@")" ]; }

remove_containers() # ID…
{
	local ids
	[ -n "$*" ] || return 0
	ids=$(tare ps -aq --no-trunc) || fail "tare ps failed" || return
	# shellcheck disable=SC2086 # a list of ids
	[ -z "$ids" ] || tare rm -f $ids >/dev/null
}

removed() { [ ! -d "$1" ] || rmdir "$1"; } # DIR

remove_own_cgroups() # the parent cgroup is the test's own, and stays after its last container
{
	local d
	find "$host_cgroup" -depth -type d \( -name "$group" -o -path "*/$group/*" \) 2>/dev/null | while read -r d; do
		[ ! -e "$d/cgroup.kill" ] || echo 1 >"$d/cgroup.kill"
		[ ! -e "$d/cgroup.procs" ] || xargs -r kill -KILL <"$d/cgroup.procs" || true
		eventually 2 removed "$d" || true
	done 2>/dev/null
}

tare_teardown()
{
	local ids=() status=0 d
	[ -n "${T-}" ] || return 0
	for d in "$T"/root/containers/*/ "$T"/state/*/; do
		[ ! -d "$d" ] || [ "$d" = "$T/state/net/" ] || { d=${d%/} && ids+=("${d##*/}"); }
	done
	remove_containers "${ids[@]}" || status=1
	eventually 5 no_leaks "${ids[@]}" || { fail "left behind:" "$(leaks "${ids[@]}")"; status=1; }
	remove_own_cgroups
	rm -rf "$T"
	return $status
}
