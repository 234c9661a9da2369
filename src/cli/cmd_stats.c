/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_stats.c - `tare stats`: the first sample at once, its shares those of the container's whole life so far; then one a
 * second, compared with the one before. */
#include "base/duration.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/see.h"
#include "cli/stats.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

struct stats_options {
	struct listing_options how;
	bool all, no_stream;
	int64_t window_ns; /* 0: at once */
};

static int set_window(const struct option_call *c, struct err *e)
{
	struct stats_options *o = c->target;
	int64_t ns;
	int r = duration_parse(sv_from(c->text), &ns, e);

	if (r < 0)
		return r;
	if (ns < 10 * INT64_C(1000000) || ns > 3600 * INT64_C(1000000000))
		return err_set(e, EINVAL, "invalid duration \"%.40s\": from 10ms to 1h", c->text);
	o->window_ns = ns;
	return 0;
}

#define FIELD(name) offsetof(struct stats_options, name)

static const struct option rows[] = {
	{ "all", 'a', NULL, "also those that do not run", option_switch, FIELD(all) },
	LISTING_FORMAT(struct stats_options),
	{ "no-stream", 0, NULL, "one sample, and end", option_switch, FIELD(no_stream) },
	LISTING_NO_TRUNC(struct stats_options),
	{ "window", 0, "DURATION",
	  "look that long first, so that shares are those of now: 1s (default: at once, shares since the container's start)",
	  set_window },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- what was before ------------------------------------------------------------------------------------------ */

struct history {
	struct stats_before *v;
	size_t n;
	bool told; /* that some have no group */
	struct arena arena;
};

static const char *key_of(const struct stats_sample *s)
{
	return !cgroup_is_none(s->cgroup) ? s->cgroup : s->id ? s->id : "";
}

/* Most are in the place where they were: the search begins there. */
static const struct stats_before *before_of(const struct history *h, const struct stats_sample *s, size_t place)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct stats_before *b = &h->v[(place + i) % h->n];

		if (strcmp(b->id, key_of(s)) == 0 &&
		    b->lived_ns <= s->lived_ns) /* not another life of it */
			return b;
	}
	return NULL;
}

static int remember(struct history *h, const struct stats_samples *all, struct err *e)
{
	arena_done(&h->arena);
	*h = (struct history){ .told = h->told, .arena = ARENA(LIMIT_ARENA_SPEC) };
	h->v = arena_array(&h->arena, all->n + 1, sizeof *h->v);
	for (size_t i = 0; h->v && i < all->n; i++) {
		const struct stats_sample *s = &all->v[i];
		const char *id = arena_str(&h->arena, key_of(s));

		if (!id)
			return err_oom(e);
		if (s->running)
			h->v[h->n++] = (struct stats_before){ id,
							      s->taken_ns,
							      s->lived_ns,
							      s->st->cpu.usage_ns,
							      s->st->cpu.periods,
							      s->st->cpu.throttled_periods };
	}
	return h->v ? 0 : err_oom(e);
}

/* ---- one screen ----------------------------------------------------------------------------------------------- */

static bool has_pressure(const struct host *h)
{
	return smallfile_exists(h->proc, "pressure");
}

static int put_all(const struct stats_options *o, const struct host *h, const struct history *before,
		   const struct stats_samples *all, struct arena *a, struct buf *out, struct err *e)
{
	const char *values[LISTING_FIELDS];
	struct listing l;
	int r = listing_begin(&l, has_pressure(h) ? &stats_kind : &stats_kind_no_pressure, &o->how, a, out, e);

	for (size_t i = 0; r == 0 && i < all->n; i++) {
		stats_fields(&all->v[i], before_of(before, &all->v[i], i), o->how.no_trunc, !o->how.format, a, values);
		r = listing_add(&l, values, e);
	}
	return r < 0 ? r : listing_end(&l, e);
}

/* Each line is written over the last one, and what is below is cleared: no flicker. */
static void put_screen(struct sv text, struct buf *out)
{
	struct sv line;

	buf_puts(out, "\033[H");
	while (sv_next(&text, '\n', &line))
		if (line.n || text.n)
			buf_putf(out, SV_FMT "\033[K\n", SV_ARG(line));
	buf_puts(out, "\033[J");
}

/* Once, however many there are, and however often one looks. */
static void tell_of_proc(struct history *h, const struct stats_samples *all)
{
	for (size_t i = 0; !h->told && i < all->n; i++)
		if (all->v[i].running && all->v[i].id && cgroup_is_none(all->v[i].cgroup)) {
			log_warning("container %s: " CGROUP_NONE_TEXT
				    ": CPU, memory and PIDS are those of its processes in /proc", all->v[i].name);
			h->told = true;
		}
}

static int look(const struct stats_request *q, const struct stats_options *o, bool screen, struct history *h,
		size_t *ret_running, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	scoped_buf out = BUF(CLI_OUTPUT_MAX), whole = BUF(2 * CLI_OUTPUT_MAX);
	struct stats_request shown = *q;
	struct stats_samples all;
	int r;

	shown.no_pressure = !stats_shows_pressure(&o->how); /* each time: a terminal may become wider */
	r = stats_read(&shown, &a, &all, e);
	if (r == 0)
		tell_of_proc(h, &all);
	if (r == 0)
		r = put_all(o, q->host, h, &all, &a, &out, e);
	if (r == 0 && screen)
		put_screen(buf_sv(&out), &whole);
	if (r == 0 && out.len)
		r = cli_print(screen ? &whole : &out, e);
	if (r == 0)
		r = remember(h, &all, e);
	for (size_t i = *ret_running = 0; r == 0 && i < all.n; i++)
		*ret_running += all.v[i].running;
	return r;
}

static int first_window(const struct stats_request *q, const struct stats_options *o, struct history *h, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	struct stats_samples all;
	int r = stats_read(q, &a, &all, e);

	if (r == 0)
		r = remember(h, &all, e);
	if (r == 0)
		(void)poll(NULL, 0, (int)(o->window_ns / 1000000));
	return r;
}

static int stream(const struct stats_request *q, const struct stats_options *o, struct history *h, struct err *e)
{
	bool screen = isatty(STDOUT_FILENO) && !o->how.format && !o->no_stream;
	int ms = o->window_ns ? (int)(o->window_ns / 1000000) : 1000;
	size_t running = 0;
	int r = o->window_ns ? first_window(q, o, h, e) : 0;

	if (r == 0 && screen && write(STDOUT_FILENO, "\033[2J", 4) < 0)
		return err_sys(e, "write standard output");
	for (;;) {
		if (r == 0)
			r = look(q, o, screen, h, &running, e);
		if (r < 0 || o->no_stream || (q->names->n && !running)) /* those that were named have ended */
			return r;
		(void)poll(NULL, 0, ms);
	}
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct stats_options *o = options;
	const struct oci_strings names = { (const char **)operands->v, (size_t)operands->n };
	struct history h = { .arena = ARENA(LIMIT_ARENA_SPEC) };
	scoped_seeing s = { .session = { .open = false } };
	int r = seeing_open(&s, cli, e);
	const struct stats_request q = { .engine = s.engine,
					 .host = &s.session.host,
					 .layout = &s.layout,
					 .names = &names,
					 .all = o->all,
					 .brief = !o->how.format };

	if (r == 0)
		r = stream(&q, o, &h, e);
	arena_done(&h.arena);
	return r;
}

const struct command command_stats = {
	.name = "stats",
	.also = ALSO("container stats"),
	.args = "[OPTIONS] [CONTAINER|PID|CGROUP|pod/NAME...]",
	.summary = "show what containers use, against the limits that bind them",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct stats_options),
	.max_args = -1,
	.run = run,
};
