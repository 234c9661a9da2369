/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "network/record.h"

#include "base/limits.h"
#include "scratch.h"

#include <arpa/inet.h>

#define NETWORK "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CONTAINER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD "tare-endpoint 1\ncontainer " CONTAINER "\nnetwork " NETWORK "\nnetwork_name back\nname web\n"

static struct ip_address address(const char *text)
{
	struct ip_address a;

	assert_true(ip_address_parse(sv_from(text), &a));
	return a;
}

static struct endpoint full(void)
{
	static const char *aliases[] = { "www", "front" };
	static struct upstream upstreams[2];
	static struct relay_ports relays[1];

	upstreams[0].address = address("fe80::9%12");
	upstreams[1] = (struct upstream){ address("127.0.0.53"), true };
	relays[0] = (struct relay_ports){ 8080, 2, 80, address("10.1.0.2") };
	return (struct endpoint){ .container = CONTAINER, .network = NETWORK, .network_name = "back", .name = "web",
				  .aliases = aliases, .alias_count = 2, .names = true, .priority = -3,
				  .ipv4 = address("10.1.0.2"), .ipv6 = address("fd00::2"), .pid = 42,
				  .pid_start_ticks = UINT64_MAX, .upstreams = upstreams, .upstream_count = 2,
				  .relays = relays, .relay_count = 1 };
}

TEST(what_is_no_address)
{
	struct ip_address a;

	assert_false(ip_address_parse((struct sv){ NULL, 0 }, &a));
	assert_false(ip_address_parse(SV("fe80::1%"), &a));
	assert_false(ip_address_parse(SV("fe80::1%eth0"), &a));
	assert_false(ip_address_parse(SV("10.1.0.2%3"), &a));
	assert_false(ip_address_parse(SV("10.1.0"), &a));
}

TEST(a_record_comes_back_as_it_was_written)
{
	scoped_scratch s = scratch_new();
	scoped_arena a = ARENA(LIMIT_ARENA_ENDPOINT);
	struct endpoint ep = full(), back;

	assert_int_equal(0, endpoint_write(s.dir, &ep, NULL));
	assert_true(scratch_has(s.dir, NETWORK "." CONTAINER));
	assert_int_equal(0, endpoint_read(s.dir, NETWORK "." CONTAINER, &a, &back, NULL));
	assert_string_equal("web", back.name);
	assert_string_equal("back", back.network_name);
	assert_int_equal(2, back.alias_count);
	assert_string_equal("front", back.aliases[1]);
	assert_true(back.names);
	assert_int_equal(-3, back.priority);
	assert_true(ip_address_equal(&ep.ipv4, &back.ipv4) && ip_address_equal(&ep.ipv6, &back.ipv6));
	assert_int_equal(42, back.pid);
	assert_true(back.pid_start_ticks == UINT64_MAX && !back.netns);
	assert_int_equal(2, back.upstream_count);
	assert_true(!back.upstreams[0].from_host && back.upstreams[1].from_host);
	assert_true(ip_address_equal(&ep.upstreams[0].address, &back.upstreams[0].address));
	assert_int_equal(12, back.upstreams[0].address.scope);
	assert_int_equal(8080, back.relays[0].host_first);
	assert_int_equal(2, back.relays[0].count);
	assert_int_equal(0, endpoint_remove(s.dir, NETWORK, CONTAINER, NULL));
	assert_int_equal(0, endpoint_remove(s.dir, NETWORK, CONTAINER, NULL));
	assert_int_equal(-ENOENT, endpoint_read(s.dir, NETWORK "." CONTAINER, &a, &back, NULL));
}

TEST(a_text_of_two_lines_is_not_written)
{
	scoped_scratch s = scratch_new();
	struct endpoint ep = full();

	ep.name = "web\nipv4 10.0.0.9";
	assert_int_equal(-EINVAL, endpoint_write(s.dir, &ep, NULL));
	ep = full();
	ep.netns = "/run/a\npid 1";
	assert_int_equal(-EINVAL, endpoint_write(s.dir, &ep, NULL));
	assert_false(scratch_has(s.dir, NETWORK "." CONTAINER));
}

TEST(what_is_wrong_is_named)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "not the record of an endpoint" },
		{ "tare-endpoint 2\n", "not the record of an endpoint" },
		{ HEAD, "no way to the network namespace" },
		{ HEAD "pid -1\n", "no way to the network namespace" },
		{ HEAD "netns ns/a\n", "no way to the network namespace" },
		{ HEAD "pid 1\nipv4 fd00::1\n", "damaged line \"ipv4 fd00::1\"" },
		{ HEAD "pid 1\nipv4 10.0.0\n", "damaged line \"ipv4 10.0.0\"" },
		{ HEAD "pid 1\nalias a b\n", "damaged line \"alias a b\"" },
		{ HEAD "pid 1\nnames yes\n", "damaged line \"names yes\"" },
		{ HEAD "pid 99999999999\n", "damaged line \"pid 99999999999\"" },
		{ HEAD "pid 1\nrelay 65535 2 10.0.0.1 80\n", "damaged line \"relay 65535 2 10.0.0.1 80\"" },
		{ HEAD "pid 1\nrelay 80 0 10.0.0.1 80\n", "damaged line \"relay 80 0 10.0.0.1 80\"" },
		{ HEAD "pid 1\nrelay 80 1 10.0.0.1 80 7\n", "damaged line \"relay 80 1 10.0.0.1 80 7\"" },
		{ "tare-endpoint 1\nname a\nnetwork_name b\nnetwork c\ncontainer d\npid 1\n",
		  "container and network are not ids" },
		{ "tare-endpoint 1\nname a\nnetwork_name b\npid 1\n", "no container" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_ENDPOINT);
		struct endpoint ep = { .pid = 7 };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, endpoint_parse(sv_from(cases[i].text), &a, &ep, &e));
		assert_string_equal(cases[i].message, e.msg);
		assert_int_equal(7, ep.pid);
	}
}

TEST(lists_have_a_ceiling)
{
	scoped_arena a = ARENA(LIMIT_ARENA_ENDPOINT);
	scoped_buf b = BUF(LIMIT_RECORD);
	struct endpoint ep;
	struct err e = { 0 };

	buf_puts(&b, HEAD "pid 1\nnewer key\n");
	for (int i = 0; i < LIMIT_ENDPOINT_LIST; i++)
		buf_putf(&b, "alias a%d\nupstream 1.1.1.1\nrelay 80 1 10.0.0.1 80\n", i);
	assert_int_equal(0, endpoint_parse(buf_sv(&b), &a, &ep, &e));
	assert_int_equal(LIMIT_ENDPOINT_LIST, ep.alias_count);
	buf_puts(&b, "upstream 1.1.1.1\n");
	assert_int_equal(-E2BIG, endpoint_parse(buf_sv(&b), &a, &ep, &e));
	assert_string_equal("upstream: more than 256", e.msg);
}

TEST(temporary_files_are_no_records)
{
	assert_true(endpoint_is_file(SV(NETWORK "." CONTAINER)));
	assert_false(endpoint_is_file(SV(NETWORK "." CONTAINER ".new.17")));
	assert_false(endpoint_is_file(SV(NETWORK)));
	assert_false(endpoint_is_file(SV(".")));
}

TEST(a_file_that_is_called_otherwise_is_refused)
{
	scoped_scratch s = scratch_new();
	scoped_arena a = ARENA(LIMIT_ARENA_ENDPOINT);
	struct endpoint ep;

	scratch_file(s.dir, CONTAINER "." NETWORK, HEAD "pid 1\n");
	assert_int_equal(-EINVAL, endpoint_read(s.dir, CONTAINER "." NETWORK, &a, &ep, NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RUN(what_is_no_address),
		RUN(a_record_comes_back_as_it_was_written), RUN(a_text_of_two_lines_is_not_written),
		RUN(what_is_wrong_is_named),		    RUN(lists_have_a_ceiling),
		RUN(temporary_files_are_no_records),	    RUN(a_file_that_is_called_otherwise_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
