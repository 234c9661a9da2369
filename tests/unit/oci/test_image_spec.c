/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/image_spec.h"

#include "base/limits.h"
#include "base/scope.h"

#include "../test.h"

#include <errno.h>

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* As Docker Hub serves them: null where a list is empty, fields of docker build that nobody reads. */
static const char docker_config[] =
	"{\"architecture\":\"amd64\",\"config\":{\"Hostname\":\"\",\"User\":\"\",\"ExposedPorts\":{\"80/tcp\":{},"
	"\"443/tcp\":{}},\"Env\":[\"PATH=/bin\"],\"Cmd\":[\"sh\"],\"Image\":\"sha256:x\",\"Volumes\":null,"
	"\"WorkingDir\":\"/w\",\"Entrypoint\":null,\"OnBuild\":null,\"Labels\":{\"a\":\"b\"},\"StopSignal\":\"SIGQUIT\"},"
	"\"container\":\"abc\",\"container_config\":{\"Cmd\":[\"/bin/sh\"]},\"created\":\"2024-01-01T00:00:00Z\","
	"\"docker_version\":\"20.10\",\"history\":[{\"created_by\":\"x\"}],\"os\":\"linux\",\"rootfs\":{"
	"\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX_A "\",\"sha256:" HEX_B "\"]}}";

TEST(docker_image_config_is_read)
{
	scoped_arena a = ARENA(LIMIT_IMAGE_CONFIG);
	struct image_config c;
	struct err e = { 0 };

	assert_int_equal(0, image_config_parse(sv_from(docker_config), &a, &c, &e));
	assert_string_equal("amd64", c.architecture);
	assert_int_equal(2, c.exposed_ports.n);
	assert_string_equal("443/tcp", c.exposed_ports.v[0]);
	assert_int_equal(0, c.volumes.n + c.entrypoint.n);
	assert_string_equal("sh", c.cmd.v[0]);
	assert_string_equal("/w", c.working_dir);
	assert_string_equal("SIGQUIT", c.stop_signal);
	assert_string_equal("b", c.labels.v[0].value);
	assert_string_equal(HEX_B, c.diff_ids.v[1].hex);
}

TEST(image_config_is_printed_as_it_was_read)
{
	static const char json[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"A=b\"],"
				   "\"Cmd\":[\"sh\"],\"Volumes\":{\"/data\":{}}},\"rootfs\":{\"type\":\"layers\","
				   "\"diff_ids\":[\"sha256:" HEX_A "\"]}}";
	scoped_arena a = ARENA(LIMIT_IMAGE_CONFIG);
	scoped_buf out = BUF(LIMIT_IMAGE_CONFIG);
	struct image_config c;

	assert_int_equal(0, image_config_parse(sv_from(json), &a, &c, NULL));
	assert_int_equal(0, image_config_print(&c, &out, NULL));
	assert_string_equal(json, out.p);
}

static const struct {
	const char *json, *msg;
} bad_configs[] = {
	{ "{}", "rootfs: missing" },
	{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:1\"]}}",
	  "rootfs.diff_ids[0]: \"sha256:1\" is not a digest (sha256: and 64 hexadecimal digits)" },
	{ "{\"rootfs\":{\"type\":\"squash\"}}", "rootfs.type: \"squash\" is not layers" },
	{ "{\"rootfs\":{},\"config\":{\"Env\":\"A=b\"}}", "config.Env: expected an array, got \"A=b\"" },
	{ "{\"rootfs\":{},\"config\":{\"Volumes\":[]}}", "config.Volumes: expected an object, got an array" },
	{ "{\"rootfs\":{},\"config\":{\"User\":0}}", "config.User: expected a string, got 0" },
};

TEST(bad_image_configs_are_refused_by_path)
{
	for (size_t i = 0; i < sizeof bad_configs / sizeof *bad_configs; i++) {
		scoped_arena a = ARENA(LIMIT_IMAGE_CONFIG);
		struct image_config c;
		struct err e = { 0 };

		assert_int_equal(-EINVAL, image_config_parse(sv_from(bad_configs[i].json), &a, &c, &e));
		assert_string_equal(bad_configs[i].msg, e.msg);
	}
}

#define DESCRIPTOR(type, hex) "{\"mediaType\":\"" type "\",\"size\":7,\"digest\":\"sha256:" hex "\"}"
#define MANIFEST(type)                                                                                                 \
	"{\"schemaVersion\":2,\"mediaType\":\"" type "\",\"config\":" DESCRIPTOR(MEDIA_DOCKER_CONFIG, HEX_A)          \
		",\"layers\":[" DESCRIPTOR(MEDIA_DOCKER_LAYER_GZIP, HEX_B) "]}"

TEST(manifests_of_docker_and_oci_are_one)
{
	static const char *const texts[] = { MANIFEST(MEDIA_DOCKER_MANIFEST), MANIFEST(MEDIA_OCI_MANIFEST),
					     MANIFEST("") };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		scoped_arena a = ARENA(LIMIT_MANIFEST);
		struct image_manifest m;
		struct err e = { 0 };

		assert_int_equal(0, image_manifest_parse(sv_from(texts[i]), &a, &m, &e));
		assert_string_equal(HEX_A, m.config.digest.hex);
		assert_int_equal(1, m.layers.n);
		assert_string_equal(HEX_B, m.layers.v[0].digest.hex);
		assert_true(m.layers.v[0].size == 7);
		assert_null(m.layers.v[0].os);
	}
}

static const struct {
	const char *json, *msg;
} bad_manifests[] = {
	{ MANIFEST(MEDIA_OCI_INDEX),
	  "mediaType: \"" MEDIA_OCI_INDEX "\" is neither " MEDIA_OCI_MANIFEST " nor " MEDIA_DOCKER_MANIFEST },
	{ "{\"schemaVersion\":1}", "config: missing" },
	{ "{\"schemaVersion\":1,\"config\":" DESCRIPTOR("x", HEX_A) ",\"layers\":[]}",
	  "schemaVersion: 1, only 2 is known" },
	{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX_A "\",\"size\":-1}}",
	  "config.size: -1 is not between 0 and 9223372036854775807" },
	{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"size\":1}}", "config.digest: missing" },
};

TEST(bad_manifests_are_refused_by_path)
{
	for (size_t i = 0; i < sizeof bad_manifests / sizeof *bad_manifests; i++) {
		scoped_arena a = ARENA(LIMIT_MANIFEST);
		struct image_manifest m;
		struct err e = { 0 };

		assert_int_equal(-EINVAL, image_manifest_parse(sv_from(bad_manifests[i].json), &a, &m, &e));
		assert_string_equal(bad_manifests[i].msg, e.msg);
	}
}

TEST(index_entries_have_a_platform)
{
	static const char json[] = "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MEDIA_OCI_MANIFEST
				   "\",\"digest\":\"sha256:" HEX_A "\",\"size\":1,\"platform\":{\"architecture\":"
				   "\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"},\"annotations\":{\"k\":\"v\"}}]}";
	scoped_arena a = ARENA(LIMIT_MANIFEST);
	struct image_index i;

	assert_int_equal(0, image_index_parse(sv_from(json), &a, &i, NULL));
	assert_int_equal(1, i.manifests.n);
	assert_string_equal("arm64", i.manifests.v[0].architecture);
	assert_string_equal("v8", i.manifests.v[0].variant);
	assert_string_equal("v", i.manifests.v[0].annotations.v[0].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(docker_image_config_is_read),
		RUN(image_config_is_printed_as_it_was_read),
		RUN(bad_image_configs_are_refused_by_path),
		RUN(manifests_of_docker_and_oci_are_one),
		RUN(bad_manifests_are_refused_by_path),
		RUN(index_entries_have_a_platform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
