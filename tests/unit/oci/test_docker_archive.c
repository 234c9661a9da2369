/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/docker_archive.h"

#include "base/scope.h"

#include "../test.h"

TEST(images_with_their_files)
{
	scoped_arena a = ARENA(1u << 20);
	struct docker_archive d;

	assert_int_equal(0, docker_archive_parse(SV("[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"b:2\"],\"Layers\":"
						    "[\"1/layer.tar\",\"2/layer.tar\"]},{\"Config\":\"d.json\","
						    "\"RepoTags\":null,\"Layers\":[]}]\n"),
						 &a, &d, NULL));
	assert_int_equal(2, d.images.n);
	assert_string_equal("c.json", d.images.v[0].config);
	assert_int_equal(2, d.images.v[0].repo_tags.n);
	assert_string_equal("b:2", d.images.v[0].repo_tags.v[1]);
	assert_string_equal("1/layer.tar", d.images.v[0].layers.v[0]);
	assert_int_equal(0, d.images.v[1].repo_tags.n);
}

TEST(what_is_no_list_of_images_is_refused)
{
	static const char *const texts[] = { "",         "{}", "[1]", "[{}]", "[{\"Config\":7}]", "[{\"Config\":\"c\"}",
					     "1,\"x\":2" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		scoped_arena a = ARENA(1u << 20);
		struct docker_archive d;

		if (docker_archive_parse(sv_from(texts[i]), &a, &d, NULL) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(images_with_their_files),
		RUN(what_is_no_list_of_images_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
