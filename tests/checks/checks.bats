#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each check of tools/check must be able to fail: small bad trees are in bad/<check>/.

setup()
{
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	bad=$BATS_TEST_DIRNAME/bad
}

bad_tree() # CHECK: a copy of its bad tree, checked
{
	cp -r "$bad/$1" "$BATS_TEST_TMPDIR/tree"
	cp "$top/.clang-format" "$top/.clang-tidy" "$BATS_TEST_TMPDIR/tree/"
	TARE_TOP=$BATS_TEST_TMPDIR/tree run "$top/tools/check" "$1"
}

says() { grep -qxF -- "$1" <<<"$output" || { echo "expected: $1"; echo "$output"; false; }; }
has() { grep -qF -- "$1" <<<"$output" || { echo "expected: $1"; echo "$output"; false; }; }
silent_on() { ! grep -F -- "$1" <<<"$output"; }

@test "layers: an upward include is refused by file, line and names" {
	bad_tree layers
	[ "$status" = 1 ]
	says "src/kernel/cgroup2.c:3: kernel must not include engine/container.h"
}

@test "layers: an include without folder, or with .., is refused" {
	bad_tree layers
	says 'src/kernel/cgroup2.c:4: write "folder/file.h", not "cgroup2.h"'
	says 'src/kernel/cgroup2.c:5: write "folder/file.h", not "kernel/../engine/container.h"'
}

@test "layers: a private header belongs to its module" {
	bad_tree layers
	says "src/kernel/cgroup2.c:7: kernel/mount_priv.h belongs to kernel/mount*"
	says "src/engine/run.c:1: kernel/cgroup_priv.h belongs to kernel/cgroup*"
	silent_on "cgroup2.c:6:"
}

@test "layers: a library stays in its folders, a folder in the list" {
	bad_tree layers
	says "src/kernel/cgroup2.c:8: kernel must not use <json-c/json.h>"
	says "src/rogue/rogue.c:1: folder rogue is not in src/layers"
}

@test "layers: a list that names a folder above is refused" {
	mkdir -p "$BATS_TEST_TMPDIR/t/src"
	printf 'base: kernel\nkernel:\n' >"$BATS_TEST_TMPDIR/t/src/layers"
	run "$top/tools/check-layers" "$BATS_TEST_TMPDIR/t"
	[ "$status" = 1 ]
	says 'src/layers:1: "kernel" is not a layer below "base"'
}

@test "poison: a folder that is built without it is found" {
	bad_tree poison
	[ "$status" = 1 ]
	says "src/kernel/meson.build: c_args: poison is missing"
	silent_on src/base/meson.build
}

@test "poison: a banned call does not compile, a good one does" {
	printf 'int main(void) { return %s; }\n' 'atoi("1")' >"$BATS_TEST_TMPDIR/bad.c"
	printf 'int main(void) { return %s; }\n' 'abs(1)' >"$BATS_TEST_TMPDIR/good.c"
	gcc -c -o "$BATS_TEST_TMPDIR/o" -include "$top/src/base/poison.h" "$BATS_TEST_TMPDIR/good.c"
	run gcc -c -o "$BATS_TEST_TMPDIR/o" -include "$top/src/base/poison.h" "$BATS_TEST_TMPDIR/bad.c"
	[ "$status" != 0 ]
	has 'attempt to use poisoned "atoi"'
}

@test "poison: every name of the house style's list is banned" {
	for call in strcpy strcat sprintf strtok atoi strtol system popen; do
		printf 'void *p = (void *)%s;\n' "$call" >"$BATS_TEST_TMPDIR/bad.c"
		run gcc -c -o "$BATS_TEST_TMPDIR/o" -include "$top/src/base/poison.h" "$BATS_TEST_TMPDIR/bad.c"
		[ "$status" != 0 ]
		has "attempt to use poisoned \"$call\""
	done
}

@test "format: code in another style is shown as a difference" {
	bad_tree format
	[ "$status" = 1 ]
	has "-    if (a) return 1;"
}

@test "format: hand-aligned columns, macros and breaks after a comma stay" {
	mkdir "$BATS_TEST_TMPDIR/t"
	cp "$top/.clang-format" "$BATS_TEST_TMPDIR/t"
	cat >"$BATS_TEST_TMPDIR/t/good.c" <<-'END'
	#define ROW(a) { a, 0 }
	int abc;     /* one */
	int abcdefg; /* another */
	int f(int a,
	      int b);
	END
	TARE_TOP=$BATS_TEST_TMPDIR/t run "$top/tools/format" --check good.c
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "format: what it writes passes its own check" {
	cp -r "$bad/format" "$BATS_TEST_TMPDIR/tree"
	cp "$top/.clang-format" "$BATS_TEST_TMPDIR/tree"
	export TARE_TOP=$BATS_TEST_TMPDIR/tree
	"$top/tools/format"
	"$top/tools/format" --check
}

@test "licence: a source and a script without the line are found" {
	bad_tree licence
	[ "$status" = 1 ]
	says "src/base/none.c:1: no line 'SPDX-License-Identifier: Apache-2.0'"
	says "tools/none:1: no line 'SPDX-License-Identifier: Apache-2.0'"
	silent_on good.c
}

@test "markers: work left behind is found, a word that holds it is not" {
	bad_tree markers
	[ "$status" = 1 ]
	has "src/base/late.c:1:"
	silent_on "late.c:2:"
}

@test "readmes: a folder without one, or with an empty one, is found" {
	bad_tree readmes
	[ "$status" = 1 ]
	has "src/none/README.md: missing"
	has "src/empty/README.md: missing"
	silent_on src/good
}

@test "manpages: a command and a program without page are found" {
	bad_tree manpages
	[ "$status" = 1 ]
	says "docs/man/tare-rm.1: no such manual page"
	says "docs/man/tare.1: no such manual page"
	silent_on tare-run.1
}

@test "shell: what shellcheck warns of fails" {
	bad_tree shell
	[ "$status" = 1 ]
	has SC2164
}

@test "sizes: a long function and a long file are pointed at, and pass" {
	mkdir -p "$BATS_TEST_TMPDIR/tree/src/base"
	{ printf 'static int longer(int a)\n{\n'; yes '	a++;' | head -n 61; echo '}'; yes '' | head -n 560; } \
		>"$BATS_TEST_TMPDIR/tree/src/base/long.c"
	TARE_TOP=$BATS_TEST_TMPDIR/tree run "$top/tools/check" sizes
	[ "$status" = 0 ]
	says "look: src/base/long.c:2: longer has 61 lines"
	says "look: src/base/long.c has 624 lines"
}

@test "cppcheck: an array read past its end fails" {
	bad_tree cppcheck
	[ "$status" = 1 ]
	has arrayIndexOutOfBounds
}

compiled_tree() # CHECK FILE: a copy of its bad tree, as if configured
{
	local tree=$BATS_TEST_TMPDIR/tree
	cp -r "$bad/$1" "$tree"
	cp "$top/.clang-tidy" "$tree/"
	mkdir -p "$tree/build-clang"
	printf '[{"directory":"%s","file":"%s","command":"clang -c %s"}]' "$tree" "$2" "$2" >"$tree/build-clang/compile_commands.json"
	TARE_TOP=$tree run "$top/tools/check" "$1"
}

@test "tidy: a suspicious call fails" {
	compiled_tree tidy src/base/twice.c
	[ "$status" = 1 ]
	has "[bugprone-suspicious-memset-usage"
	has "[misc-redundant-expression"
}

@test "analyze: what only a path through the code shows fails" {
	compiled_tree analyze src/base/divide.c
	[ "$status" = 1 ]
	has "[clang-analyzer-core.DivideZero"
}

@test "check: an unknown name is an error" {
	run "$top/tools/check" nonesuch
	[ "$status" = 2 ]
}

@test "check: the last line counts" {
	bad_tree readmes
	[ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
}
