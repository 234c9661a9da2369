/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opt_stop.h"

#include "cli/value.h"

#include <errno.h>
#include <limits.h>

static int set_signal(const struct option_call *c, struct err *e)
{
	return value_signal(c->text, &((struct stop_options *)c->target)->signal, e);
}

static int set_timeout(const struct option_call *c, struct err *e)
{
	struct stop_options *o = c->target;
	int64_t n;
	int r = value_i64(c->text, &n, e);

	if (r < 0)
		return r;
	if (n > INT_MAX || n < -1)
		return err_set(e, EINVAL, "invalid timeout: -1 (for ever) to %d seconds", INT_MAX);
	o->timeout_s = (int)n;
	o->timeout_set = true;
	return 0;
}

static const struct option rows[] = {
	{ "signal", 's', "SIGNAL", "the signal to begin with, instead of the container's own", set_signal,
	  .late = true },
	{ "time", 0, "SECONDS", "another name for --timeout", set_timeout, .hidden = true },
	{ "timeout", 't', "SECONDS", "wait so long before SIGKILL, -1 for ever (default: the container's own, 10)",
	  set_timeout },
};

OPTION_GROUP(opt_stop, "Options", rows);
