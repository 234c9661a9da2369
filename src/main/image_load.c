/* SPDX-License-Identifier: Apache-2.0 */
/* image_load.c - tare-image load and load-embedded. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/image_remove.h"
#include "image/load.h"
#include "main/image_session.h"
#include "oci/reference.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define EMBEDDED_NAME "busybox"

extern const unsigned char embedded_image[];
extern const uint64_t embedded_image_size;

/* ---- what is told -------------------------------------------------------------------------------------------- */

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

		r = image_load(l, which, name, &s->store, &arena, &img, e);
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

static int load_all(struct session *s, struct layout *l, const char *name, bool silent, struct err *e)
{
	int r = load_images(s, l, name, silent, e);

	progress_clear(&s->progress);
	if (r < 0)
		session_failed(s);
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

bool image_is_embedded(const char *name)
{
	struct reference ref;

	if (reference_parse(sv_from(name), &ref, NULL) < 0)
		return false;
	reference_default_tag(&ref);
	return strcmp(ref.domain, REFERENCE_DOCKER_HUB) == 0 && strcmp(ref.path, "library/" EMBEDDED_NAME) == 0 &&
	       strcmp(ref.tag, "latest") == 0 && !ref.digest.hex[0];
}

int image_load_embedded(struct session *s, int argc, char **argv, struct err *e)
{
	struct memory m = { embedded_image, embedded_image_size };
	scoped_layout l = NULL;
	int r;

	if (argc != 2)
		return err_set(e, EINVAL, "usage: tare-image load-embedded NAME");
	if (!image_is_embedded(argv[1])) {
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

int image_load_path(struct session *s, int argc, char **argv, struct err *e)
{
	bool quiet = argc > 1 && strcmp(argv[1], "--quiet") == 0;
	char **operands = argv + 1 + quiet;
	int n = argc - 1 - quiet, r;
	scoped_fd fd = -1;
	scoped_layout l = NULL;

	if (n < 1 || n > 2)
		return err_set(e, EINVAL, "usage: tare-image load [--quiet] PATH|- [NAME]");
	s->progress = progress_new(STDOUT_FILENO, quiet);
	session_show_layers(s);
	fd = strcmp(operands[0], "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
					     open(operands[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "load %s", operands[0]);
	r = open_layout(s, fd, &l, e);
	if (r == 0)
		r = load_all(s, l, n > 1 ? operands[1] : NULL, false, e);
	return r < 0 ? err_wrap(e, r, "load %s", operands[0]) : 0;
}
