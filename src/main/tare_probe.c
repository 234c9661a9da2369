/* SPDX-License-Identifier: Apache-2.0 */
/* tare-probe - asks one server in a pod's network: tare-probe pod|host KIND HOST PORT …, with the network namespace as descriptor
 * 3 for "pod". What went wrong is one line on standard output, and the exit status. */
#include "base/fault.h"
#include "base/scope.h"
#include "kernel/sys.h"
#include "probe/probe.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define NETWORK_FD 3

static int run(int argc, char **argv, struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "prctl");
	if (argc > 1 && strcmp(argv[1], "pod") == 0 && setns(NETWORK_FD, CLONE_NEWNET) < 0)
		return err_sys(e, "setns");
	return argc > 2 ? probe_run(argv + 2, argc - 2, e) : probe_run(argv, 0, e);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	fault_role("probe");
	if (run(argc, argv, &e) == 0)
		return 0;
	(void)!write(STDOUT_FILENO, e.msg, strlen(e.msg));
	return 1;
}
