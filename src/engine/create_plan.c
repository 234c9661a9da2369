/* SPDX-License-Identifier: Apache-2.0 */
/* What a container is going to be: image, user, devices and volumes are looked up, charter and runtime-spec are made.
 * Nothing here makes anything (but an image that comes with tare, which is unpacked when it is first asked for). */
#include "engine/create_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/cni.h"
#include "engine/kube_plain.h"
#include "engine/launch.h"
#include "oci/list.h"
#include "engine/programs.h"
#include "engine/settings.h"
#include "engine/units.h"
#include "spec/user.h"
#include "oci/reference.h"
#include "storage/init_layer.h"
#include "storage/layers.h"
#include "storage/rootview.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

/* ---- image ------------------------------------------------------------------------------------------------------ */

#define EXIT_NO_SUCH_IMAGE 2 /* of tare-image */

static const char *with_tag(const char *text, char ret[REFERENCE_SIZE])
{
	struct reference named;

	if (reference_parse(sv_from(text), &named, NULL) < 0)
		return text;
	reference_default_tag(&named);
	return reference_print_familiar(&named, ret);
}

/* Its one line of error without its name in front. */
static int image_error(int fd, const char *reference, bool was_there, struct err *e)
{
	static const char name[] = "tare-image: ";
	scoped_buf b = BUF(sizeof e->msg);
	char full[REFERENCE_SIZE];
	struct sv text, rest;

	(void)io_read_fd(fd, &b, NULL);
	sv_cut(buf_sv(&b), '\n', &text, &rest);
	if (sv_has_prefix(text, name))
		text = (struct sv){ text.p + strlen(name), text.n - strlen(name) };
	if (was_there)
		return err_set(e, EIO, "image '%s'%s" SV_FMT, reference, text.n ? ": " : "", SV_ARG(text));
	return err_set(e, EIO, "Unable to find image '%s' locally%s" SV_FMT, with_tag(reference, full),
		       text.n ? ": " : "", SV_ARG(text));
}

/* What it tells of a pull is for whoever waits for the container: that is not the container's own output. */
static int spawn_image(char *const argv[], const char *path, int stderr_fd, pid_t *ret, struct err *e)
{
	posix_spawn_file_actions_t actions;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, stderr_fd, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn(ret, path, &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0 : err_set(e, r, "start %s: %s", path, strerror(r));
}

static bool is_policy(const struct creation *cr, const char *policy)
{
	return cr->config->pull_policy && strcmp(cr->config->pull_policy, policy) == 0;
}

/* A plan fetches nothing. */
static size_t image_words(const struct creation *cr, const char *restore, const char *argv[12])
{
	bool local = cr->plan_only || is_policy(cr, "never");
	size_t n = 0;

	argv[n++] = "tare-image";
	argv[n++] = "--root";
	argv[n++] = cr->en->root_path;
	argv[n++] = "--state";
	argv[n++] = cr->en->state_path;
	if (cr->en->settings_path) {
		argv[n++] = "--config";
		argv[n++] = cr->en->settings_path;
	}
	if (restore) {
		argv[n++] = "restore";
		argv[n++] = restore;
		argv[n] = NULL;
		return n;
	}
	argv[n++] = local ? "load-embedded" : "provide";
	if (!local && cr->config->pull_quiet)
		argv[n++] = "--quiet";
	if (!local && is_policy(cr, "always"))
		argv[n++] = "--always";
	argv[n++] = cr->config->image;
	argv[n] = NULL;
	return n;
}

/* The slow program does what needs libcurl, libarchive and libcrypto; it records the image itself. */
static int provide_image(struct creation *cr, const char *restore, struct err *e)
{
	const char *argv[12], *reference = cr->config->image;
	char path[PATH_MAX], full[REFERENCE_SIZE];
	scoped_fd ours = -1, theirs = -1;
	int r = programs_find("tare-image", path, e), pair[2], status;
	pid_t pid;

	(void)image_words(cr, restore, argv);
	if (r < 0)
		return r;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	ours = pair[0];
	theirs = pair[1];
	r = spawn_image((char *const *)argv, path, theirs, &pid, e);
	if (r < 0)
		return r;
	close(fd_take(&theirs));
	r = image_error(ours, reference, restore || is_policy(cr, "always"), e);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for %s", path);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_SUCH_IMAGE)
		return err_set(e, ENOENT, "Unable to find image '%s' locally", with_tag(reference, full));
	return r;
}

/* Between two looks at the database or the disk `rmi` may have been there. */
static int just_removed(const struct creation *cr, int r, struct err *e)
{
	if (r != -ENOENT)
		return r;
	return err_wrap(e, r, "No such image: %s: it was just removed, or is damaged", cr->config->image);
}

/* When the machine went down it was not known that all of it is on the disk. */
static bool is_lost(const struct creation *cr)
{
	return cr->layers.unsynced && strcmp(cr->layers.unsynced, cr->en->boot_id) != 0;
}

static int read_image(struct creation *cr, struct db *db, struct err *e)
{
	int r = images_layers(db, cr->image.id, cr->a, &cr->layers, e);

	if (r == 0 && is_lost(cr) && !cr->plan_only) {
		r = provide_image(cr, cr->image.id, e);
		if (r == 0)
			r = images_layers(db, cr->image.id, cr->a, &cr->layers, e);
		if (r == 0 && is_lost(cr))
			r = err_set(e, EIO, "image %.12s: a layer may be damaged since the machine went down",
				    cr->image.id);
	}
	return r < 0 ? just_removed(cr, r, e) : image_config_parse(cr->image.config, cr->a, &cr->image_config, e);
}

/* Not there, or not to be taken as it is there. */
static int find_elsewhere(struct creation *cr, struct db *db, struct err *e)
{
	struct reference name;
	int r = reference_parse(sv_from(cr->config->image), &name, e);

	if (r == 0)
		r = provide_image(cr, NULL, e);
	return r == 0 ? images_find(db, sv_from(cr->config->image), cr->a, &cr->image, e) : r;
}

static int find_image(struct creation *cr, struct err *e)
{
	struct err missing = { 0 };
	struct db *db;
	int r;

	if (!cr->en)
		return err_set(e, EINVAL, "an image needs the data root; without it only --rootfs can be planned");
	r = engine_db(cr->en, &db, e);
	if (r < 0)
		return r;
	if (is_policy(cr, "always") && !cr->plan_only) {
		r = find_elsewhere(cr, db, e);
		return r < 0 ? r : read_image(cr, db, e);
	}
	r = images_find(db, sv_from(cr->config->image), cr->a, &cr->image, &missing);
	if (r == -ENOENT)
		r = find_elsewhere(cr, db, e);
	else if (r < 0 && e)
		*e = missing;
	return r < 0 ? r : read_image(cr, db, e);
}

int creation_fetch_image(struct engine *en, struct container_config *c, struct arena *a, struct err *e)
{
	struct creation cr = { .en = en, .config = c, .a = a, .lock = LOCK_NONE };

	return find_image(&cr, e);
}

/* The image that it was made from, whatever its name stands for today, and though it may be force-removed. */
static int find_image_again(struct creation *cr, struct err *e)
{
	struct db *db;
	int r = engine_db(cr->en, &db, e);

	if (r == 0)
		r = images_get(db, cr->row->image_id, cr->a, &cr->image, e);
	return r < 0 ? r : read_image(cr, db, e);
}

/* ---- look-ups in the root file system ----------------------------------------------------------------------------- */

static int open_view(struct creation *cr, int *ret, struct err *e)
{
	scoped_fd layers = -1;
	int r;

	if (!cr->config->image) {
		*ret = open(cr->config->rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return *ret < 0 ? err_sys(e, "--rootfs %s", cr->config->rootfs) : 0;
	}
	r = layers_open(cr->en->root, &layers, e);
	return r < 0 ? r : just_removed(cr, rootview_open(layers, cr->layers.v, cr->layers.n, ret, e), e);
}

static int find_user(struct creation *cr, struct err *e)
{
	const char *want = cr->config->user ? cr->config->user : cr->image_config.user;
	scoped_buf passwd = BUF(LIMIT_PASSWD), group = BUF(LIMIT_PASSWD);
	scoped_fd view = -1;
	struct user u;
	int r = open_view(cr, &view, e);

	if (r == 0)
		r = rootview_read_optional(view, "etc/passwd", &passwd, e);
	if (r == 0)
		r = rootview_read_optional(view, "etc/group", &group, e);
	if (r < 0)
		return r;
	r = user_find(sv_from(want), buf_sv(&passwd), buf_sv(&group), cr->a, &u, e);
	if (r < 0)
		return err_wrap(e, r, cr->config->user ? "--user %s" : "user %s of the image", want ? want : "");
	if (cr->config->groups_strict)
		u.groups.n = 1; /* the primary one comes first */
	r = user_add_groups(&u, &cr->config->group_add, buf_sv(&group), cr->a, e);
	if (r < 0)
		return err_wrap(e, r, "--group-add");
	cr->inputs.uid = u.uid;
	cr->inputs.gid = u.gid;
	cr->inputs.groups.v = u.groups.v;
	cr->inputs.groups.n = u.groups.n;
	cr->inputs.home = u.home;
	return 0;
}

/* ---- the charter ---------------------------------------------------------------------------------------------------- */

static int charter_root(struct creation *cr, const char *dir, struct err *e)
{
	const char **lower = arena_array(cr->a, cr->layers.n + 1, sizeof *lower);
	size_t n = cr->layers.n;
	struct root_source *root = &cr->charter.root;

	if (!lower)
		return err_oom(e);
	if (!cr->config->image) {
		root->path = cr->config->rootfs;
		return 0;
	}
	lower[0] = INIT_LAYER;
	for (size_t i = 0; i < n; i++) {
		lower[i + 1] = arena_fmt(cr->a, "%u", cr->layers.v[n - 1 - i]);
		if (!lower[i + 1])
			return err_oom(e);
	}
	*root = (struct root_source){ .layers_dir = arena_fmt(cr->a, "%s/layers", cr->en->root_path), .data_dir = dir,
				      .lower = lower, .lower_count = n + 1, .upper = "upper",
				      .work = "work", .scratch = cr->config->auto_remove };
	return root->layers_dir ? 0 : err_oom(e);
}

static int make_charter(struct creation *cr, struct err *e)
{
	const char *root = cr->en ? cr->en->root_path : ENGINE_ROOT,
		   *state = cr->en ? cr->en->state_path : ENGINE_STATE;
	const char *dir = arena_fmt(cr->a, "%s/containers/%s", root, cr->id.hex);
	char program[PATH_MAX];
	int r;

	charter_init(&cr->charter);
	cr->charter.id = cr->id.hex;
	cr->charter.container_dir = dir;
	cr->charter.data_root = root;
	cr->charter.state_root = state;
	r = dir ? create_terms(cr, e) : err_oom(e);
	if (r == 0)
		r = settings_named(cr->en ? cr->en->settings_path : NULL, cr->a, &cr->charter.settings, e);
	if (r == 0)
		r = programs_find("tare", program, e);
	if (r < 0)
		return r;
	if (config_is_unit(cr->config))
		r = units_program(cr->a, &cr->charter.systemd, e);
	if (r < 0)
		return r;
	cr->charter.program = arena_str(cr->a, program);
	return cr->charter.program ? charter_root(cr, dir, e) : err_oom(e);
}

/* Only the first process of a pid namespace of its own can reap; elsewhere Docker leaves it out, and says nothing. */
static int find_init(struct creation *cr, struct err *e)
{
	const char *mode = cr->config->pid_mode;
	char program[PATH_MAX];
	int r;

	if (!cr->config->init)
		return 0;
	if (config_mode_is(mode, "host") || config_mode_container(mode))
		return warnings_add(&cr->warnings,
				    "--init has no effect: the PID namespace is not the container's own.") < 0 ?
			       err_oom(e) :
			       0;
	r = programs_find("tare-init", program, e);
	if (r < 0)
		return err_wrap(e, r, "--init");
	cr->inputs.init_path = arena_str(cr->a, program);
	return cr->inputs.init_path ? 0 : err_oom(e);
}

static int make_inputs(struct creation *cr, struct err *e)
{
	const char *dir = cr->charter.container_dir;
	bool host_net = cr->config->network_mode && strcmp(cr->config->network_mode, "host") == 0;
	int r;

	cr->inputs.id = cr->id.hex;
	cr->inputs.root_path = cr->config->image ? arena_fmt(cr->a, "%s/rootfs", dir) : cr->config->rootfs;
	cr->inputs.etc_hosts = arena_fmt(cr->a, "%s/hosts", dir);
	cr->inputs.etc_hostname = arena_fmt(cr->a, "%s/hostname", dir);
	cr->inputs.etc_resolv_conf = arena_fmt(cr->a, "%s/resolv.conf", dir);
	if (cr->config->hostname)
		cr->inputs.hostname = cr->config->hostname;
	else
		cr->inputs.hostname =
			host_net && !cr->plan_only ? host_name(cr->a) : arena_fmt(cr->a, "%.12s", cr->id.hex);
	if (!cr->inputs.root_path || !cr->inputs.etc_hosts || !cr->inputs.etc_hostname || !cr->inputs.etc_resolv_conf ||
	    !cr->inputs.hostname)
		return err_oom(e);
	r = find_init(cr, e);
	return r < 0 ? r : create_share_names(cr, e);
}

int create_look_up_limits(struct creation *cr, const struct host *host, struct err *e)
{
	int r = host_facts_read(host, cr->a, &cr->facts, e);

	if (r == 0)
		r = create_rootless_group(cr, e);
	if (r == 0)
		r = create_rootless_limits(cr, e);
	if (r == 0 && config_asks_rare(cr->config))
		cgroup_layout_probe_rare(host, &cr->facts.cgroup);
	if (r == 0)
		r = config_check(cr->config, &cr->facts, &cr->warnings, e);
	return r < 0 ? r : create_find_blkio(cr, host, e);
}

static int launch_early(struct creation *cr, struct err *e)
{
	const struct cgroup_layout *l = &cr->facts.cgroup;

	if (!cr->runs_now)
		return 0;
	if (l->mode != CGROUP_MODE_NONE && !config_is_unit(cr->config)) {
		cr->cgroup = spec_group(cr->config, l, cr->id.hex, cr->a);
		if (!cr->cgroup)
			return err_oom(e);
	}
	return monitor_launch_early(cr->en, l, cr->id.hex, cr->cgroup, &cr->monitor, e);
}

/* Before the configuration is checked: what the administrator decided for those that say nothing. */
static int apply_settings(struct creation *cr, struct err *e)
{
	int r;

	if (!cr->en)
		return 0;
	r = settings_read(cr->en->settings_path, cr->a, &cr->settings, e);
	if (r == 0 && !cr->row && cr->settings.userns_auto && !cr->config->userns_mode && !cr->en->rootless)
		cr->config->userns_mode = "auto";
	if (r == 0 && !cr->row && !cr->config->network_mode)
		cr->config->network_mode = cr->settings.network;
	if (r == 0)
		create_rootless_settings(cr);
	if (r == 0 && !cr->row && !cr->config->cgroup_manager && cr->settings.systemd && !cr->en->rootless)
		cr->config->cgroup_manager = "systemd";
	return r;
}

int create_look_up(struct creation *cr, struct err *e)
{
	/* It may have to be fetched: not while all that wants to be admitted waits for kube.lock. */
	bool image_first = cr->config->image && !cr->row && kube_plain_is(cr->config);
	int r = cr->row ? 0 : create_name_others(cr, e);

	if (r == 0 && !cr->row)
		r = create_take_volumes(cr, e);
	if (r == 0)
		r = apply_settings(cr, e);
	if (r == 0)
		r = kube_plain_check(cr, e);
	if (r == 0 && image_first)
		r = find_image(cr, e);
	if (r == 0)
		r = kube_plain_admit(cr, e);
	if (r == 0)
		r = create_look_up_limits(cr, cr->en ? cr->en->host : cr->host, e);
	if (r == 0)
		r = create_clamp_ulimits(cr, e);
	if (r == 0)
		r = launch_early(cr, e);
	if (r == 0 && cr->config->image && !image_first)
		r = cr->row ? find_image_again(cr, e) : find_image(cr, e);
	if (r == 0)
		r = find_user(cr, e);
	if (r == 0)
		r = create_rootless_user(cr, e);
	if (r == 0)
		r = create_find_devices(cr, e);
	if (r == 0)
		r = make_charter(cr, e);
	if (r == 0)
		r = make_inputs(cr, e);
	if (r == 0)
		r = create_find_userns(cr, e);
	if (r == 0)
		r = create_find_networks(cr, e);
	if (r == 0)
		r = create_exec_terms(cr, e);
	if (r == 0)
		r = create_find_volumes(cr, e);
	if (r < 0)
		return r;
	r = spec_make(cr->config, &cr->image_config, &cr->facts, &cr->inputs, cr->a, &cr->spec, &cr->warnings, e);
	return r < 0 || !cr->en || !cni_name(cr->config->network_mode) ? r : cni_put_hook(cr, e);
}
