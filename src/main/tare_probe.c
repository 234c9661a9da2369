/* SPDX-License-Identifier: Apache-2.0 */
/* tare-probe - asks one server in a pod's network. Small and static: most questions need no TLS, and those that do go on to
 * tare-probe-tls beside it. */
#include "main/probe_program.h"

#include <limits.h>
#include <stdlib.h>

static const char *own_path;

static int hand_on(char *const *argv, struct err *e)
{
	static char *const no_env[] = { NULL };
	char path[PATH_MAX];
	size_t n = 0;
	char **all;
	int r;

	while (argv[n])
		n++;
	if ((size_t)snprintf(path, sizeof path, "%s" PROBE_TLS_SUFFIX, own_path) >= sizeof path)
		return err_set(e, ENAMETOOLONG, "%.80s", own_path);
	all = calloc(n + 3, sizeof *all);
	if (!all)
		return err_oom(e);
	all[0] = path;
	all[1] = (char *)"host"; /* the network is the right one already */
	for (size_t i = 0; i < n; i++)
		all[i + 2] = argv[i];
	(void)execve(path, all, no_env);
	r = err_sys(e, "%.200s", path);
	free(all);
	return r;
}

int main(int argc, char **argv)
{
	static const struct probe_asker by = { .hand_on = hand_on };

	own_path = argc ? argv[0] : "";
	return probe_program(&by, argc, argv);
}
