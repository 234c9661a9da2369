/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/procfs.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/scope.h"
#include "kernel/host.h"

#include <string.h>

#define STAT_MAX 4096 /* the line has some 300 bytes; comm has at most 64 */

int procfs_boot_id(const struct host *h, char ret[BOOT_ID_SIZE], struct err *e)
{
	scoped_buf b = BUF(256);
	struct sv id;
	int r;

	r = io_read_at(h->proc, "sys/kernel/random/boot_id", &b, e);
	if (r < 0)
		return err_wrap(e, r, "proc");
	id = sv_trim(buf_sv(&b));
	if (id.n != 36)
		return err_set(e, EINVAL, "proc: sys/kernel/random/boot_id: not a UUID");
	return sv_copy(id, ret, BOOT_ID_SIZE);
}

/* The second field is the command in parentheses and may hold blanks and parentheses: fields count from the last ')'. */
static int start_ticks_parse(struct sv line, uint64_t *ret)
{
	struct sv head, rest, field = { 0 };

	if (!sv_rcut(sv_trim(line), ')', &head, &rest) || rest.n < 2 || rest.p[0] != ' ')
		return -EINVAL;
	rest = (struct sv){ rest.p + 1, rest.n - 1 };
	for (int number = 3; number <= 22; number++)
		if (!sv_next(&rest, ' ', &field))
			return -EINVAL;
	return sv_u64(field, ret);
}

int procfs_start_ticks(const struct host *h, pid_t pid, uint64_t *ret_ticks, struct err *e)
{
	scoped_buf b = BUF(STAT_MAX);
	uint64_t ticks;
	char path[32];
	int r;

	(void)snprintf(path, sizeof path, "%d/stat", (int)pid);
	r = io_read_at(h->proc, path, &b, NULL);
	if (r == -ENOENT || r == -ESRCH)
		return err_set(e, ESRCH, "process %d: no such process", (int)pid);
	if (r < 0)
		return err_set(e, -r, "proc: %s: %s", path, strerror(-r));
	if (start_ticks_parse(buf_sv(&b), &ticks) < 0)
		return err_set(e, EINVAL, "proc: %s: no start time in it", path);
	*ret_ticks = ticks;
	return 0;
}

bool procfs_is_process(const struct host *h, pid_t pid, uint64_t start_ticks)
{
	uint64_t ticks;

	return pid > 0 && procfs_start_ticks(h, pid, &ticks, NULL) == 0 && ticks == start_ticks;
}
