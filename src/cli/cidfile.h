/* SPDX-License-Identifier: Apache-2.0 */
/* cidfile.h - --cidfile: a file that is not there yet gets the id of the container that is made. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

struct cidfile {
	const char *path; /* NULL: none was asked for */
	int fd;
	bool keep; /* else it goes when it is closed */
};

/* cidfile_open - path NULL or "": none. -EEXIST in Docker's words. */
int cidfile_open(struct cidfile *f, const char *path, struct err *e);
/* cidfile_write - the id, without a newline; from now on it stays. */
int cidfile_write(struct cidfile *f, const char *id, struct err *e);
void cidfile_close(struct cidfile *f);
