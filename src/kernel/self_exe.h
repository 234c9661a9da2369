/* SPDX-License-Identifier: Apache-2.0 */
/* self_exe.h - execute only from a read-only detached mount of our own file: a container that opens our
 * /proc/PID/exe then cannot write to it (CVE-2019-5736). tare-runtime does it before libc starts (self_exe_entry.c); here
 * it is made sure of. */
#pragma once

#include "base/err.h"

/* self_exe_open - what PATH is executed from, by execveat(2) with AT_EMPTY_PATH: a read-only detached mount of it; before
 * Linux 5.12, which has none, a sealed copy in memory. */
int self_exe_open(const char *path, struct err *e);

/* self_exe_protect - when this program runs from a writable mount, clone its file's mount read-only and execute it again
 * from there: does not return then. 0: it runs from a read-only mount already. Call before anything is opened. */
int self_exe_protect(char *const argv[], char *const envp[], struct err *e);
