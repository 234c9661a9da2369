/* SPDX-License-Identifier: Apache-2.0 */
/* config_check_priv.h - what the parts of config_check() share. */
#pragma once

#include "spec/spec.h"

struct config_checker {
	struct container_config *c;
	const struct host_facts *f;
	struct warnings *w; /* its arena also holds what a check has to put together */
	struct err *e;
};

#define OPTION_TEXT 96
typedef char option_text[OPTION_TEXT];

/* option_refuse - -EINVAL with "<option> <value>: <text>"; a value longer than a line is cut */
int option_refuse(struct config_checker *k, const char *option, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* option_discard - the host lacks it: a warning with the text alone, or with --strict the same as option_refuse() */
int option_discard(struct config_checker *k, const char *option, const char *value, const char *text);

/* Values as a person would have written them: 4096 -> "4k", 1500000000 -> "1.5". Return ret. */
const char *check_bytes(int64_t n, option_text ret);
const char *option_number(int64_t n, option_text ret);
const char *option_cpus(int64_t nano_cpus, option_text ret);

int config_check_resources(struct config_checker *k); /* config_check_resources.c */
int config_check_blkio(struct config_checker *k);     /* config_check_blkio.c */
int config_check_mounts(struct config_checker *k);    /* config_check_mounts.c */
int config_check_sysctls(struct config_checker *k);   /* config_check_sysctls.c */
