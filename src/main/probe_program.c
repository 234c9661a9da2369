/* SPDX-License-Identifier: Apache-2.0 */
#include "main/probe_program.h"

#include "base/fault.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define NETWORK_FD 3

static int run(const struct probe_asker *by, int argc, char **argv, struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "prctl");
	if (argc > 1 && strcmp(argv[1], "pod") == 0 && setns(NETWORK_FD, CLONE_NEWNET) < 0)
		return err_sys(e, "setns");
	return argc > 2 ? probe_run(by, argv + 2, argc - 2, e) : probe_run(by, argv, 0, e);
}

int probe_program(const struct probe_asker *by, int argc, char **argv)
{
	struct err e = { 0 };

	fault_role("probe");
	if (run(by, argc, argv, &e) == 0)
		return 0;
	(void)!write(STDOUT_FILENO, e.msg, strlen(e.msg));
	return 1;
}
