/* SPDX-License-Identifier: Apache-2.0 */
/* What `tare exec` did in a container, of the records that its monitor leaves as long as that lives. */
#include "report/inspect_priv.h"

#include "base/clock.h"
#include "base/dir_names.h"
#include "base/scope.h"
#include "monitor/outcome.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

struct session {
	uint32_t number;
	struct outcome outcome;
};

static void put_text(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void put_time(struct json_object *o, const char *key, int64_t real_ns)
{
	char text[RFC3339_SIZE];

	put_text(o, key, clock_rfc3339(real_ns, text));
}

/* Null, as Docker has it, as long as it runs. */
static struct json_object *about(const struct session *s, const char *id)
{
	struct json_object *o = json_object_new_object();
	const struct outcome *out = &s->outcome;
	bool runs = out->state == OUTCOME_RUNNING;

	put_text(o, "ID", id);
	json_object_object_add(o, "Running", json_object_new_boolean(runs));
	json_object_object_add(o, "Pid", json_object_new_int64(out->pid));
	json_object_object_add(o, "ExitCode", runs ? NULL : json_object_new_int64(out->exit_code));
	put_text(o, "Error", out->error);
	put_time(o, "StartedAt", out->started_ns);
	put_time(o, "FinishedAt", out->finished_ns);
	return o;
}

static bool read_number(const char *file, uint32_t *ret)
{
	struct sv name = sv_from(file), head, end;
	uint64_t n;

	if (!sv_cut(name, '-', &head, &name) || !sv_is(head, "exec") || !sv_cut(name, '.', &name, &end) ||
	    !sv_is(end, "outcome") || sv_u64(name, &n) < 0 || n > UINT32_MAX)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct session *x = a, *y = b;

	return (x->outcome.started_ns > y->outcome.started_ns) - (x->outcome.started_ns < y->outcome.started_ns);
}

/* What is removed while it is read is not there. */
static int read_sessions(int dir, struct arena *a, struct session **ret, size_t *ret_n, struct err *e)
{
	scoped_dir_names names = { 0 };
	int r = dir_names_read(dir, &names, e);
	struct session *v = r < 0 ? NULL : arena_array(a, names.n + 1, sizeof *v);
	size_t n = 0;

	if (r < 0)
		return r;
	if (!v)
		return err_oom(e);
	for (size_t i = 0; i < names.n; i++)
		if (read_number(names.v[i], &v[n].number) &&
		    outcome_read_exec(dir, v[n].number, &v[n].outcome, NULL) == 0)
			n++;
	qsort(v, n, sizeof *v, by_start);
	*ret = v;
	*ret_n = n;
	return 0;
}

int inspect_put_execs(struct engine *en, const struct container_view *v, struct arena *a, struct json_object *o,
		      struct json_object *own, struct err *e)
{
	struct json_object *ids = NULL, *execs = json_object_new_array();
	scoped_fd dir = -1;
	struct session *s = NULL;
	size_t n = 0;
	char id[16];
	int r = container_is_active(v->state.status) ? engine_state_dir(en, v->row.id, false, &dir, e) : -ENOENT;

	if (r == 0)
		r = read_sessions(dir, a, &s, &n, e);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(id, sizeof id, "%u", s[i].number);
		json_object_array_add(execs, about(&s[i], id));
		if (s[i].outcome.state != OUTCOME_RUNNING)
			continue;
		ids = ids ? ids : json_object_new_array();
		json_object_array_add(ids, json_object_new_string(id));
	}
	json_object_object_add(o, "ExecIDs", ids);
	json_object_object_add(own, "Execs", execs);
	return r == -ENOENT ? 0 : r;
}
