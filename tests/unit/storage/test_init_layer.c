/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/init_layer.h"

#include "../test.h"

#include "base/io.h"
#include "base/scope.h"
#include "storage/layers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int folder(char name[64])
{
	(void)snprintf(name, 64, "/tmp/tare-test-XXXXXX");
	assert_non_null(mkdtemp(name));
	return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void check_layer(int dir)
{
	struct stat st;

	assert_int_equal(0, fstatat(dir, "0/proc", &st, AT_SYMLINK_NOFOLLOW));
	assert_int_equal(S_IFDIR | 0755, st.st_mode);
	assert_int_equal(0, fstatat(dir, "0/etc/resolv.conf", &st, AT_SYMLINK_NOFOLLOW));
	assert_int_equal(S_IFREG | 0644, st.st_mode);
	assert_int_equal(0, st.st_size);
}

TEST(it_is_made_once_and_survives_a_sweep)
{
	char name[64];
	scoped_fd dir = folder(name);
	mode_t before = umask(077);
	struct stat first, second;

	assert_int_equal(0, init_layer_ensure(dir, NULL));
	umask(before);
	check_layer(dir);
	assert_int_equal(0, fstatat(dir, "0", &first, 0));
	assert_int_equal(0, init_layer_ensure(dir, NULL));
	assert_int_equal(0, layers_sweep(dir, NULL, NULL, NULL));
	assert_int_equal(0, fstatat(dir, "0", &second, 0));
	assert_int_equal(first.st_ino, second.st_ino);
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, name, NULL));
}

TEST(eight_at_once_agree)
{
	unsigned *numbers;
	char name[64];
	scoped_fd dir = folder(name);
	size_t n;

	for (int i = 0; i < 8; i++)
		if (fork() == 0)
			_exit(init_layer_ensure(dir, NULL) == 0 ? 0 : 1);
	for (int i = 0; i < 8; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(0, status);
	}
	check_layer(dir);
	assert_int_equal(0, layers_list(dir, &numbers, &n, NULL));
	assert_int_equal(0, n); /* it is nobody's image layer */
	free(numbers);
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, name, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(it_is_made_once_and_survives_a_sweep), RUN(eight_at_once_agree) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
