/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/page.h"

#include "base/scope.h"
#include "base/wrap.h"
#include "cli/command.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#define WIDTH 80
#define WIDTH_LEAST 20 /* of a terminal that knows its size */

unsigned page_width(bool whole)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t n;

	if (whole)
		return 0;
	if (columns && sv_u64(sv_from(columns), &n) == 0 && n > 0 && n <= UINT16_MAX)
		return n < WIDTH_LEAST ? WIDTH_LEAST : (unsigned)n;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST)
		return size.ws_col;
	return WIDTH;
}

int page_table(struct table *t, bool whole, struct buf *out, struct err *e)
{
	return table_print(t, page_width(whole), true, out, e);
}

int page_print(const struct buf *text, bool whole, struct err *e)
{
	scoped_buf wrapped = BUF(2 * CLI_OUTPUT_MAX);
	int r = buf_status(text, e);

	if (r < 0 || whole)
		return r < 0 ? r : cli_print(text, e);
	wrap_lines(&wrapped, buf_sv(text), page_width(false));
	return cli_print(&wrapped, e);
}
