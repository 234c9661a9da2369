/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include "base/scope.h"
#include "engine/rootless.h"

#include <sys/auxv.h>

/* As an ordinary user, in a user namespace. */
static int open_rootless(struct session *ret, const struct cli *cli, struct err *e)
{
	SCOPED(rootless_done) struct rootless x = { .root = NULL };
	int r = rootless_enter(&ret->host, cli->root, cli->state, &x, e);

	/* what was opened in the mount namespace before sees no mounts any more when that is gone */
	host_close(&ret->host);
	if (r == 0)
		r = host_open(&ret->host, "/", e);
	if (r == 0)
		r = engine_open(&ret->engine, &ret->host, x.root, x.state, e);
	if (r < 0)
		return r;
	ret->engine.rootless = true;
	ret->engine.caller = x.uid;
	return 0;
}

static int open_both(struct session *ret, const struct cli *cli, bool enter, struct err *e)
{
	int r;

	r = host_open(&ret->host, "/", e);
	if (r < 0)
		return r;
	if (enter && getauxval(AT_EUID) != 0) /* geteuid() without a system call */
		r = open_rootless(ret, cli, e);
	else
		r = engine_open(&ret->engine, &ret->host, cli->root, cli->state, e);
	if (r < 0)
		host_close(&ret->host);
	else
		ret->engine.settings_path = cli->config;
	ret->open = r == 0;
	return r;
}

int session_open(struct session *ret, const struct cli *cli, struct err *e)
{
	return open_both(ret, cli, true, e);
}

int session_open_host(struct session *ret, const struct cli *cli, struct err *ret_why, struct err *e)
{
	int r;

	if (open_both(ret, cli, false, ret_why) == 0)
		return 0;
	r = host_open(&ret->host, "/", e);
	ret->engine.host = NULL;
	ret->open = r == 0;
	return r;
}

struct engine *session_engine(struct session *s)
{
	return s->engine.host ? &s->engine : NULL;
}

void session_close(struct session *s)
{
	if (!s->open)
		return;
	if (s->engine.host)
		engine_close(&s->engine);
	host_close(&s->host);
	s->open = false;
}
