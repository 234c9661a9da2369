/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/scope.h"
#include "network/serve_priv.h"

#include <limits.h>
#include <sys/epoll.h>

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

void loop_close(struct server *s, struct watch *w)
{
	if (w->fd < 0)
		return;
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
