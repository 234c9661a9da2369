/* SPDX-License-Identifier: Apache-2.0 */
/* tare.c - the command line's main(): static, no locale, no standard I/O streams. */
#include "base/fault.h"
#include "cli/command.h"

#include <fcntl.h>
#include <unistd.h>

/* A descriptor below 3 that is closed would be given to the next file that is opened, and then be written to. */
static int standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	fault_role("tare");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && standard_descriptors() < 0)
			return 1;
	return command_main(argc, argv);
}
