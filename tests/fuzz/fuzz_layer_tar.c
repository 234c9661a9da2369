/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_layer_tar.c - any bytes as a layer, packed or not, unpacked into a folder of its own: nothing outside may change.
 * As root in a mount namespace with a small tmpfs, where device nodes and attributes can be made; else where it stands. */
#include "base/io.h"
#include "base/scope.h"
#include "image/inflate.h"
#include "image/tar.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define MAX_BYTES (1u << 20)
#define MAX_ENTRIES 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

struct memory {
	const uint8_t *p;
	size_t left;
};

static ssize_t read_memory(void *arg, void *to, size_t n, struct err *e)
{
	struct memory *m = arg;

	if (n > m->left)
		n = m->left;
	if (n)
		memcpy(to, m->p, n);
	m->p += n;
	m->left -= n;
	return (ssize_t)n;
}

static char folder[] = "/tmp/tare-fuzz-XXXXXX";
static int outside = -1;

static void clean_up(void)
{
	(void)umount2(folder, MNT_DETACH);
	(void)io_remove_tree_at(AT_FDCWD, folder, NULL);
}

/* folder/canary and folder/empty stand outside of the layer, folder/layers/2; folder/layers/1 is the one below. */
static void set_up(void)
{
	int fd;

	if (outside >= 0)
		return;
	require(mkdtemp(folder) != NULL && atexit(clean_up) == 0);
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		(void)mount("tmpfs", folder, "tmpfs", 0, "size=16m,nr_inodes=4000");
	outside = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(outside >= 0);
	fd = openat(outside, "canary", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	require(fd >= 0 && write(fd, "sings", 5) == 5 && close(fd) == 0);
	require(mkdirat(outside, "empty", 0500) == 0 && mkdirat(outside, "layers", 0755) == 0);
	require(mkdirat(outside, "layers/1", 0755) == 0 && mkdirat(outside, "layers/1/etc", 0755) == 0);
}

static void outside_is_untouched(void)
{
	struct stat st;

	require(fstatat(outside, "canary", &st, AT_SYMLINK_NOFOLLOW) == 0);
	require(st.st_size == 5 && st.st_nlink == 1 && (st.st_mode & 07777) == 0400);
	require(unlinkat(outside, "empty", AT_REMOVEDIR) == 0 && mkdirat(outside, "empty", 0500) == 0);
}

static void unpack(const uint8_t *data, size_t size, size_t n_below)
{
	static const unsigned below[] = { 1 };
	struct memory m = { data, size };
	scoped_fd layers = openat(outside, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC), root = -1;
	scoped_inflate in = NULL;
	struct err e = { 0 };
	struct digest d;
	uint64_t bytes;
	int r;

	require(layers >= 0 && io_mkdir_at(layers, "2", 0755, &root, NULL) == 0);
	r = inflate_open((struct byte_source){ read_memory, &m }, MAX_BYTES, &in, &e);
	if (r == 0)
		r = tar_unpack(in, &(struct tree_options){ root, layers, below, n_below, MAX_ENTRIES }, n_below > 0,
			       &bytes, &e);
	if (r == 0)
		r = inflate_end(in, &d, &e);
	require(r == 0 || (r < 0 && e.code == -r && e.msg[0]));
	outside_is_untouched();
	require(io_remove_tree_at(layers, "2", NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	set_up();
	unpack(data, size, 0);
	unpack(data, size, 1);
	return 0;
}
