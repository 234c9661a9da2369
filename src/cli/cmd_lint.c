/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_lint.c - `tare lint`: the well-known mistakes in a line of docker run or tare run, in a file, or of a container. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "cli/opt.h"
#include "cli/opt_kube.h"
#include "cli/see.h"
#include "report/lint.h"
#include "manifest/compose.h"
#include "oci/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 32 /* that services of one file extend */

static const struct option rows[] = { SEE_FORMAT("text"), SEE_NO_TRUNC };

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- what is judged ------------------------------------------------------------------------------------------------ */

static bool is_engine(const char *word)
{
	const char *slash = strrchr(word, '/'), *name = slash ? slash + 1 : word;

	return strcmp(name, "docker") == 0 || strcmp(name, "tare") == 0 || strcmp(name, "podman") == 0;
}

static bool is_start(const char *word)
{
	return strcmp(word, "run") == 0 || strcmp(word, "create") == 0;
}

/* Where the options of a line of run or create begin; 0: it is none. */
static int line_begins(const struct operands *o)
{
	int i = is_engine(o->v[0]) ? 1 : 0;

	if (i && i < o->n && strcmp(o->v[i], "container") == 0)
		i++;
	return i < o->n && is_start(o->v[i]) && (i || o->n > 1) ? i + 1 : 0;
}

/* The words of a line, from the first option on. */
static int judge_words(struct arena *a, int argc, char **argv, struct lint_subject *ret, struct err *e)
{
	struct run_options *o = arena_alloc(a, sizeof *o);
	struct operands rest;
	int r;

	if (!o)
		return err_oom(e);
	run_options_init(o);
	r = options_parse(command_run.groups, OPTIONS_STOP, a, o, argc, argv, &rest, e);
	if (r == 0)
		r = run_options_finish(o, a, &rest, e);
	return r < 0 ? r : lint_of_config(&o->config, a, ret, e);
}

static int judge_container(struct cli *cli, const char *name, struct lint_subject *ret, struct err *e)
{
	scoped_seeing s = { .session = { .open = false } };
	struct subject subject;
	int r = seeing_open(&s, cli, e);

	if (r == 0)
		r = subject_find(s.engine, &s.session.host, &s.layout, name, cli->arena, &subject, e);
	if (r < 0)
		return r;
	if (subject.kind != SUBJECT_CONTAINER)
		return err_set(e, EINVAL, "%s: a container is wanted, or a line of docker run", subject.text);
	return lint_of_container(s.engine, &s.layout, &subject, cli->arena, ret, e);
}

/* name: behind "pod/" */
static int judge_pod(struct cli *cli, const char *name, struct arena *a, struct lint_targets *ret, struct err *e)
{
	scoped_seeing s = { .session = { .open = false } };
	int r = seeing_open(&s, cli, e);

	if (r == 0 && !s.engine)
		return err_set(e, EACCES, "pod %.200s: only who runs it may look at it", name);
	return r < 0 ? r : lint_of_pod(s.engine, &s.layout, name, a, ret, e);
}

/* ---- files --------------------------------------------------------------------------------------------------------- */

/* By its name, or where it is. */
static bool is_file(const char *word)
{
	struct sv name = sv_from(word);
	struct stat st;

	return sv_is(name, "-") || sv_has_suffix(name, ".yaml") || sv_has_suffix(name, ".yml") ||
	       sv_has_suffix(name, ".json") ||
	       (strchr(word, '/') && stat(word, &st) == 0 && S_ISREG(st.st_mode));
}

struct project_file {
	const char *path;
	const struct node *document;
};

/* A compose file's world: the environment, else the file .env beside it; files that its services extend. */
struct project {
	struct arena *arena;
	struct sv folder; /* with its slash; empty: this one */
	struct oci_pairs dotenv;
	struct {
		struct project_file *v;
		size_t n;
	} files; /* that were read */
};

static const char *variable(void *context, const char *name)
{
	const struct project *p = context;
	const char *value = getenv(name);

	for (size_t i = 0; !value && i < p->dotenv.n; i++)
		if (strcmp(p->dotenv.v[i].key, name) == 0)
			value = p->dotenv.v[i].value;
	return value;
}

static int read_file(struct project *p, const char *path, const struct node **ret, struct err *e)
{
	scoped_buf text = BUF(LIMIT_KUBE_MANIFEST);
	struct documents d = { 0 };
	struct project_file *one;
	int r = p->files.n < FILES_MAX ? 0 : err_set(e, E2BIG, "more than %d files", FILES_MAX);

	if (r == 0)
		r = io_read_at(AT_FDCWD, path, &text, e);
	if (r == 0)
		r = documents_parse(buf_sv(&text), p->arena, &d, e);
	if (r < 0)
		return r;
	if (!d.n)
		return err_set(e, EINVAL, "it is empty");
	one = LIST_ADD(p->arena, &p->files);
	if (!one)
		return err_oom(e);
	*one = (struct project_file){ path, d.v[0] };
	*ret = d.v[0];
	return 0;
}

static int read_document(void *context, const char *file, const struct node **ret, struct err *e)
{
	struct project *p = context;
	const char *path = arena_fmt(p->arena, SV_FMT "%s", SV_ARG(file[0] == '/' ? SV("") : p->folder), file);
	int r = path ? 0 : err_oom(e);

	for (size_t i = 0; r == 0 && i < p->files.n; i++)
		if (strcmp(p->files.v[i].path, path) == 0) {
			*ret = p->files.v[i].document;
			return 0;
		}
	if (r == 0)
		r = read_file(p, path, ret, e);
	return r < 0 ? err_wrap(e, r, "%.200s", file) : 0;
}

static int open_project(struct project *p, const char *path, struct arena *a, struct err *e)
{
	const struct compose_outside outside = { .context = p, .variable = variable };
	const char *slash = strrchr(path, '/'), *name;
	scoped_buf text = BUF(LIMIT_KUBE_MANIFEST);
	struct oci_pairs pairs;
	int r;

	*p = (struct project){ .arena = a, .folder = { path, slash ? (size_t)(slash - path) + 1 : 0 } };
	name = arena_fmt(a, SV_FMT ".env", SV_ARG(p->folder));
	if (!name)
		return err_oom(e);
	r = io_read_at(AT_FDCWD, name, &text, e);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = compose_dotenv(buf_sv(&text), &outside, a, &pairs, e);
	if (r < 0)
		return err_wrap(e, r, "%s", name);
	p->dotenv = pairs;
	return 0;
}

static int judge_services(const struct node *document, struct project *p, struct arena *a, struct lint_targets *to,
			  struct err *e)
{
	const struct compose_outside outside = { p, variable, read_document };
	struct compose_services l;
	int r = compose_read(document, &outside, a, &l, e);

	for (size_t i = 0; r == 0 && i < l.n; i++) {
		const struct compose_service *s = &l.v[i];
		struct lint_target *t = LIST_ADD(a, to);

		if (!t)
			return err_oom(e);
		r = judge_words(a, (int)s->args.n, (char **)s->args.v, &t->subject, e);
		if (r < 0)
			return err_wrap(e, r, "line %u: service %.80s", s->line, s->name);
		t->subject.form = LINT_COMPOSE;
		t->name = arena_fmt(a, "service %s", s->name);
		t->line = s->line;
		if (!t->name)
			return err_oom(e);
	}
	return r;
}

static int judge_text(const char *path, struct sv text, struct arena *a, struct lint_targets *ret, struct err *e)
{
	struct documents d = { 0 };
	struct project p;
	int r = documents_parse(text, a, &d, e);

	if (r < 0 || !d.n || !compose_is(d.v[0]))
		return r < 0 ? r : lint_of_manifest(text, a, ret, e);
	r = open_project(&p, path, a, e);
	for (size_t i = 0; r == 0 && i < d.n; i++)
		r = judge_services(d.v[i], &p, a, ret, e);
	if (r == 0 && !ret->n)
		r = err_set(e, EINVAL, "there is no service in it");
	return r;
}

static int judge_file(const char *path, struct arena *a, struct lint_targets *ret, struct err *e)
{
	scoped_buf text = BUF(LIMIT_KUBE_MANIFEST);
	int r = kube_read_file(path, &text, e);

	if (r < 0)
		return r;
	r = judge_text(path, buf_sv(&text), a, ret, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : 0;
}

/* ---- what is said -------------------------------------------------------------------------------------------------- */

/* One finding, and of what. */
struct said {
	const char *subject; /* NULL: there is only one */
	int64_t line;
	const char *rule, *weight, *reason, *better;
};

#define SAID(key, field) { key, JSON_TEXT, 0, offsetof(struct said, field) }
static const struct json_row json_rows[] = {
	SAID("Subject", subject), { "Line", JSON_COUNT, JSON_ZERO, offsetof(struct said, line) },
	SAID("Rule", rule),	  SAID("Weight", weight),
	SAID("Reason", reason),	  SAID("Better", better),
};
static const struct json_table json_table = JSON_TABLE(json_rows, struct said);

static int put_finding(const struct lint_target *t, const struct lint_finding *f, bool json, struct buf *out,
		       struct err *e)
{
	const struct said said = { t->name, t->line, f->rule, lint_weight_name(f->weight), f->reason, f->better };
	int r = 0;

	if (json)
		r = json_encode(&json_table, &said, false, out, e);
	else
		buf_putf(out, "%s: %s: %s\n  -> %s", said.weight, said.rule, said.reason, said.better);
	buf_puts(out, "\n");
	return r < 0 ? r : buf_status(out, e);
}

static void put_name(const struct lint_target *t, bool first, struct buf *out)
{
	buf_putf(out, "%s%s", first ? "" : "\n", t->name);
	if (t->line)
		buf_putf(out, " (line %u)", t->line);
	buf_puts(out, "\n");
}

static int put_target(const struct lint_target *t, bool first, bool json, struct arena *a, struct buf *out,
		      int *ret_status, struct err *e)
{
	struct lint_findings l;
	int r = lint(&t->subject, a, &l, e);

	if (r == 0 && !json && t->name)
		put_name(t, first, out);
	if (r == 0 && !json && !l.n)
		buf_puts(out, "nothing to say against it\n");
	for (size_t i = 0; r == 0 && i < l.n; i++) {
		r = put_finding(t, &l.v[i], json, out, e);
		if (l.v[i].weight != LINT_ADVICE)
			*ret_status = 2;
	}
	return r;
}

/* ---- the command --------------------------------------------------------------------------------------------------- */

static int judge(struct cli *cli, const struct operands *o, struct arena *a, struct lint_targets *ret, struct err *e)
{
	int from = line_begins(o);
	struct lint_target *one;

	if (!from && o->n > 1)
		return err_set(
			e, EINVAL,
			"lint: one container, pod or file, or a line that begins with \"docker run\" or \"tare run\"");
	if (!from && is_file(o->v[0]))
		return judge_file(o->v[0], a, ret, e);
	if (!from && strncmp(o->v[0], "pod/", 4) == 0 && o->v[0][4])
		return judge_pod(cli, o->v[0] + 4, a, ret, e);
	one = LIST_ADD(a, ret);
	if (!one)
		return err_oom(e);
	return from ? judge_words(a, o->n - from, o->v + from, &one->subject, e) :
		      judge_container(cli, o->v[0], &one->subject, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct see_options *o = options;
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct lint_targets targets = { 0 };
	int r = judge(cli, operands, &a, &targets, e), status = 0;

	for (size_t i = 0; r == 0 && i < targets.n; i++)
		r = put_target(&targets.v[i], i == 0, o->json, &a, &out, &status, e);
	r = see_print(r, o, &out, e);
	if (r == 0)
		*ret_status = status;
	return r;
}

const struct command command_lint = {
	.name = "lint",
	.args = "[OPTIONS] CONTAINER | pod/NAME | FILE | docker|tare run ...",
	.summary = "find well-known mistakes in options, manifests and compose files",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct see_options),
	.min_args = 1,
	.max_args = -1,
	.stops = true,
	.run = run,
};
