/* SPDX-License-Identifier: Apache-2.0 */
/* tare-net - names, rules and relayed ports of all networks of a state folder: tare-net STATE ROOT TARE [handed]. With `handed`
 * its lock is taken, and descriptor 3. */
#include "base/fault.h"
#include "base/log.h"
#include "network/serve.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	bool handed = argc == 5 && strcmp(argv[4], NET_LOCK_HANDED) == 0;
	struct err e = { 0 };

	fault_role("net");
	log_setup("tare-net", LOG_LEVEL_WARNING);
	if ((argc != 4 && !handed) || argv[1][0] != '/') {
		log_error("started by tare-monitor, not by hand: tare-net STATE ROOT TARE");
		return 125;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NAME, "tare-net"); /* started by a descriptor it may have a number for a name: see guard.h */
	if (net_serve(&(struct net_site){ argv[1], argv[2], argv[3] }, handed ? NET_LOCK_FD : -1, &e) == 0)
		return 0;
	log_error("%s", e.msg);
	return 125;
}
