/* SPDX-License-Identifier: Apache-2.0 */
/* tare-monitor - the parent of one container, or of a pod's: tare-monitor STATE_DIRECTORY [CGROUP] | --pod STATE_DIRECTORY, with
 * its first client as descriptor 3. */
#include "base/fault.h"
#include "base/log.h"
#include "monitor/monitor.h"

#include <string.h>

int main(int argc, char **argv)
{
	struct err e = { 0 };

	fault_role("monitor");
	log_setup("tare-monitor", LOG_LEVEL_WARNING);
	if (argc == 3 && strcmp(argv[1], "--pod") == 0)
		return pod_run(argv[2], &e) < 0 ? 125 : 0;
	if (argc < 2 || argc > 3) {
		log_error("started by tare, not by hand: tare-monitor STATE_DIRECTORY [CGROUP]");
		return 125;
	}
	return monitor_run(argv[1], argv[2], &e) < 0 ? 125 : 0;
}
