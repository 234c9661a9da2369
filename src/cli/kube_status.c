/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kube_status.h"

#include "base/clock.h"
#include "engine/kube_plain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One of `tare run` has no probes. */
static bool is_ready(const struct kube_running *p, const struct kube_status *s)
{
	return s->id && (s->state.outcome.ready || kube_plain_has_uid(p->pod.uid)) &&
	       (s->state.status == CONTAINER_RUNNING || s->state.status == CONTAINER_PAUSED);
}

static bool has_ended(const struct kube_status *s)
{
	return s->id && (s->state.status == CONTAINER_EXITED || s->state.status == CONTAINER_DEAD);
}

static void say(struct pod_summary *s, const char *phase, const char *status)
{
	s->phase = phase;
	(void)snprintf(s->status, sizeof s->status, "%s", status);
}

/* Of init containers that do not stay: how many have done what they were for. */
static bool say_init(struct pod_summary *s, const struct kube_running *p, const struct kube_status *v)
{
	size_t done = 0, all = 0;

	for (size_t i = 0; i < p->pod.n_inits; i++) {
		if (p->pod.inits[i].sidecar)
			continue;
		all++;
		if (has_ended(&v[i]) && v[i].state.outcome.exit_code) {
			say(s, "Failed", "Init:Error");
			return true;
		}
		done += has_ended(&v[i]);
	}
	if (done == all)
		return false;
	s->phase = "Pending";
	(void)snprintf(s->status, sizeof s->status, "Init:%zu/%zu", done, all);
	return true;
}

static void say_ended(struct pod_summary *s, const struct kube_status *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].state.outcome.exit_code) {
			say(s, "Failed", v[i].state.outcome.oom_killed ? "OOMKilled" : "Error");
			return;
		}
	say(s, "Succeeded", "Completed");
}

static void say_main(struct pod_summary *s, const struct kube_status *v, size_t n)
{
	size_t ended = 0, waiting = 0;

	for (size_t i = 0; i < n; i++) {
		ended += has_ended(&v[i]);
		waiting += !v[i].id || v[i].state.status == CONTAINER_CREATED;
	}
	if (waiting)
		say(s, "Pending", "ContainerCreating");
	else if (ended == n)
		say_ended(s, v, n);
	else
		say(s, "Running", "Running");
	for (size_t i = 0; i < n; i++)
		if (v[i].id && v[i].state.status == CONTAINER_RESTARTING)
			say(s, "Running", "CrashLoopBackOff");
}

void pod_summary_make(const struct kube_running *p, const struct kube_status *v, size_t n, struct pod_summary *ret)
{
	*ret = (struct pod_summary){ 0 };
	for (size_t i = 0; i < n; i++) {
		bool stays = i >= p->pod.n_inits || p->pod.inits[i].sidecar;

		ret->containers += stays;
		ret->ready += stays && is_ready(p, &v[i]);
		ret->restarts += v[i].id ? v[i].state.outcome.restart_count : 0;
	}
	if (p->row->reason)
		say(ret, "Pending", "Pending");
	else if (!say_init(ret, p, v))
		say_main(ret, v + p->pod.n_inits, n - p->pod.n_inits);
}

const char *kube_end_reason(const struct outcome *o, int code)
{
	return o->oom_killed ? "OOMKilled" : code == 0 ? "Completed" : "Error";
}

const char *kube_age(struct arena *a, int64_t created_ns)
{
	int64_t s = (clock_real_ns() - created_ns) / 1000000000;

	if (s < 0)
		s = 0;
	if (s < 120)
		return arena_fmt(a, "%" PRId64 "s", s);
	if (s < 600)
		return s % 60 ? arena_fmt(a, "%" PRId64 "m%" PRId64 "s", s / 60, s % 60) :
				arena_fmt(a, "%" PRId64 "m", s / 60);
	if (s < 3 * 3600)
		return arena_fmt(a, "%" PRId64 "m", s / 60);
	return s < 48 * 3600 ? arena_fmt(a, "%" PRId64 "h", s / 3600) : arena_fmt(a, "%" PRId64 "d", s / 86400);
}
