/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pack.h"

#include "base/scope.h"
#include "image/entry_name.h"
#include "image/layer_blob.h"
#include "image/tar_write.h"
#include "image/walk.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct packing {
	const struct pack_options *o;
	struct tar_writer *w;
	bool any;
	int64_t bytes;
};

static int put_mark(struct packing *p, const struct tree_entry *entry, bool opaque, struct err *e)
{
	const char *slash = strrchr(entry->name, '/');
	size_t parent = slash ? (size_t)(slash + 1 - entry->name) : 0;
	char name[ENTRY_NAME_SIZE + sizeof WHITEOUT_OPAQUE];

	if (opaque)
		(void)snprintf(name, sizeof name, "%s/" WHITEOUT_OPAQUE, entry->name);
	else
		(void)snprintf(name, sizeof name, "%.*s" WHITEOUT_PREFIX "%s", (int)parent, entry->name,
			       entry->name + parent);
	return tar_write_name(p->w, name, &(struct tree_meta){ .mode = 0600, .mtime = entry->meta.mtime }, e);
}

/* The name of a whiteout of a name that itself begins so could not be told. */
static int put_entry(void *arg, const struct tree_entry *entry, struct err *e)
{
	struct packing *p = arg;
	int r;

	if (!entry->name[0])
		return p->o->top ? tar_write(p->w, entry, e) : 0;
	p->any = true;
	if (S_ISCHR(entry->type) && entry->rdev == makedev(0, 0))
		return put_mark(p, entry, false, e);
	r = tar_write(p->w, entry, e);
	p->bytes += entry->size;
	if (r == 0 && p->o->told)
		p->o->told(p->o->arg, p->bytes);
	return r == 0 && entry->opaque ? put_mark(p, entry, true, e) : r;
}

int pack_upper(struct staging *s, const struct pack_options *o, struct digest *ret_diff_id, struct staged *ret,
	       bool *ret_any, struct err *e)
{
	const struct walk_options from = { .start = o->upper, .name = "", .upper = true };
	scoped_layer_blob blob = NULL;
	scoped_tar_writer w = NULL;
	struct packing p = { .o = o };
	int r = layer_blob_begin(s, &blob, e);

	if (r == 0)
		r = tar_writer_open(layer_blob_add, blob, &w, e);
	p.w = w;
	if (r == 0)
		r = walk_tree(&from, put_entry, &p, e);
	if (r == 0)
		r = tar_writer_finish(w, e);
	if (r == 0)
		r = layer_blob_end(blob, ret_diff_id, ret, e);
	if (r == 0)
		*ret_any = p.any;
	return r;
}
