/* SPDX-License-Identifier: Apache-2.0 */
#include "image/inflate.h"

#include "image/sha256.h"

#include "../test.h"
#include "../scratch.h"
#include "tarball.h"

#include <archive.h>
#include <archive_entry.h>

enum packing { PLAIN, GZIP, ZSTD, XZ, BZIP2 };

static la_ssize_t put(struct archive *a, void *to, const void *data, size_t n)
{
	return buf_put(to, data, n) < 0 ? -1 : (la_ssize_t)n;
}

/* One member or frame more at the end of *to. */
static void pack(struct buf *to, enum packing how, const void *data, size_t n)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	if (how == PLAIN) {
		(void)buf_put(to, data, n);
	} else {
		assert_int_equal(ARCHIVE_OK, archive_write_set_format_raw(a));
		assert_int_equal(ARCHIVE_OK, how == GZIP    ? archive_write_add_filter_gzip(a)
					     : how == ZSTD  ? archive_write_add_filter_zstd(a)
					     : how == XZ    ? archive_write_add_filter_xz(a)
							    : archive_write_add_filter_bzip2(a));
		assert_int_equal(ARCHIVE_OK, archive_write_set_bytes_in_last_block(a, 1));
		assert_int_equal(ARCHIVE_OK, archive_write_open(a, to, NULL, put, NULL));
		archive_entry_set_filetype(entry, AE_IFREG);
		assert_int_equal(ARCHIVE_OK, archive_write_header(a, entry));
		assert_int_equal(n, archive_write_data(a, data, n));
		assert_int_equal(ARCHIVE_OK, archive_write_close(a));
	}
	archive_entry_free(entry);
	archive_write_free(a);
}

static void fill_text(struct buf *b, size_t n)
{
	for (unsigned i = 0; b->len < n; i++)
		(void)buf_putf(b, "line %u of a text that packs well\n", i * 7919);
}

static int unpack(const struct buf *packed, size_t step, uint64_t max, struct buf *out, struct digest *ret,
		  struct err *e)
{
	struct tarball_reader reader = { packed->p, packed->len, step };
	scoped_inflate in = NULL;
	const void *block;
	ssize_t n;
	int r = inflate_open((struct byte_source){ tarball_read, &reader }, max, &in, e);

	if (r < 0)
		return r;
	if (tarball_spread)
		inflate_ahead(in);
	while ((n = inflate_next(in, &block, e)) > 0)
		(void)buf_put(out, block, (size_t)n);
	return n < 0 ? (int)n : inflate_end(in, ret, e);
}

TEST(every_packing_gives_the_bytes_and_their_digest)
{
	static const size_t steps[] = { 0, 1, 7, 4096 };
	scoped_buf text = TARBALL;
	struct digest real, d;

	fill_text(&text, 300000);
	assert_int_equal(0, sha256_of(text.p, text.len, &real, NULL));
	for (enum packing how = PLAIN; how <= BZIP2; how++) {
		scoped_buf packed = TARBALL;

		pack(&packed, how, text.p, text.len);
		for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
			scoped_buf out = TARBALL;
			struct err e = { 0 };

			/* bytes one by one take long from thread to thread */
			if (tarball_spread && steps[i] && steps[i] < 4096)
				continue;
			if (unpack(&packed, steps[i], UINT64_MAX, &out, &d, &e) < 0)
				fail_msg("packing %d, step %zu: %s", how, steps[i], e.msg);
			assert_int_equal(text.len, out.len);
			assert_memory_equal(text.p, out.p, out.len);
			assert_string_equal(real.hex, d.hex);
		}
	}
}

/* pigz and eStargz write many gzip members, zstd:chunked many frames and skippable ones. */
TEST(members_follow_each_other)
{
	for (enum packing how = GZIP; how <= ZSTD; how++) {
		static const char skippable[] = "\x50\x2a\x4d\x18\x03\0\0\0abc";
		scoped_buf packed = TARBALL, out = TARBALL;
		struct digest d;
		struct err e = { 0 };

		pack(&packed, how, "one ", 4);
		if (how == ZSTD)
			(void)buf_put(&packed, skippable, sizeof skippable - 1);
		pack(&packed, how, "", 0);
		pack(&packed, how, "two", 3);
		if (unpack(&packed, 0, UINT64_MAX, &out, &d, &e) < 0)
			fail_msg("packing %d: %s", how, e.msg);
		assert_string_equal("one two", out.p);
	}
}

TEST(zero_bytes_may_follow_gzip_but_nothing_else)
{
	static const char zeros[512];
	scoped_buf packed = TARBALL, out = TARBALL;
	struct digest d;
	struct err e;

	pack(&packed, GZIP, "text", 4);
	(void)buf_put(&packed, zeros, sizeof zeros);
	assert_int_equal(0, unpack(&packed, 0, UINT64_MAX, &out, &d, &e));
	assert_string_equal("text", out.p);
	(void)buf_puts(&packed, "more");
	assert_int_equal(-EBADMSG, unpack(&packed, 0, UINT64_MAX, &out, &d, &e));
	assert_string_equal("gzip: bytes after the end", e.msg);
}

/* Every length but the whole is an error, whatever the reader's pieces. */
TEST(what_is_cut_off_is_told)
{
	for (enum packing how = GZIP; how <= BZIP2; how++) {
		scoped_buf text = TARBALL, packed = TARBALL;
		size_t whole;

		fill_text(&text, 3000);
		pack(&packed, how, text.p, text.len);
		whole = packed.len;
		for (packed.len = 8; packed.len < whole; packed.len += 1 + whole / 300) {
			scoped_buf out = TARBALL;
			struct digest d;
			struct err e;

			if (unpack(&packed, 64, UINT64_MAX, &out, &d, &e) != -EBADMSG)
				fail_msg("packing %d: %zu of %zu bytes are taken", how, packed.len, whole);
		}
	}
}

TEST(a_wrong_checksum_is_told)
{
	scoped_buf packed = TARBALL, out = TARBALL;
	struct digest d;
	struct err e;

	pack(&packed, GZIP, "text", 4);
	packed.p[packed.len - 5] ^= 1;
	assert_int_equal(-EBADMSG, unpack(&packed, 0, UINT64_MAX, &out, &d, &e));
	assert_string_equal("gzip: wrong checksum", e.msg);
}

TEST(a_bomb_stops_at_the_ceiling)
{
	scoped_buf zeros = TARBALL;
	struct err e;

	assert_int_equal(0, buf_room(&zeros, 20u << 20));
	memset(zeros.p, 0, 20u << 20);
	for (enum packing how = PLAIN; how <= BZIP2; how++) {
		scoped_buf packed = TARBALL, out = TARBALL;
		struct digest d;

		pack(&packed, how, zeros.p, 20u << 20);
		assert_int_equal(-EFBIG, unpack(&packed, 0, 1u << 20, &out, &d, &e));
		assert_string_equal("more than 1048576 bytes unpacked", e.msg);
		assert_true(out.len <= 1u << 20);
		assert_int_equal(0, unpack(&packed, 0, 20u << 20, &out, &d, &e));
	}
}

static ssize_t read_fails(void *arg, void *to, size_t n, struct err *e)
{
	return err_set(e, EIO, "the disk says no");
}

TEST(an_error_of_the_source_comes_through)
{
	struct inflate *in = (void *)7;
	struct err e;

	assert_int_equal(-EIO, inflate_open((struct byte_source){ read_fails, NULL }, 100, &in, &e));
	assert_string_equal("the disk says no", e.msg);
	assert_ptr_equal((void *)7, in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_packing_gives_the_bytes_and_their_digest),
		RUN(members_follow_each_other),
		RUN(zero_bytes_may_follow_gzip_but_nothing_else),
		RUN(what_is_cut_off_is_told),
		RUN(a_wrong_checksum_is_told),
		RUN(a_bomb_stops_at_the_ceiling),
		RUN(an_error_of_the_source_comes_through),
		SPREAD(every_packing_gives_the_bytes_and_their_digest),
		SPREAD(what_is_cut_off_is_told),
		SPREAD(a_bomb_stops_at_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
