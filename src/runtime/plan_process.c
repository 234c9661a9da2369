/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, and what the first process is: user, limits, capabilities, command. */
#include "runtime/plan_priv.h"

#include "base/scope.h"
#include "kernel/rlimit.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* ---- namespaces --------------------------------------------------------------------------------------------- */

enum joiner { CHILD, HOST };

static const struct namespace
{
	const char *type;
	uint64_t flag;
	enum joiner
		joiner; /* who calls setns(2); of a pid namespace only the children of the caller are members. A user
			     * namespace is opened by the host side, which can only be left behind by a child of its */
}
namespaces[] = {
	{ "pid", CLONE_NEWPID, HOST },	  { "network", CLONE_NEWNET, CHILD }, { "mount", CLONE_NEWNS, CHILD },
	{ "ipc", CLONE_NEWIPC, CHILD },	  { "uts", CLONE_NEWUTS, CHILD },     { "cgroup", CLONE_NEWCGROUP, CHILD },
	{ "time", CLONE_NEWTIME, CHILD }, { "user", CLONE_NEWUSER, HOST },
};

static const struct namespace *find_namespace(const struct oci_namespace *ns)
{
	for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
		if (ns->type && strcmp(ns->type, namespaces[i].type) == 0)
			return &namespaces[i];
	return NULL;
}

static bool is_joined(const struct oci_namespace *ns)
{
	return ns->path && *ns->path;
}

/* With a user namespace of its own the child has no right to another one: the host side joins it before the clone. */
static enum joiner joiner_of(const struct plan *p, const struct namespace *row)
{
	return p->userns && row->joiner == CHILD ? HOST : row->joiner;
}

static int add_join(struct plan *p, enum step_actor actor, const struct namespace *row, const struct oci_namespace *ns,
		    struct err *e)
{
	struct step *s = plan_add(p, actor, STEP_NS_JOIN);

	if (!s)
		return err_oom(e);
	s->path = ns->type;
	s->source = ns->path;
	s->set = row->flag;
	return 0;
}

static int plan_namespace(struct plan *p, const struct oci_namespace *ns, uint64_t *seen, struct err *e)
{
	const struct namespace *row = find_namespace(ns);

	if (!row)
		return err_set(e, EINVAL, "type: \"%s\" is not a namespace that tare makes", ns->type ? ns->type : "");
	if (*seen & row->flag)
		return err_set(e, EINVAL, "type: \"%s\" is there twice", ns->type);
	*seen |= row->flag;
	if (!is_joined(ns)) {
		p->clone_flags |= row->flag;
		return 0;
	}
	if (row->flag == CLONE_NEWNS && (p->userns || p->facts->user_namespace)) /* what is mounted there is others' */
		return err_set(e, ENOTSUP, "path: a mount namespace cannot be joined together with a user namespace");
	return joiner_of(p, row) == HOST ? add_join(p, ACTOR_HOST, row, ns, e) : 0;
}

/* The mount namespace comes last: in it paths are others. */
static int plan_child_joins(struct plan *p, struct err *e)
{
	const struct oci_namespace *mounts = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->spec->namespaces.n; i++) {
		const struct oci_namespace *ns = &p->spec->namespaces.v[i];
		const struct namespace *row = find_namespace(ns);

		if (!is_joined(ns) || joiner_of(p, row) != CHILD)
			continue;
		if (row->flag == CLONE_NEWNS)
			mounts = ns;
		else
			r = add_join(p, ACTOR_CHILD, row, ns, e);
	}
	return r == 0 && mounts ? add_join(p, ACTOR_CHILD, find_namespace(mounts), mounts, e) : r;
}

/* Offsets are written before anybody is in the namespace: clone3(2) with CLONE_NEWTIME would be too late. */
static int plan_time_offsets(struct plan *p, struct err *e)
{
	const struct oci_time_offset *m = &p->spec->monotonic_offset, *b = &p->spec->boottime_offset;
	struct step *s;

	if (!m->present && !b->present)
		return 0;
	if (!(p->clone_flags & CLONE_NEWTIME))
		return err_set(e, EINVAL, "linux.timeOffsets: needs a new time namespace in linux.namespaces");
	if (m->nanosecs < 0 || m->nanosecs > 999999999 || b->nanosecs < 0 || b->nanosecs > 999999999)
		return err_set(e, EINVAL, "linux.timeOffsets: nanosecs: allowed are 0 to 999999999");
	s = plan_add(p, ACTOR_HOST, STEP_TIME_NS);
	if (!s)
		return err_oom(e);
	s->source = arena_fmt(p->arena, "monotonic %lld %lld\nboottime %lld %lld\n", (long long)m->secs,
			      (long long)m->nanosecs, (long long)b->secs, (long long)b->nanosecs);
	s->n[0] = m->secs;
	s->n[1] = m->nanosecs;
	s->n[2] = b->secs;
	s->n[3] = b->nanosecs;
	p->clone_flags &= ~(uint64_t)CLONE_NEWTIME;
	return s->source ? 0 : err_oom(e);
}

/* What the clone makes, and what the host side joins before it. */
static int plan_namespaces(struct plan *p, struct err *e)
{
	const struct runtime_spec *spec = p->spec;
	uint64_t seen = 0;

	for (size_t i = 0; i < spec->namespaces.n; i++) {
		int r = plan_namespace(p, &spec->namespaces.v[i], &seen, e);

		if (r < 0)
			return err_wrap(e, r, "linux.namespaces[%zu]", i);
	}
	if (!(seen & CLONE_NEWNS))
		return err_set(e, EINVAL,
			       "linux.namespaces: a mount namespace is needed, a new one or one with a path");
	if ((spec->hostname || spec->domainname) && !(seen & CLONE_NEWUTS))
		return err_set(e, EINVAL, "hostname: needs a uts namespace in linux.namespaces");
	if (plan_time_offsets(p, e) < 0)
		return -e->code;
	p->cgroup_ns = p->clone_flags & CLONE_NEWCGROUP;
	p->clone_flags &= ~(uint64_t)CLONE_NEWCGROUP; /* unshared by the child, after it has joined its groups */
	return 0;
}

/* ---- capabilities ------------------------------------------------------------------------------------------- */

/* A name that no kernel knows, or that this caller cannot grant, is left out, as the specification wants. */
static uint64_t cap_set(struct plan *p, const struct oci_strings *names, const char *where)
{
	uint64_t set = 0;

	for (size_t i = 0; i < names->n; i++) {
		int cap = cap_from_name(sv_from(names->v[i]));

		if (cap >= 0)
			set |= 1ull << cap;
		else
			plan_warn(p, "process.capabilities.%s[%zu]: \"%s\" is not known, it is left out", where, i,
				  names->v[i]);
	}
	return set & p->facts->capabilities;
}

void plan_capabilities(struct plan *p)
{
	const struct oci_capabilities *c = &p->spec->process.capabilities;

	if (!c->present) {
		p->caps = (struct cap_sets){ .bounding = p->facts->capabilities };
		return;
	}
	p->caps.bounding = cap_set(p, &c->bounding, "bounding");
	p->caps.permitted = cap_set(p, &c->permitted, "permitted");
	p->caps.effective = cap_set(p, &c->effective, "effective") & p->caps.permitted;
	p->caps.inheritable = cap_set(p, &c->inheritable, "inheritable") & p->caps.bounding;
	p->caps.ambient = cap_set(p, &c->ambient, "ambient") & p->caps.inheritable & p->caps.permitted;
}

/* ---- the command -------------------------------------------------------------------------------------------- */

static int plan_command(struct plan *p, struct err *e)
{
	const struct oci_process *pr = &p->spec->process;
	const char **argv = arena_array(p->arena, pr->args.n + 1, sizeof *argv);
	const char **envp = arena_array(p->arena, pr->env.n + 1, sizeof *envp);

	if (!argv || !envp)
		return err_oom(e);
	if (!pr->present || pr->args.n == 0)
		return err_set(e, EINVAL, "process.args: no command");
	if (!pr->cwd || pr->cwd[0] != '/')
		return err_set(e, EINVAL, "process.cwd: \"%s\" is not absolute", pr->cwd ? pr->cwd : "");
	memcpy(argv, pr->args.v, pr->args.n * sizeof *argv);
	if (pr->env.n)
		memcpy(envp, pr->env.v, pr->env.n * sizeof *envp);
	p->argv = (char *const *)(const void *)argv;
	p->envp = (char *const *)(const void *)envp;
	return 0;
}

static int plan_rlimits(struct plan *p, enum step_actor actor, struct err *e)
{
	for (size_t i = 0; i < p->spec->process.rlimits.n; i++) {
		const struct oci_rlimit *l = &p->spec->process.rlimits.v[i];
		int resource = rlimit_from_name(sv_from(l->type));
		struct step *s;

		if (resource < 0)
			return err_set(e, EINVAL, "process.rlimits[%zu].type: \"%s\" is not a limit", i,
				       l->type ? l->type : "");
		s = plan_add(p, actor, STEP_RLIMIT);
		if (!s)
			return err_oom(e);
		s->path = l->type;
		s->n[0] = resource;
		s->n[1] = (int64_t)l->soft;
		s->n[2] = (int64_t)l->hard;
	}
	return 0;
}

static struct step *add_text(struct plan *p, enum step_op op, const char *text)
{
	struct step *s = plan_add(p, ACTOR_CHILD, op);

	if (s)
		s->path = text;
	return s;
}

static int plan_identity(struct plan *p, struct err *e)
{
	const struct runtime_spec *spec = p->spec;

	if (spec->hostname && *spec->hostname && !add_text(p, STEP_HOSTNAME, spec->hostname))
		return err_oom(e);
	if (spec->domainname && *spec->domainname && !add_text(p, STEP_DOMAINNAME, spec->domainname))
		return err_oom(e);
	return 0;
}

static int plan_oom_score_adj(struct plan *p, enum step_actor actor, struct err *e)
{
	int64_t want = p->spec->process.oom_score_adj;
	struct step *s;

	if (want == OCI_UNSET || want == p->facts->oom_score_adj)
		return 0;
	s = plan_add(p, actor, STEP_OOM_SCORE_ADJ);
	if (!s)
		return err_oom(e);
	s->n[0] = want;
	return 0;
}

/* In a user namespace of its own the child may raise nothing; done by the host side, when the set-up has no need of what
 * is limited any more. */
int plan_process_limits(struct plan *p, enum step_actor actor, struct err *e)
{
	int r = plan_oom_score_adj(p, actor, e);

	return r < 0 ? r : plan_rlimits(p, actor, e);
}

static int plan_user(struct plan *p, struct err *e)
{
	const struct oci_process *pr = &p->spec->process;
	struct step *s;

	if (pr->uid < 0 || pr->uid > UINT32_MAX - 1 || pr->gid < 0 || pr->gid > UINT32_MAX - 1)
		return err_set(e, EINVAL, "process.user: uid %lld, gid %lld: allowed are 0 to 4294967294",
			       (long long)pr->uid, (long long)pr->gid);
	for (size_t i = 0; i < pr->additional_gids.n; i++) {
		if (pr->additional_gids.v[i] < 0 || pr->additional_gids.v[i] > UINT32_MAX - 1)
			return err_set(e, EINVAL, "process.user.additionalGids[%zu]: allowed are 0 to 4294967294", i);
		if (plan_check_ids(p, 0, pr->additional_gids.v[i], e) < 0)
			return err_wrap(e, -EINVAL, "process.user.additionalGids[%zu]", i);
	}
	s = plan_add(p, ACTOR_CHILD, STEP_USER);
	if (!s)
		return err_oom(e);
	s->n[0] = pr->uid;
	s->n[1] = pr->gid;
	return 0;
}

int plan_become(struct plan *p, struct err *e)
{
	const struct oci_process *pr = &p->spec->process;
	struct step *s;
	int r = 0;

	if (pr->no_new_privileges && !plan_add(p, ACTOR_CHILD, STEP_NO_NEW_PRIVS))
		r = err_oom(e);
	if (r == 0 && !(s = plan_add(p, ACTOR_CHILD, STEP_BOUNDING)))
		r = err_oom(e);
	if (r == 0) {
		s->set = p->caps.bounding;
		r = plan_user(p, e);
	}
	if (r == 0)
		r = plan_command(p, e);
	if (r == 0 && !add_text(p, STEP_CHDIR, pr->cwd))
		r = err_oom(e);
	if (r == 0 && (s = plan_add(p, ACTOR_CHILD, STEP_UMASK)))
		s->n[0] = pr->umask == OCI_UNSET ? 022 : pr->umask & 0777;
	if (r == 0 && !add_text(p, STEP_FIND, pr->args.v[0]))
		r = err_oom(e);
	return r;
}

int plan_process(struct plan *p, struct err *e)
{
	int r = plan_identity(p, e);

	if (r == 0)
		r = plan_attributes(p, e);
	if (r == 0 && !p->userns)
		r = plan_process_limits(p, ACTOR_CHILD, e);
	plan_capabilities(p);
	if (r == 0)
		r = plan_become(p, e);
	if (r == 0 && !plan_add(p, ACTOR_CHILD, STEP_READY))
		r = err_oom(e);
	return r < 0 || !p->start_socket || plan_add(p, ACTOR_CHILD, STEP_HOLD) ? r : err_oom(e);
}

/* A filter needs CAP_SYS_ADMIN unless no_new_privs is set: then it comes before the capabilities go, else last. */
int plan_release(struct plan *p, struct err *e)
{
	bool filter = p->spec->seccomp.present, early = filter && !p->spec->process.no_new_privileges;
	struct step *s;
	int r = plan_hooks(p, ACTOR_CHILD, OCI_HOOK_START_CONTAINER, e);

	if (r < 0)
		return r;
	if (early && !plan_add(p, ACTOR_CHILD, STEP_SECCOMP))
		return err_oom(e);
	s = plan_add(p, ACTOR_CHILD, STEP_CAPABILITIES);
	if (!s)
		return err_oom(e);
	s->set = p->caps.effective;
	if (filter && !early && !plan_add(p, ACTOR_CHILD, STEP_SECCOMP))
		return err_oom(e);
	return add_text(p, STEP_EXEC, p->argv[0]) ? 0 : err_oom(e);
}

/* What comes before any mount: the child's groups, its namespaces, its session. */
static int plan_child(struct plan *p, struct err *e)
{
	bool joins = !p->without_cgroup && cgroup_layout_joins(&p->facts->cgroup);
	struct step *session;
	int r = 0;

	if (joins && !plan_add(p, ACTOR_CHILD, STEP_CGROUP_JOIN))
		return err_oom(e);
	r = plan_child_joins(p, e);
	if (r < 0)
		return r;
	if ((p->userns && !plan_add(p, ACTOR_CHILD, STEP_USERNS_ROOT)) ||
	    (p->cgroup_ns && !plan_add(p, ACTOR_CHILD, STEP_CGROUP_NS)) ||
	    !(session = plan_add(p, ACTOR_CHILD, STEP_SESSION)) ||
	    ((p->clone_flags & CLONE_NEWNET) && !plan_add(p, ACTOR_CHILD, STEP_LOOPBACK)))
		return err_oom(e);
	session->path = p->keyring;
	return 0;
}

/* The child sets itself up meanwhile. */
static int plan_links(struct plan *p, struct err *e)
{
	if (!(p->clone_flags & CLONE_NEWNET))
		return err_set(e, EINVAL, "interfaces need a network namespace of the container's own");
	return plan_add(p, ACTOR_HOST, STEP_NET_LINKS) ? 0 : err_oom(e);
}

int plan_start(struct plan *p, struct err *e)
{
	int r = plan_namespaces(p, e);
	size_t clone = p->step_count;

	if (r < 0)
		return r;
	if (!plan_add(p, ACTOR_HOST, STEP_CLONE))
		return err_oom(e);
	r = p->userns ? plan_userns_host(p, e) : 0;
	if (r == 0 && p->unit.start.n)
		r = plan_unit_limits(p, e);
	if (r == 0 && p->links.n)
		r = plan_links(p, e);
	if (r == 0)
		r = plan_child(p, e);
	if (r == 0)
		p->steps[clone].set = p->clone_flags;
	return r;
}
