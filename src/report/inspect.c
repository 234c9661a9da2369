/* SPDX-License-Identifier: Apache-2.0 */
#include "report/inspect.h"

#include "base/clock.h"
#include "base/scope.h"
#include "engine/images.h"
#include "report/inspect_priv.h"
#include "oci/list.h"
#include "records/volume_rows.h"
#include "monitor/oom.h"
#include "storage/usage.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

void inspector_init(struct inspector *in, struct engine *en, struct arena *a)
{
	*in = (struct inspector){ .en = en, .a = a };
}

/* ---- view --------------------------------------------------------------------------------------------------- */

/* An image that is gone leaves its defaults unknown, and that is no reason not to show the container. */
static int read_image(struct inspector *in, const char *id, struct err *e)
{
	struct image_row image;
	struct db *db;
	int r;

	if (in->image_id && id && strcmp(in->image_id, id) == 0)
		return 0;
	in->image = (struct image_config){ .user = NULL };
	in->image_id = NULL;
	if (!id)
		return 0;
	r = engine_db(in->en, &db, e);
	if (r == 0)
		r = images_get(db, id, in->a, &image, e);
	if (r == 0)
		r = image_config_parse(image.config, in->a, &in->image, e);
	if (r == 0) {
		in->image_id = id;
		in->image_bytes = image.size_bytes;
	}
	return r == -ENOENT ? 0 : r;
}

static void set_command(const struct inspector *in, struct container_view *v)
{
	const struct container_config *c = &v->config;

	v->entrypoint = c->entrypoint_set ? c->entrypoint : in->image.entrypoint;
	v->command = c->command.n || c->entrypoint_set ? c->command : in->image.cmd;
	if (v->entrypoint.n == 1 && !*v->entrypoint.v[0])
		v->entrypoint = (struct oci_strings){ 0 };
}

int inspector_view_of(struct inspector *in, const struct container_row *row, const struct container_state *state,
		      struct container_view *ret, struct err *e)
{
	struct container_view v = { .row = *row, .state = *state };
	struct db *db;
	int r = row->config ? 0 : engine_db(in->en, &db, e);

	if (r == 0 && !row->config)
		r = containers_config(db, row->id, in->a, &v.row.config, e);
	if (r == 0)
		r = config_parse(sv_from(v.row.config), in->a, &v.config, e);
	if (r == 0)
		r = read_image(in, row->image_id, e);
	if (r < 0)
		return r == -ENOENT ? r : err_wrap(e, r, "container %s", row->name);
	set_command(in, &v);
	*ret = v;
	return 0;
}

int inspector_view(struct inspector *in, const struct container_row *row, struct container_view *ret, struct err *e)
{
	struct container_state state;
	int r = container_look(in->en, row, &state, e);

	return r < 0 ? r : inspector_view_of(in, row, &state, ret, e);
}

int inspector_size(struct inspector *in, const struct container_row *row, int64_t *ret_own, int64_t *ret_root,
		   struct err *e)
{
	char upper[ID_LEN + sizeof "/upper"];
	int64_t own = 0;
	int r = read_image(in, row->image_id, e);

	(void)snprintf(upper, sizeof upper, "%s/upper", row->id);
	if (r == 0 && row->image_id)
		r = usage_count(in->en->containers, upper, &own, e);
	if (r < 0)
		return r;
	*ret_own = own;
	*ret_root = own + (row->image_id ? in->image_bytes : 0);
	return 0;
}

/* ---- document ----------------------------------------------------------------------------------------------- */

static void put_text(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value ? value : ""));
}

static void put_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static void put_number(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

static void put_time(struct json_object *o, const char *key, int64_t real_ns)
{
	char text[RFC3339_SIZE];

	put_text(o, key, clock_rfc3339(real_ns, text));
}

static struct json_object *strings(const struct oci_strings *a, size_t from)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = from; i < a->n; i++)
		json_object_array_add(list, json_object_new_string(a->v[i]));
	return list;
}

/* NULL for none, as Docker prints an Entrypoint that is not there */
static struct json_object *strings_or_null(const struct oci_strings *a)
{
	return a->n ? strings(a, 0) : NULL;
}

static struct json_object *state(const struct container_state *s)
{
	const struct outcome *out = &s->outcome;
	struct json_object *o = json_object_new_object();
	bool waits = s->status == CONTAINER_RESTARTING, lives = container_is_active(s->status) && !waits;

	put_text(o, "Status", container_status_name(s->status));
	put_bool(o, "Running", lives || waits);
	put_bool(o, "Paused", s->status == CONTAINER_PAUSED);
	put_bool(o, "Restarting", waits);
	put_bool(o, "OOMKilled", out->oom_killed);
	put_bool(o, "Dead", s->status == CONTAINER_DEAD);
	put_number(o, "Pid", lives ? out->pid : 0);
	put_number(o, "ExitCode", lives ? 0 : out->exit_code);
	put_text(o, "Error", out->error);
	put_time(o, "StartedAt", out->started_ns);
	put_time(o, "FinishedAt", out->finished_ns);
	return o;
}

/* What config_print() leaves out because it was not asked for, but `docker inspect` shows. */
static const struct {
	const char *section, *key, *json;
} defaults[] = {
	{ "Config", "Hostname", "\"\"" },
	{ "Config", "Domainname", "\"\"" },
	{ "Config", "User", "\"\"" },
	{ "Config", "Env", "null" },
	{ "Config", "WorkingDir", "\"\"" },
	{ "Config", "Labels", "{}" },
	{ "HostConfig", "Binds", "null" },
	{ "HostConfig", "ContainerIDFile", "\"\"" },
	{ "HostConfig", "LogConfig", "{\"Type\":\"json-file\",\"Config\":{}}" },
	{ "HostConfig", "NetworkMode", "\"none\"" },
	{ "HostConfig", "VolumesFrom", "null" },
	{ "HostConfig", "CapAdd", "null" },
	{ "HostConfig", "CapDrop", "null" },
	{ "HostConfig", "CgroupnsMode", "\"private\"" },
	{ "HostConfig", "GroupAdd", "null" },
	{ "HostConfig", "IpcMode", "\"private\"" },
	{ "HostConfig", "PidMode", "\"\"" },
	{ "HostConfig", "UTSMode", "\"\"" },
	{ "HostConfig", "UsernsMode", "\"\"" },
	{ "HostConfig", "CgroupParent", "\"\"" },
	{ "HostConfig", "BlkioWeightDevice", "[]" },
	{ "HostConfig", "BlkioDeviceReadBps", "[]" },
	{ "HostConfig", "BlkioDeviceWriteBps", "[]" },
	{ "HostConfig", "BlkioDeviceReadIOps", "[]" },
	{ "HostConfig", "BlkioDeviceWriteIOps", "[]" },
	{ "HostConfig", "CpusetCpus", "\"\"" },
	{ "HostConfig", "CpusetMems", "\"\"" },
	{ "HostConfig", "Devices", "[]" },
	{ "HostConfig", "DeviceCgroupRules", "null" },
	{ "HostConfig", "MemorySwappiness", "null" },
	{ "HostConfig", "OomKillDisable", "null" },
	{ "HostConfig", "PidsLimit", "null" },
	{ "HostConfig", "Ulimits", "[]" },
};

static struct json_object *section(struct json_object *config, const char *name)
{
	struct json_object *o;

	if (!json_object_object_get_ex(config, name, &o)) {
		o = json_object_new_object();
		json_object_object_add(config, name, o);
	}
	return o;
}

#define SHM_SIZE (64 << 20) /* Docker's, when none is asked for */

static void fill_defaults(struct json_object *config)
{
	struct json_object *log;

	for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
		struct json_object *o = section(config, defaults[i].section);

		if (!json_object_object_get_ex(o, defaults[i].key, NULL))
			json_object_object_add(o, defaults[i].key, json_tokener_parse(defaults[i].json));
	}
	log = section(section(config, "HostConfig"), "LogConfig"); /* one half may be asked for */
	if (!json_object_object_get_ex(log, "Type", NULL))
		put_text(log, "Type", "json-file");
	(void)section(log, "Config");
}

static void fill_config(struct json_object *config, const struct container_view *v, const struct image_config *image,
			struct arena *a)
{
	struct json_object *c = section(config, "Config");

	fill_defaults(config);
	inspect_merge_image(c, &v->config, image);
	inspect_put_security(section(config, "HostConfig"), &v->config);
	inspect_put_ports(section(config, "HostConfig"), c, &v->config, a);
	json_object_object_add(c, "Cmd", strings_or_null(&v->command));
	json_object_object_add(c, "Entrypoint", strings_or_null(&v->entrypoint));
	if (!v->config.shm_size)
		put_number(section(config, "HostConfig"), "ShmSize", SHM_SIZE);
	if (!v->config.hostname)
		json_object_object_add(c, "Hostname", json_object_new_string_len(v->row.id, ID_SHORT));
	put_text(section(config, "Tare"), "Cgroup", v->row.cgroup);
}

/* What the OOM killer did in this life; null: nothing. */
static struct json_object *oom(const struct outcome *out)
{
	struct json_object *o = out->oom_killed ? json_object_new_object() : NULL, *victim;

	if (!o)
		return NULL;
	victim = out->oom_victim_pid ? json_object_new_object() : NULL;
	put_number(o, "Kills", out->oom_kills);
	put_text(o, "Owner", out->oom_owner);
	put_number(o, "Limit", out->oom_limit_bytes);
	if (victim) {
		put_text(victim, "Name", out->oom_victim);
		put_number(victim, "Pid", out->oom_victim_pid);
	}
	json_object_object_add(o, "Victim", victim);
	return o;
}

/* The monitor tells it at the end; until then the kernel is asked. One that waits to run again has had an end: its next group
 * counts from zero. */
static void look_for_oom(struct inspector *in, const struct container_view *v, struct outcome *out)
{
	bool lives = v->state.status == CONTAINER_RUNNING || v->state.status == CONTAINER_PAUSED;
	const struct cgroup_layout *l;

	if (lives && !cgroup_is_none(v->row.cgroup) && engine_layout(in->en, &l, NULL) == 0)
		oom_look(in->en->host, l, v->row.cgroup, false, out);
}

static const struct mount_config *find_mount(const struct container_config *c, const char *target)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (strcmp(c->mounts.v[i].target, target) == 0)
			return &c->mounts.v[i];
	return NULL;
}

static struct json_object *volume(const struct inspector *in, const struct container_config *c,
				  const struct volume_use *use)
{
	const struct mount_config *m = find_mount(c, use->target);
	struct json_object *o = json_object_new_object();

	put_text(o, "Type", "volume");
	put_text(o, "Name", use->name);
	put_text(o, "Source", arena_fmt(in->a, "%s/volumes/%s/_data", in->en->root_path, use->name));
	put_text(o, "Destination", use->target);
	put_text(o, "Driver", "local");
	put_text(o, "Mode", "");
	put_bool(o, "RW", !m || !m->readonly);
	put_text(o, "Propagation", "");
	return o;
}

static struct json_object *mount(const struct mount_config *m)
{
	bool is_bind = m->type == MOUNT_BIND;
	struct json_object *o = json_object_new_object();

	put_text(o, "Type", is_bind ? "bind" : "tmpfs");
	put_text(o, "Source", is_bind ? m->source : "");
	put_text(o, "Destination", m->target);
	put_text(o, "Mode", "");
	put_bool(o, "RW", !m->readonly);
	put_text(o, "Propagation", is_bind && !m->propagation ? "rprivate" : m->propagation);
	return o;
}

/* Volumes as they stand in the database: those of the image, and the names of those that were given none. */
static int put_mounts(struct inspector *in, const struct container_view *v, struct json_object *o, struct err *e)
{
	struct json_object *list = json_object_new_array();
	struct volume_uses uses = { 0 };
	struct db *db;
	int r = engine_db(in->en, &db, e);

	if (r == 0)
		r = volume_rows_of(db, v->row.id, in->a, &uses, e);
	for (size_t i = 0; i < v->config.mounts.n; i++)
		if (v->config.mounts.v[i].type != MOUNT_VOLUME)
			json_object_array_add(list, mount(&v->config.mounts.v[i]));
	for (size_t i = 0; i < uses.n; i++)
		json_object_array_add(list, volume(in, &v->config, &uses.v[i]));
	json_object_object_add(o, "Mounts", list);
	return r;
}

/* ---- where its files are ---------------------------------------------------------------------------------------- */

static void put_path(struct inspector *in, struct json_object *o, const char *key, const char *id, const char *file)
{
	put_text(o, key, arena_fmt(in->a, "%s/containers/%s/%s", in->en->root_path, id, file));
}

static void put_files(struct inspector *in, const struct container_view *v, struct json_object *o)
{
	bool logs = !v->config.log_driver || strcmp(v->config.log_driver, "json-file") == 0;

	put_path(in, o, "ResolvConfPath", v->row.id, "resolv.conf");
	put_path(in, o, "HostnamePath", v->row.id, "hostname");
	put_path(in, o, "HostsPath", v->row.id, "hosts");
	if (logs)
		put_path(in, o, "LogPath", v->row.id, arena_fmt(in->a, "%s-json.log", v->row.id));
	else
		put_text(o, "LogPath", "");
}

static int put_layers(struct inspector *in, const struct container_view *v, struct json_object *o, struct err *e)
{
	struct json_object *driver = json_object_new_object(), *data = json_object_new_object();
	struct image_numbers layers = { 0 };
	const char *lower = "";
	struct db *db;
	int r = engine_db(in->en, &db, e);

	json_object_object_add(o, "GraphDriver", driver);
	put_text(driver, "Name", "overlay");
	json_object_object_add(driver, "Data", data);
	if (r == 0)
		r = images_layers(db, v->row.image_id, in->a, &layers, e);
	for (size_t i = layers.n; i > 0 && lower; i--) /* the topmost first, as overlayfs takes them */
		lower = arena_fmt(in->a, "%s%s%s/layers/%u", lower, *lower ? ":" : "", in->en->root_path,
				  layers.v[i - 1]);
	put_text(data, "LowerDir", lower);
	put_path(in, data, "UpperDir", v->row.id, "upper");
	put_path(in, data, "WorkDir", v->row.id, "work");
	return r == -ENOENT ? 0 : r;
}

static int put_sizes(struct inspector *in, const struct container_view *v, struct json_object *o, struct err *e)
{
	int64_t own, root;
	int r = inspector_size(in, &v->row, &own, &root, e);

	if (r < 0)
		return r;
	put_number(o, "SizeRw", own);
	put_number(o, "SizeRootFs", root);
	return 0;
}

/* Moves a section of the configuration into the document. */
static void put_section(struct json_object *o, struct json_object *config, const char *name)
{
	json_object_object_add(o, name, json_object_get(section(config, name)));
}

static struct json_object *arguments(const struct container_view *v)
{
	const struct oci_strings *first = v->entrypoint.n ? &v->entrypoint : &v->command;
	struct json_object *args = strings(first, 1);

	for (size_t i = 0; v->entrypoint.n && i < v->command.n; i++)
		json_object_array_add(args, json_object_new_string(v->command.v[i]));
	return args;
}

static void put_head(struct inspector *in, const struct container_view *v, const struct container_state *now,
		     struct json_object *o)
{
	const struct oci_strings *first = v->entrypoint.n ? &v->entrypoint : &v->command;

	put_text(o, "Id", v->row.id);
	put_time(o, "Created", v->row.created_ns);
	put_text(o, "Path", first->n ? first->v[0] : "");
	json_object_object_add(o, "Args", arguments(v));
	json_object_object_add(o, "State", state(now));
	put_text(o, "Image", v->row.image_id ? arena_fmt(in->a, "sha256:%s", v->row.image_id) : "");
	put_files(in, v, o);
	put_text(o, "Name", arena_fmt(in->a, "/%s", v->row.name));
	put_number(o, "RestartCount", now->outcome.restart_count);
	put_text(o, "Driver", v->row.image_id ? "overlay" : "");
	put_text(o, "Platform", "linux");
}

/* The name of the row is the one that counts: it may have another one by now than at its creation. */
static void fill_own(struct json_object *config, const struct outcome *out)
{
	struct json_object *own = section(config, "Tare");

	json_object_object_del(own, "Name");
	put_bool(own, "StoppedByUser", out->stopped_by_user);
	json_object_object_add(own, "OOM", oom(out));
}

int inspector_document(struct inspector *in, const struct container_view *v, bool sizes, struct document **ret,
		       struct err *e)
{
	struct document *parsed;
	int r = document_parse(sv_from(v->row.config), &parsed, e);
	struct json_object *config = r < 0 ? NULL : (struct json_object *)parsed, *o;
	struct container_state now = v->state;

	if (r < 0)
		return err_wrap(e, r, "container %s", v->row.name);
	o = json_object_new_object();
	look_for_oom(in, v, &now.outcome);
	fill_config(config, v, &in->image, in->a);
	fill_own(config, &now.outcome);
	put_head(in, v, &now, o);
	r = inspect_put_execs(in->en, v, in->a, o, section(config, "Tare"), e);
	put_section(o, config, "HostConfig");
	if (r == 0 && v->row.image_id)
		r = put_layers(in, v, o, e);
	if (r == 0 && sizes)
		r = put_sizes(in, v, o, e);
	if (r == 0)
		r = put_mounts(in, v, o, e);
	put_section(o, config, "Config");
	if (r == 0)
		r = inspect_put_network(in->en, v, in->a, o, e);
	put_section(o, config, "Tare");
	json_object_put(config);
	if (r < 0)
		json_object_put(o);
	else
		*ret = (struct document *)o;
	return r;
}
