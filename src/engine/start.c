/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/start.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/attach.h"
#include "engine/conversation.h"
#include "engine/launch.h"
#include "engine/network.h"
#include "engine/remove.h"
#include "engine/request.h"
#include "kernel/ofd_lock.h"

#include <fcntl.h>
#include <string.h>

#define LOCK_MS 60000    /* somebody restarts it, and it takes its time to stop */
#define OLD_LIFE_MS 10000

/* The container's lock, with what the last holder left put right, and what it is then. */
static int take(struct engine *en, const char *op, struct arena *a, struct container_row *row, struct lock *ret,
		enum container_status *ret_status, struct err *e)
{
	struct lock l = LOCK_NONE;
	struct container_state s;
	scoped_fd dir = -1;
	int r = container_take(en, op, LOCK_MS, a, row, &l, &dir, &s, e);

	if (r < 0)
		return r;
	if (s.status == CONTAINER_DEAD) {
		lock_abandon(&l); /* what was begun before is still to be finished */
		return err_set(e, EINVAL, "container is marked for removal and cannot be started");
	}
	*ret = l;
	*ret_status = s.status;
	return 0;
}

int start_take(struct engine *en, const char *op, struct arena *a, struct container_row *row, struct lock *ret,
	       struct err *e)
{
	enum container_status status;

	return take(en, op, a, row, ret, &status, e);
}

int start_begin(struct engine *en, struct arena *a, struct container_row *row, struct lock *ret, bool *ret_idle,
		struct err *e)
{
	struct lock l = LOCK_NONE;
	enum container_status status;
	int r = take(en, "start", a, row, &l, &status, e);

	if (r < 0)
		return r;
	*ret_idle = !container_is_active(status);
	if (*ret_idle)
		*ret = l;
	else
		lock_release(&l);
	if (status == CONTAINER_PAUSED)
		return err_set(e, EINVAL, "cannot start a paused container, try unpause instead");
	return 0;
}

/* The monitor of its last life may still be telling somebody how it ended. */
static int wait_for_old_monitor(struct engine *en, const char *id, struct err *e)
{
	scoped_fd state = -1, fd = -1;
	int r = engine_state_dir(en, id, false, &state, NULL);

	if (r < 0)
		return 0;
	fd = openat(state, CONTROL_LOCK, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	r = ofd_lock_take(fd, OLD_LIFE_MS, e);
	return r < 0 ? err_wrap(e, r, "the monitor of its last life") : 0;
}

/* What the kernel log says of its last life is no news of the next. */
static int64_t log_position(struct engine *en, const char *id)
{
	struct outcome o;
	scoped_fd dir = -1;

	if (engine_container_dir(en, id, false, &dir, NULL) < 0 || outcome_read(dir, &o, NULL) < 0)
		return 0;
	return strcmp(o.boot_id, en->boot_id) == 0 ? (int64_t)o.oom_log_seq : 0;
}

void start_undo(struct creation *cr)
{
	if (cr->row->networked)
		(void)network_down(cr->en, cr->id.hex, false, NULL);
	creation_done(cr);
}

int start_bundle(struct engine *en, const struct container_row *row, struct container_config *c, struct arena *a,
		 struct creation *ret, struct err *e)
{
	int r = wait_for_old_monitor(en, row->id, e);

	if (r == 0)
		r = engine_reopen(en, row, c, a, ret, e);
	if (r == 0)
		r = create_rootless_start(ret, e);
	if (r < 0)
		return r;
	ret->charter.oom_log_seq = log_position(en, row->id);
	r = io_remove_tree_at(en->state, row->id, e);
	if (r == 0)
		r = creation_write_bundle(ret, e);
	if (r < 0)
		start_undo(ret);
	return r;
}

int start_launch(struct engine *en, const struct container_row *row, struct container_config *c, struct arena *a,
		 struct creation *ret, int *ret_sock, struct err *e)
{
	int r = start_bundle(en, row, c, a, ret, e);

	if (r < 0)
		return r;
	r = monitor_launch(en, row->id, ret_sock, e);
	if (r < 0)
		start_undo(ret);
	return r;
}

int start_detached(int sock, int *ret_status, struct err *e)
{
	struct control_message m;
	int fds[3], r = control_tell(sock, CONTROL_START, 0, 0, e);

	*ret_status = 125;
	while (r == 0 && (r = control_receive(sock, &m, fds, e)) == 1) {
		if (m.type == CONTROL_STARTED)
			return 0;
		if (m.type == CONTROL_FAILED) {
			*ret_status = m.value;
			return err_set(e, m.err.code ? m.err.code : EIO, "%s", m.err.msg);
		}
		r = 0;
	}
	return r < 0 ? r : err_set(e, EPIPE, "the container's monitor has gone");
}

int start_locked(struct engine *en, const struct container_row *row, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct container_config c;
	struct creation cr;
	scoped_fd sock = -1;
	int status, r;

	config_init(&c);
	r = start_launch(en, row, &c, &a, &cr, &sock, e);
	if (r < 0)
		return r;
	creation_print_warnings(&cr);
	creation_done(&cr);
	return start_detached(sock, &status, e);
}

bool start_is_for_boot(const struct container_config *c, const struct container_state *s)
{
	if (s->status == CONTAINER_CREATED)
		return false;
	return c->restart.name == RESTART_ALWAYS ||
	       (c->restart.name == RESTART_UNLESS_STOPPED && !s->outcome.stopped_by_user);
}

int engine_start(struct engine *en, struct sv ref, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct container_row row;
	scoped_lock l = LOCK_NONE;
	bool idle = false;
	int r = container_find(en, ref, &a, &row, e);

	if (r == 0)
		r = start_begin(en, &a, &row, &l, &idle, e);
	return r == 0 && idle ? start_locked(en, &row, e) : r;
}

/* ---- attached ----------------------------------------------------------------------------------------------- */

struct session {
	struct lock *lock;
	struct conversation talk;
};

static void command_runs(void *arg)
{
	lock_release(((struct session *)arg)->lock);
}

static int converse(struct session *s, struct err *e)
{
	int r = conversation_begin(&s->talk, &(struct control_message){ .type = CONTROL_ATTACH }, e);

	if (r == 0)
		r = control_tell(s->talk.sock, CONTROL_START, 0, 0, e);
	return r < 0 ? r : conversation_run(&s->talk, e);
}

static int launch_and_converse(struct engine *en, const struct container_row *row, struct arena *a, struct session *s,
			       struct err *e)
{
	struct conversation *t = &s->talk;
	struct container_config c;
	struct creation cr;
	int r;

	config_init(&c);
	r = start_launch(en, row, &c, a, &cr, &t->sock, e);
	if (r < 0)
		return r;
	creation_print_warnings(&cr);
	creation_done(&cr);
	r = converse(s, e);
	if (r == 0 && row->auto_remove && t->outcome == CONVERSATION_ENDED && !(t->flag & CONTROL_KEEP))
		r = container_remove_ended(en, row->id, t->sock, false, false, e);
	return r;
}

static int prepare(struct session *s, const struct container_row *row, const struct start_options *o, struct lock *l,
		   struct arena *a, struct err *e)
{
	struct container_config c;
	int r;

	config_init(&c);
	r = config_parse(sv_from(row->config), a, &c, e);
	if (r < 0)
		return err_wrap(e, r, "container %s", row->name);
	*s = (struct session){ .lock = l,
			       .talk = { .sock = -1,
					 .attach = CONTROL_STDOUT | CONTROL_STDERR |
						   (o->interactive && c.open_stdin ? CONTROL_STDIN : 0),
					 .tty = c.tty, .sig_proxy = !c.tty && !o->no_sig_proxy,
					 .detach_keys = o->detach_keys, .started = command_runs, .arg = s,
					 .status = 125 } };
	return conversation_check(&s->talk, e);
}

static int start_here(struct engine *en, const struct container_row *row, const struct start_options *o,
		      struct arena *a, struct lock *l, int *ret_status, struct err *e)
{
	struct session s;
	int r = prepare(&s, row, o, l, a, e);

	if (r < 0)
		return r;
	r = launch_and_converse(en, row, a, &s, e);
	if (s.talk.sock >= 0)
		close(s.talk.sock);
	conversation_end(&s.talk);
	*ret_status = s.talk.outcome == CONVERSATION_DETACHED ? ATTACH_EXIT_DETACHED : s.talk.status;
	return r;
}

int engine_start_attached(struct engine *en, struct sv ref, const struct start_options *o, int *ret_status,
			  struct err *e)
{
	const struct attach_options attach = { .detach_keys = o->detach_keys, .no_stdin = !o->interactive,
					       .no_sig_proxy = o->no_sig_proxy };
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct container_row row;
	scoped_lock l = LOCK_NONE;
	bool idle = false;
	int r = container_find(en, ref, &a, &row, e);

	if (r == 0)
		r = start_begin(en, &a, &row, &l, &idle, e);
	if (r < 0)
		return r;
	return idle ? start_here(en, &row, o, &a, &l, ret_status, e) : engine_attach(en, ref, &attach, ret_status, e);
}
