/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cgroup_event.h"

#include "base/scope.h"
#include "kernel/cgroup_priv.h"
#include "kernel/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

/* The group's file in a hierarchy. false: it has no place there, or the path is too long. */
static bool file_of(const struct cgroup_layout *l, const struct cgroup_place *place, int h, const char *file,
		    char ret[static CGROUP_DIR_MAX])
{
	const char *path = h >= 0 ? place->path[h] : NULL;

	return path &&
	       snprintf(ret, CGROUP_DIR_MAX, "%s%s/%s", l->h[h].mount, path[1] ? path : "", file) < CGROUP_DIR_MAX;
}

int cgroup_event_pressure(const struct host *h, const struct cgroup_layout *l, const struct cgroup_place *place,
			  enum cgroup_pressure what, bool full, unsigned stall_us, int *ret_fd, struct err *e)
{
	static const char *const files[] = { "cpu.pressure", "memory.pressure", "io.pressure" };
	char path[CGROUP_DIR_MAX], text[64];
	scoped_fd fd = -1;
	int n;

	if (!l->n || !l->h[0].v2 || !file_of(l, place, 0, files[what], path))
		return err_set(e, ENOENT, "%s: no pressure is told for it", files[what]);
	fd = openat(h->root, path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	n = snprintf(text, sizeof text, "%s %u %u", full ? "full" : "some", stall_us, CGROUP_PRESSURE_WINDOW_US);
	if (write(fd, text, (size_t)n + 1) < 0)
		return err_sys(e, "write %s", path);
	*ret_fd = fd_take(&fd);
	return 0;
}

/* inotify(7) takes no descriptor of a directory: the file by proc/self/fd, which works in every root. */
static int watch_file(const struct host *h, const char *path, int *ret_fd, struct err *e)
{
	scoped_fd file = openat(h->root, path, O_PATH | O_CLOEXEC), fd = -1;
	char self[64];

	if (file < 0)
		return err_sys(e, "open %s", path);
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", file);
	if (fd < 0 || inotify_add_watch(fd, self, IN_MODIFY | IN_DELETE_SELF) < 0)
		return err_sys(e, "watch %s", path);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int event_control(const struct host *h, const char *file, const char *control, int *ret_fd, struct err *e)
{
	scoped_fd of = openat(h->root, file, O_RDONLY | O_CLOEXEC);
	scoped_fd to = openat(h->root, control, O_WRONLY | O_CLOEXEC);
	scoped_fd fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	char text[64];
	int n = snprintf(text, sizeof text, "%d %d", fd, of);

	if (of < 0 || to < 0 || fd < 0)
		return err_sys(e, "open %s", of < 0 ? file : control);
	if (write(to, text, (size_t)n) < 0)
		return err_sys(e, "write %s", control);
	*ret_fd = fd_take(&fd);
	return 0;
}

int cgroup_event_oom(const struct host *h, const struct cgroup_layout *l, const struct cgroup_place *place, int *ret_fd,
		     struct err *e)
{
	char file[CGROUP_DIR_MAX], control[CGROUP_DIR_MAX];
	int m = cgroup_layout_find(l, CGROUP_MEMORY);
	bool v2 = m >= 0 && l->h[m].v2;

	if (!file_of(l, place, m, v2 ? "memory.events" : "memory.oom_control", file))
		return err_set(e, ENOENT, "there is no memory controller for it");
	if (v2)
		return watch_file(h, file, ret_fd, e);
	(void)file_of(l, place, m, "cgroup.event_control", control);
	return event_control(h, file, control, ret_fd, e);
}

/* One line of cgroup.event_control: level 0 is none, of memory.oom_control. */
static int ask_for(int control, int eventfd, int of, int64_t level, struct err *e)
{
	char text[80];
	int n = level ? snprintf(text, sizeof text, "%d %d %lld", eventfd, of, (long long)level) :
			snprintf(text, sizeof text, "%d %d", eventfd, of);

	return write(control, text, (size_t)n) < 0 ? err_sys(e, "write cgroup.event_control") : 0;
}

static int open_v1(const struct host *h, const char *control, struct cgroup_memory_watch *w, struct err *e)
{
	w->control = openat(h->root, control, O_WRONLY | O_CLOEXEC);
	w->events = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->wait_for = POLLIN;
	if (w->control < 0 || w->events < 0)
		return err_sys(e, "open %s", control);
	return ask_for(w->control, w->events, w->kills, 0, e);
}

void cgroup_memory_watch_levels(struct cgroup_memory_watch *w, int64_t limit_bytes)
{
	static const int percents[] = { 50, 60, 70, 80, 90, 95 };

	if (w->control < 0)
		return;
	for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
		(void)ask_for(w->control, w->events, w->use, limit_bytes / 100 * percents[i], NULL);
	close(fd_take(&w->control));
}

static int open_file(const struct host *h, const struct cgroup_layout *l, int m, const struct cgroup_place *place,
		     const char *name, int *ret, struct err *e)
{
	char file[CGROUP_DIR_MAX];

	if (!file_of(l, place, m, name, file))
		return err_set(e, ENOENT, "there is no memory controller for it");
	*ret = openat(h->root, file, O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? err_sys(e, "open %s", file) : 0;
}

int cgroup_event_memory(const struct host *h, const struct cgroup_layout *l, const char *cgroup,
			struct cgroup_memory_watch *ret, struct err *e)
{
	int m = cgroup_layout_find(l, CGROUP_MEMORY), r;
	struct cgroup_memory_watch w = CGROUP_MEMORY_WATCH_NONE;
	bool v2 = m >= 0 && l->h[m].v2;
	char control[CGROUP_DIR_MAX];
	struct cgroup_place place;

	cgroup_place_everywhere(&place, cgroup);
	r = open_file(h, l, m, &place, v2 ? "memory.current" : "memory.usage_in_bytes", &w.use, e);
	if (r == 0)
		r = open_file(h, l, m, &place, v2 ? "memory.events" : "memory.oom_control", &w.kills, e);
	if (r == 0 && v2) {
		w.events = w.kills;
		w.wait_for = POLLPRI;
	} else if (r == 0) {
		(void)file_of(l, &place, m, "cgroup.event_control", control);
		r = open_v1(h, control, &w, e);
	}
	if (r == 0)
		*ret = w;
	else
		cgroup_memory_watch_close(&w);
	return r;
}

void cgroup_memory_watch_close(struct cgroup_memory_watch *w)
{
	if (w->events >= 0 && w->events != w->kills)
		close(w->events);
	if (w->kills >= 0)
		close(w->kills);
	if (w->control >= 0)
		close(w->control);
	if (w->use >= 0)
		close(w->use);
	*w = CGROUP_MEMORY_WATCH_NONE;
}

void cgroup_event_drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof events) > 0)
		;
}
