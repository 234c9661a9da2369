/* SPDX-License-Identifier: Apache-2.0 */
/* What went through all interfaces but the loopback. */
#include "../test.h"
#include "fake_tree.h"
#include "kernel/net_dev.h"

#include <stdio.h>

#define HEAD                                                                                       \
	"Inter-|   Receive                                                |  Transmit\n"           \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"

static struct net_totals totals(const char *text)
{
	struct net_totals t;

	net_dev_parse(sv_from(text), &t);
	return t;
}

TEST(the_loopback_counts_nothing)
{
	struct net_totals t = totals(
		HEAD
		"    lo:    9    9    9    9    0     0          0         0     9    9    9    9    0     0       0          0\n"
		"  eth0:  100    2    3    4    0     0          0         0   200    5    6    7    0     0       0          0\n"
		"a_long_name_1:1000 20 30 40 0 0 0 0 2000 50 60 70 0 0 0 0\n");

	assert_int_equal(1100, t.rx_bytes);
	assert_int_equal(22, t.rx_packets);
	assert_int_equal(33, t.rx_errors);
	assert_int_equal(44, t.rx_dropped);
	assert_int_equal(2200, t.tx_bytes);
	assert_int_equal(55, t.tx_packets);
	assert_int_equal(66, t.tx_errors);
	assert_int_equal(77, t.tx_dropped);
}

TEST(interfaces_are_told_apart_up_to_a_ceiling)
{
	static char many[4096];
	struct net_interfaces l;
	size_t n = 0;

	net_dev_list(SV(HEAD "    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n"
			     "  eth0: 100 2 3 4 0 0 0 0 200 5 6 7 0 0 0 0\nbroken: 1\n"
			     "a_long_name_1:1000 20 30 40 0 0 0 0 2000 50 60 70 0 0 0 0\n"),
		     &l);
	assert_int_equal(2, l.n);
	assert_string_equal("eth0", l.v[0].name);
	assert_int_equal(200, l.v[0].totals.tx_bytes);
	assert_string_equal("a_long_name_1", l.v[1].name);
	assert_int_equal(1000, l.v[1].totals.rx_bytes);
	for (int i = 0; i < 40; i++)
		n += (size_t)snprintf(many + n, sizeof many - n, "e%d: 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", i);
	net_dev_list(sv_from(many), &l);
	assert_int_equal(NET_INTERFACES, l.n);
}

TEST(lines_that_are_not_understood_count_nothing)
{
	assert_int_equal(0, totals("").rx_bytes);
	assert_int_equal(0, totals(HEAD).rx_bytes);
	assert_int_equal(0, totals("eth0: 1 2 3\n").rx_bytes);
	assert_int_equal(0, totals("eth0: 1 2 3 x 5 6 7 8 9 10 11 12\n").tx_bytes);
	assert_int_equal(0, totals("eth0: 99999999999999999999 2 3 4 5 6 7 8 9 10 11 12\n").tx_bytes);
}

static size_t interfaces_of(const struct fake_tree *t, const char *dev, uint64_t *ret_netns)
{
	struct net_interfaces l = { .n = 99 };
	struct net_own own;
	scoped_host h = fake_tree_host(t);

	fake_tree_put(t, "proc/7/net/dev", dev);
	net_own_init(&own, &h);
	assert_int_equal(0, net_dev_read_list(&h, &own, 7, &l, NULL));
	*ret_netns = l.netns;
	return l.n;
}

#define LOOPBACK HEAD "    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n"
#define ONE_MORE LOOPBACK "eth0: 100 2 3 4 0 0 0 0 200 5 6 7 0 0 0 0\n"

TEST(whose_network_it_is_matters_only_with_an_interface)
{
	scoped_tree t = fake_tree_new();
	uint64_t netns;

	fake_tree_dir(&t, "proc/self/ns");
	fake_tree_dir(&t, "proc/7/ns");
	assert_int_equal(0, symlinkat("net:[1]", t.fd, "proc/self/ns/net"));
	assert_int_equal(0, symlinkat("net:[2]", t.fd, "proc/7/ns/net"));
	assert_int_equal(0, interfaces_of(&t, LOOPBACK, &netns));
	assert_int_equal(1, interfaces_of(&t, ONE_MORE, &netns));
	assert_int_equal(2, netns);
	assert_int_equal(0, unlinkat(t.fd, "proc/7/ns/net", 0));
	assert_int_equal(0, symlinkat("net:[1]", t.fd, "proc/7/ns/net"));
	assert_int_equal(0, interfaces_of(&t, ONE_MORE, &netns)); /* our own */
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(the_loopback_counts_nothing),
					    RUN(interfaces_are_told_apart_up_to_a_ceiling),
					    RUN(lines_that_are_not_understood_count_nothing),
					    RUN(whose_network_it_is_matters_only_with_an_interface) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
