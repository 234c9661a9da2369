/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "network/dns_message.h"

#include "base/scope.h"
#include "dns_queries.h"

#include <arpa/inet.h>

TEST(a_query_is_understood)
{
	uint8_t msg[DNS_UDP_PLAIN];
	size_t n = query_make(msg, 0xabcd, "WeB.Back", DNS_A, 1232);
	struct dns_query q;

	assert_int_equal(0, dns_query_parse(msg, n, &q));
	assert_int_equal(0xabcd, q.id);
	assert_string_equal("web.back", q.name);
	assert_true(q.plain && q.edns);
	assert_int_equal(DNS_A, q.type);
	assert_int_equal(1232, q.udp_size);
	assert_int_equal(n - 11, q.question_end);
	n = query_make(msg, 1, "", DNS_A, 0);
	assert_int_equal(0, dns_query_parse(msg, n, &q));
	assert_string_equal("", q.name);
	assert_int_equal(DNS_UDP_PLAIN, q.udp_size);
	n = query_make(msg, 1, "a", DNS_A, 100);
	assert_int_equal(0, dns_query_parse(msg, n, &q));
	assert_int_equal(DNS_UDP_PLAIN, q.udp_size);
	n = query_make(msg, 1, "a", DNS_A, 65535);
	assert_int_equal(0, dns_query_parse(msg, n, &q));
	assert_int_equal(DNS_UDP_MAX, q.udp_size);
}

TEST(every_cut_of_a_query_is_refused)
{
	uint8_t msg[DNS_UDP_PLAIN];
	size_t n = query_make(msg, 1, "web.back", DNS_A, 1232);
	struct dns_query q;

	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact = malloc(cut + 1);

		memcpy(exact, msg, cut);
		assert_int_equal(cut < DNS_HEADER ? -EBADMSG : -EINVAL, dns_query_parse(exact, cut, &q));
		free(exact);
	}
}

TEST(what_is_no_query_is_told_apart)
{
	uint8_t msg[DNS_UDP_PLAIN], twice[DNS_UDP_PLAIN];
	size_t n = query_make(msg, 1, "web", DNS_A, 1232);
	struct dns_query q;

	msg[2] = 0x80; /* an answer */
	assert_int_equal(-EBADMSG, dns_query_parse(msg, n, &q));
	msg[2] = 0x28; /* an update */
	assert_int_equal(-ENOTSUP, dns_query_parse(msg, n, &q));
	msg[2] = 1;
	msg[5] = 2; /* two questions */
	assert_int_equal(-EINVAL, dns_query_parse(msg, n, &q));
	msg[5] = 1;
	msg[DNS_HEADER] = 0xc0; /* a pointer in the question */
	assert_int_equal(-EINVAL, dns_query_parse(msg, n, &q));
	msg[DNS_HEADER] = 3;
	memcpy(twice, msg, n);
	memcpy(twice + n, msg + n - 11, 11); /* two OPT records */
	twice[11] = 2;
	assert_int_equal(-EINVAL, dns_query_parse(twice, n + 11, &q));
	assert_int_equal(0, dns_query_parse(msg, n, &q));
	msg[DNS_HEADER + 2] = '.';
	assert_int_equal(0, dns_query_parse(msg, n, &q));
	assert_false(q.plain);
}

TEST(the_longest_name_fits_and_a_longer_one_is_refused)
{
	char name[300] = "";
	uint8_t msg[DNS_UDP_PLAIN];
	struct dns_query q;
	size_t n = 0;

	for (int i = 0; i < 127; i++) /* 127 labels of one byte: 255 with the root */
		n += (size_t)snprintf(name + n, sizeof name - n, "%sa", i ? "." : "");
	assert_int_equal(0, dns_query_parse(msg, query_make(msg, 1, name, DNS_A, 0), &q));
	assert_string_equal(name, q.name);
	(void)snprintf(name + n, sizeof name - n, ".a");
	assert_int_equal(-EINVAL, dns_query_parse(msg, query_make(msg, 1, name, DNS_A, 0), &q));
}

TEST(an_answer_has_question_records_and_opt)
{
	uint8_t msg[DNS_UDP_PLAIN], out[DNS_UDP_PLAIN];
	size_t n = query_make(msg, 7, "Web", DNS_A, 1232);
	static const uint8_t want[] = { 0, 7,  0x81, 0x80, 0, 1,    0,  1,  0,  0, 0, 1, 3, 'W', 'e', 'b',
					0, 0,  1,    0,    1, 0xc0, 12, 0,  1,  0, 1, 0, 0, 0,   9,   0,
					4, 10, 0,    0,    2, 0,    0,  41, 16, 0, 0, 0, 0, 0,   0,   0 };
	struct dns_query q;
	struct dns_reply r;

	assert_int_equal(0, dns_query_parse(msg, n, &q));
	dns_reply_begin(&r, msg, &q, DNS_NOERROR, out, sizeof out);
	dns_reply_a(&r, 9, (struct in_addr){ htonl(0x0a000002) });
	assert_int_equal(sizeof want, dns_reply_end(&r));
	assert_memory_equal(want, out, sizeof want);
	assert_true(dns_reply_matches(msg, n, out, sizeof want));
	out[13] = 'w';
	assert_true(dns_reply_matches(msg, n, out, sizeof want));
	out[13] = 'v';
	assert_false(dns_reply_matches(msg, n, out, sizeof want));
	out[13] = 'W';
	out[1] = 8;
	assert_false(dns_reply_matches(msg, n, out, sizeof want));
	assert_false(dns_reply_matches(msg, n, out, 14));
}

TEST(what_does_not_fit_sets_the_truncation_bit)
{
	uint8_t msg[DNS_UDP_PLAIN], out[DNS_UDP_PLAIN];
	size_t n = query_make(msg, 7, "web", DNS_A, 600), end;
	struct dns_query q;
	struct dns_reply r;

	assert_int_equal(0, dns_query_parse(msg, n, &q));
	dns_reply_begin(&r, msg, &q, DNS_NOERROR, out, sizeof out);
	for (int i = 0; i < 50; i++)
		dns_reply_a(&r, 1, (struct in_addr){ 1 });
	end = dns_reply_end(&r);
	assert_true((out[2] & 2) != 0 && end <= sizeof out && end > sizeof out - 16);
	assert_int_equal((end - q.question_end - 11) / 16, out[7]);
}

TEST(pointers_to_names_are_labels)
{
	uint8_t msg[DNS_UDP_PLAIN], out[DNS_UDP_PLAIN];
	size_t n = query_make(msg, 7, "2.0.0.10.in-addr.arpa", DNS_PTR, 0), end;
	char long_label[80];
	struct dns_query q;
	struct dns_reply r;

	assert_int_equal(0, dns_query_parse(msg, n, &q));
	dns_reply_begin(&r, msg, &q, DNS_NOERROR, out, sizeof out);
	assert_true(dns_reply_ptr(&r, 1, "web.back"));
	memset(long_label, 'a', sizeof long_label);
	long_label[64] = '\0';
	assert_false(dns_reply_ptr(&r, 1, long_label));
	assert_false(dns_reply_ptr(&r, 1, "a..b"));
	end = dns_reply_end(&r);
	assert_memory_equal("\003web\004back", out + end - 10, 10);
}

TEST(reverse_names_become_addresses)
{
	static const struct {
		const char *name, *address;
	} v4[] = {
		{ "2.0.0.10.in-addr.arpa", "10.0.0.2" },
		{ "0.0.10.in-addr.arpa", NULL },
		{ "1.2.0.0.10.in-addr.arpa", NULL },
		{ "256.0.0.10.in-addr.arpa", NULL },
		{ "-2.0.0.10.in-addr.arpa", NULL },
		{ "in-addr.arpa", NULL },
	};
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;

	for (size_t i = 0; i < ARRAY_LEN(v4); i++) {
		assert_int_equal(v4[i].address != NULL, dns_reverse_v4(v4[i].name, &four));
		if (v4[i].address)
			assert_string_equal(v4[i].address, inet_ntop(AF_INET, &four, text, sizeof text));
	}
	assert_true(dns_reverse_v6("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.d.f.ip6.arpa", &six));
	assert_string_equal("fd01::2", inet_ntop(AF_INET6, &six, text, sizeof text));
	assert_false(dns_reverse_v6("2.0.ip6.arpa", &six));
	assert_false(dns_reverse_v6("g.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.d.f.ip6.arpa", &six));
}

TEST(a_name_that_is_skipped_has_its_labels_and_its_end_within_the_message)
{
	const uint8_t plain[] = { 1, 'a', 0, 9 }, pointer[] = { 1, 'a', 0xc0, 12, 9 }, open_end[] = { 2, 'a' };
	uint8_t large[80] = { 64 };

	assert_int_equal(3, dns_skip_name(plain, sizeof plain, 0));
	assert_int_equal(4, dns_skip_name(pointer, sizeof pointer, 0));
	assert_int_equal(0, dns_skip_name(pointer, 3, 0));
	assert_int_equal(0, dns_skip_name(open_end, sizeof open_end, 0));
	assert_int_equal(0, dns_skip_name(large, sizeof large, 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RUN(a_query_is_understood), RUN(every_cut_of_a_query_is_refused), RUN(what_is_no_query_is_told_apart),
		RUN(the_longest_name_fits_and_a_longer_one_is_refused), RUN(an_answer_has_question_records_and_opt),
		RUN(what_does_not_fit_sets_the_truncation_bit), RUN(pointers_to_names_are_labels),
		RUN(reverse_names_become_addresses),
		RUN(a_name_that_is_skipped_has_its_labels_and_its_end_within_the_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
