/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config.h"

#include "base/limits.h"
#include "base/scope.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

/* Every key that there is: what is read is printed as it was. */
static const char everything[] =
	"{\"Config\":{\"Hostname\":\"h\",\"Domainname\":\"d\",\"User\":\"\",\"AttachStdin\":true,\"AttachStdout\":true,"
	"\"AttachStderr\":true,\"Tty\":true,\"OpenStdin\":true,\"StdinOnce\":true,\"Env\":[\"A=b\"],\"Cmd\":[\"sh\"],\"Image\":\"busybox\",\"WorkingDir\":\"/w\",\"Entrypoint\":[\"e\"],\"Labels\":{"
	"\"l\":\"\"},\"StopSignal\":\"SIGQUIT\",\"StopTimeout\":0},\"HostConfig\":{\"ContainerIDFile\":\"/c\","
	"\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\"}},\"NetworkMode\":\"none\","
	"\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3},\"AutoRemove\":true,"
	"\"VolumesFrom\":[\"v:ro\"],\"Annotations\":{\"a\":\"b\"},\"CapAdd\":[\"ALL\"],\"CapDrop\":["
	"\"CAP_KILL\"],\"CgroupnsMode\":\"host\",\"Dns\":[\"1.1.1.1\"],\"DnsOptions\":[\"ndots:1\"],\"DnsSearch\":[\"a.b\"],\"ExtraHosts\":[\"a:1.2.3.4\"],\"GroupAdd\":[\"audio\"],\"IpcMode\":\"none\",\"OomScoreAdj\":-500,\"PidMode\":\"host\","
	"\"Privileged\":true,\"PublishAllPorts\":true,\"ReadonlyRootfs\":true,\"UTSMode\":\"host\",\"UsernsMode\":\"auto\",\"ShmSize\":65536,\"Sysctls\":{"
	"\"net.core.somaxconn\":\"1\"},\"CpuShares\":512,\"Memory\":67108864,\"NanoCpus\":500000000,"
	"\"CgroupParent\":\"/p\",\"BlkioWeight\":500,\"BlkioWeightDevice\":[{\"Path\":\"/dev/a\",\"Weight\":0}],"
	"\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/a\",\"Rate\":1}],\"BlkioDeviceWriteBps\":[{\"Path\":\"/dev/a\","
	"\"Rate\":2}],\"BlkioDeviceReadIOps\":[{\"Path\":\"/dev/a\",\"Rate\":3}],\"BlkioDeviceWriteIOps\":[{\"Path\":"
	"\"/dev/a\",\"Rate\":0}],\"CpuPeriod\":1000,\"CpuQuota\":-1,\"CpuRealtimePeriod\":1000000,"
	"\"CpuRealtimeRuntime\":950000,\"CpusetCpus\":\"0-1\",\"CpusetMems\":\"0\","
	"\"Devices\":[{\"PathOnHost\":\"/dev/a\",\"PathInContainer\":\"/dev/b\",\"CgroupPermissions\":\"r\"}],"
	"\"DeviceCgroupRules\":[\"c 1:3 rwm\"],\"MemoryReservation\":1,\"MemorySwap\":-1,\"MemorySwappiness\":0,"
	"\"OomKillDisable\":true,\"PidsLimit\":-1,\"Ulimits\":[{"
	"\"Name\":\"nofile\",\"Hard\":-1,\"Soft\":1024}],\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":"
	"\"/t\",\"ReadOnly\":true,\"BindOptions\":{\"Propagation\":\"rslave\",\"NonRecursive\":true,"
	"\"CreateMountpoint\":true}},{\"Type\":\"volume\",\"Target\":\"/v\",\"VolumeOptions\":{\"NoCopy\":true}},{"
	"\"Type\":\"tmpfs\",\"Target\":\"/x\",\"TmpfsOptions\":{\"SizeBytes\":1,\"Mode\":0,\"Text\":\"exec\"}}],\"Init\":true},"
	"\"Tare\":{\"Name\":\"web\",\"Rootfs\":\"/r\",\"Networks\":[{\"Name\":\"n\",\"Aliases\":[\"x\"],\"IPv4Address\":\"10.0.0.5\",\"IPv6Address\":\"fd00::5\",\"MacAddress\":\"02:42:00:00:00:01\",\"Interface\":\"lan0\",\"GwPriority\":2}],\"Publish\":[\"80/tcp\"],\"Expose\":[\"81/tcp\"],\"EntrypointSet\":true,\"Detach\":true,\"MemoryHigh\":5,"
	"\"OomScoreAdjSet\":true,\"CgroupConf\":{\"memory.high\":\"1\"},\"Strict\":true,\"NoNewPrivileges\":true,\"SystempathsUnconfined\":true,"
	"\"WritableCgroups\":true,\"AppArmorProfile\":\"p\",\"SelinuxLabel\":\"s\",\"Seccomp\":\"unconfined\"}}";

TEST(every_key_survives_the_way_there_and_back)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf out = BUF(LIMIT_CONFIG_JSON);
	struct container_config c;
	struct err e = { 0 };

	assert_int_equal(0, config_parse(sv_from(everything), &a, &c, &e));
	assert_true(c.ulimits.v[0].hard == UINT64_MAX && c.mounts.v[2].type == MOUNT_TMPFS);
	assert_true(c.mounts.v[2].tmpfs_mode == 0 && c.mounts.v[0].tmpfs_mode == OCI_UNSET);
	assert_string_equal("", c.user);
	assert_int_equal(0, config_print(&c, &out, &e));
	assert_string_equal(everything, out.p);
}

TEST(what_was_not_asked_for_is_zero)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf out = BUF(LIMIT_CONFIG_JSON);
	struct container_config c, again;

	config_init(&c);
	assert_true(c.stop_timeout_s == OCI_UNSET && c.memory_swappiness == OCI_UNSET); /* 0 would be a value */
	c.stop_timeout_s = c.memory_swappiness = 0;
	for (size_t i = 0; i < sizeof c; i++)
		assert_int_equal(0, ((const char *)&c)[i]);
	config_init(&c);
	assert_int_equal(0, config_print(&c, &out, NULL));
	assert_int_equal(0, config_parse(buf_sv(&out), &a, &again, NULL));
	assert_memory_equal(&c, &again, sizeof c);
}

static const struct {
	const char *json, *msg;
} bad[] = {
	{ "{\"HostConfig\":{\"Memory\":\"64m\"}}", "HostConfig.Memory: expected an integer, got \"64m\"" },
	{ "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"npipe\",\"Target\":\"/x\"}]}}",
	  "HostConfig.Mounts[0].Type: \"npipe\" is not bind, volume or tmpfs" },
	{ "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\"}]}}", "HostConfig.Mounts[0].Target: missing" },
	{ "{\"HostConfig\":{\"Ulimits\":[{\"Name\":\"x\",\"Soft\":1,\"Hard\":1}]}}",
	  "HostConfig.Ulimits[0].Name: invalid ulimit type: x" },
	{ "{\"HostConfig\":{\"Ulimits\":[{\"Name\":\"cpu\",\"Soft\":-2,\"Hard\":1}]}}",
	  "HostConfig.Ulimits[0].Soft: a number below 0" },
	{ "{\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"x\"}}}",
	  "HostConfig.RestartPolicy.Name: invalid restart policy: unknown policy 'x'; use one of 'no', 'always', "
	  "'on-failure', or 'unless-stopped'" },
	{ "{\"Config\":{\"Env\":{}}}", "Config.Env: expected an array, got an object" },
};

TEST(mistyped_values_are_refused_by_path)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
		struct container_config c;
		struct err e = { 0 };

		assert_int_equal(-EINVAL, config_parse(sv_from(bad[i].json), &a, &c, &e));
		assert_string_equal(bad[i].msg, e.msg);
	}
}

static const struct {
	const char *driver, *key, *value, *msg;
	int64_t max_size, max_file;
} logs[] = {
	{ NULL, NULL, NULL, NULL, 0, 1 },
	{ "json-file", "max-size", "10m", NULL, 10000000, 1 },
	{ NULL, "max-file", "3", NULL, 0, 3 },
	{ NULL, "mode", "blocking", NULL, 0, 1 },
	{ NULL, "compress", "false", NULL, 0, 1 },
	{ "none", NULL, NULL, NULL, 0, 1 },
	{ "none", "max-size", "1m", "--log-opt max-size: invalid logging opts for driver none", 0, 0 },
	{ NULL, "max-size", "0", "--log-opt max-size=0: max-size must be a positive number", 0, 0 },
	{ NULL, "max-size", "-1",
	  "--log-opt max-size=-1: invalid size (a number and one of b, k, m, g, t, p, powers of 1000)", 0, 0 },
	{ NULL, "max-file", "0", "--log-opt max-file=0: max-file cannot be less than 1", 0, 0 },
	{ NULL, "max-file", "1001", "--log-opt max-file=1001: max-file cannot be more than 1000", 0, 0 },
	{ NULL, "max-file", "x", "--log-opt max-file=x: not an integer", 0, 0 },
	{ NULL, "foo", "x", "--log-opt foo=x: unknown log opt 'foo' for json-file log driver", 0, 0 },
	{ NULL, "tag", "x", "--log-opt tag=x: not supported yet: a log record has log, stream and time", 0, 0 },
	{ "journald", NULL, NULL,
	  "--log-driver journald: not supported yet: tare keeps logs itself (json-file, none)", 0, 0 },
	{ "foo", NULL, NULL,
	  "--log-driver foo: logger: no log driver named 'foo' is registered (json-file, none)", 0, 0 },
};

TEST(log_options_become_numbers)
{
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		struct oci_pair opt = { logs[i].key, logs[i].value };
		struct container_config c;
		struct log_limits l = { .max_file = 7 };
		struct err e = { 0 };

		config_init(&c);
		c.log_driver = logs[i].driver;
		c.log_opts.v = &opt;
		c.log_opts.n = logs[i].key ? 1 : 0;
		assert_int_equal(!logs[i].msg, config_log_limits(&c, &l, &e) == 0);
		if (logs[i].msg) {
			assert_string_equal(logs[i].msg, e.msg);
			assert_int_equal(7, l.max_file);
			continue;
		}
		assert_true(l.max_size == logs[i].max_size && l.max_file == logs[i].max_file);
		assert_int_equal(config_mode_is(logs[i].driver, "none"), l.driver == LOG_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_key_survives_the_way_there_and_back),
		RUN(what_was_not_asked_for_is_zero),
		RUN(mistyped_values_are_refused_by_path),
		RUN(log_options_become_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
