/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/protobuf.h"

#include <errno.h>
#include <string.h>

enum { KIND_VARINT = 0, KIND_FIXED64 = 1, KIND_BYTES = 2, KIND_FIXED32 = 5 };

static void varint(struct buf *b, uint64_t v)
{
	unsigned char bytes[10];
	size_t n = 0;

	do {
		bytes[n] = (unsigned char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
		n++;
	} while (v);
	buf_put(b, bytes, n);
}

void pb_number(struct buf *b, unsigned field, uint64_t v)
{
	varint(b, (uint64_t)field << 3 | KIND_VARINT);
	varint(b, v);
}

void pb_bytes(struct buf *b, unsigned field, struct sv data)
{
	varint(b, (uint64_t)field << 3 | KIND_BYTES);
	varint(b, data.n);
	buf_putsv(b, data);
}

void pb_text(struct buf *b, unsigned field, const char *text)
{
	if (text)
		pb_bytes(b, field, sv_from(text));
}

static bool take_varint(struct sv *rest, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 10 && i < rest->n; i++) {
		unsigned char c = (unsigned char)rest->p[i];

		v |= (uint64_t)(c & 0x7f) << 7 * i;
		if (c & 0x80)
			continue;
		*rest = (struct sv){ rest->p + i + 1, rest->n - i - 1 };
		*ret = v;
		return true;
	}
	return false;
}

static bool skip(struct sv *rest, uint64_t n, struct sv *ret)
{
	if (n > rest->n)
		return false;
	*ret = (struct sv){ rest->p, (size_t)n };
	*rest = (struct sv){ rest->p + n, rest->n - (size_t)n };
	return true;
}

int pb_next(struct sv *rest, struct pb_field *ret)
{
	struct pb_field f = { 0 };
	uint64_t key;

	if (rest->n == 0)
		return 0;
	if (!take_varint(rest, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX)
		return -EINVAL;
	f.number = (unsigned)(key >> 3);
	switch (key & 7) {
	case KIND_VARINT:
		*ret = f;
		return take_varint(rest, &ret->value) ? 1 : -EINVAL;
	case KIND_BYTES:
		if (!take_varint(rest, &f.value) || !skip(rest, f.value, &f.data))
			return -EINVAL;
		*ret = f;
		return 1;
	case KIND_FIXED64:
	case KIND_FIXED32:
		f.value = (key & 7) == KIND_FIXED64 ? 8 : 4;
		*ret = f;
		return skip(rest, f.value, &ret->data) ? 1 : -EINVAL;
	default:
		return -EINVAL;
	}
}
