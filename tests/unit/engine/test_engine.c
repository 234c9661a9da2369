/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "../test.h"
#include "fixture.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(0, stat(path, &st));
	return st.st_mode & 07777;
}

static unsigned mode_below(const char *dir, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return mode_of(path);
}

/* CVE-2021-41091: users of the host must not reach the setuid programs of an image. */
TEST(folders_are_closed_to_others_whatever_the_umask)
{
	static const mode_t masks[] = { 0, 022, 077 };

	for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
		mode_t before = umask(masks[i]);
		scoped_fixture f = fixture_new();
		scoped_fd container = -1, run = -1;
		struct db *db;

		assert_int_equal(0, engine_container_dir(&f.en, "c", true, &container, NULL));
		assert_int_equal(0, engine_state_dir(&f.en, "c", true, &run, NULL));
		assert_int_equal(0, engine_db(&f.en, &db, NULL));
		umask(before);
		assert_int_equal(0, mode_of(f.root) & 07067); /* group may pass through, others nothing */
		assert_int_equal(0700, mode_of(f.state));
		assert_int_equal(0700, mode_below(f.root, "containers"));
		assert_int_equal(0700, mode_below(f.root, "containers/c"));
		assert_int_equal(0700, mode_below(f.state, "c"));
		assert_int_equal(0600, mode_below(f.root, "tare.db"));
	}
}

TEST(parents_are_made_as_usual)
{
	scoped_fixture f = fixture_new();
	scoped_engine en = { .root_path = NULL };
	char root[160];

	(void)snprintf(root, sizeof root, "%s/a/b/c", f.dir.path);
	assert_int_equal(0, engine_open(&en, f.host, root, f.state, NULL));
	assert_int_equal(0755, mode_below(f.dir.path, "a"));
	assert_int_equal(0755, mode_below(f.dir.path, "a/b"));
	assert_int_equal(0710, mode_of(root));
}

TEST(a_relative_path_becomes_absolute)
{
	scoped_fixture f = fixture_new();
	scoped_engine en = { .root_path = NULL };
	char cwd[256], want[128];

	assert_non_null(getcwd(cwd, sizeof cwd));
	assert_int_equal(0, chdir(f.dir.path));
	assert_int_equal(0, engine_open(&en, f.host, "x/y", f.state, NULL));
	assert_int_equal(0, chdir(cwd));
	(void)snprintf(want, sizeof want, "%s/x/y", f.dir.path);
	assert_string_equal(want, en.root_path);
}

static void check_refused(struct fixture *f, const char *root, const char *run, int code, const char *text)
{
	struct engine en = { .root = 77 };
	struct err e = { 0 };

	assert_int_equal(-code, engine_open(&en, f->host, root, run, &e));
	assert_int_equal(77, en.root); /* untouched */
	if (!strstr(e.msg, text))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, text);
	assert_null(strchr(e.msg, '\n'));
}

TEST(a_folder_that_others_can_write_is_refused)
{
	scoped_fixture f = fixture_new();
	char open_dir[128], file[128];

	(void)snprintf(open_dir, sizeof open_dir, "%s/open", f.dir.path);
	(void)snprintf(file, sizeof file, "%s/file", f.dir.path);
	assert_int_equal(0, mkdir(open_dir, 0700));
	assert_int_equal(0, chmod(open_dir, 01777));
	check_refused(&f, open_dir, f.state, EPERM, "data folder");
	check_refused(&f, f.root, open_dir, EPERM, "other users may write there (mode 1777)");
	assert_int_equal(0, io_replace_at(AT_FDCWD, file, "", 0, 0600, IO_DISK_LATER, NULL));
	check_refused(&f, file, f.state, ENOTDIR, "Not a directory");
	check_refused(&f, "", f.state, EINVAL, "empty path");
}

/* In a child: 0, or the line that failed. */
#define NEED(x)                                             \
	do {                                                \
		if (!(x))                                   \
			_exit(__LINE__ % 120 + 1);          \
	} while (0)

static void in_child(void (*body)(struct fixture *))
{
	scoped_fixture f = fixture_new();
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	pid = fork();
	if (pid == 0) {
		body(&f);
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	if (status)
		fail_msg("child: status %#x (line modulo 120: %d)", status, WEXITSTATUS(status) - 1);
}

static void without_privileges(struct fixture *f)
{
	struct engine en;
	struct err e = { 0 };
	char root[96], want[160];

	NEED(chmod(f->dir.path, 0755) == 0 && setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
	(void)snprintf(root, sizeof root, "%s/new", f->dir.path);
	(void)snprintf(want, sizeof want, "data folder %s: mkdir: Permission denied", root);
	NEED(engine_open(&en, f->host, root, f->state, &e) == -EACCES);
	NEED(strcmp(e.msg, want) == 0);
	NEED(engine_open(&en, f->host, f->root, f->state, &e) == -EACCES); /* root's, 0710 */
	NEED(strstr(e.msg, "data folder") && strstr(e.msg, "open: Permission denied"));
}

TEST(without_privileges_one_line_names_the_folder)
{
	in_child(without_privileges);
}

static void read_only(struct fixture *f)
{
	char root[96];
	struct engine en;
	struct err e = { 0 };

	NEED(unshare(CLONE_NEWNS) == 0 && mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	NEED(mount("tmpfs", f->dir.path, "tmpfs", MS_RDONLY, NULL) == 0);
	(void)snprintf(root, sizeof root, "%s/root", f->dir.path);
	NEED(engine_open(&en, f->host, root, "/run", &e) == -EROFS);
	NEED(strstr(e.msg, "data folder") && strstr(e.msg, "mkdir: Read-only file system"));
}

TEST(a_read_only_file_system_is_one_line)
{
	in_child(read_only);
}

static void full(struct fixture *f)
{
	struct engine en;
	struct err e = { 0 };
	char root[96];

	NEED(unshare(CLONE_NEWNS) == 0 && mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	NEED(mount("tmpfs", f->dir.path, "tmpfs", 0, "nr_inodes=2") == 0);
	(void)snprintf(root, sizeof root, "%s/root", f->dir.path);
	NEED(engine_open(&en, f->host, root, root, &e) == -ENOSPC);
	NEED(strstr(e.msg, "No space left on device"));
}

TEST(a_full_disk_is_one_line)
{
	in_child(full);
}

/* ---- defaults ----------------------------------------------------------------------------------------------- */

static const struct {
	unsigned uid;
	const char *data_home, *home, *runtime; /* NULL: not set */
	const char *root, *state;               /* or the text of the error */
	int root_rc, state_rc;
} defaults[] = {
	{ 0, "/d", "/h", "/r", "/var/lib/tare", "/run/tare", 0, 0 },
	{ 1000, "/d", "/h", "/r", "/d/tare", "/r/tare", 0, 0 },
	{ 1000, NULL, "/h", NULL, "/h/.local/share/tare", "/tmp/tare-run-1000", 0, 0 },
	{ 1000, "relative", "/h", "relative", "/h/.local/share/tare", "/tmp/tare-run-1000", 0, 0 },
	{ 1000, NULL, NULL, "/r", "neither XDG_DATA_HOME nor HOME is set", "/r/tare", -EINVAL, 0 },
};

static void set_env(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static bool as_wanted(int rc, int want_rc, const char *text, const char *want, const struct err *e)
{
	return rc == want_rc && (rc ? strstr(e->msg, want) != NULL : strcmp(text, want) == 0);
}

static void check_defaults(struct fixture *f)
{
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
		char *root = NULL, *run = NULL;
		struct err e = { 0 };
		int rc;

		NEED(seteuid(defaults[i].uid) == 0);
		set_env("XDG_DATA_HOME", defaults[i].data_home);
		set_env("HOME", defaults[i].home);
		set_env("XDG_RUNTIME_DIR", defaults[i].runtime);
		rc = engine_default_root(&root, &e);
		NEED(as_wanted(rc, defaults[i].root_rc, root, defaults[i].root, &e));
		rc = engine_default_state(&run, &e);
		NEED(as_wanted(rc, defaults[i].state_rc, run, defaults[i].state, &e));
		NEED(seteuid(0) == 0);
		free(root);
		free(run);
	}
}

TEST(defaults_depend_on_user_and_environment)
{
	in_child(check_defaults);
}

TEST(self_is_told_anew_after_a_fork)
{
	scoped_fixture f = fixture_new();
	uint64_t ticks = 0;
	int status;
	pid_t pid;

	assert_int_equal(0, engine_self_ticks(&f.en, &ticks, NULL));
	assert_true(procfs_is_process(f.host, getpid(), ticks));
	assert_false(procfs_is_process(f.host, getpid(), ticks + 1));
	(void)usleep(30000); /* more than a tick */
	pid = fork();
	if (pid == 0) {
		uint64_t own = 0;

		_exit(engine_self_ticks(&f.en, &own, NULL) == 0 && procfs_is_process(f.host, getpid(), own) &&
				      own > ticks ?
			      0 :
			      1);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(folders_are_closed_to_others_whatever_the_umask),
		RUN(parents_are_made_as_usual),
		RUN(a_relative_path_becomes_absolute),
		RUN(a_folder_that_others_can_write_is_refused),
		RUN(without_privileges_one_line_names_the_folder),
		RUN(a_read_only_file_system_is_one_line),
		RUN(a_full_disk_is_one_line),
		RUN(defaults_depend_on_user_and_environment),
		RUN(self_is_told_anew_after_a_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
