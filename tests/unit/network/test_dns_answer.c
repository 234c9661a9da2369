/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "network/dns_answer.h"

#include "base/limits.h"
#include "base/scope.h"
#include "dns_queries.h"

#include <arpa/inet.h>

#define BACK "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FRONT "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define WEB "0123456789ab0000000000000000000000000000000000000000000000000000"
#define DB "1111111111110000000000000000000000000000000000000000000000000000"
#define FAR "2222222222220000000000000000000000000000000000000000000000000000"

static const char *web_aliases[] = { "www", "pool" }, *db_aliases[] = { "pool" };
static struct endpoint_slot slots[] = {
	{ .ep = { .container = WEB,
		  .network = BACK,
		  .network_name = "back",
		  .name = "web",
		  .aliases = web_aliases,
		  .alias_count = 2,
		  .names = true,
		  .pid = 1 } },
	{ .ep = { .container = WEB,
		  .network = FRONT,
		  .network_name = "front",
		  .name = "web",
		  .names = true,
		  .priority = 9,
		  .pid = 1 } },
	{ .ep = { .container = DB,
		  .network = BACK,
		  .network_name = "back",
		  .name = "db",
		  .aliases = db_aliases,
		  .alias_count = 1,
		  .names = true,
		  .pid = 2 } },
	{ .ep = { .container = FAR,
		  .network = FRONT,
		  .network_name = "front",
		  .name = "far",
		  .names = true,
		  .pid = 3 } },
};
static struct endpoints all;

static void put(struct endpoints *to, struct endpoint_slot *s)
{
	s->memory = ARENA(LIMIT_ARENA_ENDPOINT);
	assert_int_equal(0, endpoints_put(to, s, NULL));
}

/* The slots are not of the heap, as endpoints_done() has it. */
static void let_go(struct endpoints *of)
{
	for (size_t i = 0; i < of->n; i++)
		arena_done(&of->v[i]->memory);
	of->n = 0;
	endpoints_done(of);
}

static int forget_all(void **state)
{
	let_go(&all);
	return 0;
}

static int make_all(void **state)
{
	static const char *const texts[] = { "10.1.0.2", "10.2.0.2", "10.1.0.3", "10.2.0.9" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!ip_address_parse(sv_from(texts[i]), &slots[i].ep.ipv4))
			return -1;
	if (!ip_address_parse(SV("fd01::3"), &slots[2].ep.ipv6))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(slots); i++)
		put(&all, &slots[i]);
	return 0;
}

static bool is_not_db(const struct endpoint *ep, void *context)
{
	return strcmp(ep->name, "db") != 0;
}

/* What the answer says, as text: "forward", "rcode N", or its addresses. */
static const char *ask_view(struct dns_view view, const char *name, uint16_t type)
{
	static char text[512];
	uint8_t msg[DNS_UDP_PLAIN], out[DNS_UDP_PLAIN];
	size_t n = query_make(msg, 1, name, type, 0), end, at = 0;
	struct dns_query q;

	view.all = &all;
	if (dns_answer(&view, msg, n, &q, out, sizeof out, &end) != DNS_ANSWERED)
		return "forward";
	if (dns_rcode(out))
		return "error";
	text[0] = '\0';
	for (size_t i = q.question_end; i + 12 < end; i += 12u + out[i + 11]) {
		char address[INET6_ADDRSTRLEN] = "name";

		if (out[i + 3] != DNS_PTR)
			(void)inet_ntop(out[i + 3] == DNS_A ? AF_INET : AF_INET6, out + i + 12, address,
					sizeof address);
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at ? " " : "", address);
	}
	return text;
}

static const char *ask(const char *container, const char *name, uint16_t type)
{
	return ask_view((struct dns_view){ .container = container }, name, type);
}

TEST(names_are_those_of_the_askers_networks)
{
	static const struct {
		const char *who, *name;
		uint16_t type;
		const char *want;
	} cases[] = {
		{ WEB, "db", DNS_A, "10.1.0.3" },
		{ WEB, "DB", DNS_A, "10.1.0.3" },
		{ WEB, "db", DNS_AAAA, "fd01::3" },
		{ WEB, "db.back", DNS_A, "10.1.0.3" },
		{ WEB, "db.front", DNS_A, "forward" },
		{ WEB, "111111111111", DNS_A, "10.1.0.3" },
		{ WEB, "11111111111", DNS_A, "forward" },
		{ WEB, "far", DNS_A, "10.2.0.9" },
		{ DB, "far", DNS_A, "forward" },
		{ DB, "web", DNS_A, "10.1.0.2" },
		{ DB, "www.back", DNS_A, "10.1.0.2" },
		{ WEB, "web", DNS_A, "10.2.0.2" }, /* front has the higher priority */
		{ FAR, "db", DNS_A, "forward" },
		{ WEB, "web", DNS_AAAA, "" },     /* known, but it has none */
		{ WEB, "db", 15, "" },             /* MX; nobody else is asked about a name that is known */
		{ WEB, "db", 16, "" },             /* TXT */
		{ WEB, "db.back", 33, "" },        /* SRV */
		{ WEB, "db", 65, "" },             /* HTTPS */
		{ WEB, "db", 255, "" },            /* ANY */
		{ WEB, "dB.bAcK", DNS_A, "10.1.0.3" },
		{ WEB, "db.", DNS_A, "10.1.0.3" },
		{ WEB, "_http._tcp.db", 33, "forward" },
		{ WEB, "example.org", DNS_A, "forward" },
		{ "3333333333330000000000000000000000000000000000000000000000000000", "db", DNS_A, "forward" },
		{ WEB, "3.0.1.10.in-addr.arpa", DNS_PTR, "name" },
		{ WEB, "3.0.1.10.in-addr.arpa", DNS_A, "" },
		{ FAR, "3.0.1.10.in-addr.arpa", DNS_PTR, "forward" },
		{ WEB, "8.8.8.8.in-addr.arpa", DNS_PTR, "forward" },
		{ WEB, "3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.d.f.ip6.arpa", DNS_PTR, "name" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(cases[i].want, ask(cases[i].who, cases[i].name, cases[i].type));
}

TEST(all_with_an_alias_are_told_in_turn)
{
	assert_string_equal("10.1.0.3 10.1.0.2", ask_view((struct dns_view){ .container = DB }, "pool", DNS_A));
	assert_string_equal("10.1.0.2 10.1.0.3",
			    ask_view((struct dns_view){ .container = DB, .turn = 1 }, "pool", DNS_A));
}

TEST(who_has_a_name_with_and_without_its_network_is_told_once)
{
	static const char *both[] = { "pool.back", "POOL" };
	struct endpoint_slot other = slots[2];

	other.ep.name = "pool";
	other.ep.aliases = both;
	other.ep.alias_count = 2;
	other.ep.ipv4.u.v4.s_addr = htonl(0x0a010004);
	put(&all, &other);
	assert_string_equal("10.1.0.4 10.1.0.3 10.1.0.2",
			    ask_view((struct dns_view){ .container = DB }, "pool.back", DNS_A));
	let_go(&all);
	assert_int_equal(0, make_all(NULL));
}

TEST(the_dead_are_not_told)
{
	struct dns_view view = { .container = WEB, .is_alive = is_not_db };

	assert_string_equal("forward", ask_view(view, "db", DNS_A));
	assert_string_equal("10.1.0.2", ask_view(view, "pool", DNS_A));
	assert_string_equal("forward", ask_view(view, "3.0.1.10.in-addr.arpa", DNS_PTR));
}

TEST(a_network_without_names_answers_none)
{
	slots[2].ep.names = slots[0].ep.names = false;
	assert_string_equal("forward", ask(DB, "web", DNS_A));
	slots[2].ep.names = slots[0].ep.names = true;
}

/* Some clients mix cases at random, and take no answer that does not show it. */
TEST(the_question_comes_back_as_it_was)
{
	uint8_t msg[DNS_UDP_PLAIN], out[DNS_UDP_PLAIN];
	size_t n = query_make(msg, 0xabcd, "dB.bACk", DNS_A, 0), end;
	struct dns_view view = { .all = &all, .container = WEB };
	struct dns_query q;

	assert_int_equal(DNS_ANSWERED, dns_answer(&view, msg, n, &q, out, sizeof out, &end));
	assert_memory_equal(msg, out, 2);
	assert_memory_equal(msg + DNS_HEADER, out + DNS_HEADER, n - DNS_HEADER);
}

TEST(an_answer_is_as_large_as_the_client_takes)
{
	static const struct {
		uint16_t edns;
		bool tcp, truncated;
		uint16_t answers;
	} cases[] = { { 0, false, true, 30 },
		      { 512, false, true, 29 },
		      { 100, false, true, 29 },
		      { 1232, false, false, 40 },
		      { 0, true, false, 40 } };
	static struct endpoint_slot many[40];
	struct endpoints crowd = { .n = 0 };
	struct dns_view view = { .all = &crowd, .container = WEB };

	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		many[i].ep = i ? slots[2].ep : slots[0].ep;
		put(&crowd, &many[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t msg[DNS_UDP_PLAIN], out[4 * DNS_UDP_PLAIN];
		size_t n = query_make(msg, 1, "pool", DNS_A, cases[i].edns), end;
		struct dns_query q;

		view.tcp = cases[i].tcp;
		assert_int_equal(DNS_ANSWERED, dns_answer(&view, msg, n, &q, out, sizeof out, &end));
		assert_int_equal(cases[i].truncated, (out[2] & 2) != 0);
		assert_int_equal(cases[i].answers, out[6] << 8 | out[7]);
		assert_true(cases[i].tcp || end <= (cases[i].edns > 512 ? cases[i].edns : 512u));
	}
	let_go(&crowd);
}

TEST(what_cannot_be_understood_is_said)
{
	uint8_t msg[DNS_UDP_PLAIN], out[DNS_UDP_PLAIN];
	size_t n = query_make(msg, 1, "db", DNS_A, 0), end;
	struct dns_view view = { .all = &all, .container = WEB };
	struct dns_query q;

	assert_int_equal(DNS_ANSWERED, dns_answer(&view, msg, n - 2, &q, out, sizeof out, &end));
	assert_int_equal(DNS_FORMERR, dns_rcode(out));
	assert_int_equal(DNS_HEADER, end);
	msg[2] = 0x28;
	assert_int_equal(DNS_ANSWERED, dns_answer(&view, msg, n, &q, out, sizeof out, &end));
	assert_int_equal(DNS_NOTIMP, dns_rcode(out));
	msg[2] = 0x80;
	assert_int_equal(DNS_IGNORE, dns_answer(&view, msg, n, &q, out, sizeof out, &end));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RUN(names_are_those_of_the_askers_networks), RUN(all_with_an_alias_are_told_in_turn),
		RUN(who_has_a_name_with_and_without_its_network_is_told_once),
		RUN(the_dead_are_not_told),		     RUN(a_network_without_names_answers_none),
		RUN(the_question_comes_back_as_it_was),	     RUN(an_answer_is_as_large_as_the_client_takes),
		RUN(what_cannot_be_understood_is_said),
	};

	return cmocka_run_group_tests(tests, make_all, forget_all);
}
