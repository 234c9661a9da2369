/* SPDX-License-Identifier: Apache-2.0 */
/* rename.h - renameat2(2) with RENAME_NOREPLACE, which musl does not wrap: EEXIST when the new name is there already.
 * A real function in a file of its own: the fault build replaces it with the linker's --wrap. */
#pragma once

int rename_new_at(int from_dir, const char *from, int to_dir, const char *to); /* 0, or -1 and errno */
