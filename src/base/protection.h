/* SPDX-License-Identifier: Apache-2.0 */
/* protection.h - what keeps an image, or a container beside, away from the host, by name. Where one acts it asks whether it is on:
 *
 *	if (protects(PROTECT_PROCFS_REAL))
 *		r = check_procfs(mnt, e);
 *
 * It is, and nothing of this is in the programs, but in the fault build (meson option `faults`), where TARE_UNPROTECTED names one
 * that is off: so tests/faults/unprotected shows that the test of an escape fails without what stops it. Which test that
 * is stands in tests/faults/protections, one row for each name. Callable after clone3(2). */
#pragma once

#include <stdbool.h>

#define PROTECTIONS(X)                                                                                           \
	X(ROOT_PATHS, "root-paths")               /* paths in the root are resolved in it: links, renames */     \
	X(PSEUDO_IN_PLACE, "pseudo-in-place")     /* /proc and /sys are where their names say */                 \
	X(PROCFS_REAL, "procfs-real")             /* only a procfs is mounted at /proc */                        \
	X(PROC_DESTINATIONS, "proc-destinations") /* nothing is mounted inside /proc */                          \
	X(SYSCTL_PROCFS, "sysctl-procfs")         /* sysctls are written into a procfs of ours */                \
	X(DEVICE_REAL, "device-real")             /* a node that the image brought is the device */              \
	X(MASK_SOURCE, "mask-source")             /* what masks is of our own making */                          \
	X(MASKS, "masks")                                                                                        \
	X(READ_ONLY_PATHS, "read-only-paths")                                                                    \
	X(TERMINAL_REAL, "terminal-real")         /* a terminal is of a devpts, by its descriptor */             \
	X(MOUNTS_STAY, "mounts-stay")             /* no mount travels back to the host */                        \
	X(CGROUP_READ_ONLY, "cgroup-read-only")   /* groups that are the host's cannot be changed */             \
	X(CGROUP_NAMESPACE, "cgroup-namespace")                                                                  \
	X(OWN_EXECUTABLE, "own-executable")       /* we run from a read-only mount of our file */                \
	X(DESCRIPTORS, "descriptors")             /* the command has those that it shall have */                 \
	X(WORKING_FOLDER, "working-folder")       /* is in the container */                                      \
	X(SESSION, "session")                     /* the command is in no session of the caller's */             \
	X(INHERITABLE, "inheritable")             /* no capability is inheritable unless asked for */            \
	X(GROUPS, "groups")                       /* of the caller's none is kept */                             \
	X(SECCOMP, "seccomp")                                                                                    \
	X(HOOK_ENVIRONMENT, "hook-environment")   /* hooks have their own, not the container's */                \
	X(EXEC_HIDDEN, "exec-hidden")             /* who enters a container is not to be looked at */            \
	X(EXEC_DESCRIPTORS, "exec-descriptors")   /* and has none of the host's descriptors */                   \
	X(NUMERIC_USER, "numeric-user")           /* a number is no user's name */                               \
	X(FILES_REGULAR, "files-regular")         /* what is read of an image is a regular file */               \
	X(FILES_IN_ROOT, "files-in-root")         /* and lies in it */

enum protection {
#define X(id, name) PROTECT_##id,
	PROTECTIONS(X)
#undef X
};

#ifdef TARE_FAULTS
bool protects(enum protection p);
#else
static inline bool protects(enum protection p)
{
	(void)p;
	return true;
}
#endif
