/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/compose.h"

#include "base/scope.h"
#include "oci/list.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define MERGE_DEPTH 8     /* of "<<" in "<<" */
#define EXPANDED_MAX 65536 /* bytes of one value */

struct composing {
	struct arena *arena;
	compose_variable_fn *variable;
	const char *service;
	struct oci_strings *args;
	struct err *e;
};

/* ---- variables ---------------------------------------------------------------------------------------------------- */

static bool is_name(char c, bool first)
{
	return c == '_' || isalpha((unsigned char)c) || (!first && isdigit((unsigned char)c));
}

/* The bracket that closes the one before p, over those inside. NULL: none. */
static const char *closing(const char *p)
{
	for (unsigned depth = 1; *p; p++) {
		depth += p[0] == '$' && p[1] == '{';
		if (*p == '}' && --depth == 0)
			return p;
	}
	return NULL;
}

static int expand(struct buf *out, struct sv text, compose_variable_fn *variable, unsigned depth);

/* "NAME", "NAME:-text" and its like. */
static int expand_braces(struct buf *out, struct sv inner, compose_variable_fn *variable, unsigned depth)
{
	char name[256];
	const char *value;
	bool empty_counts;
	size_t n = 0;

	while (n < inner.n && is_name(inner.p[n], n == 0))
		n++;
	if (!n || sv_copy((struct sv){ inner.p, n }, name, sizeof name) < 0)
		return -EINVAL;
	value = variable(name);
	inner = (struct sv){ inner.p + n, inner.n - n };
	empty_counts = inner.n && inner.p[0] == ':';
	if (empty_counts)
		inner = (struct sv){ inner.p + 1, inner.n - 1 };
	if (empty_counts && value && !*value)
		value = NULL;
	if (!inner.n)
		return empty_counts ? -EINVAL : buf_puts(out, value ? value : "");
	if (!strchr("-+?", inner.p[0]) || (inner.p[0] == '?' && !value))
		return -EINVAL;
	if (inner.p[0] == '+' ? !value : !!value)
		return buf_puts(out, value ? value : "");
	return expand(out, (struct sv){ inner.p + 1, inner.n - 1 }, variable, depth + 1);
}

/* What follows a dollar; *ret_used: bytes of it. */
static int expand_one(struct buf *out, struct sv rest, compose_variable_fn *variable, unsigned depth, size_t *ret_used)
{
	char name[256];
	const char *end = rest.n && rest.p[0] == '{' ? closing(rest.p + 1) : NULL, *value;
	size_t n = 0;

	*ret_used = 1;
	if (rest.n && rest.p[0] == '$')
		return buf_puts(out, "$");
	if (rest.n && rest.p[0] == '{') {
		if (!end || end >= rest.p + rest.n)
			return -EINVAL;
		*ret_used = (size_t)(end - rest.p) + 1;
		return expand_braces(out, (struct sv){ rest.p + 1, *ret_used - 2 }, variable, depth);
	}
	while (n < rest.n && is_name(rest.p[n], n == 0))
		n++;
	*ret_used = n;
	if (!n || sv_copy((struct sv){ rest.p, n }, name, sizeof name) < 0)
		return -EINVAL;
	value = variable(name);
	return buf_puts(out, value ? value : "");
}

static int expand(struct buf *out, struct sv text, compose_variable_fn *variable, unsigned depth)
{
	if (depth > MERGE_DEPTH)
		return -EINVAL;
	for (size_t i = 0; i < text.n;) {
		size_t used = 1;
		int r;

		if (text.p[i] != '$') {
			r = buf_put(out, text.p + i, 1);
		} else {
			i++;
			r = expand_one(out, (struct sv){ text.p + i, text.n - i }, variable, depth, &used);
		}
		if (r < 0)
			return r;
		i += used;
	}
	return 0;
}

const char *compose_expand(const char *text, compose_variable_fn *variable, struct arena *a)
{
	scoped_buf out = BUF(EXPANDED_MAX);

	if (!strchr(text, '$'))
		return text;
	if (expand(&out, sv_from(text), variable, 0) < 0)
		return NULL;
	return arena_sv(a, buf_sv(&out));
}

/* ---- nodes -------------------------------------------------------------------------------------------------------- */

/* Of the mapping itself, or of those that it merges: "<<: *base", "<<: [*a, *b]". */
static const struct node *member(const struct node *n, const char *key, unsigned depth)
{
	const struct node *found = n ? node_member(n, key) : NULL, *merged = n && !found ? node_member(n, "<<") : NULL;

	if (found || !merged || depth > MERGE_DEPTH)
		return found;
	if (merged->kind == NODE_MAPPING)
		return member(merged, key, depth + 1);
	for (size_t i = 0; merged->kind == NODE_SEQUENCE && !found && i < merged->n; i++)
		found = member(merged->items[i], key, depth + 1);
	return found;
}

/* "deploy.resources.limits.memory" */
static const struct node *find(const struct node *n, const char *path)
{
	struct sv rest = sv_from(path), word;

	while (n && sv_next(&rest, '.', &word)) {
		char key[64];

		if (sv_copy(word, key, sizeof key) < 0)
			return NULL;
		n = member(n, key, 0);
	}
	return n;
}

static int wrong(const struct composing *c, const struct node *n, const char *key, const char *what)
{
	char sketch[64];

	return err_set(c->e, EINVAL, "line %u, column %u: services.%.80s.%s: %s, got %s", n->line, n->column,
		       c->service, key, what, node_sketch(n, sketch));
}

/* A scalar's text without its variables; empty when it is null. NULL: *ret_r says why. */
static const char *text_of(const struct composing *c, const struct node *n, const char *key, int *ret_r)
{
	const char *text;

	if (n->kind != NODE_SCALAR) {
		*ret_r = wrong(c, n, key, "expected a text");
		return NULL;
	}
	text = node_is_null(n) ? "" : compose_expand(n->text, c->variable, c->arena);
	if (!text)
		*ret_r = wrong(c, n, key, "a variable is not set, or not written well");
	return text;
}

/* ---- the rows ------------------------------------------------------------------------------------------------------ */

static int put(const struct composing *c, const char *option, const char *value)
{
	if (strings_add(c->arena, c->args, option) < 0 || (value && strings_add(c->arena, c->args, value) < 0))
		return err_oom(c->e);
	return 0;
}

typedef int put_fn(const struct composing *c, const struct node *n, const char *key, const char *option);

static int put_value(const struct composing *c, const struct node *n, const char *key, const char *option)
{
	int r = 0;
	const char *text = text_of(c, n, key, &r);

	return !text || !*text ? r : put(c, option, text);
}

static int put_switch(const struct composing *c, const struct node *n, const char *key, const char *option)
{
	int r = 0;
	const char *text = text_of(c, n, key, &r);
	struct node value = *n;
	bool on;

	if (!text || !*text)
		return r;
	value.text = text;
	if (!node_bool(&value, &on))
		return wrong(c, n, key, "expected true or false");
	return on ? put(c, option, NULL) : 0;
}

/* Only the host's; "service:db" and networks of the file change nothing that is judged. */
static int put_host(const struct composing *c, const struct node *n, const char *key, const char *option)
{
	int r = 0;
	const char *text = text_of(c, n, key, &r);

	return !text || strcmp(text, "host") != 0 ? r : put(c, option, text);
}

static int put_pair(const struct composing *c, const struct node *name, const struct node *value, const char *key,
		    const char *option)
{
	int r = 0;
	const char *text = text_of(c, value, key, &r), *pair;

	if (!text)
		return r;
	pair = node_is_null(value) ? name->text : arena_fmt(c->arena, "%s=%s", name->text, text);
	return pair ? put(c, option, pair) : err_oom(c->e);
}

/* A list, one text, or a mapping of names to values. */
static int put_each(const struct composing *c, const struct node *n, const char *key, const char *option)
{
	int r = 0;

	if (n->kind == NODE_SCALAR)
		return put_value(c, n, key, option);
	for (size_t i = 0; r == 0 && i < n->n; i++) {
		if (n->kind == NODE_SEQUENCE)
			r = put_value(c, n->items[i], key, option);
		else if (strcmp(n->keys[i]->text, "<<") == 0)
			r = put_each(c, n->items[i], key, option);
		else
			r = put_pair(c, n->keys[i], n->items[i], key, option);
	}
	return r;
}

/* {source: /dev/x, target: /dev/y, permissions: rw} */
static int put_device(const struct composing *c, const struct node *n, const char *key, const char *option)
{
	const struct node *source = member(n, "source", 0);

	return source ? put_value(c, source, key, option) : wrong(c, n, key, "expected a device with a source");
}

static int put_devices(const struct composing *c, const struct node *n, const char *key, const char *option)
{
	int r = 0;

	if (n->kind != NODE_SEQUENCE)
		return wrong(c, n, key, "expected a list");
	for (size_t i = 0; r == 0 && i < n->n; i++)
		r = n->items[i]->kind == NODE_MAPPING ? put_device(c, n->items[i], key, option) :
							put_value(c, n->items[i], key, option);
	return r;
}

/* A folder of the host by its whole path; one beside the file, and a volume, are the project's own. */
static int put_bind(const struct composing *c, const char *source, bool read_only, const char *option)
{
	const char *text;

	if (source[0] != '/')
		return 0;
	text = arena_fmt(c->arena, "%s:/volume-%zu%s", source, c->args->n, read_only ? ":ro" : "");
	return text ? put(c, option, text) : err_oom(c->e);
}

static int put_volume_text(const struct composing *c, const struct node *n, const char *key, const char *option)
{
	int r = 0;
	const char *text = text_of(c, n, key, &r), *source;
	struct sv from, rest, target, mode, word;
	bool read_only = false;

	if (!text || !sv_cut(sv_from(text), ':', &from, &rest))
		return r;
	(void)sv_cut(rest, ':', &target, &mode);
	while (sv_next(&mode, ',', &word))
		read_only |= sv_is(word, "ro");
	source = arena_sv(c->arena, from);
	return source ? put_bind(c, source, read_only, option) : err_oom(c->e);
}

static int put_volume(const struct composing *c, const struct node *n, const char *key, const char *option)
{
	const struct node *source = member(n, "source", 0), *mode = member(n, "read_only", 0);
	bool read_only = false;
	const char *text;
	int r = 0;

	if (!source)
		return 0;
	text = text_of(c, source, key, &r);
	if (!text)
		return r;
	if (mode && !node_bool(mode, &read_only))
		return wrong(c, mode, key, "expected true or false");
	return put_bind(c, text, read_only, option);
}

static int put_volumes(const struct composing *c, const struct node *n, const char *key, const char *option)
{
	int r = 0;

	if (n->kind != NODE_SEQUENCE)
		return wrong(c, n, key, "expected a list");
	for (size_t i = 0; r == 0 && i < n->n; i++)
		r = n->items[i]->kind == NODE_MAPPING ? put_volume(c, n->items[i], key, option) :
							put_volume_text(c, n->items[i], key, option);
	return r;
}

/* Of two that say the same the later one wins, as on a command line. */
static const struct row {
	const char *key;
	put_fn *put;
	const char *option;
} rows[] = {
	{ "cap_add", put_each, "--cap-add" },
	{ "cap_drop", put_each, "--cap-drop" },
	{ "cpu_period", put_value, "--cpu-period" },
	{ "cpu_quota", put_value, "--cpu-quota" },
	{ "cpu_shares", put_value, "--cpu-shares" },
	{ "cpus", put_value, "--cpus" },
	{ "deploy.resources.limits.cpus", put_value, "--cpus" },
	{ "device_cgroup_rules", put_each, "--device-cgroup-rule" },
	{ "devices", put_devices, "--device" },
	{ "environment", put_each, "--env" },
	{ "init", put_switch, "--init" },
	{ "ipc", put_host, "--ipc" },
	{ "logging.driver", put_value, "--log-driver" },
	{ "logging.options", put_each, "--log-opt" },
	{ "mem_limit", put_value, "--memory" },
	{ "deploy.resources.limits.memory", put_value, "--memory" },
	{ "mem_reservation", put_value, "--memory-reservation" },
	{ "memswap_limit", put_value, "--memory-swap" },
	{ "network_mode", put_host, "--network" },
	{ "oom_kill_disable", put_switch, "--oom-kill-disable" },
	{ "oom_score_adj", put_value, "--oom-score-adj" },
	{ "pid", put_host, "--pid" },
	{ "pids_limit", put_value, "--pids-limit" },
	{ "deploy.resources.limits.pids", put_value, "--pids-limit" },
	{ "privileged", put_switch, "--privileged" },
	{ "read_only", put_switch, "--read-only" },
	{ "security_opt", put_each, "--security-opt" },
	{ "user", put_value, "--user" },
	{ "userns_mode", put_host, "--userns" },
	{ "uts", put_host, "--uts" },
	{ "volumes", put_volumes, "--volume" },
};

/* ---- services ----------------------------------------------------------------------------------------------------- */

/* Image, then the command's words; of one text it is what a shell would get. */
static int put_operands(const struct composing *c, const struct node *service)
{
	static const char *const keys[] = { "entrypoint", "command" };
	const struct node *image = member(service, "image", 0);
	int r = 0;
	const char *text = image ? text_of(c, image, "image", &r) : "";

	if (!text)
		return r;
	r = put(c, *text ? text : "@", NULL); /* one that is built has the digest of what was built */
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(keys); i++) {
		const struct node *n = member(service, keys[i], 0);

		if (n && n->kind == NODE_MAPPING)
			return wrong(c, n, keys[i], "expected a text or a list");
		for (size_t k = 0; n && n->kind == NODE_SEQUENCE && r == 0 && k < n->n; k++) {
			text = text_of(c, n->items[k], keys[i], &r);
			r = text ? put(c, text, NULL) : r;
		}
		if (n && n->kind == NODE_SCALAR && !node_is_null(n)) {
			text = text_of(c, n, keys[i], &r);
			r = text ? put(c, text, NULL) : r;
		}
	}
	return r;
}

static int read_service(struct composing *c, const struct node *n, struct compose_service *s)
{
	int r = 0;

	c->service = s->name;
	c->args = &s->args;
	if (n->kind != NODE_MAPPING)
		return wrong(c, n, "", "expected an object");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(rows); i++) {
		const struct node *value = find(n, rows[i].key);

		if (value && !node_is_null(value))
			r = rows[i].put(c, value, rows[i].key, rows[i].option);
	}
	return r < 0 ? r : put_operands(c, n);
}

bool compose_is(const struct node *document)
{
	const struct node *services = node_member(document, "services");

	return services && services->kind == NODE_MAPPING && !node_member(document, "apiVersion");
}

int compose_read(const struct node *document, compose_variable_fn *variable, struct arena *a,
		 struct compose_services *ret, struct err *e)
{
	const struct node *services = node_member(document, "services");
	struct composing c = { .arena = a, .variable = variable, .e = e };
	struct compose_services l = { 0 };

	for (size_t i = 0; services && i < services->n; i++) {
		struct compose_service *s = LIST_ADD(a, &l);
		int r;

		if (!s)
			return err_oom(e);
		s->name = services->keys[i]->text;
		s->line = services->keys[i]->line;
		r = read_service(&c, services->items[i], s);
		if (r < 0)
			return r;
	}
	*ret = l;
	return 0;
}
