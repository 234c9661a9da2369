/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/memory_use.h"

#include "base/clock.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_NS INT64_C(1000000000)
#define SAME_PERCENT 2 /* of the limit: less is no change */
#define NEAR_PERCENT 50

/* ---- samples -------------------------------------------------------------------------------------------------------- */

static int64_t percent(const struct memory_use *u, int64_t n)
{
	return u->limit_bytes / 100 * n;
}

static bool is_same(const struct memory_use *u, int64_t a, int64_t b)
{
	int64_t most = percent(u, SAME_PERCENT);

	return a - b < most && b - a < most;
}

void memory_samples_add(struct memory_use *u, struct memory_sample s)
{
	unsigned n = u->n;

	if (n >= 2 && is_same(u, u->v[n - 2].bytes, u->v[n - 1].bytes) && is_same(u, u->v[n - 2].bytes, s.bytes)) {
		u->v[n - 1] = s;
		return;
	}
	if (n == MEMORY_SAMPLES) {
		memmove(u->v, u->v + 1, (MEMORY_SAMPLES - 1) * sizeof *u->v);
		u->n--;
	}
	u->v[u->n++] = s;
}

void memory_samples_print(const struct memory_use *u, char ret[MEMORY_SAMPLES_TEXT])
{
	size_t at = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < u->n; i++) {
		int n = snprintf(ret + at, MEMORY_SAMPLES_TEXT - at, "%s%" PRId64 ":%" PRId64, at ? " " : "",
				 u->v[i].time_ms, u->v[i].bytes);

		if (n < 0 || (size_t)n >= MEMORY_SAMPLES_TEXT - at) {
			ret[at] = '\0';
			return;
		}
		at += (size_t)n;
	}
}

int memory_samples_next(struct sv *rest, struct memory_sample *ret)
{
	struct sv word, time, bytes;
	struct memory_sample s;

	if (!sv_next(rest, ' ', &word) || !sv_cut(word, ':', &time, &bytes) || sv_i64(time, &s.time_ms) < 0 ||
	    sv_i64(bytes, &s.bytes) < 0 || s.time_ms < 0 || s.bytes < 0)
		return 0;
	*ret = s;
	return 1;
}

/* ---- looking -------------------------------------------------------------------------------------------------------- */

static bool read_text(int fd, char *text, size_t size, struct sv *ret)
{
	ssize_t n = pread(fd, text, size, 0);

	*ret = (struct sv){ text, n > 0 ? (size_t)n : 0 };
	return n > 0;
}

/* On v2, reading is also what makes poll(2) wait again. */
static void count(struct memory_use *u)
{
	int64_t sum = 0;
	char text[512];
	struct sv rest, line, name, value;
	uint64_t n;

	if (u->watch.wait_for == POLLIN && read(u->watch.events, &n, sizeof n) == sizeof n)
		u->events++;
	(void)read_text(u->watch.kills, text, sizeof text, &rest);
	while (sv_next(&rest, '\n', &line)) {
		if (!sv_cut(line, ' ', &name, &value) || sv_u64(value, &n) < 0)
			continue;
		sum += (int64_t)(n & UINT32_MAX);
		if (sv_is(name, "oom_kill"))
			u->kills = (int64_t)(n & UINT32_MAX);
	}
	if (u->watch.wait_for == POLLPRI)
		u->events = sum;
}

/* Returns whether something has changed since the last look. */
static bool look(struct memory_use *u, int64_t now_ns)
{
	int64_t before = u->n ? u->v[u->n - 1].bytes : 0, events = u->events;
	struct memory_sample s = { .time_ms = clock_real_ns() / 1000000 };
	char text[32];
	struct sv number;
	uint64_t bytes;

	u->looked_ns = now_ns;
	cgroup_memory_watch_levels(&u->watch, u->limit_bytes);
	count(u);
	if (!read_text(u->watch.use, text, sizeof text, &number) || sv_u64(sv_trim(number), &bytes) < 0) {
		memory_use_end(u); /* the group is gone: it would be ready for ever */
		return false;
	}
	s.bytes = (int64_t)(bytes & INT64_MAX);
	memory_samples_add(u, s);
	return events != u->events || (s.bytes >= percent(u, NEAR_PERCENT) && !is_same(u, before, s.bytes));
}

void memory_use_begin(struct memory_use *u, const struct host *h, const struct cgroup_layout *l, const char *cgroup,
		      int64_t limit_bytes)
{
	*u = (struct memory_use){ .watch = CGROUP_MEMORY_WATCH_NONE, .limit_bytes = limit_bytes };
	if (limit_bytes <= 0 || limit_bytes == CG_MAX || !cgroup)
		return;
	u->on = cgroup_event_memory(h, l, cgroup, &u->watch, NULL) == 0;
	if (!u->on)
		return;
	count(u);
	if (u->watch.control >= 0) /* what ends within a second does not pay for levels, and nobody waits then */
		u->again_ns = clock_monotonic_ns() + AGAIN_NS;
}

void memory_use_end(struct memory_use *u)
{
	cgroup_memory_watch_close(&u->watch);
	u->on = false;
	u->again_ns = 0;
}

/* While there is a look a second anyway, events tell nothing new: cache at its limit makes a hundred of them. */
int memory_use_fd(const struct memory_use *u)
{
	return u->on && !u->again_ns ? u->watch.events : -1;
}

bool memory_use_run(struct memory_use *u, short revents, int64_t now_ns)
{
	int64_t kills = u->kills;
	bool due = u->again_ns ? now_ns >= u->again_ns : revents || now_ns >= u->looked_ns + AGAIN_NS, more;

	if (!u->on || !due)
		return false;
	more = look(u, now_ns);
	u->again_ns = u->on && more ? now_ns + AGAIN_NS : 0;
	return u->kills > kills;
}
