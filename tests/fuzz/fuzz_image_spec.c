/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_image_spec.c - any bytes as the documents of an image, which are hostile by birth. */
#include "oci/image_spec.h"

#include "base/limits.h"
#include "base/scope.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void config_reads_back(const struct image_config *c)
{
	scoped_arena a = ARENA(8 * LIMIT_IMAGE_CONFIG);
	scoped_buf first = BUF(8 * LIMIT_IMAGE_CONFIG), second = BUF(8 * LIMIT_IMAGE_CONFIG);
	struct image_config again;

	require(image_config_print(c, &first, NULL) == 0);
	require(image_config_parse(buf_sv(&first), &a, &again, NULL) == 0);
	require(image_config_print(&again, &second, NULL) == 0 && strcmp(first.p, second.p) == 0);
}

/* What commit makes of it is read again, as the same. */
static void full_config_reads_back(const struct image_full_config *c)
{
	scoped_arena a = ARENA(8 * LIMIT_IMAGE_CONFIG);
	scoped_buf first = BUF(8 * LIMIT_IMAGE_CONFIG), second = BUF(8 * LIMIT_IMAGE_CONFIG);
	struct image_full_config again;

	require(image_full_config_print(c, &first, NULL) == 0);
	require(image_full_config_parse(buf_sv(&first), &a, &again, NULL) == 0);
	require(image_full_config_print(&again, &second, NULL) == 0 && strcmp(first.p, second.p) == 0);
}

/* A digest that was taken is one: nothing that could leave the store's folder by its name. */
static void check_descriptors(const struct image_descriptor *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		require(d[i].size >= 0 && strlen(d[i].digest.hex) == DIGEST_HEX && !strpbrk(d[i].digest.hex, "/."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv json = { (const char *)data, size };
	scoped_arena a = ARENA(LIMIT_IMAGE_CONFIG);
	struct image_config c;
	struct image_full_config full;
	struct image_manifest m;
	struct image_index i;

	if (image_config_parse(json, &a, &c, NULL) == 0)
		config_reads_back(&c);
	if (image_full_config_parse(json, &a, &full, NULL) == 0)
		full_config_reads_back(&full);
	if (image_manifest_parse(json, &a, &m, NULL) == 0) {
		check_descriptors(&m.config, 1);
		check_descriptors(m.layers.v, m.layers.n);
	}
	if (image_index_parse(json, &a, &i, NULL) == 0)
		check_descriptors(i.manifests.v, i.manifests.n);
	return 0;
}
