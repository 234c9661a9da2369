/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_options.h"

#include "base/scope.h"
#include "kernel/mount.h"

#include <sys/mount.h>

#define ATIME MOUNT_ATTR__ATIME

/* A word sets `set` and clears `clear`; every one of them has a recursive form with an r in front. */
static const struct attr_word {
	const char *word;
	uint64_t set, clear;
} attr_words[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "relatime", MOUNT_ATTR_RELATIME, ATIME },
	{ "noatime", MOUNT_ATTR_NOATIME, ATIME },
	{ "atime", MOUNT_ATTR_RELATIME, ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, ATIME },
	{ "nostrictatime", MOUNT_ATTR_RELATIME, ATIME },
	{ "norelatime", MOUNT_ATTR_STRICTATIME, ATIME },
};

static const struct propagation_word {
	const char *word;
	uint64_t flag;
} propagation_words[] = {
	{ "private", MS_PRIVATE },
	{ "shared", MS_SHARED },
	{ "slave", MS_SLAVE },
	{ "unbindable", MS_UNBINDABLE },
};

/* Words of mount(8) that ask for nothing here. */
static const char *const ignored_words[] = { "defaults", "async",  "rbind",      "bind",
					     "loud",     "nomand", "nolazytime", "noiversion" };

static bool take_attr(struct sv word, uint64_t *set, uint64_t *clear)
{
	for (size_t i = 0; i < ARRAY_LEN(attr_words); i++)
		if (sv_is(word, attr_words[i].word)) {
			*set = (*set & ~attr_words[i].clear) | attr_words[i].set;
			*clear = (*clear & ~attr_words[i].set) | attr_words[i].clear;
			return true;
		}
	return false;
}

static bool take_propagation(struct sv word, bool recursive, struct mount_options *o)
{
	for (size_t i = 0; i < ARRAY_LEN(propagation_words); i++)
		if (sv_is(word, propagation_words[i].word)) {
			o->propagation = propagation_words[i].flag;
			o->propagation_recursive = recursive;
			return true;
		}
	return false;
}

static bool take_known(struct sv word, struct mount_options *o)
{
	struct sv base = word.n > 1 && word.p[0] == 'r' ? (struct sv){ word.p + 1, word.n - 1 } : (struct sv){ 0 };

	if (sv_is(word, "bind") || sv_is(word, "rbind")) {
		o->bind = true;
		o->recursive_bind = o->recursive_bind || sv_is(word, "rbind");
	}
	if (sv_is(word, "tmpcopyup"))
		return o->copy_up = true;
	if (sv_is(word, "idmap") || sv_is(word, "ridmap")) {
		o->idmap = sv_is(word, "idmap") ? IDMAP_MOUNT : IDMAP_TREE;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(ignored_words); i++)
		if (sv_is(word, ignored_words[i]))
			return true;
	if (take_attr(word, &o->set, &o->clear) || take_propagation(word, false, o))
		return true;
	return base.n && (take_attr(base, &o->set_recursive, &o->clear_recursive) || take_propagation(base, true, o));
}

/* ---- idmap=uids=…;gids=… ---------------------------------------------------------------------------------------- */

static bool take_number(struct sv text, int64_t *ret)
{
	uint64_t n;

	if (sv_u64(text, &n) < 0 || n > UINT32_MAX)
		return false;
	*ret = (int64_t)n;
	return true;
}

static bool take_extent(struct sv text, struct mount_id *ret)
{
	struct sv disk, host, size, rest;

	ret->relative = sv_has_prefix(text, "@");
	if (ret->relative)
		text = (struct sv){ text.p + 1, text.n - 1 };
	return sv_cut(text, '-', &disk, &rest) && sv_cut(rest, '-', &host, &size) && take_number(disk, &ret->disk) &&
	       take_number(host, &ret->host) && take_number(size, &ret->size);
}

static int take_extents(struct sv list, struct arena *a, struct mount_ids *ret, struct err *e)
{
	size_t n = 1;
	struct sv word;

	for (size_t i = 0; i < list.n; i++)
		n += list.p[i] == '#';
	if (ret->n)
		return err_set(e, EINVAL, "given twice");
	ret->v = arena_array(a, n, sizeof *ret->v);
	if (!ret->v)
		return err_oom(e);
	while (sv_next(&list, '#', &word))
		if (ret->n == n || !take_extent(word, &ret->v[ret->n++]))
			return err_set(e, EINVAL, "\"" SV_FMT "\" is not of the form 0-1000-10", SV_ARG(word));
	return ret->n ? 0 : err_set(e, EINVAL, "no ids");
}

static int take_ids(struct sv text, struct arena *a, struct mount_options *o, struct err *e)
{
	struct sv part;
	int r = 0;

	while (r == 0 && sv_next(&text, ';', &part)) {
		bool uids = sv_has_prefix(part, "uids="), gids = sv_has_prefix(part, "gids=");
		struct sv list = { part.p + 5, part.n - 5 };

		r = uids || gids ? take_extents(list, a, uids ? &o->uids : &o->gids, e) :
				   err_set(e, EINVAL, "neither uids= nor gids=");
	}
	if (r == 0 && (!o->uids.n || !o->gids.n))
		r = err_set(e, EINVAL, "both uids= and gids= are needed");
	return r;
}

/* 1: it was that; 0: another option */
static int take_idmap(struct sv word, struct arena *a, struct mount_options *o, struct err *e)
{
	struct sv key, text;
	int r;

	if (!sv_cut(word, '=', &key, &text) || (!sv_is(key, "idmap") && !sv_is(key, "ridmap")))
		return 0;
	o->idmap = sv_is(key, "idmap") ? IDMAP_MOUNT : IDMAP_TREE;
	o->uids.n = o->gids.n = 0;
	r = take_ids(text, a, o, e);
	return r < 0 ? err_wrap(e, r, "option " SV_FMT, SV_ARG(word)) : 1;
}

int mount_options_parse(const struct oci_strings *options, struct arena *a, struct mount_options *ret, struct err *e)
{
	struct mount_options o = { 0 };

	for (size_t i = 0; i < options->n; i++) {
		struct sv word = sv_from(options->v[i]);

		int r = take_idmap(word, a, &o, e);

		if (r < 0)
			return r;
		if (r || take_known(word, &o))
			continue;
		o.data = o.data ? arena_fmt(a, "%s,%s", o.data, options->v[i]) : options->v[i];
		if (!o.data)
			return err_oom(e);
	}
	*ret = o;
	return 0;
}

void mount_attr_print(uint64_t set, uint64_t clear, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_LEN(attr_words); i++) {
		const struct attr_word *w = &attr_words[i];
		bool atime = w->clear == ATIME;
		bool on = atime ? (clear & ATIME) && (set & ATIME) == w->set : w->set ? set & w->set : clear & w->clear;

		if (!on)
			continue;
		buf_putf(out, "%s%s", comma, w->word);
		comma = ",";
		if (atime)
			return;
	}
}

const char *mount_propagation_name(uint64_t propagation)
{
	for (size_t i = 0; i < ARRAY_LEN(propagation_words); i++)
		if (propagation_words[i].flag == propagation)
			return propagation_words[i].word;
	return "";
}
