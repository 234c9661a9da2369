/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_alert.c - a line as an alert's rule: refused with a message, or it can be stepped with any value. */
#include "base/scope.h"
#include "insight/alert.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t values[] = { 0, 1, 5000, CG_UNSET, CG_MAX, INT64_MAX - 1 };
	scoped_arena a = ARENA(1u << 16);
	struct alert_rule r = { .threshold = -7 };
	struct alert_state s = { 0 };
	struct alert_numbers n = { .taken_ns = 1 },
			     later = { .taken_ns = 2, .cpu_ns = INT64_MAX, .read_bytes = INT64_MAX };
	struct err e = { 0 };

	if (alert_rule_parse((struct sv){ (const char *)data, size }, &a, &r, &e) < 0) {
		require(e.msg[0] && r.threshold == -7);
		return 0;
	}
	require(r.text && r.threshold >= 0 && r.for_ns >= 0 && alert_rule_needs(&r));
	(void)alert_value(&r, &n, &later);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		char text[32];

		(void)alert_step(&r, &s, values[i], (int64_t)i + 1);
		require(alert_value_text(&r, values[i], text)[0]);
	}
	return 0;
}
