/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/charter.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
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

enum kind {
	KIND_TEXT,
	KIND_FLAG,
	KIND_INT,
	KIND_I64,
	KIND_LOG_DRIVER,
	KIND_RESTART,
	KIND_TEXTS,
	KIND_LIST_LOWER,
	KIND_LIST_COPY_UP
};

static const struct row {
	const char *key;
	enum kind kind;
	size_t at;
	bool network; /* of NETWORK_FILE */
} rows[] = {
	{ "id", KIND_TEXT, offsetof(struct charter, id) },
	{ "container_dir", KIND_TEXT, offsetof(struct charter, container_dir) },
	{ "rootfs", KIND_TEXT, offsetof(struct charter, root.path) },
	{ "idmap", KIND_FLAG, offsetof(struct charter, root.idmap) },
	{ "layers_dir", KIND_TEXT, offsetof(struct charter, root.layers_dir) },
	{ "data_dir", KIND_TEXT, offsetof(struct charter, root.data_dir) },
	{ "lower", KIND_LIST_LOWER, 0 },
	{ "upper", KIND_TEXT, offsetof(struct charter, root.upper) },
	{ "work", KIND_TEXT, offsetof(struct charter, root.work) },
	{ "scratch", KIND_FLAG, offsetof(struct charter, root.scratch) },
	{ "copy_up", KIND_LIST_COPY_UP, 0 },
	{ "auto_remove", KIND_FLAG, offsetof(struct charter, auto_remove) },
	{ "open_stdin", KIND_FLAG, offsetof(struct charter, open_stdin) },
	{ "stdin_once", KIND_FLAG, offsetof(struct charter, stdin_once) },
	{ "tty", KIND_FLAG, offsetof(struct charter, tty) },
	{ "init", KIND_FLAG, offsetof(struct charter, init) },
	{ "trace", KIND_FLAG, offsetof(struct charter, trace) },
	{ "program", KIND_TEXT, offsetof(struct charter, program) },
	{ "data_root", KIND_TEXT, offsetof(struct charter, data_root) },
	{ "state_root", KIND_TEXT, offsetof(struct charter, state_root) },
	{ "settings", KIND_TEXT, offsetof(struct charter, settings) },
	{ "systemd", KIND_TEXT, offsetof(struct charter, systemd) },
	{ "net_waits", KIND_FLAG, offsetof(struct charter, net_waits) },
	{ "net_program", KIND_TEXT, offsetof(struct charter, net_program) },
	{ "log_driver", KIND_LOG_DRIVER, offsetof(struct charter, log_driver) },
	{ "log_attrs", KIND_TEXT, offsetof(struct charter, log_attrs) },
	{ "log_max_size", KIND_I64, offsetof(struct charter, log_max_size) },
	{ "log_max_file", KIND_INT, offsetof(struct charter, log_max_file) },
	{ "restart", KIND_RESTART, offsetof(struct charter, restart) },
	{ "restart_max", KIND_INT, offsetof(struct charter, restart_max) },
	{ "restart_count", KIND_INT, offsetof(struct charter, restart_count) },
	{ "oom_log_seq", KIND_I64, offsetof(struct charter, oom_log_seq) },
	{ "stop_signal", KIND_INT, offsetof(struct charter, stop_signal) },
	{ "stop_signal_set", KIND_FLAG, offsetof(struct charter, stop_signal_set) },
	{ "stop_timeout", KIND_INT, offsetof(struct charter, stop_timeout) },
	{ "networked", KIND_FLAG, offsetof(struct charter, networked) },
	{ "net_link", KIND_TEXTS, offsetof(struct charter, net_links), .network = true },
	{ "net_name", KIND_TEXTS, offsetof(struct charter, net_names), .network = true },
	{ "user_net", KIND_TEXTS, offsetof(struct charter, user_net), .network = true },
	{ "user_net_request", KIND_TEXTS, offsetof(struct charter, user_net_requests), .network = true },
	{ "net_ports", KIND_FLAG, offsetof(struct charter, net_ports), .network = true },
	{ "exec_env", KIND_TEXTS, offsetof(struct charter, exec_env) },
	{ "exec_groups_strict", KIND_FLAG, offsetof(struct charter, exec_groups_strict) },
	{ "exec_groups", KIND_TEXTS, offsetof(struct charter, exec_groups) },
	{ "exec_user", KIND_TEXT, offsetof(struct charter, exec_user) },
	{ "exec_workdir", KIND_TEXT, offsetof(struct charter, exec_workdir) },
};

static const struct charter defaults = { .log_max_file = 1,
					 .stop_signal = STOP_SIGNAL_DEFAULT,
					 .stop_timeout = STOP_TIMEOUT_DEFAULT };

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

static int name_find(const char *const *names, size_t n, struct sv name)
{
	for (size_t i = 0; i < n; i++)
		if (sv_is(name, names[i]))
			return (int)i;
	return -1;
}

int restart_policy_from_name(struct sv name)
{
	return name_find(restart_policy_names, ARRAY_LEN(restart_policy_names), name);
}

static void put(struct buf *b, const char *key, const char *value)
{
	buf_putf(b, "%s=%s", key, value);
	buf_put(b, "", 1);
}

static void put_number(struct buf *b, const char *key, int64_t value, int64_t usual)
{
	if (value == usual)
		return;
	buf_putf(b, "%s=%lld", key, (long long)value);
	buf_put(b, "", 1);
}

static void put_row(struct buf *b, const struct charter *c, const struct row *row)
{
	const char *p = (const char *)c + row->at, *usual = (const char *)&defaults + row->at;
	const struct oci_strings *texts = (const void *)p;
	const char *text;

	switch (row->kind) {
	case KIND_TEXTS:
		for (size_t i = 0; i < texts->n; i++)
			put(b, row->key, texts->v[i]);
		break;
	case KIND_TEXT:
		memcpy(&text, p, sizeof text);
		if (text)
			put(b, row->key, text);
		break;
	case KIND_FLAG:
		if (*(const bool *)p)
			put(b, row->key, "true");
		break;
	case KIND_INT:
		put_number(b, row->key, *(const int *)(const void *)p, *(const int *)(const void *)usual);
		break;
	case KIND_I64:
		put_number(b, row->key, *(const int64_t *)(const void *)p, *(const int64_t *)(const void *)usual);
		break;
	case KIND_LOG_DRIVER:
		put(b, row->key, log_driver_name(c->log_driver));
		break;
	case KIND_RESTART:
		put(b, row->key, restart_policy_name(c->restart));
		break;
	case KIND_LIST_LOWER:
		for (unsigned i = 0; i < c->root.lower_count; i++)
			put(b, row->key, c->root.lower[i]);
		break;
	case KIND_LIST_COPY_UP:
		for (size_t i = 0; i < c->copy_up_count; i++)
			put(b, row->key, c->copy_up[i]);
		break;
	}
}

static int write_rows(int state_dir, const struct charter *c, bool network, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	int r;

	put(&b, "tare-charter", "1");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].network == network)
			put_row(&b, c, &rows[i]);
	r = buf_status(&b, e);
	if (r < 0)
		return r;
	return io_replace_at(state_dir, network ? NETWORK_FILE : CHARTER_FILE, b.p, b.len, 0600, false, e);
}

int charter_write(int state_dir, const struct charter *c, struct err *e)
{
	return write_rows(state_dir, c, false, e);
}

int charter_write_network(int state_dir, const struct charter *c, struct err *e)
{
	return write_rows(state_dir, c, true, e);
}

static int bad_value(const struct row *row, const char *value, struct err *e)
{
	return err_set(e, EINVAL, CHARTER_FILE ": %s: \"%.40s\"", row->key, value);
}

static int take_number(void *p, const struct row *row, const char *value, struct err *e)
{
	int64_t v;

	if (sv_i64(sv_from(value), &v) < 0 || (row->kind == KIND_INT && (v < INT32_MIN || v > INT32_MAX)))
		return bad_value(row, value, e);
	if (row->kind == KIND_INT)
		*(int *)p = (int)v;
	else
		*(int64_t *)p = v;
	return 0;
}

static int take_name(void *p, const struct row *row, const char *value, struct err *e)
{
	bool driver = row->kind == KIND_LOG_DRIVER;
	int i = driver ? name_find(log_driver_names, ARRAY_LEN(log_driver_names), sv_from(value)) :
			 restart_policy_from_name(sv_from(value));

	if (i < 0)
		return bad_value(row, value, e);
	if (driver)
		*(enum log_driver *)p = (enum log_driver)i;
	else
		*(enum restart_policy *)p = (enum restart_policy)i;
	return 0;
}

struct reader {
	struct charter *c;
	struct arena *a;
	size_t fields; /* of the whole record: no list is longer */
	const char **lower;
};

static int take_text(struct reader *rd, const struct row *row, const char *value, struct err *e)
{
	struct oci_strings *list = (void *)((char *)rd->c + row->at);

	if (!list->v)
		list->v = arena_array(rd->a, rd->fields, sizeof *list->v);
	if (!list->v)
		return err_oom(e);
	list->v[list->n++] = value;
	return 0;
}

static int take_row(struct reader *rd, const struct row *row, const char *value, struct err *e)
{
	struct charter *c = rd->c;
	char *p = (char *)c + row->at;

	switch (row->kind) {
	case KIND_INT:
	case KIND_I64:
		return take_number(p, row, value, e);
	case KIND_LOG_DRIVER:
	case KIND_RESTART:
		return take_name(p, row, value, e);
	case KIND_TEXTS:
		return take_text(rd, row, value, e);
	case KIND_TEXT:
		memcpy(p, &value, sizeof value);
		return 0;
	case KIND_FLAG:
		*(bool *)p = strcmp(value, "true") == 0;
		return 0;
	case KIND_LIST_LOWER:
		if (c->root.lower_count == CHARTER_LIST_MAX)
			return err_set(e, E2BIG, CHARTER_FILE ": more than %d layers", CHARTER_LIST_MAX);
		rd->lower[c->root.lower_count++] = value;
		return 0;
	case KIND_LIST_COPY_UP:
		if (c->copy_up_count == CHARTER_LIST_MAX)
			return err_set(e, E2BIG, CHARTER_FILE ": more than %d volumes", CHARTER_LIST_MAX);
		c->copy_up[c->copy_up_count++] = value;
		return 0;
	}
	return 0;
}

static int take_field(struct reader *rd, const char *field, struct err *e)
{
	const char *equals = strchr(field, '=');
	size_t n = equals ? (size_t)(equals - field) : 0;

	if (!equals)
		return err_set(e, EINVAL, CHARTER_FILE ": damaged field");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strlen(rows[i].key) == n && memcmp(rows[i].key, field, n) == 0)
			return take_row(rd, &rows[i], equals + 1, e);
	return 0;
}

static size_t count_fields(const char *text, size_t n)
{
	size_t fields = 0;

	for (size_t i = 0; i < n; i++)
		fields += text[i] == '\0';
	return fields;
}

static int parse(const char *text, size_t n, struct arena *a, struct charter *c, struct err *e)
{
	struct reader rd = { c, a, count_fields(text, n), arena_array(a, CHARTER_LIST_MAX, sizeof *rd.lower) };
	const char *end = text + n, *field = text;
	int r = 0;

	c->copy_up = arena_array(a, CHARTER_LIST_MAX, sizeof *c->copy_up);
	if (!rd.lower || !c->copy_up)
		return err_oom(e);
	if (n == 0 || text[n - 1] || strcmp(text, "tare-charter=1") != 0)
		return err_set(e, EINVAL, CHARTER_FILE ": not a charter of version %d", CHARTER_VERSION);
	while (r == 0 && (field += strlen(field) + 1) < end)
		r = take_field(&rd, field, e);
	c->root.lower = rd.lower;
	return r;
}

static int read_rows(int state_dir, const char *file, struct arena *a, struct charter *c, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	char *text;
	int r = io_read_at(state_dir, file, &b, e);

	if (r < 0)
		return r;
	text = arena_alloc(a, b.len + 1);
	if (!text)
		return err_oom(e);
	if (b.len)
		memcpy(text, b.p, b.len);
	return parse(text, b.len, a, c, e);
}

int charter_read(int state_dir, struct arena *a, struct charter *ret, struct err *e)
{
	struct charter c = defaults;
	int r = read_rows(state_dir, CHARTER_FILE, a, &c, e);

	if (r == 0 && (!c.id || !c.container_dir || !c.program || !c.data_root || !c.state_root))
		r = err_set(e, EINVAL, CHARTER_FILE ": a field is missing");
	if (r == 0)
		*ret = c;
	return r;
}

int charter_read_network(int state_dir, struct arena *a, struct charter *c, struct err *e)
{
	struct charter own = defaults;
	int r = read_rows(state_dir, NETWORK_FILE, a, &own, e);

	if (r < 0)
		return r;
	c->net_links = own.net_links;
	c->net_names = own.net_names;
	c->user_net = own.user_net;
	c->user_net_requests = own.user_net_requests;
	c->net_ports = own.net_ports;
	return 0;
}
