/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/net_dev.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <string.h>

enum {
	RX_BYTES = 0,
	RX_PACKETS = 1,
	RX_ERRORS = 2,
	RX_DROPPED = 3,
	TX_BYTES = 8,
	TX_PACKETS = 9,
	TX_ERRORS = 10,
	TX_DROPPED = 11,
	NUMBERS = 12
};

/* "  eth0: 1 2 …": a long name has no blank behind its colon */
static bool parse_line(struct sv line, struct sv *ret_name, uint64_t n[NUMBERS])
{
	struct sv numbers, word;
	int i = 0;

	if (!sv_rcut(line, ':', ret_name, &numbers))
		return false;
	*ret_name = sv_trim(*ret_name);
	if (!ret_name->n || memchr(ret_name->p, '\0', ret_name->n))
		return false;
	while (i < NUMBERS && sv_next(&numbers, ' ', &word))
		if (word.n && sv_u64(word, &n[i++]) < 0)
			return false;
	return i == NUMBERS;
}

static void add(struct net_totals *t, const uint64_t n[NUMBERS])
{
	t->rx_bytes += n[RX_BYTES];
	t->tx_bytes += n[TX_BYTES];
	t->rx_packets += n[RX_PACKETS];
	t->tx_packets += n[TX_PACKETS];
	t->rx_errors += n[RX_ERRORS];
	t->tx_errors += n[TX_ERRORS];
	t->rx_dropped += n[RX_DROPPED];
	t->tx_dropped += n[TX_DROPPED];
}

void net_dev_parse(struct sv text, struct net_totals *ret)
{
	struct net_totals t = { 0 };
	uint64_t n[NUMBERS];
	struct sv line, name;

	while (sv_next(&text, '\n', &line))
		if (parse_line(line, &name, n) && !sv_is(name, "lo"))
			add(&t, n);
	*ret = t;
}

void net_dev_list(struct sv text, struct net_interfaces *ret)
{
	uint64_t n[NUMBERS];
	struct sv line, name;

	*ret = (struct net_interfaces){ .n = 0 };
	while (ret->n < NET_INTERFACES && sv_next(&text, '\n', &line)) {
		if (!parse_line(line, &name, n) || sv_is(name, "lo") ||
		    sv_copy(name, ret->v[ret->n].name, sizeof ret->v->name) < 0)
			continue;
		add(&ret->v[ret->n++].totals, n);
	}
}

void net_own_init(struct net_own *own, const struct host *h)
{
	ssize_t n = readlinkat(h->proc, "self/ns/net", own->link, sizeof own->link);

	own->n = n > 0 ? (size_t)n : 0;
}

/* By the link's text: stat(2) would make the namespace's inode first. *ret_inode 0: not known */
static bool is_own_namespace(const struct host *h, const struct net_own *own, pid_t pid, uint64_t *ret_inode)
{
	char path[32], other[sizeof own->link];
	struct sv head, inode;
	ssize_t n;

	*ret_inode = 0;
	(void)snprintf(path, sizeof path, "%d/ns/net", (int)pid);
	n = readlinkat(h->proc, path, other, sizeof other);
	if (n > 0 && (size_t)n < sizeof other && sv_cut((struct sv){ other, (size_t)n - 1 }, '[', &head, &inode))
		(void)sv_u64(inode, ret_inode);
	return n > 0 && (size_t)n == own->n && memcmp(own->link, other, own->n) == 0;
}

static bool has_only_loopback(struct sv text)
{
	struct sv line, name, rest;

	while (sv_next(&text, '\n', &line))
		if (sv_rcut(line, ':', &name, &rest) && !sv_is(sv_trim(name), "lo"))
			return false;
	return true;
}

/* The text of that process's file; nothing when its namespace is our own. Most have few interfaces or the loopback alone: of
 * those it need not be known whose they are. */
static int read_text(const struct host *h, const struct net_own *own, pid_t pid, struct buf *text, uint64_t *ret_inode,
		     struct err *e)
{
	char path[32], few[2048];
	struct sv got;
	int r;

	*ret_inode = 0;
	(void)snprintf(path, sizeof path, "%d/net/dev", (int)pid);
	r = smallfile_read(h->proc, path, few, sizeof few, &got); /* of most it is the whole */
	if (r == 0 && got.n < sizeof few - 1 && has_only_loopback(got))
		return 0;
	if (is_own_namespace(h, own, pid, ret_inode))
		return 0;
	if (r == 0 && got.n < sizeof few - 1)
		return buf_putsv(text, got) < 0 ? buf_status(text, e) : 0;
	if (r == 0)
		r = io_read_at(h->proc, path, text, NULL);
	if (r == -ENOENT || r == -ESRCH || r == -EINVAL) /* the last: a zombie has no namespace any more */
		return err_set(e, ESRCH, "process %d: no such process", (int)pid);
	return r < 0 ? err_set(e, -r, "process %d: its network: %s", (int)pid, strerror(-r)) : 0;
}

int net_dev_read(const struct host *h, const struct net_own *own, pid_t pid, struct net_totals *ret, struct err *e)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	uint64_t inode;
	int r = read_text(h, own, pid, &text, &inode, e);

	if (r == 0)
		net_dev_parse(buf_sv(&text), ret);
	return r;
}

int net_dev_read_list(const struct host *h, const struct net_own *own, pid_t pid, struct net_interfaces *ret,
		      struct err *e)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	uint64_t inode;
	int r = read_text(h, own, pid, &text, &inode, e);

	if (r < 0)
		return r;
	net_dev_list(buf_sv(&text), ret);
	ret->netns = inode;
	return r;
}
