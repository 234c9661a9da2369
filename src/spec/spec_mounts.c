/* SPDX-License-Identifier: Apache-2.0 */
/* mounts: Docker's seven, then the files in /etc and what the user asked for, from the outside inwards. */
#include "spec/spec_priv.h"

#include "base/scope.h"
#include "base/path.h"
#include "spec/tmpfs_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mount_list {
	struct oci_mount *v;
	size_t n;
};

#define SHM_DEFAULT (INT64_C(64) << 20)

static const struct default_mount {
	const char *destination, *type, *source, *options[7];
	bool writable_when_readonly; /* --read-only leaves it */
} default_mounts[] = {
	{ "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" }, true },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" }, true },
	{ "/dev/pts", "devpts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" }, true },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "ro", "nosuid", "noexec", "nodev" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" }, true },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777" }, true },
};

static bool has_destination(const struct mount_list *l, const char *destination)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].destination, destination) == 0)
			return true;
	return false;
}

static struct oci_mount *add_mount(struct spec_builder *b, struct mount_list *l, const char *type,
				   const char *source, const char *destination)
{
	const char *clean = path_clean(b->a, sv_from(destination));
	struct oci_mount *m = clean ? LIST_ADD(b->a, l) : NULL;

	if (!m) {
		spec_oom(b);
		return NULL;
	}
	*m = (struct oci_mount){ .type = type, .source = source, .destination = clean };
	return m;
}

/* ---- what was asked for ------------------------------------------------------------------------------------- */

/* A read-only bind is read-only in all its depths where the kernel can do that (mount_setattr, Linux 5.12). */
static void bind_options(struct spec_builder *b, const struct mount_config *mc, struct oci_strings *options)
{
	bool deep = b->f->kernel.mount_setattr && !mc->non_recursive;

	spec_add(b, options, mc->non_recursive ? "bind" : "rbind");
	if (mc->idmap)
		spec_add(b, options, mc->non_recursive ? "idmap" : "ridmap");
	if (mc->readonly)
		spec_add(b, options, deep ? "rro" : "ro");
	spec_add(b, options, mc->propagation ? mc->propagation : "rprivate");
}

static void split_words(struct spec_builder *b, const char *text, struct oci_strings *words)
{
	struct sv rest = sv_from(text), word;

	while (sv_next(&rest, ',', &word))
		if (word.n)
			spec_add(b, words, arena_sv(b->a, word));
}

static void tmpfs_options(struct spec_builder *b, const struct mount_config *mc, struct oci_strings *options)
{
	struct oci_strings words = { 0 };
	struct err inner = { 0 };

	spec_add(b, &words, "noexec");
	spec_add(b, &words, "nosuid");
	spec_add(b, &words, "nodev");
	if (mc->readonly)
		spec_add(b, &words, "ro");
	if (mc->tmpfs_mode != OCI_UNSET)
		spec_addf(b, &words, "mode=%llo", (unsigned long long)mc->tmpfs_mode);
	if (mc->tmpfs_size)
		spec_addf(b, &words, "size=%lld", (long long)mc->tmpfs_size);
	split_words(b, mc->tmpfs_options, &words);
	if (!b->failed && tmpfs_options_merge(&words, b->a, options, &inner) < 0)
		spec_fail(b, inner.code, "--tmpfs %s: %s", mc->target, inner.msg);
}

static void add_asked(struct spec_builder *b, const struct mount_config *mc, struct mount_list *l)
{
	bool tmpfs = mc->type == MOUNT_TMPFS;
	struct oci_mount *m;

	if (mc->type == MOUNT_VOLUME) /* comes with spec_inputs, its source resolved */
		return;
	m = add_mount(b, l, tmpfs ? "tmpfs" : "bind", tmpfs ? "tmpfs" : mc->source, mc->target);
	if (!m)
		return;
	if (tmpfs)
		tmpfs_options(b, mc, &m->options);
	else
		bind_options(b, mc, &m->options);
}

static void add_file(struct spec_builder *b, const char *source, const char *destination, bool readonly,
		     struct mount_list *l)
{
	struct oci_mount *m;

	if (!source || has_destination(l, destination))
		return;
	m = add_mount(b, l, "bind", source, destination);
	if (!m)
		return;
	spec_add(b, &m->options, "rbind");
	if (b->in->uids)
		spec_add(b, &m->options, "idmap");
	if (readonly)
		spec_add(b, &m->options, "ro");
	spec_add(b, &m->options, "rprivate");
}

static size_t depth_of(const char *path)
{
	struct sv rest = sv_from(path), part;
	size_t n = 0;

	while (sv_next(&rest, '/', &part))
		n += part.n && !sv_is(part, ".");
	return n;
}

/* Stable, so that mounts of one depth keep the user's order. */
static void sort_by_depth(struct mount_list *l)
{
	for (size_t i = 1; i < l->n; i++) {
		struct oci_mount m = l->v[i];
		size_t k = i;

		for (; k > 0 && depth_of(l->v[k - 1].destination) > depth_of(m.destination); k--)
			l->v[k] = l->v[k - 1];
		l->v[k] = m;
	}
}

static void collect_asked(struct spec_builder *b, struct mount_list *l)
{
	for (size_t i = 0; i < b->in->volumes.n; i++) {
		const struct oci_mount *v = &b->in->volumes.v[i];
		struct oci_mount *m = add_mount(b, l, v->type, v->source, v->destination);

		if (m)
			m->options = v->options;
		if (m && b->in->uids) /* the owners on the disk are the container's, whichever ids of the host it has */
			spec_add(b, &m->options, "ridmap");
	}
	for (size_t i = 0; i < b->c->mounts.n; i++)
		add_asked(b, &b->c->mounts.v[i], l);
	add_file(b, b->in->etc_resolv_conf, "/etc/resolv.conf", b->c->readonly_rootfs, l);
	add_file(b, b->in->etc_hostname, "/etc/hostname", b->c->readonly_rootfs, l);
	add_file(b, b->in->etc_hosts, "/etc/hosts", b->c->readonly_rootfs, l);
	add_file(b, b->in->init_path, SPEC_INIT, true, l);
	sort_by_depth(l);
}

/* ---- Docker's own ------------------------------------------------------------------------------------------- */

static bool is_wanted(const struct spec_builder *b, const struct default_mount *d, const struct mount_list *asked)
{
	if (has_destination(asked, d->destination))
		return false;
	if (has_destination(asked, "/dev") && sv_has_prefix(sv_from(d->destination), "/dev/"))
		return false;
	if (strcmp(d->type, "cgroup") == 0 && b->f->cgroup.mode == CGROUP_MODE_NONE)
		return false;
	if (strcmp(d->type, "mqueue") == 0 && b->in->uids && config_mode_is(b->c->ipc_mode, "host"))
		return false; /* only who owns the IPC namespace may mount it */
	return strcmp(d->source, "shm") != 0 || !config_mode_is(b->c->ipc_mode, "none");
}

static bool is_writable(const struct spec_builder *b, const struct default_mount *d)
{
	if (strcmp(d->type, "cgroup") == 0)
		return b->c->privileged || b->c->writable_cgroups;
	return strcmp(d->type, "sysfs") == 0 && b->c->privileged;
}

/* Who shares the segments shares the files of shm_open(3) too: those of the host, or of "container:ID", which the monitor
 * finds. */
static void add_shared_shm(struct spec_builder *b, struct mount_list *l)
{
	bool host = config_mode_is(b->c->ipc_mode, "host");
	struct oci_mount *m = add_mount(b, l, "bind", host ? "/dev/shm" : b->c->ipc_mode, "/dev/shm");

	if (!m)
		return;
	spec_add(b, &m->options, "rbind");
	spec_add(b, &m->options, "rprivate");
}

/* A terminal belongs to the group tty, if there is one in the user namespace. */
static bool is_mapped(const struct spec_builder *b, const char *option)
{
	if (strcmp(option, "gid=5") != 0)
		return true;
	return b->in->gids ? id_map_outside(b->in->gids, 5) != ID_NONE : !b->f->groups || b->f->groups > 5;
}

/* Only who owns the namespace that they show may mount them: in a user namespace the host's comes with the host's mount. */
static bool add_hosts(struct spec_builder *b, const struct default_mount *d, struct mount_list *l)
{
	static const char *const options[] = { "rbind", "rprivate", "nosuid", "noexec", "nodev", "rro" };
	bool sys = strcmp(d->type, "sysfs") == 0 && config_mode_is(b->c->network_mode, "host");
	bool proc = strcmp(d->type, "proc") == 0 && config_mode_is(b->c->pid_mode, "host");
	struct oci_mount *m = NULL;

	if (!b->f->user_namespace || (!sys && !proc))
		return false;
	m = add_mount(b, l, "bind", d->destination, d->destination);
	for (size_t i = 0; m && i < ARRAY_LEN(options) - proc; i++) /* each process writes to its own files of /proc */
		spec_add(b, &m->options, options[i]);
	return true;
}

static void add_default(struct spec_builder *b, const struct default_mount *d, struct mount_list *l)
{
	struct oci_mount *m = add_hosts(b, d, l) ? NULL : add_mount(b, l, d->type, d->source, d->destination);

	if (!m)
		return;
	for (size_t i = 0; i < ARRAY_LEN(d->options) && d->options[i]; i++)
		if ((strcmp(d->options[i], "ro") != 0 || !is_writable(b, d)) && is_mapped(b, d->options[i]))
			spec_add(b, &m->options, d->options[i]);
	if (b->c->readonly_rootfs && !d->writable_when_readonly && !strings_has(&m->options, "ro"))
		spec_add(b, &m->options, "ro");
	if (strcmp(d->source, "shm") == 0)
		spec_addf(b, &m->options, "size=%lld", (long long)(b->c->shm_size ? b->c->shm_size : SHM_DEFAULT));
}

static void set_propagation(struct spec_builder *b)
{
	for (size_t i = 0; i < b->c->mounts.n; i++) {
		struct sv p = sv_from(b->c->mounts.v[i].propagation);

		if (b->c->mounts.v[i].type != MOUNT_BIND)
			continue;
		if (sv_is(p, "shared") || sv_is(p, "rshared"))
			b->s->rootfs_propagation = "shared";
		else if ((sv_is(p, "slave") || sv_is(p, "rslave")) && !b->s->rootfs_propagation)
			b->s->rootfs_propagation = "rslave";
	}
}

void spec_mounts(struct spec_builder *b)
{
	struct mount_list asked = { 0 }, all = { 0 };

	collect_asked(b, &asked);
	for (size_t i = 0; i < ARRAY_LEN(default_mounts); i++) {
		const struct default_mount *d = &default_mounts[i];

		if (!is_wanted(b, d, &asked))
			continue;
		if (strcmp(d->source, "shm") == 0 &&
		    (config_mode_is(b->c->ipc_mode, "host") || config_mode_container(b->c->ipc_mode)))
			add_shared_shm(b, &all);
		else
			add_default(b, d, &all);
	}
	for (size_t i = 0; i < asked.n; i++) {
		struct oci_mount *m = LIST_ADD(b->a, &all);

		if (m)
			*m = asked.v[i];
		else
			spec_oom(b);
	}
	b->s->mounts.v = all.v;
	b->s->mounts.n = all.n;
	set_propagation(b);
}
