/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/pod_charter.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/list.h"

#include <string.h>

static const char *const kind_names[] = {
#define X(id, text) [MEMBER_##id] = text,
	MEMBER_KINDS(X)
#undef X
};
static const char *const action_names[] = {
#define X(id, text) [ACTION_##id] = text,
	ACTION_KINDS(X)
#undef X
};
static const char *const use_names[] = {
#define X(id, text) [USE_##id] = text,
	MEMBER_USES(X)
#undef X
};

const char *member_use_name(enum member_use u)
{
	return use_names[u];
}

/* Of whom a field is: what "volume", "container", "use" and "mount" have begun. */
enum place { PLACE_POD, PLACE_VOLUME, PLACE_CONTAINER, PLACE_USE, PLACE_MOUNT, PLACES };
enum kind { KIND_TEXT, KIND_INT, KIND_TEXTS, KIND_MEMBER, KIND_ACTION };

static const struct row {
	const char *key;
	enum place place;
	enum kind kind;
	size_t at;
} rows[] = {
	{ "uid", PLACE_POD, KIND_TEXT, offsetof(struct pod_charter, uid) },
	{ "program", PLACE_POD, KIND_TEXT, offsetof(struct pod_charter, program) },
	{ "data_root", PLACE_POD, KIND_TEXT, offsetof(struct pod_charter, data_root) },
	{ "state_root", PLACE_POD, KIND_TEXT, offsetof(struct pod_charter, state_root) },
	{ "settings", PLACE_POD, KIND_TEXT, offsetof(struct pod_charter, settings) },
	{ "probe", PLACE_POD, KIND_TEXT, offsetof(struct pod_charter, probe) },
	{ "deadline", PLACE_POD, KIND_INT, offsetof(struct pod_charter, deadline_s) },
	{ "grace", PLACE_POD, KIND_INT, offsetof(struct pod_charter, grace_s) },
	{ "fstype", PLACE_VOLUME, KIND_TEXT, offsetof(struct pod_volume, fstype) },
	{ "options", PLACE_VOLUME, KIND_TEXT, offsetof(struct pod_volume, options) },
	{ "path", PLACE_VOLUME, KIND_TEXT, offsetof(struct pod_volume, path) },
	{ "name", PLACE_CONTAINER, KIND_TEXT, offsetof(struct pod_container, name) },
	{ "kind", PLACE_CONTAINER, KIND_MEMBER, offsetof(struct pod_container, kind) },
	{ "rule", PLACE_CONTAINER, KIND_TEXTS, offsetof(struct pod_container, rules) },
	{ "action", PLACE_USE, KIND_ACTION, offsetof(struct pod_use, action) },
	{ "arg", PLACE_USE, KIND_TEXTS, offsetof(struct pod_use, arg) },
	{ "seconds", PLACE_USE, KIND_INT, offsetof(struct pod_use, seconds) },
	{ "delay", PLACE_USE, KIND_INT, offsetof(struct pod_use, delay_s) },
	{ "timeout", PLACE_USE, KIND_INT, offsetof(struct pod_use, timeout_s) },
	{ "period", PLACE_USE, KIND_INT, offsetof(struct pod_use, period_s) },
	{ "successes", PLACE_USE, KIND_INT, offsetof(struct pod_use, successes) },
	{ "failures", PLACE_USE, KIND_INT, offsetof(struct pod_use, failures) },
	{ "grace_s", PLACE_USE, KIND_INT, offsetof(struct pod_use, grace_s) },
	{ "of", PLACE_MOUNT, KIND_TEXT, offsetof(struct pod_mount, volume) },
	{ "below", PLACE_MOUNT, KIND_TEXT, offsetof(struct pod_mount, below) },
};

/* ---- writing ------------------------------------------------------------------------------------------------- */

static void put(struct buf *b, const char *key, const char *value)
{
	buf_putf(b, "%s=%s", key, value);
	buf_put(b, "", 1);
}

static void put_row(struct buf *b, const void *of, const struct row *row)
{
	const char *p = (const char *)of + row->at, *text;
	const struct oci_strings *texts = (const void *)p;

	switch (row->kind) {
	case KIND_TEXT:
		memcpy(&text, p, sizeof text);
		if (text)
			put(b, row->key, text);
		break;
	case KIND_INT:
		buf_putf(b, "%s=%d", row->key, *(const int *)(const void *)p);
		buf_put(b, "", 1);
		break;
	case KIND_TEXTS:
		for (size_t i = 0; i < texts->n; i++)
			put(b, row->key, texts->v[i]);
		break;
	case KIND_MEMBER:
		put(b, row->key, kind_names[*(const enum member_kind *)(const void *)p]);
		break;
	case KIND_ACTION:
		put(b, row->key, action_names[*(const enum action_kind *)(const void *)p]);
		break;
	}
}

static void put_rows(struct buf *b, enum place place, const void *of)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].place == place)
			put_row(b, of, &rows[i]);
}

static void put_container(struct buf *b, const struct pod_container *c)
{
	put(b, "container", c->id);
	put_rows(b, PLACE_CONTAINER, c);
	for (int u = 0; u < USE_COUNT; u++) {
		if (c->use[u].action == ACTION_NONE)
			continue;
		put(b, "use", use_names[u]);
		put_rows(b, PLACE_USE, &c->use[u]);
	}
	for (size_t i = 0; i < c->mounts.n; i++) {
		put(b, "mount", c->mounts.v[i].destination);
		put_rows(b, PLACE_MOUNT, &c->mounts.v[i]);
	}
}

int pod_charter_write(int pod_dir, const struct pod_charter *c, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	int r;

	put(&b, "tare-pod", "1");
	put_rows(&b, PLACE_POD, c);
	for (size_t i = 0; i < c->volumes.n; i++) {
		put(&b, "volume", c->volumes.v[i].name);
		put_rows(&b, PLACE_VOLUME, &c->volumes.v[i]);
	}
	for (size_t i = 0; i < c->n; i++)
		put_container(&b, &c->v[i]);
	r = buf_status(&b, e);
	return r < 0 ? r : io_replace_at(pod_dir, POD_CHARTER_FILE, b.p, b.len, 0600, false, e);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

struct reader {
	struct arena *a;
	struct pod_charter c;
	void *of[PLACES]; /* what has begun; NULL: nothing of that */
	struct err *e;
};

static int bad(const struct reader *rd, const char *key, const char *value)
{
	return err_set(rd->e, EINVAL, POD_CHARTER_FILE ": %.40s: \"%.40s\"", key, value);
}

static int take_name(const struct reader *rd, const char *const *names, size_t n, const char *key, const char *value,
		     int *ret)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], value) == 0) {
			*ret = (int)i;
			return 0;
		}
	return bad(rd, key, value);
}

static int take_row(struct reader *rd, void *of, const struct row *row, const char *value)
{
	char *p = (char *)of + row->at;
	int i = 0, r;
	int64_t n;

	switch (row->kind) {
	case KIND_TEXT:
		memcpy(p, &value, sizeof value);
		return 0;
	case KIND_INT:
		if (sv_i64(sv_from(value), &n) < 0 || n < INT32_MIN || n > INT32_MAX)
			return bad(rd, row->key, value);
		*(int *)(void *)p = (int)n;
		return 0;
	case KIND_TEXTS:
		return strings_add(rd->a, (struct oci_strings *)(void *)p, value) < 0 ? err_oom(rd->e) : 0;
	case KIND_MEMBER:
		r = take_name(rd, kind_names, ARRAY_LEN(kind_names), row->key, value, &i);
		*(enum member_kind *)(void *)p = (enum member_kind)i;
		return r;
	case KIND_ACTION:
		r = take_name(rd, action_names, ARRAY_LEN(action_names), row->key, value, &i);
		*(enum action_kind *)(void *)p = (enum action_kind)i;
		return r;
	}
	return 0;
}

static int begin_volume(struct reader *rd, const char *name)
{
	struct pod_volume *v;

	if (rd->c.volumes.n == LIMIT_KUBE_CONTAINERS)
		return err_set(rd->e, E2BIG, POD_CHARTER_FILE ": too many volumes");
	v = LIST_ADD(rd->a, &rd->c.volumes);
	if (!v)
		return err_oom(rd->e);
	v->name = name;
	rd->of[PLACE_VOLUME] = v;
	return 0;
}

static int begin_container(struct reader *rd, const char *id)
{
	struct pod_container *c;

	if (rd->c.n == LIMIT_KUBE_CONTAINERS * 2)
		return err_set(rd->e, E2BIG, POD_CHARTER_FILE ": too many containers");
	c = LIST_ADD(rd->a, &rd->c);
	if (!c)
		return err_oom(rd->e);
	c->id = c->name = id;
	rd->of[PLACE_CONTAINER] = c;
	rd->of[PLACE_USE] = rd->of[PLACE_MOUNT] = NULL;
	return 0;
}

static int begin_use(struct reader *rd, const char *value)
{
	struct pod_container *c = rd->of[PLACE_CONTAINER];
	int i = 0, r = c ? take_name(rd, use_names, ARRAY_LEN(use_names), "use", value, &i) : bad(rd, "use", value);

	if (r == 0)
		rd->of[PLACE_USE] = &c->use[i];
	return r;
}

static int begin_mount(struct reader *rd, const char *destination)
{
	struct pod_container *c = rd->of[PLACE_CONTAINER];
	struct pod_mount *m;

	if (!c)
		return bad(rd, "mount", destination);
	if (c->mounts.n == LIMIT_KUBE_CONTAINERS)
		return err_set(rd->e, E2BIG, POD_CHARTER_FILE ": too many mounts");
	m = LIST_ADD(rd->a, &c->mounts);
	if (!m)
		return err_oom(rd->e);
	m->destination = destination;
	rd->of[PLACE_MOUNT] = m;
	return 0;
}

static const struct beginning {
	const char *key;
	int (*begin)(struct reader *rd, const char *value);
} beginnings[] = {
	{ "volume", begin_volume },
	{ "container", begin_container },
	{ "use", begin_use },
	{ "mount", begin_mount },
};

static int take_field(struct reader *rd, const char *field)
{
	const char *equals = strchr(field, '=');
	struct sv key = { field, equals ? (size_t)(equals - field) : 0 };

	if (!equals)
		return err_set(rd->e, EINVAL, POD_CHARTER_FILE ": damaged field");
	for (size_t i = 0; i < ARRAY_LEN(beginnings); i++)
		if (sv_is(key, beginnings[i].key))
			return beginnings[i].begin(rd, equals + 1);
	rd->of[PLACE_POD] = &rd->c;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (sv_is(key, rows[i].key))
			return rd->of[rows[i].place] ?
				       take_row(rd, rd->of[rows[i].place], &rows[i], equals + 1) :
				       bad(rd, rows[i].key, equals + 1);
	return 0;
}

/* Each mount has a volume, and each volume is of one kind. */
static int check_volumes(const struct pod_charter *c, struct err *e)
{
	bool whole = true;

	for (size_t i = 0; i < c->volumes.n; i++)
		whole &= !c->volumes.v[i].fstype == !!c->volumes.v[i].path;
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->v[i].mounts.n; k++)
			whole &= pod_charter_volume(c, c->v[i].mounts.v[k].volume) != NULL;
	return whole ? 0 : err_set(e, EINVAL, POD_CHARTER_FILE ": a volume is missing");
}

const struct pod_volume *pod_charter_volume(const struct pod_charter *c, const char *name)
{
	for (size_t i = 0; name && i < c->volumes.n; i++)
		if (strcmp(c->volumes.v[i].name, name) == 0)
			return &c->volumes.v[i];
	return NULL;
}

int pod_charter_parse(struct sv text, struct arena *a, struct pod_charter *ret, struct err *e)
{
	struct reader rd = { .a = a, .e = e };
	char *own = arena_alloc(a, text.n + 1);
	const char *end, *field = own;
	int r = own ? 0 : err_oom(e);

	if (r < 0)
		return r;
	if (text.n)
		memcpy(own, text.p, text.n);
	end = own + text.n;
	if (text.n == 0 || own[text.n - 1] || strcmp(own, "tare-pod=1") != 0)
		return err_set(e, EINVAL, POD_CHARTER_FILE ": not a pod's charter of version %d", POD_CHARTER_VERSION);
	while (r == 0 && (field += strlen(field) + 1) < end)
		r = take_field(&rd, field);
	if (r == 0 && (!rd.c.uid || !rd.c.program || !rd.c.data_root || !rd.c.state_root || !rd.c.probe || !rd.c.n))
		r = err_set(e, EINVAL, POD_CHARTER_FILE ": a field is missing");
	if (r == 0)
		r = check_volumes(&rd.c, e);
	if (r == 0)
		*ret = rd.c;
	return r;
}

int pod_charter_read(int pod_dir, struct arena *a, struct pod_charter *ret, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	int r = io_read_at(pod_dir, POD_CHARTER_FILE, &b, e);

	return r < 0 ? r : pod_charter_parse(buf_sv(&b), a, ret, e);
}
