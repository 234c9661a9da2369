/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/join.h"

#include "base/id.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/procfs.h"
#include "kernel/sys.h"
#include "monitor/outcome.h"
#include "oci/list.h"

#include <fcntl.h>
#include <string.h>

/* Another container, while it runs. */
struct other {
	const char *id;
	const struct host *host;
	pid_t pid;
	uint64_t start_ticks;
	int pidfd;
};

static int not_running(const char *what, const char *id, struct err *e)
{
	return err_set(e, ESRCH, "cannot join %s of a non running container: %s", what, id);
}

static bool is_alive(const struct other *o)
{
	return sys_pidfd_send_signal(o->pidfd, 0) == 0;
}

static int read_outcome(int container_dir, const char *id, struct outcome *ret, struct err *e)
{
	char path[ID_LEN + 4];
	scoped_fd dir = -1;

	if (!id_is_valid(sv_from(id)))
		return err_set(e, EINVAL, "No such container: %.80s", id);
	(void)snprintf(path, sizeof path, "../%s", id);
	dir = openat(container_dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, ENOENT, "No such container: %s", id);
	return outcome_read(dir, ret, e);
}

static int other_open(struct other *ret, const struct host *h, const char *boot_id, int container_dir, const char *what,
		      const char *id, struct err *e)
{
	struct other o = { .id = id, .host = h, .pidfd = -1 };
	struct outcome out;
	int r = read_outcome(container_dir, id, &out, e);

	if (r == -ENOENT || (r == 0 && (out.pid <= 0 || strcmp(out.boot_id, boot_id) != 0)))
		return not_running(what, id, e);
	if (r < 0)
		return r;
	o.pid = out.pid;
	o.start_ticks = out.pid_start_ticks;
	o.pidfd = sys_pidfd_open(o.pid, 0);
	if (o.pidfd < 0 || !procfs_is_process(h, o.pid, o.start_ticks)) {
		if (o.pidfd >= 0)
			close(o.pidfd);
		return not_running(what, id, e);
	}
	*ret = o;
	return 0;
}

static void other_close(struct other *o)
{
	close(o->pidfd);
}

/* file: as in proc_pid_ns(5). The pid was the process's own all the while if it lives still. */
static int open_namespace(const struct other *o, const char *what, const char *file, int *ret, struct err *e)
{
	scoped_fd fd = -1;
	char path[32];

	(void)snprintf(path, sizeof path, "%d/ns/%s", (int)o->pid, file);
	fd = openat(o->host->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ESRCH)
		return err_sys(e, "%s namespace of container %s", what, o->id);
	if (fd < 0 || !is_alive(o))
		return not_running(what, o->id, e);
	*ret = fd_take(&fd);
	return 0;
}

static const char *file_of(const char *type)
{
	return strcmp(type, "network") == 0 ? "net" : type;
}

static int keep(struct joins *j, int fd, struct err *e)
{
	if (j->n == ARRAY_LEN(j->fds)) {
		close(fd);
		return err_set(e, EINVAL, "too many namespaces to join");
	}
	j->fds[j->n++] = fd;
	return 0;
}

static int join_namespace(struct joins *j, const struct other *o, struct oci_namespace *ns, struct arena *a,
			  struct err *e)
{
	int fd, r = open_namespace(o, ns->type, file_of(ns->type), &fd, e);

	if (r == 0)
		r = keep(j, fd, e);
	if (r < 0)
		return r;
	ns->path = arena_fmt(a, "/proc/self/fd/%d", fd);
	return ns->path ? 0 : err_oom(e);
}

int join_mount(struct joins *j, const char *destination, int fd, struct arena *a, struct err *e)
{
	struct handed_mount *m = LIST_ADD(a, &j->mounts);

	if (!m) {
		close(fd);
		return err_oom(e);
	}
	*m = (struct handed_mount){ destination, fd };
	return 0;
}

static int join_mount_of(struct joins *j, const struct other *o, const struct oci_mount *m, struct arena *a,
			 struct err *e)
{
	scoped_fd ns = -1;
	int fd, r = open_namespace(o, m->destination, "mnt", &ns, e);

	if (r < 0)
		return r;
	fd = mount_clone_from(ns, m->destination, e);
	if (fd < 0)
		return err_wrap(e, fd, "%s of container %s", m->destination, o->id);
	return join_mount(j, m->destination, fd, a, e);
}

static const char *id_of(const char *text)
{
	return text && sv_has_prefix(sv_from(text), JOIN_PREFIX) ? text + strlen(JOIN_PREFIX) : NULL;
}

int join_resolve(struct joins *j, const struct host *h, const char *boot_id, int container_dir, struct runtime_spec *s,
		 struct arena *a, struct err *e)
{
	struct other o;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->namespaces.n; i++) {
		struct oci_namespace *ns = &s->namespaces.v[i];
		const char *id = id_of(ns->path);

		if (!id)
			continue;
		r = other_open(&o, h, boot_id, container_dir, ns->type, id, e);
		if (r < 0)
			break;
		r = join_namespace(j, &o, ns, a, e);
		other_close(&o);
	}
	for (size_t i = 0; r == 0 && i < s->mounts.n; i++) {
		const char *id = id_of(s->mounts.v[i].source);

		if (!id)
			continue;
		r = other_open(&o, h, boot_id, container_dir, s->mounts.v[i].destination, id, e);
		if (r < 0)
			break;
		r = join_mount_of(j, &o, &s->mounts.v[i], a, e);
		other_close(&o);
	}
	return r;
}

void join_done(struct joins *j)
{
	while (j->n)
		close(j->fds[--j->n]);
	while (j->mounts.n)
		close(j->mounts.v[--j->mounts.n].fd);
	j->mounts.v = NULL;
}
