/* SPDX-License-Identifier: Apache-2.0 */
/* own_host.h - the beginning of tests that mount things: as root, in a mount namespace of the test program's own. */
#pragma once

#include "../unit/test.h"
#include "../unit/scratch.h"
#include "kernel/host.h"

#include <stdio.h>
#include <stdlib.h>

/* own_host - the host that runs, as *ret. false: not permitted, and said so in TAP. */
static inline bool own_host(struct host *ret)
{
	struct err e = { 0 };

	if (geteuid() != 0 || !scratch_own_mounts()) {
		printf("1..0 # skip: needs root\n");
		return false;
	}
	if (host_open(ret, "/", &e) < 0) {
		(void)fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
	return true;
}
