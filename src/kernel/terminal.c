/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>

int terminal_raw(int fd, struct termios *ret_before, struct err *e)
{
	struct termios before, raw;

	if (tcgetattr(fd, &before) < 0)
		return err_sys(e, "read the terminal's mode");
	raw = before;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return err_sys(e, "set the terminal's mode");
	*ret_before = before;
	return 0;
}

/* Without SIGTTOU: one that was put into the background meanwhile would be stopped here. */
void terminal_restore(int fd, const struct termios *before)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	(void)tcsetattr(fd, TCSADRAIN, before);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

bool terminal_size(int fd, uint16_t *ret_rows, uint16_t *ret_columns)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || (size.ws_row == 0 && size.ws_col == 0))
		return false;
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
	return true;
}
