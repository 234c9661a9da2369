/* SPDX-License-Identifier: Apache-2.0 */
/* image_pull.c - tare-image pull and provide: what is told about it, in Docker's words. */
#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "cli/progress_lines.h"
#include "image/pull.h"
#include "main/image_session.h"
#include "oci/reference.h"

#include <string.h>
#include <sys/utsname.h>

struct asked {
	bool quiet, all_tags, always, provide;
	const char *platform, *name;
};

struct pulling {
	struct session *s;
	const struct asked *asked;
	struct reference ref;
	struct pull_options options;
	struct progress_lines *lines;
	const char *was; /* id of the image that had this name; NULL: none */
};

/* ---- what is told -------------------------------------------------------------------------------------------- */

static const char *short_id(const struct digest *d, char ret[13])
{
	(void)snprintf(ret, 13, "%.12s", d->hex);
	return ret;
}

static void told(void *arg, const struct image_descriptor *d, enum fetch_step step, int64_t done)
{
	static const struct {
		const char *text;
		bool minor;
	} steps[] = {
		[FETCH_WAITING] = { "Pulling fs layer", false },
		[FETCH_LOADING] = { "Downloading", true },
		[FETCH_VERIFIED] = { "Download complete", false },
		[FETCH_AGAIN] = { "Retrying", false },
	};
	struct pulling *p = arg;
	char id[13];

	progress_lines_set(p->lines, short_id(&d->digest, id), steps[step].text, steps[step].minor, done,
			   step == FETCH_LOADING ? d->size : 0);
}

/* While a layer still comes, its download is what is shown. */
static void unpacked(void *arg, const struct image_layer *layer, int64_t done)
{
	struct pulling *p = arg;
	char id[13];

	if (done < layer->blob_bytes)
		progress_lines_set(p->lines, short_id(&layer->blob, id), "Extracting", true, done, layer->blob_bytes);
}

static void ready(void *arg, const struct image_layer *layer)
{
	struct pulling *p = arg;
	char id[13];

	progress_lines_set(p->lines, short_id(&layer->blob, id), layer->fresh ? "Pull complete" : "Already exists",
			   false, 0, 0);
}

static void say(struct pulling *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct pulling *p, const char *fmt, ...)
{
	scoped_buf b = BUF(8192);
	va_list ap;

	va_start(ap, fmt);
	buf_vputf(&b, fmt, ap);
	va_end(ap);
	if (b.p)
		progress_lines_say(p->lines, b.p);
}

static void resolved(void *arg, const struct image_manifest *manifest, const struct digest *digest)
{
	struct pulling *p = arg;
	char text[REFERENCE_SIZE];
	struct reference repository = p->ref;

	repository.tag[0] = repository.digest.hex[0] = '\0';
	if (p->asked->provide)
		say(p, "Unable to find image '%s' locally", reference_print_familiar(&p->ref, text));
	(void)reference_print(&repository, text);
	if (p->ref.digest.hex[0])
		say(p, "sha256:%s: Pulling from %s", p->ref.digest.hex, repository.path);
	else
		say(p, "%s: Pulling from %s", p->ref.tag, repository.path);
}

static int tell_result(struct pulling *p, const struct digest *top, const struct image_loaded *img, struct err *e)
{
	char name[REFERENCE_SIZE], full[REFERENCE_SIZE];
	scoped_buf b = BUF(2 * REFERENCE_SIZE);
	bool same = p->was && strcmp(p->was, img->id.hex) == 0;

	say(p, "Digest: sha256:%s", top->hex);
	say(p, same ? "Status: Image is up to date for %s" : "Status: Downloaded newer image for %s",
	    reference_print_familiar(&p->ref, name));
	if (p->asked->provide || p->asked->all_tags)
		return 0;
	buf_putf(&b, "%s\n", reference_print(&p->ref, full));
	return io_write_all(STDOUT_FILENO, b.p, b.len, e);
}

/* ---- pulling ------------------------------------------------------------------------------------------------- */

static int pull_once(struct pulling *p, struct pull *pull, const char *name, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct image_store store = p->s->store;
	struct image_loaded img;
	int r;

	store.progress = unpacked;
	store.ready = ready;
	store.progress_arg = p;
	r = pull_image(pull, name, &store, &a, &img, e);
	if (r < 0)
		return r;
	r = images_record(p->s->db, &img, NULL, e);
	image_loaded_done(&img);
	return r == 0 ? tell_result(p, pull_digest(pull), &img, e) : r;
}

/* Damage that was found, or a removal in between: then once more. */
static int pull_reference(struct pulling *p, struct err *e)
{
	char name[REFERENCE_SIZE];
	scoped_pull pull = NULL;
	int r = pull_begin(&p->options, &p->ref, &pull, e);

	if (r < 0)
		return r;
	(void)reference_print(&p->ref, name);
	for (int i = 0; i < LOAD_ATTEMPTS; i++) {
		r = pull_once(p, pull, name, e);
		if (r != -ESTALE)
			break;
	}
	if (r < 0)
		session_failed(p->s);
	return r;
}

static int pull_named(struct pulling *p, struct err *e)
{
	scoped_arena a = ARENA(2 * LIMIT_ARENA_IMAGE);
	char name[REFERENCE_SIZE];
	struct image_row row;
	int r;

	if (images_find(p->s->db, sv_from(reference_print(&p->ref, name)), &a, &row, NULL) == 0)
		p->was = arena_str(&p->s->arena, row.id);
	else
		p->was = NULL;
	r = progress_lines_new(STDOUT_FILENO, p->asked->quiet, false, &p->lines, e);
	if (r == 0)
		r = pull_reference(p, e);
	progress_lines_free(PTR_TAKE(p->lines));
	return r;
}

static int pull_all_tags(struct pulling *p, struct err *e)
{
	struct oci_strings tags;
	scoped_arena a = ARENA(4u << 20);
	int r = pull_tags(&p->options, &p->ref, &a, &tags, e);

	for (size_t i = 0; r == 0 && i < tags.n; i++) {
		if (sv_copy(sv_from(tags.v[i]), p->ref.tag, sizeof p->ref.tag) < 0)
			return err_set(e, EPROTO, "the registry tells of a tag that is none: \"%.100s\"", tags.v[i]);
		r = pull_named(p, e);
	}
	return r;
}

/* ---- the command line ---------------------------------------------------------------------------------------- */

static int parse(int argc, char **argv, struct asked *ret, struct err *e)
{
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--quiet") == 0)
			ret->quiet = true;
		else if (strcmp(argv[i], "--all-tags") == 0)
			ret->all_tags = true;
		else if (strcmp(argv[i], "--always") == 0)
			ret->always = true;
		else if (strcmp(argv[i], "--platform") == 0 && i + 1 < argc)
			ret->platform = argv[++i];
		else
			return err_set(e, EINVAL, "unknown option %s", argv[i]);
	}
	if (i + 1 != argc)
		return err_set(e, EINVAL, "usage: tare-image %s [--quiet] [--platform OS/ARCH] NAME", argv[0]);
	ret->name = argv[i];
	return 0;
}

static int choose_platform(const char *text, struct platform *ret, struct err *e)
{
	struct utsname u;

	if (text)
		return platform_parse(sv_from(text), ret, e);
	if (uname(&u) < 0)
		return err_sys(e, "uname");
	*ret = platform_of_machine(u.machine);
	return 0;
}

static int pull_begin_session(struct pulling *p, struct err *e)
{
	int r = reference_parse(sv_from(p->asked->name), &p->ref, e);

	if (r == 0 && p->asked->all_tags && (p->ref.tag[0] || p->ref.digest.hex[0]))
		r = err_set(e, EINVAL, "tag can't be used with --all-tags/-a");
	if (r == 0)
		r = choose_platform(p->asked->platform, &p->options.platform, e);
	if (r == 0)
		r = http_setup(e);
	if (p->ref.digest.hex[0])
		p->ref.tag[0] = '\0'; /* Docker's: the digest says it all */
	else if (!p->ref.tag[0] && !p->asked->all_tags)
		reference_default_tag(&p->ref);
	p->options.registry = session_registry(p->s);
	p->options.resolved = resolved;
	p->options.told = told;
	p->options.arg = p;
	return r;
}

static bool has_tag(const char *name)
{
	struct reference ref;

	return reference_parse(sv_from(name), &ref, NULL) < 0 || ref.tag[0] || ref.digest.hex[0];
}

static int pull(struct session *s, const struct asked *asked, struct err *e)
{
	struct pulling p = { .s = s, .asked = asked };
	int r = pull_begin_session(&p, e);

	if (r < 0)
		return r;
	if (asked->all_tags)
		return pull_all_tags(&p, e);
	if (!asked->quiet && !asked->provide && !has_tag(asked->name))
		r = io_write_all(STDOUT_FILENO, "Using default tag: latest\n", 26, e);
	return r == 0 ? pull_named(&p, e) : r;
}

int image_pull_command(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked asked = { 0 };
	int r = parse(argc, argv, &asked, e);

	if (r < 0)
		return r;
	r = pull(s, &asked, e);
	return r < 0 ? err_wrap(e, r, "pull %.200s", asked.name) : 0;
}

/* What is part of this program needs no registry, unless that is asked for. */
int image_provide(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked asked = { .provide = true };
	char *load[] = { "load-embedded", NULL, NULL };
	int r = parse(argc, argv, &asked, e);

	if (r < 0)
		return r;
	load[1] = (char *)asked.name;
	if (!asked.always && !asked.platform && image_is_embedded(asked.name))
		return image_load_embedded(s, 2, load, e);
	return pull(s, &asked, e);
}
