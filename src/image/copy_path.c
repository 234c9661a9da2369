/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy_path.h"

#include "base/path.h"

#include <errno.h>
#include <string.h>

int copy_operand(const char *text, struct arena *a, const char **ret_container, const char **ret_path, struct err *e)
{
	const char *colon = strchr(text, ':'), *container = NULL;

	if (text[0] != '/' && text[0] != '.' && colon) {
		container = arena_sv(a, (struct sv){ text, (size_t)(colon - text) });
		if (!container)
			return err_oom(e);
	}
	*ret_container = container;
	*ret_path = container ? colon + 1 : text;
	return 0;
}

static bool ends_with_dot(const char *text)
{
	size_t n = strlen(text);

	return n && text[n - 1] == '.' && (n == 1 || text[n - 2] == '/');
}

int copy_path_parse(const char *text, const char *below, struct arena *a, struct copy_path *ret, struct err *e)
{
	bool dot = ends_with_dot(text), slash = text[0] && text[strlen(text) - 1] == '/';
	const char *full = text[0] == '/' ? text : arena_fmt(a, "%s/%s", below, text);
	char *clean = full ? path_clean(a, sv_from(full)) : NULL, *last;
	struct copy_path p = { .slash = dot || slash };

	if (!clean)
		return err_oom(e);
	last = strrchr(clean, '/');
	p.path = !p.slash || !clean[1] ? clean : arena_fmt(a, dot ? "%s/." : "%s/", clean);
	p.dir = dot ? clean : last == clean ? "/" : arena_sv(a, (struct sv){ clean, (size_t)(last - clean) });
	p.base = dot ? "" : last + 1;
	if (!p.path || !p.dir)
		return err_oom(e);
	*ret = p;
	return 0;
}

int copy_plan(const char *name, bool directory, const struct copy_path *to, const struct copy_target *target,
	      const char **ret_dir, const char **ret_name, struct err *e)
{
	if (target->exists && target->directory) {
		*ret_dir = to->path;
		*ret_name = name;
		return 0;
	}
	if (target->exists && directory)
		return err_set(e, EISDIR, "cannot copy directory: %s is not one", to->path);
	if (!target->exists && !directory && to->slash)
		return err_set(e, ENOENT, "no such directory: %s", to->path);
	*ret_dir = to->dir;
	*ret_name = to->base;
	return 0;
}
