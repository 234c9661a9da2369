# SPDX-License-Identifier: Apache-2.0
# Images that others make: layouts and archives of umoci, skopeo, buildah and podman, from a root file system with busybox in it.
#
# The tools work in a mount and pid namespace of their own with /run and /dev/shm of their own, and keep their images (driver vfs)
# in this file's folder.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
own_image=1 # for helpers.bash: no other image is needed
: "$own_image"

need_tool() { command -v "$1" >/dev/null || skip "$1 is not installed"; }

# foreign SCRIPT: with bash in $BATS_FILE_TMPDIR; $buildah and $podman are the commands with their folders
foreign()
{
	local store="--root $BATS_FILE_TMPDIR/store --runroot /run/work/runroot --storage-driver vfs"
	buildah="buildah $store" podman="podman $store --events-backend none --cgroup-manager cgroupfs" \
		unshare -mpf --mount-proc --propagation private bash -euo pipefail -c '
		mount -t tmpfs tmpfs /run
		mount -t tmpfs tmpfs /dev/shm
		mkdir /run/work
		export HOME=/run/work XDG_RUNTIME_DIR=/run/work TMPDIR=/run/work BUILDAH_ISOLATION=chroot
		cd "$0"
		eval "$1"' "$BATS_FILE_TMPDIR" "$1" >"$T/log" 2>&1 3>&- || fail "$1" "$(tail -n 20 "$T/log")"
}

# root_tree: $BATS_FILE_TMPDIR/root, with links of both kinds, owners, a device and bits
root_tree()
{
	local d=$BATS_FILE_TMPDIR/root name
	[ ! -d "$d" ] || return 0
	mkdir -p "$d/bin" "$d/old" "$d/kept"
	cp /bin/busybox "$d/bin/"
	for name in sh cat ls stat id; do ln -s busybox "$d/bin/$name"; done
	echo hidden >"$d/old/x"
	echo gone >"$d/gone"
	echo twice >"$d/kept/one"
	ln "$d/kept/one" "$d/kept/two"
	chown 7:8 "$d/kept"
	mknod "$d/kept/zero" c 1 5
	cp /bin/busybox "$d/bin/special"
	chmod 4755 "$d/bin/special"
	ln -s ../../../../etc/passwd "$d/kept/climbs"
}

load_it() # PATH WANT…: `tare load -i` says so
{
	local path=$BATS_FILE_TMPDIR/$1
	shift
	expect 0 tare load -i "$path"
	equal "$(printf '%s\n' "$@")" "$out" "of load -i $path"
}

seen_in() # IMAGE: what root_tree made is there
{
	expect 0 tare run --rm "$1" sh -c 'cat /kept/two; stat -c "%h %u:%g" /kept/one /kept; stat -c "%a %F" /bin/special; stat -c "%F %t:%T" /kept/zero'
	equal $'twice\n2 0:0\n2 7:8\n4755 regular file\ncharacter special file 1:5' "$out" "of $1"
}

changed_in() # IMAGE: the second layer took one file and one folder, and made the folder anew
{
	expect 0 tare run --rm "$1" sh -c 'ls /old; cat /old/new; ls -d /gone 2>/dev/null; echo "$A"'
	equal $'new\nsecond layer\nfrom the image' "$out" "of $1"
}

# umoci_layout: $BATS_FILE_TMPDIR/umoci with the tags one and two
umoci_layout()
{
	need_tool umoci
	root_tree
	[ -d "$BATS_FILE_TMPDIR/umoci" ] || foreign '
		umoci init --layout umoci
		umoci new --image umoci:one
		umoci unpack --image umoci:one bundle
		cp -a root/. bundle/rootfs/
		umoci repack --image umoci:one bundle
		rm -rf bundle
		umoci unpack --image umoci:one bundle
		rm -r bundle/rootfs/old bundle/rootfs/gone
		mkdir bundle/rootfs/old
		echo "second layer" >bundle/rootfs/old/new
		umoci repack --image umoci:two bundle
		umoci config --image umoci:two --config.env "A=from the image" --config.cmd sh'
}

@test "a layout that umoci made: two images, the second of two layers" {
	local ids
	umoci_layout
	expect 0 tare load -i "$BATS_FILE_TMPDIR/umoci"
	matches $'^Loaded image ID: sha256:[0-9a-f]{64}\nLoaded image ID: sha256:[0-9a-f]{64}$' "$out"
	mapfile -t ids < <(sed 's/.*: sha256://' <<<"$out")
	seen_in "${ids[0]:0:12}"
	seen_in "${ids[1]:0:12}"
	expect 1 tare run --rm "${ids[1]}" sh -c 'cat /old/* /gone 2>&1'
	equal $'second layer\ncat: can\'t open \'/gone\': No such file or directory' "$out"
}

@test "archives that skopeo made of it: OCI, Docker's, packed with zstd" {
	need_tool skopeo
	umoci_layout
	foreign '
		skopeo --insecure-policy copy -q oci:umoci:two oci-archive:skopeo-oci.tar:example.org/skopeo:oci
		skopeo --insecure-policy copy -q oci:umoci:two docker-archive:skopeo-docker.tar:skopeo/docker:1
		skopeo --insecure-policy copy -q --dest-compress-format zstd oci:umoci:two oci:zstd:skopeo/zstd:1'
	load_it skopeo-oci.tar "Loaded image: example.org/skopeo:oci"
	load_it skopeo-docker.tar "Loaded image: skopeo/docker:1"
	LC_ALL=C grep -lrP '\A\x28\xb5\x2f\xfd' "$BATS_FILE_TMPDIR/zstd/blobs" >/dev/null || fail "no blob is zstd"
	load_it zstd "Loaded image: skopeo/zstd:1"
	equal 1 "$(tare images -q | wc -l)" "images: it is the same one"
	equal 2 "$(find "$T/root/layers" -mindepth 1 -maxdepth 1 -name '[1-9]*' | wc -l)" "layers"
	changed_in example.org/skopeo:oci
	changed_in skopeo/docker:1
	changed_in skopeo/zstd:1
}

# buildah_image: buildah/it:1 in the store
buildah_image()
{
	need_tool buildah
	root_tree
	[ -d "$BATS_FILE_TMPDIR/store" ] || foreign '
		c=$($buildah from scratch)
		m=$($buildah mount "$c")
		cp -a root/. "$m"
		$buildah umount "$c"
		$buildah config --cmd sh --label maker=buildah "$c"
		$buildah commit -q --format docker "$c" buildah/it:1'
}

@test "archives that buildah made: Docker's and OCI" {
	buildah_image
	foreign '
		$buildah push -q buildah/it:1 docker-archive:buildah-docker.tar:buildah/docker:1
		$buildah push -q buildah/it:1 oci-archive:buildah-oci.tar:buildah/oci:1'
	expect 0 tare load -i "$BATS_FILE_TMPDIR/buildah-docker.tar"
	contains "Loaded image: buildah/docker:1" "$out"
	load_it buildah-oci.tar "Loaded image: buildah/oci:1"
	seen_in buildah/docker:1
	seen_in buildah/oci:1
	equal "buildah/docker:1 buildah/oci:1" "$(tare images --filter label=maker=buildah --format '{{.Repository}}:{{.Tag}}' 'buildah/*' | sort | xargs)"
}

@test "archives and a folder that podman saved, several names in one" {
	need_tool podman
	buildah_image
	foreign '
		$podman tag buildah/it:1 podman/it:1
		$podman save -q -m -o podman-docker.tar buildah/it:1 podman/it:1
		$podman save -q --format oci-archive -o podman-oci.tar podman/it:1
		$podman save -q --format oci-dir -o podman-dir podman/it:1'
	load_it podman-docker.tar "Loaded image: localhost/buildah/it:1" "Loaded image: localhost/podman/it:1"
	seen_in localhost/podman/it:1
	expect 0 tare rmi localhost/buildah/it:1 localhost/podman/it:1
	load_it podman-oci.tar "Loaded image: localhost/podman/it:1"
	load_it podman-dir "Loaded image: localhost/podman/it:1"
	seen_in localhost/podman/it:1
}

# written: $BATS_FILE_TMPDIR/tare.tar, what tare saved of a layout and of a container that was committed
written()
{
	expect 0 tare run --name changed "$1" sh -c 'echo more >/kept/three; rm /kept/two'
	expect 0 tare commit changed written/it:2
	expect 0 tare rm changed
	expect 0 tare tag "$1" written/it:1
	expect 0 tare save -o "$BATS_FILE_TMPDIR/tare.tar" written/it
}

@test "what tare wrote is read by podman and buildah, and by docker in a soak" {
	local ids
	need_tool podman
	need_tool buildah
	umoci_layout
	expect 0 tare load -q -i "$BATS_FILE_TMPDIR/umoci"
	mapfile -t ids < <(sed 's/.*: sha256://' <<<"$out")
	written "${ids[1]}"
	foreign '
		$podman load -q -i tare.tar
		$podman images --format "{{.Names}}" | grep -q written/it:1
		m=$($podman image mount written/it:2)
		[ "$(cat $m/kept/three $m/kept/one)" = "$(printf "more\ntwice")" ] && [ ! -e $m/kept/two ]
		c=$($buildah from --pull-never written/it:1)
		m=$($buildah mount $c)
		[ "$(cat $m/old/new)" = "second layer" ] && [ "$(stat -c %u:%g $m/kept)" = 7:8 ]'
	[ "${TARE_SOAK:-0}" != 0 ] && command -v dockerd >/dev/null || return 0
	foreign '
		dockerd --data-root $PWD/docker --exec-root /run/work/docker -p /run/work/docker.pid -H unix:///run/work/docker.sock \
			--bridge none --iptables=false --ip6tables=false --ip-forward=false --storage-driver vfs &
		trap "kill %1; wait" EXIT
		docker="docker -H unix:///run/work/docker.sock"
		timeout 60 sh -c "until $docker info; do sleep 0.2; done"
		$docker load -i tare.tar
		[ "$($docker image inspect -f "{{len .RootFS.Layers}}" written/it:2)" = 3 ]
		$docker create --name changed written/it:2
		[ "$($docker cp changed:/kept/three - | tar -xO)" = more ]
		$docker commit changed docker/it:3
		$docker save -o docker.tar docker/it:3'
	expect 0 tare load -q -i "$BATS_FILE_TMPDIR/docker.tar"
	expect 0 tare run --rm docker/it:3 cat /kept/three /old/new
	equal $'more\nsecond layer' "$out"
}
