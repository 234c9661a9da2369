/* SPDX-License-Identifier: Apache-2.0 */
/* parts.h - the parts of one monitor: what they share, and how they call each other.
 *
 *   sandbox.c   the loop: waits for all of them, and lets each do what is possible now
 *   monitor.c   the monitor of one container, from its birth to its end
 *   pod.c       the monitor of a pod: the order of its containers
 *   pod_volumes.c   what it holds for them all: volumes in memory, and parts of folders
 *   pod_again.c what makes all of them begin anew, in their place
 *   member.c, probe.c, action.c, happening.c   one of them: its life within the pod, how it is asked, hooks, what is told
 *   birth.c     from nothing to a created container; the same again for a restart
 *   life.c      the first process: start, end, and starting again (restart.c decides)
 *   orders.c    what is done to it on request: signals, stop, pause
 *   record.c    what is written down: outcome, trace
 *   clients.c   connections and their requests
 *   session.c   further processes: exec
 *   stdio.c, relay.c   input and output of a session
 *   jsonlog.c   what is kept of it
 *
 * Nothing here blocks for longer than a system call on local state: every wait is one of the loop's. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "kernel/host.h"
#include "monitor/charter.h"
#include "monitor/control.h"
#include "monitor/memory_use.h"
#include "monitor/outcome.h"
#include "monitor/pollset.h"
#include "monitor/stdio.h"
#include "monitor/user_net.h"
#include "network/watch.h"
#include "runtime/container.h"
#include "runtime/exec.h"

#define MONITOR_CLIENTS 68
#define MONITOR_STAYING 64 /* of them may wait or be attached: somebody can always give an order */

struct client {
	bool used;
	bool starter;   /* it let the command run */
	bool knows_end; /* it was told of the end */
	int64_t speak_ns; /* it may give an order until then, monotonic; 0: it may stay */
	int sock;
	size_t polled; /* its place in the pollset */
};

/* Exec sessions; those that have ended have left a record. */
struct sessions {
	struct session *first; /* session.c */
	unsigned n;
	uint32_t ended[64]; /* a ring: the numbers of the records that are still there, 0: none */
	unsigned ended_next;
};

enum phase {
	PHASE_CREATED, /* or not even that: nobody has started it */
	PHASE_RUNNING,
	PHASE_DRAINING, /* its first process has ended, its output is still read */
	PHASE_WAITING,  /* to start it again */
	PHASE_OVER,
};

/* What was asked for and takes time, or matters later. Times are monotonic nanoseconds, 0: none. */
struct orders {
	bool end_wanted; /* so nothing starts it again */
	bool keep;       /* this end does not remove it */
	bool leave;      /* the monitor is to end, whoever listens */
	int64_t kill_ns; /* SIGKILL for everything */
	bool paused, pausing;
	struct client *pauser; /* who waits for it; NULL: has left */
	int64_t pause_look_ns, pause_until_ns;
};

struct member;
struct pod;

/* What the containers of one monitor share: one alone, or a pod's. */
struct sandbox {
	int signals;
	size_t signals_polled;
	struct monitor *first;
	struct pod *pod; /* NULL: one alone */
	struct pollset pollset;
	bool busy; /* there is memory to give back when it becomes quiet */
};

struct monitor {
	const char *state_path;
	struct monitor *next;   /* of its sandbox */
	struct member *member;  /* of a pod, pod_parts.h; NULL: it is alone */
	int state, container_dir, lock, listener;
	enum phase phase;

	struct host host;
	struct arena life;  /* the charter */
	struct arena birth; /* spec and plan: gone when the command runs */
	struct charter charter;
	struct unit_manager systemd; /* program NULL: the container is no unit */
	struct runtime_spec spec;
	struct host_facts facts; /* its cgroup layout is wanted to the end */
	bool facts_are_new;      /* read for the creation that comes */
	struct plan plan;
	struct trace *trace;

	struct container_early early; /* made before all was known; soon the container's */
	struct container container;
	struct stdio stdio;
	struct jsonlog log;
	bool may_nest;                          /* see oom.h */
	bool failed;                            /* it could not be made or started, and that is the end */
	int64_t drain_until_ns, start_again_ns; /* of PHASE_DRAINING and PHASE_WAITING */
	int delay_ms;                           /* the last wait before a restart */
	struct orders orders;
	struct outcome outcome;
	int64_t record_again_ns; /* it could not be recorded; 0: it is */
	struct err left; /* why the cgroup could not be removed; code 0: it could */

	struct net_watch net;
	struct user_net user_net;
	size_t net_polled;
	struct memory_use memory;
	size_t memory_polled;

	struct arena running; /* what exec needs to know of the container, while it runs */
	struct exec_context exec;
	struct sessions sessions;

	struct client clients[MONITOR_CLIENTS];
	bool reaped, sweep; /* what the client said that does the rest */
	size_t listener_polled;
};

/* ---- sandbox.c ---- */
#define MONITOR_NOTHING                                                                                              \
	{ .life = { .max = LIMIT_CONTROL_MSG }, .birth = { .max = LIMIT_ARENA_SPEC },                                \
	  .running = { .max = LIMIT_ARENA_SPEC }, .early = CONTAINER_EARLY_NONE, .container_dir = -1, .state = -1, .lock = -1, .listener = -1,      \
	  .net = { .sock = -1 }, .user_net = { .pidfd = -1 }, .memory = { .watch = { .events = -1, .use = -1, .kills = -1 } },		\
	  .container = { .pidfd = -1, .sync = -1, .console = -1 } }
/* sandbox_signals - blocks all signals; SIGCHLD comes through s->signals, and orphans of a container to us. */
int sandbox_signals(struct sandbox *s, struct err *e);
/* sandbox_turn - one round: wait until something can be done, and let every part do it. */
void sandbox_turn(struct sandbox *s);

/* ---- monitor.c ---- */
/* monitor_resign - from here on the container has no monitor for anybody who looks: it may be started again while the last
 * of its output is still being delivered. */
void monitor_resign(struct monitor *m);

/* ---- clients.c ---- */
/* client_add - -EAGAIN: too many; it was told, and let go */
int client_add(struct monitor *m, int sock, struct err *e);
void client_drop(struct monitor *m, struct client *c);
void client_hear(struct monitor *m, struct client *c);
/* tell - only: NULL for all of them. A client that cannot be told must not wait for it: it sees the end of its connection
 * instead. */
void tell(struct monitor *m, struct client *only, enum control_type type, int value, int flag, const struct err *why);
void tell_message(struct monitor *m, struct client *only, const struct control_message *msg);
void refuse(struct monitor *m, struct client *c, const struct err *why);
/* warn_starter - a line for whoever runs it in the foreground */
void warn_starter(struct monitor *m, const struct err *what);
/* tell_lost - before its end: output that did not get to this client */
void tell_lost(struct monitor *m, struct client *c, const struct stdio *s, uint32_t session);
bool has_clients(const struct monitor *m);
void tell_end(struct monitor *m); /* to everyone who has had all output */
void clients_poll(struct monitor *m, struct pollset *p);
/* clients_run - after poll(2): hears those that have said something, takes a new one */
void clients_run(struct monitor *m, const struct pollset *p);
void clients_run_due(struct monitor *m); /* lets those go that may not stay and say nothing */
int64_t clients_due_ns(const struct monitor *m);

/* ---- birth.c ---- */
/* birth_begin - the host, and the container's cgroup when that is known: before the state directory */
int birth_begin(struct monitor *m, const char *cgroup_path, struct err *e);
void birth_prepare(struct monitor *m); /* what the charter alone can tell: the root file system */
int birth_open(struct monitor *m, const char *state_dir, struct err *e); /* lock, charter, control socket */
int birth_read_charter(struct monitor *m, struct err *e);               /* the one before stays when it fails */
int birth_create(struct monitor *m, struct err *e);                     /* configuration, plan, container */

/* ---- places.c ---- */
int places_write(struct monitor *m, int netns,
		 struct err *e); /* records for tare-net; netns: as pod_parts.h has it, or -1 */
void places_remove(struct monitor *m);

/* ---- life.c ---- */
void life_start(struct monitor *m);
void life_begin(struct monitor *m); /* made and started, with the configuration as it is now */
void life_fail(struct monitor *m, const struct err *why); /* it could not be made or started */
void life_give_up(struct monitor *m, const char *why);    /* it was made and is not to be started */
void life_exited(struct monitor *m, int wstatus);
void life_run(struct monitor *m); /* what has become due */
void life_lost_one(struct monitor *m); /* to the OOM killer; it lives on, most often */
int64_t life_due_ns(const struct monitor *m);
/* life_hold - it waits, until somebody makes it PHASE_CREATED again */
void life_hold(struct monitor *m);

/* ---- orders.c ---- */
void order_signal(struct monitor *m, struct client *c, int signal);
void order_stop(struct monitor *m, int seconds, int flag);
/* order_end - of one that runs: the signal that ends it, SIGKILL at that moment (monotonic; 0: never). It may be started
 * again. */
void order_end(struct monitor *m, int64_t kill_ns);
void order_pause(struct monitor *m, struct client *c);
void order_unpause(struct monitor *m, struct client *c);
void order_resize(struct monitor *m, struct client *c, int size);
void order_reload(struct monitor *m, struct client *c);
void orders_client_left(struct monitor *m, const struct client *c);
void orders_exited(struct monitor *m); /* nobody is there to obey any more */
void orders_run(struct monitor *m);
int64_t orders_due_ns(const struct monitor *m);

/* sooner - of two times, where 0 is never */
static inline int64_t sooner(int64_t a, int64_t b)
{
	return !a || (b && b < a) ? b : a;
}
void give_pages_back(void); /* of the heap and the stack below us, that some work has dirtied */

/* ---- session.c ---- */
/* session_obey - a request about a session: EXEC, or with a number that is not 0 */
void session_obey(struct monitor *m, struct client *c, const struct control_message *msg, int fds[3]);
void sessions_client_left(struct monitor *m, const struct client *c);
void sessions_poll(struct monitor *m, struct pollset *p);
void sessions_run(struct monitor *m, const struct pollset *p);
/* sessions_reaped - a child that is not the first process. false: it is none of this container's */
bool sessions_reaped(struct monitor *m, pid_t pid, int wstatus);
/* session_begin - a process that nobody attaches to, by its document; ended hears of its end, or why there is none (code 125
 * to 127). Returns its number, 0: it could not be begun, *e says why, and nobody hears. session_kill - that one. */
uint32_t session_begin(struct monitor *m, const struct oci_process *process,
		       void (*ended)(void *arg, int exit_code, const struct err *why), void *arg, struct err *e);
void session_kill(struct monitor *m, uint32_t number);
void sessions_settle(struct monitor *m); /* what has become due, or is over */
/* sessions_end - the container has ended, and every process in it. sessions_are_over - all of that is told */
void sessions_end(struct monitor *m);
bool sessions_are_over(const struct monitor *m);
int64_t sessions_due_ns(const struct monitor *m);
void sessions_rest(struct monitor *m); /* gives memory back while there is nothing to do */

/* ---- record.c ---- */
/* record_outcome - as it is now. When that fails all clients hear it, and record_run() tries again until it is there: what
 * kept it away may pass. */
void record_outcome(struct monitor *m);
void record_run(struct monitor *m);
int64_t record_due_ns(const struct monitor *m);
void record_trace(struct monitor *m);
