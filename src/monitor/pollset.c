/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/pollset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void pollset_begin(struct pollset *p)
{
	if (!p->v) {
		p->v = p->first;
		p->room = POLLSET_FIRST;
	}
	p->n = 0;
}

static bool grow(struct pollset *p)
{
	bool first = p->v == p->first;
	struct pollfd *v = realloc(first ? NULL : p->v, 2 * p->room * sizeof *v);

	if (!v)
		return false;
	if (first)
		memcpy(v, p->first, sizeof p->first);
	p->v = v;
	p->room *= 2;
	return true;
}

size_t pollset_add(struct pollset *p, int fd, short events)
{
	if (fd < 0 || (p->n == p->room && !grow(p)))
		return SIZE_MAX;
	p->v[p->n] = (struct pollfd){ .fd = fd, .events = events };
	return p->n++;
}
