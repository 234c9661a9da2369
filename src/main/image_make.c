/* SPDX-License-Identifier: Apache-2.0 */
/* image_make.c - tare-image export, import and commit: a container's files become an archive, an archive or what a
 * container changed becomes an image. */
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/container_files.h"
#include "engine/image_commit.h"
#include "engine/recover.h"
#include "engine/stop.h"
#include "image/assemble.h"
#include "image/http.h"
#include "image/inflate.h"
#include "image/layer_blob.h"
#include "image/pack.h"
#include "image/tar_write.h"
#include "image/walk.h"
#include "main/image_session.h"
#include "oci/list.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define HTTP_TIMEOUT_S 60

/* ---- arguments ----------------------------------------------------------------------------------------------- */

struct asked {
	const char *output, *platform; /* NULL: not given */
	const char *author, *message;
	bool no_pause;
	struct oci_strings changes;
	const char *operands[2]; /* NULL: fewer */
};

static int option(struct asked *o, const char *name, const char *value, struct arena *a, struct err *e)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = { { "--output", &o->output }, { "--platform", &o->platform }, { "--author", &o->author },
		      { "--message", &o->message } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].to = value;
			return 0;
		}
	if (strcmp(name, "--change") == 0)
		return strings_add(a, &o->changes, value) < 0 ? err_oom(e) : 0;
	return err_set(e, EINVAL, "unknown option %s", name);
}

static int parse(int argc, char **argv, struct arena *a, struct asked *ret, struct err *e)
{
	struct asked o = { .output = NULL };
	int i = 1, r = 0;

	for (; r == 0 && i < argc && strncmp(argv[i], "--", 2) == 0; i++)
		if (strcmp(argv[i], "--no-pause") == 0)
			o.no_pause = true;
		else if (i + 1 == argc)
			r = err_set(e, EINVAL, "%s needs a value", argv[i]);
		else
			r = option(&o, argv[i], argv[i + 1], a, e), i++;
	if (r == 0 && (i >= argc || argc - i > 2))
		r = err_set(e, EINVAL, "usage: tare-image %s [OPTION VALUE]... WHAT [NAME]", argv[0]);
	for (int k = 0; r == 0 && k < argc - i; k++)
		o.operands[k] = argv[i + k];
	*ret = o;
	return r;
}

/* A name with a tag; a digest names nothing new. */
static int check_name(const char *name, struct err *e)
{
	struct reference ref;
	int r = name ? reference_parse(sv_from(name), &ref, e) : 0;

	if (r == 0 && name && ref.digest.hex[0])
		return err_set(e, EINVAL, "refusing to create a tag with a digest reference");
	return r;
}

/* ---- export -------------------------------------------------------------------------------------------------- */

static int write_fd(void *arg, const void *data, size_t n, struct err *e)
{
	return io_write_all(*(const int *)arg, data, n, e);
}

struct exporting {
	struct session *s;
	struct container_files files;
	struct tar_writer *w;
	int64_t bytes;
};

/* Without the root itself, as Docker's. */
static int put_below(void *arg, const struct tree_entry *entry, struct err *e)
{
	struct exporting *x = arg;

	x->bytes += entry->size;
	session_told(x->s, x->bytes);
	return entry->name[0] ? tar_write(x->w, entry, e) : 0;
}

static int export_to(void *arg, int fd, struct err *e)
{
	struct exporting *x = arg;
	const struct container_files *f = &x->files;
	const struct walk_options from = { .start = f->root, .name = "", .uids = f->mapped ? &f->ids.uids : NULL,
					   .gids = f->mapped ? &f->ids.gids : NULL };
	scoped_tar_writer w = NULL;
	int r = tar_writer_open(write_fd, &fd, &w, e);

	x->w = w;
	if (r == 0)
		r = walk_tree(&from, put_below, x, e);
	return r == 0 ? tar_writer_finish(w, e) : r;
}

int image_export(struct session *s, int argc, char **argv, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct exporting x = { .s = s, .files = CONTAINER_FILES_NONE };
	struct container_row row;
	struct asked asked;
	int r = parse(argc, argv, &a, &asked, e);

	if (r == 0)
		r = container_find(&s->engine, sv_from(asked.operands[0]), &a, &row, e);
	if (r == 0)
		r = container_files_open(&s->engine, &row, CONTAINER_FILES_OWN, &x.files, e);
	if (r == 0) {
		session_doing(s, "Exporting", 0, !asked.output);
		r = session_output(asked.output, export_to, &x, e);
		progress_clear(&s->progress);
	}
	container_files_close(&x.files);
	return r;
}

/* ---- making an image ----------------------------------------------------------------------------------------- */

struct make {
	struct session *s;
	struct arena *a;
	const struct asked *asked;
	const char *name; /* NULL: none */
	struct staging staging;
	struct digest diff_id;
	struct staged layer;
	bool has_layer;
	struct image_full_config config;
	struct image_manifest below;
	bool has_below;
	char created[RFC3339_SIZE];
};

static struct commit_words words_of(struct make *m, const char *comment)
{
	(void)clock_rfc3339(clock_real_ns(), m->created);
	return (struct commit_words){ m->created, m->asked->author, comment, m->asked->changes };
}

static int print_id(const struct image_loaded *img, struct err *e)
{
	char line[sizeof "sha256:\n" + DIGEST_HEX];
	int n = snprintf(line, sizeof line, "sha256:%s\n", img->id.hex);

	return io_write_all(STDOUT_FILENO, line, (size_t)n, e);
}

/* A layer of its image may just have been removed: then it is unpacked again. */
static int record(struct make *m, struct err *e)
{
	const struct assembly what = { &m->config, m->has_below ? &m->below : NULL, m->has_layer ? &m->layer : NULL };
	int r = -ESTALE;

	for (int i = 0; i < LOAD_ATTEMPTS && r == -ESTALE; i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
		struct image_loaded img;

		r = image_assemble(&m->staging, &what, m->name, &m->s->store, &a, &img, e);
		if (r < 0)
			return r;
		r = images_record(m->s->db, &img, NULL, e);
		image_loaded_done(&img);
		progress_clear(&m->s->progress);
		if (r == 0)
			r = print_id(&img, e);
	}
	return r;
}

static int make(struct make *m, int (*fn)(struct make *m, struct err *e), struct err *e)
{
	int r = staging_begin(m->s->store.content, &m->staging, e);

	if (r < 0)
		return r;
	r = fn(m, e);
	if (r == 0)
		r = record(m, e);
	staging_end(&m->staging);
	progress_clear(&m->s->progress);
	if (r < 0)
		session_failed(m->s);
	return r;
}

/* ---- import -------------------------------------------------------------------------------------------------- */

static int pack(struct make *m, struct byte_source from, struct err *e)
{
	scoped_layer_blob blob = NULL;
	scoped_inflate in = NULL;
	const void *block;
	struct digest same;
	ssize_t n = 0;
	int r = inflate_open(from, m->s->store.ceilings.layer_bytes, &in, e);

	if (r == 0)
		r = layer_blob_begin(&m->staging, &blob, e);
	while (r == 0 && (n = inflate_next(in, &block, e)) > 0)
		r = layer_blob_add(blob, block, (size_t)n, e);
	if (r == 0 && n < 0)
		r = (int)n;
	if (r == 0)
		r = inflate_end(in, &same, e);
	if (r == 0)
		r = layer_blob_end(blob, &m->diff_id, &m->layer, e);
	m->has_layer = r == 0;
	return r;
}

struct incoming {
	struct session *s;
	int fd;
	int64_t bytes;
};

static int sink(void *arg, const void *data, size_t n, struct err *e)
{
	struct incoming *in = arg;

	in->bytes += (int64_t)n;
	session_told(in->s, in->bytes);
	return io_write_all(in->fd, data, n, e);
}

static ssize_t read_incoming(void *arg, void *to, size_t n, struct err *e)
{
	struct incoming *in = arg;
	struct byte_source file = byte_source_fd(&in->fd);
	ssize_t got = file.read(file.arg, to, n, e);

	if (got > 0)
		in->bytes += got;
	session_told(in->s, in->bytes);
	return got;
}

/* From the file, for which nobody knows how large it is if it is none. */
static int pack_file(struct make *m, int fd, struct err *e)
{
	struct incoming in = { m->s, fd, 0 };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	session_doing(m->s, "Importing", S_ISREG(st.st_mode) ? st.st_size : 0, false);
	return pack(m, (struct byte_source){ read_incoming, &in }, e);
}

static int download(struct make *m, const char *url, int *ret_fd, struct err *e)
{
	struct http_response response;
	struct http_request q = { .url = url, .timeout_s = HTTP_TIMEOUT_S, .sink = sink };
	scoped_http h = NULL;
	struct staged file = { .size = 0 };
	scoped_fd fd = -1;
	int r = http_setup(e);

	if (r == 0)
		r = http_new(&h, e);
	if (r == 0)
		r = staging_create(&m->staging, &file.number, &fd, e);
	if (r < 0)
		return r;
	session_doing(m->s, "Downloading", 0, false);
	q.arg = &(struct incoming){ m->s, fd, 0 };
	r = http_do(h, &q, &response, e);
	if (r == 0 && (response.status < 200 || response.status > 299))
		r = err_set(e, EIO, "%s: status %d", url, response.status);
	return r == 0 ? staging_open(&m->staging, &file, ret_fd, e) : r;
}

static int open_import(struct make *m, const char *source, int *ret_fd, struct err *e)
{
	if (strncmp(source, "http://", 7) == 0 || strncmp(source, "https://", 8) == 0)
		return download(m, source, ret_fd, e);
	*ret_fd =
		strcmp(source, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(source, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(e, "open %s", source) : 0;
}

static int set_platform(struct make *m, struct err *e)
{
	struct utsname u;
	struct platform p;
	int r = 0;

	if (m->asked->platform)
		r = platform_parse(sv_from(m->asked->platform), &p, e);
	else if (uname(&u) < 0)
		return err_sys(e, "uname");
	else
		p = platform_of_machine(u.machine);
	if (r < 0)
		return r;
	m->config.base.os = arena_str(m->a, p.os);
	m->config.base.architecture = arena_str(m->a, p.architecture);
	m->config.base.variant = p.variant[0] ? arena_str(m->a, p.variant) : NULL;
	return m->config.base.os && m->config.base.architecture ? 0 : err_oom(e);
}

static int import(struct make *m, struct err *e)
{
	const char *source = m->asked->operands[0], *message = m->asked->message;
	struct commit_words words;
	scoped_fd fd = -1;
	int r = open_import(m, source, &fd, e);

	if (r == 0)
		r = pack_file(m, fd, e);
	if (r < 0)
		return r;
	words = words_of(m, message && *message ? message :
			    arena_fmt(m->a, "Imported from %s", strstr(source, "://") ? source : "-"));
	return image_import_config(&words, &m->diff_id, &m->config, m->a, e);
}

/* What can be refused is, before a byte is read. */
static int check_changes(const struct asked *asked, struct arena *a, struct err *e)
{
	struct image_full_config none = { .base = { 0 } };
	const struct commit_words words = { .changes = asked->changes, .created = "" };

	return image_import_config(&words, &(struct digest){ "" }, &none, a, e);
}

int image_import(struct session *s, int argc, char **argv, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct asked asked;
	struct make m = { .s = s, .a = &a, .asked = &asked };
	int r = parse(argc, argv, &a, &asked, e);

	if (r < 0)
		return r;
	m.name = asked.operands[1];
	r = check_name(m.name, e);
	if (r == 0)
		r = check_changes(&asked, &a, e);
	if (r == 0)
		r = set_platform(&m, e);
	return r == 0 ? make(&m, import, e) : r;
}

/* ---- commit -------------------------------------------------------------------------------------------------- */

static int read_below(struct make *m, const struct image_row *image, struct err *e)
{
	scoped_buf b = BUF(LIMIT_MANIFEST);
	struct digest d;
	scoped_fd fd = -1;
	int64_t size;
	char *text;
	int r;

	(void)snprintf(d.hex, sizeof d.hex, "%s", image->manifest ? image->manifest : "");
	r = blob_open(m->s->store.content, &d, &fd, &size, e);
	if (r == 0)
		r = io_read_fd(fd, &b, e);
	if (r < 0)
		return r;
	text = arena_sv(m->a, buf_sv(&b));
	if (!text)
		return err_oom(e);
	r = image_manifest_parse(sv_from(text), m->a, &m->below, e);
	m->has_below = r == 0;
	return r;
}

/* Its image may be force-removed by now. */
static int read_image(struct make *m, const struct container_row *row, struct err *e)
{
	struct image_row image;
	int r = images_get(m->s->db, row->image_id, m->a, &image, e);

	if (r == 0)
		r = image_full_config_parse(image.config, m->a, &m->config, e);
	return r == 0 ? read_below(m, &image, e) : r;
}

struct commit {
	struct make m;
	struct container_row row;
	struct container_config config;
};

static int commit_files(struct commit *c, struct err *e)
{
	scoped_container_files files = CONTAINER_FILES_NONE;
	struct make *m = &c->m;
	bool paused = false;
	int r;

	session_doing(m->s, "Committing", 0, false);
	/* one that does not run, or is paused already, is as still as it can be */
	if (!c->m.asked->no_pause)
		paused = engine_pause(&c->m.s->engine, sv_from(c->row.id), NULL) == 0;
	r = container_files_open(&c->m.s->engine, &c->row, CONTAINER_FILES_UPPER, &files, e);
	if (r == 0)
		r = pack_upper(&m->staging, &(struct pack_options){ files.upper, false, session_told, m->s },
			       &m->diff_id, &m->layer, &m->has_layer, e);
	if (paused)
		(void)engine_unpause(&c->m.s->engine, sv_from(c->row.id), NULL);
	return r;
}

static int commit(struct make *m, struct err *e)
{
	struct commit *c = (struct commit *)m;
	struct commit_words words;
	int r = commit_files(c, e);

	if (r < 0)
		return r;
	words = words_of(m, m->asked->message);
	return image_commit_config(&c->config, &words, m->has_layer ? &m->diff_id : NULL, &m->config, m->a, e);
}

int image_commit(struct session *s, int argc, char **argv, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct asked asked;
	struct commit c = { .m = { .s = s, .a = &a, .asked = &asked } };
	int r = parse(argc, argv, &a, &asked, e);

	if (r < 0)
		return r;
	c.m.name = asked.operands[1];
	r = check_name(c.m.name, e);
	if (r == 0)
		r = check_changes(&asked, &a, e);
	if (r == 0)
		r = container_find(&s->engine, sv_from(asked.operands[0]), &a, &c.row, e);
	if (r == 0 && !c.row.image_id)
		r = err_set(e, ENOTSUP, "container %s has no image: export it, and import that", c.row.name);
	config_init(&c.config);
	if (r == 0)
		r = config_parse(sv_from(c.row.config), &a, &c.config, e);
	if (r == 0)
		r = read_image(&c.m, &c.row, e);
	return r == 0 ? make(&c.m, commit, e) : r;
}
