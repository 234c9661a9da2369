/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value.h"

#include "base/decimal.h"
#include "base/path.h"
#include "base/scope.h"
#include "spec/device_rule.h"
#include "kernel/rlimit.h"
#include "kernel/signal.h"

#include <errno.h>
#include <string.h>

/* ---- decimals ----------------------------------------------------------------------------------------------- */

static bool is_zeros(struct sv s)
{
	while (s.n && s.p[s.n - 1] == '0')
		s.n--;
	return s.n == 0;
}

#define NANO 1000000000

static int too_precise(struct err *e)
{
	return err_set(e, EINVAL, "value is too precise");
}

/* den: what stands behind the '/' of "1/3", 1 without one. */
static int nano(struct decimal *d, uint64_t den, bool minus, int64_t *ret, struct err *e)
{
	int64_t v;

	if (d->fraction.n > 9 && !is_zeros((struct sv){ d->fraction.p + 9, d->fraction.n - 9 }))
		return too_precise(e);
	if (decimal_times(d, NANO, &v) < 0)
		return err_set(e, EINVAL, "out of range: at most 9223372036 CPUs");
	if ((uint64_t)v % den)
		return too_precise(e);
	v = (int64_t)((uint64_t)v / den);
	*ret = minus ? -v : v;
	return 0;
}

int value_nano(const char *text, int64_t *ret, struct err *e)
{
	bool minus = text[0] == '-';
	struct sv s = sv_from(text + (minus || text[0] == '+'));
	struct decimal d;
	uint64_t den = 1;
	bool ok = decimal_take(&s, &d);

	if (ok && s.n && s.p[0] == '/')
		ok = sv_u64((struct sv){ s.p + 1, s.n - 1 }, &den) == 0 && den && !d.fraction.p;
	else if (s.n)
		ok = false;
	if (!ok)
		return err_set(e, EINVAL, "failed to parse %.80s as a rational number", text);
	return nano(&d, den, minus, ret, e);
}

/* ---- lists of numbers --------------------------------------------------------------------------------------- */

#define NUMBER_MAX 8191 /* CONFIG_NR_CPUS and MAX_NUMNODES are at most 8192 and 1024 */

static bool is_range(struct sv field)
{
	uint64_t first, last;
	struct sv a, b;

	if (!sv_cut(field, '-', &a, &b))
		b = a;
	return sv_u64(a, &first) == 0 && sv_u64(b, &last) == 0 && first <= last && last <= NUMBER_MAX;
}

int value_number_list(const char *text, const char *what, struct err *e)
{
	struct sv rest = sv_from(text), field;

	while (sv_next(&rest, ',', &field))
		if (!is_range(field))
			return err_set(e, EINVAL, "Invalid value %.80s for cpuset %s (a list as 0-3,7)", text, what);
	return 0;
}

/* ---- signals ------------------------------------------------------------------------------------------------- */

int value_signal(const char *text, int *ret, struct err *e)
{
	int signo = signal_from_name(sv_from(text));

	if (signo < 0)
		return err_set(e, EINVAL, "Invalid signal: %.40s", text);
	*ret = signo;
	return 0;
}

/* ---- ulimit ------------------------------------------------------------------------------------------------- */

static int ulimit_number(struct sv s, uint64_t *ret, struct err *e)
{
	int64_t v;

	if (sv_i64(s, &v) < 0 || v < -1)
		return err_set(e, EINVAL, "invalid ulimit value: '%.*s' (0 to 9223372036854775807, -1 is unlimited)",
			       (int)(s.n < 80 ? s.n : 80), s.p ? s.p : "");
	*ret = v < 0 ? UINT64_MAX : (uint64_t)v;
	return 0;
}

static int ulimit_type(struct sv name, const char **ret, struct err *e)
{
	int resource = rlimit_from_name(name);

	if (resource >= 0) {
		*ret = rlimit_name((unsigned)resource);
		return 0;
	}
	return err_set(
		e, EINVAL,
		"invalid ulimit type: %.*s (core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, "
		"rss, rtprio, rttime, sigpending, stack)",
		(int)(name.n < 80 ? name.n : 80), name.p ? name.p : "");
}

static int ulimit_order(const struct oci_rlimit *l, struct err *e)
{
	static const char text[] = "ulimit soft limit must be less than or equal to hard limit";

	if (l->soft <= l->hard)
		return 0;
	if (l->soft == UINT64_MAX)
		return err_set(e, EINVAL, "%s: soft: -1 (unlimited), hard: %llu", text, (unsigned long long)l->hard);
	return err_set(e, EINVAL, "%s: %llu > %llu", text, (unsigned long long)l->soft, (unsigned long long)l->hard);
}

int value_ulimit(const char *text, struct arena *a, struct oci_rlimit *ret, struct err *e)
{
	struct sv name, limits, soft, hard, more;
	struct oci_rlimit l;
	int r;

	if (!sv_cut(sv_from(text), '=', &name, &limits))
		return err_set(e, EINVAL, "invalid ulimit argument: %.80s (NAME=SOFT[:HARD])", text);
	r = ulimit_type(name, &l.type, e);
	if (r < 0)
		return r;
	if (!sv_cut(limits, ':', &soft, &hard))
		hard = soft;
	if (sv_cut(hard, ':', &hard, &more))
		return err_set(e, EINVAL,
			       "too many limit value arguments - %.80s, can only have up to two, `soft[:hard]`",
			       limits.p);
	r = ulimit_number(soft, &l.soft, e);
	if (r == 0)
		r = ulimit_number(hard, &l.hard, e);
	if (r == 0)
		r = ulimit_order(&l, e);
	if (r == 0)
		*ret = l;
	return r;
}

/* ---- devices ------------------------------------------------------------------------------------------------ */

/* some of r, w and m, each at most once */
static bool is_access(struct sv s)
{
	unsigned seen = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned bit = s.p[i] == 'r' ? 1 : s.p[i] == 'w' ? 2 : s.p[i] == 'm' ? 4 : 0;

		if (!bit || seen & bit)
			return false;
		seen |= bit;
	}
	return s.n > 0;
}

static int device_parts(const char *text, struct sv part[3], struct err *e)
{
	struct sv rest = sv_from(text);
	size_t n = 0;

	part[0] = part[1] = part[2] = (struct sv){ 0 };
	for (; n < 3 && sv_next(&rest, ':', &part[n]); n++)
		;
	if (rest.p || part[0].n == 0)
		return err_set(e, EINVAL, "bad format for path: %.80s (PATH[:PATH][:rwm])", text);
	if (n == 1)
		part[1] = part[0];
	if (n == 2 && is_access(part[1])) {
		part[2] = part[1];
		part[1] = part[0];
	}
	if (n == 3 && !is_access(part[2]))
		return err_set(e, EINVAL, "bad mode specified: %.80s (some of r, w and m)", part[2].p);
	return 0;
}

int value_device(const char *text, struct arena *a, struct device_config *ret, struct err *e)
{
	struct device_config d;
	struct sv part[3];
	int r;

	if (text[0] != '/' && strchr(text, '='))
		return err_set(e, ENOTSUP, "CDI devices are not supported");
	r = device_parts(text, part, e);
	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++)
		if (part[i].n == 0 || part[i].p[0] != '/')
			return err_set(e, EINVAL, "%.*s is not an absolute path",
				       (int)(part[i].n < 80 ? part[i].n : 80), part[i].n ? part[i].p : "");
	d.host_path = path_clean(a, part[0]);
	d.container_path = path_clean(a, part[1]);
	d.access = part[2].n ? arena_sv(a, part[2]) : "rwm";
	if (!d.host_path || !d.container_path || !d.access)
		return err_oom(e);
	*ret = d;
	return 0;
}

int value_device_rule(const char *text, struct arena *a, struct err *e)
{
	struct oci_device_rule rule;
	int r = device_rule_parse(sv_from(text), a, &rule, e);

	if (r != -EINVAL)
		return r;
	return err_set(e, EINVAL, "invalid device cgroup format '%.80s' (TYPE MAJOR:MINOR ACCESS, as 'c 1:3 rwm')",
		       text);
}
