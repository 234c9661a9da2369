/* SPDX-License-Identifier: Apache-2.0 */
/* init.h - the first process of a pid namespace, for another one: pid_namespaces(7), signal(7), wait(2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* init_run - argv: "NAME -- COMMAND ARG…", or without the "--". Returns the command's exit status, 128 + signal, 127 or
 * 126 when it cannot be executed, 125 for an error of its own; its one line went to standard error. */
int init_run(char **argv, char **envp);

/* init_command - where the command begins in argv; NULL: there is none */
char **init_command(char **argv);

/* init_next_path - execvp(3)'s search: the next candidate for `name` along *rest (the value of PATH, moved on) into
 * ret[cap]. false: no more. What does not fit is left out. */
bool init_next_path(const char **rest, const char *name, char *ret, size_t cap);
