/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/run.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/conversation.h"
#include "engine/create.h"
#include "engine/launch.h"
#include "engine/recover.h"
#include "engine/timeline.h"
#include "runtime/plan.h"

#include <sys/socket.h>

/* ---- --plan ------------------------------------------------------------------------------------------------------- */

static int run_plan(struct engine *en, const struct host *host, struct container_config *c, struct arena *a,
		    struct err *e)
{
	static const struct handed_mount shm = { "/dev/shm", -1 }; /* of another container: its monitor has it */
	scoped_buf out = BUF(LIMIT_CONTROL_MSG);
	struct creation cr;
	struct unit_manager manager = { 0 };
	struct plan_inputs in;
	struct plan p;
	int r = engine_plan(en, host, c, a, &cr, e);

	if (r < 0)
		return r;
	creation_print_warnings(&cr);
	manager.program = cr.charter.systemd;
	in = (struct plan_inputs){ .id = cr.id.hex, .root = cr.charter.root, .copy_up = cr.charter.copy_up,
				   .copy_up_count = cr.charter.copy_up_count, .handed = &shm,
				   .handed_count = config_mode_container(c->ipc_mode) != NULL,
				   .die_with_parent = true, .systemd = manager.program ? &manager : NULL };
	r = plan_make(&cr.spec, &cr.facts, &in, a, &p, e);
	if (r == 0)
		r = plan_make_filter(&p, e);
	if (r == 0)
		r = plan_print(&p, &out, e);
	if (r == 0)
		r = io_write_all(STDOUT_FILENO, out.p, out.len, e);
	return r;
}

/* ---- the foreground ----------------------------------------------------------------------------------------------- */

struct session {
	struct creation *cr;
	struct timeline *timeline;
	struct conversation talk;
};

static void command_runs(void *arg)
{
	struct session *s = arg;

	timeline_read(s->timeline, s->cr->state_dir);
	timeline_mark(s->timeline, "tare: command runs");
	lock_release(&s->cr->lock);
}

static int attached(const struct container_config *c)
{
	return (c->open_stdin && c->attach_stdin ? CONTROL_STDIN : 0) | (c->attach_stdout ? CONTROL_STDOUT : 0) |
	       (c->attach_stderr ? CONTROL_STDERR : 0);
}

static int converse(struct session *s, struct err *e)
{
	struct conversation *t = &s->talk;
	int r = conversation_begin(t, &(struct control_message){ .type = CONTROL_ATTACH }, e);

	if (r == 0)
		r = control_tell(t->sock, CONTROL_START, 0, 0, e);
	if (r == -EPIPE) { /* why it has gone it has said before; one that has not hears that nobody will say more */
		(void)shutdown(t->sock, SHUT_WR);
		r = 0;
	}
	if (r == 0)
		r = conversation_run(t, e);
	if (r == 0 && t->attach)
		timeline_mark(s->timeline, "tare: command has ended");
	return r;
}

static int print_id(const struct creation *cr, struct err *e)
{
	char line[ID_LEN + 2];
	int n = snprintf(line, sizeof line, "%s\n", cr->id.hex), r;

	r = io_write_all(STDOUT_FILENO, line, (size_t)n, e);

	return r < 0 ? err_wrap(e, r, "standard output") : 0;
}

/* One that did not start: nothing stays of it after an engine's error; after 126 and 127 it does, as with Docker, to be
 * looked at. */
static bool is_kept(const struct session *s)
{
	return s->talk.status != 125 && !s->cr->config->auto_remove;
}

/* Of one that could not be started, too, if it is there to be looked at. */
static int tell_id(const struct session *s, int r, struct err *e)
{
	if (r == 0)
		return print_id(s->cr, e);
	if (!s->talk.has_started && is_kept(s))
		(void)print_id(s->cr, NULL);
	return r;
}

static bool has_anonymous_volume(const struct creation *cr)
{
	for (size_t i = 0; i < cr->volumes.n; i++)
		if (cr->volumes.v[i].kind == VOLUME_OF_CONTAINER)
			return true;
	return false;
}

/* The lock of one that did not start is still ours. One that ended to be started again is not ours to remove. */
static int clean_up(struct session *s, int rc, struct err *e)
{
	const struct conversation *t = &s->talk;
	struct creation *cr = s->cr;
	bool ended = t->over && t->outcome == CONVERSATION_ENDED && t->attach;
	int r = 0;

	if (rc < 0 && !t->has_started) {
		if (!is_kept(s))
			r = container_remove_locked(cr->en, cr->id.hex, true, &cr->lock, e);
		(void)control_tell(t->sock, CONTROL_REAPED, 0, 0, NULL);
	} else if (cr->config->auto_remove && ended && !(t->flag & CONTROL_KEEP)) {
		r = container_remove_ended(cr->en, cr->id.hex, t->sock,
					   !t->left.code && !has_anonymous_volume(cr) && !cr->kube_row,
					   cr->charter.networked, e);
	} else {
		return 0;
	}
	timeline_mark(s->timeline, "tare: removed");
	return r;
}

static int run_created(struct creation *cr, struct timeline *t, struct session *s, int *ret_status, struct err *e)
{
	struct err ignored;
	int r;

	s->cr = cr;
	s->timeline = t;
	s->talk.sock = fd_take(&cr->monitor);
	r = monitor_proceed(s->talk.sock, e);
	timeline_mark(t, "tare: monitor may go on");
	if (r == 0)
		r = creation_let_in(cr, e);
	if (r == 0)
		r = converse(s, e);
	if (!(s->talk.attach & (CONTROL_STDOUT | CONTROL_STDERR)))
		r = tell_id(s, r, e);
	if (r < 0)
		(void)clean_up(s, r, &ignored);
	else
		r = clean_up(s, r, e);
	if (s->talk.sock >= 0)
		close(s->talk.sock);
	conversation_end(&s->talk);
	*ret_status = s->talk.status;
	return r;
}

static int make_container(struct engine *en, struct container_config *c, const struct run_flags *flags,
			  struct arena *a, struct creation *cr, struct err *e)
{
	int r = engine_create(en, c, &(struct creation_start){ .trace = flags->trace }, a, cr, e);

	if (r < 0)
		return r;
	r = creation_write_bundle(cr, e);
	if (r == 0 && flags->created)
		r = flags->created(flags->created_arg, cr->id.hex, e);
	if (r < 0)
		creation_undo(cr);
	return r;
}

static int run_container(struct engine *en, struct container_config *c, const struct run_flags *flags,
			 struct arena *a, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(LIMIT_CONTROL_MSG);
	struct session s = { .talk = { .sock = -1, .attach = attached(c), .tty = c->tty, .status = 125,
				       .sig_proxy = !flags->no_sig_proxy, .detach_keys = flags->detach_keys,
				       .started = command_runs, .arg = &s } };
	struct creation cr;
	struct timeline t;
	int r = conversation_check(&s.talk, e);

	if (r < 0) {
		*ret_status = 1; /* as Docker's client: nothing was asked of the engine yet */
		return r;
	}
	timeline_begin(&t, flags->trace);
	r = make_container(en, c, flags, a, &cr, e);
	timeline_mark(&t, "tare: looked up, checked, recorded");
	if (r == 0) {
		creation_print_warnings(&cr);
		r = run_created(&cr, &t, &s, ret_status, e);
		creation_done(&cr);
	}
	if (flags->trace && timeline_print(&t, &out, NULL) == 0)
		(void)io_write_all(STDERR_FILENO, out.p, out.len, NULL);
	timeline_done(&t);
	return r;
}

int engine_run(struct engine *en, const struct host *host, struct container_config *c, const struct run_flags *flags,
	       int *ret_status, struct err *e)
{
	struct arena a = ARENA(LIMIT_ARENA_SPEC);
	int status = 125, r;

	if (flags->plan) {
		r = run_plan(en, host, c, &a, e);
		status = r < 0 ? 125 : 0;
	} else {
		r = run_container(en, c, flags, &a, &status, e);
	}
	*ret_status = status;
	arena_done(&a);
	return r;
}
