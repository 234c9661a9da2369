/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of an image as tables; Docker's v2s2 differ in the media types only. */
#include "oci/image_spec.h"

#include "oci/json.h"

#include <errno.h>
#include <stdio.h>

#define AT(type, member) .offset = offsetof(struct type, member)

static int digest_from_json(struct sv text, void *ret, struct err *e)
{
	return digest_parse(text, ret, e);
}

static const char *digest_to_json(const void *value, char scratch[128])
{
	const struct digest *d = value;

	if (!*d->hex)
		return NULL;
	(void)snprintf(scratch, 128, "sha256:%s", d->hex);
	return scratch;
}

static const struct json_codec digest_codec = { sizeof(struct digest), digest_from_json, digest_to_json };

/* ---- configuration ------------------------------------------------------------------------------------------ */

#define PROCESS_ROWS                                                      \
	{ "User", JSON_TEXT, 0, AT(image_config, user) },                 \
	{ "ExposedPorts", JSON_KEYS, 0, AT(image_config, exposed_ports) }, \
	{ "Env", JSON_TEXTS, 0, AT(image_config, env) },                  \
	{ "Entrypoint", JSON_TEXTS, 0, AT(image_config, entrypoint) },    \
	{ "Cmd", JSON_TEXTS, 0, AT(image_config, cmd) },                  \
	{ "Volumes", JSON_KEYS, 0, AT(image_config, volumes) },           \
	{ "WorkingDir", JSON_TEXT, 0, AT(image_config, working_dir) },    \
	{ "Labels", JSON_PAIRS, 0, AT(image_config, labels) },            \
	{ "StopSignal", JSON_TEXT, 0, AT(image_config, stop_signal) }

static const struct json_row process_rows[] = { PROCESS_ROWS };
static const struct json_table process_table = JSON_TABLE(process_rows, struct image_config);

static const struct json_row rootfs_rows[] = {
	{ "type", JSON_TEXT, 0, AT(image_config, rootfs_type) },
	{ "diff_ids", JSON_CODEDS, 0, AT(image_config, diff_ids), NULL, &digest_codec },
};
static const struct json_table rootfs_table = JSON_TABLE(rootfs_rows, struct image_config);

#define CONFIG_ROWS(process)                                         \
	{ "created", JSON_TEXT, 0, AT(image_config, created) },      \
	{ "author", JSON_TEXT, 0, AT(image_config, author) },        \
	{ "architecture", JSON_TEXT, 0, AT(image_config, architecture) }, \
	{ "os", JSON_TEXT, 0, AT(image_config, os) },                \
	{ "variant", JSON_TEXT, 0, AT(image_config, variant) },      \
	{ "config", JSON_OBJECT, 0, 0, process },                    \
	{ "rootfs", JSON_OBJECT, JSON_REQUIRED, 0, &rootfs_table }

static const struct json_row config_rows[] = { CONFIG_ROWS(&process_table) };
static const struct json_table config_table = JSON_TABLE(config_rows, struct image_config);

/* ---- the same with all that is known ------------------------------------------------------------------------ */

static const struct json_row health_rows[] = {
	{ "Test", JSON_TEXTS, 0, AT(image_health, test) },
	{ "Interval", JSON_I64, JSON_ZERO, AT(image_health, interval) },
	{ "Timeout", JSON_I64, JSON_ZERO, AT(image_health, timeout) },
	{ "StartPeriod", JSON_I64, JSON_ZERO, AT(image_health, start_period) },
	{ "StartInterval", JSON_I64, JSON_ZERO, AT(image_health, start_interval) },
	{ "Retries", JSON_I64, JSON_ZERO, AT(image_health, retries) },
};
static const struct json_table health_table = JSON_TABLE(health_rows, struct image_health);

static const struct json_row full_process_rows[] = {
	PROCESS_ROWS,
	{ "Healthcheck", JSON_OBJECT, 0, AT(image_full_config, health), &health_table },
	{ "Shell", JSON_TEXTS, 0, AT(image_full_config, shell) },
	{ "OnBuild", JSON_TEXTS, 0, AT(image_full_config, on_build) },
};
static const struct json_table full_process_table = JSON_TABLE(full_process_rows, struct image_full_config);

static const struct json_row history_rows[] = {
	{ "created", JSON_TEXT, 0, AT(image_history_row, created) },
	{ "created_by", JSON_TEXT, 0, AT(image_history_row, created_by) },
	{ "author", JSON_TEXT, 0, AT(image_history_row, author) },
	{ "comment", JSON_TEXT, 0, AT(image_history_row, comment) },
	{ "empty_layer", JSON_BOOL, 0, AT(image_history_row, empty_layer) },
};
static const struct json_table history_table = JSON_TABLE(history_rows, struct image_history_row);

static const struct json_row full_rows[] = {
	CONFIG_ROWS(&full_process_table),
	{ "history", JSON_OBJECTS, 0, AT(image_full_config, history), &history_table },
};
static const struct json_table full_table = JSON_TABLE(full_rows, struct image_full_config);

/* ---- manifest and index ------------------------------------------------------------------------------------- */

static const struct json_row platform_rows[] = {
	{ "architecture", JSON_TEXT, 0, AT(image_descriptor, architecture) },
	{ "os", JSON_TEXT, 0, AT(image_descriptor, os) },
	{ "variant", JSON_TEXT, 0, AT(image_descriptor, variant) },
};
static const struct json_table platform_table = JSON_TABLE(platform_rows, struct image_descriptor);

static const struct json_row descriptor_rows[] = {
	{ "mediaType", JSON_TEXT, JSON_REQUIRED, AT(image_descriptor, media_type) },
	{ "digest", JSON_CODED, JSON_REQUIRED, AT(image_descriptor, digest), NULL, &digest_codec },
	{ "size", JSON_COUNT, JSON_REQUIRED, AT(image_descriptor, size) },
	{ "annotations", JSON_PAIRS, 0, AT(image_descriptor, annotations) },
	{ "platform", JSON_OBJECT, 0, 0, &platform_table },
};
static const struct json_table descriptor_table = JSON_TABLE(descriptor_rows, struct image_descriptor);

static const struct json_row manifest_rows[] = {
	{ "schemaVersion", JSON_I64, JSON_REQUIRED, AT(image_manifest, schema_version) },
	{ "mediaType", JSON_TEXT, 0, AT(image_manifest, media_type) },
	{ "config", JSON_OBJECT, JSON_REQUIRED, AT(image_manifest, config), &descriptor_table },
	{ "layers", JSON_OBJECTS, JSON_REQUIRED, AT(image_manifest, layers), &descriptor_table },
};
static const struct json_table manifest_table = JSON_TABLE(manifest_rows, struct image_manifest);

static const struct json_row index_rows[] = {
	{ "schemaVersion", JSON_I64, JSON_REQUIRED, AT(image_index, schema_version) },
	{ "mediaType", JSON_TEXT, 0, AT(image_index, media_type) },
	{ "manifests", JSON_OBJECTS, JSON_REQUIRED, AT(image_index, manifests), &descriptor_table },
};
static const struct json_table index_table = JSON_TABLE(index_rows, struct image_index);

/* One of the two names of a document; image-spec leaves the field optional. */
static int check_type(const char *media_type, int64_t version, const char *oci, const char *docker, struct err *e)
{
	struct sv type = sv_from(media_type);

	if (version != 2)
		return err_set(e, EINVAL, "schemaVersion: %lld, only 2 is known", (long long)version);
	if (type.n && !sv_is(type, oci) && !sv_is(type, docker))
		return err_set(e, EINVAL, "mediaType: \"%.100s\" is neither %s nor %s", media_type, oci, docker);
	return 0;
}

int image_config_parse(struct sv json, struct arena *a, struct image_config *ret, struct err *e)
{
	struct image_config c;
	int r = json_decode(json, &config_table, a, &c, e);

	if (r < 0)
		return r;
	if (c.rootfs_type && !sv_is(sv_from(c.rootfs_type), "layers"))
		return err_set(e, EINVAL, "rootfs.type: \"%.40s\" is not layers", c.rootfs_type);
	*ret = c;
	return 0;
}

int image_config_print(const struct image_config *c, struct buf *out, struct err *e)
{
	return json_encode(&config_table, c, false, out, e);
}

int image_full_config_parse(struct sv json, struct arena *a, struct image_full_config *ret, struct err *e)
{
	struct image_full_config c;
	int r = json_decode(json, &full_table, a, &c, e);

	if (r == 0)
		*ret = c;
	return r;
}

int image_full_config_print(const struct image_full_config *c, struct buf *out, struct err *e)
{
	return json_encode(&full_table, c, false, out, e);
}

int image_manifest_print(const struct image_manifest *m, struct buf *out, struct err *e)
{
	return json_encode(&manifest_table, m, false, out, e);
}

int image_manifest_parse(struct sv json, struct arena *a, struct image_manifest *ret, struct err *e)
{
	struct image_manifest m;
	int r = json_decode(json, &manifest_table, a, &m, e);

	if (r == 0)
		r = check_type(m.media_type, m.schema_version, MEDIA_OCI_MANIFEST, MEDIA_DOCKER_MANIFEST, e);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

int image_index_parse(struct sv json, struct arena *a, struct image_index *ret, struct err *e)
{
	struct image_index i;
	int r = json_decode(json, &index_table, a, &i, e);

	if (r == 0)
		r = check_type(i.media_type, i.schema_version, MEDIA_OCI_INDEX, MEDIA_DOCKER_INDEX, e);
	if (r < 0)
		return r;
	*ret = i;
	return 0;
}
