/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_version.c - `tare version`. There is no server: what Docker's scripts ask of one is said of this program. */
#include "base/scope.h"
#include "cli/command.h"
#include "engine/document.h"
#include "oci/json.h"
#include "oci/platform.h"

#include <stddef.h>
#include <sys/utsname.h>

struct version_options {
	const char *format; /* NULL: one line */
};

static const struct option rows[] = {
	{ "format", 'f', "FORMAT", "json, or a template of fields as '{{.Server.Version}}'", option_text,
	  offsetof(struct version_options, format), .words = "json" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int put_json(struct buf *out, struct err *e)
{
	struct utsname kernel;
	struct platform here;

	if (uname(&kernel) < 0)
		return err_sys(e, "uname");
	here = platform_of_machine(kernel.machine);
	buf_putf(out, "{\"Client\":{\"Version\":\"%s\",\"Os\":\"%s\",\"Arch\":\"%s\"},", TARE_VERSION, here.os,
		 here.architecture);
	buf_putf(out, "\"Server\":{\"Platform\":{\"Name\":\"tare\"},\"Version\":\"%s\",\"Os\":\"%s\",\"Arch\":\"%s\",",
		 TARE_VERSION, here.os, here.architecture);
	buf_puts(out, "\"KernelVersion\":");
	json_put_text(out, sv_from(kernel.release));
	buf_puts(out, "}}");
	return buf_status(out, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const char *format = ((struct version_options *)options)->format;
	scoped_buf out = BUF(CLI_OUTPUT_MAX), json = BUF(CLI_OUTPUT_MAX);
	int r = 0;

	if (!format)
		buf_puts(&out, "tare " TARE_VERSION "\n");
	else
		r = put_json(&json, e);
	if (r == 0 && format)
		r = document_show_json(buf_sv(&json), format, &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

const struct command command_version = {
	.name = "version",
	.args = "[OPTIONS]",
	.summary = "print the version",
	.groups = groups,
	.options_size = sizeof(struct version_options),
	.run = run,
};
