/* SPDX-License-Identifier: Apache-2.0 */
#include "options/option_help.h"

#include "base/wrap.h"

#include <string.h>

#define WIDTH 80

static void pad(struct buf *out, size_t n)
{
	buf_putf(out, "%*s", (int)n, "");
}

void help_wrap(struct buf *out, const char *text, size_t at, size_t indent)
{
	wrap_words(out, sv_from(text), at, indent, WIDTH);
}

#define NAME_COLUMN 6
#define TEXT_COLUMN 34

static void option_line(const struct option *o, struct buf *out)
{
	size_t width = NAME_COLUMN + 2 + strlen(o->name) + (o->arg ? 1 + strlen(o->arg) : 0);

	if (o->letter)
		buf_putf(out, "  -%c, ", o->letter);
	else
		pad(out, NAME_COLUMN);
	buf_putf(out, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	if (width + 2 > TEXT_COLUMN) {
		buf_puts(out, "\n");
		width = 0;
	}
	pad(out, TEXT_COLUMN - width);
	help_wrap(out, o->summary, TEXT_COLUMN, TEXT_COLUMN);
}

void help_group(const struct option_group *g, struct buf *out)
{
	bool titled = false;

	for (size_t i = 0; i < g->n; i++) {
		if (g->rows[i].hidden || g->rows[i].refused)
			continue;
		if (!titled)
			buf_putf(out, "\n%s:\n", g->title);
		titled = true;
		option_line(&g->rows[i], out);
	}
}

/* ---- mdoc(7) ------------------------------------------------------------------------------------------------ */

/* A dot or a quote at the start of a line, and some characters anywhere, mean something to roff(7). */
static void roff_word(struct sv word, bool line_start, struct buf *out)
{
	if (line_start && word.n && (word.p[0] == '.' || word.p[0] == '\''))
		buf_puts(out, "\\&");
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '\\')
			buf_puts(out, "\\e");
		else if (word.p[i] == '-')
			buf_puts(out, "\\-");
		else if (word.p[i] == '`')
			buf_puts(out, "\\(ga");
		else
			buf_put(out, word.p + i, 1);
	}
}

static void roff_text(const char *text, struct buf *out)
{
	roff_word(sv_from(text), true, out);
}

#define ROFF_WIDTH 70 /* of the text; what its characters become may be longer */

static void roff_lines(const char *text, struct buf *out)
{
	struct sv rest = sv_from(text), word;
	size_t at = 0;

	while (sv_next(&rest, ' ', &word)) {
		if (at && at + 1 + word.n > ROFF_WIDTH) {
			buf_puts(out, "\n");
			at = 0;
		}
		buf_puts(out, at ? " " : "");
		roff_word(word, at == 0, out);
		at += word.n + (at > 0);
	}
}

static void roff_arg(const char *text, struct buf *out)
{
	buf_puts(out, " Ar \"");
	roff_text(text, out);
	buf_puts(out, "\"");
}

static void man_option(const struct option *o, struct buf *out)
{
	buf_puts(out, ".It");
	if (o->letter)
		buf_putf(out, " Fl %c ,", o->letter);
	buf_puts(out, " Fl \\-");
	roff_text(o->name, out);
	if (o->arg)
		roff_arg(o->arg, out);
	buf_puts(out, "\n");
	roff_lines(o->refused ? o->refused : o->summary, out);
	buf_puts(out, ".\n");
}

void help_man_group(const struct option_group *g, bool sections, struct buf *out)
{
	if (sections)
		buf_putf(out, ".Ss %s\n", g->title);
	buf_puts(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < g->n; i++)
		if (!g->rows[i].hidden)
			man_option(&g->rows[i], out);
	buf_puts(out, ".El\n");
}

void help_man_text(const char *summary, struct buf *out)
{
	char first = summary[0] >= 'a' && summary[0] <= 'z' ? (char)(summary[0] - 'a' + 'A') : summary[0];

	buf_put(out, &first, 1);
	roff_lines(summary + 1, out);
	buf_puts(out, ".\n");
}
