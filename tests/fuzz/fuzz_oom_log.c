/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_oom_log.c - one record of the kernel log, of any bytes: no victim is taken for one outside of the owner's group. */
#include "kernel/oom_log.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *raw = malloc(size ? size : 1);
	struct kmsg_record k;
	struct oom_record r;

	if (!raw)
		return 0;
	if (size)
		memcpy(raw, data, size);
	if (kmsg_parse(raw, size, &k)) {
		require(k.text.n <= size);
		if (oom_record_parse(k.text, &r)) {
			require(r.pid > 0 && r.task.n < OOM_TASK_MAX && r.group.n && r.group.p[0] == '/');
			require(r.host_wide ? !r.owner.n : r.owner.n && r.owner.p[0] == '/');
			require(r.group.n >= r.owner.n && (!r.owner.n || !memcmp(r.group.p, r.owner.p, r.owner.n)));
		}
	}
	free(raw);
	return 0;
}
