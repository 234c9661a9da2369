/* SPDX-License-Identifier: Apache-2.0 */
/* pause, resume - the freezer of the container's group. */
#include "base/clock.h"
#include "base/scope.h"
#include "runtime_cli/group.h"

#include <time.h>

#define FREEZE_TIMEOUT_MS 10000

/* A v1 freezer wants to be told again of processes that were made meanwhile. */
static int freeze_and_wait(struct cgroup *cg, struct err *e)
{
	int64_t until_ns = clock_monotonic_ns() + FREEZE_TIMEOUT_MS * 1000000ll;
	struct err ignored;
	int r;

	while ((r = cgroup_freeze(cg, true, e)) == 0 && !cgroup_is_frozen(cg)) {
		if (clock_monotonic_ns() > until_ns) {
			(void)cgroup_freeze(cg, false, &ignored);
			return err_set(e, ETIMEDOUT, "a process of the container does not stop");
		}
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return r;
}

static int run_pause(struct runtime *rt, struct entry *c, void *options, const struct operands *o, int *ret_status,
		     struct err *e)
{
	scoped_group cg = NULL;
	enum container_status s;
	int r = entry_status(rt, c, &s, NULL, e);

	if (r < 0)
		return r;
	if (s != STATUS_RUNNING && s != STATUS_CREATED)
		return err_set(e, ESRCH, "container not running or created: %s", container_status_name(s));
	r = group_open(rt, c, &cg, e);
	return r < 0 ? r : freeze_and_wait(cg, e);
}

static int run_resume(struct runtime *rt, struct entry *c, void *options, const struct operands *o, int *ret_status,
		      struct err *e)
{
	scoped_group cg = NULL;
	enum container_status s;
	int r = entry_status(rt, c, &s, NULL, e);

	if (r < 0)
		return r;
	if (s != STATUS_PAUSED)
		return err_set(e, ESRCH, "container not paused");
	r = group_open(rt, c, &cg, e);
	return r < 0 ? r : cgroup_freeze(cg, false, e);
}

const struct runtime_command runtime_command_pause = {
	.name = "pause", .args = "ID", .summary = "stop all processes of a container until `resume`", .min_args = 1,
	.max_args = 1, .on = run_pause, .lock_ms = LOCK_TIMEOUT_MS,
};

const struct runtime_command runtime_command_resume = {
	.name = "resume", .args = "ID", .summary = "let the processes of a paused container go on", .min_args = 1,
	.max_args = 1, .on = run_resume, .lock_ms = LOCK_TIMEOUT_MS,
};
