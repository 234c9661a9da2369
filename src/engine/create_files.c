/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes, bind sources, and the three files in /etc that a container gets from its engine. */
#include "engine/create_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/list.h"
#include "engine/volume.h"
#include "network/resolv_conf.h"
#include "storage/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

const char *host_name(struct arena *a)
{
	struct utsname u;

	return uname(&u) < 0 ? NULL : arena_str(a, u.nodename);
}

/* ---- volumes ------------------------------------------------------------------------------------------------------ */

/* The one that it got when it was made. */
static const char *recorded_name(const struct volume_uses *known, const char *target)
{
	for (size_t i = 0; i < known->n; i++)
		if (strcmp(known->v[i].target, target) == 0)
			return known->v[i].name;
	return NULL;
}

static int volume_name(struct creation *cr, const struct mount_config *m, const char **ret, struct err *e)
{
	struct id id;
	int r = 0;

	*ret = m->source ? m->source : cr->plan_only ? "<volume>" : recorded_name(&cr->known_volumes, m->target);
	if (*ret)
		return m->source ? volume_name_check(sv_from(m->source), e) : 0;
	if (cr->row)
		return err_set(e, ENOENT, "the volume of %s is gone", m->target);
	r = id_new(&id, e);
	*ret = r < 0 ? NULL : arena_str(cr->a, id.hex);
	return r < 0 ? r : *ret ? 0 : err_oom(e);
}

static int find_source(struct creation *cr, const char *name, const char **ret, bool *readonly, struct err *e)
{
	bool is_readonly = false;
	int r = 0;

	if (cr->plan_only)
		*ret = arena_fmt(cr->a, "%s/volumes/%s/_data", cr->en ? cr->en->root_path : ENGINE_ROOT, name);
	else
		r = volume_source(cr->en, name, cr->a, ret, &is_readonly, e);
	*readonly |= is_readonly;
	return r;
}

static int use_volume(struct creation *cr, const struct mount_config *m, struct err *e)
{
	const char *name = NULL;
	bool readonly = m->readonly;
	struct volume_use *use = LIST_ADD(cr->a, &cr->volumes);
	struct oci_mount *to = LIST_ADD(cr->a, &cr->inputs.volumes);
	int r = use && to ? volume_name(cr, m, &name, e) : err_oom(e);

	if (r < 0)
		return r;
	*use = (struct volume_use){ .name = name, .target = m->target,
				    .kind = m->source ? VOLUME_NAMED : VOLUME_OF_CONTAINER };
	*to = (struct oci_mount){ .destination = m->target, .type = "bind" };
	r = find_source(cr, name, &to->source, &readonly, e);
	if (r < 0)
		return r;
	if (!to->source || strings_add(cr->a, &to->options, "rbind") < 0 ||
	    strings_add(cr->a, &to->options, readonly ? "ro" : "rw") < 0)
		return err_oom(e);
	return m->volume_nocopy ? 0 : strings_add(cr->a, &cr->copy_up, m->target) < 0 ? err_oom(e) : 0;
}

static bool is_mounted(const struct container_config *c, const char *target)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (strcmp(c->mounts.v[i].target, target) == 0)
			return true;
	return false;
}

static int check_bind(const struct mount_config *m, struct err *e)
{
	scoped_fd fd = -1;
	int r = m->make_source ? 0 : bind_source_open(m->source, false, &fd, e);

	return r < 0 ? err_wrap(e, r, "--mount %s: invalid mount config for type \"bind\"", m->target) : 0;
}

int create_find_volumes(struct creation *cr, struct err *e)
{
	const struct container_config *c = cr->config;
	struct db *db;
	int r = cr->row ? engine_db(cr->en, &db, e) : 0;

	if (r == 0 && cr->row)
		r = volume_rows_of(db, cr->id.hex, cr->a, &cr->known_volumes, e);
	for (size_t i = 0; r == 0 && i < c->mounts.n; i++) {
		if (c->mounts.v[i].type == MOUNT_VOLUME)
			r = use_volume(cr, &c->mounts.v[i], e);
		else if (c->mounts.v[i].type == MOUNT_BIND && !cr->plan_only)
			r = check_bind(&c->mounts.v[i], e);
	}
	for (size_t i = 0; r == 0 && i < cr->image_config.volumes.n; i++) {
		struct mount_config m = { .type = MOUNT_VOLUME, .target = cr->image_config.volumes.v[i] };

		if (m.target[0] != '/')
			return err_set(e, EINVAL, "image %s: volume \"%s\" is not absolute", c->image, m.target);
		if (!is_mounted(c, m.target))
			r = use_volume(cr, &m, e);
	}
	cr->charter.copy_up = cr->copy_up.v;
	cr->charter.copy_up_count = cr->copy_up.n;
	return r;
}

static int make_bind_sources(struct creation *cr, struct err *e)
{
	for (size_t i = 0; i < cr->config->mounts.n; i++) {
		const struct mount_config *m = &cr->config->mounts.v[i];
		scoped_fd fd = -1;
		int r = m->type == MOUNT_BIND && m->make_source ? bind_source_open(m->source, true, &fd, e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int create_make_volumes(struct creation *cr, struct err *e)
{
	scoped_fd volumes = -1;
	int r = make_bind_sources(cr, e);

	if (r < 0 || cr->volumes.n == 0)
		return r;
	r = volumes_open(cr->en->root, &volumes, e);
	for (size_t i = 0; r == 0 && i < cr->volumes.n; i++)
		r = volume_use(cr->en, volumes, cr->id.hex, &cr->volumes.v[i], e);
	return r;
}

int create_mount_volumes(struct creation *cr, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cr->volumes.n; i++)
		if (cr->volumes.v[i].kind == VOLUME_NAMED)
			r = volume_mount(cr->en, cr->volumes.v[i].name, cr->id.hex, cr->a, e);
	return r;
}

/* ---- /etc --------------------------------------------------------------------------------------------------------- */

static const char localhost[] = "127.0.0.1\tlocalhost\n"
				"::1\tlocalhost ip6-localhost ip6-loopback\n"
				"fe00::\tip6-localnet\n"
				"ff00::\tip6-mcastprefix\n"
				"ff02::1\tip6-allnodes\n"
				"ff02::2\tip6-allrouters\n";

static int put_file(struct creation *cr, const char *name, const struct buf *text, struct err *e)
{
	scoped_fd fd = -1;
	int r = buf_status(text, e);

	if (r < 0)
		return r;
	fd = openat(cr->container_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, "create %s/%s", cr->charter.container_dir, name);
	r = io_write_all(fd, text->p, text->len, e);
	return r < 0 ? err_wrap(e, r, "%s/%s", cr->charter.container_dir, name) : 0;
}

/* A copy of the host's own; a host without one gives an empty file. */
static int copy_file(struct creation *cr, const char *host_path, const char *name, struct err *e)
{
	scoped_buf b = BUF(LIMIT_ENV_FILE);
	struct err missing = { 0 };
	int r = io_read_at(cr->en->host->root, host_path, &b, &missing);

	if (r < 0 && r != -ENOENT) {
		if (e)
			*e = missing;
		return r;
	}
	return put_file(cr, name, &b, e);
}

static int put_hosts(struct creation *cr, bool host_net, struct err *e)
{
	scoped_buf b = BUF(LIMIT_ENV_FILE);
	int r = host_net ? io_read_at(cr->en->host->root, "etc/hosts", &b, e) : 0;

	if (r < 0 && r != -ENOENT)
		return r;
	if (!host_net)
		buf_puts(&b, localhost);
	create_put_hosts(cr, &b);
	return put_file(cr, "hosts", &b, e);
}

static int put_resolver(struct creation *cr, struct err *e)
{
	const struct container_config *c = cr->config;
	scoped_buf b = BUF(LIMIT_ENV_FILE);
	int r;

	if (!create_is_networked(cr) && !c->dns.n && !c->dns_search.n && !c->dns_options.n)
		return copy_file(cr, "etc/resolv.conf", "resolv.conf", e);
	r = create_put_resolver(cr, &b, e);
	return r < 0 ? r : put_file(cr, "resolv.conf", &b, e);
}

int create_etc_files(struct creation *cr, struct err *e)
{
	bool host_net = cr->config->network_mode && strcmp(cr->config->network_mode, "host") == 0;
	scoped_buf b = BUF(4096);
	int r;

	buf_putf(&b, "%s\n", cr->inputs.hostname);
	r = put_file(cr, "hostname", &b, e);
	if (r == 0)
		r = put_hosts(cr, host_net, e);
	return r < 0 ? r : put_resolver(cr, e);
}

/* ---- when it has joined or left a network ------------------------------------------------------------------------------- */

/* The container has these files mounted: their contents change, the files stay. */
static int overwrite(int dir, const char *name, struct sv text, struct err *e)
{
	scoped_fd fd = openat(dir, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", name);
	r = io_write_all(fd, text.p, text.n, e);
	return err_wrap(e, r, "%s", name);
}

static bool ends_with_address(struct sv line, const struct net_ip *ip)
{
	char text[SUBNET_TEXT];
	struct sv address, rest;

	return ip->family && sv_cut(line, '\t', &address, &rest) && sv_is(address, net_ip_print(ip, text));
}

static bool is_own_line(const struct places *before, struct sv line)
{
	for (size_t i = 0; i < before->rows.n; i++) {
		struct net_ip ip4 = network_place_ip4(&before->nets[i], &before->rows.v[i]),
			      ip6 = network_place_ip6(&before->nets[i], &before->rows.v[i]);

		if (ends_with_address(line, &ip4) || ends_with_address(line, &ip6))
			return true;
	}
	return false;
}

/* Lines of the addresses that are no longer its own go, those of new ones come; what somebody else wrote stays. */
static int rewrite_hosts(const struct creation *cr, const struct places *before, int dir, struct err *e)
{
	scoped_buf old = BUF(LIMIT_ENV_FILE), now = BUF(LIMIT_ENV_FILE);
	struct container_config plain = *cr->config;
	struct creation without = *cr;
	struct sv text, line;
	int r = io_read_at(dir, "hosts", &old, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	text = buf_sv(&old);
	while (sv_next(&text, '\n', &line))
		if (line.n && !is_own_line(before, line))
			buf_putf(&now, SV_FMT "\n", SV_ARG(line));
	plain.extra_hosts.n = 0; /* they stand there already */
	without.config = &plain;
	create_put_hosts(&without, &now);
	r = buf_status(&now, e);
	return r < 0 ? r : overwrite(dir, "hosts", buf_sv(&now), e);
}

/* One that somebody has changed stays theirs. */
static int rewrite_resolver(struct creation *cr, const struct places *before, int dir, struct err *e)
{
	const struct creation was = { .places = *before };
	scoped_buf old = BUF(LIMIT_ENV_FILE), text = BUF(LIMIT_ENV_FILE);
	int r;

	if (create_has_names(&was) == create_has_names(cr) && before->rows.n)
		return 0;
	r = io_read_at(dir, "resolv.conf", &old, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (before->rows.n && !resolv_conf_is_ours(buf_sv(&old)))
		return 0;
	r = create_put_resolver(cr, &text, e);
	return r < 0 ? r : overwrite(dir, "resolv.conf", buf_sv(&text), e);
}

int create_rewrite_etc(struct creation *cr, const struct places *before, int dir, struct err *e)
{
	int r = rewrite_hosts(cr, before, dir, e);

	return r < 0 ? r : rewrite_resolver(cr, before, dir, e);
}
