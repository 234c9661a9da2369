# SPDX-License-Identifier: Apache-2.0
# tare pull, against Debian's docker-registry: what is fetched, what is told, and what is kept.
#
# shellcheck disable=SC2154,SC2034 # out, err, T and group come from helpers.bash; registry from registry.bash

load helpers
load layouts
load registry

setup() { need_registry; tare_setup; network_begin; registry_begin; }
teardown() { local status=0; tare_teardown || status=1; network_end; return $status; }

# pushed NAME: the image of layouts.bash's two_layers in the registry
pushed()
{
	[ -d "$T/layout" ] || two_layers
	copy "oci:$T/layout" "docker://$registry/$1"
}

@test "an image comes with its layers and its digest, and runs" {
	local layer
	pushed team/web:1
	layer=$(jq -r '.layers[2].digest[7:19]' "$T/manifest")
	expect 0 tare pull "$registry/team/web:1"
	equal "1: Pulling from team/web" "$(head -1 "$T/stdout")"
	contains "$layer: Pulling fs layer" "$out"
	contains "$layer: Download complete" "$out"
	contains "$layer: Pull complete" "$out"
	contains "Digest: sha256:$(digest_of "$registry/team/web:1")" "$out"
	equal "Status: Downloaded newer image for $registry/team/web:1"$'\n'"$registry/team/web:1" "$(tail -2 "$T/stdout")"
	expect 0 tare run --rm --pull never "$registry/team/web:1" cat /opt/new
	equal two "$out"
	equal "" "$(leftovers)"
	equal "" "$(ls "$T/root/content/partial")" "partial blobs"
}

@test "what is there is not fetched again" {
	pushed web:1
	expect 0 tare pull "$registry/web:1"
	eventually 5 requested 3 'GET /v2/web/blobs'
	expect 0 tare pull "$registry/web:1"
	contains ": Already exists" "$out"
	contains "Status: Image is up to date for $registry/web:1" "$out"
	equal 3 "$(requests 'GET /v2/web/blobs')" "blobs fetched"
}

@test "a digest as a name, all tags, and the name alone when it is quiet" {
	local digest
	pushed web:1
	pushed web:2
	digest=$(digest_of "$registry/web:1")
	expect 0 tare pull -q "$registry/web@sha256:$digest"
	equal "$registry/web@sha256:$digest" "$out"
	expect 0 tare run --rm --pull never "$registry/web@sha256:$digest" cat /opt/new
	equal two "$out"
	expect 0 tare pull -a "$registry/web"
	expect 0 tare images --format '{{.Repository}}:{{.Tag}}' "$registry/web"
	contains "$registry/web:1" "$out"
	contains "$registry/web:2" "$out"
	expect 1 tare pull -a "$registry/web:1"
	contains "tag can't be used with --all-tags/-a" "$err"
}

@test "of an image for several platforms, the one for this or the one that was asked for" {
	local arch
	two_layers
	for arch in amd64 arm64 s390x; do
		reconfigure ".architecture = \"$arch\" | .config.Labels.arch = \"$arch\""
		cp "$T/manifest" "$T/manifest.$arch"
	done
	{
		printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":['
		for arch in amd64 arm64 s390x; do
			[ $arch = amd64 ] || printf ,
			descriptor manifest.v1+json "$T/manifest.$arch" | jq -c ".platform = {os: \"linux\", architecture: \"$arch\"}"
		done
		printf ']}'
	} >"$T/index"
	printf '{"schemaVersion":2,"manifests":[%s]}' "$(descriptor index.v1+json "$T/index")" >"$T/layout/index.json"
	copy --all "oci:$T/layout" "docker://$registry/web:1"
	expect 0 tare pull --platform linux/aarch64 "$registry/web:1"
	contains "Digest: sha256:$(digest_of "$registry/web:1")" "$out"
	equal arm64 "$(tare image inspect -f '{{.Config.Labels.arch}}' "$registry/web:1")"
	equal "[\"$registry/web@sha256:$(digest_of "$registry/web:1")\"]" "$(tare image inspect -f '{{json .RepoDigests}}' "$registry/web:1")"
	tare image inspect "$registry/web@sha256:$(digest_of "$registry/web:1")" >/dev/null
	expect 0 tare pull "$registry/web:1"
	equal "$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')" "$(tare image inspect -f '{{.Config.Labels.arch}}' "$registry/web:1")"
	expect 1 tare pull --platform linux/riscv64 "$registry/web:1"
	contains "no matching manifest for linux/riscv64 in the manifest list entries" "$err"
	expect 1 tare pull --platform penguin "$registry/web:1"
	contains "invalid platform" "$err"
}

@test "run and create pull what is missing, always or never" {
	pushed web:1
	expect 125 tare run --rm --pull never "$registry/web:1" true
	matches "^tare: Unable to find image '$registry/web:1' locally$" "$err"
	expect 0 tare run --rm "$registry/web:1" cat /opt/new
	equal two "$out"
	contains "Unable to find image '$registry/web:1' locally" "$err"
	contains "Status: Downloaded newer image for $registry/web:1" "$err"
	expect 0 tare run --rm "$registry/web:1" true
	equal "" "$err"
	reconfigure '.config.Labels.second = "yes"'
	pushed web:1
	expect 0 tare run --rm -q --pull always "$registry/web:1" true
	equal "" "$out$err"
	equal yes "$(tare image inspect -f '{{.Config.Labels.second}}' "$registry/web:1")"
	refused "^tare: Unable to find image '$registry/web:9' locally: http://.*/manifests/9: not found" \
		tare run --rm "$registry/web:9" true
	refused "^tare: Unable to find image '127.0.0.1:9/web:latest' locally: GET http" tare run --rm 127.0.0.1:9/web true
}

@test "docker.io is asked at its mirrors first, and a mirror that fails is passed over" {
	pushed library/web:latest
	printf 'network = none\nregistry-mirror = docker.io http://127.0.0.1:9\nregistry-mirror = docker.io http://%s\n' "$registry" >"$T/conf"
	tare_globals=(--config "$T/conf")
	expect 0 tare pull web
	equal "Using default tag: latest"$'\n'"latest: Pulling from library/web" "$(head -2 "$T/stdout")"
	equal "docker.io/library/web:latest" "$(tail -1 "$T/stdout")"
	expect 0 tare run --rm --pull never web cat /opt/new
}

@test "progress on a terminal is a line for each layer that changes in place" {
	pushed web:1
	in_net script -qec "$TARE_BUILD/tare --root $T/root --state $T/state pull $registry/web:1" /dev/null >"$T/shown" </dev/null 3>&-
	contains $'\033[' "$(<"$T/shown")"
	contains ": Pull complete" "$(<"$T/shown")"
}

# ---- what ends in the middle, and what goes on at the same time ---------------------------------------------------

# noisy N: N layers of 300 KB that do not shrink, pushed as $registry/noisy
noisy()
{
	local i tars=()
	for i in $(seq "$1"); do
		mkdir -p "$T/n$i"
		head -c 300000 /dev/urandom >"$T/n$i/noise$i"
		tar -cf "$T/n$i.tar" --owner=0 --group=0 -C "$T/n$i" .
		tars+=("$T/n$i.tar")
	done
	layout "${tars[@]}"
	pushed noisy
}

@test "a pull that is killed is finished by the next, and nothing but its image is there" {
	local i
	noisy 4
	for i in 1 2 3 4 5 6 7 8; do
		in_net timeout -s KILL "0.0$i" "$TARE_BUILD/tare" --root "$T/root" --state "$T/state" pull "$registry/noisy" >/dev/null 2>&1 || true
	done
	expect 0 tare pull "$registry/noisy"
	expect 0 tare run --rm --pull never "$registry/noisy" sha256sum /noise1 /noise4
	equal "$(cat "$T/n1/noise1" | sha256sum | cut -c -64) $(cat "$T/n4/noise4" | sha256sum | cut -c -64)" \
		"$(cut -c -64 "$T/stdout" | tr '\n' ' ' | sed 's/ $//')"
	equal "" "$(leftovers)"
	equal 5 "$(layers)" layers
	equal "" "$(ls "$T/root/content/partial")" "partial blobs"
	expect 0 tare rmi "$registry/noisy"
	equal 1 "$(layers)" layers
}

@test "parts that an earlier pull left are damaged, all of them: each is fetched from nothing" {
	local blob
	noisy 6
	expect 0 tare images
	mkdir -p "$T/root/content/partial"
	for blob in $(in_net skopeo inspect --raw --tls-verify=false "docker://$registry/noisy" | jq -r '.config, .layers[1:][] | .digest[7:]'); do
		head -c 100000 /dev/zero >"$T/root/content/partial/$blob"
	done
	equal 7 "$(ls "$T/root/content/partial" | wc -l)" "damaged parts"
	expect 0 tare pull -q "$registry/noisy"
	expect 0 tare run --rm --pull never "$registry/noisy" sha256sum /noise1 /noise6
	equal "$(sha256sum <"$T/n1/noise1" | cut -c -64) $(sha256sum <"$T/n6/noise6" | cut -c -64)" \
		"$(cut -c -64 "$T/stdout" | tr '\n' ' ' | sed 's/ $//')"
	equal "" "$(ls "$T/root/content/partial")" "partial blobs"
}

# PULL_STORM: how many at a time (20; 200 in a soak)
@test "pulls, runs and removals of one image at once: no damage, and each blob is fetched once" {
	local i pids=() storm=${PULL_STORM:-20}
	[ "${TARE_SOAK:-0}" = 0 ] || storm=200
	noisy 3
	for i in $(seq $((storm * 2 / 5))); do
		tare pull "$registry/noisy" >"$T/out.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in $(seq $((storm * 2 / 5))); do
		wait "${pids[i - 1]}" || fail "pull $i: $(cat "$T/out.$i")"
	done
	eventually 5 requested 4 'GET /v2/noisy/blobs' || fail "blobs fetched: $(requests 'GET /v2/noisy/blobs')"
	pids=()
	for i in $(seq $((storm / 5))); do
		tare pull -q "$registry/noisy" >>"$T/log" 2>&1 3>&- &
		pids+=($!)
		tare rmi "$registry/noisy" >>"$T/log" 2>&1 3>&- &
		pids+=($!)
		tare run --rm -q "$registry/noisy" true >>"$T/log" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}" || true
	! grep -vE "^(Untagged|Deleted): |^$registry/noisy:latest$|No such image: |is using its referenced image|being used by" \
		"$T/log" || fail "unexpected: $(cat "$T/log")"
	expect 0 tare pull "$registry/noisy"
	expect 0 tare run --rm --pull never "$registry/noisy" cat /noise3
	equal "" "$(leftovers)"
}

@test "a full disk is said in one line, leaves what was there, and the next pull goes on" {
	noisy 4
	export network registry
	private_mounts full_disk
}

full_disk()
{
	mkdir "$T/disk"
	mount -t tmpfs -o size=4m tmpfs "$T/disk"
	nsenter -t "$network" -n "$TARE_BUILD/tare" --root "$T/disk/root" --state "$T/s" images >/dev/null
	dd if=/dev/zero of="$T/disk/fill" bs=1k count=2900 status=none
	! nsenter -t "$network" -n "$TARE_BUILD/tare" --root "$T/disk/root" --state "$T/s" pull -q "$registry/noisy" >/dev/null 2>"$T/err"
	grep -q "No space left on device" "$T/err"
	[ "$(grep -c '' "$T/err")" = 1 ]
	[ -z "$("$TARE_BUILD/tare" --root "$T/disk/root" --state "$T/s" images -q)" ]
	rm "$T/disk/fill"
	mount -o remount,size=64m "$T/disk"
	nsenter -t "$network" -n "$TARE_BUILD/tare" --root "$T/disk/root" --state "$T/s" pull -q "$registry/noisy" >/dev/null
}
