/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - a JSON document as people ask for it: printed, or through a template of Go's text/template.
 *
 * Of the templates, what is mostly used: text, {{.A.B}}, {{.}}, {{json .A}}, {{len .A}}, {{index .A "key" 0}},
 * {{.A | json}}, parentheses, and {{- and -}} that eat blanks. Values print as Go prints them: text as it is, lists as
 * [a b], objects as map[k:v], null as <no value>. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>

struct document;

/* document_parse - the whole text is one JSON value. -EINVAL */
int document_parse(struct sv json, struct document **ret, struct err *e);
void document_free(struct document *d);

/* document_print - pretty: four blanks a level, as Docker's inspect; `indent` levels to begin with. No newline at the
 * end. */
int document_print(const struct document *d, bool pretty, unsigned indent, struct buf *out, struct err *e);

/* document_template - append the template's text. -EINVAL: not a template that is understood, or a key that is not
 * there; the text names it. What was appended before stays. */
int document_template(const struct document *d, struct sv template, struct buf *out, struct err *e);

/* document_show - a line as --format asks for it: "json", or a template. -EINVAL: the text begins with the option. */
int document_show(const struct document *d, const char *format, struct buf *out, struct err *e);
int document_show_json(struct sv json, const char *format, struct buf *out, struct err *e);
