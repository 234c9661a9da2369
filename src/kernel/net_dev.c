/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/net_dev.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

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

static bool is_own_namespace(const struct host *h, pid_t pid)
{
	struct stat own, other;
	char path[32];

	(void)snprintf(path, sizeof path, "%d/ns/net", (int)pid);
	return fstatat(h->proc, "self/ns/net", &own, 0) == 0 && fstatat(h->proc, path, &other, 0) == 0 &&
	       own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

/* The text of that process's file; nothing when its namespace is our own. */
static int read_text(const struct host *h, pid_t pid, struct buf *text, struct err *e)
{
	char path[32];
	int r;

	if (is_own_namespace(h, pid))
		return 0;
	(void)snprintf(path, sizeof path, "%d/net/dev", (int)pid);
	r = io_read_at(h->proc, path, text, NULL);
	if (r == -ENOENT || r == -ESRCH || r == -EINVAL) /* the last: a zombie has no namespace any more */
		return err_set(e, ESRCH, "process %d: no such process", (int)pid);
	return r < 0 ? err_set(e, -r, "process %d: its network: %s", (int)pid, strerror(-r)) : 0;
}

int net_dev_read(const struct host *h, pid_t pid, struct net_totals *ret, struct err *e)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	int r = read_text(h, pid, &text, e);

	if (r == 0)
		net_dev_parse(buf_sv(&text), ret);
	return r;
}

int net_dev_read_list(const struct host *h, pid_t pid, struct net_interfaces *ret, struct err *e)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	int r = read_text(h, pid, &text, e);

	if (r == 0)
		net_dev_list(buf_sv(&text), ret);
	return r;
}
