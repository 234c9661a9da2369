/* SPDX-License-Identifier: Apache-2.0 */
/* pod_parts.h - the parts of a pod's monitor, beside parts.h.
 *
 * A member is one container of the pod: what a monitor does for one alone, and what the pod wants of it. The pod begins
 * them in their order, each one's own policy (restart.h) starts it again, probes say whether it has begun and is ready,
 * and at the end the main ones go first, then the sidecars from the last to the first.
 *
 * The namespaces that all share are held by their descriptors, so any container may end and come back. */
#pragma once

#include "monitor/join.h"
#include "monitor/parts.h"
#include "monitor/pod_charter.h"

/* ---- action.c ---- */

/* Something that a probe or a hook does. */
struct doing {
	struct member *member;
	enum member_use use;
	enum { DOING_NOTHING, DOING_SESSION, DOING_HELPER, DOING_SLEEP } what;
	uint32_t session;
	pid_t pid;
	int words;        /* a pipe: what a helper says; -1 */
	int64_t until_ns; /* then it is over: a sleep well done, everything else a failure */
};

/* doing_begin - action_done() follows, perhaps before this returns. until_ns: monotonic. */
void doing_begin(struct doing *d, struct member *mb, enum member_use use, int64_t until_ns);
void doing_cancel(struct doing *d); /* nobody hears of it any more */
bool doing_reaped(struct doing *d, pid_t pid, int wstatus);
void doing_run(struct doing *d, int64_t now);
/* doing_done - of member.c: it went well, or why not */
void doing_done(struct doing *d, bool success, const char *why);

/* ---- happening.c ---- */

#define HAPPENINGS 24

struct happening {
	int64_t first_ns, last_ns; /* since 1970 */
	unsigned count;
	bool warning;
	char reason[28], name[64], text[200];
};

struct happenings {
	struct happening v[HAPPENINGS]; /* the oldest makes room for a new one */
	size_t n;
};

void happened(struct pod *p, const char *name, bool warning, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* ---- member.c, probe.c ---- */

struct probing {
	struct doing doing;
	int64_t next_ns;  /* when it is asked; 0: not now */
	int64_t count_ns; /* a failure before this moment is not counted: it is only asked early */
	int successes, failures; /* in a row */
	bool ever, passed; /* it has succeeded in this life; often enough */
};

struct member {
	struct monitor m;
	struct pod *pod;
	const struct pod_container *c;
	bool begun;     /* the order has come to it */
	bool hooked;    /* in this life: its postStart is done */
	bool recorded;  /* its end for good is */
	bool over;      /* and nobody has to be told any more */
	bool stopping;  /* in this life, its end is on its way */
	int64_t since_ns, kill_ns; /* this life's beginning; its end at the latest, monotonic */
	struct doing hook;
	struct probing probes[USE_PROBES];
};

#define LEAST_GRACE_NS (2 * INT64_C(1000000000)) /* the kubelet's: who has waited for others, or for its hook, has this still */

/* member_kill - at once, without preStop; it may be started again */
void member_kill(struct member *mb);
int member_open(struct member *mb, struct pod *p, const struct pod_container *c, struct err *e);
/* member_stop - preStop, the signal to end, SIGKILL at kill_ns. for_good: it is not started again. */
void member_stop(struct member *mb, int64_t kill_ns, bool for_good);
void member_run(struct member *mb, int64_t now); /* what has become due; after its end, its last duties */
int64_t member_due_ns(const struct member *mb);
bool member_reaped(struct member *mb, pid_t pid, int wstatus);
/* member_passed - those after it in the order may begin. member_failed - it never will be. */
bool member_passed(const struct member *mb);
bool member_failed(const struct member *mb);
/* member_look - what it is now is recorded when that has changed */
void member_look(struct member *mb);

void probes_begin(struct member *mb, int64_t now);
void probes_cancel(struct member *mb);
void probes_run(struct member *mb, int64_t now);
int64_t probes_due_ns(const struct member *mb);
void probe_done(struct member *mb, enum member_use use, bool success, const char *why);

/* of life.c; pod_clear_root - before a further life */
int pod_clear_root(struct member *mb, struct err *e);
void pod_started(struct member *mb);
void pod_exited(struct member *mb);
void pod_failed(struct member *mb, const struct err *why);

/* ---- pod_volumes.c ---- */

int pod_volumes_open(struct pod *p, struct err *e);
/* pod_volumes_join - mounts of them, for a container that is being made */
int pod_volumes_join(struct member *mb, struct joins *j, struct err *e);

/* ---- pod_again.c ---- */

/* pod_again_may - a rule of one of its containers can make all begin anew: then none is let go before the pod's end */
bool pod_again_may(const struct pod *p);
/* pod_holds - of one whose life has just ended, or could not begin: it does not begin again by itself, as all will. Its rule may be
 * what says so. */
bool pod_holds(struct member *mb);
void pod_again_run(struct pod *p, int64_t now);
int64_t pod_again_due_ns(const struct pod *p);

/* ---- pod.c ---- */

#define POD_CLIENTS 32
#define POD_NAMESPACES 5

struct pod_client {
	int sock;
	size_t polled;
	bool awaits_ready;
};

struct pod {
	struct sandbox sandbox;
	struct arena arena; /* the charter */
	struct pod_charter charter;
	struct arena births; /* the host's facts, until all have begun */
	struct host_facts facts;
	struct member *members;
	int dir, lock, listener;
	size_t listener_polled, n_clients;
	struct pod_client clients[POD_CLIENTS];
	int ns[POD_NAMESPACES]; /* -1: none yet */
	int *volumes;           /* of the charter's, in their order */
	bool settled;           /* once, nothing could begin but after something else */
	bool named;             /* tare-net was waited for */
	enum { POD_RUNS, POD_ENDS, POD_OVER } state;
	bool at_once; /* without any grace */
	bool again_may;
	int64_t again_ns; /* monotonic, when all of them begin anew, if all have ended by then; 0: not asked for */
	bool told_to_end;
	int64_t kill_ns;
	int64_t deadline_ns; /* monotonic, when it ends by itself; 0: never */
	struct happenings happenings;
};

void pod_poll(struct pod *p, struct pollset *set);
void pod_hear(struct pod *p, const struct pollset *set);
void pod_reaped(struct pod *p, pid_t pid, int wstatus);
void pod_run_due(struct pod *p);
int64_t pod_due_ns(const struct pod *p);

/* pod_join - the namespaces that the pod has already, for a container that is being made; with /dev/shm of one that runs, but for
 * the first `without` of them. pod_keep - those that it has brought */
int pod_join(struct member *mb, unsigned without, struct err *e);
int pod_keep(struct member *mb, struct err *e);
int pod_network(const struct pod *p); /* -1: the host's, or none yet */
/* pod_networked - the member whose places in networks and ports are the pod's, from its first life to the pod's end; NULL: none */
struct member *pod_networked(const struct pod *p);
