# SPDX-License-Identifier: Apache-2.0
# tare load: where images come from, what is refused in one clear line, and that nothing is left of it.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load layouts

# store: everything that a load could have left
store() { find "$T/root/content" "$T/root/layers" -mindepth 1 | sort; tare images --no-trunc --digests --format '{{json .}}'; }

# not_loaded PATTERN ARGS…: status 1, one line that matches, and the store as it was
not_loaded()
{
	local pattern=$1 before
	shift
	before=$(store)
	expect 1 tare load "$@"
	equal "" "$out" "stdout of load $*"
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr of load $*: $err; number"
	matches "^tare: load .*$pattern" "$err" "stderr of load $*"
	equal "$before" "$(store)" "the store after load $*"
}

# archive: $T/layout.tar of $T/layout
archive() { tar -cf "$T/layout.tar" -C "$T/layout" .; }

# evil TAR: an image web:1 with this layer
evil()
{
	two_layers
	layout "$1"
}

# with_index JQ: changes the layout's index.json
with_index() { jq -c "$1" "$T/layout/index.json" >"$T/index" && cp "$T/index" "$T/layout/index.json"; }

named() { with_index '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "web:1"'; }

@test "an archive from a file, from standard input, packed in three ways, or a folder" {
	two_layers
	named
	archive
	expect 0 tare load -i "$T/layout.tar"
	equal "Loaded image: web:1" "$out"
	gzip -c "$T/layout.tar" >"$T/layout.gz"
	expect 0 tare load --input "$T/layout.gz" --quiet
	equal "Loaded image: web:1" "$out"
	xz -0 -c "$T/layout.tar" >"$T/layout.xz"
	expect 0 tare load -qi "$T/layout.xz"
	expect 0 bash -c '"$1" --root "$0/root" --state "$0/state" load <"$0/layout.tar"' "$T" "$TARE_BUILD/tare"
	equal "Loaded image: web:1" "$out"
	expect 0 bash -c 'cat "$0/layout.gz" | "$1" --root "$0/root" --state "$0/state" load' "$T" "$TARE_BUILD/tare"
	expect 0 tare image load -i "$T/layout"
	equal "Loaded image: web:1" "$out"
	expect 0 tare run --rm web:1 cat /opt/new
	equal two "$out"
}

@test "progress is shown on a terminal, and nowhere else" {
	two_layers
	named
	archive
	script -qec "$TARE_BUILD/tare --root $T/root --state $T/state load -i $T/layout.tar" /dev/null >"$T/seen" </dev/null 3>&-
	contains ": Loading layer [" "$(<"$T/seen")"
	contains "Loaded image: web:1" "$(<"$T/seen")"
	expect 0 tare rmi web:1
	script -qec "$TARE_BUILD/tare --root $T/root --state $T/state load -q -i $T/layout.tar" /dev/null >"$T/seen" </dev/null 3>&-
	equal $'Loaded image: web:1\r' "$(<"$T/seen")"
}

@test "what is no image is refused, and nothing is left of it" {
	two_layers
	archive
	: >"$T/empty"
	echo hello >"$T/text"
	head -c 50000 /dev/urandom >"$T/random"
	head -c 400000 "$T/layout.tar" >"$T/cut.tar"
	gzip -c "$T/layout.tar" | head -c 400000 >"$T/cut.gz"
	mkdir "$T/folder"
	tar -cf "$T/none.tar" -C "$T/folder" .
	not_loaded ': No such file or directory$' -i "$T/nothing"
	not_loaded 'not an image archive, or a damaged one: ' -i "$T/empty"
	not_loaded 'not an image archive, or a damaged one: ' -i "$T/text"
	not_loaded 'not an image archive, or a damaged one: ' -i "$T/random"
	not_loaded 'Truncated tar archive$' -i "$T/cut.tar"
	not_loaded 'gzip: cut off$' -i "$T/cut.gz"
	not_loaded 'neither index.json nor manifest.json$' -i "$T/none.tar"
	not_loaded 'neither index.json nor manifest.json$' -i "$T/folder"
	not_loaded 'not an image archive' # standard input is empty
}

@test "documents that are wrong are refused by their place" {
	local manifest config
	two_layers
	manifest=$T/layout/blobs/sha256/$(sha256sum <"$T/manifest" | cut -d' ' -f1)
	config=$T/layout/blobs/sha256/$(sha256sum <"$T/config" | cut -d' ' -f1)
	cp "$T/layout/index.json" "$T/good"
	with_document() { cp "$T/good" "$T/layout/index.json"; with_index "$1"; }
	echo '{' >"$T/layout/index.json"
	not_loaded 'index.json: not JSON' -i "$T/layout"
	with_document '.manifests[0].digest = "sha256:../../../../etc/passwd"'
	not_loaded 'index.json: manifests\[0\].digest: ' -i "$T/layout"
	with_document '.manifests[0].digest = "md5:00"'
	not_loaded 'index.json: manifests\[0\].digest: ' -i "$T/layout"
	with_document '.manifests[0].size = -1'
	not_loaded 'index.json: manifests\[0\].size: ' -i "$T/layout"
	with_document '.manifests[0].platform = {os: "linux", architecture: "pdp11"}'
	not_loaded 'no image for linux/' -i "$T/layout"
	with_document '.manifests[0].annotations["io.containerd.image.name"] = "../../etc:x"'
	not_loaded 'invalid reference format' -i "$T/layout"
	cp "$T/good" "$T/layout/index.json"
	cp "$manifest" "$T/keep"
	echo >>"$manifest"
	not_loaded 'manifest: .*its bytes have the digest sha256:' -i "$T/layout"
	cp "$T/keep" "$manifest"
	mv "$config" "$T/keep"
	not_loaded 'config: .*No such file or directory$' -i "$T/layout"
}

@test "a symbolic link or a pipe in the place of a blob leads nowhere" {
	local blob
	two_layers
	blob=$T/layout/blobs/sha256/$(jq -r '.layers[2].digest[7:]' "$T/manifest")
	mv "$blob" "$T/elsewhere"
	ln -s "$T/elsewhere" "$blob"
	not_loaded 'layer 3 .*: Invalid cross-device link$' -i "$T/layout"
	rm "$blob"
	mkfifo "$blob"
	not_loaded 'layer 3 .*: not a regular file$' -i "$T/layout"
}

@test "layers that want to leave their folder are refused, with one line and no file" {
	mkdir -p "$T/evil" "$T/victim"
	echo host >"$T/victim/file"
	echo evil >"$T/evil/x"
	attack() # PATTERN TAR
	{
		evil "$2"
		not_loaded "$1" -i "$T/layout"
		equal "host file" "$(cat "$T/victim/file") $(ls "$T/victim")" "what stands outside"
		rm -rf "$T/layout"
	}
	tar -cPf "$T/1.tar" --transform "s|.*|../../../../$T/victim/file|" -C "$T/evil" x
	attack 'the name leads out of the layer$' "$T/1.tar"
	ln -s "$T/victim" "$T/evil/out"
	tar -cf "$T/2.tar" -C "$T/evil" out
	tar -rf "$T/2.tar" --transform 's|x|out/file|' -C "$T/evil" x
	attack 'entry out/file: ' "$T/2.tar"
	ln "$T/evil/x" "$T/evil/y"
	tar -cPf "$T/3.tar" -C "$T/evil" --transform "flags=h;s|x|$T/victim/file|" x y
	attack 'entry y: hard link to ' "$T/3.tar"
}

@test "a layer that unpacks to more than tare.conf allows is refused" {
	mkdir "$T/evil"
	head -c 3000000 /dev/zero >"$T/evil/x"
	tar -cf "$T/1.tar" -C "$T/evil" x
	evil "$T/1.tar"
	printf 'network = none\nmax-layer-size = 2m\n' >"$T/conf"
	# shellcheck disable=SC2034 # tare() reads it
	tare_globals=(--config "$T/conf")
	not_loaded 'layer 2 .*: more than 2097152 bytes unpacked$' -i "$T/layout"
	: >"$T/conf"
	expect 0 tare load -i "$T/layout"
}

@test "a name that would write to the terminal does not" {
	mkdir "$T/evil"
	touch "$T/evil/x"
	tar -cPf "$T/1.tar" --transform $'s|x|../\e]0;title\a\u009b31m|' -C "$T/evil" x
	evil "$T/1.tar"
	expect 1 tare load -i "$T/layout"
	contains '\x1b]0;title\x07\xc2\x9b31m' "$err"
	! LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]' "$T/stderr" || fail "control characters: $(od -c "$T/stderr")"
}

@test "a layer that is known is used again, and one that is damaged is not" {
	local blob
	two_layers
	named
	expect 0 tare load -i "$T/layout"
	blob=$T/layout/blobs/sha256/$(jq -r '.layers[1].digest[7:]' "$T/manifest")
	head -c 100 "$blob" >"$T/cut"
	cp "$T/cut" "$blob"
	not_loaded 'its bytes have the digest sha256:' -i "$T/layout"
}

disk_of() # KB: a root of so many on a disk of its own, and a load into it; the status
{
	local status=0
	mkdir -p "$T/small"
	mount -t tmpfs -o "size=$1k,mode=700" tmpfs "$T/small"
	"$TARE_BUILD/tare" --root "$T/small/root" --state "$T/state" load -i "$T/layout.tar" >"$T/disk.out" 2>"$T/disk.err" || status=$?
	echo "$1 $status $(grep -c '' "$T/disk.err") $(find "$T/small/root/layers" "$T/small/root/content" -mindepth 1 \
		! -name blobs ! -name sha256 ! -name lock 2>/dev/null | wc -l) $(cat "$T/disk.err")"
	umount "$T/small"
}

disks() { local kb; for kb in 40 200 1300 2300 3600 20000; do disk_of $kb; done; }

@test "a full disk is one line, and nothing is left on it" {
	local kb status lines left text failed=0
	two_layers
	named
	archive
	private_mounts disks >"$T/disks"
	while read -r kb status lines left text; do
		if [ "$status" = 0 ]; then
			[ "$left" -gt 0 ] || fail "$kb kB: loaded, but nothing is there"
			continue
		fi
		failed=$((failed + 1))
		equal "1 1 0" "$status $lines $left" "$kb kB: status, lines, files left: $text"
		matches 'No space left on device|disk is full' "$text"
	done <"$T/disks"
	between 3 5 "$failed" "disks that were too small, of 6"
}

# bats test_tags=guest-full
@test "a load that is killed leaves what the next look removes" {
	local i
	two_layers
	named
	archive
	expect 0 box -- true
	for i in 1 2 3 4 5 6 7 8; do
		timeout -s KILL "0.0$i" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" load -i "$T/layout.tar" >/dev/null 2>&1 3>&- || true
	done
	if [ "$(tare images -q web:1)" = "" ]; then # the same command looked
		equal "" "$(leftovers)"
		equal "1 3" "$(layers) $(find "$T/root/content/blobs" -type f | wc -l)" "layers and blobs"
	fi
	expect 0 tare load -i "$T/layout.tar"
	expect 0 tare run --rm web:1 cat /opt/new
	equal "" "$(leftovers)"
}
