/* SPDX-License-Identifier: Apache-2.0 */
#include "base/plain.h"

#include <stddef.h>

char *text_plain(char *text)
{
	for (unsigned char *p = (unsigned char *)text; p && *p; p++) {
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
		if (*p < ' ' || *p == 127)
			*p = '?';
	}
	return text;
}
