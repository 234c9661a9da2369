/* SPDX-License-Identifier: Apache-2.0 */
/* What a new network gets is nobody else's, also when several are made at the same time. Rows alone: no device is made. */
#include "engine/network.h"

#include "../test.h"
#include "fixture.h"

#include "base/scope.h"

#include <errno.h>
#include <stdio.h>

#define MAKERS 4
#define EACH 5

static int add(struct engine *en, const char *name, const char *subnet, const char *device, struct err *e)
{
	scoped_arena a = ARENA(4 << 20);
	struct oci_pair option = { "name", device };
	struct network_spec spec = { .name = name };

	if (subnet)
		spec.subnets = (struct oci_strings){ &subnet, 1 };
	if (device)
		spec.options.options = (struct oci_pairs){ &option, 1 };
	return network_insert(en, &spec, &a, NULL, e);
}

/* In each of some processes; *ret_status: the sum of what fn gave */
static void in_parallel(struct fixture *f, int (*fn)(struct engine *en, int maker), int *ret_sum)
{
	pid_t pids[MAKERS];
	int sum = 0;

	engine_close(&f->en);
	for (int i = 0; i < MAKERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(fixture_open(f, NULL) < 0 ? 99 : fn(&f->en, i));
	}
	for (int i = 0; i < MAKERS; i++) {
		int status = 0;

		assert_int_equal(pids[i], waitpid(pids[i], &status, 0));
		assert_true(WIFEXITED(status));
		sum += WEXITSTATUS(status);
	}
	assert_int_equal(0, fixture_open(f, NULL));
	*ret_sum = sum;
}

static int add_several(struct engine *en, int maker)
{
	char name[32];

	for (int i = 0; i < EACH; i++) {
		(void)snprintf(name, sizeof name, "net-%d-%d", maker, i);
		if (add(en, name, NULL, NULL, NULL) < 0)
			return 1;
	}
	return 0;
}

TEST(pools_chosen_at_the_same_time_differ)
{
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(4 << 20);
	struct network_rows rows = { 0 };
	struct db *db;
	int failed;

	in_parallel(&f, add_several, &failed);
	assert_int_equal(0, failed);
	assert_int_equal(0, engine_db(&f.en, &db, NULL));
	assert_int_equal(0, network_rows_list(db, &a, &rows, NULL));
	assert_int_equal(MAKERS * EACH, rows.n);
	for (size_t i = 0; i < rows.n; i++)
		for (size_t k = 0; k < i; k++) {
			struct net_ip one, other;

			assert_true(net_subnet_parse(sv_from(rows.v[i].subnet4), &one));
			assert_true(net_subnet_parse(sv_from(rows.v[k].subnet4), &other));
			assert_false(net_subnets_overlap(&one, &other));
		}
}

static int add_the_same(struct engine *en, int maker)
{
	char name[32], subnet[32];
	int made = 0;

	for (int i = 0; i < EACH; i++) {
		(void)snprintf(name, sizeof name, "net-%d-%d", maker, i);
		(void)snprintf(subnet, sizeof subnet, "10.%d.0.0/16", 100 + i);
		made += add(en, name, subnet, NULL, NULL) == 0;
	}
	return made;
}

TEST(one_of_several_gets_a_subnet_that_all_name)
{
	scoped_fixture f = fixture_new();
	int made;

	in_parallel(&f, add_the_same, &made);
	assert_int_equal(EACH, made);
}

TEST(a_bridge_is_of_one_network)
{
	scoped_fixture f = fixture_new();
	struct err e = { 0 };

	assert_int_equal(0, add(&f.en, "one", "10.1.0.0/16", "br0", &e));
	assert_int_equal(-EPERM, add(&f.en, "two", "10.2.0.0/16", "br0", &e));
	assert_string_equal(
		"cannot create network two (br0): conflicts with network one (br0): networks have same bridge name",
		e.msg);
	assert_int_equal(-EEXIST, add(&f.en, "one", "10.2.0.0/16", "br0", &e));
	assert_string_equal("network with name one already exists", e.msg);
	assert_int_equal(0, add(&f.en, "two", "10.2.0.0/16", "br1", &e));
}

TEST(a_damaged_row_is_told_of)
{
	scoped_fixture f = fixture_new();
	struct err e = { 0 };
	struct db *db;

	assert_int_equal(0, add(&f.en, "one", "10.1.0.0/16", NULL, &e));
	assert_int_equal(0, engine_db(&f.en, &db, &e));
	assert_int_equal(0, db_run(db, "UPDATE networks SET subnet4 = 'garbage'", DB_NO_ARGS, NULL, &e));
	assert_int_equal(-EBADMSG, add(&f.en, "two", "10.2.0.0/16", NULL, &e));
	assert_string_equal("network one: a subnet in its row is damaged", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(pools_chosen_at_the_same_time_differ),
		RUN(one_of_several_gets_a_subnet_that_all_name),
		RUN(a_bridge_is_of_one_network),
		RUN(a_damaged_row_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
