/* SPDX-License-Identifier: Apache-2.0 */
/* start - the command of a container that was created. Of several that try at once, the process itself takes the first. */
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/sys.h"
#include "runtime/container.h"
#include "runtime_cli/bundle.h"
#include "runtime_cli/notify.h"
#include "runtime_cli/start_socket.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define END_TIMEOUT_MS 10000

static int not_created(const struct entry *c, enum container_status s, struct err *e)
{
	if (s == STATUS_STOPPED)
		return err_set(e, ESRCH, "container %s: cannot start a container that has stopped", c->id);
	if (s == STATUS_CREATING)
		return err_set(e, EBUSY, "container %s: cannot start a container that is still being created", c->id);
	return err_set(e, EBUSY, "container %s: cannot start an already running container", c->id);
}

/* The hooks that look at a running container; one that fails is its end. */
static int poststart(struct runtime *rt, const struct entry *c, const struct bundle *b, const struct hook_subject *who,
		     struct err *e)
{
	scoped_fd fd = -1;
	int r = hooks_run(&b->spec, OCI_HOOK_POSTSTART, who, e);

	if (r < 0 && entry_pidfd(rt, c, &fd, NULL) == 0)
		(void)sys_pidfd_send_signal(fd, SIGKILL);
	return r;
}

/* Who started us waits until the container says that it is ready. */
static int notified(struct runtime *rt, const struct entry *c, int sock, const char *to, struct err *e)
{
	scoped_fd fd = -1;

	if (sock < 0 || entry_pidfd(rt, c, &fd, NULL) < 0)
		return 0;
	return notify_wait(sock, to, (pid_t)c->record.pid, fd, e);
}

/* Who hears that it could not be started finds it stopped, and may delete it. */
static void wait_for_end(struct runtime *rt, const struct entry *c)
{
	scoped_fd fd = -1;
	struct pollfd p;

	if (entry_pidfd(rt, c, &fd, NULL) < 0)
		return;
	p = (struct pollfd){ fd, POLLIN, 0 };
	(void)poll(&p, 1, END_TIMEOUT_MS);
}

static int start(struct runtime *rt, struct entry *c, void *options, const struct operands *o, int *ret_status,
		 struct err *e)
{
	scoped_bundle b = BUNDLE;
	scoped_fd sock = -1, notify = -1;
	const char *notify_to;
	struct hook_subject who;
	enum container_status s;
	int r = entry_status(rt, c, &s, NULL, e);

	if (r == 0 && s != STATUS_CREATED)
		r = not_created(c, s, e);
	if (r == 0)
		r = bundle_read_saved(rt, c, &b, e);
	if (r < 0)
		return r;
	who = bundle_subject(&b, c->id, (pid_t)c->record.pid);
	notify_to = notify_asked(&b.spec);
	r = notify_to ? notify_listen(c->dir, &notify, e) : 0;
	if (r == 0)
		r = start_socket_connect(c->dir, &sock, e);
	if (r == 0)
		r = container_start_held(sock, &b.spec, &who, e);
	if (r == -ESRCH) { /* it was there: another start has it, whose command does not run yet */
		r = entry_status(rt, c, &s, NULL, e);
		return r < 0 ? r : not_created(c, s == STATUS_CREATED ? STATUS_RUNNING : s, e);
	}
	if (r == 0)
		r = poststart(rt, c, &b, &who, e);
	if (r < 0 && sock >= 0) { /* it ends of itself, or without us */
		close(fd_take(&sock));
		wait_for_end(rt, c);
	}
	return r < 0 ? r : notified(rt, c, notify, notify_to, e);
}

const struct runtime_command runtime_command_start = {
	.name = "start", .args = "ID", .summary = "execute the command of a container that was created",
	.min_args = 1, .max_args = 1, .on = start,
};
