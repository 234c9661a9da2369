/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/env.h"

#include "../test.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/scope.h"

#include <errno.h>

#define LIST(...) (&(struct oci_strings){ (const char *[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *) })

static const char *text_of(const struct oci_strings *env, struct buf *b)
{
	for (size_t i = 0; i < env->n; i++)
		(void)buf_putf(b, "%s%s", i ? " " : "", env->v[i]);
	return b->p ? b->p : "";
}

TEST(each_name_is_there_once_and_keeps_its_place)
{
	scoped_arena a = ARENA(1 << 16);
	scoped_buf b = BUF(4096);
	struct oci_strings env = { 0 };

	assert_int_equal(0, env_merge(&a, &env, LIST("A=1", "B=2", "AB=3", "A=4=5", "B", "C=", "NOSUCH"), NULL));
	assert_string_equal("A=4=5 AB=3 C=", text_of(&env, &b));
	assert_null(env_find(&env, SV("B")));
	assert_string_equal("AB=3", *env_find(&env, SV("AB")));
}

TEST(dockers_order)
{
	scoped_arena a = ARENA(1 << 16);
	scoped_buf b = BUF(4096);
	struct oci_strings env;

	assert_int_equal(0, env_of_container(&a, "h", true, LIST("X=asked", "HOSTNAME=mine", "Y=asked"),
					     LIST("PATH=/image", "X=image", "Z=image"), &env, NULL));
	assert_string_equal("PATH=/image HOSTNAME=mine TERM=xterm X=asked Y=asked Z=image", text_of(&env, &b));
}

TEST(what_was_taken_away_is_not_the_images_either)
{
	scoped_arena a = ARENA(1 << 16);
	scoped_buf b = BUF(4096);
	struct oci_strings env;

	assert_int_equal(0,
			 env_of_container(&a, NULL, false, LIST("PATH", "X"), LIST("X=image", "Y=image"), &env, NULL));
	assert_string_equal("Y=image", text_of(&env, &b));
}

TEST(home_is_the_users_unless_there_is_one)
{
	scoped_arena a = ARENA(1 << 16);
	scoped_buf b = BUF(4096), c = BUF(4096), d = BUF(4096);
	struct oci_strings none = { 0 }, empty = { 0 }, own = { 0 };

	assert_int_equal(0, env_put_home(&a, &none, NULL));
	assert_string_equal("HOME=/", text_of(&none, &b));
	assert_int_equal(0, env_put(&a, &empty, "HOME=") | env_put_home(&a, &empty, "/h"));
	assert_string_equal("HOME=/h", text_of(&empty, &c));
	assert_int_equal(0, env_put(&a, &own, "HOME=/own") | env_put_home(&a, &own, "/h"));
	assert_string_equal("HOME=/own", text_of(&own, &d));
}

TEST(an_environment_has_a_ceiling)
{
	scoped_arena a = ARENA(1 << 16);
	struct oci_strings huge = { .n = LIMIT_ENV_COUNT + 1 }, env = { 0 };
	struct err e = { 0 };

	assert_int_equal(-E2BIG, env_merge(&a, &env, &huge, &e));
	assert_int_equal(-E2BIG, env_of_container(&a, NULL, false, &env, &huge, &env, &e));
	assert_string_equal("more than 8192 environment variables", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(each_name_is_there_once_and_keeps_its_place),
		RUN(dockers_order),
		RUN(what_was_taken_away_is_not_the_images_either),
		RUN(home_is_the_users_unless_there_is_one),
		RUN(an_environment_has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
