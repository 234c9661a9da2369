/* SPDX-License-Identifier: Apache-2.0 */
/* serve_priv.h - the parts of tare-net, what they share and how they call each other.
 *
 *   serve.c          start, end, records, those who are connected
 *   serve_loop.c     epoll(7), timers
 *   serve_names.c    a container's sockets: queries by UDP and TCP
 *   serve_forward.c  what others have to answer
 *   serve_guard.c    the firewall rules come back
 *   serve_relay.c    published ports at [::1]
 *
 * One event at a time: what an event frees can have no other one waiting. Nothing blocks but system calls on local state.
 * Memory of each part has a ceiling in base/limits.h. */
#pragma once

#include "base/limits.h"
#include "kernel/host.h"
#include "kernel/nftables.h"
#include "network/dns_answer.h"
#include "network/guard.h"
#include "network/serve.h"

#include <stdint.h>
#include <sys/stat.h>

#define PARENT_OF(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

struct server;

struct watch {
	int fd; /* -1: none */
	void (*ready)(struct server *s, struct watch *w, unsigned events);
	struct watch *next_deaf; /* of those that hear nothing for a while */
};

struct timer {
	int64_t due_ns; /* monotonic; 0: not set */
	struct timer *before, *after;
	void (*fire)(struct server *s, struct timer *t);
};

/* A server that did not answer is asked last for a while. */
struct dead_upstream {
	struct upstream server;
	int64_t until_ns;
};

/* A container in which names are answered. */
struct resident {
	struct resident *next;
	char container[65];
	struct stat netns;
	struct watch udp, tcp, process; /* process: a pidfd, where its record names one */
	struct client *clients;         /* by TCP, the newest first */
	struct question *questions;     /* in flight */
	unsigned client_count, question_count, dead_next;
	struct dead_upstream dead[LIMIT_DNS_UPSTREAMS];
};

struct guard {
	struct watch events, repair; /* repair: a pidfd of the tare that makes the rules again */
	struct timer timer;
	struct guard_changes changes;
	pid_t pid;
	unsigned failures;
	bool again;
};

struct relay_range {
	uint16_t first, last;
};

struct relays {
	struct relay *first;
	struct watch listener;
	size_t n;
	uint16_t port;
	bool ruled;      /* our table is there */
	uint64_t ranges; /* a sum over all of them, to see that they changed */
	struct relay_range *known; /* those that the table has */
	size_t known_count;
};

/* Descriptors that are to be closed when their time has come. */
struct held {
	int fds[64];
	unsigned n;
	struct timer timer;
};

struct server {
	const struct net_site *site;
	int epoll, lock, dir, own_netns;
	struct host host;
	struct endpoints all;
	struct resident *residents;
	struct session *sessions;
	struct timer *first, *last;
	struct watch *deaf; /* listeners, while there are no descriptors */
	struct timer hear;
	struct timer idle; /* nobody is here */
	struct timer retry; /* something failed that may not fail again */
	unsigned retries;   /* one after the other */
	struct held held;
	int nft; /* for changes in the own namespace; -1: none yet */
	struct watch changes, listener;
	struct guard guard;
	struct relays relays;
	unsigned turn, questions;
	bool over;
};

/* ---- serve_loop.c ---- */
int loop_open(struct server *s, struct err *e);
int loop_run(struct server *s, struct err *e); /* until s->over */
/* loop_watch - w->fd for these events of epoll(7); again with others: replaces them; 0: not any more, for the time being */
int loop_watch(struct server *s, struct watch *w, unsigned events, struct err *e);
void loop_close(struct server *s, struct watch *w); /* and its descriptor */
/* loop_accept - a connection to a listener that is ready; -1: none. While nothing more can be accepted the listener is not looked
 * at: it would be ready again and again. */
int loop_accept(struct server *s, struct watch *w);
void loop_timer(struct server *s, struct timer *t, int64_t after_ns); /* again: sets it anew */
void loop_cancel(struct server *s, struct timer *t);

/* ---- serve.c ---- */
/* records_refresh - everything that was written up to now is known. Before any answer. */
void records_refresh(struct server *s);
/* visit - into a namespace, and home again. A process that does not come home ends: it would do harm where it is. */
int visit(struct server *s, int netns, struct err *e);
void visit_end(struct server *s);

/* server_commit - a change of rules in our own namespace. One socket for all of them: the end of one that something was removed by
 * is waited for, by everybody. */
int server_commit(struct server *s, struct nft *t, struct err *e);

/* ---- serve_names.c ---- */
int resident_new(struct server *s, const struct endpoint *ep, int netns, struct resident **ret, struct err *e);
void resident_free(struct server *s, struct resident *r);
/* client_answered - what was asked by TCP has an answer; n is 0: there will be none */
void client_answered(struct server *s, struct client *c, const uint8_t *msg, size_t n);

/* ---- serve_forward.c ---- */
struct asker {
	struct client *client; /* by TCP; NULL: by UDP, from this address */
	struct sockaddr_in from;
};
/* forward - asks others, and answers. False: it could not be asked, and nothing was answered. */
bool forward(struct server *s, struct resident *r, const struct asker *who, const uint8_t *msg, size_t n);
void questions_free(struct server *s, struct resident *r, const struct client *only); /* NULL: all */
/* answer - to whoever asked */
void answer(struct server *s, struct resident *r, const struct asker *who, const uint8_t *msg, size_t n);

/* ---- serve_guard.c ---- */
void guard_open(struct server *s);
void guard_close(struct server *s);

/* ---- serve_relay.c ---- */
void relay_begin(struct server *s);  /* without what one that was killed has left */
void relay_settle(struct server *s); /* as the records say, if that has changed */
void relay_lost(struct server *s);   /* somebody took our table away, perhaps */
void relay_close(struct server *s);
uint64_t relay_sum(const struct server *s); /* of all ranges in the records, in whatever order; 0: none */
