/* SPDX-License-Identifier: Apache-2.0 */
#include "network/endpoints.h"

#include "base/limits.h"
#include "base/scope.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

static size_t find(const struct endpoints *all, const char *file)
{
	size_t i = 0;

	while (i < all->n && strcmp(all->v[i]->file, file) != 0)
		i++;
	return i;
}

static void slot_free(struct endpoint_slot *s)
{
	if (s)
		arena_done(&s->memory);
	free(s);
}

static int make_room(struct endpoints *all, struct err *e)
{
	size_t room = all->room ? 2 * all->room : 64;
	struct endpoint_slot **v;

	if (all->n < all->room)
		return 0;
	if (all->n >= LIMIT_ENDPOINTS)
		return err_set(e, ENOSPC, "more than %d endpoints", LIMIT_ENDPOINTS);
	v = realloc(all->v, room * sizeof(struct endpoint_slot *));
	if (!v)
		return err_oom(e);
	all->v = v;
	all->room = room;
	return 0;
}

static int slot_read(int dir, const char *file, struct endpoint_slot **ret, struct err *e)
{
	struct endpoint_slot *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return err_oom(e);
	s->memory = ARENA(LIMIT_ARENA_ENDPOINT);
	r = sv_copy(sv_from(file), s->file, sizeof s->file);
	if (r == 0)
		r = endpoint_read(dir, file, &s->memory, &s->ep, e);
	if (r < 0) {
		slot_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void forget(struct endpoints *all, size_t i)
{
	if (i == all->n)
		return;
	slot_free(all->v[i]);
	all->v[i] = all->v[--all->n];
}

int endpoints_reread(struct endpoints *all, int dir, const char *file, struct endpoint_slot **ret, struct err *e)
{
	struct endpoint_slot *s = NULL;
	int r = slot_read(dir, file, &s, e);

	forget(all, find(all, file));
	*ret = NULL;
	if (r == 0)
		r = make_room(all, e);
	if (r < 0) {
		slot_free(s);
		return r == -ENOENT ? 0 : r;
	}
	all->v[all->n++] = *ret = s;
	return 0;
}

/* The name of an unfinished one ends with the number of the process that writes it. */
static bool is_abandoned(const char *file)
{
	const char *mark = strstr(file, ".new.");
	uint64_t pid;

	return mark && sv_u64(sv_from(mark + strlen(".new.")), &pid) == 0 && pid > 0 && pid <= INT32_MAX &&
	       kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static DIR *open_folder(int dir)
{
	scoped_fd copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (d)
		(void)fd_take(&copy);
	return d;
}

void endpoints_sweep(int dir)
{
	scoped_dir d = open_folder(dir);
	const struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (is_abandoned(entry->d_name))
			(void)unlinkat(dir, entry->d_name, 0);
}

int endpoints_load(struct endpoints *all, int dir, void (*bad)(void *context, const struct err *why), void *context,
		   struct err *e)
{
	scoped_dir d = open_folder(dir);
	const struct dirent *entry;

	if (!d)
		return err_sys(e, "open the folder of the endpoints");
	while ((entry = readdir(d))) {
		struct endpoint_slot *s;
		struct err why = { 0 };

		if (!endpoint_is_file(sv_from(entry->d_name)))
			continue;
		if (endpoints_reread(all, dir, entry->d_name, &s, &why) < 0 && bad)
			bad(context, &why);
	}
	return 0;
}

const struct endpoint *endpoints_of(const struct endpoints *all, const char *container, size_t *at)
{
	while (*at < all->n) {
		const struct endpoint *ep = &all->v[(*at)++]->ep;

		if (strcmp(ep->container, container) == 0)
			return ep;
	}
	return NULL;
}

void endpoints_done(struct endpoints *all)
{
	while (all->n)
		forget(all, all->n - 1);
	free(all->v);
	*all = (struct endpoints){ 0 };
}
