/* SPDX-License-Identifier: Apache-2.0 */
/* userns.h - the user namespace that a container asks for, and which ids of the host it gets.
 *
 * "host": the host's own. "auto", "auto:size=N": N ids (65,536) that no other container has, out of the ranges of one user
 * of the host in subuid(5) and subgid(5). "C:H:S[,C:H:S...]": S ids from C on in the container are those from H on of the
 * host. "container:NAME": that container's, with the ids that it has. What a container has stands in the database from its creation to its removal, and does not change meanwhile. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"
#include "kernel/user_namespaces.h"

#define USERNS_USER "tare"
#define USERNS_AUTO_SIZE 65536
#define USERNS_AUTO_MIN 1
#define USERNS_AUTO_MAX 1048576 /* some files of images have owners above 65,535; nobody's above a million */

struct userns_mode {
	enum { USERNS_HOST, USERNS_AUTO, USERNS_MAP, USERNS_CONTAINER } kind;
	uint32_t size;     /* of auto */
	struct id_map map; /* of a map, for users and for groups */
	const char *container; /* whose; of the text that was parsed */
};

/* userns_mode_parse - NULL and "" are the host's. -EINVAL: what is allowed. */
int userns_mode_parse(const char *text, struct arena *a, struct userns_mode *ret, struct err *e);

/* ---- subuid(5), subgid(5) --------------------------------------------------------------------------------------- */

struct id_range {
	uint32_t first, count;
};
struct id_ranges {
	struct id_range *v;
	size_t n;
};

/* subid_parse - the ranges of a user, by name or by number, in the file's order. Lines of others are skipped whatever they
 * are; a line of the user's that makes no sense is -EINVAL with its number. file: for the text.
 * -ENOENT: it has none; the text says which line to add. */
int subid_parse(struct sv text, const char *file, const char *user, struct arena *a, struct id_ranges *ret,
		struct err *e);

/* ---- an ordinary user's own namespace (engine/rootless.h) --------------------------------------------------------- */

/* userns_command_parse - "PID START": a process in it, and the clock tick of its start. false: it is none, nothing is returned */
bool userns_command_parse(struct sv line, pid_t *ret_pid, uint64_t *ret_ticks);

/* userns_user_name - of passwd(5). NULL: it is not in there */
int userns_user_name(struct sv passwd, uint32_t uid, struct arena *a, const char **ret, struct err *e);

/* userns_user_map - own as 0, and the ranges from 1 on, one after the other: as podman has them. -EINVAL: own is in a range,
 * too, or there are too many. */
int userns_user_map(const struct id_ranges *ranges, uint32_t own, struct arena *a, struct id_map *ret, struct err *e);

/* The ids of one container. */
struct userns_ids {
	struct id_map uids, gids;
};
