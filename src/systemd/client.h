/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - asking systemd by way of tare-systemd, a small dynamic program on sd-bus: there is no static libsystemd, and who
 * does not use systemd for cgroups must not pay for it.
 *
 * One socket pair of SOCK_SEQPACKET, one message a request: words, each ended by a NUL: the verb, the unit, and for each
 * property its name, its signature, how many words its value has, and these. The answer: "ok" and a text, or "error", an
 * errno and a text. */
#pragma once

#include "base/err.h"
#include "systemd/property.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define UNIT_REQUEST_MAX (64u << 10)

/* How systemd is reached. */
struct unit_manager {
	const char *program; /* tare-systemd */
	bool user;           /* the caller's own manager, not the system's */
};

struct unit_client {
	int fd; /* -1: none */
	pid_t pid;
};
#define UNIT_CLIENT_NONE ((struct unit_client){ -1, 0 })

/* unit_manager_find - tare-systemd, as beside this program (argv0 as it was called with), as in ../libexec/tare of it. ret has
 * PATH_MAX bytes. -ENOENT. */
int unit_manager_find(const char *argv0, char ret[static PATH_MAX], struct err *e);

int unit_client_open(const struct unit_manager *m, struct unit_client *ret, struct err *e);
/* unit_client_close - the program ends, and with it the process that it put into a scope. */
void unit_client_close(struct unit_client *c);

/* unit_start - a transient unit, with a process of tare-systemd's in it if it is a scope: it stays until another process
 * is in it and unit_settle() is called. ret_cgroup, CGROUP_TEXT bytes: its group from the root of the hierarchy.
 * -EEXIST: there is a unit of that name. */
#define CGROUP_TEXT 4096
int unit_start(struct unit_client *c, const char *unit, const struct unit_properties *p,
	       char ret_cgroup[static CGROUP_TEXT], struct err *e);
/* unit_slice - a slice of that name with these properties: made, or one that is there changed. Its files are written when
 * this returns. */
int unit_slice(struct unit_client *c, const char *slice, const struct unit_properties *p,
	       char ret_cgroup[static CGROUP_TEXT], struct err *e);
/* unit_attach - a process joins the unit, in its group `below` ("/": its own): for who may not move it there, as a user's
 * systemd may have it done by the system's. */
int unit_attach(struct unit_client *c, const char *unit, const char *below, pid_t pid, struct err *e);
/* unit_settle - that process ends */
int unit_settle(struct unit_client *c, struct err *e);
/* unit_set - change properties until the unit is gone; files are written when this returns */
int unit_set(struct unit_client *c, const char *unit, const struct unit_properties *p, struct err *e);
/* unit_stop - the unit ends, with all processes in it; -ENOENT is success */
int unit_stop(struct unit_client *c, const char *unit, struct err *e);
