/* SPDX-License-Identifier: Apache-2.0 */
/* From configuration to runtime-spec: the frame, the namespaces, the sysctls. Docker 29's defaults. */
#include "spec/spec.h"

#include "base/scope.h"
#include "spec/spec_priv.h"
#include "systemd/unit.h"

#include <errno.h>
#include <string.h>

int warnings_add(struct warnings *w, const char *fmt, ...)
{
	struct oci_strings list = { w->v, w->n };
	const char *text;
	va_list ap;
	int r;

	va_start(ap, fmt);
	text = arena_vfmt(w->arena, fmt, ap);
	va_end(ap);
	r = strings_add(w->arena, &list, text);
	w->v = list.v;
	w->n = list.n;
	return r;
}

/* ---- the builder -------------------------------------------------------------------------------------------- */

void spec_fail(struct spec_builder *b, int code, const char *fmt, ...)
{
	struct err mine = { .code = code };
	va_list ap;

	if (b->failed)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(mine.msg, sizeof mine.msg, fmt, ap);
	va_end(ap);
	b->failed = err_set(b->e, code, "%s", mine.msg);
}

void spec_oom(struct spec_builder *b)
{
	if (!b->failed)
		b->failed = err_oom(b->e);
}

void spec_add(struct spec_builder *b, struct oci_strings *l, const char *text)
{
	if (strings_add(b->a, l, text) < 0)
		spec_oom(b);
}

void spec_addf(struct spec_builder *b, struct oci_strings *l, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vfmt(b->a, fmt, ap);
	va_end(ap);
	spec_add(b, l, text);
}

void spec_add_pair(struct spec_builder *b, struct oci_pairs *l, const char *key, const char *value)
{
	if (pairs_set(b->a, l, key, value) < 0)
		spec_oom(b);
}

/* ---- namespaces, sysctls, cgroup ---------------------------------------------------------------------------- */

/* mode "container:ID" becomes the path: what that is in a host's /proc, the monitor finds out at each start. */
static void add_namespace(struct spec_builder *b, const char *type, const char *mode)
{
	struct oci_namespace *ns = LIST_ADD(b->a, &b->s->namespaces);

	if (!ns) {
		spec_oom(b);
		return;
	}
	ns->type = type;
	ns->path = config_mode_container(mode) ? mode : NULL;
}

/* All private, also cgroup on v1; "host" leaves one out. */
void spec_namespaces(struct spec_builder *b)
{
	const struct container_config *c = b->c;
	const struct {
		const char *type, *mode;
		bool possible;
	} rows[] = {
		{ "mount", NULL, true },
		{ "network", c->network_mode, true },
		{ "time", NULL, b->f->kernel.time_namespace },
		{ "uts", c->uts_mode, true },
		{ "pid", c->pid_mode, true },
		{ "ipc", c->ipc_mode, true },
		{ "cgroup", c->cgroupns_mode, b->f->kernel.cgroup_namespace },
		{ "user", c->userns_mode, b->in->uids != NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].possible && !config_mode_is(rows[i].mode, "host"))
			add_namespace(b, rows[i].type, rows[i].mode);
}

static int set_mappings(struct oci_id_mappings *to, const struct id_map *from, struct arena *a)
{
	*to = (struct oci_id_mappings){ arena_array(a, from->n, sizeof *to->v), from->n };
	if (!to->v)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++)
		to->v[i] = (struct oci_id_mapping){ from->v[i].inside, from->v[i].outside, from->v[i].count };
	return 0;
}

int spec_set_id_maps(struct runtime_spec *s, const struct id_map *uids, const struct id_map *gids, struct arena *a)
{
	int r = set_mappings(&s->uid_mappings, uids, a);

	return r < 0 ? r : set_mappings(&s->gid_mappings, gids, a);
}

/* Groups that are not mapped cannot be named: from 0 on as far as they go. */
static const char *ping_groups(struct spec_builder *b)
{
	if (!b->in->gids)
		return b->f->groups ? arena_fmt(b->a, "0 %u", b->f->groups - 1) : "0 2147483647";
	for (size_t i = 0; i < b->in->gids->n; i++)
		if (b->in->gids->v[i].inside == 0)
			return arena_fmt(b->a, "0 %u", b->in->gids->v[i].count - 1);
	return "0 0";
}

/* In a network namespace of its own a container may ping and listen below 1024 without a capability. */
static void add_sysctls(struct spec_builder *b)
{
	const struct oci_pairs *asked = &b->c->sysctls;

	bool others = config_mode_container(b->c->network_mode) && !b->c->pod; /* a pod's is of whoever begins first */

	if (!config_mode_is(b->c->network_mode, "host") && !others) {
		spec_add_pair(b, &b->s->sysctl, "net.ipv4.ip_unprivileged_port_start", "0");
		spec_add_pair(b, &b->s->sysctl, "net.ipv4.ping_group_range", ping_groups(b));
	}
	for (size_t i = 0; i < asked->n; i++)
		spec_add_pair(b, &b->s->sysctl, asked->v[i].key, asked->v[i].value);
}

/* "slice:prefix:name"; the slice may be given by its whole path, as CRI does. */
static const char *unit_path(const struct container_config *c, const char *id, struct arena *a)
{
	struct sv parent = sv_from(c->cgroup_parent ? c->cgroup_parent : "system.slice"), above, slice;

	if (!sv_rcut(parent, '/', &above, &slice))
		slice = parent;
	return arena_fmt(a, SV_FMT ":tare:%s", SV_ARG(slice), id);
}

const char *spec_group(const struct container_config *c, const struct cgroup_layout *l, const char *id, struct arena *a)
{
	const char *path = spec_cgroups_path(c, id, a);
	struct unit_name u;

	if (path && l->mode == CGROUP_MODE_NONE)
		return CGROUP_NONE;
	if (!path || !config_is_unit(c))
		return path ? cgroup_layout_group(l, path, a) : NULL;
	return unit_name_parse(path, id, false, a, &u, NULL) < 0 ? NULL : u.cgroup;
}

const char *spec_cgroups_path(const struct container_config *c, const char *id, struct arena *a)
{
	struct sv parent = sv_from(c->cgroup_parent ? c->cgroup_parent : "/tare");

	if (config_is_unit(c))
		return unit_path(c, id, a);
	while (parent.n && parent.p[0] == '/')
		parent = (struct sv){ parent.p + 1, parent.n - 1 };
	while (parent.n && parent.p[parent.n - 1] == '/')
		parent.n--;
	return arena_fmt(a, "/" SV_FMT "%s%s", SV_ARG(parent), parent.n ? "/" : "", id);
}

static void set_frame(struct spec_builder *b)
{
	struct runtime_spec *s = b->s;

	s->oci_version = OCI_VERSION;
	s->root.present = true;
	s->root.path = b->in->root_path;
	s->root.readonly = b->c->readonly_rootfs;
	s->annotations = b->c->annotations;
	if (!config_mode_is(b->c->uts_mode, "host") && !config_mode_container(b->c->uts_mode)) {
		s->hostname = b->in->hostname;
		s->domainname = b->c->domainname;
	}
}

int spec_make(const struct container_config *c, const struct image_config *image, const struct host_facts *f,
	      const struct spec_inputs *in, struct arena *a, struct runtime_spec *ret, struct warnings *w,
	      struct err *e)
{
	static const struct image_config no_image;
	struct runtime_spec s;
	struct spec_builder b = {
		.c = c, .image = image ? image : &no_image, .f = f, .in = in, .a = a, .s = &s, .w = w, .e = e
	};

	runtime_spec_init(&s);
	set_frame(&b);
	spec_process(&b);
	spec_namespaces(&b);
	spec_mounts(&b);
	spec_security(&b);
	spec_devices(&b);
	spec_resources(&b);
	s.cgroups_path = spec_cgroups_path(c, in->id, a);
	if (!s.cgroups_path)
		spec_oom(&b);
	if (in->uids && spec_set_id_maps(&s, in->uids, in->gids, a) < 0)
		spec_oom(&b);
	add_sysctls(&b);
	if (!b.failed)
		*ret = s;
	return b.failed;
}
