/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/volume_options.h"

#include "../test.h"
#include "base/scope.h"
#include "oci/list.h"

#include <errno.h>

static const struct {
	const char *type, *device, *o; /* NULL: not given */
	int rc;
	enum volume_backing backing;
	const char *text;
} cases[] = {
	{ NULL, NULL, NULL, 0, VOLUME_FOLDER, NULL },
	{ "none", "/srv", "bind", 0, VOLUME_BIND, NULL },
	{ "bind", "/srv", "ro,rbind", 0, VOLUME_BIND, NULL },
	{ "tmpfs", "tmpfs", NULL, 0, VOLUME_TMPFS, NULL },
	{ "tmpfs", "tmpfs", "size=1m", 0, VOLUME_TMPFS, NULL },
	{ "none", "srv", "bind", -EINVAL, 0, "invalid device \"srv\": an absolute path is needed" },
	{ "tmpfs", NULL, NULL, -EINVAL, 0, "missing required option: \"device\"" },
	{ NULL, "/srv", NULL, -EINVAL, 0, "missing required option: \"type\"" },
	{ NULL, NULL, "bind", -EINVAL, 0, "missing required option: \"device\"" },
	{ "nfs4", ":/srv", "addr=10.0.0.1", -ENOTSUP, 0,
	  "type=nfs4: tare mounts no network file systems (none with o=bind, tmpfs)" },
	{ "none", "/srv", "ro", -ENOTSUP, 0, "type=none: tare mounts no such file system (none with o=bind, tmpfs)" },
};

static struct volume_options options(size_t i, struct arena *a)
{
	struct volume_options o = { .labels = { 0 } };

	if (cases[i].type)
		assert_int_equal(0, pairs_set(a, &o.options, "type", cases[i].type));
	if (cases[i].device)
		assert_int_equal(0, pairs_set(a, &o.options, "device", cases[i].device));
	if (cases[i].o)
		assert_int_equal(0, pairs_set(a, &o.options, "o", cases[i].o));
	return o;
}

TEST(what_is_behind_a_volume)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 20);
		struct volume_options o = options(i, &a);
		enum volume_backing backing = 7;
		struct err e = { 0 };

		assert_int_equal(cases[i].rc, volume_options_backing(&o, &backing, &e));
		assert_int_equal(cases[i].rc ? 7 : cases[i].backing, backing);
		if (cases[i].text)
			assert_string_equal(cases[i].text, e.msg);
	}
}

TEST(what_is_printed_is_parsed_again)
{
	scoped_arena a = ARENA(1 << 20);
	struct volume_options o = options(1, &a), again;
	struct oci_strings words = { 0 };
	scoped_buf b = BUF(4096);

	assert_int_equal(0, pairs_set(&a, &o.labels, "k", "v"));
	assert_int_equal(0, volume_options_print(&o, &b, NULL));
	assert_int_equal(0, volume_options_parse(b.p, &a, &again, NULL));
	assert_string_equal("/srv", volume_option(&again, "device"));
	assert_string_equal("", volume_option(&again, "size"));
	assert_int_equal(1, again.labels.n);
	assert_int_equal(0, volume_options_parse("{}", &a, &again, NULL)); /* of the first release */
	assert_int_equal(0, again.options.n);
	assert_int_equal(-EINVAL, volume_options_parse("[", &a, &again, NULL));
	o = options(2, &a);
	assert_int_equal(0, volume_option_words(&o, &a, &words, NULL));
	assert_int_equal(1, words.n);
	assert_string_equal("ro", words.v[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_behind_a_volume),
		RUN(what_is_printed_is_parsed_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
