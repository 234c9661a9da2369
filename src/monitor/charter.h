/* SPDX-License-Identifier: Apache-2.0 */
/* charter.h - what a monitor is told at its birth, beside the bundle's config.json: one versioned record in the
 * container's state directory, <state>/<id>/charter.
 *
 * NUL-terminated fields "key=value", the first one "tare-charter=1"; a key that occurs several times is a list. Written
 * by the engine, read by the monitor (again at each restart of the container). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "runtime/plan.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define CHARTER_FILE "charter"
#define CONFIG_FILE "config.json"
#define NETWORK_FILE "network" /* what of the charter is known only later than the rest of it: net_links to net_ports */
#define TRACE_FILE "trace"

#define LOG_DRIVERS(X) X(JSON_FILE, "json-file") X(NONE, "none")
enum log_driver {
#define X(id, text) LOG_##id,
	LOG_DRIVERS(X)
#undef X
};

#define RESTART_POLICIES(X) X(NO, "no") X(ALWAYS, "always") X(UNLESS_STOPPED, "unless-stopped") X(ON_FAILURE, "on-failure")
enum restart_policy {
#define X(id, text) RESTART_##id,
	RESTART_POLICIES(X)
#undef X
};

#define STOP_TIMEOUT_DEFAULT 10 /* seconds */
#define STOP_SIGNAL_DEFAULT SIGTERM

struct charter {
	const char *id;
	const char *container_dir;           /* absolute: where the outcome goes */
	struct root_source root;
	const char **copy_up;                /* destinations of volumes to fill while they are empty */
	size_t copy_up_count;
	bool auto_remove, open_stdin, stdin_once, tty, init,
		trace; /* stdin_once: it ends with the client that attached it */
	const char *program, *data_root, *state_root; /* PROGRAM --root DATA_ROOT --state STATE_ROOT _reap ID */
	const char *settings;                         /* absolute, for its --config; NULL: none was named */
	const char *systemd; /* tare-systemd: the container is a unit; NULL: it is none */
	bool net_waits; /* the command starts when names are answered */
	const char *net_program; /* tare-net, which the container needs; NULL: it is in no network */

	enum log_driver log_driver;
	const char *log_attrs;     /* JSON object that each record carries as "attrs"; NULL: none */
	int64_t log_max_size;      /* bytes; 0: no rotation */
	int log_max_file;          /* files together, at least 1 */

	enum restart_policy restart;
	int restart_max;           /* of on-failure; 0: no limit */
	int restart_count;         /* to begin with */
	int64_t oom_log_seq;       /* the outcome's, of its last life in this boot */
	int stop_signal;
	bool stop_signal_set;      /* by the configuration or the image: what other signals do is the command's own affair */
	int stop_timeout;          /* seconds; < 0: for ever */

	bool networked; /* there is NETWORK_FILE, once the bundle is complete: charter_read_network() */
	struct oci_strings user_net,
		user_net_requests; /* user_net.h: its words and what it is asked for; empty: none */
	struct oci_strings net_links; /* interfaces, as net_link_print() has them */
	struct oci_strings net_names; /* its places in networks, as endpoint_print() has them but for its process */
	bool net_ports;               /* something of the host's network is its own while it runs: _reap gives it back */

	/* for exec: what the configuration says of a process, as Docker keeps it; not the monitor's business */
	bool exec_groups_strict; /* besides the primary group exec_groups alone */
	struct oci_strings exec_env, exec_groups; /* without HOME and TERM, which depend on user and terminal */
	const char *exec_user, *exec_workdir;     /* NULL: none */
};

void charter_init(struct charter *c); /* the defaults: what a missing field means */
const char *log_driver_name(enum log_driver d);
const char *restart_policy_name(enum restart_policy p);
/* restart_policy_from_name - -1: there is no such policy */
int restart_policy_from_name(struct sv name);

/* charter_write - state_dir/charter, mode 0600. */
int charter_write(int state_dir, const struct charter *c, struct err *e);
/* charter_write_network, charter_read_network - NETWORK_FILE alone; read into a charter that is there. */
int charter_write_network(int state_dir, const struct charter *c, struct err *e);
int charter_read_network(int state_dir, struct arena *a, struct charter *c, struct err *e);
/* charter_read - -ENOENT, -EINVAL: not a charter, or of a newer version. Memory belongs to a. */
int charter_read(int state_dir, struct arena *a, struct charter *ret, struct err *e);
