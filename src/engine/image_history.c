/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_history.h"

#include "base/scope.h"
#include "oci/image_spec.h"
#include "oci/list.h"

struct sizes {
	int64_t *v; /* lowest layer first */
	size_t n;
};

static int read_sizes(struct db *db, const char *id, struct arena *a, struct sizes *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct sizes list = { 0 };
	int r = db_query(
		db,
		"SELECT l.size FROM image_layers il JOIN layers l ON l.number = il.layer WHERE il.image_id = ?1"
		" ORDER BY il.position",
		DB_ARGS(db_text(id)), &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		int64_t *size = LIST_ADD(a, &list);

		r = size ? 0 : err_oom(e);
		if (size)
			*size = db_col_int(&rows, 0);
	}
	if (r == 0)
		*ret = list;
	return r;
}

/* The layers that the history does not speak of belong to steps without a word. */
static int join(const struct image_full_config *d, const struct sizes *sizes, struct arena *a, struct image_steps *ret,
		struct err *e)
{
	size_t n = d->history.n + sizes->n, used = 0, layer = 0;
	struct image_step *steps = arena_array(a, n + 1, sizeof *steps), swap;

	if (!steps)
		return err_oom(e);
	for (size_t i = 0; i < d->history.n; i++) {
		const struct image_history_row *row = &d->history.v[i];
		bool has_layer = !row->empty_layer && layer < sizes->n;

		steps[used++] = (struct image_step){ row->created, row->created_by, row->comment,
						     has_layer ? sizes->v[layer] : 0, has_layer };
		layer += has_layer;
	}
	for (; layer < sizes->n; layer++)
		steps[used++] = (struct image_step){ NULL, NULL, NULL, sizes->v[layer], true };
	for (size_t i = 0; i < used / 2; i++) {
		swap = steps[i];
		steps[i] = steps[used - 1 - i];
		steps[used - 1 - i] = swap;
	}
	*ret = (struct image_steps){ steps, used };
	return 0;
}

int image_history(struct db *db, const struct image_row *image, struct arena *a, struct image_steps *ret, struct err *e)
{
	struct image_full_config d;
	struct sizes sizes = { 0 };
	int r = image_full_config_parse(image->config, a, &d, e);

	if (r < 0)
		return err_wrap(e, r, "image %.12s", image->id);
	r = read_sizes(db, image->id, a, &sizes, e);
	return r == 0 ? join(&d, &sizes, a, ret, e) : r;
}
