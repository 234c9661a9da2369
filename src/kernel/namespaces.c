/* SPDX-License-Identifier: Apache-2.0 */
/* namespaces.c - two thousand processes have sixteen thousand links: each is one readlinkat(2) below a descriptor of its
 * folder, and nothing else is read of a process. */
#include "kernel/namespaces.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/parallel.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/mountinfo_text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static const struct {
	const char *name;
	int flag;
} types[] = {
#define X(id, text, flag) [NAMESPACE_##id] = { text, flag },
	NAMESPACE_TYPES(X)
#undef X
};

const char *namespace_type_name(enum namespace_type t)
{
	return types[t].name;
}

int namespace_type_flag(enum namespace_type t)
{
	return types[t].flag;
}

int namespace_type_from_name(struct sv name)
{
	if (sv_is(name, "mount"))
		return NAMESPACE_MNT;
	if (sv_is(name, "network"))
		return NAMESPACE_NET;
	for (int i = 0; i < NAMESPACE_TYPE_COUNT; i++)
		if (sv_is(name, types[i].name))
			return i;
	return -1;
}

bool namespace_parse_link(struct sv text, enum namespace_type *ret_type, uint64_t *ret_ino)
{
	struct sv name, number;
	uint64_t ino;
	int type;

	if (!sv_cut(text, ':', &name, &number) || number.n < 3 || number.p[0] != '[' || number.p[number.n - 1] != ']' ||
	    sv_u64((struct sv){ number.p + 1, number.n - 2 }, &ino) < 0)
		return false;
	for (type = 0; type < NAMESPACE_TYPE_COUNT && !sv_is(name, types[type].name); type++)
		;
	if (type == NAMESPACE_TYPE_COUNT || ino == 0)
		return false;
	*ret_type = (enum namespace_type)type;
	*ret_ino = ino;
	return true;
}

/* ---- all that were seen: an array, and a table of its indices ---------------------------------------------------- */

struct census {
	const struct host *host;
	struct arena *arena;
	struct namespaces all;
	size_t cap;
	uint32_t *slot; /* index + 1; 0: free */
	size_t slots;   /* a power of two, at least twice `cap` */
	struct namespace *last[NAMESPACE_TYPE_COUNT]; /* neighbours mostly share */
	struct links_of_all *links; /* of the processes, while they are read */
};

static size_t hash(const struct census *c, enum namespace_type type, uint64_t ino)
{
	return (size_t)((ino * 8 + type) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (c->slots - 1);
}

static int grow(struct census *c, struct err *e)
{
	size_t cap = c->cap ? 2 * c->cap : 256;
	struct namespace *v = arena_array(c->arena, cap, sizeof *v);
	uint32_t *slot = arena_array(c->arena, 4 * cap, sizeof *slot);

	if (!v || !slot)
		return err_oom(e);
	if (c->all.n)
		memcpy(v, c->all.v, c->all.n * sizeof *v);
	memset(c->last, 0, sizeof c->last);
	c->all.v = v;
	c->cap = cap;
	c->slot = slot;
	c->slots = 4 * cap;
	for (size_t i = 0; i < c->all.n; i++) {
		size_t at = hash(c, v[i].type, v[i].ino);

		while (slot[at])
			at = (at + 1) & (c->slots - 1);
		slot[at] = (uint32_t)i + 1;
	}
	return 0;
}

static int find_or_add(struct census *c, enum namespace_type type, uint64_t ino, struct namespace **ret, struct err *e)
{
	size_t at;
	int r = c->all.n == c->cap ? grow(c, e) : 0;

	if (r < 0)
		return r;
	if (c->last[type] && c->last[type]->ino == ino) {
		*ret = c->last[type];
		return 0;
	}
	for (at = hash(c, type, ino); c->slot[at]; at = (at + 1) & (c->slots - 1)) {
		struct namespace *n = &c->all.v[c->slot[at] - 1];

		if (n->ino == ino && n->type == type) {
			*ret = c->last[type] = n;
			return 0;
		}
	}
	c->slot[at] = (uint32_t)c->all.n + 1;
	*ret = c->last[type] = &c->all.v[c->all.n++];
	**ret = (struct namespace){ .type = type, .ino = ino, .owner_uid = -1, .holder_fd = -1 };
	return 0;
}

/* ---- processes --------------------------------------------------------------------------------------------------- */

static int read_links(int dir, uint64_t ret[NAMESPACE_TYPE_COUNT])
{
	char text[64];
	unsigned seen = 0;
	int r = 0;

	for (int i = 0; i < NAMESPACE_TYPE_COUNT; i++) {
		ssize_t n = readlinkat(dir, types[i].name, text, sizeof text);
		enum namespace_type type;

		ret[i] = 0;
		if (n < 0 && (errno == EACCES || errno == EPERM || errno == ESRCH))
			return seen ? -ESRCH : -errno;
		if (n > 0 && namespace_parse_link((struct sv){ text, (size_t)n }, &type, &ret[i]))
			seen++;
		else
			r = n < 0 ? -errno : 0;
	}
	return seen ? 0 : r ? r : -ESRCH; /* a zombie has none any more */
}

/* Of a process that has just gone a link is not to be read either: proc_ns_readlink() says -EACCES. */
static int gone_or(int r, int proc, const char *name)
{
	return (r == -EACCES || r == -EPERM) && faccessat(proc, name, F_OK, 0) < 0 ? -ESRCH : r;
}

int namespaces_of(const struct host *h, pid_t pid, uint64_t ret[NAMESPACE_TYPE_COUNT], struct err *e)
{
	uint64_t inos[NAMESPACE_TYPE_COUNT];
	char path[32];
	scoped_fd dir = -1;
	int r;

	(void)snprintf(path, sizeof path, "%d/ns", (int)pid);
	dir = openat(h->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = gone_or(dir < 0 ? -errno : read_links(dir, inos), h->proc, path);
	if (r == -ENOENT || r == -ESRCH)
		return err_set(e, ESRCH, "process %d: no such process", (int)pid);
	if (r < 0)
		return err_set(e, -r, "process %d: its namespaces: %s", (int)pid, strerror(-r));
	memcpy(ret, inos, sizeof inos);
	return 0;
}

/* The links of all processes are read by several threads, and counted by one. */
struct links {
	pid_t pid;
	int rc;
	uint64_t inos[NAMESPACE_TYPE_COUNT];
};

struct links_of_all {
	int proc;
	struct links *v;
	size_t n, cap;
};

static int note_process(struct census *c, int proc, const char *name, struct err *e)
{
	struct links_of_all *l = c->links;
	uint64_t pid;

	if (sv_u64(sv_from(name), &pid) < 0 || pid > INT32_MAX)
		return 0;
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 1024;
		struct links *v = realloc(l->v, cap * sizeof *v);

		if (!v)
			return err_oom(e);
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++].pid = (pid_t)pid;
	return 0;
}

static void read_process(void *context, unsigned worker, size_t i)
{
	struct links_of_all *all = context;
	struct links *l = &all->v[i];
	char path[32], name[16];
	scoped_fd dir = -1;

	(void)snprintf(name, sizeof name, "%d", (int)l->pid);
	(void)snprintf(path, sizeof path, "%s/ns", name);
	dir = openat(all->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	l->rc = gone_or(dir < 0 ? -errno : read_links(dir, l->inos), all->proc, name);
}

static int count_process(struct census *c, const struct links *l, struct err *e)
{
	c->all.hidden += l->rc == -EACCES || l->rc == -EPERM;
	if (l->rc < 0)
		return 0;
	c->all.processes++;
	for (int i = 0; i < NAMESPACE_TYPE_COUNT; i++) {
		struct namespace *n;
		int r;

		if (!l->inos[i])
			continue;
		r = find_or_add(c, (enum namespace_type)i, l->inos[i], &n, e);
		if (r < 0)
			return r;
		n->processes++;
		if (!n->first || l->pid < n->first)
			n->first = l->pid;
	}
	return 0;
}

typedef int process_fn(struct census *c, int proc, const char *name, struct err *e);

static int each_process(struct census *c, process_fn *fn, struct err *e)
{
	int fd = openat(c->host->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	scoped_dir d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		r = err_sys(e, "read proc");
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(d)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			r = fn(c, fd, entry->d_name, e);
	return r;
}

static int count_processes(struct census *c, struct err *e)
{
	struct links_of_all l = { .proc = c->host->proc };
	int r;

	c->links = &l;
	r = each_process(c, note_process, e);
	if (r == 0)
		parallel_for(l.n, parallel_workers(l.n), read_process, &l);
	for (size_t i = 0; r == 0 && i < l.n; i++)
		r = count_process(c, &l.v[i], e);
	free(l.v);
	c->links = NULL;
	return r;
}

/* ---- pins -------------------------------------------------------------------------------------------------------- */

static int look_at_descriptors(struct census *c, int proc, const char *name, struct err *e)
{
	char path[300], text[64];
	struct dirent *entry;
	scoped_dir d = NULL;
	uint64_t pid, ino;
	int fd, r = 0;

	(void)snprintf(path, sizeof path, "%s/fd", name);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	while (r == 0 && d && (entry = readdir(d))) {
		ssize_t n = readlinkat(fd, entry->d_name, text, sizeof text);
		enum namespace_type type;
		struct namespace *found;
		uint64_t number;

		if (n <= 0 || n == sizeof text || !namespace_parse_link((struct sv){ text, (size_t)n }, &type, &ino))
			continue;
		r = find_or_add(c, type, ino, &found, e);
		if (r == 0 && !found->holder && sv_u64(sv_from(name), &pid) == 0 &&
		    sv_u64(sv_from(entry->d_name), &number) == 0) {
			found->holder = (pid_t)pid;
			found->holder_fd = (int)number;
		}
	}
	return r;
}

static int look_at_mounts(struct census *c, struct err *e)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	struct mountinfo_line m;
	struct sv rest, line;

	if (io_read_at(c->host->proc, "self/mountinfo", &text, NULL) < 0)
		return 0;
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line)) {
		enum namespace_type type;
		struct namespace *n;
		char path[4096];
		uint64_t ino;

		if (!mountinfo_line_parse(line, &m) || !sv_is(m.fstype, "nsfs") ||
		    !namespace_parse_link(m.root, &type, &ino) ||
		    mountinfo_unescape(m.mount_point, path, sizeof path) < 0)
			continue;
		if (find_or_add(c, type, ino, &n, e) < 0 || (!n->mount && !(n->mount = arena_str(c->arena, path))))
			return err_oom(e);
	}
	return 0;
}

/* ---- relations --------------------------------------------------------------------------------------------------- */

static uint64_t ino_of(int fd)
{
	struct stat st;
	uint64_t ino = fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;

	if (fd >= 0)
		close(fd);
	return ino;
}

static int open_namespace(const struct census *c, const struct namespace *n)
{
	char path[64];

	if (n->first)
		(void)snprintf(path, sizeof path, "%d/ns/%s", (int)n->first, types[n->type].name);
	else if (n->holder)
		(void)snprintf(path, sizeof path, "%d/fd/%d", (int)n->holder, n->holder_fd);
	else
		return n->mount ? openat(c->host->root, n->mount + 1, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	return openat(c->host->proc, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static int relate(struct census *c, size_t i, struct err *e)
{
	struct namespace *n = &c->all.v[i], *above;
	enum namespace_type type = n->type;
	scoped_fd fd = open_namespace(c, n);
	uint64_t owner, parent = 0;
	struct stat st;
	uid_t uid;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino != n->ino) /* its process has ended */
		return 0;
	owner = ino_of(ioctl(fd, NS_GET_USERNS));
	if (type == NAMESPACE_PID || type == NAMESPACE_USER)
		parent = ino_of(ioctl(fd, NS_GET_PARENT));
	n->owner = owner;
	n->parent = parent;
	if (type == NAMESPACE_USER && ioctl(fd, NS_GET_OWNER_UID, &uid) == 0)
		n->owner_uid = uid;
	if (parent) /* may be there without any process */
		r = find_or_add(c, type, parent, &above, e);
	return r;
}

int namespaces_read(const struct host *h, unsigned what, struct arena *a, struct namespaces *ret, struct err *e)
{
	struct census c = { .host = h, .arena = a };
	int r = grow(&c, e);

	if (r == 0)
		r = count_processes(&c, e);
	if (r == 0)
		r = look_at_mounts(&c, e);
	if (r == 0 && what & NAMESPACES_HOLDERS)
		r = each_process(&c, look_at_descriptors, e);
	for (size_t i = 0; r == 0 && what & NAMESPACES_RELATIONS && i < c.all.n; i++)
		r = relate(&c, i, e);
	if (r == 0)
		*ret = c.all;
	return r;
}
