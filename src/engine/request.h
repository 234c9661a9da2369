/* SPDX-License-Identifier: Apache-2.0 */
/* request.h - one question to a container's monitor, and its answer (monitor/control.h), for clients that are not attached.
 */
#pragma once

#include "base/err.h"
#include "engine/engine.h"
#include "monitor/control.h"

/* request_open - a connection to the monitor, to be closed. -ESRCH: there is none. */
int request_open(const struct engine *en, const char *id, int *ret_sock, struct err *e);

/* request_wait - until the monitor says `wanted`; what it tells in between is skipped. 1: *ret is it. 0: it has gone, or the
 * container has ended. < 0: refused or failed, with the monitor's text. */
int request_wait(int sock, enum control_type wanted, struct control_message *ret, struct err *e);

/* request - ask, and wait until it is done. -ESRCH: no monitor, or it ended meanwhile; else the monitor's own refusal. */
int request(const struct engine *en, const char *id, enum control_type type, int value, int flag, struct err *e);
