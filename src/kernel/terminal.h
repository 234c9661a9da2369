/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.h - somebody's terminal, for a while not in its own hands: termios(3), ioctl_tty(2). */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

/* terminal_raw - every byte comes and goes as it is: no echo, no lines, no signals by keys. *ret_before is for
 * terminal_restore(). */
int terminal_raw(int fd, struct termios *ret_before, struct err *e);
/* terminal_restore - after all output was written, whether this process is in the foreground or not */
void terminal_restore(int fd, const struct termios *before);
/* terminal_size - false: it has none, or is no terminal */
bool terminal_size(int fd, uint16_t *ret_rows, uint16_t *ret_columns);
