/* SPDX-License-Identifier: Apache-2.0 */
/* list - all containers of this --root. */
#include "base/scope.h"
#include "runtime_cli/report.h"

#include <string.h>

struct list_options {
	const char *format;
	bool quiet;
};

static const struct option rows[] = {
	{ "format", 'f', "FORMAT", "table (default) or json", option_words, offsetof(struct list_options, format),
	  .words = "table json" },
	{ "quiet", 'q', NULL, "ids only", option_switch, offsetof(struct list_options, quiet) },
};
static OPTION_GROUP(group, "Options", rows);

#define COLUMNS 6

struct listing {
	struct buf *out;
	bool json, quiet;
	size_t n, cap, width[COLUMNS];
	const char *(*cells)[COLUMNS];
};

static int add_row(struct runtime *rt, struct listing *l, const char *const cells[COLUMNS], struct err *e)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		const char *(*grown)[COLUMNS] = arena_array(rt->arena, cap, sizeof *grown);

		if (!grown)
			return err_oom(e);
		if (l->n)
			memcpy(grown, l->cells, l->n * sizeof *grown);
		l->cells = grown;
		l->cap = cap;
	}
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t n = strlen(cells[i]);

		l->cells[l->n][i] = cells[i];
		if (n > l->width[i])
			l->width[i] = n;
	}
	l->n++;
	return 0;
}

static int add_report(struct runtime *rt, struct listing *l, const struct report *r, struct err *e)
{
	const char *cells[COLUMNS] = { r->id, arena_fmt(rt->arena, "%lld", (long long)r->pid), r->status, r->bundle,
				       arena_str(rt->arena, r->created_text), r->owner };

	return cells[1] && cells[4] ? add_row(rt, l, cells, e) : err_oom(e);
}

static int tell(struct runtime *rt, struct entry *c, void *arg, struct err *e)
{
	struct listing *l = arg;
	struct report report;
	int r = 0;

	if (l->quiet) {
		buf_putf(l->out, "%s\n", c->id);
		return 0;
	}
	r = report_make(rt, c, &report, e);
	if (r < 0 || !l->json)
		return r < 0 ? r : add_report(rt, l, &report, e);
	buf_puts(l->out, l->n++ ? "," : "[");
	return report_print(&report, false, l->out, e);
}

/* As runc's: at least 11 wide and one blank between. */
static void print_table(const struct listing *l)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < COLUMNS; k++) {
			int width = l->width[k] < 11 ? 11 : (int)l->width[k];

			buf_putf(l->out, k + 1 < COLUMNS ? "%-*s " : "%*s", k + 1 < COLUMNS ? width : 0,
				 l->cells[i][k]);
		}
		buf_puts(l->out, "\n");
	}
}

static int list(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	static const char *const head[COLUMNS] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
	const struct list_options *lo = options;
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);
	struct listing l = { .out = &out, .quiet = lo->quiet,
			     .json = lo->format && strcmp(lo->format, "json") == 0 };
	int r = l.json || l.quiet ? 0 : add_row(rt, &l, head, e);

	if (r == 0)
		r = entries_each(rt, tell, &l, e);
	if (r < 0)
		return r;
	if (l.json && !l.quiet)
		buf_puts(&out, l.n ? "]\n" : "null\n"); /* runc's word for no container */
	else
		print_table(&l);
	return runtime_print(&out, e);
}

static const struct option_group *const groups[] = { &group, NULL };

const struct runtime_command runtime_command_list = {
	.name = "list", .args = "[OPTIONS]", .summary = "list containers", .groups = groups,
	.options_size = sizeof(struct list_options), .run = list,
};
