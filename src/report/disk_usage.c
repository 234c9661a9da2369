/* SPDX-License-Identifier: Apache-2.0 */
#include "report/disk_usage.h"

#include "base/dir_names.h"
#include "base/id.h"
#include "base/scope.h"
#include "engine/images.h"
#include "engine/lock.h"
#include "engine/recover.h"
#include "records/volume_rows.h"
#include "oci/list.h"
#include "storage/content.h"
#include "storage/init_layer.h"
#include "storage/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#define LOG_MARK "-json.log"

struct look {
	struct engine *en;
	struct db *db;
	struct arena *a;
	struct usage_counter *counter;
	struct disk_usage *ret;
};

static int add(struct look *l, enum disk_part part, const char *name, bool active, const struct usage *used,
	       struct err *e)
{
	struct usage *sum = &l->ret->parts[part];
	struct disk_item *item = LIST_ADD(l->a, l->ret);

	if (!item)
		return err_oom(e);
	*item = (struct disk_item){ part, arena_str(l->a, name), active, *used };
	sum->bytes += used->bytes;
	sum->disk += used->disk;
	sum->files += used->files;
	return item->name ? 0 : err_oom(e);
}

/* dir/name with all below it. */
static int add_tree(struct look *l, int dir, const char *name, enum disk_part part, const char *shown, bool active,
		    struct err *e)
{
	struct usage used = { 0 };
	int r = usage_add(l->counter, dir, name, &used, e);

	return r < 0 ? r : add(l, part, shown, active, &used, e);
}

static int add_orphan(struct look *l, int dir, const char *name, const char *folder, struct err *e)
{
	const char *shown = arena_fmt(l->a, "%s%s", folder, name);

	return shown ? add_tree(l, dir, name, DISK_ORPHAN, shown, false, e) : err_oom(e);
}

static int add_folder(struct look *l, int dir, const char *name, struct err *e)
{
	struct usage used = { 0 };
	int r = usage_add_self(l->counter, dir, name, &used, e);

	return r < 0 ? r : add(l, DISK_OTHER, name, true, &used, e);
}

/* Somebody works on it, who would hold its flock(2). */
static bool is_held(int dir, const char *name)
{
	scoped_fd fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* The one number that a query gives; 0 when it gives none. */
static int ask(struct look *l, const char *sql, const char *text, int64_t *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(l->db, sql, DB_ARGS(db_text(text)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r >= 0)
		*ret = r == 1 ? db_col_int(&rows, 0) : 0;
	return r < 0 ? r : 0;
}

/* each - fn for every name in dir/path, and the folder itself. */
typedef int name_fn(struct look *l, int dir, const char *name, struct err *e);

static int each(struct look *l, int above, const char *path, name_fn *fn, struct err *e)
{
	scoped_fd dir = openat(above, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	scoped_dir_names names = { NULL, 0 };
	int r;

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", path);
	r = add_folder(l, above, path, e);
	if (r == 0)
		r = dir_names_read(dir, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = fn(l, dir, names.v[i], e);
	return r;
}

/* ---- layers -------------------------------------------------------------------------------------------------- */

static int look_at_layer(struct look *l, int dir, const char *name, struct err *e)
{
	int64_t images = 0, known = 0, used = 0;
	int r;

	if (strcmp(name, "lock") == 0 || strcmp(name, INIT_LAYER) == 0)
		return add_tree(l, dir, name, DISK_OTHER, name, true, e);
	r = ask(l, "SELECT count(*) FROM image_layers WHERE layer = CAST(?1 AS INTEGER)", name, &images, e);
	if (r == 0)
		r = ask(l, "SELECT count(*) FROM layers WHERE CAST(number AS TEXT) = ?1", name, &known, e);
	if (r == 0)
		r = ask(l,
			"SELECT count(*) FROM image_layers il JOIN containers c ON c.image_id = il.image_id"
			" WHERE il.layer = CAST(?1 AS INTEGER)",
			name, &used, e);
	if (r < 0)
		return r;
	if (known)
		return add_tree(l, dir, name, images > 1 ? DISK_SHARED : DISK_LAYER, name, used > 0, e);
	return is_held(dir, name) ? add_tree(l, dir, name, DISK_OTHER, name, true, e) :
				    add_orphan(l, dir, name, "layers/", e);
}

/* ---- blobs --------------------------------------------------------------------------------------------------- */

static int look_at_blob(struct look *l, int dir, const char *name, struct err *e)
{
	int64_t used = 0;
	struct digest d;
	int r = 0, known = 0;

	if (strlen(name) == DIGEST_HEX) {
		(void)snprintf(d.hex, sizeof d.hex, "%s", name);
		known = images_knows_blob(l->db, &d, e);
		r = known < 0 ? known : 0;
	}
	if (r == 0)
		r = ask(l,
			"SELECT count(*) FROM image_blobs b JOIN containers c ON c.image_id = b.image_id WHERE b.digest = ?1",
			name, &used, e);
	if (r < 0)
		return r;
	return known ? add_tree(l, dir, name, DISK_BLOB, name, used > 0, e) :
		       add_orphan(l, dir, name, "content/blobs/sha256/", e);
}

static int look_at_new_blob(struct look *l, int dir, const char *name, struct err *e)
{
	return add_tree(l, dir, name, DISK_BLOB, name, false, e);
}

/* While somebody loads, blobs are there that no row tells of yet. */
static int look_at_blobs(struct look *l, int content, const char *name, struct err *e)
{
	scoped_fd folder = openat(content, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool loading = is_held(content, ".");
	int r = add_folder(l, content, name, e);

	if (r < 0 || folder < 0)
		return r;
	return each(l, folder, "sha256", loading ? look_at_new_blob : look_at_blob, e);
}

static int look_at_content(struct look *l, int dir, const char *name, struct err *e)
{
	if (strcmp(name, "blobs") == 0)
		return look_at_blobs(l, dir, name, e);
	if (strcmp(name, "partial") == 0)
		return add_tree(l, dir, name, DISK_BLOB, name, false, e);
	if (strncmp(name, CONTENT_NEW, strlen(CONTENT_NEW)) == 0 && !is_held(dir, name))
		return add_orphan(l, dir, name, "content/", e);
	return add_tree(l, dir, name, DISK_OTHER, name, true, e);
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

static int count_container(struct look *l, int dir, const char *id, struct err *e)
{
	bool active = container_monitor_is_alive(l->en, id);
	scoped_fd folder = openat(dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	scoped_dir_names names = { NULL, 0 };
	struct usage own = { 0 }, log = { 0 };
	int r = folder < 0 ? 0 : usage_add_self(l->counter, dir, id, &own, e);

	if (r == 0 && folder >= 0)
		r = dir_names_read(folder, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = usage_add(l->counter, folder, names.v[i], strstr(names.v[i], LOG_MARK) ? &log : &own, e);
	if (r == 0)
		r = add(l, DISK_CONTAINER, id, active, &own, e);
	return r == 0 && log.files ? add(l, DISK_LOG, id, active, &log, e) : r;
}

static bool is_locked(int dir, const char *id)
{
	scoped_fd folder = openat(dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return folder >= 0 && lock_is_held(folder);
}

static int look_at_container(struct look *l, int dir, const char *name, struct err *e)
{
	int64_t known = 0;
	int r = ask(l, "SELECT count(*) FROM containers WHERE id = ?1", name, &known, e);

	if (r < 0)
		return r;
	if (known)
		return count_container(l, dir, name, e);
	return is_locked(dir, name) ? add_tree(l, dir, name, DISK_OTHER, name, true, e) :
				      add_orphan(l, dir, name, "containers/", e);
}

/* ---- volumes ------------------------------------------------------------------------------------------------- */

static int look_at_volume(struct look *l, int dir, const char *name, struct err *e)
{
	int64_t known = 0, used = 0;
	int r = ask(l, "SELECT count(*) FROM volumes WHERE name = ?1", name, &known, e);

	if (r == 0)
		r = ask(l, "SELECT count(*) FROM container_volumes WHERE volume = ?1", name, &used, e);
	if (r < 0)
		return r;
	if (known)
		return add_tree(l, dir, name, DISK_VOLUME, name, used > 0, e);
	return is_held(dir, name) ? add_tree(l, dir, name, DISK_OTHER, name, true, e) :
				    add_orphan(l, dir, name, "volumes/", e);
}

/* ---- all ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	name_fn *fn;
} folders[] = {
	{ "containers", look_at_container },
	{ "content", look_at_content },
	{ "layers", look_at_layer },
	{ "volumes", look_at_volume },
};

static int look_at_root(struct look *l, int dir, const char *name, struct err *e)
{
	bool database = strncmp(name, "tare.db", 7) == 0;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (strcmp(name, folders[i].name) == 0)
			return each(l, dir, name, folders[i].fn, e);
	return add_tree(l, dir, name, database ? DISK_DATABASE : DISK_OTHER, name, true, e);
}

int disk_usage_read(struct engine *en, struct arena *a, struct disk_usage *ret, struct err *e)
{
	scoped_usage_counter counter = NULL;
	struct disk_usage all = { .n = 0 };
	struct look l = { .en = en, .a = a, .ret = &all };
	int r = engine_db(en, &l.db, e);

	if (r == 0)
		r = usage_counter_new(&counter, e);
	l.counter = counter;
	if (r == 0)
		r = each(&l, en->root, ".", look_at_root, e);
	if (r == 0)
		*ret = all;
	return r;
}
