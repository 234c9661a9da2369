/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - the handle: where this engine keeps what was asked for, and what is needed to look at the host.
 *
 *   root   /var/lib/tare or $XDG_DATA_HOME/tare    tare.db containers/ layers/ volumes/ content/    survives a boot
 *   state  /run/tare     or $XDG_RUNTIME_DIR/tare  <id>/                                             does not
 *          (or /tmp/tare-run-UID, where no such folder is named)
 *
 * root is made with mode 0710, state and everything below with 0700 (an image's setuid program must not be reachable
 * by the users of the host, CVE-2021-41091). Opening costs a handful of system calls; database and cgroup layout are
 * read when they are first asked for. */
#pragma once

#include "base/err.h"
#include "records/db.h"
#include "kernel/host.h"
#include "kernel/procfs.h"
#include "systemd/client.h"

#include <stdbool.h>

/* root's own, and what a plan shows that no engine is behind */
#define ENGINE_ROOT "/var/lib/tare"
#define ENGINE_STATE "/run/tare"

struct engine {
	const struct host *host; /* borrowed */
	char *root_path, *state_path; /* absolute */
	int root, state, containers; /* directories, open for reading */
	char boot_id[BOOT_ID_SIZE];
	pid_t self; /* whose start time self_ticks is; 0: not read yet */
	uint64_t self_ticks;
	bool rootless; /* an ordinary user's, whose user namespace this is (rootless.h) */
	uid_t caller;  /* then: which */
	const char *settings_path; /* --config, borrowed; NULL: the default */
	bool kube_held; /* this process has kube.lock (kube_priv.h) */
	bool patient; /* set before the first engine_db(): see db_set_patient() */
	struct db *db;
	struct cgroup_layout *layout;
	struct unit_client units; /* units.c: systemd, once it was asked */
	void (*units_end)(struct engine *en); /* set with it, for the same reason as below; NULL: it was not asked */
	int nft;           /* firewall.c: its socket; -1: none yet */
	bool nft_removed;  /* something was removed by it */
	void (*nft_end)(struct engine *en); /* set with it: firewall.c is not linked by who changes no rules */
};

/* engine_open - NULL for root or state: the default (--root, --state). Makes the folders.
 * One line that names the folder: -EACCES without privileges, -EROFS, -ENOSPC, -ENOTDIR, -EPERM: others may write
 * there. */
int engine_open(struct engine *ret, const struct host *h, const char *root, const char *state, struct err *e);
void engine_close(struct engine *en);

/* engine_open_state - where both are, and the state folder alone, made if need be. The texts are to be freed. */
int engine_open_state(const char *root, const char *state, char **ret_root, char **ret_state, int *ret_fd,
		      struct err *e);

#define scoped_engine SCOPED(engine_close) struct engine

/* engine_db, engine_layout - opened or read at the first call; owned by the engine. */
int engine_db(struct engine *en, struct db **ret, struct err *e);
int engine_layout(struct engine *en, const struct cgroup_layout **ret, struct err *e);

/* engine_self_ticks - start time of this process (procfs.h); after fork(2) it is the child's own. */
int engine_self_ticks(struct engine *en, uint64_t *ret_ticks, struct err *e);

/* engine_default_root, engine_default_state - for uid 0 or not, from the environment. -EINVAL: no root, neither XDG_… nor HOME.
 * The text is to be freed. */
int engine_default_root(char **ret, struct err *e);
int engine_default_state(char **ret, struct err *e);

/* engine_container_dir - containers/<id>. create: -EEXIST when it is there. -ENOENT */
int engine_container_dir(const struct engine *en, const char *id, bool create, int *ret_fd, struct err *e);
/* engine_state_dir - <state>/<id>, likewise. */
int engine_state_dir(const struct engine *en, const char *id, bool create, int *ret_fd, struct err *e);
