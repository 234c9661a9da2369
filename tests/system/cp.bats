# SPDX-License-Identifier: Apache-2.0
# tare cp: both ways, running and stopped, with Docker's rules of slashes and names; and never outside of the container.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load traps

test_parent=/var/tmp # on a disk: a tmpfs cannot be idmapped before Linux 6.3
: "$test_parent"

packed() { tar tf "$T/stdout"; } # what the last command wrote

files() { (cd "$1" && find . | sort | tr '\n' ' '); }

source_tree()
{
	mkdir -p "$T/src/dir/sub"
	echo one >"$T/src/dir/a"
	echo two >"$T/src/dir/sub/b"
	ln -s sub/b "$T/src/dir/link"
	ln "$T/src/dir/a" "$T/src/dir/again"
	chmod 4750 "$T/src/dir/a"
	mkfifo "$T/src/dir/pipe"
	truncate -s 100M "$T/src/dir/sparse"
	touch -d 2001-02-03 "$T/src/dir/sub" "$T/src/dir/sub/b"
}

# bats test_tags=guest-full
@test "a folder goes into a running container and comes back as it was" {
	source_tree
	start web
	expect 0 tare cp "$T/src/dir" web:/opt
	equal "Successfully copied 105MB (transferred 105MB) to web:/opt" "$err"
	expect 0 tare exec web stat -c '%a %h %F' /opt/a
	equal "4750 2 regular file" "$out"
	expect 0 tare exec web stat -c '%F %Y' /opt/pipe /opt/sub
	contains fifo "$out"
	contains "$(date -d 2001-02-03 +%s)" "$out"
	expect 0 tare exec web cat /opt/link
	equal two "$out"
	expect 0 tare cp web:/opt "$T/back"
	expect 0 diff -r --no-dereference --exclude pipe "$T/src/dir" "$T/back"
	equal "$(files "$T/src/dir")" "$(files "$T/back")"
	equal "$(stat -c %i "$T/back/a")" "$(stat -c %i "$T/back/again")"
	between 0 1000 "$(stat -c %b "$T/back/sparse")" "blocks of a file that is a hole"
}

# bats test_tags=guest-full
@test "likewise when it has never run, and when it has ended" {
	source_tree
	expect 0 tare create --name web -v "$T/src:/host:ro" -v kept:/kept busybox true
	expect 0 tare cp "$T/src/dir/a" web:/root/x
	expect 0 tare cp "$T/src/dir/a" web:/kept/y
	expect 0 tare cp web:/host/dir/sub/b "$T/b"
	equal two "$(<"$T/b")"
	failed "read-only" tare cp "$T/src/dir/a" web:/host/
	expect 0 tare start -a web
	expect 0 tare cp web:/root/x -
	equal x "$(packed)"
	equal one "$(<"$T/root/volumes/kept/_data/y")"
	expect 0 tare cp web:/etc/hostname "$T/"
	equal "$(tare ps -aq)" "$(<"$T/hostname")"
	expect 0 tare rm web
	expect 0 tare volume rm kept
}

@test "names and slashes mean what they mean to Docker" {
	source_tree
	mkdir "$T/to"
	expect 0 tare create --name web busybox true
	expect 0 tare cp -q "$T/src/dir/sub" web:/new
	equal "" "$err"
	expect 0 tare cp web:/new - # not there before: it gets the name
	equal $'new/\nnew/b' "$(packed)"
	expect 0 tare cp "$T/src/dir/sub" web:/new # there: it goes into it
	expect 0 tare cp "$T/src/dir/sub/." web:/only
	expect 0 tare cp web:/new/. "$T/to"
	equal ". ./b ./sub ./sub/b " "$(files "$T/to")"
	expect 0 tare cp web:only/b "$T/to/c"
	expect 0 tare cp web:/only/ "$T/to/"
	equal ". ./b ./c ./only ./only/b ./sub ./sub/b " "$(files "$T/to")"
	failed 'Could not find the file /missing in container web' tare cp web:/missing "$T"
	failed 'Could not find the file /missing in container web' tare cp "$T/src/dir/a" web:/missing/x
	failed 'no such directory' tare cp "$T/src/dir/a" web:/missing/
	failed 'invalid output path: directory' tare cp web:/new "$T/missing/x"
	failed 'cannot copy directory' tare cp "$T/src/dir" web:/etc/passwd
	mkdir -p "$T/trap/b" "$T/trap2"
	echo x >"$T/trap2/sub"
	failed 'cannot overwrite non-directory "/only/b" with directory' tare cp "$T/trap/." web:/only
	failed 'cannot overwrite directory' tare cp "$T/trap2/." web:/new
	failed 'must be a directory' tare cp - web:/etc/passwd
	failed 'copying between containers is not supported' tare cp web:/a web:/b
	failed 'must specify at least one container source' tare cp a b
	failed 'source can not be empty' tare cp '' web:/
	failed 'No such container: nobody' tare cp nobody:/etc .
}

@test "-L copies what a link leads to" {
	source_tree
	expect 0 tare create --name web busybox true
	expect 0 tare cp "$T/src/dir/link" web:/l
	expect 0 tare cp -L "$T/src/dir/link" web:/f
	expect 0 tare cp web:/l "$T/l"
	equal sub/b "$(readlink "$T/l")"
	expect 0 tare cp -L web:/f "$T/f"
	equal two "$(<"$T/f")"
	ln -s /f "$T/abs"
	expect 0 tare cp "$T/abs" web:/abs
	expect 0 tare cp -L web:/abs "$T/g"
	equal two "$(<"$T/g")"
	expect 0 tare cp "$T/src/dir/a" web:/abs # through the link
	expect 0 tare cp web:/f "$T/f"
	equal one "$(<"$T/f")"
}

@test "archives go in and out by the standard streams, whatever they are packed with" {
	source_tree
	start web
	tar -C "$T/src" -czf "$T/a.tgz" dir
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" cp - web:/root <"$T/a.tgz"
	expect 0 tare exec web cat /root/dir/sub/b
	equal two "$out"
	expect 0 tare cp web:/root/dir -
	mkdir "$T/x"
	tar -C "$T/x" -xf "$T/stdout"
	expect 0 diff -r --no-dereference --exclude pipe "$T/src/dir" "$T/x/dir"
}

@test "owners: numbers stay on the way in, -a gives all to the user, what comes out is the caller's" {
	echo x >"$T/f"
	chown 1234:1235 "$T/f"
	start web -u 11:12
	expect 0 tare cp "$T/f" web:/tmp/n
	expect 0 tare cp -a "$T/f" web:/tmp/a
	expect 0 tare exec web stat -c %u:%g /tmp/n /tmp/a
	equal $'1234:1235\n11:12' "$out"
	expect 0 tare cp web:/tmp/n "$T/n"
	expect 0 tare cp -a web:/tmp/n "$T/a"
	equal "0:0 1234:1235" "$(stat -c %u:%g "$T/n" "$T/a" | tr '\n' ' ' | sed 's/ $//')"
}

@test "in a user namespace owners are those inside" {
	echo x >"$T/f"
	start web --userns 0:100000:65536
	expect 0 tare cp "$T/f" web:/tmp/n
	expect 0 tare exec web stat -c %u:%g /tmp/n
	equal 0:0 "$out"
	tar -C "$T" --transform 's|^|new/deep/|' -cf "$T/t" f
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" cp - web:/tmp <"$T/t"
	expect 0 tare exec web stat -c %u:%g:%a /tmp/new /tmp/new/deep
	equal "0:0:755 0:0:755" "$(tr '\n' ' ' <<<"$out" | sed 's/ $//')"
	expect 0 tare stop -t 0 web
	chown 7:8 "$T/f"
	expect 0 tare cp "$T/f" web:/tmp/m
	expect 0 tare cp -a web:/tmp/m "$T/m"
	equal 7:8 "$(stat -c %u:%g "$T/m")"
	chown 70000:0 "$T/f"
	failed "not mapped" tare cp "$T/f" web:/tmp/o
	expect 0 tare start web
	expect 0 tare exec web stat -c %u:%g /tmp/m
	equal 7:8 "$out"
}

# ---- hostile containers -------------------------------------------------------------------------------------------

@test "a container's links lead nowhere but into it" {
	trap_rootfs /evil "$T/victim" /up ../../../../../.."$T/victim" /etc/shadow "$T/victim/file"
	mkdir -p "$T/rootfs$T"
	expect 0 tare create --name web --rootfs "$T/rootfs" /bin/busybox true
	echo x >"$T/f"
	failed 'Could not find the file' tare cp "$T/f" web:/evil/x
	failed 'Could not find the file' tare cp "$T/f" web:/up/x
	failed 'Could not find the file' tare cp web:/evil/file "$T/out"
	failed 'Could not find the file' tare cp -L web:/etc/shadow "$T/out"
	expect 0 tare cp "$T/f" web:/evil
	equal x "$(<"$T/rootfs$T/victim")"
	[ ! -e "$T/out" ] || fail "something came out: $(<"$T/out")"
	unharmed
}

@test "an archive's names and links lead nowhere but into the container" {
	need_python
	trap_rootfs /evil "$T/victim"
	expect 0 tare create --name web --rootfs "$T/rootfs" /bin/busybox true
	python3 -c '
import io, sys, tarfile
t = tarfile.open(sys.argv[1], "w")
def add(name, type=tarfile.REGTYPE, link=""):
    i = tarfile.TarInfo(name); i.type = type; i.linkname = link; i.size = 1 if type == tarfile.REGTYPE else 0
    t.addfile(i, io.BytesIO(b"y"))
add("l", tarfile.SYMTYPE, sys.argv[2]); add("evil/file"); add(sys.argv[2] + "/file")
t.close()
t = tarfile.open(sys.argv[1] + ".up", "w"); add("../../x"); t.close()
t = tarfile.open(sys.argv[1] + ".hard", "w"); add("h", tarfile.LNKTYPE, "../.." + sys.argv[2] + "/file"); t.close()
' "$T/t" "$T/victim"
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" cp - web:/ <"$T/t" || true
	for i in up hard; do
		if "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" cp - web:/tmp <"$T/t.$i" 2>"$T/e"; then fail "$i: taken"; fi
		matches "^tare: .*(leads out|hard link)" "$(<"$T/e")"
	done
	unharmed
}

# CVE-2018-15664, CVE-2026-41568, CVE-2026-42306: who shares a volume swaps a folder and a link while cp is at work
@test "a folder that is swapped with a link meanwhile leads nowhere else" {
	local i
	mkdir -p "$T/victim" "$T/shared/real"
	echo untouched >"$T/victim/file"
	echo mine >"$T/shared/real/file"

	ln -s "$T/victim" "$T/shared/link"
	echo x >"$T/f"
	start web -v "$T/shared:/shared"
	"$TARE_BUILD/tests/system/probe" flip "$T/shared/real" "$T/shared/link" 60 3>&- &
	for i in $(seq 10); do
		tare cp "$T/f" web:/shared/real/new 2>/dev/null || true
		tare cp "$T/f" web:/shared/real/file 2>/dev/null || true
		tare cp web:/shared/real/file "$T/out" 2>/dev/null || true
		tare cp web:/shared "$T/all.$i" 2>/dev/null || true
	done
	kill $! 2>/dev/null || true
	wait
	equal file "$(ls "$T/victim")" "the victim's files"
	equal untouched "$(<"$T/victim/file")"
	! grep -rqs untouched "$T/out" "$T"/all.* || fail "the victim's file came out"
}

# The neighbour waits for the folder that cp makes for a name without one, and has it for as long as its mkdir takes to return. It
# starts no programs meanwhile: each would have to wait for a processor.
@test "a folder that cp has just made is swapped with a link before it is looked at" {
	command -v strace >/dev/null || skip "strace is not installed"
	need_python
	mkdir -m 700 "$T/victim" "$T/shared"
	echo x >"$T/f"
	tar -C "$T" --transform 's|^|new/|' -cf "$T/t" f
	start web -v "$T/shared:/shared"
	timeout 60 python3 -u -c 'import os, sys
print("waits")
while True:
    try: os.rmdir(sys.argv[1])
    except OSError: continue
    os.symlink(sys.argv[2], sys.argv[1])
    break' "$T/shared/new" "$T/victim" >"$T/neighbour" 3>&- &
	local neighbour=$!
	eventually 10 grep -q waits "$T/neighbour"
	timeout 60 strace -f -qq -o /dev/null -e trace=mkdirat -e inject=mkdirat:delay_exit=300000 \
		"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" cp - web:/shared <"$T/t" 2>"$T/e" || true
	wait $neighbour
	[ -L "$T/shared/new" ] || fail "it was not swapped"
	equal "700 0" "$(stat -c %a "$T/victim") $(find "$T/victim" -mindepth 1 | wc -l)"
}

@test "a device or a pipe in the place of a file is not opened" {
	start web --cap-add MKNOD
	expect 0 tare exec web sh -c 'mkfifo /tmp/p; mkdir /tmp/d; mkfifo /tmp/d/q'
	expect 0 timeout 120 "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" cp web:/tmp/d "$T/d"
	[ -p "$T/d/q" ]
	echo x >"$T/f"
	failed 'must be a directory or a regular file: got an irregular file' tare cp "$T/f" web:/tmp/p
	failed 'must be a directory or a regular file: got a device' tare cp "$T/f" web:/dev/null
	expect 0 tare exec web test -c /dev/null
}
