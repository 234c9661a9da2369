/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_enter.c - `tare enter`: nsenter(1) that knows containers; `tare unshare`: unshare(1). */
#include "base/scope.h"
#include "cli/see.h"
#include "engine/enter.h"
#include "engine/foreground.h"
#include "report/subject.h"
#include "kernel/namespaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int take_types(const char *text, uint32_t *ret, struct err *e)
{
	struct sv rest = sv_from(text), name;
	uint32_t types = 0;

	while (sv_next(&rest, ',', &name)) {
		int t = namespace_type_from_name(name);

		if (t < 0)
			return err_set(e, EINVAL,
				       "unknown type \"" SV_FMT "\" (cgroup, ipc, mnt, net, pid, time, user, uts)",
				       (int)(name.n < 40 ? name.n : 40), name.p);
		types |= 1u << t;
	}
	*ret = types;
	return 0;
}

static char *const *command_or_shell(const struct operands *operands, int from, char *shell[2])
{
	const char *own = getenv("SHELL");

	if (operands->n > from)
		return operands->v + from;
	shell[0] = (char *)(own && from == 0 ? own : "/bin/sh");
	shell[1] = NULL;
	return shell;
}

static char *const *terminated(char *const *argv, int n, struct arena *a)
{
	char **copy = arena_array(a, (size_t)n + 1, sizeof *copy);

	for (int i = 0; copy && i < n; i++)
		copy[i] = argv[i];
	return copy;
}

/* ---- enter ------------------------------------------------------------------------------------------------------- */

struct enter_options {
	uint32_t types;
	const char *workdir;
};

static int set_enter_types(const struct option_call *c, struct err *e)
{
	return take_types(c->text, &((struct enter_options *)c->target)->types, e);
}

static const struct option enter_rows[] = {
	{ "type", 't', "TYPES",
	  "only these, parted by commas: cgroup, ipc, mnt, net, pid, time, user, uts (default all)", set_enter_types,
	  .words = "cgroup ipc mnt net pid time user uts" },
	{ "workdir", 'w', "DIR", "working directory there (default /)", option_text,
	  offsetof(struct enter_options, workdir) },
};

static OPTION_GROUP(enter_group, "Options", enter_rows);
static const struct option_group *const enter_groups[] = { &enter_group, NULL };

static int find_pid(struct cli *cli, struct seeing *s, const char *text, pid_t *ret, struct err *e)
{
	struct subject subject;
	int r = subject_find(s->engine, &s->session.host, &s->layout, text, cli->arena, &subject, e);

	if (r < 0)
		return r;
	if (!subject.pid)
		return err_set(e, ESRCH,
			       subject_is_of_process(subject.kind) ? "%s is not running" :
								     "%s: a container or a process is wanted",
			       subject.text);
	*ret = subject.pid;
	return 0;
}

static int enter(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct enter_options *o = options;
	scoped_seeing s = { .session = { .open = false } };
	char *shell[2];
	char *const *argv = command_or_shell(operands, 1, shell);
	struct foreground f = { .cgroup = -1 };
	pid_t pid = 0;
	int r = seeing_open(&s, cli, e);

	f.argv = operands->n > 1 ? terminated(argv, operands->n - 1, cli->arena) : argv;
	if (!f.argv)
		return err_oom(e);
	if (r == 0)
		r = find_pid(cli, &s, operands->v[0], &pid, e);
	if (r == 0)
		r = enter_namespaces(&s.session.host, pid, o->types ? o->types : UINT32_MAX, e);
	if (r == 0 && o->workdir && chdir(o->workdir) < 0)
		r = err_sys(e, "working directory %s", o->workdir);
	return r == 0 ? foreground_run(&f, ret_status, e) : r;
}

const struct command command_enter = {
	.name = "enter",
	.args = "[OPTIONS] CONTAINER|PID [COMMAND [ARG...]]",
	.summary = "run a command in the namespaces of a container or process",
	.complete = "container",
	.groups = enter_groups,
	.options_size = sizeof(struct enter_options),
	.min_args = 1,
	.max_args = -1,
	.stops = true,
	.run = enter,
};

/* ---- unshare ----------------------------------------------------------------------------------------------------- */

struct unshare_options {
	bool type[NAMESPACE_TYPE_COUNT], map_root;
	const char *hostname;
};

#define TYPE(name, letter, id, text) \
	{ name, letter, NULL, text, option_switch, offsetof(struct unshare_options, type) + NAMESPACE_##id }

static const struct option unshare_rows[] = {
	TYPE("cgroup", 'C', CGROUP, "a new cgroup namespace"),
	{ "hostname", 0, "NAME", "hostname in a new uts namespace", option_text,
	  offsetof(struct unshare_options, hostname) },
	TYPE("ipc", 'i', IPC, "a new ipc namespace"),
	{ "map-root", 'r', NULL, "you are root in a new user namespace", option_switch,
	  offsetof(struct unshare_options, map_root) },
	TYPE("mount", 'm', MNT, "a new mount namespace, from which mounts do not come back"),
	TYPE("net", 'n', NET, "a new network namespace, its loopback up"),
	TYPE("pid", 'p', PID, "a new pid namespace, with a /proc of its own (so --mount too)"),
	TYPE("time", 'T', TIME, "a new time namespace"),
	TYPE("user", 'U', USER, "a new user namespace"),
	TYPE("uts", 'u', UTS, "a new uts namespace: hostname"),
};

static OPTION_GROUP(unshare_group, "Options", unshare_rows);
static const struct option_group *const unshare_groups[] = { &unshare_group, NULL };

static void wish_of(const struct unshare_options *o, struct unshare_wish *w)
{
	*w = (struct unshare_wish){ .map_root = o->map_root, .hostname = o->hostname };
	for (int i = 0; i < NAMESPACE_TYPE_COUNT; i++)
		w->types |= (uint32_t)o->type[i] << i;
	if (o->type[NAMESPACE_PID])
		w->types |= 1u << NAMESPACE_MNT;
	if (o->map_root)
		w->types |= 1u << NAMESPACE_USER;
	if (o->hostname)
		w->types |= 1u << NAMESPACE_UTS;
}

static int run_unshared(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct unshare_wish w;
	struct host h;
	char *shell[2];
	char *const *argv = command_or_shell(operands, 0, shell);
	struct foreground f = { .cgroup = -1, .prepare = unshare_prepare, .context = &w };
	int r;

	wish_of(options, &w);
	f.argv = operands->n ? terminated(argv, operands->n, cli->arena) : argv;
	if (!f.argv)
		return err_oom(e);
	if (!w.types)
		return err_set(
			e, EINVAL,
			"unshare: no namespace is named (--pid, --net, --mount, --user, --uts, --ipc, --cgroup, --time)");
	r = host_open(&h, "/", e);
	if (r < 0)
		return r;
	r = unshare_namespaces(&h, &w, e);
	host_close(&h);
	return r == 0 ? foreground_run(&f, ret_status, e) : r;
}

const struct command command_unshare = {
	.name = "unshare",
	.args = "[OPTIONS] [COMMAND [ARG...]]",
	.summary = "run a command in new namespaces, without an image",
	.groups = unshare_groups,
	.options_size = sizeof(struct unshare_options),
	.max_args = -1,
	.stops = true,
	.run = run_unshared,
};
