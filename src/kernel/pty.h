/* SPDX-License-Identifier: Apache-2.0 */
/* pty.h - pseudo-terminals by descriptor: pts(4), devpts's `ptmx`, TIOCGPTPEER of ioctl_tty(2).
 *
 * Callable after clone3(2). */
#pragma once

#include "base/err.h"

/* pty_open - a new pair in the devpts whose root directory devpts is (O_PATH will do). The peer comes from the master by
 * TIOCGPTPEER, never by its name under /dev/pts, which somebody could have changed (CVE-2025-52565). Both are O_CLOEXEC
 * and O_NOCTTY. -EINVAL: not the root of a devpts. */
int pty_open(int devpts, int *ret_master, int *ret_peer, struct err *e);

/* pty_resize - either end; in characters. Who runs in the terminal's foreground gets SIGWINCH if it changed. */
int pty_resize(int fd, unsigned rows, unsigned columns, struct err *e);
