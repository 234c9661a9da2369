/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/cni.h"

#include "base/scope.h"
#include "network/subnet.h"

#include "../test.h"

#include <errno.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <string.h>

static const char *said(const char *text, struct buf *out)
{
	buf_reset(out);
	cni_error_text(sv_from(text), out);
	return out->len ? out->p : "";
}

TEST(a_list_has_a_name_and_plugins_and_nothing_that_leads_elsewhere)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "not one JSON value" },
		{ "{} {}", "not one JSON value" },
		{ "{\"plugins\": [{\"type\": \"a\"}]}", "name: not the name of a network" },
		{ "{\"name\": \"../x\", \"plugins\": [{\"type\": \"a\"}]}", "name: not the name of a network" },
		{ "{\"name\": \"x\", \"plugins\": []}", "plugins: a list of 1 to 64" },
		{ "{\"name\": \"x\", \"plugins\": [{\"type\": \"a\"}, {\"type\": \"../sh\"}]}",
		  "plugins[1].type: not the name of a plugin" },
		{ "{\"name\": \"x\", \"plugins\": [1]}", "plugins[0].type: not the name of a plugin" },
	};
	struct cni_list l = { 0 };
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_true(cni_list_parse(sv_from(bad[i].text), &l, &e) < 0);
		assert_string_equal(bad[i].why, e.msg);
		assert_null(l.json);
	}
	assert_int_equal(0, cni_list_parse(SV("{\"name\": \"x\", \"type\": \"ptp\", \"mtu\": 9000}"), &l, &e));
	assert_int_equal(1, l.plugins);
	assert_string_equal("0.2.0", l.version);
	cni_list_done(&l);
}

TEST(a_plugin_gets_what_it_is_capable_of_and_what_the_one_before_it_said)
{
	scoped_arena a = ARENA(1 << 20);
	struct buf out = BUF(1 << 16);
	struct json_object *known = json_tokener_parse("{\"portMappings\": [{\"hostPort\": 80}], \"bandwidth\": {}}");
	struct json_object *before = json_tokener_parse("{\"ips\": []}");
	struct cni_list l;
	const char *type;

	assert_int_equal(
		0, cni_list_parse(
			   SV("{\"name\":\"x\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"a\"},{\"type\":\"b\","
			      "\"capabilities\":{\"portMappings\":true,\"bandwidth\":false}}]}"),
			   &l, NULL));
	assert_int_equal(0, cni_plugin_config(&l, 0, known, NULL, &out, &type, &a, NULL));
	assert_string_equal("{\"type\":\"a\",\"name\":\"x\",\"cniVersion\":\"1.0.0\"}", out.p);
	buf_reset(&out);
	assert_int_equal(0, cni_plugin_config(&l, 1, known, before, &out, &type, &a, NULL));
	assert_string_equal("b", type);
	assert_string_equal(
		"{\"type\":\"b\",\"capabilities\":{\"portMappings\":true,\"bandwidth\":false},\"name\":\"x\","
		"\"cniVersion\":\"1.0.0\",\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":80}]},"
		"\"prevResult\":{\"ips\":[]}}",
		out.p);
	buf_done(&out);
	json_object_put(known);
	json_object_put(before);
	cni_list_done(&l);
}

TEST(a_result_has_addresses_gateways_and_the_containers_own_hardware_address)
{
	struct cni_result r;
	char text[SUBNET_TEXT];

	assert_int_equal(
		0,
		cni_result_parse(
			SV("{\"interfaces\":[{\"name\":\"eth0\",\"mac\":\"00:00:00:00:00:01\"},"
			   "{\"name\":\"eth0\",\"mac\":\"00:00:00:00:00:02\",\"sandbox\":\"/n\"}],"
			   "\"ips\":[{\"address\":\"10.0.0.2/24\",\"gateway\":\"10.0.0.1\"},{\"address\":\"fd00::2/64\"}]}"),
			&r, NULL));
	assert_int_equal(2, r.n);
	assert_string_equal("10.0.0.2/24", net_subnet_print(&r.ips[0], text));
	assert_string_equal("fd00::2/64", net_subnet_print(&r.ips[1], text));
	assert_string_equal("10.0.0.1", net_ip_print(&r.gateway4, text));
	assert_int_equal(0, r.gateway6.family);
	assert_string_equal("00:00:00:00:00:02", r.mac);
	assert_int_equal(0, cni_result_parse(SV("{\"ip4\":{\"ip\":\"10.0.0.9/8\"}}"), &r, NULL));
	assert_int_equal(1, r.n);
	assert_int_equal(0, cni_result_parse(SV("{}"), &r, NULL));
	assert_int_equal(0, r.n);
}

TEST(a_result_that_is_none_is_refused)
{
	static const char *const bad[] = {
		"", "[]", "1", "{\"ips\":[1]}", "{\"ips\":[{\"address\":\"10.0.0.2\"}]}",
		"{\"ips\":[{\"address\":\"10.0.0.2/24\",\"gateway\":\"fd00::1\"}]}", "{\"ip6\":{\"ip\":\"x/1\"}}",
	};
	struct buf many = BUF(1 << 20);
	struct cni_result r = { .n = 7 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(cni_result_parse(sv_from(bad[i]), &r, NULL) < 0);
	buf_puts(&many, "{\"ips\":[");
	for (int i = 0; i <= LIMIT_CNI_ADDRESSES; i++)
		buf_puts(&many, i ? ",{\"address\":\"10.0.0.1/8\"}" : "{\"address\":\"10.0.0.1/8\"}");
	buf_puts(&many, "]}");
	assert_int_equal(-E2BIG, cni_result_parse(buf_sv(&many), &r, NULL));
	assert_int_equal(7, r.n);
	buf_done(&many);
}

TEST(what_a_failing_plugin_says_is_one_line)
{
	struct buf out = BUF(4096);

	assert_string_equal("no room: try later",
			    said("{\"code\":11,\"msg\":\"no room\",\"details\":\"try\\nlater\"}", &out));
	assert_string_equal("no room", said("{\"msg\":\"no room\"}", &out));
	assert_string_equal("panic:  x", said("panic:\n\tx\n", &out));
	assert_string_equal("", said("", &out));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_list_has_a_name_and_plugins_and_nothing_that_leads_elsewhere),
		RUN(a_plugin_gets_what_it_is_capable_of_and_what_the_one_before_it_said),
		RUN(a_result_has_addresses_gateways_and_the_containers_own_hardware_address),
		RUN(a_result_that_is_none_is_refused),
		RUN(what_a_failing_plugin_says_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
