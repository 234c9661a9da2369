/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/stop.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/recover.h"
#include "engine/remove.h"
#include "engine/request.h"
#include "engine/running.h"
#include "engine/start.h"
#include "monitor/charter.h"

#include <signal.h>
#include <time.h>

#define AFTERWARDS_MS 2000 /* what a monitor that was killed has is let go, one thing after the other */

/* ---- stop --------------------------------------------------------------------------------------------------- */

static int own_timeout(struct engine *en, const char *id, int *ret, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct charter c;
	scoped_fd state = -1;
	int r = engine_state_dir(en, id, false, &state, e);

	if (r == 0)
		r = charter_read(state, &a, &c, e);
	if (r == 0)
		*ret = c.stop_timeout;
	return r;
}

static int ask(struct engine *en, const char *id, const struct stop_options *o, int *ret_sock, struct err *e)
{
	scoped_fd sock = -1;
	int timeout = o->timeout_s, r = request_open(en, id, &sock, e);

	if (r == 0 && !o->timeout_set)
		r = own_timeout(en, id, &timeout, e);
	if (r == 0)
		r = control_tell(sock, CONTROL_STOP, timeout, o->signal | (o->keep ? CONTROL_KEEP : 0), e);
	if (r == 0)
		*ret_sock = fd_take(&sock);
	return r;
}

int stop_begin(struct engine *en, const struct container_row *row, const struct stop_options *o, struct stopping *ret,
	       struct err *e)
{
	struct stopping s = { .row = *row, .sock = -1, .keep = o->keep };
	int r = ask(en, row->id, o, &s.sock, e);

	if (r < 0 && r != -ESRCH && r != -ENOENT && r != -EPIPE)
		return err_wrap(e, r, "cannot stop container %s", row->name);
	*ret = s;
	return 0;
}

/* The monitor has ended the connection without a word of the container's end: it was killed, or is of another tare. */
static int check_end(struct engine *en, const struct container_row *row, struct err *e)
{
	int64_t until_ns = clock_monotonic_ns() + AFTERWARDS_MS * INT64_C(1000000);
	struct container_state s;
	int r;

	for (;;) {
		r = container_look(en, row, &s, e);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		if (!container_is_active(s.status))
			return 0;
		if (clock_monotonic_ns() > until_ns)
			return err_set(e, EPROTO, "its monitor did not understand, and it still runs");
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

int stop_end(struct engine *en, struct stopping *s, struct err *e)
{
	struct control_message m;
	scoped_fd sock = s->sock;
	int r = sock < 0 ? 0 : request_wait(sock, CONTROL_EXITED, &m, e);

	if (r == 0 && sock >= 0)
		r = check_end(en, &s->row, e);
	if (r == 1 && s->row.auto_remove && !s->keep && !(m.flag & CONTROL_KEEP)) /* of somebody who starts it again */
		r = container_remove_ended(en, s->row.id, sock, false, false, e);
	s->sock = -1;
	return r < 0 ? err_wrap(e, r, "container %s", s->row.name) : 0;
}

/* ---- restart ------------------------------------------------------------------------------------------------ */

int engine_restart(struct engine *en, struct sv ref, const struct stop_options *o, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct stop_options keep = *o;
	struct container_row row;
	struct stopping s;
	scoped_lock l = LOCK_NONE;
	int r = container_find(en, ref, &a, &row, e);

	keep.keep = true;
	if (r == 0)
		r = start_take(en, "restart", &a, &row, &l, e);
	if (r == 0)
		r = stop_begin(en, &row, &keep, &s, e);
	if (r == 0)
		r = stop_end(en, &s, e);
	return r < 0 ? r : start_locked(en, &row, e);
}

/* ---- kill --------------------------------------------------------------------------------------------------- */

static int end_now(struct engine *en, const struct container_row *row, struct err *e)
{
	struct stopping s;
	int r = stop_begin(en, row, &(struct stop_options){ .signal = SIGKILL, .timeout_set = true }, &s, e);

	return r < 0 ? r : stop_end(en, &s, e);
}

static int kill_active(struct engine *en, const struct container_row *row, int signo, struct err *e)
{
	struct container_state s;
	int r = container_look(en, row, &s, e);

	if (r < 0)
		return r;
	if (!container_is_active(s.status))
		return err_set(e, ESRCH, "container %s is not running", row->id);
	return signo == SIGKILL ? end_now(en, row, e) : request(en, row->id, CONTROL_SIGNAL, signo, 0, e);
}

static int kill_known(struct engine *en, struct sv ref, int signo, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct container_row row;
	int r = container_find(en, ref, &a, &row, e);

	if (r < 0)
		return r;
	r = kill_active(en, &row, signo, e);
	return r < 0 ? err_wrap(e, r, "cannot kill container: " SV_FMT, SV_ARG(ref)) : 0;
}

/* What runs gets a signal without the database, which takes longer than all the rest. Who is not found so, or has ended
 * meanwhile, is looked for there. An end is waited for by who knows what follows it. */
int engine_kill(struct engine *en, struct sv ref, int signo, struct err *e)
{
	struct id id;
	int r = -ESRCH;

	if (signo != SIGKILL && running_find(en, ref, &id))
		r = request(en, id.hex, CONTROL_SIGNAL, signo, 0, e);
	if (r == -ESRCH)
		return kill_known(en, ref, signo, e);
	return r < 0 ? err_wrap(e, r, "cannot kill container: " SV_FMT, SV_ARG(ref)) : 0;
}

/* ---- pause -------------------------------------------------------------------------------------------------- */

static bool is_recorded(const struct engine *en, const struct id *id, enum outcome_state state)
{
	char path[ID_LEN + sizeof "/" OUTCOME_FILE];
	struct outcome o;

	(void)snprintf(path, sizeof path, "%s/" OUTCOME_FILE, id->hex);
	return outcome_read_at(en->containers, path, &o, NULL) == 0 && o.state == state;
}

/* Without the database as well. -ESRCH: it is not in that state, or was not found so, or has gone, or (*ret_asked) no answer
 * came: then it may be done. */
static int ask_recorded(struct engine *en, struct sv ref, enum outcome_state state, enum control_type type,
			bool *ret_asked, struct err *e)
{
	struct id id;

	*ret_asked = running_find(en, ref, &id) && is_recorded(en, &id, state);
	if (!*ret_asked)
		return -ESRCH;
	return request(en, id.hex, type, 0, 0, e);
}

static int look_for(struct engine *en, struct sv ref, struct arena *a, struct container_row *ret,
		    enum container_status *ret_status, struct err *e)
{
	struct container_state s;
	int r = container_find(en, ref, a, ret, e);

	if (r == 0)
		r = container_look(en, ret, &s, e);
	if (r == 0)
		*ret_status = s.status;
	return r;
}

static int pause_known(struct engine *en, struct sv ref, bool asked, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	enum container_status status = CONTAINER_CREATED;
	struct container_row row;
	int r = look_for(en, ref, &a, &row, &status, e);

	if (r < 0)
		return r;
	if (status == CONTAINER_PAUSED && asked)
		return 0;
	if (status == CONTAINER_PAUSED)
		return err_set(e, EINVAL, "Container %s is already paused", row.id);
	if (status == CONTAINER_RESTARTING)
		return err_set(e, EINVAL, "Container %s is restarting, wait until the container is running", row.id);
	if (status != CONTAINER_RUNNING)
		return err_set(e, ESRCH, "container %s is not running", row.id);
	r = request(en, row.id, CONTROL_PAUSE, 0, 0, e);
	return r < 0 ? err_wrap(e, r, "cannot pause container %s", row.name) : 0;
}

int engine_pause(struct engine *en, struct sv ref, struct err *e)
{
	bool asked = false;
	int r = ask_recorded(en, ref, OUTCOME_RUNNING, CONTROL_PAUSE, &asked, e);

	if (r == -ESRCH)
		return pause_known(en, ref, asked, e);
	return r < 0 ? err_wrap(e, r, "cannot pause container " SV_FMT, SV_ARG(ref)) : 0;
}

static int unpause_known(struct engine *en, struct sv ref, bool asked, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	enum container_status status = CONTAINER_CREATED;
	struct container_row row;
	int r = look_for(en, ref, &a, &row, &status, e);

	if (r < 0)
		return r;
	if (status == CONTAINER_RUNNING && asked)
		return 0;
	if (status != CONTAINER_PAUSED)
		return err_set(e, EINVAL, "Container %s is not paused", row.id);
	r = request(en, row.id, CONTROL_UNPAUSE, 0, 0, e);
	return r < 0 ? err_wrap(e, r, "cannot unpause container %s", row.name) : 0;
}

int engine_unpause(struct engine *en, struct sv ref, struct err *e)
{
	bool asked = false;
	int r = ask_recorded(en, ref, OUTCOME_PAUSED, CONTROL_UNPAUSE, &asked, e);

	if (r == -ESRCH)
		return unpause_known(en, ref, asked, e);
	return r < 0 ? err_wrap(e, r, "cannot unpause container " SV_FMT, SV_ARG(ref)) : 0;
}
