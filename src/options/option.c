/* SPDX-License-Identifier: Apache-2.0 */
#include "options/option.h"

#include "base/scope.h"
#include "options/scalar.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define SHOWN 80 /* of a value in a message; the explanation must stay readable */

struct parser {
	const struct option_group *const *groups;
	struct arena *arena;
	void *target;
	char **argv;
	int argc, at;
	struct operands *out;
};

const struct option *option_find(const struct option_group *const *groups, struct sv name)
{
	for (; *groups; groups++)
		for (size_t i = 0; i < (*groups)->n; i++)
			if (sv_is(name, (*groups)->rows[i].name))
				return &(*groups)->rows[i];
	return NULL;
}

static const struct option *find_letter(const struct option_group *const *groups, char letter)
{
	for (; *groups; groups++)
		for (size_t i = 0; i < (*groups)->n; i++)
			if ((*groups)->rows[i].letter == letter)
				return &(*groups)->rows[i];
	return NULL;
}

/* ---- did you mean ------------------------------------------------------------------------------------------- */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

#define NEAR_MAX 31

/* Letters to change, add, drop or swap with a neighbour (optimal string alignment). Both shorter than NEAR_MAX. */
static unsigned distance(struct sv a, const char *b)
{
	unsigned d[NEAR_MAX + 1][NEAR_MAX + 1];
	size_t n = strlen(b);

	for (size_t i = 0; i <= a.n; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= n; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++)
		for (size_t j = 1; j <= n; j++) {
			unsigned change = a.p[i - 1] != b[j - 1];

			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change);
			if (i > 1 && j > 1 && a.p[i - 1] == b[j - 2] && a.p[i - 2] == b[j - 1])
				d[i][j] = min3(d[i][j], d[i - 2][j - 2] + 1, d[i][j]);
		}
	return d[a.n][n];
}

/* The shortest name that text begins. */
static const char *completed(struct sv text, const char *const *names, size_t n)
{
	const char *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (strncmp(names[i], text.p, text.n) == 0 && (!found || strlen(names[i]) < strlen(found)))
			found = names[i];
	return found;
}

const char *nearest(struct sv text, const char *const *names, size_t n)
{
	unsigned best = text.n < 4 ? 2 : 3; /* must be nearer than this */
	const char *found = text.n >= 3 ? completed(text, names, n) : NULL;

	if (found || text.n < 2 || text.n > NEAR_MAX)
		return found;
	for (size_t i = 0; i < n; i++) {
		unsigned d = strlen(names[i]) > NEAR_MAX ? best : distance(text, names[i]);

		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

static int unknown_option(struct parser *p, struct sv name, struct err *e)
{
	const char *names[256], *found;
	size_t n = 0;

	for (const struct option_group *const *g = p->groups; *g; g++)
		for (size_t i = 0; i < (*g)->n && n < ARRAY_LEN(names); i++)
			if (!(*g)->rows[i].hidden)
				names[n++] = (*g)->rows[i].name;
	if (n < ARRAY_LEN(names))
		names[n++] = "help";
	found = nearest(name, names, n);
	if (name.n > SHOWN)
		name.n = SHOWN;
	if (!found)
		return err_set(e, EINVAL, "unknown option --" SV_FMT, SV_ARG(name));
	return err_set(e, EINVAL, "unknown option --" SV_FMT "; did you mean --%s?", SV_ARG(name), found);
}

/* ---- one option --------------------------------------------------------------------------------------------- */

static int refuse(const struct option *row, struct err *e)
{
	if (row->letter)
		return err_set(e, ENOTSUP, "-%c, --%s: %s", row->letter, row->name, row->refused);
	return err_set(e, ENOTSUP, "--%s: %s", row->name, row->refused);
}

static int call(struct parser *p, const struct option *row, const char *text, bool on, struct err *e)
{
	const struct option_call c = { row, p->arena, p->target, row->arg ? text : NULL, on };
	int r;

	if (row->refused)
		return row->arg || on ? refuse(row, e) : 0;
	r = row->set(&c, e);
	if (r == 0)
		return 0;
	if (row->late)
		r = -EDOM;
	if (!text)
		return err_wrap(e, r, "--%s", row->name);
	if (strlen(text) > SHOWN)
		return err_wrap(e, r, "--%s %.*s...", row->name, SHOWN, text);
	return err_wrap(e, r, "--%s %s", row->name, *text ? text : "''");
}

/* value: what followed a '=' (or the letter), NULL when nothing did. */
static int option_met(struct parser *p, const struct option *row, const char *value, struct err *e)
{
	bool on = true;

	if (!row->arg) {
		if (value && value_bool(value, &on, e) < 0)
			return err_wrap(e, -EINVAL, "--%s %.*s", row->name, SHOWN, *value ? value : "''");
		return call(p, row, value, on, e);
	}
	if (row->refused)
		return refuse(row, e);
	if (!value) {
		if (p->at == p->argc)
			return err_set(e, EINVAL, "--%s: flag needs an argument: %s", row->name, row->arg);
		value = p->argv[p->at++];
	}
	return call(p, row, value, true, e);
}

static int long_option(struct parser *p, const char *word, struct err *e)
{
	const struct option *row;
	struct sv name, value;
	bool has_value = sv_cut(sv_from(word), '=', &name, &value);

	if (sv_is(name, "help")) {
		p->out->help = true;
		return 0;
	}
	row = option_find(p->groups, name);
	return row ? option_met(p, row, has_value ? value.p : NULL, e) : unknown_option(p, name, e);
}

static int letters(struct parser *p, const char *word, struct err *e)
{
	for (const char *s = word; *s; s++) {
		const struct option *row = find_letter(p->groups, *s);
		const char *value = s[1] == '=' ? s + 2 : s[1] && row && row->arg ? s + 1 : NULL;
		int r;

		if (!row && *s == 'h') { /* `run` has it for --hostname, as in Docker */
			p->out->help = true;
			return 0;
		}
		if (!row)
			return err_set(e, EINVAL, "unknown option -%c%s%.*s", *s, s > word || s[1] ? " in -" : "",
				       s > word || s[1] ? SHOWN : 0, word);
		r = option_met(p, row, value, e);
		if (r < 0 || value || row->arg)
			return r;
	}
	return 0;
}

/* "-no-subreaper", where that is a name */
static bool is_long_name(const struct parser *p, const char *word)
{
	struct sv name, value;

	(void)sv_cut(sv_from(word), '=', &name, &value);
	return name.n > 1 && option_find(p->groups, name);
}

int options_parse(const struct option_group *const *groups, unsigned how, struct arena *a, void *target, int argc,
		  char **argv, struct operands *ret, struct err *e)
{
	struct operands out = { .v = arena_array(a, (size_t)argc + 1, sizeof *out.v) };
	struct parser p = { groups, a, target, argv, argc, 0, &out };
	bool ended = false;
	int r = 0;

	if (!out.v)
		return err_oom(e);
	while (p.at < argc && r == 0 && !out.help) {
		char *word = argv[p.at++];

		if (ended || word[0] != '-' || !word[1]) {
			out.v[out.n++] = word;
			ended = ended || how & OPTIONS_STOP;
		} else if (word[1] != '-' && how & OPTIONS_ONE_DASH && is_long_name(&p, word + 1)) {
			r = long_option(&p, word + 1, e);
		} else if (word[1] != '-') {
			r = letters(&p, word + 1, e);
		} else if (word[2]) {
			r = long_option(&p, word + 2, e);
		} else {
			ended = true;
		}
	}
	if (r == 0)
		*ret = out;
	return r;
}

/* ---- setters ------------------------------------------------------------------------------------------------ */

static void *field(const struct option_call *c)
{
	return (char *)c->target + c->row->field;
}

int option_text(const struct option_call *c, struct err *e)
{
	*(const char **)field(c) = c->text;
	return 0;
}

int option_switch(const struct option_call *c, struct err *e)
{
	*(bool *)field(c) = c->on;
	return 0;
}

int option_i64(const struct option_call *c, struct err *e)
{
	return value_i64(c->text, field(c), e);
}

int option_bytes(const struct option_call *c, struct err *e)
{
	return value_bytes(c->text, field(c), e);
}

int option_pair(const struct option_call *c, struct err *e)
{
	struct sv key, value;

	if (!sv_cut(sv_from(c->text), '=', &key, &value) || key.n == 0)
		return err_set(e, EINVAL, "%s is needed", c->row->arg);
	return pairs_set(c->arena, field(c), arena_sv(c->arena, key), value.p) < 0 ? err_oom(e) : 0;
}

int option_words(const struct option_call *c, struct err *e)
{
	struct sv rest = sv_from(c->row->words), word;

	while (sv_next(&rest, ' ', &word))
		if (sv_is(word, c->text))
			return option_text(c, e);
	return err_set(e, EINVAL, "allowed are: %s", c->row->words);
}

int option_none(const struct option_call *c, struct err *e)
{
	return 0;
}
