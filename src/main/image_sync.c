/* SPDX-License-Identifier: Apache-2.0 */
/* image_sync.c - layers get to the disk behind everybody's back; tare-image restore: those of which that is not known when the
 * machine goes down are unpacked again. */
#include "base/limits.h"
#include "base/scope.h"
#include "image/assemble.h"
#include "main/image_session.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>

/* ---- sync ---------------------------------------------------------------------------------------------------- */

/* The program that is started for it gets descriptors by their numbers, and no path: the folder may be moved meanwhile. */
struct handed {
	int root, layers, ready;
	const char *boot;
};

static int sync_now(const struct handed *h, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct oci_strings chains = { 0 };
	struct db *db = NULL;
	char path[32];
	int r;

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", h->root);
	r = db_open(path, &db, e);
	if (r == 0)
		r = images_unsynced(db, h->boot, &a, &chains, e);
	close(h->ready); /* from here on it needs no path any more */
	if (r == 0 && chains.n && syncfs(h->layers) < 0)
		r = err_sys(e, "sync layers");
	for (size_t i = 0; r == 0 && i < chains.n; i++)
		r = images_synced(db, h->boot, chains.v[i], e);
	db_close(db);
	return r;
}

static bool parse_fd(const char *text, int *ret)
{
	uint64_t n;

	if (sv_u64(sv_from(text), &n) < 0 || n > INT_MAX)
		return false;
	*ret = (int)n;
	return true;
}

int image_sync_main(int argc, char **argv)
{
	struct handed h = { .boot = argc == 6 ? argv[5] : NULL };

	if (argc != 6 || !parse_fd(argv[2], &h.root) || !parse_fd(argv[3], &h.layers) || !parse_fd(argv[4], &h.ready))
		return 1;
	(void)setpriority(PRIO_PROCESS, 0, 10);
	return sync_now(&h, NULL) < 0;
}

/* Nobody waits for its end: no pipe and no terminal of the caller's is open in it. */
static void become_sync(const struct session *s, int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char numbers[3][16];
	char *argv[] = {
		"tare-image", IMAGE_SYNC, numbers[0], numbers[1], numbers[2], (char *)s->engine.boot_id, NULL
	};

	(void)setsid();
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
	(void)snprintf(numbers[0], sizeof numbers[0], "%d", fcntl(s->engine.root, F_DUPFD, 3));
	(void)snprintf(numbers[1], sizeof numbers[1], "%d", fcntl(s->store.layers, F_DUPFD, 3));
	(void)snprintf(numbers[2], sizeof numbers[2], "%d", fcntl(ready, F_DUPFD, 3));
	(void)execv("/proc/self/exe", argv);
	_exit(1);
}

void image_sync_later(struct session *s)
{
	bool any = false;
	int pair[2];
	pid_t pid;
	char one;

	if (images_mark_lost(s->db, s->engine.boot_id, &any, NULL) < 0 || !any || pipe2(pair, O_CLOEXEC) < 0)
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
