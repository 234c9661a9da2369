/* SPDX-License-Identifier: Apache-2.0 */
/* no_engine.c - linked only while src/engine/run.c is not there: everything of `tare` but running containers. */
#include "engine/run.h"

#include <errno.h>

int engine_run(struct engine *engine, const struct host *host, struct container_config *c,
	       const struct run_flags *flags, int *ret_status, struct err *e)
{
	return err_set(e, ENOSYS, "%s: this build cannot start containers", c->image ? c->image : c->rootfs);
}
