/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which port of the host, in rows; what listens on this machine is not asked for (sctp has no list). */
#include "engine/network_ports.h"

#include "../test.h"
#include "fixture.h"

#include "base/scope.h"
#include "engine/recover.h"

#include <errno.h>
#include <stdio.h>

static const struct net_ip all_addresses = { 0 };

static void hold(struct fixture *f, const char *container, unsigned first, unsigned last, unsigned to)
{
	const struct port_row row = { .container_id = container, .protocol = PORT_SCTP, .host = "", .host_first = first,
				      .host_last = last, .first = to };
	struct db *db;

	assert_int_equal(0, engine_db(&f->en, &db, NULL));
	assert_int_equal(0, network_rows_publish(db, &row, NULL));
}

static struct port_mapping port(unsigned first, unsigned last, unsigned to)
{
	return (struct port_mapping){ .protocol = PORT_SCTP, .host_first = (uint16_t)first, .host_last = (uint16_t)last,
				      .first = (uint16_t)to, .last = (uint16_t)to };
}

/* "8080>80 ", … of the container */
static void assert_has(struct fixture *f, const char *container, const char *wanted)
{
	scoped_arena a = ARENA(1 << 20);
	struct port_rows rows = { 0 };
	char text[256] = "";
	struct db *db;

	assert_int_equal(0, engine_db(&f->en, &db, NULL));
	assert_int_equal(0, network_rows_ports(db, container, &a, &rows, NULL));
	for (size_t i = 0; i < rows.n; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%d>%d ", (int)rows.v[i].host_first,
			       (int)rows.v[i].first);
	assert_string_equal(wanted, text);
}

static int take(struct fixture *f, struct port_mapping m, struct err *e)
{
	scoped_arena a = ARENA(4 << 20);
	struct places none = { .gateway = PLACE_NO_GATEWAY };
	struct rules_ports got = { 0 };

	return network_ports_take(&f->en, "new", false, &(struct port_mappings){ &m, 1 }, &all_addresses, &none, &a,
				  &got, e);
}

/* Of a container without a row nothing can be given back. */
TEST(a_port_that_is_held_is_refused_however_often_its_holder_is_gone)
{
	scoped_fixture f = fixture_new();
	struct err e = { 0 };

	hold(&f, "gone", 8080, 8080, 80);
	assert_int_equal(-EADDRINUSE, take(&f, port(8080, 8080, 80), &e));
	assert_has(&f, "new", "");
	assert_int_equal(0, take(&f, port(8079, 8080, 80), &e));
	assert_has(&f, "new", "8079>80 ");
}

TEST(a_range_is_held_as_a_whole)
{
	scoped_fixture f = fixture_new();
	struct err e = { 0 };

	hold(&f, "other", 7000, 7999, 7000);
	hold(&f, "other", 9000, 9999, 9000);
	assert_int_equal(-EADDRINUSE, take(&f, port(7999, 7999, 80), &e));
	assert_int_equal(-EADDRINUSE, take(&f, port(9000, 9000, 80), &e));
	assert_int_equal(-EADDRINUSE, take(&f, port(9500, 9500, 80), &e));
	assert_int_equal(0, take(&f, port(9990, 10000, 80), &e)); /* any of these */
	assert_has(&f, "new", "10000>80 ");
	assert_int_equal(0, take(&f, port(8000, 8000, 80), &e));
	assert_has(&f, "new", "8000>80 ");
}

#define STARTING "c0ffee0000000000000000000000000000000000000000000000000000000001"

/* One that has ended, or was never started; *l: somebody is at work on it. */
static void make_idle(struct fixture *f, struct lock *l)
{
	struct outcome o = { .state = OUTCOME_EXITED, .created_ns = 1, .started_ns = 2, .finished_ns = 3 };
	struct container_row row = { .id = STARTING, .created_ns = 1, .cgroup = "/tare/" STARTING, .config = "{}" };
	char name[NAME_SIZE];
	scoped_fd dir = -1;
	struct db *db;

	(void)snprintf(o.boot_id, sizeof o.boot_id, "%s", f->en.boot_id);
	assert_int_equal(0, engine_db(&f->en, &db, NULL));
	assert_int_equal(0, container_lock_new(&f->en, STARTING, l, &dir, NULL));
	assert_int_equal(0, containers_insert(db, &row, name, NULL));
	assert_int_equal(0, outcome_write(dir, &o, NULL));
}

/* Its ports are its own before its monitor is there and its record says that it runs. */
TEST(what_is_just_being_started_keeps_its_ports)
{
	scoped_fixture f = fixture_new();
	scoped_lock l = LOCK_NONE;
	struct err e = { 0 };

	make_idle(&f, &l);
	hold(&f, STARTING, 8080, 8080, 80);
	assert_int_equal(-EADDRINUSE, take(&f, port(8080, 8080, 80), &e));
	assert_has(&f, STARTING, "8080>80 ");
	assert_has(&f, "new", "");

	lock_release(&l);
	assert_int_equal(0, take(&f, port(8080, 8080, 80), &e));
	assert_has(&f, STARTING, "");
	assert_has(&f, "new", "8080>80 ");
}

TEST(what_is_just_being_removed_gives_them_back)
{
	scoped_fixture f = fixture_new();
	scoped_lock l = LOCK_NONE;
	struct err e = { 0 };

	make_idle(&f, &l);
	hold(&f, STARTING, 8080, 8080, 80);
	assert_int_equal(0, lock_intend(&f.en, &l, "remove", NULL));
	assert_int_equal(0, take(&f, port(8080, 8080, 80), &e));
	assert_has(&f, "new", "8080>80 ");
}

static int change(struct fixture *f, struct port_mapping wanted, unsigned gone, struct err *e)
{
	scoped_arena a = ARENA(4 << 20);
	struct rules_port old = { .map = port(gone, gone, 80) };

	return network_ports_change(&f->en, "own", &(struct port_mappings){ &wanted, 1 }, &all_addresses,
				    &(struct rules_ports){ &old, 1 }, &a, e);
}

TEST(ports_are_exchanged_or_stay)
{
	scoped_fixture f = fixture_new();
	struct err e = { 0 };

	hold(&f, "own", 8080, 8080, 80);
	hold(&f, "own", 8081, 8081, 81);
	hold(&f, "other", 9090, 9090, 80);
	assert_int_equal(-EADDRINUSE, change(&f, port(9090, 9090, 80), 8080, &e));
	assert_has(&f, "own", "8080>80 8081>81 ");
	assert_int_equal(-EADDRINUSE, change(&f, port(8081, 8081, 80), 8080, &e));
	assert_int_equal(0, change(&f, port(8080, 8080, 82), 8080, &e));
	assert_has(&f, "own", "8081>81 8080>82 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_port_that_is_held_is_refused_however_often_its_holder_is_gone),
		RUN(a_range_is_held_as_a_whole),
		RUN(what_is_just_being_started_keeps_its_ports),
		RUN(what_is_just_being_removed_gives_them_back),
		RUN(ports_are_exchanged_or_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
