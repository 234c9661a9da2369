/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rootless.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/newuidmap.h"
#include "kernel/ofd_lock.h"
#include "monitor/control.h"
#include "spec/userns.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define COMMANDS ".userns" /* of the state folder */
#define COMMANDS_MAX 256   /* processes in it; the oldest go */
#define LOCK_MS 60000

struct entering {
	const struct host *host;
	int state, file; /* folder, and its COMMANDS */
	struct buf others; /* the lines of those that live */
	struct arena *a;
	uid_t uid;
	gid_t gid;
};

/* ---- the namespace that is there already ------------------------------------------------------------------------- */

/* A number of a process may have been given to somebody else's since. */
static int open_of(const struct entering *x, pid_t pid)
{
	scoped_fd ns = userns_open(x->host->proc, pid, NULL);
	uid_t owner;

	if (ns < 0 || ioctl(ns, NS_GET_OWNER_UID, &owner) < 0 || owner != x->uid)
		return -1;
	return fd_take(&ns);
}

/* Those that have ended leave the list. *ret_ns: -1, none lives */
static int find_command(struct entering *x, int *ret_ns, struct err *e)
{
	scoped_buf text = BUF(COMMANDS_MAX * 64);
	struct sv rest, line;
	int ns = -1, r = io_read_fd(x->file, &text, e);
	unsigned n = 0;

	if (r == -EMSGSIZE) /* nobody but us writes it, and never that much: what is in it is not ours */
		r = 0;
	rest = buf_sv(&text);
	while (r == 0 && sv_next(&rest, '\n', &line)) {
		uint64_t ticks;
		pid_t pid;

		if (!userns_command_parse(line, &pid, &ticks) || !procfs_is_process(x->host, pid, ticks) ||
		    ++n >= COMMANDS_MAX)
			continue;
		buf_putf(&x->others, SV_FMT "\n", SV_ARG(line));
		if (ns < 0)
			ns = open_of(x, pid);
	}
	*ret_ns = ns;
	return r;
}

static int ask_monitor(const struct entering *x, const char *id)
{
	scoped_fd dir = openat(x->state, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), sock = -1;
	struct ucred peer;
	socklen_t n = sizeof peer;

	sock = dir < 0 ? -1 : control_connect(dir, NULL);
	if (sock < 0 || getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return -1;
	return open_of(x, peer.pid);
}

static int find_monitor(const struct entering *x)
{
	int copy = openat(x->state, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ns = -1;
	scoped_dir d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *ent;

	if (!d && copy >= 0)
		close(copy);
	while (d && ns < 0 && (ent = readdir(d)))
		if (ent->d_name[0] != '.')
			ns = ask_monitor(x, ent->d_name);
	return ns;
}

/* ---- a new one --------------------------------------------------------------------------------------------------- */

static int read_etc(const struct entering *x, const char *path, struct buf *text, struct err *e)
{
	struct err missing = { 0 };
	int r = io_read_at(x->host->root, &path[1], text, &missing);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		*e = missing;
	return r;
}

static int read_ranges(const struct entering *x, const char *path, const char *name, struct id_ranges *ret,
		       struct err *e)
{
	scoped_buf text = BUF(LIMIT_SUBID);
	char number[16];
	int r = read_etc(x, path, &text, e);

	(void)snprintf(number, sizeof number, "%u", (unsigned)x->uid);
	if (r == 0)
		r = subid_parse(buf_sv(&text), path, name ? name : number, x->a, ret, e);
	return r == -ENOENT && name ? subid_parse(buf_sv(&text), path, number, x->a, ret, e) : r;
}

/* Both files or none: a container with users and without groups would be no use. Who makes a container hears of it. */
static int find_ranges(const struct entering *x, const char *name, struct id_ranges *uids, struct id_ranges *gids,
		       struct err *e)
{
	struct err why = { 0 };
	int r = read_ranges(x, "/etc/subuid", name, uids, &why);

	if (r == 0)
		r = read_ranges(x, "/etc/subgid", name, gids, &why);
	if (r == -ENOENT)
		*uids = *gids = (struct id_ranges){ 0 };
	else if (r < 0)
		*e = why;
	return r == -ENOENT ? 0 : r;
}

static int make_new(const struct entering *x, struct err *e)
{
	scoped_buf passwd = BUF(LIMIT_PASSWD);
	struct id_ranges uids = { 0 }, gids = { 0 };
	struct id_map uid_map = { 0 }, gid_map = { 0 };
	const char *name;
	int r = read_etc(x, "/etc/passwd", &passwd, e);

	if (r == 0)
		r = userns_user_name(buf_sv(&passwd), x->uid, x->a, &name, e);
	if (r == 0)
		r = find_ranges(x, name, &uids, &gids, e);
	if (r == 0)
		r = userns_user_map(&uids, x->uid, x->a, &uid_map, e);
	if (r == 0)
		r = userns_user_map(&gids, x->gid, x->a, &gid_map, e);
	return r < 0 ? r : userns_enter_new(&uid_map, &gid_map, e);
}

/* ---- entering ---------------------------------------------------------------------------------------------------- */

/* From now on others find us. */
static int write_down(struct entering *x, struct err *e)
{
	uint64_t ticks;
	int r = procfs_start_ticks(x->host, getpid(), &ticks, e);

	if (r < 0)
		return r;
	buf_putf(&x->others, "%d %llu\n", (int)getpid(), (unsigned long long)ticks);
	r = buf_status(&x->others, e);
	if (r == 0 && (lseek(x->file, 0, SEEK_SET) < 0 || ftruncate(x->file, 0) < 0))
		r = err_sys(e, "write");
	return r < 0 ? r : io_write_all(x->file, x->others.p, x->others.len, e);
}

static int enter(struct entering *x, struct err *e)
{
	scoped_fd ns = -1;
	int r = ofd_lock_take(x->file, LOCK_MS, e);

	if (r == 0)
		r = find_command(x, &ns, e);
	if (r < 0)
		return err_wrap(e, r, COMMANDS);
	if (ns < 0)
		ns = find_monitor(x);
	r = ns >= 0 ? userns_enter(ns, e) : make_new(x, e);
	if (r < 0)
		return err_wrap(e, r, "a user namespace for user %u", (unsigned)x->uid);
	r = write_down(x, e);
	return r < 0 ? err_wrap(e, r, COMMANDS) : 0;
}

/* /proc/self is ours again: changing the ids has made it the host's root's. */
static int settle(struct err *e)
{
	return prctl(PR_SET_DUMPABLE, 1) < 0 ? err_sys(e, "prctl PR_SET_DUMPABLE") : 0;
}

/* What there is inside: the folders, absolute, as the user's and not as root's. */
struct places {
	char *root, *state;
	uid_t uid; /* whose namespace it is, as it was called before */
};

static void places_done(struct places *x)
{
	free(PTR_TAKE(x->root));
	free(PTR_TAKE(x->state));
}

static int enter_own(const struct host *h, const char *root, const char *state, struct places *ret, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_fd folder = -1, file = -1;
	struct entering x = {
		.host = h, .others = BUF(COMMANDS_MAX * 64), .a = &a, .uid = geteuid(), .gid = getegid()
	};
	struct places found = { .uid = x.uid };
	int r = engine_open_state(root, state, &found.root, &found.state, &folder, e);

	if (r < 0)
		return r;
	file = openat(folder, COMMANDS, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	x.state = folder;
	x.file = file;
	r = file < 0 ? err_sys(e, "open %s/" COMMANDS, found.state) : enter(&x, e);
	buf_done(&x.others);
	if (r == 0)
		r = settle(e);
	if (r < 0)
		places_done(&found);
	else
		*ret = found;
	return r;
}

static int open_inside(struct engine *ret, struct host *h, const char *root, const char *state, struct err *e)
{
	SCOPED(places_done) struct places x = { .root = NULL };
	int r = enter_own(h, root, state, &x, e);

	/* what was opened in the mount namespace before sees no mounts any more when that is gone */
	host_close(h);
	if (r == 0)
		r = host_open(h, "/", e);
	if (r == 0)
		r = engine_open(ret, h, x.root, x.state, e);
	if (r < 0)
		return r;
	ret->rootless = true;
	ret->caller = x.uid;
	return 0;
}

int rootless_engine_open(struct engine *ret, struct host *h, const char *root, const char *state, struct err *e)
{
	if (getauxval(AT_EUID) == 0) /* geteuid() without a system call */
		return engine_open(ret, h, root, state, e);
	return open_inside(ret, h, root, state, e);
}
