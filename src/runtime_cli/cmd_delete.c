/* SPDX-License-Identifier: Apache-2.0 */
/* delete - of a container that has ended nothing is left: processes, groups, folder. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/sys.h"
#include "runtime/container.h"
#include "runtime_cli/bundle.h"
#include "runtime_cli/rootless.h"
#include "runtime_cli/group.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#define REMOVE_TIMEOUT_MS 10000
#define END_TIMEOUT_MS 10000
#define LOCK_TRY_MS 20

struct delete_options {
	bool force;
};

static const struct option rows[] = {
	{ "force", 'f', NULL, "kill it if it runs; no container of this name is no error", option_switch,
	  offsetof(struct delete_options, force) },
};
static OPTION_GROUP(group, "Options", rows);

static void kill_group(struct runtime *rt, const struct entry *c)
{
	scoped_group cg = NULL;

	if (group_open(rt, c, &cg, NULL) < 0)
		return;
	(void)cgroup_kill(cg, NULL);
	(void)cgroup_freeze(cg, false, NULL); /* on v1 what is frozen does not die */
}

/* Not our child: its end is seen by its pidfd. A zombie has none of the container's any more. */
static int kill_processes(struct runtime *rt, const struct entry *c, struct err *e)
{
	scoped_fd fd = -1;
	struct pollfd p;
	int r = entry_pidfd(rt, c, &fd, e);

	if (r == 0)
		(void)sys_pidfd_send_signal(fd, SIGKILL);
	kill_group(rt, c);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	p = (struct pollfd){ fd, POLLIN, 0 };
	return poll(&p, 1, END_TIMEOUT_MS) > 0 ? 0 :
						 err_set(e, ETIMEDOUT, "container %s: process %lld does not end", c->id,
							 (long long)c->record.pid);
}

/* Who is making it is stopped by the end of what he makes. */
static int take_by_force(struct runtime *rt, struct entry *c, struct err *e)
{
	int64_t until_ns = clock_monotonic_ns() + LOCK_TIMEOUT_MS * 1000000ll;
	int r;

	do {
		r = entry_lock(rt, c, LOCK_TRY_MS, e);
		if (r == -EAGAIN) {
			struct entry now = ENTRY;

			if (entry_open(rt, c->id, &now, NULL) == 0)
				(void)kill_processes(rt, &now, NULL);
			entry_close(&now);
		}
	} while (r == -EAGAIN && clock_monotonic_ns() < until_ns);
	return r;
}

static int take(struct runtime *rt, struct entry *c, bool force, struct err *e)
{
	enum container_status s;
	int r = force ? take_by_force(rt, c, e) : entry_lock(rt, c, LOCK_TIMEOUT_MS, e);

	if (r < 0 || force)
		return r;
	r = entry_status(rt, c, &s, NULL, e);
	if (r < 0)
		return r;
	if (s == STATUS_STOPPED || s == STATUS_CREATED)
		return 0;
	return err_set(e, EBUSY, "cannot delete container %s that is not stopped: %s", c->id, container_status_name(s));
}

static int stop_unit(struct runtime *rt, const struct entry *c, struct err *e)
{
	struct unit_manager *m;
	int r = runtime_manager(rt, c->record.unit_user, &m, e);

	return r < 0 ? r : container_stop_unit(m, c->record.unit, e);
}

int container_remove_all(struct runtime *rt, struct entry *c, struct err *e)
{
	scoped_bundle b = BUNDLE;
	bool has_document = c->has_record && bundle_read_saved(rt, c, &b, NULL) == 0;
	int r = kill_processes(rt, c, e);

	if (r == 0 && c->has_record && c->record.cgroup) {
		r = runtime_facts(rt, e);
		if (r == 0)
			r = cgroup_remove(&rt->host, &rt->facts.cgroup, c->record.cgroup, REMOVE_TIMEOUT_MS, e);
	}
	if (r == 0 && c->has_record && c->record.unit)
		r = stop_unit(rt, c, e);
	if (r == 0 && has_document)
		bundle_unmount(rt, &b, &c->record);
	if (r == 0)
		r = entry_remove(rt, c, e);
	if (r == 0 && has_document)
		bundle_poststop(&b, c->id);
	return r;
}

static int run_delete(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	bool force = ((const struct delete_options *)options)->force;
	scoped_entry c = ENTRY;
	int r = entry_open(rt, o->v[0], &c, e);

	if (r == -EINVAL && force && c.dir >= 0)
		r = 0; /* a damaged record */
	if (r == 0)
		r = rootless_join(rt, &c, e);
	if (r == 0)
		r = take(rt, &c, force, e);
	if (r == 0)
		r = container_remove_all(rt, &c, e);
	return r == -ENOENT && force ? 0 : r;
}

static const struct option_group *const groups[] = { &group, NULL };

const struct runtime_command runtime_command_delete = {
	.name = "delete",
	.args = "[OPTIONS] ID",
	.summary = "remove what is left of a container that has ended",
	.groups = groups,
	.options_size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_delete,
};
