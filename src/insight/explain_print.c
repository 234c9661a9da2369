/* SPDX-License-Identifier: Apache-2.0 */
/* explain_print.c - an explanation in words, the gravest trouble first. */
#include "insight/explain_priv.h"

#include <string.h>

/* ---- words ------------------------------------------------------------------------------------------------------ */

static void put_value(struct arena *a, const struct explain_fact *f, struct buf *out)
{
	double n = (double)f->value;

	if (f->value == CG_MAX) {
		buf_puts(out, "none");
		return;
	}
	switch (f->unit) {
	case UNIT_BYTES:
		buf_puts(out, explain_bytes(a, f->value));
		break;
	case UNIT_NS:
		buf_putf(out, "%.3f s", n / 1e9);
		break;
	case UNIT_US:
		buf_putf(out, "%.3f s", n / 1e6);
		break;
	case UNIT_HUNDREDTHS:
		buf_putf(out, "%.2f %%", n / 100);
		break;
	case UNIT_MILLI_CPU:
		buf_puts(out, explain_cpus(a, f->value));
		break;
	case UNIT_COUNT:
		buf_putf(out, "%lld", (long long)f->value);
		break;
	}
}

static bool is_own(const struct explanation *x, const char *owner)
{
	for (unsigned i = 0; i < x->in->layout->n; i++)
		if (x->in->place.path[i] && strcmp(x->in->place.path[i], owner) == 0)
			return true;
	return false;
}

static void put_owner(const struct explanation *x, const struct explain_fact *f, struct buf *out)
{
	if (!f->owner)
		return;
	if (is_own(x, f->owner))
		buf_puts(out, "  (its own)");
	else if (strcmp(f->owner, "/") == 0)
		buf_puts(out, "  (the host's)");
	else
		buf_putf(out, "  (of cgroup %s)", f->owner);
}

static void put_settings(const struct explanation *x, const char *resource, struct buf *out)
{
	const char *option = "";

	for (size_t i = 0; i < x->in->n_settings; i++) {
		const struct explain_setting *s = &x->in->settings[i];

		if (strcmp(s->resource, resource) != 0)
			continue;
		if (strcmp(s->option, option) != 0)
			buf_putf(out, "  %s%s%s\n", s->option, s->given ? " " : "", s->given ? s->given : "");
		option = s->option;
		buf_putf(out, "      %s = %s", s->file, s->wrote);
		if (!s->now)
			buf_puts(out, x->in->alive ? " (not to be read back)" : "");
		else if (s->changed)
			buf_putf(out, ", changed: %s now", s->now);
		else if (strcmp(s->now, s->wrote) != 0)
			buf_putf(out, ", reads %s", s->now);
		buf_puts(out, "\n");
	}
}

static bool has_any(const struct explanation *x, const char *resource)
{
	for (size_t i = 0; i < x->n_facts; i++)
		if (strcmp(x->facts[i].resource, resource) == 0)
			return true;
	for (size_t i = 0; i < x->in->n_settings; i++)
		if (strcmp(x->in->settings[i].resource, resource) == 0)
			return true;
	return false;
}

static void put_resource(const struct explanation *x, size_t i, struct buf *out)
{
	if (!has_any(x, explain_resources[i].name))
		return;
	buf_putf(out, "\n%s\n", explain_resources[i].title);
	put_settings(x, explain_resources[i].name, out);
	for (size_t f = 0; f < x->n_facts; f++) {
		if (strcmp(x->facts[f].resource, explain_resources[i].name) != 0)
			continue;
		buf_putf(out, "  %-40s", x->facts[f].title);
		put_value(x->arena, &x->facts[f], out);
		put_owner(x, &x->facts[f], out);
		buf_puts(out, "\n");
	}
}

static void put_troubles(const struct explanation *x, struct buf *out)
{
	for (size_t i = 0; i < x->n_troubles; i++) {
		if (i == 0)
			buf_putf(out, "%s: %s\n", x->in->subject, x->troubles[i].text);
		else
			buf_putf(out, "also: %s\n", x->troubles[i].text);
		if (x->troubles[i].advice)
			buf_putf(out, "  -> %s\n", x->troubles[i].advice);
	}
	if (!x->n_troubles && x->in->ended)
		buf_putf(out, "%s: %s; no limit is known to have been the cause\n", x->in->subject, x->in->ended);
	else if (!x->n_troubles && x->in->in_root)
		buf_putf(out, "%s: it is in the root control group, which has no limits\n", x->in->subject);
	else if (!x->n_troubles && x->in->no_group)
		buf_putf(out, "%s: it has no control group of its own that could tell what holds it back\n",
			 x->in->subject);
	else if (!x->n_troubles)
		buf_putf(out, "%s: nothing holds it back\n", x->in->subject);
}

void explain_print(const struct explanation *x, struct buf *out)
{
	put_troubles(x, out);
	if (x->in->ended && x->n_troubles)
		buf_putf(out, "it %s\n", x->in->ended);
	for (size_t i = 0; i < EXPLAIN_RESOURCES; i++)
		put_resource(x, i, out);
	for (size_t i = 0; i < x->n_unseen; i++)
		buf_putf(out, "%snot seen: %s\n", i ? "" : "\n", x->unseen[i]);
}
