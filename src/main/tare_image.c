/* SPDX-License-Identifier: Apache-2.0 */
/* tare-image - brings images into the store: the way that is rarely taken, and so the only program that links libarchive,
 * libcrypto and ISA-L. `tare` starts it when an image is missing.
 *
 *     tare-image [--root DIR] [--state DIR] load-embedded NAME      NAME: busybox; silent
 *     tare-image [--root DIR] [--state DIR] load PATH|- [NAME]      OCI layout: directory, archive, standard input;
 *                                                                   what `tare load` becomes, with its name
 *
 * Exit status: 0; 1 with one line on standard error; 2 likewise, when load-embedded has no such image. */
#include "base/fault.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/engine.h"
#include "engine/images.h"
#include "image/load.h"
#include "oci/reference.h"
#include "storage/layers.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define EMBEDDED_NAME "busybox"
#define LOAD_ATTEMPTS 3
#define EXIT_NO_SUCH_IMAGE 2

extern const unsigned char embedded_image[];
extern const uint64_t embedded_image_size;

struct session {
	struct host host;
	struct engine engine;
	struct db *db;
	struct image_store store;
	int error_status;
};

/* Two loads at once: what the other found may be gone again when this one records it. Then once more. */
static int load_one(struct session *s, struct layout *l, const struct layout_image *which, const char *name,
		    struct arena *a, struct image_loaded *ret, struct err *e)
{
	int r = 0;

	for (int i = 0; i < LOAD_ATTEMPTS; i++) {
		r = image_load(l, which, name, &s->store, NULL, a, ret, e);
		if (r < 0)
			return r;
		r = images_record(s->db, ret, e);
		image_loaded_done(ret);
		if (r < 0) /* asks the database: a failed commit may have been one */
			(void)layers_sweep(s->store.layers, images_knows_layer, s->db, NULL);
		if (r != -ESTALE)
			break;
	}
	return r;
}

/* As `docker load` says it. */
static int report(const struct image_loaded *img, struct err *e)
{
	char name[REFERENCE_SIZE], line[REFERENCE_SIZE + 64];
	struct reference ref;
	int n;

	if (img->reference && reference_parse(sv_from(img->reference), &ref, e) == 0) {
		reference_default_tag(&ref);
		n = snprintf(line, sizeof line, "Loaded image: %s\n", reference_print_familiar(&ref, name));
	} else {
		n = snprintf(line, sizeof line, "Loaded image ID: sha256:%s\n", img->id.hex);
	}
	return io_write_all(STDOUT_FILENO, line, (size_t)n, e);
}

static int load_all(struct session *s, struct layout *l, const char *name, bool silent, struct err *e)
{
	const struct layout_image *images;
	size_t n;
	int r = layout_images(l, &images, &n, e);

	if (r == 0 && name && n != 1)
		r = err_set(e, EINVAL, "it holds %zu images: one name does not do", n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		scoped_arena arena = ARENA(LIMIT_ARENA_IMAGE);
		struct image_loaded img;

		r = load_one(s, l, &images[i], name, &arena, &img, e);
		if (r == 0 && !silent)
			r = report(&img, e);
	}
	return r;
}

/* ---- the two commands ---------------------------------------------------------------------------------------- */

struct memory {
	const unsigned char *at;
	uint64_t left;
};

static ssize_t read_memory(void *arg, void *to, size_t n, struct err *e)
{
	struct memory *m = arg;

	if (n > m->left)
		n = (size_t)m->left;
	memcpy(to, m->at, n);
	m->at += n;
	m->left -= n;
	return (ssize_t)n;
}

static bool is_embedded(const char *name)
{
	struct reference ref;

	if (reference_parse(sv_from(name), &ref, NULL) < 0)
		return false;
	reference_default_tag(&ref);
	return strcmp(ref.domain, REFERENCE_DOCKER_HUB) == 0 && strcmp(ref.path, "library/" EMBEDDED_NAME) == 0 &&
	       strcmp(ref.tag, "latest") == 0 && !ref.digest.hex[0];
}

static int load_embedded(struct session *s, int argc, char **argv, struct err *e)
{
	struct memory m = { embedded_image, embedded_image_size };
	scoped_layout l = NULL;
	int r;

	if (argc != 2)
		return err_set(e, EINVAL, "usage: tare-image load-embedded NAME");
	if (!is_embedded(argv[1])) {
		s->error_status = EXIT_NO_SUCH_IMAGE;
		return err_set(e, ENOENT, "%s: not an embedded image; the one there is: " EMBEDDED_NAME, argv[1]);
	}
	r = layout_open_archive((struct byte_source){ read_memory, &m }, s->store.content, &l, e);
	if (r == 0)
		r = load_all(s, l, argv[1], true, e);
	return r < 0 ? err_wrap(e, r, "load %s", argv[1]) : 0;
}

static int load_path(struct session *s, int argc, char **argv, struct err *e)
{
	const char *path = argc > 1 ? argv[1] : NULL;
	scoped_fd fd = -1;
	scoped_layout l = NULL;
	struct stat st;
	int r;

	if (argc < 2 || argc > 3)
		return err_set(e, EINVAL, "usage: tare-image load PATH|- [NAME]");
	fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "load %s", path);
	if (S_ISDIR(st.st_mode))
		r = layout_open_dir(fd, s->store.content, &l, e);
	else
		r = layout_open_archive(byte_source_fd(&fd), s->store.content, &l, e);
	if (r == 0)
		r = load_all(s, l, argc > 2 ? argv[2] : NULL, false, e);
	return r < 0 ? err_wrap(e, r, "load %s", path) : 0;
}

/* ---- main ---------------------------------------------------------------------------------------------------- */

static const struct command {
	const char *name;
	int (*run)(struct session *s, int argc, char **argv, struct err *e);
} commands[] = {
	{ "load", load_path },
	{ "load-embedded", load_embedded },
};

struct options {
	const char *root, *state;
	int used; /* arguments */
};

static int options_parse(int argc, char **argv, struct options *o, struct err *e)
{
	for (o->used = 1; o->used < argc && strncmp(argv[o->used], "--", 2) == 0; o->used += 2) {
		const char *name = argv[o->used];
		const char **to = strcmp(name, "--root") == 0  ? &o->root :
				  strcmp(name, "--state") == 0 ? &o->state :
								 NULL;

		if (!to)
			return err_set(e, EINVAL, "unknown option %s", name);
		if (o->used + 1 == argc)
			return err_set(e, EINVAL, "%s needs a directory", name);
		*to = argv[o->used + 1];
	}
	return 0;
}

static int session_open(struct session *s, const struct options *o, struct err *e)
{
	int r = host_open(&s->host, "/", e);

	if (r == 0)
		r = engine_open(&s->engine, &s->host, o->root, o->state, e);
	if (r == 0) {
		s->engine.patient = true;
		r = engine_db(&s->engine, &s->db, e);
	}
	if (r == 0)
		r = content_open(s->engine.root, &s->store.content, e);
	if (r == 0)
		r = layers_open(s->engine.root, &s->store.layers, e);
	s->store.find_layer = images_find_layer;
	s->store.arg = s->db;
	return r;
}

/* What crashes left is removed before anything new is made: a full disk may be full of it. */
static int sweep(struct session *s, struct err *e)
{
	int r = content_sweep(s->store.content, e);

	return r == 0 ? layers_sweep(s->store.layers, images_knows_layer, s->db, e) : r;
}

static int run(struct session *s, int argc, char **argv, struct err *e)
{
	struct options o = { 0 };
	int r = options_parse(argc, argv, &o, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(commands); i++) {
		if (o.used == argc || strcmp(argv[o.used], commands[i].name) != 0)
			continue;
		r = session_open(s, &o, e);
		if (r == 0)
			r = sweep(s, e);
		return r < 0 ? r : commands[i].run(s, argc - o.used, argv + o.used, e);
	}
	return r < 0 ? r : err_set(e, EINVAL, "usage: tare-image [--root DIR] [--state DIR] load|load-embedded …");
}

int main(int argc, char **argv)
{
	struct session s = { .store = { .content = -1, .layers = -1 }, .error_status = 1 };
	struct err e = { 0 };

	fault_role("image");
	log_setup(argc > 0 && strcmp(argv[0], "tare") == 0 ? "tare" : "tare-image", LOG_LEVEL_WARNING);
	if (run(&s, argc, argv, &e) == 0)
		return 0;
	log_error("%s", e.msg);
	return s.error_status;
}
