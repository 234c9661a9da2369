# SPDX-License-Identifier: Apache-2.0
# tare pull from registries that are broken, slow, or mean it: one clear line, and the store as it was.
#
# shellcheck disable=SC2154,SC2034 # out, err, T and group come from helpers.bash; registry from registry.bash

load helpers
load layouts
load registry

setup() { need_python; tare_setup; network_begin; configure; big_layer; }
teardown() { local status=0; tare_teardown || status=1; network_end; return $status; }

# configure [SECONDS]: until a registry that says nothing is given up; a crowded machine may need some for an answer
configure()
{
	printf 'network = none\nregistry-timeout = %s\nregistry-attempts = 2\n' "${1:-30}" >"$T/conf"
	tare_globals=(--config "$T/conf")
	export DOCKER_CONFIG=$T/docker
}

# big_layer: $T/layout with a layer of 400 KB that does not shrink
big_layer()
{
	mkdir -p "$T/a"
	head -c 400000 /dev/urandom >"$T/a/noise"
	tar -cf "$T/a.tar" --owner=0 --group=0 -C "$T/a" .
	layout "$T/a.tar"
}

# behaving MODE [OTHER]: a registry on port 5000
behaving() { serve 5000 "$BATS_TEST_DIRNAME/registry-server" 5000 "$T/layout" "$@"; }

# not_pulled PATTERN: status 1, one line that matches, and the store as it was
not_pulled()
{
	local before
	before=$(store)
	expect 1 tare pull -q "$registry/web"
	equal "" "$out" stdout
	equal 1 "$(grep -c '' "$T/stderr")" "lines on stderr: $err; number"
	matches "^tare: pull $registry/web: .*$1" "$err" stderr
	equal "$before" "$(store)" "the store"
}

pulled()
{
	expect 0 tare pull "$registry/web"
	expect 0 tare run --rm --pull never "$registry/web" sha256sum /noise
	equal "$(sha256sum <"$T/a/noise" | cut -d' ' -f1)  /noise" "$out"
}

@test "a registry that breaks off is taken up where it broke" {
	behaving flaky
	pulled
	matches 'range=bytes=100000-' "$(<"$T/serve.5000")"
	matches 'range=bytes=300000-' "$(<"$T/serve.5000")"
}

@test "one that breaks off while a layer is sent is asked how far it got, and gets the rest" {
	behaving upload
	expect 0 image load "$T/layout" "$registry/web:1"
	expect 0 tare push "$registry/web:1"
	matches ': Pushed' "$out"
	matches 'PATCH .* range=0-[0-9]+' "$(<"$T/serve.5000")"
	matches 'PATCH .* range=150000-[0-9]+' "$(<"$T/serve.5000")"
	matches 'PUT /v2/web/manifests/1' "$(<"$T/serve.5000")"
}

@test "a registry that is busy is asked again" {
	behaving busy
	pulled
}

@test "wrong bytes, too many, too few: refused, and gone" {
	behaving wrong
	not_pulled 'its bytes have the digest sha256:[0-9a-f]{64}, not sha256:'
	equal "" "$(ls "$T/root/content/partial")" "partial blobs"
}

@test "a blob that is longer than it should be is refused" {
	behaving longer
	not_pulled 'blob sha256:[0-9a-f]{12} has more than the [0-9]+ bytes that the manifest says'
}

@test "a blob that always ends early is given up" {
	behaving cut
	not_pulled '(transfer closed|ended after)'
}

@test "a registry that stalls is given up, and what came of it is kept for the next time" {
	configure 1
	behaving stall
	not_pulled '(Operation too slow|timed out|Timeout)'
	serve_no_more 5000
	configure
	behaving good
	pulled
	matches 'range=bytes=[1-9]0-' "$(<"$T/serve.5000")"
}

@test "a byte every now and then is as good as nothing" {
	configure 1
	behaving slow
	not_pulled '(Operation too slow|timed out|Timeout)'
}

@test "a manifest list without an end has a ceiling" {
	behaving endless
	not_pulled 'more than 4194304 bytes'
}

@test "JSON nested 10,000 deep is refused" {
	behaving deep
	not_pulled 'manifest: .*(nested|deep|expected an object)'
}

@test "a manifest with another digest than announced is refused" {
	behaving lie
	not_pulled "its bytes have the digest sha256:[0-9a-f]{64}, not sha256:0{64}"
}

@test "what is no registry at all" {
	serve 5000 python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 5000))
s.listen()
while True:
    c, _ = s.accept()
    c.sendall(b"hello\n" * 1000)
    c.close()'
	not_pulled 'GET http://'
}

# ---- who asks ------------------------------------------------------------------------------------------------------

@test "a token service: login, pull, logout; and credentials go to no other host" {
	serve 5001 "$BATS_TEST_DIRNAME/registry-server" 5001 "$T/layout" good
	behaving redirect 5001
	not_pulled 'access denied'
	refused_with 1 "^tare: login $registry: .*access denied" bash -c '"$@" <<<wrong' - \
		nsenter -t "$network" -n "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" --config "$T/conf" \
		login -u me --password-stdin "$registry"
	[ ! -e "$T/docker" ]
	in_net "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" login -u me --password-stdin "http://$registry/v1/" <<<secret >"$T/out" 2>"$T/stderr"
	equal "Login Succeeded" "$(<"$T/out")"
	contains "WARNING! Your credentials are stored unencrypted in '$T/docker/config.json'" "$(<"$T/stderr")"
	equal 600 "$(stat -c %a "$T/docker/config.json")"
	equal "$(printf me:secret | base64)" "$(jq -r ".auths[\"$registry\"].auth" "$T/docker/config.json")"
	expect 0 tare login "$registry"
	contains "Login Succeeded" "$out"
	pulled
	contains "authorization=Bearer" "$(<"$T/serve.5000")"
	contains "/v2/web/blobs/" "$(<"$T/serve.5001")"
	equal "" "$(grep -v authorization=none "$T/serve.5001")" "what the other host was told"
	expect 0 tare logout "$registry"
	equal "Removing login credentials for $registry" "$out"
	equal '{}' "$(jq -c .auths "$T/docker/config.json")"
	expect 0 tare logout "$registry"
	equal "Not logged in to $registry" "$out"
}

@test "a credential helper is asked, and told" {
	behaving token
	mkdir -p "$T/bin" "$T/docker"
	cat >"$T/bin/docker-credential-box" <<'HELPER'
#!/bin/sh
case $1 in
get) [ -e "$0.kept" ] && cat "$0.kept" && exit; echo "credentials not found in native keychain"; exit 1 ;;
store) cat >"$0.kept" ;;
erase) rm "$0.kept" ;;
esac
HELPER
	chmod +x "$T/bin/docker-credential-box"
	PATH=$T/bin:$PATH
	echo '{"credHelpers":{"127.0.0.1:5000":"box"},"other":[1]}' >"$T/docker/config.json"
	not_pulled 'access denied'
	in_net "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" login -u me --password-stdin "$registry" <<<secret >"$T/out" 2>"$T/stderr"
	equal "Login Succeeded" "$(<"$T/out")"
	equal "" "$(<"$T/stderr")"
	equal '{"ServerURL":"127.0.0.1:5000","Username":"me","Secret":"secret"}' "$(jq -c . "$T/bin/docker-credential-box.kept")"
	equal '[1]' "$(jq -c .other "$T/docker/config.json")"
	pulled
	expect 0 tare logout "$registry"
	[ ! -e "$T/bin/docker-credential-box.kept" ]

	# what it gives may be an identity token, which is no password
	expect 0 tare rmi "$registry/web"
	echo '{"Username":"<token>","Secret":"identity"}' >"$T/bin/docker-credential-box.kept"
	pulled
	contains "POST /token authorization=none" "$(<"$T/serve.5000")"
	echo '{"auths":{"127.0.0.1:5000":{"identitytoken":"wrong"}}}' >"$T/docker/config.json"
	expect 0 tare rmi "$registry/web"
	not_pulled 'no such refresh token'
}

@test "a proxy is asked for what it is set for" {
	behaving good
	echo 'insecure-registry = registry.test' >>"$T/conf"
	HTTP_PROXY=http://$registry expect 0 tare pull -q registry.test/web
	contains "GET http://registry.test/v2/web/blobs/" "$(<"$T/serve.5000")"
	expect 0 tare rmi registry.test/web
	http_proxy=http://$registry no_proxy=registry.test expect 1 tare pull -q registry.test/web
	contains "Could not resolve host" "$err"
}

@test "login asks on a terminal, and shows no password" {
	behaving token
	in_net "$BATS_TEST_DIRNAME/on-terminal" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" login "$registry" \
		>"$T/shown" 3>&- <<-'STEPS'
		expect Username:
		send me\r
		expect Password:
		send secret\r
		expect Login Succeeded
	STEPS
	! grep -q secret "$T/shown" || fail "the password was shown: $(<"$T/shown")"
	expect 0 tare logout "$registry"
	expect 1 tare login "$registry"
	contains "Cannot perform an interactive login from a non TTY device" "$err"
	expect 1 tare login --password-stdin "$registry"
	contains "Must provide --username with --password-stdin" "$err"
	expect 1 tare login -u me -p x --password-stdin "$registry"
	contains "--password and --password-stdin are mutually exclusive" "$err"
	expect 1 tare login 'not a registry'
	contains "is not a registry" "$err"
}
