/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_netlink.c - what a socket of netlink may bring, attributes in it, and an interface's line of a charter: nothing is read
 * past its end, and a line that was read prints as it was. */
#include "base/buf.h"
#include "kernel/net_link.h"
#include "kernel/netlink.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned seen;

static void attributes(const char *p, size_t size, unsigned depth)
{
	for (uint16_t type = 0; type < 8 && depth < 4; type++) {
		size_t n = 0;
		const char *inner = netlink_attr(p, size, type, &n);

		if (!inner)
			continue;
		if (inner < p || inner + n > p + size)
			abort();
		for (size_t i = 0; i < n; i++)
			seen += (unsigned char)inner[i];
		attributes(inner, n, depth + 1);
	}
}

static int answer(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	(void)h, (void)arg, (void)e;
	attributes(payload, size, 0);
	return 0;
}

static void line(struct sv text)
{
	struct net_link l, again;
	struct buf out = BUF(4096), back = BUF(4096);
	struct err e;

	if (net_link_parse(text, &l, &e) == 0) {
		net_link_print(&l, &out);
		if (net_link_parse(buf_sv(&out), &again, &e) < 0)
			abort();
		net_link_print(&again, &back);
		if (strcmp(out.p, back.p) != 0)
			abort();
	}
	buf_done(&out);
	buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1); /* so that a read past the end is seen */
	struct err e;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	(void)netlink_answers(copy, size, 0, answer, NULL, &e);
	(void)netlink_answers(copy, size, 1, answer, NULL, &e);
	line((struct sv){ copy, size });
	free(copy);
	return 0;
}
