/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/relay.h"

#include "base/scope.h"

#include <limits.h>
#include <string.h>

#define SLURP_MAX ((size_t)2 << 20) /* a pipe holds at most fs.pipe-max-size, 1 MiB unless raised */

void relay_init(struct relay *r, int from)
{
	*r = (struct relay){ .from = from };
}

int relay_add(struct relay *r, const struct taker *t, struct err *e)
{
	struct taker *more = realloc(r->to, (r->takers + 1) * sizeof *more);

	if (!more)
		return err_oom(e);
	r->to = more;
	more[r->takers] = *t;
	more[r->takers++].done = r->have;
	return 0;
}

static void remove_taker(struct relay *r, size_t i)
{
	if (r->to[i].fd >= 0)
		close(r->to[i].fd);
	r->to[i] = r->to[--r->takers];
}

void relay_drop(struct relay *r, const void *owner)
{
	for (size_t i = r->takers; i-- > 0;)
		if (r->to[i].owner == owner)
			remove_taker(r, i);
	if (r->loser == owner)
		r->lost = 0;
}

int relay_lost(const struct relay *r, const void *owner)
{
	return r->loser == owner ? r->lost : 0;
}

static bool waits(const struct relay *r, const struct taker *t)
{
	return t->fd >= 0 && t->done < r->have;
}

bool relay_is_idle(const struct relay *r)
{
	for (size_t i = 0; i < r->takers; i++)
		if (waits(r, &r->to[i]))
			return false;
	return true;
}

bool relay_owes(const struct relay *r, const void *owner)
{
	for (size_t i = 0; i < r->takers; i++)
		if (r->to[i].owner == owner && waits(r, &r->to[i]))
			return true;
	return false;
}

void relay_poll(struct relay *r, struct pollset *p)
{
	if (relay_is_idle(r))
		r->polled = pollset_add(p, r->from, POLLIN);
	for (size_t i = 0; i < r->takers; i++)
		if (waits(r, &r->to[i]))
			pollset_add(p, r->to[i].fd, POLLOUT);
}

static void fail(struct relay *r, struct taker *t)
{
	if (errno != EPIPE) {
		r->lost = errno;
		r->loser = t->owner;
	}
	close(fd_take(&t->fd));
}

static void give(struct relay *r, struct taker *t)
{
	size_t left = r->have - t->done;
	ssize_t n = nowait_write(t->fd, &t->how, r->chunk + t->done, left < PIPE_BUF ? left : PIPE_BUF);

	if (n >= 0)
		t->done += (size_t)n;
	else if (errno != EINTR && errno != EAGAIN)
		fail(r, t);
}

/* Takers that failed were kept to this point only. */
static bool is_broken(struct relay *r)
{
	bool broken = false, taken = false;

	for (size_t i = r->takers; i-- > 0;) {
		taken |= r->to[i].fd >= 0;
		if (r->to[i].fd >= 0)
			continue;
		broken |= r->to[i].breaks;
		remove_taker(r, i);
	}
	return broken && !taken;
}

static bool make_room(struct relay *r, size_t room)
{
	char *chunk = r->room < room ? realloc(r->chunk, room) : r->chunk;

	if (!chunk)
		return false;
	r->chunk = chunk;
	r->room = room > r->room ? room : r->room;
	return true;
}

/* 1: something was read; 0: not now; the end closes r->from */
static bool take(struct relay *r, size_t at, size_t most)
{
	ssize_t n;

	if (r->from < 0 || !make_room(r, at + most))
		return false;
	n = nowait_read(r->from, &r->how, r->chunk + at, most);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n <= 0) {
		close(fd_take(&r->from));
		return false;
	}
	r->have = at + (size_t)n;
	return true;
}

bool relay_run(struct relay *r, const struct pollset *p)
{
	bool fresh = relay_is_idle(r) && pollset_found(p, r->polled, r->from) && take(r, 0, RELAY_CHUNK);

	if (fresh && is_broken(r))
		close(fd_take(&r->from));
	for (size_t i = 0; i < r->takers; i++) {
		if (fresh)
			r->to[i].done = 0;
		if (waits(r, &r->to[i]))
			give(r, &r->to[i]);
	}
	return fresh;
}

bool relay_slurp(struct relay *r, size_t *ret_at)
{
	size_t at = r->have;

	if (relay_is_idle(r)) {
		at = r->have = 0;
		for (size_t i = 0; i < r->takers; i++)
			r->to[i].done = 0;
	}
	*ret_at = at;
	while (r->have < SLURP_MAX && take(r, r->have, RELAY_CHUNK))
		;
	return r->have > at;
}

void relay_rest(struct relay *r)
{
	if (!relay_is_idle(r))
		return;
	for (size_t i = 0; i < r->takers; i++)
		r->to[i].done = 0;
	free(PTR_TAKE(r->chunk));
	r->have = r->room = 0;
}

void relay_done(struct relay *r)
{
	if (r->from >= 0)
		close(fd_take(&r->from));
	while (r->takers)
		remove_taker(r, r->takers - 1);
	free(PTR_TAKE(r->to));
	free(PTR_TAKE(r->chunk));
	relay_init(r, -1);
}
