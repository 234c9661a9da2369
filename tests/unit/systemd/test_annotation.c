/* SPDX-License-Identifier: Apache-2.0 */
#include "systemd/property.h"

#include "../test.h"

#include "base/scope.h"

#include <string.h>

static const struct {
	const char *key, *value, *want; /* want NULL: refused */
} cases[] = {
	{ "org.systemd.property.CollectMode", "'inactive-or-failed'", "CollectMode s inactive-or-failed\n" },
	{ "org.systemd.property.Description", "\"a 'b' \\\"c\\\"\"", "Description s a 'b' \"c\"\n" },
	{ "org.systemd.property.MemoryAccounting", "true", "MemoryAccounting b true\n" },
	{ "org.systemd.property.CPUShares", "uint64 512", "CPUShares t 512\n" },
	{ "org.systemd.property.OOMScoreAdjust", "-5", "OOMScoreAdjust i -5\n" },
	{ "org.systemd.property.TimeoutStopUSec", "uint64 1500000", "TimeoutStopUSec t 1500000\n" },
	{ "org.systemd.property.TimeoutStopSec", "1.5", "TimeoutStopUSec t 1500000\n" },
	{ "org.systemd.property.TimeoutStopSec", "int32 7", "TimeoutStopUSec t 7000000\n" },
	{ "org.systemd.property.After", "['a.service', 'b.service']", "After as 2 a.service b.service\n" },
	{ "org.systemd.property.After", "@as []", "After as 0\n" },
	{ "org.systemd.property.AllowedCPUs", "[byte 3, 1]", "AllowedCPUs ay 2 3 1\n" },
	{ "org.opencontainers.image.title", "anything", "" },
	{ "org.systemd.property.After", "[]", NULL },
	{ "org.systemd.property.After", "['a' 'b']", NULL },
	{ "org.systemd.property.After", "['a', 1]", NULL },
	{ "org.systemd.property.Description", "'open", NULL },
	{ "org.systemd.property.Description", "bare", NULL },
	{ "org.systemd.property.Description", "", NULL },
	{ "org.systemd.property.Description", "'a' 'b'", NULL },
	{ "org.systemd.property.CPUShares", "uint64 -1", NULL },
	{ "org.systemd.property.CPUShares", "byte 256", NULL },
	{ "org.systemd.property.Bad Name", "1", NULL },
	{ "org.systemd.property.X", "1", NULL },
	{ "org.systemd.property.TimeoutStopSec", "'long'", NULL },
};

TEST(an_annotation_is_a_property_in_the_text_form_of_gvariant)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 16);
		scoped_buf out = BUF(4096);
		struct oci_pair kv = { cases[i].key, cases[i].value };
		struct unit_properties l = { .arena = &a };
		struct err e = { 0 };
		int r = unit_properties_annotations(&l, &(struct oci_pairs){ &kv, 1 }, &e);

		if (!cases[i].want) {
			assert_int_equal(-EINVAL, r);
			assert_non_null(strstr(e.msg, cases[i].key));
			continue;
		}
		assert_int_equal(0, r);
		unit_properties_print(&l, &out);
		assert_string_equal(cases[i].want, out.p ? out.p : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(an_annotation_is_a_property_in_the_text_form_of_gvariant) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
