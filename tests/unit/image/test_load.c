/* SPDX-License-Identifier: Apache-2.0 */
/* An image of a layout comes into a store; and what is left when that fails, on a full disk, or by SIGKILL. */
#include "image/load.h"

#include "storage/content.h"
#include "storage/layers.h"
#include "storage/rootview.h"

#include "../test.h"
#include "../scratch.h"
#include "layout_maker.h"

#include <signal.h>
#include <sys/wait.h>

#define BIG (300u << 10)

static bool own_mounts;

/* The database's part: chain ids and their numbers. */
struct known {
	struct digest chain[16];
	unsigned number[16];
	size_t n;
};

static int find_layer(void *arg, const struct digest *chain_id, unsigned *ret_number, struct err *e)
{
	const struct known *k = arg;

	for (size_t i = 0; i < k->n; i++) {
		if (strcmp(k->chain[i].hex, chain_id->hex) != 0)
			continue;
		*ret_number = k->number[i];
		return 1;
	}
	return 0;
}

static int knows_layer(void *arg, unsigned number, struct err *e)
{
	const struct known *k = arg;

	for (size_t i = 0; i < k->n; i++)
		if (k->number[i] == number)
			return 1;
	return 0;
}

static void record(struct known *k, const struct image_loaded *img)
{
	for (size_t i = 0; i < img->n_layers; i++) {
		if (!img->layers[i].fresh)
			continue;
		k->chain[k->n] = img->layers[i].chain_id;
		k->number[k->n++] = img->layers[i].number;
	}
}

struct fixture {
	struct scratch s;
	struct known known;
	struct image_store store;
	struct arena arena;
	struct image_loaded img;
	struct err e;
};

static struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	f->s = scratch_new();
	f->arena = ARENA(16u << 20);
	return f;
}

static void fixture_open(struct fixture *f)
{
	scoped_fd root = open(f->s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(0, content_open(root, &f->store.content, NULL));
	assert_int_equal(0, layers_open(root, &f->store.layers, NULL));
	f->store.find_layer = find_layer;
	f->store.arg = &f->known;
}

static void fixture_end(struct fixture **p)
{
	struct fixture *f = *p;

	image_loaded_done(&f->img);
	close(f->store.content);
	close(f->store.layers);
	(void)umount2(f->s.path, MNT_DETACH);
	arena_done(&f->arena);
	scratch_end(&f->s);
	free(f);
}

#define scoped_fixture SCOPED(fixture_end) struct fixture *

static int load(struct fixture *f, const struct maker *m, const char *name)
{
	const struct layout_image *images;
	scoped_layout l = NULL;
	size_t n;
	int r = maker_open(m, f->store.content, &l, &f->e);

	if (r == 0)
		r = layout_images(l, &images, &n, &f->e);
	if (r == 0)
		r = image_load(l, &images[0], name, &f->store, &f->arena, &f->img, &f->e);
	return r;
}

/* base: etc/passwd, etc/gone and a big file; top: another passwd, and etc/gone is gone. */
static void two_layers(struct maker *m)
{
	scoped_free char *big = calloc(1, BIG);
	scoped_buf base = TARBALL, top = TARBALL;

	memset(big, 'b', BIG);
	tarball_add(&base, (struct tar_entry){ '5', "etc/", .mode = 0755 });
	tarball_add(&base, (struct tar_entry){ '0', "etc/passwd", .data = "base" });
	tarball_add(&base, (struct tar_entry){ '0', "etc/gone", .data = "base" });
	tarball_add(&base, (struct tar_entry){ '0', "big", .data = big, .size = BIG });
	tarball_add(&top, (struct tar_entry){ '5', "etc/", .mode = 0755 });
	tarball_add(&top, (struct tar_entry){ '0', "etc/passwd", .data = "top" });
	tarball_add(&top, (struct tar_entry){ '0', "etc/.wh.gone" });
	maker_layer(m, &base);
	maker_layer(m, &top);
	maker_documents(m, "linux");
	maker_index(m, "web:1");
}

/* Names in the store other than what `expected` lists. */
static void store_has_only(const struct fixture *f, size_t layers, size_t blobs)
{
	static const char *const folders[] = { "layers", "content", "content/blobs/sha256" };
	size_t counts[ARRAY_LEN(folders)] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		int fd = openat(f->s.dir, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		scoped_dir d = fdopendir(fd);
		struct dirent *ent;

		assert_non_null(d);
		while ((ent = readdir(d)))
			if (ent->d_name[0] != '.' && strcmp(ent->d_name, "lock") != 0)
				counts[i]++;
	}
	assert_int_equal(layers, counts[0]);
	assert_int_equal(1, counts[1]); /* blobs */
	assert_int_equal(blobs, counts[2]);
}

static void merged_is_right(const struct fixture *f)
{
	unsigned numbers[2] = { f->img.layers[0].number, f->img.layers[1].number };
	scoped_fd view = -1;
	scoped_buf b = BUF(1u << 20);

	assert_int_equal(0, rootview_open(f->store.layers, numbers, 2, &view, NULL));
	assert_int_equal(0, rootview_read(view, "etc/passwd", &b, NULL));
	assert_string_equal("top", b.p);
	assert_int_equal(-ENOENT, rootview_read(view, "etc/gone", &b, NULL));
	assert_int_equal(0, rootview_read(view, "big", &b, NULL));
	assert_int_equal(3 + BIG, b.len);
}

TEST(an_image_comes_into_the_store)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	fixture_open(f);
	two_layers(&m);
	assert_int_equal(0, load(f, &m, NULL));
	assert_string_equal(m.config.hex, f->img.id.hex);
	assert_string_equal(m.manifest.hex, f->img.manifest.hex);
	assert_string_equal("web:1", f->img.reference);
	assert_int_equal(2, f->img.n_layers);
	assert_true(f->img.layers[0].fresh && f->img.layers[1].fresh);
	assert_int_equal(8 + BIG, f->img.layers[0].size_bytes);
	assert_string_equal(f->img.layers[0].diff_id.hex, f->img.layers[0].chain_id.hex);
	assert_string_not_equal(f->img.layers[1].diff_id.hex, f->img.layers[1].chain_id.hex);
	merged_is_right(f);
	store_has_only(f, 2, 4);
}

TEST(layers_that_are_known_are_not_unpacked_again)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	unsigned first;

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	fixture_open(f);
	two_layers(&m);
	assert_int_equal(0, load(f, &m, NULL));
	first = f->img.layers[0].number;
	record(&f->known, &f->img);
	image_loaded_done(&f->img);
	assert_int_equal(0, load(f, &m, "other"));
	assert_string_equal("other", f->img.reference);
	assert_false(f->img.layers[0].fresh);
	assert_int_equal(first, f->img.layers[0].number);
	store_has_only(f, 2, 4);
}

/* ---- wrong ones ---------------------------------------------------------------------------------------------- */

static void replace(struct buf *b, const char *from, const char *to)
{
	char *at = memmem(b->p, b->len, from, strlen(from));

	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
}

static void is_refused(struct fixture *f, const struct maker *m, int rc, const char *text)
{
	assert_int_equal(rc, load(f, m, NULL));
	if (!strstr(f->e.msg, text))
		fail_msg("\"%s\"", f->e.msg);
	store_has_only(f, 0, 0);
}

TEST(bytes_with_another_digest_are_refused)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();

	fixture_open(f);
	two_layers(&m);
	replace(&m.tar, "base", "evil");
	is_refused(f, &m, -EBADMSG, "its bytes have the digest sha256:");
}

TEST(a_diff_id_that_does_not_fit_is_refused)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	scoped_buf layer = TARBALL;

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	fixture_open(f);
	tarball_add(&layer, (struct tar_entry){ '0', "x", .data = "x" });
	maker_layer(&m, &layer);
	m.diff_ids.p[8] = m.diff_ids.p[8] == '0' ? '1' : '0';
	maker_documents(&m, "linux");
	maker_index(&m, "web:1");
	is_refused(f, &m, -EBADMSG, "layer 1 (sha256:");
	assert_non_null(strstr(f->e.msg, "but the config says"));
}

TEST(a_missing_blob_is_named)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	scoped_buf layer = TARBALL;

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	fixture_open(f);
	maker_layer(&m, &layer);
	buf_reset(&m.tar);
	maker_documents(&m, "linux");
	maker_index(&m, "web:1");
	is_refused(f, &m, -ENOENT, " is missing");
	assert_non_null(strstr(f->e.msg, "layer 1 (sha256:"));
}

TEST(a_hostile_layer_leaves_the_store_unchanged)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	scoped_buf good = TARBALL, bad = TARBALL;

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	fixture_open(f);
	tarball_add(&good, (struct tar_entry){ '0', "x", .data = "x" });
	tarball_add(&bad, (struct tar_entry){ '0', "y", .data = "y" });
	tarball_add(&bad, (struct tar_entry){ '0', "../../etc/passwd", .data = "evil" });
	maker_layer(&m, &good);
	maker_layer(&m, &bad);
	maker_documents(&m, "linux");
	maker_index(&m, "web:1");
	is_refused(f, &m, -EINVAL, "entry ../../etc/passwd: the name leads out of the layer");
	assert_non_null(strstr(f->e.msg, "layer 2 (sha256:"));
}

TEST(an_image_for_another_system_is_refused)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();

	fixture_open(f);
	maker_documents(&m, "windows");
	maker_index(&m, "web:1");
	is_refused(f, &m, -ENOTSUP, "\"windows\" cannot be used on this platform");
}

TEST(what_is_no_layout_is_refused)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new(), empty = maker_new();

	fixture_open(f);
	for (int i = 0; i < 2000; i++)
		(void)buf_puts(&m.tar, "hello");
	is_refused(f, &m, -EINVAL, "not an image archive, or a damaged one: ");
	tarball_add(&empty.tar, (struct tar_entry){ '0', "readme", .data = "x" });
	tarball_end(&empty.tar);
	is_refused(f, &empty, -EINVAL, "no image in it: neither index.json nor manifest.json");
}

/* ---- full disk, kill ----------------------------------------------------------------------------------------- */

static void mount_disk(struct fixture *f, const char *options)
{
	assert_int_equal(0, mount("tmpfs", f->s.path, "tmpfs", 0, options));
	close(f->s.dir);
	f->s.dir = open(f->s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->s.dir >= 0);
}

/* From too little for the archive up to enough for all: each time one line and nothing left, or the image. */
TEST(a_full_disk_leaves_nothing)
{
	unsigned failed = 0;

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	for (unsigned kib = 40; kib <= 1400; kib += 60) {
		scoped_fixture f = fixture_new();
		scoped_maker m = maker_new();
		char options[32];
		int r;

		(void)snprintf(options, sizeof options, "size=%uk", kib);
		mount_disk(f, options);
		fixture_open(f);
		two_layers(&m);
		r = load(f, &m, NULL);
		if (r == 0) {
			merged_is_right(f);
			continue;
		}
		failed++;
		if (r != -ENOSPC || !strstr(f->e.msg, "No space left on device"))
			fail_msg("%u KiB: %d \"%s\"", kib, r, f->e.msg);
		store_has_only(f, 0, 0);
	}
	assert_in_range(failed, 5, 20);
}

/* Inodes run out as well. */
TEST(no_more_inodes_leaves_nothing)
{
	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	for (unsigned inodes = 7; inodes <= 18; inodes++) {
		scoped_fixture f = fixture_new();
		scoped_maker m = maker_new();
		char options[32];
		int r;

		(void)snprintf(options, sizeof options, "nr_inodes=%u", inodes);
		mount_disk(f, options);
		fixture_open(f);
		two_layers(&m);
		r = load(f, &m, NULL);
		if (r != -ENOSPC)
			fail_msg("%u inodes: %d \"%s\"", inodes, r, r ? f->e.msg : "");
		store_has_only(f, 0, 0);
	}
}

/* A child loads until it is killed, somewhere. What it leaves is swept, and the next load is whole. */
TEST(sigkill_at_any_moment_leaves_nothing_visible)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	mount_disk(f, "size=64m");
	fixture_open(f);
	two_layers(&m);
	for (unsigned i = 0; i < 60; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			for (;;) {
				if (load(f, &m, NULL) < 0)
					_exit(1);
				image_loaded_done(&f->img);
			}
		}
		(void)usleep(200 + i * 97);
		assert_int_equal(0, kill(pid, SIGKILL));
		assert_int_equal(pid, waitpid(pid, &status, 0));
		assert_true(WIFSIGNALED(status));
		assert_int_equal(0, content_sweep(f->store.content, NULL, NULL, NULL));
		assert_int_equal(0, layers_sweep(f->store.layers, knows_layer, &f->known, NULL));
		assert_int_equal(0, load(f, &m, NULL));
		merged_is_right(f);
		store_has_only(f, 2, 4);
		image_loaded_done(&f->img);
		assert_int_equal(0, layers_sweep(f->store.layers, knows_layer, &f->known, NULL));
		store_has_only(f, 0, 4);
	}
}

/* Two at once: the second waits for the first and takes its layers. */
TEST(two_loaders_unpack_each_layer_once)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	int status, go[2];
	char c = 0;
	pid_t pid;

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	fixture_open(f);
	two_layers(&m);
	assert_int_equal(0, pipe(go));
	assert_int_equal(0, load(f, &m, NULL));
	pid = fork();
	if (pid == 0) { /* sees the lock of a loader that has not recorded yet */
		close(f->img.chain_lock);
		f->img.locked = false;
		if (write(go[1], "x", 1) != 1)
			_exit(1);
		_exit(load(f, &m, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(1, read(go[0], &c, 1));
	(void)usleep(20000);
	assert_int_equal(0, waitpid(pid, &status, WNOHANG)); /* it waits */
	image_loaded_done(&f->img);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	close(go[0]);
	close(go[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(an_image_comes_into_the_store),
		RUN(layers_that_are_known_are_not_unpacked_again),
		RUN(bytes_with_another_digest_are_refused),
		RUN(a_diff_id_that_does_not_fit_is_refused),
		RUN(a_missing_blob_is_named),
		RUN(a_hostile_layer_leaves_the_store_unchanged),
		RUN(an_image_for_another_system_is_refused),
		RUN(what_is_no_layout_is_refused),
		RUN(a_full_disk_leaves_nothing),
		RUN(no_more_inodes_leaves_nothing),
		RUN(sigkill_at_any_moment_leaves_nothing_visible),
		RUN(two_loaders_unpack_each_layer_once),
	};

	own_mounts = geteuid() == 0 && scratch_own_mounts();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
