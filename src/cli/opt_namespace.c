/* SPDX-License-Identifier: Apache-2.0 */
/* opt_namespace.c - which namespaces(7) a container has to itself and which it shares. */
#include "base/scope.h"
#include "cli/opt.h"
#include "spec/userns.h"

#include <errno.h>
#include <string.h>

struct mode_set {
	const char *const *words;
	size_t n;
	bool container; /* container:NAME as well */
	const char *error;
};

static int set_mode(const struct option_call *c, const struct mode_set *m, struct err *e)
{
	bool ok = *c->text == '\0';

	for (size_t i = 0; i < m->n; i++)
		ok = ok || strcmp(c->text, m->words[i]) == 0;
	if (m->container && strncmp(c->text, "container:", 10) == 0)
		ok = c->text[10] != '\0';
	if (!ok)
		return err_set(e, EINVAL, "%s", m->error);
	*(const char **)((char *)c->target + c->row->field) = *c->text ? c->text : NULL;
	return 0;
}

static int set_pid(const struct option_call *c, struct err *e)
{
	static const char *const words[] = { "host" };
	static const struct mode_set m = { words, ARRAY_LEN(words), true,
					   "invalid PID mode (host, container:NAME)" };

	return set_mode(c, &m, e);
}

static int set_ipc(const struct option_call *c, struct err *e)
{
	static const char *const words[] = { "host", "none", "private", "shareable" };
	static const struct mode_set m = { words, ARRAY_LEN(words), true,
					   "invalid IPC mode (none, private, shareable, host, container:NAME)" };

	return set_mode(c, &m, e);
}

static int set_uts(const struct option_call *c, struct err *e)
{
	static const char *const words[] = { "host" };
	static const struct mode_set m = { words, ARRAY_LEN(words), true,
					   "invalid UTS mode (host, container:NAME)" };

	return set_mode(c, &m, e);
}

static int set_cgroupns(const struct option_call *c, struct err *e)
{
	static const char *const words[] = { "host", "private" };
	static const struct mode_set m = { words, ARRAY_LEN(words), false, "invalid CGROUP mode (host, private)" };

	return set_mode(c, &m, e);
}

static int set_userns(const struct option_call *c, struct err *e)
{
	const char **field = (const char **)((char *)c->target + c->row->field);
	struct userns_mode m;
	int r = userns_mode_parse(c->text, c->arena, &m, e);

	if (r == 0)
		*field = *c->text ? c->text : NULL;
	return r;
}

static const struct option rows[] = {
	{ "cgroupns", 0, "MODE", "cgroup namespace: private (default) or host", set_cgroupns,
	  RUN_FIELD(config.cgroupns_mode), .words = "private host" },
	{ "ipc", 0, "MODE", "IPC namespace: private (default), none, shareable, host or container:NAME", set_ipc,
	  RUN_FIELD(config.ipc_mode), .words = "private none shareable host container:", .late = true },
	{ "pid", 0, "MODE", "PID namespace: the container's own, host or container:NAME", set_pid,
	  RUN_FIELD(config.pid_mode), .words = "host container:" },
	{ "userns", 0, "MODE",
	  "user namespace: host (default), auto, auto:size=N, container:NAME, or a map C:H:S[,...]", set_userns,
	  RUN_FIELD(config.userns_mode), .words = "host auto auto:size= container:" },
	{ "uts", 0, "MODE", "UTS namespace (host name): the container's own, host or container:NAME", set_uts,
	  RUN_FIELD(config.uts_mode), .words = "host container:" },
};

OPTION_GROUP(opt_namespace, "Namespaces", rows);
