/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/report.h"

#include "base/io.h"
#include "base/scope.h"
#include "oci/json.h"

#define AT(member) .offset = offsetof(struct report, member)

static const struct json_row end_rows[] = {
	{ "how", JSON_TEXT, JSON_ALWAYS, AT(end.how) },
	{ "exitCode", JSON_I64, 0, AT(end.exit_code) },
	{ "signal", JSON_I64, 0, AT(end.signal) },
	{ "oomKilled", JSON_CHOICE, 0, AT(end.oom_killed) },
	{ "time", JSON_TEXT, 0, AT(end.time_text) },
};
static const struct json_table end_table = JSON_TABLE_PRESENT(end_rows, struct report, end.present);

static const struct json_row rows[] = {
	{ "ociVersion", JSON_TEXT, JSON_ALWAYS, AT(oci_version) },
	{ "id", JSON_TEXT, JSON_ALWAYS, AT(id) },
	{ "pid", JSON_I64, JSON_ALWAYS, AT(pid) },
	{ "status", JSON_TEXT, JSON_ALWAYS, AT(status) },
	{ "bundle", JSON_TEXT, JSON_ALWAYS, AT(bundle) },
	{ "rootfs", JSON_TEXT, JSON_ALWAYS, AT(rootfs) },
	{ "created", JSON_TEXT, JSON_ALWAYS, AT(created_text) },
	{ "annotations", JSON_PAIRS, 0, AT(annotations) },
	{ "owner", JSON_TEXT, JSON_ALWAYS, AT(owner) },
	{ "end", JSON_OBJECT, 0, 0, &end_table },
};
static const struct json_table table = JSON_TABLE(rows, struct report);

static void tell_end(const struct record_end *end, struct report *r)
{
	r->end.present = true;
	r->end.how = !end->present ? "unknown" : end->signal ? "killed" : "exited";
	if (!end->present)
		return;
	r->end.exit_code = end->exit_code;
	if (end->signal)
		r->end.signal = end->signal;
	r->end.oom_killed = end->oom_killed;
	if (end->time_ns)
		r->end.time_text = clock_rfc3339(end->time_ns, r->end.time);
}

#define PASSWD_MAX (1u << 20)

/* "root:x:0:0:…" -> root; the number of a user that the host does not know. */
static const char *owner_name(struct runtime *rt, int64_t uid)
{
	scoped_buf b = BUF(PASSWD_MAX);
	struct sv rest, line, name, passwd, number;
	uint64_t n;

	if (io_read_at(rt->host.root, "etc/passwd", &b, NULL) < 0)
		return arena_fmt(rt->arena, "%lld", (long long)uid);
	rest = buf_sv(&b);
	while (sv_next(&rest, '\n', &line)) {
		if (sv_next(&line, ':', &name) && sv_next(&line, ':', &passwd) && sv_next(&line, ':', &number) &&
		    sv_u64(number, &n) == 0 && (int64_t)n == uid)
			return arena_sv(rt->arena, name);
	}
	return arena_fmt(rt->arena, "%lld", (long long)uid);
}

/* Most containers of a list belong to one user. */
static const char *owner(struct runtime *rt, int64_t uid)
{
	if (!rt->owner || rt->owner_uid != uid) {
		rt->owner = owner_name(rt, uid);
		rt->owner_uid = uid;
	}
	return rt->owner;
}

int report_make(struct runtime *rt, const struct entry *c, struct report *ret, struct err *e)
{
	const struct record *rec = &c->record;
	struct record_end end = c->has_record ? rec->end : (struct record_end){ 0 };
	enum container_status s;
	int r = entry_status(rt, c, &s, &end, e);

	if (r < 0)
		return r;
	json_init(&table, ret);
	ret->id = c->id;
	ret->status = container_status_name(s);
	ret->owner = owner(rt, c->has_record ? rec->owner : 0);
	if (!ret->owner)
		return err_oom(e);
	ret->oci_version = OCI_VERSION;
	ret->bundle = ret->rootfs = "";
	ret->pid = 0;
	if (c->has_record) {
		ret->oci_version = rec->oci_version;
		ret->bundle = rec->bundle;
		ret->rootfs = rec->rootfs ? rec->rootfs : "";
		ret->pid = s == STATUS_STOPPED ? 0 : rec->pid;
		ret->annotations = rec->annotations;
	}
	ret->created_text = clock_rfc3339(c->has_record ? rec->created_ns : 0, ret->created);
	if (s == STATUS_STOPPED)
		tell_end(&end, ret);
	return 0;
}

int report_print(const struct report *r, bool pretty, struct buf *out, struct err *e)
{
	return json_encode(&table, r, pretty, out, e);
}
