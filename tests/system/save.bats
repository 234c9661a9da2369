# SPDX-License-Identifier: Apache-2.0
# tare save, history and diff: what others read of what tare writes.
#
# shellcheck disable=SC2154,SC2034 # out, err, T and group come from helpers.bash

load helpers
load layouts

need_program() { command -v "$1" >/dev/null || skip "needs $1"; }

loaded() { two_layers; expect 0 image load "$T/layout" team/web:1; }

@test "what is saved has the digests that were loaded, and loads again" {
	local id digest
	loaded
	id=$(tare image inspect -f '{{.Id}}' team/web:1)
	digest=$(sha256sum <"$T/manifest" | cut -c -64)
	tare save team/web:1 >"$T/saved.tar" 2>"$T/stderr"
	tar -tf "$T/saved.tar" >"$T/names"
	for name in oci-layout index.json manifest.json "blobs/sha256/$digest" "blobs/sha256/${id#sha256:}"; do
		grep -qx "$name" "$T/names" || fail "$name is missing: $(<"$T/names")"
	done
	equal "[\"team/web:1\"]" "$(tar -xOf "$T/saved.tar" manifest.json | jq -c '.[0].RepoTags')"
	expect 0 tare rmi team/web:1
	expect 0 tare load -i "$T/saved.tar"
	equal "Loaded image: team/web:1" "$out"
	equal "$id" "$(tare image inspect -f '{{.Id}}' team/web:1)"
	expect 0 tare run --rm --pull never team/web:1 cat /opt/new
	equal two "$out"
}

@test "a file with several images: each blob once, all tags of a repository, the same bytes each time" {
	loaded
	expect 0 tare tag team/web:1 team/web:2
	expect 0 tare save -o "$T/a.tar" team/web busybox
	equal "" "$out"
	echo old >"$T/b.tar"
	expect 0 tare save --output "$T/b.tar" team/web busybox
	cmp "$T/a.tar" "$T/b.tar"
	equal "" "$(tar -tf "$T/a.tar" | sort | uniq -d)"
	equal '[["team/web:1","team/web:2"],["busybox:latest"]]' "$(tar -xOf "$T/a.tar" manifest.json | jq -c '[.[].RepoTags | sort]')"
	equal "" "$(find "$T" -maxdepth 1 -name '*.tmp-*')"
}

@test "skopeo, umoci and podman read it" {
	need_program skopeo
	need_program umoci
	loaded
	expect 0 tare save -o "$T/saved.tar" team/web:1
	expect 0 skopeo copy -q "docker-archive:$T/saved.tar" "oci:$T/back:1"
	expect 0 umoci unpack --image "$T/back:1" "$T/bundle"
	equal two "$(<"$T/bundle/rootfs/opt/new")"
	expect 0 skopeo inspect --raw "oci-archive:$T/saved.tar"
	equal "$(sha256sum <"$T/manifest")" "$(sha256sum <"$T/stdout")"
}

@test "what cannot be saved is said in one line, and leaves no file" {
	loaded
	expect 1 tare save -o "$T/no/such/file" team/web:1
	equal "tare: invalid output path: directory \"$T/no/such\" does not exist" "$err"
	mkfifo "$T/odd" # a rename would take its place, and that of /dev/null
	expect 1 tare save -o "$T/odd" team/web:1
	equal "tare: invalid output path: \"$T/odd\" must be a directory or a regular file: got an irregular file" "$err"
	[ -p "$T/odd" ] || fail "something else stands there"
	expect 1 tare save -o "$T/x.tar" nothing
	contains "No such image: nothing:latest" "$err"
	[ ! -e "$T/x.tar" ]
	rm "$T"/root/content/blobs/sha256/"$(jq -r '.config.digest[7:]' "$T/manifest")"
	expect 1 tare save -o "$T/x.tar" team/web:1
	contains "blob sha256:" "$err"
	equal "" "$(find "$T" -maxdepth 1 -name 'x.tar*')"
	script -qec "$TARE_BUILD/tare --root $T/root --state $T/state save team/web:1" /dev/null >"$T/seen" </dev/null 3>&- || true
	contains "cowardly refusing to save to a terminal" "$(<"$T/seen")"
}

@test "history: the newest step first, with the size of its layer" {
	two_layers
	configure='.history = [{created: "2020-01-01T00:00:00Z", created_by: "base"}, {created: "2021-01-01T00:00:00Z", created_by: "ENV A=1", empty_layer: true, comment: "a word"}, {created: "2022-01-01T00:00:00Z", created_by: "COPY a b c d e f g h i j k l m n o p q r s t u v w x y z /"}]'
	layout "$T/a.tar"
	expect 0 image load "$T/layout" team/web:1
	expect 0 tare history team/web:1
	matches $'^IMAGE +CREATED +CREATED BY +SIZE +COMMENT\n[0-9a-f]{12} +[0-9]+ years ago +COPY a b .*… +[0-9.]+[kM]B *\n<missing> +[0-9]+ years ago +ENV A=1 +0B +a word\n<missing> +[0-9]+ years ago +base +[0-9.]+MB' "$out"
	expect 0 tare history -q --no-trunc team/web:1
	equal "$(tare image inspect -f '{{.Id}}' team/web:1)" "$(head -1 "$T/stdout")"
	expect 0 tare image history -H=false --format '{{.CreatedAt}} {{.Size}}' team/web:1
	equal "2021-01-01T00:00:00Z 0" "$(sed -n 2p "$T/stdout")"
	expect 1 tare history nothing
	equal "tare: No such image: nothing:latest" "$err"
}

@test "diff: what was added, changed and deleted" {
	loaded
	expect 0 tare run --name web --pull never team/web:1 sh -c 'rm /opt/new; echo x >/srv/more; mkdir /new; echo y >/new/file; chmod 700 /bin/busybox'
	expect 0 tare diff web
	equal $'C /bin\nC /bin/busybox\nA /new\nA /new/file\nC /opt\nD /opt/new\nC /srv\nA /srv/more' "$out"
	expect 0 tare create --name still --pull never team/web:1 true
	expect 0 tare container diff still
	equal "" "$out"
	expect 1 tare diff nobody
	contains "No such container: nobody" "$err"
}
