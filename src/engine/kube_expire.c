/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_expire.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/scope.h"
#include "kernel/ofd_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define S INT64_C(1000000000)
#define SLEEP_MOST_MS (3600 * 1000) /* then the clock is looked at again: it may have been set */

/* ---- which, and when --------------------------------------------------------------------------------------------- */

/* *ret: when its last pod ended; 0: one has not, or there is none. */
static int job_ended_ns(struct engine *en, const struct kube_world *w, const struct kube_row *job, struct arena *a,
			int64_t *ret, struct err *e)
{
	int64_t last = 0;

	for (size_t i = 0; i < w->n_pods; i++) {
		const struct kube_running *p = &w->pods[i];
		int64_t at = 0;
		int r;

		if (!p->row->owner || strcmp(p->row->owner, job->uid) != 0)
			continue;
		r = kube_pod_ended_ns(en, p, a, &at, e);
		if (r < 0)
			return r;
		if (!at) {
			last = 0;
			break;
		}
		last = at > last ? at : last;
	}
	*ret = last;
	return 0;
}

struct expiry {
	size_t row; /* the first one that is overdue; rows.n: none is */
	int64_t next_ns; /* when the next one will be; 0: never, as far as is known */
};

static int look(struct engine *en, const struct kube_world *w, struct arena *a, struct expiry *ret, struct err *e)
{
	struct expiry x = { .row = w->rows.n };
	int64_t now = clock_real_ns();

	for (size_t i = w->rows.n; i-- > 0;) {
		const struct object *o = &w->objects[i];
		int64_t at = 0;
		int r = 0;

		if (o->kind != OBJECT_JOB || o->ttl == FIELD_UNSET)
			continue;
		r = job_ended_ns(en, w, &w->rows.v[i], a, &at, e);
		if (r < 0)
			return r;
		if (!at)
			continue;
		at += o->ttl * S;
		if (at <= now)
			x.row = i;
		else if (!x.next_ns || at < x.next_ns)
			x.next_ns = at;
	}
	*ret = x;
	return 0;
}

bool kube_expire_is_due(struct engine *en, const struct kube_world *w, struct arena *a)
{
	struct expiry x;

	return look(en, w, a, &x, NULL) == 0 && x.row < w->rows.n;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static int read_due(int fd, int64_t *ret)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	return n > 0 && sv_i64(sv_trim(sv_from(text)), ret) == 0 ? 0 : -EINVAL;
}

/* In place: it is the file itself that the sleeper has locked and watches. */
static int write_due(struct engine *en, int64_t at, struct err *e)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%020lld\n", (long long)at), r;
	scoped_fd fd = -1;
	int64_t old;

	if (!at)
		return unlinkat(en->state, KUBE_DUE_FILE, 0) == 0 || errno == ENOENT ?
			       0 :
			       err_sys(e, "remove %s/" KUBE_DUE_FILE, en->state_path);
	fd = openat(en->state, KUBE_DUE_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, "open %s/" KUBE_DUE_FILE, en->state_path);
	if (read_due(fd, &old) == 0 && old == at)
		return 0;
	r = io_pwrite_all(fd, text, (size_t)n, 0, e);
	return r < 0 ? err_wrap(e, r, "write %s/" KUBE_DUE_FILE, en->state_path) : 0;
}

int kube_expire_note(struct engine *en, const struct kube_world *w, struct arena *a, struct err *e)
{
	struct expiry x;
	int r = look(en, w, a, &x, e);

	return r < 0 ? r : write_due(en, x.row < w->rows.n ? clock_real_ns() : x.next_ns, e);
}

/* ---- going ------------------------------------------------------------------------------------------------------- */

int kube_expire(struct kube_work *k)
{
	struct oci_strings *unheard = arena_alloc(k->a, sizeof *unheard), *done = k->done;
	struct expiry x = { .next_ns = 0 };
	bool any = false;
	int r;

	if (!unheard)
		return err_oom(k->e);
	k->done = unheard;
	while ((r = look(k->en, &k->world, k->a, &x, k->e)) == 0 && x.row < k->world.rows.n) {
		any = true;
		r = kube_delete_row(k, x.row);
		if (r == 0)
			r = kube_look(k->en, k->o, k->a, &k->world, &k->site, k->e);
		if (r < 0)
			break;
	}
	k->done = done;
	if (r == 0 && any)
		r = kube_write_tiers(&k->site, &k->world, k->a, k->e);
	return r < 0 ? r : write_due(k->en, x.next_ns, k->e);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static int open_due(const struct engine *en)
{
	return openat(en->state, KUBE_DUE_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

bool kube_expire_has_sleeper(const struct engine *en)
{
	scoped_fd fd = open_due(en);

	return fd < 0 || ofd_lock_is_held(fd);
}

static bool is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || st.st_nlink == 0;
}

static int watch(const struct engine *en, struct err *e)
{
	scoped_fd fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[PATH_MAX];

	if (fd < 0)
		return err_sys(e, "inotify");
	if ((size_t)snprintf(path, sizeof path, "%s/" KUBE_DUE_FILE, en->state_path) >= sizeof path)
		return err_set(e, ENAMETOOLONG, "%s", en->state_path);
	if (inotify_add_watch(fd, path, IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF) < 0) /* ATTRIB: the count of links */
		return err_sys(e, "watch %s", path);
	return fd_take(&fd);
}

/* Until the file's moment, or until the file changes. */
static void rest(int events, int64_t at)
{
	struct pollfd p = { .fd = events, .events = POLLIN };
	int64_t left_ms = (at - clock_real_ns() + 999999) / 1000000;
	char some[512];

	(void)poll(&p, 1, left_ms < 0 ? 0 : left_ms > SLEEP_MOST_MS ? SLEEP_MOST_MS : (int)left_ms);
	while (read(events, some, sizeof some) > 0)
		continue;
}

int kube_expire_sleep(struct engine *en, struct err *e)
{
	scoped_fd fd = open_due(en), events = -1;
	int64_t at;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s/" KUBE_DUE_FILE, en->state_path);
	r = ofd_lock_take(fd, 0, e);
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	r = events = watch(en, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while (!is_removed(fd) && read_due(fd, &at) == 0) {
		if (at <= clock_real_ns())
			return 1;
		rest(events, at);
	}
	return 0;
}
