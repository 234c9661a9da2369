/* SPDX-License-Identifier: Apache-2.0 */
/* cni_priv.h - one attachment to a network of CNI, and the files that know of it: cni_cache.c. */
#pragma once

#include "base/scope.h"
#include "engine/cni.h"

#include <json-c/json.h>

#define CNI_ARENA_MAX (16u << 20)

static inline void json_scope_end(struct json_object **o)
{
	json_object_put(*o);
}

#define scoped_json SCOPED(json_scope_end) struct json_object *
#define scoped_list SCOPED(cni_list_done) struct cni_list

struct cni_attachment {
	struct engine *en;
	struct arena *a;
	const char *id, *netns;                 /* netns NULL: it is gone */
	const char *cache_dir, *bin_dir, *file; /* as they were when it was made; file: its name in the cache */
	struct cni_list list;
	struct json_object *capabilities, *result; /* result NULL: none is known */
};
void cni_attachment_done(struct cni_attachment *t);
#define scoped_attachment SCOPED(cni_attachment_done) struct cni_attachment

/* cni_field - NULL: o has none, or of another type. Borrowed. */
struct json_object *cni_field(struct json_object *o, const char *key, enum json_type type);

/* cni_results_open - the folder, made when it is not there. Returns a descriptor. */
int cni_results_open(const char *cache_dir, struct err *e);
int cni_keep(const struct cni_attachment *t, int results, struct err *e);
int cni_write_mark(const struct cni_attachment *t, struct err *e);
/* cni_read_mark - where what is kept of it is: cache_dir, bin_dir and file. -ENOENT: it is attached to nothing; -EBADMSG: it is
 * damaged */
int cni_read_mark(struct cni_attachment *t, struct err *e);
/* cni_look - all that is kept of the attachment of the container t->id. -ENOENT: it has none; -EBADMSG: it is
 * damaged */
int cni_look(struct cni_attachment *t, int *ret_results, struct err *e);
/* cni_forget - both files. cni_take_back - DEL of what is kept, then both files; t->file is known. What is damaged is said,
 * and DEL is asked as the network is configured now, if it is. */
int cni_forget(struct cni_attachment *t, int results, struct err *e);
int cni_take_back(struct cni_attachment *t, int results, struct err *e);

/* cni_call_plugin - the i-th of the list. cni_call_del - DEL of all of them, the last one first; the first error counts. */
int cni_call_plugin(const struct cni_attachment *t, size_t i, const char *command, struct json_object *previous,
		    struct buf *said, struct err *e);
int cni_call_del(const struct cni_attachment *t, struct err *e);

/* cni_find_list - among the files of cni-conf-dir. -ENOENT (cni.c) */
int cni_find_list(const struct settings *s, const char *name, struct cni_list *ret, struct err *e);

/* cni_read_config - of a container, by its id. (cni.c) */
int cni_read_config(struct engine *en, const char *id, struct arena *a, struct container_config *ret, struct err *e);
