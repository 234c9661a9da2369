/* SPDX-License-Identifier: Apache-2.0 */
/* tare-image - brings images into the store: the way that is rarely taken, and so the only program that links libarchive,
 * libcrypto and ISA-L. `tare` starts it when an image is missing.
 *
 *     tare-image [--root DIR] [--state DIR] load-embedded NAME      NAME: busybox; silent
 *     tare-image [--root DIR] [--state DIR] load [--quiet] PATH|- [NAME]
 *                                                                   OCI layout or archive of docker save: directory,
 *                                                                   file, standard input; what `tare load` becomes,
 *                                                                   with its name; progress on a terminal
 *
 * Exit status: 0; 1 with one line on standard error; 2 likewise, when load-embedded has no such image. */
#include "base/fault.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/progress.h"
#include "engine/engine.h"
#include "engine/image_remove.h"
#include "engine/images.h"
#include "image/load.h"
#include "oci/reference.h"
#include "storage/content.h"
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
	struct progress progress;
	int error_status;
};

/* ---- what is told -------------------------------------------------------------------------------------------- */

static void layer_progress(void *arg, const struct digest *diff_id, int64_t done, int64_t total)
{
	struct session *s = arg;
	char what[64];

	(void)snprintf(what, sizeof what, "%.12s: Loading layer", diff_id->hex);
	progress_step(&s->progress, what, done, total);
	if (done == total)
		progress_end(&s->progress);
}

static const char *familiar(const char *name, char ret[REFERENCE_SIZE])
{
	struct reference ref;

	if (reference_parse(sv_from(name), &ref, NULL) < 0)
		return name;
	reference_default_tag(&ref);
	return reference_print_familiar(&ref, ret);
}

/* As `docker load` says it. renamed: whose name it was, "" for nobody's. */
static int report(struct session *s, const struct image_loaded *img, const char *renamed, struct err *e)
{
	scoped_buf text = BUF(4 * REFERENCE_SIZE);
	char name[REFERENCE_SIZE];

	progress_clear(&s->progress);
	if (renamed[0])
		buf_putf(&text, "The image %s already exists, renaming the old one with ID sha256:%s to empty string\n",
			 familiar(img->reference, name), renamed);
	if (img->reference)
		buf_putf(&text, "Loaded image: %s\n", familiar(img->reference, name));
	else
		buf_putf(&text, "Loaded image ID: sha256:%s\n", img->id.hex);
	return io_write_all(STDOUT_FILENO, text.p, text.len, e);
}

/* ---- loading ------------------------------------------------------------------------------------------------- */

/* Two loads at once, or a removal: what was found may be gone again when it is recorded. Then once more. */
static int load_one(struct session *s, struct layout *l, const struct layout_image *which, const char *name,
		    bool silent, struct err *e)
{
	char renamed[DIGEST_HEX + 1] = "";
	int r = 0;

	for (int i = 0; i < LOAD_ATTEMPTS; i++) {
		scoped_arena arena = ARENA(LIMIT_ARENA_IMAGE);
		struct image_loaded img;

		r = image_load(l, which, name, &s->store, NULL, &arena, &img, e);
		if (r < 0)
			return r;
		r = images_record(s->db, &img, renamed, e);
		image_loaded_done(&img);
		if (r == 0 && !silent)
			r = report(s, &img, renamed, e);
		if (r != -ESTALE)
			break;
	}
	return r;
}

static int load_images(struct session *s, struct layout *l, const char *name, bool silent, struct err *e)
{
	const struct layout_image *images;
	size_t n;
	int r = layout_images(l, &images, &n, e);

	if (r == 0 && name && n != 1)
		r = err_set(e, EINVAL, "it holds %zu images: one name does not do", n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = load_one(s, l, &images[i], name, silent, e);
	return r;
}

/* On failure the database is asked what to keep: a failed commit may have been one. */
static int load_all(struct session *s, struct layout *l, const char *name, bool silent, struct err *e)
{
	int r = load_images(s, l, name, silent, e);

	progress_clear(&s->progress);
	if (r < 0) {
		content_release(s->store.content);
		(void)engine_images_sweep(&s->engine, NULL);
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

/* A pipe may bring gigabytes before there is a layer to tell of. */
struct incoming {
	struct session *s;
	int fd;
	int64_t done, total;
};

static ssize_t read_incoming(void *arg, void *to, size_t n, struct err *e)
{
	struct incoming *in = arg;
	struct byte_source file = byte_source_fd(&in->fd);
	ssize_t got = file.read(file.arg, to, n, e);

	if (got > 0) {
		in->done += got;
		progress_step(&in->s->progress, "Reading archive", in->done, in->total);
	}
	return got;
}

static int open_layout(struct session *s, int fd, struct layout **ret, struct err *e)
{
	struct incoming in = { .s = s, .fd = fd };
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	if (S_ISDIR(st.st_mode))
		return layout_open_dir(fd, s->store.content, ret, e);
	in.total = S_ISREG(st.st_mode) ? st.st_size : 0;
	r = layout_open_archive((struct byte_source){ read_incoming, &in }, s->store.content, ret, e);
	progress_clear(&s->progress);
	return r;
}

static int load_path(struct session *s, int argc, char **argv, struct err *e)
{
	bool quiet = argc > 1 && strcmp(argv[1], "--quiet") == 0;
	char **operands = argv + 1 + quiet;
	int n = argc - 1 - quiet, r;
	scoped_fd fd = -1;
	scoped_layout l = NULL;

	if (n < 1 || n > 2)
		return err_set(e, EINVAL, "usage: tare-image load [--quiet] PATH|- [NAME]");
	s->progress = progress_new(STDOUT_FILENO, quiet);
	fd = strcmp(operands[0], "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
					     open(operands[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "load %s", operands[0]);
	r = open_layout(s, fd, &l, e);
	if (r == 0)
		r = load_all(s, l, n > 1 ? operands[1] : NULL, false, e);
	return r < 0 ? err_wrap(e, r, "load %s", operands[0]) : 0;
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
	s->store.progress = layer_progress;
	s->store.progress_arg = s;
	return r;
}

static void session_close(struct session *s)
{
	if (s->store.layers >= 0)
		close(fd_take(&s->store.layers));
	if (s->store.content >= 0)
		close(fd_take(&s->store.content));
	engine_close(&s->engine);
	host_close(&s->host);
}

/* What crashes left is removed before anything new is made: a full disk may be full of it. From then on no sweep takes
 * blobs that are not recorded yet. */
static int prepare(struct session *s, struct err *e)
{
	int r = engine_images_sweep(&s->engine, e);

	return r < 0 ? r : content_hold(s->store.content, e);
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
			r = prepare(s, e);
		return r < 0 ? r : commands[i].run(s, argc - o.used, argv + o.used, e);
	}
	return r < 0 ? r : err_set(e, EINVAL, "usage: tare-image [--root DIR] [--state DIR] load|load-embedded …");
}

int main(int argc, char **argv)
{
	struct session s = { .host = { -1, -1, -1, false }, .store = { .content = -1, .layers = -1 },
			     .progress.fd = -1, .error_status = 1 };
	struct err e = { 0 };
	int r;

	fault_role("image");
	log_setup(argc > 0 && strcmp(argv[0], "tare") == 0 ? "tare" : "tare-image", LOG_LEVEL_WARNING);
	r = run(&s, argc, argv, &e);
	session_close(&s);
	if (r == 0)
		return 0;
	log_error("%s", e.msg);
	return s.error_status;
}
