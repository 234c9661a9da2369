/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/user.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/scope.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

static const char passwd[] = "# comment\n"
			     "root:x:0:0:root:/root:/bin/sh\n"
			     "daemon:x:1:1::/usr/sbin:/bin/false\n"
			     "\n"
			     "  web:x:1000:1001:Web:/srv/web:/bin/sh  \n"
			     "31337::0:0::/root:/bin/sh\n"
			     "4294967296:x:0:0::/:/bin/sh\n"
			     "evil:x:4294967296:0::/:/bin/sh\n"
			     "minus:x:4294967295:0::/:/bin/sh\n"
			     "empty:x::0::/:/bin/sh\n"
			     "negative:x:-1:0::/:/bin/sh\n"
			     "spaced:x: 0:0::/:/bin/sh\n"
			     "hex:x:0x10:0::/:/bin/sh\n"
			     "nogid:x:77:gid::/:/bin/sh\n"
			     "short:x:5\n"
			     "relative:x:6:6::../../etc:/bin/sh\n"
			     "nohome:x:7:7\n"
			     "big:x:4294967294:4294967294::/big:\n"
			     "web:x:2000:2000::/second:\n";
static const char group[] = "root:x:0:root\n"
			    "# wheel:x:99:root\n"
			    "bin:x:1:root,daemon\n"
			    "wheel:x:10:root, web\n"
			    "video:x:27:web\n"
			    "again:x:27:web\n"
			    "webs:x:1001:web\n"
			    "42:x:0:\n"
			    "overflow:x:4294967296:web\n"
			    "dup:x:50:\n"
			    "dup:x:51:\n"
			    "last:x:4:web";

#define SV_OF(text) ((struct sv){ text, sizeof(text) - 1 })

static const struct {
	const char *spec;
	int rc;
	int64_t uid, gid;
	const char *groups, *home; /* or the message */
} cases[] = {
	{ "", 0, 0, 0, "0 1 10", "/root" },
	{ "root", 0, 0, 0, "0 1 10", "/root" },
	{ "0", 0, 0, 0, "0 1 10", "/root" },
	{ "000", 0, 0, 0, "0 1 10", "/root" },
	{ "root:", 0, 0, 0, "0 1 10", "/root" },
	{ "root:wheel", 0, 0, 10, "10", "/root" },
	{ ":wheel", 0, 0, 10, "10", "/root" },
	{ "root:root", 0, 0, 0, "0", "/root" },
	{ "web", 0, 1000, 1001, "1001 4 10 27", "/srv/web" },
	{ "1000", 0, 1000, 1001, "1001 4 10 27", "/srv/web" },
	{ "web:27", 0, 1000, 27, "27", "/srv/web" },
	{ "web:12345", 0, 1000, 12345, "12345", "/srv/web" },
	{ "web:dup", 0, 1000, 50, "50", "/srv/web" },
	{ "2000", 0, 2000, 2000, "2000 4 10 27 1001", "/second" },
	{ "1", 0, 1, 1, "1", "/usr/sbin" },
	{ "9999", 0, 9999, 0, "0", "/" },
	{ "9999:7", 0, 9999, 7, "7", "/" },
	{ "6", 0, 6, 6, "6", "/" },
	{ "nohome", 0, 7, 7, "7", "/" },
	{ "big", 0, 4294967294, 4294967294, "4294967294", "/big" },
	{ "4294967294", 0, 4294967294, 4294967294, "4294967294", "/big" },
	/* CVE-2016-3697: a numeric name in the image is not the user of that name */
	{ "31337", 0, 31337, 0, "0", "/" },
	{ "31337:42", 0, 31337, 42, "42", "/" },
	/* CVE-2024-40635, CVE-2026-46680: what does not fit neither wraps nor becomes a name */
	{ "4294967296", -EINVAL, 0, 0, NULL, "uids and gids must be in range 0-4294967294, not 4294967296" },
	{ "4294967295", -EINVAL, 0, 0, NULL, "uids and gids must be in range 0-4294967294, not 4294967295" },
	{ "99999999999999999999", -EINVAL, 0, 0, NULL,
	  "uids and gids must be in range 0-4294967294, not 99999999999999999999" },
	{ "-1", -EINVAL, 0, 0, NULL, "uids and gids must be in range 0-4294967294, not -1" },
	{ "web:4294967296", -EINVAL, 0, 0, NULL, "uids and gids must be in range 0-4294967294, not 4294967296" },
	{ "evil", -ENOENT, 0, 0, NULL, "unable to find user evil: no matching entries in passwd file" },
	{ "minus", -ENOENT, 0, 0, NULL, "unable to find user minus: no matching entries in passwd file" },
	{ "empty", -ENOENT, 0, 0, NULL, "unable to find user empty: no matching entries in passwd file" },
	{ "negative", -ENOENT, 0, 0, NULL, "unable to find user negative: no matching entries in passwd file" },
	{ "spaced", -ENOENT, 0, 0, NULL, "unable to find user spaced: no matching entries in passwd file" },
	{ "hex", -ENOENT, 0, 0, NULL, "unable to find user hex: no matching entries in passwd file" },
	{ "nogid", -ENOENT, 0, 0, NULL, "unable to find user nogid: no matching entries in passwd file" },
	{ "short", -ENOENT, 0, 0, NULL, "unable to find user short: no matching entries in passwd file" },
	{ "nobody", -ENOENT, 0, 0, NULL, "unable to find user nobody: no matching entries in passwd file" },
	{ "+0", -ENOENT, 0, 0, NULL, "unable to find user +0: no matching entries in passwd file" },
	{ "0x0", -ENOENT, 0, 0, NULL, "unable to find user 0x0: no matching entries in passwd file" },
	{ " 0", -ENOENT, 0, 0, NULL, "unable to find user  0: no matching entries in passwd file" },
	{ "web:none", -ENOENT, 0, 0, NULL, "unable to find group none: no matching entries in group file" },
	{ "web:overflow", -ENOENT, 0, 0, NULL, "unable to find group overflow: no matching entries in group file" },
	{ "root:wheel:x", -ENOENT, 0, 0, NULL, "unable to find group wheel:x: no matching entries in group file" },
};

static const char *groups_text(const struct user *u, struct buf *b)
{
	for (size_t i = 0; i < u->groups.n; i++)
		(void)buf_putf(b, "%s%lld", i ? " " : "", (long long)u->groups.v[i]);
	return b->p;
}

TEST(user_specs_are_found_as_docker_finds_them)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scoped_arena a = ARENA(1 << 20);
		scoped_buf b = BUF(4096);
		struct user u = { .uid = -7 };
		struct err e = { 0 };
		int r = user_find(sv_from(cases[i].spec), sv_from(passwd), sv_from(group), &a, &u, &e);

		if (r != cases[i].rc)
			fail_msg("\"%s\": %d (%s)", cases[i].spec, r, e.msg);
		if (r < 0) {
			assert_string_equal(cases[i].home, e.msg);
			assert_true(u.uid == -7);
			continue;
		}
		if (u.uid != cases[i].uid || u.gid != cases[i].gid)
			fail_msg("\"%s\": %lld:%lld", cases[i].spec, (long long)u.uid, (long long)u.gid);
		assert_string_equal(cases[i].groups, groups_text(&u, &b));
		assert_string_equal(cases[i].home, u.home);
	}
}

/* CVE-2026-30892: `-u 1` ran as 0. Every number is itself, whatever the files say of others. */
TEST(a_numeric_user_is_that_number)
{
	static const char *const specs[] = { "1", "1:1", "2", "65534", "2147483647", "2147483648", "4294967294" };

	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
		scoped_arena a = ARENA(1 << 16);
		struct user u;
		char text[32];

		assert_int_equal(0, user_find(sv_from(specs[i]), SV(""), SV(""), &a, &u, NULL));
		(void)snprintf(text, sizeof text, "%lld", (long long)u.uid);
		assert_memory_equal(specs[i], text, strlen(text));
	}
}

TEST(an_image_without_files_has_root_and_numbers)
{
	scoped_arena a = ARENA(1 << 16);
	struct err e = { 0 };
	struct user u;

	assert_int_equal(0, user_find(SV(""), SV(""), SV(""), &a, &u, &e));
	assert_true(u.uid == 0 && u.gid == 0 && u.groups.n == 1);
	assert_string_equal("/", u.home);
	assert_int_equal(-ENOENT, user_find(SV("root"), SV(""), SV(""), &a, &u, &e));
}

static const struct {
	const char *add[4];
	int rc;
	const char *groups; /* or the message */
} additions[] = {
	{ { "wheel" }, 0, "1001 4 10 27" }, /* is there already */
	{ { "7", "bin" }, 0, "1001 1 4 7 10 27" },
	{ { "42" }, 0, "1001 4 10 27 42" }, /* digits are an id, whatever the file calls so */
	{ { "dup", "dup", "50" }, 0, "1001 4 10 27 50" },
	{ { "1001" }, 0, "1001 4 10 27" },
	{ { "nope" }, -ENOENT, "unable to find group nope: no matching entries in group file" },
	{ { "overflow" }, -ENOENT, "unable to find group overflow: no matching entries in group file" },
	{ { "7", "4294967295" }, -EINVAL, "uids and gids must be in range 0-4294967294, not 4294967295" },
	{ { "-1" }, -EINVAL, "uids and gids must be in range 0-4294967294, not -1" },
};

TEST(groups_are_added_by_name_and_number)
{
	for (size_t i = 0; i < ARRAY_LEN(additions); i++) {
		scoped_arena a = ARENA(1 << 16);
		scoped_buf out = BUF(256);
		struct oci_strings add = { (const char **)additions[i].add, 0 };
		struct err e = { 0 };
		struct user u;

		while (add.n < ARRAY_LEN(additions[i].add) && add.v[add.n])
			add.n++;
		assert_int_equal(0, user_find(SV("web"), SV_OF(passwd), SV_OF(group), &a, &u, &e));
		assert_int_equal(additions[i].rc, user_add_groups(&u, &add, SV_OF(group), &a, &e));
		for (size_t k = 0; k < u.groups.n; k++)
			(void)buf_putf(&out, "%s%lld", k ? " " : "", (long long)u.groups.v[k]);
		assert_string_equal(additions[i].rc ? "1001 4 10 27" : additions[i].groups, out.p);
		if (additions[i].rc)
			assert_string_equal(additions[i].groups, e.msg);
	}
}

/* CVE-2026-47262: a huge group file must neither fill memory nor take its time */
TEST(files_and_groups_have_a_ceiling)
{
	scoped_arena a = ARENA(LIMIT_PASSWD);
	scoped_buf big = BUF(LIMIT_PASSWD + 64);
	struct err e = { 0 };
	struct user u;

	while (big.len <= LIMIT_PASSWD - 20)
		(void)buf_putf(&big, "g:x:%zu:w\n", big.len);
	assert_int_equal(-EFBIG, user_find(SV("w"), SV("w:x:1:1::/:"), buf_sv(&big), &a, &u, &e));
	assert_string_equal("user w is in more than 65536 groups", e.msg);
	while (big.len <= LIMIT_PASSWD)
		(void)buf_puts(&big, "#");
	assert_int_equal(-EFBIG, user_find(SV("0"), SV(""), buf_sv(&big), &a, &u, &e));
	assert_string_equal("/etc/group is larger than 1048576 bytes", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(user_specs_are_found_as_docker_finds_them),
		RUN(a_numeric_user_is_that_number),
		RUN(an_image_without_files_has_root_and_numbers),
		RUN(groups_are_added_by_name_and_number),
		RUN(files_and_groups_have_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
