/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - this host and the engine on it, opened as the options before the command say. */
#pragma once

#include "cli/command.h"
#include "engine/engine.h"

struct session {
	struct host host;
	struct engine engine;
	bool open;
};

/* session_open - the real host, whatever --host says. *ret must not be moved: the engine borrows the host. */
int session_open(struct session *ret, const struct cli *cli, struct err *e);
void session_close(struct session *s);

#define scoped_session SCOPED(session_close) struct session
