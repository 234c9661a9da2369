/* SPDX-License-Identifier: Apache-2.0 */
/* What Kubernetes calls events of a pod: the same one again is counted. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "monitor/pod_parts.h"

#include <inttypes.h>
#include <string.h>

static struct happening *place(struct happenings *h, const struct happening *as)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->v[i].reason, as->reason) == 0 && strcmp(h->v[i].name, as->name) == 0 &&
		    strcmp(h->v[i].text, as->text) == 0)
			return &h->v[i];
	if (h->n == HAPPENINGS)
		memmove(h->v, h->v + 1, --h->n * sizeof *h->v);
	h->v[h->n] = *as;
	return &h->v[h->n++];
}

static void write_down(struct pod *p)
{
	scoped_buf b = BUF(LIMIT_RECORD);

	for (size_t i = 0; i < p->happenings.n; i++) {
		const struct happening *h = &p->happenings.v[i];

		buf_putf(&b, "%" PRId64 " %" PRId64 " %u %s %s %s %s\n", h->first_ns, h->last_ns, h->count,
			 h->warning ? "Warning" : "Normal", h->reason, h->name, h->text);
	}
	if (buf_status(&b, NULL) == 0)
		(void)io_replace_at(p->dir, POD_EVENTS_FILE, b.p, b.len, 0600, IO_DISK_LATER, NULL);
}

void happened(struct pod *p, const char *name, bool warning, const char *reason, const char *fmt, ...)
{
	struct happening now = { .first_ns = clock_real_ns(), .warning = warning }, *kept;
	va_list ap;

	(void)snprintf(now.reason, sizeof now.reason, "%s", reason);
	(void)snprintf(now.name, sizeof now.name, "%s", name);
	va_start(ap, fmt);
	(void)vsnprintf(now.text, sizeof now.text, fmt, ap);
	va_end(ap);
	for (char *c = now.text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	kept = place(&p->happenings, &now);
	kept->count++;
	kept->last_ns = now.first_ns;
	write_down(p);
}
