/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/rootless.h"

#include "base/limits.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/smallfile.h"
#include "kernel/sys.h"
#include "kernel/user_namespaces.h"
#include "runtime/plan.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

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

static bool is_own_id(const struct oci_id_mappings *m, uint32_t id)
{
	return m->n == 1 && m->v[0].size == 1 && m->v[0].host_id == (int64_t)id;
}

static int write_file(const char *path, const char *text, struct err *e)
{
	scoped_fd fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = (ssize_t)strlen(text);

	return fd >= 0 && write(fd, text, (size_t)n) == n ? 0 : err_sys(e, "write %s", path);
}

static int write_own(const struct runtime_spec *spec, uid_t uid, gid_t gid, struct err *e)
{
	char text[64];
	int r = write_file("/proc/self/setgroups", "deny", e);

	(void)snprintf(text, sizeof text, "%lld %u 1\n", (long long)spec->uid_mappings.v[0].container_id,
		       (unsigned)uid);
	if (r == 0)
		r = write_file("/proc/self/uid_map", text, e);
	(void)snprintf(text, sizeof text, "%lld %u 1\n", (long long)spec->gid_mappings.v[0].container_id,
		       (unsigned)gid);
	return r < 0 ? r : write_file("/proc/self/gid_map", text, e);
}

/* newuidmap PID INSIDE OUTSIDE COUNT … */
static int run_tool(struct arena *a, const char *tool, pid_t pid, const struct oci_id_mappings *m)
{
	char **argv = arena_array(a, 3 + 3 * m->n, sizeof *argv);
	size_t n = 0;
	pid_t child;
	int status;

	if (!argv)
		return ENOMEM;
	argv[n++] = arena_str(a, tool);
	argv[n++] = arena_fmt(a, "%d", (int)pid);
	for (size_t i = 0; i < m->n; i++) {
		argv[n++] = arena_fmt(a, "%lld", (long long)m->v[i].container_id);
		argv[n++] = arena_fmt(a, "%lld", (long long)m->v[i].host_id);
		argv[n++] = arena_fmt(a, "%lld", (long long)m->v[i].size);
	}
	status = posix_spawnp(&child, tool, NULL, NULL, argv, environ);
	if (status)
		return status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EPERM;
}

/* In the namespace that we came from, for our parent, who has left it. The tools say on standard error what they refuse. */
static _Noreturn void mapper(struct arena *a, const struct runtime_spec *spec, pid_t parent, int word)
{
	unsigned char code;
	char go;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(word, &go, 1) != 1)
		_exit(1);
	code = (unsigned char)run_tool(a, "newuidmap", parent, &spec->uid_mappings);
	if (code == 0)
		code = (unsigned char)run_tool(a, "newgidmap", parent, &spec->gid_mappings);
	_exit(code);
}

static int await_mapper(pid_t pid, struct err *e)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for newuidmap");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == ENOENT)
		return err_set(
			e, ENOENT,
			"linux.uidMappings: more than the own id needs newuidmap and newgidmap (package uidmap)");
	return err_set(
		e, EPERM,
		"linux.uidMappings, linux.gidMappings: newuidmap or newgidmap refused them (subuid(5), subgid(5))");
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

static int become_root(struct err *e)
{
	(void)setgroups(0, NULL); /* refused where a single id was mapped */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "linux.uidMappings: containerID 0 is not mapped: become root");
	return 0;
}

static int leave(struct err *e)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ?
		       0 :
		       err_sys(e, "a new user namespace (`tare-runtime doctor` says more)");
}

static int enter_own(const struct runtime_spec *spec, struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r = leave(e);

	return r < 0 ? r : write_own(spec, uid, gid, e);
}

static int enter_ranges(struct runtime *rt, const struct runtime_spec *spec, struct err *e)
{
	pid_t self = getpid(), pid;
	int word[2], r;

	if (pipe2(word, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	pid = fork();
	if (pid == 0) {
		close(word[1]);
		mapper(rt->arena, spec, self, word[0]);
	}
	close(word[0]);
	r = pid < 0 ? err_sys(e, "fork") : leave(e);
	if (r == 0 && write(word[1], "g", 1) != 1)
		r = err_sys(e, "tell newuidmap");
	close(word[1]);
	if (pid < 0)
		return r;
	if (r == 0)
		return await_mapper(pid, e);
	(void)waitpid(pid, NULL, 0); /* it ends with our end of the pipe */
	return r;
}

static int enter_existing(const char *path, struct err *e)
{
	scoped_fd ns = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (ns < 0)
		return err_sys(e, "linux.namespaces: user: open %s", path);
	if (setns(ns, CLONE_NEWUSER) < 0)
		return err_sys(e, "linux.namespaces: user: setns %s", path);
	return unshare(CLONE_NEWNS) == 0 ? 0 : err_sys(e, "a new mount namespace");
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
	else if (is_own_id(&spec->uid_mappings, geteuid()) && is_own_id(&spec->gid_mappings, getegid()))
		r = enter_own(spec, e);
	else
		r = enter_ranges(rt, spec, e);
	if (r == 0)
		r = become_root(e);
	return r < 0 ? r : execute_again(rt, e);
}

int rootless_exec(struct runtime *rt, const struct entry *c, struct err *e)
{
	char path[40];
	int r;

	if (!rootless_is_needed() || !c->has_record || c->record.pid <= 0 ||
	    entry_status(rt, c, NULL) == STATUS_STOPPED) /* who executes says so */
		return 0;
	(void)snprintf(path, sizeof path, "/proc/%d/ns/user", (int)c->record.pid);
	r = enter_existing(path, e);
	if (r == 0)
		r = become_root(e);
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
