/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/confirm.h"

#include "base/scope.h"
#include "cli/command.h"

#include <errno.h>
#include <unistd.h>

/* The first letter of a line; what follows is read and dropped. 0: no line. */
static int read_letter(char *ret, struct err *e)
{
	char c, first = 0;
	ssize_t n;

	for (;;) {
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "standard input");
		if (n == 0 || c == '\n')
			break;
		first = first ? first : c;
	}
	*ret = first;
	return 0;
}

int confirm(const char *warning, bool *ret_yes, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	char letter = 0;
	int r;

	buf_putf(&out, "WARNING! %s\nAre you sure you want to continue? [y/N] ", warning);
	r = cli_print(&out, e);
	if (r == 0)
		r = read_letter(&letter, e);
	if (r == 0)
		*ret_yes = letter == 'y' || letter == 'Y';
	return r;
}
