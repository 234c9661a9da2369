/* SPDX-License-Identifier: Apache-2.0 */
/* mountinfo_text.h - one line of proc_pid_mountinfo(5) in views, nothing copied. */
#pragma once

#include "base/sv.h"

#include <stdbool.h>

struct mountinfo_line {
	struct sv id, parent, device, root, mount_point, options, fstype, source, super_options; /* still escaped */
};

bool mountinfo_line_parse(struct sv line, struct mountinfo_line *ret);
/* mountinfo_unescape - "\040" becomes a blank; NUL-terminated. -ERANGE: does not fit. */
int mountinfo_unescape(struct sv text, char *ret, size_t cap);
