/* SPDX-License-Identifier: Apache-2.0 */
/* copy_tree.h - fill an empty directory with the contents of another: a fresh volume, a tmpfs with tmpcopyup.
 *
 * Both are descriptors of directories; links are copied, never followed; other file systems below are not entered.
 * Owner, mode, times, extended attributes, device nodes stay; `to` itself takes owner and mode of `from`. Does nothing
 * when `to` has any entry, but waits some seconds for whoever is just filling it. Callable after clone3(2) (stack only, 64
 * levels deep at most: -ELOOP). */
#pragma once

#include "base/err.h"

int copy_tree(int from, int to, struct err *e);
