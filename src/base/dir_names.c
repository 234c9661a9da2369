/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dir_names.h"

#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

void dir_names_done(struct dir_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct dir_names){ NULL, 0 };
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add(struct dir_names *names, size_t *cap, const char *name, struct err *e)
{
	if (names->n == *cap) {
		size_t more = *cap ? 2 * *cap : 64;
		char **v = reallocarray(names->v, more, sizeof *v);

		if (!v)
			return err_oom(e);
		names->v = v;
		*cap = more;
	}
	names->v[names->n] = strdup(name);
	if (!names->v[names->n])
		return err_oom(e);
	names->n++;
	return 0;
}

static int read_all(DIR *d, struct dir_names *names, struct err *e)
{
	size_t cap = 0;
	struct dirent *ent;
	int r = 0;

	while (r == 0 && (errno = 0, ent = readdir(d)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			r = add(names, &cap, ent->d_name, e);
	return r == 0 && errno ? err_sys(e, "read directory") : r;
}

int dir_names_read(int fd, struct dir_names *ret, struct err *e)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	scoped_dir d = own < 0 ? NULL : fdopendir(own);
	struct dir_names names = { NULL, 0 };

	if (!d) {
		r = err_sys(e, "open directory");
		if (own >= 0)
			close(own);
		return r;
	}
	r = read_all(d, &names, e);
	if (r < 0) {
		dir_names_done(&names);
		return r;
	}
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_text);
	*ret = names;
	return 0;
}
