/* SPDX-License-Identifier: Apache-2.0 */
/* user_namespaces.h - user_namespaces(7): which ids inside a namespace are which ids outside, and namespaces that have
 * such maps. "Outside" is the namespace of the process that writes them: the host's.
 *
 * Writing maps of more than one's own id needs CAP_SETUID and CAP_SETGID, mapping the host's 0 also CAP_SETFCAP. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ID_MAP_EXTENTS 340     /* Linux 4.15 and later */
#define ID_MAP_TEXT 4095       /* one write(2) of less than a page */
#define ID_NONE UINT32_MAX     /* (uid_t) -1, no id */

struct id_extent {
	uint32_t inside, outside, count;
};

struct id_map {
	const struct id_extent *v;
	size_t n;
};

/* userns_is_first - is `link`, what readlink(2) says of a process's ns/user, the one that the machine began with? It has a
 * fixed number: PROC_USER_INIT_INO of the kernel. userns_in_first - is this process in it? Also true when /proc is not there. */
bool userns_is_first(const char *link);
bool userns_in_first(void);

/* id_map_check - as the kernel would refuse it, but with the reason. -EINVAL: no extents or too many, an empty one, ids
 * past 4294967294, two extents that overlap inside or outside. */
int id_map_check(const struct id_map *m, struct err *e);
bool id_map_equal(const struct id_map *a, const struct id_map *b);

/* id_map_outside - ID_NONE: not mapped */
uint32_t id_map_outside(const struct id_map *m, uint32_t inside);

/* id_map_print - as uid_map has it: "0 100000 65536\n" for each extent */
void id_map_print(const struct id_map *m, struct buf *out);

/* The maps of one namespace as the kernel takes them: made before the clone, written after it. */
struct userns_maps {
	const char *uid, *gid;
};

/* userns_write - the maps of a process that has just been cloned with CLONE_NEWUSER, once. proc: a directory. */
int userns_write(int proc, pid_t pid, const struct userns_maps *maps, struct err *e);

/* userns_open - the user namespace of a process, for mount_idmap(); -ESRCH, -ENOENT: it has ended. The caller closes. */
int userns_open(int proc, pid_t pid, struct err *e);

/* userns_read - the maps of somebody's namespace as the caller sees them, as uid_map has them. A process is made in it and ended
 * again. -EINVAL: ns is no user namespace, or the caller's own; -EPERM. */
int userns_read(int proc, int ns, struct buf *uid, struct buf *gid, struct err *e);

/* id_map_parse - what uid_map has; into at most ID_MAP_EXTENTS of v. -EINVAL. */
int id_map_parse(struct sv text, struct id_extent *v, size_t *ret_n, struct err *e);

/* userns_new - a namespace that no process is in, with these maps. A process is made for it and ended again. */
int userns_new(int proc, const struct userns_maps *maps, int *ret_fd, struct err *e);
