/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.c - a group: made, entered, limited and removed in every hierarchy at once. */
#include "kernel/cgroup_priv.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/fd_run.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#define MAKE_ROUNDS 64 /* a parent that others remove while it is empty is made again */
#define PATH_LEN_MAX 3500

/* ---- paths ---------------------------------------------------------------------------------------------------- */

static int path_check(const char *path, struct err *e)
{
	struct sv rest = sv_from(path), name;

	if (cgroup_is_none(path))
		return err_set(e, ENOTSUP, CGROUP_NONE_TEXT);
	if (path[0] != '/' || path[1] == '\0')
		return err_set(e, EINVAL, "cgroup path \"%s\": not absolute, or the root itself", path);
	if (rest.n > PATH_LEN_MAX)
		return err_set(e, ENAMETOOLONG, "cgroup path of %zu bytes", rest.n);
	(void)sv_next(&rest, '/', &name); /* before the first slash */
	do {
		if (!sv_next(&rest, '/', &name) || name.n == 0 || sv_is(name, ".") || sv_is(name, ".."))
			return err_set(e, EINVAL, "cgroup path \"%s\": empty name, \".\" or \"..\" in it", path);
		if (name.n > 255 || memchr(name.p, '\n', name.n))
			return err_set(e, EINVAL, "cgroup path \"%s\": a name is not usable", path);
	} while (rest.n);
	return path[strlen(path) - 1] == '/' ? err_set(e, EINVAL, "cgroup path \"%s\": ends with a slash", path) : 0;
}

bool cgroup_file_path(char ret[static CGROUP_DIR_MAX], const char *dir, size_t n, const char *file)
{
	size_t len = strlen(file);

	if (n + len + 2 > CGROUP_DIR_MAX)
		return false;
	memcpy(ret, dir, n);
	ret[n] = '/';
	memcpy(ret + n + 1, file, len + 1);
	return true;
}

/* Everything in one allocation: the handle, its path, and the path of each part. */
static struct cgroup *handle_new(const struct host *h, const struct cgroup_layout *l, const char *path)
{
	size_t n = strlen(path), size = sizeof(struct cgroup) + n + 1;
	struct cgroup *cg;
	char *text;

	for (unsigned i = 0; i < l->n; i++)
		size += strlen(l->h[i].mount) + n + 1;
	cg = malloc(size);
	if (!cg)
		return NULL;
	memset(cg, 0, sizeof *cg);
	cg->layout = *l;
	cg->real = h->real;
	cg->last.fd = cg->root = -1;
	text = cg->path = (char *)(cg + 1);
	memcpy(text, path, n + 1);
	text += n + 1;
	for (unsigned i = 0; i < l->n; i++) {
		struct cgroup_part *p = &cg->part[i];

		p->ops = l->h[i].v2 ? &cgroup2_ops : &cgroup1_ops;
		p->fd = -1;
		p->dir = text;
		p->mount_len = strlen(l->h[i].mount);
		memcpy(text, l->h[i].mount, p->mount_len);
		memcpy(text + p->mount_len, path, n + 1);
		text += p->mount_len + n + 1;
	}
	return cg;
}

static int handle_open(const struct host *h, const struct cgroup_layout *l, const char *path, struct cgroup **ret,
		       struct err *e)
{
	int r = path_check(path, e);
	struct cgroup *cg;

	if (r < 0)
		return r;
	if (l->n == 0)
		return err_set(e, ENOTSUP, "no cgroup hierarchy is mounted");
	cg = handle_new(h, l, path);
	if (!cg)
		return err_oom(e);
	cg->root = fcntl(h->root, F_DUPFD_CLOEXEC, 3);
	if (cg->root < 0) {
		r = err_sys(e, "dup");
		cgroup_free(cg);
		return r;
	}
	*ret = cg;
	return 0;
}

static bool has_one_of(const struct cgroup_hierarchy *h, struct sv controllers)
{
	struct sv name, own, rest;

	if (!controllers.n)
		return true;
	while (sv_next(&controllers, ',', &name))
		for (rest = sv_from(h->name); sv_next(&rest, ',', &own);)
			if (!h->v2 && sv_eq(name, own))
				return true;
	return false;
}

int cgroup_graft(struct cgroup *cg, struct cgroup *other, struct sv controllers, struct err *e)
{
	unsigned found = 0;

	for (unsigned i = 0; i < cg->layout.n; i++) {
		struct cgroup_part own = cg->part[i];

		if (!has_one_of(&cg->layout.h[i], controllers) || (!controllers.n && !other->part[i].present))
			continue;
		if (!other->part[i].present)
			break;
		cg->part[i] = other->part[i];
		other->part[i] = own;
		found++;
	}
	other->graft = cg->graft;
	cg->graft = other;
	return found ? 0 : err_set(e, EINVAL, "no hierarchy of \"" SV_FMT "\" has this group", SV_ARG(controllers));
}

void cgroup_free(struct cgroup *cg)
{
	if (!cg)
		return;
	cgroup_free(cg->graft);
	for (unsigned i = 0; i < cg->layout.n; i++)
		if (cg->part[i].fd >= 0)
			close(cg->part[i].fd);
	if (cg->last.fd >= 0)
		close(cg->last.fd);
	if (cg->root >= 0)
		close(cg->root);
	free(cg);
}

const char *cgroup_path(const struct cgroup *cg)
{
	return cg->path;
}

/* ---- create --------------------------------------------------------------------------------------------------- */

/* The groups above the leaf, from the mount down; those that are there stay as they are. */
static int make_parents(struct cgroup *cg, struct cgroup_part *p, struct err *e)
{
	char dir[CGROUP_DIR_MAX];
	size_t n = strlen(p->dir);

	for (size_t i = p->mount_len + 1; i < n; i++) {
		int r;

		if (p->dir[i] != '/')
			continue;
		memcpy(dir, p->dir, i);
		dir[i] = '\0';
		if (mkdirat(cg->root, dir, 0755) < 0) {
			if (errno == EEXIST)
				continue;
			return errno == ENOENT ? -ENOENT : err_sys(e, "mkdir %s", dir);
		}
		p->made++;
		p->made_len = i;
		r = p->ops->made(cg, p, dir, true, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Between two mkdir(2) somebody may remove a parent that was empty: then from the start again. */
static int make_leaf(struct cgroup *cg, struct cgroup_part *p, struct err *e)
{
	for (int round = 0; round < MAKE_ROUNDS; round++) {
		int r;

		if (mkdirat(cg->root, p->dir, 0755) == 0) {
			p->made++;
			p->made_len = strlen(p->dir);
			return 0;
		}
		if (errno == EEXIST)
			return -EEXIST;
		if (errno != ENOENT)
			return err_sys(e, "mkdir %s", p->dir);
		p->made = 0; /* what was made in an earlier round was removed by others */
		r = make_parents(cg, p, e);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return err_set(e, ENOENT, "mkdir %s: the group above it vanishes again and again", p->dir);
}

static int make_part(struct cgroup *cg, struct cgroup_part *p, bool exclusive, struct err *e)
{
	int r = make_leaf(cg, p, e);

	if (r == -EEXIST) {
		if (exclusive)
			return err_set(e, EEXIST, "%s: exists", p->dir);
	} else if (r < 0) {
		return r;
	}
	p->present = true;
	r = p->ops->made(cg, p, p->dir, false, e); /* of an existing one, too: it may be half made */
	return r < 0 ? r : p->ops->open(cg, p, e);
}

/* Only what this handle made, and of that only what is empty: others may have used our parents meanwhile. */
static void unmake_part(const struct cgroup *cg, const struct cgroup_part *p)
{
	char dir[CGROUP_DIR_MAX];
	unsigned left = p->made;

	memcpy(dir, p->dir, p->made_len);
	dir[p->made_len] = '\0';
	while (left-- > 0 && unlinkat(cg->root, dir, AT_REMOVEDIR) == 0)
		*strrchr(dir, '/') = '\0';
}

void cgroup_unmake(struct cgroup *cg)
{
	for (unsigned i = 0; cg && i < cg->layout.n; i++)
		unmake_part(cg, &cg->part[i]);
	cgroup_free(cg);
}

int cgroup_create(const struct host *h, const struct cgroup_layout *l, const char *path, bool exclusive,
		  struct cgroup **ret, struct err *e)
{
	struct cgroup *cg;
	int r = handle_open(h, l, path, &cg, e);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < l->n; i++) {
		r = make_part(cg, &cg->part[i], exclusive, e);
		if (r == 0)
			continue;
		for (unsigned k = 0; k <= i; k++)
			unmake_part(cg, &cg->part[k]);
		cgroup_free(cg);
		return err_wrap(e, r, "cgroup %s", path);
	}
	*ret = cg;
	return 0;
}

int cgroup_open(const struct host *h, const struct cgroup_layout *l, const char *path, struct cgroup **ret,
		struct err *e)
{
	struct cgroup *cg;
	unsigned found = 0;
	int r = handle_open(h, l, path, &cg, e);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < l->n; i++) {
		r = cg->part[i].ops->open(cg, &cg->part[i], e);
		cg->part[i].present = r == 0;
		found += r == 0;
		if (r < 0 && r != -ENOENT) {
			cgroup_free(cg);
			return err_wrap(e, r, "cgroup %s", path);
		}
	}
	if (!found) {
		cgroup_free(cg);
		return err_set(e, ENOENT, "cgroup %s: no such group", path);
	}
	*ret = cg;
	return 0;
}

/* ---- members -------------------------------------------------------------------------------------------------- */

int cgroup_clone_fd(const struct cgroup *cg)
{
	return cg->layout.n && cg->layout.h[0].v2 && !cg->layout.join_v2 ? cg->part[0].fd : -1;
}

int cgroup_make_threaded(struct cgroup *cg, struct err *e)
{
	return cgroup_clone_fd(cg) < 0 ? err_set(e, EINVAL, "no group of v2") : cgroup2_make_threaded(&cg->part[0], e);
}

/* Of the line "0::/tare/<id>/inner". */
static bool v2_path(struct sv text, struct sv *ret)
{
	struct sv line;

	while (sv_next(&text, '\n', &line))
		if (sv_has_prefix(line, "0::")) {
			*ret = (struct sv){ line.p + 3, line.n - 3 };
			return true;
		}
	return false;
}

int cgroup_open_member(const struct cgroup *cg, const struct host *h, pid_t pid, struct err *e)
{
	char text[CGROUP_DIR_MAX], file[32], dir[CGROUP_DIR_MAX];
	size_t n = strlen(cg->path);
	struct sv lines, path;
	int fd, r;

	(void)snprintf(file, sizeof file, "%d/cgroup", (int)pid);
	r = smallfile_read(h->proc, file, text, sizeof text, &lines);
	if (r < 0)
		return err_set(e, r == -ENOENT ? ESRCH : -r, "the groups of process %d: %s", (int)pid, strerror(-r));
	if (cgroup_clone_fd(cg) < 0 || !v2_path(lines, &path) || path.n < n || memcmp(path.p, cg->path, n) != 0 ||
	    (path.n > n && path.p[n] != '/'))
		return err_set(e, EXDEV, "process %d has left its group", (int)pid);
	if (cg->part[0].mount_len + path.n >= sizeof dir)
		return err_set(e, ENAMETOOLONG, "the group of process %d: path too long", (int)pid);
	memcpy(dir, cg->part[0].dir, cg->part[0].mount_len);
	memcpy(dir + cg->part[0].mount_len, path.p, path.n);
	dir[cg->part[0].mount_len + path.n] = '\0';
	fd = openat(cg->root, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open %s", dir) : fd;
}

static int join_refused(const struct cgroup_hierarchy *h, struct err *e)
{
	const char *why = "";

	if (errno == ENODEV) /* by a descriptor that was opened before */
		return err_set(e, ENODEV, "the control group was removed meanwhile (hierarchy %s)", h->name);
	if (errno == EINVAL && h->controllers >> CGROUP_CPU & 1)
		why = " (a real-time process needs cpu.rt_runtime_us there)";
	else if (errno == ENOSPC)
		why = " (cpuset.cpus or cpuset.mems is empty)";
	return err_sys(e, "join cgroup hierarchy %s%s", h->name, why);
}

bool cgroup_layout_joins(const struct cgroup_layout *l)
{
	return l->mode != CGROUP_MODE_NONE && (l->mode != CGROUP_MODE_V2 || l->join_v2);
}

int cgroup_join(const struct cgroup *cg, struct err *e)
{
	for (unsigned i = 0; i < cg->layout.n; i++) {
		const struct cgroup_part *p = &cg->part[i];
		scoped_fd opened = -1;

		if ((cg->layout.h[i].v2 && !cg->layout.join_v2) || !p->present)
			continue;
		opened = cg->layout.h[i].v2 ? cgroup2_open_procs(p, e) : p->fd < 0 ? cgroup1_open_tasks(cg, p, e) : -1;
		if (opened < 0 && (p->fd < 0 || cg->layout.h[i].v2))
			return opened;
		if (write(opened < 0 ? p->fd : opened, "0", 1) < 0)
			return join_refused(&cg->layout.h[i], e);
	}
	return 0;
}

void cgroup_close_tasks(struct cgroup *cg)
{
	struct fd_run run = FD_RUN;

	for (unsigned i = 0; i < cg->layout.n; i++)
		if (!cg->layout.h[i].v2 && cg->part[i].fd >= 0)
			fd_run_add(&run, fd_take(&cg->part[i].fd));
	fd_run_close(&run);
}

/* The part to ask about members: v2, which comes first, or the v1 freezer, which comes last. */
static const struct cgroup_part *member_part(const struct cgroup *cg)
{
	if (cg->layout.h[0].v2 && cg->part[0].present)
		return &cg->part[0];
	for (unsigned i = cg->layout.n; i-- > 0;)
		if (cg->part[i].present)
			return &cg->part[i];
	return NULL;
}

int cgroup_kill(const struct cgroup *cg, struct err *e)
{
	const struct cgroup_part *p = member_part(cg);
	int r = p ? p->ops->kill(cg, p, e) : 0;

	return r < 0 ? err_wrap(e, r, "cgroup %s", cg->path) : 0;
}

static int read_pids(const struct cgroup *cg, struct buf *text, struct err *e)
{
	for (unsigned i = 0; i < cg->layout.n; i++) {
		scoped_fd dir = -1;

		if (!cg->part[i].present)
			continue;
		dir = openat(cg->root, cg->part[i].dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0)
			return cgroup_tree_pids(dir, CGROUP_DEPTH_MAX, text, e);
	}
	return 0;
}

int cgroup_pids(const struct cgroup *cg, struct arena *a, pid_t **ret, size_t *ret_n, struct err *e)
{
	scoped_buf text = BUF(LIMIT_CGROUP_FILE);
	struct sv rest, line;
	uint64_t pid;
	size_t n = 0;
	pid_t *pids;
	int r = read_pids(cg, &text, e);

	if (r < 0)
		return err_wrap(e, r, "cgroup %s", cg->path);
	pids = arena_array(a, text.len / 2 + 1, sizeof *pids);
	if (!pids)
		return err_oom(e);
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line))
		if (sv_u64(line, &pid) == 0 && pid > 0 && pid <= INT32_MAX)
			pids[n++] = (pid_t)pid;
	*ret = pids;
	*ret_n = n;
	return 0;
}

bool cgroup_is_populated(const struct cgroup *cg)
{
	const struct cgroup_part *p = member_part(cg);

	return p && p->ops->is_populated(cg, p);
}

/* Where its members are asked for they are frozen too, so that a kill finds them; before Linux 5.2, v2 has no way. Only
 * that: who falls back to v1 for any other reason freezes there what is later let go here. */
static const struct cgroup_part *freezer_part(const struct cgroup *cg)
{
	const struct cgroup_part *p = member_part(cg);
	int i;

	if (p && p->ops->frozen(cg, p) != -ENOENT)
		return p;
	i = cgroup_layout_find(&cg->layout, CGROUP_FREEZER);
	return i >= 0 && cg->part[i].present ? &cg->part[i] : NULL;
}

int cgroup_freeze(const struct cgroup *cg, bool on, struct err *e)
{
	const struct cgroup_part *p = freezer_part(cg);
	int r = p ? p->ops->freeze(cg, p, on) : -ENOTSUP;

	return r < 0 ? err_set(e, -r, "cgroup %s: %s: %s", cg->path, on ? "freeze" : "thaw",
			       p ? strerror(-r) : "this host has no freezer") :
		       0;
}

bool cgroup_is_frozen(const struct cgroup *cg)
{
	const struct cgroup_part *p = freezer_part(cg);

	return p && p->ops->frozen(cg, p) > 0;
}

static bool read_of(const struct host *h, const struct cgroup_hierarchy *at, const char *path, const char *file,
		    char *text, size_t size, struct sv *ret)
{
	char dir[CGROUP_DIR_MAX], name[CGROUP_DIR_MAX];

	return cgroup_file_path(dir, at->mount, strlen(at->mount), path + 1) &&
	       cgroup_file_path(name, dir, strlen(dir), file) && smallfile_read(h->root, name, text, size, ret) >= 0;
}

/* v2 says so since Linux 5.2, and is asked first, as freezer_part() does. */
bool cgroup_path_is_frozen(const struct host *h, const struct cgroup_layout *l, const char *path)
{
	char text[256];
	struct sv lines;
	uint64_t v = 0;
	int freezer = cgroup_layout_find(l, CGROUP_FREEZER);

	if (cgroup_is_none(path))
		return false;
	for (unsigned i = 0; i < l->n; i++)
		if (l->h[i].v2 && read_of(h, &l->h[i], path, "cgroup.events", text, sizeof text, &lines) &&
		    cgroup_counter(lines, "frozen", &v))
			return v;
	return freezer >= 0 && !l->h[freezer].v2 &&
	       read_of(h, &l->h[freezer], path, "freezer.state", text, sizeof text, &lines) &&
	       sv_is(sv_trim(lines), "FROZEN");
}

/* ---- remove --------------------------------------------------------------------------------------------------- */

/* One try in every hierarchy that is left; returns the last failure. */
static int remove_round(const struct host *h, const struct cgroup_layout *l, const char *path, uint32_t *left,
			struct err *e)
{
	char dir[CGROUP_DIR_MAX];
	int result = 0;

	for (unsigned i = 0; i < l->n; i++) {
		int r;

		if (!(*left >> i & 1))
			continue;
		(void)cgroup_file_path(dir, l->h[i].mount, strlen(l->h[i].mount), path + 1);
		r = cgroup_tree_remove(h->root, dir, e);
		if (r == 0)
			*left &= ~(1u << i);
		else
			result = r;
	}
	return result;
}

int cgroup_remove(const struct host *h, const struct cgroup_layout *l, const char *path, unsigned timeout_ms,
		  struct err *e)
{
	int64_t deadline = 0, pause = 200000; /* ns, doubled up to 20 ms */
	uint32_t left = UINT32_MAX;
	int r = cgroup_is_none(path) ? 0 : path_check(path, e);

	if (r < 0 || cgroup_is_none(path))
		return r;
	for (;;) {
		r = remove_round(h, l, path, &left, e);
		if (r != -EBUSY)
			break;
		if (!deadline)
			deadline = clock_monotonic_ns() + timeout_ms * INT64_C(1000000);
		if (clock_monotonic_ns() >= deadline)
			break;
		(void)nanosleep(&(struct timespec){ .tv_nsec = pause }, NULL);
		pause = pause < 10000000 ? pause * 2 : 20000000;
	}
	return r < 0 ? err_wrap(e, r, "cgroup %s", path) : 0;
}

const char *cgroup_dir(const struct cgroup *cg, unsigned hierarchy)
{
	return hierarchy < cg->layout.n && cg->part[hierarchy].present ? cg->part[hierarchy].dir : NULL;
}
