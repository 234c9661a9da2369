/* SPDX-License-Identifier: Apache-2.0 */
/* hand_on.h - what comes after the end is the engine's: this process becomes `tare COMMAND [OPERAND]`, execve(2). */
#pragma once

struct hand_on {
	const char *program, *data_root, *state_root; /* of a charter */
	const char *settings;                         /* NULL: none was named */
};

/* hand_on - returns when that program cannot be executed. operand may be NULL. */
void hand_on(const struct hand_on *to, const char *command, const char *operand);
