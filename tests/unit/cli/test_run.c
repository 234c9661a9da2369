/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of `tare run`, good and bad: the configuration that reaches the engine, or the one line. */
#include "base/io.h"
#include "base/scope.h"
#include "cli/command.h"
#include "cli/opt.h"

#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The engine's place: nothing runs here. */
int engine_run(struct engine *engine, const struct host *host, struct container_config *c,
	       const struct run_flags *flags, int *ret_status, struct err *e)
{
	fail_msg("no test hands a container over");
	return -ENOSYS;
}

#define ARGS 8

struct line {
	const char *argv[ARGS]; /* the options; "busybox" follows unless `whole` */
	const char *json;       /* what config_print() must contain */
	const char *message;    /* or the error */
	bool whole;
};

static int parse(const struct line *l, struct arena *a, struct run_options *o, struct err *e)
{
	const char *argv[ARGS + 1];
	struct operands operands;
	int argc = 0, r;

	for (; argc < ARGS && l->argv[argc]; argc++)
		argv[argc] = l->argv[argc];
	if (!l->whole)
		argv[argc++] = "busybox";
	command_run.init(o);
	r = options_parse(command_run.groups, command_run.stops, a, o, argc, (char **)argv, &operands, e);
	return r < 0 ? r : run_options_finish(o, a, &operands, e);
}

static void check(const struct line *l)
{
	scoped_arena a = ARENA(4 << 20);
	scoped_buf out = BUF(1 << 20);
	struct run_options o = { .flags.plan = false };
	struct err e = { 0 };

	if (parse(l, &a, &o, &e) < 0) {
		if (!l->message)
			fail_msg("%s: %s", l->argv[0], e.msg);
		assert_string_equal(l->message, e.msg);
		return;
	}
	assert_int_equal(0, config_print(&o.config, &out, NULL));
	if (l->message)
		fail_msg("%s %s: accepted, as %s", l->argv[0], l->argv[1] ? l->argv[1] : "", out.p);
	if (!strstr(out.p, l->json))
		fail_msg("%s: expected %s in %s", l->argv[0], l->json, out.p);
}

#define SIZE_HELP " (a number and one of b, k, m, g, t, p: 512m, 1.5g)"
#define SECURITY_HELP                                                                                                  \
	" (seccomp=unconfined|builtin|FILE, no-new-privileges[=BOOL], apparmor=PROFILE, label=disable, "                \
	"systempaths=unconfined, writable-cgroups=BOOL)"
#define SYSCTL_HELP " (NAME=VALUE: net.*, fs.mqueue.*, kernel.msg*, kernel.sem, kernel.shm*)"

static const struct line resource[] = {
	{ { "--memory", "64m" }, "\"Memory\":67108864" },
	{ { "--memory=1.5g" }, "\"Memory\":1610612736" },
	{ { "-m64m" }, "\"Memory\":67108864" },
	{ { "-m=64m" }, "\"Memory\":67108864" },
	{ { "-m", "1k", "-m", "2k" }, "\"Memory\":2048" },
	{ { "--memory", "4x" }, .message = "--memory 4x: invalid size: '4x'" SIZE_HELP },
	{ { "-m", "-1" }, .message = "--memory -1: invalid size: '-1'" SIZE_HELP }, /* which `tare update` takes */
	{ { "-m", "-2" }, .message = "--memory -2: invalid size: '-2'" SIZE_HELP },
	{ { "--memory=" }, .message = "--memory '': invalid size: ''" SIZE_HELP },
	{ { "--memory", "8192p" },
	  .message = "--memory 8192p: invalid size: '8192p' (at most 9223372036854775807 bytes)" },
	{ { "--memory-swap", "1g" }, "\"MemorySwap\":1073741824" },
	{ { "--memory-swap", "-1" }, "\"MemorySwap\":-1" },
	{ { "--memory-swap", "-2" }, .message = "--memory-swap -2: invalid size: '-2'" SIZE_HELP },
	{ { "--memory-reservation", "32m" }, "\"MemoryReservation\":33554432" },
	{ { "--memory-reservation", "x" }, .message = "--memory-reservation x: invalid size: 'x'" SIZE_HELP },
	{ { "--memory-high", "48m" }, "\"MemoryHigh\":50331648" },
	{ { "--memory-high", "max" }, .message = "--memory-high max: invalid size: 'max'" SIZE_HELP },
	{ { "--cpus", "0.5" }, "\"NanoCpus\":500000000" },
	{ { "--cpu-request", "250m" }, "\"CpuRequest\":250" },
	{ { "--cpu-request", "x" },
	  .message = "--cpu-request x: quantities must match the regular expression "
		     "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'" },
	{ { "--memory-request", "64m" }, "\"MemoryRequest\":67108864" },
	{ { "--memory-request", "x" }, .message = "--memory-request x: invalid size: 'x'" SIZE_HELP },
	{ { "--namespace", "team" }, "\"Namespace\":\"team\"" },
	{ { "--namespace", "A_b" },
	  .message =
		  "--namespace A_b: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
		  "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
		  "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
	{ { "--cpus", "abc" }, .message = "--cpus abc: failed to parse abc as a rational number" },
	{ { "--cpus", "0.0000000001" }, .message = "--cpus 0.0000000001: value is too precise" },
	{ { "--cpu-shares", "512" }, "\"CpuShares\":512" },
	{ { "-c", "1024" }, "\"CpuShares\":1024" },
	{ { "-c", "x" }, .message = "--cpu-shares x: not an integer" },
	{ { "--cpu-quota", "50000" }, "\"CpuQuota\":50000" },
	{ { "--cpu-quota", "-1" }, "\"CpuQuota\":-1" },
	{ { "--cpu-quota", "5x" }, .message = "--cpu-quota 5x: not an integer" },
	{ { "--cpu-period", "100000" }, "\"CpuPeriod\":100000" },
	{ { "--cpu-period", "" }, .message = "--cpu-period '': not an integer" },
	{ { "--cpuset-cpus", "0-1" }, "\"CpusetCpus\":\"0-1\"" },
	{ { "--cpuset-cpus", "0-" },
	  .message = "--cpuset-cpus 0-: Invalid value 0- for cpuset cpus (a list as 0-3,7)" },
	{ { "--cpuset-mems", "0" }, "\"CpusetMems\":\"0\"" },
	{ { "--cpuset-mems", "x" },
	  .message = "--cpuset-mems x: Invalid value x for cpuset mems (a list as 0-3,7)" },
	{ { "--pids-limit", "100" }, "\"PidsLimit\":100" },
	{ { "--pids-limit", "-1" }, "\"PidsLimit\":-1" },
	{ { "--pids-limit", "99999999999999999999" },
	  .message = "--pids-limit 99999999999999999999: out of range: -9223372036854775808 to 9223372036854775807" },
	{ { "--oom-score-adj", "0" }, "\"OomScoreAdjSet\":true" },
	{ { "--oom-score-adj", "-500" }, "\"OomScoreAdj\":-500" },
	{ { "--oom-score-adj", "1.5" }, .message = "--oom-score-adj 1.5: not an integer" },
	{ { "--memory-swappiness", "60" }, "\"MemorySwappiness\":60" },
	{ { "--memory-swappiness", "0" }, "\"MemorySwappiness\":0" },
	{ { "--memory-swappiness", "-1" }, "\"MemorySwap\":0}}" },
	{ { "--memory-swappiness", "101" },
	  .message = "--memory-swappiness 101: invalid value: 101. Valid memory swappiness range is 0-100" },
	{ { "--memory-swappiness", "-2" },
	  .message = "--memory-swappiness -2: invalid value: -2. Valid memory swappiness range is 0-100" },
	{ { "--oom-kill-disable" }, "\"OomKillDisable\":true" },
	{ { "--oom-kill-disable=x" }, .message = "--oom-kill-disable x: not a boolean (true or false)" },
	{ { "--cpu-rt-period", "1000000" }, "\"CpuRealtimePeriod\":1000000" },
	{ { "--cpu-rt-period", "1s" }, .message = "--cpu-rt-period 1s: not an integer" },
	{ { "--cpu-rt-runtime", "950000" }, "\"CpuRealtimeRuntime\":950000" },
	{ { "--cpu-rt-runtime", "" }, .message = "--cpu-rt-runtime '': not an integer" },
	{ { "--blkio-weight", "500" }, "\"BlkioWeight\":500" },
	{ { "--blkio-weight", "0" }, "\"BlkioWeight\":0" },
	{ { "--blkio-weight", "9" }, .message = "--blkio-weight 9: Range of blkio weight is from 10 to 1000" },
	{ { "--blkio-weight", "1001" }, .message = "--blkio-weight 1001: Range of blkio weight is from 10 to 1000" },
	{ { "--blkio-weight-device", "/dev/vda:10", "--blkio-weight-device", "/dev/vda:1000" },
	  "\"BlkioWeightDevice\":[{\"Path\":\"/dev/vda\",\"Weight\":1000}]" },
	{ { "--blkio-weight-device", "/dev/vda:5" },
	  .message = "--blkio-weight-device /dev/vda:5: invalid weight for device: /dev/vda:5 (10 to 1000, or 0)" },
	{ { "--blkio-weight-device", "vda:500" },
	  .message = "--blkio-weight-device vda:500: bad format for device path: vda:500 (/dev/...)" },
	{ { "--device-read-bps", "/dev/vda:1mb", "--device-read-bps", "/dev/vdb:2k" },
	  "\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/vda\",\"Rate\":1048576},{\"Path\":\"/dev/vdb\",\"Rate\":2048}]" },
	{ { "--device-read-bps", "/dev/vda" },
	  .message = "--device-read-bps /dev/vda: bad format: /dev/vda (PATH:NUMBER)" },
	{ { "--device-write-bps", "/dev/disk/by-path/a:b:1" },
	  "\"BlkioDeviceWriteBps\":[{\"Path\":\"/dev/disk/by-path/a:b\",\"Rate\":1}]" },
	{ { "--device-write-bps", "/dev/vda:1x" },
	  .message = "--device-write-bps /dev/vda:1x: invalid rate for device: /dev/vda:1x. The correct format is "
		     "<device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be "
		     "kb, mb, or gb" },
	{ { "--device-read-iops", "/dev/vda:100" }, "\"BlkioDeviceReadIOps\":[{\"Path\":\"/dev/vda\",\"Rate\":100}]" },
	{ { "--device-read-iops", "/dev/vda:1k" },
	  .message = "--device-read-iops /dev/vda:1k: invalid rate for device: /dev/vda:1k. The correct format is "
		     "<device-path>:<number>. Number must be a positive integer" },
	{ { "--device-write-iops", "/dev/vda:0" }, "\"BlkioDeviceWriteIOps\":[{\"Path\":\"/dev/vda\",\"Rate\":0}]" },
	{ { "--device-write-iops", ":1" }, .message = "--device-write-iops :1: bad format: :1 (PATH:NUMBER)" },
	{ { "--cgroup-conf", "memory.high=64", "--cgroup-conf", "cpu.max=max 100000", "--cgroup-conf",
	    "memory.high=65" },
	  "\"CgroupConf\":{\"memory.high\":\"65\",\"cpu.max\":\"max 100000\"}" },
	{ { "--cgroup-conf", "memory.high" }, .message = "--cgroup-conf memory.high: FILE=VALUE is needed" },
	{ { "--cgroup-parent", "/x/y" }, "\"CgroupParent\":\"/x/y\"" },
	{ { "--cgroup-parent", "x/../.." },
	  .message = "--cgroup-parent x/../..: invalid cgroup path: no . or .. is allowed in it" },
};

static const struct line namespaces[] = {
	{ { "--pid", "host" }, "\"PidMode\":\"host\"" },
	{ { "--pid=container:web" }, "\"PidMode\":\"container:web\"" },
	{ { "--pid", "private" }, .message = "--pid private: invalid PID mode (host, container:NAME)" },
	{ { "--pid", "container:" }, .message = "--pid container:: invalid PID mode (host, container:NAME)" },
	{ { "--ipc", "none" }, "\"IpcMode\":\"none\"" },
	{ { "--ipc", "shareable" }, "\"IpcMode\":\"shareable\"" },
	{ { "--ipc", "foo" },
	  .message = "--ipc foo: invalid IPC mode (none, private, shareable, host, container:NAME)" },
	{ { "--uts", "host" }, "\"UTSMode\":\"host\"" },
	{ { "--uts", "private" }, .message = "--uts private: invalid UTS mode (host, container:NAME)" },
	{ { "--uts", "container:web" }, "\"UTSMode\":\"container:web\"" },
	{ { "--cgroupns", "private" }, "\"CgroupnsMode\":\"private\"" },
	{ { "--cgroupns", "foo" }, .message = "--cgroupns foo: invalid CGROUP mode (host, private)" },
	{ { "--network", "none" }, "\"NetworkMode\":\"none\"" },
	{ { "--net=host" }, "\"NetworkMode\":\"host\"" },
	{ { "--network", "name=none" }, "\"NetworkMode\":\"none\"" },
	{ { "--network", "foo" }, "\"Networks\":[{\"Name\":\"foo\"}]" },
	{ { "--network", "default" }, "\"NetworkMode\":\"bridge\"" },
	{ { "--network", "name=foo,alias=a,alias=b,ip=10.0.0.5,gw-priority=3" },
	  "\"Networks\":[{\"Name\":\"foo\",\"Aliases\":[\"a\",\"b\"],\"IPv4Address\":\"10.0.0.5\",\"GwPriority\":3}]" },
	{ { "--ip", "10.0.0.5", "--network", "foo" }, "\"IPv4Address\":\"10.0.0.5\"" },
	{ { "--network", "none", "--network", "host" },
	  .message = "--network host: conflicting options: cannot attach both user-defined and non-user-defined "
		     "network-modes" },
	{ { "--network", "name=foo,colour=red" },
	  .message = "--network name=foo,colour=red: invalid field key colour (name, alias, ip, ip6, mac-address, "
		     "driver-opt, gw-priority)" },
	{ { "--ip", "fd00::1" }, .message = "--ip fd00::1: invalid IPv4 address: fd00::1" },
	{ { "--mac-address", "01:00:00:00:00:00" },
	  .message = "--mac-address 01:00:00:00:00:00: 01:00:00:00:00:00 is not a valid mac address (such as "
		     "02:42:ac:11:00:02)" },
	{ { "--ip", "10.0.0.5", "--network", "host" },
	  .message = "conflicting options: an address needs a network (--network)" },
	{ { "--ip", "10.0.0.5" }, "\"Networks\":[{\"Name\":\"bridge\",\"IPv4Address\":\"10.0.0.5\"}]" },
	{ { "-p", "8080:80" }, "\"Publish\":[\"8080:80/tcp\"]" },
	{ { "-p", "8080:80" }, "\"NetworkMode\":\"bridge\"" },
	{ { "-p", "80:80", "--network", "container:x" },
	  .message = "conflicting options: port publishing and the container type network mode" },
	{ { "--dns", "1.1.1.1", "--dns-search", "." }, "\"Dns\":[\"1.1.1.1\"]" },
	{ { "--dns", "x" }, .message = "--dns x: x is not an ip address" },
	{ { "--add-host", "db:10.0.0.9" }, "\"ExtraHosts\":[\"db:10.0.0.9\"]" },
	{ { "--add-host", "db=[fd00::9]" }, "\"ExtraHosts\":[\"db:fd00::9\"]" },
	{ { "--dns-opt", "ndots:2" }, "\"DnsOptions\":[\"ndots:2\"]" },
	{ { "--dns-opt", "" }, .message = "--dns-opt '': \"\": one option of resolv.conf(5), such as ndots:2" },
	{ { "--dns-option", "ndots:2" }, "\"DnsOptions\":[\"ndots:2\"]" },
	{ { "--dns-option", "a b" },
	  .message = "--dns-option a b: \"a b\": one option of resolv.conf(5), such as ndots:2" },
	{ { "--dns-search", "a b" }, .message = "--dns-search a b: \"a b\" is not a valid domain" },
	{ { "--expose", "80-82" }, "\"Expose\":[\"80-82/tcp\"]" },
	{ { "--expose", "80:80" }, .message = "--expose 80:80: invalid port format for --expose: 80:80" },
	{ { "--ip6", "fd00::5", "--network", "foo" }, "\"IPv6Address\":\"fd00::5\"" },
	{ { "--ip6", "10.0.0.1" }, .message = "--ip6 10.0.0.1: invalid IPv6 address: 10.0.0.1" },
	{ { "--mac-address", "02:42:AC:11:00:0a", "--network", "foo" }, "\"MacAddress\":\"02:42:ac:11:00:0a\"" },
	{ { "--net-alias", "db", "--network", "foo" }, "\"Aliases\":[\"db\"]" },
	{ { "--net-alias", "a b" }, .message = "--net-alias a b: invalid alias \"a b\": a host name" },
	{ { "--network-alias", "db", "--network", "foo" }, "\"Aliases\":[\"db\"]" },
	{ { "--network-alias", "" }, .message = "--network-alias '': invalid alias \"\": a host name" },
	{ { "-p", "80:80:80:80" }, .message = "--publish 80:80:80:80: invalid IP address: 80:80" },
	{ { "-P" }, "\"PublishAllPorts\":true" },
	{ { "--publish-default-ip", "127.0.0.1" }, "\"PublishDefaultIP\":\"127.0.0.1\"" },
	{ { "--publish-default-ip", "x" }, .message = "--publish-default-ip x: x is not an ip address" },
	{ { "--publish-all=x" }, .message = "--publish-all x: not a boolean (true or false)" },
	{ { "--add-host", "db" }, .message = "--add-host db: bad format for add-host: \"db\"" },
	{ { "--add-host", "db:x" }, .message = "--add-host db:x: invalid IP address in add-host: \"x\"" },
	{ { "--userns", "host" }, "\"UsernsMode\":\"host\"" },
	{ { "--userns", "auto:size=5" }, "\"UsernsMode\":\"auto:size=5\"" },
};

static const struct line process[] = {
	{ { "--hostname", "web" }, "\"Hostname\":\"web\"" },
	{ { "-h", "foo_bar" }, "\"Hostname\":\"foo_bar\"" },
	{ { "-h", "a b" },
	  .message = "--hostname a b: invalid hostname: blanks, control characters and slashes are not allowed" },
	{ { "-h", "0123456789012345678901234567890123456789012345678901234567890123x" },
	  .message =
		  "--hostname 0123456789012345678901234567890123456789012345678901234567890123x: hostname "
		  "\"0123456789012345678901234567890123456789012345678901234567890123x\" is too long (maximum 64 bytes)" },
	{ { "--domainname", "example.org" }, "\"Domainname\":\"example.org\"" },
	{ { "--domainname", "a b" },
	  .message = "--domainname a b: invalid domainname: blanks, control characters and slashes are not allowed" },
	{ { "--group-add", "audio", "--group-add", "7" }, "\"GroupAdd\":[\"audio\",\"7\"]" },
	{ { "--group-add", "" }, .message = "--group-add '': invalid group (NAME|GID)" },
	{ { "--group-add", "a:b" }, .message = "--group-add a:b: invalid group (NAME|GID)" },
	{ { "--annotation", "a=b=c", "--annotation", "k" }, "\"Annotations\":{\"a\":\"b=c\",\"k\":\"\"}" },
	{ { "--annotation", "=b" },
	  .message = "--annotation =b: the empty string is not permitted as an annotation key (KEY=VALUE)" },
	{ { "--init" }, "\"Init\":true" },
	{ { "--init=x" }, .message = "--init x: not a boolean (true or false)" },
	{ { "--stop-signal", "SIGQUIT" }, "\"StopSignal\":\"SIGQUIT\"" },
	{ { "--stop-signal", "RTMIN+3" }, "\"StopSignal\":\"RTMIN+3\"" },
	{ { "--stop-signal", "SIGFOO" },
	  .message = "--stop-signal SIGFOO: invalid signal: SIGFOO (signal(7): SIGTERM, TERM, 15, RTMIN+3)" },
	{ { "--stop-timeout", "0" }, "\"StopTimeout\":0" },
	{ { "--stop-timeout", "-1" }, "\"StopTimeout\":-1" },
	{ { "--stop-timeout", "1s" }, .message = "--stop-timeout 1s: not an integer" },
	{ { "--user", "1000:1000" }, "\"User\":\"1000:1000\"" },
	{ { "-u", "daemon" }, "\"User\":\"daemon\"" },
	{ { "-u1:2" }, "\"User\":\"1:2\"" },
	{ { "-u", "1:2:3" },
	  .message = "--user 1:2:3: invalid user (NAME|UID[:GROUP|GID])" },
	{ { "-u", "1:" },
	  .message = "--user 1:: invalid user (NAME|UID[:GROUP|GID])" },
	{ { "--workdir", "/a/../b/" }, "\"WorkingDir\":\"/b\"" },
	{ { "-w", "rel" },
	  .message = "--workdir rel: the working directory 'rel' is invalid, it needs to be an absolute path" },
	{ { "--entrypoint", "/x" }, "\"Entrypoint\":[\"/x\"]" },
	{ { "--entrypoint", "" }, "\"EntrypointSet\":true" },
	{ { "--env", "A=1", "-e", "B=2" }, "\"Env\":[\"A=1\",\"B=2\"]" },
	{ { "-e", "A=1", "-e", "B=2", "-e", "A=3" }, "\"Env\":[\"A=3\",\"B=2\"]" },
	{ { "-e", "TARE_TEST_HERE" }, "\"Env\":[\"TARE_TEST_HERE=yes\"]" },
	{ { "-e", "TARE_TEST_NOT" }, "\"Env\":[\"TARE_TEST_NOT\"]" },
	{ { "-e", "=x" }, .message = "--env =x: invalid environment variable: =x (NAME=VALUE or NAME)" },
	{ { "-e", "F=2", "--env-file", "good.env" }, "\"Env\":[\"F=2\",\"G=3\"]" },
	{ { "--env-file", "bad.env" },
	  .message = "--env-file bad.env: invalid env file (bad.env): variable 'a b' contains whitespaces" },
	{ { "--env-file", "none.env" }, .message = "--env-file none.env: open none.env: No such file or directory" },
	{ { "--env-file", "." }, .message = "--env-file .: .: read: Is a directory" },
	{ { "--label", "a=b", "-l", "c" }, "\"Labels\":{\"a\":\"b\",\"c\":\"\"}" },
	{ { "-l", "a=b", "-l", "a=c" }, "\"Labels\":{\"a\":\"c\"}" },
	{ { "-l", "=v" }, .message = "--label =v: invalid label '=v': empty name" },
	{ { "--label", "F=2", "--label-file", "good.env" }, "\"Labels\":{\"F\":\"2\",\"G\":\"3\"}" },
	{ { "--label-file", "bad.env" },
	  .message = "--label-file bad.env: invalid label file (bad.env): variable 'a b' contains whitespaces" },
};

static const struct line mount[] = {
	{ { "-v", "/src:/dst:ro" }, "\"Source\":\"/src\",\"Target\":\"/dst\",\"ReadOnly\":true" },
	{ { "--volume", "/x" }, "\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/x\"" },
	{ { "-v", "/a:/b:zz" },
	  .message =
		  "--volume /a:/b:zz: invalid mode: zz (of ro, rw, z, Z, nocopy, idmap, [r]private, [r]shared, [r]slave)" },
	{ { "-v", "/a:/b", "--tmpfs", "/b/" }, .message = "Duplicate mount point: /b" },
	{ { "--mount", "type=bind,src=/a,dst=/b" }, "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\"" },
	{ { "--mount", "src=/x" }, .message = "--mount src=/x: target is required" },
	{ { "--tmpfs", "/t:size=1m" }, "\"Text\":\"size=1m\"" },
	{ { "--tmpfs", "t" },
	  .message =
		  "--tmpfs t: invalid mount config for type \"tmpfs\": invalid mount path: 't' mount path must be absolute" },
	{ { "--read-only" }, "\"ReadonlyRootfs\":true" },
	{ { "--read-only=maybe" }, .message = "--read-only maybe: not a boolean (true or false)" },
	{ { "--shm-size", "16m" }, "\"ShmSize\":16777216" },
	{ { "--shm-size", "-1" }, .message = "--shm-size -1: invalid size: '-1'" SIZE_HELP },
	{ { "--device", "/dev/null:/dev/x:r" },
	  "{\"PathOnHost\":\"/dev/null\",\"PathInContainer\":\"/dev/x\",\"CgroupPermissions\":\"r\"}" },
	{ { "--volumes-from", "a", "--volumes-from", "b:ro" }, "\"VolumesFrom\":[\"a\",\"b:ro\"]" },
	{ { "--volumes-from", "" },
	  .message = "--volumes-from '': volumes-from specification cannot be an empty string (CONTAINER[:ro|rw])" },
	{ { "--device", "null" }, .message = "--device null: null is not an absolute path" },
};

static const struct line security[] = {
	{ { "--cap-add", "net_admin", "--cap-add", "CAP_KILL" }, "\"CapAdd\":[\"CAP_NET_ADMIN\",\"CAP_KILL\"]" },
	{ { "--cap-add", "all" }, "\"CapAdd\":[\"ALL\"]" },
	{ { "--cap-add", "foo" },
	  .message = "--cap-add foo: invalid CapAdd: unknown capability: \"foo\" (capabilities(7), or ALL)" },
	{ { "--cap-drop", "Chown" }, "\"CapDrop\":[\"CAP_CHOWN\"]" },
	{ { "--cap-drop", "a,b" },
	  .message = "--cap-drop a,b: invalid CapDrop: unknown capability: \"a,b\" (capabilities(7), or ALL)" },
	{ { "--privileged" }, "\"Privileged\":true" },
	{ { "--privileged=0" }, "\"Privileged\":false" },
	{ { "--privileged=x" }, .message = "--privileged x: not a boolean (true or false)" },
	{ { "--security-opt", "seccomp=unconfined" }, "\"Seccomp\":\"unconfined\"" },
	{ { "--security-opt", "seccomp=good.env" }, "\"Seccomp\":\"F=1\\nG=3\\n\"" },
	{ { "--security-opt", "seccomp=none.json" },
	  .message =
		  "--security-opt seccomp=none.json: opening seccomp profile (none.json) failed: open none.json: No such "
		  "file or directory" },
	{ { "--security-opt", "seccomp=builtin" }, "\"Image\":\"busybox\"" },
	{ { "--security-opt", "no-new-privileges" }, "\"NoNewPrivileges\":true" },
	{ { "--security-opt", "no-new-privileges:true" }, "\"NoNewPrivileges\":true" },
	{ { "--security-opt", "no-new-privileges=maybe" },
	  .message =
		  "--security-opt no-new-privileges=maybe: Invalid --security-opt: \"no-new-privileges=maybe\"" SECURITY_HELP },
	{ { "--security-opt", "apparmor=foo" }, "\"AppArmorProfile\":\"foo\"" },
	{ { "--security-opt", "label=disable" }, "\"Image\":\"busybox\"" },
	{ { "--security-opt", "label:user:x" },
	  .message = "--security-opt label:user:x: SELinux labels are not supported (label=disable)" },
	{ { "--security-opt", "systempaths=unconfined" }, "\"SystempathsUnconfined\":true" },
	{ { "--security-opt", "systempaths" },
	  .message = "--security-opt systempaths: Invalid --security-opt: \"systempaths\"" SECURITY_HELP },
	{ { "--security-opt", "writable-cgroups=true" }, "\"WritableCgroups\":true" },
	{ { "--security-opt", "foo=bar" },
	  .message = "--security-opt foo=bar: Invalid --security-opt: \"foo=bar\"" SECURITY_HELP },
	{ { "--security-opt", "seccomp=" },
	  .message = "--security-opt seccomp=: Invalid --security-opt: \"seccomp=\"" SECURITY_HELP },
	{ { "--sysctl", "net.ipv4.ip_forward=1" }, "\"Sysctls\":{\"net.ipv4.ip_forward\":\"1\"}" },
	{ { "--sysctl", "kernel.sem=1 2 3 4" }, "\"Sysctls\":{\"kernel.sem\":\"1 2 3 4\"}" },
	{ { "--sysctl", "fs.mqueue.msg_max=5", "--sysctl", "fs.mqueue.msg_max=6" },
	  "\"Sysctls\":{\"fs.mqueue.msg_max\":\"6\"}" },
	{ { "--sysctl", "kernel.foo=1" },
	  .message = "--sysctl kernel.foo=1: sysctl 'kernel.foo=1' is not allowed" SYSCTL_HELP },
	{ { "--sysctl", "net.ipv4.ip_forward" },
	  .message = "--sysctl net.ipv4.ip_forward: sysctl 'net.ipv4.ip_forward' is not allowed" SYSCTL_HELP },
	{ { "--sysctl", "net./../../kernel/x=1" },
	  .message = "--sysctl net./../../kernel/x=1: sysctl 'net./../../kernel/x=1' is not allowed" SYSCTL_HELP },
	{ { "--ulimit", "nofile=1024:2048" }, "\"Name\":\"nofile\",\"Hard\":2048,\"Soft\":1024" },
	{ { "--ulimit", "core=0", "--ulimit", "core=-1" }, "[{\"Name\":\"core\",\"Hard\":-1,\"Soft\":-1}]" },
	{ { "--ulimit", "x" }, .message = "--ulimit x: invalid ulimit argument: x (NAME=SOFT[:HARD])" },
	{ { "--device-cgroup-rule", "c 1:3 rwm" }, "\"DeviceCgroupRules\":[\"c 1:3 rwm\"]" },
	{ { "--device-cgroup-rule", "foo" },
	  .message = "--device-cgroup-rule foo: invalid device cgroup format 'foo' (TYPE MAJOR:MINOR ACCESS, as 'c 1:3 "
		     "rwm')" },
};

static const struct line container[] = {
	{ { "--rm" }, "\"AutoRemove\":true" },
	{ { "--rm=TRUE" }, "\"AutoRemove\":true" },
	{ { "--rm", "--rm=f" }, "\"AutoRemove\":false" },
	{ { "--rm=foo" }, .message = "--rm foo: not a boolean (true or false)" },
	{ { "--rm=" }, .message = "--rm '': not a boolean (true or false)" },
	{ { "-d" }, "\"Detach\":true" },
	{ { "-di" },
	  "\"AttachStdin\":false,\"AttachStdout\":false,\"AttachStderr\":false,\"Tty\":false,"
	  "\"OpenStdin\":true,\"StdinOnce\":false" },
	{ { "-i" },
	  "\"AttachStdin\":true,\"AttachStdout\":true,\"AttachStderr\":true,\"Tty\":false,"
	  "\"OpenStdin\":true,\"StdinOnce\":true" },
	{ { "--interactive=false" },
	  "\"AttachStdin\":false,\"AttachStdout\":true,\"AttachStderr\":true,\"Tty\":false,"
	  "\"OpenStdin\":false,\"StdinOnce\":false" },
	{ { "-a", "STDERR" }, "\"AttachStdin\":false,\"AttachStdout\":false,\"AttachStderr\":true" },
	{ { "--attach", "stdin", "-a", "stdout" },
	  "\"AttachStdin\":true,\"AttachStdout\":true,\"AttachStderr\":false" },
	{ { "-a", "stdlog" }, .message = "--attach stdlog: valid streams are STDIN, STDOUT and STDERR" },
	{ { "-d", "-a", "stdout" },
	  .message = "conflicting options: cannot specify both --attach and --detach" },
	{ { "-t" }, "\"Tty\":true" },
	{ { "-it" }, "\"Tty\":true,\"OpenStdin\":true" },
	{ { "--tty=x" }, .message = "--tty x: not a boolean (true or false)" },
	{ { "--detach-keys", "ctrl-a,x" }, "\"Image\":\"busybox\"" },
	{ { "--cidfile", "/run/x.cid" }, "\"ContainerIDFile\":\"/run/x.cid\"" },
	{ { "--log-driver", "none" }, "\"LogConfig\":{\"Type\":\"none\"}" },
	{ { "--log-opt", "max-size=10m", "--log-opt", "max-file=3", "--log-opt", "max-size=1k" },
	  "\"LogConfig\":{\"Config\":{\"max-size\":\"1k\",\"max-file\":\"3\"}}" },
	{ { "--log-opt", "max-size" }, .message = "--log-opt max-size: KEY=VALUE is needed" },
	{ { "--platform", "linux" }, "\"Image\":\"busybox\"" },
#ifdef __x86_64__
	{ { "--platform", "linux/s390x" },
	  .message = "--platform linux/s390x: only this host's own platform can be run (linux/amd64)" },
#endif
	{ { "--platform", "windows" },
#ifdef __x86_64__
	  .message = "--platform windows: only this host's own platform can be run (linux/amd64)" },
#else
	  .message = "--platform windows: only this host's own platform can be run (linux/arm64)" },
#endif
	{ { "-im", "5m" }, "\"Memory\":5242880" },
	{ { "-im5m" }, "\"OpenStdin\":true" },
	{ { "-i=false" }, "\"OpenStdin\":false" },
	{ { "-i=x" }, .message = "--interactive x: not a boolean (true or false)" },
	{ { "--detach=x" }, .message = "--detach x: not a boolean (true or false)" },
	{ { "--name", "web" }, "\"Name\":\"web\"" },
	{ { "--name", "/web" }, "\"Name\":\"web\"" },
	{ { "--name", "a/b" },
	  .message =
		  "--name a/b: Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, 2 to 128 of them" },
	{ { "--name", "" },
	  .message =
		  "--name '': Invalid container name (), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, 2 to 128 of them" },
	{ { "--strict" }, "\"Strict\":true" },
	{ { "--strict=x" }, .message = "--strict x: not a boolean (true or false)" },
	{ { "--plan" }, "\"Image\":\"busybox\"" },
	{ { "--plan=x" }, .message = "--plan x: not a boolean (true or false)" },
	{ { "--plan", "-d" }, .message = "conflicting options: --plan and --detach" },
	{ { "--trace" }, "\"Image\":\"busybox\"" },
	{ { "--trace=x" }, .message = "--trace x: not a boolean (true or false)" },
	{ { "--pull", "never" }, "\"Image\":\"busybox\"" },
	{ { "--pull", "always" }, "\"Image\":\"busybox\"" },
	{ { "--pull", "x" },
	  .message = "--pull x: invalid pull option: 'x': must be one of \"always\", \"missing\" or \"never\"" },
	{ { "--restart", "no" }, "\"RestartPolicy\":{\"Name\":\"no\",\"MaximumRetryCount\":0}" },
	{ { "--restart", "always" }, "\"RestartPolicy\":{\"Name\":\"always\",\"MaximumRetryCount\":0}" },
	{ { "--restart", "on-failure:3" }, "\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}" },
	{ { "--restart", "unless-stopped" }, "\"Name\":\"unless-stopped\"" },
	{ { "--restart", "sometimes" },
	  .message = "--restart sometimes: invalid restart policy: unknown policy 'sometimes'; use one of 'no', "
		     "'always', 'on-failure', or 'unless-stopped'" },
	{ { "--restart", "on-failure:x" },
	  .message =
		  "--restart on-failure:x: invalid restart policy format: maximum retry count must be an integer (no, "
		  "always, unless-stopped, on-failure[:MAX])" },
	{ { "--restart", ":1" },
	  .message = "--restart :1: invalid restart policy format: no policy provided before colon (no, always, "
		     "unless-stopped, on-failure[:MAX])" },
	{ { "--rm", "--restart", "always" },
	  .message = "conflicting options: cannot specify both --restart and --rm" },
	{ { "--isolation", "default" }, "\"Image\":\"busybox\"" },
	{ { "--isolation", "hyperv" },
	  .message = "--isolation hyperv: invalid isolation: Linux has no other than default" },
	{ { "--sig-proxy" }, "\"Image\":\"busybox\"" },
	{ { "--sig-proxy=false" }, "\"Image\":\"busybox\"" },
	{ { "--sig-proxy=x" }, .message = "--sig-proxy x: not a boolean (true or false)" },
	{ { "-q", "--no-healthcheck", "--disable-content-trust" }, "\"Image\":\"busybox\"" },
	{ { "--quiet=x" }, .message = "--quiet x: not a boolean (true or false)" },
	{ { "--no-healthcheck=x" }, .message = "--no-healthcheck x: not a boolean (true or false)" },
	{ { "--disable-content-trust=x" }, .message = "--disable-content-trust x: not a boolean (true or false)" },
	{ { "--rootfs", "/x//y", "true" }, "\"Rootfs\":\"/x/y\"", .whole = true },
	{ { "--rootfs", "/x", "echo", "--rm" }, "\"Cmd\":[\"echo\",\"--rm\"]", .whole = true },
	{ { "--rootfs=", "true" }, .message = "--rootfs '': a directory is needed", .whole = true },
	{ { "--rootfs", "/x" }, .message = "'tare run --rootfs DIR' requires a command", .whole = true },
	{ { "-t=false", "--init=false", "-P=false" }, "\"Tty\":false" },
};

static const struct line grammar[] = {
	{ { "busybox", "sh", "-c", "--rm" }, "\"Cmd\":[\"sh\",\"-c\",\"--rm\"]", .whole = true },
	{ { "--", "busybox", "--rm" }, "\"Cmd\":[\"--rm\"],\"Image\":\"busybox\"", .whole = true },
	{ { "--rm", "-", "x" }, "\"Image\":\"-\"", .whole = true },
	{ { "--name" }, .message = "--name: flag needs an argument: NAME", .whole = true },
	{ { "-dm" }, .message = "--memory: flag needs an argument: BYTES", .whole = true },
	{ { "--rm" },
	  .message = "'tare run' requires at least 1 argument: IMAGE, or --rootfs DIR COMMAND",
	  .whole = true },
	{ { "" }, .message = "invalid reference format: the name of the image is empty", .whole = true },
	{ { "--memry", "1" }, .message = "unknown option --memry; did you mean --memory?" },
	{ { "--privilegd" }, .message = "unknown option --privilegd; did you mean --privileged?" },
	{ { "--priv" }, .message = "unknown option --priv; did you mean --privileged?" },
	{ { "--cpu-sharse=1" }, .message = "unknown option --cpu-sharse; did you mean --cpu-shares?" },
	{ { "--hepl" }, .message = "unknown option --hepl; did you mean --help?" },
	{ { "--zzzzzz" }, .message = "unknown option --zzzzzz" },
	{ { "---rm" }, .message = "unknown option ---rm; did you mean --rm?" },
	{ { "-Q" }, .message = "unknown option -Q" },
	{ { "-dQ" }, .message = "unknown option -Q in -dQ" },
	{ { "--link=a" },
	  .message = "--link: links are a legacy of Docker: containers on a network of your own find "
		     "each other by name" },
	{ { "--cpu-count", "2" }, .message = "--cpu-count: is for Windows containers only" },
};

#define CHECK_ALL(lines)                                      \
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)         \
		check(&(lines)[i])

TEST(limits)
{
	CHECK_ALL(resource);
}

TEST(namespace_modes)
{
	CHECK_ALL(namespaces);
}

TEST(process_settings)
{
	CHECK_ALL(process);
}

TEST(files_and_devices)
{
	CHECK_ALL(mount);
}

TEST(security_settings)
{
	CHECK_ALL(security);
}

TEST(container_settings)
{
	CHECK_ALL(container);
}

TEST(grammar_is_that_of_pflag)
{
	CHECK_ALL(grammar);
}

TEST(long_values_do_not_push_out_the_explanation)
{
	char value[5000];
	const struct line l = { { "--memory", value } };
	scoped_arena a = ARENA(4 << 20);
	struct run_options o;
	struct err e = { 0 };

	memset(value, 'x', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	assert_int_equal(-EINVAL, parse(&l, &a, &o, &e));
	assert_non_null(strstr(e.msg, "invalid size"));
	assert_non_null(strstr(e.msg, SIZE_HELP));
}

TEST(what_docker_s_daemon_looks_at_is_told_from_what_its_client_refuses)
{
	static const struct {
		struct line l;
		int rc;
	} rows[] = {
		{ { { "--workdir", "relative" } }, -EDOM },
		{ { { "--cap-add", "NONE" } }, -EDOM },
		{ { { "-v", "/a:/b:zz" } }, -EDOM },
		{ { { "--mount", "type=nfs,dst=/x" } }, -EDOM },
		{ { { "--security-opt", "foo=bar" } }, -EDOM },
		{ { { "--cpus", "abc" } }, -EINVAL },
		{ { { "--mount", "dst=/x,colour=red" } }, -EINVAL },
		{ { { "--nosuch" } }, -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena a = ARENA(4 << 20);
		struct run_options o;

		assert_int_equal(rows[i].rc, parse(&rows[i].l, &a, &o, NULL));
	}
}

TEST(h_is_help_where_no_option_has_the_letter)
{
	static const char *argv[] = { "-h" };
	scoped_arena a = ARENA(1 << 20);
	struct operands operands;

	assert_int_equal(0,
			 options_parse(global_groups, true, &a, &(struct cli){ 0 }, 1, (char **)argv, &operands, NULL));
	assert_true(operands.help);
}

TEST(help_ends_the_options)
{
	static const char *argv[] = { "--rm", "--help", "--nonsense" };
	scoped_arena a = ARENA(4 << 20);
	struct run_options o = { .flags.plan = false };
	struct operands operands;

	assert_int_equal(0, options_parse(command_run.groups, true, &a, &o, 3, (char **)argv, &operands, NULL));
	assert_true(operands.help);
}

/* ---- every row was tried ------------------------------------------------------------------------------------ */

static bool names(const struct line *l, const struct option *row, bool bad)
{
	if (!l->message != !bad)
		return false;
	for (size_t i = 0; i < ARGS && l->argv[i]; i++) {
		const char *word = l->argv[i];
		size_t n = strlen(row->name);

		if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, row->name, n) == 0 &&
		    (word[2 + n] == '=' || word[2 + n] == '\0'))
			return true;
		if (word[0] == '-' && word[1] != '-' && row->letter && strchr(word, row->letter))
			return true;
	}
	return false;
}

#define TABLES(X) X(resource) X(namespaces) X(process) X(mount) X(security) X(container) X(grammar)

static bool is_tried(const struct option *row, bool bad)
{
#define X(lines)                                         \
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)    \
		if (names(&(lines)[i], row, bad))        \
			return true;
	TABLES(X)
#undef X
	return false;
}

/* Others look at the value later, or nobody does. */
static bool takes_any_text(const char *name)
{
	static const char *const names[] = { "cidfile", "detach-keys", "entrypoint", "log-driver", "net", "userns" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

TEST(every_option_is_tried_with_a_good_and_a_bad_value)
{
	for (const struct option_group *const *g = command_run.groups; *g; g++)
		for (size_t i = 0; i < (*g)->n; i++) {
			const struct option *row = &(*g)->rows[i];

			if (row->refused)
				continue;
			if (!is_tried(row, false))
				fail_msg("--%s: no good value is tried", row->name);
			if (!takes_any_text(row->name) && !is_tried(row, true))
				fail_msg("--%s: no bad value is tried", row->name);
		}
}

/* docker-run-options: "name letter arg", a '-' for what it has not */
static void check_docker_option(struct sv line)
{
	struct sv name, letter, arg, rest;
	const struct option *row;

	(void)sv_cut(line, ' ', &name, &rest);
	(void)sv_cut(rest, ' ', &letter, &arg);
	row = option_find(command_run.groups, name);
	if (!row)
		fail_msg("--" SV_FMT ": Docker's, and not known", SV_ARG(name));
	if (!row->arg != sv_is(arg, "-"))
		fail_msg("--" SV_FMT ": Docker's has %s argument", SV_ARG(name), row->arg ? "no" : "an");
	if (row->letter ? letter.n != 1 || *letter.p != row->letter : !sv_is(letter, "-"))
		fail_msg("--" SV_FMT ": Docker's letter is " SV_FMT, SV_ARG(name), SV_ARG(letter));
}

TEST(every_option_of_docker_is_taken_or_refused_with_a_reason)
{
	const char *top = getenv("TARE_TOP");
	scoped_buf list = BUF(1 << 16);
	struct sv rest, line;
	char path[512];
	size_t n = 0;

	(void)snprintf(path, sizeof path, "%s/tests/unit/cli/docker-run-options", top ? top : ".");
	assert_int_equal(0, io_read_at(AT_FDCWD, path, &list, NULL));
	rest = buf_sv(&list);
	while (sv_next(&rest, '\n', &line))
		if (line.n && *line.p != '#') {
			check_docker_option(line);
			n++;
		}
	assert_true(n > 100);
}

TEST(refused_options_say_why_in_one_line)
{
	for (size_t i = 0; i < opt_refused.n; i++) {
		const struct option *row = &opt_refused.rows[i];
		char word[64], want[300];
		const struct line l = { { word, "1" }, .message = want };

		(void)snprintf(word, sizeof word, "--%s", row->name);
		if (row->letter)
			(void)snprintf(want, sizeof want, "-%c, --%s: %s", row->letter, row->name, row->refused);
		else
			(void)snprintf(want, sizeof want, "--%s: %s", row->name, row->refused);
		check(&l);
		assert_true(strlen(row->refused) > 15 && !strchr(row->refused, '\n'));
	}
}

/* ---- set-up ------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/tare-test-run-XXXXXX";

static void put(const char *name, const char *text)
{
	scoped_fd fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
}

static int set_up(void **state)
{
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return -1;
	put("good.env", "F=1\nG=3\n");
	put("bad.env", "a b=1\n");
	return setenv("TARE_TEST_HERE", "yes", 1) | unsetenv("TARE_TEST_NOT");
}

static int tear_down(void **state)
{
	return unlink("good.env") | unlink("bad.env") | rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(limits),
		RUN(namespace_modes),
		RUN(process_settings),
		RUN(files_and_devices),
		RUN(security_settings),
		RUN(container_settings),
		RUN(grammar_is_that_of_pflag),
		RUN(long_values_do_not_push_out_the_explanation),
		RUN(what_docker_s_daemon_looks_at_is_told_from_what_its_client_refuses),
		RUN(h_is_help_where_no_option_has_the_letter),
		RUN(help_ends_the_options),
		RUN(every_option_is_tried_with_a_good_and_a_bad_value),
		RUN(every_option_of_docker_is_taken_or_refused_with_a_reason),
		RUN(refused_options_say_why_in_one_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
