/* SPDX-License-Identifier: Apache-2.0 */
/* An interface as a line of a charter, and what the kernel may answer. */
#include "../test.h"
#include "base/scope.h"
#include "kernel/net_link.h"
#include "kernel/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

TEST(a_link_is_read_as_it_was_printed)
{
	static const char *const lines[] = {
		"kind=veth name=eth0 master=tare0 host=tare-0123456789 mac=02:42:ac:11:00:02 mtu=1400 mode=0 hairpin=1 isolated=1 "
		"ip4=172.17.0.2/16 ip6=fd00::2/64 gateway4=172.17.0.1/16 gateway6=fd00::1/64",
		"kind=macvlan name=eth1 master=ens3 mac=02:42:0a:00:00:05 mtu=0 mode=4 hairpin=0 isolated=0 ip4=10.0.0.5/24",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		scoped_buf out = BUF(1024);
		struct net_link l;
		struct err e = { 0 };

		assert_int_equal(0, net_link_parse(sv_from(lines[i]), &l, &e));
		net_link_print(&l, &out);
		assert_string_equal(lines[i], out.p);
	}
}

TEST(a_damaged_line_is_refused)
{
	static const char *const lines[] = {
		"",
		"kind=veth",
		"kind=veth name=eth0 master=tare0",
		"kind=token name=eth0 master=tare0 host=x",
		"kind=veth name=a_name_that_is_too_long master=tare0 host=x",
		"kind=veth name=eth0 master=tare0 host=x mac=02:42",
		"kind=veth name=eth0 master=tare0 host=x ip4=fd00::1/64",
		"kind=veth name=eth0 master=tare0 host=x ip4=10.0.0.1/33",
		"kind=veth name=eth0 master=tare0 host=x mtu=-1",
		"kind=veth name=eth0 master=tare0 host=x more=1",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct net_link l = { .mtu = 7 };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, net_link_parse(sv_from(lines[i]), &l, &e));
		assert_int_equal(7, l.mtu);
	}
}

static int count(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	(void)h, (void)payload, (void)size, (void)e;
	++*(int *)arg;
	return 0;
}

static size_t put(char *at, uint16_t type, uint32_t seq, const void *payload, size_t size)
{
	struct nlmsghdr h = { .nlmsg_len = (uint32_t)(sizeof h + size), .nlmsg_type = type, .nlmsg_seq = seq };

	memcpy(at, &h, sizeof h);
	memcpy(at + sizeof h, payload, size);
	return NLMSG_ALIGN(h.nlmsg_len);
}

TEST(answers_end_with_done_or_an_error)
{
	char data[256] = { 0 };
	int seen = 0, code = -ENOENT;
	struct err e = { 0 };
	size_t n = put(data, RTM_NEWROUTE, 1, "12345", 5);

	assert_int_equal(1, netlink_answers(data, n, 1, count, &seen, &e));
	assert_int_equal(1, seen);
	assert_int_equal(0,
			 netlink_answers(data, n + put(data + n, NLMSG_DONE, 1, "\0\0\0\0", 4), 1, count, &seen, &e));
	assert_int_equal(-ENOENT,
			 netlink_answers(data, n + put(data + n, NLMSG_ERROR, 1, &code, 4), 1, count, &seen, &e));
	seen = 0;
	assert_int_equal(1, netlink_answers(data, n, 2, count, &seen, &e)); /* of somebody else */
	assert_int_equal(0, seen);
}

TEST(a_message_that_says_to_be_longer_than_it_is_ends_it)
{
	char data[64] = { 0 };
	struct err e = { 0 };
	uint32_t length = 4000;
	int seen = 0;
	size_t n = put(data, RTM_NEWROUTE, 1, "1234", 4);

	memcpy(data, &length, sizeof length);
	assert_int_equal(-EPROTO, netlink_answers(data, n, 1, count, &seen, &e));
	length = 3;
	memcpy(data, &length, sizeof length);
	assert_int_equal(-EPROTO, netlink_answers(data, n, 1, count, &seen, &e));
	assert_int_equal(0, seen);
}

/* One recv(2) of the kernel's: a route, and the end when it is the last. */
static void answer(int fd, uint16_t flags, bool last)
{
	char data[64] = { 0 };
	size_t n = put(data, RTM_NEWROUTE, 1, "1234", 4);

	memcpy(data + offsetof(struct nlmsghdr, nlmsg_flags), &flags, sizeof flags);
	if (last)
		n += put(data + n, NLMSG_DONE, 1, "\0\0\0\0", 4);
	assert_int_equal((ssize_t)n, send(fd, data, n, 0));
}

static int dump(int fd, int *ret_seen)
{
	struct netlink n;
	struct err e = { 0 };
	int r;

	*ret_seen = 0;
	netlink_init(&n);
	netlink_begin(&n, RTM_GETROUTE, NLM_F_DUMP, "1234", 4, "list");
	r = netlink_dump(&n, fd, count, ret_seen, &e);
	netlink_done(&n);
	return r;
}

TEST(what_is_left_of_a_list_that_changed_is_no_part_of_the_next_one)
{
	int pair[2], seen;

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	answer(pair[1], 0, false);
	answer(pair[1], NLM_F_DUMP_INTR, false);
	answer(pair[1], 0, false);
	answer(pair[1], 0, true);
	answer(pair[1], NLM_F_DUMP_INTR, true);
	answer(pair[1], 0, true);
	assert_int_equal(-EAGAIN, dump(pair[0], &seen));
	assert_int_equal(1, seen);
	assert_int_equal(-EAGAIN, dump(pair[0], &seen));
	assert_int_equal(0, seen);
	assert_int_equal(0, dump(pair[0], &seen));
	assert_int_equal(1, seen);
	close(pair[0]);
	close(pair[1]);
}

TEST(attributes_are_found_by_their_type)
{
	struct netlink n;
	size_t size = 0, nest;
	const char *p;

	netlink_init(&n);
	nest = netlink_nest(&n, 3);
	netlink_put_text(&n, 1, "abc");
	netlink_nest_end(&n, nest);
	netlink_put_u32(&n, 2, 0x01020304);
	p = netlink_attr(n.out.p, n.out.len, 2, &size);
	assert_non_null(p);
	assert_int_equal(4, size);
	p = netlink_attr(n.out.p, n.out.len, 3, &size);
	assert_non_null(p);
	p = netlink_attr(p, size, 1, &size);
	assert_string_equal("abc", p);
	assert_null(netlink_attr(n.out.p, n.out.len, 4, &size));
	assert_null(netlink_attr(n.out.p, 5, 2, &size));
	netlink_done(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_link_is_read_as_it_was_printed), RUN(a_damaged_line_is_refused),
					    RUN(answers_end_with_done_or_an_error),
					    RUN(a_message_that_says_to_be_longer_than_it_is_ends_it),
					    RUN(what_is_left_of_a_list_that_changed_is_no_part_of_the_next_one),
					    RUN(attributes_are_found_by_their_type) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
