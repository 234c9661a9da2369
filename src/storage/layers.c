/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/layers.h"

#include "base/io.h"
#include "base/rename.h"
#include "base/scope.h"
#include "base/sv.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LOCK_NAME "lock"
#define DRAFT_PREFIX "new."
#define REMOVE_PREFIX "del."
#define NUMBER_MAX 999999999u
#define ATTEMPTS 1000

int layers_open(int data_root, int *ret_fd, struct err *e)
{
	return io_mkdir_at(data_root, "layers", 0700, ret_fd, e);
}

static void number_name(unsigned number, char ret[LAYER_NAME_SIZE])
{
	(void)snprintf(ret, LAYER_NAME_SIZE, "%u", number);
}

/* Decimal without leading zero: no two names for one number. */
static bool number_parse(const char *name, unsigned *ret)
{
	uint64_t v;

	if (name[0] == '0' || sv_u64(sv_from(name), &v) < 0 || v > NUMBER_MAX)
		return false;
	*ret = (unsigned)v;
	return true;
}

/* 1: locked, and still what `name` means; 0: another process has it, or it is gone. */
static int lock_dir(int layers, const char *name, int *ret_fd, struct err *e)
{
	scoped_fd fd = openat(layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat held, named;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open layers/%s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : err_sys(e, "lock layers/%s", name);
	if (fstat(fd, &held) < 0)
		return err_sys(e, "stat layers/%s", name);
	if (fstatat(layers, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "stat layers/%s", name);
	if (held.st_ino != named.st_ino || held.st_dev != named.st_dev)
		return 0;
	*ret_fd = fd_take(&fd);
	return 1;
}

int layer_draft_begin(int layers, struct layer_draft *ret, struct err *e)
{
	struct layer_draft d;

	for (int i = 0; i < ATTEMPTS; i++) {
		int r;

		(void)snprintf(d.name, sizeof d.name, DRAFT_PREFIX "%x.%d", (unsigned)getpid(), i);
		if (mkdirat(layers, d.name, 0755) < 0) {
			if (errno == EEXIST)
				continue;
			return err_sys(e, "mkdir layers/%s", d.name);
		}
		r = lock_dir(layers, d.name, &d.dir, e); /* a sweep may have been quicker */
		if (r < 0)
			return r;
		if (r == 1) {
			*ret = d;
			return 0;
		}
	}
	return err_set(e, EEXIST, "layers: no free name for a new tree; are leftovers there that cannot be removed?");
}

static int highest_number(int layers, unsigned *ret, struct err *e)
{
	scoped_free unsigned *v = NULL;
	size_t n;
	int r = layers_list(layers, &v, &n, e);

	if (r < 0)
		return r;
	*ret = n ? v[n - 1] : 0;
	return 0;
}

int layer_draft_finish(int layers, struct layer_draft *d, unsigned *ret_number, int *ret_dir, struct err *e)
{
	char name[LAYER_NAME_SIZE];
	unsigned number;
	int r = highest_number(layers, &number, e);

	if (r < 0)
		return r;
	for (int i = 0; i < ATTEMPTS && number < NUMBER_MAX; i++) {
		number_name(++number, name);
		if (rename_new_at(layers, d->name, layers, name) == 0) {
			*ret_number = number;
			*ret_dir = fd_take(&d->dir);
			return 0;
		}
		if (errno != EEXIST)
			return err_sys(e, "rename layers/%s to %s", d->name, name);
	}
	return err_set(e, EEXIST, "layers: no free number after %u", number);
}

void layer_draft_drop(int layers, struct layer_draft *d)
{
	if (d->dir < 0)
		return;
	(void)io_remove_tree_at(layers, d->name, NULL);
	close(fd_take(&d->dir));
}

int layer_lock_chain(int layers, uint64_t key, int *fd, struct err *e)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = (off_t)(key >> 2), .l_len = 1 };

	if (*fd < 0)
		*fd = openat(layers, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return err_sys(e, "open layers/" LOCK_NAME);
	while (fcntl(*fd, F_OFD_SETLKW, &lock) < 0)
		if (errno != EINTR)
			return err_sys(e, "lock layers/" LOCK_NAME);
	return 0;
}

int layer_open(int layers, unsigned number, int *ret_fd, struct err *e)
{
	char name[LAYER_NAME_SIZE];
	int fd;

	number_name(number, name);
	fd = openat(layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "layer %u", number);
	*ret_fd = fd;
	return 0;
}

/* The names in layers/, copied: the directory changes while they are worked on. */
struct names {
	char (*v)[LAYER_NAME_SIZE];
	size_t n, cap;
};

static void names_done(struct names *names)
{
	free(names->v);
}

static int names_add(struct names *names, const char *name, struct err *e)
{
	size_t cap = names->cap ? names->cap * 2 : 64;
	char(*v)[LAYER_NAME_SIZE];

	if (names->n == names->cap) {
		v = reallocarray(names->v, cap, sizeof *v);
		if (!v)
			return err_oom(e);
		names->v = v;
		names->cap = cap;
	}
	(void)snprintf(names->v[names->n++], LAYER_NAME_SIZE, "%s", name);
	return 0;
}

static int names_read(int layers, struct names *ret, struct err *e)
{
	int fd = openat(layers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	scoped_dir d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (!d) {
		r = err_sys(e, "open layers");
		if (fd >= 0)
			close(fd);
		return r;
	}
	for (errno = 0; r == 0 && (ent = readdir(d)); errno = 0)
		if (ent->d_name[0] != '.' && strlen(ent->d_name) < LAYER_NAME_SIZE)
			r = names_add(ret, ent->d_name, e);
	return r == 0 && errno ? err_sys(e, "read layers") : r;
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

int layers_list(int layers, unsigned **ret_numbers, size_t *ret_n, struct err *e)
{
	SCOPED(names_done) struct names names = { 0 };
	unsigned *v;
	size_t n = 0;
	int r = names_read(layers, &names, e);

	if (r < 0)
		return r;
	v = calloc(names.n + 1, sizeof *v);
	if (!v)
		return err_oom(e);
	for (size_t i = 0; i < names.n; i++)
		if (number_parse(names.v[i], &v[n]))
			n++;
	if (n)
		qsort(v, n, sizeof *v, by_number);
	*ret_numbers = v;
	*ret_n = n;
	return 0;
}

/* The first rename makes the number free at once, whatever the removal meets. */
static int remove_numbered(int layers, const char *name, struct err *e)
{
	char doomed[LAYER_NAME_SIZE + 32];
	int r;

	(void)snprintf(doomed, sizeof doomed, REMOVE_PREFIX "%s.%x", name, (unsigned)getpid());
	if (rename_new_at(layers, name, layers, doomed) < 0)
		return err_sys(e, "rename layers/%s to %s", name, doomed);
	r = io_remove_tree_at(layers, doomed, e);
	return r < 0 ? err_wrap(e, r, "layers") : 0;
}

static int sweep_leftover(int layers, const char *name, struct err *e)
{
	scoped_fd lock = -1;
	int r = lock_dir(layers, name, &lock, e);

	if (r != 1)
		return r;
	r = io_remove_tree_at(layers, name, e);
	return r < 0 ? err_wrap(e, r, "layers") : 0;
}

/* Asked before the lock (cheap: nearly every tree is known) and again with it (its maker may have recorded it since). */
static int sweep_orphan(int layers, const char *name, unsigned number, layer_known_fn *known, void *arg, struct err *e)
{
	scoped_fd lock = -1;
	int r = known(arg, number, e);

	if (r != 0)
		return r < 0 ? r : 0;
	r = lock_dir(layers, name, &lock, e);
	if (r != 1)
		return r;
	r = known(arg, number, e);
	if (r != 0)
		return r < 0 ? r : 0;
	return remove_numbered(layers, name, e);
}

void layer_undo(int layers, unsigned number, int *lock)
{
	char name[LAYER_NAME_SIZE];

	number_name(number, name);
	(void)remove_numbered(layers, name, NULL);
	close(fd_take(lock));
}

int layer_remove(int layers, unsigned number, layer_known_fn *known, void *arg, struct err *e)
{
	char name[LAYER_NAME_SIZE];

	number_name(number, name);
	return sweep_orphan(layers, name, number, known, arg, e);
}

int layers_sweep(int layers, layer_known_fn *known, void *arg, struct err *e)
{
	SCOPED(names_done) struct names names = { 0 };
	int r = names_read(layers, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.v[i];
		unsigned number;

		if (sv_has_prefix(sv_from(name), DRAFT_PREFIX) || sv_has_prefix(sv_from(name), REMOVE_PREFIX))
			r = sweep_leftover(layers, name, e);
		else if (known && number_parse(name, &number))
			r = sweep_orphan(layers, name, number, known, arg, e);
	}
	return r;
}
