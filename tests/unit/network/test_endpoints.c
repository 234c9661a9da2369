/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "network/endpoints.h"

#include "scratch.h"

#include <fcntl.h>
#include <sys/wait.h>

#define NETWORK "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define CONTAINER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static unsigned bad;

static void count(void *context, const struct err *why)
{
	bad += why->code == EINVAL;
}

static void record(int dir, const char *network, const char *name)
{
	struct endpoint ep = {
		.container = CONTAINER, .network = network, .network_name = "n", .name = name, .pid = 1
	};

	assert_int_equal(0, endpoint_write(dir, &ep, NULL));
}

static unsigned found(const struct endpoints *all, enum endpoint_key kind, const char *key)
{
	struct endpoint_search s = endpoints_find(all, kind, sv_from(key));
	unsigned n = 0;

	while (endpoints_next(&s))
		n++;
	return n;
}

TEST(records_come_change_and_go)
{
	scoped_scratch s = scratch_new();
	struct endpoints all = { 0 };
	struct endpoint_slot *slot;

	record(s.dir, NETWORK, "web");
	scratch_file(s.dir, OTHER "." CONTAINER, "damaged");
	scratch_file(s.dir, OTHER "." CONTAINER ".new.9", "tare-endpoint 1\n");
	assert_int_equal(0, endpoints_load(&all, s.dir, count, NULL, NULL));
	assert_int_equal(1, all.n);
	assert_int_equal(1, bad);

	record(s.dir, OTHER, "web");
	assert_int_equal(0, endpoints_reread(&all, s.dir, OTHER "." CONTAINER, &slot, NULL));
	assert_string_equal(OTHER, slot->ep.network);
	assert_int_equal(2, found(&all, ENDPOINT_CONTAINER, CONTAINER));

	record(s.dir, NETWORK, "renamed");
	assert_int_equal(0, endpoints_reread(&all, s.dir, NETWORK "." CONTAINER, &slot, NULL));
	assert_int_equal(2, all.n);
	assert_string_equal("renamed", slot->ep.name);
	assert_int_equal(1, found(&all, ENDPOINT_NAME, "web"));
	assert_int_equal(1, found(&all, ENDPOINT_NAME, "Renamed"));

	assert_int_equal(0, endpoint_remove(s.dir, NETWORK, CONTAINER, NULL));
	assert_int_equal(0, endpoints_reread(&all, s.dir, NETWORK "." CONTAINER, &slot, NULL));
	assert_true(!slot && all.n == 1);
	endpoints_done(&all);
}

#define CROWD 1000

static struct endpoint_slot *one_of_many(struct endpoints *all, unsigned i)
{
	struct endpoint_slot *s = calloc(1, sizeof *s);
	static const char *pool[] = { "pool", "POOL" };

	assert_non_null(s);
	s->memory = ARENA(64u << 10);
	(void)snprintf(s->file, sizeof s->file, "file%u", i);
	s->ep = (struct endpoint){ .container = arena_fmt(&s->memory, "%064u", i),
				   .name = arena_fmt(&s->memory, "name%u", i),
				   .aliases = pool,
				   .alias_count = 2,
				   .ipv4 = { .family = AF_INET, .u.v4.s_addr = i + 1 } };
	assert_int_equal(0, endpoints_put(all, s, NULL));
	return s;
}

static void expect_one(const struct endpoints *all, unsigned i, unsigned want)
{
	const struct ip_address address = { .family = AF_INET, .u.v4.s_addr = i + 1 };
	struct endpoint_search s = endpoints_find(all, ENDPOINT_ADDRESS, endpoint_address_key(&address));
	char text[65];

	(void)snprintf(text, sizeof text, "NAME%u", i);
	assert_int_equal(want, found(all, ENDPOINT_NAME, text));
	(void)snprintf(text, sizeof text, "%064u", i);
	assert_int_equal(want, found(all, ENDPOINT_CONTAINER, text));
	assert_int_equal(want, endpoints_next(&s) != NULL);
}

TEST(each_of_many_is_found_by_what_it_has_until_it_goes)
{
	scoped_scratch s = scratch_new();
	struct endpoints all = { 0 };
	struct endpoint_slot *slot;
	char file[32];

	for (unsigned i = 0; i < CROWD; i++)
		(void)one_of_many(&all, i);
	for (unsigned i = 0; i < CROWD; i++)
		expect_one(&all, i, 1);
	assert_int_equal(CROWD, found(&all, ENDPOINT_NAME, "pool"));
	assert_int_equal(0, found(&all, ENDPOINT_NAME, "file1")); /* that is no name */
	assert_int_equal(0, found(&all, ENDPOINT_NAME, ""));
	for (unsigned i = 0; i < CROWD; i += 2) { /* whose files are not there */
		(void)snprintf(file, sizeof file, "file%u", i);
		assert_int_equal(0, endpoints_reread(&all, s.dir, file, &slot, NULL));
	}
	for (unsigned i = 0; i < CROWD; i++)
		expect_one(&all, i, i % 2);
	assert_int_equal(CROWD / 2, found(&all, ENDPOINT_NAME, "pool"));
	endpoints_done(&all);
}

TEST(what_a_killed_process_had_not_finished_goes)
{
	scoped_scratch s = scratch_new();
	char own[ENDPOINT_NAME_MAX];
	pid_t gone = fork();

	if (gone == 0)
		_exit(0);
	assert_int_equal(gone, waitpid(gone, NULL, 0));
	record(s.dir, NETWORK, "web");
	(void)snprintf(own, sizeof own, NETWORK "." CONTAINER ".new.%d", (int)gone);
	scratch_file(s.dir, own, "tare-");
	endpoints_sweep(s.dir);
	assert_int_equal(-1, faccessat(s.dir, own, F_OK, 0));
	(void)snprintf(own, sizeof own, NETWORK "." CONTAINER ".new.%d", (int)getpid());
	scratch_file(s.dir, own, "tare-");
	endpoints_sweep(s.dir);
	assert_int_equal(0, faccessat(s.dir, own, F_OK, 0));
	assert_int_equal(0, faccessat(s.dir, NETWORK "." CONTAINER, F_OK, 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = { RUN(records_come_change_and_go),
						   RUN(each_of_many_is_found_by_what_it_has_until_it_goes),
						   RUN(what_a_killed_process_had_not_finished_goes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
