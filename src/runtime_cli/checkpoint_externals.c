/* SPDX-License-Identifier: Apache-2.0 */
/* What of a container is the host's: criu is told the name of each, and at a restore what has that name. */
#include "runtime_cli/checkpoint.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/mountinfo_text.h"
#include "kernel/rootpath.h"
#include "oci/json.h"
#include "oci/list.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define DESCRIPTORS "descriptors.json"
#define MOUNTS "mounts.json"
#define MOUNTINFO_MAX (16u << 20)

/* ---- mounts.json ------------------------------------------------------------------------------------------------- */

/* as: "bind" of the document's mount at `of`; "null" and "directory", masks; "cgroup", the group in the hierarchy `of` */
struct outside {
	const char *at, *as, *of;
};
struct outsides {
	struct {
		struct outside *v;
		size_t n;
	} mounts;
};

static const struct json_row outside_rows[] = {
	{ "at", JSON_TEXT, JSON_REQUIRED, offsetof(struct outside, at), NULL, NULL },
	{ "as", JSON_TEXT, JSON_REQUIRED, offsetof(struct outside, as), NULL, NULL },
	{ "of", JSON_TEXT, 0, offsetof(struct outside, of), NULL, NULL },
};
static const struct json_table outside_table = JSON_TABLE(outside_rows, struct outside);
static const struct json_row outsides_rows[] = {
	{ "mounts", JSON_OBJECTS, JSON_ALWAYS, offsetof(struct outsides, mounts), &outside_table, NULL },
};
static const struct json_table outsides_table = JSON_TABLE(outsides_rows, struct outsides);

/* ---- which mounts are the host's --------------------------------------------------------------------------------- */

struct mount_line {
	const char *at, *root, *device, *fstype;
};
struct mount_lines {
	struct mount_line *v;
	size_t n;
};

static int add_line(struct runtime *rt, const struct mountinfo_line *m, struct mount_lines *list, struct err *e)
{
	char at[PATH_MAX], root[PATH_MAX];
	struct mount_line line;

	if (mountinfo_unescape(m->mount_point, at, sizeof at) < 0 || mountinfo_unescape(m->root, root, sizeof root) < 0)
		return err_set(e, ENAMETOOLONG, "mountinfo: a path is too long");
	line = (struct mount_line){ arena_str(rt->arena, at), arena_str(rt->arena, root),
				    arena_sv(rt->arena, m->device), arena_sv(rt->arena, m->fstype) };
	if (!line.at || !line.root || !line.device || !line.fstype)
		return err_oom(e);
	return LIST_PUT(rt->arena, list, line, e);
}

static int read_lines(struct runtime *rt, pid_t pid, struct mount_lines *ret, struct err *e)
{
	scoped_buf text = BUF(MOUNTINFO_MAX);
	struct mountinfo_line m;
	struct sv rest, line;
	char path[40];
	int r;

	(void)snprintf(path, sizeof path, "%d/mountinfo", (int)pid);
	r = io_read_at(rt->host.proc, path, &text, e);
	rest = buf_sv(&text);
	while (r == 0 && sv_next(&rest, '\n', &line))
		if (line.n && mountinfo_line_parse(line, &m))
			r = add_line(rt, &m, ret, e);
	return r;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0' || (n == 1 && *dir == '/'));
}

/* A mount of which the container has the whole, or a larger part, is put together from that by criu. cgroup2 it knows. */
static bool is_of_container(const struct mount_lines *all, const struct mount_line *m)
{
	if (strcmp(m->at, "/") == 0 || strcmp(m->fstype, "cgroup2") == 0)
		return true;
	for (size_t i = 0; i < all->n; i++) {
		const struct mount_line *o = &all->v[i];

		if (strcmp(o->device, m->device) == 0 && is_below(m->root, o->root) &&
		    (strcmp(o->root, "/") == 0 || strcmp(o->at, "/") == 0))
			return true;
	}
	return false;
}

static bool is_bind(const struct oci_mount *m)
{
	bool bind = m->type && strcmp(m->type, "bind") == 0;

	for (size_t i = 0; i < m->options.n; i++)
		bind = bind || strcmp(m->options.v[i], "bind") == 0 || strcmp(m->options.v[i], "rbind") == 0;
	return bind;
}

/* The document's place may lead through links: then it is known by what is there. */
static bool shows_same(struct runtime *rt, pid_t pid, const char *at, const char *source)
{
	struct stat there, here;
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%d/root%s", (int)pid, at) >= sizeof path)
		return false;
	return stat(source, &here) == 0 && fstatat(rt->host.proc, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static const struct oci_mount *bind_at(struct runtime *rt, const struct runtime_spec *s, pid_t pid, const char *at,
				       bool by_content)
{
	for (size_t i = s->mounts.n; i > 0; i--) {
		const struct oci_mount *m = &s->mounts.v[i - 1];

		if (is_bind(m) && m->source &&
		    (strcmp(m->destination, at) == 0 || (by_content && shows_same(rt, pid, at, m->source))))
			return m;
	}
	return NULL;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* false: criu has to see for itself what it makes of it. */
static bool judge(struct runtime *rt, const struct runtime_spec *s, pid_t pid, const struct mount_lines *all,
		  const struct mount_line *m, struct outside *ret)
{
	bool outside = !is_of_container(all, m);
	const struct oci_mount *bind = bind_at(rt, s, pid, m->at, outside);

	*ret = (struct outside){ .at = m->at };
	if (bind)
		*ret = (struct outside){ m->at, "bind", bind->destination };
	else if (outside && strcmp(m->fstype, "cgroup") == 0)
		*ret = (struct outside){ m->at, "cgroup", last_name(m->at) };
	else if (outside && strcmp(m->root, "/null") == 0)
		ret->as = "null";
	else if (outside && strcmp(m->root, "/dir") == 0)
		ret->as = "directory";
	return ret->as;
}

static int write_json(int dir, const char *name, const struct json_table *t, const void *obj, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONFIG_JSON);
	int r = json_encode(t, obj, false, &b, e);

	if (r == 0)
		r = io_replace_at(dir, name, b.p, b.len, 0600, IO_DISK_SOON, e);
	return r < 0 ? err_wrap(e, r, "image: %s", name) : 0;
}

static int name_mounts(struct runtime *rt, const struct runtime_spec *s, pid_t pid, const struct mount_lines *all,
		       struct criu_call *c, struct err *e)
{
	struct outsides list = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n; i++) {
		struct outside o;

		if (!judge(rt, s, pid, all, &all->v[i], &o))
			continue;
		criu_external(c, "mnt[%s]:%s", o.at, o.at);
		r = LIST_PUT(rt->arena, &list.mounts, o, e);
	}
	return r < 0 ? r : write_json(c->images, MOUNTS, &outsides_table, &list, e);
}

/* ---- descriptors.json -------------------------------------------------------------------------------------------- */

struct descriptors {
	struct oci_strings v;
};
static const struct json_row descriptors_rows[] = { { "v", JSON_TEXTS, JSON_ALWAYS, 0, NULL, NULL } };
static const struct json_table descriptors_table = JSON_TABLE(descriptors_rows, struct descriptors);

/* "mnt_id:\t40" of proc_pid_fdinfo(5) */
static bool mount_of(struct runtime *rt, pid_t pid, int fd, unsigned *ret)
{
	scoped_buf text = BUF(4096);
	struct sv rest, line, key, value;
	char path[48];
	uint64_t v;

	(void)snprintf(path, sizeof path, "%d/fdinfo/%d", (int)pid, fd);
	if (io_read_at(rt->host.proc, path, &text, NULL) < 0)
		return false;
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line))
		if (sv_cut(line, ':', &key, &value) && sv_is(key, "mnt_id") && sv_u64(sv_trim(value), &v) == 0) {
			*ret = (unsigned)v;
			return true;
		}
	return false;
}

static bool is_mount_of(struct runtime *rt, pid_t pid, unsigned id)
{
	scoped_buf text = BUF(MOUNTINFO_MAX);
	struct sv rest, line;
	char path[40], start[16];

	(void)snprintf(path, sizeof path, "%d/mountinfo", (int)pid);
	(void)snprintf(start, sizeof start, "%u ", id);
	if (io_read_at(rt->host.proc, path, &text, NULL) < 0)
		return false;
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line))
		if (line.n > strlen(start) && strncmp(line.p, start, strlen(start)) == 0)
			return true;
	return false;
}

static const char *describe(struct runtime *rt, pid_t pid, int fd, struct criu_call *c)
{
	char path[32], link[PATH_MAX];
	struct stat st;
	unsigned mount;
	ssize_t n;

	(void)snprintf(path, sizeof path, "%d/fd/%d", (int)pid, fd);
	n = readlinkat(rt->host.proc, path, link, sizeof link - 1);
	if (n < 0)
		return "";
	link[n] = '\0';
	if (fstatat(rt->host.proc, path, &st, 0) == 0 && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)) &&
	    mount_of(rt, pid, fd, &mount) && !is_mount_of(rt, pid, mount)) {
		(void)snprintf(link, sizeof link, "file[%x:%llx]", mount, (unsigned long long)st.st_ino);
		criu_external(c, "%s", link);
	}
	return arena_str(rt->arena, link);
}

static int name_descriptors(struct runtime *rt, pid_t pid, struct criu_call *c, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONFIG_JSON);
	struct descriptors list = { 0 };
	int r = 0;

	for (int fd = 0; r == 0 && fd < 3; fd++)
		r = strings_add(rt->arena, &list.v, describe(rt, pid, fd, c)) < 0 ? err_oom(e) : 0;
	if (r == 0)
		r = json_encode(&descriptors_table, &list, false, &b, e);
	if (r == 0) /* {"v":[...]} without what is around the list */
		r = io_replace_at(c->images, DESCRIPTORS, b.p + 5, b.len - 6, 0600, IO_DISK_SOON, e);
	return r < 0 ? err_wrap(e, r, "image: " DESCRIPTORS) : 0;
}

static int inherit_descriptors(struct runtime *rt, struct criu_call *c, struct err *e)
{
	scoped_buf text = BUF(LIMIT_CONFIG_JSON), json = BUF(LIMIT_CONFIG_JSON);
	struct descriptors list;
	int r = io_read_at(c->images, DESCRIPTORS, &text, e);

	if (r == -ENOENT)
		return 0;
	if (r == 0) {
		buf_puts(&json, "{\"v\":");
		buf_putsv(&json, buf_sv(&text));
		buf_puts(&json, "}");
		r = buf_status(&json, e);
	}
	if (r == 0)
		r = json_decode(buf_sv(&json), &descriptors_table, rt->arena, &list, e);
	for (size_t fd = 0; r == 0 && fd < list.v.n && fd < 3; fd++)
		if (strncmp(list.v.v[fd], "pipe:", 5) == 0 || strncmp(list.v.v[fd], "file[", 5) == 0)
			criu_inherit(c, list.v.v[fd], (int)fd);
	return r < 0 ? err_wrap(e, r, "image: " DESCRIPTORS) : 0;
}

/* ---- namespaces that were there before ------------------------------------------------------------------------------ */

static const struct {
	const char *type, *name, *key;
} joined[] = { { "network", "net", "extRootNetNS" }, { "pid", "pid", "extRootPidNS" } };

static const char *joined_path(const struct runtime_spec *s, const char *type)
{
	for (size_t i = 0; i < s->namespaces.n; i++)
		if (strcmp(s->namespaces.v[i].type, type) == 0)
			return s->namespaces.v[i].path;
	return NULL;
}

static int name_namespaces(struct runtime *rt, const struct runtime_spec *s, pid_t pid, struct criu_call *c,
			   struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(joined); i++) {
		struct stat st;
		char path[32];

		if (!joined_path(s, joined[i].type))
			continue;
		(void)snprintf(path, sizeof path, "%d/ns/%s", (int)pid, joined[i].name);
		if (fstatat(rt->host.proc, path, &st, 0) < 0)
			return err_sys(e, "proc: %s", path);
		criu_external(c, "%s[%llu]:%s", joined[i].name, (unsigned long long)st.st_ino, joined[i].key);
	}
	return 0;
}

static int inherit_namespaces(const struct runtime_spec *s, struct criu_call *c, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(joined); i++) {
		const char *path = joined_path(s, joined[i].type);
		scoped_fd fd = -1;

		if (!path)
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		c->held[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, CRIU_HELD_FROM);
		if (c->held[i] < 0)
			return err_sys(e, "%s namespace: open %s", joined[i].type, path);
		criu_inherit(c, joined[i].key, c->held[i]);
	}
	return 0;
}

/* ---- a restore --------------------------------------------------------------------------------------------------- */

static const char *group_in(const struct runtime *rt, const struct bundle *b, const char *name)
{
	const struct cgroup_layout *l = &rt->facts.cgroup;

	for (unsigned i = 0; i < l->n; i++)
		if (strcmp(last_name(l->h[i].mount), name) == 0)
			return arena_fmt(rt->arena, "/%s%s", l->h[i].mount, b->plan.cgroup_path);
	return NULL;
}

static const char *source_of(struct runtime *rt, const struct bundle *b, const struct outside *o, const char *empty)
{
	const struct oci_mount *m;

	if (strcmp(o->as, "null") == 0)
		return "/dev/null";
	if (strcmp(o->as, "directory") == 0)
		return empty;
	if (o->of && strcmp(o->as, "cgroup") == 0)
		return group_in(rt, b, o->of);
	m = o->of && strcmp(o->as, "bind") == 0 ? bind_at(rt, &b->spec, 0, o->of, false) : NULL;
	return m ? m->source : NULL;
}

/* As runc has it, whose masks are /dev/null. */
static void mounts_of_document(const struct bundle *b, struct criu_call *c)
{
	const struct runtime_spec *s = &b->spec;

	for (size_t i = 0; i < s->mounts.n; i++)
		if (is_bind(&s->mounts.v[i]) && s->mounts.v[i].source)
			criu_external(c, "mnt[%s]:%s", s->mounts.v[i].destination, s->mounts.v[i].source);
	for (size_t i = 0; i < s->masked_paths.n; i++)
		criu_external(c, "mnt[%s]:/dev/null", s->masked_paths.v[i]);
}

/* What lies below another mount is of that, and comes back with it. */
static bool is_below_another(const struct runtime_spec *s, const char *at)
{
	for (size_t i = 0; i < s->mounts.n; i++) {
		const char *other = s->mounts.v[i].destination;

		if (strcmp(other, "/") != 0 && strcmp(other, at) != 0 && is_below(at, other))
			return true;
	}
	return false;
}

static int make_place(int root, const struct oci_mount *m, struct err *e)
{
	struct stat st = { .st_mode = S_IFDIR };
	scoped_fd fd = -1;

	if (is_bind(m) && m->source && stat(m->source, &st) < 0)
		return err_sys(e, "mount at %s: %s", m->destination, m->source);
	fd = S_ISDIR(st.st_mode) ? rootpath_mkdirs(root, m->destination, 0755, e) :
				   rootpath_file(root, m->destination, e);
	return fd < 0 ? fd : 0;
}

/* criu mounts at what is there, and a root that another container comes back in may never have had these mounts. */
static int make_places(const struct runtime_spec *s, struct err *e)
{
	scoped_fd root = open(s->root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? err_sys(e, "root.path: %s", s->root.path) : 0;

	for (size_t i = 0; r == 0 && i < s->mounts.n; i++)
		if (!is_below_another(s, s->mounts.v[i].destination))
			r = make_place(root, &s->mounts.v[i], e);
	return r;
}

static int supply_mounts(struct runtime *rt, const struct bundle *b, const char *empty, struct criu_call *c,
			 struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	struct outsides list;
	int r = io_read_at(c->images, MOUNTS, &json, e);

	if (r == -ENOENT) {
		mounts_of_document(b, c);
		return 0;
	}
	if (r == 0)
		r = json_decode(buf_sv(&json), &outsides_table, rt->arena, &list, e);
	for (size_t i = 0; r == 0 && i < list.mounts.n; i++) {
		const struct outside *o = &list.mounts.v[i];
		const char *source = source_of(rt, b, o, empty);

		if (source)
			criu_external(c, "mnt[%s]:%s", o->at, source);
		else
			r = err_set(e, ENOENT, "the image has a mount at %s, which the bundle does not", o->at);
	}
	return r < 0 ? err_wrap(e, r, "image: " MOUNTS) : 0;
}

int checkpoint_externals(struct runtime *rt, const struct bundle *b, pid_t pid, struct criu_call *c, struct err *e)
{
	struct mount_lines lines = { 0 };
	int r = read_lines(rt, pid, &lines, e);

	if (r == 0)
		r = name_mounts(rt, &b->spec, pid, &lines, c, e);
	if (r == 0)
		r = name_descriptors(rt, pid, c, e);
	return r < 0 ? r : name_namespaces(rt, &b->spec, pid, c, e);
}

int restore_externals(struct runtime *rt, const struct bundle *b, const char *empty, struct criu_call *c, struct err *e)
{
	int r = make_places(&b->spec, e);

	if (r == 0)
		r = supply_mounts(rt, b, empty, c, e);
	if (r == 0)
		r = inherit_descriptors(rt, c, e);
	return r < 0 ? r : inherit_namespaces(&b->spec, c, e);
}
