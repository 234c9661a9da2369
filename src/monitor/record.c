/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "monitor/parts.h"

#define AGAIN_NS INT64_C(1000000000)

void record_outcome(struct monitor *m)
{
	bool told = m->record_again_ns != 0;
	struct err e = { 0 };

	m->record_again_ns = 0;
	if (outcome_write(m->container_dir, &m->outcome, &e) >= 0)
		return;
	if (!told)
		refuse(m, NULL, &e);
	m->record_again_ns = clock_monotonic_ns() + AGAIN_NS;
}

int64_t record_due_ns(const struct monitor *m)
{
	return m->phase == PHASE_OVER ? 0 : m->record_again_ns; /* the end may be somebody else's to record */
}

void record_run(struct monitor *m)
{
	int64_t due = record_due_ns(m);

	if (due && due <= clock_monotonic_ns())
		record_outcome(m);
}

/* The step that ended next after `then`: host and child take turns, so the plan's order is not the clock's. */
static size_t trace_next(const struct monitor *m, int64_t then)
{
	size_t next = SIZE_MAX;

	for (size_t i = 0; i < m->plan.step_count && i < TRACE_STEPS; i++)
		if (m->trace->step_ns[i] > then && (next == SIZE_MAX || m->trace->step_ns[i] < m->trace->step_ns[next]))
			next = i;
	return next;
}

/* What a trace holds, for the client to print: "<ns> <step>" lines. */
void record_trace(struct monitor *m)
{
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	size_t i;

	if (!m->trace)
		return;
	buf_putf(&b, "%lld monitor: read charter and configuration, plan\n", (long long)m->trace->ended_ns);
	for (int64_t then = 0; (i = trace_next(m, then)) != SIZE_MAX; then = m->trace->step_ns[i]) {
		buf_putf(&b, "%lld ", (long long)m->trace->step_ns[i]);
		plan_print_step(&m->plan, &m->plan.steps[i], &b);
		buf_puts(&b, "\n");
	}
	if (buf_status(&b, NULL) == 0)
		(void)io_replace_at(m->state, TRACE_FILE, b.p, b.len, 0600, IO_DISK_LATER, NULL);
}
