/* SPDX-License-Identifier: Apache-2.0 */
/* What is attached, whether it is as its plugins made it, and what is left of containers that are gone. */
#include "engine/cni_priv.h"

#include "base/io.h"
#include "records/containers.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

int cni_check(struct engine *en, const char *id, const char *netns, struct err *e)
{
	scoped_arena a = ARENA(CNI_ARENA_MAX);
	scoped_attachment t = { .en = en, .a = &a, .id = id, .netns = netns };
	scoped_fd results = -1;
	int r = cni_look(&t, &results, e);

	if (r < 0 || json_object_get_boolean(cni_field(t.list.json, "disableCheck", json_type_boolean)) ||
	    strcmp(t.list.version, "0.4.0") < 0)
		return r;
	for (size_t i = 0; r == 0 && i < t.list.plugins; i++) {
		scoped_buf said = BUF(LIMIT_CNI_TEXT);

		r = cni_call_plugin(&t, i, "CHECK", t.result, &said, e);
	}
	return err_wrap(e, r, "network cni:%s", t.list.name);
}

int cni_ports(struct engine *en, const char *id, struct arena *a, struct rules_ports *ret, struct err *e)
{
	struct cni_attachment t = { .en = en, .a = a, .id = id };
	struct rules_ports list = { 0 };
	struct port_mappings wanted = { 0 };
	struct container_config c;
	int r = cni_read_mark(&t, e);

	if (r == -ENOENT || r == -EBADMSG)
		return 0;
	if (r == 0)
		r = cni_read_config(en, id, a, &c, e);
	if (r == 0)
		r = network_ports_wanted(&c, &(struct oci_strings){ 0 }, a, &wanted, e);
	for (size_t i = 0; r == 0 && i < wanted.n; i++) {
		struct rules_port *p = LIST_ADD(a, &list);

		if (!p)
			return err_oom(e);
		*p = (struct rules_port){ .container = id, .map = wanted.v[i] };
	}
	if (r == 0)
		*ret = list;
	return r;
}

int cni_result_of(struct engine *en, const char *id, struct cni_result *ret, struct err *e)
{
	scoped_arena a = ARENA(CNI_ARENA_MAX);
	scoped_attachment t = { .en = en, .a = &a, .id = id };
	scoped_fd results = -1;
	int r = cni_look(&t, &results, e);

	if (r == 0 && !t.result)
		r = err_set(e, ENOENT, "not attached yet");
	return r < 0 ? r : cni_result_parse(sv_from(json_object_to_json_string(t.result)), ret, e);
}

/* ---- what is left over --------------------------------------------------------------------------------------------------------------- */

/* Of this engine, and its container is gone. *ret_id belongs to a. */
static bool is_orphan(struct engine *en, int results, const char *file, struct arena *a, const char **ret_id)
{
	scoped_buf text = BUF(4 * LIMIT_CNI_TEXT);
	scoped_json o = NULL;
	struct json_object *root, *id;
	struct container_row row;
	struct db *db;

	if (io_read_at(results, file, &text, NULL) < 0 || cni_json(buf_sv(&text), &o, NULL) < 0)
		return false;
	root = cni_field(o, "tareRoot", json_type_string);
	id = cni_field(o, "containerId", json_type_string);
	if (!root || !id || strcmp(json_object_get_string(root), en->root_path) != 0)
		return false;
	*ret_id = arena_str(a, json_object_get_string(id));
	return *ret_id && id_is_valid(sv_from(*ret_id)) && engine_db(en, &db, NULL) == 0 &&
	       containers_find(db, sv_from(*ret_id), a, &row, NULL) == -ENOENT;
}

static int collect_one(struct engine *en, const struct settings *s, int results, const char *file, struct arena *a,
		       unsigned *n, struct err *e)
{
	scoped_attachment t = {
		.en = en, .a = a, .cache_dir = s->cni_cache_dir, .bin_dir = s->cni_bin_dir, .file = file
	};
	int r = is_orphan(en, results, file, a, &t.id) ? cni_take_back(&t, results, e) : 1;

	*n += r == 0;
	return r < 0 ? err_wrap(e, r, "%s/results/%s", s->cni_cache_dir, file) : 0;
}

int cni_collect(struct engine *en, unsigned *ret_n, struct err *e)
{
	scoped_arena a = ARENA(CNI_ARENA_MAX);
	struct settings s;
	scoped_dir d = NULL;
	struct dirent *ent;
	const char *path;
	unsigned n = 0;
	int r = settings_read(en->settings_path, &a, &s, e);

	if (r < 0)
		return r;
	path = arena_fmt(&a, "%s/results", s.cni_cache_dir);
	d = path ? opendir(path) : NULL;
	while (d && (ent = readdir(d))) {
		struct err one = { 0 };

		if (ent->d_name[0] != '.' && collect_one(en, &s, dirfd(d), ent->d_name, &a, &n, &one) < 0 && r == 0)
			r = err_set(e, one.code, "%s", one.msg);
	}
	*ret_n = n;
	return r;
}
