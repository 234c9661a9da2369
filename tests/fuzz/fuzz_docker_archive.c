/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_docker_archive.c - any text as the manifest.json of `docker save`. */
#include "base/scope.h"
#include "oci/docker_archive.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena a = ARENA(16u << 20);
	struct docker_archive archive = { 0 };
	struct err e = { 0 };
	int r = docker_archive_parse((struct sv){ (const char *)data, size }, &a, &archive, &e);

	if (r < 0 && (e.code != -r || !e.msg[0] || archive.images.n))
		abort();
	for (size_t i = 0; r == 0 && i < archive.images.n; i++)
		if (!archive.images.v[i].config)
			abort();
	return 0;
}
