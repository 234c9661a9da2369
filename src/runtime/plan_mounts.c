/* SPDX-License-Identifier: Apache-2.0 */
/* The root, the mounts, the devices, masks: everything that the child builds by descriptor before pivot_root(2). */
#include "runtime/plan_priv.h"

#include "base/path.h"
#include "base/protection.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "runtime/mount_options.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#define OOM_IF_NULL(s, e)              \
	do {                           \
		if (!(s))              \
			return err_oom(e); \
	} while (0)

int plan_root(struct plan *p, struct err *e)
{
	struct step *s = plan_add(p, ACTOR_HOST, p->root.path ? STEP_ROOT_BIND : STEP_ROOT_OVERLAY);

	OOM_IF_NULL(s, e);
	s->path = "/";
	s->source = p->root.path ? p->root.path : p->root.data_dir;
	s->recursive = p->root.path != NULL;
	return 0;
}

static const struct {
	const char *word;
	uint64_t flag;
	bool recursive;
} propagations[] = {
	{ "shared", MS_SHARED, false },	  { "rshared", MS_SHARED, true },
	{ "slave", MS_SLAVE, false },	  { "rslave", MS_SLAVE, true },
	{ "private", MS_PRIVATE, false }, { "rprivate", MS_PRIVATE, true },
	{ "unbindable", MS_UNBINDABLE, false }, { "runbindable", MS_UNBINDABLE, true },
};

/* The host's tree first becomes a slave of itself, so that nothing made here is seen there; a container that asked for
 * a shared root keeps its tie to the host. */
static int plan_propagation(struct plan *p, struct err *e)
{
	const char *want = p->spec->rootfs_propagation;
	struct step *s = p->mount_ns_path ? NULL : plan_add(p, ACTOR_CHILD, STEP_PROPAGATION);

	if (!p->mount_ns_path) {
		OOM_IF_NULL(s, e);
		s->propagation = MS_SLAVE;
		s->recursive = true;
		s->path = "(host)";
	}
	if (!want || !*want)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(propagations); i++)
		if (strcmp(want, propagations[i].word) == 0) {
			if (s && propagations[i].flag == MS_SHARED)
				s->propagation = MS_SHARED;
			return 0;
		}
	return err_set(e, EINVAL, "linux.rootfsPropagation: \"%s\" is none of shared, slave, private, unbindable",
		       want);
}

static int plan_root_propagation(struct plan *p, struct err *e)
{
	const char *want = p->spec->rootfs_propagation;
	struct step *s;

	for (size_t i = 0; want && i < ARRAY_LEN(propagations); i++) {
		if (strcmp(want, propagations[i].word) != 0)
			continue;
		s = plan_add(p, ACTOR_CHILD, STEP_PROPAGATION);
		OOM_IF_NULL(s, e);
		s->path = "/";
		s->propagation = propagations[i].flag;
		s->recursive = propagations[i].recursive;
	}
	return 0;
}

/* A type of bind without a word for how deep is recursive. */
static int options_of(struct plan *p, const struct oci_mount *m, struct mount_options *ret, struct err *e)
{
	int r = mount_options_parse(&m->options, p->arena, ret, e);

	if (r == 0 && m->type && strcmp(m->type, "bind") == 0 && !ret->bind)
		ret->bind = ret->recursive_bind = true;
	return r;
}

/* Those of an idmap= as the document would have them: an id that is the container's becomes the host's. */
static int own_ids(struct plan *p, const struct mount_ids *ids, const struct id_map *userns, const char *what,
		   struct oci_id_mappings *ret, struct err *e)
{
	ret->n = ids->n;
	ret->v = arena_array(p->arena, ids->n, sizeof *ret->v);
	OOM_IF_NULL(ret->v, e);
	for (size_t i = 0; i < ids->n; i++) {
		const struct mount_id *id = &ids->v[i];
		uint32_t host = (uint32_t)id->host;

		if (id->relative && p->userns)
			host = id_map_outside(userns, host);
		if (id->relative && (host == ID_NONE || !p->userns))
			return err_set(e, EINVAL, "idmap: %s: @%lld is not an id of the container", what,
				       (long long)id->host);
		ret->v[i] = (struct oci_id_mapping){ id->disk, host, id->size };
	}
	return 0;
}

/* The ids of the mount itself; NULL: those of the container's user namespace. */
static int plan_idmap(struct plan *p, const struct oci_mount *m, const struct mount_options *o,
		      const struct step_idmap **ret, struct err *e)
{
	struct oci_id_mappings uids = m->uid_mappings, gids = m->gid_mappings;
	struct step_idmap *map;
	int r = o->uids.n ? own_ids(p, &o->uids, &p->uids, "uids", &uids, e) : 0;

	*ret = NULL;
	if (r == 0 && o->uids.n)
		r = own_ids(p, &o->gids, &p->gids, "gids", &gids, e);
	if (r < 0)
		return r;
	if (uids.n == 0 && gids.n == 0)
		return p->userns ? 0 : err_set(e, EINVAL, "idmap: there is neither a user namespace nor uidMappings");
	map = arena_alloc(p->arena, sizeof *map);
	OOM_IF_NULL(map, e);
	r = plan_id_map(p, &uids, "uidMappings", &map->uids, &map->maps.uid, e);
	if (r == 0)
		r = plan_id_map(p, &gids, "gidMappings", &map->gids, &map->maps.gid, e);
	if (r == 0 && !(p->userns && id_map_equal(&map->uids, &p->uids) && id_map_equal(&map->gids, &p->gids)))
		*ret = map;
	return r;
}

static const struct handed_mount *find_handed(const struct plan *p, const struct oci_mount *m)
{
	for (size_t i = 0; m->destination && i < p->handed_count; i++)
		if (strcmp(p->handed[i].destination, m->destination) == 0)
			return &p->handed[i];
	return NULL;
}

/* What is bound is taken before the root has its place: a folder above that place would show the root in itself. The host
 * side takes what only it may: a source for a container in a user namespace, an idmapped one. */
static int plan_bind_source(struct plan *p, enum step_actor actor, const struct oci_mount *m, struct mount_options *o,
			    size_t index, struct err *e)
{
	bool mapped = o->idmap || m->uid_mappings.n || m->gid_mappings.n;
	const struct handed_mount *handed = find_handed(p, m);
	const struct step_idmap *map = NULL;
	struct step *s;
	int r = 0;

	if (actor != (mapped || handed || p->userns || p->mount_ns_path ? ACTOR_HOST : ACTOR_CHILD))
		return 0;
	if (mapped)
		r = plan_idmap(p, m, o, &map, e);
	if (r < 0)
		return r;
	s = plan_add(p, actor, STEP_BIND_SOURCE);
	OOM_IF_NULL(s, e);
	s->path = m->source;
	s->recursive = o->recursive_bind;
	s->n[0] = handed ? handed->fd : -1;
	s->n[2] = (int64_t)index;
	s->n[3] = mapped && !o->idmap ? IDMAP_MOUNT : (int64_t)o->idmap;
	s->data = map;
	return 0;
}

static int check_bind(const struct plan *p, const struct oci_mount *m, const struct mount_options *o, struct err *e)
{
	if (!o->bind)
		return o->idmap || m->uid_mappings.n || m->gid_mappings.n ?
			       err_set(e, ENOTSUP, "%s: only a bind can be idmapped", m->destination) :
			       0;
	if (find_handed(p, m) || (m->source && m->source[0] == '/'))
		return 0;
	return err_set(e, EINVAL, "%s: source \"%s\" is not absolute", m->destination ? m->destination : "",
		       m->source ? m->source : "");
}

/* Inside /proc only what shows the container less than the kernel would (lxcfs), or what checkpoints need: anything else
 * would let a volume pose as a file of procfs (CVE-2019-16884). As runc has it. */
static const char *const proc_allowed[] = {
	"/proc/cpuinfo",  "/proc/diskstats", "/proc/meminfo",  "/proc/stat",     "/proc/swaps",
	"/proc/uptime",   "/proc/loadavg",   "/proc/slabinfo", "/proc/net/dev",  "/proc/sys/kernel/ns_last_pid",
	"/proc/sys/crypto/fips_enabled",
};

static int check_destination(struct plan *p, const struct oci_mount *m, struct err *e)
{
	const char *clean;

	if (!m->destination || m->destination[0] != '/')
		return err_set(e, EINVAL, "destination: \"%s\" is not absolute", m->destination ? m->destination : "");
	clean = path_clean(p->arena, sv_from(m->destination));
	if (!clean)
		return err_oom(e);
	if (strncmp(clean, "/proc/", 6) != 0 || !protects(PROTECT_PROC_DESTINATIONS))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(proc_allowed); i++)
		if (strcmp(clean, proc_allowed[i]) == 0)
			return 0;
	return err_set(e, EINVAL, "destination: \"%s\": nothing may be mounted inside /proc", m->destination);
}

static bool is_copy_up(const struct plan_inputs *in, const char *destination)
{
	for (size_t i = 0; i < in->copy_up_count; i++)
		if (strcmp(in->copy_up[i], destination) == 0)
			return true;
	return false;
}

static void take_options(struct step *s, const struct mount_options *o)
{
	s->options = o->data;
	s->set = o->set;
	s->clear = o->clear;
	s->set_recursive = o->set_recursive;
	s->clear_recursive = o->clear_recursive;
	s->propagation = o->propagation;
	s->n[0] = o->propagation_recursive;
}

/* File systems of the kernel's own have labels of their own. */
static int take_label(struct plan *p, struct step *s, struct err *e)
{
	static const char *const own[] = { "proc", "sysfs", "mqueue", "cgroup", "cgroup2" };
	const char *label = p->spec->mount_label;

	if (!label || !*label || s->op != STEP_MOUNT)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(s->fstype, own[i]) == 0)
			return 0;
	if (strchr(label, '"'))
		return err_set(e, EINVAL, "linux.mountLabel: \"%s\" is not a label", label);
	s->options =
		arena_fmt(p->arena, "%s%scontext=\"%s\"", s->options ? s->options : "", s->options ? "," : "", label);
	return s->options ? 0 : err_oom(e);
}

static int plan_mount(struct plan *p, const struct plan_inputs *in, const struct oci_mount *m, size_t *binds,
		      struct err *e)
{
	bool cgroup = m->type && (strcmp(m->type, "cgroup") == 0 || strcmp(m->type, "cgroup2") == 0);
	struct mount_options o;
	struct step *s;
	int r;

	r = check_destination(p, m, e);
	if (r == 0)
		r = options_of(p, m, &o, e);
	if (r < 0)
		return r;
	if (!o.bind && !m->type)
		return err_set(e, EINVAL, "%s: neither a type nor the option bind", m->destination);
	if (o.bind && is_copy_up(in, m->destination)) {
		s = plan_add(p, ACTOR_CHILD, STEP_COPY_UP);
		OOM_IF_NULL(s, e);
		s->path = m->destination;
		s->source = m->source;
		s->n[2] = (int64_t)*binds;
	}
	s = plan_add(p, ACTOR_CHILD, o.bind ? STEP_BIND : cgroup ? STEP_MOUNT_CGROUP : STEP_MOUNT);
	OOM_IF_NULL(s, e);
	take_options(s, &o);
	s->path = m->destination;
	s->source = m->source;
	s->fstype = m->type;
	s->recursive = o.recursive_bind;
	s->n[1] = o.copy_up && !o.bind;
	s->n[2] = (int64_t)*binds;
	*binds += o.bind;
	if (take_label(p, s, e) < 0)
		return -e->code;
	/* what is shown there is not the container's: CVE-2023-25809 */
	if (cgroup && (p->without_cgroup || (p->facts->user_namespace && !p->cgroup_ns)) &&
	    protects(PROTECT_CGROUP_READ_ONLY))
		s->set |= MOUNT_ATTR_RDONLY;
	if (cgroup && p->facts->cgroup.mode == CGROUP_MODE_NONE)
		return err_set(e, ENOTSUP, "%s: this host has no cgroups", m->destination);
	return 0;
}

/* ---- /dev --------------------------------------------------------------------------------------------------- */

static const struct {
	const char *path;
	int major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },	 { "/dev/zero", 1, 5 },	   { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct {
	const char *path, *text;
} default_links[] = {
	{ "/dev/fd", "/proc/self/fd" },	      { "/dev/stdin", "/proc/self/fd/0" }, { "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" }, { "/dev/core", "/proc/kcore" },	   { "/dev/ptmx", "pts/ptmx" },
};

/* A /dev that the caller binds is the caller's: nothing is made in it. */
static bool dev_is_bound(const struct plan *p)
{
	bool bound = false;

	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].path && strcmp(p->steps[i].path, "/dev") == 0 &&
		    (p->steps[i].op == STEP_BIND || p->steps[i].op == STEP_MOUNT))
			bound = p->steps[i].op == STEP_BIND;
	return bound;
}

static int plan_default_devices(struct plan *p, struct err *e)
{
	struct step *s;

	for (size_t i = 0; i < ARRAY_LEN(default_devices); i++) {
		s = plan_add(p, ACTOR_CHILD, STEP_DEVICE);
		OOM_IF_NULL(s, e);
		s->path = default_devices[i].path;
		s->fstype = "c";
		s->n[0] = default_devices[i].major;
		s->n[1] = default_devices[i].minor;
		s->n[2] = 0666;
	}
	for (size_t i = 0; i < ARRAY_LEN(default_links); i++) {
		s = plan_add(p, ACTOR_CHILD, STEP_SYMLINK);
		OOM_IF_NULL(s, e);
		s->path = default_links[i].path;
		s->source = default_links[i].text;
	}
	return 0;
}

static bool is_default_device(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(default_devices); i++)
		if (strcmp(path, default_devices[i].path) == 0)
			return true;
	return false;
}

/* ---- devices that are the host's own -------------------------------------------------------------------------------- */

static int device_source(struct plan *p, enum step_actor actor, const char *path, size_t index, struct err *e)
{
	struct step *s;

	if (actor != (p->userns ? ACTOR_HOST : ACTOR_CHILD))
		return 0;
	s = plan_add(p, actor, STEP_BIND_SOURCE);
	OOM_IF_NULL(s, e);
	s->path = path;
	s->n[0] = -1;
	s->n[2] = (int64_t)index;
	s->n[3] = IDMAP_NONE;
	return 0;
}

static bool is_bound_device(const struct oci_device *d)
{
	return d->path && d->type && *d->type != 'p' && !is_default_device(d->path);
}

static int device_sources(struct plan *p, enum step_actor actor, size_t *binds, struct err *e)
{
	int r = 0;

	p->device_binds = *binds;
	if (!p->facts->user_namespace)
		return 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(default_devices); i++)
		r = device_source(p, actor, default_devices[i].path, (*binds)++, e);
	for (size_t i = 0; r == 0 && i < p->spec->devices.n; i++)
		if (is_bound_device(&p->spec->devices.v[i]))
			r = device_source(p, actor, p->spec->devices.v[i].path, (*binds)++, e);
	return r;
}

int plan_bind_sources(struct plan *p, enum step_actor actor, struct err *e)
{
	size_t binds = 0;

	for (size_t i = 0; i < p->spec->mounts.n; i++) {
		const struct oci_mount *m = &p->spec->mounts.v[i];
		struct mount_options o;
		int r = options_of(p, m, &o, e);

		if (r == 0)
			r = check_bind(p, m, &o, e);
		if (r == 0 && o.bind)
			r = plan_bind_source(p, actor, m, &o, binds++, e);
		if (r < 0)
			return err_wrap(e, r, "mounts[%zu]", i);
	}
	if (device_sources(p, actor, &binds, e) < 0)
		return -ENOMEM;
	p->bind_count = binds;
	return 0;
}

static int plan_device(struct plan *p, const struct oci_device *d, struct err *e)
{
	struct step *s;
	int r;

	if (!d->path || d->path[0] != '/')
		return err_set(e, EINVAL, "path: \"%s\" is not absolute", d->path ? d->path : "");
	if (!d->type || strlen(d->type) != 1 || !strchr("cubp", d->type[0]))
		return err_set(e, EINVAL, "type: \"%s\" is none of c, u, b, p", d->type ? d->type : "");
	if (is_default_device(d->path))
		return 0;
	r = plan_check_ids(p, d->uid == OCI_UNSET ? 0 : d->uid, d->gid == OCI_UNSET ? 0 : d->gid, e);
	if (r < 0)
		return r;
	s = plan_add(p, ACTOR_CHILD, STEP_DEVICE);
	OOM_IF_NULL(s, e);
	s->path = d->path;
	s->fstype = d->type;
	s->n[0] = d->major == OCI_UNSET ? 0 : d->major;
	s->n[1] = d->minor == OCI_UNSET ? 0 : d->minor;
	s->n[2] = d->file_mode == OCI_UNSET ? 0666 : d->file_mode & 07777;
	s->n[3] = (d->uid == OCI_UNSET ? 0 : d->uid) << 32 | (d->gid == OCI_UNSET ? 0 : d->gid);
	return 0;
}

/* In the order of device_sources(). */
static void number_devices(struct plan *p)
{
	size_t next = p->device_binds;

	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].op == STEP_DEVICE && *p->steps[i].fstype != 'p')
			p->steps[i].set = ++next;
}

static int plan_devices(struct plan *p, struct err *e)
{
	int r;

	if (dev_is_bound(p))
		return 0;
	r = plan_default_devices(p, e);
	for (size_t i = 0; r == 0 && i < p->spec->devices.n; i++) {
		r = plan_device(p, &p->spec->devices.v[i], e);
		if (r < 0)
			err_wrap(e, r, "linux.devices[%zu]", i);
	}
	if (p->facts->user_namespace)
		number_devices(p);
	return r;
}

int plan_console(struct plan *p, const char *path, bool controlling, struct err *e)
{
	const struct oci_process *pr = &p->spec->process;
	struct step *s;

	if (pr->console_height < 0 || pr->console_height > UINT16_MAX || pr->console_width < 0 ||
	    pr->console_width > UINT16_MAX)
		return err_set(e, EINVAL, "process.consoleSize: allowed are 0 to %d", UINT16_MAX);
	s = plan_add(p, ACTOR_CHILD, STEP_CONSOLE);
	OOM_IF_NULL(s, e);
	s->path = path;
	s->n[0] = pr->console_height;
	s->n[1] = pr->console_width;
	s->n[2] = controlling;
	return 0;
}

/* ---- sysctl, masks ------------------------------------------------------------------------------------------ */

static int plan_paths(struct plan *p, const struct oci_strings *paths, enum step_op op, const char *where,
		      struct err *e)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct step *s;

		if (paths->v[i][0] != '/')
			return err_set(e, EINVAL, "%s[%zu]: \"%s\" is not absolute", where, i, paths->v[i]);
		s = plan_add(p, ACTOR_CHILD, op);
		OOM_IF_NULL(s, e);
		s->path = paths->v[i];
	}
	return 0;
}

static int plan_finish(struct plan *p, struct err *e)
{
	struct step *s;

	if (p->spec->process.cwd && strcmp(p->spec->process.cwd, "/") != 0) {
		s = plan_add(p, ACTOR_CHILD, STEP_WORKDIR);
		OOM_IF_NULL(s, e);
		s->path = p->spec->process.cwd;
	}
	if (p->spec->root.readonly)
		OOM_IF_NULL(plan_add(p, ACTOR_CHILD, STEP_ROOT_READONLY), e);
	OOM_IF_NULL(plan_add(p, ACTOR_CHILD, p->mount_ns_path ? STEP_CHROOT : STEP_PIVOT_ROOT), e);
	return plan_root_propagation(p, e);
}

int plan_mounts(struct plan *p, const struct plan_inputs *in, struct err *e)
{
	const struct runtime_spec *spec = p->spec;
	struct step *s;
	size_t binds = 0;
	int r = plan_propagation(p, e);

	if (r == 0)
		r = plan_bind_sources(p, ACTOR_CHILD, e);
	if (r == 0 && !(s = plan_add(p, ACTOR_CHILD, STEP_ROOT_ATTACH)))
		r = err_oom(e);
	if (r == 0) /* what is there is hidden from now on: nothing that a bind could still want */
		s->source = p->root.path ? p->root.path : p->root.layers_dir;
	for (size_t i = 0; r == 0 && i < spec->mounts.n; i++) {
		r = plan_mount(p, in, &spec->mounts.v[i], &binds, e);
		if (r < 0)
			err_wrap(e, r, "mounts[%zu]", i);
	}
	if (r == 0)
		r = plan_devices(p, e);
	/* a folder that the caller binds to /dev is the caller's there too: no /dev/console is put into it */
	if (r == 0 && spec->process.terminal)
		r = plan_console(p, dev_is_bound(p) ? NULL : "/dev/console", true, e);
	if (r == 0)
		r = plan_create_hooks(p, e);
	if (r == 0)
		r = plan_sysctls(p, e);
	if (r == 0)
		r = plan_paths(p, &spec->masked_paths, STEP_MASK, "linux.maskedPaths", e);
	if (r == 0)
		r = plan_paths(p, &spec->readonly_paths, STEP_READONLY, "linux.readonlyPaths", e);
	return r < 0 ? r : plan_finish(p, e);
}
