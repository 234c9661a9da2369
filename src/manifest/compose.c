/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/compose.h"

#include "base/scope.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

#define MERGE_DEPTH 8     /* of "<<" in "<<" */
#define EXTENDS_DEPTH 16  /* of services that extend services */

struct composing {
	struct arena *arena;
	const struct compose_outside *outside;
	const struct node *services; /* of the file that is read */
	unsigned depth;		     /* of services that extend others */
	const char *service;
	struct oci_strings *args;
	struct err *e;
};

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
	text = node_is_null(n) ? "" : compose_expand(n->text, c->outside, c->arena);
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
	if (on)
		return put(c, option, NULL);
	if (!strings_has(c->args, option)) /* of a service that this one extends */
		return 0;
	option = arena_fmt(c->arena, "%s=false", option);
	return option ? put(c, option, NULL) : err_oom(c->e);
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

/* ---- image and command -------------------------------------------------------------------------------------------- */

/* Image, then the command's words, of the service or of one that it extends; of one text it is what a shell would get. */
struct operand_nodes {
	const struct node *image, *words[2]; /* entrypoint, command */
};

static int put_words(const struct composing *c, const struct node *n, const char *key)
{
	const char *text;
	int r = 0;

	if (n && n->kind == NODE_MAPPING)
		return wrong(c, n, key, "expected a text or a list");
	for (size_t k = 0; n && n->kind == NODE_SEQUENCE && r == 0 && k < n->n; k++) {
		text = text_of(c, n->items[k], key, &r);
		r = text ? put(c, text, NULL) : r;
	}
	if (n && n->kind == NODE_SCALAR && !node_is_null(n)) {
		text = text_of(c, n, key, &r);
		r = text ? put(c, text, NULL) : r;
	}
	return r;
}

static int put_operands(const struct composing *c, const struct operand_nodes *o)
{
	int r = 0;
	const char *text = o->image ? text_of(c, o->image, "image", &r) : "";

	if (text)
		r = put(c, *text ? text : "@", NULL); /* one that is built has the digest of what was built */
	if (r == 0)
		r = put_words(c, o->words[0], "entrypoint");
	return r < 0 ? r : put_words(c, o->words[1], "command");
}

/* ---- what a service extends --------------------------------------------------------------------------------------- */

static int put_rows(struct composing *c, const struct node *n, struct operand_nodes *ret);

/* The services of another file, as far as they are of use there. */
static int other_services(const struct composing *c, const struct node *file, const struct node **ret)
{
	const struct node *document;
	int r = 0;
	const char *name = text_of(c, file, "extends.file", &r);

	if (!name)
		return r;
	if (!c->outside->document)
		return wrong(c, file, "extends.file", "other files are not read here");
	r = c->outside->document(c->outside->context, name, &document, c->e);
	if (r < 0)
		return err_wrap(c->e, r, "line %u: services.%.80s.extends.file", file->line, c->service);
	if (!compose_is(document))
		return wrong(c, file, "extends.file", "expected a file with services");
	*ret = node_member(document, "services");
	return 0;
}

/* "extends: base", or {service: base, file: other.yaml}. What is said here comes behind it, and wins or is added. */
static int put_extended(struct composing *c, const struct node *extends, struct operand_nodes *ret)
{
	bool mapping = extends->kind == NODE_MAPPING;
	const struct node *service = mapping ? member(extends, "service", 0) : extends;
	const struct node *file = mapping ? member(extends, "file", 0) : NULL, *before = c->services, *found;
	const char *name;
	int r = 0;

	if (!service)
		return wrong(c, extends, "extends", "expected the name of a service");
	name = text_of(c, service, "extends", &r);
	if (r == 0 && file)
		r = other_services(c, file, &c->services);
	if (r < 0)
		return r;
	found = node_member(c->services, name);
	if (!found)
		return wrong(c, service, "extends", "there is no such service");
	if (c->depth++ == EXTENDS_DEPTH)
		return wrong(c, service, "extends", "services extend each other too deep, or in a ring");
	r = put_rows(c, found, ret);
	c->depth--;
	c->services = before;
	return r;
}

static void take_operands(const struct node *n, struct operand_nodes *o)
{
	const struct node *image = member(n, "image", 0), *entrypoint = member(n, "entrypoint", 0);
	const struct node *command = member(n, "command", 0);

	o->image = image ? image : o->image;
	o->words[0] = entrypoint ? entrypoint : o->words[0];
	o->words[1] = command ? command : o->words[1];
}

static int put_rows(struct composing *c, const struct node *n, struct operand_nodes *ret)
{
	const struct node *extends;
	int r = 0;

	if (n->kind != NODE_MAPPING)
		return wrong(c, n, "", "expected an object");
	extends = member(n, "extends", 0);
	if (extends && !node_is_null(extends))
		r = put_extended(c, extends, ret);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(rows); i++) {
		const struct node *value = find(n, rows[i].key);

		if (value && !node_is_null(value))
			r = rows[i].put(c, value, rows[i].key, rows[i].option);
	}
	take_operands(n, ret);
	return r;
}

/* ---- services ----------------------------------------------------------------------------------------------------- */

static int read_service(struct composing *c, const struct node *n, struct compose_service *s)
{
	struct operand_nodes operands = { 0 };
	int r;

	c->service = s->name;
	c->args = &s->args;
	c->depth = 0;
	r = put_rows(c, n, &operands);
	return r < 0 ? r : put_operands(c, &operands);
}

bool compose_is(const struct node *document)
{
	const struct node *services = node_member(document, "services");

	return services && services->kind == NODE_MAPPING && !node_member(document, "apiVersion");
}

int compose_read(const struct node *document, const struct compose_outside *outside, struct arena *a,
		 struct compose_services *ret, struct err *e)
{
	const struct node *services = node_member(document, "services");
	struct composing c = { .arena = a, .outside = outside, .services = services, .e = e };
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
