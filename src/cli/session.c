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

void session_close(struct session *s)
{
	if (!s->open)
		return;
	engine_close(&s->engine);
	host_close(&s->host);
	s->open = false;
}
