/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kube_into.c - `tare kube logs`, `tare kube exec`: one container of a pod. */
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/opt_kube.h"
#include "engine/exec.h"
#include "engine/logs.h"

#include <string.h>

struct into {
	const char *namespace, *container;
	struct logs_options logs;
	struct exec_config exec;
};

/* ---- which container ---------------------------------------------------------------------------------------- */

static bool has_container(const struct container_specs *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return true;
	return false;
}

static int choose(const struct kube_running *p, const struct into *o, struct arena *a, const char **ret, struct err *e)
{
	const struct pod_spec *s = p->object.pod;
	const char *name = o->container ? o->container : s->containers.v[0].name;

	if (!has_container(&s->containers, name) && !has_container(&s->inits, name))
		return err_set(e, ENOENT, "container %.60s is not valid for pod %s", name, p->pod.name);
	*ret = kube_container_name(p->pod.uid, name, a);
	return *ret ? 0 : err_oom(e);
}

static int find_container(struct engine *en, const char *pod, const struct into *o, struct arena *a, const char **ret,
			  struct err *e)
{
	const char *namespace = o->namespace ? o->namespace : "default";
	const char *name = strncmp(pod, "pod/", 4) == 0 ? pod + 4 : pod;
	struct kube_world w;
	int r = kube_load(en, a, &w, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < w.n_pods; i++)
		if (strcmp(w.pods[i].pod.name, name) == 0 && strcmp(w.pods[i].pod.namespace, namespace) == 0)
			return choose(&w.pods[i], o, a, ret, e);
	return err_set(e, ENOENT, "pods \"%.253s\" not found", name);
}

/* ---- logs --------------------------------------------------------------------------------------------------- */

static int set_tail(const struct option_call *c, struct err *e)
{
	struct logs_options *o = &((struct into *)c->target)->logs;

	o->tail_set = true;
	if (sv_i64(sv_from(c->text), &o->tail) < 0 || o->tail < -1)
		return err_set(e, EINVAL, "a number of lines is needed, or -1 for all");
	return 0;
}

#define FIELD(name) offsetof(struct into, name)
#define ROW_CONTAINER { "container", 'c', "NAME", "the container (default: the pod's first one)", option_text, FIELD(container) }
#define ROW_NAMESPACE { "namespace", 'n', "NAMESPACE", "the pod's namespace (default: default)", option_text, FIELD(namespace) }

static const struct option logs_rows[] = {
	ROW_CONTAINER,
	{ "follow", 'f', NULL, "go on with what is written, until the container has ended", option_switch,
	  FIELD(logs.follow) },
	ROW_NAMESPACE,
	{ "tail", 0, "NUMBER", "show so many lines from the end (default -1: all)", set_tail },
	{ "timestamps", 0, NULL, "show the time of each line", option_switch, FIELD(logs.timestamps) },
};

static OPTION_GROUP(logs_group, "Options", logs_rows);
static const struct option_group *const logs_groups[] = { &logs_group, NULL };

static int run_logs(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct into *o = options;
	scoped_session s = { .open = false };
	const char *name;
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = find_container(&s.engine, operands->v[0], o, cli->arena, &name, e);
	return r < 0 ? r : engine_logs(&s.engine, sv_from(name), &o->logs, e);
}

const struct command command_kube_logs = {
	.name = "kube logs",
	.args = "[OPTIONS] POD",
	.summary = "show what a container of a pod has written",
	.groups = logs_groups,
	.options_size = sizeof(struct into),
	.min_args = 1,
	.max_args = 1,
	.run = run_logs,
};

/* ---- exec --------------------------------------------------------------------------------------------------- */

static const struct option exec_rows[] = {
	ROW_CONTAINER,
	ROW_NAMESPACE,
	{ "stdin", 'i', NULL, "pass standard input", option_switch, FIELD(exec.open_stdin) },
	{ "tty", 't', NULL, "give it a terminal of its own", option_switch, FIELD(exec.tty) },
};

static OPTION_GROUP(exec_group, "Options", exec_rows);
static const struct option_group *const exec_groups[] = { &exec_group, NULL };

static int run_exec(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct into *o = options;
	scoped_session s = { .open = false };
	int first = strcmp(operands->v[1], "--") == 0 ? 2 : 1, r;

	if (first == operands->n)
		return err_set(e, EINVAL, "you must specify at least one command for the container");
	r = session_open(&s, cli, e);
	if (r == 0)
		r = find_container(&s.engine, operands->v[0], o, cli->arena, &o->exec.container, e);
	o->exec.command = (struct oci_strings){ (const char **)operands->v + first, (size_t)(operands->n - first) };
	return r < 0 ? r : engine_exec(&s.engine, &o->exec, ret_status, e);
}

const struct command command_kube_exec = {
	.name = "kube exec",
	.args = "[OPTIONS] POD [--] COMMAND [ARG...]",
	.summary = "run a command in a container of a pod",
	.groups = exec_groups,
	.options_size = sizeof(struct into),
	.min_args = 2,
	.max_args = -1,
	.stops = true,
	.run = run_exec,
};
