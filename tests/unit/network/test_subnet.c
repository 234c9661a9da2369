/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as numbers, and which subnet a network gets. */
#include "../test.h"
#include "base/scope.h"
#include "network/subnet.h"

static struct net_ip subnet(const char *text)
{
	struct net_ip ip = { 0 };

	assert_true(net_subnet_parse(sv_from(text), &ip));
	return ip;
}

static struct net_ip address(const char *text)
{
	struct net_ip ip = { 0 };

	assert_true(net_ip_parse(sv_from(text), &ip));
	return ip;
}

TEST(what_is_no_address_leaves_the_result_alone)
{
	static const char *const bad[] = { "",	      "10.0.0",	    "10.0.0.256", "10.0.0.1/33",     "10.0.0.1/",
					   "x/8",     "fd00::/129", "fd00:::/8",  "10.0.0.1/8/8",    "1.2.3.4/-1",
					   "fd00::1%eth0/64", "0000:0000:0000:0000:0000:0000:0000:0000:0000/1" };
	struct net_ip ip = { .family = 77 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(net_subnet_parse(sv_from(bad[i]), &ip));
	assert_int_equal(77, ip.family);
}

TEST(a_subnet_prints_as_it_was_written)
{
	static const char *const good[] = { "10.1.2.3/8", "172.17.0.0/16",   "0.0.0.0/0",
					    "fd00::/8",   "fd12:3456::1/64", "::/0" };
	char text[SUBNET_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct net_ip ip = subnet(good[i]);

		assert_string_equal(good[i], net_subnet_print(&ip, text));
	}
}

TEST(addresses_lie_in_subnets_and_subnets_overlap)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = { { "10.0.0.0/8", "10.255.0.0/16", true },   { "10.255.0.0/16", "10.0.0.0/8", true },
		      { "10.0.0.0/16", "10.1.0.0/16", false },   { "0.0.0.0/0", "192.168.0.0/24", true },
		      { "fd00::/64", "fd00::1:0/112", true },    { "fd00::/64", "fd00:0:0:1::/64", false },
		      { "10.0.0.0/8", "fd00::/8", false },       { "10.0.0.1/32", "10.0.0.1/32", true } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct net_ip a = subnet(cases[i].a), b = subnet(cases[i].b);

		assert_int_equal(cases[i].overlap, net_subnets_overlap(&a, &b));
	}
}

TEST(an_offset_and_its_address_are_the_same)
{
	struct net_ip four = subnet("10.1.0.0/16"), six = subnet("fd00::/64"), ip;
	char text[SUBNET_TEXT];

	ip = net_subnet_at(&four, 258);
	assert_string_equal("10.1.1.2/16", net_subnet_print(&ip, text));
	assert_int_equal(258, net_subnet_offset(&four, &ip));
	ip = net_subnet_at(&six, 65537);
	assert_string_equal("fd00::1:1/64", net_subnet_print(&ip, text));
	assert_int_equal(65537, net_subnet_offset(&six, &ip));
	assert_int_equal(65536, net_subnet_size(&four));
	assert_true(net_subnet_size(&six) == UINT64_C(1) << 63);
	four = subnet("10.1.2.3/30");
	ip = net_subnet_base(&four);
	assert_string_equal("10.1.2.0/30", net_subnet_print(&ip, text));
}

TEST(pools_avoid_what_is_taken_until_none_is_left)
{
	struct net_ip taken[64] = { subnet("172.17.0.0/16"), subnet("172.18.5.0/24") }, got = { 0 };
	struct net_ips list = { taken, 2 };
	char text[SUBNET_TEXT];

	assert_true(net_pool_choose(&list, &got));
	assert_string_equal("172.19.0.0/16", net_subnet_print(&got, text));
	taken[list.n++] = subnet("172.16.0.0/12");
	assert_true(net_pool_choose(&list, &got));
	assert_string_equal("192.168.0.0/20", net_subnet_print(&got, text));
	for (unsigned i = 0; i < 16; i++) {
		assert_true(net_pool_choose(&list, &got));
		taken[list.n++] = got;
	}
	assert_string_equal("192.168.240.0/20", net_subnet_print(&got, text));
	assert_false(net_pool_choose(&list, &got));
}

TEST(a_network_gets_an_ipv6_subnet_of_its_own)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct net_ip taken[1], got;
	struct net_ips list = { taken, 0 };
	char text[SUBNET_TEXT];

	assert_true(net_pool_choose6(id, &list, &got));
	assert_string_equal("fd01:2345:6789:abcd::/64", net_subnet_print(&got, text));
	taken[list.n++] = got;
	assert_true(net_pool_choose6(id, &list, &got));
	assert_string_equal("fdef:123:4567:89ab::/64", net_subnet_print(&got, text));
}

TEST(hardware_addresses_are_made_of_addresses)
{
	struct net_ip ip = address("172.17.0.2");
	char text[MAC_TEXT];
	uint8_t mac[6];

	net_mac_of(&ip, mac);
	assert_string_equal("02:42:ac:11:00:02", net_mac_print(mac, text));
	assert_true(net_mac_parse(SV("02:42:AC:11:00:ff"), mac));
	assert_string_equal("02:42:ac:11:00:ff", net_mac_print(mac, text));
	assert_false(net_mac_parse(SV("02:42:ac:11:00"), mac));
	assert_false(net_mac_parse(SV("02:42:ac:11:00:0g"), mac));
	assert_false(net_mac_parse(SV("02:42:ac:11:00.02"), mac));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_no_address_leaves_the_result_alone),   RUN(a_subnet_prints_as_it_was_written),
		RUN(addresses_lie_in_subnets_and_subnets_overlap), RUN(an_offset_and_its_address_are_the_same),
		RUN(pools_avoid_what_is_taken_until_none_is_left), RUN(a_network_gets_an_ipv6_subnet_of_its_own),
		RUN(hardware_addresses_are_made_of_addresses)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
