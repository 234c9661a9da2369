/* SPDX-License-Identifier: Apache-2.0 */
/* opt_security.c - what a container may do: capabilities(7), seccomp(2), setrlimit(2), sysctl. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "cli/opt.h"
#include "cli/value.h"
#include "kernel/capability.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static struct container_config *config(const struct option_call *c)
{
	return &((struct run_options *)c->target)->config;
}

/* ---- capabilities ------------------------------------------------------------------------------------------- */

static int add_cap(const struct option_call *c, struct oci_strings *list, const char *what, struct err *e)
{
	int cap = cap_from_name(sv_trim(sv_from(c->text)));
	const char *name = cap < 0 ? "ALL" : cap_name((unsigned)cap);

	if (cap < 0 && strcasecmp(c->text, "ALL") != 0)
		return err_set(e, EINVAL, "invalid %s: unknown capability: \"%.40s\" (capabilities(7), or ALL)", what,
			       c->text);
	return LIST_PUT(c->arena, list, name, e);
}

static int set_cap_add(const struct option_call *c, struct err *e)
{
	return add_cap(c, &config(c)->cap_add, "CapAdd", e);
}

static int set_cap_drop(const struct option_call *c, struct err *e)
{
	return add_cap(c, &config(c)->cap_drop, "CapDrop", e);
}

/* ---- --security-opt ----------------------------------------------------------------------------------------- */

static int bad_security_opt(const char *text, struct err *e)
{
	return err_set(e, EDOM,
		       "Invalid --security-opt: \"%.80s\" (seccomp=unconfined|builtin|FILE, no-new-privileges[=BOOL], "
		       "apparmor=PROFILE, label=disable, systempaths=unconfined, writable-cgroups=BOOL)",
		       text);
}

static int seccomp_file(struct container_config *config, struct arena *a, const char *path, struct err *e)
{
	scoped_buf b = BUF(LIMIT_SECCOMP_PROFILE);
	struct err inner = { 0 };
	int r = io_read_at(AT_FDCWD, path, &b, &inner);

	if (r < 0)
		return err_set(e, -r, "opening seccomp profile (%.80s) failed: %s", path, inner.msg);
	config->seccomp = arena_sv(a, buf_sv(&b));
	if (!config->seccomp)
		return err_set(e, EINVAL, "seccomp profile (%.80s): not a JSON text", path);
	return 0;
}

static int opt_seccomp(const struct option_call *c, const char *value, struct err *e)
{
	if (strcmp(value, "builtin") == 0)
		config(c)->seccomp = NULL;
	else if (strcmp(value, "unconfined") == 0)
		config(c)->seccomp = "unconfined";
	else
		return seccomp_file(config(c), c->arena, value, e);
	return 0;
}

static int opt_no_new_privileges(const struct option_call *c, const char *value, struct err *e)
{
	return value_bool(value, &config(c)->no_new_privileges, NULL) < 0 ? bad_security_opt(c->text, e) : 0;
}

static int opt_writable_cgroups(const struct option_call *c, const char *value, struct err *e)
{
	return value_bool(value, &config(c)->writable_cgroups, NULL) < 0 ? bad_security_opt(c->text, e) : 0;
}

static int opt_systempaths(const struct option_call *c, const char *value, struct err *e)
{
	if (strcmp(value, "unconfined") != 0)
		return bad_security_opt(c->text, e);
	config(c)->systempaths_unconfined = true;
	return 0;
}

static int opt_apparmor(const struct option_call *c, const char *value, struct err *e)
{
	config(c)->apparmor_profile = value;
	return 0;
}

static int opt_label(const struct option_call *c, const char *value, struct err *e)
{
	if (strcmp(value, "disable") == 0)
		return 0;
	return err_set(e, ENOTSUP, "SELinux labels are not supported (label=disable)");
}

static const struct {
	const char *name;
	int (*set)(const struct option_call *c, const char *value, struct err *e);
	const char *alone; /* the value when none is given; NULL: one is needed */
} security_opts[] = {
	{ "apparmor", opt_apparmor },
	{ "label", opt_label },
	{ "no-new-privileges", opt_no_new_privileges, "true" },
	{ "seccomp", opt_seccomp },
	{ "systempaths", opt_systempaths },
	{ "writable-cgroups", opt_writable_cgroups, "true" },
};

/* name=value, or Docker's older name:value */
static int set_security_opt(const struct option_call *c, struct err *e)
{
	struct sv name, value, all = sv_from(c->text);

	if (!sv_cut(all, '=', &name, &value))
		sv_cut(all, ':', &name, &value);
	for (size_t i = 0; i < ARRAY_LEN(security_opts); i++) {
		const char *text = value.p ? value.p : security_opts[i].alone;

		if (sv_is(name, security_opts[i].name) && text && *text)
			return security_opts[i].set(c, text, e);
	}
	return bad_security_opt(c->text, e);
}

/* ---- the rest ----------------------------------------------------------------------------------------------- */

static int set_device_rule(const struct option_call *c, struct err *e)
{
	int r = value_device_rule(c->text, c->arena, e);

	return r < 0 ? r : LIST_PUT(c->arena, &config(c)->device_cgroup_rules, c->text, e);
}

/* Those that a namespace of the container's own holds: the others would change the host. */
static bool is_namespaced_sysctl(struct sv name)
{
	static const char *const known[] = {
		"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
		"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (sv_is(name, known[i]))
			return true;
	return (sv_has_prefix(name, "net.") && name.n > 4) || (sv_has_prefix(name, "fs.mqueue.") && name.n > 10);
}

static int set_sysctl(const struct option_call *c, struct err *e)
{
	struct sv name, value;

	if (!sv_cut(sv_from(c->text), '=', &name, &value) || !is_namespaced_sysctl(name) || memchr(name.p, '/', name.n))
		return err_set(
			e, EINVAL,
			"sysctl '%.80s' is not allowed (NAME=VALUE: net.*, fs.mqueue.*, kernel.msg*, kernel.sem, "
			"kernel.shm*)",
			c->text);
	return pairs_set(c->arena, &config(c)->sysctls, arena_sv(c->arena, name), value.p) < 0 ? err_oom(e) : 0;
}

static int set_ulimit(const struct option_call *c, struct err *e)
{
	struct oci_rlimit l;
	int r = value_ulimit(c->text, c->arena, &l, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < config(c)->ulimits.n; i++)
		if (strcmp(config(c)->ulimits.v[i].type, l.type) == 0) {
			config(c)->ulimits.v[i] = l;
			return 0;
		}
	return LIST_PUT(c->arena, &config(c)->ulimits, l, e);
}

static const struct option rows[] = {
	{ "cap-add", 0, "CAPABILITY", "add a capability, as NET_ADMIN or ALL", set_cap_add, .late = true },
	{ "cap-drop", 0, "CAPABILITY", "take a capability away, as CHOWN or ALL", set_cap_drop, .late = true },
	{ "device-cgroup-rule", 0, "RULE", "allow devices by number, as 'c 1:3 rwm'", set_device_rule },
	{ "privileged", 0, NULL, "all capabilities and devices, no seccomp, nothing masked", option_switch,
	  RUN_FIELD(config.privileged) },
	{ "security-opt", 0, "NAME[=VALUE]",
	  "seccomp=unconfined|FILE, no-new-privileges, apparmor=PROFILE, label=disable, systempaths=unconfined, "
	  "writable-cgroups=BOOL",
	  set_security_opt,
	  .words = "seccomp= no-new-privileges apparmor= label=disable systempaths=unconfined "
		   "writable-cgroups=true" },
	{ "sysctl", 0, "NAME=VALUE", "set a kernel parameter of the container's namespaces", set_sysctl },
	{ "ulimit", 0, "NAME=SOFT[:HARD]", "set a resource limit of the processes, as nofile=1024:2048", set_ulimit },
};

OPTION_GROUP(opt_security, "Security", rows);
