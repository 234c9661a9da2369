/* SPDX-License-Identifier: Apache-2.0 */
/* dns_queries.h - queries as clients send them, for the tests of the name service. */
#pragma once

#include <stdint.h>
#include <string.h>

/* A query for a name; edns: the size in its OPT record, 0 for none. Returns its length. */
static inline size_t query_make(uint8_t *buf, uint16_t id, const char *name, uint16_t type, uint16_t edns)
{
	static const uint8_t head[] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
	size_t n = sizeof head;

	memcpy(buf, head, sizeof head);
	buf[0] = (uint8_t)(id >> 8);
	buf[1] = (uint8_t)id;
	while (*name) {
		size_t label = strcspn(name, ".");

		buf[n++] = (uint8_t)label;
		memcpy(buf + n, name, label);
		n += label;
		name += label + (name[label] == '.');
	}
	buf[n++] = 0;
	memcpy(buf + n, (uint8_t[]){ (uint8_t)(type >> 8), (uint8_t)type, 0, 1 }, 4);
	n += 4;
	if (edns) {
		buf[11] = 1;
		memcpy(buf + n, (uint8_t[]){ 0, 0, 41, (uint8_t)(edns >> 8), (uint8_t)edns, 0, 0, 0, 0, 0, 0 }, 11);
		n += 11;
	}
	return n;
}
