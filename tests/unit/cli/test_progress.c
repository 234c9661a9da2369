/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scope.h"
#include "cli/progress.h"

#include "../test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAYER "0123456789ab: Loading layer"
#define FULL "=================================================="

static const struct {
	int64_t done, total;
	unsigned columns;
	const char *text;
} cases[] = {
	{ 0, 100, 120, LAYER " [>                                                  ]  0B/100B" },
	{ 50, 100, 120, LAYER " [=========================>                         ]  50B/100B" },
	{ 100, 100, 120, LAYER " [" FULL ">]  100B/100B" },
	{ 200, 100, 120, LAYER " [" FULL ">]  200B/100B" }, /* a file that grew */
	{ 1000000, 4000000, 68, LAYER " [====>               ]  1MB/4MB" },
	{ 1000000, 4000000, 40, LAYER "  1MB" },
	{ 1000000, 0, 120, LAYER "  1MB" },
	{ INT64_MAX, INT64_MAX, 120, LAYER " [" FULL ">]  9.22EB/9.22EB" },
};

TEST(a_line_fits_its_terminal)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char line[PROGRESS_SIZE];

		assert_string_equal(cases[i].text,
				    progress_line(LAYER, cases[i].done, cases[i].total, cases[i].columns, line));
		if (strchr(line, '['))
			assert_true(strlen(line) <= cases[i].columns);
	}
}

TEST(where_no_terminal_is_nothing_is_shown)
{
	int pair[2];
	char c;
	struct progress p;

	assert_int_equal(0, pipe2(pair, O_NONBLOCK));
	p = progress_new(pair[1], false);
	progress_step(&p, "x", 1, 2);
	progress_end(&p);
	progress_clear(&p);
	assert_int_equal(-1, read(pair[0], &c, 1));
	close(pair[0]);
	close(pair[1]);
}

/* What a terminal got until now: it comes a little later, and a mark behind it tells the end. */
static const char *screen(int master, int fd)
{
	static char text[1000];
	size_t n = 0;

	assert_int_equal(1, write(fd, "|", 1));
	do {
		assert_int_equal(1, read(master, text + n, 1));
		assert_true(++n < sizeof text);
	} while (text[n - 1] != '|');
	text[n - 1] = '\0';
	return text;
}

TEST(a_terminal_gets_the_first_and_the_last_step)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), fd;
	struct progress p;

	assert_true(master >= 0);
	assert_int_equal(0, grantpt(master));
	assert_int_equal(0, unlockpt(master));
	fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
	p = progress_new(fd, true);
	progress_step(&p, "quiet", 1, 3);
	assert_string_equal("", screen(master, fd));
	p = progress_new(fd, false);
	progress_step(&p, "x", 1, 3);
	assert_non_null(strstr(screen(master, fd), "1B/3B"));
	p.shown_ns += INT64_C(3600) * 1000000000;
	progress_step(&p, "x", 2, 3); /* too soon */
	assert_string_equal("", screen(master, fd));
	progress_step(&p, "x", 3, 3);
	assert_non_null(strstr(screen(master, fd), "3B/3B"));
	progress_end(&p);
	assert_string_equal("\r\n", screen(master, fd));
	progress_end(&p);
	assert_string_equal("", screen(master, fd));
	close(fd);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_line_fits_its_terminal),
		RUN(where_no_terminal_is_nothing_is_shown),
		RUN(a_terminal_gets_the_first_and_the_last_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
