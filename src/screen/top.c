/* SPDX-License-Identifier: Apache-2.0 */
#include "screen/top.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "report/explain.h"
#include "engine/stop.h"
#include "screen/top_draw.h"
#include "screen/top_read.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define DETAIL_MAX (256u << 10)

struct top {
	struct top_reader reader;
	const struct top_options *o;
	struct top_model model;
	struct top_view view;
	struct buf detail;       /* text of the page */
	char key[4096];          /* of the row that is selected: the selection follows it */
	char subject[4096];      /* what the detail is about: id, or path */
	char name[256];          /* of the container that is selected; "": it is none */
	bool asked, quit;        /* asked: whether to kill it */
	int64_t cpus, next_ns;   /* next_ns: when to look again */
};

/* ---- what is selected ----------------------------------------------------------------------------------------------- */

static const struct top_row *selected(const struct top *t)
{
	return t->view.selected < t->model.n ? t->model.shown[t->view.selected] : NULL;
}

static void remember(struct top *t)
{
	const struct top_row *r = selected(t);

	t->key[0] = '\0';
	if (r)
		(void)sv_copy(sv_from(r->s.key), t->key, sizeof t->key);
}

static void select_again(struct top *t)
{
	size_t i = t->key[0] ? top_model_find(&t->model, t->key) : t->model.n;

	if (i < t->model.n)
		t->view.selected = i;
	else if (t->view.selected >= t->model.n)
		t->view.selected = t->model.n ? t->model.n - 1 : 0;
	remember(t);
}

static void move(struct top *t, int64_t by)
{
	size_t *at = t->view.detail ? &t->view.first : &t->view.selected;
	int64_t to = (int64_t)*at + by;

	*at = to < 0 ? 0 : (size_t)to;
	if (!t->view.detail && *at >= t->model.n)
		*at = t->model.n ? t->model.n - 1 : 0;
	if (!t->view.detail)
		remember(t);
}

/* ---- pages --------------------------------------------------------------------------------------------------------- */

static int explain_subject(struct top *t, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	struct explanation x;
	struct subject s;
	int r = subject_find(t->reader.en, t->reader.host, t->reader.layout, t->subject, &a, &s, e);

	if (r == 0)
		r = engine_explain(t->reader.en, t->reader.host, t->reader.layout, &s, &a, &x, e);
	if (r < 0)
		return r;
	buf_reset(&t->detail);
	explain_print(&x, &t->detail);
	return buf_status(&t->detail, e);
}

static void say(struct top *t, const char *text)
{
	(void)snprintf(t->view.status, sizeof t->view.status, "%s", text);
}

/* Of one that has gone the last text stays. */
static void refresh_detail(struct top *t)
{
	struct err e = { 0 };

	if (explain_subject(t, &e) < 0)
		say(t, e.msg);
}

static void open_detail(struct top *t)
{
	const struct top_row *r = selected(t);

	if (!r)
		return;
	(void)sv_copy(sv_from(r->s.id ? r->s.id : r->s.key), t->subject, sizeof t->subject);
	t->view.detail = true;
	t->view.title = r->s.id ? "tare top: explain container" : "tare top: explain group";
	t->view.first = 0;
	refresh_detail(t);
}

static void close_detail(struct top *t)
{
	t->view.detail = false;
	t->view.first = 0;
	buf_reset(&t->detail);
}

static int look(struct top *t, struct err *e)
{
	int r = top_read(&t->reader, t->view.tree, t->view.by, &t->model, e);

	t->next_ns = clock_monotonic_ns() + t->o->interval_ns;
	if (r < 0)
		return r;
	select_again(t);
	if (t->view.detail)
		refresh_detail(t);
	return 0;
}

static void draw(struct top *t)
{
	if (t->view.detail)
		draw_detail(buf_sv(&t->detail), &t->view);
	else
		draw_table(&t->model, &t->view, t->cpus);
}

/* ---- what is done from here ------------------------------------------------------------------------------------------ */

/* The id of the container that is selected; NULL, and it is said, when it is none. */
static const char *container(struct top *t)
{
	const struct top_row *r = selected(t);

	if (r && r->s.id) {
		(void)snprintf(t->name, sizeof t->name, "%.200s", r->s.name);
		return r->s.id;
	}
	say(t, "this is no container of tare's");
	return NULL;
}

static void pause_or_go_on(struct top *t)
{
	const char *id = container(t);
	struct err e = { 0 };
	bool paused = id && selected(t)->s.paused;
	int r;

	if (!id)
		return;
	r = paused ? engine_unpause(t->reader.en, sv_from(id), &e) : engine_pause(t->reader.en, sv_from(id), &e);
	(void)snprintf(t->view.status, sizeof t->view.status, "%s%.200s%s", r < 0 ? "" : t->name,
		       r < 0 ? e.msg : paused ? " goes on" : " is paused", "");
	t->next_ns = 0;
}

static void ask_to_kill(struct top *t)
{
	if (!container(t))
		return;
	t->asked = true;
	(void)snprintf(t->view.status, sizeof t->view.status, "kill container %.200s? (y/n)", t->name);
}

static void kill_it(struct top *t)
{
	const char *id = container(t);
	struct err e = { 0 };

	if (!id)
		return;
	if (engine_kill(t->reader.en, sv_from(id), SIGKILL, &e) < 0)
		say(t, e.msg);
	else
		(void)snprintf(t->view.status, sizeof t->view.status, "%.200s was killed", t->name);
	t->next_ns = 0;
}

/* ---- keys ---------------------------------------------------------------------------------------------------------- */

static void switch_tree(struct top *t)
{
	if (!t->reader.en) {
		say(t, "containers cannot be seen: only groups");
		return;
	}
	t->view.tree = !t->view.tree;
	t->view.first = t->view.selected = 0;
	t->key[0] = '\0';
	t->next_ns = 0;
}

static void leave(struct top *t, int key)
{
	if (t->view.detail)
		close_detail(t);
	else
		t->quit = key == TOP_KEY_QUIT;
}

static void sort_by(struct top *t, enum top_order by)
{
	if (t->view.detail)
		return;
	t->view.by = by;
	t->next_ns = 0;
}

static void press(struct top *t, int key)
{
	int64_t page = (int64_t)draw_page();

	switch (key) {
	case TOP_KEY_UP:
	case TOP_KEY_DOWN:
		move(t, key == TOP_KEY_UP ? -1 : 1);
		break;
	case TOP_KEY_PAGE_UP:
	case TOP_KEY_PAGE_DOWN:
		move(t, key == TOP_KEY_PAGE_UP ? -page : page);
		break;
	case TOP_KEY_HOME:
	case TOP_KEY_END:
		move(t, key == TOP_KEY_HOME ? -INT32_MAX : INT32_MAX);
		break;
	case TOP_KEY_ENTER:
		if (!t->view.detail)
			open_detail(t);
		break;
	case TOP_KEY_BACK:
	case TOP_KEY_QUIT:
		leave(t, key);
		break;
	case TOP_KEY_TREE:
		if (!t->view.detail)
			switch_tree(t);
		break;
	case TOP_KEY_KILL:
		ask_to_kill(t);
		break;
	case TOP_KEY_PAUSE:
		pause_or_go_on(t);
		break;
	default:
		if (key >= TOP_KEY_SORT)
			sort_by(t, (enum top_order)(key - TOP_KEY_SORT));
	}
}

/* An answer to the question; any other key than yes takes it back. */
static void answer(struct top *t, int key)
{
	t->asked = false;
	t->view.status[0] = '\0';
	if (key == TOP_KEY_YES)
		kill_it(t);
}

static int turn(struct top *t, struct err *e)
{
	int64_t left = t->next_ns - clock_monotonic_ns();
	int key, r = 0;

	if (left <= 0)
		r = look(t, e);
	if (r < 0)
		return r;
	draw(t);
	left = t->next_ns - clock_monotonic_ns();
	key = draw_key(left > 0 ? (int)(left / 1000000) + 1 : 0);
	if (key == TOP_KEY_NONE || key == TOP_KEY_RESIZE)
		return 0;
	if (t->asked) {
		answer(t, key);
		return 0;
	}
	t->view.status[0] = '\0';
	press(t, key);
	return 0;
}

int top_run(struct engine *en, const struct host *h, const struct cgroup_layout *l, const struct top_options *o,
	    struct err *e)
{
	struct top *t = calloc(1, sizeof *t);
	int r = t ? draw_begin(e) : err_oom(e);

	if (r < 0) {
		free(t);
		return r;
	}
	t->o = o;
	t->view.by = o->by;
	t->view.tree = o->tree || !en;
	t->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	t->detail = BUF(DETAIL_MAX);
	top_model_init(&t->model);
	top_reader_init(&t->reader, en, h, l);
	while (r == 0 && !t->quit)
		r = turn(t, e);
	draw_end();
	top_reader_done(&t->reader);
	top_model_done(&t->model);
	buf_done(&t->detail);
	free(t);
	return r;
}
