/* SPDX-License-Identifier: Apache-2.0 */
/* Text to meaning: --userns, subuid(5). */
#include "spec/userns.h"

#include "base/limits.h"
#include "base/scope.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

#define ALLOWED "allowed are host, auto, auto:size=N, container:NAME and CONTAINER_ID:HOST_ID:SIZE[,...]"

static int parse_u32(struct sv s, uint32_t *ret)
{
	uint64_t v;

	if (sv_u64(s, &v) < 0 || v > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

static int parse_size(struct sv s, uint32_t *ret, struct err *e)
{
	if (parse_u32(s, ret) == 0 && *ret >= USERNS_AUTO_MIN && *ret <= USERNS_AUTO_MAX)
		return 0;
	return err_set(e, EINVAL, "size " SV_FMT ": allowed are %d to %d", SV_ARG(s), USERNS_AUTO_MIN, USERNS_AUTO_MAX);
}

static bool parse_extent(struct sv s, struct id_extent *ret)
{
	uint32_t *const to[] = { &ret->inside, &ret->outside, &ret->count };
	struct sv word;

	for (size_t i = 0; i < ARRAY_LEN(to); i++)
		if (!sv_next(&s, ':', &word) || parse_u32(word, to[i]) < 0)
			return false;
	return !s.p;
}

static int parse_map(struct sv text, struct arena *a, struct id_map *ret, struct err *e)
{
	struct {
		struct id_extent *v;
		size_t n;
	} list = { 0 };
	struct id_map map;
	struct sv word;
	int r;

	while (sv_next(&text, ',', &word)) {
		struct id_extent *x = list.n <= ID_MAP_EXTENTS ? LIST_ADD(a, &list) : NULL;

		if (list.n > ID_MAP_EXTENTS)
			break;
		if (!x)
			return err_oom(e);
		if (!parse_extent(word, x))
			return err_set(e, EINVAL, "\"%.*s\": " ALLOWED, (int)(word.n < 60 ? word.n : 60), word.p);
	}
	map = (struct id_map){ list.v, list.n };
	r = id_map_check(&map, e);
	if (r == 0 && id_map_outside(&map, 0) == ID_NONE)
		r = err_set(e, EINVAL, "the container's id 0 is not mapped");
	if (r == 0)
		*ret = map;
	return r;
}

int userns_mode_parse(const char *text, struct arena *a, struct userns_mode *ret, struct err *e)
{
	struct userns_mode m = { .kind = USERNS_AUTO, .size = USERNS_AUTO_SIZE };
	struct sv s = sv_from(text);
	int r = 0;

	if (s.n == 0 || sv_is(s, "host")) {
		m = (struct userns_mode){ .kind = USERNS_HOST };
	} else if (sv_has_prefix(s, "auto:size=")) {
		r = parse_size((struct sv){ s.p + strlen("auto:size="), s.n - strlen("auto:size=") }, &m.size, e);
	} else if (sv_has_prefix(s, "container:") && s.n > strlen("container:")) {
		m = (struct userns_mode){ .kind = USERNS_CONTAINER, .container = text + strlen("container:") };
	} else if (!sv_is(s, "auto")) {
		m = (struct userns_mode){ .kind = USERNS_MAP };
		r = s.p[0] >= '0' && s.p[0] <= '9' ? parse_map(s, a, &m.map, e) :
						     err_set(e, EINVAL, "invalid USER mode: " ALLOWED);
	}
	if (r == 0)
		*ret = m;
	return r;
}

/* ---- subuid(5), subgid(5) --------------------------------------------------------------------------------------- */

static int parse_range(struct sv rest, struct id_range *ret)
{
	struct sv first, count;

	if (!sv_cut(rest, ':', &first, &count) || parse_u32(sv_trim(first), &ret->first) < 0 ||
	    parse_u32(sv_trim(count), &ret->count) < 0)
		return -EINVAL;
	return ret->count && (uint64_t)ret->first + ret->count <= ID_NONE ? 0 : -EINVAL;
}

static int no_range(const char *file, const char *user, struct err *e)
{
	return err_set(e, ENOENT, "user \"%s\" has no ids in %s; add a line there, such as %s:1000000000:655360000",
		       user, file, user);
}

int subid_parse(struct sv text, const char *file, const char *user, struct arena *a, struct id_ranges *ret,
		struct err *e)
{
	struct id_ranges list = { 0 };
	struct sv line, name, rest;
	unsigned number = 0;

	while (sv_next(&text, '\n', &line)) {
		struct id_range *range;

		number++;
		if (!sv_cut(sv_trim(line), ':', &name, &rest) || !sv_is(name, user))
			continue;
		if (list.n == LIMIT_SUBID_RANGES)
			return err_set(e, E2BIG, "%s: more than %d ranges of user \"%s\"", file, LIMIT_SUBID_RANGES,
				       user);
		range = LIST_ADD(a, &list);
		if (!range)
			return err_oom(e);
		if (parse_range(rest, range) < 0)
			return err_set(e, EINVAL, "%s:%u: not USER:FIRST:COUNT with ids up to 4294967294", file,
				       number);
	}
	if (list.n == 0)
		return no_range(file, user, e);
	*ret = list;
	return 0;
}

/* ---- an ordinary user's own namespace ----------------------------------------------------------------------------- */

bool userns_command_parse(struct sv line, pid_t *ret_pid, uint64_t *ret_ticks)
{
	struct sv pid, ticks;
	uint64_t n, start;

	if (!sv_cut(line, ' ', &pid, &ticks) || sv_u64(pid, &n) < 0 || n == 0 || n > INT32_MAX ||
	    sv_u64(ticks, &start) < 0)
		return false;
	*ret_pid = (pid_t)n;
	*ret_ticks = start;
	return true;
}

int userns_user_name(struct sv passwd, uint32_t uid, struct arena *a, const char **ret, struct err *e)
{
	struct sv line, name, rest, password, number;
	const char *found = NULL;
	uint32_t n;

	while (!found && sv_next(&passwd, '\n', &line)) {
		if (!sv_cut(line, ':', &name, &rest) || !sv_cut(rest, ':', &password, &rest))
			continue;
		(void)sv_cut(rest, ':', &number, &rest);
		if (parse_u32(number, &n) == 0 && n == uid && name.n && !(found = arena_sv(a, name)))
			return err_oom(e);
	}
	*ret = found;
	return 0;
}

int userns_user_map(const struct id_ranges *ranges, uint32_t own, struct arena *a, struct id_map *ret, struct err *e)
{
	struct id_extent *v = arena_array(a, ranges->n + 1, sizeof *v);
	struct id_map map = { v, ranges->n + 1 };
	uint64_t next = 1;
	int r;

	if (!v)
		return err_oom(e);
	v[0] = (struct id_extent){ 0, own, 1 };
	for (size_t i = 0; i < ranges->n; i++) {
		v[i + 1] = (struct id_extent){ (uint32_t)next, ranges->v[i].first, ranges->v[i].count };
		next += ranges->v[i].count;
		if (next > ID_NONE)
			return err_set(e, EINVAL, "more than 4294967294 ids");
	}
	r = id_map_check(&map, e);
	if (r == 0)
		*ret = map;
	return r;
}
