/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_inspect.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/image_spec.h"
#include "oci/reference.h"
#include "storage/content.h"

#include <json-c/json.h>
#include <string.h>

static void put_text(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value ? value : ""));
}

/* A text of the config, left out when it is not there or empty; or with `empty` instead. */
static void put_config_text(struct json_object *o, const char *key, const struct json_object *config, const char *from,
			    const char *empty)
{
	struct json_object *value;
	const char *text = json_object_object_get_ex(config, from, &value) ? json_object_get_string(value) : NULL;

	if (!text || !*text)
		text = empty;
	if (text)
		put_text(o, key, text);
}

static void put_digest(struct json_object *list, const char *before, const char *hex, struct arena *a)
{
	const char *text = arena_fmt(a, "%ssha256:%s", before, hex);

	json_object_array_add(list, json_object_new_string(text ? text : ""));
}

/* Names with tags; and each repository with the manifest's digest, once (names are sorted). */
static int put_names(struct json_object *o, const struct image_row *row, const struct oci_strings *names,
		     struct arena *a, struct err *e)
{
	struct json_object *tags = json_object_new_array(), *digests = json_object_new_array();
	char text[REFERENCE_SIZE], repository[REFERENCE_SIZE + 1], last[REFERENCE_SIZE + 1] = "";
	struct reference ref;
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		r = reference_parse(sv_from(names->v[i]), &ref, e);
		if (r == 0 && ref.tag[0])
			json_object_array_add(tags, json_object_new_string(reference_print_familiar(&ref, text)));
		ref.tag[0] = ref.digest.hex[0] = '\0';
		(void)snprintf(repository, sizeof repository, "%s@", reference_print_familiar(&ref, text));
		if (r == 0 && row->digest && strcmp(repository, last) != 0)
			put_digest(digests, repository, row->digest, a);
		memcpy(last, repository, sizeof last);
	}
	json_object_object_add(o, "RepoTags", tags);
	json_object_object_add(o, "RepoDigests", digests);
	return r;
}

static struct json_object *root_fs(const struct image_config *config, struct arena *a)
{
	struct json_object *o = json_object_new_object(), *layers = json_object_new_array();

	put_text(o, "Type", "layers");
	for (size_t i = 0; i < config->diff_ids.n; i++)
		put_digest(layers, "", config->diff_ids.v[i].hex, a);
	json_object_object_add(o, "Layers", layers);
	return o;
}

static int put_driver(struct json_object *o, struct engine *en, struct db *db, const struct image_row *row,
		      struct arena *a, struct err *e)
{
	struct json_object *driver = json_object_new_object(), *data = json_object_new_object();
	struct image_numbers layers = { 0 };
	const char *lower = "";
	int r = images_layers(db, row->id, a, &layers, e);

	for (size_t i = layers.n; lower && i-- > 0;)
		lower = arena_fmt(a, "%s%s%s/layers/%u", lower, *lower ? ":" : "", en->root_path, layers.v[i]);
	put_text(data, "LowerDir", lower ? lower : "");
	json_object_object_add(driver, "Data", data);
	put_text(driver, "Name", "overlay");
	json_object_object_add(o, "GraphDriver", driver);
	return r;
}

/* The manifest as it was loaded: kind and size are those of the stored blob; a blob that is lost has none. */
static void describe(struct json_object *descriptor, int content, const char *hex, struct arena *a)
{
	scoped_buf text = BUF(LIMIT_MANIFEST);
	struct image_manifest m;
	scoped_fd blob = -1;
	struct digest d;
	int64_t size;

	(void)sv_copy(sv_from(hex), d.hex, sizeof d.hex);
	if (blob_open(content, &d, &blob, &size, NULL) < 0 || io_read_fd(blob, &text, NULL) < 0 ||
	    image_manifest_parse(buf_sv(&text), a, &m, NULL) < 0)
		return;
	put_text(descriptor, "mediaType", m.media_type ? m.media_type : MEDIA_OCI_MANIFEST);
	json_object_object_add(descriptor, "size", json_object_new_int64(size));
}

static int put_descriptor(struct json_object *o, struct engine *en, const struct image_row *row, struct arena *a,
			  struct err *e)
{
	struct json_object *descriptor = json_object_new_object();
	scoped_fd content = -1;
	int r = content_open(en->root, &content, e);

	json_object_object_add(o, "Descriptor", descriptor);
	if (r < 0 || !row->digest)
		return r;
	describe(descriptor, content, row->digest, a);
	put_text(descriptor, "digest", arena_fmt(a, "sha256:%s", row->digest));
	return 0;
}

static int fill(struct json_object *o, struct engine *en, const struct image_row *row, struct json_object *raw,
		struct arena *a, struct err *e)
{
	struct json_object *process;
	struct oci_strings names;
	struct image_config config;
	struct db *db;
	int r = image_config_parse(row->config, a, &config, e);

	if (r == 0)
		r = engine_db(en, &db, e);
	if (r == 0)
		r = images_refs(db, row->id, a, &names, e);
	if (r < 0)
		return r;
	put_text(o, "Id", arena_fmt(a, "sha256:%s", row->id));
	r = put_names(o, row, &names, a, e);
	put_config_text(o, "Comment", raw, "comment", NULL);
	put_config_text(o, "Created", raw, "created", "0001-01-01T00:00:00Z");
	put_config_text(o, "Author", raw, "author", NULL);
	if (!json_object_object_get_ex(raw, "config", &process) || !process)
		process = NULL;
	json_object_object_add(o, "Config", process ? json_object_get(process) : json_object_new_object());
	put_config_text(o, "Architecture", raw, "architecture", "");
	put_config_text(o, "Variant", raw, "variant", NULL);
	put_config_text(o, "Os", raw, "os", "");
	json_object_object_add(o, "Size", json_object_new_int64(row->size_bytes));
	if (r == 0)
		r = put_driver(o, en, db, row, a, e);
	json_object_object_add(o, "RootFS", root_fs(&config, a));
	return r < 0 ? r : put_descriptor(o, en, row, a, e);
}

int image_document(struct engine *en, const struct image_row *row, struct arena *a, struct document **ret,
		   struct err *e)
{
	struct document *raw;
	struct json_object *o;
	int r = document_parse(row->config, &raw, e);

	if (r < 0)
		return err_wrap(e, r, "image %.12s", row->id);
	o = json_object_new_object();
	r = fill(o, en, row, (struct json_object *)raw, a, e);
	document_free(raw);
	if (r < 0) {
		json_object_put(o);
		return err_wrap(e, r, "image %.12s", row->id);
	}
	*ret = (struct document *)o;
	return 0;
}
