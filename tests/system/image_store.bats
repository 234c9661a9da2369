# SPDX-License-Identifier: Apache-2.0
# What the store does with images: names, removal, pruning, looking at them; and that containers and images agree.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers
load layouts

blobs() { find "$T/root/content/blobs/sha256" -type f | wc -l; }

ended() { [ "$(state_of "$1" Running)" = false ]; }

id_of() { tare images -q --no-trunc "$1"; }

@test "tag: a further name for an image" {
	expect 0 tare tag busybox example.org/box:2
	equal "" "$out$err"
	equal "$(id_of busybox)" "$(id_of example.org/box:2)"
	expect 0 tare image tag "$(id_of busybox | cut -c 8-20)" short
	expect 0 tare run --rm short echo by another name
	equal "by another name" "$out"
	expect 1 tare tag nothing new
	equal "tare: No such image: nothing:latest" "$err"
	expect 1 tare tag busybox Upper
	contains "must be lowercase" "$err"
	expect 1 tare tag busybox "busybox@$(id_of busybox)"
	equal "tare: refusing to create a tag with a digest reference" "$err"
}

@test "a name moves from one image to another" {
	two_layers
	expect 0 image load "$T/layout" web:1
	expect 0 tare tag busybox web:1
	equal "$(id_of busybox)" "$(id_of web:1)"
	equal "<none>:<none>" "$(tare images --filter dangling=true --format '{{.Repository}}:{{.Tag}}')"
	local old
	old=$(id_of busybox)
	expect 0 image load "$T/layout" web:1
	equal "The image web:1 already exists, renaming the old one with ID $old to empty string"$'\n'"Loaded image: web:1" "$out"
}

@test "rmi: names go one by one, the image and its layers with the last" {
	two_layers
	expect 0 image load "$T/layout" web:1
	expect 0 tare tag web:1 web:2
	equal 3 "$(layers)" layers
	equal 7 "$(blobs)" "blobs: three layers, two configs, two manifests:"
	expect 0 tare rmi web:1
	equal "Untagged: web:1" "$out"
	expect 0 tare image rm web:2
	matches $'^Untagged: web:2\nDeleted: sha256:[0-9a-f]{64}\nDeleted: sha256:[0-9a-f]{64}\nDeleted: sha256:[0-9a-f]{64}$' "$out"
	equal 1 "$(layers)" layers
	equal 3 "$(blobs)" blobs
	expect 0 box -- true
	expect 1 tare rmi web:2 web:1
	equal $'tare: No such image: web:2\ntare: No such image: web:1' "$err"
	expect 0 tare rmi -f web:2
	equal "" "$out"
}

@test "rmi by the start of an id, and by a digest" {
	local id manifest
	two_layers
	expect 0 image load "$T/layout" web:1
	id=$(id_of web:1) manifest=$(tare images --format '{{.Digest}}' web)
	expect 0 tare tag web:1 other:1
	expect 1 tare rmi "${id:7:12}"
	equal "tare: conflict: unable to delete ${id:7:12} (must be forced) - image is referenced in multiple repositories" "$err"
	expect 0 tare rmi other:1
	expect 0 tare rmi "web@$manifest"
	contains "Deleted: $id" "$out"
	expect 0 image load "$T/layout" web:1
	expect 0 tare tag web:1 other:1
	expect 0 tare rmi -f "${id:7:12}"
	equal 5 "$(grep -c '' <<<"$out")" "lines of $out"
	equal 1 "$(layers)" layers
}

@test "an image that a container has is kept from rmi" {
	local id one
	expect 0 tare run --name one busybox true
	id=$(id_of busybox) one=$(tare ps -aq)
	expect 1 tare rmi busybox
	equal "tare: conflict: unable to remove repository reference \"busybox\" (must force) - container $one is using its referenced image ${id:7:12}" "$err"
	expect 1 tare rmi "${id:7:12}"
	equal "tare: conflict: unable to delete ${id:7:12} (must be forced) - image is being used by stopped container $one" "$err"
	start two
	expect 1 tare rmi -f "${id:7:12}"
	equal "tare: conflict: unable to delete ${id:7:12} (cannot be forced) - image is being used by running container $(tare ps -q)" "$err"
	equal 1 "$(layers)" layers
	expect 0 tare rm -f one two
	expect 0 tare rmi "${id:7:12}"
	equal 0 "$(layers)" layers
}

@test "a stopped container can be looked at, started and removed after its image was removed by force" {
	local id first
	expect 3 tare run --name one busybox sh -c 'exit 3'
	id=$(id_of busybox)
	expect 0 tare rmi -f busybox
	equal $'Untagged: busybox:latest\nDeleted: '"$id" "$out"
	equal "" "$(tare images -q)"
	expect 1 tare image inspect "$id"
	equal "sh 3" "$(tare inspect -f '{{.Path}} {{.State.ExitCode}}' one)"
	first=$(state_of one StartedAt)
	expect 0 tare start one
	eventually 10 ended one
	[ "$(state_of one StartedAt)" != "$first" ] || fail "it was not started again"
	equal 1 "$(layers)" layers
	expect 0 tare rm one
	equal 0 "$(layers)" layers
	equal 0 "$(blobs)" blobs
}

@test "image prune: what has no name, with -a what no container has" {
	two_layers
	expect 0 image load "$T/layout" web:1
	expect 0 tare tag busybox web:1
	expect 0 tare run --name keep busybox true
	expect 0 bash -c 'echo n | "$0" --root "$1/root" --state "$1/state" image prune' "$TARE_BUILD/tare" "$T"
	equal $'WARNING! This will remove all dangling images.\nAre you sure you want to continue? [y/N]' "${out% }"
	equal 3 "$(layers)" layers
	expect 0 tare image prune -f
	matches $'^Deleted Images:\ndeleted: sha256:[0-9a-f]+\ndeleted: sha256:[0-9a-f]+\ndeleted: sha256:[0-9a-f]+\n\nTotal reclaimed space: [0-9.]+[kM]B$' "$out"
	equal 1 "$(layers)" layers
	mkdir "$T/root/layers/77" # as when a removal was killed
	expect 0 tare image prune -f
	[ ! -e "$T/root/layers/77" ]
	expect 0 image load "$T/layout" web:2
	expect 0 tare image prune -a -f --filter label=none
	equal "Total reclaimed space: 0B" "$out"
	expect 0 tare image prune -a -f --filter until=2020-01-01
	equal "Total reclaimed space: 0B" "$out"
	expect 0 tare image prune -a -f --filter until=1s
	contains "untagged: web:2" "$out"
	equal "busybox:latest web:1" "$(tare images --format '{{.Repository}}:{{.Tag}}' | sort | xargs)"
	expect 1 tare image prune --filter until=later
	contains '--filter until=later: failed to parse value as time or duration: "later"' "$err"
}

@test "image inspect: Docker's document" {
	two_layers
	reconfigure '.author = "me" | .config += {Healthcheck: {Test: ["NONE"]}, Labels: {a: "b"}}'
	expect 0 image load "$T/layout" web:1
	expect 0 tare tag web:1 web:2
	expect 0 tare image inspect web:1
	equal '["web:1","web:2"]' "$(jq -c '.[0].RepoTags' <<<"$out")"
	equal "[\"web@sha256:$(sha256sum <"$T/manifest" | cut -d' ' -f1)\"]" "$(jq -c '.[0].RepoDigests' <<<"$out")"
	equal "me NONE b amd64 linux" "$(jq -r '.[0] | "\(.Author) \(.Config.Healthcheck.Test[0]) \(.Config.Labels.a) \(.Architecture) \(.Os)"' <<<"$out")"
	equal "$(jq -c .rootfs.diff_ids "$T/config")" "$(jq -c '.[0].RootFS.Layers' <<<"$out")"
	equal 3 "$(jq -r '.[0].GraphDriver.Data.LowerDir' <<<"$out" | tr : '\n' | xargs ls -d | wc -l)"
	equal "$(stat -c %s "$T/manifest")" "$(jq '.[0].Descriptor.size' <<<"$out")"
	equal "sha256:$(sha256sum <"$T/config" | cut -d' ' -f1)" "$(tare inspect -f '{{.Id}}' web:2)"
	expect 1 tare image inspect web:3 web:1 -f '{{.Os}}'
	equal linux "$out"
	equal "tare: No such image: web:3" "$err"
	expect 1 tare inspect --type container web:1
	equal "tare: No such container: web:1" "$err"
}

# bats test_tags=guest-full
@test "loads, runs and removals at once end in an agreeing store" {
	local pids=()
	two_layers
	for _ in 1 2 3 4 5 6; do
		image load "$T/layout" web:1 >>"$T/log" 2>&1 3>&- &
		pids+=($!)
		tare rmi web:1 >>"$T/log" 2>&1 3>&- &
		pids+=($!)
		tare run --rm --pull never web:1 cat /opt/new >>"$T/log" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}" || true
	! grep -vE "^(Loaded image|Untagged|Deleted): |^two$|No such image: web:1|Unable to find image 'web:1' locally|is using its referenced image|being used by" \
		"$T/log" || fail "unexpected: $(cat "$T/log")"
	expect 0 image load "$T/layout" web:1
	expect 0 tare run --rm web:1 cat /opt/new
	expect 0 tare rmi web:1
	equal "1 3" "$(layers) $(blobs)" "layers and blobs"
	equal "" "$(leftovers)"
}
