/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall rules of tare come back when somebody else has taken them away: nf_tables tells of each change.
 *
 * tare-net does not know the rules: who knows the database makes them, `tare _firewall`. */
#include "base/log.h"
#include "base/scope.h"
#include "base/sv.h"
#include "kernel/netlink.h"
#include "kernel/sys.h"
#include "network/guard.h"
#include "network/serve_priv.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define REPAIR_SOON_NS (INT64_C(20) * 1000000) /* who flushes often loads other rules right after it */
#define REPAIR_AGAIN_NS (INT64_C(1000) * 1000000)
#define REPAIRS_MAX 5 /* that failed, one after the other */

/* ---- what is told ------------------------------------------------------------------------------------------------ */

static bool begins(const char *name, size_t n, const char *prefix)
{
	return n >= strlen(prefix) && memcmp(name, prefix, strlen(prefix)) == 0;
}

static enum guard_part part_of(const void *attributes, size_t size)
{
	size_t n = 0;
	/* NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_SET_TABLE and NFTA_RULE_TABLE are all the first one */
	const char *name = netlink_attr(attributes, size, NFTA_TABLE_NAME, &n);

	if (!name || n == 0)
		return GUARD_NONE;
	n = strnlen(name, n);
	if (begins(name, n, GUARD_RELAY_PREFIX))
		return GUARD_RELAY;
	return begins(name, n, GUARD_FIREWALL_PREFIX) &&
			       (n == strlen(GUARD_FIREWALL_PREFIX) || begins(name, n, GUARD_FIREWALL_PREFIX "-")) ?
		       GUARD_FIREWALL :
		       GUARD_NONE;
}

/* A kernel that does not say who it was (before Linux 4.13) is believed. */
static bool is_own(const void *attributes, size_t size)
{
	size_t n = 0;
	const char *name = netlink_attr(attributes, size, NFTA_GEN_PROC_NAME, &n);

	return !name || begins(name, strnlen(name, n), GUARD_PROGRAM);
}

static unsigned take_change(struct guard_changes *c, unsigned type, const void *attributes, size_t size)
{
	enum guard_part part = type == NFT_MSG_NEWGEN ? GUARD_NONE : part_of(attributes, size);
	unsigned lost = GUARD_NONE;

	switch (type) {
	case NFT_MSG_NEWTABLE:
		c->made |= part;
		break;
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELSET:
		c->lost |= part;
		break;
	case NFT_MSG_NEWGEN: /* the end of a transaction */
		lost = is_own(attributes, size) ? c->lost & ~c->made : c->lost;
		*c = (struct guard_changes){ 0 };
		break;
	default:
		break;
	}
	return lost;
}

unsigned guard_hear(struct guard_changes *c, const void *data, size_t size)
{
	const size_t head = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	const uint8_t *p = data;
	unsigned lost = GUARD_NONE;

	while (size >= head) {
		struct nlmsghdr h;

		memcpy(&h, p, sizeof h);
		if (h.nlmsg_len < head || h.nlmsg_len > size)
			break;
		if (h.nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES)
			lost |= take_change(c, h.nlmsg_type & 0xff, p + head, h.nlmsg_len - head);
		if (NLMSG_ALIGN(h.nlmsg_len) >= size)
			break;
		p += NLMSG_ALIGN(h.nlmsg_len);
		size -= NLMSG_ALIGN(h.nlmsg_len);
	}
	return lost;
}

/* ---- repairing --------------------------------------------------------------------------------------------------- */

static int spawn(const struct net_site *site, pid_t *ret, struct err *e)
{
	char *argv[] = { "tare",      "--root", (char *)site->data_root, "--state", (char *)site->state_root,
			 "_firewall", NULL };
	char *envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int r = posix_spawn(ret, site->tare, NULL, NULL, argv, envp);

	return r ? err_set(e, r, "start %s: %s", site->tare, strerror(r)) : 0;
}

static void try_again(struct server *s)
{
	if (++s->guard.failures < REPAIRS_MAX)
		loop_timer(s, &s->guard.timer, REPAIR_AGAIN_NS);
	else
		log_error("the firewall rules are not as they should be, and could not be made again");
}

/* It can be killed at any moment: what it does is one transaction. */
static void end_child(struct guard *g)
{
	(void)kill(g->pid, SIGKILL);
	(void)waitpid(g->pid, NULL, 0);
}

static int start_repair(struct server *s, struct err *e)
{
	struct guard *g = &s->guard;
	int r = spawn(s->site, &g->pid, e);

	if (r < 0)
		return r;
	g->repair.fd = sys_pidfd_open(g->pid, 0);
	r = g->repair.fd < 0 ? err_sys(e, "pidfd_open") : loop_watch(s, &g->repair, EPOLLIN, e);
	if (r < 0) {
		end_child(g);
		loop_close(s, &g->repair);
	}
	return r;
}

static void repair(struct server *s, struct timer *t)
{
	struct guard *g = &s->guard;
	struct err e = { 0 };

	if (g->repair.fd >= 0) { /* it runs, and may have looked before this change */
		g->again = true;
		return;
	}
	if (start_repair(s, &e) == 0)
		return;
	log_error("firewall: %s", e.msg);
	try_again(s);
}

static void repaired(struct server *s, struct watch *w, unsigned events)
{
	struct guard *g = &s->guard;
	int status = 0;

	(void)waitpid(g->pid, &status, 0);
	loop_close(s, w);
	if (status)
		try_again(s);
	else
		g->failures = 0;
	if (g->again && !g->timer.due_ns)
		loop_timer(s, &g->timer, REPAIR_SOON_NS);
	g->again = false;
}

static void changed(struct server *s, struct watch *w, unsigned events)
{
	uint8_t text[32768];
	ssize_t n = recv(w->fd, text, sizeof text, MSG_DONTWAIT);
	unsigned lost = n < 0 && errno == ENOBUFS ? GUARD_FIREWALL | GUARD_RELAY : 0; /* more than we were told */

	if (n > 0)
		lost = guard_hear(&s->guard.changes, text, (size_t)n);
	if (lost & GUARD_RELAY)
		relay_lost(s);
	if (!(lost & GUARD_FIREWALL))
		return;
	s->guard.failures = 0;
	loop_timer(s, &s->guard.timer, REPAIR_SOON_NS);
}

static int listen_to_changes(struct server *s, struct err *e)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int group = NFNLGRP_NFTABLES;

	s->guard.events.fd = netlink_open(NETLINK_NETFILTER, e);
	if (s->guard.events.fd < 0)
		return s->guard.events.fd;
	/* the kernel tells everybody but address 0, which is what a socket without an address has */
	if (bind(s->guard.events.fd, (struct sockaddr *)&any, sizeof any) < 0 ||
	    setsockopt(s->guard.events.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
		return err_sys(e, "listen to changes");
	return loop_watch(s, &s->guard.events, EPOLLIN, e);
}

/* Names are answered also where nobody tells of changes. */
void guard_open(struct server *s)
{
	struct err e = { 0 };

	s->guard = (struct guard){ .events = { -1, changed }, .repair = { -1, repaired }, .timer = { .fire = repair } };
	if (listen_to_changes(s, &e) < 0)
		log_warning("firewall: %s", e.msg);
}

void guard_close(struct server *s)
{
	loop_cancel(s, &s->guard.timer);
	loop_close(s, &s->guard.events);
	if (s->guard.repair.fd >= 0)
		end_child(&s->guard);
	loop_close(s, &s->guard.repair);
}
