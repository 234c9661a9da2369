/* SPDX-License-Identifier: Apache-2.0 */
/* What `rmi` may take away: Docker's rules as a table. */
#include "engine/image_remove.h"

#include "base/buf.h"
#include "base/scope.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

#define ID "aaaaaaaaaaaa0000000000000000000000000000000000000000000000000000"
#define C1 "c1c1c1c1c1c1000000000000000000000000000000000000000000000000000"
#define HUB "docker.io/library/"
#define DIGEST "@sha256:bbbb"

static const struct {
	const char *names[5]; /* the image's */
	const char *name;     /* asked for; NULL: the id */
	const char *running, *stopped;
	bool force;
	const char *taken; /* names that go; NULL: refused */
	bool deleted;
	const char *message;
} cases[] = {
	/* by its name */
	{ { HUB "a:1" }, HUB "a:1", .taken = HUB "a:1", .deleted = true },
	{ { HUB "a:1", HUB "a:2" }, HUB "a:1", .taken = HUB "a:1" },
	{ { HUB "a:1", HUB "b:1" }, HUB "b:1", .taken = HUB "b:1" },
	{ { HUB "a:1", HUB "a" DIGEST }, HUB "a:1", .taken = HUB "a:1 " HUB "a" DIGEST, .deleted = true },
	{ { HUB "a:1", HUB "a:2", HUB "a" DIGEST }, HUB "a:1", .taken = HUB "a:1" },
	{ { HUB "a:1", HUB "b" DIGEST }, HUB "a:1", .taken = HUB "a:1" },
	{ { HUB "a:1", HUB "a" DIGEST }, HUB "a" DIGEST, .taken = HUB "a" DIGEST },
	{ { "h:5000/a:1" }, "h:5000/a:1", .taken = "h:5000/a:1", .deleted = true },
	/* ... that a container has */
	{ { HUB "a:1" },
	  HUB "a:1",
	  .stopped = C1,
	  .message =
		  "conflict: unable to remove repository reference \"asked\" (must force) - container c1c1c1c1c1c1 is "
		  "using its referenced image aaaaaaaaaaaa" },
	{ { HUB "a:1" },
	  HUB "a:1",
	  .running = C1,
	  .message =
		  "conflict: unable to remove repository reference \"asked\" (must force) - container c1c1c1c1c1c1 is "
		  "using its referenced image aaaaaaaaaaaa" },
	{ { HUB "a:1" }, HUB "a:1", .stopped = C1, .force = true, .taken = HUB "a:1", .deleted = true },
	{ { HUB "a:1" }, HUB "a:1", .running = C1, .force = true, .taken = HUB "a:1" }, /* stays without a name */
	{ { HUB "a:1", HUB "b:1" }, HUB "a:1", .running = C1, .taken = HUB "a:1" },
	/* by id */
	{ { NULL }, NULL, .taken = "", .deleted = true },
	{ { HUB "a:1" }, NULL, .taken = HUB "a:1", .deleted = true },
	{ { HUB "a:1", HUB "a" DIGEST }, NULL, .taken = HUB "a:1 " HUB "a" DIGEST, .deleted = true },
	{ { HUB "a:1", HUB "b:1" }, NULL,
	  .message = "conflict: unable to delete aaaaaaaaaaaa (must be forced) - image is referenced in multiple "
		     "repositories" },
	{ { HUB "a:1", HUB "a:2" }, NULL,
	  .message = "conflict: unable to delete aaaaaaaaaaaa (must be forced) - image is referenced in multiple "
		     "repositories" },
	{ { HUB "a:1", HUB "b:1" }, NULL, .force = true, .taken = HUB "a:1 " HUB "b:1", .deleted = true },
	{ { HUB "a:1" },
	  NULL,
	  .stopped = C1,
	  .message =
		  "conflict: unable to delete aaaaaaaaaaaa (must be forced) - image is being used by stopped container "
		  "c1c1c1c1c1c1" },
	{ { HUB "a:1" }, NULL, .stopped = C1, .force = true, .taken = HUB "a:1", .deleted = true },
	{ { HUB "a:1" }, NULL, .running = C1, .force = true,
	  .message = "conflict: unable to delete aaaaaaaaaaaa (cannot be forced) - image is being used by running "
		     "container c1c1c1c1c1c1" },
	{ { NULL }, NULL, .running = C1,
	  .message = "conflict: unable to delete aaaaaaaaaaaa (cannot be forced) - image is being used by running "
		     "container c1c1c1c1c1c1" },
};

static void joined(const struct oci_strings *l, struct buf *out)
{
	buf_puts(out, "");
	for (size_t i = 0; i < l->n; i++)
		buf_putf(out, "%s%s", i ? " " : "", l->v[i]);
}

static void check(size_t i)
{
	const struct image_row image = { .id = ID };
	const struct image_users users = { cases[i].running, cases[i].stopped };
	scoped_arena a = ARENA(1 << 16);
	struct oci_strings names = { (const char **)cases[i].names, 0 };
	struct image_verdict v = { .delete = false };
	struct err e = { 0 };
	scoped_buf taken = BUF(1000);
	int r;

	while (names.v[names.n])
		names.n++;
	r = image_judge(&image, cases[i].name, "asked", &names, &users, cases[i].force, &a, &v, &e);
	joined(&v.names, &taken);
	if (r != (cases[i].taken ? 0 : -EBUSY) || v.delete != cases[i].deleted)
		fail_msg("case %zu: %d, %d: %s", i, r, v.delete, e.msg);
	assert_string_equal(cases[i].taken ? cases[i].taken : "", taken.p);
	assert_string_equal(cases[i].message ? cases[i].message : "", e.msg);
}

TEST(what_goes_and_what_is_refused)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_goes_and_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
