/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_server.h - GET /metrics over HTTP/1.1 (libmicrohttpd). One thread, the caller's; requests are answered one after
 * the other, connections and what they send have ceilings. */
#pragma once

#include "engine/engine.h"

struct metrics_server;

/* metrics_server_new - fd: listening, non-blocking; it is the server's from then on, also after a failure. -ENOMEM, -EIO */
int metrics_server_new(struct engine *en, int fd, struct metrics_server **ret, struct err *e);
void metrics_server_free(struct metrics_server *s);

int metrics_server_fd(const struct metrics_server *s);      /* to poll(2) for POLLIN, */
int metrics_server_timeout(const struct metrics_server *s); /* milliseconds at most; -1: for ever */
void metrics_server_run(struct metrics_server *s);          /* and then to do what there is to do */
