/* SPDX-License-Identifier: Apache-2.0 */
/* top_draw.h - what a person sees of it, and the keys: ncurses(3X). One screen at a time. */
#pragma once

#include "base/buf.h"
#include "screen/top_model.h"

/* What is on the screen; draw_table() keeps `first` so that `selected` is seen. */
struct top_view {
	bool tree, detail;
	enum top_order by;
	size_t selected, first; /* of the rows, or line of the detail */
	const char *title;      /* of the detail page */
	char status[512];       /* what was done, or is asked; "" */
};

enum top_key {
	TOP_KEY_NONE, TOP_KEY_UP, TOP_KEY_DOWN, TOP_KEY_PAGE_UP, TOP_KEY_PAGE_DOWN, TOP_KEY_HOME, TOP_KEY_END,
	TOP_KEY_ENTER, TOP_KEY_BACK, TOP_KEY_QUIT, TOP_KEY_TREE, TOP_KEY_KILL, TOP_KEY_PAUSE, TOP_KEY_YES,
	TOP_KEY_RESIZE, TOP_KEY_SORT /* and an enum top_order behind it */
};

int draw_begin(struct err *e); /* -ENOTTY */
void draw_end(void);
void draw_table(const struct top_model *m, struct top_view *v, int64_t cpus);
void draw_detail(struct sv text, struct top_view *v);
size_t draw_page(void); /* lines that a page has */

/* draw_key - waits so long; TOP_KEY_NONE: nothing came, or a key that means nothing */
int draw_key(int timeout_ms);
