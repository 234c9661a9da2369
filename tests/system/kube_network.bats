# SPDX-License-Identifier: Apache-2.0
# A pod in a network: its address, ports of the host, names, probes; and what is left of it.
#
# shellcheck disable=SC2154,SC2016 # out, err, T and group come from helpers.bash; $ in manifests is the container's

load helpers
load network
load kube

setup()
{
	tare_setup && net_setup
	echo 'network = bridge' >"$T/tare.conf"
	# shellcheck disable=SC2034 # helpers.bash reads it
	tare_globals=(--config "$T/tare.conf")
}

teardown()
{
	local status=0
	delete_all
	tare_teardown || status=1
	net_teardown || status=1
	return $status
}

# the series of received bytes, without what differs between runs
networks_told()
{
	nsenter -t "$host_pid" -n "$TARE_BUILD/tared" --root "$T/root" --state "$T/state" --metrics "unix://$T/m.sock" \
		>"$T/tared.out" 2>&1 </dev/null 3>&- &
	local daemon=$!
	eventually 10 test -S "$T/m.sock"
	curl -s --max-time 20 --unix-socket "$T/m.sock" http://tare/metrics |
		sed -nE '/^container_network_receive_bytes_total/{s/id="[^"]*",//;s/ [0-9]+$//;p}' >"$T/told"
	kill "$daemon"
	wait "$daemon" || true
	cat "$T/told"
}

@test "a pod has one address for all its containers: before init containers begin, in env, files, status; gone with it" {
	make_outside
	manifest <<-'END'
		{apiVersion: v1, kind: ConfigMap, metadata: {name: moved}, data: {moved: "#!/bin/sh\nprintf 'HTTP/1.0 302 Found\\r\\nLocation: /health\\r\\n\\r\\n'\n"}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: web}
		spec:
		  terminationGracePeriodSeconds: 0
		  hostname: shop
		  subdomain: sub
		  volumes: [{name: moved, configMap: {name: moved, defaultMode: 493}}]
		  hostAliases: [{ip: 10.1.1.1, hostnames: [other]}]
		  dnsPolicy: None
		  dnsConfig: {nameservers: [10.9.9.9], searches: [a.example, b.example], options: [{name: ndots, value: "3"}, {name: rotate}]}
		  initContainers:
		  - {name: first, image: busybox, command: [sh, -c, "ip -4 -o addr show eth0; cat /etc/hosts; hostname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start"]}
		  containers:
		  - name: app
		    image: busybox
		    command: [sh, -c, "echo $POD_IP $(POD_IP) $HOST_IP; cat /etc/resolv.conf; mkdir -p /www/cgi-bin; echo ok >/www/health; cp /moved /www/cgi-bin; exec httpd -f -p $POD_IP:80 -h /www"]
		    ports: [{name: web, containerPort: 80, hostPort: 8080, hostIP: 10.77.0.1}]
		    env:
		    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
		    - {name: HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
		    readinessProbe: {httpGet: {path: /cgi-bin/moved, port: web}}
		    volumeMounts: [{name: moved, mountPath: /moved, subPath: moved}]
		  - name: side
		    image: busybox
		    command: [sh, -c, "trap exit TERM; echo $IP; sleep 1000 & wait"]
		    env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}]
		    livenessProbe: {tcpSocket: {port: 80}}
	END
	on_host ip route add default via 10.77.0.2
	expect 0 apply "$T/m.yaml"
	eventually 20 status_is web '2/2 +Running +0'
	local ip
	ip=$(status_of web .podIP)
	matches '^172\.[0-9]+\.0\.[0-9]+$' "$ip"
	equal "[{\"ip\":\"$ip\"}] 10.77.0.1 Running" "$(status_of web '| "\(.podIPs) \(.hostIP) \(.phase)"')"
	expect 0 tare kube get pod web -o wide
	matches "^NAME +READY +STATUS +RESTARTS +AGE +IP +QOS +CGROUP"$'\n'"web +2/2 +Running +0 +[0-9]+s +$ip +BestEffort " "$out"
	expect 0 tare kube describe pod web
	contains $'\nIP:               '"$ip"$'\nIPs:\n  IP:             '"$ip"$'\n' "$out"
	contains $'\n    Port:           80/TCP\n    Host Port:      8080/TCP\n' "$out"
	expect 0 tare kube logs web -c first
	contains " $ip/16 " "$out"
	contains $'\n10.1.1.1\tother\n'"$ip"$'\tshop.sub.default.svc.cluster.local shop\nshop\n0' "$out"
	equal "$ip $ip 10.77.0.1
nameserver 10.9.9.9
search a.example b.example
options ndots:3 rotate" "$(tare kube logs web -c app | grep -Ev '^(#|$)')"
	eventually 5 logged "$ip" web side
	equal "$ip" "$(tare kube logs web -c side)"
	equal ok "$(outside curl -s --max-time 20 http://10.77.0.1:8080/health)"
	start guest --network "container:$(container_of web)" -- sleep 1000
	equal 'container_network_receive_bytes_total{namespace="default",pod="web",interface="eth0"}' "$(networks_told)"
	expect 0 tare rm -f guest
	expect 0 tare port "$(container_of web)"
	equal "80/tcp -> 10.77.0.1:8080" "$out"
	# rules that somebody flushed come back, also when the container that has the place has ended
	expect 0 tare stop -t 0 "$(container_of web)"
	eventually 10 status_is web '1/2 +[A-Za-z]+ +0'
	on_host nft flush ruleset
	start lone --network bridge -- sleep 1000
	matches "10\.77\.0\.1 .*8080.*$ip" "$(rules)"
	expect 0 tare rm -f lone
	expect 0 tare kube delete -f "$T/m.yaml"
	eventually 5 host_is_clean
	nothing_made
	equal net "$(ls "$T/state")"
}

@test "ports of the host: a pod waits for one that another pod has; somebody else's is an error that names the holder" {
	{ pod one | sed 's/    image: busybox/&\n    ports: [{containerPort: 80, hostPort: 8080}]/'
	  pod two | sed 's/    image: busybox/&\n    ports: [{containerPort: 81, hostPort: 8080, hostIP: 127.0.0.1}]/'
	  pod udp | sed 's/    image: busybox/&\n    ports: [{containerPort: 81, hostPort: 8080, protocol: UDP}]/'; } | manifest
	expect 0 apply "$T/m.yaml"
	expect 0 tare kube get pods -o wide
	matches $'\none +1/1 +Running ' "$out"
	matches $'\ntwo +0/1 +Pending +0 +[0-9]+s +<none> +BestEffort +0/1 nodes are available: 1 node\\(s\\) didn.t have free ports for the requested pod ports\\.' "$out"
	matches $'\nudp +1/1 +Running ' "$out"
	expect 125 tare run -d -p 8080:80 busybox true
	contains "Bind for 0.0.0.0:8080 failed: port is already allocated by container $(container_of one)" "$err"
	expect 0 tare kube delete pod one
	eventually 10 status_is two '1/1 +Running +0'
	expect 0 tare kube delete pod two
	nsenter -t "$host_pid" -n busybox nc -ll -p 9090 -e true 3>&- &
	local holder=$!
	eventually 10 eval 'on_host ss -Hltn "sport = :9090" | grep -q .'
	pod three | sed 's/    image: busybox/&\n    ports: [{containerPort: 80, hostPort: 9090}]/' | manifest
	expect 1 apply "$T/m.yaml"
	matches 'pod default/three: container app: failed to bind host port 0\.0\.0\.0:9090/tcp: address already in use by busybox \(process [0-9]+\)' "$err"
	kill $holder
	wait $holder || true
	expect 1 tare kube get pod three
	expect 0 tare kube delete pod udp
	eventually 5 host_is_clean
	nothing_made
}

@test "a pod that has ended by itself gives its ports back, and one whose monitor was killed" {
	{ pod job '' '[sh, -c, "until test -e /t/go; do sleep 0.05; done"]' |
		sed 's/    image: busybox/&\n    ports: [{containerPort: 80, hostPort: 8080}]\n    volumeMounts: [{name: t, mountPath: \/t}]/'
	  echo "  restartPolicy: Never"
	  echo "  volumes: [{name: t, hostPath: {path: $T}}]"; } | manifest
	expect 0 apply "$T/m.yaml"
	matches 'tcp \. 8080' "$(rules)"
	touch "$T/go"
	eventually 20 eval '! rules | grep -q 8080'
	eventually 10 status_is job '0/1 +Completed +0'
	eventually 10 tare run -d --name web -p 8080:80 busybox sleep 1000 # the port is free after its rules have gone
	expect 0 tare rm -f web
	expect 0 tare kube delete pod job
	pod two | sed 's/    image: busybox/&\n    ports: [{containerPort: 80, hostPort: 8080}]/' | manifest
	expect 0 apply "$T/m.yaml"
	kill -KILL "$(ps -o ppid= -p "$(pid_of "$(container_of two)")")"
	eventually 10 status_is two '0/1 +[A-Za-z]+ +0'
	start web -p 8080:80 -- sleep 1000
	expect 0 tare rm -f web
	expect 0 apply "$T/m.yaml"
	eventually 10 status_is two '1/1 +Running +0'
	matches 'tcp \. 8080' "$(rules)"
	expect 0 tare kube delete pod two
	eventually 5 host_is_clean
}

@test "an image that takes long to come keeps nobody else waiting" {
	echo 'registry-attempts = 1' >>"$T/tare.conf"
	nsenter -t "$host_pid" -n busybox nc -l -p 5000 -e sh -c "touch $T/asked; exec sleep 1000" 3>&- &
	local registry=$! apply=
	eventually 10 eval 'on_host ss -Hltn "sport = :5000" | grep -q .'
	pod slow | sed 's|image: busybox|image: 127.0.0.1:5000/slow:1|' | manifest slow
	apply "$T/slow.yaml" >"$T/said" 2>&1 3>&- &
	apply=$!
	eventually 10 test -e "$T/asked"
	pod quick | manifest
	expect 0 apply "$T/m.yaml"
	eventually 10 status_is quick '1/1 +Running +0'
	expect 1 tare kube get pod slow
	kill $registry
	wait $registry || true
	wait $apply && fail "applied: $(cat "$T/said")"
	contains "pod default/slow: container app: " "$(cat "$T/said")"
	expect 0 tare kube delete pod quick
	eventually 5 host_is_clean
	nothing_made
}
