/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as JSON, in the names of `docker inspect`: Config, HostConfig, and what only tare has under Tare. */
#include "spec/config.h"

#include "base/scope.h"
#include "kernel/rlimit.h"
#include "oci/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AT(type, member) .offset = offsetof(struct type, member)

/* ---- text with a meaning ------------------------------------------------------------------------------------ */

static const char *const mount_types[] = { "bind", "volume", "tmpfs" };

static int mount_type_parse(struct sv text, void *ret, struct err *e)
{
	for (int i = MOUNT_BIND; i <= MOUNT_TMPFS; i++) {
		if (sv_is(text, mount_types[i])) {
			*(enum mount_type *)ret = (enum mount_type)i;
			return 0;
		}
	}
	return err_set(e, EINVAL, "\"%.*s\" is not bind, volume or tmpfs", (int)text.n, text.p);
}

static const char *mount_type_print(const void *value, char scratch[128])
{
	(void)scratch;
	return mount_types[*(const enum mount_type *)value];
}

static const struct json_codec mount_type_codec = { sizeof(enum mount_type), mount_type_parse, mount_type_print };

static int rlimit_parse(struct sv text, void *ret, struct err *e)
{
	int resource = rlimit_from_name(text);

	if (resource < 0)
		return err_set(e, EINVAL, "invalid ulimit type: %.*s", (int)text.n, text.p);
	*(const char **)ret = rlimit_name((unsigned)resource);
	return 0;
}

static const char *rlimit_print(const void *value, char scratch[128])
{
	const char *type = *(const char *const *)value;
	size_t i;

	for (i = 0; i < 127 && type[strlen("RLIMIT_") + i]; i++)
		scratch[i] = (char)tolower((unsigned char)type[strlen("RLIMIT_") + i]);
	scratch[i] = '\0';
	return scratch;
}

static const struct json_codec rlimit_codec = { sizeof(const char *), rlimit_parse, rlimit_print };

static int restart_parse(struct sv text, void *ret, struct err *e)
{
	int name = text.n ? restart_policy_from_name(text) : RESTART_NO;

	if (name < 0)
		return err_set(
			e, EINVAL,
			"invalid restart policy: unknown policy '%.*s'; use one of 'no', 'always', 'on-failure', "
			"or 'unless-stopped'",
			(int)text.n, text.p);
	*(enum restart_policy *)ret = (enum restart_policy)name;
	return 0;
}

static const char *restart_print(const void *value, char scratch[128])
{
	(void)scratch;
	return restart_policy_name(*(const enum restart_policy *)value);
}

static const struct json_codec restart_codec = { sizeof(enum restart_policy), restart_parse, restart_print };

/* ---- tables ------------------------------------------------------------------------------------------------- */

static const struct json_row config_rows[] = {
	{ "Hostname", JSON_TEXT, 0, AT(container_config, hostname) },
	{ "Domainname", JSON_TEXT, 0, AT(container_config, domainname) },
	{ "User", JSON_TEXT, 0, AT(container_config, user) },
	{ "AttachStdin", JSON_BOOL, JSON_ALWAYS, AT(container_config, attach_stdin) },
	{ "AttachStdout", JSON_BOOL, JSON_ALWAYS, AT(container_config, attach_stdout) },
	{ "AttachStderr", JSON_BOOL, JSON_ALWAYS, AT(container_config, attach_stderr) },
	{ "Tty", JSON_BOOL, JSON_ALWAYS, AT(container_config, tty) },
	{ "OpenStdin", JSON_BOOL, JSON_ALWAYS, AT(container_config, open_stdin) },
	{ "StdinOnce", JSON_BOOL, JSON_ALWAYS, AT(container_config, stdin_once) },
	{ "Env", JSON_TEXTS, 0, AT(container_config, env) },
	{ "Cmd", JSON_TEXTS, 0, AT(container_config, command) },
	{ "Image", JSON_TEXT, 0, AT(container_config, image) },
	{ "WorkingDir", JSON_TEXT, 0, AT(container_config, workdir) },
	{ "Entrypoint", JSON_TEXTS, 0, AT(container_config, entrypoint) },
	{ "Labels", JSON_PAIRS, 0, AT(container_config, labels) },
	{ "StopSignal", JSON_TEXT, 0, AT(container_config, stop_signal) },
	{ "StopTimeout", JSON_I64, 0, AT(container_config, stop_timeout_s) },
};
static const struct json_table config_table = JSON_TABLE(config_rows, struct container_config);

static const struct json_row bind_rows[] = {
	{ "Propagation", JSON_TEXT, 0, AT(mount_config, propagation) },
	{ "NonRecursive", JSON_BOOL, 0, AT(mount_config, non_recursive) },
	{ "Idmap", JSON_BOOL, 0, AT(mount_config, idmap) },
	{ "CreateMountpoint", JSON_BOOL, 0, AT(mount_config, make_source) },
};
static const struct json_table bind_table = JSON_TABLE(bind_rows, struct mount_config);

static const struct json_row volume_rows[] = {
	{ "NoCopy", JSON_BOOL, 0, AT(mount_config, volume_nocopy) },
};
static const struct json_table volume_table = JSON_TABLE(volume_rows, struct mount_config);

static const struct json_row tmpfs_rows[] = {
	{ "SizeBytes", JSON_COUNT, JSON_ZERO, AT(mount_config, tmpfs_size) },
	{ "Mode", JSON_COUNT, 0, AT(mount_config, tmpfs_mode) },
	{ "Text", JSON_TEXT, 0, AT(mount_config, tmpfs_options) },
};
static const struct json_table tmpfs_table = JSON_TABLE(tmpfs_rows, struct mount_config);

static const struct json_row mount_rows[] = {
	{ "Type", JSON_CODED, JSON_REQUIRED, AT(mount_config, type), NULL, &mount_type_codec },
	{ "Source", JSON_TEXT, 0, AT(mount_config, source) },
	{ "Target", JSON_TEXT, JSON_REQUIRED, AT(mount_config, target) },
	{ "ReadOnly", JSON_BOOL, 0, AT(mount_config, readonly) },
	{ "BindOptions", JSON_OBJECT, 0, 0, &bind_table },
	{ "VolumeOptions", JSON_OBJECT, 0, 0, &volume_table },
	{ "TmpfsOptions", JSON_OBJECT, 0, 0, &tmpfs_table },
};
static const struct json_table mount_table = JSON_TABLE(mount_rows, struct mount_config);

static const struct json_row ulimit_rows[] = {
	{ "Name", JSON_CODED, JSON_REQUIRED, AT(oci_rlimit, type), NULL, &rlimit_codec },
	{ "Hard", JSON_U64, JSON_REQUIRED | JSON_SIGNED, AT(oci_rlimit, hard) },
	{ "Soft", JSON_U64, JSON_REQUIRED | JSON_SIGNED, AT(oci_rlimit, soft) },
};
static const struct json_table ulimit_table = JSON_TABLE(ulimit_rows, struct oci_rlimit);

static const struct json_row device_rows[] = {
	{ "PathOnHost", JSON_TEXT, JSON_REQUIRED, AT(device_config, host_path) },
	{ "PathInContainer", JSON_TEXT, 0, AT(device_config, container_path) },
	{ "CgroupPermissions", JSON_TEXT, 0, AT(device_config, access) },
};
static const struct json_table device_table = JSON_TABLE(device_rows, struct device_config);

static const struct json_row weight_rows[] = {
	{ "Path", JSON_TEXT, JSON_REQUIRED, AT(weight_config, path) },
	{ "Weight", JSON_U16, JSON_ZERO | JSON_ALWAYS, AT(weight_config, weight) },
};
static const struct json_table weight_table = JSON_TABLE(weight_rows, struct weight_config);

static const struct json_row rate_rows[] = {
	{ "Path", JSON_TEXT, JSON_REQUIRED, AT(rate_config, path) },
	{ "Rate", JSON_COUNT, JSON_ZERO | JSON_ALWAYS, AT(rate_config, rate) },
};
static const struct json_table rate_table = JSON_TABLE(rate_rows, struct rate_config);

static const struct json_row log_rows[] = {
	{ "Type", JSON_TEXT, 0, AT(container_config, log_driver) },
	{ "Config", JSON_PAIRS, 0, AT(container_config, log_opts) },
};
static const struct json_table log_table = JSON_TABLE(log_rows, struct container_config);

static const struct json_row restart_rows[] = {
	{ "Name", JSON_CODED, 0, AT(container_config, restart.name), NULL, &restart_codec },
	{ "MaximumRetryCount", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, restart.maximum_retry_count) },
};
static const struct json_table restart_table = JSON_TABLE(restart_rows, struct container_config);

static const struct json_row network_rows[] = {
	{ "Name", JSON_TEXT, JSON_REQUIRED, AT(network_config, name) },
	{ "Aliases", JSON_TEXTS, 0, AT(network_config, aliases) },
	{ "IPv4Address", JSON_TEXT, 0, AT(network_config, ip4) },
	{ "IPv6Address", JSON_TEXT, 0, AT(network_config, ip6) },
	{ "MacAddress", JSON_TEXT, 0, AT(network_config, mac) },
	{ "Interface", JSON_TEXT, 0, AT(network_config, device) },
	{ "GwPriority", JSON_I64, JSON_ZERO, AT(network_config, priority) },
};
static const struct json_table network_table = JSON_TABLE(network_rows, struct network_config);

static const struct json_row host_rows[] = {
	{ "ContainerIDFile", JSON_TEXT, 0, AT(container_config, cid_file) },
	{ "LogConfig", JSON_OBJECT, 0, 0, &log_table },
	{ "NetworkMode", JSON_TEXT, 0, AT(container_config, network_mode) },
	{ "RestartPolicy", JSON_OBJECT, 0, 0, &restart_table },
	{ "AutoRemove", JSON_BOOL, JSON_ALWAYS, AT(container_config, auto_remove) },
	{ "VolumesFrom", JSON_TEXTS, 0, AT(container_config, volumes_from) },
	{ "Annotations", JSON_PAIRS, 0, AT(container_config, annotations) },
	{ "CapAdd", JSON_TEXTS, 0, AT(container_config, cap_add) },
	{ "CapDrop", JSON_TEXTS, 0, AT(container_config, cap_drop) },
	{ "CgroupnsMode", JSON_TEXT, 0, AT(container_config, cgroupns_mode) },
	{ "Dns", JSON_TEXTS, 0, AT(container_config, dns) },
	{ "DnsOptions", JSON_TEXTS, 0, AT(container_config, dns_options) },
	{ "DnsSearch", JSON_TEXTS, 0, AT(container_config, dns_search) },
	{ "ExtraHosts", JSON_TEXTS, 0, AT(container_config, extra_hosts) },
	{ "GroupAdd", JSON_TEXTS, 0, AT(container_config, group_add) },
	{ "IpcMode", JSON_TEXT, 0, AT(container_config, ipc_mode) },
	{ "OomScoreAdj", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, oom_score_adj) },
	{ "PidMode", JSON_TEXT, 0, AT(container_config, pid_mode) },
	{ "Privileged", JSON_BOOL, JSON_ALWAYS, AT(container_config, privileged) },
	{ "PublishAllPorts", JSON_BOOL, JSON_ALWAYS, AT(container_config, publish_all) },
	{ "ReadonlyRootfs", JSON_BOOL, JSON_ALWAYS, AT(container_config, readonly_rootfs) },
	{ "UTSMode", JSON_TEXT, 0, AT(container_config, uts_mode) },
	{ "UsernsMode", JSON_TEXT, 0, AT(container_config, userns_mode) },
	{ "ShmSize", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, shm_size) },
	{ "Sysctls", JSON_PAIRS, 0, AT(container_config, sysctls) },
	{ "CpuShares", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, cpu_shares) },
	{ "Memory", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, memory) },
	{ "NanoCpus", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, nano_cpus) },
	{ "CgroupParent", JSON_TEXT, 0, AT(container_config, cgroup_parent) },
	{ "CgroupManager", JSON_TEXT, 0, AT(container_config, cgroup_manager) },
	{ "BlkioWeight", JSON_U16, JSON_ZERO | JSON_ALWAYS, AT(container_config, blkio_weight) },
	{ "BlkioWeightDevice", JSON_OBJECTS, 0, AT(container_config, blkio_weight_devices), &weight_table },
	{ "BlkioDeviceReadBps", JSON_OBJECTS, 0, AT(container_config, device_read_bps), &rate_table },
	{ "BlkioDeviceWriteBps", JSON_OBJECTS, 0, AT(container_config, device_write_bps), &rate_table },
	{ "BlkioDeviceReadIOps", JSON_OBJECTS, 0, AT(container_config, device_read_iops), &rate_table },
	{ "BlkioDeviceWriteIOps", JSON_OBJECTS, 0, AT(container_config, device_write_iops), &rate_table },
	{ "CpuPeriod", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, cpu_period_us) },
	{ "CpuQuota", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, cpu_quota_us) },
	{ "CpuRealtimePeriod", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, cpu_rt_period_us) },
	{ "CpuRealtimeRuntime", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, cpu_rt_runtime_us) },
	{ "CpusetCpus", JSON_TEXT, 0, AT(container_config, cpuset_cpus) },
	{ "CpusetMems", JSON_TEXT, 0, AT(container_config, cpuset_mems) },
	{ "Devices", JSON_OBJECTS, 0, AT(container_config, devices), &device_table },
	{ "DeviceCgroupRules", JSON_TEXTS, 0, AT(container_config, device_cgroup_rules) },
	{ "MemoryReservation", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, memory_reservation) },
	{ "MemorySwap", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(container_config, memory_swap) },
	{ "MemorySwappiness", JSON_I64, 0, AT(container_config, memory_swappiness) },
	{ "OomKillDisable", JSON_BOOL, 0, AT(container_config, oom_kill_disable) },
	{ "PidsLimit", JSON_I64, JSON_ZERO, AT(container_config, pids_limit) },
	{ "Ulimits", JSON_OBJECTS, 0, AT(container_config, ulimits), &ulimit_table },
	{ "Mounts", JSON_OBJECTS, 0, AT(container_config, mounts), &mount_table },
	{ "Init", JSON_BOOL, 0, AT(container_config, init) },
};
static const struct json_table host_table = JSON_TABLE(host_rows, struct container_config);

static const struct json_row tare_rows[] = {
	{ "Name", JSON_TEXT, 0, AT(container_config, name) },
	{ "Rootfs", JSON_TEXT, 0, AT(container_config, rootfs) },
	{ "Networks", JSON_OBJECTS, 0, AT(container_config, networks), &network_table },
	{ "Publish", JSON_TEXTS, 0, AT(container_config, publish) },
	{ "PublishDefaultIP", JSON_TEXT, 0, AT(container_config, publish_default_ip) },
	{ "Expose", JSON_TEXTS, 0, AT(container_config, expose) },
	{ "EntrypointSet", JSON_BOOL, 0, AT(container_config, entrypoint_set) },
	{ "Detach", JSON_BOOL, 0, AT(container_config, detach) },
	{ "MemoryHigh", JSON_I64, JSON_ZERO, AT(container_config, memory_high) },
	{ "OomScoreAdjSet", JSON_BOOL, 0, AT(container_config, oom_score_adj_set) },
	{ "Pod", JSON_TEXT, 0, AT(container_config, pod) },
	{ "GroupsStrict", JSON_BOOL, 0, AT(container_config, groups_strict) },
	{ "Namespace", JSON_TEXT, 0, AT(container_config, kube_namespace) },
	{ "QosClass", JSON_TEXT, 0, AT(container_config, qos) },
	{ "CpuRequest", JSON_I64, JSON_ZERO, AT(container_config, cpu_request_milli) },
	{ "MemoryRequest", JSON_I64, JSON_ZERO, AT(container_config, memory_request) },
	{ "CgroupConf", JSON_PAIRS, 0, AT(container_config, cgroup_conf) },
	{ "Strict", JSON_BOOL, 0, AT(container_config, strict) },
	{ "NoNewPrivileges", JSON_BOOL, 0, AT(container_config, no_new_privileges) },
	{ "SystempathsUnconfined", JSON_BOOL, 0, AT(container_config, systempaths_unconfined) },
	{ "WritableCgroups", JSON_BOOL, 0, AT(container_config, writable_cgroups) },
	{ "AppArmorProfile", JSON_TEXT, 0, AT(container_config, apparmor_profile) },
	{ "SelinuxLabel", JSON_TEXT, 0, AT(container_config, selinux_label) },
	{ "Seccomp", JSON_TEXT, 0, AT(container_config, seccomp) },
};
static const struct json_table tare_table = JSON_TABLE(tare_rows, struct container_config);

static const struct json_row container_rows[] = {
	{ "Config", JSON_OBJECT, 0, 0, &config_table },
	{ "HostConfig", JSON_OBJECT, 0, 0, &host_table },
	{ "Tare", JSON_OBJECT, 0, 0, &tare_table },
};
static const struct json_table container_table = JSON_TABLE(container_rows, struct container_config);

void config_init(struct container_config *c)
{
	json_init(&container_table, c);
}

bool config_is_unit(const struct container_config *c)
{
	return c->cgroup_manager && strcmp(c->cgroup_manager, "systemd") == 0;
}

void mount_config_init(struct mount_config *m)
{
	json_init(&mount_table, m);
}

bool config_mode_is(const char *mode, const char *name)
{
	return mode && strcmp(mode, name) == 0;
}

const char *config_mode_container(const char *mode)
{
	struct sv text = sv_from(mode);

	return sv_has_prefix(text, "container:") ? mode + strlen("container:") : NULL;
}

int config_print(const struct container_config *c, struct buf *out, struct err *e)
{
	return json_encode(&container_table, c, false, out, e);
}

int config_parse(struct sv json, struct arena *a, struct container_config *ret, struct err *e)
{
	return json_decode(json, &container_table, a, ret, e);
}
