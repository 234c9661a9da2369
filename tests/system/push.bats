# SPDX-License-Identifier: Apache-2.0
# tare push, against Debian's docker-registry; and what skopeo reads of it.
#
# shellcheck disable=SC2154,SC2034 # out, err, T and group come from helpers.bash; registry from registry.bash

load helpers
load layouts
load registry

setup() { need_registry; tare_setup; network_begin; registry_begin; two_layers; export DOCKER_CONFIG=$T/docker; }
teardown() { local status=0; tare_teardown || status=1; network_end; return $status; }

loaded() { expect 0 image load "$T/layout" "$registry/web:1"; }

@test "what is pushed keeps its digest, and others can read it" {
	local digest
	loaded
	digest=$(sha256sum <"$T/manifest" | cut -d' ' -f1)
	expect 0 tare push "$registry/web:1"
	equal "The push refers to repository [$registry/web]" "$(head -1 "$T/stdout")"
	matches ': Pushed' "$out"
	equal "1: digest: sha256:$digest size: $(stat -c %s "$T/manifest")" "$(tail -1 "$T/stdout")"
	equal "$digest" "$(digest_of "$registry/web:1")"
	copy "docker://$registry/web:1" "oci:$T/back:1"
	equal "$(jq -c . "$T/manifest")" "$(jq -c . "$T/back/blobs/sha256/$digest")"
	expect 0 tare push -q "$registry/web:1"
	equal "$registry/web:1" "$out"
	expect 0 tare rmi "$registry/web:1"
	expect 0 tare pull "$registry/web@sha256:$digest"
}

@test "a blob that the registry has is not sent again, and one of a neighbour is mounted" {
	loaded
	expect 0 tare push "$registry/web:1"
	expect 0 tare tag "$registry/web:1" "$registry/web:2"
	expect 0 tare push "$registry/web:2"
	equal 3 "$(grep -c ': Layer already exists' "$T/stdout")" "layers that were there"
	expect 0 tare tag "$registry/web:1" "$registry/other/app:1"
	expect 0 tare push "$registry/other/app:1"
	contains ": Mounted from web" "$out"
	equal 0 "$(requests 'PATCH /v2/other/app')" "uploads"
	expect 0 tare push -a "$registry/web"
	contains "1: digest: sha256:" "$out"
	contains "2: digest: sha256:" "$out"
}

@test "what cannot be pushed is said in one line" {
	expect 1 tare push "$registry/nothing:1"
	equal "tare: push $registry/nothing:1: An image does not exist locally with the tag: $registry/nothing:1" "$err"
	loaded
	expect 1 tare push -a "$registry/web:1"
	contains "tag can't be used with --all-tags/-a" "$err"
	expect 0 tare tag "$registry/web:1" 127.0.0.1:9/web:1
	expect 1 tare push 127.0.0.1:9/web:1
	contains "Failed to connect" "$err"
	equal 1 "$(grep -c '' "$T/stderr")"
}

@test "TLS with a certificate of one's own, and a password" {
	need_program openssl
	need_program htpasswd
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry.test \
		-addext subjectAltName=DNS:registry.test -keyout "$T/key" -out "$T/crt" 2>/dev/null
	htpasswd -Bbn me secret >"$T/htpasswd" 2>/dev/null
	registry_begin 5443 "  tls: {certificate: $T/crt, key: $T/key}" "auth: {htpasswd: {realm: box, path: $T/htpasswd}}"
	with_host expect 1 tare login -u me -p wrong registry.test:5443
	matches 'certificate' "$err"
	printf 'network = none\ninsecure-registry = registry.test:5443\n' >"$T/conf"
	tare_globals=(--config "$T/conf")
	with_host expect 1 tare login -u me -p wrong registry.test:5443
	contains "access denied" "$err"
	with_host expect 0 tare login -u me -p secret registry.test:5443
	contains "Login Succeeded" "$out"
	expect 0 image load "$T/layout" registry.test:5443/web:1
	with_host expect 0 tare push registry.test:5443/web:1
	expect 0 tare rmi registry.test:5443/web:1
	with_host expect 0 tare pull registry.test:5443/web:1
}

@test "a certificate of certs.d is trusted, for that registry alone" {
	need_program openssl
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry.test \
		-addext subjectAltName=DNS:registry.test -keyout "$T/key" -out "$T/crt" 2>/dev/null
	registry_begin 5443 "  tls: {certificate: $T/crt, key: $T/key}"
	expect 0 image load "$T/layout" registry.test:5443/web:1
	mkdir -p "$T/etc/tare/certs.d/registry.test:5443" "$T/etc/docker/certs.d/registry.test:5000"
	cp "$T/crt" "$T/etc/docker/certs.d/registry.test:5000/ca.crt"
	with_host expect 1 tare push registry.test:5443/web:1
	matches 'certificate' "$err"
	cp "$T/crt" "$T/etc/tare/certs.d/registry.test:5443/ca.crt"
	with_host expect 0 tare push registry.test:5443/web:1
	mkdir -p "$T/etc/docker/certs.d/registry.test:5443"
	mv "$T/etc/tare/certs.d/registry.test:5443/ca.crt" "$T/etc/docker/certs.d/registry.test:5443/"
	expect 0 tare rmi registry.test:5443/web:1
	with_host expect 0 tare pull registry.test:5443/web:1
}

need_program() { command -v "$1" >/dev/null || skip "needs $1"; }

# with_host CMD…: registry.test is 127.0.0.1, in a mount namespace with an /etc of its own: $T/etc
with_host()
{
	mkdir -p "$T/etc"
	cp /etc/nsswitch.conf /etc/passwd /etc/group "$T/etc/"
	printf '127.0.0.1 registry.test localhost\n' >"$T/etc/hosts"
	local keep=$TARE_BUILD
	printf '#!/bin/sh\nexec unshare -m sh -c '\''mount --bind %s/etc /etc; exec "$@"'\'' - %s/tare "$@"\n' "$T" "$TARE_BUILD" >"$T/tare"
	chmod +x "$T/tare"
	TARE_BUILD=$T
	"$@"
	TARE_BUILD=$keep
}

blobs() { find "$T/root/content/blobs/sha256" -type f -printf '%f\n' | sort; }
no_layer_blobs() { ! blobs | grep -qF "$(jq -r '.layers[].digest[7:]' "$T/manifest")"; }

@test "with keep-blobs = no what was unpacked is all there is of layers; save and push pack it anew, and say so" {
	local digest documents pushed
	printf 'network = none\nkeep-blobs = no\n' >"$T/conf"
	tare_globals=(--config "$T/conf")
	two_layers
	digest=$(sha256sum <"$T/manifest" | cut -d' ' -f1)
	copy "oci:$T/layout" "docker://$registry/web:1"
	expect 0 tare pull -q "$registry/web:1"
	eventually 30 no_layer_blobs
	documents=$(blobs)
	contains "$digest" "$documents"

	# it runs, and is pushed to where its layers are as it came
	expect 0 tare run --rm "$registry/web:1" cat /opt/new
	equal two "$out"
	expect 0 tare tag "$registry/web:1" "$registry/web:2"
	expect 0 tare push "$registry/web:2"
	equal "" "$err"
	equal "$digest" "$(digest_of "$registry/web:2")"

	# elsewhere it is another image of the same files
	expect 0 tare tag "$registry/web:1" "$registry/other:1"
	expect 0 tare push "$registry/other:1"
	pushed=$(digest_of "$registry/other:1")
	[ "$pushed" != "$digest" ] || fail "the same digest"
	equal "1: digest: sha256:$pushed size: $(in_net skopeo inspect --tls-verify=false --raw "docker://$registry/other:1" | wc -c)" \
		"$(tail -1 "$T/stdout")"
	matches "^tare: warning: image [0-9a-f]{12}: its layers were not kept \(keep-blobs\) and are packed anew: its digest is sha256:$pushed, not sha256:$digest$" "$err"
	equal "$documents" "$(blobs)" "what is left of packing"
	expect 0 tare save -o "$T/saved.tar" "$registry/web:1"
	matches "packed anew: its digest is sha256:$pushed" "$err"
	expect 0 tare system df
	expect 0 tare rmi "$registry/web:1" "$registry/web:2" "$registry/other:1"
	! blobs | grep -qF "$digest" || fail "its documents are still there"

	# and what was saved and pushed has the same files, for tare and for others
	expect 0 tare load -i "$T/saved.tar"
	expect 0 tare run --rm --pull never "$registry/web:1" sh -c 'cat /opt/new; ls -A /srv /opt; stat -c %a /'
	equal "two /opt: new /srv: 755" "$(xargs <<<"$out")"
	copy "docker://$registry/other:1" "oci:$T/back:1"
}
