# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # T, group come from helpers.bash
# Images by hand: OCI layouts in $T/layout, upon the embedded image, and what the store holds of them.

image() { "$TARE_BUILD/tare-image" --root "$T/root" --state "$T/state" "$@"; }

# blob FILE: keep it in the layout under its digest, which is printed
blob()
{
	local digest
	digest=$(sha256sum <"$1" | cut -d' ' -f1)
	cp "$1" "$T/layout/blobs/sha256/$digest"
	echo "$digest"
}

# descriptor TYPE FILE: JSON; the blob is kept
descriptor() { printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%d}' "$1" "$(blob "$2")" "$(stat -c %s "$2")"; }

# layout LAYER.tar…: an OCI layout $T/layout of these layers upon the embedded image's; $configure is a jq filter for its
# configuration
layout()
{
	local tar layers='' ids=''
	mkdir -p "$T/layout/blobs/sha256" "$T/bare"
	tar -xf "$TARE_BUILD/src/image/busybox.oci.tar" -C "$T/bare"
	tar -xf "$TARE_BUILD/src/image/busybox.oci.tar" -C "$T/layout" --wildcards './blobs/sha256/*'
	local manifest config
	manifest=$T/bare/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$T/bare/index.json")
	config=$T/bare/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")
	for tar in "$@"; do
		ids+=",\"sha256:$(sha256sum <"$tar" | cut -d' ' -f1)\""
		gzip -n -c "$tar" >"$T/packed"
		layers+=,$(descriptor layer.v1.tar+gzip "$T/packed")
	done
	jq -c ".rootfs.diff_ids += [${ids#,}] | ${configure:-.}" "$config" >"$T/config"
	jq -c ".layers += [${layers#,}] | .config = $(descriptor config.v1+json "$T/config")" "$manifest" >"$T/manifest"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$T/layout/oci-layout"
	printf '{"schemaVersion":2,"manifests":[%s]}' "$(descriptor manifest.v1+json "$T/manifest")" >"$T/layout/index.json"
}

# reconfigure JQ: the config is changed, and the manifest and the index with it
reconfigure()
{
	jq -c "$1" "$T/config" >"$T/config.new" && mv "$T/config.new" "$T/config"
	jq -c ".config = $(descriptor config.v1+json "$T/config")" "$T/manifest" >"$T/manifest.new" && mv "$T/manifest.new" "$T/manifest"
	printf '{"schemaVersion":2,"manifests":[%s]}' "$(descriptor manifest.v1+json "$T/manifest")" >"$T/layout/index.json"
}

# two_layers: a file, a folder, a program of a user; then one is gone, one is new, one hides what was in it
two_layers()
{
	mkdir -p "$T/a/srv/old" "$T/a/opt" "$T/b/srv" "$T/b/opt"
	echo one >"$T/a/srv/gone"
	echo one >"$T/a/srv/old/x"
	echo one >"$T/a/opt/hidden"
	cp /bin/busybox "$T/a/opt/su"
	chmod 4755 "$T/a/opt/su"
	touch "$T/b/srv/.wh.gone" "$T/b/srv/.wh.old" "$T/b/opt/.wh..wh..opq"
	echo two >"$T/b/opt/new"
	tar -cf "$T/a.tar" --owner=0 --group=0 -C "$T/a" .
	tar -cf "$T/b.tar" --owner=0 --group=0 -C "$T/b" .
	layout "$T/a.tar" "$T/b.tar"
}

layers() { find "$T/root/layers" -mindepth 1 -maxdepth 1 -name '[1-9]*' | wc -l; }

leftovers() { find "$T/root/layers" "$T/root/content" -mindepth 1 -maxdepth 1 -name '*.*'; }
