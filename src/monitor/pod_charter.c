/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/pod_charter.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/record.h"
#include "base/scope.h"
#include "oci/list.h"

#include <assert.h>
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
static_assert(PLACES <= RECORD_GROUPS, "groups of a record");
static_assert(offsetof(struct pod_volume, name) == 0 && offsetof(struct pod_mount, destination) == 0, "RECORD_EACH");

static const struct record_names kinds = { kind_names, ARRAY_LEN(kind_names) };
static const struct record_names actions = { action_names, ARRAY_LEN(action_names) };
static const struct record_names uses = { use_names, ARRAY_LEN(use_names) };

static record_take_fn begin_container, begin_use;

#define ROW(key_, group_, kind_, type, field) \
	{ .key = (key_), .group = PLACE_##group_, .kind = RECORD_##kind_, RECORD_AT(struct type, field) }
#define NAME(key_, group_, type, field, names_) \
	{ .key = (key_), .group = PLACE_##group_, .kind = RECORD_NAME, RECORD_AT(struct type, field), .names = (names_) }
#define BEGINS(key_, group_, take_) { .key = (key_), .group = PLACE_##group_, .kind = RECORD_OWN, .take = (take_) }
#define EACH(key_, group_, opens_, type, list, item)                                                                   \
	{ .key = (key_), .group = PLACE_##group_, .kind = RECORD_EACH, .opens = PLACE_##opens_, .max = LIMIT_KUBE_CONTAINERS, \
	  RECORD_LIST_AT(struct type, list.v, list.n), .size = sizeof(struct item) }
#define TEXTS(key_, group_, type, list) \
	{ .key = (key_), .group = PLACE_##group_, .kind = RECORD_TEXTS, RECORD_LIST_AT(struct type, list.v, list.n) }

static const struct record_row rows[] = {
	ROW("uid", POD, TEXT, pod_charter, uid),
	ROW("program", POD, TEXT, pod_charter, program),
	ROW("data_root", POD, TEXT, pod_charter, data_root),
	ROW("state_root", POD, TEXT, pod_charter, state_root),
	ROW("settings", POD, TEXT, pod_charter, settings),
	ROW("probe", POD, TEXT, pod_charter, probe),
	ROW("deadline", POD, INT, pod_charter, deadline_s),
	ROW("grace", POD, INT, pod_charter, grace_s),
	EACH("volume", POD, VOLUME, pod_charter, volumes, pod_volume),
	ROW("fstype", VOLUME, TEXT, pod_volume, fstype),
	ROW("options", VOLUME, TEXT, pod_volume, options),
	ROW("path", VOLUME, TEXT, pod_volume, path),
	BEGINS("container", POD, begin_container),
	ROW("name", CONTAINER, TEXT, pod_container, name),
	NAME("kind", CONTAINER, pod_container, kind, &kinds),
	TEXTS("rule", CONTAINER, pod_container, rules),
	BEGINS("use", CONTAINER, begin_use),
	NAME("action", USE, pod_use, action, &actions),
	TEXTS("arg", USE, pod_use, arg),
	ROW("seconds", USE, INT, pod_use, seconds),
	ROW("delay", USE, INT, pod_use, delay_s),
	ROW("timeout", USE, INT, pod_use, timeout_s),
	ROW("period", USE, INT, pod_use, period_s),
	ROW("successes", USE, INT, pod_use, successes),
	ROW("failures", USE, INT, pod_use, failures),
	ROW("grace_s", USE, INT, pod_use, grace_s),
	EACH("mount", CONTAINER, MOUNT, pod_container, mounts, pod_mount),
	ROW("of", MOUNT, TEXT, pod_mount, volume),
	ROW("below", MOUNT, TEXT, pod_mount, below),
};

static const struct record_form form = {
	.first = "tare-pod=1",
	.stranger = "not a pod's charter of version 1",
	RECORD_FIELDS,
	RECORD_ROWS(rows),
};

/* ---- writing ------------------------------------------------------------------------------------------------- */

static void put_container(struct buf *b, const struct pod_container *c)
{
	record_put(&form, "container", c->id, b);
	record_put_rows(&form, PLACE_CONTAINER, c, b);
	for (int u = 0; u < USE_COUNT; u++) {
		if (c->use[u].action == ACTION_NONE)
			continue;
		record_put(&form, "use", use_names[u], b);
		record_put_rows(&form, PLACE_USE, &c->use[u], b);
	}
	for (size_t i = 0; i < c->mounts.n; i++) {
		record_put(&form, "mount", c->mounts.v[i].destination, b);
		record_put_rows(&form, PLACE_MOUNT, &c->mounts.v[i], b);
	}
}

int pod_charter_write(int pod_dir, const struct pod_charter *c, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	int r;

	record_begin(&form, &b);
	record_put_rows(&form, PLACE_POD, c, &b);
	for (size_t i = 0; i < c->volumes.n; i++) {
		record_put(&form, "volume", c->volumes.v[i].name, &b);
		record_put_rows(&form, PLACE_VOLUME, &c->volumes.v[i], &b);
	}
	for (size_t i = 0; i < c->n; i++)
		put_container(&b, &c->v[i]);
	r = buf_status(&b, e);
	return r < 0 ? r : io_replace_at(pod_dir, POD_CHARTER_FILE, b.p, b.len, 0600, IO_DISK_LATER, e);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static int begin_container(struct record_reader *r, const struct record_row *row, struct sv id, struct err *e)
{
	struct pod_charter *pod = r->of[PLACE_POD];
	struct pod_container *c;

	if (pod->n == LIMIT_KUBE_CONTAINERS * 2)
		return err_set(e, E2BIG, "too many containers");
	c = LIST_ADD(r->a, pod);
	if (!c)
		return err_oom(e);
	c->id = c->name = id.p;
	r->of[PLACE_CONTAINER] = c;
	r->of[PLACE_USE] = r->of[PLACE_MOUNT] = NULL;
	return 0;
}

static int begin_use(struct record_reader *r, const struct record_row *row, struct sv name, struct err *e)
{
	struct pod_container *c = r->of[PLACE_CONTAINER];
	int i = record_name_find(&uses, name);

	if (i < 0)
		return -EINVAL;
	r->of[PLACE_USE] = &c->use[i];
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
	return whole ? 0 : err_set(e, EINVAL, "a volume is missing");
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
	struct pod_charter c = { .uid = NULL };
	struct record_reader rd = { .form = &form, .a = a, .of = { &c } };
	int r = record_parse(&rd, text, e);

	if (r == 0 && (!c.uid || !c.program || !c.data_root || !c.state_root || !c.probe || !c.n))
		r = err_set(e, EINVAL, "a field is missing");
	if (r == 0)
		r = check_volumes(&c, e);
	if (r < 0)
		return err_wrap(e, r, POD_CHARTER_FILE);
	*ret = c;
	return 0;
}

int pod_charter_read(int pod_dir, struct arena *a, struct pod_charter *ret, struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	int r = io_read_at(pod_dir, POD_CHARTER_FILE, &b, e);

	return r < 0 ? r : pod_charter_parse(buf_sv(&b), a, ret, e);
}
