/* SPDX-License-Identifier: Apache-2.0 */
/* Every value against its range, with Docker's texts behind the option's name; nothing has been made yet. Resources,
 * mounts and sysctls have files of their own. */
#include "spec/config_check_priv.h"

#include "base/id.h"
#include "base/scope.h"
#include "spec/device_rule.h"
#include "spec/spec.h"
#include "spec/userns.h"
#include "kernel/capability.h"
#include "kernel/signal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

int option_refuse(struct config_checker *k, const char *option, const char *value, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(k->e, EINVAL, "%s %.100s: %s", option, value, text);
}

int option_discard(struct config_checker *k, const char *option, const char *value, const char *text)
{
	if (k->c->strict)
		return option_refuse(k, option, value, "%s", text);
	return warnings_add(k->w, "%s", text) < 0 ? err_oom(k->e) : 0;
}

const char *option_number(int64_t n, option_text ret)
{
	(void)snprintf(ret, OPTION_TEXT, "%" PRId64, n);
	return ret;
}

const char *check_bytes(int64_t n, option_text ret)
{
	static const char units[] = "kmgt";
	int u = -1;

	while (n && n % 1024 == 0 && u < 3) {
		n /= 1024;
		u++;
	}
	(void)snprintf(ret, OPTION_TEXT, "%" PRId64 "%.*s", n, u >= 0, u >= 0 ? units + u : "");
	return ret;
}

const char *option_cpus(int64_t nano_cpus, option_text ret)
{
	uint64_t n = nano_cpus < 0 ? -(uint64_t)nano_cpus : (uint64_t)nano_cpus;
	size_t len;

	(void)snprintf(ret, OPTION_TEXT, "%s%" PRIu64 ".%09" PRIu64, nano_cpus < 0 ? "-" : "", n / 1000000000,
		       n % 1000000000);
	for (len = strlen(ret); ret[len - 1] == '0'; len--)
		;
	ret[ret[len - 1] == '.' ? len - 1 : len] = '\0';
	return ret;
}

/* ---- names -------------------------------------------------------------------------------------------------- */

static int check_name(struct config_checker *k)
{
	const char *name = k->c->name;

	if (!name || name_is_valid(sv_from(name)))
		return 0;
	return option_refuse(k, "--name", name,
			     "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name);
}

/* Goes into /etc/hosts and /etc/hostname: one word. */
static bool is_word(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '/')
			return false;
	return true;
}

static int check_host_word(struct config_checker *k, const char *option, const char *name)
{
	const char *what = option + 2;

	if (!name || !*name)
		return 0;
	if (strlen(name) > 64)
		return option_refuse(k, option, name, "%s \"%s\" is too long (maximum 64 bytes)", what, name);
	if (!is_word(name))
		return option_refuse(k, option, name, "invalid %s format: %s", what, name);
	if (config_mode_is(k->c->uts_mode, "host") || config_mode_container(k->c->uts_mode))
		return option_refuse(k, option, name, "conflicting options: %s and the UTS mode", what);
	if (config_mode_container(k->c->network_mode))
		return option_refuse(k, option, name, "conflicting options: %s and the network mode", what);
	return 0;
}

static int check_hostname(struct config_checker *k)
{
	int r = check_host_word(k, "--hostname", k->c->hostname);

	return r < 0 ? r : check_host_word(k, "--domainname", k->c->domainname);
}

static int check_env(struct config_checker *k)
{
	for (size_t i = 0; i < k->c->env.n; i++)
		if (!*k->c->env.v[i] || *k->c->env.v[i] == '=')
			return option_refuse(k, "--env", k->c->env.v[i], "invalid environment variable: %s",
					     k->c->env.v[i]);
	return 0;
}

static int check_workdir(struct config_checker *k)
{
	const char *dir = k->c->workdir;

	if (!dir || !*dir || *dir == '/')
		return 0;
	return option_refuse(k, "--workdir", dir,
			     "the working directory '%s' is invalid, it needs to be an absolute path", dir);
}

/* ---- namespaces --------------------------------------------------------------------------------------------- */

static const struct mode_row {
	const char *option;
	size_t offset;
	const char *allowed[5];
	bool container; /* container:ID too */
	const char *text;
} mode_rows[] = {
#define MODE(member) offsetof(struct container_config, member)
	{ "--pid", MODE(pid_mode), { "private", "host" }, true, "invalid PID mode" },
	{ "--ipc", MODE(ipc_mode), { "none", "private", "shareable", "host" }, true, "invalid IPC mode" },
	{ "--uts", MODE(uts_mode), { "private", "host" }, true, "invalid UTS mode" },
	{ "--cgroupns", MODE(cgroupns_mode), { "private", "host" }, false, "invalid cgroup namespace mode" },
#undef MODE
};

static bool is_allowed(const struct mode_row *row, const char *mode)
{
	for (size_t i = 0; i < ARRAY_LEN(row->allowed) && row->allowed[i]; i++)
		if (strcmp(row->allowed[i], mode) == 0)
			return true;
	return row->container && config_mode_container(mode) && *config_mode_container(mode);
}

static int check_modes(struct config_checker *k)
{
	for (size_t i = 0; i < ARRAY_LEN(mode_rows); i++) {
		const struct mode_row *row = &mode_rows[i];
		const char *mode = *(const char *const *)((const char *)k->c + row->offset);

		if (!mode || !*mode || is_allowed(row, mode))
			continue;
		return option_refuse(k, row->option, mode, "%s: %s", row->text, mode);
	}
	return 0;
}

static int check_cgroup_namespace(struct config_checker *k)
{
	if (!config_mode_is(k->c->cgroupns_mode, "private") || k->f->kernel.cgroup_namespace)
		return 0;
	return option_discard(
		k, "--cgroupns", "private",
		"Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.");
}

/* What shares a namespace with somebody, or has all rights, has no use of ids of its own. */
static int check_userns_conflicts(struct config_checker *k)
{
	const struct container_config *c = k->c;
	const struct {
		const char *option, *mode;
	} modes[] = { { "--pid", c->pid_mode }, { "--ipc", c->ipc_mode }, { "--uts", c->uts_mode },
		      { "--network", c->network_mode } };

	if (c->privileged)
		return option_refuse(
			k, "--userns", c->userns_mode,
			"privileged mode is incompatible with user namespaces.  You must run the container "
			"in the host namespace when running privileged mode");
	if (config_mode_is(c->network_mode, "host"))
		return option_refuse(k, "--userns", c->userns_mode,
				     "cannot share the host's network namespace when user namespaces are enabled");
	if (config_mode_is(c->pid_mode, "host"))
		return option_refuse(k, "--userns", c->userns_mode,
				     "cannot share the host PID namespace when user namespaces are enabled");
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (modes[i].mode && sv_has_prefix(sv_from(modes[i].mode), "container:") &&
		    strcmp(modes[i].mode, c->userns_mode) != 0)
			return option_refuse(
				k, "--userns", c->userns_mode,
				"%s %.60s: another container's namespace belongs to another user namespace; "
				"use --userns host, or join that one too",
				modes[i].option, modes[i].mode);
	return 0;
}

static int check_userns(struct config_checker *k)
{
	const char *text = k->c->userns_mode;
	struct err inner = { 0 };
	struct userns_mode m;
	int r = userns_mode_parse(text, k->w->arena, &m, &inner);

	if (r == -ENOMEM)
		return err_oom(k->e);
	if (r < 0)
		return option_refuse(k, "--userns", text, "%s", inner.msg);
	if (m.kind == USERNS_HOST)
		return 0;
	if (!k->f->kernel.mount_setattr)
		return option_refuse(k, "--userns", text,
				     "this kernel has no idmapped mounts (Linux 5.12 and later have)");
	return check_userns_conflicts(k);
}

/* ---- life --------------------------------------------------------------------------------------------------- */

static int check_restart(struct config_checker *k)
{
	const struct container_config *c = k->c;
	int64_t n = c->restart.maximum_retry_count;
	const char *name = restart_policy_name(c->restart.name);

	if (n && c->restart.name != RESTART_ON_FAILURE)
		return option_refuse(k, "--restart", name,
				     "invalid restart policy: maximum retry count can only be used with 'on-failure'%s",
				     n < 0 ? " and cannot be negative" : "");
	if (n < 0)
		return option_refuse(k, "--restart", name,
				     "invalid restart policy: maximum retry count cannot be negative");
	if (c->auto_remove && c->restart.name != RESTART_NO)
		return option_refuse(k, "--restart", name,
				     "can't create 'AutoRemove' container with restart policy");
	return 0;
}

static int check_stop_signal(struct config_checker *k)
{
	const char *name = k->c->stop_signal;

	if (!name || !*name || signal_from_name(sv_from(name)) >= 0)
		return 0;
	return option_refuse(k, "--stop-signal", name, "invalid signal: %s", name);
}

static int check_log(struct config_checker *k)
{
	struct log_limits ignored;

	return config_log_limits(k->c, &ignored, k->e);
}

static int check_annotations(struct config_checker *k)
{
	for (size_t i = 0; i < k->c->annotations.n; i++)
		if (!*k->c->annotations.v[i].key)
			return option_refuse(k, "--annotation", "''",
					     "the empty string is not permitted as an annotation key");
	return 0;
}

/* ---- security ----------------------------------------------------------------------------------------------- */

static int check_capability(struct config_checker *k, const char *option, const char *what, const char *name)
{
	int cap = cap_from_name(sv_from(name));

	if (strcmp(name, "ALL") == 0)
		return 0;
	if (cap < 0)
		return option_refuse(k, option, name, "invalid %s: unknown capability: \"%s\"", what, name);
	if (k->f->capabilities & (UINT64_C(1) << cap))
		return 0;
	return option_refuse(k, option, name,
			     "invalid %s: capability not supported by your kernel or not available in the current "
			     "environment: \"%s\"",
			     what, name);
}

static int check_capabilities(struct config_checker *k)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < k->c->cap_add.n; i++)
		r = check_capability(k, "--cap-add", "CapAdd", k->c->cap_add.v[i]);
	for (size_t i = 0; r == 0 && i < k->c->cap_drop.n; i++)
		if (strcmp(k->c->cap_drop.v[i], "ALL") != 0 && cap_from_name(sv_from(k->c->cap_drop.v[i])) < 0)
			r = check_capability(k, "--cap-drop", "CapDrop", k->c->cap_drop.v[i]);
	return r;
}

static int check_seccomp(struct config_checker *k)
{
	const char *profile = k->c->seccomp;

	if (!profile || strcmp(profile, "unconfined") == 0 || k->f->kernel.seccomp_filter)
		return 0;
	return option_refuse(k, "--security-opt", "seccomp",
			     "seccomp is not enabled in your kernel, cannot run a custom seccomp profile");
}

static bool is_access(const char *text)
{
	return *text && strlen(text) <= 3 && strspn(text, "rwm") == strlen(text);
}

static int check_devices(struct config_checker *k)
{
	for (size_t i = 0; i < k->c->devices.n; i++) {
		const struct device_config *d = &k->c->devices.v[i];

		if (!d->host_path || *d->host_path != '/')
			return option_refuse(k, "--device", d->host_path ? d->host_path : "",
					     "%s is not an absolute path", d->host_path ? d->host_path : "\"\"");
		if (d->container_path && *d->container_path != '/')
			return option_refuse(k, "--device", d->host_path, "%s is not an absolute path",
					     d->container_path);
		if (d->access && !is_access(d->access))
			return option_refuse(k, "--device", d->host_path, "invalid device mode: %s", d->access);
	}
	return 0;
}

static int check_device_rules(struct config_checker *k)
{
	struct oci_device_rule rule;
	struct err inner = { 0 };

	for (size_t i = 0; i < k->c->device_cgroup_rules.n; i++) {
		const char *text = k->c->device_cgroup_rules.v[i];
		int r = device_rule_parse(sv_from(text), k->w->arena, &rule, &inner);

		if (r == -ENOMEM)
			return err_oom(k->e);
		if (r < 0)
			return option_refuse(k, "--device-cgroup-rule", text, "%s", inner.msg);
	}
	return 0;
}

/* ---- limits of the process ---------------------------------------------------------------------------------- */

static int check_ulimits(struct config_checker *k)
{
	for (size_t i = 0; i < k->c->ulimits.n; i++) {
		const struct oci_rlimit *l = &k->c->ulimits.v[i];

		if (l->soft > l->hard)
			return option_refuse(k, "--ulimit", l->type,
					     "ulimit soft limit must be less than or equal to hard limit: %" PRId64
					     " > %" PRId64,
					     (int64_t)l->soft, (int64_t)l->hard);
	}
	return 0;
}

static int check_shm_size(struct config_checker *k)
{
	option_text value;

	if (k->c->shm_size >= 0)
		return 0;
	return option_refuse(k, "--shm-size", check_bytes(k->c->shm_size, value),
			     "SHM size can not be less than 0");
}

static int check_oom_score_adj(struct config_checker *k)
{
	int64_t n = k->c->oom_score_adj;
	option_text value;

	if (n >= -1000 && n <= 1000)
		return 0;
	return option_refuse(k, "--oom-score-adj", option_number(n, value),
			     "Invalid value %" PRId64 ", range for oom score adj is [-1000, 1000]", n);
}

static int check_cgroup_parent(struct config_checker *k)
{
	struct sv rest = sv_from(k->c->cgroup_parent), part;

	if (config_is_unit(k->c) && rest.n && !spec_group(k->c, &k->f->cgroup, "id", k->w->arena))
		return option_refuse(k, "--cgroup-parent", k->c->cgroup_parent,
				     "cgroup-parent for systemd cgroup should be a valid slice named as "
				     "\"xxx.slice\"");
	while (sv_next(&rest, '/', &part))
		if (sv_is(part, "..") || sv_is(part, ".") || (part.n && memchr(part.p, '\n', part.n)))
			return option_refuse(k, "--cgroup-parent", k->c->cgroup_parent,
					     "not the path of a cgroup below the root");
	return 0;
}

bool config_asks_rare(const struct container_config *c)
{
	return c->cpu_rt_period_us || c->cpu_rt_runtime_us || c->device_read_bps.n || c->device_write_bps.n ||
	       c->device_read_iops.n || c->device_write_iops.n;
}

int config_check(struct container_config *c, const struct host_facts *f, struct warnings *w, struct err *e)
{
	static int (*const checks[])(struct config_checker *) = {
		check_name,	    check_hostname,	   check_env,		   check_workdir,
		check_modes,	    check_userns, check_cgroup_namespace, check_capabilities,   check_seccomp,
		check_devices,	    check_device_rules,	   check_ulimits,	   check_shm_size,
		check_restart, check_stop_signal, check_log, check_annotations,
		check_oom_score_adj, check_cgroup_parent,  config_check_sysctls, config_check_mounts,
		config_check_resources,
	};
	struct config_checker k = { c, f, w, e };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(checks); i++)
		r = checks[i](&k);
	return r;
}
