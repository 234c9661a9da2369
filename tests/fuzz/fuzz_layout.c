/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_layout.c - an image archive: all that `tare load` does with it, but for the database. What fails leaves nothing. As
 * root in a mount namespace with a small tmpfs.
 *
 * Text that begins with "=" describes the archive, so that what is tried stays an archive and its digests fit; other bytes
 * are one as they are, packed or not. A line "=NAME" begins a file; "=@" one that is named by its digest, "=^" the same of a
 * layer with a file for each line. In the text %N is the digest and #N the size of the N-th file, counted from 0. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/load.h"
#include "image/sha256.h"
#include "storage/content.h"
#include "storage/layers.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../unit/image/tarball.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* ---- an archive from its description ------------------------------------------------------------------------- */

#define FILES 10

struct described {
	struct buf tar;
	struct digest digests[FILES];
	size_t sizes[FILES];
	unsigned n;
};

/* %N and #N become what they stand for. */
static void fill_in(const struct described *d, struct sv text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned file = i + 1 < text.n ? (unsigned)text.p[i + 1] - '0' : FILES;
		bool known = file < d->n && file < FILES;

		if (known && text.p[i] == '%')
			buf_putf(out, "sha256:%s", d->digests[file].hex);
		else if (known && text.p[i] == '#')
			buf_putf(out, "%zu", d->sizes[file]);
		else
			buf_put(out, text.p + i, 1);
		i += known && (text.p[i] == '%' || text.p[i] == '#');
	}
}

static void fill_layer(struct sv text, struct buf *out)
{
	struct sv line;
	char name[100];

	while (sv_next(&text, '\n', &line)) {
		(void)snprintf(name, sizeof name, SV_FMT, SV_ARG(line));
		tarball_add(out, (struct tar_entry){ '0', name, .data = "x" });
	}
	tarball_end(out);
}

static void add_file(struct described *d, struct sv name, struct sv text)
{
	scoped_buf content = TARBALL;
	char path[128];
	bool layer = sv_is(name, "^");

	if (d->n == FILES)
		return;
	if (layer)
		fill_layer(text, &content);
	else
		fill_in(d, text, &content);
	require(sha256_of(content.p ? content.p : "", content.len, &d->digests[d->n], NULL) == 0);
	d->sizes[d->n] = content.len;
	if (layer || sv_is(name, "@"))
		(void)snprintf(path, sizeof path, "blobs/sha256/%s", d->digests[d->n].hex);
	else
		(void)snprintf(path, sizeof path, "%.*s", name.n < 100 ? (int)name.n : 100, name.p);
	tarball_add(&d->tar, (struct tar_entry){ '0', path, .data = content.p ? content.p : "", .size = content.len });
	d->n++;
}

static void describe(struct described *d, struct sv text)
{
	struct sv rest = { text.p + 1, text.n - 1 };

	while (rest.n) {
		const char *next = memmem(rest.p, rest.n, "\n=", 2);
		size_t n = next ? (size_t)(next - rest.p) : rest.n;
		struct sv name, content;

		sv_cut((struct sv){ rest.p, n }, '\n', &name, &content);
		add_file(d, name, content);
		n = next ? n + 2 : n;
		rest = (struct sv){ rest.p + n, rest.n - n };
	}
	tarball_end(&d->tar);
}

/* ---- where it goes ------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/tare-fuzz-XXXXXX";
static int root = -1;

static void clean_up(void)
{
	(void)umount2(folder, MNT_DETACH);
	(void)io_remove_tree_at(AT_FDCWD, folder, NULL);
}

static void set_up(void)
{
	if (root >= 0)
		return;
	require(mkdtemp(folder) != NULL && atexit(clean_up) == 0);
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		(void)mount("tmpfs", folder, "tmpfs", 0, "size=16m,nr_inodes=4000");
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(root >= 0);
}

static int knows_none(void *arg, const struct digest *chain_id, unsigned *ret_number, struct err *e)
{
	return 0;
}

static void load_all(struct layout *l, const struct image_store *store)
{
	const struct layout_image *images;
	struct err e = { 0 };
	size_t n;

	if (layout_images(l, &images, &n, &e) < 0) {
		require(e.msg[0]);
		return;
	}
	for (size_t i = 0; i < n && i < 4; i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
		struct image_loaded img;

		e = (struct err){ 0 };
		if (image_load(l, &images[i], NULL, store, &a, &img, &e) < 0)
			require(e.msg[0]);
		else
			image_loaded_done(&img);
	}
}

/* But for what is always there. */
static bool is_empty(int dir, const char *always)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_dir d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *ent;
	bool empty = true;

	require(d != NULL);
	while ((ent = readdir(d)))
		empty = empty && (ent->d_name[0] == '.' || strcmp(ent->d_name, always) == 0);
	return empty;
}

/* Nobody recorded anything: a sweep takes all trees. */
static int knows_no_number(void *arg, unsigned number, struct err *e)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct described d = { .tar = TARBALL };
	struct tarball_reader m = { (const char *)data, size, 0 };
	struct image_store store = {
		.ceilings = { 1u << 20, 200 }, .content = -1, .layers = -1, .find_layer = knows_none
	};
	struct layout *l = NULL;
	struct err e = { 0 };

	set_up();
	if (size && data[0] == '=') {
		describe(&d, (struct sv){ (const char *)data, size });
		m = (struct tarball_reader){ d.tar.p, d.tar.len, 0 };
	}
	require(content_open(root, &store.content, NULL) == 0 && layers_open(root, &store.layers, NULL) == 0);
	if (layout_open_archive((struct byte_source){ tarball_read, &m }, store.content, &l, &e) < 0)
		require(e.msg[0]);
	else
		load_all(l, &store);
	layout_free(l);
	buf_done(&d.tar);
	require(layers_sweep(store.layers, knows_no_number, NULL, NULL) == 0 && is_empty(store.layers, "lock"));
	require(is_empty(store.content, "blobs"));
	close(store.content);
	close(store.layers);
	require(io_remove_tree_at(root, "content", NULL) == 0);
	return 0;
}
