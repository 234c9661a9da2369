/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of the host that a container's user namespace gets: looked up, and taken with its row. */
#include "engine/create_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/recover.h"
#include "records/userns_rows.h"

#include <errno.h>
#include <string.h>

/* An absolute path below the root of the host. */
static int read_ranges(struct creation *cr, const char *path, struct id_ranges *ret, struct err *e)
{
	const struct host *host = cr->en ? cr->en->host : cr->host;
	scoped_buf text = BUF(LIMIT_SUBID);
	struct err missing = { 0 };
	int r = io_read_at(host->root, path + strspn(path, "/"), &text, &missing);

	if (r < 0 && r != -ENOENT) {
		if (e)
			*e = missing;
		return r;
	}
	return subid_parse(buf_sv(&text), path, USERNS_USER, cr->a, ret, e);
}

static int refused(const struct creation *cr, int rc, struct err *e)
{
	return rc < 0 ? err_wrap(e, rc, "--userns %.60s", cr->config->userns_mode) : 0;
}

/* What the user and the groups of the process are must be there. */
static int check_user(const struct creation *cr, struct err *e)
{
	const struct spec_inputs *in = &cr->inputs;

	if (id_map_outside(&cr->userns_ids.uids, (uint32_t)in->uid) == ID_NONE)
		return err_set(e, EINVAL, "the user's uid %lld is not mapped in its user namespace",
			       (long long)in->uid);
	if (id_map_outside(&cr->userns_ids.gids, (uint32_t)in->gid) == ID_NONE)
		return err_set(e, EINVAL, "the user's gid %lld is not mapped in its user namespace",
			       (long long)in->gid);
	for (size_t i = 0; i < in->groups.n; i++)
		if (id_map_outside(&cr->userns_ids.gids, (uint32_t)in->groups.v[i]) == ID_NONE)
			return err_set(e, EINVAL, "the user's group %lld is not mapped in its user namespace",
				       (long long)in->groups.v[i]);
	return 0;
}

/* A chain of containers that share one ends at whoever has got the ids. */
#define CHAIN_MAX 16

static int find_shared(struct creation *cr, struct db *db, struct err *e)
{
	struct userns_mode m = cr->userns;
	struct container_config other;
	struct container_row row;
	int r = db ? 0 : err_set(e, EINVAL, "another container needs the data root; a plan for --rootfs has none");

	for (int i = 0; r == 0 && m.kind == USERNS_CONTAINER && i < CHAIN_MAX; i++) {
		r = container_find(cr->en, sv_from(m.container), cr->a, &row, e);
		if (r == 0)
			r = config_parse(sv_from(row.config), cr->a, &other, e);
		if (r == 0)
			r = userns_mode_parse(other.userns_mode, cr->a, &m, e);
	}
	if (r == 0 && (m.kind == USERNS_HOST || m.kind == USERNS_CONTAINER))
		return err_set(e, EINVAL, "container %.12s has no user namespace of its own", row.id);
	if (r == 0)
		r = userns_find(db, row.id, &m, cr->a, &cr->userns_ids, e);
	cr->userns_allotted = m.kind == USERNS_AUTO;
	return r;
}

static int find_ids(struct creation *cr, struct err *e)
{
	struct userns_mode *m = &cr->userns;
	struct db *db = NULL;
	int r = cr->en ? engine_db(cr->en, &db, e) : 0;

	if (r == 0 && m->kind == USERNS_CONTAINER)
		return find_shared(cr, db, e);
	if (r == 0 && cr->row)
		return userns_find(db, cr->row->id, m, cr->a, &cr->userns_ids, e);
	if (r == 0 && m->kind == USERNS_AUTO && !db)
		return err_set(e, EINVAL, "needs the data root; without it only a map can be planned");
	if (r == 0 && m->kind == USERNS_AUTO)
		r = read_ranges(cr, cr->settings.subuid, &cr->subuids, e);
	if (r == 0 && m->kind == USERNS_AUTO)
		r = read_ranges(cr, cr->settings.subgid, &cr->subgids, e);
	if (r < 0)
		return r;
	cr->userns_ids = (struct userns_ids){ m->map, m->map };
	return db ? userns_choose(db, m, &cr->subuids, &cr->subgids, cr->a, &cr->userns_ids, e) : 0;
}

int create_find_userns(struct creation *cr, struct err *e)
{
	int r = userns_mode_parse(cr->config->userns_mode, cr->a, &cr->userns, e);

	if (r == 0 && cr->userns.kind != USERNS_HOST && cr->en)
		r = create_rootless_userns(cr, e);
	if (r < 0 || cr->userns.kind == USERNS_HOST)
		return refused(cr, r, e);
	r = find_ids(cr, e);
	if (r == 0)
		r = check_user(cr, e);
	if (r < 0)
		return refused(cr, r, e);
	cr->inputs.uids = &cr->userns_ids.uids;
	cr->inputs.gids = &cr->userns_ids.gids;
	cr->charter.root.idmap = true;
	return 0;
}

/* Another one may have got what was free when the specification was made. */
int create_take_userns(struct creation *cr, struct db *db, struct err *e)
{
	int r;

	if (cr->userns.kind == USERNS_HOST)
		return 0;
	if (cr->userns.kind == USERNS_CONTAINER)
		return userns_share(db, cr->id.hex, &cr->userns_ids, cr->userns_allotted, e);
	r = userns_take(db, cr->id.hex, &cr->userns, &cr->subuids, &cr->subgids, cr->a, &cr->userns_ids, e);
	if (r < 0)
		return refused(cr, r, e);
	return spec_set_id_maps(&cr->spec, &cr->userns_ids.uids, &cr->userns_ids.gids, cr->a) < 0 ? err_oom(e) : 0;
}
