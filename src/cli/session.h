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

/* session_open - the real host, whatever --host says. *ret must not be moved: the engine borrows the host.
 * An ordinary user's process is in a user namespace afterwards (engine/rootless.h). */
int session_open(struct session *ret, const struct cli *cli, struct err *e);
/* session_open_host - the host, and the engine if it may be opened: for what looks at processes and groups of anybody, and so
 * stays in the caller's user namespace.
 * Without it (ret->engine.host is NULL then) *ret_why says why. */
int session_open_host(struct session *ret, const struct cli *cli, struct err *ret_why, struct err *e);
struct engine *session_engine(struct session *s); /* NULL: there is none */
void session_close(struct session *s);

#define scoped_session SCOPED(session_close) struct session
