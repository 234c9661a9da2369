/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_runtime_spec.c - any bytes as config.json, and as the process of an exec; what is taken must print, and read
 * back to the same print. */
#include "oci/runtime_spec.h"

#include "base/limits.h"
#include "base/scope.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reads_back(const struct runtime_spec *s)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf first = BUF(8 * LIMIT_CONFIG_JSON), second = BUF(8 * LIMIT_CONFIG_JSON);
	struct runtime_spec again;

	if (runtime_spec_print(s, true, &first, NULL) < 0)
		abort();
	if (runtime_spec_parse(buf_sv(&first), &a, &again, NULL) < 0)
		abort();
	if (runtime_spec_print(&again, true, &second, NULL) < 0 || strcmp(first.p, second.p) != 0)
		abort();
}

static void process_reads_back(const struct oci_process *p)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf first = BUF(8 * LIMIT_CONFIG_JSON), second = BUF(8 * LIMIT_CONFIG_JSON);
	struct oci_process again;

	if (oci_process_print(p, &first, NULL) < 0 || oci_process_parse(buf_sv(&first), &a, &again, NULL) < 0)
		abort();
	if (oci_process_print(&again, &second, NULL) < 0 || strcmp(first.p, second.p) != 0)
		abort();
}

static void try_process(struct sv text)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct oci_process p;
	struct err e = { 0 };

	if (oci_process_parse(text, &a, &p, &e) == 0)
		process_reads_back(&p);
	else if (!e.code || !*e.msg)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct runtime_spec s;
	struct err e = { 0 };

	if (runtime_spec_parse((struct sv){ (const char *)data, size }, &a, &s, &e) == 0)
		reads_back(&s);
	else if (!e.code || !*e.msg)
		abort();
	try_process((struct sv){ (const char *)data, size });
	return 0;
}
