/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c - the fields of Kubernetes' objects, as the API of 1.35 has them; each object's sorted by name. */
#include "manifest/fields.h"

#include "base/limits.h"
#include "base/scope.h"

static const struct field meta_rows[] = {
	{ "annotations", FIELD_PAIRS, false, offsetof(struct object_meta, annotations) },
	{ "creationTimestamp", FIELD_IGNORED },
	{ "deletionGracePeriodSeconds", FIELD_IGNORED },
	{ "deletionTimestamp", FIELD_IGNORED },
	{ "finalizers", FIELD_ASIDE },
	{ "generateName", FIELD_ASIDE },
	{ "generation", FIELD_IGNORED },
	{ "labels", FIELD_PAIRS, false, offsetof(struct object_meta, labels) },
	{ "managedFields", FIELD_IGNORED },
	{ "name", FIELD_TEXT, false, offsetof(struct object_meta, name) },
	{ "namespace", FIELD_TEXT, false, offsetof(struct object_meta, namespace) },
	{ "ownerReferences", FIELD_ASIDE },
	{ "resourceVersion", FIELD_IGNORED },
	{ "selfLink", FIELD_IGNORED },
	{ "uid", FIELD_IGNORED },
};
static const struct fields meta = FIELDS(meta_rows, struct object_meta);

static const struct field selector_rows[] = {
	{ "key", FIELD_TEXT, true, offsetof(struct key_selector, key) },
	{ "name", FIELD_TEXT, true, offsetof(struct key_selector, name) },
	{ "optional", FIELD_BOOL, false, offsetof(struct key_selector, optional) },
};
static const struct fields selector = FIELDS(selector_rows, struct key_selector);

static const struct field from_selector_rows[] = {
	{ "name", FIELD_TEXT, true, offsetof(struct key_selector, name) },
	{ "optional", FIELD_BOOL, false, offsetof(struct key_selector, optional) },
};
static const struct fields from_selector = FIELDS(from_selector_rows, struct key_selector);

static const struct field field_ref_rows[] = {
	{ "apiVersion", FIELD_IGNORED },
	{ "fieldPath", FIELD_TEXT, true, offsetof(struct field_ref, path) },
};
static const struct fields field_ref = FIELDS(field_ref_rows, struct field_ref);

static const struct field amount_ref_rows[] = {
	{ "containerName", FIELD_TEXT, false, offsetof(struct amount_ref, container) },
	{ "divisor", FIELD_AMOUNT, false, offsetof(struct amount_ref, divisor),
	  .size = offsetof(struct amount_ref, has_divisor) },
	{ "resource", FIELD_WORD, true, offsetof(struct amount_ref, resource),
	  .words = "limits.cpu limits.memory requests.cpu requests.memory" },
};
static const struct fields amount_ref = FIELDS(amount_ref_rows, struct amount_ref);

static const struct field env_source_rows[] = {
	{ "configMapKeyRef", FIELD_POINTER, false, offsetof(struct env_source, config_map), .table = &selector },
	{ "fieldRef", FIELD_POINTER, false, offsetof(struct env_source, field), .table = &field_ref },
	{ "fileKeyRef", FIELD_ASIDE },
	{ "resourceFieldRef", FIELD_POINTER, false, offsetof(struct env_source, amount), .table = &amount_ref },
	{ "secretKeyRef", FIELD_POINTER, false, offsetof(struct env_source, secret), .table = &selector },
};
static const struct fields env_source = FIELDS(env_source_rows, struct env_source);

static const struct field env_rows[] = {
	{ "name", FIELD_TEXT, true, offsetof(struct env_var, name) },
	{ "value", FIELD_TEXT, false, offsetof(struct env_var, value) },
	{ "valueFrom", FIELD_POINTER, false, offsetof(struct env_var, from), .table = &env_source },
};
static const struct fields env = FIELDS(env_rows, struct env_var);

static const struct field env_from_rows[] = {
	{ "configMapRef", FIELD_POINTER, false, offsetof(struct env_from, config_map), .table = &from_selector },
	{ "prefix", FIELD_TEXT, false, offsetof(struct env_from, prefix) },
	{ "secretRef", FIELD_POINTER, false, offsetof(struct env_from, secret), .table = &from_selector },
};
static const struct fields env_from = FIELDS(env_from_rows, struct env_from);

static const struct field port_rows[] = {
	{ "containerPort", FIELD_INT, true, offsetof(struct container_port, container_port), .low = 1, .high = 65535 },
	{ "hostIP", FIELD_TEXT, false, offsetof(struct container_port, host_ip) },
	{ "hostPort", FIELD_INT, false, offsetof(struct container_port, host_port), .low = 1, .high = 65535 },
	{ "name", FIELD_TEXT, false, offsetof(struct container_port, name) },
	{ "protocol", FIELD_WORD, false, offsetof(struct container_port, protocol), .words = "TCP UDP SCTP" },
};
static const struct fields port = FIELDS(port_rows, struct container_port);

static const struct field mount_rows[] = {
	{ "mountPath", FIELD_TEXT, true, offsetof(struct volume_mount, mount_path) },
	{ "mountPropagation", FIELD_WORD, false, offsetof(struct volume_mount, propagation),
	  .words = "None HostToContainer Bidirectional" },
	{ "name", FIELD_TEXT, true, offsetof(struct volume_mount, name) },
	{ "readOnly", FIELD_BOOL, false, offsetof(struct volume_mount, read_only) },
	{ "recursiveReadOnly", FIELD_WORD, false, offsetof(struct volume_mount, recursive),
	  .words = "Disabled IfPossible Enabled" },
	{ "subPath", FIELD_TEXT, false, offsetof(struct volume_mount, sub_path) },
	{ "subPathExpr", FIELD_TEXT, false, offsetof(struct volume_mount, sub_path_expr) },
};
static const struct fields mount = FIELDS(mount_rows, struct volume_mount);

static const struct field header_rows[] = {
	{ "name", FIELD_TEXT, true, offsetof(struct http_header, name) },
	{ "value", FIELD_TEXT, true, offsetof(struct http_header, value) },
};
static const struct fields header = FIELDS(header_rows, struct http_header);

static const struct field exec_rows[] = {
	{ "command", FIELD_TEXTS, true, offsetof(__typeof__(*((struct action *)0)->exec), command) },
};
static const struct fields exec = FIELDS(exec_rows, __typeof__(*((struct action *)0)->exec));

static const struct field http_rows[] = {
	{ "host", FIELD_TEXT, false, offsetof(struct http_get, host) },
	{ "httpHeaders", FIELD_OBJECTS, false, offsetof(struct http_get, headers), .table = &header },
	{ "path", FIELD_TEXT, false, offsetof(struct http_get, path) },
	{ "port", FIELD_PORT, true, offsetof(struct http_get, port) },
	{ "scheme", FIELD_WORD, false, offsetof(struct http_get, scheme), .words = "HTTP HTTPS" },
};
static const struct fields http = FIELDS(http_rows, struct http_get);

static const struct field tcp_rows[] = {
	{ "host", FIELD_TEXT, false, offsetof(struct tcp_socket, host) },
	{ "port", FIELD_PORT, true, offsetof(struct tcp_socket, port) },
};
static const struct fields tcp = FIELDS(tcp_rows, struct tcp_socket);

static const struct field grpc_rows[] = {
	{ "port", FIELD_INT, true, offsetof(struct grpc_check, port), .low = 1, .high = 65535 },
	{ "service", FIELD_TEXT, false, offsetof(struct grpc_check, service) },
};
static const struct fields grpc = FIELDS(grpc_rows, struct grpc_check);

static const struct field pause_rows[] = {
	{ "seconds", FIELD_INT, true, offsetof(__typeof__(*((struct action *)0)->sleep), seconds), .low = 0,
	  .high = 86400 },
};
static const struct fields pause_action = FIELDS(pause_rows, __typeof__(*((struct action *)0)->sleep));

static const struct field probe_rows[] = {
	{ "exec", FIELD_POINTER, false, offsetof(struct probe, action.exec), .table = &exec },
	{ "failureThreshold", FIELD_INT, false, offsetof(struct probe, failure), .low = 1, .high = INT32_MAX },
	{ "grpc", FIELD_POINTER, false, offsetof(struct probe, action.grpc), .table = &grpc },
	{ "httpGet", FIELD_POINTER, false, offsetof(struct probe, action.http), .table = &http },
	{ "initialDelaySeconds", FIELD_INT, false, offsetof(struct probe, initial_delay), .low = 0, .high = INT32_MAX },
	{ "periodSeconds", FIELD_INT, false, offsetof(struct probe, period), .low = 1, .high = INT32_MAX },
	{ "successThreshold", FIELD_INT, false, offsetof(struct probe, success), .low = 1, .high = INT32_MAX },
	{ "tcpSocket", FIELD_POINTER, false, offsetof(struct probe, action.tcp), .table = &tcp },
	{ "terminationGracePeriodSeconds", FIELD_INT, false, offsetof(struct probe, grace_period), .low = 1,
	  .high = INT32_MAX },
	{ "timeoutSeconds", FIELD_INT, false, offsetof(struct probe, timeout), .low = 1, .high = INT32_MAX },
};
static const struct fields probe = FIELDS(probe_rows, struct probe);

static const struct field hook_rows[] = {
	{ "exec", FIELD_POINTER, false, offsetof(struct action, exec), .table = &exec },
	{ "httpGet", FIELD_POINTER, false, offsetof(struct action, http), .table = &http },
	{ "sleep", FIELD_POINTER, false, offsetof(struct action, sleep), .table = &pause_action },
	{ "tcpSocket", FIELD_POINTER, false, offsetof(struct action, tcp), .table = &tcp },
};
static const struct fields hook = FIELDS(hook_rows, struct action);

static const struct field lifecycle_rows[] = {
	{ "postStart", FIELD_POINTER, false, offsetof(struct lifecycle, post_start), .table = &hook },
	{ "preStop", FIELD_POINTER, false, offsetof(struct lifecycle, pre_stop), .table = &hook },
	{ "stopSignal", FIELD_TEXT, false, offsetof(struct lifecycle, stop_signal) },
};
static const struct fields lifecycle = FIELDS(lifecycle_rows, struct lifecycle);

static const struct field capabilities_rows[] = {
	{ "add", FIELD_TEXTS, false, offsetof(struct security_context, add) },
	{ "drop", FIELD_TEXTS, false, offsetof(struct security_context, drop) },
};
static const struct fields capabilities = { .v = capabilities_rows,
					    .n = ARRAY_LEN(capabilities_rows) }; /* of the struct around it */

static const struct field seccomp_rows[] = {
	{ "localhostProfile", FIELD_TEXT, false, offsetof(struct security_context, seccomp_profile) },
	{ "type", FIELD_WORD, true, offsetof(struct security_context, seccomp),
	  .words = "RuntimeDefault Unconfined Localhost" },
};
static const struct fields seccomp = { .v = seccomp_rows, .n = ARRAY_LEN(seccomp_rows) }; /* of the struct around it */

static const struct field security_rows[] = {
	{ "allowPrivilegeEscalation", FIELD_BOOL, false, offsetof(struct security_context, allow_escalation) },
	{ "appArmorProfile", FIELD_ASIDE },
	{ "capabilities", FIELD_OBJECT, false, 0, .table = &capabilities },
	{ "privileged", FIELD_BOOL, false, offsetof(struct security_context, privileged) },
	{ "procMount", FIELD_WORD, false, offsetof(struct security_context, proc_mount), .words = "Default Unmasked" },
	{ "readOnlyRootFilesystem", FIELD_BOOL, false, offsetof(struct security_context, read_only_root) },
	{ "runAsGroup", FIELD_INT, false, offsetof(struct security_context, run_as_group), .low = 0,
	  .high = INT32_MAX },
	{ "runAsNonRoot", FIELD_BOOL, false, offsetof(struct security_context, run_as_non_root) },
	{ "runAsUser", FIELD_INT, false, offsetof(struct security_context, run_as_user), .low = 0, .high = INT32_MAX },
	{ "seLinuxOptions", FIELD_ASIDE },
	{ "seccompProfile", FIELD_OBJECT, false, 0, .table = &seccomp },
	{ "windowsOptions", FIELD_IGNORED },
};
static const struct fields security = FIELDS(security_rows, struct security_context);

static const struct field pod_security_rows[] = {
	{ "appArmorProfile", FIELD_ASIDE },
	{ "fsGroup", FIELD_INT, false, offsetof(struct security_context, fs_group), .low = 0, .high = INT32_MAX },
	{ "fsGroupChangePolicy", FIELD_IGNORED },
	{ "runAsGroup", FIELD_INT, false, offsetof(struct security_context, run_as_group), .low = 0,
	  .high = INT32_MAX },
	{ "runAsNonRoot", FIELD_BOOL, false, offsetof(struct security_context, run_as_non_root) },
	{ "runAsUser", FIELD_INT, false, offsetof(struct security_context, run_as_user), .low = 0, .high = INT32_MAX },
	{ "seLinuxChangePolicy", FIELD_ASIDE },
	{ "seLinuxOptions", FIELD_ASIDE },
	{ "seccompProfile", FIELD_OBJECT, false, 0, .table = &seccomp },
	{ "supplementalGroups", FIELD_INTS, false, offsetof(struct security_context, groups), .low = 0,
	  .high = INT32_MAX },
	{ "supplementalGroupsPolicy", FIELD_WORD, false, offsetof(struct security_context, groups_policy),
	  .words = "Merge Strict" },
	{ "sysctls", FIELD_OBJECTS, false, offsetof(struct security_context, sysctls), .table = &header },
	{ "windowsOptions", FIELD_IGNORED },
};
static const struct fields pod_security = FIELDS(pod_security_rows, struct security_context);

static const struct field resources_rows[] = {
	{ "claims", FIELD_REFUSED },
	{ "limits", FIELD_AMOUNTS, false, offsetof(struct resources, limits) },
	{ "requests", FIELD_AMOUNTS, false, offsetof(struct resources, requests) },
};
static const struct fields resources = FIELDS(resources_rows, struct resources);

static const struct field exit_codes_rows[] = {
	{ "operator", FIELD_WORD, true, offsetof(struct exit_codes, op), .words = "In NotIn" },
	{ "values", FIELD_INTS, false, offsetof(struct exit_codes, values), .low = INT32_MIN, .high = INT32_MAX },
};
static const struct fields exit_codes = FIELDS(exit_codes_rows, struct exit_codes);

static const struct field restart_rule_rows[] = {
	{ "action", FIELD_WORD, true, offsetof(struct restart_rule, action),
	  .words = "Restart RestartAllContainers" },
	{ "exitCodes", FIELD_POINTER, false, offsetof(struct restart_rule, exit_codes), .table = &exit_codes },
};
static const struct fields restart_rule = FIELDS(restart_rule_rows, struct restart_rule);

static const struct field container_rows[] = {
	{ "args", FIELD_TEXTS, false, offsetof(struct container_spec, args) },
	{ "command", FIELD_TEXTS, false, offsetof(struct container_spec, command) },
	{ "env", FIELD_OBJECTS, false, offsetof(struct container_spec, env), .table = &env },
	{ "envFrom", FIELD_OBJECTS, false, offsetof(struct container_spec, env_from), .table = &env_from },
	{ "image", FIELD_TEXT, true, offsetof(struct container_spec, image) },
	{ "imagePullPolicy", FIELD_WORD, false, offsetof(struct container_spec, pull_policy),
	  .words = "Always IfNotPresent Never" },
	{ "lifecycle", FIELD_POINTER, false, offsetof(struct container_spec, lifecycle), .table = &lifecycle },
	{ "livenessProbe", FIELD_POINTER, false, offsetof(struct container_spec, liveness), .table = &probe },
	{ "name", FIELD_TEXT, true, offsetof(struct container_spec, name) },
	{ "ports", FIELD_OBJECTS, false, offsetof(struct container_spec, ports), .table = &port },
	{ "readinessProbe", FIELD_POINTER, false, offsetof(struct container_spec, readiness), .table = &probe },
	{ "resizePolicy", FIELD_IGNORED },
	{ "resources", FIELD_OBJECT, false, offsetof(struct container_spec, resources), .table = &resources },
	{ "restartPolicy", FIELD_WORD, false, offsetof(struct container_spec, restart_policy),
	  .words = "Always OnFailure Never" },
	{ "restartPolicyRules", FIELD_OBJECTS, false, offsetof(struct container_spec, restart_rules),
	  .table = &restart_rule },
	{ "securityContext", FIELD_OBJECT, false, offsetof(struct container_spec, security), .table = &security },
	{ "startupProbe", FIELD_POINTER, false, offsetof(struct container_spec, startup), .table = &probe },
	{ "stdin", FIELD_BOOL, false, offsetof(struct container_spec, standard_input) },
	{ "stdinOnce", FIELD_IGNORED },
	{ "terminationMessagePath", FIELD_TEXT, false, offsetof(struct container_spec, message_path) },
	{ "terminationMessagePolicy", FIELD_WORD, false, offsetof(struct container_spec, message_policy),
	  .words = "File FallbackToLogsOnError" },
	{ "tty", FIELD_BOOL, false, offsetof(struct container_spec, tty) },
	{ "volumeDevices", FIELD_ASIDE },
	{ "volumeMounts", FIELD_OBJECTS, false, offsetof(struct container_spec, mounts), .table = &mount },
	{ "workingDir", FIELD_TEXT, false, offsetof(struct container_spec, working_dir) },
};
static const struct fields container = FIELDS(container_rows, struct container_spec);

static const struct field item_rows[] = {
	{ "key", FIELD_TEXT, true, offsetof(struct volume_item, key) },
	{ "mode", FIELD_INT, false, offsetof(struct volume_item, mode), .low = 0, .high = 511 },
	{ "path", FIELD_TEXT, true, offsetof(struct volume_item, path) },
};
static const struct fields item = FIELDS(item_rows, struct volume_item);

static const struct field config_map_volume_rows[] = {
	{ "defaultMode", FIELD_INT, false, offsetof(struct volume_files, mode), .low = 0, .high = 511 },
	{ "items", FIELD_OBJECTS, false, offsetof(struct volume_files, items), .table = &item },
	{ "name", FIELD_TEXT, true, offsetof(struct volume_files, name) },
	{ "optional", FIELD_BOOL, false, offsetof(struct volume_files, optional) },
};
static const struct fields config_map_volume = FIELDS(config_map_volume_rows, struct volume_files);

static const struct field secret_volume_rows[] = {
	{ "defaultMode", FIELD_INT, false, offsetof(struct volume_files, mode), .low = 0, .high = 511 },
	{ "items", FIELD_OBJECTS, false, offsetof(struct volume_files, items), .table = &item },
	{ "optional", FIELD_BOOL, false, offsetof(struct volume_files, optional) },
	{ "secretName", FIELD_TEXT, true, offsetof(struct volume_files, name) },
};
static const struct fields secret_volume = FIELDS(secret_volume_rows, struct volume_files);

static const struct field downward_item_rows[] = {
	{ "fieldRef", FIELD_POINTER, false, offsetof(struct volume_item, field), .table = &field_ref },
	{ "mode", FIELD_INT, false, offsetof(struct volume_item, mode), .low = 0, .high = 511 },
	{ "path", FIELD_TEXT, true, offsetof(struct volume_item, path) },
	{ "resourceFieldRef", FIELD_POINTER, false, offsetof(struct volume_item, amount), .table = &amount_ref },
};
static const struct fields downward_item = FIELDS(downward_item_rows, struct volume_item);

static const struct field downward_volume_rows[] = {
	{ "defaultMode", FIELD_INT, false, offsetof(struct volume_files, mode), .low = 0, .high = 511 },
	{ "items", FIELD_OBJECTS, false, offsetof(struct volume_files, items), .table = &downward_item },
};
static const struct fields downward_volume = FIELDS(downward_volume_rows, struct volume_files);

static const struct field named_projection_rows[] = {
	{ "items", FIELD_OBJECTS, false, offsetof(struct volume_files, items), .table = &item },
	{ "name", FIELD_TEXT, true, offsetof(struct volume_files, name) },
	{ "optional", FIELD_BOOL, false, offsetof(struct volume_files, optional) },
};
static const struct fields named_projection = FIELDS(named_projection_rows, struct volume_files);

static const struct field downward_projection_rows[] = {
	{ "items", FIELD_OBJECTS, false, offsetof(struct volume_files, items), .table = &downward_item },
};
static const struct fields downward_projection = FIELDS(downward_projection_rows, struct volume_files);

static const struct field projection_rows[] = {
	{ "clusterTrustBundle", FIELD_ASIDE },
	{ "configMap", FIELD_POINTER, false, offsetof(struct projection, config_map), .table = &named_projection },
	{ "downwardAPI", FIELD_POINTER, false, offsetof(struct projection, downward), .table = &downward_projection },
	{ "podCertificate", FIELD_ASIDE },
	{ "secret", FIELD_POINTER, false, offsetof(struct projection, secret), .table = &named_projection },
	{ "serviceAccountToken", FIELD_ASIDE },
};
static const struct fields projection = FIELDS(projection_rows, struct projection);

static const struct field projected_rows[] = {
	{ "defaultMode", FIELD_INT, false, offsetof(struct projected, mode), .low = 0, .high = 511 },
	{ "sources", FIELD_OBJECTS, false, offsetof(struct projected, sources), .table = &projection },
};
static const struct fields projected = FIELDS(projected_rows, struct projected);

static const struct field empty_dir_rows[] = {
	{ "medium", FIELD_TEXT, false, offsetof(__typeof__(*((struct volume_spec_kube *)0)->empty_dir), medium) },
	{ "sizeLimit", FIELD_AMOUNT, false, offsetof(__typeof__(*((struct volume_spec_kube *)0)->empty_dir), size),
	  .size = offsetof(__typeof__(*((struct volume_spec_kube *)0)->empty_dir), has_size) },
};
static const struct fields empty_dir = FIELDS(empty_dir_rows, __typeof__(*((struct volume_spec_kube *)0)->empty_dir));

static const struct field host_path_rows[] = {
	{ "path", FIELD_TEXT, true, offsetof(__typeof__(*((struct volume_spec_kube *)0)->host_path), path) },
	{ "type", FIELD_TEXT, false, offsetof(__typeof__(*((struct volume_spec_kube *)0)->host_path), type) },
};
static const struct fields host_path = FIELDS(host_path_rows, __typeof__(*((struct volume_spec_kube *)0)->host_path));

static const struct field volume_rows[] = {
	{ "configMap", FIELD_POINTER, false, offsetof(struct volume_spec_kube, config_map),
	  .table = &config_map_volume },
	{ "csi", FIELD_ASIDE },
	{ "downwardAPI", FIELD_POINTER, false, offsetof(struct volume_spec_kube, downward), .table = &downward_volume },
	{ "emptyDir", FIELD_POINTER, false, offsetof(struct volume_spec_kube, empty_dir), .table = &empty_dir },
	{ "ephemeral", FIELD_ASIDE },
	{ "fc", FIELD_ASIDE },
	{ "hostPath", FIELD_POINTER, false, offsetof(struct volume_spec_kube, host_path), .table = &host_path },
	{ "image", FIELD_ASIDE },
	{ "iscsi", FIELD_ASIDE },
	{ "name", FIELD_TEXT, true, offsetof(struct volume_spec_kube, name) },
	{ "nfs", FIELD_ASIDE },
	{ "persistentVolumeClaim", FIELD_ASIDE },
	{ "projected", FIELD_POINTER, false, offsetof(struct volume_spec_kube, projected), .table = &projected },
	{ "secret", FIELD_POINTER, false, offsetof(struct volume_spec_kube, secret), .table = &secret_volume },
};
static const struct fields volume = FIELDS(volume_rows, struct volume_spec_kube);

static const struct field host_alias_rows[] = {
	{ "hostnames", FIELD_TEXTS, false, offsetof(struct host_alias, names) },
	{ "ip", FIELD_TEXT, true, offsetof(struct host_alias, ip) },
};
static const struct fields host_alias = FIELDS(host_alias_rows, struct host_alias);

static const struct field dns_option_rows[] = {
	{ "name", FIELD_TEXT, true, offsetof(struct http_header, name) },
	{ "value", FIELD_TEXT, false, offsetof(struct http_header, value) },
};
static const struct fields dns_option = FIELDS(dns_option_rows, struct http_header);

static const struct field dns_config_rows[] = {
	{ "nameservers", FIELD_TEXTS, false, offsetof(struct dns_config, nameservers) },
	{ "options", FIELD_OBJECTS, false, offsetof(struct dns_config, options), .table = &dns_option },
	{ "searches", FIELD_TEXTS, false, offsetof(struct dns_config, searches) },
};
static const struct fields dns_config = FIELDS(dns_config_rows, struct dns_config);

static const struct field pod_spec_rows[] = {
	{ "activeDeadlineSeconds", FIELD_INT, false, offsetof(struct pod_spec, active_deadline), .low = 1,
	  .high = INT32_MAX },
	{ "affinity", FIELD_ASIDE },
	{ "automountServiceAccountToken", FIELD_IGNORED },
	{ "containers", FIELD_OBJECTS, true, offsetof(struct pod_spec, containers), .table = &container },
	{ "dnsConfig", FIELD_OBJECT, false, offsetof(struct pod_spec, dns), .table = &dns_config },
	{ "dnsPolicy", FIELD_WORD, false, offsetof(struct pod_spec, dns_policy),
	  .words = "ClusterFirst ClusterFirstWithHostNet Default None" },
	{ "enableServiceLinks", FIELD_IGNORED },
	{ "ephemeralContainers", FIELD_ASIDE },
	{ "hostAliases", FIELD_OBJECTS, false, offsetof(struct pod_spec, host_aliases), .table = &host_alias },
	{ "hostIPC", FIELD_BOOL, false, offsetof(struct pod_spec, host_ipc) },
	{ "hostNetwork", FIELD_BOOL, false, offsetof(struct pod_spec, host_network) },
	{ "hostPID", FIELD_BOOL, false, offsetof(struct pod_spec, host_pid) },
	{ "hostUsers", FIELD_BOOL, false, offsetof(struct pod_spec, host_users) },
	{ "hostname", FIELD_TEXT, false, offsetof(struct pod_spec, hostname) },
	{ "imagePullSecrets", FIELD_ASIDE },
	{ "initContainers", FIELD_OBJECTS, false, offsetof(struct pod_spec, inits), .table = &container },
	{ "nodeName", FIELD_IGNORED },
	{ "nodeSelector", FIELD_ASIDE },
	{ "os", FIELD_IGNORED },
	{ "overhead", FIELD_AMOUNTS, false, offsetof(struct pod_spec, overhead) },
	{ "preemptionPolicy", FIELD_IGNORED },
	{ "priority", FIELD_INT, false, offsetof(struct pod_spec, priority), .low = INT32_MIN, .high = INT32_MAX },
	{ "priorityClassName", FIELD_TEXT, false, offsetof(struct pod_spec, priority_class) },
	{ "readinessGates", FIELD_ASIDE },
	{ "resourceClaims", FIELD_REFUSED },
	{ "resources", FIELD_POINTER, false, offsetof(struct pod_spec, resources), .table = &resources },
	{ "restartPolicy", FIELD_WORD, false, offsetof(struct pod_spec, restart_policy),
	  .words = "Always OnFailure Never" },
	{ "runtimeClassName", FIELD_ASIDE },
	{ "schedulerName", FIELD_IGNORED },
	{ "schedulingGates", FIELD_ASIDE },
	{ "securityContext", FIELD_OBJECT, false, offsetof(struct pod_spec, security), .table = &pod_security },
	{ "serviceAccount", FIELD_IGNORED },
	{ "serviceAccountName", FIELD_IGNORED },
	{ "setHostnameAsFQDN", FIELD_ASIDE },
	{ "shareProcessNamespace", FIELD_BOOL, false, offsetof(struct pod_spec, share_pids) },
	{ "subdomain", FIELD_TEXT, false, offsetof(struct pod_spec, subdomain) },
	{ "terminationGracePeriodSeconds", FIELD_INT, false, offsetof(struct pod_spec, grace_period), .low = 0,
	  .high = INT32_MAX },
	{ "tolerations", FIELD_IGNORED },
	{ "topologySpreadConstraints", FIELD_ASIDE },
	{ "volumes", FIELD_OBJECTS, false, offsetof(struct pod_spec, volumes), .table = &volume },
};
const struct fields pod_spec_fields = FIELDS(pod_spec_rows, struct pod_spec);

static const struct field pod_fields_rows[] = {
	{ "apiVersion", FIELD_IGNORED },
	{ "kind", FIELD_IGNORED },
	{ "metadata", FIELD_OBJECT, true, offsetof(struct pod_template, meta), .table = &meta },
	{ "spec", FIELD_OBJECT, true, offsetof(struct pod_template, spec), .table = &pod_spec_fields },
	{ "status", FIELD_IGNORED },
};
const struct fields pod_fields = FIELDS(pod_fields_rows, struct pod_template);

static const struct field template_fields_rows[] = {
	{ "metadata", FIELD_OBJECT, false, offsetof(struct pod_template, meta), .table = &meta },
	{ "spec", FIELD_OBJECT, true, offsetof(struct pod_template, spec), .table = &pod_spec_fields },
};
static const struct fields template_fields = FIELDS(template_fields_rows, struct pod_template);

static const struct field deployment_spec_rows[] = {
	{ "minReadySeconds", FIELD_IGNORED },
	{ "paused", FIELD_ASIDE },
	{ "progressDeadlineSeconds", FIELD_IGNORED },
	{ "replicas", FIELD_INT, false, offsetof(struct templated_spec, replicas), .low = 0,
	  .high = LIMIT_KUBE_OBJECTS },
	{ "revisionHistoryLimit", FIELD_IGNORED },
	{ "selector", FIELD_IGNORED },
	{ "strategy", FIELD_IGNORED },
	{ "template", FIELD_OBJECT, true, offsetof(struct templated_spec, template), .table = &template_fields },
};
static const struct fields deployment_spec = FIELDS(deployment_spec_rows, struct templated_spec);

static const struct field job_spec_rows[] = {
	{ "activeDeadlineSeconds", FIELD_ASIDE },
	{ "backoffLimit", FIELD_ASIDE },
	{ "backoffLimitPerIndex", FIELD_ASIDE },
	{ "completionMode", FIELD_ASIDE },
	{ "completions", FIELD_ASIDE },
	{ "managedBy", FIELD_ASIDE },
	{ "manualSelector", FIELD_IGNORED },
	{ "maxFailedIndexes", FIELD_ASIDE },
	{ "parallelism", FIELD_INT, false, offsetof(struct templated_spec, replicas), .low = 0,
	  .high = LIMIT_KUBE_OBJECTS },
	{ "podFailurePolicy", FIELD_ASIDE },
	{ "podReplacementPolicy", FIELD_IGNORED },
	{ "selector", FIELD_IGNORED },
	{ "successPolicy", FIELD_ASIDE },
	{ "suspend", FIELD_ASIDE },
	{ "template", FIELD_OBJECT, true, offsetof(struct templated_spec, template), .table = &template_fields },
	{ "ttlSecondsAfterFinished", FIELD_INT, false, offsetof(struct templated_spec, ttl), .low = 0,
	  .high = INT32_MAX },
};
static const struct fields job_spec = FIELDS(job_spec_rows, struct templated_spec);

static const struct field deployment_fields_rows[] = {
	{ "apiVersion", FIELD_IGNORED },
	{ "kind", FIELD_IGNORED },
	{ "metadata", FIELD_OBJECT, true, offsetof(struct templated_object, meta), .table = &meta },
	{ "spec", FIELD_OBJECT, true, offsetof(struct templated_object, spec), .table = &deployment_spec },
	{ "status", FIELD_IGNORED },
};
const struct fields deployment_fields = FIELDS(deployment_fields_rows, struct templated_object);

static const struct field job_fields_rows[] = {
	{ "apiVersion", FIELD_IGNORED },
	{ "kind", FIELD_IGNORED },
	{ "metadata", FIELD_OBJECT, true, offsetof(struct templated_object, meta), .table = &meta },
	{ "spec", FIELD_OBJECT, true, offsetof(struct templated_object, spec), .table = &job_spec },
	{ "status", FIELD_IGNORED },
};
const struct fields job_fields = FIELDS(job_fields_rows, struct templated_object);

static const struct field scope_selector_rows[] = {
	{ "operator", FIELD_WORD, true, offsetof(struct scope_selector, op), .words = "In NotIn Exists DoesNotExist" },
	{ "scopeName", FIELD_TEXT, true, offsetof(struct scope_selector, scope) },
	{ "values", FIELD_TEXTS, false, offsetof(struct scope_selector, values) },
};
static const struct fields scope_selector = FIELDS(scope_selector_rows, struct scope_selector);

static const struct field scope_selectors_rows[] = {
	{ "matchExpressions", FIELD_OBJECTS, false, offsetof(struct quota_spec, selectors), .table = &scope_selector },
};
static const struct fields scope_selectors = { .v = scope_selectors_rows,
					       .n = ARRAY_LEN(scope_selectors_rows) }; /* of the struct around it */

static const struct field quota_spec_rows[] = {
	{ "hard", FIELD_AMOUNTS, false, offsetof(struct quota_spec, hard) },
	{ "scopeSelector", FIELD_OBJECT, false, 0, .table = &scope_selectors },
	{ "scopes", FIELD_TEXTS, false, offsetof(struct quota_spec, scopes) },
};
static const struct fields quota_spec = FIELDS(quota_spec_rows, struct quota_spec);

static const struct field quota_fields_rows[] = {
	{ "apiVersion", FIELD_IGNORED },
	{ "kind", FIELD_IGNORED },
	{ "metadata", FIELD_OBJECT, true, offsetof(struct quota_object, meta), .table = &meta },
	{ "spec", FIELD_OBJECT, true, offsetof(struct quota_object, spec), .table = &quota_spec },
	{ "status", FIELD_IGNORED },
};
const struct fields quota_fields = FIELDS(quota_fields_rows, struct quota_object);

static const struct field limit_item_rows[] = {
	{ "default", FIELD_AMOUNTS, false, offsetof(struct limit_item, standard) },
	{ "defaultRequest", FIELD_AMOUNTS, false, offsetof(struct limit_item, standard_request) },
	{ "max", FIELD_AMOUNTS, false, offsetof(struct limit_item, max) },
	{ "maxLimitRequestRatio", FIELD_AMOUNTS, false, offsetof(struct limit_item, ratio) },
	{ "min", FIELD_AMOUNTS, false, offsetof(struct limit_item, min) },
	{ "type", FIELD_TEXT, true, offsetof(struct limit_item, type) },
};
static const struct fields limit_item = FIELDS(limit_item_rows, struct limit_item);

static const struct field limit_spec_rows[] = {
	{ "limits", FIELD_OBJECTS, true, offsetof(struct limit_spec, items), .table = &limit_item },
};
static const struct fields limit_spec = FIELDS(limit_spec_rows, struct limit_spec);

static const struct field limit_fields_rows[] = {
	{ "apiVersion", FIELD_IGNORED },
	{ "kind", FIELD_IGNORED },
	{ "metadata", FIELD_OBJECT, true, offsetof(struct limit_object, meta), .table = &meta },
	{ "spec", FIELD_OBJECT, true, offsetof(struct limit_object, spec), .table = &limit_spec },
	{ "status", FIELD_IGNORED },
};
const struct fields limit_fields = FIELDS(limit_fields_rows, struct limit_object);

static const struct field config_map_fields_rows[] = {
	{ "apiVersion", FIELD_IGNORED },
	{ "binaryData", FIELD_PAIRS, false, offsetof(struct data_object, binary) },
	{ "data", FIELD_PAIRS, false, offsetof(struct data_object, data) },
	{ "immutable", FIELD_IGNORED },
	{ "kind", FIELD_IGNORED },
	{ "metadata", FIELD_OBJECT, true, offsetof(struct data_object, meta), .table = &meta },
	{ "status", FIELD_IGNORED },
};
const struct fields config_map_fields = FIELDS(config_map_fields_rows, struct data_object);

static const struct field secret_fields_rows[] = {
	{ "apiVersion", FIELD_IGNORED },
	{ "data", FIELD_PAIRS, false, offsetof(struct data_object, binary) },
	{ "immutable", FIELD_IGNORED },
	{ "kind", FIELD_IGNORED },
	{ "metadata", FIELD_OBJECT, true, offsetof(struct data_object, meta), .table = &meta },
	{ "status", FIELD_IGNORED },
	{ "stringData", FIELD_PAIRS, false, offsetof(struct data_object, data) },
	{ "type", FIELD_IGNORED },
};
const struct fields secret_fields = FIELDS(secret_fields_rows, struct data_object);

static const struct field namespace_fields_rows[] = {
	{ "apiVersion", FIELD_IGNORED },
	{ "kind", FIELD_IGNORED },
	{ "metadata", FIELD_OBJECT, true, offsetof(struct namespace_object, meta), .table = &meta },
	{ "spec", FIELD_IGNORED },
	{ "status", FIELD_IGNORED },
};
const struct fields namespace_fields = FIELDS(namespace_fields_rows, struct namespace_object);
