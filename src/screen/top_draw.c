/* SPDX-License-Identifier: Apache-2.0 */
#include "screen/top_draw.h"

#include "base/scope.h"
#include "cli/human.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>

#define HEAD 2 /* lines above the rows */
#define FOOT 1
#define SPARKS 12

enum { COLOUR_BUSY = 1, COLOUR_FULL, COLOUR_HEAD };

static bool utf8;

int draw_begin(struct err *e)
{
	SCREEN *s;

	(void)setlocale(LC_ALL, "");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	s = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) ? newterm(NULL, stdout, stdin) : NULL;
	if (!s)
		return err_set(e, ENOTTY, "a terminal is needed (tare stats --no-stream prints once)");
	(void)cbreak();
	(void)noecho();
	(void)curs_set(0);
	(void)keypad(stdscr, TRUE);
	(void)set_escdelay(50);
	if (has_colors()) {
		(void)start_color();
		(void)use_default_colors();
		(void)init_pair(COLOUR_BUSY, COLOR_YELLOW, -1);
		(void)init_pair(COLOUR_FULL, COLOR_RED, -1);
		(void)init_pair(COLOUR_HEAD, COLOR_CYAN, -1);
	}
	return 0;
}

void draw_end(void)
{
	(void)endwin();
}

size_t draw_page(void)
{
	return LINES > HEAD + FOOT ? (size_t)(LINES - HEAD - FOOT) : 1;
}

/* ---- text ---------------------------------------------------------------------------------------------------------- */

/* Names are anybody's: nothing in them reaches the terminal as more than a letter. */
static void put_text(int y, int x, int width, struct sv text)
{
	for (int i = 0; i < width && (size_t)i < text.n && x + i < COLS; i++) {
		unsigned char c = (unsigned char)text.p[i];

		(void)mvaddch(y, x + i, c >= 0x20 && c < 0x7f ? c : '?');
	}
}

static void put_right(int y, int *x, int width, const char *text)
{
	int n = (int)strlen(text);

	if (*x + width <= COLS)
		(void)mvaddnstr(y, *x + (n < width ? width - n : 0), text, width);
	*x += width + 1;
}

static void put_sparks(int y, int *x, const struct top_row *r, const int32_t *history, int32_t least)
{
	static const char *const marks[] = { "\u2581", "\u2582", "\u2583", "\u2584",
					     "\u2585", "\u2586", "\u2587", "\u2588" };
	static const char plain[] = "_.:-=+*#";
	size_t from = r->looks > SPARKS ? r->looks - SPARKS : 0;
	int32_t whole = least;

	for (size_t i = from; i < r->looks; i++)
		whole = history[i] > whole ? history[i] : whole;
	if (*x + SPARKS <= COLS)
		for (size_t i = from; i < r->looks; i++) {
			unsigned level = top_spark(history[i], whole);
			int at = *x + SPARKS - (int)(r->looks - i);

			if (utf8)
				(void)mvaddstr(y, at, marks[level]);
			else
				(void)mvaddch(y, at, (unsigned char)plain[level]);
		}
	*x += SPARKS + 1;
}

static const char *percent(int64_t hundredths, char ret[HUMAN_SIZE])
{
	if (hundredths == CG_UNSET)
		return "-";
	(void)snprintf(ret, HUMAN_SIZE, "%.1f%%", (double)hundredths / 100);
	return ret;
}

static const char *size(int64_t bytes, char ret[HUMAN_SIZE])
{
	return bytes == CG_UNSET ? "-" : bytes == CG_MAX ? "max" : human_binary(bytes, ret);
}

static const char *count(int64_t n, char ret[HUMAN_SIZE])
{
	if (n == CG_UNSET)
		return "-";
	(void)snprintf(ret, HUMAN_SIZE, "%lld", (long long)n);
	return ret;
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */

static int name_width(void)
{
	int rest = COLS - 8 - 13 - 7 - 10 - 10 - 13 - 6 - 10 - 10;

	return rest < 12 ? 12 : rest > 60 ? 60 : rest;
}

static void put_heads(const struct top_view *v)
{
	static const struct {
		const char *text;
		int width;
		enum top_order by;
	} heads[] = { { "CPU", 7, TOP_BY_CPU },	     { "", SPARKS, TOP_ORDERS },      { "THR", 6, TOP_ORDERS },
		      { "MEMORY", 9, TOP_BY_MEMORY }, { "LIMIT", 9, TOP_ORDERS },     { "", SPARKS, TOP_ORDERS },
		      { "PIDS", 5, TOP_BY_PIDS },     { "READ/s", 9, TOP_BY_IO },     { "WRITE/s", 9, TOP_BY_IO } };
	int x = name_width() + 1;

	(void)attron(A_BOLD | COLOR_PAIR(COLOUR_HEAD));
	(void)mvaddstr(1, 0, v->tree ? "GROUP" : "CONTAINER");
	if (v->by == TOP_BY_NAME)
		(void)addstr("*");
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		char text[16];

		(void)snprintf(text, sizeof text, "%s%s", heads[i].text, heads[i].by == v->by ? "*" : "");
		put_right(1, &x, heads[i].width, text);
	}
	(void)attroff(A_BOLD | COLOR_PAIR(COLOUR_HEAD));
}

static attr_t colour_of(const struct top_row *r)
{
	int64_t memory = r->looks ? r->memory_history[r->looks - 1] : 0;

	if (memory >= 9000 || (r->throttled != CG_UNSET && r->throttled >= 5000))
		return COLOR_PAIR(COLOUR_FULL);
	return memory >= 7500 || (r->throttled != CG_UNSET && r->throttled >= 500) ? COLOR_PAIR(COLOUR_BUSY) : 0;
}

static void put_row(int y, const struct top_row *r, bool tree, bool selected)
{
	char text[HUMAN_SIZE];
	int width = name_width(), x = width + 1, indent = tree ? (int)(r->s.depth < 20 ? r->s.depth : 20) * 2 : 0;
	attr_t look = colour_of(r) | (selected ? A_REVERSE : 0);

	(void)attron(look);
	(void)mvhline(y, 0, ' ', COLS);
	put_text(y, indent, width - indent - (r->s.paused ? 9 : 0), sv_from(r->s.name));
	if (r->s.paused && width > 9)
		(void)mvaddstr(y, width - 8, "(paused)");
	put_right(y, &x, 7, percent(r->cpu, text));
	put_sparks(y, &x, r, r->cpu_history, 100);
	put_right(y, &x, 6, percent(r->throttled, text));
	put_right(y, &x, 9, size(r->s.memory_bytes, text));
	put_right(y, &x, 9, size(r->s.limit_bytes, text));
	put_sparks(y, &x, r, r->memory_history, 10000);
	put_right(y, &x, 5, count(r->s.pids, text));
	put_right(y, &x, 9, size(r->read_bps, text));
	put_right(y, &x, 9, size(r->write_bps, text));
	(void)attroff(look);
}

static void put_summary(const struct top_model *m, const struct top_view *v, int64_t cpus)
{
	int64_t cpu = 0, memory = 0;

	for (size_t i = 0; i < m->n; i++)
		if (!v->tree || !m->rows[i].s.depth) {
			cpu += m->rows[i].cpu;
			memory += m->rows[i].s.memory_bytes > 0 ? m->rows[i].s.memory_bytes : 0;
		}
	{
		char bytes[HUMAN_SIZE];

		(void)mvprintw(0, 0, "tare top: %zu %s, CPU %.1f%% of %lld%%, memory %s", m->n,
			       v->tree ? "groups" : "containers", (double)cpu / 100, (long long)cpus * 100,
			       human_binary(memory, bytes));
	}
}

static void put_foot(const struct top_view *v, const char *help)
{
	(void)attron(A_BOLD);
	(void)mvaddnstr(LINES - 1, 0, v->status[0] ? v->status : help, COLS - 1);
	(void)attroff(A_BOLD);
}

static void keep_in_sight(struct top_view *v, size_t n)
{
	size_t page = draw_page();

	if (v->selected >= n)
		v->selected = n ? n - 1 : 0;
	if (v->selected < v->first)
		v->first = v->selected;
	if (v->selected >= v->first + page)
		v->first = v->selected - page + 1;
}

void draw_table(const struct top_model *m, struct top_view *v, int64_t cpus)
{
	keep_in_sight(v, m->n);
	(void)erase();
	put_summary(m, v, cpus);
	put_heads(v);
	for (size_t i = 0; i < draw_page() && v->first + i < m->n; i++)
		put_row(HEAD + (int)i, m->shown[v->first + i], v->tree, v->first + i == v->selected);
	if (!m->n)
		(void)mvaddstr(HEAD, 0, "nothing runs");
	put_foot(v, "Enter explain  c m p i n sort  t tree  P pause  K kill  q quit");
	(void)refresh();
}

/* A line, or as much of it as fits; what is left comes next. */
static bool take_line(struct sv *text, struct sv *ret)
{
	const char *end = memchr(text->n ? text->p : "", '\n', text->n);
	size_t n = end ? (size_t)(end - text->p) : text->n, width = COLS > 1 ? (size_t)COLS : 1;
	bool cut = n > width;

	if (!text->n)
		return false;
	*ret = (struct sv){ text->p, cut ? width : n };
	n = cut ? width : n + (end != NULL);
	*text = (struct sv){ text->p + n, text->n - n };
	return true;
}

void draw_detail(struct sv text, struct top_view *v)
{
	struct sv line;
	size_t n = 0, page = draw_page();

	for (struct sv rest = text; take_line(&rest, &line);)
		n++;
	if (v->first + page > n)
		v->first = n > page ? n - page : 0;
	(void)erase();
	(void)attron(A_BOLD | COLOR_PAIR(COLOUR_HEAD));
	put_text(0, 0, COLS, sv_from(v->title));
	(void)attroff(A_BOLD | COLOR_PAIR(COLOUR_HEAD));
	for (size_t i = 0; take_line(&text, &line); i++)
		if (i >= v->first && i < v->first + page)
			put_text(HEAD + (int)(i - v->first), 0, COLS, line);
	put_foot(v, "arrows scroll  P pause  K kill  q back");
	(void)refresh();
}

/* ---- keys ---------------------------------------------------------------------------------------------------------- */

int draw_key(int timeout_ms)
{
	static const struct {
		int from, to;
	} keys[] = { { KEY_UP, TOP_KEY_UP },
		     { 'k', TOP_KEY_UP },
		     { KEY_DOWN, TOP_KEY_DOWN },
		     { 'j', TOP_KEY_DOWN },
		     { KEY_PPAGE, TOP_KEY_PAGE_UP },
		     { KEY_NPAGE, TOP_KEY_PAGE_DOWN },
		     { ' ', TOP_KEY_PAGE_DOWN },
		     { KEY_HOME, TOP_KEY_HOME },
		     { 'g', TOP_KEY_HOME },
		     { KEY_END, TOP_KEY_END },
		     { 'G', TOP_KEY_END },
		     { '\n', TOP_KEY_ENTER },
		     { '\r', TOP_KEY_ENTER },
		     { KEY_ENTER, TOP_KEY_ENTER },
		     { 27, TOP_KEY_BACK },
		     { KEY_BACKSPACE, TOP_KEY_BACK },
		     { 'q', TOP_KEY_QUIT },
		     { 't', TOP_KEY_TREE },
		     { 'K', TOP_KEY_KILL },
		     { 'P', TOP_KEY_PAUSE },
		     { 'y', TOP_KEY_YES },
		     { KEY_RESIZE, TOP_KEY_RESIZE },
		     { 'n', TOP_KEY_SORT + TOP_BY_NAME },
		     { 'c', TOP_KEY_SORT + TOP_BY_CPU },
		     { 'm', TOP_KEY_SORT + TOP_BY_MEMORY },
		     { 'p', TOP_KEY_SORT + TOP_BY_PIDS },
		     { 'i', TOP_KEY_SORT + TOP_BY_IO } };
	int c;

	timeout(timeout_ms);
	c = getch();
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].from == c)
			return keys[i].to;
	return TOP_KEY_NONE;
}
