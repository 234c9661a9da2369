/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/bundle.h"
#include "runtime_cli/joined_userns.h"
#include "runtime_cli/rootless.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "runtime/joined_mounts.h"

#include <fcntl.h>
#include <string.h>

static const char *absolute(struct arena *a, const char *dir, const char *path)
{
	return !path || path[0] == '/' ? path : arena_fmt(a, "%s/%s", dir, path);
}

static bool is_bind(const struct oci_mount *m)
{
	bool bind = m->type && strcmp(m->type, "bind") == 0;

	for (size_t k = 0; k < m->options.n; k++)
		bind = bind || strcmp(m->options.v[k], "bind") == 0 || strcmp(m->options.v[k], "rbind") == 0;
	return bind;
}

/* Paths of the document that are relative are so to the bundle. */
static int resolve_paths(struct runtime *rt, struct bundle *b, struct err *e)
{
	struct runtime_spec *spec = &b->spec;

	if (!spec->root.path)
		return err_set(e, EINVAL, "root.path: missing");
	spec->root.path = absolute(rt->arena, b->dir, spec->root.path);
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (is_bind(&spec->mounts.v[i]))
			spec->mounts.v[i].source = absolute(rt->arena, b->dir, spec->mounts.v[i].source);
	return spec->root.path ? 0 : err_oom(e);
}

int bundle_parse(struct runtime *rt, const char *dir, struct sv text, struct bundle *ret, struct err *e)
{
	int r = runtime_spec_parse(text, rt->arena, &ret->spec, e);

	ret->dir = dir;
	if (r == 0)
		r = resolve_paths(rt, ret, e);
	return r < 0 ? err_wrap(e, r, "bundle %s", dir) : 0;
}

static int read_text(int dir, const char *name, struct buf *text, struct err *e)
{
	int r = io_read_at(dir, STATE_CONFIG, text, e);

	return r < 0 ? err_wrap(e, r, "bundle %s", name) : 0;
}

int bundle_text(struct runtime *rt, const char *path, const char **ret_dir, struct buf *text, struct err *e)
{
	char dir[PATH_MAX];

	if (path && chdir(path) < 0)
		return err_sys(e, "--bundle %s", path);
	if (!getcwd(dir, sizeof dir))
		return err_sys(e, "getcwd");
	*ret_dir = arena_str(rt->arena, dir);
	return *ret_dir ? read_text(AT_FDCWD, dir, text, e) : err_oom(e);
}

int bundle_read(struct runtime *rt, const char *path, struct bundle *ret, struct err *e)
{
	const char *dir;
	int r = bundle_text(rt, path, &dir, &ret->json, e);

	return r < 0 ? r : bundle_parse(rt, dir, buf_sv(&ret->json), ret, e);
}

int bundle_read_saved(struct runtime *rt, const struct entry *c, struct bundle *ret, struct err *e)
{
	int r = read_text(c->dir, c->record.bundle, &ret->json, e);

	ret->pid = (pid_t)c->record.pid;
	return r < 0 ? r : bundle_parse(rt, c->record.bundle, buf_sv(&ret->json), ret, e);
}

int bundle_make_plan(struct runtime *rt, struct bundle *b, struct plan_inputs in, struct err *e)
{
	int r = runtime_facts(rt, e);

	in.root.path = b->spec.root.path;
	in.bundle = b->dir;
	in.systemd = rt->manager;
	if (r == 0)
		r = joined_userns_settle(rt, &b->spec, b->pid, e);
	if (r == 0 && rt->facts.user_namespace && !b->pid)
		r = rootless_cgroup(rt, &b->spec, &in.without_cgroup, e);
	return r < 0 ? r : plan_make(&b->spec, &rt->facts, &in, rt->arena, &b->plan, e);
}

int bundle_plan(struct runtime *rt, struct bundle *b, struct plan_inputs in, struct err *e)
{
	int r = bundle_make_plan(rt, b, in, e);

	for (size_t i = 0; r == 0 && i < b->plan.warning_count; i++)
		log_warning("%s", b->plan.warnings[i]);
	return r;
}

struct hook_subject bundle_subject(const struct bundle *b, const char *id, pid_t pid)
{
	return (struct hook_subject){ .id = id, .bundle = b->dir, .pid = pid };
}

static void warn(const struct err *e)
{
	log_warning("%s", e->msg);
}

void bundle_unmount(struct runtime *rt, const struct bundle *b, const struct record *r)
{
	struct err e;

	for (size_t i = 0; r->root_mount && i < b->spec.namespaces.n; i++) {
		const struct oci_namespace *ns = &b->spec.namespaces.v[i];

		if (ns->type && strcmp(ns->type, "mount") == 0 && ns->path &&
		    joined_mounts_remove(&rt->host, ns->path, b->spec.root.path, r->root_mount, &e) < 0)
			warn(&e);
	}
}

void bundle_poststop(const struct bundle *b, const char *id)
{
	struct hook_subject s = bundle_subject(b, id, 0);

	hooks_poststop(&b->spec, &s, warn);
}

void bundle_done(struct bundle *b)
{
	buf_done(&b->json);
}
