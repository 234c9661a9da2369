#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a container puts in the way of tare network doctor, and changes of networks that fail half-way.

load helpers
load network

@test "the doctor opens no pipe or device of a container, shows no escapes, and looks at whoever left its first network" {
	make_outside
	tare network create --subnet 10.5.0.0/24 blue
	start web --network bridge -p 8080:80
	tare exec web sh -c 'cp /bin/busybox "/tmp/$(printf "busybox\033[2J")"'
	tare exec -d web sh -c '/tmp/busybox?* httpd -f -p 80'
	eventually 5 listens web 80
	expect 0 tare network doctor 10.77.0.1:8080
	contains "busybox?[2J (process " "$out"

	nsenter -t "$(pid_of web)" -m /bin/busybox umount /etc/hosts # as one with CAP_SYS_ADMIN can
	tare exec web sh -c 'rm -f /etc/hosts && mkfifo /etc/hosts'
	tare exec -d web sh -c 'touch /up; echo x >/etc/hosts; touch /opened'
	eventually 5 tare exec web test -e /up
	expect 1 tare network doctor web nobody:80
	expect 1 tare exec web test -e /opened
	expect 0 tare exec web timeout 10 cat /etc/hosts # the writer has waited
	eventually 5 tare exec web test -e /opened

	tare network connect blue web
	tare network disconnect bridge web
	in_net web ip link set eth1 down
	expect 1 tare network doctor
	contains "interface eth1 is down" "$out"
}

@test "a network that is left is left, and a port that is not published is not, when a part of it fails" {
	tare network create --subnet 10.5.0.0/24 red
	start web --network bridge -p 8080:80
	tare network connect red web
	in_net web ip link set eth1 down
	expect 1 tare network disconnect bridge web
	contains "10.5.0." "$(rules | grep 'tcp \. ')"
	expect 0 tare restart -t0 web
	equal "lo eth1" "$(in_net web ip -o link | sed 's/^[0-9]*: \([a-z0-9]*\).*/\1/' | xargs)" "interfaces after a restart"

	mv "$T/state/net/endpoints" "$T/endpoints"
	touch "$T/state/net/endpoints"
	expect 1 tare update --publish-add 8081:81 web
	rm "$T/state/net/endpoints"
	mv "$T/endpoints" "$T/state/net/endpoints"
	equal "80/tcp -> 0.0.0.0:8080" "$(tare port web)" "ports"
	[[ "$(rules)" != *8081* ]] || fail "rules of a port that is not published"
	expect 0 tare update --publish-add 8081:81 web
}
