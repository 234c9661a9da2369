/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has of other containers: --volumes-from, and the namespaces of container:X. Names become ids and mounts
 * when it is made; that the others run is asked each time that it starts. */
#include "engine/create_priv.h"

#include "base/scope.h"
#include "oci/list.h"
#include "engine/recover.h"

#include <errno.h>
#include <string.h>

static int find_other(struct creation *cr, struct sv name, struct container_row *ret, struct err *e)
{
	if (!cr->en)
		return err_set(e, EINVAL, "another container needs the data root; a plan for --rootfs has none");
	return container_find(cr->en, name, cr->a, ret, e);
}

/* ---- container:X -------------------------------------------------------------------------------------------- */

static const struct joined {
	const char *option, *what;
	size_t offset;
} joined_modes[] = {
#define MODE(member) offsetof(struct container_config, member)
	{ "--pid", "PID namespace", MODE(pid_mode) },
	{ "--ipc", "IPC", MODE(ipc_mode) },
	{ "--uts", "UTS namespace", MODE(uts_mode) },
	{ "--userns", "user namespace", MODE(userns_mode) },
	{ "--network", NULL, MODE(network_mode) },
#undef MODE
};

static const char **mode_of(struct container_config *c, const struct joined *j)
{
	return (const char **)((char *)c + j->offset);
}

int create_name_others(struct creation *cr, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(joined_modes); i++) {
		const char **mode = mode_of(cr->config, &joined_modes[i]), *name = config_mode_container(*mode);
		struct container_row row;
		int r;

		if (!name || (cr->plan_only && !cr->en))
			continue;
		r = find_other(cr, sv_from(name), &row, e);
		if (r < 0)
			return err_wrap(e, r, "%s container:%.80s", joined_modes[i].option, name);
		*mode = arena_fmt(cr->a, "container:%s", row.id);
		if (!*mode)
			return err_oom(e);
	}
	return 0;
}

static bool is_shareable(const char *mode)
{
	return config_mode_is(mode, "shareable") || config_mode_is(mode, "host") || config_mode_container(mode);
}

static int refuse_join(const struct joined *j, const char *id, const char *why, struct err *e)
{
	if (!j->what)
		return err_set(e, EINVAL, "cannot join network of a non running container: %s", id);
	return err_set(e, EINVAL, "can't join %s of container %s: %s", j->what, id, why);
}

static int check_join(struct creation *cr, const struct joined *j, const char *id, struct err *e)
{
	struct container_config other;
	struct container_state state;
	struct container_row row;
	int r = find_other(cr, sv_from(id), &row, e);

	if (r == 0)
		r = container_look(cr->en, &row, &state, e);
	if (r < 0)
		return err_wrap(e, r, "%s container:%.80s", j->option, id);
	if (state.status == CONTAINER_RESTARTING)
		return err_set(e, EINVAL, "Container %s is restarting, wait until the container is running", id);
	if (!container_is_active(state.status))
		return refuse_join(j, id, arena_fmt(cr->a, "container %s is not running", id), e);
	if (j->offset != offsetof(struct container_config, ipc_mode))
		return 0;
	r = config_parse(sv_from(row.config), cr->a, &other, e);
	if (r == 0 && !is_shareable(other.ipc_mode))
		r = refuse_join(j, id, "non-shareable IPC (hint: use IpcMode:shareable for the donor container)", e);
	return r;
}

int create_check_others(struct creation *cr, struct err *e)
{
	int r = 0;

	if (cr->config->pod) /* its monitor sees to it that there is something to join */
		return 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(joined_modes); i++) {
		const char *id = config_mode_container(*mode_of(cr->config, &joined_modes[i]));

		if (id)
			r = check_join(cr, &joined_modes[i], id, e);
	}
	return r;
}

/* A chain of networks ends at the container that has one of its own. */
#define CHAIN_MAX 16

static int find_owner(struct creation *cr, const char *name, struct container_row *ret, struct container_config *ret_c,
		      struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && name && i < CHAIN_MAX; i++) {
		r = find_other(cr, sv_from(name), ret, e);
		if (r == 0)
			r = config_parse(sv_from(ret->config), cr->a, ret_c, e);
		if (r == 0)
			name = config_mode_container(ret_c->network_mode);
	}
	return r;
}

static const char *hostname_of(struct creation *cr, const struct container_row *row, const struct container_config *c)
{
	return c->hostname ? c->hostname : arena_fmt(cr->a, "%.12s", row->id);
}

/* Who shares a network shares the files that describe it. */
int create_share_names(struct creation *cr, struct err *e)
{
	const char *net = config_mode_container(cr->config->network_mode);
	const char *uts = config_mode_container(cr->config->uts_mode);
	struct spec_inputs *in = &cr->inputs;
	struct container_config other;
	struct container_row row;
	int r;

	if ((!net && !uts) || !cr->en)
		return 0;
	r = find_owner(cr, net ? net : uts, &row, &other, e);
	if (r < 0)
		return r;
	in->hostname = hostname_of(cr, &row, &other);
	if (!net)
		return in->hostname ? 0 : err_oom(e);
	in->etc_hosts = arena_fmt(cr->a, "%s/containers/%s/hosts", cr->en->root_path, row.id);
	in->etc_hostname = arena_fmt(cr->a, "%s/containers/%s/hostname", cr->en->root_path, row.id);
	in->etc_resolv_conf = arena_fmt(cr->a, "%s/containers/%s/resolv.conf", cr->en->root_path, row.id);
	return in->hostname && in->etc_hosts && in->etc_hostname && in->etc_resolv_conf ? 0 : err_oom(e);
}

/* ---- --volumes-from ----------------------------------------------------------------------------------------- */

/* "CONTAINER", "CONTAINER:ro"; z and Z are SELinux's, and change nothing here */
static int parse_from(const char *text, struct sv *ret_name, bool *ret_readonly, struct err *e)
{
	struct sv modes, mode;

	*ret_readonly = false;
	if (!sv_cut(sv_from(text), ':', ret_name, &modes))
		return 0;
	while (sv_next(&modes, ',', &mode))
		if (sv_is(mode, "ro"))
			*ret_readonly = true;
		else if (!sv_is(mode, "rw") && !sv_is(mode, "z") && !sv_is(mode, "Z"))
			return err_set(e, EINVAL, "invalid mode: " SV_FMT " (ro, rw)", SV_ARG(mode));
	return 0;
}

static struct mount_config *find_target(const struct creation *cr, const char *target)
{
	for (size_t i = 0; i < cr->config->mounts.n; i++)
		if (strcmp(cr->config->mounts.v[i].target, target) == 0)
			return &cr->config->mounts.v[i];
	return NULL;
}

/* Below `own` are the container's own mounts, which weigh more; of two others the later one counts. */
static int take_mount(struct creation *cr, const struct mount_config *m, bool readonly, size_t own, struct err *e)
{
	struct mount_config *to = find_target(cr, m->target);

	if (to && (size_t)(to - cr->config->mounts.v) < own)
		return 0;
	if (!to)
		to = LIST_ADD(cr->a, &cr->config->mounts);
	if (!to)
		return err_oom(e);
	*to = *m;
	to->readonly = m->readonly || readonly;
	to->volume_nocopy = m->type == MOUNT_VOLUME; /* the image was not asked to fill it */
	return 0;
}

static const char *name_at(const struct volume_uses *uses, const char *target)
{
	for (size_t i = 0; i < uses->n; i++)
		if (strcmp(uses->v[i].target, target) == 0)
			return uses->v[i].name;
	return NULL;
}

static bool has_target(const struct container_config *c, const char *target)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (strcmp(c->mounts.v[i].target, target) == 0)
			return true;
	return false;
}

/* Those that its own options name, then those of its image; no tmpfs, which nobody can share. */
static int take_mounts(struct creation *cr, const struct container_config *other, const struct volume_uses *uses,
		       bool readonly, size_t own, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < other->mounts.n; i++) {
		struct mount_config m = other->mounts.v[i];

		if (m.type == MOUNT_VOLUME && !m.source)
			m.source = name_at(uses, m.target);
		if (m.type != MOUNT_TMPFS && m.source)
			r = take_mount(cr, &m, readonly, own, e);
	}
	for (size_t i = 0; r == 0 && i < uses->n; i++) {
		struct mount_config m;

		mount_config_init(&m);
		m.type = MOUNT_VOLUME;
		m.source = uses->v[i].name;
		m.target = uses->v[i].target;
		if (!has_target(other, m.target))
			r = take_mount(cr, &m, readonly, own, e);
	}
	return r;
}

static int volumes_of(struct creation *cr, const char *text, size_t own, struct err *e)
{
	struct container_config other;
	struct volume_uses uses = { 0 };
	struct container_row row;
	struct sv name;
	bool readonly;
	struct db *db;
	int r = parse_from(text, &name, &readonly, e);

	if (r == 0)
		r = find_other(cr, name, &row, e);
	if (r == 0)
		r = config_parse(sv_from(row.config), cr->a, &other, e);
	if (r == 0)
		r = engine_db(cr->en, &db, e);
	if (r == 0)
		r = volume_rows_of(db, row.id, cr->a, &uses, e);
	return r < 0 ? r : take_mounts(cr, &other, &uses, readonly, own, e);
}

/* A list that somebody else made cannot be grown. */
static int copy_own(struct container_config *c, struct arena *a, struct err *e)
{
	__typeof__(c->mounts) own = c->mounts;

	c->mounts.v = NULL;
	c->mounts.n = 0;
	for (size_t i = 0; i < own.n; i++) {
		struct mount_config *to = LIST_ADD(a, &c->mounts);

		if (!to)
			return err_oom(e);
		*to = own.v[i];
	}
	return 0;
}

int create_take_volumes(struct creation *cr, struct err *e)
{
	size_t own = cr->config->mounts.n;
	int rc = cr->config->volumes_from.n ? copy_own(cr->config, cr->a, e) : 0;

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < cr->config->volumes_from.n; i++) {
		const char *text = cr->config->volumes_from.v[i];
		int r = volumes_of(cr, text, own, e);

		if (r < 0)
			return err_wrap(e, r, "--volumes-from %.80s", text);
	}
	return 0;
}
