/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kube_describe.c - `tare kube describe`: a pod in kubectl's words. */
#include "base/clock.h"
#include "base/exit_rule.h"
#include "base/limits.h"
#include "base/scope.h"
#include "cli/kube_status.h"
#include "cli/opt_kube.h"
#include "cli/page.h"
#include "engine/kube_events.h"
#include "engine/kube_message.h"
#include "engine/kube_network.h"

#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

struct describing {
	struct engine *en;
	struct arena *a;
	struct buf *out;
	const struct kube_running *p;
	struct kube_status *status;
	size_t n;
	struct pod_summary summary;
	const struct kube_addresses *addresses;
};

static void put_time(struct buf *out, int64_t ns)
{
	char text[RFC3339_SIZE];

	buf_putf(out, "%.19sZ\n", clock_rfc3339(ns, text));
}

static void put_pairs(struct buf *out, const char *title, const char *between, const struct oci_pairs *l)
{
	buf_puts(out, title);
	for (size_t i = 0; i < l->n; i++)
		buf_putf(out, "%*s%s%s%s\n", i ? (int)strlen(title) : 0, "", l->v[i].key, between, l->v[i].value);
	if (!l->n)
		buf_puts(out, "<none>\n");
}

/* ---- a container ------------------------------------------------------------------------------------------------- */

static void put_words(struct buf *out, const char *title, const struct oci_strings *l)
{
	if (!l->n)
		return;
	buf_putf(out, "    %s:\n", title);
	for (size_t i = 0; i < l->n; i++)
		buf_putf(out, "      %s\n", l->v[i]);
}

static void put_ports(struct buf *out, const struct container_spec *s)
{
	buf_puts(out, s->ports.n == 1 ? "    Port:           " :
		      s->ports.n      ? "    Ports:          " :
					"    Port:           <none>\n");
	for (size_t i = 0; i < s->ports.n; i++)
		buf_putf(out, "%s%" PRId64 "/%s", i ? ", " : "", s->ports.v[i].container_port,
			 s->ports.v[i].protocol ? s->ports.v[i].protocol : "TCP");
	if (s->ports.n)
		buf_puts(out, s->ports.n == 1 ? "\n    Host Port:      " : "\n    Host Ports:     ");
	for (size_t i = 0; i < s->ports.n; i++)
		buf_putf(out, "%s%" PRId64 "/%s", i ? ", " : "", field_or(s->ports.v[i].host_port, 0),
			 s->ports.v[i].protocol ? s->ports.v[i].protocol : "TCP");
	if (s->ports.n)
		buf_puts(out, "\n");
}

/* Several lines stand below each other. */
static void put_message(struct buf *out, const char *text)
{
	struct sv rest = sv_from(text), line;

	for (bool first = true; sv_next(&rest, '\n', &line); first = false)
		if (line.n)
			buf_putf(out, "      %-13s " SV_FMT "\n", first ? "Message:" : "", SV_ARG(line));
}

static void put_state(struct buf *out, const struct kube_status *s, const char *said)
{
	const struct outcome *o = &s->state.outcome;

	if (!s->id || s->state.status == CONTAINER_CREATED) {
		buf_puts(out, "    State:          Waiting\n      Reason:       PodInitializing\n");
	} else if (s->state.status == CONTAINER_RESTARTING) {
		buf_puts(out, "    State:          Waiting\n      Reason:       CrashLoopBackOff\n");
		if (o->error[0])
			buf_putf(out, "      Message:      %s\n", o->error);
	} else if (s->state.status == CONTAINER_EXITED || s->state.status == CONTAINER_DEAD) {
		buf_putf(out, "    State:          Terminated\n      Reason:       %s\n",
			 kube_end_reason(o, o->exit_code));
		if (said || o->error[0])
			put_message(out, said ? said : o->error);
		buf_putf(out, "      Exit Code:    %d\n      Started:      ", o->exit_code);
		put_time(out, o->started_ns);
		buf_puts(out, "      Finished:     ");
		put_time(out, o->finished_ns);
	} else {
		buf_puts(out, "    State:          Running\n      Started:      ");
		put_time(out, o->started_ns);
	}
	if (!s->id || !o->restart_count || s->state.status == CONTAINER_EXITED)
		return;
	buf_putf(out, "    Last State:     Terminated\n      Reason:       %s\n",
		 kube_end_reason(o, o->last_exit_code));
	if (said)
		put_message(out, said);
	buf_putf(out, "      Exit Code:    %d\n      Finished:     ", o->last_exit_code);
	put_time(out, o->finished_ns);
}

static void put_amounts(struct buf *out, const char *title, const struct resource_list *l)
{
	char text[QUANTITY_TEXT];

	if (l->n)
		buf_putf(out, "    %s:\n", title);
	for (size_t i = 0; i < l->n; i++)
		buf_putf(out, "      %-8s %s\n", l->v[i].name, quantity_print(&l->v[i].amount, text));
}

static void put_action(struct buf *out, const struct action *a)
{
	if (a->exec) {
		buf_puts(out, "exec [");
		for (size_t i = 0; i < a->exec->command.n; i++)
			buf_putf(out, "%s%s", i ? " " : "", a->exec->command.v[i]);
		buf_puts(out, "]");
	} else if (a->http) {
		bool https = a->http->scheme && strcmp(a->http->scheme, "HTTPS") == 0;

		buf_putf(out, "http-get %s://%s:%s%s", https ? "https" : "http", a->http->host ? a->http->host : "",
			 a->http->port, a->http->path ? a->http->path : "/");
	} else if (a->tcp) {
		buf_putf(out, "tcp-socket %s:%s", a->tcp->host ? a->tcp->host : "", a->tcp->port);
	} else if (a->grpc) {
		buf_putf(out, "grpc <pod>:%" PRId64 " %s", a->grpc->port, a->grpc->service ? a->grpc->service : "");
	}
}

static void put_probe(struct buf *out, const char *title, const struct probe *p)
{
	if (!p)
		return;
	buf_putf(out, "    %-15s ", title);
	put_action(out, &p->action);
	buf_putf(out,
		 " delay=%" PRId64 "s timeout=%" PRId64 "s period=%" PRId64 "s #success=%" PRId64 " #failure=%" PRId64
		 "\n",
		 field_or(p->initial_delay, 0), field_or(p->timeout, 1), field_or(p->period, 10),
		 field_or(p->success, 1), field_or(p->failure, 3));
}

/* Of a secret only where it comes from. */
static void put_environment(struct buf *out, const struct container_spec *s)
{
	buf_puts(out, s->env.n ? "    Environment:\n" : "    Environment:    <none>\n");
	for (size_t i = 0; i < s->env.n; i++) {
		const struct env_var *v = &s->env.v[i];
		const struct env_source *from = v->from;

		if (from && from->secret)
			buf_putf(out, "      %s:  <set to the key '%s' in secret '%s'>\n", v->name, from->secret->key,
				 from->secret->name);
		else if (from && from->config_map)
			buf_putf(out, "      %s:  <set to the key '%s' of config map '%s'>\n", v->name,
				 from->config_map->key, from->config_map->name);
		else if (from && from->field)
			buf_putf(out, "      %s:  (v1:%s)\n", v->name, from->field->path);
		else
			buf_putf(out, "      %s:  %s\n", v->name, v->value ? v->value : "");
	}
}

static void put_mounts(struct buf *out, const struct container_spec *s)
{
	buf_puts(out, s->mounts.n ? "    Mounts:\n" : "    Mounts:         <none>\n");
	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct volume_mount *m = &s->mounts.v[i];

		buf_putf(out, "      %s from %s (%s", m->mount_path, m->name, m->read_only == 1 ? "ro" : "rw");
		if ((m->sub_path && *m->sub_path) || (m->sub_path_expr && *m->sub_path_expr))
			buf_putf(out, ",path=\"%s\"", m->sub_path && *m->sub_path ? m->sub_path : m->sub_path_expr);
		buf_puts(out, ")\n");
	}
}

static void put_container(struct describing *d, const struct container_spec *s, const struct kube_container *k,
			  const struct kube_status *st)
{
	struct buf *out = d->out;

	buf_putf(out, "  %s:\n    Container ID:   %s%s\n    Image:          %s\n", s->name, st->id ? "tare://" : "",
		 st->id ? st->id : "", s->image);
	put_ports(out, s);
	put_words(out, "Command", &s->command);
	put_words(out, "Args", &s->args);
	put_state(out, st, kube_message_read(d->en, d->p, s, st, d->a));
	buf_putf(out, "    Ready:          %s\n    Restart Count:  %d\n",
		 st->id && st->state.outcome.ready && container_is_active(st->state.status) ? "True" : "False",
		 st->id ? st->state.outcome.restart_count : 0);
	put_amounts(out, "Limits", &k->resources.limits);
	put_amounts(out, "Requests", &k->resources.requests);
	put_probe(out, "Liveness:", s->liveness);
	put_probe(out, "Readiness:", s->readiness);
	put_probe(out, "Startup:", s->startup);
	put_environment(out, s);
	put_mounts(out, s);
}

/* ---- the pod ----------------------------------------------------------------------------------------------------- */

static void put_empty_dir(struct buf *out, const struct volume_spec_kube *v)
{
	char limit[QUANTITY_TEXT] = "<unset>";

	if (v->empty_dir->has_size && quantity_sign(&v->empty_dir->size) > 0)
		quantity_print(&v->empty_dir->size, limit);
	buf_putf(out,
		 "    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)\n    Medium:     %s\n"
		 "    SizeLimit:  %s\n",
		 v->empty_dir->medium ? v->empty_dir->medium : "", limit);
}

static void put_items(struct buf *out, const struct volume_files *f)
{
	for (size_t i = 0; i < f->items.n; i++)
		buf_putf(out, "      %s -> %s\n",
			 f->items.v[i].field  ? f->items.v[i].field->path :
			 f->items.v[i].amount ? f->items.v[i].amount->resource :
						"",
			 f->items.v[i].path);
}

static void put_downward(struct buf *out, const struct volume_files *f)
{
	buf_puts(out, "    Type:  DownwardAPI (a volume populated by information about the pod)\n    Items:\n");
	put_items(out, f);
}

static void put_projected(struct buf *out, const struct projected *p)
{
	buf_puts(out, "    Type:  Projected (a volume that contains injected data from multiple sources)\n");
	for (size_t i = 0; i < p->sources.n; i++) {
		const struct projection *s = &p->sources.v[i];

		if (s->secret)
			buf_putf(out, "    SecretName:     %s\n", s->secret->name);
		if (s->downward)
			buf_puts(out, "    DownwardAPI:    true\n");
		if (s->config_map)
			buf_putf(out, "    ConfigMapName:  %s\n", s->config_map->name);
	}
}

static void put_volumes(struct buf *out, const struct pod_spec *s)
{
	buf_puts(out, s->volumes.n ? "Volumes:\n" : "Volumes:          <none>\n");
	for (size_t i = 0; i < s->volumes.n; i++) {
		const struct volume_spec_kube *v = &s->volumes.v[i];

		buf_putf(out, "  %s:\n", v->name);
		if (v->empty_dir)
			put_empty_dir(out, v);
		else if (v->host_path)
			buf_putf(out,
				 "    Type:          HostPath (bare host directory volume)\n    Path:          %s\n",
				 v->host_path->path);
		else if (v->config_map)
			buf_putf(out,
				 "    Type:      ConfigMap (a volume populated by a ConfigMap)\n    Name:      %s\n",
				 v->config_map->name);
		else if (v->downward)
			put_downward(out, v->downward);
		else if (v->projected)
			put_projected(out, v->projected);
		else if (v->secret)
			buf_putf(out,
				 "    Type:        Secret (a volume populated by a Secret)\n    SecretName:  %s\n",
				 v->secret->name);
	}
}

static bool is_initialized(const struct describing *d)
{
	for (size_t i = 0; i < d->p->pod.n_inits; i++) {
		const struct kube_status *s = &d->status[i];
		bool sidecar = d->p->pod.inits[i].sidecar;

		if (!s->id || (sidecar ? !s->state.outcome.begun :
					 s->state.status != CONTAINER_EXITED || s->state.outcome.exit_code))
			return false;
	}
	return true;
}

static bool may_restart_all(const struct container_specs *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->v[i].restart_rules.n; k++)
			if (exit_action_of(sv_from(l->v[i].restart_rules.v[k].action)) == EXIT_RESTART_ALL)
				return true;
	return false;
}

/* All of them wait, and at least one for its next life. */
static bool restarts_all(const struct describing *d)
{
	size_t n = d->p->pod.n_inits + d->p->pod.n_containers;
	bool again = false;

	for (size_t i = 0; i < n; i++) {
		enum container_status s = d->status[i].state.status;

		if (!d->status[i].id || (s != CONTAINER_RESTARTING && s != CONTAINER_CREATED))
			return false;
		again |= s == CONTAINER_RESTARTING;
	}
	return again;
}

static void put_conditions(struct describing *d)
{
	const struct pod_spec *s = d->p->object.pod;
	bool ready = d->summary.ready == d->summary.containers, scheduled = !d->p->row->reason;
	const struct {
		const char *type;
		bool is;
	} rows[] = { { "PodReadyToStartContainers", scheduled },
		     { "Initialized", scheduled && is_initialized(d) },
		     { "Ready", ready },
		     { "ContainersReady", ready },
		     { "PodScheduled", scheduled } };

	buf_puts(d->out, "Conditions:\n  Type                        Status\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		buf_putf(d->out, "  %-27s %s\n", rows[i].type, rows[i].is ? "True" : "False");
	if (may_restart_all(&s->inits) || may_restart_all(&s->containers))
		buf_putf(d->out, "  %-27s %s\n", "AllContainersRestarting", restarts_all(d) ? "True" : "False");
}

static int put_events(struct describing *d, struct err *e)
{
	struct kube_events l;
	int r = kube_events_read(d->en, d->p->pod.uid, d->a, &l, e);
	int64_t now = clock_real_ns();

	if (r < 0)
		return r;
	if (!l.n && !d->p->row->reason) {
		buf_puts(d->out, "Events:           <none>\n");
		return 0;
	}
	buf_puts(d->out, "Events:\n  Type     Reason               Age                 From          Message\n"
			 "  ----     ------               ----                ----          -------\n");
	if (d->p->row->reason)
		buf_putf(d->out, "  Warning  FailedScheduling     %-19s %-13s %s\n",
			 kube_age(d->a, d->p->row->created_ns), "tare", d->p->row->reason);
	for (size_t i = 0; i < l.n; i++) {
		const struct kube_event *v = &l.v[i];
		const char *age = kube_age(d->a, v->last_ns > now ? now : v->last_ns);

		if (v->count > 1)
			age = arena_fmt(d->a, "%s (x%" PRIu64 " over %s)", age, v->count, kube_age(d->a, v->first_ns));
		buf_putf(d->out, "  %-8s %-20s %-19s %-13s %s\n", v->type, v->reason, age ? age : "", "tare-monitor",
			 v->text);
	}
	return 0;
}

static void put_addresses(struct describing *d, const char *list)
{
	struct sv rest = sv_from(list ? list : ""), one;

	(void)sv_cut(rest, ',', &one, &rest);
	buf_putf(d->out, "IP:               " SV_FMT "\n", SV_ARG(one));
	rest = sv_from(list ? list : "");
	buf_puts(d->out, rest.n ? "IPs:\n" : "IPs:              <none>\n");
	while (rest.n && sv_next(&rest, ',', &one))
		buf_putf(d->out, "  IP:             " SV_FMT "\n", SV_ARG(one));
}

static void put_head(struct describing *d)
{
	const struct kube_running *p = d->p;
	struct utsname u;

	buf_putf(d->out, "Name:             %s\nNamespace:        %s\nPriority:         %" PRId64 "\n", p->pod.name,
		 p->pod.namespace, p->pod.priority);
	if (p->object.pod->priority_class)
		buf_putf(d->out, "Priority Class Name:  %s\n", p->object.pod->priority_class);
	buf_putf(d->out, "Node:             %s\nStart Time:       ",
		 p->row->reason ? "<none>" : uname(&u) == 0 ? u.nodename : "");
	put_time(d->out, p->row->created_ns);
	put_pairs(d->out, "Labels:           ", "=", &p->object.meta.labels);
	put_pairs(d->out, "Annotations:      ", ": ", &p->object.meta.annotations);
	buf_putf(d->out, "Status:           %s\n", d->summary.phase);
	if (strcmp(d->summary.phase, d->summary.status) != 0)
		buf_putf(d->out, "Reason:           %s\n", d->summary.status);
	put_addresses(d, kube_addresses_of(d->addresses, p, d->a));
}

static int put_pod(struct describing *d, struct err *e)
{
	const struct pod_spec *s = d->p->object.pod;
	const struct kube_policy policy = kube_policy_of(d->p->row->cgroup);
	const char *path = pod_path(&policy, &d->p->pod, d->a);
	int r = kube_pod_look(d->en, d->p, d->a, &d->status, &d->n, e);

	if (r < 0)
		return r;
	pod_summary_make(d->p, d->status, d->n, &d->summary);
	put_head(d);
	if (s->inits.n)
		buf_puts(d->out, "Init Containers:\n");
	for (size_t i = 0; i < s->inits.n; i++)
		put_container(d, &s->inits.v[i], &d->p->pod.inits[i], &d->status[i]);
	buf_puts(d->out, "Containers:\n");
	for (size_t i = 0; i < s->containers.n; i++)
		put_container(d, &s->containers.v[i], &d->p->pod.containers[i], &d->status[s->inits.n + i]);
	put_conditions(d);
	put_volumes(d->out, s);
	buf_putf(d->out, "QoS Class:        %s\nControl Group:    %s\n", qos_name(pod_qos(&d->p->pod)),
		 path ? path : "");
	return put_events(d, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct kube_command *k = options;
	const char *namespace = k->options.namespace ? k->options.namespace : "default";
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	enum object_kind kind;
	struct kube_addresses addresses;
	struct kube_world w;
	int found = 0, r = kube_kind(operands->v[0], &kind, e);

	if (r == 0 && kind != OBJECT_POD)
		r = err_set(e, ENOTSUP, "only pods are described; see `tare kube get %.40s -o yaml`", operands->v[0]);
	if (r == 0)
		r = session_open(&s, cli, e);
	if (r == 0)
		r = kube_load(&s.engine, &a, &w, e);
	if (r == 0)
		r = kube_addresses_read(&s.engine, &a, &addresses, e);
	for (size_t i = 0; r == 0 && i < w.n_pods; i++) {
		struct describing d = {
			.en = &s.engine, .a = &a, .out = &out, .p = &w.pods[i], .addresses = &addresses
		};
		bool wanted = operands->n == 1;

		for (int n = 1; n < operands->n; n++)
			wanted |= strcmp(operands->v[n], d.p->pod.name) == 0;
		if (!wanted || strcmp(d.p->pod.namespace, namespace) != 0)
			continue;
		buf_puts(&out, found++ ? "\n\n" : "");
		r = put_pod(&d, e);
	}
	if (r == 0 && operands->n > 1 && !found)
		return err_set(e, ENOENT, "pods \"%.253s\" not found", operands->v[1]);
	if (r == 0 && !found)
		kube_say_none(k, false);
	return r < 0 ? r : page_print(&out, k->no_trunc, e);
}

static const struct option_group *const groups[] = { &opt_kube_namespace, NULL };

const struct command command_kube_describe = {
	.name = "kube describe",
	.args = "[OPTIONS] pod [NAME...]",
	.summary = "show a pod in detail: containers, conditions, what has happened",
	.groups = groups,
	.complete = "pod",
	.options_size = sizeof(struct kube_command),
	.init = kube_command_init,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
