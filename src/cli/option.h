/* SPDX-License-Identifier: Apache-2.0 */
/* option.h - what the options of several commands of `tare` have in common; the parser is options/option.h. */
#pragma once

#include "options/option.h"

/* What a process gets (option_process.c). */
option_set_fn option_env;      /* struct oci_strings: "NAME=VALUE"; of NAME alone what the environment has, or NAME */
option_set_fn option_env_file; /* the same, of a file's lines */
option_set_fn option_user;     /* const char *: USER[:GROUP]; NULL when empty */
option_set_fn option_workdir;  /* const char *: an absolute path, cleaned; NULL when empty */
bool is_user_name(struct sv s); /* or a number */
