/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/attach.h"

#include "base/limits.h"
#include "base/scope.h"
#include "spec/config.h"
#include "records/containers.h"
#include "engine/conversation.h"
#include "engine/recover.h"
#include "engine/request.h"

#include <errno.h>

#define STARTS 100 /* and ends, each between two looks */

/* ---- attach ----------------------------------------------------------------------------------------------------- */

static int check_state(enum container_status s, struct err *e)
{
	switch (s) {
	case CONTAINER_RUNNING:
		return 0;
	case CONTAINER_PAUSED:
		return err_set(e, EINVAL, "cannot attach to a paused container, unpause it first");
	case CONTAINER_RESTARTING:
		return err_set(e, EINVAL, "cannot attach to a restarting container, wait until it is running");
	default:
		return err_set(e, EINVAL, "cannot attach to a stopped container, start it first");
	}
}

static void prepare(struct conversation *c, const struct container_config *config, const struct attach_options *o)
{
	*c = (struct conversation){ .sock = -1,
				    .attach = CONTROL_STDOUT | CONTROL_STDERR |
					      (config->open_stdin && !o->no_stdin ? CONTROL_STDIN : 0),
				    .tty = config->tty,
				    .redraw = config->tty,
				    .watch_output = !config->tty,
				    .sig_proxy = !config->tty && !o->no_sig_proxy,
				    .detach_keys = o->detach_keys };
}

static int converse(struct engine *en, const char *id, struct conversation *c, struct err *e)
{
	int r = request_open(en, id, &c->sock, e);

	if (r == -ESRCH)
		r = check_state(CONTAINER_EXITED, e); /* it has just ended */
	if (r == 0)
		r = conversation_begin(c, &(struct control_message){ .type = CONTROL_ATTACH }, e);
	if (r == 0)
		r = conversation_run(c, e);
	conversation_end(c);
	if (c->sock >= 0)
		close(c->sock);
	return r;
}

int engine_attach(struct engine *en, struct sv ref, const struct attach_options *o, int *ret_status, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct container_row row;
	struct container_state s;
	struct container_config config;
	struct conversation c;
	int r = container_find(en, ref, &a, &row, e);

	if (r == 0)
		r = container_look(en, &row, &s, e);
	if (r == 0)
		r = check_state(s.status, e);
	if (r == 0)
		r = config_parse(sv_from(row.config), &a, &config, e);
	if (r < 0)
		return r;
	prepare(&c, &config, o);
	r = conversation_check(&c, e);
	if (r == 0)
		r = converse(en, row.id, &c, e);
	if (r == 0)
		*ret_status = c.outcome == CONVERSATION_DETACHED ? ATTACH_EXIT_DETACHED : c.status;
	return r;
}

/* ---- wait ------------------------------------------------------------------------------------------------------- */

/* Opened before the look: an end between the two is told. A start between them is not: -ESRCH, and then once more. *ret_sock
 * stays -1 when it has ended. */
static int open_and_look(struct engine *en, const struct container_row *row, int *ret_sock,
			 struct container_state *ret, struct err *e)
{
	struct err why = { 0 };
	scoped_fd sock = -1;
	int opened = request_open(en, row->id, &sock, &why), r = container_look(en, row, ret, e);

	if (r < 0 || !container_is_active(ret->status))
		return r;
	if (opened < 0)
		return err_set(e, -opened, "%s", why.msg);
	*ret_sock = fd_take(&sock);
	return 0;
}

int wait_begin(struct engine *en, struct sv ref, struct arena *a, struct waiting *ret, struct err *e)
{
	struct waiting w = { .sock = -1 };
	struct container_row row;
	struct container_state s;
	int r = container_find(en, ref, a, &row, e);

	if (r < 0)
		return r;
	w.id = row.id;
	r = -ESRCH;
	for (int i = 0; r == -ESRCH && i < STARTS; i++)
		r = open_and_look(en, &row, &w.sock, &s, e);
	if (r < 0)
		return r;
	w.status = s.outcome.exit_code;
	*ret = w;
	return 0;
}

/* The monitor has gone without a word, to us: its record says more. */
static int look_again(struct engine *en, const char *id, int *ret_status, struct err *e)
{
	scoped_fd dir = -1;
	struct outcome o;
	int r = engine_container_dir(en, id, false, &dir, e);

	if (r == 0)
		r = outcome_read(dir, &o, e);
	if (r == 0)
		*ret_status = o.state == OUTCOME_EXITED ? o.exit_code : RECOVER_EXIT_LOST;
	return r;
}

int wait_end(struct engine *en, struct waiting *w, int *ret_status, struct err *e)
{
	scoped_fd sock = fd_take(&w->sock);
	struct control_message m;
	int fds[3], r = 1;

	*ret_status = w->status;
	while (sock >= 0 && r == 1) {
		r = control_receive(sock, &m, fds, e);
		if (r == 1 && (m.type == CONTROL_EXITED || m.type == CONTROL_RESTARTING || m.type == CONTROL_FAILED)) {
			*ret_status = m.value;
			return 0;
		}
		if (r == 1 && m.type == CONTROL_REFUSED && m.err.code == EAGAIN)
			return err_set(e, EAGAIN, "%s", m.err.msg);
	}
	if (sock >= 0 && r == 0)
		return look_again(en, w->id, ret_status, e);
	return r < 0 ? r : 0;
}
