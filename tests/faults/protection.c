/* SPDX-License-Identifier: Apache-2.0 */
/* protection.c - the fault build: TARE_UNPROTECTED in the environment names one protection that is off (base/protection.h). It
 * reaches every program that tare starts, as TARE_FAULT does (wrap.c). */
#include "base/protection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
#define X(id, name) [PROTECT_##id] = name,
	PROTECTIONS(X)
#undef X
};

static int off = -1;

__attribute__((constructor)) static void protection_begin(void)
{
	const char *name = getenv("TARE_UNPROTECTED");

	if (!name || !*name)
		return;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			off = (int)i;
	if (off < 0) {
		(void)dprintf(2, "TARE_UNPROTECTED=%s: no such protection\n", name);
		_exit(99);
	}
}

bool protects(enum protection p)
{
	return off != (int)p;
}
