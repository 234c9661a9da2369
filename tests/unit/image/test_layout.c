/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layout.h"

#include "storage/content.h"

#include "../test.h"
#include "../scratch.h"
#include "layout_maker.h"

struct fixture {
	struct scratch s;
	int content;
	struct layout *layout;
	struct err e;
};

static struct fixture fixture_new(void)
{
	struct fixture f = { .s = scratch_new(), .content = -1 };

	assert_int_equal(0, content_open(f.s.dir, &f.content, NULL));
	return f;
}

static void fixture_end(struct fixture *f)
{
	layout_free(f->layout);
	close(f->content);
	scratch_end(&f->s);
}

#define scoped_fixture SCOPED(fixture_end) struct fixture

static int images(struct fixture *f, const struct maker *m, const struct layout_image **ret, size_t *ret_n)
{
	int r = maker_open(m, f->content, &f->layout, &f->e);

	return r < 0 ? r : layout_images(f->layout, ret, ret_n, &f->e);
}

static void add_text(struct maker *m, const char *name, const char *text)
{
	tarball_add(&m->tar, (struct tar_entry){ '0', name, .data = text });
}

static const char *machine(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#else
	return "other";
#endif
}

/* An index of images for other machines and this one. */
static struct digest add_index(struct maker *m, const struct digest *mine, size_t mine_size)
{
	scoped_buf text = BUF(1u << 20);

	(void)buf_putf(&text,
		       "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":["
		       "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"sha256:%064d\",\"size\":1,\"platform\":"
		       "{\"os\":\"windows\",\"architecture\":\"%s\"}},"
		       "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"sha256:%064d\",\"size\":1,\"platform\":"
		       "{\"os\":\"linux\",\"architecture\":\"s390x\"}},"
		       "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"sha256:%s\",\"size\":%zu,\"platform\":"
		       "{\"os\":\"linux\",\"architecture\":\"%s\"}}]}",
		       0, machine(), 0, mine->hex, mine_size, machine());
	return maker_blob(m, text.p, text.len);
}

static void outer_index(struct maker *m, const struct digest *inner)
{
	scoped_buf text = BUF(1u << 20);

	(void)buf_putf(&text,
		       "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MEDIA_OCI_INDEX
		       "\",\"digest\":\"sha256:%s\","
		       "\"size\":1,\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/web:1\","
		       "\"org.opencontainers.image.ref.name\":\"1\"}}]}",
		       inner->hex);
	add_text(m, "index.json", text.p);
	tarball_end(&m->tar);
}

TEST(of_an_index_in_the_index_this_machines_image_is_taken)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	const struct layout_image *v = NULL;
	struct digest inner;
	size_t n = 0;

	maker_documents(&m, "linux");
	inner = add_index(&m, &m.manifest, m.manifest_size);
	outer_index(&m, &inner);
	assert_int_equal(0, images(&f, &m, &v, &n));
	assert_int_equal(1, n);
	assert_string_equal(m.manifest.hex, v[0].manifest.hex);
	assert_string_equal("docker.io/library/web:1", v[0].reference);
}

TEST(an_image_for_other_machines_only_is_told)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	const struct layout_image *v;
	size_t n;

	add_text(&m, "index.json",
		 "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"sha256:"
		 "0000000000000000000000000000000000000000000000000000000000000000\",\"size\":1,\"platform\":{\"os\":"
		 "\"linux\",\"architecture\":\"s390x\"}}]}");
	tarball_end(&m.tar);
	assert_int_equal(-ENOENT, images(&f, &m, &v, &n));
	assert_non_null(strstr(f.e.msg, "no image for linux/"));
}

TEST(indexes_in_indexes_have_a_ceiling)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	const struct layout_image *v;
	struct digest inner;
	size_t n;

	maker_documents(&m, "linux");
	inner = add_index(&m, &m.manifest, m.manifest_size);
	for (int i = 0; i < 6; i++) {
		scoped_buf text = BUF(1u << 20);

		(void)buf_putf(&text,
			       "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"digest\":"
			       "\"sha256:%s\",\"size\":1}]}",
			       inner.hex);
		inner = maker_blob(&m, text.p, text.len);
	}
	outer_index(&m, &inner);
	assert_int_equal(-ELOOP, images(&f, &m, &v, &n));
}

/* Twelve times the same index in each, five deep: 250,000 entries that are 60 on the disk. */
TEST(entries_that_are_met_again_and_again_have_a_ceiling)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	const struct layout_image *v;
	struct digest inner = { "" };
	size_t n;

	for (int depth = 0; depth < 5; depth++) {
		scoped_buf text = BUF(1u << 20);

		(void)buf_puts(&text, "{\"schemaVersion\":2,\"manifests\":[");
		for (int i = 0; i < 12; i++)
			(void)buf_putf(&text, "%s{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":1}",
				       i ? "," : "", depth ? MEDIA_OCI_INDEX : "text/plain",
				       depth ? inner.hex :
					       "0000000000000000000000000000000000000000000000000000000000000000");
		(void)buf_puts(&text, "]}");
		if (depth == 4)
			add_text(&m, "index.json", text.p);
		else
			inner = maker_blob(&m, text.p, text.len);
	}
	tarball_end(&m.tar);
	assert_int_equal(-EFBIG, images(&f, &m, &v, &n));
	assert_non_null(strstr(f.e.msg, "more than 10000 entries in its indexes"));
}

TEST(names_of_images_have_a_ceiling)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	scoped_buf text = BUF(1u << 20);
	const struct layout_image *v;
	size_t n;

	(void)buf_puts(&text, "[{\"Config\":\"config\",\"Layers\":[],\"RepoTags\":[\"a:0\"");
	for (int i = 1; i <= 1000; i++)
		(void)buf_putf(&text, ",\"a:%d\"", i);
	(void)buf_puts(&text, "]}]");
	add_text(&m, "config", "{}");
	add_text(&m, "manifest.json", text.p);
	tarball_end(&m.tar);
	assert_int_equal(-EFBIG, images(&f, &m, &v, &n));
	assert_string_equal("manifest.json: more than 1000 images", f.e.msg);
}

/* As for tar(1). */
TEST(of_two_files_with_one_name_the_last_counts)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	const struct layout_image *v = NULL;
	size_t n;

	add_text(&m, "index.json", "{");
	maker_documents(&m, "linux");
	maker_index(&m, "web:1");
	assert_int_equal(0, images(&f, &m, &v, &n));
	assert_string_equal("web:1", v[0].reference);
}

/* A bare tag, as skopeo and buildah write it, names no image. */
TEST(a_tag_alone_is_no_name)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	const struct layout_image *v = NULL;
	size_t n;

	maker_documents(&m, "linux");
	maker_index(&m, "latest");
	assert_int_equal(0, images(&f, &m, &v, &n));
	assert_null(v[0].reference);
}

/* What `docker save` wrote before version 25: layers behind links, plain, by any name. */
TEST(an_archive_of_docker_save_gets_manifests)
{
	static const char config[] = "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	scoped_buf text = BUF(1u << 20);
	const struct layout_image *v = NULL;
	struct image_manifest parsed;
	scoped_arena a = ARENA(1u << 20);
	struct digest layer;
	size_t n = 0;

	add_text(
		&m, "manifest.json",
		"[{\"Config\":\"c.json\",\"RepoTags\":[\"web:1\",\"web:2\"],\"Layers\":[\"1/layer.tar\",\"2/layer.tar\"]}]");
	add_text(&m, "c.json", config);
	tarball_add(&m.tar, (struct tar_entry){ '2', "2/layer.tar", "../1/layer.tar" });
	tarball_add(&m.tar, (struct tar_entry){ '1', "1/layer.tar", "real/layer" });
	add_text(&m, "real/layer",
		 "\x1f\x8b"
		 "bytes");
	tarball_end(&m.tar);
	assert_int_equal(0, images(&f, &m, &v, &n));
	assert_int_equal(2, n);
	assert_string_equal("web:1", v[0].reference);
	assert_string_equal("web:2", v[1].reference);
	assert_string_equal(v[0].manifest.hex, v[1].manifest.hex);

	assert_int_equal(0, layout_read_blob(f.layout, &v[0].manifest, &text, NULL));
	assert_int_equal(0, image_manifest_parse(buf_sv(&text), &a, &parsed, NULL));
	assert_int_equal(0, sha256_of("\x1f\x8b"
				      "bytes",
				      7, &layer, NULL));
	assert_int_equal(2, parsed.layers.n);
	assert_string_equal(layer.hex, parsed.layers.v[1].digest.hex);
	assert_string_equal(MEDIA_OCI_LAYER_GZIP, parsed.layers.v[1].media_type);
	buf_reset(&text);
	assert_int_equal(0, layout_read_blob(f.layout, &parsed.config.digest, &text, NULL));
	assert_string_equal(config, text.p);
}

TEST(links_that_lead_nowhere_are_files_that_are_missing)
{
	static const struct {
		const char *name, *target;
	} links[] = { { "c.json", "c.json" }, { "c.json", "nothing" }, { "c.json", "/etc/passwd" } };

	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		scoped_fixture f = fixture_new();
		scoped_maker m = maker_new();
		const struct layout_image *v;
		size_t n;

		add_text(&m, "manifest.json", "[{\"Config\":\"c.json\",\"Layers\":[]}]");
		tarball_add(&m.tar, (struct tar_entry){ '2', links[i].name, links[i].target });
		tarball_end(&m.tar);
		assert_int_equal(-ENOENT, images(&f, &m, &v, &n));
		assert_string_equal("manifest.json: c.json is missing", f.e.msg);
	}
}

TEST(names_that_climb_are_refused)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();

	add_text(&m, "../index.json", "{}");
	tarball_end(&m.tar);
	assert_int_equal(-EINVAL, maker_open(&m, f.content, &f.layout, &f.e));
	assert_string_equal("entry ../index.json: the name leads out of the layer", f.e.msg);
	assert_null(f.layout);
}

/* In a directory of somebody else a link may lead anywhere. */
TEST(a_directory_is_read_inside_itself_only)
{
	scoped_fixture f = fixture_new();
	scoped_fd dir = -1;
	const struct layout_image *v;
	size_t n;

	scratch_file(f.s.dir, "index.json", "{\"schemaVersion\":2,\"manifests\":[]}");
	assert_int_equal(0, io_mkdir_at(f.s.dir, "dir", 0755, &dir, NULL));
	assert_int_equal(0, symlinkat("../index.json", dir, "index.json"));
	assert_int_equal(0, layout_open_dir(dir, f.content, &f.layout, NULL));
	assert_int_equal(-EXDEV, layout_images(f.layout, &v, &n, &f.e));
	assert_int_equal(0, unlinkat(dir, "index.json", 0));
	assert_int_equal(0, mkfifoat(dir, "index.json", 0644));
	assert_int_equal(-EINVAL, layout_images(f.layout, &v, &n, &f.e));
	assert_string_equal("index.json: not a regular file", f.e.msg);
}

TEST(staging_leaves_nothing)
{
	scoped_fixture f = fixture_new();
	scoped_maker m = maker_new();
	struct err e;

	maker_documents(&m, "linux");
	maker_index(&m, "web:1");
	assert_int_equal(0, maker_open(&m, f.content, &f.layout, &e));
	layout_free(f.layout);
	f.layout = NULL;
	assert_int_equal(0, unlinkat(f.content, "blobs/sha256", AT_REMOVEDIR));
	assert_int_equal(0, unlinkat(f.content, "blobs", AT_REMOVEDIR));
	assert_int_equal(0, unlinkat(f.s.dir, "content", AT_REMOVEDIR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(of_an_index_in_the_index_this_machines_image_is_taken),
		RUN(an_image_for_other_machines_only_is_told),
		RUN(indexes_in_indexes_have_a_ceiling),
		RUN(entries_that_are_met_again_and_again_have_a_ceiling),
		RUN(names_of_images_have_a_ceiling),
		RUN(of_two_files_with_one_name_the_last_counts),
		RUN(a_tag_alone_is_no_name),
		RUN(an_archive_of_docker_save_gets_manifests),
		RUN(links_that_lead_nowhere_are_files_that_are_missing),
		RUN(names_that_climb_are_refused),
		RUN(a_directory_is_read_inside_itself_only),
		RUN(staging_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
