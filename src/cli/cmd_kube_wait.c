/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kube_wait.c - `tare kube wait --for condition=Ready POD` */
#include "base/limits.h"
#include "base/scope.h"
#include "cli/opt_kube.h"
#include "engine/kube_sandbox.h"

#include <string.h>

struct wait {
	const char *namespace;
	int64_t timeout_s;
};

static void init(void *options)
{
	((struct wait *)options)->timeout_s = 30;
}

static int set_for(const struct option_call *c, struct err *e)
{
	return strcasecmp(c->text, "condition=Ready") == 0 ? 0 :
							    err_set(e, EINVAL, "only condition=Ready is waited for");
}

#define MOST_S 86400

/* "30s", "2m", "500ms" and plain seconds would be Go's; seconds are enough for the first two. */
static int set_timeout(const struct option_call *c, struct err *e)
{
	struct sv text = sv_from(c->text);
	int64_t unit = 1, n;

	if (text.n && (text.p[text.n - 1] == 's' || text.p[text.n - 1] == 'm'))
		unit = text.p[--text.n] == 'm' ? 60 : 1;
	if (sv_i64(text, &n) < 0 || n < 0 || n > MOST_S / unit)
		return err_set(e, EINVAL, "seconds are needed, as 30s, or minutes, as 2m: a day at most");
	((struct wait *)c->target)->timeout_s = n * unit;
	return 0;
}

static int wait_for(struct engine *en, const struct wait *w, const char *operand, struct buf *out, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	const char *name = strncmp(operand, "pod/", 4) == 0 ? operand + 4 : operand;
	struct kube_world world;
	int r = kube_load(en, &a, &world, e);

	for (size_t i = 0; r == 0 && i < world.n_pods; i++) {
		const struct kube_running *p = &world.pods[i];

		if (strcmp(p->pod.name, name) != 0 ||
		    strcmp(p->pod.namespace, w->namespace ? w->namespace : "default") != 0)
			continue;
		r = kube_sandbox_await_ready(en, p->row->uid, (int)w->timeout_s * 1000, e);
		if (r < 0)
			return err_wrap(e, r, "pods/%s", name);
		buf_putf(out, "pod/%s condition met\n", name);
		return 0;
	}
	return r < 0 ? r : err_set(e, ENOENT, "pods \"%.253s\" not found", name);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	int r = session_open(&s, cli, e);

	for (int i = 0; r == 0 && i < operands->n; i++)
		r = wait_for(&s.engine, options, operands->v[i], &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

#define FIELD(name) offsetof(struct wait, name)
static const struct option rows[] = {
	{ "for", 0, "CONDITION", "condition=Ready (default): all containers of the pod are ready", set_for,
	  .words = "condition=Ready" },
	{ "namespace", 'n', "NAMESPACE", "the pod's namespace (default: default)", option_text, FIELD(namespace) },
	{ "timeout", 0, "DURATION", "how long to wait, as 30s (default) or 2m", set_timeout },
};
OPTION_GROUP(wait_options, "Options", rows);
static const struct option_group *const groups[] = { &wait_options, NULL };

const struct command command_kube_wait = {
	.name = "kube wait",
	.args = "[OPTIONS] POD [POD...]",
	.summary = "wait until pods are ready",
	.groups = groups,
	.options_size = sizeof(struct wait),
	.init = init,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
