/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/outcome.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#define RECORD_MAX 8192 /* of what is read: all the texts together are below 2 KiB */

static const char *const state_names[] = {
#define X(id, text) [OUTCOME_##id] = text,
	OUTCOME_STATES(X)
#undef X
};

/* One row per line of the record: both directions walk it. */
enum field_kind { FIELD_STATE, FIELD_PID, FIELD_U64, FIELD_I64, FIELD_INT, FIELD_BOOL, FIELD_TEXT };
static const struct field {
	const char *key;
	enum field_kind kind;
	size_t at, size;
} fields[] = {
#define FIELD(name, kind) { #name, FIELD_##kind, offsetof(struct outcome, name), sizeof(((struct outcome *)0)->name) }
	FIELD(state, STATE),	   FIELD(boot_id, TEXT),   FIELD(monitor_pid, PID), FIELD(pid, PID),
	FIELD(pid_start_ticks, U64), FIELD(created_ns, I64), FIELD(started_ns, I64),  FIELD(finished_ns, I64),
	FIELD(exit_code, INT),	   FIELD(restart_count, INT), FIELD(stopped_by_user, BOOL), FIELD(oom_killed, BOOL),
	FIELD(oom_kills, I64),	   FIELD(oom_owner, TEXT), FIELD(oom_limit_bytes, I64), FIELD(oom_victim, TEXT),
	FIELD(oom_victim_pid, PID),  FIELD(oom_samples, TEXT),   FIELD(oom_log_seq, U64),      FIELD(ready, BOOL),
	FIELD(begun, BOOL),          FIELD(last_exit_code, INT), FIELD(error, TEXT),
#undef FIELD
};

static void put_text(struct buf *b, const char *text)
{
	for (; *text; text++)
		buf_putf(b, "%c", *text == '\n' ? ' ' : *text);
}

static void put_field(struct buf *b, const struct outcome *o, const struct field *f)
{
	const char *p = (const char *)o + f->at;

	buf_putf(b, "%s ", f->key);
	switch (f->kind) {
	case FIELD_STATE:
		buf_puts(b, state_names[*(const enum outcome_state *)(const void *)p]);
		break;
	case FIELD_PID:
	case FIELD_INT:
		buf_putf(b, "%d", *(const int *)(const void *)p);
		break;
	case FIELD_U64:
		buf_putf(b, "%llu", (unsigned long long)*(const uint64_t *)(const void *)p);
		break;
	case FIELD_I64:
		buf_putf(b, "%lld", (long long)*(const int64_t *)(const void *)p);
		break;
	case FIELD_BOOL:
		buf_puts(b, *(const bool *)p ? "true" : "false");
		break;
	case FIELD_TEXT:
		put_text(b, p);
		break;
	}
	buf_puts(b, "\n");
}

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

static int write_record(int dir, const char *name, const struct outcome *o, struct err *e)
{
	scoped_buf b = BUF(LIMIT_RECORD);
	int r;

	buf_putf(&b, "tare-outcome %d\n", OUTCOME_VERSION);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		put_field(&b, o, &fields[i]);
	r = buf_status(&b, e);
	if (r == 0)
		r = io_replace_at(dir, name, b.p, b.len, 0600, false, e);
	return r == -ENOSPC || r == -EDQUOT ? overwrite(dir, name, &b, e) : r;
}

int outcome_write(int dir, const struct outcome *o, struct err *e)
{
	return write_record(dir, OUTCOME_FILE, o, e);
}

static int get_state(struct sv text, enum outcome_state *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++)
		if (sv_is(text, state_names[i])) {
			*ret = (enum outcome_state)i;
			return 0;
		}
	return -EINVAL;
}

static int get_int(struct sv text, int *ret)
{
	int64_t v;

	if (sv_i64(text, &v) < 0 || v < INT32_MIN || v > INT32_MAX)
		return -EINVAL;
	*ret = (int)v;
	return 0;
}

static int get_field(struct outcome *o, const struct field *f, struct sv text)
{
	char *p = (char *)o + f->at;

	switch (f->kind) {
	case FIELD_STATE:
		return get_state(text, (enum outcome_state *)(void *)p);
	case FIELD_PID:
	case FIELD_INT:
		return get_int(text, (int *)(void *)p);
	case FIELD_U64:
		return sv_u64(text, (uint64_t *)(void *)p);
	case FIELD_I64:
		return sv_i64(text, (int64_t *)(void *)p);
	case FIELD_BOOL:
		*(bool *)p = sv_is(text, "true");
		return *(bool *)p || sv_is(text, "false") ? 0 : -EINVAL;
	case FIELD_TEXT:
		return sv_copy(text, p, f->size);
	}
	return -EINVAL;
}

/* *next: the field after the last one; lines come in the order in which they were written, or nearly so. */
static int get_line(struct outcome *o, struct sv line, size_t *next, struct err *e)
{
	struct sv key, value;

	sv_cut(line, ' ', &key, &value);
	for (size_t n = 0; n < ARRAY_LEN(fields); n++) {
		size_t i = (*next + n) % ARRAY_LEN(fields);

		if (!sv_is(key, fields[i].key))
			continue;
		*next = i + 1;
		if (get_field(o, &fields[i], value) < 0)
			return err_set(e, EINVAL, OUTCOME_FILE ": damaged line \"" SV_FMT "\"", SV_ARG(line));
		break;
	}
	return 0;
}

int outcome_read_at(int dir, const char *path, struct outcome *ret, struct err *e)
{
	char text[RECORD_MAX];
	struct outcome o = { 0 };
	struct sv rest, line;
	size_t next = 0;
	int r = smallfile_read(dir, path, text, sizeof text, &rest);

	if (r < 0) {
		errno = -r;
		return err_sys(e, "open %s", path);
	}
	if (!sv_next(&rest, '\n', &line) || !sv_has_prefix(line, "tare-outcome "))
		return err_set(e, EINVAL, "%s: not a record of tare", path);
	while (sv_next(&rest, '\n', &line)) {
		r = get_line(&o, line, &next, e);
		if (r < 0)
			return r;
	}
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
	return write_record(state_dir, name, o, e);
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
