/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - write a layer's entries into its directory, as overlayfs wants to see them.
 *
 * Names, targets and ids are the attacker's. A name is cleaned by its text ("/etc/../x" is "x"; "../x" is refused), then
 * its parent is opened inside the tree (openat2(2) RESOLVE_IN_ROOT), and the last component is made by a call that follows
 * no link. A link that an earlier entry planted may lead to another place of the tree, never out of it.
 *
 * image-spec, layer.md: ".wh.NAME" becomes a character device 0:0, ".wh..wh..opq" the xattr that rootview_opaque() names;
 * both speak of the layers below only, wherever they stand in the archive. Entries of the same name: the last wins,
 * directories merge. Errors: -errno, the text names the entry. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

struct tree_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct tree_meta {
	mode_t mode; /* permissions with setuid, setgid, sticky */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	const struct tree_xattr *xattrs;
	size_t n_xattrs;
};

struct id_map;

/* Who gets what is made. */
struct tree_owner {
	bool fixed; /* always uid and gid; else whom the entry names */
	uid_t uid;
	gid_t gid;
	const struct id_map *uids,
		*gids; /* these are ids inside a user namespace, whose owners they get; NULL: the host's */
};

struct tree_options {
	int root;              /* the draft's directory, borrowed */
	int layers;            /* layers/, borrowed; and the layers below this one, lowest first: a parent directory that the */
	const unsigned *below; /* archive leaves out gets mode and owner from there */
	size_t n_below;
	uint64_t max_entries;
	int (*wait_below)(void *arg,
			  struct err *e); /* until they are ready; called before they are looked at. NULL: they are */
	void (*copied)(void *arg, size_t bytes); /* by tree_put, of a file, so many more; NULL: nobody wants to know */
	void *arg;

	/* shared: not a layer, but a tree in which others work: cp. It may have mounts in it; names of whiteouts are names;
	 * a directory is not replaced by anything else, nor anything else by a directory (-EISDIR). umask(2) is 0. */
	bool shared;
	bool no_links;      /* no parent of an entry is a symbolic link; else such a link leads to another place below root */
	const char *prefix; /* clean; entries go below it, which is a directory and stays as it is; NULL: root itself */
	const char *shown;  /* root's name in errors; NULL: none */
	const struct tree_owner *owner; /* borrowed; NULL: as the entries say */
};

struct tree;
struct tree_entry;

int tree_open(const struct tree_options *o, struct tree **ret, struct err *e);
void tree_free(struct tree *t);

/* One entry each. The name says whether it is a whiteout; then the rest is ignored. */
bool tree_is_whiteout(const struct tree *t, const char *name);
int tree_whiteout(struct tree *t, const char *name, struct err *e);
int tree_directory(struct tree *t, const char *name, const struct tree_meta *m, struct err *e);
int tree_symlink(struct tree *t, const char *name, const char *target, const struct tree_meta *m, struct err *e);
int tree_hardlink(struct tree *t, const char *name, const char *target, struct err *e);
int tree_node(struct tree *t, const char *name, mode_t type, dev_t dev, const struct tree_meta *m, struct err *e);

/* tree_file - a new empty file, to be written with pwrite(2); then tree_file_end with its size and how far it was written, which closes fd whatever
 * happens. What was not written is a hole. */
int tree_file(struct tree *t, const char *name, const struct tree_meta *m, int *ret_fd, struct err *e);
int tree_file_end(struct tree *t, int fd, off_t written, off_t size, const struct tree_meta *m, struct err *e);

/* What a new file has already. */
struct tree_made {
	uid_t uid;
	gid_t gid;
	mode_t mode; /* TREE_MODE_UNKNOWN: it is set in any case */
};
#define TREE_MODE_UNKNOWN ((mode_t)-1)

/* What is left to do of a file. */
struct tree_rest {
	int fd; /* the caller's */
	off_t written, size;
	bool knows_made;
	struct tree_made made;
	struct tree_meta meta; /* its attributes are borrowed */
};

/* tree_file_end in two steps: tree_file_rest tells what is left to do; and that may be done by another thread, while t goes
 * on. Neither closes the file. */
int tree_file_rest(struct tree *t, int fd, off_t written, off_t size, const struct tree_meta *m, struct tree_rest *ret,
		   struct err *e);
int tree_rest_do(const struct tree_options *o, const struct tree_rest *rest, struct err *e);

/* tree_put - an entry of another tree (entry.h), with its bytes. */
int tree_put(struct tree *t, const struct tree_entry *entry, struct err *e);

/* tree_finish - the times of directories, which every later entry had changed. */
int tree_finish(struct tree *t, struct err *e);

uint64_t tree_bytes(const struct tree *t); /* of regular files, holes included */
