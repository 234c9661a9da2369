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

int mount_options_parse(const struct oci_strings *options, struct arena *a, struct mount_options *ret, struct err *e)
{
	struct mount_options o = { 0 };

	for (size_t i = 0; i < options->n; i++) {
		struct sv word = sv_from(options->v[i]);

		if (sv_has_prefix(word, "idmap=") || sv_has_prefix(word, "ridmap="))
			return err_set(e, ENOTSUP, "option %s: not supported; see the mount's uidMappings",
				       options->v[i]);
		if (take_known(word, &o))
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
