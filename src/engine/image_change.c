/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_change.h"

#include "base/duration.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/scope.h"
#include "spec/env.h"
#include "kernel/signal.h"
#include "oci/json.h"
#include "oci/list.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct change {
	struct image_full_config *image;
	bool *cmd_was_set;
	struct arena *a;
	const char *name; /* of the instruction */
};

/* ---- words --------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

/* "$NAME" or "${NAME}" at p; what follows is returned. A lone $ is itself. */
static const char *put_variable(const struct change *c, const char *p, struct buf *out)
{
	bool braced = p[1] == '{';
	const char *name = p + 1 + braced, *end = name;
	const char **entry;

	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	if (end == name || (braced && *end != '}')) {
		buf_puts(out, "$");
		return p + 1;
	}
	entry = env_find(&c->image->base.env, (struct sv){ name, (size_t)(end - name) });
	if (entry)
		buf_puts(out, strchr(*entry, '=') + 1);
	return end + braced;
}

/* A piece of text up to a blank, or to the end of all: quotes are taken away, a backslash takes what follows as it is. */
static const char *put_word(const struct change *c, const char *p, bool whole, struct buf *out)
{
	char quote = '\0';

	while (*p && (quote || whole || !is_blank(*p))) {
		char one[2] = { *p, '\0' };

		if (quote ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote ? '\0' : *p;
			p++;
		} else if (*p == '\\' && p[1] && quote != '\'') {
			one[0] = p[1];
			buf_puts(out, one);
			p += 2;
		} else if (*p == '$' && quote != '\'') {
			p = put_variable(c, p, out);
		} else {
			buf_puts(out, one);
			p++;
		}
	}
	return p;
}

/* 1: a word, 0: there is none left. */
static int next_word(const struct change *c, const char **rest, bool whole, const char **ret, struct err *e)
{
	scoped_buf b = BUF(LIMIT_IMAGE_CONFIG);
	const char *p = skip_blanks(*rest);

	if (!*p)
		return 0;
	*rest = put_word(c, p, whole, &b);
	if (buf_status(&b, e) < 0)
		return -ENOMEM;
	*ret = arena_str(c->a, b.p ? b.p : "");
	return *ret ? 1 : err_oom(e);
}

static int needs_one(const struct change *c, struct err *e)
{
	return err_set(e, EINVAL, "%s requires at least one argument", c->name);
}

/* The whole text as one word. */
static int one_word(const struct change *c, const char *text, const char **ret, struct err *e)
{
	int r = next_word(c, &text, true, ret, e);

	if (r < 0)
		return r;
	return r == 1 && **ret ? 0 : err_set(e, EINVAL, "%s requires exactly one argument", c->name);
}

struct array {
	struct oci_strings v;
};

static const struct json_row array_rows[] = { { "v", JSON_TEXTS, 0, offsetof(struct array, v) } };
static const struct json_table array_table = JSON_TABLE(array_rows, struct array);

/* Exec form: an array of texts and nothing else. */
static bool parse_array(const struct change *c, const char *text, struct oci_strings *ret)
{
	const char *document = *text == '[' ? arena_fmt(c->a, "{\"v\":%s}", text) : NULL;
	struct array array;

	if (!document || json_decode(sv_from(document), &array_table, c->a, &array, NULL) < 0)
		return false;
	*ret = array.v;
	return true;
}

/* ---- the command --------------------------------------------------------------------------------------------- */

static int parse_command(const struct change *c, const char *text, struct oci_strings *ret, struct err *e)
{
	const struct oci_strings *shell = &c->image->shell;
	struct oci_strings list = { 0 };
	int r = 0;

	if (parse_array(c, text, ret))
		return 0;
	if (!*text)
		return 0;
	if (!shell->n) {
		r = strings_add(c->a, &list, "/bin/sh");
		r = r < 0 ? r : strings_add(c->a, &list, "-c");
	}
	for (size_t i = 0; r == 0 && i < shell->n; i++)
		r = strings_add(c->a, &list, shell->v[i]);
	if (r == 0)
		r = strings_add(c->a, &list, text);
	if (r < 0)
		return err_oom(e);
	*ret = list;
	return 0;
}

static int change_cmd(struct change *c, const char *text, struct err *e)
{
	struct oci_strings cmd = { 0 };
	int r = parse_command(c, text, &cmd, e);

	if (r < 0)
		return r;
	c->image->base.cmd = cmd;
	*c->cmd_was_set = true;
	return 0;
}

static int change_entrypoint(struct change *c, const char *text, struct err *e)
{
	struct oci_strings entrypoint = { 0 };
	int r = parse_command(c, text, &entrypoint, e);

	if (r < 0)
		return r;
	c->image->base.entrypoint = entrypoint;
	if (!*c->cmd_was_set)
		c->image->base.cmd = (struct oci_strings){ 0 };
	return 0;
}

/* ---- health -------------------------------------------------------------------------------------------------- */

static int health_number(const struct change *c, const char *option, const char *value, int64_t *ret, struct err *e)
{
	uint64_t n;

	if (sv_u64(sv_from(value), &n) < 0 || n > INT32_MAX)
		return err_set(e, EINVAL, "%s --%s=%s: not a number", c->name, option, value);
	*ret = (int64_t)n;
	return 0;
}

static int health_option(const struct change *c, const char *word, struct image_health *h, struct err *e)
{
	const struct {
		const char *name;
		int64_t *to;
	} times[] = { { "interval=", &h->interval }, { "timeout=", &h->timeout },
		      { "start-period=", &h->start_period }, { "start-interval=", &h->start_interval } };

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		size_t n = strlen(times[i].name);

		if (strncmp(word, times[i].name, n) != 0)
			continue;
		if (duration_parse(sv_from(word + n), times[i].to, NULL) < 0)
			return err_set(e, EINVAL, "%s --%s: not a duration", c->name, word);
		return 0;
	}
	if (strncmp(word, "retries=", 8) == 0)
		return health_number(c, "retries", word + 8, &h->retries, e);
	return err_set(e, EINVAL, "unknown flag: --%s", word);
}

static int health_test(const struct change *c, const char *text, struct oci_strings *ret, struct err *e)
{
	struct oci_strings exec = { 0 }, list = { 0 };
	bool is_array;
	int r;

	if (strncasecmp(text, "CMD", 3) != 0 || (text[3] && !is_blank(text[3])))
		return err_set(e, EINVAL, "Unknown type \"%.40s\" in HEALTHCHECK (try CMD)", text);
	text = skip_blanks(text + 3);
	if (!*text)
		return err_set(e, EINVAL, "Missing command after HEALTHCHECK CMD");
	is_array = parse_array(c, text, &exec);
	r = strings_add(c->a, &list, is_array ? "CMD" : "CMD-SHELL");
	if (r == 0 && !is_array)
		r = strings_add(c->a, &list, text);
	for (size_t i = 0; r == 0 && i < exec.n; i++)
		r = strings_add(c->a, &list, exec.v[i]);
	if (r < 0)
		return err_oom(e);
	*ret = list;
	return 0;
}

static int change_healthcheck(struct change *c, const char *text, struct err *e)
{
	struct image_health h = { .interval = 0 };
	const char *word;
	int r = 0;

	while (r == 0 && strncmp(text, "--", 2) == 0) {
		r = next_word(c, &text, false, &word, e);
		r = r < 0 ? r : health_option(c, word + 2, &h, e);
		text = skip_blanks(text);
	}
	if (r < 0)
		return r;
	if (strcasecmp(text, "NONE") == 0)
		r = strings_add(c->a, &h.test, "NONE") < 0 ? err_oom(e) : 0;
	else
		r = health_test(c, text, &h.test, e);
	if (r == 0)
		c->image->health = h;
	return r;
}

/* ---- names and values ---------------------------------------------------------------------------------------- */

struct pair {
	const char *key, *value;
};

/* "K=V K=V", or the old "K all the rest". */
static int each_pair(struct change *c, const char *text, int (*fn)(struct change *c, const struct pair *p),
		     struct err *e)
{
	const char *word, *key;
	int r = next_word(c, &text, false, &word, e), n = 0;

	for (; r == 1; r = next_word(c, &text, false, &word, e), n++) {
		const char *equal = strchr(word, '=');
		struct pair p;

		if (!equal && n)
			return err_set(e, EINVAL,
				       "Syntax error - can't find = in \"%.100s\". Must be of the form: name=value",
				       word);
		key = equal ? arena_sv(c->a, (struct sv){ word, (size_t)(equal - word) }) : word;
		p = (struct pair){ key, equal ? equal + 1 : NULL };
		if (!equal && next_word(c, &text, true, &p.value, e) != 1)
			return err_set(e, EINVAL, "%s must have two arguments", c->name);
		if (!key || !*key)
			return key ? err_set(e, EINVAL, "%s names can not be blank", c->name) : err_oom(e);
		if (fn(c, &p) < 0)
			return err_oom(e);
	}
	return r < 0 ? r : n ? 0 : needs_one(c, e);
}

static int set_env(struct change *c, const struct pair *p)
{
	return env_putf(c->a, &c->image->base.env, p->key, p->value);
}

static int set_label(struct change *c, const struct pair *p)
{
	return pairs_set(c->a, &c->image->base.labels, p->key, p->value);
}

static int change_env(struct change *c, const char *text, struct err *e)
{
	return each_pair(c, text, set_env, e);
}

static int change_label(struct change *c, const char *text, struct err *e)
{
	return each_pair(c, text, set_label, e);
}

/* ---- lists --------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of a map: sorted, each once. */
static int add_key(struct change *c, struct oci_strings *to, const char *key, struct err *e)
{
	if (!key)
		return err_oom(e);
	if (strings_has(to, key))
		return 0;
	if (strings_add(c->a, to, key) < 0)
		return err_oom(e);
	qsort(to->v, to->n, sizeof *to->v, by_text);
	return 0;
}

static bool parse_ports(struct sv text, uint64_t *ret_first, uint64_t *ret_last)
{
	struct sv first, last;
	bool range = sv_cut(text, '-', &first, &last);

	if (sv_u64(first, ret_first) < 0 || sv_u64(range ? last : first, ret_last) < 0)
		return false;
	return *ret_first >= 1 && *ret_last >= *ret_first && *ret_last <= 65535;
}

static int expose(struct change *c, const char *word, struct err *e)
{
	struct sv ports, protocol;
	bool named = sv_cut(sv_from(word), '/', &ports, &protocol);
	uint64_t first, last;
	int r = 0;

	if (!named)
		protocol = SV("tcp");
	if (!parse_ports(ports, &first, &last))
		return err_set(e, EINVAL, "Invalid containerPort: %.60s", word);
	if (!sv_is(protocol, "tcp") && !sv_is(protocol, "udp") && !sv_is(protocol, "sctp"))
		return err_set(e, EINVAL, "Invalid proto: " SV_FMT, SV_ARG(protocol));
	for (; r == 0 && first <= last; first++)
		r = add_key(c, &c->image->base.exposed_ports,
			    arena_fmt(c->a, "%u/" SV_FMT, (unsigned)first, SV_ARG(protocol)), e);
	return r;
}

static int change_expose(struct change *c, const char *text, struct err *e)
{
	const char *word;
	int r, n = 0;

	while ((r = next_word(c, &text, false, &word, e)) == 1) {
		r = expose(c, word, e);
		if (r < 0)
			return r;
		n++;
	}
	return r < 0 ? r : n ? 0 : needs_one(c, e);
}

static int change_volume(struct change *c, const char *text, struct err *e)
{
	struct oci_strings list = { 0 };
	const char *word;
	int r = 0;

	if (!parse_array(c, text, &list))
		while ((r = next_word(c, &text, false, &word, e)) == 1)
			if (strings_add(c->a, &list, word) < 0)
				return err_oom(e);
	if (r == 0 && !list.n)
		r = needs_one(c, e);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		if (!list.v[i][0])
			return err_set(e, EINVAL, "VOLUME specified can not be an empty string");
		r = add_key(c, &c->image->base.volumes, list.v[i], e);
	}
	return r;
}

/* ---- single values ------------------------------------------------------------------------------------------- */

static int change_user(struct change *c, const char *text, struct err *e)
{
	return one_word(c, text, &c->image->base.user, e);
}

static int change_workdir(struct change *c, const char *text, struct err *e)
{
	const char *before = c->image->base.working_dir, *path;
	int r = one_word(c, text, &path, e);

	if (r < 0)
		return r;
	if (path[0] != '/')
		path = arena_fmt(c->a, "%s/%s", before && before[0] == '/' ? before : "", path);
	path = path ? path_clean(c->a, sv_from(path)) : NULL;
	if (!path)
		return err_oom(e);
	c->image->base.working_dir = path;
	return 0;
}

static int change_stopsignal(struct change *c, const char *text, struct err *e)
{
	const char *name;
	int r = one_word(c, text, &name, e);

	if (r == 0 && signal_from_name(sv_from(name)) < 0)
		r = err_set(e, EINVAL, "invalid signal: '%.40s'", name);
	if (r == 0)
		c->image->base.stop_signal = name;
	return r;
}

static int change_onbuild(struct change *c, const char *text, struct err *e)
{
	const char *copy = arena_str(c->a, text);

	if (!*text)
		return needs_one(c, e);
	if (strncasecmp(text, "ONBUILD", 7) == 0)
		return err_set(e, EINVAL, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	if (strncasecmp(text, "FROM", 4) == 0 || strncasecmp(text, "MAINTAINER", 10) == 0)
		return err_set(e, EINVAL, "FROM and MAINTAINER aren't allowed as an ONBUILD trigger");
	return strings_add(c->a, &c->image->on_build, copy) < 0 ? err_oom(e) : 0;
}

/* ---- all ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*fn)(struct change *c, const char *text, struct err *e);
} instructions[] = {
	{ "CMD", change_cmd },         { "ENTRYPOINT", change_entrypoint }, { "ENV", change_env },
	{ "EXPOSE", change_expose },   { "HEALTHCHECK", change_healthcheck }, { "LABEL", change_label },
	{ "ONBUILD", change_onbuild }, { "STOPSIGNAL", change_stopsignal }, { "USER", change_user },
	{ "VOLUME", change_volume },   { "WORKDIR", change_workdir },
};

int image_change(struct image_full_config *image, bool *cmd_was_set, const char *text, struct arena *a, struct err *e)
{
	struct change c = { image, cmd_was_set, a, NULL };
	const char *name = skip_blanks(text);
	size_t n = strcspn(name, " \t\r\n");
	struct sv rest = sv_trim(sv_from(name + n));
	const char *arguments = arena_sv(a, rest);

	if (!arguments)
		return err_oom(e);
	for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++) {
		if (strlen(instructions[i].name) != n || strncasecmp(name, instructions[i].name, n) != 0)
			continue;
		c.name = instructions[i].name;
		return instructions[i].fn(&c, arguments, e);
	}
	return err_set(e, EINVAL, "%.*s is not a valid change command", (int)(n < 40 ? n : 40), name);
}
