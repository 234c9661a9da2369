/* SPDX-License-Identifier: Apache-2.0 */
/* One row per range, conflict and missing feature: the text is what scripts match. */
#include "spec/spec.h"

#include "base/limits.h"
#include "base/scope.h"

#include "../test.h"
#include "facts.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

/* The configurations are written as JSON: the field names are the options'. */
#define HOST(fields) "{\"HostConfig\":{" fields "}}"
#define CONFIG(fields) "{\"Config\":{" fields "}}"
#define TARE(fields) "{\"Tare\":{" fields "}}"
#define MOUNT(fields) HOST("\"Mounts\":[{" fields "}]")

static const struct {
	const char *json, *msg; /* NULL: fine, and without a warning */
} cases[] = {
	{ "{}", NULL },
	/* memory */
	{ HOST("\"Memory\":4096"), "--memory 4k: Minimum memory limit allowed is 6MB" },
	{ HOST("\"Memory\":6291455"), "--memory 6291455: Minimum memory limit allowed is 6MB" },
	{ HOST("\"Memory\":-1"), "--memory -1: Minimum memory limit allowed is 6MB" },
	{ HOST("\"Memory\":6291456"), NULL },
	{ HOST("\"Memory\":67108864,\"MemorySwap\":33554432"),
	  "--memory-swap 32m: Minimum memoryswap limit should be larger than memory limit, see usage" },
	{ HOST("\"Memory\":67108864,\"MemorySwap\":-2"),
	  "--memory-swap -2: Minimum memoryswap limit should be larger than memory limit, see usage" },
	{ HOST("\"MemorySwap\":67108864"),
	  "--memory-swap 64m: You should always set the Memory limit when using Memoryswap limit, see usage" },
	{ HOST("\"Memory\":67108864,\"MemorySwap\":67108864"), NULL },
	{ HOST("\"Memory\":67108864,\"MemorySwap\":-1"), NULL },
	{ HOST("\"MemorySwap\":-1"), NULL },
	{ HOST("\"MemoryReservation\":4096"),
	  "--memory-reservation 4k: Minimum memory reservation allowed is 6MB" },
	{ HOST("\"Memory\":6291456,\"MemoryReservation\":7340032"),
	  "--memory-reservation 7m: Minimum memory limit can not be less than memory reservation limit, see usage" },
	{ TARE("\"MemoryHigh\":1"), "--memory-high 1: Minimum memory limit allowed is 6MB" },
	{ TARE("\"MemoryHigh\":6291456"), NULL },
	{ HOST("\"BlkioWeight\":9"), "--blkio-weight 9: Range of blkio weight is from 10 to 1000" },
	{ HOST("\"BlkioWeight\":1001"), "--blkio-weight 1001: Range of blkio weight is from 10 to 1000" },
	{ HOST("\"BlkioWeight\":1000"), NULL },
	{ HOST("\"BlkioWeightDevice\":[{\"Path\":\"/dev/x\",\"Weight\":5}]"),
	  "--blkio-weight-device /dev/x: invalid weight for device: 5 (10 to 1000, or 0)" },
	{ HOST("\"BlkioWeightDevice\":[{\"Path\":\"/dev/x\",\"Weight\":0}]"), NULL },
	{ HOST("\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/x\",\"Rate\":1}]"), NULL },
	{ TARE("\"CgroupConf\":{\"memory.high\":\"1\",\"cgroup.max.depth\":\"2\",\"io.latency\":\"8:0 target=1\"}"),
	  NULL },
	{ TARE("\"CgroupConf\":{\"memory.high\":\"\"}"), "--cgroup-conf memory.high: a value is needed" },
	{ TARE("\"CgroupConf\":{\"cgroup.procs\":\"0\"}"),
	  "--cgroup-conf cgroup.procs: not a limit: it moves processes or changes the tree" },
	{ TARE("\"CgroupConf\":{\"cgroup.threads\":\"0\"}"),
	  "--cgroup-conf cgroup.threads: not a limit: it moves processes or changes the tree" },
	{ TARE("\"CgroupConf\":{\"cgroup.subtree_control\":\"-memory\"}"),
	  "--cgroup-conf cgroup.subtree_control: not a limit: it moves processes or changes the tree" },
	{ TARE("\"CgroupConf\":{\"../memory.max\":\"1\"}"),
	  "--cgroup-conf ../memory.max: not the name of a control file" },
	{ TARE("\"CgroupConf\":{\"x/memory.max\":\"1\"}"),
	  "--cgroup-conf x/memory.max: not the name of a control file" },
	{ TARE("\"CgroupConf\":{\"tasks\":\"1\"}"), "--cgroup-conf tasks: not the name of a control file" },
	{ TARE("\"CgroupConf\":{\"..\":\"1\"}"), "--cgroup-conf ..: not the name of a control file" },
	/* cpu */
	{ HOST("\"NanoCpus\":3000000000"),
	  "--cpus 3: range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available" },
	{ HOST("\"NanoCpus\":2000000001"),
	  "--cpus 2.000000001: range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available" },
	{ HOST("\"NanoCpus\":5000000"),
	  "--cpus 0.005: range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available" },
	{ HOST("\"NanoCpus\":-500000000"),
	  "--cpus -0.5: range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available" },
	{ HOST("\"NanoCpus\":9223372036854775807"),
	  "--cpus 9223372036.854775807: range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available" },
	{ HOST("\"NanoCpus\":2000000000"), NULL },
	{ HOST("\"NanoCpus\":10000000"), NULL },
	{ HOST("\"NanoCpus\":500000000,\"CpuPeriod\":1000"),
	  "--cpus 0.5: Conflicting options: Nano CPUs and CPU Period cannot both be set" },
	{ HOST("\"NanoCpus\":500000000,\"CpuQuota\":1000"),
	  "--cpus 0.5: Conflicting options: Nano CPUs and CPU Quota cannot both be set" },
	{ HOST("\"CpuPeriod\":999"), "--cpu-period 999: CPU cfs period can not be less than 1ms (i.e. 1000) or "
				     "larger than 1s (i.e. 1000000)" },
	{ HOST("\"CpuPeriod\":1000001"), "--cpu-period 1000001: CPU cfs period can not be less than 1ms (i.e. 1000) "
					 "or larger than 1s (i.e. 1000000)" },
	{ HOST("\"CpuQuota\":999"), "--cpu-quota 999: CPU cfs quota can not be less than 1ms (i.e. 1000)" },
	{ HOST("\"CpuQuota\":-1"), NULL },
	{ HOST("\"CpuPeriod\":1000,\"CpuQuota\":1000"), NULL },
	{ HOST("\"CpuShares\":-1"), "--cpu-shares -1: shares: invalid argument" },
	{ HOST("\"CpuShares\":1"), "--cpu-shares 1: the minimum allowed cpu-shares is 2" },
	{ HOST("\"CpuShares\":262145"), "--cpu-shares 262145: the maximum allowed cpu-shares is 262144" },
	{ HOST("\"CpuShares\":2"), NULL },
	{ HOST("\"CpusetCpus\":\"2\""),
	  "--cpuset-cpus 2: Requested CPUs are not available - requested 2, available: 0-1" },
	{ HOST("\"CpusetCpus\":\"0-5\""),
	  "--cpuset-cpus 0-5: Requested CPUs are not available - requested 0-5, available: 0-1" },
	{ HOST("\"CpusetCpus\":\"1-0\""), "--cpuset-cpus 1-0: Invalid value 1-0 for cpuset cpus" },
	{ HOST("\"CpusetCpus\":\"a\""), "--cpuset-cpus a: Invalid value a for cpuset cpus" },
	{ HOST("\"CpusetCpus\":\"99999\""), "--cpuset-cpus 99999: Invalid value 99999 for cpuset cpus" },
	{ HOST("\"CpusetCpus\":\"0,1\",\"CpusetMems\":\"0\""), NULL },
	{ HOST("\"CpusetMems\":\"1\""),
	  "--cpuset-mems 1: Requested memory nodes are not available - requested 1, available: 0" },
	{ HOST("\"CpusetMems\":\"-\""), "--cpuset-mems -: Invalid value - for cpuset mems" },
	{ HOST("\"PidsLimit\":-1"), NULL },
	/* the process */
	{ HOST("\"OomScoreAdj\":1001"),
	  "--oom-score-adj 1001: Invalid value 1001, range for oom score adj is [-1000, 1000]" },
	{ HOST("\"OomScoreAdj\":-1001"),
	  "--oom-score-adj -1001: Invalid value -1001, range for oom score adj is [-1000, 1000]" },
	{ HOST("\"ShmSize\":-1"), "--shm-size -1: SHM size can not be less than 0" },
	{ HOST("\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":20,\"Hard\":10}]"),
	  "--ulimit RLIMIT_NOFILE: ulimit soft limit must be less than or equal to hard limit: 20 > 10" },
	{ HOST("\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":-1,\"Hard\":10}]"),
	  "--ulimit RLIMIT_NOFILE: ulimit soft limit must be less than or equal to hard limit: -1 > 10" },
	{ HOST("\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":10,\"Hard\":-1}]"), NULL },
	{ CONFIG("\"Env\":[\"=x\"]"), "--env =x: invalid environment variable: =x" },
	{ CONFIG("\"Env\":[\"\"]"), "--env : invalid environment variable: " },
	{ CONFIG("\"WorkingDir\":\"srv\""),
	  "--workdir srv: the working directory 'srv' is invalid, it needs to be an absolute path" },
	{ TARE("\"Name\":\"-web\""),
	  "--name -web: Invalid container name (-web), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed" },
	{ TARE("\"Name\":\"web\""), NULL },
	{ CONFIG("\"Hostname\":\"a b\""), "--hostname a b: invalid hostname format: a b" },
	{ CONFIG("\"Hostname\":\"a\\n127.0.0.1 x\""), "--hostname a\n127.0.0.1 x: invalid hostname format: "
						       "a\n127.0.0.1 x" },
	{ CONFIG("\"Hostname\":\"0123456789012345678901234567890123456789012345678901234567890123\""), NULL },
	{ CONFIG("\"Hostname\":\"01234567890123456789012345678901234567890123456789012345678901234\""),
	  "--hostname 01234567890123456789012345678901234567890123456789012345678901234: hostname "
	  "\"01234567890123456789012345678901234567890123456789012345678901234\" is too long (maximum 64 bytes)" },
	{ "{\"Config\":{\"Hostname\":\"h\"},\"HostConfig\":{\"UTSMode\":\"host\"}}",
	  "--hostname h: conflicting options: hostname and the UTS mode" },
	{ CONFIG("\"Domainname\":\"a b\""), "--domainname a b: invalid domainname format: a b" },
	{ "{\"Config\":{\"Domainname\":\"d\"},\"HostConfig\":{\"UTSMode\":\"host\"}}",
	  "--domainname d: conflicting options: domainname and the UTS mode" },
	{ "{\"Config\":{\"Hostname\":\"h\"},\"HostConfig\":{\"UTSMode\":\"container:x\"}}",
	  "--hostname h: conflicting options: hostname and the UTS mode" },
	{ "{\"Config\":{\"Hostname\":\"h\"},\"HostConfig\":{\"NetworkMode\":\"container:x\"}}",
	  "--hostname h: conflicting options: hostname and the network mode" },
	/* modes */
	{ HOST("\"PidMode\":\"x\""), "--pid x: invalid PID mode: x" },
	{ HOST("\"PidMode\":\"container:a\",\"IpcMode\":\"container:a\",\"UTSMode\":\"container:a\",\"NetworkMode\":\"container:a\""),
	  NULL },
	{ HOST("\"PidMode\":\"container:\""), "--pid container:: invalid PID mode: container:" },
	{ HOST("\"CgroupnsMode\":\"container:a\""),
	  "--cgroupns container:a: invalid cgroup namespace mode: container:a" },
	{ HOST("\"IpcMode\":\"x\""), "--ipc x: invalid IPC mode: x" },
	{ HOST("\"UTSMode\":\"none\""), "--uts none: invalid UTS mode: none" },
	{ HOST("\"CgroupnsMode\":\"x\""), "--cgroupns x: invalid cgroup namespace mode: x" },
	{ HOST("\"NetworkMode\":\"none\",\"PidMode\":\"host\",\"IpcMode\":\"none\",\"UTSMode\":\"host\","
	       "\"CgroupnsMode\":\"host\""),
	  NULL },
	{ HOST("\"UsernsMode\":\"x\""), "--userns x: invalid USER mode: allowed are host, auto, auto:size=N, "
					"container:NAME and CONTAINER_ID:HOST_ID:SIZE[,...]" },
	{ HOST("\"UsernsMode\":\"auto\""), NULL },
	{ HOST("\"UsernsMode\":\"0:5:5\",\"IpcMode\":\"host\",\"UTSMode\":\"host\",\"CgroupnsMode\":\"host\""), NULL },
	{ HOST("\"UsernsMode\":\"1:5:5\""), "--userns 1:5:5: the container's id 0 is not mapped" },
	{ HOST("\"UsernsMode\":\"auto\",\"Privileged\":true"),
	  "--userns auto: privileged mode is incompatible with user namespaces.  You must run the container in the host "
	  "namespace when running privileged mode" },
	{ HOST("\"UsernsMode\":\"host\",\"Privileged\":true"), NULL },
	{ HOST("\"UsernsMode\":\"auto\",\"NetworkMode\":\"host\""),
	  "--userns auto: cannot share the host's network namespace when user namespaces are enabled" },
	{ HOST("\"UsernsMode\":\"auto\",\"PidMode\":\"host\""),
	  "--userns auto: cannot share the host PID namespace when user namespaces are enabled" },
	{ HOST("\"UsernsMode\":\"container:a\",\"IpcMode\":\"container:a\",\"PidMode\":\"container:a\""), NULL },
	{ HOST("\"UsernsMode\":\"container:a\",\"IpcMode\":\"container:b\""),
	  "--userns container:a: --ipc container:b: another container's namespace belongs to another user namespace; use "
	  "--userns host, or join that one too" },
	{ HOST("\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"BindOptions\":{\"Idmap\":true}}]"),
	  "--mount /b: invalid mount config for type \"bind\": idmap needs a user namespace (--userns)" },
	{ HOST("\"UsernsMode\":\"host\""), NULL },
	/* life */
	{ HOST("\"RestartPolicy\":{\"Name\":\"always\",\"MaximumRetryCount\":1}"),
	  "--restart always: invalid restart policy: maximum retry count can only be used with 'on-failure'" },
	{ HOST("\"RestartPolicy\":{\"Name\":\"no\",\"MaximumRetryCount\":-1}"),
	  "--restart no: invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be "
	  "negative" },
	{ HOST("\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":-1}"),
	  "--restart on-failure: invalid restart policy: maximum retry count cannot be negative" },
	{ HOST("\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":5}"), NULL },
	{ HOST("\"RestartPolicy\":{\"Name\":\"always\"},\"AutoRemove\":true"),
	  "--restart always: can't create 'AutoRemove' container with restart policy" },
	{ CONFIG("\"StopSignal\":\"SIGX\""), "--stop-signal SIGX: invalid signal: SIGX" },
	{ CONFIG("\"StopSignal\":\"SIGRTMIN+3\",\"StopTimeout\":-1"), NULL },
	{ HOST("\"LogConfig\":{\"Type\":\"none\"}"), NULL },
	{ HOST("\"LogConfig\":{\"Config\":{\"x\":\"y\"}}"),
	  "--log-opt x=y: unknown log opt 'x' for json-file log driver" },
	{ HOST("\"Annotations\":{\"\":\"y\"}"),
	  "--annotation '': the empty string is not permitted as an annotation key" },
	/* security */
	{ HOST("\"CapAdd\":[\"CAP_X\"]"), "--cap-add CAP_X: invalid CapAdd: unknown capability: \"CAP_X\"" },
	{ HOST("\"CapDrop\":[\"CAP_X\"]"), "--cap-drop CAP_X: invalid CapDrop: unknown capability: \"CAP_X\"" },
	{ HOST("\"CapAdd\":[\"ALL\"],\"CapDrop\":[\"ALL\",\"CAP_KILL\"]"), NULL },
	{ HOST("\"Devices\":[{\"PathOnHost\":\"null\"}]"), "--device null: null is not an absolute path" },
	{ HOST("\"Devices\":[{\"PathOnHost\":\"/dev/x\",\"CgroupPermissions\":\"rwx\"}]"),
	  "--device /dev/x: invalid device mode: rwx" },
	{ HOST("\"DeviceCgroupRules\":[\"c 1:3 rwm\",\"a\",\"b *:* r\"]"), NULL },
	{ HOST("\"DeviceCgroupRules\":[\"c 1:3\"]"),
	  "--device-cgroup-rule c 1:3: invalid device cgroup rule format: 'c 1:3'" },
	{ HOST("\"DeviceCgroupRules\":[\"d 1:3 r\"]"),
	  "--device-cgroup-rule d 1:3 r: invalid device cgroup rule format: 'd 1:3 r'" },
	{ HOST("\"DeviceCgroupRules\":[\"c 1:3 rwmr\"]"),
	  "--device-cgroup-rule c 1:3 rwmr: invalid device cgroup rule format: 'c 1:3 rwmr'" },
	{ HOST("\"DeviceCgroupRules\":[\"c 1:-1 r\"]"),
	  "--device-cgroup-rule c 1:-1 r: invalid device cgroup rule format: 'c 1:-1 r'" },
	{ HOST("\"CgroupParent\":\"/a/../..\""),
	  "--cgroup-parent /a/../..: not the path of a cgroup below the root" },
	{ HOST("\"CgroupParent\":\"/a/b\""), NULL },
	/* sysctls; CVE-2022-0811 */
	{ HOST("\"Sysctls\":{\"kernel.core_pattern\":\"x\"}"),
	  "--sysctl kernel.core_pattern: sysctl 'kernel.core_pattern' is not allowed" },
	{ HOST("\"Sysctls\":{\"kernel.shm_rmid_forced\":\"1+kernel.core_pattern=|/x\"}"),
	  "--sysctl kernel.shm_rmid_forced: sysctl 'kernel.shm_rmid_forced=1+kernel.core_pattern=|/x' is not allowed" },
	{ HOST("\"Sysctls\":{\"kernel.shm_rmid_forced+kernel.core_pattern\":\"1\"}"),
	  "--sysctl kernel.shm_rmid_forced+kernel.core_pattern: sysctl 'kernel.shm_rmid_forced+kernel.core_pattern' is "
	  "not allowed" },
	{ HOST("\"Sysctls\":{\"net/../kernel/core_pattern\":\"1\"}"),
	  "--sysctl net/../kernel/core_pattern: sysctl 'net/../kernel/core_pattern' is not allowed" },
	{ HOST("\"Sysctls\":{\"net..kernel\":\"1\"}"), "--sysctl net..kernel: sysctl 'net..kernel' is not allowed" },
	{ HOST("\"Sysctls\":{\"net.\":\"1\"}"), "--sysctl net.: sysctl 'net.' is not allowed" },
	{ HOST("\"Sysctls\":{\"net.core.somaxconn\":\"1\\n2\"}"),
	  "--sysctl net.core.somaxconn: sysctl 'net.core.somaxconn=1\n2' is not allowed" },
	{ HOST("\"Sysctls\":{\"vm.swappiness\":\"1\"}"),
	  "--sysctl vm.swappiness: sysctl 'vm.swappiness' is not allowed" },
	{ HOST("\"Sysctls\":{\"kernel.hostname\":\"x\"}"),
	  "--sysctl kernel.hostname: sysctl 'kernel.hostname' is not allowed" },
	{ HOST("\"Sysctls\":{\"net.ipv4.ip_forward\":\"1\"},\"NetworkMode\":\"host\""),
	  "--sysctl net.ipv4.ip_forward: sysctl 'net.ipv4.ip_forward' not allowed in host network namespace" },
	{ HOST("\"Sysctls\":{\"kernel.msgmax\":\"1\"},\"IpcMode\":\"host\""),
	  "--sysctl kernel.msgmax: sysctl 'kernel.msgmax' not allowed in host ipc namespace" },
	{ HOST("\"Sysctls\":{\"kernel.domainname\":\"x\"},\"UTSMode\":\"host\""),
	  "--sysctl kernel.domainname: sysctl 'kernel.domainname' not allowed in host uts namespace" },
	{ HOST("\"Sysctls\":{\"net.ipv4.ip_forward\":\"1\",\"kernel.sem\":\"250\\t32000\",\"fs.mqueue.msg_max\":\"10\","
	       "\"kernel.domainname\":\"x\"}"),
	  NULL },
	/* mounts */
	{ MOUNT("\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":\"t\""),
	  "--mount t: invalid mount config for type \"bind\": mount path must be absolute: t" },
	{ MOUNT("\"Type\":\"bind\",\"Source\":\"s\",\"Target\":\"/t\",\"BindOptions\":{\"CreateMountpoint\":true}"),
	  "--volume /t: invalid mount config for type \"bind\": mount path must be absolute: s" },
	{ MOUNT("\"Type\":\"bind\",\"Target\":\"/t\""),
	  "--mount /t: invalid mount config for type \"bind\": field Source must not be empty" },
	{ MOUNT("\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":\"/a/..\""),
	  "--mount /a/..: invalid mount config for type \"bind\": invalid specification: destination can't be '/'" },
	{ MOUNT("\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":\"/t\",\"BindOptions\":{\"Propagation\":\"x\"}"),
	  "--mount /t: invalid mount config for type \"bind\": invalid propagation mode: x" },
	{ MOUNT("\"Type\":\"tmpfs\",\"Target\":\"/t\",\"TmpfsOptions\":{\"Text\":\"size=1m,foo\"}"),
	  "--tmpfs /t: invalid tmpfs option \"foo\"" },
	{ MOUNT("\"Type\":\"tmpfs\",\"Target\":\"/t\",\"TmpfsOptions\":{\"Mode\":4096}"),
	  "--mount /t: invalid mount config for type \"tmpfs\": the mode is not between 0 and 7777" },
	{ MOUNT("\"Type\":\"tmpfs\",\"Source\":\"/s\",\"Target\":\"/t\""),
	  "--mount /t: invalid mount config for type \"tmpfs\": field Source must not be specified" },
	{ MOUNT("\"Type\":\"volume\",\"Source\":\"../x\",\"Target\":\"/t\""),
	  "--mount ../x: \"../x\" includes invalid characters for a local volume name, only "
	  "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path" },
	{ MOUNT("\"Type\":\"tmpfs\",\"Target\":\"/t\"},{\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":\"//t/\""),
	  "--mount //t/: Duplicate mount point: /t" },
	{ MOUNT("\"Type\":\"volume\",\"Target\":\"/v\""), NULL },
};

static void check(const struct host_facts *f, const char *json, bool strict, const char *msg, const char *warning)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct warnings w = { .arena = &a };
	struct container_config c;
	struct err e = { 0 };
	int r;

	if (config_parse(sv_from(json), &a, &c, &e) < 0)
		fail_msg("%s: %s", json, e.msg);
	c.strict = strict;
	r = config_check(&c, f, &w, &e);
	if (r != (msg ? -EINVAL : 0))
		fail_msg("%s: %d (%s)", json, r, e.msg);
	if (msg)
		assert_string_equal(msg, e.msg);
	if (w.n != (warning ? 1 : 0))
		fail_msg("%s: %zu warnings (%s)", json, w.n, w.n ? w.v[0] : "");
	if (warning)
		assert_string_equal(warning, w.v[0]);
}

TEST(every_value_has_its_range_and_its_text)
{
	struct host_facts f = facts_v2();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check(&f, cases[i].json, false, cases[i].msg, NULL);
}

static const struct {
	const char *json, *option, *warning;
} lacking[] = {
	{ HOST("\"Memory\":67108864"), "--memory 64m",
	  "Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded." },
	{ HOST("\"MemoryReservation\":67108864"), "--memory-reservation 64m",
	  "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation "
	  "discarded." },
	{ TARE("\"MemoryHigh\":67108864"), "--memory-high 64m",
	  "Your kernel does not support memory high limit capabilities (they need cgroup v2). Limitation discarded." },
	{ HOST("\"PidsLimit\":5"), "--pids-limit 5",
	  "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded." },
	{ HOST("\"CpuShares\":512"), "--cpu-shares 512",
	  "Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded." },
	{ HOST("\"CpuQuota\":5000"), "--cpu-quota 5000",
	  "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded." },
	{ HOST("\"MemorySwappiness\":0"), "--memory-swappiness 0",
	  "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness "
	  "discarded." },
	{ HOST("\"OomKillDisable\":true"), "--oom-kill-disable true",
	  "Your kernel does not support OomKillDisable. OomKillDisable discarded." },
	{ HOST("\"BlkioWeight\":500"), "--blkio-weight 500",
	  "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded." },
	{ HOST("\"BlkioWeightDevice\":[{\"Path\":\"/dev/x\",\"Weight\":50}]"), "--blkio-weight-device /dev/x",
	  "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded." },
	{ HOST("\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/x\",\"Rate\":1}]"), "--device-read-bps /dev/x",
	  "Your kernel does not support BPS Block I/O read limit or the cgroup is not mounted. Block I/O BPS read limit "
	  "discarded." },
	{ HOST("\"BlkioDeviceWriteBps\":[{\"Path\":\"/dev/x\",\"Rate\":1}]"), "--device-write-bps /dev/x",
	  "Your kernel does not support BPS Block I/O write limit or the cgroup is not mounted. Block I/O BPS write limit "
	  "discarded." },
	{ HOST("\"BlkioDeviceReadIOps\":[{\"Path\":\"/dev/x\",\"Rate\":1}]"), "--device-read-iops /dev/x",
	  "Your kernel does not support IOPS Block read limit or the cgroup is not mounted. Block I/O IOPS read limit "
	  "discarded." },
	{ HOST("\"BlkioDeviceWriteIOps\":[{\"Path\":\"/dev/x\",\"Rate\":1}]"), "--device-write-iops /dev/x",
	  "Your kernel does not support IOPS Block write limit or the cgroup is not mounted. Block I/O IOPS write limit "
	  "discarded." },
	{ HOST("\"CpusetMems\":\"0\""), "--cpuset-mems 0",
	  "Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded." },
};

TEST(what_the_host_lacks_is_discarded_or_refused_when_strict)
{
	struct host_facts f = facts_bare();

	for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++) {
		char msg[400];

		(void)snprintf(msg, sizeof msg, "%s: %s", lacking[i].option, lacking[i].warning);
		check(&f, lacking[i].json, false, NULL, lacking[i].warning);
		check(&f, lacking[i].json, true, msg, NULL);
	}
	check(&f, HOST("\"NanoCpus\":500000000"), false,
	      "--cpus 0.5: NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not "
	      "mounted",
	      NULL);
}

TEST(discarded_knobs_are_cleared)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct warnings w = { .arena = &a };
	struct host_facts f = facts_bare();
	struct container_config c;

	config_init(&c);
	c.memory = c.memory_reservation = c.memory_high = 64 << 20;
	c.pids_limit = 5;
	c.cpu_shares = 512;
	c.cpu_quota_us = 5000;
	c.cpuset_cpus = "0";
	c.memory_swappiness = 1;
	c.oom_kill_disable = true;
	c.blkio_weight = 100;
	c.blkio_weight_devices.v = &(struct weight_config){ "/dev/x", 100 };
	c.device_read_iops.v = &(struct rate_config){ "/dev/x", 100 };
	c.blkio_weight_devices.n = c.device_read_iops.n = 1;
	assert_int_equal(0, config_check(&c, &f, &w, NULL));
	assert_int_equal(12, w.n);
	assert_true(c.memory_swappiness == OCI_UNSET && !c.oom_kill_disable && !c.blkio_weight);
	assert_true(!c.blkio_weight_devices.n && !c.device_read_iops.n);
	assert_true(!c.memory && !c.memory_reservation && !c.memory_high && !c.pids_limit && !c.cpu_shares);
	assert_true(!c.cpu_quota_us && !c.cpuset_cpus && c.memory_swap == -1);
}

TEST(swap_without_accounting_matters_only_where_swap_is)
{
	static const char text[] = "Your kernel does not support swap limit capabilities or the cgroup is not mounted. "
				   "Memory limited without swap.";
	struct host_facts f = facts_v2();

	f.cgroup.memory_swap = false;
	check(&f, HOST("\"Memory\":67108864"), false, NULL, text);
	check(&f, HOST("\"Memory\":67108864"), true, NULL, text);
	check(&f, HOST("\"Memory\":67108864,\"MemorySwap\":-1"), false, NULL, NULL);
	f.swap_total_bytes = 0;
	check(&f, HOST("\"Memory\":67108864"), false, NULL, NULL);
	check(&f, HOST("\"Memory\":67108864,\"MemorySwap\":134217728"), false, NULL, text);
	check(&f, HOST("\"Memory\":67108864,\"MemorySwap\":134217728"), true,
	      "--memory-swap 128m: Your kernel does not "
	      "support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
	      NULL);
}

TEST(capabilities_that_the_host_lacks_cannot_be_added)
{
	struct host_facts f = facts_v2();

	f.capabilities &= ~(UINT64_C(1) << CAP_SYS_RESOURCE);
	check(&f, HOST("\"CapAdd\":[\"CAP_SYS_RESOURCE\"]"), false,
	      "--cap-add CAP_SYS_RESOURCE: invalid CapAdd: capability not supported by your kernel or not available in the "
	      "current environment: \"CAP_SYS_RESOURCE\"",
	      NULL);
	check(&f, HOST("\"CapDrop\":[\"CAP_SYS_RESOURCE\"]"), false, NULL, NULL);
	check(&f, HOST("\"CapAdd\":[\"ALL\"]"), false, NULL, NULL);
}

TEST(memory_high_needs_memory_on_v2)
{
	struct host_facts f = facts_v1();

	check(&f, TARE("\"MemoryHigh\":67108864"), false, NULL,
	      "Your kernel does not support memory high limit capabilities (they need cgroup v2). Limitation discarded.");
}

TEST(what_only_v1_has_is_discarded_on_v2)
{
	struct host_facts v1 = facts_v1(), v2 = facts_v2();

	check(&v1, HOST("\"MemorySwappiness\":100,\"Memory\":67108864,\"OomKillDisable\":true"), false, NULL, NULL);
	check(&v1, HOST("\"MemorySwappiness\":101"), false,
	      "--memory-swappiness 101: Invalid value: 101, valid memory swappiness range is 0-100", NULL);
	check(&v1, HOST("\"MemorySwappiness\":-1"), false, NULL, NULL);
	check(&v1, HOST("\"OomKillDisable\":true"), true, NULL,
	      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system "
	      "running out of resources.");
	check(&v2, HOST("\"OomKillDisable\":true"), false, NULL,
	      "Your kernel does not support OomKillDisable. OomKillDisable discarded.");
	check(&v2, HOST("\"OomKillDisable\":false"), true, NULL, NULL);
}

TEST(realtime_is_an_error_where_it_cannot_be)
{
	struct host_facts v1 = facts_v1(), v2 = facts_v2();

	v1.cgroup.cpu_rt = true;
	check(&v1, HOST("\"CpuRealtimePeriod\":5000,\"CpuRealtimeRuntime\":5000"), false, NULL, NULL);
	check(&v1, HOST("\"CpuRealtimePeriod\":5000,\"CpuRealtimeRuntime\":5001"), false,
	      "--cpu-rt-runtime 5001: cpu real-time runtime cannot be higher than cpu real-time period", NULL);
	check(&v1, HOST("\"CpuRealtimePeriod\":-1"), false, "--cpu-rt-period -1: microseconds, 0 or more", NULL);
	check(&v2, HOST("\"CpuRealtimeRuntime\":5000"), false,
	      "--cpu-rt-runtime 5000: kernel does not support CPU real-time scheduler (it needs cgroup v1 and "
	      "CONFIG_RT_GROUP_SCHED)",
	      NULL);
}

TEST(files_by_name_need_v2)
{
	struct host_facts f = facts_v1();

	check(&f, TARE("\"CgroupConf\":{\"memory.high\":\"1\"}"), false,
	      "--cgroup-conf memory.high: this host has no cgroup v2", NULL);
	f = facts_v2();
	f.cgroup.h[0].controllers &= ~(1u << CGROUP_MEMORY);
	check(&f, TARE("\"CgroupConf\":{\"memory.high\":\"1\"}"), false,
	      "--cgroup-conf memory.high: the controller memory is not on cgroup v2 here", NULL);
}

TEST(a_custom_profile_needs_seccomp)
{
	struct host_facts f = facts_v2();

	f.kernel.seccomp_filter = false;
	check(&f, TARE("\"Seccomp\":\"{}\""), false,
	      "--security-opt seccomp: seccomp is not enabled in your kernel, cannot run a custom seccomp profile",
	      NULL);
	check(&f, TARE("\"Seccomp\":\"unconfined\""), false, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_value_has_its_range_and_its_text),
		RUN(what_the_host_lacks_is_discarded_or_refused_when_strict),
		RUN(discarded_knobs_are_cleared),
		RUN(swap_without_accounting_matters_only_where_swap_is),
		RUN(capabilities_that_the_host_lacks_cannot_be_added),
		RUN(memory_high_needs_memory_on_v2),
		RUN(what_only_v1_has_is_discarded_on_v2),
		RUN(realtime_is_an_error_where_it_cannot_be),
		RUN(files_by_name_need_v2),
		RUN(a_custom_profile_needs_seccomp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
