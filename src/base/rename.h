/* SPDX-License-Identifier: Apache-2.0 */
/* rename.h - renameat2(2), which musl does not wrap. Real functions in a file of their own: the fault build replaces them with
 * the linker's --wrap. Both return 0, or -1 and errno. */
#pragma once

/* rename_new_at - RENAME_NOREPLACE. EEXIST: the new name is there already. */
int rename_new_at(int from_dir, const char *from, int to_dir, const char *to);

/* rename_swap_at - RENAME_EXCHANGE. ENOENT: one of them is not there; EINVAL: this file system cannot. */
int rename_swap_at(int dir, const char *a, const char *b);
