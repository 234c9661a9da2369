/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/rootless.h"

#include "base/limits.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/newuidmap.h"
#include "kernel/smallfile.h"
#include "kernel/sys.h"
#include "kernel/user_namespaces.h"
#include "runtime/plan.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define MARK "_TARE_RUNTIME_USER" /* of the environment: the uid of who called, for the program that is executed again */

void rootless_begin(struct runtime *rt)
{
	const char *mark = getenv(MARK);
	uint64_t uid;

	rt->caller = (int64_t)geteuid();
	rt->entered = mark && sv_u64(sv_from(mark), &uid) == 0 && uid <= UINT32_MAX;
	if (rt->entered)
		rt->caller = (int64_t)uid;
	(void)unsetenv(MARK);
}

bool rootless_is_needed(void)
{
	return geteuid() != 0;
}

/* ---- maps -------------------------------------------------------------------------------------------------------- */

static int to_id_map(struct arena *a, const struct oci_id_mappings *m, const char *field, struct id_map *ret,
		     struct err *e)
{
	struct id_extent *v = arena_array(a, m->n + 1, sizeof *v);

	if (!v)
		return err_oom(e);
	for (size_t i = 0; i < m->n; i++) {
		const struct oci_id_mapping *x = &m->v[i];

		if (x->container_id < 0 || x->container_id >= ID_NONE || x->host_id < 0 || x->host_id >= ID_NONE ||
		    x->size < 1 || x->size > ID_NONE)
			return err_set(e, EINVAL, "linux.%s[%zu]: ids end at 4294967294", field, i);
		v[i] = (struct id_extent){ (uint32_t)x->container_id, (uint32_t)x->host_id, (uint32_t)x->size };
	}
	*ret = (struct id_map){ v, m->n };
	return 0;
}

/* ---- entering ---------------------------------------------------------------------------------------------------- */

static const struct oci_namespace *user_namespace(const struct runtime_spec *spec)
{
	for (size_t i = 0; i < spec->namespaces.n; i++)
		if (spec->namespaces.v[i].type && strcmp(spec->namespaces.v[i].type, "user") == 0)
			return &spec->namespaces.v[i];
	return NULL;
}

static int check_spec(const struct runtime_spec *spec, const struct oci_namespace **ret, struct err *e)
{
	*ret = user_namespace(spec);
	if (!*ret)
		return err_set(e, EINVAL, "linux.namespaces: an ordinary user's container needs a user namespace");
	if ((*ret)->path && *(*ret)->path)
		return 0;
	if (spec->uid_mappings.n == 0 || spec->gid_mappings.n == 0)
		return err_set(e, EINVAL, "linux.%s: missing", spec->uid_mappings.n ? "gidMappings" : "uidMappings");
	return 0;
}

static int enter_new(struct runtime *rt, const struct runtime_spec *spec, struct err *e)
{
	struct id_map uids = { 0 }, gids = { 0 };
	int r = to_id_map(rt->arena, &spec->uid_mappings, "uidMappings", &uids, e);

	if (r == 0)
		r = to_id_map(rt->arena, &spec->gid_mappings, "gidMappings", &gids, e);
	if (r < 0)
		return r;
	r = userns_enter_new(&uids, &gids, e);
	return r < 0 ? err_wrap(e, r, "linux.uidMappings, linux.gidMappings") : 0;
}

static int enter_existing(const char *path, struct err *e)
{
	scoped_fd ns = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	if (ns < 0)
		return err_sys(e, "linux.namespaces: user: open %s", path);
	r = userns_enter(ns, e);
	return r < 0 ? err_wrap(e, r, "linux.namespaces: user: %s", path) : 0;
}

int rootless_protect(char *const argv[], struct err *e)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	scoped_fd mnt = -1;
	int r;

	if (n < 0)
		return err_sys(e, "readlink /proc/self/exe");
	path[n] = '\0';
	mnt = mount_clone(AT_FDCWD, path, false, e);
	r = mnt < 0 ? mnt : mount_change(mnt, MOUNT_ATTR_RDONLY, 0, 0, false, e);
	if (r < 0)
		return err_wrap(e, r, "own executable");
	(void)sys_execveat(mnt, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(e, "execute the read-only copy of the own executable");
}

static int execute_again(struct runtime *rt, struct err *e)
{
	char uid[16];

	(void)snprintf(uid, sizeof uid, "%lld", (long long)rt->caller);
	if (setenv(MARK, uid, 1) < 0)
		return err_oom(e);
	if (fchdir(rt->start_dir) < 0)
		return err_sys(e, "return to the working directory");
	return rootless_protect(rt->argv, e);
}

int rootless_enter(struct runtime *rt, const struct runtime_spec *spec, struct err *e)
{
	const struct oci_namespace *ns;
	int r = check_spec(spec, &ns, e);

	if (r < 0)
		return r;
	if (ns->path && *ns->path)
		r = enter_existing(ns->path, e);
	else
		r = enter_new(rt, spec, e);
	return r < 0 ? r : execute_again(rt, e);
}

int rootless_exec(struct runtime *rt, const struct entry *c, struct err *e)
{
	enum container_status s;
	char path[40];
	int r;

	if (!rootless_is_needed() || !c->has_record || c->record.pid <= 0)
		return 0;
	r = entry_status(rt, c, &s, NULL, e);
	if (r < 0 || s == STATUS_STOPPED) /* who executes says so */
		return r;
	(void)snprintf(path, sizeof path, "/proc/%d/ns/user", (int)c->record.pid);
	r = enter_existing(path, e);
	return r < 0 ? err_wrap(e, r, "container %s", c->id) : execute_again(rt, e);
}

void rootless_settle(const struct runtime *rt, struct runtime_spec *spec)
{
	size_t n = 0;

	if (!rt->entered)
		return;
	for (size_t i = 0; i < spec->namespaces.n; i++)
		if (!spec->namespaces.v[i].type || strcmp(spec->namespaces.v[i].type, "user") != 0)
			spec->namespaces.v[n++] = spec->namespaces.v[i];
	spec->namespaces.n = n;
	spec->uid_mappings.n = spec->gid_mappings.n = 0;
}

int rootless_join(struct runtime *rt, const struct entry *c, struct err *e)
{
	scoped_fd ns = -1;

	if (!rootless_is_needed() || !c->has_record || c->record.pid <= 0)
		return 0;
	ns = userns_open(rt->host.proc, (pid_t)c->record.pid, NULL);
	if (ns < 0)
		return 0; /* it has ended, or is not ours: what follows tells */
	return setns(ns, CLONE_NEWUSER) == 0 ? 0 : err_sys(e, "join the user namespace of container %s", c->id);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static const char *limit_asked_for(const struct oci_resources *r)
{
	const struct {
		const char *path;
		bool there;
	} rows[] = {
		{ "memory.limit", r->memory.limit != OCI_UNSET && r->memory.limit != -1 },
		{ "memory.reservation", r->memory.reservation != OCI_UNSET && r->memory.reservation != -1 },
		{ "memory.swap", r->memory.swap != OCI_UNSET && r->memory.swap != -1 },
		{ "memory.swappiness", r->memory.swappiness != OCI_UNSET },
		{ "memory.disableOOMKiller", r->memory.disable_oom_killer == 1 },
		{ "cpu.shares", r->cpu.shares != OCI_UNSET && r->cpu.shares != 0 },
		{ "cpu.quota", r->cpu.quota != OCI_UNSET && r->cpu.quota > 0 },
		{ "cpu.burst", r->cpu.burst != OCI_UNSET && r->cpu.burst != 0 },
		{ "cpu.idle", r->cpu.idle != OCI_UNSET && r->cpu.idle != 0 },
		{ "cpu.realtimeRuntime", r->cpu.realtime_runtime != OCI_UNSET && r->cpu.realtime_runtime != 0 },
		{ "cpu.cpus", r->cpu.cpus && *r->cpu.cpus },
		{ "cpu.mems", r->cpu.mems && *r->cpu.mems },
		{ "pids.limit", r->pids_limit != OCI_UNSET && r->pids_limit > 0 },
		{ "blockIO.weight", r->block_io.weight != OCI_UNSET && r->block_io.weight != 0 },
		{ "blockIO.throttleReadBpsDevice", r->block_io.read_bps.n },
		{ "blockIO.throttleWriteBpsDevice", r->block_io.write_bps.n },
		{ "blockIO.throttleReadIOPSDevice", r->block_io.read_iops.n },
		{ "blockIO.throttleWriteIOPSDevice", r->block_io.write_iops.n },
		{ "unified", r->unified.n },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].there)
			return rows[i].path;
	return NULL;
}

/* The nearest folder above that is there. */
static bool may_make(struct runtime *rt, const struct cgroup_hierarchy *h, const char *path)
{
	char dir[4096];
	size_t mount = strlen(h->mount);
	int n = snprintf(dir, sizeof dir, "%s%s%s", h->mount, path[0] == '/' ? "" : "/", path);

	if (n < 0 || n >= (int)sizeof dir)
		return false;
	for (;;) {
		char *slash = strrchr(dir, '/');

		if (!slash || (size_t)(slash - dir) < mount)
			break;
		*slash = '\0';
		if (smallfile_exists(rt->host.root, dir))
			break;
	}
	return faccessat(rt->host.root, dir, W_OK, AT_EACCESS) == 0;
}

int rootless_cgroup(struct runtime *rt, const struct runtime_spec *spec, bool *ret_without, struct err *e)
{
	const char *path = spec->cgroups_path && *spec->cgroups_path ? spec->cgroups_path : "/tare/x", *limit;
	bool may = rt->manager || rt->facts.cgroup.n > 0;

	for (unsigned i = 0; !rt->manager && may && i < rt->facts.cgroup.n; i++)
		may = may_make(rt, &rt->facts.cgroup.h[i], path);
	*ret_without = !may;
	limit = may ? NULL : limit_asked_for(&spec->resources);
	return limit ? err_set(e, EACCES,
			       "linux.resources.%s: this user may make no control group at %s (--systemd-cgroup, or "
			       "have a group delegated)",
			       limit, path) :
		       0;
}
