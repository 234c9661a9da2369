/* SPDX-License-Identifier: Apache-2.0 */
/* config.json as tables, in the order of the specification (config.md, config-linux.md of runtime-spec 1.3.0). */
#include "oci/runtime_spec.h"

#include "oci/json.h"

#include <errno.h>

#define AT(type, member) .offset = offsetof(struct type, member)

/* ---- process ------------------------------------------------------------------------------------------------ */

static const struct json_row console_rows[] = {
	{ "height", JSON_COUNT, JSON_ZERO, AT(oci_process, console_height) },
	{ "width", JSON_COUNT, JSON_ZERO, AT(oci_process, console_width) },
};
static const struct json_table console_table = JSON_TABLE(console_rows, struct oci_process);

static const struct json_row user_rows[] = {
	{ "uid", JSON_U32, JSON_ZERO | JSON_ALWAYS, AT(oci_process, uid) },
	{ "gid", JSON_U32, JSON_ZERO | JSON_ALWAYS, AT(oci_process, gid) },
	{ "umask", JSON_U32, 0, AT(oci_process, umask) },
	{ "additionalGids", JSON_INTS, 0, AT(oci_process, additional_gids) },
};
static const struct json_table user_table = JSON_TABLE(user_rows, struct oci_process);

static const struct json_row capability_rows[] = {
	{ "bounding", JSON_TEXTS, 0, AT(oci_capabilities, bounding) },
	{ "effective", JSON_TEXTS, 0, AT(oci_capabilities, effective) },
	{ "inheritable", JSON_TEXTS, 0, AT(oci_capabilities, inheritable) },
	{ "permitted", JSON_TEXTS, 0, AT(oci_capabilities, permitted) },
	{ "ambient", JSON_TEXTS, 0, AT(oci_capabilities, ambient) },
};
static const struct json_table capability_table =
	JSON_TABLE_PRESENT(capability_rows, struct oci_capabilities, present);

static const struct json_row rlimit_rows[] = {
	{ "type", JSON_TEXT, JSON_REQUIRED, AT(oci_rlimit, type) },
	{ "hard", JSON_U64, JSON_REQUIRED, AT(oci_rlimit, hard) },
	{ "soft", JSON_U64, JSON_REQUIRED, AT(oci_rlimit, soft) },
};
static const struct json_table rlimit_table = JSON_TABLE(rlimit_rows, struct oci_rlimit);

static const struct json_row scheduler_rows[] = {
	{ "policy", JSON_TEXT, JSON_REQUIRED, AT(oci_process, scheduler.policy) },
	{ "nice", JSON_I64, 0, AT(oci_process, scheduler.nice) },
	{ "priority", JSON_I64, 0, AT(oci_process, scheduler.priority) },
	{ "flags", JSON_TEXTS, 0, AT(oci_process, scheduler.flags) },
	{ "runtime", JSON_U64, 0, AT(oci_process, scheduler.runtime) },
	{ "deadline", JSON_U64, 0, AT(oci_process, scheduler.deadline) },
	{ "period", JSON_U64, 0, AT(oci_process, scheduler.period) },
};
static const struct json_table scheduler_table =
	JSON_TABLE_PRESENT(scheduler_rows, struct oci_process, scheduler.present);

static const struct json_row io_priority_rows[] = {
	{ "class", JSON_TEXT, JSON_REQUIRED, AT(oci_process, io_priority.class) },
	{ "priority", JSON_I64, JSON_ZERO | JSON_ALWAYS, AT(oci_process, io_priority.priority) },
};
static const struct json_table io_priority_table =
	JSON_TABLE_PRESENT(io_priority_rows, struct oci_process, io_priority.present);

static const struct json_row affinity_rows[] = {
	{ "initial", JSON_TEXT, 0, AT(oci_process, exec_cpu_affinity.initial) },
	{ "final", JSON_TEXT, 0, AT(oci_process, exec_cpu_affinity.final) },
};
static const struct json_table affinity_table = JSON_TABLE(affinity_rows, struct oci_process);

static const struct json_row process_rows[] = {
	{ "terminal", JSON_BOOL, 0, AT(oci_process, terminal) },
	{ "consoleSize", JSON_OBJECT, 0, 0, &console_table },
	{ "user", JSON_OBJECT, JSON_ALWAYS, 0, &user_table },
	{ "args", JSON_TEXTS, 0, AT(oci_process, args) },
	{ "env", JSON_TEXTS, 0, AT(oci_process, env) },
	{ "cwd", JSON_TEXT, JSON_REQUIRED, AT(oci_process, cwd) },
	{ "capabilities", JSON_OBJECT, 0, AT(oci_process, capabilities), &capability_table },
	{ "rlimits", JSON_OBJECTS, 0, AT(oci_process, rlimits), &rlimit_table },
	{ "noNewPrivileges", JSON_BOOL, 0, AT(oci_process, no_new_privileges) },
	{ "apparmorProfile", JSON_TEXT, 0, AT(oci_process, apparmor_profile) },
	{ "oomScoreAdj", JSON_I64, 0, AT(oci_process, oom_score_adj) },
	{ "selinuxLabel", JSON_TEXT, 0, AT(oci_process, selinux_label) },
	{ "scheduler", JSON_OBJECT, 0, 0, &scheduler_table },
	{ "ioPriority", JSON_OBJECT, 0, 0, &io_priority_table },
	{ "execCPUAffinity", JSON_OBJECT, 0, 0, &affinity_table },
};
static const struct json_table process_table = JSON_TABLE_PRESENT(process_rows, struct oci_process, present);

/* ---- root, mounts ------------------------------------------------------------------------------------------- */

static const struct json_row root_rows[] = {
	{ "path", JSON_TEXT, JSON_REQUIRED, AT(runtime_spec, root.path) },
	{ "readonly", JSON_BOOL, 0, AT(runtime_spec, root.readonly) },
};
static const struct json_table root_table = JSON_TABLE_PRESENT(root_rows, struct runtime_spec, root.present);

static const struct json_row mapping_rows[] = {
	{ "containerID", JSON_U32, JSON_REQUIRED | JSON_ALWAYS, AT(oci_id_mapping, container_id) },
	{ "hostID", JSON_U32, JSON_REQUIRED | JSON_ALWAYS, AT(oci_id_mapping, host_id) },
	{ "size", JSON_U32, JSON_REQUIRED | JSON_ALWAYS, AT(oci_id_mapping, size) },
};
static const struct json_table mapping_table = JSON_TABLE(mapping_rows, struct oci_id_mapping);

static const struct json_row mount_rows[] = {
	{ "destination", JSON_TEXT, JSON_REQUIRED, AT(oci_mount, destination) },
	{ "type", JSON_TEXT, 0, AT(oci_mount, type) },
	{ "source", JSON_TEXT, 0, AT(oci_mount, source) },
	{ "options", JSON_TEXTS, 0, AT(oci_mount, options) },
	{ "uidMappings", JSON_OBJECTS, 0, AT(oci_mount, uid_mappings), &mapping_table },
	{ "gidMappings", JSON_OBJECTS, 0, AT(oci_mount, gid_mappings), &mapping_table },
};
static const struct json_table mount_table = JSON_TABLE(mount_rows, struct oci_mount);

/* ---- linux.resources ---------------------------------------------------------------------------------------- */

static const struct json_row rule_rows[] = {
	{ "allow", JSON_BOOL, JSON_ALWAYS, AT(oci_device_rule, allow) },
	{ "type", JSON_TEXT, 0, AT(oci_device_rule, type) },
	{ "major", JSON_I64, 0, AT(oci_device_rule, major) },
	{ "minor", JSON_I64, 0, AT(oci_device_rule, minor) },
	{ "access", JSON_TEXT, 0, AT(oci_device_rule, access) },
};
static const struct json_table rule_table = JSON_TABLE(rule_rows, struct oci_device_rule);

static const struct json_row memory_rows[] = {
	{ "limit", JSON_I64, 0, AT(oci_resources, memory.limit) },
	{ "reservation", JSON_I64, 0, AT(oci_resources, memory.reservation) },
	{ "swap", JSON_I64, 0, AT(oci_resources, memory.swap) },
	{ "kernel", JSON_I64, 0, AT(oci_resources, memory.kernel) },
	{ "kernelTCP", JSON_I64, 0, AT(oci_resources, memory.kernel_tcp) },
	{ "swappiness", JSON_COUNT, 0, AT(oci_resources, memory.swappiness) },
	{ "disableOOMKiller", JSON_CHOICE, 0, AT(oci_resources, memory.disable_oom_killer) },
	{ "useHierarchy", JSON_CHOICE, 0, AT(oci_resources, memory.use_hierarchy) },
	{ "checkBeforeUpdate", JSON_CHOICE, 0, AT(oci_resources, memory.check_before_update) },
};
static const struct json_table memory_table = JSON_TABLE(memory_rows, struct oci_resources);

static const struct json_row cpu_rows[] = {
	{ "shares", JSON_COUNT, 0, AT(oci_resources, cpu.shares) },
	{ "quota", JSON_I64, 0, AT(oci_resources, cpu.quota) },
	{ "burst", JSON_COUNT, 0, AT(oci_resources, cpu.burst) },
	{ "period", JSON_COUNT, 0, AT(oci_resources, cpu.period) },
	{ "realtimeRuntime", JSON_I64, 0, AT(oci_resources, cpu.realtime_runtime) },
	{ "realtimePeriod", JSON_COUNT, 0, AT(oci_resources, cpu.realtime_period) },
	{ "cpus", JSON_TEXT, 0, AT(oci_resources, cpu.cpus) },
	{ "mems", JSON_TEXT, 0, AT(oci_resources, cpu.mems) },
	{ "idle", JSON_I64, 0, AT(oci_resources, cpu.idle) },
};
static const struct json_table cpu_table = JSON_TABLE(cpu_rows, struct oci_resources);

static const struct json_row pids_rows[] = {
	{ "limit", JSON_I64, 0, AT(oci_resources, pids_limit) },
};
static const struct json_table pids_table = JSON_TABLE(pids_rows, struct oci_resources);

static const struct json_row weight_device_rows[] = {
	{ "major", JSON_I64, JSON_REQUIRED, AT(oci_weight_device, major) },
	{ "minor", JSON_I64, JSON_REQUIRED, AT(oci_weight_device, minor) },
	{ "weight", JSON_U16, 0, AT(oci_weight_device, weight) },
	{ "leafWeight", JSON_U16, 0, AT(oci_weight_device, leaf_weight) },
};
static const struct json_table weight_device_table = JSON_TABLE(weight_device_rows, struct oci_weight_device);

static const struct json_row throttle_rows[] = {
	{ "major", JSON_I64, JSON_REQUIRED, AT(oci_throttle, major) },
	{ "minor", JSON_I64, JSON_REQUIRED, AT(oci_throttle, minor) },
	{ "rate", JSON_COUNT, JSON_REQUIRED, AT(oci_throttle, rate) },
};
static const struct json_table throttle_table = JSON_TABLE(throttle_rows, struct oci_throttle);

static const struct json_row block_io_rows[] = {
	{ "weight", JSON_U16, 0, AT(oci_resources, block_io.weight) },
	{ "leafWeight", JSON_U16, 0, AT(oci_resources, block_io.leaf_weight) },
	{ "weightDevice", JSON_OBJECTS, 0, AT(oci_resources, block_io.weight_device), &weight_device_table },
	{ "throttleReadBpsDevice", JSON_OBJECTS, 0, AT(oci_resources, block_io.read_bps), &throttle_table },
	{ "throttleWriteBpsDevice", JSON_OBJECTS, 0, AT(oci_resources, block_io.write_bps), &throttle_table },
	{ "throttleReadIOPSDevice", JSON_OBJECTS, 0, AT(oci_resources, block_io.read_iops), &throttle_table },
	{ "throttleWriteIOPSDevice", JSON_OBJECTS, 0, AT(oci_resources, block_io.write_iops), &throttle_table },
};
static const struct json_table block_io_table = JSON_TABLE(block_io_rows, struct oci_resources);

static const struct json_row hugepage_rows[] = {
	{ "pageSize", JSON_TEXT, JSON_REQUIRED, AT(oci_hugepage_limit, page_size) },
	{ "limit", JSON_U64, JSON_REQUIRED, AT(oci_hugepage_limit, limit) },
};
static const struct json_table hugepage_table = JSON_TABLE(hugepage_rows, struct oci_hugepage_limit);

static const struct json_row net_priority_rows[] = {
	{ "name", JSON_TEXT, JSON_REQUIRED, AT(oci_net_priority, name) },
	{ "priority", JSON_U32, JSON_REQUIRED, AT(oci_net_priority, priority) },
};
static const struct json_table net_priority_table = JSON_TABLE(net_priority_rows, struct oci_net_priority);

static const struct json_row network_rows[] = {
	{ "classID", JSON_U32, 0, AT(oci_resources, network.class_id) },
	{ "priorities", JSON_OBJECTS, 0, AT(oci_resources, network.priorities), &net_priority_table },
};
static const struct json_table network_table = JSON_TABLE(network_rows, struct oci_resources);

static const struct json_row rdma_rows[] = {
	{ "hcaHandles", JSON_U32, 0, AT(oci_rdma, hca_handles) },
	{ "hcaObjects", JSON_U32, 0, AT(oci_rdma, hca_objects) },
};
static const struct json_table rdma_table = JSON_TABLE(rdma_rows, struct oci_rdma);

static const struct json_row resource_rows[] = {
	{ "devices", JSON_OBJECTS, 0, AT(oci_resources, devices), &rule_table },
	{ "memory", JSON_OBJECT, 0, 0, &memory_table },
	{ "cpu", JSON_OBJECT, 0, 0, &cpu_table },
	{ "pids", JSON_OBJECT, 0, 0, &pids_table },
	{ "blockIO", JSON_OBJECT, 0, 0, &block_io_table },
	{ "hugepageLimits", JSON_OBJECTS, 0, AT(oci_resources, hugepages), &hugepage_table },
	{ "network", JSON_OBJECT, 0, 0, &network_table },
	{ "rdma", JSON_MEMBERS, 0, AT(oci_resources, rdma), &rdma_table },
	{ "unified", JSON_PAIRS, 0, AT(oci_resources, unified) },
};
static const struct json_table resource_table = JSON_TABLE(resource_rows, struct oci_resources);

/* ---- linux.seccomp ------------------------------------------------------------------------------------------ */

static const struct json_row arg_rows[] = {
	{ "index", JSON_U32, JSON_REQUIRED, AT(oci_seccomp_arg, index) },
	{ "value", JSON_U64, JSON_REQUIRED, AT(oci_seccomp_arg, value) },
	{ "valueTwo", JSON_U64, 0, AT(oci_seccomp_arg, value_two) },
	{ "op", JSON_TEXT, JSON_REQUIRED, AT(oci_seccomp_arg, op) },
};
static const struct json_table arg_table = JSON_TABLE(arg_rows, struct oci_seccomp_arg);

static const struct json_row syscall_rows[] = {
	{ "names", JSON_TEXTS, JSON_REQUIRED, AT(oci_syscall, names) },
	{ "action", JSON_TEXT, JSON_REQUIRED, AT(oci_syscall, action) },
	{ "errnoRet", JSON_U32, 0, AT(oci_syscall, errno_ret) },
	{ "args", JSON_OBJECTS, 0, AT(oci_syscall, args), &arg_table },
};
static const struct json_table syscall_table = JSON_TABLE(syscall_rows, struct oci_syscall);

static const struct json_row seccomp_rows[] = {
	{ "defaultAction", JSON_TEXT, JSON_REQUIRED, AT(oci_seccomp, default_action) },
	{ "defaultErrnoRet", JSON_U32, 0, AT(oci_seccomp, default_errno_ret) },
	{ "architectures", JSON_TEXTS, 0, AT(oci_seccomp, architectures) },
	{ "flags", JSON_TEXTS, 0, AT(oci_seccomp, flags) },
	{ "listenerPath", JSON_TEXT, 0, AT(oci_seccomp, listener_path) },
	{ "listenerMetadata", JSON_TEXT, 0, AT(oci_seccomp, listener_metadata) },
	{ "syscalls", JSON_OBJECTS, 0, AT(oci_seccomp, syscalls), &syscall_table },
};
static const struct json_table seccomp_table = JSON_TABLE_PRESENT(seccomp_rows, struct oci_seccomp, present);

/* ---- linux -------------------------------------------------------------------------------------------------- */

static const struct json_row namespace_rows[] = {
	{ "type", JSON_TEXT, JSON_REQUIRED, AT(oci_namespace, type) },
	{ "path", JSON_TEXT, 0, AT(oci_namespace, path) },
};
static const struct json_table namespace_table = JSON_TABLE(namespace_rows, struct oci_namespace);

static const struct json_row device_rows[] = {
	{ "path", JSON_TEXT, JSON_REQUIRED, AT(oci_device, path) },
	{ "type", JSON_TEXT, JSON_REQUIRED, AT(oci_device, type) },
	{ "major", JSON_I64, 0, AT(oci_device, major) },
	{ "minor", JSON_I64, 0, AT(oci_device, minor) },
	{ "fileMode", JSON_U32, 0, AT(oci_device, file_mode) },
	{ "uid", JSON_U32, 0, AT(oci_device, uid) },
	{ "gid", JSON_U32, 0, AT(oci_device, gid) },
};
static const struct json_table device_table = JSON_TABLE(device_rows, struct oci_device);

static const struct json_row offset_rows[] = {
	{ "secs", JSON_I64, JSON_ZERO, AT(oci_time_offset, secs) },
	{ "nanosecs", JSON_U32, JSON_ZERO, AT(oci_time_offset, nanosecs) },
};
static const struct json_table offset_table = JSON_TABLE_PRESENT(offset_rows, struct oci_time_offset, present);

static const struct json_row clock_rows[] = {
	{ "monotonic", JSON_OBJECT, 0, AT(runtime_spec, monotonic_offset), &offset_table },
	{ "boottime", JSON_OBJECT, 0, AT(runtime_spec, boottime_offset), &offset_table },
};
static const struct json_table clock_table = JSON_TABLE(clock_rows, struct runtime_spec);

static const struct json_row net_device_rows[] = {
	{ "name", JSON_TEXT, 0, AT(oci_net_device, name) },
};
static const struct json_table net_device_table = JSON_TABLE(net_device_rows, struct oci_net_device);

static const struct json_row intel_rdt_rows[] = {
	{ "closID", JSON_TEXT, 0, AT(runtime_spec, intel_rdt.clos_id) },
	{ "schemata", JSON_TEXTS, 0, AT(runtime_spec, intel_rdt.schemata) },
	{ "l3CacheSchema", JSON_TEXT, 0, AT(runtime_spec, intel_rdt.l3_cache_schema) },
	{ "memBwSchema", JSON_TEXT, 0, AT(runtime_spec, intel_rdt.mem_bw_schema) },
	{ "enableMonitoring", JSON_BOOL, 0, AT(runtime_spec, intel_rdt.enable_monitoring) },
};
static const struct json_table intel_rdt_table =
	JSON_TABLE_PRESENT(intel_rdt_rows, struct runtime_spec, intel_rdt.present);

static const struct json_row memory_policy_rows[] = {
	{ "mode", JSON_TEXT, JSON_REQUIRED, AT(runtime_spec, memory_policy.mode) },
	{ "nodes", JSON_TEXT, 0, AT(runtime_spec, memory_policy.nodes) },
	{ "flags", JSON_TEXTS, 0, AT(runtime_spec, memory_policy.flags) },
};
static const struct json_table memory_policy_table =
	JSON_TABLE_PRESENT(memory_policy_rows, struct runtime_spec, memory_policy.present);

static const struct json_row personality_rows[] = {
	{ "domain", JSON_TEXT, JSON_REQUIRED, AT(runtime_spec, personality.domain) },
	{ "flags", JSON_TEXTS, 0, AT(runtime_spec, personality.flags) },
};
static const struct json_table personality_table =
	JSON_TABLE_PRESENT(personality_rows, struct runtime_spec, personality.present);

static const struct json_row linux_rows[] = {
	{ "namespaces", JSON_OBJECTS, 0, AT(runtime_spec, namespaces), &namespace_table },
	{ "uidMappings", JSON_OBJECTS, 0, AT(runtime_spec, uid_mappings), &mapping_table },
	{ "gidMappings", JSON_OBJECTS, 0, AT(runtime_spec, gid_mappings), &mapping_table },
	{ "timeOffsets", JSON_OBJECT, 0, 0, &clock_table },
	{ "devices", JSON_OBJECTS, 0, AT(runtime_spec, devices), &device_table },
	{ "netDevices", JSON_MEMBERS, 0, AT(runtime_spec, net_devices), &net_device_table },
	{ "cgroupsPath", JSON_TEXT, 0, AT(runtime_spec, cgroups_path) },
	{ "resources", JSON_OBJECT, 0, AT(runtime_spec, resources), &resource_table },
	{ "rootfsPropagation", JSON_TEXT, 0, AT(runtime_spec, rootfs_propagation) },
	{ "seccomp", JSON_OBJECT, 0, AT(runtime_spec, seccomp), &seccomp_table },
	{ "sysctl", JSON_PAIRS, 0, AT(runtime_spec, sysctl) },
	{ "maskedPaths", JSON_TEXTS, 0, AT(runtime_spec, masked_paths) },
	{ "readonlyPaths", JSON_TEXTS, 0, AT(runtime_spec, readonly_paths) },
	{ "mountLabel", JSON_TEXT, 0, AT(runtime_spec, mount_label) },
	{ "intelRdt", JSON_OBJECT, 0, 0, &intel_rdt_table },
	{ "memoryPolicy", JSON_OBJECT, 0, 0, &memory_policy_table },
	{ "personality", JSON_OBJECT, 0, 0, &personality_table },
};
static const struct json_table linux_table = JSON_TABLE(linux_rows, struct runtime_spec);

/* ---- hooks -------------------------------------------------------------------------------------------------- */

static const struct json_row hook_rows[] = {
	{ "path", JSON_TEXT, JSON_REQUIRED, AT(oci_hook, path) },
	{ "args", JSON_TEXTS, 0, AT(oci_hook, args) },
	{ "env", JSON_TEXTS, 0, AT(oci_hook, env) },
	{ "timeout", JSON_I64, 0, AT(oci_hook, timeout) },
};
static const struct json_table hook_table = JSON_TABLE(hook_rows, struct oci_hook);

static const struct json_row hooks_rows[] = {
	{ "prestart", JSON_OBJECTS, 0, AT(oci_hooks, kind[OCI_HOOK_PRESTART]), &hook_table },
	{ "createRuntime", JSON_OBJECTS, 0, AT(oci_hooks, kind[OCI_HOOK_CREATE_RUNTIME]), &hook_table },
	{ "createContainer", JSON_OBJECTS, 0, AT(oci_hooks, kind[OCI_HOOK_CREATE_CONTAINER]), &hook_table },
	{ "startContainer", JSON_OBJECTS, 0, AT(oci_hooks, kind[OCI_HOOK_START_CONTAINER]), &hook_table },
	{ "poststart", JSON_OBJECTS, 0, AT(oci_hooks, kind[OCI_HOOK_POSTSTART]), &hook_table },
	{ "poststop", JSON_OBJECTS, 0, AT(oci_hooks, kind[OCI_HOOK_POSTSTOP]), &hook_table },
};
static const struct json_table hooks_table = JSON_TABLE(hooks_rows, struct oci_hooks);

/* ---- the document ------------------------------------------------------------------------------------------- */

static const struct json_row spec_rows[] = {
	{ "ociVersion", JSON_TEXT, JSON_REQUIRED, AT(runtime_spec, oci_version) },
	{ "process", JSON_OBJECT, 0, AT(runtime_spec, process), &process_table },
	{ "root", JSON_OBJECT, 0, 0, &root_table },
	{ "hostname", JSON_TEXT, 0, AT(runtime_spec, hostname) },
	{ "domainname", JSON_TEXT, 0, AT(runtime_spec, domainname) },
	{ "mounts", JSON_OBJECTS, 0, AT(runtime_spec, mounts), &mount_table },
	{ "hooks", JSON_OBJECT, 0, AT(runtime_spec, hooks), &hooks_table },
	{ "annotations", JSON_PAIRS, 0, AT(runtime_spec, annotations) },
	{ "linux", JSON_OBJECT, 0, 0, &linux_table },
	{ "solaris", JSON_REFUSED },
	{ "windows", JSON_REFUSED },
	{ "vm", JSON_REFUSED },
	{ "zos", JSON_REFUSED },
	{ "freebsd", JSON_REFUSED },
};
static const struct json_table spec_table = JSON_TABLE(spec_rows, struct runtime_spec);

void runtime_spec_init(struct runtime_spec *s)
{
	json_init(&spec_table, s);
}

int runtime_spec_parse(struct sv json, struct arena *a, struct runtime_spec *ret, struct err *e)
{
	struct runtime_spec s;
	int r = json_decode(json, &spec_table, a, &s, e);

	if (r < 0)
		return r;
	if (!sv_has_prefix(sv_from(s.oci_version), "1."))
		return err_set(e, EINVAL, "ociVersion: \"%s\" is not a version 1 of the specification", s.oci_version);
	*ret = s;
	return 0;
}

int oci_process_parse(struct sv json, struct arena *a, struct oci_process *ret, struct err *e)
{
	struct oci_process p;
	int r = json_decode(json, &process_table, a, &p, e);

	if (r == 0)
		*ret = p;
	return r < 0 ? err_wrap(e, r, "process") : 0;
}

int oci_process_print(const struct oci_process *p, struct buf *out, struct err *e)
{
	return json_encode(&process_table, p, false, out, e);
}

void oci_resources_init(struct oci_resources *r)
{
	json_init(&resource_table, r);
}

int oci_resources_merge(struct sv json, struct arena *a, struct oci_resources *r, struct err *e)
{
	return json_merge(json, &resource_table, a, r, e);
}

int oci_resources_print(const struct oci_resources *r, struct buf *out, struct err *e)
{
	return json_encode(&resource_table, r, false, out, e);
}

int runtime_spec_print(const struct runtime_spec *s, bool pretty, struct buf *out, struct err *e)
{
	return json_encode(&spec_table, s, pretty, out, e);
}
