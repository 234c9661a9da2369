/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

void base64_put(struct buf *b, struct sv bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)bytes.p;

	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		unsigned v =
			(unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
		char quad[4] = { digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
				 left > 2 ? digits[v & 63] : '=' };

		buf_put(b, quad, sizeof quad);
	}
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(struct sv text, struct arena *a, struct sv *ret, struct err *e)
{
	char *out = arena_alloc(a, text.n / 4 * 3 + 4);
	unsigned bits = 0, digits = 0, pads = 0;
	size_t n = 0;

	if (!out)
		return err_oom(e);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		int v = value_of(c);

		if (c == '\n' || c == '\r')
			continue;
		if (c == '=' && digits % 4 >= 2 && pads < 2) {
			pads++;
			digits++;
			continue;
		}
		if (v < 0 || pads)
			return err_set(e, EINVAL, "not base64 at byte %zu", i);
		bits = bits << 6 | (unsigned)v;
		if (++digits % 4 != 1)
			out[n++] = (char)(bits >> (digits % 4 == 2 ? 4 : digits % 4 == 3 ? 2 : 0) & 0xff);
	}
	if (digits % 4)
		return err_set(e, EINVAL, "not base64 at byte %zu", text.n);
	out[n] = '\0';
	*ret = (struct sv){ out, n };
	return 0;
}
