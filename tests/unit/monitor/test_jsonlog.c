/* SPDX-License-Identifier: Apache-2.0 */
/* The file is Docker's, to the byte; nothing that happens to the disk reaches the container. */
#include "monitor/jsonlog.h"

#include "../test.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/scope.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

static struct charter charter;
static struct jsonlog kept;
static char folder[64];
static int dir = -1;

static int begin(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/tare-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	charter_init(&charter);
	charter.id = "c";
	memset(&kept, 0, sizeof kept);
	jsonlog_init(&kept, &charter, dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	jsonlog_flush(&kept);
	close(kept.fd);
	close(dir);
	return io_remove_tree_at(AT_FDCWD, folder, NULL);
}

/* The file without its times: each "time":"…" becomes T. */
static const char *content(const char *name)
{
	static char text[1 << 17];
	scoped_buf b = BUF(1 << 20);
	const char *p;
	size_t n = 0;

	if (io_read_at(dir, name, &b, NULL) < 0)
		return "none";
	for (p = b.p ? b.p : ""; *p;) {
		const char *time = strncmp(p, ",\"time\":\"20", 11) == 0 ? strchr(p + 11, '"') : NULL;

		if (time) {
			assert_int_equal('Z', time[-1]);
			assert_int_not_equal('0', time[-2]);
			text[n++] = 'T';
			p = time + 1;
		} else {
			text[n++] = *p++;
		}
	}
	text[n] = '\0';
	return text;
}

static void put(enum jsonlog_stream s, const char *text)
{
	jsonlog_put(&kept, s, text, strlen(text));
}

static const struct {
	const char *in, *out;
} texts[] = {
	{ "plain\n", "plain\\n" },
	{ "\n", "\\n" },
	{ "q\"b\\s\ttab\r\n", "q\\\"b\\\\s\\u0009tab\\r\\n" },
	{ "<a href=\"x\">&\n", "\\u003ca href=\\\"x\\\"\\u003e\\u0026\\n" },
	{ "\x01\x1b[0m\x7f\n", "\\u0001\\u001b[0m\x7f\\n" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\\n" },
	{ "\xe2\x80\xa8\xe2\x80\xa9\n", "\\u2028\\u2029\\n" },
	{ "\xff\xfe\n", "\\ufffd\\ufffd\\n" },
	{ "\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\n",
	  "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\n" }, /* overlong, surrogate, too large */
	{ "\xe2\x82\n", "\\ufffd\\ufffd\\n" },
};

TEST(text_is_escaped_as_docker_does_it)
{
	char want[256];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		put(JSONLOG_STDOUT, texts[i].in);
		jsonlog_flush(&kept);
		(void)snprintf(want, sizeof want, "{\"log\":\"%s\",\"stream\":\"stdout\"T}\n", texts[i].out);
		assert_string_equal(want, content("c-json.log"));
		assert_int_equal(0, ftruncate(kept.fd, 0));
	}
}

TEST(lines_are_records_and_streams_are_apart)
{
	charter.log_attrs = "{\"a\":\"b\"}";
	assert_string_equal("none", content("c-json.log"));
	put(JSONLOG_STDOUT, "one\ntw");
	put(JSONLOG_STDERR, "E\xe2\x82");
	put(JSONLOG_STDOUT, "o\nthree");
	put(JSONLOG_STDERR, "\xac\n"); /* a character in two pieces */
	jsonlog_end(&kept, JSONLOG_STDOUT);
	jsonlog_end(&kept, JSONLOG_STDOUT);
	jsonlog_flush(&kept);
	assert_string_equal("{\"log\":\"one\\n\",\"stream\":\"stdout\",\"attrs\":{\"a\":\"b\"}T}\n"
			    "{\"log\":\"two\\n\",\"stream\":\"stdout\",\"attrs\":{\"a\":\"b\"}T}\n"
			    "{\"log\":\"E\xe2\x82\xac\\n\",\"stream\":\"stderr\",\"attrs\":{\"a\":\"b\"}T}\n"
			    "{\"log\":\"three\",\"stream\":\"stdout\",\"attrs\":{\"a\":\"b\"}T}\n",
			    content("c-json.log"));
}

TEST(long_lines_are_cut_at_16_kib)
{
	static char text[2 * JSONLOG_LINE + 2];
	struct {
		const char *p;
		size_t n;
	} part[3];
	const char *p = NULL;
	scoped_buf b = BUF(1 << 20);

	memset(text, 'x', sizeof text);
	text[2 * JSONLOG_LINE] = '\n';
	for (size_t i = 0; i <= 2 * JSONLOG_LINE; i += 1000)
		jsonlog_put(&kept, JSONLOG_STDOUT, text + i,
			    2 * JSONLOG_LINE + 1 - i < 1000 ? 2 * JSONLOG_LINE + 1 - i : 1000);
	jsonlog_flush(&kept);
	assert_int_equal(0, io_read_at(dir, "c-json.log", &b, NULL));
	p = b.p;
	for (int i = 0; i < 3; i++) {
		part[i].p = p;
		p = strchr(p, '\n') + 1;
		part[i].n = (size_t)(p - part[i].p);
	}
	assert_int_equal('\0', *p);
	assert_int_equal(part[0].n, part[1].n);
	assert_memory_equal(part[0].p, part[1].p, part[0].n); /* one line, one time */
	assert_int_equal(part[0].n - JSONLOG_LINE + 2, part[2].n);
	assert_memory_equal("{\"log\":\"\\n\"", part[2].p, 11);
}

TEST(a_file_of_its_size_is_renamed)
{
	charter.log_max_size = 60;
	charter.log_max_file = 3;
	for (char c = '1'; c <= '7'; c++) {
		char line[] = { c, '\n', '\0' };

		put(JSONLOG_STDOUT, line);
	}
	jsonlog_flush(&kept);
	assert_string_equal("{\"log\":\"7\\n\",\"stream\":\"stdout\"T}\n", content("c-json.log"));
	assert_string_equal("{\"log\":\"6\\n\",\"stream\":\"stdout\"T}\n", content("c-json.log.1"));
	assert_string_equal("{\"log\":\"5\\n\",\"stream\":\"stdout\"T}\n", content("c-json.log.2"));
	assert_string_equal("none", content("c-json.log.3"));
	charter.log_max_file = 1;
	put(JSONLOG_STDOUT, "8\n");
	jsonlog_flush(&kept);
	assert_string_equal("{\"log\":\"8\\n\",\"stream\":\"stdout\"T}\n", content("c-json.log"));
	assert_string_equal("{\"log\":\"6\\n\",\"stream\":\"stdout\"T}\n", content("c-json.log.1"));
}

static void limit_files(rlim_t size)
{
	struct rlimit l;

	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &l));
	l.rlim_cur = size;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &l));
}

TEST(what_cannot_be_written_is_dropped_in_whole_records_and_counted)
{
	(void)sigaction(SIGXFSZ, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	put(JSONLOG_STDOUT, "first\n");
	jsonlog_flush(&kept);
	limit_files(100); /* the second record does not fit as a whole */
	put(JSONLOG_STDOUT, "second\n");
	jsonlog_flush(&kept);
	put(JSONLOG_STDERR, "third\nfourth\n");
	jsonlog_flush(&kept);
	assert_string_equal("{\"log\":\"first\\n\",\"stream\":\"stdout\"T}\n", content("c-json.log"));
	limit_files(RLIM_INFINITY);
	put(JSONLOG_STDOUT, "fifth\n");
	jsonlog_flush(&kept);
	assert_string_equal("{\"log\":\"first\\n\",\"stream\":\"stdout\"T}\n"
			    "{\"log\":\"tare: 3 records of this log were dropped: File too large\\n\","
			    "\"stream\":\"stderr\"T}\n"
			    "{\"log\":\"fifth\\n\",\"stream\":\"stdout\"T}\n",
			    content("c-json.log"));
}

TEST(a_log_that_somebody_cut_off_has_no_holes)
{
	(void)sigaction(SIGXFSZ, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	put(JSONLOG_STDOUT, "a first one that is longer than the next\n");
	jsonlog_flush(&kept);
	assert_int_equal(0, ftruncate(kept.fd, 0));
	limit_files(100); /* as above */
	put(JSONLOG_STDOUT, "1\n2\n");
	jsonlog_flush(&kept);
	limit_files(RLIM_INFINITY);
	assert_string_equal("{\"log\":\"1\\n\",\"stream\":\"stdout\"T}\n", content("c-json.log"));
	assert_string_equal("none", content("c-json.log.1"));
}

TEST(a_log_that_somebody_cut_off_is_not_renamed_for_what_it_was)
{
	charter.log_max_size = 200;
	charter.log_max_file = 2;
	put(JSONLOG_STDOUT, "1\n2\n");
	jsonlog_flush(&kept);
	assert_int_equal(0, ftruncate(kept.fd, 0));
	put(JSONLOG_STDOUT, "3\n");
	jsonlog_flush(&kept);
	put(JSONLOG_STDOUT, "4\n");
	jsonlog_flush(&kept);
	assert_string_equal("{\"log\":\"3\\n\",\"stream\":\"stdout\"T}\n"
			    "{\"log\":\"4\\n\",\"stream\":\"stdout\"T}\n",
			    content("c-json.log"));
	assert_string_equal("none", content("c-json.log.1"));
}

TEST(nothing_is_kept_without_a_driver)
{
	charter.log_driver = LOG_NONE;
	put(JSONLOG_STDOUT, "x\n");
	jsonlog_end(&kept, JSONLOG_STDOUT);
	jsonlog_flush(&kept);
	assert_string_equal("none", content("c-json.log"));
}

TEST(a_record_that_was_cut_off_by_a_crash_does_not_spoil_the_next)
{
	assert_int_equal(0, io_replace_at(dir, "c-json.log", "{\"log\":\"ha", 10, 0640, false, NULL));
	put(JSONLOG_STDOUT, "x\n");
	jsonlog_flush(&kept);
	assert_string_equal("{\"log\":\"ha\n{\"log\":\"x\\n\",\"stream\":\"stdout\"T}\n", content("c-json.log"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(text_is_escaped_as_docker_does_it),
		CASE(lines_are_records_and_streams_are_apart),
		CASE(long_lines_are_cut_at_16_kib),
		CASE(a_file_of_its_size_is_renamed),
		CASE(what_cannot_be_written_is_dropped_in_whole_records_and_counted),
		CASE(a_log_that_somebody_cut_off_has_no_holes),
		CASE(a_log_that_somebody_cut_off_is_not_renamed_for_what_it_was),
		CASE(nothing_is_kept_without_a_driver),
		CASE(a_record_that_was_cut_off_by_a_crash_does_not_spoil_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
