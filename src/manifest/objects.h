/* SPDX-License-Identifier: Apache-2.0 */
/* objects.h - Kubernetes' objects as tare reads them: v1 Pod, Namespace, ResourceQuota, LimitRange, ConfigMap, Secret;
 * apps/v1 Deployment and batch/v1 Job as a pod's template with a number. Names are those of the API. Texts are NULL, numbers
 * and truth values FIELD_UNSET when they were absent. */
#pragma once

#include "kube/limit_range.h"
#include "kube/quota.h"
#include "manifest/decode.h"

struct object_meta {
	const char *name, *namespace;
	const char *uid; /* not from the file: whoever keeps the object gives it one */
	struct oci_pairs labels, annotations;
};

/* ---- pods --------------------------------------------------------------------------------------------------- */

struct key_selector {
	const char *name, *key;
	int64_t optional;
};

struct env_source {
	struct key_selector *config_map, *secret;
	struct field_ref {
		const char *path;
	} *field;
	struct amount_ref {
		const char *container, *resource; /* "limits.cpu"; of this container when none is named */
		struct quantity divisor;
		bool has_divisor;
	} *amount;
};

struct env_var {
	const char *name, *value;
	struct env_source *from;
};

struct env_from {
	const char *prefix;
	struct key_selector *config_map, *secret;
};

struct container_port {
	const char *name, *host_ip, *protocol;
	int64_t container_port, host_port;
};

struct volume_mount {
	const char *name, *mount_path, *sub_path, *sub_path_expr, *propagation, *recursive;
	int64_t read_only;
};

struct http_header { /* and a sysctl */
	const char *name, *value;
};

/* What a probe or a hook does: exactly one of these. */
struct action {
	struct {
		struct oci_strings command;
	} *exec;
	struct http_get {
		const char *path, *port, *host, *scheme;
		struct {
			struct http_header *v;
			size_t n;
		} headers;
	} *http;
	struct tcp_socket {
		const char *port, *host;
	} *tcp;
	struct grpc_check {
		int64_t port;
		const char *service;
	} *grpc;
	struct {
		int64_t seconds;
	} *sleep;
};

struct probe {
	struct action action;
	int64_t initial_delay, timeout, period, success, failure; /* seconds, and times in a row */
	int64_t grace_period;
};

struct lifecycle {
	struct action *post_start, *pre_stop;
	const char *stop_signal;
};

struct security_context {
	int64_t run_as_user, run_as_group, fs_group; /* fs_group: of a pod */
	int64_t privileged, read_only_root, allow_escalation, run_as_non_root;
	struct oci_strings add, drop;
	const char *seccomp, *seccomp_profile; /* "RuntimeDefault", "Unconfined", "Localhost" and its file */
	const char *proc_mount;
	struct {
		int64_t *v;
		size_t n;
	} groups; /* of a pod, as the next two */
	const char *groups_policy;
	struct {
		struct http_header *v;
		size_t n;
	} sysctls;
};

/* What a container's exit status says, whatever its policy: the first rule that matches does. */
struct restart_rule {
	const char *action; /* "Restart", "RestartAllContainers" */
	struct exit_codes {
		const char *op; /* "In", "NotIn" */
		struct {
			int64_t *v;
			size_t n;
		} values;
	} *exit_codes;
};

struct container_spec {
	const char *name, *image, *working_dir, *restart_policy, *pull_policy;
	struct {
		struct restart_rule *v;
		size_t n;
	} restart_rules;
	struct oci_strings command, args;
	struct {
		struct env_var *v;
		size_t n;
	} env;
	struct {
		struct env_from *v;
		size_t n;
	} env_from;
	struct {
		struct container_port *v;
		size_t n;
	} ports;
	struct {
		struct volume_mount *v;
		size_t n;
	} mounts;
	struct resources resources;
	struct probe *liveness, *readiness, *startup;
	struct lifecycle *lifecycle;
	struct security_context security;
	int64_t standard_input, tty;
	const char *message_path, *message_policy; /* of its end */
};

struct volume_item {
	const char *key, *path;
	int64_t mode;
	struct field_ref *field; /* of a downwardAPI, in the place of a key: this or the next */
	struct amount_ref *amount;
};

struct volume_files { /* configMap, secret and downwardAPI, which has no name */
	const char *name;
	struct {
		struct volume_item *v;
		size_t n;
	} items;
	int64_t mode, optional;
};

struct volume_spec_kube {
	const char *name;
	struct {
		const char *medium;
		struct quantity size;
		bool has_size;
	} *empty_dir;
	struct {
		const char *path, *type;
	} *host_path;
	struct volume_files *config_map, *secret, *downward;
	struct projected {
		int64_t mode;
		struct {
			struct projection { /* exactly one of these, or a kind that is left aside */
				struct volume_files *config_map, *secret, *downward;
			} *v;
			size_t n;
		} sources;
	} *projected;
};

struct container_specs {
	struct container_spec *v;
	size_t n;
};

struct pod_spec {
	struct container_specs containers, inits;
	struct {
		struct volume_spec_kube *v;
		size_t n;
	} volumes;
	struct {
		struct host_alias {
			const char *ip;
			struct oci_strings names;
		} *v;
		size_t n;
	} host_aliases;
	struct dns_config {
		struct oci_strings nameservers, searches;
		struct {
			struct http_header *v;
			size_t n;
		} options; /* value NULL: none */
	} dns;
	const char *dns_policy;
	const char *restart_policy, *hostname, *subdomain, *priority_class;
	int64_t grace_period, active_deadline, priority;
	int64_t host_network, host_pid, host_ipc, share_pids, host_users;
	struct security_context security;
	struct resources *resources; /* at pod level */
	struct resource_list overhead;
};

struct pod_template {
	struct object_meta meta;
	struct pod_spec spec;
};

/* ---- the others --------------------------------------------------------------------------------------------- */

struct scope_selector {
	const char *scope, *op;
	struct oci_strings values;
};

struct quota_spec {
	struct resource_list hard;
	struct oci_strings scopes;
	struct {
		struct scope_selector *v;
		size_t n;
	} selectors;
};

struct limit_spec {
	struct {
		struct limit_item *v;
		size_t n;
	} items;
};

#define OBJECT_KINDS(X)                                                                                        \
	X(POD, "v1", "Pod", "pods")                                                                            \
	X(NAMESPACE, "v1", "Namespace", "namespaces")                                                          \
	X(QUOTA, "v1", "ResourceQuota", "resourcequotas")                                                      \
	X(LIMIT_RANGE, "v1", "LimitRange", "limitranges")                                                      \
	X(CONFIG_MAP, "v1", "ConfigMap", "configmaps")                                                         \
	X(SECRET, "v1", "Secret", "secrets")                                                                   \
	X(DEPLOYMENT, "apps/v1", "Deployment", "deployments")                                                  \
	X(JOB, "batch/v1", "Job", "jobs")
enum object_kind {
#define X(id, version, kind, plural) OBJECT_##id,
	OBJECT_KINDS(X)
#undef X
		OBJECT_KIND_COUNT
};

/* One object of a file. What its kind does not have is as if absent. */
struct object {
	enum object_kind kind;
	unsigned line; /* where it begins */
	const struct node *document;
	struct object_meta meta;
	struct pod_spec *pod;	   /* Pod; of Deployment and Job that of the template, */
	struct object_meta template; /* and the template's labels and annotations */
	int64_t replicas;	   /* Deployment; Job: parallelism. 1 when absent */
	int64_t ttl;		   /* Job: seconds after its end until it goes; FIELD_UNSET: it stays. Of others it means nothing */
	struct quota_spec *quota;
	struct limit_spec *limits;
	struct oci_pairs data;	   /* ConfigMap and Secret; stringData of a Secret is in it */
	struct oci_pairs binary;   /* binaryData of a ConfigMap, data of a Secret: still base64 */
};

struct objects {
	struct object *v;
	size_t n;
};

const char *object_kind_name(enum object_kind k);
const char *object_kind_version(enum object_kind k); /* "apps/v1" */
const char *object_kind_plural(enum object_kind k);

/* objects_read - a file's objects, in its order; those of a List one by one. Everything is of the arena.
 * -EINVAL: "line 9, column 14: spec.containers[0].image: …". -E2BIG: past a ceiling. */
int objects_read(struct sv text, struct arena *a, struct remarks *remarks, struct objects *ret, struct err *e);

/* object_read_stored - one object of such JSON as was kept of it */
int object_read_stored(struct sv json, struct arena *a, struct object *ret, struct err *e);

/* object_pod - the pod as its arithmetic sees it, with defaults filled in. Borrows from the object. -ENOMEM. */
int object_pod(const struct object *o, struct arena *a, struct kube_pod *ret);
/* object_limits, object_quota - likewise; a limit range with the defaults of its items. -ENOMEM. */
int object_limits(const struct object *o, struct arena *a, struct limit_range *ret);
int object_quota(const struct object *o, struct arena *a, struct kube_quota *ret);
