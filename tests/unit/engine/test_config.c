/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config.h"

#include "base/limits.h"
#include "base/scope.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

/* Every key that there is: what is read is printed as it was. */
static const char everything[] =
	"{\"Config\":{\"Hostname\":\"h\",\"User\":\"\",\"AttachStdin\":true,\"Tty\":true,\"OpenStdin\":true,\"Env\":["
	"\"A=b\"],\"Cmd\":[\"sh\"],\"Image\":\"busybox\",\"WorkingDir\":\"/w\",\"Entrypoint\":[\"e\"],\"Labels\":{"
	"\"l\":\"\"}},\"HostConfig\":{\"NetworkMode\":\"none\",\"AutoRemove\":true,\"CapAdd\":[\"ALL\"],\"CapDrop\":["
	"\"CAP_KILL\"],\"CgroupnsMode\":\"host\",\"IpcMode\":\"none\",\"OomScoreAdj\":-500,\"PidMode\":\"host\","
	"\"Privileged\":true,\"ReadonlyRootfs\":true,\"UTSMode\":\"host\",\"ShmSize\":65536,\"Sysctls\":{"
	"\"net.core.somaxconn\":\"1\"},\"CpuShares\":512,\"Memory\":67108864,\"NanoCpus\":500000000,"
	"\"CgroupParent\":\"/p\",\"CpuPeriod\":1000,\"CpuQuota\":-1,\"CpusetCpus\":\"0-1\",\"CpusetMems\":\"0\","
	"\"Devices\":[{\"PathOnHost\":\"/dev/a\",\"PathInContainer\":\"/dev/b\",\"CgroupPermissions\":\"r\"}],"
	"\"DeviceCgroupRules\":[\"c 1:3 rwm\"],\"MemoryReservation\":1,\"MemorySwap\":-1,\"PidsLimit\":-1,\"Ulimits\":[{"
	"\"Name\":\"nofile\",\"Hard\":-1,\"Soft\":1024}],\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":"
	"\"/t\",\"ReadOnly\":true,\"BindOptions\":{\"Propagation\":\"rslave\",\"NonRecursive\":true,"
	"\"CreateMountpoint\":true}},{\"Type\":\"volume\",\"Target\":\"/v\",\"VolumeOptions\":{\"NoCopy\":true}},{"
	"\"Type\":\"tmpfs\",\"Target\":\"/x\",\"TmpfsOptions\":{\"SizeBytes\":1,\"Mode\":0,\"Text\":\"exec\"}}]},"
	"\"Tare\":{\"Name\":\"web\",\"Rootfs\":\"/r\",\"EntrypointSet\":true,\"Detach\":true,\"MemoryHigh\":5,"
	"\"OomScoreAdjSet\":true,\"Strict\":true,\"NoNewPrivileges\":true,\"SystempathsUnconfined\":true,"
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
	for (size_t i = 0; i < sizeof c; i++)
		assert_int_equal(0, ((const char *)&c)[i]);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_key_survives_the_way_there_and_back),
		RUN(what_was_not_asked_for_is_zero),
		RUN(mistyped_values_are_refused_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
