/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_quantity.c - quantities: what is printed reads as the same, and sums and orders agree. */
#include "kube/quantity.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void one(const struct quantity *q)
{
	struct quantity again, up = quantity_round(q, -3);
	char text[QUANTITY_TEXT];

	require(quantity_parse(sv_from(quantity_print(q, text)), &again, NULL) == 0);
	require(quantity_compare(q, &again) == 0);
	require((quantity_value(q) > 0) == (quantity_sign(q) > 0) && (quantity_value(q) < 0) == (quantity_sign(q) < 0));
	require(quantity_sign(q) < 0 ? quantity_compare(&up, q) <= 0 : quantity_compare(&up, q) >= 0);
}

static void two(const struct quantity *a, const struct quantity *b)
{
	struct quantity sum = quantity_add(a, b), other = quantity_add(b, a), less = quantity_sub(&sum, &sum);

	one(&sum);
	require(quantity_compare(&sum, &other) == 0 && quantity_sign(&less) == 0);
	require(quantity_compare(a, b) == -quantity_compare(b, a));
	require(quantity_sign(b) < 0 || quantity_compare(&sum, a) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv text = { (const char *)data, size }, left, right;
	struct quantity a = { .scale = 77 }, b;
	struct err e = { 0 };

	(void)sv_cut(text, ' ', &left, &right);
	if (quantity_parse(left, &a, &e) < 0) {
		require(e.msg[0] && a.scale == 77);
		return 0;
	}
	one(&a);
	if (quantity_parse(right, &b, NULL) == 0)
		two(&a, &b);
	return 0;
}
