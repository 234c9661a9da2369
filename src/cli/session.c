/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

int session_open(struct session *ret, const struct cli *cli, struct err *e)
{
	int r;

	r = host_open(&ret->host, "/", e);
	if (r < 0)
		return r;
	r = engine_open(&ret->engine, &ret->host, cli->root, cli->state, e);
	if (r < 0)
		host_close(&ret->host);
	if (r == 0)
		ret->engine.settings_path = cli->config;
	ret->open = r == 0;
	return r;
}

int session_open_host(struct session *ret, const struct cli *cli, struct err *ret_why, struct err *e)
{
	int r;

	if (session_open(ret, cli, ret_why) == 0)
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
