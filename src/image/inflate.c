/* SPDX-License-Identifier: Apache-2.0 */
#include "image/inflate.h"

#include "base/scope.h"
#include "image/ahead.h"
#include "image/sha256.h"

#include <archive.h>
#include <isa-l/igzip_lib.h>
#include <string.h>

#define IN_SIZE (128u << 10)
#define OUT_SIZE (256u << 10)
#define MAGIC_SIZE 6

struct inflate {
	struct byte_source from;
	struct sha256 *hash;
	uint64_t out_bytes, max_bytes;
	ssize_t (*next)(struct inflate *in, const void **ret_block, struct err *e);

	unsigned char *in; /* IN_SIZE; in_at .. in_end is not used up yet */
	size_t in_at, in_end;
	bool in_eof;

	struct inflate_state *gzip;
	unsigned char *out; /* OUT_SIZE, gzip only */
	bool member_open;

	struct ahead *ahead; /* whose thread has all the rest while it is there; NULL: there is none */
	struct archive *other;
	struct err other_err; /* what reading said behind libarchive's back */
};

static ssize_t read_fd(void *arg, void *to, size_t n, struct err *e)
{
	ssize_t got;

	do
		got = read(*(const int *)arg, to, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? err_sys(e, "read") : got;
}

struct byte_source byte_source_fd(const int *fd)
{
	return (struct byte_source){ read_fd, (void *)fd };
}

/* fill - at least one byte not used up, unless the source is at its end. */
static int fill(struct inflate *in, struct err *e)
{
	ssize_t n;

	if (in->in_at < in->in_end || in->in_eof)
		return 0;
	n = in->from.read(in->from.arg, in->in, IN_SIZE, e);
	if (n < 0)
		return (int)n;
	in->in_at = 0;
	in->in_end = (size_t)n;
	in->in_eof = n == 0;
	return 0;
}

/* ---- as it is ------------------------------------------------------------------------------------------------ */

static ssize_t plain_next(struct inflate *in, const void **ret_block, struct err *e)
{
	int r = fill(in, e);
	size_t n = in->in_end - in->in_at;

	if (r < 0)
		return r;
	*ret_block = in->in + in->in_at;
	in->in_at = in->in_end;
	return (ssize_t)n;
}

/* ---- gzip ---------------------------------------------------------------------------------------------------- */

static int gzip_error(int code, struct err *e)
{
	if (code == ISAL_INCORRECT_CHECKSUM)
		return err_set(e, EBADMSG, "gzip: wrong checksum");
	return err_set(e, EBADMSG, "gzip: not valid");
}

/* After a member: another one, or zero bytes up to the end. 1: a member begins; 0: the end. */
static int gzip_member(struct inflate *in, struct err *e)
{
	for (;;) {
		int r = fill(in, e);

		if (r < 0)
			return r;
		if (in->in_at == in->in_end)
			return 0;
		if (in->in[in->in_at] == 0x1f)
			break;
		if (in->in[in->in_at++] != 0)
			return err_set(e, EBADMSG, "gzip: bytes after the end");
	}
	isal_inflate_reset(in->gzip);
	in->gzip->crc_flag = ISAL_GZIP;
	in->member_open = true;
	return 1;
}

/* gzip_step - inflate what there is; the out buffer may still be empty after it. */
static int gzip_step(struct inflate *in, struct err *e)
{
	int r = fill(in, e);

	if (r < 0)
		return r;
	in->gzip->next_in = in->in + in->in_at;
	in->gzip->avail_in = (uint32_t)(in->in_end - in->in_at);
	r = isal_inflate(in->gzip);
	if (r < 0)
		return gzip_error(r, e);
	in->in_at = in->in_end - in->gzip->avail_in;
	if (in->gzip->block_state == ISAL_BLOCK_FINISH)
		in->member_open = false;
	else if (in->in_eof && in->gzip->avail_out == OUT_SIZE)
		return err_set(e, EBADMSG, "gzip: cut off");
	return 0;
}

static ssize_t gzip_next(struct inflate *in, const void **ret_block, struct err *e)
{
	in->gzip->next_out = in->out;
	in->gzip->avail_out = OUT_SIZE;
	while (in->gzip->avail_out == OUT_SIZE) {
		int r = in->member_open ? 1 : gzip_member(in, e);

		if (r <= 0)
			return r;
		r = gzip_step(in, e);
		if (r < 0)
			return r;
	}
	*ret_block = in->out;
	return (ssize_t)(OUT_SIZE - in->gzip->avail_out);
}

static int gzip_open(struct inflate *in, struct err *e)
{
	in->gzip = calloc(1, sizeof *in->gzip);
	in->out = malloc(OUT_SIZE);
	if (!in->gzip || !in->out)
		return err_oom(e);
	isal_inflate_init(in->gzip);
	in->next = gzip_next;
	return 0;
}

/* ---- what libarchive knows ----------------------------------------------------------------------------------- */

static la_ssize_t other_read(struct archive *a, void *arg, const void **ret_block)
{
	struct inflate *in = arg;
	ssize_t n = plain_next(in, ret_block, &in->other_err);

	if (n < 0)
		archive_set_error(a, -(int)n, "%s", in->other_err.msg);
	return n < 0 ? ARCHIVE_FATAL : n;
}

static int other_error(struct inflate *in, struct err *e)
{
	if (in->other_err.code)
		return err_set(e, in->other_err.code, "%s", in->other_err.msg);
	return err_set(e, EBADMSG, "%s",
		       archive_error_string(in->other) ? archive_error_string(in->other) : "not valid");
}

static ssize_t other_next(struct inflate *in, const void **ret_block, struct err *e)
{
	size_t n = 0;
	la_int64_t offset;
	int r = archive_read_data_block(in->other, ret_block, &n, &offset);

	if (r == ARCHIVE_EOF)
		return 0;
	return r < ARCHIVE_OK ? other_error(in, e) : (ssize_t)n;
}

/* The filters are named one by one: "all" would start programs of the host for some magic numbers. */
static int other_open(struct inflate *in, struct err *e)
{
	struct archive_entry *entry;

	in->other = archive_read_new();
	if (!in->other)
		return err_oom(e);
	if (archive_read_support_filter_zstd(in->other) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(in->other) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(in->other) != ARCHIVE_OK ||
	    archive_read_support_format_raw(in->other) != ARCHIVE_OK)
		return err_set(e, ENOSYS, "libarchive: built without zstd, xz or bzip2");
	if (archive_read_open(in->other, in, NULL, other_read, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(in->other, &entry) != ARCHIVE_OK)
		return other_error(in, e);
	if (archive_filter_code(in->other, 0) == ARCHIVE_FILTER_NONE)
		return err_set(e, EBADMSG, "zstd, xz or bzip2: not valid");
	in->next = other_next;
	return 0;
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

static bool has_magic(const struct inflate *in, const char *magic, size_t n)
{
	return in->in_end >= n && memcmp(in->in, magic, n) == 0;
}

/* The first read may give less than a magic number. */
static int fill_magic(struct inflate *in, struct err *e)
{
	while (in->in_end < MAGIC_SIZE) {
		ssize_t n = in->from.read(in->from.arg, in->in + in->in_end, IN_SIZE - in->in_end, e);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		in->in_end += (size_t)n;
	}
	return 0;
}

static int choose(struct inflate *in, struct err *e)
{
	int r = fill_magic(in, e);

	if (r < 0)
		return r;
	if (has_magic(in, "\x1f\x8b", 2))
		return gzip_open(in, e);
	if (has_magic(in, "\x28\xb5\x2f\xfd", 4) ||
	    has_magic(in,
		      "\xfd"
		      "7zXZ",
		      6) ||
	    has_magic(in, "BZh", 3))
		return other_open(in, e);
	in->next = plain_next;
	return 0;
}

int inflate_open(struct byte_source from, uint64_t max_bytes, struct inflate **ret, struct err *e)
{
	struct inflate *in = calloc(1, sizeof *in);
	int r;

	if (!in)
		return err_oom(e);
	in->from = from;
	in->max_bytes = max_bytes;
	in->in = malloc(IN_SIZE);
	r = in->in ? sha256_new(&in->hash, e) : err_oom(e);
	if (r == 0)
		r = choose(in, e);
	if (r < 0) {
		inflate_free(in);
		return r;
	}
	*ret = in;
	return 0;
}

static ssize_t make_block(void *arg, const void **ret_block, struct err *e)
{
	struct inflate *in = arg;
	ssize_t n = in->next(in, ret_block, e);

	if (n <= 0)
		return n;
	if ((uint64_t)n > in->max_bytes - in->out_bytes)
		return err_set(e, EFBIG, "more than %llu bytes unpacked", (unsigned long long)in->max_bytes);
	in->out_bytes += (uint64_t)n;
	sha256_add(in->hash, *ret_block, (size_t)n);
	return n;
}

void inflate_ahead(struct inflate *in)
{
	if (!in->ahead)
		(void)ahead_new(make_block, in, &in->ahead, NULL);
}

ssize_t inflate_next(struct inflate *in, const void **ret_block, struct err *e)
{
	return in->ahead ? ahead_next(in->ahead, ret_block, e) : make_block(in, ret_block, e);
}

int inflate_end(struct inflate *in, struct digest *ret_diff_id, struct err *e)
{
	const void *block;
	ssize_t n;

	do
		n = inflate_next(in, &block, e);
	while (n > 0);
	return n < 0 ? (int)n : sha256_end(in->hash, ret_diff_id, e);
}

void inflate_free(struct inflate *in)
{
	if (!in)
		return;
	ahead_free(in->ahead);
	archive_read_free(in->other);
	sha256_free(in->hash);
	free(in->gzip);
	free(in->out);
	free(in->in);
	free(in);
}
