/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include "engine/rootless.h"

static int open_both(struct session *ret, const struct cli *cli, bool enter, struct err *e)
{
	int r;

	r = host_open(&ret->host, "/", e);
	if (r < 0)
		return r;
	if (enter)
		r = rootless_engine_open(&ret->engine, &ret->host, cli->root, cli->state, e);
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
