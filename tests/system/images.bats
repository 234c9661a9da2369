# SPDX-License-Identifier: Apache-2.0
# Images: the embedded one, and layouts that tare-image loads; what a container sees of their layers.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load layouts
own_image=1 # for helpers.bash
: "$own_image"

# ---- the embedded image -------------------------------------------------------------------------------------------

# bats test_tags=guest-full
@test "the embedded image is unpacked once" {
	expect 0 box -- true
	expect 0 box -- true
	equal 1 "$(layers)" layers
	equal "" "$(leftovers)"
}

@test "eight first runs at once unpack it once" {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8; do
		box -- echo "$i" >"$T/out.$i" 2>"$T/err.$i" 3>&- &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6 7 8; do
		wait "${pids[i - 1]}" || fail "run $i: $(cat "$T/err.$i")"
		equal "$i" "$(cat "$T/out.$i")"
	done
	equal 1 "$(layers)" layers
	equal "" "$(leftovers)"
}

@test "no other image is embedded" {
	expect 2 image load-embedded nginx
	equal "tare-image: nginx: not an embedded image; the one there is: busybox" "$err"
	refused "^tare: .*Unable to find image 'nginx:latest' locally" tare run --pull never --rm nginx true
}

# ---- layouts ------------------------------------------------------------------------------------------------------

@test "a container sees the merge of its image's layers" {
	two_layers
	expect 0 image load "$T/layout" web:1
	equal "Loaded image: web:1" "$out"
	expect 0 tare run --rm web:1 sh -c 'ls /srv; cat /opt/new; ls /opt; id -u'
	equal $'two\nnew\n0' "$out"
}

@test "setuid programs keep their bit" {
	two_layers
	layout "$T/a.tar"
	expect 0 image load "$T/layout" web:1
	expect 0 tare run --rm web:1 stat -c %a /opt/su
	equal 4755 "$out"
}

@test "layers that images share are unpacked once" {
	two_layers
	expect 0 box -- true
	expect 0 image load "$T/layout" web:1
	expect 0 image load "$T/layout" web:2
	equal 3 "$(layers)" layers
}

@test "an archive comes from a file or from standard input, packed or not" {
	two_layers
	tar -cf "$T/layout.tar" -C "$T/layout" .
	expect 0 image load "$T/layout.tar" web:1
	gzip -c "$T/layout.tar" | image load - web:2 >"$T/out"
	equal "Loaded image: web:2" "$(cat "$T/out")"
	expect 0 tare run --rm web:2 cat /opt/new
	equal two "$out"
}

@test "a damaged layer is refused and leaves nothing" {
	local blob
	two_layers
	blob=$T/layout/blobs/sha256/$(jq -r '.layers[2].digest[7:]' "$T/manifest")
	head -c 100 "$blob" >"$T/cut"
	cp "$T/cut" "$blob"
	expect 1 image load "$T/layout" web:1
	matches "^tare-image: load $T/layout: layer 3 \(sha256:[0-9a-f]{12}\): .*its bytes have the digest sha256:" "$err"
	equal 1 "$(wc -l <"$T/stderr")"
	equal 0 "$(layers)" layers
	equal "" "$(leftovers)"
	equal "" "$(ls "$T/root/content/blobs/sha256")" blobs
}

@test "an entry that climbs out of its layer is refused" {
	two_layers
	tar -cPf "$T/evil.tar" --transform 's|.*|../../../tmp/tare-evil|' -C "$T/a" srv/gone
	layout "$T/evil.tar"
	expect 1 image load "$T/layout" web:1
	contains "entry ../../../tmp/tare-evil: the name leads out of the layer" "$err"
	[ ! -e /tmp/tare-evil ]
	equal 0 "$(layers)" layers
}

@test "a load that is killed is finished by the next" {
	local i
	two_layers
	for i in 1 2 3 4 5 6; do
		timeout -s KILL "0.0$i" "$TARE_BUILD/tare-image" --root "$T/root" --state "$T/state" load "$T/layout" web:1 >/dev/null 2>&1 || true
	done
	expect 0 image load "$T/layout" web:1
	equal 3 "$(layers)" layers
	equal "" "$(leftovers)"
	expect 0 tare run --rm web:1 cat /opt/new
}

@test "tare load and tare images" {
	two_layers
	tar -cf "$T/layout.tar" -C "$T/layout" .
	tare load <"$T/layout.tar" >"$T/out"
	matches '^Loaded image ID: sha256:[0-9a-f]{64}$' "$(cat "$T/out")"
	expect 0 box -- true
	expect 0 tare images
	matches $'^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\nbusybox +latest +[0-9a-f]{12} +.* ago +[0-9.]+MB\n<none> +<none> ' "$out"
	equal 2 "$(tare images -q | wc -l)"
	equal busybox "$(tare images --format json busybox | jq -r .Repository)"
	equal "" "$(tare images -q busybox:none)"
	expect 1 tare load -i "$T/nothing"
	equal "tare: load $T/nothing: No such file or directory" "$err"
}

@test "images: formats, digests, filters" {
	local manifest
	two_layers
	reconfigure '.config.Labels = {"tier":"web"} | .created = "2020-05-06T07:08:09Z"'
	manifest=$(sha256sum <"$T/manifest" | cut -d' ' -f1)
	expect 0 image load "$T/layout" example.org/web/app:1
	expect 0 image load "$T/layout" web:2
	expect 0 box -- true
	names() { tare images --format '{{.Repository}}:{{.Tag}}' "$@" | sort | xargs; }
	equal "busybox:latest example.org/web/app:1 web:2" "$(names)"
	equal "web:2" "$(names web)"
	equal "example.org/web/app:1 web:2" "$(names --filter 'reference=*/*/app' --filter reference=web:2)"
	equal "" "$(names --filter 'reference=*/app')"
	equal "example.org/web/app:1 web:2" "$(names --filter label=tier=web)"
	equal "" "$(names --filter label=tier=web --filter label=none)"
	equal "example.org/web/app:1 web:2" "$(names --filter before=busybox)"
	equal "busybox:latest" "$(names --filter since=web:2)"
	equal "" "$(names --filter dangling=true)"
	expect 0 tare images --digests --no-trunc web
	matches $'^REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE\nweb +2 +'"sha256:$manifest sha256:[0-9a-f]{64}" "${out//  / }"
	equal "2020-05-06 07:08:09 +0000 UTC" "$(tare images --format json web:2 | jq -r .CreatedAt)"
	equal 2 "$(tare images -q | wc -l)"
	equal $'TAG     REPOSITORY\nlatest  busybox' "$(tare images --format 'table {{.Tag}}\t{{.Repository}}' busybox)"
	expect 1 tare images --filter colour=red
	matches "^tare: --filter colour=red: invalid filter 'colour' \\(before, dangling, label, reference, since\\)$" "$err"
	expect 1 tare images --filter before=nothing
	equal "tare: No such image: nothing:latest" "$err"
	expect 1 tare images --format '{{.Nothing}}'
	matches '^tare: --format \{\{.Nothing\}\}: ' "$err"
}

@test "wrong use says how" {
	expect 1 image
	contains "usage: tare-image" "$err"
	expect 1 image load
	contains "usage: tare-image load" "$err"
	expect 1 image --root
	equal "tare-image: --root needs a directory" "$err"
	expect 1 image --bogus x load y
	equal "tare-image: unknown option --bogus" "$err"
	expect 1 image load "$T/nothing"
	equal "tare-image: load $T/nothing: No such file or directory" "$err"
}
