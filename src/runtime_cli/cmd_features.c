/* SPDX-License-Identifier: Apache-2.0 */
/* features - features.md of the runtime-spec: what this program can do on this host. Each list is made of the tables that do
 * it, or asked of the kernel. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/capability.h"
#include "kernel/sched.h"
#include "kernel/seccomp.h"
#include "kernel/sys.h"
#include "kernel/syscalls.h"
#include "oci/json.h"
#include "oci/list.h"
#include "runtime/hooks.h"
#include "runtime/mount_options.h"
#include "runtime_cli/command.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>

struct features {
	const char *version_min, *version_max;
	struct oci_strings hooks, mount_options, namespaces, capabilities;
	bool cgroup_v1, cgroup_v2, cgroup_systemd, cgroup_systemd_user, cgroup_rdma;
	bool seccomp;
	struct oci_strings actions, operators, archs, known_flags, supported_flags;
	bool apparmor, selinux, rdt, rdt_schemata, rdt_monitoring;
	struct oci_strings policy_modes, policy_flags;
	bool idmap, net_devices;
	struct oci_pairs annotations;
};

#define AT(member) .offset = offsetof(struct features, member)
#define TABLE(name) static const struct json_table name##_table = JSON_TABLE(name##_rows, struct features)

static const struct json_row cgroup_rows[] = {
	{ "v1", JSON_BOOL, JSON_ALWAYS, AT(cgroup_v1) },
	{ "v2", JSON_BOOL, JSON_ALWAYS, AT(cgroup_v2) },
	{ "systemd", JSON_BOOL, JSON_ALWAYS, AT(cgroup_systemd) },
	{ "systemdUser", JSON_BOOL, JSON_ALWAYS, AT(cgroup_systemd_user) },
	{ "rdma", JSON_BOOL, JSON_ALWAYS, AT(cgroup_rdma) },
};
TABLE(cgroup);
static const struct json_row seccomp_rows[] = {
	{ "enabled", JSON_BOOL, JSON_ALWAYS, AT(seccomp) },
	{ "actions", JSON_TEXTS, JSON_ALWAYS, AT(actions) },
	{ "operators", JSON_TEXTS, JSON_ALWAYS, AT(operators) },
	{ "archs", JSON_TEXTS, JSON_ALWAYS, AT(archs) },
	{ "knownFlags", JSON_TEXTS, JSON_ALWAYS, AT(known_flags) },
	{ "supportedFlags", JSON_TEXTS, JSON_ALWAYS, AT(supported_flags) },
};
TABLE(seccomp);
static const struct json_row apparmor_rows[] = { { "enabled", JSON_BOOL, JSON_ALWAYS, AT(apparmor) } };
TABLE(apparmor);
static const struct json_row selinux_rows[] = { { "enabled", JSON_BOOL, JSON_ALWAYS, AT(selinux) } };
TABLE(selinux);
static const struct json_row rdt_rows[] = {
	{ "enabled", JSON_BOOL, JSON_ALWAYS, AT(rdt) },
	{ "schemata", JSON_BOOL, JSON_ALWAYS, AT(rdt_schemata) },
	{ "monitoring", JSON_BOOL, JSON_ALWAYS, AT(rdt_monitoring) },
};
TABLE(rdt);
static const struct json_row policy_rows[] = {
	{ "modes", JSON_TEXTS, JSON_ALWAYS, AT(policy_modes) },
	{ "flags", JSON_TEXTS, JSON_ALWAYS, AT(policy_flags) },
};
TABLE(policy);
static const struct json_row idmap_rows[] = { { "enabled", JSON_BOOL, JSON_ALWAYS, AT(idmap) } };
TABLE(idmap);
static const struct json_row extension_rows[] = { { "idmap", JSON_OBJECT, JSON_ALWAYS, 0, &idmap_table } };
TABLE(extension);
static const struct json_row device_rows[] = { { "enabled", JSON_BOOL, JSON_ALWAYS, AT(net_devices) } };
TABLE(device);
static const struct json_row linux_rows[] = {
	{ "namespaces", JSON_TEXTS, JSON_ALWAYS, AT(namespaces) },
	{ "capabilities", JSON_TEXTS, JSON_ALWAYS, AT(capabilities) },
	{ "cgroup", JSON_OBJECT, JSON_ALWAYS, 0, &cgroup_table },
	{ "seccomp", JSON_OBJECT, JSON_ALWAYS, 0, &seccomp_table },
	{ "apparmor", JSON_OBJECT, JSON_ALWAYS, 0, &apparmor_table },
	{ "selinux", JSON_OBJECT, JSON_ALWAYS, 0, &selinux_table },
	{ "intelRdt", JSON_OBJECT, JSON_ALWAYS, 0, &rdt_table },
	{ "memoryPolicy", JSON_OBJECT, JSON_ALWAYS, 0, &policy_table },
	{ "mountExtensions", JSON_OBJECT, JSON_ALWAYS, 0, &extension_table },
	{ "netDevices", JSON_OBJECT, JSON_ALWAYS, 0, &device_table },
};
TABLE(linux);
static const struct json_row feature_rows[] = {
	{ "ociVersionMin", JSON_TEXT, JSON_ALWAYS, AT(version_min) },
	{ "ociVersionMax", JSON_TEXT, JSON_ALWAYS, AT(version_max) },
	{ "hooks", JSON_TEXTS, JSON_ALWAYS, AT(hooks) },
	{ "mountOptions", JSON_TEXTS, JSON_ALWAYS, AT(mount_options) },
	{ "linux", JSON_OBJECT, JSON_ALWAYS, 0, &linux_table },
	{ "annotations", JSON_PAIRS, 0, AT(annotations) },
};
TABLE(feature);

/* ---- lists ------------------------------------------------------------------------------------------------------ */

/* A name of the specification goes in when `has` says so. */
static int filtered(struct runtime *rt, const char *const *names, bool (*has)(struct runtime *rt, const char *name),
		    struct oci_strings *ret, struct err *e)
{
	for (; *names; names++)
		if (has(rt, *names) && strings_add(rt->arena, ret, *names) < 0)
			return err_oom(e);
	return 0;
}

static int counted(struct runtime *rt, const char *(*name)(size_t i), struct oci_strings *ret, struct err *e)
{
	const char *text;

	for (size_t i = 0; (text = name(i)); i++)
		if (strings_add(rt->arena, ret, text) < 0)
			return err_oom(e);
	return 0;
}

/* Those that are no mount option of ours are left to the file system: what every one of them takes is here. */
static bool has_mount_option(struct runtime *rt, const char *name)
{
	static const char *const of_any[] = { "sync", "dirsync", "mand", "lazytime" };
	struct oci_strings one = { &name, 1 };
	struct mount_options o;

	for (size_t i = 0; i < ARRAY_LEN(of_any); i++)
		if (strcmp(name, of_any[i]) == 0)
			return true;
	return mount_options_parse(&one, rt->arena, &o, NULL) == 0 && !o.data;
}

static bool has_namespace(struct runtime *rt, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof path, "self/ns/%s",
		       strcmp(name, "mount") == 0   ? "mnt" :
		       strcmp(name, "network") == 0 ? "net" :
						      name);
	return faccessat(rt->host.proc, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool has_mode(struct runtime *rt, const char *name)
{
	int mode;

	return mempolicy_mode_from_name(name, &mode, NULL) == 0;
}

static bool has_policy_flag(struct runtime *rt, const char *name)
{
	int flag;

	return mempolicy_flag_from_name(name, &flag, NULL) == 0;
}

static const char *arch_name(size_t i)
{
	return i < SYSCALL_ARCHES ? syscall_arch_info((enum syscall_arch)i)->name : NULL;
}

static const char *kind_name(size_t i)
{
	return i < OCI_HOOK_KINDS ? hook_kind_name((enum oci_hook_kind)i) : NULL;
}

/* A flag that it knows is asked for before the program, which is not there, is looked at. */
static bool kernel_has_flag(unsigned flag)
{
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

static int add_flags(struct runtime *rt, struct features *f, struct err *e)
{
	const char *name;
	unsigned flag;
	int r = counted(rt, seccomp_flag_name, &f->known_flags, e);

	for (size_t i = 0; r == 0 && (name = seccomp_flag_name(i)); i++) {
		r = seccomp_flag_from_name(name, &flag, e);
		if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
			flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER; /* one alone is no valid combination */
		if (r == 0 && kernel_has_flag(flag) && strings_add(rt->arena, &f->supported_flags, name) < 0)
			r = err_oom(e);
	}
	return r;
}

static int add_capabilities(struct runtime *rt, struct features *f, struct err *e)
{
	uint64_t set = cap_last_of_kernel(e);

	for (unsigned i = 0; cap_name(i); i++)
		if (set >> i & 1 && strings_add(rt->arena, &f->capabilities, cap_name(i)) < 0)
			return err_oom(e);
	return 0;
}

/* What there is of each; the host says which of them it takes. */
static const char *const mount_options[] = { "acl",
					     "async",
					     "atime",
					     "bind",
					     "defaults",
					     "dev",
					     "diratime",
					     "dirsync",
					     "exec",
					     "idmap",
					     "iversion",
					     "lazytime",
					     "loud",
					     "mand",
					     "noacl",
					     "noatime",
					     "nodev",
					     "nodiratime",
					     "noexec",
					     "noiversion",
					     "nolazytime",
					     "nomand",
					     "norelatime",
					     "nostrictatime",
					     "nosuid",
					     "nosymfollow",
					     "private",
					     "ratime",
					     "rbind",
					     "rdev",
					     "rdiratime",
					     "relatime",
					     "remount",
					     "rexec",
					     "ridmap",
					     "rnoatime",
					     "rnodev",
					     "rnodiratime",
					     "rnoexec",
					     "rnorelatime",
					     "rnostrictatime",
					     "rnosuid",
					     "rnosymfollow",
					     "ro",
					     "rprivate",
					     "rrelatime",
					     "rro",
					     "rrw",
					     "rshared",
					     "rslave",
					     "rstrictatime",
					     "rsuid",
					     "rsymfollow",
					     "runbindable",
					     "rw",
					     "shared",
					     "silent",
					     "slave",
					     "strictatime",
					     "suid",
					     "symfollow",
					     "sync",
					     "tmpcopyup",
					     "unbindable",
					     NULL };
static const char *const namespaces[] = { "cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts", NULL };
static const char *const policy_modes[] = { "MPOL_DEFAULT",    "MPOL_BIND",
				     "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
				     "MPOL_PREFERRED",  "MPOL_PREFERRED_MANY",
				     "MPOL_LOCAL",      NULL };
static const char *const policy_flags[] = { "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES",
				     NULL };

static int add_names(struct runtime *rt, struct features *f, struct err *e)
{
	int r = filtered(rt, mount_options, has_mount_option, &f->mount_options, e);

	if (r == 0)
		r = filtered(rt, namespaces, has_namespace, &f->namespaces, e);
	if (r == 0)
		r = filtered(rt, policy_modes, has_mode, &f->policy_modes, e);
	if (r == 0)
		r = filtered(rt, policy_flags, has_policy_flag, &f->policy_flags, e);
	if (r == 0)
		r = counted(rt, kind_name, &f->hooks, e);
	return r < 0 ? r : add_capabilities(rt, f, e);
}

static int add_seccomp(struct runtime *rt, struct features *f, struct err *e)
{
	int r = counted(rt, seccomp_action_name, &f->actions, e);

	f->seccomp = rt->facts.kernel.seccomp_filter;
	f->rdt = f->rdt_schemata = f->rdt_monitoring = true; /* of the runtime, whatever the processor has */
	if (r == 0)
		r = counted(rt, seccomp_op_name, &f->operators, e);
	if (r == 0)
		r = counted(rt, arch_name, &f->archs, e);
	return r < 0 ? r : add_flags(rt, f, e);
}

/* ---- the host --------------------------------------------------------------------------------------------------- */

static bool apparmor_is_on(struct runtime *rt)
{
	scoped_buf b = BUF(64);

	return io_read_at(rt->host.sys, "module/apparmor/parameters/enabled", &b, NULL) == 0 && b.len && b.p[0] == 'Y';
}

/* As sd_booted(3) has it, and the program that speaks to it is there. */
static bool has_systemd(struct runtime *rt)
{
	struct unit_manager *m;

	return faccessat(rt->host.root, "run/systemd/system", F_OK, 0) == 0 &&
	       runtime_manager(rt, false, &m, NULL) == 0;
}

static int look(struct runtime *rt, struct features *f, struct err *e)
{
	enum cgroup_mode mode;
	int r = runtime_facts(rt, e);

	if (r < 0)
		return r;
	mode = rt->facts.cgroup.mode;
	f->version_min = "1.0.0";
	f->version_max = OCI_VERSION;
	f->cgroup_v1 = mode == CGROUP_MODE_V1 || mode == CGROUP_MODE_HYBRID;
	f->cgroup_v2 = mode == CGROUP_MODE_V2 || mode == CGROUP_MODE_HYBRID;
	f->cgroup_systemd = f->cgroup_systemd_user = has_systemd(rt);
	f->cgroup_rdma = cgroup_layout_has(&rt->facts.cgroup, CGROUP_RDMA);
	f->apparmor = apparmor_is_on(rt);
	f->selinux = faccessat(rt->host.sys, "fs/selinux/enforce", F_OK, 0) == 0;
	f->idmap = rt->facts.kernel.mount_setattr;
	f->net_devices = true;
	if (pairs_set(rt->arena, &f->annotations, "org.opencontainers.runc.checkpoint.enabled", "true") < 0)
		return err_oom(e);
	return pairs_set(rt->arena, &f->annotations, "org.opencontainers.tare.version", TARE_VERSION) < 0 ? err_oom(e) :
													    0;
}

static int features(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);
	struct features f = { 0 };
	int r = look(rt, &f, e);

	if (r == 0)
		r = add_names(rt, &f, e);
	if (r == 0)
		r = add_seccomp(rt, &f, e);
	if (r == 0)
		r = json_encode(&feature_table, &f, true, &out, e);
	return r < 0 ? r : runtime_print(&out, e);
}

const struct runtime_command runtime_command_features = {
	.name = "features",
	.args = "",
	.summary = "print what this program can do on this host, as JSON",
	.run = features,
};
