/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_message.h"

#include "base/io.h"
#include "base/scope.h"
#include "engine/log_record.h"
#include "monitor/pod_charter.h"
#include "oci/list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The kubelet's numbers. */
#define PATH_DEFAULT "/dev/termination-log"
#define MESSAGE_MOST 4096
#define LOG_LINES 80
#define LOG_BYTES ((size_t)2048)

#define LOG_BLOCK (64 << 10) /* in which that many lines are, or it is only bytes that count */

/* ---- when it is made --------------------------------------------------------------------------------------------- */

/* Whoever runs in the container may write it. */
static int make_one(const struct kube_build *b, int dir, const char *name)
{
	int r = io_replace_at(dir, name, "", 0, 0666, IO_DISK_SOON, b->e);

	if (r == 0 && fchmodat(dir, name, 0666, 0) < 0)
		r = err_sys(b->e, "chmod " POD_MESSAGES "/%s", name);
	return r;
}

int kube_messages_make(const struct kube_build *b, int folder)
{
	const struct pod_spec *s = b->p->object.pod;
	scoped_fd dir = -1;
	int r = io_mkdir_at(folder, POD_MESSAGES, 0711, &dir, b->e);

	for (size_t i = 0; r == 0 && i < s->inits.n; i++)
		r = make_one(b, dir, s->inits.v[i].name);
	for (size_t i = 0; r == 0 && i < s->containers.n; i++)
		r = make_one(b, dir, s->containers.v[i].name);
	return r;
}

int kube_message_mount(const struct kube_build *b, const struct container_spec *s, struct container_config *c)
{
	const char *path = s->message_path && *s->message_path ? s->message_path : PATH_DEFAULT;
	struct mount_config *m;

	for (size_t i = 0; i < c->mounts.n; i++)
		if (strcmp(c->mounts.v[i].target, path) == 0)
			return 0;
	m = LIST_ADD(b->a, &c->mounts);
	if (!m)
		return err_oom(b->e);
	mount_config_init(m);
	m->type = MOUNT_BIND;
	m->idmap = b->p->object.pod->host_users == 0;
	m->target = path[0] == '/' ? path : arena_fmt(b->a, "/%s", path);
	m->source = arena_fmt(b->a, "%s/" POD_MESSAGES "/%s", b->folder, s->name);
	return m->target && m->source ? 0 : err_oom(b->e);
}

/* ---- when it is asked for ---------------------------------------------------------------------------------------- */

/* The end of it that has so many lines and bytes at most. */
static struct sv last_lines(struct sv text)
{
	size_t lines = 0;

	if (text.n > LOG_BYTES)
		text = (struct sv){ text.p + text.n - LOG_BYTES, LOG_BYTES };
	for (size_t i = text.n; i-- > 0;)
		if (text.p[i] == '\n' && i + 1 < text.n && ++lines == LOG_LINES)
			return (struct sv){ text.p + i + 1, text.n - i - 1 };
	return text;
}

/* So many bytes of the file's end, at most. */
static int read_end(int dir, const char *path, off_t most, struct buf *to)
{
	scoped_fd fd = path ? openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_size > most && lseek(fd, st.st_size - most, SEEK_SET) < 0))
		return -ENOENT;
	return io_read_fd(fd, to, NULL);
}

/* It is shown on terminals. */
static const char *plain(struct sv text, struct arena *a)
{
	char *copy = NULL;

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c >= ' ' && c != 0x7f) || c == '\n' || c == '\t')
			continue;
		if (!copy) {
			copy = arena_alloc(a, text.n);
			if (!copy)
				return NULL;
			memcpy(copy, text.p, text.n);
		}
		copy[i] = '?';
	}
	return arena_sv(a, copy ? (struct sv){ copy, text.n } : text);
}

static const char *end_of_log(struct engine *en, const char *id, struct arena *a)
{
	scoped_buf block = BUF(LOG_BLOCK), text = BUF(LOG_BLOCK * 2), all = BUF(LOG_BLOCK * 2);
	struct sv rest, line;

	if (read_end(en->containers, arena_fmt(a, "%s/%s-json.log", id, id), LOG_BLOCK, &block) < 0)
		return NULL;
	rest = buf_sv(&block);
	while (sv_next(&rest, '\n', &line)) {
		struct log_record record;

		if (log_record_parse(line, &text, &record) == 0) /* the first one may have no beginning */
			buf_put(&all, record.text.p, record.text.n);
	}
	return all.len ? plain(last_lines(buf_sv(&all)), a) : NULL;
}

static const char *from_file(struct engine *en, const char *uid, const char *name, bool earlier, struct arena *a)
{
	const char *path =
		arena_fmt(a, POD_DATA "/%s/" POD_MESSAGES "/%s%s", uid, name, earlier ? POD_MESSAGE_LAST : "");
	scoped_buf text = BUF(MESSAGE_MOST * 2); /* it may grow meanwhile */

	return read_end(en->root, path, MESSAGE_MOST, &text) < 0 || !text.len ? NULL : plain(buf_sv(&text), a);
}

const char *kube_message_read(struct engine *en, const struct kube_running *p, const struct container_spec *s,
			      const struct kube_status *status, struct arena *a)
{
	const struct outcome *o = &status->state.outcome;
	bool runs = status->state.status == CONTAINER_RUNNING || status->state.status == CONTAINER_PAUSED;
	bool logs = s->message_policy && strcmp(s->message_policy, "FallbackToLogsOnError") == 0;
	const char *text;

	if (!status->id || (runs && !o->restart_count))
		return NULL;
	text = from_file(en, p->pod.uid, s->name, runs, a);
	return text || runs || !logs || !o->last_exit_code ? text : end_of_log(en, status->id, a);
}
