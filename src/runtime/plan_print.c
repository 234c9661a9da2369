/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as text: for people (`--plan`), for traces, for golden files. */
#include "runtime/plan.h"

#include "base/scope.h"
#include "kernel/capability.h"
#include "runtime/mount_options.h"

#include <sched.h>
#include <string.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const char *const op_names[] = {
#define X(id, text) [STEP_##id] = text,
	STEP_OPS(X)
#undef X
};

static const char *const actor_names[] = {
	[ACTOR_HOST] = "host", [ACTOR_CHILD] = "child", [ACTOR_RELEASE] = "release", [ACTOR_PROCESS] = "process",
	[ACTOR_HOOKS] = "hooks", [ACTOR_STARTED] = "started",
};

const char *step_op_name(enum step_op op)
{
	return op_names[op];
}

static const char *text(const char *s)
{
	return s ? s : "-";
}

static void put_namespaces(uint64_t set, struct buf *out)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} flags[] = {
		{ CLONE_NEWNS, "mount" },      { CLONE_NEWPID, "pid" },   { CLONE_NEWNET, "network" },
		{ CLONE_NEWIPC, "ipc" },       { CLONE_NEWUTS, "uts" },   { CLONE_NEWTIME, "time" },
		{ CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWUSER, "user" },
	};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (set & flags[i].flag)
			buf_putf(out, " %s", flags[i].name);
}

static void put_clone(const struct plan *p, const struct step *s, struct buf *out)
{
	put_namespaces(s->set, out);
	if (p->facts->cgroup.mode == CGROUP_MODE_V2 || p->facts->cgroup.mode == CGROUP_MODE_HYBRID)
		buf_puts(out, " into-cgroup");
}

static void put_attrs(const struct step *s, struct buf *out)
{
	if (s->set || s->clear) {
		buf_puts(out, " ");
		mount_attr_print(s->set, s->clear, out);
	}
	if (s->set_recursive || s->clear_recursive) {
		buf_puts(out, " recursively:");
		mount_attr_print(s->set_recursive, s->clear_recursive, out);
	}
	if (s->propagation)
		buf_putf(out, " %s%s", s->n[0] ? "r" : "", mount_propagation_name(s->propagation));
	if (s->options)
		buf_putf(out, " %s", s->options);
}

static void put_caps(uint64_t set, struct buf *out)
{
	const char *space = " ";

	if (!set)
		buf_puts(out, " none");
	for (unsigned i = 0; i < 64; i++)
		if (set & 1ull << i) {
			const char *name = cap_name(i);

			buf_putf(out, "%s%s", space, name ? name + strlen("CAP_") : "?");
			space = ",";
		}
}

static void put_device_rule(const struct device_rule *r, struct buf *out)
{
	buf_putf(out, " %s:%c", r->allow ? "allow" : "deny", r->type);
	if (r->major == CG_MAX)
		buf_puts(out, "*:");
	else
		buf_putf(out, "%lld:", (long long)r->major);
	if (r->minor == CG_MAX)
		buf_puts(out, "*");
	else
		buf_putf(out, "%lld", (long long)r->minor);
	buf_putf(out, ":%s%s%s", r->access & DEVICE_READ ? "r" : "", r->access & DEVICE_WRITE ? "w" : "",
		 r->access & DEVICE_MKNOD ? "m" : "");
}

static void put_overlay(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_puts(out, " lower=");
	for (size_t i = 0; i < p->root.lower_count; i++)
		buf_putf(out, "%s%s", i ? ":" : "", p->root.lower[i]);
	if (p->root.upper)
		buf_putf(out, " upper=%s work=%s", p->root.upper, p->root.work);
	if (p->root.scratch)
		buf_puts(out, " volatile");
	if (p->root.idmap)
		buf_puts(out, " idmap");
	buf_puts(out, " -> /");
}

static void put_map(const char *what, const struct id_map *m, struct buf *out)
{
	buf_putf(out, " %s", what);
	for (size_t i = 0; i < m->n; i++)
		buf_putf(out, "%c%u:%u:%u", i ? ',' : ' ', m->v[i].inside, m->v[i].outside, m->v[i].count);
}

static void put_idmap(const struct step *s, struct buf *out)
{
	const struct step_idmap *own = s->data;

	if (s->n[3] == IDMAP_NONE)
		return;
	buf_puts(out, s->n[3] == IDMAP_TREE ? " ridmap" : " idmap");
	if (!own)
		return;
	put_map("uid", &own->uids, out);
	put_map("gid", &own->gids, out);
}

static void put_limit(int64_t v, struct buf *out)
{
	if ((uint64_t)v == UINT64_MAX)
		buf_puts(out, " unlimited");
	else
		buf_putf(out, " %llu", (unsigned long long)v);
}

static void put_write(const struct plan *p, const struct step *s, struct buf *out)
{
	const struct cgroup_write *w = s->data;

	buf_putf(out, " /%s%s/%s \"%s\"", p->facts->cgroup.h[w->hierarchy].mount, p->cgroup_path, w->file, w->value);
}

static void put_device_rules(const struct plan *p, const struct step *s, struct buf *out)
{
	for (size_t i = 0; i < p->limits.device_count; i++)
		put_device_rule(&p->limits.devices[i], out);
}

static void put_hook(const struct plan *p, const struct step *s, struct buf *out)
{
	const struct oci_hook *h = &p->spec->hooks.kind[s->n[0]].v[s->n[1]];

	buf_putf(out, " %s %s", hook_kind_name((enum oci_hook_kind)s->n[0]), h->path);
	for (size_t i = 1; i < h->args.n; i++)
		buf_putf(out, " %s", h->args.v[i]);
	if (h->timeout != OCI_UNSET)
		buf_putf(out, " timeout=%llds", (long long)h->timeout);
}

static void put_properties(const struct step *s, const struct unit_properties *l, struct buf *out)
{
	buf_putf(out, " %s", s->path);
	for (size_t i = 0; i < l->n; i++) {
		buf_putf(out, "%s%s=", i ? " " : ": ", l->v[i].name);
		for (const char *const *w = l->v[i].words; *w; w++)
			buf_putf(out, "%s%s", w == l->v[i].words ? "" : ",", *w);
	}
}

static void put_unit(const struct plan *p, const struct step *s, struct buf *out)
{
	put_properties(s, s->op == STEP_UNIT_START ? &p->unit.start : &p->unit.limits, out);
}

static void put_enter(const struct plan *p, const struct step *s, struct buf *out)
{
	put_namespaces(s->set, out);
}

static void put_root_bind(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %s -> %s%s", s->source, s->path, p->root.idmap ? " idmap" : "");
}

static void put_maps(const struct plan *p, const struct step *s, struct buf *out)
{
	put_map("uid", &p->uids, out);
	put_map("gid", &p->gids, out);
}

static void put_number(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %lld", (long long)s->n[0]);
}

static void put_mode(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %04llo", (unsigned long long)s->n[0]);
}

static void put_bind_source(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %s", s->path);
	put_idmap(s, out);
}

static void put_propagation(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %s %s%s", s->path, s->recursive ? "r" : "", mount_propagation_name(s->propagation));
}

static void put_mount(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %s -> %s", text(s->fstype), s->path);
	put_attrs(s, out);
}

static void put_bind(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %s -> %s%s", s->source, s->path, s->recursive ? " rbind" : " bind");
	put_attrs(s, out);
}

static void put_device(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %s %s %lld:%lld mode=%04llo", s->path, s->fstype, (long long)s->n[0], (long long)s->n[1],
		 (unsigned long long)s->n[2]);
	if (s->n[3])
		buf_putf(out, " owner=%lld:%lld", (long long)(s->n[3] >> 32), (long long)(s->n[3] & 0xffffffff));
}

static void put_assignment(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %s = %s", s->path, s->source);
}

static void put_console(const struct plan *p, const struct step *s, struct buf *out)
{
	if (s->path)
		buf_putf(out, " %s", s->path);
	if (s->n[0] || s->n[1])
		buf_putf(out, " rows=%lld columns=%lld", (long long)s->n[0], (long long)s->n[1]);
}

static void put_rlimit(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %s", s->path);
	put_limit(s->n[1], out);
	put_limit(s->n[2], out);
}

static void put_capabilities(const struct plan *p, const struct step *s, struct buf *out)
{
	put_caps(s->set, out);
}

static void put_filter(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %u instructions", p->seccomp.len);
}

static void put_user(const struct plan *p, const struct step *s, struct buf *out)
{
	const struct oci_process *pr = &p->spec->process;

	buf_putf(out, " %lld:%lld", (long long)s->n[0], (long long)s->n[1]);
	for (size_t i = 0; i < pr->additional_gids.n; i++)
		buf_putf(out, "%s%lld", i ? "," : " groups=", (long long)pr->additional_gids.v[i]);
}

static void put_argv(const struct plan *p, const struct step *s, struct buf *out)
{
	for (char *const *a = p->argv; *a; a++)
		buf_putf(out, " %s", *a);
}

static void put_paths(const struct plan *p, const struct step *s, struct buf *out)
{
	if (s->source)
		buf_putf(out, " %s ->", s->source);
	if (s->path)
		buf_putf(out, " %s", s->path);
}

static void put_source(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " %s", s->source);
}

static void put_links(const struct plan *p, const struct step *s, struct buf *out)
{
	for (size_t i = 0; i < p->links.n; i++) {
		buf_puts(out, i ? "; " : " ");
		net_link_print(&p->links.v[i], out);
	}
}

static void put_offsets(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, " monotonic=%lld.%09lld boottime=%lld.%09lld", (long long)s->n[0], (long long)s->n[1],
		 (long long)s->n[2], (long long)s->n[3]);
}

/* Its keyring is named for the container: that tells nothing. */
static void put_nothing(const struct plan *p, const struct step *s, struct buf *out)
{
}

/* Of those that are not here: put_paths() */
static void (*const put_operands[])(const struct plan *p, const struct step *s, struct buf *out) = {
	[STEP_AFFINITY] = put_source,
	[STEP_APPARMOR] = put_source,
	[STEP_BIND] = put_bind,
	[STEP_BIND_SOURCE] = put_bind_source,
	[STEP_BOUNDING] = put_capabilities,
	[STEP_CAPABILITIES] = put_capabilities,
	[STEP_CGROUP_DEVICES] = put_device_rules,
	[STEP_CGROUP_OWNER] = put_number,
	[STEP_CGROUP_WRITE] = put_write,
	[STEP_CLONE] = put_clone,
	[STEP_CONSOLE] = put_console,
	[STEP_DEVICE] = put_device,
	[STEP_EXEC] = put_argv,
	[STEP_HOOK] = put_hook,
	[STEP_ID_MAP] = put_maps,
	[STEP_IO_PRIORITY] = put_source,
	[STEP_MEMORY_POLICY] = put_source,
	[STEP_MOUNT] = put_mount,
	[STEP_MOUNT_CGROUP] = put_mount,
	[STEP_NET_LINKS] = put_links,
	[STEP_NS_ENTER] = put_enter,
	[STEP_OOM_SCORE_ADJ] = put_number,
	[STEP_PERSONALITY] = put_source,
	[STEP_PROPAGATION] = put_propagation,
	[STEP_RLIMIT] = put_rlimit,
	[STEP_ROOT_BIND] = put_root_bind,
	[STEP_ROOT_OVERLAY] = put_overlay,
	[STEP_SCHEDULER] = put_source,
	[STEP_SECCOMP] = put_filter,
	[STEP_SELINUX] = put_source,
	[STEP_SESSION] = put_nothing,
	[STEP_STDIO_OWNER] = put_number,
	[STEP_SYMLINK] = put_assignment,
	[STEP_SYSCTL] = put_assignment,
	[STEP_TIME_NS] = put_offsets,
	[STEP_UMASK] = put_mode,
	[STEP_UNIT_PROPERTIES] = put_unit,
	[STEP_UNIT_START] = put_unit,
	[STEP_USER] = put_user,
};

void plan_print_step(const struct plan *p, const struct step *s, struct buf *out)
{
	buf_putf(out, "%-7s %s", actor_names[s->actor], op_names[s->op]);
	if (s->op < ARRAY_LEN(put_operands) && put_operands[s->op])
		put_operands[s->op](p, s, out);
	else
		put_paths(p, s, out);
}

int plan_print(const struct plan *p, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < p->step_count; i++) {
		plan_print_step(p, &p->steps[i], out);
		buf_puts(out, "\n");
	}
	return buf_status(out, e);
}
