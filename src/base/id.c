/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"

#include "base/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int id_new(struct id *ret, struct err *e)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[ID_LEN / 2];
	ssize_t n;

	do
		n = getrandom(raw, sizeof raw, 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof raw)
		return err_sys(e, "getrandom");
	for (size_t i = 0; i < sizeof raw; i++) {
		ret->hex[2 * i] = digits[raw[i] >> 4];
		ret->hex[2 * i + 1] = digits[raw[i] & 15];
	}
	ret->hex[ID_LEN] = '\0';
	return 0;
}

bool id_is_valid(struct sv text)
{
	if (text.n != ID_LEN)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f')))
			return false;
	return true;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool name_is_valid(struct sv text)
{
	if (text.n < 2 || text.n > LIMIT_NAME || !is_alnum(text.p[0]))
		return false;
	for (size_t i = 1; i < text.n; i++)
		if (!is_alnum(text.p[i]) && text.p[i] != '_' && text.p[i] != '.' && text.p[i] != '-')
			return false;
	return true;
}
