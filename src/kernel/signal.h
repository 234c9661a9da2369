/* SPDX-License-Identifier: Apache-2.0 */
/* signal.h - signal(7) by name and number. */
#pragma once

#include "base/sv.h"

#include <stdint.h>

#define SIGNAL_NAME_MAX 16

/* signal_from_name - "SIGTERM", "term", "15", "RTMIN+3", "SIGRTMAX-1" -> the number, 1 to 64; -1: no such signal. Real-time
 * signals count as the C library's do: SIGRTMIN is 34. */
int signal_from_name(struct sv name);

/* signal_name - 15 -> "SIGTERM", 37 -> "SIGRTMIN+3"; "0" for what is no signal. Returns ret. */
const char *signal_name(int signo, char ret[static SIGNAL_NAME_MAX]);

/* signal_defaults - for a process before its execve(2): nothing of these (bit n - 1 for signal n) is ignored any more, and
 * nothing is blocked. Handlers go with the execve(2). Callable after clone3(2). */
void signal_defaults(uint64_t ignored);
