/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/hand_on.h"

#include <stddef.h>
#include <unistd.h>

void hand_on(const struct hand_on *to, const char *command, const char *operand)
{
	const char *argv[10] = { "tare", "--root", to->data_root, "--state", to->state_root };
	char *const envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	size_t n = 5;

	if (to->settings) {
		argv[n++] = "--config";
		argv[n++] = to->settings;
	}
	argv[n++] = command;
	argv[n] = operand;
	(void)execve(to->program, (char *const *)argv, envp);
}
