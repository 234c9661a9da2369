/* SPDX-License-Identifier: Apache-2.0 */
/* -v, --mount, --tmpfs: what can be said of them without looking at the host. */
#include "spec/config_check_priv.h"

#include "base/id.h"
#include "base/scope.h"
#include "oci/list.h"
#include "base/path.h"
#include "spec/tmpfs_options.h"

#include <errno.h>
#include <string.h>

static const char *const type_names[] = { "bind", "volume", "tmpfs" };

static const char *const propagations[] = { "private", "rprivate", "slave", "rslave", "shared", "rshared" };

static const char *option_of(const struct mount_config *m)
{
	if (m->type == MOUNT_TMPFS && m->tmpfs_options)
		return "--tmpfs";
	return m->make_source ? "--volume" : "--mount";
}

static int refuse(struct config_checker *k, const struct mount_config *m, const char *text, const char *operand)
{
	return option_refuse(k, option_of(m), m->target ? m->target : "",
			     "invalid mount config for type \"%s\": %s%s%s", type_names[m->type], text,
			     operand ? ": " : "", operand ? operand : "");
}

static int check_target(struct config_checker *k, const struct mount_config *m)
{
	const char *clean;

	if (!m->target || !*m->target)
		return refuse(k, m, "field Target must not be empty", NULL);
	if (*m->target != '/')
		return refuse(k, m, "mount path must be absolute", m->target);
	clean = path_clean(k->w->arena, sv_from(m->target));
	if (!clean)
		return err_oom(k->e);
	if (strcmp(clean, "/") == 0)
		return refuse(k, m, "invalid specification: destination can't be '/'", NULL);
	return 0;
}

static int check_bind(struct config_checker *k, const struct mount_config *m)
{
	bool known = !m->propagation;

	if (m->idmap && (!k->c->userns_mode || config_mode_is(k->c->userns_mode, "host")))
		return refuse(k, m, "idmap needs a user namespace (--userns)", NULL);
	if (!m->source || !*m->source)
		return refuse(k, m, "field Source must not be empty", NULL);
	if (*m->source != '/')
		return refuse(k, m, "mount path must be absolute", m->source);
	for (size_t i = 0; !known && i < ARRAY_LEN(propagations); i++)
		known = strcmp(propagations[i], m->propagation) == 0;
	return known ? 0 : refuse(k, m, "invalid propagation mode", m->propagation);
}

static int check_volume(struct config_checker *k, const struct mount_config *m)
{
	if (!m->source || !*m->source || name_is_valid(sv_from(m->source)))
		return 0;
	return option_refuse(k, option_of(m), m->source,
			     "\"%s\" includes invalid characters for a local volume name, only "
			     "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use "
			     "absolute path",
			     m->source);
}

static int check_tmpfs(struct config_checker *k, const struct mount_config *m)
{
	struct oci_strings words = { 0 }, merged = { 0 };
	struct sv rest = sv_from(m->tmpfs_options), word;
	struct err inner = { 0 };
	int r;

	if (m->source && *m->source)
		return refuse(k, m, "field Source must not be specified", NULL);
	if (m->tmpfs_size < 0)
		return refuse(k, m, "the size can not be less than 0", NULL);
	if (m->tmpfs_mode != OCI_UNSET && (m->tmpfs_mode < 0 || m->tmpfs_mode > 07777))
		return refuse(k, m, "the mode is not between 0 and 7777", NULL);
	while (sv_next(&rest, ',', &word))
		if (word.n && strings_add(k->w->arena, &words, arena_sv(k->w->arena, word)) < 0)
			return err_oom(k->e);
	r = tmpfs_options_merge(&words, k->w->arena, &merged, &inner);
	if (r == -ENOMEM)
		return err_oom(k->e);
	return r < 0 ? option_refuse(k, option_of(m), m->target, "%s", inner.msg) : 0;
}

static int check_duplicates(struct config_checker *k)
{
	struct oci_strings seen = { 0 };

	for (size_t i = 0; i < k->c->mounts.n; i++) {
		const struct mount_config *m = &k->c->mounts.v[i];
		const char *clean = path_clean(k->w->arena, sv_from(m->target));

		if (clean && strings_has(&seen, clean))
			return option_refuse(k, option_of(m), m->target, "Duplicate mount point: %s", clean);
		if (strings_add(k->w->arena, &seen, clean) < 0)
			return err_oom(k->e);
	}
	return 0;
}

int config_check_mounts(struct config_checker *k)
{
	static int (*const by_type[])(struct config_checker *, const struct mount_config *) = {
		[MOUNT_BIND] = check_bind, [MOUNT_VOLUME] = check_volume, [MOUNT_TMPFS] = check_tmpfs
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < k->c->mounts.n; i++) {
		r = check_target(k, &k->c->mounts.v[i]);
		if (r == 0)
			r = by_type[k->c->mounts.v[i].type](k, &k->c->mounts.v[i]);
	}
	return r ? r : check_duplicates(k);
}
