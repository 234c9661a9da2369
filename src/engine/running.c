/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/running.h"

#include "base/limits.h"
#include "base/scope.h"
#include "engine/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define NAME_LINK "name"
#define LOOKS_MAX 64 /* two system calls each: opening the database costs a hundred and more */

static bool has_name(const struct engine *en, const char *id, struct sv name)
{
	char path[NAME_MAX + sizeof "/" NAME_LINK], text[LIMIT_NAME + 1];
	ssize_t n;

	(void)snprintf(path, sizeof path, "%s/" NAME_LINK, id);
	n = readlinkat(en->state, path, text, sizeof text);
	return n > 0 && sv_eq(name, (struct sv){ text, (size_t)n });
}

/* 1: found once. 0: not, or not once, or there are too many to look at. */
static int look(const struct engine *en, DIR *folders, struct sv name, struct id *ret)
{
	const struct dirent *entry;
	int found = 0, looks = 0;

	while ((entry = readdir(folders))) {
		if (!id_is_valid(sv_from(entry->d_name)))
			continue;
		if (++looks > LOOKS_MAX)
			return 0;
		if (!has_name(en, entry->d_name, name) || !container_monitor_is_alive(en, entry->d_name))
			continue;
		(void)sv_copy(sv_from(entry->d_name), ret->hex, sizeof ret->hex);
		found++;
	}
	return found == 1;
}

static bool find_by_name(const struct engine *en, struct sv name, struct id *ret)
{
	int fd = openat(en->state, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folders = fd < 0 ? NULL : fdopendir(fd);
	bool found;

	if (!folders) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	found = look(en, folders, name, ret);
	(void)closedir(folders);
	return found;
}

bool running_find(const struct engine *en, struct sv ref, struct id *ret)
{
	if (id_is_valid(ref))
		return sv_copy(ref, ret->hex, sizeof ret->hex) >= 0;
	if (ref.n && ref.p[0] == '/')
		ref = (struct sv){ ref.p + 1, ref.n - 1 };
	return name_is_valid(ref) && find_by_name(en, ref, ret);
}

int running_name(int state_dir, const char *name, struct err *e)
{
	if (name && symlinkat(name, state_dir, NAME_LINK) == 0)
		return 0;
	if (name && errno != EEXIST)
		return err_sys(e, "link " NAME_LINK);
	if (unlinkat(state_dir, NAME_LINK, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove " NAME_LINK);
	return name && symlinkat(name, state_dir, NAME_LINK) < 0 ? err_sys(e, "link " NAME_LINK) : 0;
}
