/* SPDX-License-Identifier: Apache-2.0 */
/* image_push.c - tare-image push, in Docker's words. */
#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "cli/progress_lines.h"
#include "image/push.h"
#include "main/image_session.h"
#include "oci/reference.h"
#include "storage/content.h"

#include <string.h>

struct pushing {
	struct session *s;
	struct reference ref;
	struct progress_lines *lines;
	bool quiet;
};

static void told(void *arg, const struct image_descriptor *d, enum push_step step, int64_t done, const char *from)
{
	static const struct {
		const char *text;
		bool minor;
	} steps[] = {
		[PUSH_PREPARING] = { "Preparing", false },
		[PUSH_SENDING] = { "Pushing", true },
		[PUSH_SENT] = { "Pushed", false },
		[PUSH_THERE] = { "Layer already exists", false },
		[PUSH_MOUNTED] = { "Mounted from %s", false },
	};
	struct pushing *p = arg;
	char id[13], text[64];

	if (strstr(d->media_type, ".config.") || strstr(d->media_type, "container.image"))
		return; /* Docker speaks of layers only */
	(void)snprintf(id, sizeof id, "%.12s", d->digest.hex);
	(void)snprintf(text, sizeof text, "Mounted from %.40s", from ? from : "");
	progress_lines_set(p->lines, id, step == PUSH_MOUNTED ? text : steps[step].text, steps[step].minor, done,
			   step == PUSH_SENDING ? d->size : 0);
}

/* That nothing is found costs no more than an upload. */
static void elsewhere(void *arg, const struct digest *d, char ret[REFERENCE_PATH_MAX + 1])
{
	struct pushing *p = arg;

	if (images_elsewhere(p->s->db, p->ref.domain, p->ref.path, d, ret, NULL) < 0)
		ret[0] = '\0';
}

static int read_manifest(struct session *s, const struct digest *d, struct buf *b, struct err *e)
{
	scoped_fd fd = -1;
	int64_t size;

	buf_reset(b);
	if (blob_open(s->store.content, d, &fd, &size, e) < 0)
		return err_wrap(e, -ENOENT, "manifest");
	return io_read_fd(fd, b, e);
}

static int push_manifest(struct pushing *p, const struct digest *d, struct buf *manifest, struct digest *ret,
			 struct err *e)
{
	struct push_options o = { .registry = session_registry(p->s),
				  .content = p->s->store.content,
				  .elsewhere = elsewhere,
				  .told = told,
				  .arg = p };
	int r = read_manifest(p->s, d, manifest, e);

	if (r == 0)
		r = progress_lines_new(STDOUT_FILENO, p->quiet, false, &p->lines, e);
	if (r == 0)
		r = push_image(&o, &p->ref, buf_sv(manifest), ret, e);
	progress_lines_free(PTR_TAKE(p->lines));
	return r;
}

/* As it came, if all that was not kept is in the registry; else packed anew. */
static int push_row(struct pushing *p, const struct image_row *row, struct buf *manifest, struct digest *ret,
		    struct err *e)
{
	struct err failed = { 0 };
	struct digest own, d;
	int r;

	if (!row->manifest || sv_copy(sv_from(row->manifest), own.hex, sizeof own.hex) < 0)
		return err_set(e, ENOENT, "image %.12s has no manifest", row->id);
	r = push_manifest(p, &own, manifest, ret, &failed);
	if (r == -ENOENT) {
		int more = session_repack(p->s, row, &d, e);

		if (more < 0)
			return more;
		if (strcmp(d.hex, own.hex) != 0)
			return push_manifest(p, &d, manifest, ret, e);
	}
	return r < 0 ? err_set(e, failed.code, "%s", failed.msg) : 0;
}

static int push_tag(struct pushing *p, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	scoped_buf manifest = BUF(LIMIT_MANIFEST), text = BUF(4096);
	char name[REFERENCE_SIZE];
	struct image_row row;
	struct digest digest;
	int r = images_find(p->s->db, sv_from(reference_print(&p->ref, name)), &a, &row, e);

	if (r == -ENOENT)
		return err_set(e, ENOENT, "An image does not exist locally with the tag: %s",
			       reference_print_familiar(&p->ref, name));
	if (r == 0)
		r = push_row(p, &row, &manifest, &digest, e);
	if (r < 0)
		return r;
	if (p->quiet)
		buf_putf(&text, "%s\n", reference_print(&p->ref, name));
	else
		buf_putf(&text, "%s: digest: sha256:%s size: %zu\n", p->ref.tag, digest.hex, manifest.len);
	return io_write_all(STDOUT_FILENO, text.p, text.len, e);
}

static int push_all(struct pushing *p, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct image_rows rows;
	size_t n = 0;
	int r = images_list(p->s->db, &a, &rows, e);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct reference ref;

		if (!rows.v[i].reference || reference_parse(sv_from(rows.v[i].reference), &ref, NULL) < 0 ||
		    !ref.tag[0] || strcmp(ref.domain, p->ref.domain) != 0 || strcmp(ref.path, p->ref.path) != 0)
			continue;
		memcpy(p->ref.tag, ref.tag, sizeof ref.tag);
		r = push_tag(p, e);
		n++;
	}
	return r == 0 && n == 0 ? err_set(e, ENOENT, "An image does not exist locally with that name") : r;
}

static int begin(struct pushing *p, const char *name, bool all, struct err *e)
{
	scoped_buf text = BUF(4096);
	char repository[REFERENCE_SIZE];
	struct reference ref;
	int r = reference_parse(sv_from(name), &p->ref, e);

	if (r == 0 && p->ref.digest.hex[0])
		return err_set(e, EINVAL, "cannot push a digest reference");
	if (r == 0 && all && p->ref.tag[0])
		return err_set(e, EINVAL, "tag can't be used with --all-tags/-a");
	if (r < 0)
		return r;
	ref = p->ref;
	ref.tag[0] = '\0';
	if (!p->quiet) {
		if (!p->ref.tag[0] && !all)
			buf_puts(&text, "Using default tag: latest\n");
		buf_putf(&text, "The push refers to repository [%s]\n", reference_print(&ref, repository));
		r = io_write_all(STDOUT_FILENO, text.p, text.len, e);
	}
	if (!all)
		reference_default_tag(&p->ref);
	return r == 0 ? http_setup(e) : r;
}

int image_push(struct session *s, int argc, char **argv, struct err *e)
{
	struct pushing p = { .s = s };
	bool all = false;
	int i = 1, r;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--quiet") == 0)
			p.quiet = true;
		else if (strcmp(argv[i], "--all-tags") == 0)
			all = true;
		else
			return err_set(e, EINVAL, "unknown option %s", argv[i]);
	}
	if (i + 1 != argc)
		return err_set(e, EINVAL, "usage: tare-image push [--quiet] [--all-tags] NAME");
	r = begin(&p, argv[i], all, e);
	if (r == 0)
		r = all ? push_all(&p, e) : push_tag(&p, e);
	return r < 0 ? err_wrap(e, r, "push %.200s", argv[i]) : 0;
}
