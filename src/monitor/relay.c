/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/relay.h"

#include "base/scope.h"

#include <limits.h>

#define TERMINAL_CHUNK 256

void relay_init(struct relay *r, int from)
{
	r->from = from;
	r->have = 0;
	for (size_t i = 0; i < RELAY_TAKERS; i++)
		r->to[i].fd = -1;
}

bool relay_add(struct relay *r, int fd)
{
	for (size_t i = 0; i < RELAY_TAKERS; i++)
		if (r->to[i].fd < 0) {
			r->to[i].fd = fd;
			r->to[i].done = r->have;
			return true;
		}
	return false;
}

void relay_drop(struct relay *r, int fd)
{
	for (size_t i = 0; fd >= 0 && i < RELAY_TAKERS; i++)
		if (r->to[i].fd == fd)
			close(fd_take(&r->to[i].fd));
}

bool relay_is_idle(const struct relay *r)
{
	for (size_t i = 0; i < RELAY_TAKERS; i++)
		if (r->to[i].fd >= 0 && r->to[i].done < r->have)
			return false;
	return true;
}

int relay_poll(const struct relay *r, struct pollfd *ret)
{
	int n = 0;

	if (relay_is_idle(r)) {
		if (r->from >= 0)
			ret[n++] = (struct pollfd){ .fd = r->from, .events = POLLIN };
		return n;
	}
	for (size_t i = 0; i < RELAY_TAKERS; i++)
		if (r->to[i].fd >= 0 && r->to[i].done < r->have)
			ret[n++] = (struct pollfd){ .fd = r->to[i].fd, .events = POLLOUT };
	return n;
}

static bool is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) == 1;
}

static bool has_takers(const struct relay *r)
{
	for (size_t i = 0; i < RELAY_TAKERS; i++)
		if (r->to[i].fd >= 0)
			return true;
	return false;
}

static void give(struct relay *r, size_t i)
{
	size_t left = r->have - r->to[i].done, most = isatty(r->to[i].fd) ? TERMINAL_CHUNK : PIPE_BUF;
	ssize_t n;

	if (!left || !is_ready(r->to[i].fd, POLLOUT))
		return;
	n = write(r->to[i].fd, r->chunk + r->to[i].done, left < most ? left : most);
	if (n >= 0)
		r->to[i].done += (size_t)n;
	else if (errno != EINTR && errno != EAGAIN) {
		close(fd_take(&r->to[i].fd));
		if (!has_takers(r) && r->from >= 0)
			close(fd_take(&r->from));
	}
}

static void take(struct relay *r)
{
	ssize_t n;

	if (r->from < 0 || !is_ready(r->from, POLLIN))
		return;
	n = read(r->from, r->chunk, sizeof r->chunk);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(fd_take(&r->from));
		return;
	}
	r->have = (size_t)n;
	for (size_t i = 0; i < RELAY_TAKERS; i++)
		r->to[i].done = 0;
}

void relay_run(struct relay *r)
{
	if (relay_is_idle(r))
		take(r);
	for (size_t i = 0; i < RELAY_TAKERS; i++)
		if (r->to[i].fd >= 0)
			give(r, i);
}

void relay_done(struct relay *r)
{
	if (r->from >= 0)
		close(fd_take(&r->from));
	for (size_t i = 0; i < RELAY_TAKERS; i++)
		if (r->to[i].fd >= 0)
			close(fd_take(&r->to[i].fd));
}
