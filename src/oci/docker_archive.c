/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/docker_archive.h"

#include "oci/json.h"

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct json_row image_rows[] = {
	{ "Config", JSON_TEXT, JSON_REQUIRED, AT(docker_archive_image, config) },
	{ "RepoTags", JSON_TEXTS, 0, AT(docker_archive_image, repo_tags) },
	{ "Layers", JSON_TEXTS, 0, AT(docker_archive_image, layers) },
};
static const struct json_table image_table = JSON_TABLE(image_rows, struct docker_archive_image);

static const struct json_row archive_rows[] = {
	{ "manifest", JSON_OBJECTS, JSON_REQUIRED, AT(docker_archive, images), &image_table },
};
static const struct json_table archive_table = JSON_TABLE(archive_rows, struct docker_archive);

/* The document is a list, and a table describes an object: it becomes the one field of one. */
int docker_archive_parse(struct sv json, struct arena *a, struct docker_archive *ret, struct err *e)
{
	char *text = arena_fmt(a, "{\"manifest\":" SV_FMT "}", SV_ARG(json));

	if (!text)
		return err_oom(e);
	return json_decode(sv_from(text), &archive_table, a, ret, e);
}
