/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/procfs.h"

#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/smallfile.h"

#include <string.h>

#define STAT_MAX 4096 /* the line has some 300 bytes; comm has at most 64 */

int procfs_boot_id(const struct host *h, char ret[BOOT_ID_SIZE], struct err *e)
{
	char text[64];
	struct sv id;
	int r = smallfile_read(h->proc, "sys/kernel/random/boot_id", text, sizeof text, &id);

	if (r < 0)
		return err_set(e, -r, "proc: open sys/kernel/random/boot_id: %s", strerror(-r));
	id = sv_trim(id);
	if (id.n != 36)
		return err_set(e, EINVAL, "proc: sys/kernel/random/boot_id: not a UUID");
	return sv_copy(id, ret, BOOT_ID_SIZE);
}

#define PF_FORKNOEXEC 0x40 /* the kernel's linux/sched.h: forked, and no execve(2) yet */

/* Fields, as proc_pid_stat(5) counts them. */
enum {
	STAT_STATE = 3,
	STAT_PPID = 4,
	STAT_TTY = 7,
	STAT_FLAGS = 9,
	STAT_USER = 14,
	STAT_SYSTEM = 15,
	STAT_CHILD_USER = 16,
	STAT_CHILD_SYSTEM = 17,
	STAT_THREADS = 20,
	STAT_START = 22,
	STAT_RESIDENT = 24,
	STAT_EXIT = 52
};

static int take_number(int number, struct sv field, struct procfs_stat *st)
{
	uint64_t v;

	if (sv_u64(field, &v) < 0)
		return -EINVAL;
	if (number == STAT_PPID)
		st->ppid = (pid_t)v;
	else if (number == STAT_TTY)
		st->tty = (uint32_t)v;
	else if (number == STAT_FLAGS)
		st->executed = !(v & PF_FORKNOEXEC);
	else if (number == STAT_USER)
		st->user_ticks = v;
	else if (number == STAT_SYSTEM)
		st->system_ticks = v;
	else if (number == STAT_CHILD_USER)
		st->child_user_ticks = v;
	else if (number == STAT_CHILD_SYSTEM)
		st->child_system_ticks = v;
	else if (number == STAT_THREADS)
		st->threads = v;
	else if (number == STAT_RESIDENT)
		st->resident_pages = v;
	else if (number == STAT_START)
		st->start_ticks = v;
	else
		st->exit_status = (int)v;
	return 0;
}

static int take_field(int number, struct sv field, struct procfs_stat *st)
{
	switch (number) {
	case STAT_STATE:
		st->state = field.n ? field.p[0] : '?';
		return field.n == 1 ? 0 : -EINVAL;
	case STAT_PPID:
	case STAT_TTY:
	case STAT_FLAGS:
	case STAT_USER:
	case STAT_SYSTEM:
	case STAT_CHILD_USER:
	case STAT_CHILD_SYSTEM:
	case STAT_THREADS:
	case STAT_RESIDENT:
	case STAT_START:
	case STAT_EXIT:
		return take_number(number, field, st);
	default:
		return 0;
	}
}

/* The second field is the command in parentheses and may hold blanks and parentheses: fields count from the last ')'. */
int procfs_stat_parse(struct sv line, struct procfs_stat *ret)
{
	struct sv head, rest, pid, name, field = { 0 };
	struct procfs_stat st = { 0 };

	if (!sv_rcut(sv_trim(line), ')', &head, &rest) || rest.n < 2 || rest.p[0] != ' ')
		return -EINVAL;
	if (sv_cut(head, '(', &pid, &name))
		(void)sv_copy(name, st.name, sizeof st.name);
	rest = (struct sv){ rest.p + 1, rest.n - 1 };
	for (int number = STAT_STATE; number <= STAT_EXIT && sv_next(&rest, ' ', &field); number++)
		if (take_field(number, field, &st) < 0)
			return -EINVAL;
	if (!st.start_ticks)
		return -EINVAL;
	*ret = st;
	return 0;
}

int procfs_stat_read(const struct host *h, pid_t pid, struct procfs_stat *ret, struct err *e)
{
	char path[32], text[STAT_MAX];
	struct sv line;
	int r;

	(void)snprintf(path, sizeof path, "%d/stat", (int)pid);
	r = smallfile_read(h->proc, path, text, sizeof text, &line);
	if (r == -ENOENT || r == -ESRCH)
		return err_set(e, ESRCH, "process %d: no such process", (int)pid);
	if (r < 0)
		return err_set(e, -r, "proc: %s: %s", path, strerror(-r));
	if (procfs_stat_parse(line, ret) < 0)
		return err_set(e, EINVAL, "proc: %s: no start time in it", path);
	return 0;
}

int procfs_start_ticks(const struct host *h, pid_t pid, uint64_t *ret_ticks, struct err *e)
{
	struct procfs_stat st;
	int r = procfs_stat_read(h, pid, &st, e);

	if (r == 0)
		*ret_ticks = st.start_ticks;
	return r;
}

bool procfs_is_process(const struct host *h, pid_t pid, uint64_t start_ticks)
{
	uint64_t ticks;

	return pid > 0 && procfs_start_ticks(h, pid, &ticks, NULL) == 0 && ticks == start_ticks;
}
