/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/digest.h"

#include <errno.h>
#include <string.h>

static bool is_hex(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

int digest_parse(struct sv text, struct digest *ret, struct err *e)
{
	struct sv algorithm, hex;
	int shown = text.n > 80 ? 80 : (int)text.n;

	(void)sv_cut(text, ':', &algorithm, &hex);
	if (sv_is(algorithm, "sha256") && hex.n == DIGEST_HEX && is_hex(hex)) {
		memcpy(ret->hex, hex.p, DIGEST_HEX);
		ret->hex[DIGEST_HEX] = '\0';
		return 0;
	}
	return err_set(e, EINVAL, "\"%.*s\" is not a digest (sha256: and %d hexadecimal digits)", shown,
		       text.p ? text.p : "", DIGEST_HEX);
}
