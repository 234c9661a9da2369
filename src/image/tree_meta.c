/* SPDX-License-Identifier: Apache-2.0 */
/* Owner, mode, times and attributes of what tree.c made. */
#include "image/tree_priv.h"

#include "base/scope.h"
#include "kernel/user_namespaces.h"

#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

/* overlayfs' own attributes would let an image speak to the mount; labels are the host's policy. */
static bool xattr_is_refused(const char *name)
{
	static const char *const prefixes[] = { "trusted.overlay.", "user.overlay.", "security.selinux", "security.evm",
						"security.ima", "security.SMACK" };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* A file system without some kind of attribute is fine, but a program that would silently lack its capability is not. */
static int set_xattrs(int fd, const struct tree_meta *m, struct err *e)
{
	for (size_t i = 0; i < m->n_xattrs; i++) {
		const struct tree_xattr *x = &m->xattrs[i];

		if (xattr_is_refused(x->name) || fsetxattr(fd, x->name, x->value, x->size, 0) == 0)
			continue;
		if (errno == ENOTSUP && strcmp(x->name, "security.capability") != 0)
			continue;
		return err_sys(e, "set attribute %s", x->name);
	}
	return 0;
}

struct owner {
	uid_t uid;
	gid_t gid;
};

static int owner_of(const struct tree_options *options, const struct tree_meta *m, struct owner *ret, struct err *e)
{
	const struct tree_owner *o = options->owner;
	struct owner own = { o && o->fixed ? o->uid : m->uid, o && o->fixed ? o->gid : m->gid }, outside = own;

	if (o && o->uids)
		outside = (struct owner){ id_map_outside(o->uids, own.uid), id_map_outside(o->gids, own.gid) };
	if (outside.uid == ID_NONE || outside.gid == ID_NONE)
		return err_set(e, EINVAL, "owner %u:%u is not mapped in the user namespace", own.uid, own.gid);
	*ret = outside;
	return 0;
}

/* EINVAL: an ordinary user without ranges has one id, and the file system can note no other. */
static int chown_failed(struct owner own, struct err *e)
{
	if (errno == EINVAL)
		return err_set(
			e, EINVAL,
			"owner %u:%u is none of the ids that this user has (/etc/subuid, /etc/subgid: subuid(5))",
			own.uid, own.gid);
	return err_sys(e, "chown to %u:%u", own.uid, own.gid);
}

/* In this order: a change of owner takes setuid and capabilities away. */
int tree_set_meta(const struct tree_options *o, int fd, const struct tree_made *made, const struct tree_meta *m,
		  struct err *e)
{
	struct timespec times[2] = { m->mtime, m->mtime };
	struct owner own;
	int r = owner_of(o, m, &own, e);

	if (r < 0)
		return r;
	if ((!made || made->uid != own.uid || made->gid != own.gid) && fchown(fd, own.uid, own.gid) < 0)
		return chown_failed(own, e);
	if ((!made || made->mode != (m->mode & 07777)) && fchmod(fd, m->mode & 07777) < 0)
		return err_sys(e, "chmod");
	r = set_xattrs(fd, m, e);
	if (r < 0)
		return r;
	return futimens(fd, times) < 0 ? err_sys(e, "set times") : 0;
}

int tree_rest_do(const struct tree_options *o, const struct tree_rest *rest, struct err *e)
{
	if (rest->written != rest->size && ftruncate(rest->fd, rest->size) < 0)
		return err_sys(e, "truncate to %lld bytes", (long long)rest->size);
	return tree_set_meta(o, rest->fd, rest->knows_made ? &rest->made : NULL, &rest->meta, e);
}

int tree_set_meta_at(const struct tree_options *o, int parent, const char *leaf, const struct tree_meta *m,
		     bool chmod_too, struct err *e)
{
	struct timespec times[2] = { m->mtime, m->mtime };
	struct owner own;
	int r = owner_of(o, m, &own, e);

	if (r < 0)
		return r;
	if (fchownat(parent, leaf, own.uid, own.gid, AT_SYMLINK_NOFOLLOW) < 0)
		return chown_failed(own, e);
	/* our own fresh node in a folder that only we may enter: no link can be there. In another's, mknod's mode has to do */
	if (chmod_too && !o->shared && fchmodat(parent, leaf, m->mode & 07777, 0) < 0)
		return err_sys(e, "chmod");
	if (utimensat(parent, leaf, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "set times");
	return 0;
}
