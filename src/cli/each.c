/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/each.h"

#include "base/log.h"
#include "base/scope.h"
#include "cli/session.h"

static int print_line(const char *text, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);

	buf_putf(&out, "%s\n", text);
	return cli_print(&out, e);
}

int each_operand(struct cli *cli, const struct operands *operands, each_fn *one, const void *options, int *ret_status,
		 struct err *e)
{
	scoped_session s = { .open = false };
	int r = session_open(&s, cli, e);

	for (int i = 0; r == 0 && i < operands->n; i++) {
		struct err why = { 0 };
		int done = one(&s.engine, operands->v[i], options, &why);

		if (done == 0)
			r = print_line(operands->v[i], e);
		if (done >= 0)
			continue;
		log_error("%s", why.msg);
		*ret_status = 1;
	}
	return r;
}
