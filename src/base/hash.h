/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - FNV-1a of 32 bits: for tables of our own texts and for names that are made of paths. No defence against somebody
 * who chooses texts to collide. What it gives never changes: names of tables and devices are made of it. */
#pragma once

#include "base/sv.h"

#define HASH_START UINT32_C(2166136261)

static inline uint32_t hash_byte(uint32_t h, uint8_t byte)
{
	return (h ^ byte) * UINT32_C(16777619);
}

static inline uint32_t hash_of(struct sv text)
{
	uint32_t h = HASH_START;

	for (size_t i = 0; i < text.n; i++)
		h = hash_byte(h, (uint8_t)text.p[i]);
	return h;
}
