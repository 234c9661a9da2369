/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cgroup_written.h"

#include "base/scope.h"
#include "kernel/cgroup_priv.h"
#include "kernel/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>

struct cgroup_written {
	const struct host *host;
	const struct cgroup_layout *layout;
	unsigned n;
	int hierarchy[CGROUP_WRITTEN_HIERARCHIES]; /* as layout.h */
	int fd;
	struct cgroup_written_set written;
};

#define HANDLE_KERNFS 0xfe /* FILEID_KERNFS of linux/exportfs.h: eight bytes, the inode's number */
#define ID_RECORD_HEAD (sizeof(struct fanotify_event_info_fid) + sizeof(struct file_handle))

/* ---- events -------------------------------------------------------------------------------------------------------- */

static void add_folder(struct cgroup_written_set *to, uint64_t inode)
{
	if (to->n && to->inode[to->n - 1] == inode) /* several files of a group */
		return;
	if (to->n == CGROUP_WRITTEN_MAX)
		to->all = true;
	else
		to->inode[to->n++] = inode;
}

/* The folder's handle and the file's name behind it. A controller that is taken from the groups below, and given to them
 * again, has no limits any more. */
static bool add_record(struct cgroup_written_set *to, struct sv record)
{
	struct fanotify_event_info_fid info;
	struct file_handle handle;
	uint64_t inode;
	const char *name;
	size_t room;

	if (record.n < ID_RECORD_HEAD + sizeof inode)
		return false;
	memcpy(&info, record.p, sizeof info);
	memcpy(&handle, record.p + sizeof info, sizeof handle);
	if (info.hdr.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME || handle.handle_type != HANDLE_KERNFS ||
	    handle.handle_bytes != sizeof inode)
		return false;
	memcpy(&inode, record.p + ID_RECORD_HEAD, sizeof inode);
	name = record.p + ID_RECORD_HEAD + sizeof inode;
	room = record.n - ID_RECORD_HEAD - sizeof inode;
	if (sv_is((struct sv){ name, strnlen(name, room) }, "cgroup.subtree_control"))
		return false;
	add_folder(to, inode);
	return true;
}

static bool add_event(struct cgroup_written_set *to, const struct fanotify_event_metadata *m, struct sv records)
{
	struct fanotify_event_info_header head;

	if (m->vers != FANOTIFY_METADATA_VERSION || m->mask & FAN_Q_OVERFLOW || records.n < sizeof head)
		return false;
	memcpy(&head, records.p, sizeof head);
	return head.len <= records.n && add_record(to, (struct sv){ records.p, head.len });
}

void cgroup_written_add(struct cgroup_written_set *to, struct sv events)
{
	struct fanotify_event_metadata m;

	while (events.n && !to->all) {
		if (events.n < sizeof m) {
			to->all = true;
			return;
		}
		memcpy(&m, events.p, sizeof m);
		if (m.event_len < m.metadata_len || m.event_len > events.n || m.metadata_len < sizeof m ||
		    !add_event(to, &m, (struct sv){ events.p + m.metadata_len, m.event_len - m.metadata_len }))
			to->all = true;
		else
			events = (struct sv){ events.p + m.event_len, events.n - m.event_len };
	}
}

/* ---- the descriptor ------------------------------------------------------------------------------------------------- */

static bool is_marked(const struct cgroup_written *w, int hierarchy)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->hierarchy[i] == hierarchy)
			return true;
	return false;
}

static int mark(struct cgroup_written *w, enum cgroup_controller c, struct err *e)
{
	int h = cgroup_layout_find(w->layout, c);
	const char *mount = h < 0 ? NULL : w->layout->h[h].mount;

	if (!mount || is_marked(w, h))
		return 0;
	if (fanotify_mark(w->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_MODIFY, w->host->root, mount) < 0)
		return err_sys(e, "fanotify_mark %s", mount);
	w->hierarchy[w->n++] = h;
	return 0;
}

static int mark_all(struct cgroup_written *w, struct err *e)
{
	static const enum cgroup_controller with_limits[CGROUP_WRITTEN_HIERARCHIES] = { CGROUP_CPU, CGROUP_MEMORY,
										       CGROUP_PIDS };
	int r = 0;

	w->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME,
			      O_RDONLY | O_CLOEXEC);
	if (w->fd < 0)
		return err_sys(e, "fanotify_init");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(with_limits); i++)
		r = mark(w, with_limits[i], e);
	return r == 0 && !w->n ? err_set(e, ENODEV, "no hierarchy has limits") : r;
}

int cgroup_written_new(const struct host *h, const struct cgroup_layout *l, struct cgroup_written **ret, struct err *e)
{
	struct cgroup_written *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return err_oom(e);
	w->host = h;
	w->layout = l;
	w->written.all = true;
	r = mark_all(w, e);
	if (r < 0)
		cgroup_written_free(w);
	else
		*ret = w;
	return r;
}

void cgroup_written_free(struct cgroup_written *w)
{
	if (w && w->fd >= 0)
		close(w->fd);
	free(w);
}

static int by_number(const void *a, const void *b)
{
	uint64_t m = *(const uint64_t *)a, n = *(const uint64_t *)b;

	return m < n ? -1 : m > n;
}

/* To the end, so that the queue is empty even where all are written to anyway. */
void cgroup_written_take(struct cgroup_written *w)
{
	char events[16 << 10];
	ssize_t n;

	w->written.all = false;
	w->written.n = 0;
	for (;;) {
		n = read(w->fd, events, sizeof events);
		if (n > 0)
			cgroup_written_add(&w->written, (struct sv){ events, (size_t)n });
		else if (n == 0 || errno != EINTR)
			break;
	}
	w->written.all |= n < 0 && errno != EAGAIN;
	qsort(w->written.inode, w->written.n, sizeof w->written.inode[0], by_number);
}

bool cgroup_written_has(const struct cgroup_written *w, const struct cgroup_folders *f)
{
	const struct cgroup_written_set *in = &w->written;

	if (in->all)
		return true;
	for (unsigned i = 0; i < w->n; i++)
		if (!f->inode[i] || bsearch(&f->inode[i], in->inode, in->n, sizeof in->inode[0], by_number))
			return true;
	return false;
}

void cgroup_written_folders(const struct cgroup_written *w, const char *path, struct cgroup_folders *ret)
{
	char dir[CGROUP_DIR_MAX];
	struct stat s;

	*ret = (struct cgroup_folders){ 0 };
	for (unsigned i = 0; i < w->n; i++) {
		const char *mount = w->layout->h[w->hierarchy[i]].mount;

		if (path[0] == '/' && path[1] && cgroup_file_path(dir, mount, strlen(mount), path + 1) &&
		    fstatat(w->host->root, dir, &s, 0) == 0)
			ret->inode[i] = s.st_ino;
	}
}
