/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - a main() for fuzz_*.c where libFuzzer is not linked: gives each file of the named folders to the harness.
 * Fails when there is none, so that a lost corpus is noticed. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	data = malloc(st.st_size ? (size_t)st.st_size : 1); /* exact, so that AddressSanitizer sees an overrun */
	n = read(fd, data, (size_t)st.st_size);
	close(fd);
	if (n == st.st_size)
		LLVMFuzzerTestOneInput(data, (size_t)n);
	free(data);
	return n == st.st_size;
}

static int replay_folder(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!d) {
		perror(path);
		return 0;
	}
	while ((entry = readdir(d)))
		count += replay_file(dirfd(d), entry->d_name);
	closedir(d);
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++)
		count += replay_folder(argv[i]);
	printf("%d inputs\n", count);
	return count ? 0 : 1;
}
