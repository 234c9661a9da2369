/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has of its image: `docker inspect` shows it in Config, as if it had been asked for. */
#include "report/inspect_priv.h"

#include "base/scope.h"

#include <json-c/json.h>
#include <string.h>

static struct sv key_of(const char *entry)
{
	struct sv key, value;

	(void)sv_cut(sv_from(entry), '=', &key, &value);
	return key;
}

static bool has_variable(const struct oci_strings *env, const char *entry)
{
	for (size_t i = 0; i < env->n; i++)
		if (sv_eq(key_of(env->v[i]), key_of(entry)))
			return true;
	return false;
}

/* Docker's order: what was asked for, then the image's own. */
static void merge_env(struct json_object *config, const struct oci_strings *asked, const struct oci_strings *image)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < asked->n; i++)
		json_object_array_add(list, json_object_new_string(asked->v[i]));
	for (size_t i = 0; i < image->n; i++)
		if (!has_variable(asked, image->v[i]))
			json_object_array_add(list, json_object_new_string(image->v[i]));
	json_object_object_add(config, "Env", list);
}

static void merge_labels(struct json_object *config, const struct oci_pairs *asked, const struct oci_pairs *image)
{
	struct json_object *map = json_object_new_object();

	for (size_t i = 0; i < image->n; i++)
		json_object_object_add(map, image->v[i].key, json_object_new_string(image->v[i].value));
	for (size_t i = 0; i < asked->n; i++)
		json_object_object_add(map, asked->v[i].key, json_object_new_string(asked->v[i].value));
	json_object_object_add(config, "Labels", map);
}

static void put_default(struct json_object *config, const char *key, const char *asked, const char *image)
{
	if ((!asked || !*asked) && image && *image)
		json_object_object_add(config, key, json_object_new_string(image));
}

static void put_keys(struct json_object *config, const char *key, const struct oci_strings *keys)
{
	struct json_object *map = json_object_new_object();

	for (size_t i = 0; i < keys->n; i++)
		json_object_object_add(map, keys->v[i], json_object_new_object());
	json_object_object_add(config, key, keys->n ? map : NULL);
	if (!keys->n)
		json_object_put(map);
}

void inspect_merge_image(struct json_object *config, const struct container_config *c, const struct image_config *image)
{
	merge_env(config, &c->env, &image->env);
	merge_labels(config, &c->labels, &image->labels);
	put_default(config, "User", c->user, image->user);
	put_default(config, "WorkingDir", c->workdir, image->working_dir);
	put_default(config, "StopSignal", c->stop_signal, image->stop_signal);
	put_keys(config, "Volumes", &image->volumes);
	if (image->exposed_ports.n)
		put_keys(config, "ExposedPorts", &image->exposed_ports);
}

/* ---- HostConfig.SecurityOpt --------------------------------------------------------------------------------- */

static void add_word(struct json_object *list, const char *name, const char *value)
{
	scoped_buf text = BUF(LIMIT_SECCOMP_PROFILE + 64);

	buf_puts(&text, name);
	buf_puts(&text, value);
	json_object_array_add(list, json_object_new_string_len(text.p ? text.p : "", (int)text.len));
}

void inspect_put_security(struct json_object *host_config, const struct container_config *c)
{
	struct json_object *list = json_object_new_array();

	if (c->seccomp)
		add_word(list, "seccomp=", c->seccomp);
	if (c->no_new_privileges)
		add_word(list, "no-new-privileges", "");
	if (c->systempaths_unconfined)
		add_word(list, "systempaths=unconfined", "");
	if (c->writable_cgroups)
		add_word(list, "writable-cgroups=true", "");
	if (c->apparmor_profile)
		add_word(list, "apparmor=", c->apparmor_profile);
	if (json_object_array_length(list)) {
		json_object_object_add(host_config, "SecurityOpt", list);
		return;
	}
	json_object_object_add(host_config, "SecurityOpt", NULL);
	json_object_put(list);
}
