/* SPDX-License-Identifier: Apache-2.0 */
/* What exec.h promises, as steps: which are the helper's (ACTOR_CHILD) and which the process's own (ACTOR_PROCESS). */
#include "runtime/exec.h"
#include "runtime/init_proc.h"
#include "runtime/plan_priv.h"

#include "base/scope.h"
#include "kernel/seccomp.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* ---- the context ------------------------------------------------------------------------------------------------ */

static int copy_rlimits(const struct oci_process *from, struct oci_process *to, struct arena *a, struct err *e)
{
	to->rlimits.n = from->rlimits.n;
	to->rlimits.v = arena_array(a, from->rlimits.n, sizeof *to->rlimits.v);
	if (from->rlimits.n && !to->rlimits.v)
		return err_oom(e);
	for (size_t i = 0; i < from->rlimits.n; i++) {
		to->rlimits.v[i] = from->rlimits.v[i];
		to->rlimits.v[i].type = arena_str(a, from->rlimits.v[i].type);
		if (!to->rlimits.v[i].type)
			return err_oom(e);
	}
	return 0;
}

static int copy_filter(const struct plan *p, struct exec_context *c, struct arena *a, struct err *e)
{
	if (p->spec->seccomp.present && !p->seccomp.len)
		return err_set(e, EINVAL, "the container's filter is not there yet");
	c->seccomp.len = p->seccomp.len;
	c->seccomp_flags = p->seccomp_flags;
	if (!p->seccomp.len)
		return 0;
	c->seccomp.filter = arena_array(a, p->seccomp.len, sizeof *p->seccomp.filter);
	if (!c->seccomp.filter)
		return err_oom(e);
	memcpy(c->seccomp.filter, p->seccomp.filter, p->seccomp.len * sizeof *p->seccomp.filter);
	return 0;
}

static int copy_text(const char *from, struct arena *a, const char **to, struct err *e)
{
	*to = from ? arena_str(a, from) : NULL;
	return *to || !from ? 0 : err_oom(e);
}

static int copy_texts(const struct oci_strings *from, struct arena *a, struct oci_strings *to, struct err *e)
{
	int r = 0;

	to->n = from->n;
	to->v = arena_array(a, from->n, sizeof *to->v);
	if (from->n && !to->v)
		return err_oom(e);
	for (size_t i = 0; r == 0 && i < from->n; i++)
		r = copy_text(from->v[i], a, &to->v[i], e);
	return r;
}

/* What is said of all processes of the container. */
static int copy_attributes(const struct runtime_spec *from, struct exec_context *c, struct arena *a, struct err *e)
{
	const struct oci_process *pr = &from->process;
	int r = copy_text(pr->apparmor_profile, a, &c->process.apparmor_profile, e);

	if (r == 0)
		r = copy_text(pr->selinux_label, a, &c->process.selinux_label, e);
	if (r == 0)
		r = copy_text(pr->exec_cpu_affinity.initial, a, &c->process.exec_cpu_affinity.initial, e);
	if (r == 0)
		r = copy_text(pr->exec_cpu_affinity.final, a, &c->process.exec_cpu_affinity.final, e);
	c->memory_policy.present = from->memory_policy.present;
	c->personality.present = from->personality.present;
	if (r == 0)
		r = copy_text(from->memory_policy.mode, a, &c->memory_policy.mode, e);
	if (r == 0)
		r = copy_text(from->memory_policy.nodes, a, &c->memory_policy.nodes, e);
	if (r == 0)
		r = copy_texts(&from->memory_policy.flags, a, &c->memory_policy.flags, e);
	return r < 0 ? r : copy_text(from->personality.domain, a, &c->personality.domain, e);
}

static int copy_map(const struct id_map *from, struct arena *a, struct id_map *to, struct err *e)
{
	struct id_extent *v = arena_array(a, from->n, sizeof *v);

	if (from->n && !v)
		return err_oom(e);
	if (from->n)
		memcpy(v, from->v, from->n * sizeof *v);
	*to = (struct id_map){ v, from->n };
	return 0;
}

/* Those it was cloned into, and those of others that it joined. */
static uint64_t namespaces_of(const struct plan *p)
{
	uint64_t set = p->clone_flags | (p->cgroup_ns ? CLONE_NEWCGROUP : 0);

	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].op == STEP_NS_JOIN)
			set |= p->steps[i].set;
		else if (p->steps[i].op == STEP_TIME_NS)
			set |= CLONE_NEWTIME;
	return set;
}

int exec_context_make(const struct plan *p, struct arena *a, struct exec_context *ret, struct err *e)
{
	const struct oci_process *pr = &p->spec->process;
	struct exec_context c = { .namespaces = namespaces_of(p),
				  .caps = p->caps,
				  .die_with_parent = p->die_with_parent,
				  .without_cgroup = p->without_cgroup,
				  .mount_ns_path = p->mount_ns_path ? arena_str(a, p->mount_ns_path) : NULL,
				  .keyring = p->keyring ? arena_str(a, p->keyring) : NULL,
				  .process = { .no_new_privileges = pr->no_new_privileges,
					       .umask = pr->umask,
					       .oom_score_adj = pr->oom_score_adj } };
	int r = p->keyring && !c.keyring ? err_oom(e) : copy_rlimits(pr, &c.process, a, e);

	if (r == 0)
		r = copy_attributes(p->spec, &c, a, e);
	if (r == 0)
		r = copy_filter(p, &c, a, e);
	if (r == 0)
		r = copy_map(&p->uids, a, &c.uids, e);
	if (r == 0)
		r = copy_map(&p->gids, a, &c.gids, e);
	if (r == 0)
		*ret = c;
	return r;
}

/* ---- the process ------------------------------------------------------------------------------------------------ */

static void merge(const struct exec_context *c, bool privileged, struct oci_process *pr)
{
	pr->no_new_privileges = !privileged && (pr->no_new_privileges || c->process.no_new_privileges);
	if (pr->umask == OCI_UNSET)
		pr->umask = c->process.umask;
	if (pr->oom_score_adj == OCI_UNSET)
		pr->oom_score_adj = c->process.oom_score_adj;
	if (!pr->rlimits.n)
		pr->rlimits = c->process.rlimits;
	if (!pr->exec_cpu_affinity.initial && !pr->exec_cpu_affinity.final)
		pr->exec_cpu_affinity = c->process.exec_cpu_affinity;
	if (!pr->apparmor_profile && !privileged)
		pr->apparmor_profile = c->process.apparmor_profile;
	if (!pr->selinux_label && !privileged)
		pr->selinux_label = c->process.selinux_label;
}

static void set_caps(const struct exec_context *c, bool privileged, struct plan *p)
{
	uint64_t all = p->facts->capabilities;

	if (privileged)
		p->caps = (struct cap_sets){ .bounding = all, .permitted = all, .effective = all };
	else if (p->spec->process.capabilities.present)
		plan_capabilities(p);
	else
		p->caps = c->caps;
}

/* Without CAP_SYS_ADMIN a filter can only be installed under no_new_privs. So that no process of the container ever has
 * that capability for it, the helper installs the filter, if the filter lets pass what is still to be done after that:
 * Docker's does. */
static bool filter_is_passable(const struct sock_fprog *filter, unsigned sync)
{
	const struct {
		long nr;
		uint64_t args[6];
	} calls[] = {
		{ SYS_capset, { 0 } },
		{ SYS_prctl, { PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL } },
		{ SYS_prctl, { PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE } },
		{ SYS_clone, { CLONE_PARENT } },
		{ SYS_prctl, { PR_SET_PDEATHSIG, SIGKILL } },
		{ SYS_sendto, { sync } },
		{ SYS_setsid, { 0 } },
		{ SYS_ioctl, { 0, TIOCSCTTY } },
		{ SYS_execve, { 0 } },
		{ SYS_exit_group, { 0 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (!seccomp_allows(filter, calls[i].nr, calls[i].args))
			return false;
	return true;
}

/* Everything that is of the host comes first; after NS_ENTER no descriptor of it is left. */
static int plan_enter(const struct exec_context *c, struct plan *p, struct err *e)
{
	struct step *s;
	int r;

	if (!plan_add(p, ACTOR_HOST, STEP_CLONE))
		return err_oom(e);
	r = plan_affinity(p, ACTOR_CHILD, p->spec->process.exec_cpu_affinity.initial, "initial", e);
	if (r < 0)
		return r;
	if (!c->without_cgroup && cgroup_layout_joins(&p->facts->cgroup) && !plan_add(p, ACTOR_CHILD, STEP_CGROUP_JOIN))
		return err_oom(e);
	r = plan_affinity(p, ACTOR_CHILD, p->spec->process.exec_cpu_affinity.final, "final", e);
	if (r == 0)
		r = plan_attributes(p, e);
	if (r == 0)
		r = plan_process_limits(p, ACTOR_CHILD, e);
	if (r < 0)
		return r;
	if (!plan_add(p, ACTOR_CHILD, STEP_SESSION))
		return err_oom(e);
	r = p->userns ? plan_stdio_owner(p, ACTOR_CHILD, e) : 0;
	if (r < 0)
		return r;
	if (!(s = plan_add(p, ACTOR_CHILD, STEP_NS_ENTER)))
		return err_oom(e);
	s->set = c->namespaces;
	s->path = c->keyring;
	return p->spec->process.terminal ? plan_console(p, NULL, false, e) : 0;
}

enum filter_place { NO_FILTER, FILTER_BY_HELPER, FILTER_BY_PROCESS, FILTER_AT_LAST };

static enum filter_place place_filter(const struct plan *p)
{
	if (!p->seccomp.len)
		return NO_FILTER;
	if (p->spec->process.no_new_privileges)
		return FILTER_AT_LAST;
	return filter_is_passable(&p->seccomp, exec_sync_fd(p)) ? FILTER_BY_HELPER : FILTER_BY_PROCESS;
}

static int plan_birth(struct plan *p, struct err *e)
{
	enum filter_place filter = place_filter(p);
	uint64_t for_filter = filter == FILTER_BY_PROCESS ? 1ull << CAP_SYS_ADMIN : 0;
	const struct {
		bool wanted;
		enum step_actor actor;
		enum step_op op;
		uint64_t besides; /* capabilities that stay until later */
	} order[] = {
		{ filter == FILTER_BY_HELPER, ACTOR_CHILD, STEP_SECCOMP },
		{ true, ACTOR_CHILD, STEP_CAPABILITIES, for_filter },
		{ true, ACTOR_CHILD, STEP_PROCESS },
		{ true, ACTOR_PROCESS, STEP_LEAD },
		{ filter == FILTER_BY_PROCESS, ACTOR_PROCESS, STEP_SECCOMP },
		{ filter == FILTER_BY_PROCESS, ACTOR_PROCESS, STEP_CAPABILITIES },
		{ filter == FILTER_AT_LAST, ACTOR_PROCESS, STEP_SECCOMP },
		{ true, ACTOR_PROCESS, STEP_EXEC },
	};

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		struct step *s = order[i].wanted ? plan_add(p, order[i].actor, order[i].op) : NULL;

		if (order[i].wanted && !s)
			return err_oom(e);
		if (!s)
			continue;
		if (s->op == STEP_CAPABILITIES) {
			s->set = p->caps.effective | order[i].besides;
			s->n[0] = (int64_t)order[i].besides;
		}
		if (s->op == STEP_EXEC)
			s->path = p->argv[0];
	}
	return 0;
}

int exec_plan_make(const struct exec_context *c, const struct oci_process *process, bool privileged,
		   const struct host_facts *facts, struct arena *a, struct plan *ret, struct err *e)
{
	struct runtime_spec *spec = arena_alloc(a, sizeof *spec);
	struct plan p = { .spec = spec,
			  .facts = facts,
			  .id = "",
			  .arena = a,
			  .die_with_parent = c->die_with_parent,
			  .mount_ns_path = c->mount_ns_path,
			  .preserve_fds = c->preserve_fds,
			  .userns = c->uids.n > 0,
			  .uids = c->uids,
			  .gids = c->gids };
	int r;

	if (!spec)
		return err_oom(e);
	runtime_spec_init(spec);
	spec->process = *process;
	spec->memory_policy = c->memory_policy;
	spec->personality = c->personality;
	merge(c, privileged, &spec->process);
	set_caps(c, privileged, &p);
	if (!privileged && !c->listens && c->seccomp_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		return err_set(e, ENOTSUP,
			       "linux.seccomp.listenerPath: a further process of such a container is not supported");
	if (!privileged) {
		p.seccomp = c->seccomp;
		p.seccomp_flags = c->seccomp_flags;
	}
	r = plan_enter(c, &p, e);
	if (r == 0)
		r = plan_become(&p, e);
	if (r == 0)
		r = plan_birth(&p, e);
	if (r == 0)
		*ret = p;
	return r;
}
