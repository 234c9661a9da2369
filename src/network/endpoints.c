/* SPDX-License-Identifier: Apache-2.0 */
#include "network/endpoints.h"

#include "base/hash.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/scope.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

/* ---- the index ---------------------------------------------------------------------------------------------------- */

#define BUCKETS_FIRST 256

static uint8_t lower(char c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static uint32_t hash_key(enum endpoint_key kind, struct sv key)
{
	uint32_t h = hash_byte(HASH_START, (uint8_t)kind);

	for (size_t i = 0; i < key.n; i++)
		h = hash_byte(h, kind == ENDPOINT_NAME ? lower(key.p[i]) : (uint8_t)key.p[i]);
	return h;
}

static bool is_key(const struct endpoint_link *l, enum endpoint_key kind, uint32_t hash, struct sv key)
{
	if (l->hash != hash || l->kind != kind || l->key.n != key.n)
		return false;
	return kind == ENDPOINT_NAME ? strncasecmp(l->key.p, key.p, key.n) == 0 : memcmp(l->key.p, key.p, key.n) == 0;
}

static struct endpoint_link **bucket_of(const struct endpoints *all, uint32_t hash)
{
	return &all->buckets[hash & (all->bucket_count - 1)];
}

static void link_in(struct endpoints *all, struct endpoint_link *l)
{
	struct endpoint_link **bucket = bucket_of(all, l->hash);

	l->next = *bucket;
	*bucket = l;
}

struct endpoint_search endpoints_find(const struct endpoints *all, enum endpoint_key kind, struct sv key)
{
	struct endpoint_search s = { .key = key, .hash = hash_key(kind, key), .kind = kind };

	if (key.n && all->bucket_count)
		s.next = *bucket_of(all, s.hash);
	return s;
}

static struct endpoint_slot *next_slot(struct endpoint_search *s)
{
	for (const struct endpoint_link *l; (l = s->next);) {
		s->next = l->next;
		if (is_key(l, s->kind, s->hash, s->key))
			return l->slot;
	}
	return NULL;
}

const struct endpoint *endpoints_next(struct endpoint_search *s)
{
	const struct endpoint_slot *slot = next_slot(s);

	return slot ? &slot->ep : NULL;
}

struct sv endpoint_address_key(const struct ip_address *a)
{
	if (a->family == AF_INET)
		return (struct sv){ (const char *)&a->u.v4, sizeof a->u.v4 };
	return (struct sv){ (const char *)&a->u.v6, a->family == AF_INET6 ? sizeof a->u.v6 : 0 };
}

/* An alias may be its name, too: it is found once. */
static void add_key(struct endpoint_slot *s, enum endpoint_key kind, struct sv key)
{
	uint32_t hash = hash_key(kind, key);

	for (size_t i = 0; i < s->link_count; i++)
		if (is_key(&s->links[i], kind, hash, key))
			return;
	if (key.n)
		s->links[s->link_count++] =
			(struct endpoint_link){ .slot = s, .key = key, .hash = hash, .kind = kind };
}

static int add_keys(struct endpoint_slot *s, struct err *e)
{
	struct sv container = sv_from(s->ep.container);

	s->links = arena_array(&s->memory, s->ep.alias_count + 6, sizeof *s->links);
	if (!s->links)
		return err_oom(e);
	add_key(s, ENDPOINT_FILE, sv_from(s->file));
	add_key(s, ENDPOINT_CONTAINER, container);
	add_key(s, ENDPOINT_NAME, (struct sv){ container.p, container.n < ID_SHORT ? container.n : ID_SHORT });
	add_key(s, ENDPOINT_NAME, sv_from(s->ep.name));
	for (size_t i = 0; i < s->ep.alias_count; i++)
		add_key(s, ENDPOINT_NAME, sv_from(s->ep.aliases[i]));
	add_key(s, ENDPOINT_ADDRESS, endpoint_address_key(&s->ep.ipv4));
	add_key(s, ENDPOINT_ADDRESS, endpoint_address_key(&s->ep.ipv6));
	return 0;
}

/* About one key to a bucket. */
static int make_buckets(struct endpoints *all, size_t keys, struct err *e)
{
	size_t count = all->bucket_count ? all->bucket_count : BUCKETS_FIRST;
	struct endpoint_link **buckets;

	while (count < keys)
		count *= 2;
	if (count == all->bucket_count)
		return 0;
	buckets = calloc(count, sizeof(struct endpoint_link *));
	if (!buckets)
		return err_oom(e);
	free(all->buckets);
	all->buckets = buckets;
	all->bucket_count = count;
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->v[i]->link_count; k++)
			link_in(all, &all->v[i]->links[k]);
	return 0;
}

static void unlink_slot(struct endpoints *all, struct endpoint_slot *s)
{
	for (size_t i = 0; i < s->link_count; i++) {
		struct endpoint_link **l = bucket_of(all, s->links[i].hash);

		while (*l != &s->links[i])
			l = &(*l)->next;
		*l = (*l)->next;
	}
	all->link_count -= s->link_count;
}

/* ---- slots -------------------------------------------------------------------------------------------------------- */

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

int endpoints_put(struct endpoints *all, struct endpoint_slot *s, struct err *e)
{
	int r = make_room(all, e);

	if (r == 0)
		r = add_keys(s, e);
	if (r == 0)
		r = make_buckets(all, all->link_count + s->link_count, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->link_count; i++)
		link_in(all, &s->links[i]);
	all->link_count += s->link_count;
	s->at = all->n;
	all->v[all->n++] = s;
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

static void forget(struct endpoints *all, struct endpoint_slot *s)
{
	if (!s)
		return;
	unlink_slot(all, s);
	all->v[s->at] = all->v[--all->n];
	all->v[s->at]->at = s->at;
	slot_free(s);
}

static struct endpoint_slot *slot_of(const struct endpoints *all, const char *file)
{
	struct endpoint_search s = endpoints_find(all, ENDPOINT_FILE, sv_from(file));

	return next_slot(&s);
}

int endpoints_reread(struct endpoints *all, int dir, const char *file, struct endpoint_slot **ret, struct err *e)
{
	struct endpoint_slot *s = NULL;
	int r = slot_read(dir, file, &s, e);

	forget(all, slot_of(all, file));
	*ret = NULL;
	if (r == 0)
		r = endpoints_put(all, s, e);
	if (r < 0) {
		slot_free(s);
		return r == -ENOENT ? 0 : r;
	}
	*ret = s;
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

void endpoints_done(struct endpoints *all)
{
	while (all->n)
		forget(all, all->v[all->n - 1]);
	free(all->v);
	free(all->buckets);
	*all = (struct endpoints){ 0 };
}
