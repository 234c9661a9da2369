/* SPDX-License-Identifier: Apache-2.0 */
/* protobuf.h - the wire form of Protocol Buffers, as much as criu's rpc.proto needs: a message is fields one after the
 * other, each a number and a varint, or a number and bytes, which may be a message again. */
#pragma once

#include "base/buf.h"
#include "base/sv.h"

#include <stdint.h>

/* Fields are appended; what fails is kept in b (buf_status()). */
void pb_number(struct buf *b, unsigned field, uint64_t v);
void pb_bytes(struct buf *b, unsigned field, struct sv data);
void pb_text(struct buf *b, unsigned field, const char *text); /* NULL: nothing */

struct pb_field {
	unsigned number;
	uint64_t value; /* of a number; the length of bytes */
	struct sv data; /* of bytes; p is NULL for a number */
};

/* pb_next - the next field of *rest, which loses it. 1: there is one; 0: the end; -EINVAL: no message, or with a kind of
 * field that rpc.proto does not have. */
int pb_next(struct sv *rest, struct pb_field *ret);
