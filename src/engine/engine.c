/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "base/io.h"
#include "base/scope.h"
#include "base/sv.h"
#include "kernel/kfeat.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define ROOT_MODE 0710
#define PRIVATE_MODE 0700

/* ---- where -------------------------------------------------------------------------------------------------- */

static int join(const char *dir, const char *rest, char **ret, struct err *e)
{
	char *text;

	if (asprintf(&text, "%s%s", dir, rest) < 0)
		return err_oom(e);
	*ret = text;
	return 0;
}

static const char *env_dir(const char *name)
{
	const char *v = getenv(name);

	return v && v[0] == '/' ? v : NULL; /* the XDG specification: a relative path is to be ignored */
}

int engine_default_root(char **ret, struct err *e)
{
	if (geteuid() == 0)
		return join(ENGINE_ROOT, "", ret, e);
	if (env_dir("XDG_DATA_HOME"))
		return join(env_dir("XDG_DATA_HOME"), "/tare", ret, e);
	if (env_dir("HOME"))
		return join(env_dir("HOME"), "/.local/share/tare", ret, e);
	return err_set(e, EINVAL, "no data folder: neither XDG_DATA_HOME nor HOME is set, and no --root");
}

int engine_default_state(char **ret, struct err *e)
{
	if (geteuid() == 0)
		return join(ENGINE_STATE, "", ret, e);
	if (env_dir("XDG_RUNTIME_DIR"))
		return join(env_dir("XDG_RUNTIME_DIR"), "/tare", ret, e);
	if (asprintf(ret, "/tmp/tare-run-%u", (unsigned)geteuid()) < 0) /* after su(1) nothing is set */
		return err_oom(e);
	return 0;
}

static int absolute(const char *path, char **ret, struct err *e)
{
	char cwd[PATH_MAX], with_slash[PATH_MAX + 1];

	if (path[0] == '/')
		return join(path, "", ret, e);
	if (path[0] == '\0')
		return err_set(e, EINVAL, "empty path");
	if (!getcwd(cwd, sizeof cwd))
		return err_sys(e, "getcwd");
	(void)snprintf(with_slash, sizeof with_slash, "%s/", cwd);
	return join(with_slash, path, ret, e);
}

/* ---- folders ------------------------------------------------------------------------------------------------ */

/* Parents that are missing get the usual mode, only the last folder is tare's own. */
static int make_parents(const char *path, struct err *e)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof part)
		return err_set(e, ENAMETOOLONG, "%s", strerror(ENAMETOOLONG));
	for (size_t i = 1; i < n; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return err_sys(e, "mkdir %s", part);
	}
	return 0;
}

static int make_dir(const char *path, mode_t mode, int *ret_fd, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0 && errno == ENOENT) {
		r = make_parents(path, e);
		if (r < 0)
			return r;
		if (mkdir(path, mode) < 0 && errno != EEXIST)
			return err_sys(e, "mkdir");
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(e, "open");
	*ret_fd = fd;
	return 0;
}

/* Who may write there may replace what root is about to run. */
static int check_dir(int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(e, EPERM, "belongs to user %u", (unsigned)st.st_uid);
	if (st.st_mode & (S_IWOTH | S_IWGRP))
		return err_set(e, EPERM, "other users may write there (mode %04o)", (unsigned)st.st_mode & 07777);
	return 0;
}

static int open_top(const char *what, const char *path, mode_t mode, int *ret_fd, struct err *e)
{
	scoped_fd fd = -1;
	int r = make_dir(path, mode, &fd, e);

	if (r == 0)
		r = check_dir(fd, e);
	if (r < 0)
		return err_wrap(e, r, "%s folder %s", what, path);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int open_child(int dir, const char *name, bool create, int *ret_fd, struct err *e)
{
	int fd;

	if (create && mkdirat(dir, name, PRIVATE_MODE) < 0)
		return err_sys(e, "mkdir %s", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", name);
	*ret_fd = fd;
	return 0;
}

static int open_containers(struct engine *en, struct err *e)
{
	int r = open_child(en->root, "containers", false, &en->containers, NULL);

	if (r == -ENOENT)
		r = io_mkdir_at(en->root, "containers", PRIVATE_MODE, &en->containers, e);
	else if (r < 0)
		r = err_set(e, -r, "open containers: %s", strerror(-r));
	return r < 0 ? err_wrap(e, r, "data folder %s", en->root_path) : 0;
}

/* ---- the handle --------------------------------------------------------------------------------------------- */

static int find_paths(struct engine *en, const char *root, const char *state, struct err *e)
{
	int r = root ? absolute(root, &en->root_path, e) : engine_default_root(&en->root_path, e);

	if (r == 0)
		r = state ? absolute(state, &en->state_path, e) : engine_default_state(&en->state_path, e);
	return r;
}

int engine_open_state(const char *root, const char *state, char **ret_root, char **ret_state, int *ret_fd,
		      struct err *e)
{
	struct engine en = { .root_path = NULL };
	int r = find_paths(&en, root, state, e);

	if (r == 0)
		r = open_top("state", en.state_path, PRIVATE_MODE, ret_fd, e);
	if (r < 0) {
		free(en.root_path);
		free(en.state_path);
		return r;
	}
	*ret_root = en.root_path;
	*ret_state = en.state_path;
	return 0;
}

int engine_open(struct engine *ret, const struct host *h, const char *root, const char *state, struct err *e)
{
	struct engine en = { .host = h, .root = -1, .state = -1, .containers = -1, .nft = -1 };
	int r = find_paths(&en, root, state, e);

	if (r == 0)
		r = open_top("data", en.root_path, ROOT_MODE, &en.root, e);
	if (r == 0)
		r = open_top("state", en.state_path, PRIVATE_MODE, &en.state, e);
	if (r == 0)
		r = open_containers(&en, e);
	if (r == 0)
		r = procfs_boot_id(h, en.boot_id, e);
	if (r < 0)
		engine_close(&en);
	else
		*ret = en;
	return r;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(fd_take(fd));
}

void engine_close(struct engine *en)
{
	if (!en->root_path && !en->state_path)
		return; /* never opened: the descriptors are zero, not -1 */
	if (en->nft_end)
		en->nft_end(en);
	if (en->units_end)
		en->units_end(en);
	db_close(PTR_TAKE(en->db));
	free(PTR_TAKE(en->layout));
	close_fd(&en->containers);
	close_fd(&en->state);
	close_fd(&en->root);
	free(PTR_TAKE(en->root_path));
	free(PTR_TAKE(en->state_path));
}

int engine_db(struct engine *en, struct db **ret, struct err *e)
{
	int r = en->db ? 0 : db_open(en->root_path, &en->db, e);

	if (r < 0)
		return r;
	if (en->patient)
		db_set_patient(en->db);
	*ret = en->db;
	return 0;
}

int engine_layout(struct engine *en, const struct cgroup_layout **ret, struct err *e)
{
	if (!en->layout) {
		struct cgroup_layout *l = calloc(1, sizeof *l);
		int r = l ? cgroup_layout_read(en->host, l, e) : err_oom(e);

		if (r < 0) {
			free(l);
			return r;
		}
		l->join_v2 = en->host->real && !kfeat_clone_into_cgroup();
		en->layout = l;
	}
	*ret = en->layout;
	return 0;
}

int engine_self_ticks(struct engine *en, uint64_t *ret_ticks, struct err *e)
{
	pid_t self = getpid();

	if (en->self != self) {
		int r = procfs_start_ticks(en->host, self, &en->self_ticks, e);

		if (r < 0)
			return r;
		en->self = self;
	}
	*ret_ticks = en->self_ticks;
	return 0;
}

int engine_container_dir(const struct engine *en, const char *id, bool create, int *ret_fd, struct err *e)
{
	int r = open_child(en->containers, id, create, ret_fd, e);

	return r < 0 ? err_wrap(e, r, "%s/containers", en->root_path) : 0;
}

int engine_state_dir(const struct engine *en, const char *id, bool create, int *ret_fd, struct err *e)
{
	int r = open_child(en->state, id, create, ret_fd, e);

	return r < 0 ? err_wrap(e, r, "%s", en->state_path) : 0;
}
