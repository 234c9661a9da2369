/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration becomes, piece by piece; whole documents are golden (tests/golden/spec). */
#include "spec/spec.h"

#include "base/limits.h"
#include "base/scope.h"
#include "spec/spec_priv.h"

#include "../test.h"
#include "facts.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

static const char *env[] = { "PATH=/image/bin", "LANG=C", "ONLY=image" }, *entrypoint[] = { "/entry", "-x" },
		  *cmd[] = { "from", "image" };
static const struct image_config image = {
	.env = { env, 3 }, .entrypoint = { entrypoint, 2 }, .cmd = { cmd, 2 }, .working_dir = "/srv"
};

struct fixture {
	struct arena a;
	struct warnings w;
	struct host_facts f;
	struct spec_inputs in;
	struct container_config c;
	struct runtime_spec s;
	struct err e;
};

static void start(struct fixture *x)
{
	*x = (struct fixture){ .a = ARENA(LIMIT_ARENA_SPEC), .f = facts_v2() };
	x->w.arena = &x->a;
	x->in = (struct spec_inputs){ .id = "abc", .hostname = "box", .home = "/root", .root_path = "rootfs" };
	config_init(&x->c);
	x->c.seccomp = "unconfined";
}

static void end(struct fixture *x)
{
	arena_done(&x->a);
}

#define scoped_fixture SCOPED(end) struct fixture

static int make(struct fixture *x)
{
	return spec_make(&x->c, &image, &x->f, &x->in, &x->a, &x->s, &x->w, &x->e);
}

static void must_make(struct fixture *x)
{
	if (make(x) < 0)
		fail_msg("%s", x->e.msg);
}

static const char *join(struct arena *a, const struct oci_strings *l)
{
	char *text = arena_str(a, "");

	for (size_t i = 0; i < l->n; i++)
		text = arena_fmt(a, "%s%s%s", text, i ? " " : "", l->v[i]);
	return text;
}

/* ---- args ---------------------------------------------------------------------------------------------------- */

static const struct {
	const char *entrypoint[2], *command[2]; /* NULL first: not given */
	const char *args;
} args_cases[] = {
	{ { NULL }, { NULL }, "/entry -x from image" },
	{ { NULL }, { "a", "b" }, "/entry -x a b" },
	{ { "e" }, { NULL }, "e" },
	{ { "e", "f" }, { "a" }, "e f a" },
	{ { "" }, { "a" }, "a" },
	{ { "" }, { NULL }, NULL },
};

static size_t count(const char *const words[2])
{
	return !words[0] ? 0 : !words[1] ? 1 : 2;
}

TEST(args_are_entrypoint_and_command_as_docker_merges_them)
{
	for (size_t i = 0; i < ARRAY_LEN(args_cases); i++) {
		const char *e[2] = { args_cases[i].entrypoint[0], args_cases[i].entrypoint[1] };
		const char *c[2] = { args_cases[i].command[0], args_cases[i].command[1] };
		scoped_fixture x;

		start(&x);
		x.c.entrypoint_set = e[0];
		x.c.entrypoint = (struct oci_strings){ e, count(e) };
		x.c.command = (struct oci_strings){ c, count(c) };
		if (args_cases[i].args) {
			must_make(&x);
			assert_string_equal(args_cases[i].args, join(&x.a, &x.s.process.args));
			continue;
		}
		assert_int_equal(-EINVAL, make(&x));
		assert_string_equal("no command specified", x.e.msg);
	}
}

TEST(a_rootfs_has_no_image)
{
	const char *sh[] = { "sh" };
	scoped_fixture x;

	start(&x);
	x.c.command = (struct oci_strings){ sh, 1 };
	assert_int_equal(0, spec_make(&x.c, NULL, &x.f, &x.in, &x.a, &x.s, &x.w, &x.e));
	assert_string_equal("sh", join(&x.a, &x.s.process.args));
	assert_string_equal("/", x.s.process.cwd);
}

/* ---- environment, user, directory ---------------------------------------------------------------------------- */

TEST(env_is_dockers_own_then_asked_then_the_images)
{
	const char *asked[] = { "LANG=de", "X=1" };
	scoped_fixture x;

	start(&x);
	x.c.env = (struct oci_strings){ asked, 2 };
	x.c.tty = true;
	must_make(&x);
	assert_string_equal("PATH=/image/bin HOSTNAME=box TERM=xterm LANG=de X=1 ONLY=image HOME=/root",
			    join(&x.a, &x.s.process.env));
}

static const struct {
	const char *asked, *env;
} home_cases[] = {
	{ "HOME=/h", "PATH=/image/bin HOSTNAME=box HOME=/h LANG=C ONLY=image" },
	{ "HOME=", "PATH=/image/bin HOSTNAME=box HOME=/root LANG=C ONLY=image" },
	{ "HOSTNAME=mine", "PATH=/image/bin HOSTNAME=mine LANG=C ONLY=image HOME=/root" },
	{ "PATH=/mine", "PATH=/mine HOSTNAME=box LANG=C ONLY=image HOME=/root" },
	{ "LANG", "PATH=/image/bin HOSTNAME=box ONLY=image HOME=/root" }, /* a name alone takes it away */
	{ "HOSTNAME", "PATH=/image/bin LANG=C ONLY=image HOME=/root" },
	{ "NOWHERE", "PATH=/image/bin HOSTNAME=box LANG=C ONLY=image HOME=/root" },
};

TEST(an_asked_variable_replaces_in_place)
{
	for (size_t i = 0; i < ARRAY_LEN(home_cases); i++) {
		const char *asked[] = { home_cases[i].asked };
		scoped_fixture x;

		start(&x);
		x.c.env = (struct oci_strings){ asked, 1 };
		must_make(&x);
		assert_string_equal(home_cases[i].env, join(&x.a, &x.s.process.env));
	}
}

TEST(an_image_with_too_many_variables_is_refused)
{
	struct image_config many = image;
	scoped_fixture x;

	start(&x);
	many.env.n = LIMIT_ENV_COUNT + 1;
	many.env.v = arena_array(&x.a, many.env.n, sizeof *many.env.v);
	for (size_t i = 0; i < many.env.n; i++)
		many.env.v[i] = arena_fmt(&x.a, "V%zu=", i);
	assert_int_equal(-E2BIG, spec_make(&x.c, &many, &x.f, &x.in, &x.a, &x.s, &x.w, &x.e));
	assert_string_equal("more than 8192 environment variables", x.e.msg);
	many.env.n--;
	assert_int_equal(0, spec_make(&x.c, &many, &x.f, &x.in, &x.a, &x.s, &x.w, &x.e));
}

TEST(the_directory_is_asked_or_the_images_and_absolute)
{
	struct image_config relative = image;
	scoped_fixture x;

	start(&x);
	must_make(&x);
	assert_string_equal("/srv", x.s.process.cwd);
	x.c.workdir = "/asked";
	must_make(&x);
	assert_string_equal("/asked", x.s.process.cwd);
	x.c.workdir = NULL;
	relative.working_dir = "app";
	assert_int_equal(-EINVAL,
			 spec_make(&x.c, &relative, &x.f, &x.in, &x.a, &x.s, &x.w, &x.e));
	assert_string_equal("the working directory 'app' is invalid, it needs to be an absolute path", x.e.msg);
}

/* ---- oom_score_adj ------------------------------------------------------------------------------------------- */

static const struct {
	bool able, asked;
	int64_t want;
	int own;
	int64_t result;
	const char *warning;
} oom_cases[] = {
	{ true, false, 0, -1000, 0, NULL },
	{ true, true, -900, 0, -900, NULL },
	{ false, false, 0, 0, 0, NULL },
	{ false, false, 0, 100, OCI_UNSET, NULL },
	{ false, true, 500, 0, 500, NULL },
	{ false, true, -500, 0, 0, "--oom-score-adj -500: less than 0 needs CAP_SYS_RESOURCE. 0 is used." },
	{ false, true, -500, -300, -300, "--oom-score-adj -500: less than -300 needs CAP_SYS_RESOURCE. -300 is used." },
};

TEST(oom_score_adj_is_zero_or_what_may_be_had)
{
	for (size_t i = 0; i < ARRAY_LEN(oom_cases); i++) {
		scoped_fixture x;

		start(&x);
		if (!oom_cases[i].able)
			x.f.capabilities &= ~(UINT64_C(1) << CAP_SYS_RESOURCE);
		x.f.oom_score_adj = oom_cases[i].own;
		x.c.oom_score_adj_set = oom_cases[i].asked;
		x.c.oom_score_adj = oom_cases[i].want;
		must_make(&x);
		assert_true(x.s.process.oom_score_adj == oom_cases[i].result);
		assert_int_equal(oom_cases[i].warning != NULL, x.w.n);
		if (oom_cases[i].warning)
			assert_string_equal(oom_cases[i].warning, x.w.v[0]);
		x.c.strict = true;
		assert_int_equal(oom_cases[i].warning ? -EPERM : 0, make(&x));
	}
}

/* ---- capabilities -------------------------------------------------------------------------------------------- */

#define DEFAULTS UINT64_C(0xa80425fb) /* CapBnd of a container of Docker */
#define EVERY (UINT64_MAX >> 23)
#define BIT(cap) (UINT64_C(1) << (cap))

static const struct {
	const char *add, *drop;
	bool privileged;
	uint64_t set;
} cap_cases[] = {
	{ NULL, NULL, false, DEFAULTS },
	{ NULL, NULL, true, EVERY },
	{ NULL, "ALL", true, EVERY },
	{ "ALL", NULL, false, EVERY },
	{ "ALL", "CAP_SYS_ADMIN", false, EVERY & ~BIT(CAP_SYS_ADMIN) },
	{ NULL, "ALL", false, 0 },
	{ "CAP_NET_ADMIN", "ALL", false, BIT(CAP_NET_ADMIN) },
	{ "CAP_NET_ADMIN", NULL, false, DEFAULTS | BIT(CAP_NET_ADMIN) },
	{ NULL, "CAP_CHOWN", false, DEFAULTS & ~BIT(CAP_CHOWN) },
	{ "CAP_CHOWN", "CAP_CHOWN", false, DEFAULTS },
};

TEST(capabilities_are_tweaked_as_docker_does)
{
	for (size_t i = 0; i < ARRAY_LEN(cap_cases); i++) {
		const char *add[] = { cap_cases[i].add }, *drop[] = { cap_cases[i].drop };
		scoped_fixture x;

		start(&x);
		x.c.cap_add = (struct oci_strings){ add, add[0] ? 1 : 0 };
		x.c.cap_drop = (struct oci_strings){ drop, drop[0] ? 1 : 0 };
		x.c.privileged = cap_cases[i].privileged;
		assert_true(spec_capabilities(&x.c, &x.f) == cap_cases[i].set);
		x.f.capabilities &= ~BIT(CAP_KILL);
		assert_true(spec_capabilities(&x.c, &x.f) == (cap_cases[i].set & ~BIT(CAP_KILL)));
	}
}

TEST(inheritable_and_ambient_are_empty_and_users_have_a_bounding_set_only)
{
	scoped_fixture x;

	start(&x);
	must_make(&x);
	assert_int_equal(14, x.s.process.capabilities.bounding.n);
	assert_int_equal(14, x.s.process.capabilities.effective.n);
	assert_int_equal(14, x.s.process.capabilities.permitted.n);
	assert_int_equal(0, x.s.process.capabilities.inheritable.n + x.s.process.capabilities.ambient.n);
	x.in.uid = 1000;
	must_make(&x);
	assert_int_equal(14, x.s.process.capabilities.bounding.n);
	assert_int_equal(0, x.s.process.capabilities.effective.n + x.s.process.capabilities.permitted.n);
}

TEST(docker_default_profile_is_the_default_and_privileged_has_none)
{
	scoped_fixture x;

	start(&x);
	x.c.seccomp = NULL;
	must_make(&x);
	assert_true(x.s.seccomp.present && x.s.seccomp.syscalls.n > 5);
	assert_string_equal("SCMP_ACT_ERRNO", x.s.seccomp.default_action);
	x.c.privileged = true;
	must_make(&x);
	assert_false(x.s.seccomp.present);
	x.c.privileged = false;
	x.f.kernel.seccomp_filter = false;
	must_make(&x);
	assert_false(x.s.seccomp.present);
}

TEST(thermal_throttle_is_masked_per_cpu)
{
	scoped_fixture x;

	start(&x);
	must_make(&x);
	assert_int_equal(12, x.s.masked_paths.n);
	x.f.thermal_throttle = 2;
	must_make(&x);
	assert_true(strings_has(&x.s.masked_paths, "/sys/devices/system/cpu/cpu1/thermal_throttle"));
	assert_int_equal(14, x.s.masked_paths.n);
	x.c.systempaths_unconfined = true;
	must_make(&x);
	assert_int_equal(0, x.s.masked_paths.n + x.s.readonly_paths.n);
}

/* ---- mounts -------------------------------------------------------------------------------------------------- */

static const struct oci_mount *mount_at(const struct runtime_spec *s, const char *destination)
{
	for (size_t i = 0; i < s->mounts.n; i++)
		if (strcmp(s->mounts.v[i].destination, destination) == 0)
			return &s->mounts.v[i];
	return NULL;
}

static const char *destinations(struct fixture *x)
{
	struct oci_strings l = { 0 };

	for (size_t i = 0; i < x->s.mounts.n; i++)
		(void)strings_add(&x->a, &l, x->s.mounts.v[i].destination);
	return join(&x->a, &l);
}

static const char *options_at(struct fixture *x, const char *destination)
{
	const struct oci_mount *m = mount_at(&x->s, destination);

	return m ? join(&x->a, &m->options) : "(none)";
}

TEST(user_mounts_come_by_depth_and_replace_the_default_at_their_place)
{
	struct mount_config m[4];
	scoped_fixture x;

	start(&x);
	for (int i = 0; i < 4; i++)
		mount_config_init(&m[i]);
	m[0] = (struct mount_config){ .type = MOUNT_BIND, .source = "/s", .target = "/a/b/c" };
	m[1] = (struct mount_config){ .type = MOUNT_BIND, .source = "/s", .target = "/z", .readonly = true };
	m[2] = (struct mount_config){ .type = MOUNT_BIND, .source = "/s", .target = "//dev//shm/" };
	m[3].type = MOUNT_TMPFS;
	m[3].target = "/a";
	m[3].tmpfs_options = "size=1m,exec,size=2m,mode=700";
	x.c.mounts.v = m;
	x.c.mounts.n = 4;
	x.in.etc_hosts = "/state/hosts";
	must_make(&x);
	assert_string_equal("/proc /dev /dev/pts /sys /sys/fs/cgroup /dev/mqueue /z /a /dev/shm /etc/hosts /a/b/c",
			    destinations(&x));
	assert_string_equal("rbind rro rprivate", options_at(&x, "/z"));
	assert_string_equal("rbind rprivate", options_at(&x, "/dev/shm"));
	assert_string_equal("nosuid nodev exec size=2m mode=700", options_at(&x, "/a"));
	x.f.kernel.mount_setattr = false;
	must_make(&x);
	assert_string_equal("rbind ro rprivate", options_at(&x, "/z"));
}

TEST(a_user_mount_at_dev_takes_everything_below_it)
{
	struct mount_config m = { .type = MOUNT_BIND, .source = "/dev", .target = "/dev", .propagation = "rslave" };
	scoped_fixture x;

	start(&x);
	x.c.mounts.v = &m;
	x.c.mounts.n = 1;
	must_make(&x);
	assert_string_equal("/proc /sys /sys/fs/cgroup /dev", destinations(&x));
	assert_string_equal("rslave", x.s.rootfs_propagation);
}

TEST(shm_follows_its_size_and_the_ipc_mode)
{
	scoped_fixture x;

	start(&x);
	must_make(&x);
	assert_string_equal("nosuid noexec nodev mode=1777 size=67108864", options_at(&x, "/dev/shm"));
	x.c.shm_size = 65536;
	must_make(&x);
	assert_string_equal("nosuid noexec nodev mode=1777 size=65536", options_at(&x, "/dev/shm"));
	x.c.ipc_mode = "none";
	must_make(&x);
	assert_null(mount_at(&x.s, "/dev/shm"));
	x.c.ipc_mode = "host";
	must_make(&x);
	assert_string_equal("rbind rprivate", options_at(&x, "/dev/shm"));
	assert_string_equal("/dev/shm", mount_at(&x.s, "/dev/shm")->source);
}

TEST(cgroup_and_sys_are_writable_only_when_asked)
{
	scoped_fixture x;

	start(&x);
	must_make(&x);
	assert_string_equal("ro nosuid noexec nodev", options_at(&x, "/sys/fs/cgroup"));
	x.c.writable_cgroups = true;
	must_make(&x);
	assert_string_equal("nosuid noexec nodev", options_at(&x, "/sys/fs/cgroup"));
	assert_string_equal("nosuid noexec nodev ro", options_at(&x, "/sys"));
	x.c.privileged = true;
	must_make(&x);
	assert_string_equal("nosuid noexec nodev", options_at(&x, "/sys"));
}

TEST(read_only_leaves_dev_and_proc_writable)
{
	scoped_fixture x;

	start(&x);
	x.c.readonly_rootfs = true;
	x.in.etc_hostname = "/state/hostname";
	must_make(&x);
	assert_true(x.s.root.readonly);
	assert_string_equal("nosuid noexec nodev", options_at(&x, "/proc"));
	assert_string_equal("nosuid noexec nodev", options_at(&x, "/dev/mqueue"));
	assert_string_equal("rbind ro rprivate", options_at(&x, "/etc/hostname"));
}

/* ---- namespaces ---------------------------------------------------------------------------------------------- */

static const char *namespaces(struct fixture *x)
{
	struct oci_strings l = { 0 };

	for (size_t i = 0; i < x->s.namespaces.n; i++)
		(void)strings_add(&x->a, &l, x->s.namespaces.v[i].type);
	return join(&x->a, &l);
}

TEST(namespaces_are_all_private_until_host_is_asked)
{
	scoped_fixture x;

	start(&x);
	must_make(&x);
	assert_string_equal("mount network time uts pid ipc cgroup", namespaces(&x));
	assert_string_equal("box", x.s.hostname);
	assert_null(x.s.domainname);
	x.c.domainname = "example.org";
	x.c.annotations.v = &(struct oci_pair){ "a", "b" };
	x.c.annotations.n = 1;
	must_make(&x);
	assert_string_equal("example.org", x.s.domainname);
	assert_string_equal("b", x.s.annotations.v[0].value);
	assert_int_equal(2, x.s.sysctl.n);
	x.f = facts_v1();
	x.f.kernel.time_namespace = false;
	must_make(&x);
	assert_string_equal("mount network uts pid ipc cgroup", namespaces(&x));
	x.c.network_mode = x.c.uts_mode = x.c.pid_mode = x.c.ipc_mode = x.c.cgroupns_mode = "host";
	must_make(&x);
	assert_string_equal("mount", namespaces(&x));
	assert_null(x.s.hostname);
	assert_null(x.s.domainname);
	assert_int_equal(0, x.s.sysctl.n);
}

TEST(namespaces_of_another_container_are_named)
{
	scoped_fixture x;

	start(&x);
	x.c.network_mode = x.c.uts_mode = x.c.pid_mode = x.c.ipc_mode = "container:0123";
	x.c.domainname = "not-ours";
	must_make(&x);
	assert_string_equal("mount network time uts pid ipc cgroup", namespaces(&x));
	for (size_t i = 0; i < x.s.namespaces.n; i++) {
		const char *type = x.s.namespaces.v[i].type, *path = x.s.namespaces.v[i].path;

		if (strcmp(type, "mount") == 0 || strcmp(type, "time") == 0 || strcmp(type, "cgroup") == 0)
			assert_null(path);
		else
			assert_string_equal("container:0123", path);
	}
	/* what is set in them is theirs */
	assert_null(x.s.hostname);
	assert_null(x.s.domainname);
	assert_int_equal(0, x.s.sysctl.n);
	assert_string_equal("rbind rprivate", options_at(&x, "/dev/shm"));
}

TEST(asked_sysctls_override_the_default_ones)
{
	struct oci_pair asked[] = { { "net.ipv4.ip_unprivileged_port_start", "1024" }, { "net.core.somaxconn", "9" } };
	scoped_fixture x;

	start(&x);
	x.c.sysctls = (struct oci_pairs){ asked, 2 };
	must_make(&x);
	assert_int_equal(3, x.s.sysctl.n);
	assert_string_equal("1024", x.s.sysctl.v[0].value);
}

/* ---- resources ----------------------------------------------------------------------------------------------- */

TEST(memory_swap_is_twice_the_memory_where_it_is_counted)
{
	scoped_fixture x;

	start(&x);
	x.c.memory = 64 << 20;
	must_make(&x);
	assert_true(x.s.resources.memory.limit == 64 << 20 && x.s.resources.memory.swap == 128 << 20);
	x.c.memory_swap = -1;
	must_make(&x);
	assert_true(x.s.resources.memory.swap == OCI_UNSET);
	x.c.memory_swap = 0;
	x.f.cgroup.memory_swap = false;
	must_make(&x);
	assert_true(x.s.resources.memory.swap == OCI_UNSET);
	x.f.cgroup.memory_swap = true;
	x.c.memory = INT64_MAX - 1;
	must_make(&x);
	assert_true(x.s.resources.memory.swap == INT64_MAX);
}

TEST(cpus_become_a_quota_of_100_ms)
{
	scoped_fixture x;

	start(&x);
	x.c.nano_cpus = 500000000;
	x.c.cpu_shares = 512;
	x.c.pids_limit = 10;
	x.c.memory_high = 5 << 20;
	must_make(&x);
	assert_true(x.s.resources.cpu.quota == 50000 && x.s.resources.cpu.period == 100000);
	assert_true(x.s.resources.cpu.shares == 512 && x.s.resources.pids_limit == 10);
	assert_string_equal("memory.high", x.s.resources.unified.v[0].key);
	assert_string_equal("5242880", x.s.resources.unified.v[0].value);
}

TEST(disks_go_by_their_numbers)
{
	struct oci_weight_device weight = { 8, 0, 100, OCI_UNSET };
	struct oci_throttle read = { 8, 0, 1048576 }, write = { 8, 16, 100 };
	scoped_fixture x;

	start(&x);
	x.c.blkio_weight = 300;
	x.in.blkio.weight.v = &weight;
	x.in.blkio.read_bps.v = &read;
	x.in.blkio.write_iops.v = &write;
	x.in.blkio.weight.n = x.in.blkio.read_bps.n = x.in.blkio.write_iops.n = 1;
	must_make(&x);
	assert_true(x.s.resources.block_io.weight == 300 && x.s.resources.block_io.weight_device.v[0].weight == 100);
	assert_true(x.s.resources.block_io.read_bps.v[0].rate == 1048576 && !x.s.resources.block_io.write_bps.n);
	assert_true(x.s.resources.block_io.write_iops.v[0].minor == 16 && !x.s.resources.block_io.read_iops.n);
}

TEST(rare_limits_and_files_by_name)
{
	struct oci_pair files[] = { { "memory.high", "1" }, { "io.latency", "8:0 target=1" } };
	scoped_fixture x;

	start(&x);
	x.c.memory_swappiness = 0;
	x.c.oom_kill_disable = true;
	x.c.cpu_rt_period_us = 1000000;
	x.c.cpu_rt_runtime_us = 950000;
	x.c.memory_high = 5 << 20;
	x.c.cgroup_conf.v = files;
	x.c.cgroup_conf.n = 2;
	must_make(&x);
	assert_true(x.s.resources.memory.swappiness == 0 && x.s.resources.memory.disable_oom_killer == 1);
	assert_true(x.s.resources.cpu.realtime_period == 1000000 && x.s.resources.cpu.realtime_runtime == 950000);
	assert_int_equal(2, x.s.resources.unified.n);
	assert_string_equal("1", x.s.resources.unified.v[0].value); /* the name weighs more than --memory-high */
	assert_string_equal("io.latency", x.s.resources.unified.v[1].key);
}

TEST(nothing_asked_leaves_every_limit_unset)
{
	scoped_fixture x;

	start(&x);
	x.c.pids_limit = -1;
	must_make(&x);
	assert_true(x.s.resources.memory.limit == OCI_UNSET && x.s.resources.cpu.quota == OCI_UNSET);
	assert_true(x.s.resources.pids_limit == OCI_UNSET && x.s.resources.cpu.shares == OCI_UNSET);
	assert_int_equal(0, x.s.resources.unified.n);
	assert_true(x.s.resources.memory.swappiness == OCI_UNSET && x.s.resources.block_io.weight == OCI_UNSET);
	assert_true(x.s.resources.memory.disable_oom_killer == OCI_UNSET);
}

static const struct {
	const char *parent, *path;
	const char *manager, *group;
} cgroup_cases[] = {
	{ NULL, "/tare/abc" },
	{ "/p", "/p/abc", "cgroupfs", "/p/abc" },
	{ "p/q/", "/p/q/abc" },
	{ "/", "/abc" },
	{ NULL, "system.slice:tare:abc", "systemd", "/system.slice/tare-abc.scope" },
	{ "a-b.slice", "a-b.slice:tare:abc", "systemd", "/a.slice/a-b.slice/tare-abc.scope" },
	{ "/a.slice/a-b.slice", "a-b.slice:tare:abc", "systemd", "/a.slice/a-b.slice/tare-abc.scope" },
};

TEST(the_cgroup_is_below_its_parent)
{
	static const struct cgroup_layout plain = { .mode = CGROUP_MODE_V2 }, none = { .mode = CGROUP_MODE_NONE },
					  delegated = { .mode = CGROUP_MODE_V2, .base = "/u" };

	for (size_t i = 0; i < ARRAY_LEN(cgroup_cases); i++) {
		scoped_fixture x;
		const char *group;

		start(&x);
		x.c.cgroup_parent = cgroup_cases[i].parent;
		x.c.cgroup_manager = cgroup_cases[i].manager;
		must_make(&x);
		assert_string_equal(cgroup_cases[i].path, x.s.cgroups_path);
		assert_string_equal(cgroup_cases[i].group ? cgroup_cases[i].group : cgroup_cases[i].path,
				    spec_group(&x.c, &plain, "abc", &x.a));
		assert_string_equal(CGROUP_NONE, spec_group(&x.c, &none, "abc", &x.a));
		if (cgroup_cases[i].manager)
			continue;
		group = spec_group(&x.c, &delegated, "abc", &x.a);
		assert_int_equal(0, strncmp(group, "/u", 2));
		assert_string_equal(cgroup_cases[i].path, &group[2]);
	}
}

/* ---- devices ------------------------------------------------------------------------------------------------- */

TEST(devices_have_nodes_and_rules)
{
	struct oci_device d[] = { { "/dev/kvm", "c", 10, 232, 0660, 0, 0 }, { "/dev/fifo", "p", 0, 0, 0600, 0, 0 } };
	const char *access[] = { "rw", "rwm" }, *rules[] = { "b 8:* r" };
	const struct oci_device_rule *rule;
	scoped_fixture x;

	start(&x);
	x.in.devices.v = d;
	x.in.devices.n = 2;
	x.in.device_access = (struct oci_strings){ access, 2 };
	x.c.device_cgroup_rules = (struct oci_strings){ rules, 1 };
	must_make(&x);
	assert_int_equal(2, x.s.devices.n);
	assert_int_equal(10, x.s.resources.devices.n);
	rule = &x.s.resources.devices.v[8];
	assert_true(rule->allow && rule->major == 10 && rule->minor == 232);
	assert_string_equal("rw", rule->access);
	rule = &x.s.resources.devices.v[9];
	assert_true(rule->major == 8 && rule->minor == -1);
	assert_string_equal("b", rule->type);
	assert_false(x.s.resources.devices.v[0].allow);
	x.c.privileged = true;
	must_make(&x);
	assert_int_equal(1, x.s.resources.devices.n);
	assert_true(x.s.resources.devices.v[0].allow && !x.s.resources.devices.v[0].type);
}

TEST(every_arena_that_is_too_small_is_an_error_and_leaves_the_result_alone)
{
	struct mount_config m = { .type = MOUNT_BIND, .source = "/s", .target = "/t" };

	for (size_t max = 0; max < 9000; max += 16) {
		struct runtime_spec s;
		struct err e = { 0 };
		scoped_fixture x;
		int r;

		start(&x);
		x.a.max = max;
		x.c.mounts.v = &m;
		x.c.mounts.n = 1;
		memset(&s, 7, sizeof s);
		r = spec_make(&x.c, &image, &x.f, &x.in, &x.a, &s, &x.w, &e);
		if (r == 0)
			return;
		assert_int_equal(-ENOMEM, r);
		assert_string_equal("out of memory", e.msg);
		assert_int_equal(7, *(char *)&s);
	}
	fail_msg("9000 bytes are not enough");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(args_are_entrypoint_and_command_as_docker_merges_them),
		RUN(a_rootfs_has_no_image),
		RUN(env_is_dockers_own_then_asked_then_the_images),
		RUN(an_asked_variable_replaces_in_place),
		RUN(an_image_with_too_many_variables_is_refused),
		RUN(the_directory_is_asked_or_the_images_and_absolute),
		RUN(oom_score_adj_is_zero_or_what_may_be_had),
		RUN(capabilities_are_tweaked_as_docker_does),
		RUN(inheritable_and_ambient_are_empty_and_users_have_a_bounding_set_only),
		RUN(docker_default_profile_is_the_default_and_privileged_has_none),
		RUN(thermal_throttle_is_masked_per_cpu),
		RUN(user_mounts_come_by_depth_and_replace_the_default_at_their_place),
		RUN(a_user_mount_at_dev_takes_everything_below_it),
		RUN(shm_follows_its_size_and_the_ipc_mode),
		RUN(cgroup_and_sys_are_writable_only_when_asked),
		RUN(read_only_leaves_dev_and_proc_writable),
		RUN(namespaces_are_all_private_until_host_is_asked),
		RUN(namespaces_of_another_container_are_named),
		RUN(asked_sysctls_override_the_default_ones),
		RUN(memory_swap_is_twice_the_memory_where_it_is_counted),
		RUN(cpus_become_a_quota_of_100_ms),
		RUN(disks_go_by_their_numbers),
		RUN(rare_limits_and_files_by_name),
		RUN(nothing_asked_leaves_every_limit_unset),
		RUN(the_cgroup_is_below_its_parent),
		RUN(devices_have_nodes_and_rules),
		RUN(every_arena_that_is_too_small_is_an_error_and_leaves_the_result_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
