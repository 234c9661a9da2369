/* SPDX-License-Identifier: Apache-2.0 */
#include "records/userns_rows.h"

#include "../test.h"
#include "records/containers.h"
#include "../tmpdir.h"

#include <errno.h>

/* ---- --userns ----------------------------------------------------------------------------------------------------- */

TEST(a_mode_is_the_hosts_automatic_or_a_map)
{
	static const struct {
		const char *text;
		int kind;
		uint32_t size, outside_of_5;
	} cases[] = {
		{ NULL, USERNS_HOST, 0, ID_NONE },
		{ "", USERNS_HOST, 0, ID_NONE },
		{ "host", USERNS_HOST, 0, ID_NONE },
		{ "auto", USERNS_AUTO, 65536, ID_NONE },
		{ "auto:size=1", USERNS_AUTO, 1, ID_NONE },
		{ "auto:size=1048576", USERNS_AUTO, 1048576, ID_NONE },
		{ "0:100000:65536", USERNS_MAP, 0, 100005 },
		{ "0:100000:5,5:7:1", USERNS_MAP, 0, 7 },
		{ "1:1:9,0:0:1", USERNS_MAP, 0, 5 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 16);
		struct userns_mode m;

		assert_int_equal(0, userns_mode_parse(cases[i].text, &a, &m, NULL));
		assert_int_equal(cases[i].kind, m.kind);
		assert_int_equal(cases[i].size, m.size);
		assert_int_equal(cases[i].outside_of_5, id_map_outside(&m.map, 5));
	}
}

#define ALLOWED ": allowed are host, auto, auto:size=N, container:NAME and CONTAINER_ID:HOST_ID:SIZE[,...]"

TEST(other_modes_are_refused_with_what_is_allowed)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{ "private", "invalid USER mode" ALLOWED },
		{ "container:", "invalid USER mode" ALLOWED },
		{ "auto:", "invalid USER mode" ALLOWED },
		{ "autox", "invalid USER mode" ALLOWED },
		{ "auto:size=", "size : allowed are 1 to 1048576" },
		{ "auto:size=0", "size 0: allowed are 1 to 1048576" },
		{ "auto:size=1048577", "size 1048577: allowed are 1 to 1048576" },
		{ "auto:size=4294967297", "size 4294967297: allowed are 1 to 1048576" },
		{ "auto:size=1,x", "size 1,x: allowed are 1 to 1048576" },
		{ "0:1", "\"0:1\"" ALLOWED },
		{ "0:1:2:3", "\"0:1:2:3\"" ALLOWED },
		{ "0:1:2:", "\"0:1:2:\"" ALLOWED },
		{ "0:1:2,", "\"\"" ALLOWED },
		{ "0:-1:2", "\"0:-1:2\"" ALLOWED },
		{ "0:4294967296:1", "\"0:4294967296:1\"" ALLOWED },
		{ "0:4294967295:1", "0:4294967295:1: ids end at 4294967294" },
		{ "0:1:0", "0:1:0: no ids" },
		{ "1:1:1", "the container's id 0 is not mapped" },
		{ "0:1:5,4:100:1", "0:1:5 and 4:100:1 overlap" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 16);
		struct userns_mode m = { .size = 7 };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, userns_mode_parse(cases[i].text, &a, &m, &e));
		assert_string_equal(cases[i].msg, e.msg);
		assert_int_equal(7, m.size);
	}
}

/* ---- subuid(5) -------------------------------------------------------------------------------------------------- */

TEST(the_ranges_of_a_user_are_found_among_those_of_others)
{
	scoped_arena a = ARENA(1 << 16);
	struct id_ranges r;

	assert_int_equal(
		0,
		subid_parse(SV("root:1:2\n\n# note\nother\ntare:100:50\ntaren:7:x\n tare: 9 : 1 \ntare:4294967294:1"),
			    "/etc/subuid", "tare", &a, &r, NULL));
	assert_int_equal(3, r.n);
	assert_int_equal(100, r.v[0].first);
	assert_int_equal(50, r.v[0].count);
	assert_int_equal(9, r.v[1].first);
	assert_int_equal(4294967294u, r.v[2].first);
}

TEST(ranges_that_make_no_sense_are_refused_by_their_line)
{
	static const struct {
		const char *text, *msg;
		int rc;
	} cases[] = {
		{ "", "user \"tare\" has no ids in F; add a line there, such as tare:1000000000:655360000", -ENOENT },
		{ "x:1:2\n", "user \"tare\" has no ids in F; add a line there, such as tare:1000000000:655360000",
		  -ENOENT },
		{ "x:1:2\ntare:1", "F:2: not USER:FIRST:COUNT with ids up to 4294967294", -EINVAL },
		{ "tare::", "F:1: not USER:FIRST:COUNT with ids up to 4294967294", -EINVAL },
		{ "tare:1:0", "F:1: not USER:FIRST:COUNT with ids up to 4294967294", -EINVAL },
		{ "tare:1:2:3", "F:1: not USER:FIRST:COUNT with ids up to 4294967294", -EINVAL },
		{ "tare:4294967295:1", "F:1: not USER:FIRST:COUNT with ids up to 4294967294", -EINVAL },
		{ "tare:1:99999999999999999999", "F:1: not USER:FIRST:COUNT with ids up to 4294967294", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 16);
		struct id_ranges r = { .n = 7 };
		struct err e = { 0 };

		assert_int_equal(cases[i].rc, subid_parse(sv_from(cases[i].text), "F", "tare", &a, &r, &e));
		assert_string_equal(cases[i].msg, e.msg);
		assert_int_equal(7, r.n);
	}
}

/* ---- who has what ----------------------------------------------------------------------------------------------- */

struct fixture {
	struct tmpdir dir;
	struct arena a;
	struct db *db;
};

static struct fixture begin(void)
{
	struct fixture f = { .dir = tmpdir_new(), .a = ARENA(1 << 20) };
	struct err e = { 0 };

	if (db_open(f.dir.path, &f.db, &e) < 0)
		fail_msg("%s", e.msg);
	return f;
}

static void end(struct fixture *f)
{
	db_close(f->db);
	arena_done(&f->a);
	tmpdir_done(&f->dir);
}

static struct id_range uid_ranges[] = { { 1000, 10 }, { 2000, 30 } }, gid_ranges[] = { { 5000, 100 } };
static const struct id_ranges uids = { uid_ranges, 2 }, gids = { gid_ranges, 1 };

/* As engine/create.c does it: with the row. What the container got first; ID_NONE: refused. */
static uint32_t take(struct fixture *f, char id, const char *mode, struct err *e)
{
	struct container_row row = { .created_ns = 5, .cgroup = "/x", .config = "{}" };
	struct userns_ids ids = { 0 };
	struct userns_mode m;
	char hex[65] = "", name[NAME_SIZE];
	int r;

	memset(hex, id, 64);
	row.id = hex;
	assert_int_equal(0, userns_mode_parse(mode, &f->a, &m, e));
	assert_int_equal(0, db_begin(f->db, e));
	r = containers_insert(f->db, &row, name, e);
	if (r == 0)
		r = userns_take(f->db, hex, &m, &uids, &gids, &f->a, &ids, e);
	r = db_end(f->db, r, e);
	return r < 0 ? ID_NONE : ids.uids.v[0].outside;
}

static void give_back(struct fixture *f, char id)
{
	char hex[65] = "";

	memset(hex, id, 64);
	assert_int_equal(0, containers_delete(f->db, hex, NULL));
}

TEST(each_container_gets_the_lowest_gap_and_gives_it_back)
{
	struct fixture f = begin();
	struct err e = { 0 };

	assert_int_equal(1000, take(&f, 'a', "auto:size=4", &e));
	assert_int_equal(1004, take(&f, 'b', "auto:size=4", &e));
	assert_int_equal(2000, take(&f, 'c', "auto:size=4", &e)); /* 2 are left of the first range */
	assert_int_equal(1008, take(&f, 'd', "auto:size=2", &e));
	give_back(&f, 'b');
	assert_int_equal(1004, take(&f, 'e', "auto:size=3", &e));
	assert_int_equal(1007, take(&f, 'f', "auto:size=1", &e));
	end(&f);
}

TEST(when_no_gap_is_left_nothing_is_taken)
{
	struct fixture f = begin();
	struct err e = { 0 };

	assert_int_equal(2000, take(&f, 'a', "auto:size=30", &e));
	assert_int_equal(ID_NONE, take(&f, 'b', "auto:size=11", &e));
	assert_int_equal(ENOSPC, e.code);
	assert_string_equal(
		"no 11 uids in a row are left of those that user \"tare\" has in subuid(5); containers have 1 "
		"ranges of them",
		e.msg);
	assert_int_equal(1000, take(&f, 'b', "auto:size=10", &e)); /* its row was not kept either */
	end(&f);
}

TEST(a_map_shares_ids_with_another_map_but_never_with_auto)
{
	struct fixture f = begin();
	struct err e = { 0 };

	assert_int_equal(1002, take(&f, 'a', "0:1002:2", &e));
	assert_int_equal(1003, take(&f, 'b', "0:1003:3", &e));
	assert_int_equal(1006, take(&f, 'c', "auto:size=4", &e)); /* around them */
	assert_int_equal(ID_NONE, take(&f, 'd', "0:1:1,1:1009:1", &e));
	assert_int_equal(EBUSY, e.code);
	assert_string_equal("uid 1006 to 1009 of the host belong to container cccccccccccc", e.msg);
	assert_int_equal(1000, take(&f, 'd', "auto:size=2", &e));
	end(&f);
}

TEST(ids_that_two_containers_share_are_nobody_elses_until_the_last_has_gone)
{
	struct fixture f = begin();
	struct userns_mode m = { .kind = USERNS_AUTO, .size = 4 };
	struct userns_ids ids;
	struct err e = { 0 };
	char one[65] = "", other[65] = "", name[NAME_SIZE];

	memset(one, 'a', 64);
	memset(other, 'b', 64);
	assert_int_equal(1000, take(&f, 'a', "auto:size=4", &e));
	assert_int_equal(0, userns_find(f.db, one, &m, &f.a, &ids, &e));
	assert_int_equal(0,
			 containers_insert(f.db, &(struct container_row){ .id = other, .cgroup = "/x", .config = "{}" },
					   name, &e));
	assert_int_equal(0, userns_share(f.db, other, &ids, true, &e));
	give_back(&f, 'a');
	assert_int_equal(1004, take(&f, 'c', "auto:size=4", &e));
	give_back(&f, 'b');
	assert_int_equal(1000, take(&f, 'd', "auto:size=4", &e));
	end(&f);
}

TEST(what_a_container_has_is_found_again)
{
	struct fixture f = begin();
	struct userns_mode m = { .kind = USERNS_AUTO, .size = 4 };
	struct userns_ids ids;
	struct err e = { 0 };
	char hex[65] = "";

	assert_int_equal(1000, take(&f, 'a', "auto:size=4", &e));
	assert_int_equal(1004, take(&f, 'b', "auto:size=4", &e));
	memset(hex, 'b', 64);
	assert_int_equal(0, userns_find(f.db, hex, &m, &f.a, &ids, &e));
	assert_int_equal(1004, ids.uids.v[0].outside);
	assert_int_equal(5004, ids.gids.v[0].outside);
	assert_int_equal(4, ids.gids.v[0].count);
	memset(hex, 'c', 64);
	assert_int_equal(-ENOENT, userns_find(f.db, hex, &m, &f.a, &ids, &e));
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_mode_is_the_hosts_automatic_or_a_map),
		RUN(other_modes_are_refused_with_what_is_allowed),
		RUN(the_ranges_of_a_user_are_found_among_those_of_others),
		RUN(ranges_that_make_no_sense_are_refused_by_their_line),
		RUN(each_container_gets_the_lowest_gap_and_gives_it_back),
		RUN(when_no_gap_is_left_nothing_is_taken),
		RUN(a_map_shares_ids_with_another_map_but_never_with_auto),
		RUN(ids_that_two_containers_share_are_nobody_elses_until_the_last_has_gone),
		RUN(what_a_container_has_is_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
