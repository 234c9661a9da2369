/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_stat_read.c - the files of the table, from the hierarchies that have them. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/cgroup_priv.h"
#include "kernel/cgroup_stat_priv.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct reader {
	const struct host *host;
	const struct cgroup_layout *layout;
	const struct cgroup_place *place;
	struct cgroup_stat_reader *neighbours; /* the group is one below its parent; NULL: a single look */
	struct cgroup_stat *st;
	struct buf *text; /* of the file that was read last, */
	unsigned hierarchy; /* in this one, */
	const char *name; /* of this name; NULL: none */
	unsigned found;  /* files */
	int own[CGROUP_HIERARCHY_MAX]; /* its own folders, of a neighbour; -1: not open */
	unsigned char files[CGROUP_HIERARCHY_MAX];
};

/* From so many files on it is cheaper to open the group's folder first: of what a file costs, a third is the way to it. */
#define FILES_MANY 3

/* Where in a path the part begins that is looked up from the open folder. */
static size_t below_parent(const struct cgroup_stat_reader *nb)
{
	return nb->parent_length > 1 ? nb->parent_length + 1 : 1; /* "/" ends with the slash */
}

/* A group's folder in a hierarchy, from the folder that is returned. -1: too long, or it has none there. */
static int group_dir(const struct reader *rd, unsigned hierarchy, char ret[static CGROUP_DIR_MAX])
{
	const char *mount = rd->layout->h[hierarchy].mount, *path = rd->place->path[hierarchy];
	bool fits;

	if (!path)
		return -1;
	if (rd->neighbours && rd->neighbours->dir[hierarchy] < 0)
		return -1;
	if (rd->neighbours)
		return sv_copy(sv_from(path + below_parent(rd->neighbours)), ret, CGROUP_DIR_MAX) == 0 ?
			       rd->neighbours->dir[hierarchy] :
			       -1;
	fits = path[1] ? cgroup_file_path(ret, mount, strlen(mount), path + 1) :
			 sv_copy(sv_from(mount), ret, CGROUP_DIR_MAX) == 0; /* the root */
	return fits ? rd->host->root : -1;
}

static int hierarchy_with(const struct cgroup_layout *l, const struct stat_file *f)
{
	int h;

	if (f->controller == STAT_ANY_V2)
		return l->n && l->h[0].v2 ? 0 : -1;
	h = cgroup_layout_find(l, f->controller);
	return h >= 0 && l->h[h].v2 == (f->version == 2) ? h : -1;
}

/* The hierarchy in which this host has such a file for this group; -1: none. */
static int hierarchy_of(const struct reader *rd, const struct stat_file *f)
{
	int h = hierarchy_with(rd->layout, f);

	if (h < 0 || !rd->place->path[h] || (rd->neighbours && rd->neighbours->dir[h] < 0))
		return -1;
	return h;
}

/* A file that is not there, or that this boot does not serve (psi=0), says nothing. */
static int tolerate(int r)
{
	return r == -ENOENT || r == -EOPNOTSUPP || r == -ENODEV || r == -EACCES ? 0 : r;
}

/* Most files come whole by one read(2); what may be longer is read to its end. */
static int read_text(struct reader *rd, int dir, const char *path, struct err *e)
{
	char text[2048];
	struct sv got;
	int r = smallfile_read(dir, path, text, sizeof text, &got);

	if (r == 0 && got.n < sizeof text - 1)
		return buf_putsv(rd->text, got) < 0 ? buf_status(rd->text, e) : 0;
	return r == 0 || tolerate(r) < 0 ? io_read_at(dir, path, rd->text, e) : r;
}

static void open_own(struct reader *rd, unsigned hierarchy)
{
	char dir[CGROUP_DIR_MAX];
	int from;

	if (!rd->neighbours || rd->own[hierarchy] >= 0 || rd->neighbours->files[hierarchy] < FILES_MANY ||
	    rd->files[hierarchy])
		return;
	from = group_dir(rd, hierarchy, dir);
	rd->own[hierarchy] = from < 0 ? -1 : openat(from, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void close_own(struct reader *rd)
{
	for (unsigned i = 0; rd->neighbours && i < rd->layout->n; i++)
		if (rd->own[i] >= 0)
			close(rd->own[i]);
	if (rd->neighbours)
		memcpy(rd->neighbours->files, rd->files, sizeof rd->files);
}

static bool append_name(char path[static CGROUP_DIR_MAX], const char *name)
{
	size_t n = strlen(path), more = strlen(name) + 1;

	if (n + 1 + more > CGROUP_DIR_MAX)
		return false;
	path[n] = '/';
	memcpy(path + n + 1, name, more);
	return true;
}

static int read_file(struct reader *rd, unsigned hierarchy, const char *name, struct err *e)
{
	char path[CGROUP_DIR_MAX];
	int dir, r;

	if (rd->name && rd->hierarchy == hierarchy && strcmp(rd->name, name) == 0)
		return 0;
	rd->name = NULL;
	buf_reset(rd->text);
	open_own(rd, hierarchy);
	dir = group_dir(rd, hierarchy, path);
	if (dir < 0 || !append_name(path, name))
		return err_set(e, ENAMETOOLONG, "cgroup %s: path too long", rd->place->path[hierarchy]);
	r = rd->own[hierarchy] >= 0 ? read_text(rd, rd->own[hierarchy], name, e) : read_text(rd, dir, path, e);
	rd->files[hierarchy]++;
	rd->name = name;
	rd->hierarchy = hierarchy;
	rd->found += r == 0;
	if (r < 0)
		buf_reset(rd->text);
	return tolerate(r);
}

static int read_hugepages_file(struct reader *rd, unsigned hierarchy, const char *name, struct err *e)
{
	for (const struct stat_file *f = stat_files; f < stat_files + stat_file_count; f++) {
		struct sv size;
		int r;

		if (f->form != STAT_HUGEPAGES || f->version != (rd->layout->h[hierarchy].v2 ? 2 : 1) ||
		    !stat_hugepages_size(f, sv_from(name), &size))
			continue;
		r = read_file(rd, hierarchy, name, e);
		rd->name = NULL; /* the listing's name does not live on */
		if (r == 0)
			stat_file_parse(rd->st, f, size, buf_sv(rd->text));
		return r;
	}
	return 0;
}

/* One file for each size of pages; which sizes there are, the folder tells. */
static int read_hugepages(struct reader *rd, struct err *e)
{
	int h = cgroup_layout_find(rd->layout, CGROUP_HUGETLB), from, fd, r = 0;
	char dir[CGROUP_DIR_MAX];
	scoped_dir listing = NULL;
	struct dirent *entry;

	from = h < 0 ? -1 : group_dir(rd, (unsigned)h, dir);
	if (from < 0)
		return 0;
	fd = openat(from, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	listing = fd < 0 ? NULL : fdopendir(fd);
	if (!listing && fd >= 0)
		close(fd);
	while (r == 0 && listing && (entry = readdir(listing)))
		r = read_hugepages_file(rd, (unsigned)h, entry->d_name, e);
	return r;
}

/* ---- what the group above says -------------------------------------------------------------------------------------- */

enum { ABOVE_NOT_ASKED, ABOVE_HAS, ABOVE_HAS_NOT };
#define NEIGHBOURS_FEW 8 /* to ask above costs as much as to look there */

/* A sum over the groups below that is zero. */
static bool is_all_zero(const struct stat_file *f, struct sv text)
{
	struct cgroup_stat st;

	if (f->form != STAT_DEVICES || !(f->what & CGROUP_STAT_IO))
		return false;
	cgroup_stat_init(&st);
	stat_file_parse(&st, f, (struct sv){ 0 }, text);
	for (size_t i = 0; i < st.io.n; i++)
		for (size_t k = 0; k < f->n; k++)
			if (*(const int64_t *)(const void *)((const char *)&st.io.device[i] + f->keys[k].at) > 0)
				return false;
	return !st.io.more;
}

/* Of a group's processes one waits only while one of those above does. But what is told is a mean of all processors that had
 * work, and above there may be work on those where this group has none: so many times less, at most. */
static bool is_calm(const struct reader *rd, const struct stat_file *f, struct sv text)
{
	struct cgroup_stat st;
	int64_t least = rd->neighbours->least_pressure, cpus, avg10;

	if (!(f->what & CGROUP_STAT_PRESSURE) || !least)
		return false;
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cgroup_stat_init(&st);
	stat_file_parse(&st, f, (struct sv){ 0 }, text);
	avg10 = *(const int64_t *)(const void *)((const char *)&st + f->keys[0].at);
	return avg10 != CG_UNSET && cpus > 0 && avg10 < INT64_MAX / cpus && avg10 * cpus < least;
}

/* A group has the files that the one above it has, or fewer; but for those of the root, which has its own. */
static bool says_nothing(const struct reader *rd, const struct stat_file *f, unsigned h)
{
	struct cgroup_stat_reader *nb = rd->neighbours;
	unsigned char *known = nb ? &nb->above[f - stat_files] : NULL;
	char text[2048];
	struct sv got;
	int r;

	if (!nb || nb->neighbours < NEIGHBOURS_FEW || nb->parent_length < 2)
		return false;
	if (*known == ABOVE_NOT_ASKED) {
		r = smallfile_read(nb->dir[h], f->name, text, sizeof text, &got);
		*known = r == -ENOENT || (r == 0 && got.n < sizeof text - 1 &&
					  (is_all_zero(f, got) || is_calm(rd, f, got))) ?
				 ABOVE_HAS_NOT :
				 ABOVE_HAS;
	}
	return *known == ABOVE_HAS_NOT;
}

static bool is_of_use(const struct reader *rd, const struct stat_file *f, unsigned what)
{
	return f->what & what && f->form != STAT_HUGEPAGES && stat_file_is_needed(rd->st, f) &&
	       stat_file_is_wanted(rd->neighbours ? rd->neighbours->wanted : NULL, f) &&
	       !stat_file_is_known(rd->st, f);
}

/* It says what it said before. */
static bool is_same(struct reader *rd, const struct stat_file *f)
{
	const struct cgroup_stat_reader *nb = rd->neighbours;

	return nb && nb->before && stat_file_is_same(rd->st, f, nb->wanted, nb->before, nb->same);
}

static int read_plain(struct reader *rd, unsigned what, struct err *e)
{
	for (const struct stat_file *f = stat_files; f < stat_files + stat_file_count; f++) {
		bool wanted = is_of_use(rd, f, what);
		int h = wanted ? hierarchy_of(rd, f) : -1, r;

		if (h < 0 || is_same(rd, f) || says_nothing(rd, f, (unsigned)h))
			continue;
		r = read_file(rd, (unsigned)h, f->name, e);
		if (r < 0)
			return r;
		stat_file_parse(rd->st, f, (struct sv){ 0 }, buf_sv(rd->text));
	}
	return 0;
}

/* ---- OOM kills of the groups below ---------------------------------------------------------------------------- */

struct below {
	const char *file; /* with the kills of one group alone */
	int64_t kills;
	unsigned left; /* groups that may still be looked at */
};

static void count_below(int dir, unsigned depth, struct below *b)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_dir listing = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!listing && fd >= 0)
		close(fd);
	while (listing && depth && b->left && (entry = readdir(listing))) {
		char text[512];
		struct sv lines;
		uint64_t kills;
		scoped_fd sub = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		sub = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			continue;
		b->left--;
		if (smallfile_read(sub, b->file, text, sizeof text, &lines) == 0 &&
		    cgroup_counter(lines, "oom_kill", &kills))
			b->kills += (int64_t)kills;
		count_below(sub, depth - 1, b);
	}
}

/* What the group had before, those below it added up. */
static bool has_kills(const struct reader *rd)
{
	const struct cgroup_stat_reader *nb = rd->neighbours;

	return nb && nb->before && nb->same & CGROUP_STAT_SAME_KILLS &&
	       nb->before->memory_events.oom_kill != CG_UNSET;
}

/* v1 counts a kill in the victim's group alone; v2 in those above it too, unless it is mounted with memory_localevents. */
static void add_below(struct reader *rd)
{
	int h = cgroup_layout_find(rd->layout, CGROUP_MEMORY);
	struct below b = { .left = LIMIT_CGROUPS_BELOW };
	char dir[CGROUP_DIR_MAX], text[512];
	int64_t *kills = &rd->st->memory_events.oom_kill;
	int from = *kills == CG_UNSET || h < 0 || has_kills(rd) ? -1 : group_dir(rd, (unsigned)h, dir);
	scoped_fd fd = -1;
	struct stat s;
	struct sv lines;
	uint64_t own;

	if (from < 0 || fstatat(from, dir, &s, 0) < 0 || s.st_nlink == 2) /* "." and the name above: no folder below */
		return;
	fd = openat(from, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b.file = rd->layout->h[h].v2 ? "memory.events.local" : "memory.oom_control";
	if (fd < 0 || smallfile_read(fd, b.file, text, sizeof text, &lines) < 0 ||
	    !cgroup_counter(lines, "oom_kill", &own))
		return;
	b.kills = (int64_t)own;
	count_below(fd, CGROUP_DEPTH_MAX, &b);
	if (b.kills > *kills)
		*kills = b.kills;
}

/* ---- the group ------------------------------------------------------------------------------------------------ */

/* Nothing was found: is there no such group, or had no hierarchy anything to tell? */
static int look_for_group(const struct reader *rd, unsigned what, struct err *e)
{
	char dir[CGROUP_DIR_MAX];
	const char *looked = NULL;

	for (const struct stat_file *f = stat_files; f < stat_files + stat_file_count; f++) {
		int h = f->what & what ? hierarchy_with(rd->layout, f) : -1;
		int from = h < 0 ? -1 : group_dir(rd, (unsigned)h, dir);

		if (from >= 0 && smallfile_exists(from, dir))
			return 0;
		looked = h >= 0 && rd->place->path[h] ? rd->place->path[h] : looked;
	}
	return looked ? err_set(e, ENOENT, "cgroup %s: no such group", looked) : 0;
}

static int read_group(struct reader *rd, unsigned what, struct cgroup_stat *ret, struct err *e)
{
	int r;

	rd->st = ret;
	rd->name = NULL;
	memset(rd->own, -1, sizeof rd->own);
	cgroup_stat_init(ret);
	r = read_plain(rd, what, e);
	if (r == 0 && what & CGROUP_STAT_HUGETLB)
		r = read_hugepages(rd, e);
	if (r == 0 && what & CGROUP_STAT_EVENTS)
		add_below(rd);
	if (r == 0 && !rd->found)
		r = look_for_group(rd, what, e);
	if (r == 0)
		stat_derive(ret);
	return r;
}

int cgroup_stat_read_place(const struct host *h, const struct cgroup_layout *l, const struct cgroup_place *place,
			   unsigned what, struct cgroup_stat *ret, struct err *e)
{
	struct cgroup_stat st;
	scoped_buf text = BUF(LIMIT_CGROUP_FILE);
	struct reader rd = { .host = h, .layout = l, .place = place, .text = &text };
	int r = read_group(&rd, what, &st, e);

	if (r == 0)
		*ret = st;
	return r;
}

int cgroup_stat_read(const struct host *h, const struct cgroup_layout *l, const char *path, unsigned what,
		     struct cgroup_stat *ret, struct err *e)
{
	struct cgroup_place place;

	if (cgroup_is_none(path))
		return err_set(e, ENOTSUP, CGROUP_NONE_TEXT);
	if (path[0] != '/')
		return err_set(e, EINVAL, "cgroup path \"%s\": not absolute", path);
	cgroup_place_everywhere(&place, path);
	return cgroup_stat_read_place(h, l, &place, what, ret, e);
}

/* ---- many groups ------------------------------------------------------------------------------------------------ */

void cgroup_stat_reader_init(struct cgroup_stat_reader *rd, const struct host *h, const struct cgroup_layout *l)
{
	*rd = (struct cgroup_stat_reader){ .host = h, .layout = l, .text = BUF(LIMIT_CGROUP_FILE) };
	for (unsigned i = 0; i < CGROUP_HIERARCHY_MAX; i++)
		rd->dir[i] = -1;
}

static void close_dirs(struct cgroup_stat_reader *rd)
{
	for (unsigned i = 0; i < CGROUP_HIERARCHY_MAX; i++) {
		int fd = fd_take(&rd->dir[i]);

		if (fd >= 0)
			close(fd);
	}
	rd->parent_length = 0;
	rd->neighbours = 0;
	memset(rd->above, ABOVE_NOT_ASKED, sizeof rd->above);
}

void cgroup_stat_reader_forget(struct cgroup_stat_reader *rd)
{
	close_dirs(rd);
}

void cgroup_stat_reader_done(struct cgroup_stat_reader *rd)
{
	close_dirs(rd);
	buf_done(&rd->text);
}

int cgroup_stat_reader_enter(struct cgroup_stat_reader *rd, struct sv parent, struct err *e)
{
	char dir[CGROUP_DIR_MAX];

	if (rd->parent_length && sv_is(parent, rd->parent))
		return 0;
	close_dirs(rd);
	if (sv_copy(parent, rd->parent, sizeof rd->parent) < 0)
		return err_set(e, ENAMETOOLONG, "cgroup %.40s...: path too long", parent.p);
	rd->parent_length = parent.n;
	for (unsigned i = 0; i < rd->layout->n; i++) {
		const char *mount = rd->layout->h[i].mount;

		if (parent.n > 1 ? cgroup_file_path(dir, mount, strlen(mount), rd->parent + 1) :
				   sv_copy(sv_from(mount), dir, sizeof dir) == 0)
			rd->dir[i] = openat(rd->host->root, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return 0;
}

static bool is_below(const struct cgroup_stat_reader *rd, const char *path)
{
	size_t n = rd->parent_length;

	return n && strncmp(path, rd->parent, n) == 0 && (n == 1 || path[n] == '/') && path[below_parent(rd)];
}

int cgroup_stat_reader_read(struct cgroup_stat_reader *rd, const char *path, unsigned what, struct cgroup_stat *ret,
			    struct err *e)
{
	const char *slash = strrchr(path, '/');
	struct cgroup_place place;
	struct reader one = {
		.host = rd->host, .layout = rd->layout, .place = &place, .neighbours = rd, .text = &rd->text
	};
	int r;

	if (path[0] != '/' || !path[1])
		return cgroup_stat_read(rd->host, rd->layout, path, what, ret, e);
	if (rd->deep && rd->parent_length && !is_below(rd, path))
		return cgroup_stat_read(rd->host, rd->layout, path, what, ret, e);
	r = rd->deep && rd->parent_length ?
		    0 :
		    cgroup_stat_reader_enter(
			    rd, slash == path ? SV("/") : (struct sv){ path, (size_t)(slash - path) }, e);
	if (r < 0)
		return r;
	cgroup_place_everywhere(&place, path);
	rd->neighbours++;
	r = read_group(&one, what, ret, e);
	close_own(&one);
	return r;
}
