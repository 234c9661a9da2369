/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kube_document.h"

#include "base/clock.h"
#include "base/scope.h"
#include "engine/kube_message.h"

#include <string.h>

struct putting {
	struct engine *en;
	const struct kube_running *pod;
	struct arena *a;
	bool oom;
};

/* ---- parts of a tree --------------------------------------------------------------------------------------------- */

/* value NULL: out of memory */
static void put(struct putting *p, const struct node **map, const char *key, const struct node *value)
{
	const struct node *n = value ? node_with(p->a, *map, key, value) : NULL;

	p->oom |= !n;
	*map = n ? n : *map;
}

static void put_text(struct putting *p, const struct node **map, const char *key, const char *text)
{
	put(p, map, key, text ? node_text(p->a, text) : NULL);
}

static void put_number(struct putting *p, const struct node **map, const char *key, long long n)
{
	put(p, map, key, node_plain(p->a, arena_fmt(p->a, "%lld", n)));
}

static void put_truth(struct putting *p, const struct node **map, const char *key, bool yes)
{
	put(p, map, key, node_plain(p->a, yes ? "true" : "false"));
}

static void put_time(struct putting *p, const struct node **map, const char *key, int64_t ns)
{
	char text[RFC3339_SIZE];

	if (ns)
		put_text(p, map, key, arena_fmt(p->a, "%.19sZ", clock_rfc3339(ns, text)));
}

/* ---- a container ------------------------------------------------------------------------------------------------- */

static const struct node *ended(struct putting *p, const struct kube_status *s, int code, bool last, const char *said)
{
	const struct outcome *o = &s->state.outcome;
	const struct node *n = node_object(p->a);

	put_number(p, &n, "exitCode", code);
	put_text(p, &n, "reason", kube_end_reason(o, code));
	if (said || (o->error[0] && !last))
		put_text(p, &n, "message", said ? said : o->error);
	if (!last)
		put_time(p, &n, "startedAt", o->started_ns);
	put_time(p, &n, "finishedAt", o->finished_ns);
	put_text(p, &n, "containerID", arena_fmt(p->a, "tare://%s", s->id));
	return n;
}

static const struct node *state_of(struct putting *p, const struct kube_status *s, const char *said)
{
	const struct outcome *o = &s->state.outcome;
	const struct node *state = node_object(p->a), *n = node_object(p->a);
	bool again = s->id && s->state.status == CONTAINER_RESTARTING;

	if (!s->id || s->state.status == CONTAINER_CREATED || again) {
		put_text(p, &n, "reason", again ? "CrashLoopBackOff" : "PodInitializing");
		if (again && o->error[0])
			put_text(p, &n, "message", o->error);
		put(p, &state, "waiting", n);
	} else if (s->state.status == CONTAINER_EXITED || s->state.status == CONTAINER_DEAD) {
		put(p, &state, "terminated", ended(p, s, o->exit_code, false, said));
	} else {
		put_time(p, &n, "startedAt", o->started_ns);
		put(p, &state, "running", n);
	}
	return state;
}

static const struct node *container(struct putting *p, const struct container_spec *c, const struct kube_status *s)
{
	const struct outcome *o = &s->state.outcome;
	const char *said = kube_message_read(p->en, p->pod, c, s, p->a);
	bool active = s->id && container_is_active(s->state.status);
	const struct node *n = node_object(p->a), *last = node_object(p->a);

	put_text(p, &n, "name", c->name);
	put_text(p, &n, "image", c->image);
	if (s->id)
		put_text(p, &n, "containerID", arena_fmt(p->a, "tare://%s", s->id));
	put_truth(p, &n, "ready", active && o->ready);
	put_truth(p, &n, "started", active && o->begun);
	put_number(p, &n, "restartCount", s->id ? o->restart_count : 0);
	put(p, &n, "state", state_of(p, s, said));
	if (s->id && o->restart_count && s->state.status != CONTAINER_EXITED)
		put(p, &last, "terminated", ended(p, s, o->last_exit_code, true, said));
	put(p, &n, "lastState", last);
	return n;
}

static void put_containers(struct putting *p, const struct node **map, const char *key,
			   const struct container_specs *l, const struct kube_status *v)
{
	const struct node **items = arena_array(p->a, l->n + 1, sizeof *items);

	if (!items)
		p->oom = true;
	for (size_t i = 0; items && i < l->n; i++)
		items[i] = container(p, &l->v[i], &v[i]);
	if (items && l->n)
		put(p, map, key, node_sequence(p->a, items, l->n));
}

/* ---- the pod ----------------------------------------------------------------------------------------------------- */

static const struct node *address_list(struct putting *p, const char *addresses)
{
	struct sv rest = sv_from(addresses), one;
	const struct node *items[2];
	size_t n = 0;

	while (n < ARRAY_LEN(items) && sv_next(&rest, ',', &one)) {
		const struct node *map = node_object(p->a);

		put_text(p, &map, "ip", arena_sv(p->a, one));
		items[n++] = map;
	}
	return node_sequence(p->a, items, n);
}

static void put_addresses(struct putting *p, const struct node **map, const char *host, const char *addresses)
{
	struct sv first, rest;

	(void)sv_cut(sv_from(addresses), ',', &first, &rest);
	put_text(p, map, "hostIP", host);
	put(p, map, "hostIPs", address_list(p, host));
	put_text(p, map, "podIP", arena_sv(p->a, first));
	put(p, map, "podIPs", address_list(p, addresses));
}

int kube_document_of(struct engine *en, const struct kube_running *p, const struct kube_addresses *l, struct arena *a,
		     const struct node **ret, struct err *e)
{
	const struct pod_spec *s = p->object.pod;
	const char *addresses = kube_addresses_of(l, p, a);
	struct putting w = { .en = en, .pod = p, .a = a };
	const struct node *status = node_object(a);
	struct pod_summary summary;
	struct kube_status *v;
	size_t n;
	int r = kube_pod_look(en, p, a, &v, &n, e);

	if (r < 0 || !addresses)
		return r < 0 ? r : err_oom(e);
	pod_summary_make(p, v, n, &summary);
	put_text(&w, &status, "phase", summary.phase);
	put_text(&w, &status, "qosClass", qos_name(pod_qos(&p->pod)));
	if (p->row->reason) {
		put_text(&w, &status, "reason", "Unschedulable");
		put_text(&w, &status, "message", p->row->reason);
	} else {
		put_time(&w, &status, "startTime", p->row->created_ns);
	}
	if (*addresses)
		put_addresses(&w, &status, l->host, addresses);
	put_containers(&w, &status, "initContainerStatuses", &s->inits, v);
	put_containers(&w, &status, "containerStatuses", &s->containers, v + s->inits.n);
	*ret = node_with(a, p->object.document, "status", status);
	return w.oom || !*ret ? err_oom(e) : 0;
}
