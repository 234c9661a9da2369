/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/document.h"

#include "base/limits.h"
#include "base/scope.h"
#include "oci/json.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

/* A struct document is a struct json_object by another name: json-c's does not leave this folder. */
static const struct json_object *object(const struct document *d)
{
	return (const struct json_object *)d;
}

int document_parse(struct sv json, struct document **ret, struct err *e)
{
	struct json_tokener *t = json_tokener_new_ex(LIMIT_DEPTH);
	struct json_object *o;
	size_t end;
	int r = 0;

	if (!t)
		return err_oom(e);
	if (json.n > INT32_MAX - 1)
		json.n = INT32_MAX - 1;
	o = json_tokener_parse_ex(t, json.p ? json.p : "", (int)json.n);
	end = json_tokener_get_parse_end(t);
	if (json_tokener_get_error(t) == json_tokener_continue) { /* a bare number ends with the text */
		o = json_tokener_parse_ex(t, "", 1);
		end = json.n;
	}
	if (json_tokener_get_error(t) != json_tokener_success || sv_trim((struct sv){ json.p + end, json.n - end }).n)
		r = err_set(e, EINVAL, "not a JSON document");
	json_tokener_free(t);
	if (r < 0)
		json_object_put(o);
	else
		*ret = (struct document *)o;
	return r;
}

void document_free(struct document *d)
{
	json_object_put((struct json_object *)d);
}

/* ---- JSON --------------------------------------------------------------------------------------------------- */

struct printer {
	struct buf *out;
	bool pretty;
};

static void new_line(struct printer *p, unsigned indent)
{
	if (p->pretty)
		buf_putf(p->out, "\n%*s", (int)(indent * 4), "");
}

static void print_value(struct printer *p, const struct json_object *o, unsigned indent);

static void print_object(struct printer *p, const struct json_object *o, unsigned indent)
{
	unsigned n = 0;

	buf_puts(p->out, "{");
	json_object_object_foreach((struct json_object *)o, key, value) {
		buf_puts(p->out, n++ ? "," : "");
		new_line(p, indent + 1);
		json_put_text(p->out, sv_from(key));
		buf_puts(p->out, p->pretty ? ": " : ":");
		print_value(p, value, indent + 1);
	}
	if (n)
		new_line(p, indent);
	buf_puts(p->out, "}");
}

static void print_array(struct printer *p, const struct json_object *o, unsigned indent)
{
	size_t n = json_object_array_length(o);

	buf_puts(p->out, "[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(p->out, i ? "," : "");
		new_line(p, indent + 1);
		print_value(p, json_object_array_get_idx(o, i), indent + 1);
	}
	if (n)
		new_line(p, indent);
	buf_puts(p->out, "]");
}

static struct sv text_of(const struct json_object *o)
{
	return (struct sv){ json_object_get_string((struct json_object *)o), (size_t)json_object_get_string_len(o) };
}

/* As a number that every reader of JSON knows: json-c also takes "-0e" and "Infinity", and would print what it took. */
static void print_double(struct printer *p, double v)
{
	char text[40];

	(void)snprintf(text, sizeof text, "%.17g", v);
	if (!__builtin_isfinite(v))
		buf_puts(p->out, "null");
	else
		buf_putf(p->out, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static void print_value(struct printer *p, const struct json_object *o, unsigned indent)
{
	switch (json_object_get_type(o)) {
	case json_type_object:
		return print_object(p, o, indent);
	case json_type_array:
		return print_array(p, o, indent);
	case json_type_string:
		return json_put_text(p->out, text_of(o));
	case json_type_null:
	case json_type_boolean:
	case json_type_int:
		buf_puts(p->out, o ? json_object_get_string((struct json_object *)o) : "null");
		return;
	case json_type_double:
		print_double(p, json_object_get_double(o));
	}
}

int document_print(const struct document *d, bool pretty, unsigned indent, struct buf *out, struct err *e)
{
	struct printer p = { out, pretty };

	print_value(&p, object(d), indent);
	return buf_status(out, e);
}

/* ---- as Go prints ------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void go_value(const struct json_object *o, struct buf *out);

static void go_map(const struct json_object *o, struct buf *out)
{
	size_t n = (size_t)json_object_object_length(o), i = 0;
	scoped_free const char **keys = calloc(n + 1, sizeof *keys);

	if (!keys) {
		out->failed = -ENOMEM;
		return;
	}
	json_object_object_foreach((struct json_object *)o, key, value) {
		(void)value;
		keys[i++] = key;
	}
	qsort(keys, n, sizeof *keys, by_key);
	buf_puts(out, "map[");
	for (i = 0; i < n; i++) {
		buf_putf(out, "%s%s:", i ? " " : "", keys[i]);
		go_value(json_object_object_get(o, keys[i]), out);
	}
	buf_puts(out, "]");
}

static void go_value(const struct json_object *o, struct buf *out)
{
	switch (json_object_get_type(o)) {
	case json_type_object:
		return go_map(o, out);
	case json_type_array:
		buf_puts(out, "[");
		for (size_t i = 0; i < json_object_array_length(o); i++) {
			buf_puts(out, i ? " " : "");
			go_value(json_object_array_get_idx(o, i), out);
		}
		buf_puts(out, "]");
		return;
	case json_type_null:
		buf_puts(out, "<no value>");
		return;
	case json_type_string:
		buf_putsv(out, text_of(o));
		return;
	case json_type_boolean:
	case json_type_int:
	case json_type_double:
		buf_puts(out, json_object_get_string((struct json_object *)o));
	}
}

/* ---- expressions -------------------------------------------------------------------------------------------- */

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_PATH, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_OTHER };

struct token {
	enum token_kind kind;
	struct sv text; /* of a path: without its first dot; of a text: between the quotes */
};

struct action {
	struct sv rest, whole;
	struct token token; /* the one that is looked at */
	const struct json_object *root;
	unsigned depth;
};

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct sv take(struct sv *s, size_t n)
{
	struct sv head = { s->p, n };

	*s = (struct sv){ s->p + n, s->n - n };
	return head;
}

static size_t span(struct sv s, bool dots)
{
	size_t n = 0;

	while (n < s.n && (is_name(s.p[n]) || (dots && s.p[n] == '.')))
		n++;
	return n;
}

static int unexpected(const struct action *a, struct err *e)
{
	struct sv t = a->token.text;

	if (a->token.kind == TOKEN_END)
		return err_set(e, EINVAL, "template: {{%.*s}}: something is missing",
			       (int)(a->whole.n < 80 ? a->whole.n : 80), a->whole.p);
	return err_set(e, EINVAL, "template: {{%.*s}}: unexpected \"%.*s\" (fields, json, len, index)",
		       (int)(a->whole.n < 80 ? a->whole.n : 80), a->whole.p, (int)(t.n < 80 ? t.n : 80), t.p);
}

/* A text of Go in double quotes or backquotes; escapes are not known. */
static int next_text(struct action *a, char quote, struct err *e)
{
	const char *end = a->rest.n > 1 ? memchr(a->rest.p + 1, quote, a->rest.n - 1) : NULL;

	if (!end)
		return err_set(e, EINVAL, "template: unterminated quoted string");
	a->token.kind = TOKEN_TEXT;
	a->token.text = take(&a->rest, (size_t)(end - a->rest.p) + 1);
	a->token.text = (struct sv){ a->token.text.p + 1, a->token.text.n - 2 };
	return 0;
}

static int next(struct action *a, struct err *e)
{
	char c;

	a->rest = sv_trim(a->rest);
	if (!a->rest.n) {
		a->token = (struct token){ TOKEN_END, a->rest };
		return 0;
	}
	c = a->rest.p[0];
	if (c == '"' || c == '`')
		return next_text(a, c, e);
	if (c == '.') {
		(void)take(&a->rest, 1);
		a->token = (struct token){ TOKEN_PATH, take(&a->rest, span(a->rest, true)) };
	} else if (is_name(c)) {
		a->token = (struct token){ c >= '0' && c <= '9' ? TOKEN_NUMBER : TOKEN_NAME,
					   take(&a->rest, span(a->rest, false)) };
	} else {
		a->token = (struct token){ TOKEN_OTHER, take(&a->rest, 1) };
	}
	return 0;
}

static bool at(const struct action *a, const char *word)
{
	return (a->token.kind == TOKEN_NAME || a->token.kind == TOKEN_OTHER) && sv_is(a->token.text, word);
}

static int member(const struct json_object *o, struct sv key, bool must, const struct json_object **ret, struct err *e)
{
	struct json_object *found = NULL;
	scoped_free char *name = sv_dup(key);

	if (!name)
		return err_oom(e);
	if (o && json_object_get_type(o) != json_type_object)
		return err_set(e, EINVAL, "template: can't evaluate field %.80s: not an object", name);
	if (o && !json_object_object_get_ex(o, name, &found) && must)
		return err_set(e, EINVAL, "template: map has no entry for key \"%.80s\"", name);
	*ret = found;
	return 0;
}

/* "A.B" from o on; "" is o itself */
static int follow(const struct json_object *o, struct sv path, const struct json_object **ret, struct err *e)
{
	struct sv key;
	int r = 0;

	while (r == 0 && path.n && sv_next(&path, '.', &key))
		r = key.n ? member(o, key, true, &o, e) : err_set(e, EINVAL, "template: unexpected <.> in a path");
	if (r == 0)
		*ret = o;
	return r;
}

static int operand(struct action *a, const struct json_object **ret, struct err *e);

static int index_step(struct action *a, const struct json_object **o, struct err *e)
{
	uint64_t i;

	if (a->token.kind == TOKEN_TEXT)
		return member(*o, a->token.text, false, o, e);
	if (a->token.kind != TOKEN_NUMBER || sv_u64(a->token.text, &i) < 0)
		return unexpected(a, e);
	if (json_object_get_type(*o) != json_type_array || i >= json_object_array_length(*o))
		return err_set(e, EINVAL, "template: index out of range: %llu", (unsigned long long)i);
	*o = json_object_array_get_idx(*o, i);
	return 0;
}

/* index OPERAND KEY… */
static int index_call(struct action *a, const struct json_object **ret, struct err *e)
{
	const struct json_object *o = NULL;
	int r = next(a, e);

	if (r == 0)
		r = operand(a, &o, e);
	while (r == 0 && (a->token.kind == TOKEN_TEXT || a->token.kind == TOKEN_NUMBER)) {
		r = index_step(a, &o, e);
		if (r == 0)
			r = next(a, e);
	}
	if (r == 0)
		*ret = o;
	return r;
}

#define PARENTHESES 16

static int in_parentheses(struct action *a, const struct json_object **ret, struct err *e)
{
	const struct json_object *o = NULL;
	int r = a->depth++ < PARENTHESES ? next(a, e) : err_set(e, EINVAL, "template: too many parentheses");

	if (r == 0)
		r = operand(a, &o, e);
	if (r == 0 && !at(a, ")"))
		r = unexpected(a, e);
	if (r == 0)
		r = next(a, e);
	if (r == 0 && a->token.kind == TOKEN_PATH) { /* (index .A 0).B */
		r = follow(o, a->token.text, &o, e);
		if (r == 0)
			r = next(a, e);
	}
	a->depth--;
	if (r == 0)
		*ret = o;
	return r;
}

/* Leaves the token after the operand in a->token. */
static int operand(struct action *a, const struct json_object **ret, struct err *e)
{
	int r;

	if (at(a, "index"))
		return index_call(a, ret, e);
	if (at(a, "("))
		return in_parentheses(a, ret, e);
	if (a->token.kind != TOKEN_PATH)
		return unexpected(a, e);
	r = follow(a->root, a->token.text, ret, e);
	return r < 0 ? r : next(a, e);
}

/* ---- actions and text --------------------------------------------------------------------------------------- */

typedef int show_fn(const struct json_object *o, struct buf *out, struct err *e);

static int show_plain(const struct json_object *o, struct buf *out, struct err *e)
{
	go_value(o, out);
	return buf_status(out, e);
}

static int show_json(const struct json_object *o, struct buf *out, struct err *e)
{
	return document_print((const struct document *)o, false, 0, out, e);
}

static int show_len(const struct json_object *o, struct buf *out, struct err *e)
{
	enum json_type t = json_object_get_type(o);
	size_t n = t == json_type_array ? json_object_array_length(o) :
		   t == json_type_object ? (size_t)json_object_object_length(o) :
		   t == json_type_string ? (size_t)json_object_get_string_len(o) : 0;

	if (t != json_type_array && t != json_type_object && t != json_type_string && t != json_type_null)
		return err_set(e, EINVAL, "template: len of a number or boolean");
	buf_putf(out, "%zu", n);
	return buf_status(out, e);
}

static show_fn *show_of(const struct action *a)
{
	return at(a, "json") ? show_json : at(a, "len") ? show_len : NULL;
}

/* [json|len] OPERAND [| json|len] */
static int action(const struct json_object *root, struct sv text, struct buf *out, struct err *e)
{
	struct action a = { .rest = text, .whole = text, .root = root };
	const struct json_object *o = NULL;
	show_fn *show;
	int r = next(&a, e);

	if (r < 0)
		return r;
	show = show_of(&a);
	if (show)
		r = next(&a, e);
	if (r == 0)
		r = operand(&a, &o, e);
	if (r == 0 && !show && at(&a, "|")) {
		r = next(&a, e);
		show = r == 0 ? show_of(&a) : NULL;
		if (r == 0)
			r = show ? next(&a, e) : unexpected(&a, e);
	}
	if (r == 0 && a.token.kind != TOKEN_END)
		r = unexpected(&a, e);
	return r < 0 ? r : (show ? show : show_plain)(o, out, e);
}

static struct sv trim_end(struct sv s)
{
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	return s;
}

static struct sv trim_start(struct sv s)
{
	while (s.n && strchr(" \t\r\n", s.p[0]))
		s = (struct sv){ s.p + 1, s.n - 1 };
	return s;
}

int document_template(const struct document *d, struct sv template, struct buf *out, struct err *e)
{
	int r = 0;

	while (r == 0 && template.n) {
		const char *open = memmem(template.p, template.n, "{{", 2), *close;
		struct sv text = take(&template, open ? (size_t)(open - template.p) : template.n), inner;

		if (!open) {
			buf_putsv(out, text);
			break;
		}
		close = memmem(template.p, template.n, "}}", 2);
		if (!close)
			return err_set(e, EINVAL, "template: unclosed action");
		inner = take(&template, (size_t)(close - template.p) + 2);
		inner = (struct sv){ inner.p + 2, inner.n - 4 };
		if (inner.n > 1 && inner.p[0] == '-' && strchr(" \t\r\n", inner.p[1])) {
			text = trim_end(text);
			(void)take(&inner, 1);
		}
		if (inner.n > 1 && inner.p[inner.n - 1] == '-' && strchr(" \t\r\n", inner.p[inner.n - 2])) {
			template = trim_start(template);
			inner.n--;
		}
		buf_putsv(out, text);
		r = action(object(d), inner, out, e);
	}
	return r < 0 ? r : buf_status(out, e);
}

int document_show(const struct document *d, const char *format, struct buf *out, struct err *e)
{
	int r = strcmp(format, "json") == 0 ? document_print(d, false, 0, out, e) :
					      document_template(d, sv_from(format), out, e);

	if (r < 0)
		return err_wrap(e, r, "--format %.80s", format);
	buf_puts(out, "\n");
	return buf_status(out, e);
}

int document_show_json(struct sv json, const char *format, struct buf *out, struct err *e)
{
	struct document *d;
	int r = document_parse(json, &d, e);

	if (r < 0)
		return r;
	r = document_show(d, format, out, e);
	document_free(d);
	return r;
}
