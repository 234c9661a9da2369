/* SPDX-License-Identifier: Apache-2.0 */
/* Probes and hooks of a manifest, as a pod's monitor is told them. */
#include "engine/kube_sandbox.h"

#include "base/limits.h"
#include "base/scope.h"
#include "engine/kube_network.h"
#include "engine/kube_volumes.h"
#include "engine/programs.h"
#include "engine/settings.h"
#include "oci/list.h"

#include <string.h>

/* ---- arguments of tare-probe ------------------------------------------------------------------------------------- */

static const char *port_of(const struct kube_build *b, const struct container_spec *s, const char *port)
{
	uint64_t n;

	if (sv_u64(sv_from(port), &n) == 0)
		return port;
	for (size_t i = 0; i < s->ports.n; i++)
		if (s->ports.v[i].name && strcmp(s->ports.v[i].name, port) == 0)
			return arena_fmt(b->a, "%lld", (long long)s->ports.v[i].container_port);
	(void)err_set(b->e, EINVAL, "no port named %.60s", port);
	return NULL;
}

static int add_target(const struct kube_build *b, const struct container_spec *s, const char *kind, const char *host,
		      const char *port, struct oci_strings *to)
{
	const char *number_of_port = port_of(b, s, port);
	/* its servers are asked at the address that the kubelet asks, from within its network */
	bool oom = strings_add(b->a, to, kind) < 0 || strings_add(b->a, to, host && *host ? host : b->shared->ip) < 0;

	if (!number_of_port)
		return b->e && b->e->code ? -b->e->code : err_oom(b->e);
	return oom || strings_add(b->a, to, number_of_port) < 0 ? err_oom(b->e) : 0;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ')
			return false;
	return true;
}

static int add_http(const struct kube_build *b, const struct container_spec *s, const struct http_get *h,
		    struct oci_strings *to)
{
	const char *path = h->path && *h->path ? h->path : "/";
	bool tls = h->scheme && strcmp(h->scheme, "HTTPS") == 0;
	char program[PATH_MAX];
	int r = tls ? programs_find("tare-probe-tls", program, b->e) : 0; /* said now, not by every probe */

	if (r == 0)
		r = add_target(b, s, tls ? "https" : "http", h->host, h->port, to);

	if (r == 0 && (!is_plain(path) || strchr(path, ' ')))
		return err_set(b->e, EINVAL, "httpGet.path: a blank or a control character");
	if (r == 0)
		r = strings_add(b->a, to, path);
	for (size_t i = 0; r == 0 && i < h->headers.n; i++) {
		const struct http_header *one = &h->headers.v[i];

		if (!*one->name || !is_plain(one->name) || strpbrk(one->name, ": ") || !is_plain(one->value))
			return err_set(b->e, EINVAL, "httpGet.httpHeaders[%zu]: not a header", i);
		r = strings_addf(b->a, to, "%s: %s", one->name, one->value);
	}
	return r == -ENOMEM ? err_oom(b->e) : r;
}

static int set_action(const struct kube_build *b, const struct container_spec *s, const struct action *from,
		      struct pod_use *to)
{
	int r = 0;

	to->action = from->exec ? ACTION_EXEC : from->sleep ? ACTION_SLEEP : ACTION_HELPER;
	if (from->exec) {
		to->arg = from->exec->command;
	} else if (from->sleep) {
		to->seconds = (int)from->sleep->seconds;
	} else if (from->http) {
		r = add_http(b, s, from->http, &to->arg);
	} else if (from->tcp) {
		r = add_target(b, s, "tcp", from->tcp->host, from->tcp->port, &to->arg);
	} else if (from->grpc) {
		r = add_target(b, s, "grpc", NULL, arena_fmt(b->a, "%lld", (long long)from->grpc->port), &to->arg);
		if (r == 0 && strings_add(b->a, &to->arg, from->grpc->service ? from->grpc->service : "") < 0)
			r = err_oom(b->e);
	}
	return r;
}

/* ---- one container ----------------------------------------------------------------------------------------------- */

static int set_probe(const struct kube_build *b, const struct container_spec *s, const struct probe *p,
		     struct pod_use *to)
{
	if (!p)
		return 0;
	to->delay_s = (int)field_or(p->initial_delay, 0);
	to->timeout_s = (int)field_or(p->timeout, 1);
	to->period_s = (int)field_or(p->period, 10);
	to->successes = (int)field_or(p->success, 1);
	to->failures = (int)field_or(p->failure, 3);
	to->grace_s = (int)field_or(p->grace_period, -1);
	return set_action(b, s, &p->action, to);
}

/* A tcpSocket passes the API server, and the kubelet has never known what to do with one. */
static int set_hook(const struct kube_build *b, const struct container_spec *s, const struct action *a,
		    struct pod_use *to)
{
	if (!a || !a->tcp)
		return a ? set_action(b, s, a, to) : 0;
	to->action = ACTION_FAIL;
	return strings_add(b->a, &to->arg, "invalid handler: tcpSocket") < 0 ? err_oom(b->e) : 0;
}

static int add_rules(const struct kube_build *b, const struct container_spec *s, struct oci_strings *to)
{
	for (size_t i = 0; i < s->restart_rules.n; i++) {
		const struct exit_codes *c = s->restart_rules.v[i].exit_codes;
		scoped_buf text = BUF(LIMIT_RECORD);

		buf_putf(&text, "%s %s", s->restart_rules.v[i].action, c->op);
		for (size_t k = 0; k < c->values.n; k++)
			buf_putf(&text, " %lld", (long long)c->values.v[k]);
		if (buf_status(&text, b->e) < 0)
			return -b->e->code;
		if (strings_add(b->a, to, arena_sv(b->a, buf_sv(&text))) < 0)
			return err_oom(b->e);
	}
	return 0;
}

static int add_container(const struct kube_build *b, const struct container_spec *s, enum member_kind kind,
			 const char *list, size_t index, struct pod_charter *c)
{
	struct pod_container *to = LIST_ADD(b->a, c);
	struct {
		const char *name;
		int r;
	} uses[5];
	int r = to ? add_rules(b, s, &to->rules) : err_oom(b->e);

	if (r == 0)
		r = kube_volumes_charter(b, s, c, to);
	if (r < 0)
		return r;
	to->name = s->name;
	to->kind = kind;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(uses); i++) {
		static const char *const names[] = { "startupProbe", "livenessProbe", "readinessProbe",
						     "lifecycle.postStart", "lifecycle.preStop" };
		const struct probe *const probes[] = { s->startup, s->liveness, s->readiness };
		const struct action *const hooks[] = { s->lifecycle ? s->lifecycle->post_start : NULL,
						       s->lifecycle ? s->lifecycle->pre_stop : NULL };

		r = i < USE_PROBES ? set_probe(b, s, probes[i], &to->use[i]) :
				     set_hook(b, s, hooks[i - USE_PROBES], &to->use[i]);
		if (r < 0)
			return err_wrap(b->e, r, "spec.%s[%zu].%s", list, index, names[i]);
	}
	return 0;
}

/* ---- the pod ----------------------------------------------------------------------------------------------------- */

static int set_programs(const struct kube_build *b, struct pod_charter *c)
{
	char path[PATH_MAX];
	int r = programs_find("tare-probe", path, b->e);

	c->probe = r == 0 ? arena_str(b->a, path) : NULL;
	if (r == 0)
		r = programs_find("tare", path, b->e);
	c->program = r == 0 ? arena_str(b->a, path) : NULL;
	return r < 0 ? r : c->probe && c->program ? 0 : err_oom(b->e);
}

int kube_charter_make(const struct kube_build *b, struct pod_charter *ret)
{
	const struct pod_spec *s = b->p->object.pod;
	struct pod_charter c = { .uid = b->p->pod.uid,
				 .data_root = b->site->en->root_path,
				 .state_root = b->site->en->state_path,
				 .deadline_s = (int)field_or(s->active_deadline, 0),
				 .grace_s = (int)field_or(s->grace_period, KUBE_GRACE_S) };
	int r = set_programs(b, &c);

	if (r == 0)
		r = settings_named(b->site->en->settings_path, b->a, &c.settings, b->e);
	if (r == 0 && s->share_pids == 1) {
		struct pod_container *holder = LIST_ADD(b->a, &c);

		if (!holder)
			return err_oom(b->e);
		*holder = (struct pod_container){ .name = KUBE_HOLDER, .kind = MEMBER_HOLDER };
	}
	for (size_t i = 0; r == 0 && i < s->inits.n; i++)
		r = add_container(b, &s->inits.v[i], b->p->pod.inits[i].sidecar ? MEMBER_SIDECAR : MEMBER_INIT,
				  "initContainers", i, &c);
	for (size_t i = 0; r == 0 && i < s->containers.n; i++)
		r = add_container(b, &s->containers.v[i], MEMBER_MAIN, "containers", i, &c);
	if (r == 0)
		*ret = c;
	return r;
}
