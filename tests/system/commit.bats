# SPDX-License-Identifier: Apache-2.0
# commit, export and import: a container's files become an image or an archive, an archive becomes an image.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

config_of() { tare image inspect "$1" | jq -c ".[0].Config$2"; } # IMAGE FIELD

# bats test_tags=guest-full
@test "what a container changed becomes an image" {
	expect 0 tare run --name web -e A=1 -e B=2 -u 3:4 -w /srv -l k=v busybox true
	expect 0 tare rm web
	expect 0 tare run --name web -e A=1 -w /srv -l k=v -v /data --expose 90/udp busybox sh -c '
		echo new >/root/new; rm /etc/group; rm -r /home; mkdir /home; echo h >/home/h; ln /root/new /root/again
		ln -s new /root/link; chmod 4711 /root/new; mkdir -p /opt/.wh-like'
	expect 0 tare commit -a 'An Author' -m 'a word' -c 'CMD ["ls", "/home"]' -c 'ENV C=3' -c 'EXPOSE 80' web kept:1
	matches '^sha256:[0-9a-f]{64}$' "$out"
	equal "$out" "$(tare image inspect kept:1 | jq -r '.[0].Id')"
	expect 0 tare rm -v web
	expect 0 tare run --rm kept:1
	equal h "$out"
	expect 0 tare run --rm kept:1 sh -c 'cat /root/link; stat -c "%a %h" /root/again; ls /etc/group; pwd; echo $A $C; ls -d /data'
	equal $'new\n4711 2\n/srv\n1 3\n/data' "$out"
	equal '["A=1","PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","C=3"]' "$(config_of kept:1 .Env)"
	equal '{"k":"v"}' "$(config_of kept:1 .Labels)"
	equal '{"/data":{}}' "$(config_of kept:1 .Volumes)"
	equal '{"80/tcp":{},"90/udp":{}}' "$(config_of kept:1 .ExposedPorts)"
	expect 0 tare history --no-trunc --format '{{.CreatedBy}}|{{.Comment}}' kept:1
	contains '|a word' "${out%%$'\nsh'*}"
	equal 2 "$(tare image inspect kept:1 | jq '.[0].RootFS.Layers | length')" layers
}

@test "a running container is paused meanwhile, an unchanged one gives no layer" {
	start web
	expect 0 tare commit web same
	equal 1 "$(tare image inspect same | jq '.[0].RootFS.Layers | length')" layers
	equal running "$(state_of web Status)"
	expect 0 tare exec web sh -c 'echo x >/x'
	expect 0 tare pause web
	expect 0 tare commit web other
	equal paused "$(state_of web Status)"
	expect 0 tare unpause web
	expect 0 tare commit --pause=false web
	id=$out
	expect 0 tare run --rm "$id" cat /x
	equal x "$out"
	expect 0 tare rmi same other "$id"
}

@test "an image of a committed container is saved and loaded like any other" {
	expect 0 tare run --name web busybox sh -c 'echo x >/x'
	expect 0 tare commit web made
	id=$out
	expect 0 tare rm web
	expect 0 tare save -o "$T/made.tar" made
	expect 0 tare rmi made
	expect 0 tare load -i "$T/made.tar"
	equal "$id" "$(tare image inspect made | jq -r '.[0].Id')"
	expect 0 tare run --rm made cat /x
	equal x "$out"
}

@test "commit says what is wrong before it does anything" {
	expect 0 tare create --name web busybox true
	failed 'RUN is not a valid change command' tare commit -c 'RUN x' web a
	failed 'invalid reference format' tare commit web 'A B'
	failed 'refusing to create a tag with a digest reference' tare commit web "a@sha256:$(printf '%064d' 0)"
	failed 'No such container: nobody' tare commit nobody a
	equal 1 "$(tare images -q | wc -l)"
}

# bats test_tags=guest-full
@test "export writes a container's own files, import makes an image of them" {
	mkdir "$T/host"
	echo h >"$T/host/h"
	start web -v "$T/host:/host"
	expect 0 tare exec web sh -c 'echo n >/root/n; rm /etc/group'
	expect 0 tare export -o "$T/web.tar" web
	tar tf "$T/web.tar" >"$T/list"
	grep -qx root/n "$T/list"
	grep -qx host/ "$T/list"
	! grep -qE '^(host/h|etc/group|proc/.)$' "$T/list" || fail "what is not its own: $(<"$T/list")"
	expect 0 tare stop -t 0 web
	expect 0 tare export web
	equal "$(sort "$T/list")" "$(tar tf "$T/stdout" | sort)"
	gzip "$T/web.tar"
	expect 0 tare import -c 'CMD cat /root/n' -m 'from web' --platform linux/arm64 "$T/web.tar.gz" web:1
	equal "$out" "$(tare image inspect web:1 | jq -r '.[0].Id')"
	equal linux/arm64 "$(tare image inspect web:1 | jq -r '.[0] | .Os + "/" + .Architecture')"
	expect 0 tare history --format '{{.Comment}}' web:1
	equal 'from web' "$out"
	expect 0 tare run --rm web:1
	equal n "$out"
	"$TARE_BUILD/tare" --root "$T/root" --state "$T/state" import - <"$T/web.tar.gz" >"$T/id"
	expect 0 tare history --format '{{.Comment}}' "$(<"$T/id")"
	equal 'Imported from -' "$out"
}

@test "import takes a URL, and refuses what is no archive" {
	need_python
	expect 0 tare create --name web busybox true
	expect 0 tare export -o "$T/web.tar" web
	(cd "$T" && exec python3 -u -m http.server --bind 127.0.0.1 0) >"$T/server" 2>&1 3>&- &
	server=$!
	eventually 10 grep -q 'port [0-9]' "$T/server"
	port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$T/server")
	expect 0 tare import "http://127.0.0.1:$port/web.tar" fetched
	expect 1 tare import "http://127.0.0.1:$port/missing.tar" x
	contains 'status 404' "$err"
	kill "$server"
	expect 0 tare run --rm fetched true
	printf 'no archive%.0s' {1..200} >"$T/junk"
	expect 1 tare import "$T/junk" x
	failed 'No such file' tare import "$T/missing" x
	head -c 3000 "$T/web.tar" >"$T/cut"
	expect 1 tare import "$T/cut" x
	equal "" "$(find "$T/root/content" -name 'new.*')" "leftovers"
	equal 2 "$(tare images -q | wc -l)"
}

@test "what may take long is shown on a terminal, and nowhere else" {
	mkdir "$T/tree"
	head -c 3000000 /dev/zero >"$T/tree/zeros"
	tar -cf "$T/tree.tar" -C "$T/tree" .
	expect 0 tare create --name web busybox true
	on_terminal 0 cp "$T/tree" web:/tree <<<'expect Copying to container'
	contains "Successfully copied" "$out"
	on_terminal 0 cp web:/tree "$T/back" <<<'expect Copying from container'
	on_terminal 0 cp -q web:/tree "$T/again" </dev/null
	equal "" "$out"
	on_terminal 0 commit web team/web:1 <<<'expect Committing'
	matches 'sha256:[0-9a-f]{64}.?$' "$out"
	on_terminal 0 export -o "$T/web.tar" web <<<'expect Exporting'
	on_terminal 0 import "$T/tree.tar" team/tree:1 <<<'expect Importing ['
	on_terminal 0 save -o "$T/saved.tar" team/tree:1 <<<'expect Saving'
	expect 0 tare export -o "$T/web.tar" web
	equal "" "$out$err"
	expect 0 tare import "$T/tree.tar"
	equal "" "$err"
}
