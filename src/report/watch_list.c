/* SPDX-License-Identifier: Apache-2.0 */
#include "report/watch_list.h"

#include "base/scope.h"

#include <stdio.h>
#include <sys/inotify.h>

void watch_list_open(struct watch_list *l, int state)
{
	scoped_fd fd = state < 0 ? -1 : inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[64];

	*l = WATCH_LIST_NONE;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", state);
	if (fd >= 0 &&
	    inotify_add_watch(fd, path, IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR) >= 0)
		l->fd = fd_take(&fd);
}

void watch_list_close(struct watch_list *l)
{
	if (l->fd >= 0)
		close(fd_take(&l->fd));
}

void watch_list_changed(struct watch_list *l)
{
	l->wait_ns = WATCH_LIST_SOON_NS;
}

/* Notes of other things there (networks, due times) change it too: that costs a look, no more. */
void watch_list_hear(struct watch_list *l)
{
	char events[4096] __attribute__((aligned(8)));
	bool any = false;

	while (l->fd >= 0 && read(l->fd, events, sizeof events) > 0)
		any = true;
	if (any)
		watch_list_changed(l);
}

int64_t watch_list_left_ns(const struct watch_list *l, int64_t now_ns)
{
	int64_t left = l->read_ns + l->wait_ns - now_ns;

	return left > 0 ? left : 0;
}

bool watch_list_is_due(struct watch_list *l, int64_t now_ns)
{
	if (watch_list_left_ns(l, now_ns) > 0)
		return false;
	l->read_ns = now_ns;
	l->wait_ns = l->wait_ns * 2 < WATCH_LIST_CALM_NS ? l->wait_ns * 2 : WATCH_LIST_CALM_NS;
	return true;
}
