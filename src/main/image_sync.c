/* SPDX-License-Identifier: Apache-2.0 */
/* image_sync.c - layers get to the disk behind everybody's back; tare-image restore: those of which that is not known when the
 * machine goes down are unpacked again. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/assemble.h"
#include "main/image_session.h"
#include "storage/content.h"
#include "storage/layers.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

/* ---- sync ---------------------------------------------------------------------------------------------------- */

/* The program that is started for it gets descriptors and no path: the folder may be moved meanwhile. They are in the places
 * of its standard streams, which it has no use for. */
#define DISCARD "discard" /* blobs, when all is on the disk */
enum handed { HANDED_ROOT, HANDED_LAYERS, HANDED_READY, HANDED };

/* A push or a save in which they are is not disturbed: whoever looks next takes them. */
static int discard_blobs(struct db *db, int root, struct err *e)
{
	scoped_fd content = -1;
	bool any = false;
	int r = images_forget_blobs(db, &any, e);

	if (r < 0 || !any)
		return r;
	r = content_open(root, &content, e);
	return r == 0 ? content_sweep(content, images_knows_blob, db, e) : r;
}

/* A layer that is removed and unpacked again while the disk is busy may get the same number: as long as the tree is open no other
 * one has its inode. */
struct tree {
	unsigned number;
	int fd; /* -1: removed already, or there are no more descriptors; then it is the next sync's */
};

static struct tree *open_trees(const struct image_numbers *numbers, struct arena *a)
{
	struct tree *v = arena_array(a, numbers->n + 1, sizeof *v);

	for (size_t i = 0; v && i < numbers->n; i++) {
		v[i] = (struct tree){ numbers->v[i], -1 };
		(void)layer_open(HANDED_LAYERS, v[i].number, &v[i].fd, NULL);
	}
	return v;
}

static void close_trees(const struct tree *trees, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (trees[i].fd >= 0)
			close(trees[i].fd);
}

static int mark_synced(struct db *db, const char *boot, const struct tree *t, struct err *e)
{
	char name[LAYER_NAME_SIZE];
	int r = db_begin(db, e);

	if (r < 0)
		return r;
	(void)snprintf(name, sizeof name, "%u", t->number);
	if (io_is_still_at(HANDED_LAYERS, name, t->fd))
		r = images_synced(db, boot, t->number, e);
	return db_end(db, r, e);
}

static int sync_now(const char *boot, bool discard, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct image_numbers numbers = { 0 };
	struct tree *trees = NULL;
	struct db *db = NULL;
	int r = db_open("/proc/self/fd/0", &db, e);

	if (r == 0)
		r = images_unsynced(db, boot, &a, &numbers, e);
	if (r == 0) {
		trees = open_trees(&numbers, &a);
		r = trees ? 0 : err_oom(e);
	}
	(void)close(HANDED_READY); /* from here on it needs no path any more */
	if (r == 0 && numbers.n && syncfs(HANDED_LAYERS) < 0)
		r = err_sys(e, "sync layers");
	for (size_t i = 0; r == 0 && i < numbers.n; i++)
		r = mark_synced(db, boot, &trees[i], e);
	if (trees)
		close_trees(trees, numbers.n);
	if (r == 0 && discard)
		r = discard_blobs(db, HANDED_ROOT, e);
	db_close(db);
	return r;
}

int image_sync_main(int argc, char **argv)
{
	if (argc != 4)
		return 1;
	(void)setpriority(PRIO_PROCESS, 0, 10);
	return sync_now(argv[2], strcmp(argv[3], DISCARD) == 0, NULL) < 0;
}

/* Nobody waits for its end: no pipe and no terminal of the caller's is open in it. */
static void become_sync(const struct session *s, int ready)
{
	const int own[HANDED] = { s->engine.root, s->store.layers, ready };
	char *argv[] = { "tare-image", IMAGE_SYNC, (char *)s->engine.boot_id,
			 s->settings.discard_blobs ? DISCARD : "keep", NULL };
	int high[HANDED];

	(void)setsid();
	for (int i = 0; i < HANDED; i++) {
		high[i] = fcntl(own[i], F_DUPFD_CLOEXEC, HANDED);
		if (high[i] < 0)
			_exit(1);
	}
	for (int i = 0; i < HANDED; i++)
		if (dup2(high[i], i) < 0)
			_exit(1);
	(void)execv("/proc/self/exe", argv);
	_exit(1);
}

void image_sync_later(struct session *s)
{
	bool any = false;
	int pair[2];
	pid_t pid;
	char one;

	if (images_mark_lost(s->db, s->engine.boot_id, &any, NULL) < 0)
		return;
	content_release(s->store.content); /* nothing more is added */
	if (!any && s->settings.discard_blobs)
		(void)discard_blobs(s->db, s->engine.root, NULL);
	if (!any || pipe2(pair, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		become_sync(s, pair[1]);
	close(pair[1]);
	if (pid > 0)
		(void)!read(pair[0], &one, 1);
	close(pair[0]);
}

/* ---- restore ------------------------------------------------------------------------------------------------- */

/* From its own blobs, each of which is checked. */
static int restore_here(struct session *s, const struct image_row *row, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct image_loaded img;
	struct digest manifest;
	int r;

	if (!row->manifest)
		return err_set(e, ENOENT, "it has no manifest");
	(void)snprintf(manifest.hex, sizeof manifest.hex, "%s", row->manifest);
	r = image_load_stored(&manifest, &s->store, &a, &img, e);
	if (r < 0)
		return r;
	if (row->digest && strcmp(row->digest, row->manifest) != 0)
		(void)snprintf(img.index.hex, sizeof img.index.hex, "%s", row->digest);
	r = images_record(s->db, &img, NULL, e);
	image_loaded_done(&img);
	return r;
}

static int restore_by_name(struct session *s, const struct image_row *row, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct oci_strings names = { 0 };
	int r = images_refs(s->db, row->id, &a, &names, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		char *words[] = { "provide", "--quiet", (char *)names.v[i], NULL };

		r = image_provide(s, 3, words, e);
		if (r == 0)
			return 0;
	}
	return r < 0 ? r : -ENOENT;
}

int image_restore(struct session *s, int argc, char **argv, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct err here = { 0 };
	struct image_row row;
	int r;

	if (argc != 2)
		return err_set(e, EINVAL, "usage: tare-image restore ID");
	r = images_get(s->db, argv[1], &a, &row, e);
	if (r < 0)
		return r;
	for (int i = 0; i < LOAD_ATTEMPTS; i++) {
		r = restore_here(s, &row, &here);
		if (r != -ESTALE)
			break;
	}
	if (r == 0)
		return 0;
	r = restore_by_name(s, &row, e);
	return r < 0 ? err_set(e, -r,
			       "a layer may be damaged since the machine went down, and cannot be unpacked again: %s",
			       here.msg) :
		       0;
}
