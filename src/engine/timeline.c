/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/timeline.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "monitor/charter.h"

void timeline_begin(struct timeline *t, bool on)
{
	*t = (struct timeline){ .on = on, .monitor = BUF(LIMIT_CONTROL_MSG) };
	if (on)
		t->begun_ns = clock_monotonic_ns();
}

void timeline_mark(struct timeline *t, const char *what)
{
	if (!t->on || t->n == TIMELINE_MARKS)
		return;
	t->marks[t->n].ns = clock_monotonic_ns();
	t->marks[t->n++].what = what;
}

void timeline_read(struct timeline *t, int state_dir)
{
	if (t->on)
		(void)io_read_at(state_dir, TRACE_FILE, &t->monitor, NULL);
}

static void put(struct buf *out, int64_t *last, int64_t ns, struct sv what)
{
	int64_t us10 = ns > *last ? (ns - *last) / 100 : 0; /* the monitor works on while its client hears of a step */

	buf_putf(out, "%6lld.%lld us  " SV_FMT "\n", (long long)(us10 / 10), (long long)(us10 % 10), SV_ARG(what));
	*last = ns > *last ? ns : *last;
}

/* The next line of the monitor's part, when it ended before `until`. */
static bool next_step(struct sv *rest, int64_t until, int64_t *ret_ns, struct sv *ret_what)
{
	struct sv copy = *rest, line, number;

	if (!sv_next(&copy, '\n', &line) || !sv_cut(line, ' ', &number, ret_what) || sv_i64(number, ret_ns) < 0)
		return false;
	if (*ret_ns > until)
		return false;
	*rest = copy;
	return true;
}

int timeline_print(const struct timeline *t, struct buf *out, struct err *e)
{
	struct sv rest = buf_sv(&t->monitor), what;
	int64_t last = t->begun_ns, ns;

	for (unsigned i = 0; i < t->n; i++) {
		while (next_step(&rest, t->marks[i].ns, &ns, &what))
			put(out, &last, ns, what);
		put(out, &last, t->marks[i].ns, sv_from(t->marks[i].what));
	}
	buf_putf(out, "%6lld   us  in all\n", (long long)((last - t->begun_ns) / 1000));
	return buf_status(out, e);
}

void timeline_done(struct timeline *t)
{
	buf_done(&t->monitor);
}
