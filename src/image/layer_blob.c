/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layer_blob.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/sha256.h"

#include <isa-l/igzip_lib.h>

#define OUT_SIZE (256u << 10)
#define IN_MAX (1u << 30) /* avail_in has 32 bits */

struct layer_blob {
	struct staged file;
	int fd;
	struct sha256 *plain, *packed;
	struct isal_zstream z;
	uint8_t *level_buf, *out;
	uint64_t bytes;
};

int layer_blob_begin(struct staging *s, struct layer_blob **ret, struct err *e)
{
	struct layer_blob *b = calloc(1, sizeof *b);
	int r;

	if (!b)
		return err_oom(e);
	b->fd = -1;
	b->level_buf = malloc(ISAL_DEF_LVL1_DEFAULT);
	b->out = malloc(OUT_SIZE);
	r = b->level_buf && b->out ? sha256_new(&b->plain, e) : err_oom(e);
	if (r == 0)
		r = sha256_new(&b->packed, e);
	if (r == 0)
		r = staging_create(s, &b->file.number, &b->fd, e);
	if (r < 0) {
		layer_blob_free(b);
		return r;
	}
	isal_deflate_init(&b->z);
	b->z.gzip_flag = IGZIP_GZIP;
	b->z.level = 1;
	b->z.level_buf = b->level_buf;
	b->z.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
	*ret = b;
	return 0;
}

void layer_blob_free(struct layer_blob *b)
{
	if (!b)
		return;
	if (b->fd >= 0)
		close(b->fd);
	sha256_free(b->plain);
	sha256_free(b->packed);
	free(b->level_buf);
	free(b->out);
	free(b);
}

/* Until all that was given is in, or with `last` until all is out. */
static int deflate(struct layer_blob *b, const void *data, size_t n, bool last, struct err *e)
{
	b->z.next_in = (uint8_t *)(uintptr_t)data;
	b->z.avail_in = (uint32_t)n;
	b->z.end_of_stream = last;
	do {
		size_t got;
		int r;

		b->z.next_out = b->out;
		b->z.avail_out = OUT_SIZE;
		if (isal_deflate(&b->z) != COMP_OK)
			return err_set(e, EIO, "compress: ISA-L refuses");
		got = OUT_SIZE - b->z.avail_out;
		sha256_add(b->packed, b->out, got);
		r = io_write_all(b->fd, b->out, got, e);
		if (r < 0)
			return err_wrap(e, r, "content store");
		b->file.size += (int64_t)got;
	} while (b->z.avail_out == 0);
	return 0;
}

int layer_blob_add(void *arg, const void *data, size_t n, struct err *e)
{
	struct layer_blob *b = arg;
	int r = 0;

	if (n > LIMIT_LAYER_BYTES - b->bytes)
		return err_set(e, EFBIG, "more than %llu bytes in one layer", LIMIT_LAYER_BYTES);
	b->bytes += n;
	sha256_add(b->plain, data, n);
	for (size_t done = 0; r == 0 && done < n;) {
		size_t part = n - done < IN_MAX ? n - done : IN_MAX;

		r = deflate(b, (const uint8_t *)data + done, part, false, e);
		done += part;
	}
	return r;
}

int layer_blob_end(struct layer_blob *b, struct digest *ret_diff_id, struct staged *ret, struct err *e)
{
	struct digest plain;
	int r = deflate(b, NULL, 0, true, e);

	if (r == 0)
		r = sha256_end(b->plain, &plain, e);
	if (r == 0)
		r = sha256_end(b->packed, &b->file.digest, e);
	if (r < 0)
		return r;
	*ret_diff_id = plain;
	*ret = b->file;
	return 0;
}
