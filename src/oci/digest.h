/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - "sha256:<64 hex>" of the image-spec; the only algorithm that registries use and that tare accepts. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#define DIGEST_HEX 64

struct digest {
	char hex[DIGEST_HEX + 1]; /* lower case; "" = none */
};

int digest_parse(struct sv text, struct digest *ret, struct err *e); /* -EINVAL */
