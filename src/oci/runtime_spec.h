/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_spec.h - config.json of the OCI runtime-spec 1.3.0, the part for Linux, as types.
 *
 * Numbers that may be absent are OCI_UNSET; absent text is NULL; absent lists have count 0. All memory belongs to the
 * arena that it was parsed into (or, for a spec that the engine builds, to the engine's). Parser and printer walk the
 * same tables (runtime_spec.c): what one knows the other knows. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define OCI_UNSET INT64_MIN
#define OCI_VERSION "1.3.0"

struct oci_strings {
	const char **v;
	size_t n;
};

struct oci_pair {
	const char *key, *value;
};
struct oci_pairs {
	struct oci_pair *v;
	size_t n;
};

struct oci_rlimit {
	const char *type; /* "RLIMIT_NOFILE" */
	uint64_t soft, hard;
};

struct oci_capabilities {
	bool present;
	struct oci_strings bounding, effective, inheritable, permitted, ambient;
};

struct oci_process {
	bool present;
	bool terminal, no_new_privileges;
	int64_t console_height, console_width;
	int64_t uid, gid, umask; /* uid and gid 0 when absent; umask OCI_UNSET */
	struct {
		int64_t *v;
		size_t n;
	} additional_gids;
	struct oci_strings args, env;
	const char *cwd;
	struct oci_capabilities capabilities;
	struct {
		struct oci_rlimit *v;
		size_t n;
	} rlimits;
	int64_t oom_score_adj;
	const char *apparmor_profile, *selinux_label;
	struct {
		bool present;
		const char *policy; /* "SCHED_OTHER" */
		int64_t nice, priority;
		struct oci_strings flags; /* "SCHED_FLAG_RESET_ON_FORK" */
		uint64_t runtime, deadline, period; /* nanoseconds, of SCHED_DEADLINE */
	} scheduler;
	struct {
		bool present;
		const char *class; /* "IOPRIO_CLASS_BE" */
		int64_t priority;
	} io_priority;
	struct {
		const char *initial, *final; /* "0-3,7": before and after a process of exec has come into the group */
	} exec_cpu_affinity;
};

struct oci_id_mapping {
	int64_t container_id, host_id, size;
};
struct oci_id_mappings {
	struct oci_id_mapping *v;
	size_t n;
};

struct oci_mount {
	const char *destination, *type, *source;
	struct oci_strings options;
	struct oci_id_mappings uid_mappings, gid_mappings; /* of an idmapped mount; none: the container's */
};

struct oci_namespace {
	const char *type; /* "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time" */
	const char *path; /* join this one instead of making one; NULL: new */
};

struct oci_device {
	const char *path, *type; /* "c", "u", "b", "p" */
	int64_t major, minor, file_mode, uid, gid;
};

struct oci_device_rule {
	bool allow;
	const char *type, *access; /* NULL: all */
	int64_t major, minor;      /* OCI_UNSET or -1: any */
};

struct oci_throttle {
	int64_t major, minor, rate;
};
struct oci_throttles {
	struct oci_throttle *v;
	size_t n;
};
struct oci_weight_device {
	int64_t major, minor, weight, leaf_weight;
};

struct oci_hugepage_limit {
	const char *page_size; /* "2MB" */
	uint64_t limit;        /* bytes */
};
struct oci_net_priority {
	const char *name;
	int64_t priority;
};
struct oci_rdma {
	const char *device; /* "mlx5_0" */
	int64_t hca_handles, hca_objects;
};

struct oci_resources {
	struct {
		struct oci_device_rule *v;
		size_t n;
	} devices;
	struct {
		int64_t limit, reservation, swap, kernel, kernel_tcp, swappiness;
		int64_t disable_oom_killer, use_hierarchy, check_before_update; /* 0, 1 or OCI_UNSET */
	} memory;
	struct {
		int64_t shares, quota, burst, period, realtime_runtime, realtime_period, idle;
		const char *cpus, *mems;
	} cpu;
	int64_t pids_limit;
	struct {
		int64_t weight, leaf_weight;
		struct {
			struct oci_weight_device *v;
			size_t n;
		} weight_device;
		struct oci_throttles read_bps, write_bps, read_iops, write_iops;
	} block_io;
	struct {
		struct oci_hugepage_limit *v;
		size_t n;
	} hugepages;
	struct {
		int64_t class_id;
		struct {
			struct oci_net_priority *v;
			size_t n;
		} priorities;
	} network;
	struct {
		struct oci_rdma *v;
		size_t n;
	} rdma;
	struct oci_pairs unified;
};

struct oci_seccomp_arg {
	int64_t index;
	uint64_t value, value_two;
	const char *op; /* "SCMP_CMP_EQ" */
};
struct oci_syscall {
	struct oci_strings names;
	const char *action; /* "SCMP_ACT_ALLOW" */
	int64_t errno_ret;
	struct {
		struct oci_seccomp_arg *v;
		size_t n;
	} args;
};
struct oci_seccomp {
	bool present;
	const char *default_action;
	int64_t default_errno_ret;
	struct oci_strings architectures, flags;
	const char *listener_path, *listener_metadata;
	struct {
		struct oci_syscall *v;
		size_t n;
	} syscalls;
};

enum oci_hook_kind {
	OCI_HOOK_PRESTART,
	OCI_HOOK_CREATE_RUNTIME,
	OCI_HOOK_CREATE_CONTAINER,
	OCI_HOOK_START_CONTAINER,
	OCI_HOOK_POSTSTART,
	OCI_HOOK_POSTSTOP,
	OCI_HOOK_KINDS
};
struct oci_hook {
	const char *path;             /* absolute */
	struct oci_strings args,
		env; /* args: with argv[0]; none: the path. A NULL after the last, as JSON_TEXTS has it */
	int64_t timeout;              /* seconds, above 0; OCI_UNSET: none */
};
struct oci_hooks {
	struct {
		struct oci_hook *v;
		size_t n;
	} kind[OCI_HOOK_KINDS];
};

struct oci_time_offset {
	int64_t secs, nanosecs;
	bool present;
};

struct oci_net_device {
	const char *host_name, *name; /* name: in the container; NULL: the same */
};

struct runtime_spec {
	const char *oci_version, *hostname, *domainname;
	struct oci_process process;
	struct {
		bool present;
		const char *path;
		bool readonly;
	} root;
	struct {
		struct oci_mount *v;
		size_t n;
	} mounts;
	struct oci_hooks hooks;
	struct oci_pairs annotations;
	/* linux */
	struct {
		struct oci_namespace *v;
		size_t n;
	} namespaces;
	struct oci_id_mappings uid_mappings, gid_mappings;
	struct {
		struct oci_device *v;
		size_t n;
	} devices;
	struct oci_resources resources;
	const char *cgroups_path;
	struct oci_seccomp seccomp;
	struct oci_pairs sysctl;
	struct oci_strings masked_paths, readonly_paths;
	const char *rootfs_propagation, *mount_label;
	struct oci_time_offset monotonic_offset, boottime_offset;
	struct {
		struct oci_net_device *v;
		size_t n;
	} net_devices;
	struct {
		bool present, enable_monitoring;
		const char *clos_id, *l3_cache_schema, *mem_bw_schema;
		struct oci_strings schemata;
	} intel_rdt;
	struct {
		bool present;
		const char *mode, *nodes; /* "MPOL_BIND", "0-1" */
		struct oci_strings flags; /* "MPOL_F_STATIC_NODES" */
	} memory_policy;
	struct {
		bool present;
		const char *domain; /* "LINUX", "LINUX32" */
		struct oci_strings flags;
	} personality;
};

void runtime_spec_init(struct runtime_spec *s);

/* runtime_spec_parse - the whole text is one document. -EINVAL with the JSON path for what is malformed, mistyped or
 * missing ("linux.resources.memory.limit: expected an integer, got \"64m\""); -ENOTSUP with the JSON path for a field
 * of the specification that tare cannot honour yet ("hooks: not supported"). Keys that the specification does not
 * know are ignored, as it says. *ret is untouched on failure. */
int runtime_spec_parse(struct sv json, struct arena *a, struct runtime_spec *ret, struct err *e);

/* oci_process_parse, oci_process_print - `process` alone: one more process for a running container (runc exec --process). */
int oci_process_parse(struct sv json, struct arena *a, struct oci_process *ret, struct err *e);
int oci_process_print(const struct oci_process *p, struct buf *out, struct err *e);

/* linux.resources alone, for a change of them. oci_resources_merge - what the document has takes the place of what *r has:
 * lists whole. On failure *r may have some of it. */
void oci_resources_init(struct oci_resources *r);
int oci_resources_merge(struct sv json, struct arena *a, struct oci_resources *r, struct err *e);
int oci_resources_print(const struct oci_resources *r, struct buf *out, struct err *e);

/* runtime_spec_print - as config.json: absent fields left out, keys in the specification's order. */
int runtime_spec_print(const struct runtime_spec *s, bool pretty, struct buf *out, struct err *e);
