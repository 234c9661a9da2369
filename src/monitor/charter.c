/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/charter.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/record.h"
#include "base/scope.h"

#include <errno.h>
#include <string.h>

#define CHARTER_LIST_MAX 512 /* layers (overlayfs takes 500), volumes */

static const char *const log_driver_names[] = {
#define X(id, text) [LOG_##id] = text,
	LOG_DRIVERS(X)
#undef X
};
static const char *const restart_policy_names[] = {
#define X(id, text) [RESTART_##id] = text,
	RESTART_POLICIES(X)
#undef X
};

static const struct record_names log_drivers = { log_driver_names, ARRAY_LEN(log_driver_names) };
static const struct record_names restart_policies = { restart_policy_names, ARRAY_LEN(restart_policy_names) };

enum { GROUP_CHARTER, GROUP_NETWORK }; /* the second one is NETWORK_FILE */

#define ROW(key_, kind_, field) { .key = (key_), .kind = RECORD_##kind_, RECORD_AT(struct charter, field) }
#define NAME(key_, field, names_) \
	{ .key = (key_), .kind = RECORD_NAME, RECORD_AT(struct charter, field), .names = (names_) }
#define LIST(key_, list, count, max_) \
	{ .key = (key_), .kind = RECORD_TEXTS, RECORD_LIST_AT(struct charter, list, count), .max = (max_) }
#define NETWORK(key_, list)                               \
	{ .key = (key_),                                  \
	  .kind = RECORD_TEXTS,                           \
	  RECORD_LIST_AT(struct charter, list.v, list.n), \
	  .group = GROUP_NETWORK }

static const struct record_row rows[] = {
	ROW("id", TEXT, id),
	ROW("container_dir", TEXT, container_dir),
	ROW("rootfs", TEXT, root.path),
	ROW("idmap", FLAG, root.idmap),
	ROW("layers_dir", TEXT, root.layers_dir),
	ROW("data_dir", TEXT, root.data_dir),
	LIST("lower", root.lower, root.lower_count, CHARTER_LIST_MAX),
	ROW("upper", TEXT, root.upper),
	ROW("work", TEXT, root.work),
	ROW("scratch", FLAG, root.scratch),
	LIST("copy_up", copy_up, copy_up_count, CHARTER_LIST_MAX),
	ROW("auto_remove", FLAG, auto_remove),
	ROW("open_stdin", FLAG, open_stdin),
	ROW("stdin_once", FLAG, stdin_once),
	ROW("tty", FLAG, tty),
	ROW("init", FLAG, init),
	ROW("trace", FLAG, trace),
	ROW("program", TEXT, program),
	ROW("data_root", TEXT, data_root),
	ROW("state_root", TEXT, state_root),
	ROW("settings", TEXT, settings),
	ROW("systemd", TEXT, systemd),
	ROW("net_waits", FLAG, net_waits),
	ROW("net_program", TEXT, net_program),
	NAME("log_driver", log_driver, &log_drivers),
	ROW("log_attrs", TEXT, log_attrs),
	ROW("log_max_size", I64, log_max_size),
	ROW("log_max_file", INT, log_max_file),
	NAME("restart", restart, &restart_policies),
	ROW("restart_max", INT, restart_max),
	ROW("restart_count", INT, restart_count),
	ROW("oom_log_seq", I64, oom_log_seq),
	ROW("stop_signal", INT, stop_signal),
	ROW("stop_signal_set", FLAG, stop_signal_set),
	ROW("stop_timeout", INT, stop_timeout),
	ROW("networked", FLAG, networked),
	NETWORK("net_link", net_links),
	NETWORK("net_name", net_names),
	NETWORK("user_net", user_net),
	NETWORK("user_net_request", user_net_requests),
	{ .key = "net_ports", .kind = RECORD_FLAG, RECORD_AT(struct charter, net_ports), .group = GROUP_NETWORK },
	LIST("exec_env", exec_env.v, exec_env.n, 0),
	ROW("exec_groups_strict", FLAG, exec_groups_strict),
	LIST("exec_groups", exec_groups.v, exec_groups.n, 0),
	ROW("exec_user", TEXT, exec_user),
	ROW("exec_workdir", TEXT, exec_workdir),
};

static const struct charter defaults = { .log_max_file = 1,
					 .stop_signal = STOP_SIGNAL_DEFAULT,
					 .stop_timeout = STOP_TIMEOUT_DEFAULT };

static const struct record_form form = {
	.first = "tare-charter=1",
	.stranger = "not a charter of version 1",
	RECORD_FIELDS,
	RECORD_ROWS(rows),
	.usual = &defaults,
};

void charter_init(struct charter *c)
{
	*c = defaults;
}

const char *log_driver_name(enum log_driver d)
{
	return log_driver_names[d];
}

const char *restart_policy_name(enum restart_policy p)
{
	return restart_policy_names[p];
}

int restart_policy_from_name(struct sv name)
{
	return record_name_find(&restart_policies, name);
}

static int write_group(int state_dir, const struct charter *c, unsigned group, const char *file, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	int r;

	record_begin(&form, &b);
	record_put_rows(&form, group, c, &b);
	r = buf_status(&b, e);
	return r < 0 ? r : io_replace_at(state_dir, file, b.p, b.len, 0600, IO_DISK_LATER, e);
}

int charter_write(int state_dir, const struct charter *c, struct err *e)
{
	return write_group(state_dir, c, GROUP_CHARTER, CHARTER_FILE, e);
}

int charter_write_network(int state_dir, const struct charter *c, struct err *e)
{
	return write_group(state_dir, c, GROUP_NETWORK, NETWORK_FILE, e);
}

static int read_file(int state_dir, const char *file, struct arena *a, struct charter *c, struct err *e)
{
	struct record_reader rd = { .form = &form, .a = a, .of = { c, c } };
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	int r = io_read_at(state_dir, file, &b, e);

	if (r < 0)
		return r;
	r = record_parse(&rd, buf_sv(&b), e);
	return r < 0 ? err_wrap(e, r, "%s", file) : 0;
}

int charter_read(int state_dir, struct arena *a, struct charter *ret, struct err *e)
{
	struct charter c = defaults;
	int r = read_file(state_dir, CHARTER_FILE, a, &c, e);

	if (r == 0 && (!c.id || !c.container_dir || !c.program || !c.data_root || !c.state_root))
		r = err_set(e, EINVAL, CHARTER_FILE ": a field is missing");
	if (r == 0)
		*ret = c;
	return r;
}

int charter_read_network(int state_dir, struct arena *a, struct charter *c, struct err *e)
{
	struct charter own = defaults;
	int r = read_file(state_dir, NETWORK_FILE, a, &own, e);

	if (r < 0)
		return r;
	c->net_links = own.net_links;
	c->net_names = own.net_names;
	c->user_net = own.user_net;
	c->user_net_requests = own.user_net_requests;
	c->net_ports = own.net_ports;
	return 0;
}
