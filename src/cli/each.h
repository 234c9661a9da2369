/* SPDX-License-Identifier: Apache-2.0 */
/* each.h - what most commands do: one thing to each operand, whose name is printed when it is done. Every operand is tried;
 * each failure has its own line, and the exit status is 1 then. */
#pragma once

#include "cli/command.h"
#include "engine/engine.h"

/* One operand; options: as the command got them. Its failure is one line of its own, not the command's. 1: nothing was
 * done, and that is no failure. */
typedef int each_fn(struct engine *en, const char *operand, const void *options, struct err *e);

/* each_operand - with the engine opened; *ret_status becomes 1 when one of them failed. */
int each_operand(struct cli *cli, const struct operands *operands, each_fn *one, const void *options, int *ret_status,
		 struct err *e);
