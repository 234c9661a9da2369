/* SPDX-License-Identifier: Apache-2.0 */
/* endpoints.h - all records of a state folder, in memory, and found by what is asked for: a query for a name costs the same
 * with one container as with a thousand. */
#pragma once

#include "network/record.h"

/* What one is found by. A name is the container's name, one of its aliases, or its short id, in any case of letters. */
enum endpoint_key { ENDPOINT_FILE, ENDPOINT_CONTAINER, ENDPOINT_NAME, ENDPOINT_ADDRESS };

struct endpoint_link {
	struct endpoint_link *next; /* in its bucket */
	struct endpoint_slot *slot;
	struct sv key;
	uint32_t hash;
	enum endpoint_key kind;
};

struct endpoint_slot {
	char file[ENDPOINT_NAME_MAX];
	struct arena memory;
	struct endpoint ep;
	size_t at; /* in endpoints.v */
	struct endpoint_link *links;
	size_t link_count;
};

struct endpoints {
	struct endpoint_slot **v; /* a slot stays where it is until its record changes */
	size_t n, room;
	struct endpoint_link **buckets; /* a power of two of them */
	size_t bucket_count, link_count;
};

/* Those that have one key, until a record changes. */
struct endpoint_search {
	const struct endpoint_link *next;
	struct sv key;
	uint32_t hash;
	enum endpoint_key kind;
};

/* endpoints_load - all that are there. One that cannot be read is skipped, and told to `bad` (it may be NULL). */
int endpoints_load(struct endpoints *all, int dir, void (*bad)(void *context, const struct err *why), void *context,
		   struct err *e);
/* endpoints_sweep - removes what a process that was killed had not finished writing. */
void endpoints_sweep(int dir);
/* endpoints_reread - what has become of one file: new, changed, or gone. -EINVAL: it is no record; then what was known under
 * this name is gone. -ENOSPC: LIMIT_ENDPOINTS. *ret: the slot, NULL when it is gone. */
int endpoints_reread(struct endpoints *all, int dir, const char *file, struct endpoint_slot **ret, struct err *e);
/* endpoints_put - one more, which belongs to `all` then, with its file, endpoint and memory. */
int endpoints_put(struct endpoints *all, struct endpoint_slot *s, struct err *e);
/* endpoints_find - then endpoints_next() gives one after the other, each once; NULL: no more. The key is borrowed. */
struct endpoint_search endpoints_find(const struct endpoints *all, enum endpoint_key kind, struct sv key);
const struct endpoint *endpoints_next(struct endpoint_search *s);
/* endpoint_address_key - the key of an address: a view of it; empty for none */
struct sv endpoint_address_key(const struct ip_address *a);
void endpoints_done(struct endpoints *all);
