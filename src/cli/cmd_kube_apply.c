/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kube_apply.c - `tare kube apply`, `tare kube resize`, `tare kube delete` */
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/opt_kube.h"

static bool needs_root(const void *options)
{
	return true;
}

static int print_lines(const struct oci_strings *lines, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);

	for (size_t i = 0; i < lines->n; i++)
		buf_putf(&out, "%s\n", lines->v[i]);
	return lines->n ? cli_print(&out, e) : 0;
}

/* ---- apply -------------------------------------------------------------------------------------------------- */

typedef int change_fn(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
		      struct remarks *remarks, struct oci_strings *done, struct err *e);

static int change_file(struct engine *en, const struct kube_command *k, const char *path, change_fn *change,
		       struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	scoped_buf text = BUF(LIMIT_KUBE_MANIFEST);
	struct remarks remarks = { 0 };
	struct oci_strings done = { 0 };
	int r = kube_read_file(path, &text, e);

	if (r < 0)
		return r;
	r = change(en, buf_sv(&text), &k->options, &a, &remarks, &done, e);
	for (size_t i = 0; i < remarks.texts.n; i++)
		log_warning("%s: %s", path, remarks.texts.v[i]);
	return r < 0 ? err_wrap(e, r, "%s", path) : print_lines(&done, e);
}

static int change_files(struct cli *cli, struct kube_command *k, change_fn *change, struct err *e)
{
	scoped_session s = { .open = false };
	int r = k->files.n ? 0 : err_set(e, EINVAL, "must specify a file with --filename");

	if (r == 0)
		r = session_open(&s, cli, e);
	for (size_t i = 0; r == 0 && i < k->files.n; i++)
		r = change_file(&s.engine, k, k->files.v[i], change, e);
	return r;
}

static int run_apply(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return change_files(cli, options, kube_apply, e);
}

static const struct option_group *const apply_groups[] = { &opt_kube_file, NULL };

const struct command command_kube_apply = {
	.name = "kube apply",
	.args = "[OPTIONS] -f FILE",
	.summary = "make the objects of a file: pods and what they need",
	.groups = apply_groups,
	.options_size = sizeof(struct kube_command),
	.init = kube_command_init,
	.needs_root = needs_root,
	.run = run_apply,
};

/* ---- delete ------------------------------------------------------------------------------------------------- */

static int delete_file(struct engine *en, const struct kube_command *k, const char *path, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	scoped_buf text = BUF(LIMIT_KUBE_MANIFEST);
	struct oci_strings done = { 0 };
	struct err why = { 0 };
	int r = kube_read_file(path, &text, e), printed;

	if (r < 0)
		return r;
	r = kube_delete_file(en, buf_sv(&text), &k->options, &a, &done, e);
	printed = print_lines(&done, r < 0 ? &why : e); /* what went is told also when something was not there */
	return r < 0 ? err_wrap(e, r, "%s", path) : printed;
}

static int delete_named(struct engine *en, const struct kube_command *k, const struct operands *operands,
			int *ret_status, struct err *e)
{
	enum object_kind kind;
	int r = kube_kind(operands->v[0], &kind, e);

	for (int i = 1; r == 0 && i < operands->n; i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
		struct oci_strings done = { 0 };
		struct err why = { 0 };

		if (kube_delete(en, kind, operands->v[i], &k->options, &a, &done, &why) == 0) {
			r = print_lines(&done, e);
			continue;
		}
		log_error("%s", why.msg);
		*ret_status = 1;
	}
	return r;
}

static int run_delete(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct kube_command *k = options;
	scoped_session s = { .open = false };
	int r = 0;

	if (!k->files.n == !operands->n || operands->n == 1)
		r = err_set(e, EINVAL,
			    "resource(s) were provided, but no name was specified; either -f FILE or KIND NAME");
	if (r == 0)
		r = session_open(&s, cli, e);
	for (size_t i = 0; r == 0 && i < k->files.n; i++)
		r = delete_file(&s.engine, k, k->files.v[i], e);
	return r == 0 && operands->n ? delete_named(&s.engine, k, operands, ret_status, e) : r;
}

static const struct option_group *const delete_groups[] = { &opt_kube_delete, NULL };

const struct command command_kube_delete = {
	.name = "kube delete",
	.args = "[OPTIONS] -f FILE | KIND NAME [NAME...]",
	.summary = "remove objects, and the containers of pods",
	.groups = delete_groups,
	.options_size = sizeof(struct kube_command),
	.init = kube_command_init,
	.max_args = -1,
	.needs_root = needs_root,
	.run = run_delete,
};

/* ---- resize ------------------------------------------------------------------------------------------------- */

static int run_resize(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return change_files(cli, options, kube_resize, e);
}

static const struct option_group *const resize_groups[] = { &opt_kube_resize, NULL };

const struct command command_kube_resize = {
	.name = "kube resize",
	.args = "[OPTIONS] -f FILE",
	.summary = "give running pods the requests and limits of a file, in place",
	.groups = resize_groups,
	.options_size = sizeof(struct kube_command),
	.init = kube_command_init,
	.needs_root = needs_root,
	.run = run_resize,
};
