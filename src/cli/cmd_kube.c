/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kube.c - `tare kube quantity` */
#include "base/scope.h"
#include "cli/command.h"
#include "kube/quantity.h"
#include "oci/json.h"

#include <inttypes.h>

static bool put_quantity(struct buf *out, struct sv text)
{
	char canonical[QUANTITY_TEXT];
	struct quantity q;
	struct err e = { 0 };
	int r = quantity_parse(text, &q, &e);

	buf_puts(out, "{\"text\":");
	json_put_text(out, text);
	if (r < 0) {
		buf_puts(out, ",\"error\":");
		json_put_text(out, sv_from(e.msg));
	} else {
		buf_putf(out, ",\"canonical\":\"%s\",\"value\":%" PRId64 ",\"milli\":%" PRId64 ",\"format\":\"%s\"",
			 quantity_print(&q, canonical), quantity_value(&q), quantity_milli(&q),
			 quantity_format_name(&q));
	}
	buf_puts(out, "}\n");
	return r == 0;
}

static int run_quantity(struct cli *cli, void *options, const struct operands *operands, int *ret_status,
			struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);

	for (int i = 0; i < operands->n; i++)
		if (!put_quantity(&out, sv_from(operands->v[i])))
			*ret_status = 1;
	return cli_print(&out, e);
}

const struct command command_kube_quantity = {
	.name = "kube quantity",
	.args = "TEXT [TEXT...]",
	.summary = "tell what Kubernetes reads in a number such as 1.5Gi",
	.min_args = 1,
	.max_args = -1,
	.run = run_quantity,
};
