/* SPDX-License-Identifier: Apache-2.0 */
/* openat2(2) and close_range(2) of the running kernel are the oracle. */
#include "kernel/old_kernel.h"

#include "../test.h"

#include "../scratch.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int real(int dir, const char *path, int flags, unsigned resolve)
{
	struct open_how how = { .flags = (unsigned)flags, .resolve = resolve };

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

static const char *const paths[] = {
	"/",
	"a",
	"/a/b/file",
	"a/b/../b/file",
	"..",
	"../../a",
	"a/../../../a/b",
	"abs",
	"abs/file",
	"rel",
	"rel/file",
	"up",
	"up/a",
	"loop",
	"loop/x",
	"a/file/x",
	"a/file/",
	"a/b/",
	"missing",
	"missing/x",
	"dangling",
	"chain",
	"chain/file",
	"a//b///file",
	"./a/./b/.",
	"file-link",
	"file-link/",
	"a/b/to-top",
	"a/b/to-top/a",
	"a/b/to-top/../a",
	"to-proc-root",
	"abs/../../a",
};
static const int flags[] = {
	O_PATH | O_CLOEXEC,
	O_PATH | O_DIRECTORY | O_CLOEXEC,
	O_PATH | O_NOFOLLOW | O_CLOEXEC,
	O_RDONLY | O_CLOEXEC,
	O_RDONLY | O_DIRECTORY | O_CLOEXEC,
	O_RDONLY | O_NOFOLLOW | O_CLOEXEC,
};
static const unsigned resolves[] = {
	RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	RESOLVE_IN_ROOT,
	RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	RESOLVE_BENEATH,
	RESOLVE_BENEATH | RESOLVE_NO_XDEV,
};

static void make_tree(int dir)
{
	static const struct {
		const char *at, *text;
	} links[] = {
		{ "abs", "/a/b" },         { "rel", "a/b" },           { "up", "../.." },
		{ "loop", "loop" },        { "dangling", "/no/such" }, { "chain", "abs" },
		{ "file-link", "a/file" }, { "a/b/to-top", "../.." },  { "to-proc-root", "/proc/self/root" },
	};

	assert_int_equal(0, mkdirat(dir, "a", 0755));
	assert_int_equal(0, mkdirat(dir, "a/b", 0755));
	close(openat(dir, "a/file", O_CREAT | O_WRONLY, 0644));
	close(openat(dir, "a/b/file", O_CREAT | O_WRONLY, 0644));
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		assert_int_equal(0, symlinkat(links[i].text, dir, links[i].at));
}

static void compare(int dir, const char *path, int how, unsigned resolve)
{
	scoped_fd want = real(dir, path, how, resolve);
	int want_code = want < 0 ? errno : 0, code;
	scoped_fd got = old_openat2(dir, path, how, resolve);
	struct stat a, b;

	code = got < 0 ? errno : 0;
	if (code != want_code)
		fail_msg("%s flags 0%o resolve %#x: want %d, got %d", path, (unsigned)how, resolve, want_code, code);
	if (want < 0)
		return;
	assert_int_equal(0, fstat(want, &a));
	assert_int_equal(0, fstat(got, &b));
	if (a.st_ino != b.st_ino || a.st_dev != b.st_dev ||
	    (fcntl(want, F_GETFL) ^ fcntl(got, F_GETFL)) & (O_PATH | O_ACCMODE))
		fail_msg("%s flags 0%o resolve %#x: another file", path, (unsigned)how, resolve);
	assert_int_equal(FD_CLOEXEC, fcntl(got, F_GETFD));
}

TEST(paths_lead_where_the_kernel_takes_them)
{
	scoped_scratch s = scratch_new();
	scoped_fd dir = open(s.path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	make_tree(dir);
	for (size_t p = 0; p < ARRAY_LEN(paths); p++)
		for (size_t f = 0; f < ARRAY_LEN(flags); f++)
			for (size_t r = 0; r < ARRAY_LEN(resolves); r++)
				compare(dir, paths[p], flags[f], resolves[r]);
}

TEST(nothing_is_resolved_without_a_boundary)
{
	assert_int_equal(-1, old_openat2(AT_FDCWD, "/", O_PATH, RESOLVE_NO_SYMLINKS));
	assert_int_equal(EINVAL, errno);
}

/* Runs in a child; its exit status is the number of the first check that failed. */
static int close_some(int proc, unsigned how)
{
	int high = fcntl(0, F_DUPFD, 700), low = fcntl(0, F_DUPFD, 600), keep = fcntl(0, F_DUPFD, 500);

	if (old_close_range(proc, 600, ~0u, how) < 0)
		return 1;
	if (fcntl(keep, F_GETFD) != 0)
		return 2;
	if (how & CLOSE_RANGE_CLOEXEC)
		return fcntl(high, F_GETFD) == FD_CLOEXEC && fcntl(low, F_GETFD) == FD_CLOEXEC ? 0 : 3;
	return fcntl(high, F_GETFD) < 0 && fcntl(low, F_GETFD) < 0 ? 0 : 4;
}

TEST(descriptors_are_closed_or_marked_whether_they_can_be_listed_or_not)
{
	scoped_fd proc = open("/proc", O_PATH | O_CLOEXEC);

	for (unsigned i = 0; i < 4; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(close_some(i & 1 ? proc : -1, i & 2 ? CLOSE_RANGE_CLOEXEC : 0));
		assert_int_equal(pid, waitpid(pid, &status, 0));
		assert_int_equal(0, status);
	}
	assert_int_equal(-1, old_close_range(proc, 3, 2, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(paths_lead_where_the_kernel_takes_them),
		RUN(nothing_is_resolved_without_a_boundary),
		RUN(descriptors_are_closed_or_marked_whether_they_can_be_listed_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
