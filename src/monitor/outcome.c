/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/outcome.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/record.h"
#include "base/scope.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define RECORD_MAX 8192 /* of what is read: all the texts together are below 2 KiB */

static const char *const state_names[] = {
#define X(id, text) [OUTCOME_##id] = text,
	OUTCOME_STATES(X)
#undef X
};

static const struct record_names states = { state_names, ARRAY_LEN(state_names) };

#define ROW(name, kind_) { .key = #name, .kind = RECORD_##kind_, RECORD_AT(struct outcome, name) }

static const struct record_row rows[] = {
	{ .key = "state", .kind = RECORD_NAME, RECORD_AT(struct outcome, state), .names = &states },
	ROW(boot_id, CHARS),
	ROW(monitor_pid, INT),
	ROW(pid, INT),
	ROW(pid_start_ticks, U64),
	ROW(created_ns, I64),
	ROW(started_ns, I64),
	ROW(finished_ns, I64),
	ROW(exit_code, INT),
	ROW(restart_count, INT),
	ROW(stopped_by_user, FLAG),
	ROW(oom_killed, FLAG),
	ROW(oom_kills, I64),
	ROW(oom_owner, CHARS),
	ROW(oom_limit_bytes, I64),
	ROW(oom_victim, CHARS),
	ROW(oom_victim_pid, INT),
	ROW(oom_samples, CHARS),
	ROW(oom_log_seq, U64),
	ROW(ready, FLAG),
	ROW(begun, FLAG),
	ROW(last_exit_code, INT),
	ROW(error, CHARS),
};

static const struct record_form form = {
	.first = "tare-outcome 1",
	.stranger = "not a record of tare",
	.any_version = true,
	RECORD_LINES,
	RECORD_ROWS(rows),
};

/* On a full disk: the blocks that the record before it has. A reader at this very moment may see some of both, which is
 * better than a container that never ended. Newlines hide what is left of a longer one. */
static int overwrite(int dir, const char *name, struct buf *b, struct err *e)
{
	scoped_fd fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", name);
	while (b->len < (size_t)st.st_size && buf_puts(b, "\n") == 0)
		;
	return pwrite(fd, b->p, b->len, 0) == (ssize_t)b->len ? 0 : err_set(e, ENOSPC, "write %s: no space left", name);
}

static int write_record(int dir, const char *name, const struct outcome *o, enum io_disk disk, struct err *e)
{
	scoped_buf b = BUF(LIMIT_RECORD);
	int r;

	record_begin(&form, &b);
	record_put_rows(&form, 0, o, &b);
	r = buf_status(&b, e);
	if (r == 0)
		r = io_replace_at(dir, name, b.p, b.len, 0600, disk, e);
	return r == -ENOSPC || r == -EDQUOT ? overwrite(dir, name, &b, e) : r;
}

/* All that matters of a life after a power cut is that it is over, which a lost record says as well. */
int outcome_write(int dir, const struct outcome *o, struct err *e)
{
	bool lives = o->state != OUTCOME_CREATED && o->state != OUTCOME_EXITED;
	enum io_disk disk = lives ? IO_DISK_LATER : IO_DISK_SOON;

	return write_record(dir, OUTCOME_FILE, o, disk, e);
}

int outcome_read_at(int dir, const char *path, struct outcome *ret, struct err *e)
{
	char text[RECORD_MAX];
	struct outcome o = { 0 };
	struct record_reader rd = { .form = &form, .of = { &o } };
	struct sv record;
	int r = smallfile_read(dir, path, text, sizeof text, &record);

	if (r < 0) {
		errno = -r;
		return err_sys(e, "open %s", path);
	}
	r = record_parse(&rd, record, e);
	if (r < 0)
		return err_wrap(e, r, "%s", path);
	*ret = o;
	return 0;
}

int outcome_read(int dir, struct outcome *ret, struct err *e)
{
	return outcome_read_at(dir, OUTCOME_FILE, ret, e);
}

int outcome_write_exec(int state_dir, uint32_t session, const struct outcome *o, struct err *e)
{
	char name[40];

	(void)snprintf(name, sizeof name, EXEC_OUTCOME_FILE, session);
	return write_record(state_dir, name, o, IO_DISK_LATER, e);
}

int outcome_read_exec(int state_dir, uint32_t session, struct outcome *ret, struct err *e)
{
	char name[40];

	(void)snprintf(name, sizeof name, EXEC_OUTCOME_FILE, session);
	return outcome_read_at(state_dir, name, ret, e);
}

int outcome_check_exec(enum outcome_state s, const char *id, struct err *e)
{
	switch (s) {
	case OUTCOME_RUNNING:
		return 0;
	case OUTCOME_PAUSED:
		return err_set(e, EBUSY, "Container %s is paused, unpause the container before exec", id);
	case OUTCOME_RESTARTING:
		return err_set(e, EBUSY, "Container %s is restarting, wait until the container is running", id);
	case OUTCOME_CREATED:
	case OUTCOME_EXITED:
		break;
	}
	return err_set(e, ESRCH, "container %s is not running", id);
}
