/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/state.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/cgroup.h"
#include "kernel/ofd_lock.h"
#include "kernel/procfs.h"
#include "kernel/smallfile.h"
#include "kernel/sys.h"
#include "oci/json.h"
#include "runtime_cli/notify.h"
#include "runtime_cli/rdt.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

const char *container_status_name(enum container_status s)
{
	static const char *const names[] = {
#define X(id, text) text,
		CONTAINER_STATUSES(X)
#undef X
	};

	return names[s];
}

/* ---- the record ------------------------------------------------------------------------------------------------ */

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct json_row end_rows[] = {
	{ "exitCode", JSON_I64, JSON_ALWAYS, AT(record_end, exit_code) },
	{ "signal", JSON_I64, JSON_ZERO, AT(record_end, signal) },
	{ "oomKilled", JSON_BOOL, JSON_ALWAYS, AT(record_end, oom_killed) },
	{ "time", JSON_I64, JSON_ZERO, AT(record_end, time_ns) },
};
static const struct json_table end_table = JSON_TABLE_PRESENT(end_rows, struct record_end, present);

static const struct json_row record_rows[] = {
	{ "version", JSON_COUNT, JSON_ALWAYS, AT(record, version) },
	{ "id", JSON_TEXT, JSON_REQUIRED, AT(record, id) },
	{ "ociVersion", JSON_TEXT, 0, AT(record, oci_version) },
	{ "bundle", JSON_TEXT, JSON_REQUIRED, AT(record, bundle) },
	{ "rootfs", JSON_TEXT, 0, AT(record, rootfs) },
	{ "cgroup", JSON_TEXT, 0, AT(record, cgroup) },
	{ "unit", JSON_TEXT, 0, AT(record, unit) },
	{ "unitUser", JSON_BOOL, JSON_ZERO, AT(record, unit_user) },
	{ "pid", JSON_COUNT, JSON_ZERO, AT(record, pid) },
	{ "startTicks", JSON_U64, 0, AT(record, start_ticks) },
	{ "bootId", JSON_TEXT, 0, AT(record, boot_id) },
	{ "created", JSON_COUNT, JSON_ZERO, AT(record, created_ns) },
	{ "owner", JSON_U32, JSON_ZERO | JSON_ALWAYS, AT(record, owner) },
	{ "sharesKeyring", JSON_BOOL, JSON_ZERO, AT(record, shares_keyring) },
	{ "rdt", JSON_TEXT, 0, AT(record, rdt) },
	{ "rdtMade", JSON_BOOL, JSON_ZERO, AT(record, rdt_made) },
	{ "rdtMonitoring", JSON_BOOL, JSON_ZERO, AT(record, rdt_monitoring) },
	{ "rootMount", JSON_COUNT, JSON_ZERO, AT(record, root_mount) },
	{ "restored", JSON_BOOL, JSON_ZERO, AT(record, restored) },
	{ "annotations", JSON_PAIRS, 0, AT(record, annotations) },
	{ "end", JSON_OBJECT, 0, AT(record, end), &end_table },
};
static const struct json_table record_table = JSON_TABLE(record_rows, struct record);

int entry_write(const struct entry *c, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONFIG_JSON);
	int r = json_encode(&record_table, &c->record, false, &b, e);

	if (r == 0)
		r = io_replace_at(c->dir, STATE_RECORD, b.p, b.len, 0600, IO_DISK_LATER, e);
	return r < 0 ? err_wrap(e, r, "state of %s", c->id) : 0;
}

int entry_write_first(const struct entry *c, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONFIG_JSON);
	int r = json_encode(&record_table, &c->record, false, &b, e);

	if (r == 0)
		r = io_write_all(c->lock, b.p, b.len, e);
	return r < 0 ? err_wrap(e, r, "state of %s", c->id) : 0;
}

/* Closing the file would end a lock of ours. */
static int read_first(const struct entry *c, struct buf *b, struct err *e)
{
	if (c->lock < 0)
		return io_read_at(c->dir, STATE_LOCK, b, e);
	return lseek(c->lock, 0, SEEK_SET) < 0 ? err_sys(e, "seek") : io_read_fd(c->lock, b, e);
}

/* In one read, as most of them fit. */
static int read_short(const struct entry *c, char *text, size_t cap, struct sv *ret)
{
	int r = smallfile_read(c->dir, STATE_RECORD, text, cap, ret);

	return r == 0 && ret->n == cap - 1 ? -EMSGSIZE : r;
}

static int record_read(struct runtime *rt, struct entry *c, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONFIG_JSON);
	struct record record;
	char text[4096];
	struct sv json;
	int r = read_short(c, text, sizeof text, &json);

	c->has_record = false;
	if (r < 0) {
		r = r == -ENOENT ? read_first(c, &b, e) : io_read_at(c->dir, STATE_RECORD, &b, e);
		json = buf_sv(&b);
	}
	if (r == -ENOENT || (r == 0 && !json.n))
		return 0;
	if (r == 0)
		r = json_decode(json, &record_table, rt->arena, &record, e);
	if (r == 0 && record.version != STATE_VERSION)
		r = err_set(e, EINVAL, "version %lld: this is from another tare-runtime", (long long)record.version);
	if (r < 0)
		return err_wrap(e, r, "state of %s", c->id);
	c->record = record;
	c->has_record = true;
	return 0;
}

/* ---- the folder ------------------------------------------------------------------------------------------------ */

int entry_check_id(const char *id, struct err *e)
{
	size_t n = strlen(id);

	if (n == 0 || n > 255 ||
	    strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.") != n ||
	    strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return err_set(e, EINVAL,
			       "invalid container id \"%.80s\": allowed are up to 255 letters, digits and _ + - .", id);
	return 0;
}

static int does_not_exist(const char *id, struct err *e)
{
	return err_set(e, ENOENT, "container %s does not exist", id);
}

/* The lock file is there, and is still the one that others find. */
static int open_lock(struct entry *c, int flags, struct err *e)
{
	c->lock = openat(c->dir, STATE_LOCK, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	return c->lock < 0 ? err_sys(e, "open %s/lock", c->id) : 0;
}

static int take_lock(struct entry *c, unsigned timeout_ms, struct err *e)
{
	struct stat st;
	int r = process_lock_take(c->lock, timeout_ms, e);

	if (r == 0 && fstat(c->lock, &st) < 0)
		r = err_sys(e, "stat %s/lock", c->id);
	if (r == 0 && st.st_nlink == 0)
		r = does_not_exist(c->id, e);
	if (r < 0)
		close(fd_take(&c->lock));
	if (r == -EAGAIN)
		(void)err_set(e, EAGAIN, "container %s is being changed by another process", c->id);
	return r;
}

int entry_claim(struct runtime *rt, const char *id, struct entry *ret, struct err *e)
{
	struct entry c = { .id = id, .dir = -1, .lock = -1 };
	scoped_fd root = openat(AT_FDCWD, rt->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? io_mkdirs(rt->root, 0711, &root, e) : 0;

	if (r < 0)
		return err_wrap(e, r, "--root");
	if (mkdirat(root, id, 0700) < 0)
		return errno == EEXIST ? err_set(e, EEXIST, "container with given ID already exists: %s", id) :
					 err_sys(e, "mkdir %s/%s", rt->root, id);
	c.dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = c.dir < 0 ? err_sys(e, "open %s/%s", rt->root, id) : open_lock(&c, O_CREAT, e);
	if (r == 0)
		r = take_lock(&c, 0, e);
	if (r < 0) {
		entry_close(&c);
		return r == -ENOENT || r == -EAGAIN ?
			       err_set(e, EEXIST, "container %s was deleted while it was made", id) :
			       r;
	}
	*ret = c;
	return 0;
}

/* `path` from `at` on */
static int open_folder(struct runtime *rt, int at, const char *path, const char *id, struct entry *ret, struct err *e)
{
	struct entry c = { .id = id, .dir = -1, .lock = -1 };
	int r;

	c.dir = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c.dir < 0)
		return errno == ENOENT || errno == ENOTDIR ? does_not_exist(id, e) : err_sys(e, "open %s", path);
	r = record_read(rt, &c, e);
	*ret = c;
	return r;
}

int entry_open(struct runtime *rt, const char *id, struct entry *ret, struct err *e)
{
	const char *path = arena_fmt(rt->arena, "%s/%s", rt->root, id);
	int r = entry_check_id(id, e);

	if (r < 0)
		return r;
	return path ? open_folder(rt, AT_FDCWD, path, id, ret, e) : err_oom(e);
}

int entry_lock(struct runtime *rt, struct entry *c, unsigned timeout_ms, struct err *e)
{
	int r = open_lock(c, 0, e);

	if (r == -ENOENT) /* whoever makes it, or removes it, was or is in the middle of that */
		r = open_lock(c, O_CREAT, e);
	if (r == -ENOENT)
		return does_not_exist(c->id, e);
	if (r == 0)
		r = take_lock(c, timeout_ms, e);
	return r < 0 ? r : record_read(rt, c, e);
}

static int remove_file(int dir, const char *name, struct err *e)
{
	if (name[0] == '.' || strcmp(name, STATE_LOCK) == 0)
		return 0;
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR && notify_remove(dir) == 0 ? 0 : err_sys(e, "remove %s", name);
}

/* The lock last: until then nobody else thinks that it is his. */
static int empty(int dir, struct err *e)
{
	union {
		struct dirent first;
		char space[2048];
	} list;
	ssize_t n;
	int r = lseek(dir, 0, SEEK_SET) < 0 ? err_sys(e, "seek in the folder") : 0;

	while (r == 0 && (n = sys_getdents(dir, &list, sizeof list)) != 0) {
		if (n < 0)
			return err_sys(e, "read the folder");
		for (ssize_t at = 0; r == 0 && at < n;) {
			const struct dirent *ent = (const void *)(list.space + at);

			at += ent->d_reclen;
			r = remove_file(dir, ent->d_name, e);
		}
	}
	if (r < 0)
		return r;
	return unlinkat(dir, STATE_LOCK, 0) < 0 && errno != ENOENT ? err_sys(e, "remove lock") : 0;
}

/* Of a container whose record says that it has one. */
static int remove_class(struct runtime *rt, const struct entry *c, struct err *e)
{
	scoped_fd dir = c->has_record && c->record.rdt ? rdt_open(&rt->host, NULL) : -1;

	return dir < 0 ? 0 :
			 rdt_remove(&(struct rdt){ dir, c->record.rdt, c->record.rdt_made }, c->id,
				    c->record.rdt_monitoring, e);
}

int entry_remove(struct runtime *rt, struct entry *c, struct err *e)
{
	const char *path = arena_fmt(rt->arena, "%s/%s", rt->root, c->id);
	int r = remove_class(rt, c, e);

	if (r == 0)
		r = empty(c->dir, e);
	if (r < 0)
		return err_wrap(e, r, "state of %s", c->id);
	if (!path)
		return err_oom(e);
	if (rmdir(path) < 0 && errno != ENOENT && errno != ENOTEMPTY) /* who put a lock there again removes it */
		return err_sys(e, "rmdir %s", path);
	return 0;
}

void entry_close(struct entry *c)
{
	if (c->lock >= 0)
		close(fd_take(&c->lock));
	if (c->dir >= 0)
		close(fd_take(&c->dir));
}

/* ---- what it is now -------------------------------------------------------------------------------------------- */

static bool somebody_makes_it(const struct entry *c)
{
	scoped_fd lock = -1;

	if (c->lock >= 0)
		return false;
	lock = openat(c->dir, STATE_LOCK, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return lock >= 0 && ofd_lock_is_held(lock);
}

/* Its first process, as the kernel has it: 1; 0: that is gone, and perhaps another has its number. */
static int look_at_first(struct runtime *rt, const struct record *rec, struct procfs_stat *ret, struct err *e)
{
	struct procfs_stat st;
	int r = rt->boot_id[0] ? 0 : procfs_boot_id(&rt->host, rt->boot_id, e);

	if (r < 0)
		return r;
	if (!rec->boot_id || strcmp(rt->boot_id, rec->boot_id) != 0)
		return 0;
	r = procfs_stat_read(&rt->host, (pid_t)rec->pid, &st, e);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	*ret = st;
	return st.start_ticks == rec->start_ticks;
}

static bool is_frozen(struct runtime *rt, const struct record *r)
{
	return r->cgroup && runtime_facts(rt, NULL) == 0 &&
	       cgroup_path_is_frozen(&rt->host, &rt->facts.cgroup, r->cgroup);
}

static void end_of_zombie(const struct procfs_stat *st, struct record_end *ret)
{
	if (ret)
		*ret = (struct record_end){ .present = true,
					    .exit_code = WIFSIGNALED(st->exit_status) ?
								 128 + WTERMSIG(st->exit_status) :
								 WEXITSTATUS(st->exit_status),
					    .signal = WIFSIGNALED(st->exit_status) ? WTERMSIG(st->exit_status) : 0 };
}

static bool is_zombie(const struct procfs_stat *st)
{
	return st->state == 'Z' || st->state == 'X';
}

static enum container_status status_of_living(struct runtime *rt, const struct entry *c, const struct procfs_stat *st)
{
	if (!st->executed && !c->record.restored)
		return faccessat(c->dir, STATE_START, F_OK, 0) == 0 ? STATUS_CREATED : STATUS_CREATING;
	return is_frozen(rt, &c->record) ? STATUS_PAUSED : STATUS_RUNNING;
}

int entry_status(struct runtime *rt, const struct entry *c, enum container_status *ret, struct record_end *ret_end,
		 struct err *e)
{
	struct procfs_stat st;
	int there;

	if (!c->has_record || c->record.pid == 0) {
		*ret = somebody_makes_it(c) ? STATUS_CREATING : STATUS_STOPPED;
		return 0;
	}
	there = look_at_first(rt, &c->record, &st, e);
	if (there < 0)
		return err_wrap(e, there, "container %s", c->id);
	if (there && is_zombie(&st))
		end_of_zombie(&st, ret_end);
	*ret = there && !is_zombie(&st) ? status_of_living(rt, c, &st) : STATUS_STOPPED;
	return 0;
}

int entry_pidfd(struct runtime *rt, const struct entry *c, int *ret_pidfd, struct err *e)
{
	const struct record *r = &c->record;
	bool has_process = c->has_record && r->pid;
	scoped_fd fd = has_process ? sys_pidfd_open((pid_t)r->pid, 0) : -1;
	struct procfs_stat st;
	int there = 0;

	if (has_process && fd < 0 && errno != ESRCH)
		return err_sys(e, "container %s: open process %lld", c->id, (long long)r->pid);
	if (fd >= 0) /* after the descriptor was opened: what it names is what was looked at */
		there = look_at_first(rt, r, &st, e);
	if (there < 0)
		return err_wrap(e, there, "container %s", c->id);
	if (!there || is_zombie(&st))
		return err_set(e, ESRCH, "container not running");
	*ret_pidfd = fd_take(&fd);
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_ids(struct runtime *rt, DIR *d, struct oci_strings *ids, struct err *e)
{
	struct dirent *ent;

	while ((ent = readdir(d)))
		if ((ent->d_type == DT_DIR || ent->d_type == DT_UNKNOWN) && entry_check_id(ent->d_name, NULL) == 0 &&
		    strings_add(rt->arena, ids, arena_str(rt->arena, ent->d_name)) < 0)
			return err_oom(e);
	if (ids->n)
		qsort(ids->v, ids->n, sizeof *ids->v, by_text);
	return 0;
}

int entries_each(struct runtime *rt, int (*call)(struct runtime *rt, struct entry *c, void *arg, struct err *e),
		 void *arg, struct err *e)
{
	scoped_dir d = opendir(rt->root);
	struct oci_strings ids = { 0 };
	int r;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", rt->root);
	r = read_ids(rt, d, &ids, e);
	for (size_t i = 0; r == 0 && i < ids.n; i++) {
		scoped_entry c = ENTRY;
		struct err damaged;

		if (open_folder(rt, dirfd(d), ids.v[i], ids.v[i], &c, &damaged) < 0 && c.dir < 0)
			continue; /* removed meanwhile */
		r = call(rt, &c, arg, e);
	}
	return r;
}
