/* SPDX-License-Identifier: Apache-2.0 */
/* dir_names.h - the names in a directory, read whole and sorted: readdir(3) while others add and remove names. */
#pragma once

#include "base/err.h"

#include <stddef.h>

struct dir_names {
	char **v;
	size_t n;
};

/* dir_names_read - without "." and "..", sorted by their bytes. fd: open for reading, stays the caller's. */
int dir_names_read(int fd, struct dir_names *ret, struct err *e);
void dir_names_done(struct dir_names *names);

#define scoped_dir_names SCOPED(dir_names_done) struct dir_names
