/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/tmpfs_options.h"

#include "base/scope.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

/* Words of one group are contrary: only the last stays. Keys end with '=' and are a group each. */
static const struct {
	const char *word;
	int group;
} known[] = {
	{ "ro", 1 },          { "rw", 1 },           { "suid", 2 },
	{ "nosuid", 2 },      { "dev", 3 },          { "nodev", 3 },
	{ "exec", 4 },        { "noexec", 4 },       { "sync", 5 },
	{ "async", 5 },       { "dirsync", 6 },      { "mand", 7 },
	{ "nomand", 7 },      { "atime", 8 },        { "noatime", 8 },
	{ "diratime", 9 },    { "nodiratime", 9 },   { "relatime", 10 },
	{ "norelatime", 10 }, { "strictatime", 11 }, { "nostrictatime", 11 },
	{ "private", 12 },    { "rprivate", 12 },    { "slave", 12 },
	{ "rslave", 12 },     { "shared", 12 },      { "rshared", 12 },
	{ "unbindable", 12 }, { "runbindable", 12 }, { "uid=", 20 },
	{ "gid=", 21 },       { "mode=", 22 },       { "size=", 23 },
	{ "nr_inodes=", 24 }, { "nr_blocks=", 25 },  { "mpol=", 26 },
	{ "defaults", 30 },
};

static int group_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const char *w = known[i].word;
		bool key = w[strlen(w) - 1] == '=';

		if (key ? strncmp(text, w, strlen(w)) == 0 && text[strlen(w)] : strcmp(text, w) == 0)
			return known[i].group;
	}
	return 0;
}

int tmpfs_options_merge(const struct oci_strings *words, struct arena *a, struct oci_strings *ret, struct err *e)
{
	for (size_t i = 0; i < words->n; i++) {
		int group = group_of(words->v[i]);
		bool undone = false;

		if (!group)
			return err_set(e, EINVAL, "invalid tmpfs option \"%s\"", words->v[i]);
		for (size_t k = i + 1; k < words->n && !undone; k++)
			undone = group_of(words->v[k]) == group;
		if (!undone && strcmp(words->v[i], "defaults") != 0 && strings_add(a, ret, words->v[i]) < 0)
			return err_oom(e);
	}
	return 0;
}
