/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/scope.h"
#include "network/serve_priv.h"

#include <limits.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define DEAF_NS (INT64_C(100) * 1000000)

int loop_open(struct server *s, struct err *e)
{
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	return s->epoll < 0 ? err_sys(e, "epoll_create1") : 0;
}

int loop_watch(struct server *s, struct watch *w, unsigned events, struct err *e)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (!events) { /* not even for an end, which would be told again and again */
		(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, w->fd, NULL);
		return 0;
	}
	if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, w->fd, &ev) == 0)
		return 0;
	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, w->fd, &ev) < 0 ? err_sys(e, "epoll_ctl") : 0;
}

/* ---- listeners --------------------------------------------------------------------------------------------------- */

static void hear_again(struct server *s, struct timer *t)
{
	while (s->deaf) {
		struct watch *w = s->deaf;

		s->deaf = w->next_deaf;
		(void)loop_watch(s, w, EPOLLIN, NULL);
	}
}

int loop_accept(struct server *s, struct watch *w)
{
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM))
		return fd;
	(void)loop_watch(s, w, 0, NULL);
	w->next_deaf = s->deaf;
	s->deaf = w;
	s->hear.fire = hear_again;
	if (!s->hear.due_ns)
		loop_timer(s, &s->hear, DEAF_NS);
	return -1;
}

static void forget_deaf(struct server *s, const struct watch *w)
{
	struct watch **at = &s->deaf;

	while (*at && *at != w)
		at = &(*at)->next_deaf;
	if (*at)
		*at = w->next_deaf;
}

void loop_close(struct server *s, struct watch *w)
{
	if (w->fd < 0)
		return;
	forget_deaf(s, w);
	(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	close(fd_take(&w->fd));
}

/* ---- timers: in the order in which they are due. There are few different times, so the place is near the end. ---- */

void loop_cancel(struct server *s, struct timer *t)
{
	if (!t->due_ns)
		return;
	*(t->before ? &t->before->after : &s->first) = t->after;
	*(t->after ? &t->after->before : &s->last) = t->before;
	t->due_ns = 0;
}

void loop_timer(struct server *s, struct timer *t, int64_t after_ns)
{
	struct timer *before;

	loop_cancel(s, t);
	t->due_ns = clock_monotonic_ns() + after_ns;
	for (before = s->last; before && before->due_ns > t->due_ns;)
		before = before->before;
	t->before = before;
	t->after = before ? before->after : s->first;
	*(before ? &before->after : &s->first) = t;
	*(t->after ? &t->after->before : &s->last) = t;
}

static int timeout_ms(const struct server *s)
{
	int64_t left = s->first ? s->first->due_ns - clock_monotonic_ns() : 0;

	if (!s->first)
		return -1;
	left = (left + 999999) / 1000000;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void fire_due(struct server *s)
{
	int64_t now = s->first ? clock_monotonic_ns() : 0;

	while (s->first && s->first->due_ns <= now) {
		struct timer *t = s->first;

		loop_cancel(s, t);
		t->fire(s, t);
	}
}

int loop_run(struct server *s, struct err *e)
{
	struct epoll_event ev;

	while (!s->over) {
		int n = epoll_wait(s->epoll, &ev, 1, timeout_ms(s));

		if (n < 0 && errno != EINTR)
			return err_sys(e, "epoll_wait");
		if (n == 1) {
			struct watch *w = ev.data.ptr;

			w->ready(s, w, ev.events);
		}
		fire_due(s);
	}
	return 0;
}
