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

TEST(records_come_change_and_go)
{
	scoped_scratch s = scratch_new();
	struct endpoints all = { 0 };
	struct endpoint_slot *slot;
	size_t at = 0;

	record(s.dir, NETWORK, "web");
	scratch_file(s.dir, OTHER "." CONTAINER, "damaged");
	scratch_file(s.dir, OTHER "." CONTAINER ".new.9", "tare-endpoint 1\n");
	assert_int_equal(0, endpoints_load(&all, s.dir, count, NULL, NULL));
	assert_int_equal(1, all.n);
	assert_int_equal(1, bad);

	record(s.dir, OTHER, "web");
	assert_int_equal(0, endpoints_reread(&all, s.dir, OTHER "." CONTAINER, &slot, NULL));
	assert_string_equal(OTHER, slot->ep.network);
	assert_non_null(endpoints_of(&all, CONTAINER, &at));
	assert_non_null(endpoints_of(&all, CONTAINER, &at));
	assert_null(endpoints_of(&all, CONTAINER, &at));

	record(s.dir, NETWORK, "renamed");
	assert_int_equal(0, endpoints_reread(&all, s.dir, NETWORK "." CONTAINER, &slot, NULL));
	assert_int_equal(2, all.n);
	assert_string_equal("renamed", slot->ep.name);

	assert_int_equal(0, endpoint_remove(s.dir, NETWORK, CONTAINER, NULL));
	assert_int_equal(0, endpoints_reread(&all, s.dir, NETWORK "." CONTAINER, &slot, NULL));
	assert_true(!slot && all.n == 1);
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
						   RUN(what_a_killed_process_had_not_finished_goes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
