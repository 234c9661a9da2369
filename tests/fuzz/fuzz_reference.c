/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_reference.c - any bytes as an image's name; what is taken must print and read back as the same name. */
#include "oci/reference.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool same(const struct reference *a, const struct reference *b)
{
	return strcmp(a->domain, b->domain) == 0 && strcmp(a->path, b->path) == 0 && strcmp(a->tag, b->tag) == 0 &&
	       strcmp(a->digest.hex, b->digest.hex) == 0;
}

static void reads_back(const struct reference *r)
{
	char text[REFERENCE_SIZE];
	struct reference again;

	require(reference_parse(sv_from(reference_print(r, text)), &again, NULL) == 0 && same(r, &again));
	/* A path of 64 hexadecimal digits on docker.io has a familiar form that Docker itself refuses to read. */
	reference_print_familiar(r, text);
	if (reference_parse(sv_from(text), &again, NULL) == 0)
		require(same(r, &again));
	else
		require(strlen(text) == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reference r = { 0 }, untouched = { 0 };
	struct err e = { 0 };

	if (reference_parse((struct sv){ (const char *)data, size }, &r, &e) < 0) {
		require(e.code > 0 && e.msg[0] && memcmp(&r, &untouched, sizeof r) == 0);
		return 0;
	}
	require(r.domain[0] && r.path[0]);
	reads_back(&r);
	reference_default_tag(&r);
	reads_back(&r);
	return 0;
}
