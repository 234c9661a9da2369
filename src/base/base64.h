/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h - RFC 4648 with padding; line breaks are skipped, as Go does. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sv.h"

/* base64_put - appends. */
void base64_put(struct buf *b, struct sv bytes);

/* base64_decode - with a NUL after it. -EINVAL "not base64 at byte N". */
int base64_decode(struct sv text, struct arena *a, struct sv *ret, struct err *e);
