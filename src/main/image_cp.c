/* SPDX-License-Identifier: Apache-2.0 */
/* image_cp.c - tare-image cp. One side is a container's, where every path is looked up inside its root; the other is the
 * caller's, or an archive on a standard stream. */
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/human.h"
#include "engine/container_files.h"
#include "engine/recover.h"
#include "image/copy_path.h"
#include "image/inflate.h"
#include "image/tar.h"
#include "image/tar_write.h"
#include "image/walk.h"
#include "kernel/sys.h"
#include "main/image_session.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define IN_ROOT (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
#define LINKS_MAX 40 /* path_resolution(7) */
#define TAR_BLOCK 512

struct cp {
	struct session *s;
	struct arena *a;
	bool archive, follow, quiet;
	const char *container; /* as it was named */
	struct container_files files;
	const char *from_text, *to_text; /* likewise */
	struct copy_path from, to;
	int64_t copied;
	int64_t content, transferred; /* bytes of files, and of the archive that Docker would have sent */
};

/* ---- looking up ---------------------------------------------------------------------------------------------- */

/* root -1: the caller's own paths. */
static int look(int root, const char *path, int flags)
{
	return root < 0 ? open(path, flags | O_PATH | O_CLOEXEC) : sys_openat2(root, path, flags | O_PATH, IN_ROOT);
}

static bool is_missing(void)
{
	return errno == ENOENT || errno == ENOTDIR;
}

static int no_such_file(const struct cp *c, const char *path, struct err *e)
{
	return err_set(e, ENOENT, "Could not find the file %s in container %s", path, c->container);
}

/* The last component of a source is followed when it is to be a directory, or with -L. */
static int open_source(const struct cp *c, int root, int *ret, struct err *e)
{
	bool follow = c->follow || c->from.slash;
	int fd = look(root, c->from.path, follow ? 0 : O_NOFOLLOW);

	if (fd < 0 && root >= 0 && is_missing())
		return no_such_file(c, c->from_text, e);
	if (fd < 0)
		return err_sys(e, "lstat %s", c->from.path);
	*ret = fd;
	return 0;
}

/* A link at a destination stands for where it leads, though nothing is there yet. */
static int follow_target(struct cp *c, int root, struct err *e)
{
	for (int i = 0; i < LINKS_MAX; i++) {
		scoped_fd fd = look(root, c->to.path, c->to.slash ? 0 : O_NOFOLLOW);
		char link[PATH_MAX];
		ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", link, sizeof link - 1);
		int r;

		if (n <= 0)
			return 0;
		link[n] = '\0';
		r = copy_path_parse(link, c->to.dir, c->a, &c->to, e);
		if (r < 0)
			return r;
		c->to_text = c->to.path;
	}
	return err_set(e, ELOOP, "%s: too many levels of symbolic links", c->to.path);
}

static int look_at_target(struct cp *c, int root, struct copy_target *ret, struct err *e)
{
	const char *shown = c->to.path;
	scoped_fd fd = -1;
	struct stat st;
	int r = follow_target(c, root, e);

	if (r < 0)
		return r;
	*ret = (struct copy_target){ false, false };
	fd = look(root, c->to.path, 0);
	if (fd < 0 && is_missing())
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", c->to.path);
	if (session_odd_file(st.st_mode) && root >= 0)
		return err_set(e, EINVAL, "destination \"%s:%s\" must be a directory or a regular file: %s",
			       c->container, shown, session_odd_file(st.st_mode));
	if (session_odd_file(st.st_mode))
		return err_set(e, EINVAL, "invalid output path: \"%s\" must be a directory or a regular file: %s",
			       shown, session_odd_file(st.st_mode));
	*ret = (struct copy_target){ true, S_ISDIR(st.st_mode) };
	return 0;
}

/* ---- what is told -------------------------------------------------------------------------------------------- */

/* As an archive would have it. */
static void count(struct cp *c, const struct tree_entry *entry)
{
	c->content += entry->size;
	c->transferred += TAR_BLOCK + (entry->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

static int report(struct cp *c, const char *where, struct err *e)
{
	char content[HUMAN_SIZE], transferred[HUMAN_SIZE];
	scoped_buf b = BUF(3 * PATH_MAX);

	if (c->quiet)
		return 0;
	buf_putf(&b, "Successfully copied %s (transferred %s) to %s\n", human_bytes(c->content, content),
		 human_bytes(c->transferred + 2 * TAR_BLOCK, transferred), where);
	return io_write_all(STDERR_FILENO, b.p, b.len, e);
}

/* ---- copying ------------------------------------------------------------------------------------------------- */

struct into_tree {
	struct cp *c;
	struct tree *tree;
};

static int put_into_tree(void *arg, const struct tree_entry *entry, struct err *e)
{
	struct into_tree *t = arg;

	count(t->c, entry);
	return tree_put(t->tree, entry, e);
}

/* A piece of a file. */
static void copied(void *arg, size_t bytes)
{
	struct cp *c = arg;

	c->copied += (int64_t)bytes;
	session_told(c->s, c->copied);
}

static int copy_tree_into(struct cp *c, const struct walk_options *from, struct tree_options *to, struct err *e)
{
	struct into_tree t = { .c = c };
	int r;

	to->copied = copied;
	to->arg = c;
	r = tree_open(to, &t.tree, e);

	if (r == 0)
		r = walk_tree(from, put_into_tree, &t, e);
	if (r == 0)
		r = tree_finish(t.tree, e);
	tree_free(t.tree);
	progress_clear(&c->s->progress);
	return r;
}

static const struct id_map *maps(const struct cp *c, bool groups)
{
	if (!c->files.mapped)
		return NULL;
	return groups ? &c->files.ids.gids : &c->files.ids.uids;
}

static int source_type(int source, bool *ret_directory, struct err *e)
{
	struct stat st;

	if (fstat(source, &st) < 0)
		return err_sys(e, "stat");
	*ret_directory = S_ISDIR(st.st_mode);
	return 0;
}

/* The first name of a path inside the root: without slashes in front and behind. */
static const char *prefix_of(struct arena *a, const char *dir)
{
	struct sv s = sv_from(dir);

	while (s.n && (s.p[s.n - 1] == '/' || (s.p[s.n - 1] == '.' && s.n > 1 && s.p[s.n - 2] == '/')))
		s.n--;
	while (s.n && s.p[0] == '/')
		s = (struct sv){ s.p + 1, s.n - 1 };
	return arena_sv(a, s);
}

static int readonly_text(const struct cp *c, int r, struct err *e)
{
	if (r != -EROFS)
		return r;
	return err_set(e, EROFS, "%s:%s: container rootfs or mounted volume is marked read-only", c->container,
		       c->to_text);
}

/* ---- into a container ---------------------------------------------------------------------------------------- */

static int container_tree(struct cp *c, const char *dir, struct tree_owner *owner, struct tree_options *ret,
			  struct err *e)
{
	scoped_fd fd = look(c->files.root, dir, O_DIRECTORY);

	if (fd < 0)
		return is_missing() ? no_such_file(c, dir, e) : err_sys(e, "open %s", dir);
	*owner = (struct tree_owner){ .fixed = c->archive && (c->files.uid || c->files.gid),
				      .uid = (uid_t)c->files.uid, .gid = (gid_t)c->files.gid, .uids = maps(c, false),
				      .gids = maps(c, true) };
	*ret = (struct tree_options){ .root = c->files.root, .layers = -1, .max_entries = UINT64_MAX, .shared = true,
				      .prefix = prefix_of(c->a, dir), .shown = "", .owner = owner };
	return ret->prefix ? 0 : err_oom(e);
}

static int copy_local_in(struct cp *c, struct err *e)
{
	struct walk_options from = { .start = -1 };
	struct copy_target target = { false, false };
	struct tree_options to;
	struct tree_owner owner;
	scoped_fd source = -1;
	bool directory = false;
	const char *dir = NULL;
	int r = open_source(c, -1, &source, e);

	if (r == 0)
		r = source_type(source, &directory, e);
	if (r == 0)
		r = look_at_target(c, c->files.root, &target, e);
	if (r == 0)
		r = copy_plan(c->from.base, directory, &c->to, &target, &dir, &from.name, e);
	if (r == 0)
		r = container_tree(c, dir, &owner, &to, e);
	if (r < 0)
		return r;
	from.start = source;
	r = copy_tree_into(c, &from, &to, e);
	return r < 0 ? readonly_text(c, r, e) :
		       report(c, arena_fmt(c->a, "%s:%s", c->container, c->to_text), e);
}

static int unpack_in(struct cp *c, struct err *e)
{
	scoped_inflate in = NULL;
	struct copy_target target = { false, false };
	struct tree_options to;
	struct tree_owner owner;
	const int input = STDIN_FILENO;
	struct digest digest;
	uint64_t bytes;
	int r = look_at_target(c, c->files.root, &target, e);

	if (r == 0 && !target.directory)
		r = err_set(e, ENOTDIR, "destination \"%s:%s\" must be a directory", c->container, c->to.path);
	if (r == 0)
		r = container_tree(c, c->to.path, &owner, &to, e);
	if (r == 0)
		r = inflate_open(byte_source_fd(&input), LIMIT_LAYER_BYTES, &in, e);
	if (r == 0)
		r = tar_unpack(in, &to, false, &bytes, e);
	if (r == 0)
		r = inflate_end(in, &digest, e);
	return readonly_text(c, r, e);
}

/* ---- out of a container -------------------------------------------------------------------------------------- */

static int write_stdout(void *arg, const void *data, size_t n, struct err *e)
{
	return io_write_all(STDOUT_FILENO, data, n, e);
}

static int walk_container(struct cp *c, int *ret_source, struct walk_options *ret, struct err *e)
{
	int r = open_source(c, c->files.root, ret_source, e);

	*ret = (struct walk_options){
		.start = *ret_source, .name = c->from.base, .uids = maps(c, false), .gids = maps(c, true)
	};
	return r;
}

static int pack_out(struct cp *c, struct err *e)
{
	scoped_tar_writer w = NULL;
	struct walk_options from;
	scoped_fd source = -1;
	int r = walk_container(c, &source, &from, e);

	if (r == 0)
		r = tar_writer_open(write_stdout, NULL, &w, e);
	if (r == 0)
		r = walk_tree(&from, tar_write, w, e);
	return r == 0 ? tar_writer_finish(w, e) : r;
}

static int local_tree(const char *dir, int *ret_fd, struct err *e)
{
	*ret_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd >= 0)
		return 0;
	return is_missing() ? err_set(e, ENOENT, "invalid output path: directory \"%s\" does not exist", dir) :
			      err_sys(e, "open %s", dir);
}

/* Files are the caller's. */
static int copy_local_out(struct cp *c, struct err *e)
{
	const struct tree_owner owner = { .fixed = !c->archive, .uid = geteuid(), .gid = getegid() };
	struct tree_options to = {
		.layers = -1, .max_entries = UINT64_MAX, .shared = true, .no_links = true, .owner = &owner
	};
	struct copy_target target = { false, false };
	scoped_fd source = -1, root = -1;
	struct walk_options from;
	bool directory = false;
	int r = walk_container(c, &source, &from, e);

	if (r == 0)
		r = source_type(source, &directory, e);
	if (r == 0)
		r = look_at_target(c, -1, &target, e);
	if (r == 0)
		r = copy_plan(c->from.base, directory, &c->to, &target, &to.shown, &from.name, e);
	if (r == 0)
		r = local_tree(to.shown, &root, e);
	if (r < 0)
		return r;
	to.root = root;
	r = copy_tree_into(c, &from, &to, e);
	return r < 0 ? r : report(c, c->to.path, e);
}

/* ---- the command --------------------------------------------------------------------------------------------- */

static int parse_paths(struct cp *c, bool into, const char *from, const char *to, struct err *e)
{
	char cwd[PATH_MAX];
	int r;

	c->from_text = from;
	c->to_text = to;
	if (!getcwd(cwd, sizeof cwd))
		return err_sys(e, "the working directory");
	r = copy_path_parse(from, into ? cwd : "/", c->a, &c->from, e);
	return r < 0 ? r : copy_path_parse(to, into ? "/" : cwd, c->a, &c->to, e);
}

static int open_container(struct cp *c, struct err *e)
{
	struct container_row row;
	int r = container_find(&c->s->engine, sv_from(c->container), c->a, &row, e);

	return r < 0 ? r : container_files_open(&c->s->engine, &row, CONTAINER_FILES_ALL, &c->files, e);
}

static int copy(struct cp *c, const char *from, const char *to, struct err *e)
{
	const char *there, *here, *from_path, *to_path;
	bool into;
	int r = copy_operand(from, c->a, &there, &from_path, e);

	if (r == 0)
		r = copy_operand(to, c->a, &here, &to_path, e);
	if (r < 0)
		return r;
	if (!there && !here)
		return err_set(e, EINVAL, "must specify at least one container source");
	if (there && here)
		return err_set(e, EINVAL, "copying between containers is not supported");
	into = here;
	c->container = into ? here : there;
	r = parse_paths(c, into, from_path, to_path, e);
	if (r == 0)
		r = open_container(c, e);
	if (r < 0)
		return r;
	session_doing(c->s, into ? "Copying to container" : "Copying from container", 0, c->quiet);
	if (into)
		return strcmp(from, "-") == 0 ? unpack_in(c, e) : copy_local_in(c, e);
	return strcmp(to, "-") == 0 ? pack_out(c, e) : copy_local_out(c, e);
}

int image_cp(struct session *s, int argc, char **argv, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct cp c = { .s = s, .a = &a, .files = CONTAINER_FILES_NONE };
	int i = 1, r;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		c.archive |= strcmp(argv[i], "--archive") == 0;
		c.follow |= strcmp(argv[i], "--follow-link") == 0;
		c.quiet |= strcmp(argv[i], "--quiet") == 0;
	}
	if (argc - i != 2)
		return err_set(e, EINVAL,
			       "usage: tare-image cp [--archive] [--follow-link] [--quiet] SOURCE DESTINATION");
	(void)umask(0);
	r = copy(&c, argv[i], argv[i + 1], e);
	container_files_close(&c.files);
	return r;
}
