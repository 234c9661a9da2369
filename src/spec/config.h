/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - what was asked for: a container's configuration in Docker's terms (Config and HostConfig of the Engine API).
 *
 * Filled by the command line (cli/opt_*.c) or an API request, checked by config_check(), kept as JSON in the database,
 * turned into a runtime-spec by spec_make(). Zero or NULL means "not asked for" unless a comment says otherwise. Memory
 * belongs to the arena that the filler used. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "monitor/charter.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>
#include <stdint.h>

enum mount_type { MOUNT_BIND, MOUNT_VOLUME, MOUNT_TMPFS };

struct mount_config {
	enum mount_type type;
	const char *source; /* bind: absolute host path; volume: name, NULL = anonymous */
	const char *target; /* absolute, in the container */
	bool readonly;
	bool make_source;        /* bind: -v makes a missing directory, --mount refuses */
	bool volume_nocopy;      /* volume: do not fill an empty one from the image */
	const char *propagation; /* bind: "rprivate" (default), "rslave", … */
	bool non_recursive;      /* bind-recursive=disabled: `bind` instead of `rbind` */
	bool idmap;              /* bind: files belong to whom they belong on the host, in the user namespace's ids */
	const char *tmpfs_options; /* tmpfs: "size=64m,mode=1777,exec" as given to --tmpfs */
	int64_t tmpfs_size, tmpfs_mode; /* --mount type=tmpfs; 0 = not given, mode OCI_UNSET = not given */
};

struct device_config {
	const char *host_path, *container_path, *access; /* access: some of "rwm" */
};

struct rate_config {
	const char *path; /* of a block device on the host: "/dev/sda" */
	int64_t rate;     /* bytes or operations a second; 0: no limit */
};

struct weight_config {
	const char *path;
	int64_t weight; /* 10 to 1000; 0: the container's own */
};

/* A network that a container joins; NULL, empty or 0: not asked for. */
struct network_config {
	const char *name;
	struct oci_strings aliases;
	const char *ip4, *ip6, *mac, *device; /* device: what the interface is called in the container */
	int64_t priority;                     /* the default gateway is that of the network with the highest */
};

#define CONFIG_LIST(type, name) \
	struct {                \
		type *v;        \
		size_t n;       \
	} name

struct container_config {
	const char *name, *image, *rootfs; /* image or rootfs */
	struct oci_strings command, entrypoint;
	bool entrypoint_set; /* --entrypoint given, also when empty: the image's Cmd is dropped too */
	struct oci_strings env; /* "K=V"; "K" alone was resolved by the front door */
	const char *workdir, *user, *hostname, *domainname;
	struct oci_strings group_add; /* names of the image's /etc/group, or ids */
	bool groups_strict;           /* besides the primary group these alone, none that the image gives the user */
	struct oci_pairs labels, annotations;
	CONFIG_LIST(struct mount_config, mounts);
	struct oci_strings volumes_from; /* "CONTAINER[:ro|rw]" */
	bool readonly_rootfs, privileged, auto_remove, detach;
	bool tty, open_stdin,
		stdin_once; /* stdin_once: closed for good when the client that is attached to it leaves */
	bool attach_stdin, attach_stdout, attach_stderr; /* what the client that makes it attaches to; detached: none */

	bool init;               /* tare-init is the first process */
	const char *stop_signal; /* signal_from_name() knows it; NULL: the image's, or SIGTERM */
	int64_t stop_timeout_s;  /* OCI_UNSET: Docker's 10; < 0: for ever */
	struct {
		enum restart_policy name;
		int64_t maximum_retry_count; /* of on-failure; 0: no maximum */
	} restart;
	const char *log_driver; /* NULL: json-file */
	struct oci_pairs log_opts;
	const char *pull_policy; /* always, never; NULL: missing. This and pull_quiet are not kept. */
	bool pull_quiet;
	const char *cid_file; /* where the client wrote the id to; only told, never read */

	struct oci_strings cap_add, cap_drop; /* checked, "CAP_X" or "ALL" */
	const char *seccomp;                  /* NULL: Docker's default; "unconfined"; else the profile's JSON text */
	bool no_new_privileges, systempaths_unconfined, writable_cgroups;
	const char *apparmor_profile, *selinux_label;
	struct oci_pairs sysctls;
	CONFIG_LIST(struct oci_rlimit, ulimits); /* type "RLIMIT_NOFILE"; UINT64_MAX = unlimited */
	int64_t shm_size;                        /* bytes; 0 = 64 MiB */
	CONFIG_LIST(struct device_config, devices);
	struct oci_strings device_cgroup_rules; /* "c 1:3 rwm" */

	/* NULL = the default; "container:X" joins another container's (not cgroupns) */
	const char *pid_mode, *ipc_mode, *uts_mode, *cgroupns_mode, *network_mode;
	CONFIG_LIST(struct network_config, networks); /* none with a network mode of none, host or container:X */
	struct oci_strings publish;                   /* as ports_print() has them */
	const char *publish_default_ip;               /* where those go that name no address; NULL: everywhere */
	bool publish_all;
	struct oci_strings expose; /* "80/tcp", "80-90/udp" */
	struct oci_strings dns, dns_search, dns_options, extra_hosts; /* extra_hosts: "name:address" */
	const char *userns_mode; /* "host", "auto", "auto:size=N", "container:X", "C:H:S[,...]" */

	int64_t nano_cpus, cpu_shares, cpu_quota_us, cpu_period_us;
	const char *cpuset_cpus, *cpuset_mems;
	int64_t cpu_rt_period_us, cpu_rt_runtime_us;
	int64_t memory, memory_swap /* total; -1 unlimited */, memory_reservation, memory_high;
	int64_t memory_swappiness; /* 0 to 100; OCI_UNSET: not asked for */
	bool oom_kill_disable;
	int64_t pids_limit;         /* <= 0: unlimited */
	int64_t blkio_weight;
	CONFIG_LIST(struct weight_config, blkio_weight_devices);
	struct rates {
		struct rate_config *v;
		size_t n;
	} device_read_bps, device_write_bps, device_read_iops, device_write_iops;
	struct oci_pairs cgroup_conf; /* control files of cgroup v2 by name, written as they are */
	int64_t oom_score_adj;
	bool oom_score_adj_set;
	const char *cgroup_parent;  /* NULL: /tare; of systemd's, a slice or its path, system.slice */
	const char *cgroup_manager; /* systemd, cgroupfs; NULL: as tare.conf says when it is made */
	const char
		*pod; /* uid of the pod that it is one container of (kube_pod.h): its monitor makes what they share */
	const char
		*kube_namespace; /* whose quotas hold for it. Any of these three: it is a pod of one (kube_plain.h) */
	int64_t cpu_request_milli, memory_request;
	const char *qos; /* which class that is */
	bool strict;                /* a limit that the host lacks is an error, not a warning */
};

void config_init(struct container_config *c);
bool config_is_unit(const struct container_config *c); /* its group is a unit of systemd's */
void mount_config_init(struct mount_config *m); /* tmpfs_mode is OCI_UNSET, the rest zero */

bool config_mode_is(const char *mode, const char *name); /* of pid_mode and its like; NULL is no mode's name */
const char *config_mode_container(const char *mode);     /* "container:X" -> "X"; NULL: another mode */

/* What the log options say (log_driver, log_opts); as in the charter. */
struct log_limits {
	enum log_driver driver;
	int64_t max_size; /* bytes; 0: no rotation */
	int max_file;
};
/* config_log_limits - -EINVAL, -ENOTSUP: "--log-opt max-size=x: ..." with Docker's text. */
int config_log_limits(const struct container_config *c, struct log_limits *ret, struct err *e);

/* Kept in the database and shown by `tare inspect`: Docker's names ("NanoCpus", "HostConfig.Memory", …), what only
 * tare has under "Tare". What is printed is parsed to the same configuration. Parsing checks types, not ranges (that
 * is config_check()'s): -EINVAL with the JSON path; *ret is untouched then. */
int config_print(const struct container_config *c, struct buf *out, struct err *e);
int config_parse(struct sv json, struct arena *a, struct container_config *ret, struct err *e);
