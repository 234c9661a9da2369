/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint - a running container as files, by criu(8). */
#include "base/limits.h"
#include "base/scope.h"
#include "runtime_cli/checkpoint.h"
#include "runtime_cli/group.h"

#include <limits.h>
#include <string.h>

struct dump_options {
	struct checkpoint_options common;
	const char *parent_path, *page_server;
	int64_t status_fd;
	bool leave_running, pre_dump, link_remap, tcp_skip_in_flight, has_status_fd;
};

static int take_status_fd(const struct option_call *c, struct err *e)
{
	struct dump_options *o = c->target;
	int r = option_i64(c, e);

	if (r == 0 && (o->status_fd < 0 || o->status_fd > INT_MAX))
		return err_set(e, EINVAL, "--status-fd %s: the number of a descriptor is needed", c->text);
	o->has_status_fd = r == 0;
	return r;
}

static const struct option common_rows[] = { CHECKPOINT_ROWS(struct dump_options, common) };
static OPTION_GROUP(common_group, "Options", common_rows);

static const struct option rows[] = {
	{ "leave-running", 0, NULL, "the container goes on, and is kept", option_switch,
	  offsetof(struct dump_options, leave_running) },
	{ "link-remap", 0, NULL, "allow files that were removed and are still open, by a link", option_switch,
	  offsetof(struct dump_options, link_remap) },
	{ "page-server", 0, "ADDRESS:PORT", "send memory to `criu page-server`", option_text,
	  offsetof(struct dump_options, page_server) },
	{ "parent-path", 0, "DIR", "image of an earlier --pre-dump, relative to --image-path", option_text,
	  offsetof(struct dump_options, parent_path) },
	{ "pre-dump", 0, NULL, "memory only, of a container that goes on: what comes later is shorter then",
	  option_switch, offsetof(struct dump_options, pre_dump) },
	{ "status-fd", 0, "FD", "gets a zero byte when lazy pages can be fetched", take_status_fd,
	  offsetof(struct dump_options, status_fd) },
	{ "tcp-skip-in-flight", 0, NULL, "leave connections out that are not accepted yet", option_switch,
	  offsetof(struct dump_options, tcp_skip_in_flight) },
};
static OPTION_GROUP(group, "Options of checkpoint", rows);

/* ---- what criu is asked for -------------------------------------------------------------------------------------- */

static int put_page_server(const char *text, struct criu_call *c, struct err *e)
{
	scoped_buf server = BUF(4096);
	struct sv address, port;
	scoped_free char *host = NULL;
	uint64_t number;

	if (!text)
		return 0;
	if (!sv_rcut(sv_from(text), ':', &address, &port) || !address.n || sv_u64(port, &number) < 0 || !number ||
	    number > UINT16_MAX)
		return err_set(e, EINVAL, "--page-server %.80s: ADDRESS:PORT is needed", text);
	host = strndup(address.p, address.n);
	if (!host)
		return err_oom(e);
	pb_text(&server, 1, host);
	pb_number(&server, 2, number);
	pb_bytes(&c->opts, CRIU_PAGE_SERVER, buf_sv(&server));
	return buf_status(&server, e);
}

static int check_parent(const char *path, struct err *e)
{
	if (path && *path == '/')
		return err_set(e, EINVAL, "--parent-path %s: a path relative to --image-path is needed", path);
	return 0;
}

/* So that nothing is made or ends meanwhile. The kernel's path of the group is asked for by criu. */
static void put_freezer(struct runtime *rt, const struct entry *c, struct criu_call *call)
{
	int i = cgroup_layout_find(&rt->facts.cgroup, CGROUP_FREEZER);

	if (!c->record.cgroup)
		return;
	if (i < 0 && rt->facts.cgroup.mode == CGROUP_MODE_V2)
		i = 0;
	if (i >= 0)
		pb_text(&call->opts, CRIU_FREEZE_CGROUP,
			arena_fmt(rt->arena, "/%s%s", rt->facts.cgroup.h[i].mount, c->record.cgroup));
}

static int put_all(struct runtime *rt, const struct dump_options *o, const struct entry *c, const struct bundle *b,
		   struct criu_call *call, struct err *e)
{
	int r = checkpoint_call(rt, &o->common, &b->spec, true, call, e);

	if (r < 0)
		return r;
	pb_number(&call->opts, CRIU_PID, (uint64_t)c->record.pid);
	pb_text(&call->opts, CRIU_PARENT_IMAGE, o->parent_path);
	criu_switch(call, CRIU_LEAVE_RUNNING, o->leave_running);
	criu_switch(call, CRIU_TRACK_MEM, o->pre_dump || o->parent_path);
	criu_switch(call, CRIU_LINK_REMAP, o->link_remap);
	criu_switch(call, CRIU_TCP_SKIP_IN_FLIGHT, o->tcp_skip_in_flight);
	if (o->has_status_fd)
		pb_number(&call->opts, CRIU_STATUS_FD, CRIU_STATUS_AT);
	call->status_fd = o->has_status_fd ? (int)o->status_fd : -1;
	if (!o->pre_dump)
		put_freezer(rt, c, call);
	r = put_page_server(o->page_server, call, e);
	return r < 0 ? r : checkpoint_externals(rt, b, (pid_t)c->record.pid, call, e);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int check_status(struct runtime *rt, const struct entry *c, struct err *e)
{
	enum container_status s;
	int r = entry_status(rt, c, &s, NULL, e);

	if (r < 0 || s == STATUS_RUNNING || s == STATUS_PAUSED)
		return r;
	return err_set(e, s == STATUS_STOPPED ? ESRCH : EBUSY, "cannot checkpoint a container that is %s",
		       container_status_name(s));
}

static int dump(struct runtime *rt, const struct dump_options *o, struct entry *c, struct err *e)
{
	struct criu_call call = CRIU_CALL(o->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP);
	scoped_bundle b = BUNDLE;
	int r = bundle_read_saved(rt, c, &b, e);

	if (r == 0)
		r = put_all(rt, o, c, &b, &call, e);
	if (r == 0)
		r = criu_run(&call, NULL, e);
	checkpoint_call_done(&call);
	return r;
}

static int run(struct runtime *rt, struct entry *c, void *options, const struct operands *operands, int *ret_status,
	       struct err *e)
{
	struct dump_options *o = options;
	int r = check_parent(o->parent_path, e);

	if (r == 0)
		r = checkpoint_paths(rt, &o->common, e);
	if (r == 0)
		r = check_status(rt, c, e);
	if (r == 0)
		r = dump(rt, o, c, e);
	/* as runc does: its processes are gone, and `restore` takes its name */
	return r < 0 || o->leave_running || o->pre_dump ? r : container_remove_all(rt, c, e);
}

static const struct option_group *const groups[] = { &common_group, &group, NULL };

const struct runtime_command runtime_command_checkpoint = {
	.name = "checkpoint",
	.args = "[OPTIONS] ID",
	.summary = "write a running container down, with its memory, for `restore`",
	.groups = groups,
	.options_size = sizeof(struct dump_options),
	.min_args = 1,
	.max_args = 1,
	.on = run,
	.lock_ms = LOCK_TIMEOUT_MS,
};
