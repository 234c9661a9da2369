/* SPDX-License-Identifier: Apache-2.0 */
#include "insight/alert.h"

#include "base/decimal.h"
#include "base/duration.h"
#include "base/scope.h"
#include "insight/limits.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned what;
} metrics[] = {
#define X(id, text, what) { text, what },
	ALERT_METRICS(X)
#undef X
};

unsigned alert_rule_needs(const struct alert_rule *r)
{
	return metrics[r->metric].what;
}

int alert_rule_pressure(const struct alert_rule *r)
{
	return r->metric >= ALERT_PRESSURE_CPU ? (int)(r->metric - ALERT_PRESSURE_CPU) : -1;
}

/* ---- the grammar -------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct sv skip_blanks(struct sv s)
{
	while (s.n && is_blank(s.p[0]))
		s = (struct sv){ s.p + 1, s.n - 1 };
	return s;
}

/* Up to a blank or one of `ends`. */
static struct sv take_word(struct sv *s, const char *ends)
{
	struct sv rest = skip_blanks(*s), word = { rest.p, 0 };

	while (word.n < rest.n && !is_blank(rest.p[word.n]) && !strchr(ends, rest.p[word.n]))
		word.n++;
	*s = (struct sv){ rest.p + word.n, rest.n - word.n };
	return word;
}

static bool metric_find(struct sv name, enum alert_metric *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		if (sv_is(name, metrics[i].name)) {
			*ret = (enum alert_metric)i;
			return true;
		}
	return false;
}

/* A share is all that these are. */
static bool only_percent(enum alert_metric m)
{
	return m == ALERT_CPU || m == ALERT_THROTTLED || m >= ALERT_PRESSURE_CPU;
}

static bool never_percent(enum alert_metric m)
{
	return m == ALERT_READ || m == ALERT_WRITE;
}

static int parse_percent(struct sv text, struct alert_rule *r)
{
	struct decimal d;

	text.n--;
	if (never_percent(r->metric) || !decimal_take(&text, &d) || text.n)
		return -EINVAL;
	r->unit = ALERT_PERCENT;
	return decimal_times(&d, 100, &r->threshold) < 0 ? -EINVAL : 0;
}

static int parse_value(struct sv text, struct alert_rule *r, struct err *e)
{
	const char *what = only_percent(r->metric)     ? "a percentage such as 90%" :
			   never_percent(r->metric)    ? "bytes a second such as 10m" :
			   r->metric == ALERT_PIDS ? "a percentage or a number" :
						     "a percentage or a size such as 512m";
	uint64_t n;
	int rc = -EINVAL;

	if (text.n && text.p[text.n - 1] == '%') {
		rc = parse_percent(text, r);
	} else if (r->metric == ALERT_PIDS && sv_u64(text, &n) == 0 && n <= INT64_MAX) {
		r->unit = ALERT_COUNT;
		r->threshold = (int64_t)n;
		rc = 0;
	} else if (r->metric != ALERT_PIDS && !only_percent(r->metric)) {
		r->unit = ALERT_BYTES;
		rc = size_parse(text, 1024, &r->threshold);
	}
	return rc < 0 ? err_set(e, EINVAL, "%s > \"%.*s\": expected %s", metrics[r->metric].name,
				(int)(text.n < 40 ? text.n : 40), text.n ? text.p : "", what) :
			0;
}

static int parse_compare(struct sv *s, struct alert_rule *r, struct err *e)
{
	struct sv rest = skip_blanks(*s);

	if (!rest.n || (rest.p[0] != '>' && rest.p[0] != '<'))
		return err_set(e, EINVAL, "%s: expected > or < behind it", metrics[r->metric].name);
	r->below = rest.p[0] == '<';
	r->or_equal = rest.n > 1 && rest.p[1] == '=';
	*s = (struct sv){ rest.p + 1 + r->or_equal, rest.n - 1 - r->or_equal };
	return parse_value(take_word(s, ""), r, e);
}

/* "for 30s", "on web", in this order or the other */
static int parse_end(struct sv s, struct arena *a, struct alert_rule *r, struct err *e)
{
	while ((s = skip_blanks(s)).n) {
		struct sv word = take_word(&s, ""), value = take_word(&s, "");
		int rc = 0;

		if (sv_is(word, "for") && r->metric != ALERT_OOM && !r->for_ns) {
			rc = duration_parse(value, &r->for_ns, e);
		} else if (sv_is(word, "on") && value.n && !r->target) {
			r->target = arena_sv(a, value);
			rc = r->target ? 0 : err_oom(e);
		} else {
			rc = err_set(e, EINVAL, "\"%.*s\": expected \"for DURATION\" or \"on TARGET\"",
				     (int)(word.n < 40 ? word.n : 40), word.p);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int unknown(struct sv name, struct err *e)
{
	char list[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", metrics[i].name);
	return err_set(e, EINVAL, "\"%.*s\": no such metric (%s)", (int)(name.n < 40 ? name.n : 40),
		       name.n ? name.p : "", list);
}

int alert_rule_parse(struct sv text, struct arena *a, struct alert_rule *ret, struct err *e)
{
	struct sv rest = sv_trim(text), name;
	struct alert_rule r = { .unit = ALERT_COUNT };
	int rc = 0;

	if (rest.n > ALERT_RULE_MAX || memchr(rest.p ? rest.p : "", '\0', rest.n))
		return err_set(e, EINVAL, "a rule of more than %d bytes, or with a NUL byte", ALERT_RULE_MAX);
	r.text = arena_sv(a, rest);
	if (!r.text)
		return err_oom(e);
	name = take_word(&rest, "<>");
	if (!metric_find(name, &r.metric))
		return unknown(name, e);
	if (r.metric != ALERT_OOM)
		rc = parse_compare(&rest, &r, e);
	if (rc == 0)
		rc = parse_end(rest, a, &r, e);
	if (rc == 0)
		*ret = r;
	return rc;
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static int64_t sum(const struct cgroup_stat *st, bool writes)
{
	int64_t total = 0;

	for (size_t i = 0; i < st->io.n; i++) {
		const struct cgroup_device_io *d = &st->io.device[i];
		int64_t v = writes ? d->write_bytes : d->read_bytes;

		total += v > 0 ? v : 0;
	}
	return total;
}

void alert_numbers_of(const struct cgroup_stat *st, int64_t memory_limit, int64_t taken_ns, struct alert_numbers *ret)
{
	const struct psi *psi[] = { &st->cpu.pressure, &st->memory.pressure, &st->io.pressure };

	*ret = (struct alert_numbers){ .taken_ns = taken_ns,
				       .memory_bytes = memory_working_set(st),
				       .memory_limit_bytes = memory_limit,
				       .swap_bytes = st->memory.swap_bytes,
				       .swap_limit_bytes = st->memory.swap_limit_bytes,
				       .cpu_ns = st->cpu.usage_ns,
				       .periods = st->cpu.periods,
				       .throttled_periods = st->cpu.throttled_periods,
				       .pids = st->pids.current,
				       .pids_limit = st->pids.limit,
				       .oom_kills = st->memory_events.oom_kill,
				       .read_bytes = sum(st, false),
				       .write_bytes = sum(st, true) };
	for (size_t i = 0; i < ARRAY_LEN(psi); i++) {
		ret->pressure_us[2 * i] = psi[i]->some.total_us;
		ret->pressure_us[2 * i + 1] = psi[i]->full.total_us;
	}
}

/* Hundredths of a percent. */
static int64_t share(int64_t part, int64_t whole)
{
	if (part == CG_UNSET || whole == CG_UNSET)
		return CG_UNSET;
	if (whole == CG_MAX || whole <= 0 || part <= 0)
		return 0;
	return (int64_t)((__int128)part * 10000 / whole);
}

static int64_t grown(int64_t before, int64_t now)
{
	if (before == CG_UNSET || now == CG_UNSET)
		return CG_UNSET;
	return now > before ? now - before : 0;
}

/* Of two looks. */
static int64_t rate_of(const struct alert_rule *r, const struct alert_numbers *a, const struct alert_numbers *b)
{
	int64_t ns = b->taken_ns - a->taken_ns, n;
	int p = alert_rule_pressure(r);

	if (ns <= 0)
		return CG_UNSET;
	if (p >= 0) {
		n = grown(a->pressure_us[p], b->pressure_us[p]);
		return share(n == CG_UNSET ? n : n * 1000, ns);
	}
	switch (r->metric) {
	case ALERT_CPU:
		return share(grown(a->cpu_ns, b->cpu_ns), ns);
	case ALERT_THROTTLED:
		return share(grown(a->throttled_periods, b->throttled_periods), grown(a->periods, b->periods));
	case ALERT_OOM:
		return grown(a->oom_kills, b->oom_kills);
	default:
		n = r->metric == ALERT_READ ? grown(a->read_bytes, b->read_bytes) :
					      grown(a->write_bytes, b->write_bytes);
		return (int64_t)((__int128)n * 1000000000 / ns);
	}
}

int64_t alert_value(const struct alert_rule *r, const struct alert_numbers *before, const struct alert_numbers *now)
{
	bool percent = r->unit == ALERT_PERCENT;

	switch (r->metric) {
	case ALERT_MEMORY:
		return percent ? share(now->memory_bytes, now->memory_limit_bytes) : now->memory_bytes;
	case ALERT_SWAP:
		return percent ? share(now->swap_bytes, now->swap_limit_bytes) : now->swap_bytes;
	case ALERT_PIDS:
		return percent ? share(now->pids, now->pids_limit) : now->pids;
	default:
		return before ? rate_of(r, before, now) : CG_UNSET;
	}
}

/* ---- when it speaks ------------------------------------------------------------------------------------------------ */

static bool holds(const struct alert_rule *r, int64_t value)
{
	if (value == r->threshold)
		return r->or_equal;
	return r->below ? value < r->threshold : value > r->threshold;
}

/* Back by a tenth. */
static bool is_back(const struct alert_rule *r, int64_t value)
{
	int64_t tenth = r->threshold / 10;

	if (holds(r, value))
		return false;
	return r->below ? value >= r->threshold + tenth : value <= r->threshold - tenth;
}

enum alert_change alert_step(const struct alert_rule *r, struct alert_state *s, int64_t value, int64_t now_ns)
{
	if (value == CG_UNSET)
		return ALERT_SAME;
	if (r->metric == ALERT_OOM)
		return value > 0 ? ALERT_FIRES : ALERT_SAME;
	if (s->firing ? !is_back(r, value) : !holds(r, value)) {
		s->since_ns = 0;
		return ALERT_SAME;
	}
	if (!s->since_ns)
		s->since_ns = now_ns;
	if (now_ns - s->since_ns < r->for_ns)
		return ALERT_SAME;
	s->firing = !s->firing;
	s->since_ns = 0;
	return s->firing ? ALERT_FIRES : ALERT_ENDS;
}

bool alert_is_calm(const struct alert_state *s)
{
	return !s->firing && !s->since_ns;
}

const char *alert_value_text(const struct alert_rule *r, int64_t value, char ret[32])
{
	static const char units[] = "KMGTPE";
	double n = (double)value;
	int i = -1;

	if (value == CG_UNSET) {
		(void)snprintf(ret, 32, "?");
	} else if (r->unit == ALERT_PERCENT) {
		(void)snprintf(ret, 32, "%.2f%%", n / 100);
	} else if (r->unit == ALERT_COUNT || value < 1024) {
		(void)snprintf(ret, 32, r->unit == ALERT_COUNT ? "%lld" : "%lldB", (long long)value);
	} else {
		for (; n >= 1024 && units[i + 1]; i++)
			n /= 1024;
		(void)snprintf(ret, 32, "%.1f%ciB", n, units[i]);
	}
	return ret;
}
