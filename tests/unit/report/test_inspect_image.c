/* SPDX-License-Identifier: Apache-2.0 */
#include "report/inspect_priv.h"

#include "base/scope.h"

#include "../test.h"

#include <json-c/json.h>
#include <string.h>

static const char image_json[] =
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"PATH=/bin\",\"LANG=C\",\"A=image\"],\"User\":\"app\","
	"\"WorkingDir\":\"/srv\",\"StopSignal\":\"SIGQUIT\",\"Labels\":{\"of\":\"image\",\"l\":\"image\"},\"Volumes\":{\"/v\":{}},"
	"\"ExposedPorts\":{\"80/tcp\":{}}},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}";

static void check(const char *json, const char *want)
{
	scoped_arena a = ARENA(1 << 20);
	struct json_object *o = json_object_new_object();
	struct container_config c;
	struct image_config image;
	struct err e = { 0 };

	assert_int_equal(0, image_config_parse(sv_from(image_json), &a, &image, &e));
	assert_int_equal(0, config_parse(sv_from(json), &a, &c, &e));
	inspect_merge_image(o, &c, &image);
	inspect_put_security(o, &c);
	assert_string_equal(want,
			    json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

TEST(what_was_not_asked_for_is_the_images)
{
	check("{}",
	      "{\"Env\":[\"PATH=/bin\",\"LANG=C\",\"A=image\"],\"Labels\":{\"of\":\"image\",\"l\":\"image\"},\"User\":\"app\","
	      "\"WorkingDir\":\"/srv\",\"StopSignal\":\"SIGQUIT\",\"Volumes\":{\"/v\":{}},\"ExposedPorts\":{\"80/tcp\":{}},"
	      "\"SecurityOpt\":null}");
}

TEST(what_was_asked_for_comes_first)
{
	check("{\"Config\":{\"Env\":[\"A=asked\",\"B=1\"],\"User\":\"7\",\"WorkingDir\":\"/w\",\"StopSignal\":\"TERM\",\"Labels\":{"
	      "\"l\":\"asked\"}},\"Tare\":{\"Seccomp\":\"unconfined\",\"NoNewPrivileges\":true,\"AppArmorProfile\":\"p\"}}",
	      "{\"Env\":[\"A=asked\",\"B=1\",\"PATH=/bin\",\"LANG=C\"],\"Labels\":{\"of\":\"image\",\"l\":\"asked\"},\"Volumes\":{"
	      "\"/v\":{}},\"ExposedPorts\":{\"80/tcp\":{}},\"SecurityOpt\":[\"seccomp=unconfined\",\"no-new-privileges\","
	      "\"apparmor=p\"]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_was_not_asked_for_is_the_images),
		RUN(what_was_asked_for_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
