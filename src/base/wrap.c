/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wrap.h"

#include "base/id.h"
#include "base/scope.h"

#include <ctype.h>
#include <string.h>

size_t wrap_columns(struct sv text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

void wrap_words(struct buf *out, struct sv text, size_t at, size_t indent, size_t width)
{
	struct sv word;
	bool first = true;

	while (sv_next(&text, ' ', &word)) {
		size_t n = wrap_columns(word);

		if (!first && at + 1 + n > width) {
			buf_puts(out, "\n");
			buf_fill(out, ' ', indent);
			at = indent;
			first = true;
		}
		if (!first) {
			buf_puts(out, " ");
			at++;
		}
		buf_putsv(out, word);
		at += n;
		first = false;
	}
	buf_puts(out, "\n");
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

void wrap_row(struct buf *out, const struct wrap_columns *c, const char *first, const char *second, const char *text)
{
	size_t n = strlen(second), at = c->first + c->second;

	buf_putf(out, "%-*s%s", (int)c->first, first, second);
	if (n + 1 > c->second)
		buf_putf(out, "\n%*s", (int)at, "");
	else
		buf_fill(out, ' ', c->second - n);
	wrap_words(out, sv_from(text), at, at, c->width);
}

void wrap_note(struct buf *out, const struct wrap_columns *c, const char *mark, const char *text, size_t indent)
{
	if (!text)
		return;
	buf_fill(out, ' ', c->first);
	buf_putf(out, "%s ", mark);
	wrap_words(out, sv_from(text), c->first + strlen(mark) + 1, c->first + indent, c->width);
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static size_t digits(struct sv s)
{
	size_t n = 0;

	while (n < s.n && isxdigit((unsigned char)s.p[n]))
		n++;
	return n;
}

static void put_short_ids(struct buf *out, struct sv line)
{
	while (line.n) {
		size_t n = digits(line);

		if (n == ID_LEN) {
			buf_put(out, line.p, ID_SHORT);
			buf_puts(out, "…");
		} else {
			n = n ? n : 1;
			buf_put(out, line.p, n);
		}
		line.p += n;
		line.n -= n;
	}
}

static size_t blanks(struct sv s, size_t from)
{
	size_t n = from;

	while (n < s.n && s.p[n] == ' ')
		n++;
	return n - from;
}

/* The column where what follows a broken line begins. */
static size_t hang(struct sv line, size_t lead, size_t width)
{
	if (line.n > lead + 3 && line.p[lead + 1] == '>' && line.p[lead + 2] == ' ')
		return lead + 3;
	for (size_t i = lead; i < line.n && i < width / 2; i++)
		if (blanks(line, i) > 1)
			return i + blanks(line, i) < width * 2 / 3 ? i + blanks(line, i) : lead + 2;
	return lead + 2;
}

/* Bytes of the line that stay before the break: up to the last blank within the width, else behind the last "/", else up
 * to the first blank beyond. */
static size_t break_at(struct sv s, size_t width)
{
	size_t blank = 0, slash = 0, column = 0, first = blanks(s, 0);

	for (size_t i = 0; i < s.n; i++) {
		if (i > first && s.p[i] == ' ' && (column <= width || !(blank || slash)))
			blank = i;
		if (i > first && s.p[i] == '/' && column < width)
			slash = i + 1;
		column += ((unsigned char)s.p[i] & 0xc0) != 0x80;
		if (column > width && (blank || slash))
			break;
	}
	return blank ? blank : slash ? slash : s.n;
}

static void put_line(struct buf *out, struct sv line, size_t width)
{
	size_t lead = blanks(line, 0) < width / 2 ? blanks(line, 0) : width / 2;
	size_t indent = hang(line, lead, width), room = width, word;

	while (wrap_columns(line) > room) {
		size_t n = break_at(line, room), end = n;

		if (n == line.n)
			break;
		while (end && line.p[end - 1] == ' ')
			end--;
		n += blanks(line, n);
		buf_put(out, line.p, end);
		line = (struct sv){ line.p + n, line.n - n };
		if (!line.n)
			break;
		buf_puts(out, "\n");
		word = wrap_columns((struct sv){ line.p, break_at(line, 1) });
		room = width - (word > width - indent ? lead + 2 : indent);
		buf_fill(out, ' ', width - room);
	}
	buf_putsv(out, line);
	buf_puts(out, "\n");
}

void wrap_lines(struct buf *out, struct sv text, size_t width)
{
	struct sv line;

	while (text.n && sv_next(&text, '\n', &line)) {
		scoped_buf cut = BUF(out->max);

		if (wrap_columns(line) > width) {
			put_short_ids(&cut, line);
			line = buf_sv(&cut);
		}
		put_line(out, line, width);
	}
}
