/* SPDX-License-Identifier: Apache-2.0 */
/* plan_priv.h - how the files that make a plan add to it; included by runtime/plan*.c only. */
#pragma once

#include "runtime/plan.h"

/* plan_add - a zeroed step of that kind at the end; NULL: out of memory (plan_make reports it once). */
struct step *plan_add(struct plan *p, enum step_actor actor, enum step_op op);

/* plan_warn - something of the document has no effect, and the specification wants that. Out of memory it is not told. */
void plan_warn(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int plan_userns(struct plan *p, struct err *e);                                 /* plan_userns.c: maps, before all else */
int plan_userns_host(struct plan *p, struct err *e);                            /* plan_userns.c: after the clone */
int plan_root(struct plan *p, struct err *e);                                   /* plan_mounts.c */
int plan_bind_sources(struct plan *p, enum step_actor actor, struct err *e);    /* plan_mounts.c: those that it opens */
int plan_mounts(struct plan *p, const struct plan_inputs *in, struct err *e);   /* plan_mounts.c */
int plan_start(struct plan *p, struct err *e);                                  /* plan_process.c: before any mount */
int plan_process(struct plan *p, struct err *e);                                /* plan_process.c: until READY */
int plan_release(struct plan *p, struct err *e);                                /* plan_process.c: from READY to EXEC */
int plan_hooks_check(struct plan *p, struct err *e);                            /* plan_hooks.c: before all else */
int plan_hooks(struct plan *p, enum step_actor actor, enum oci_hook_kind kind, struct err *e); /* plan_hooks.c */
int plan_create_hooks(struct plan *p, struct err *e);                           /* plan_hooks.c: those of create */
int plan_sysctls(struct plan *p, struct err *e);                                /* plan_sysctl.c */
int plan_cgroup(struct plan *p, struct err *e);                                 /* plan_cgroup.c */
int plan_cgroup_late(struct plan *p, struct err *e);                            /* plan_cgroup.c: CPU limits */
int plan_unit_name(struct plan *p, struct err *e);  /* plan_unit.c: before plan_cgroup()'s path */
int plan_unit_start(struct plan *p, struct err *e); /* plan_unit.c: before the group is made */
int plan_unit_limits(struct plan *p, struct err *e); /* plan_unit.c: after the clone */
int plan_seccomp(struct plan *p, struct err *e);                                /* plan_seccomp.c */

/* plan_attributes - scheduler, priorities, policies, labels: of the first process or of one of exec; plan_attributes.c */
int plan_attributes(struct plan *p, struct err *e);
/* plan_affinity - process.execCPUAffinity: for a process of exec alone */
int plan_affinity(struct plan *p, enum step_actor actor, const char *cpus, const char *where, struct err *e);

/* plan_process.c, for plan_exec.c too */
int plan_process_limits(struct plan *p, enum step_actor actor, struct err *e); /* rlimits, OOM score */
void plan_capabilities(struct plan *p); /* process.capabilities to p->caps */
int plan_become(struct plan *p, struct err *e); /* from no_new_privs to the command found */
/* plan_console - path: where it is mounted, or NULL; plan_mounts.c */
int plan_console(struct plan *p, const char *path, bool controlling, struct err *e);

/* plan_device_rules - linux.resources.devices as kernel rules, with those that every container needs added as runc
 * adds them (mknod of anything, the standard devices, pts, tun). */
int plan_device_rules(struct plan *p, struct err *e);

/* plan_id_map - mappings of the document as the kernel takes them; what: their name in it. -EINVAL. */
int plan_id_map(struct plan *p, const struct oci_id_mappings *m, const char *what, struct id_map *ret,
		const char **ret_text, struct err *e);
/* plan_stdio_owner - its user may open again what the process was given; who has the right to: ACTOR_HOST, or a child that
 * has not yet entered the user namespace. -EINVAL: the user is not mapped. */
int plan_stdio_owner(struct plan *p, enum step_actor actor, struct err *e);
/* plan_check_ids - uid and gid are there in the container's user namespace. -EINVAL: "uid 70000 is not mapped" */
int plan_check_ids(const struct plan *p, int64_t uid, int64_t gid, struct err *e);
