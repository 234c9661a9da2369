/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_logs.c - any bytes that a container writes, kept and read back; any bytes as a record; any text as a moment. The first
 * byte says in how large pieces they are written.
 *
 * What is kept is JSON, one record a line, whose text is what json-c finds in it; UTF-8 comes back as it was. */
#include "base/buf.h"
#include "base/scope.h"
#include "engine/log_record.h"
#include "engine/timestamp.h"
#include "monitor/jsonlog.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* ---- written ---------------------------------------------------------------------------------------------------- */

static struct json_object *parse(struct sv line)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *o;

	require(t);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, line.p, (int)line.n);
	require(o && json_tokener_get_error(t) == json_tokener_success && json_tokener_get_parse_end(t) == line.n);
	json_tokener_free(t);
	return o;
}

static void check_record(struct sv line, struct buf *all)
{
	scoped_buf text = BUF(1 << 20);
	struct json_object *o = parse(line), *log = NULL, *stream = NULL;
	struct log_record r;

	require(log_record_parse(line, &text, &r) == 0 && r.time_ns > 0);
	require(json_object_object_get_ex(o, "log", &log) && json_object_object_get_ex(o, "stream", &stream));
	require(sv_eq(r.text, (struct sv){ json_object_get_string(log), (size_t)json_object_get_string_len(log) }));
	require(r.is_stderr == (strcmp(json_object_get_string(stream), "stderr") == 0));
	(void)buf_putsv(all, r.text);
	json_object_put(o);
}

static bool is_replaced(struct sv s)
{
	return memmem(s.p, s.n, "\xef\xbf\xbd", 3) != NULL;
}

static void check_file(int fd, struct sv written)
{
	scoped_buf file = BUF(32 << 20), all = BUF(32 << 20);
	struct sv rest, line;
	off_t n = lseek(fd, 0, SEEK_END);

	require(buf_room(&file, (size_t)n) == 0 && pread(fd, file.p, (size_t)n, 0) == n);
	rest = (struct sv){ file.p, (size_t)n };
	require(rest.n && rest.p[rest.n - 1] == '\n');
	while (rest.n) {
		require(sv_cut(rest, '\n', &line, &rest));
		check_record(line, &all);
	}
	require(buf_status(&all, NULL) == 0);
	if (!is_replaced(buf_sv(&all)))
		require(sv_eq(buf_sv(&all), written));
}

static void write_and_read(struct sv s, size_t piece)
{
	static struct jsonlog log;
	struct charter c;
	int fd = memfd_create("log", MFD_CLOEXEC);

	require(fd >= 0);
	charter_init(&c);
	jsonlog_init(&log, &c, -1);
	log.n = 0;
	log.size = 0;
	log.fd = fd;
	for (size_t at = 0; at < s.n; at += piece)
		jsonlog_put(&log, JSONLOG_STDERR, s.p + at, s.n - at < piece ? s.n - at : piece);
	jsonlog_end(&log, JSONLOG_STDERR);
	jsonlog_flush(&log);
	require(!log.dropped);
	check_file(fd, s);
	close(fd);
}

/* ---- read ------------------------------------------------------------------------------------------------------- */

static void read_any(struct sv s)
{
	scoped_buf text = BUF(1 << 20), pairs = BUF(1 << 20);
	struct log_record r;

	if (log_record_parse(s, &text, &r) == 0) {
		require(r.text.n <= s.n && r.attrs.n <= s.n);
		log_attrs_print(r.attrs, &pairs);
	}
	log_attrs_print(s, &pairs);
}

static void moment(struct sv s)
{
	int64_t ns = 7;
	struct err e = { 0 };

	require(timestamp_parse(s, INT64_C(1795300410000000000), &ns, &e) == 0 || (ns == 7 && e.msg[0]));
	ns = 7;
	require(timestamp_rfc3339(s, &ns) == 0 || ns == 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *raw;

	if (size < 2)
		return 0;
	raw = malloc(size - 1);
	require(raw);
	memcpy(raw, data + 1, size - 1);
	write_and_read((struct sv){ raw, size - 1 }, data[0] ? data[0] : 4096);
	read_any((struct sv){ raw, size - 1 });
	moment((struct sv){ raw, size - 1 });
	free(raw);
	return 0;
}
