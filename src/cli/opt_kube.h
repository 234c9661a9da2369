/* SPDX-License-Identifier: Apache-2.0 */
/* opt_kube.h - options of the commands of `tare kube` that work on objects, and what these commands share. */
#pragma once

#include "cli/session.h"
#include "engine/kube.h"

struct kube_command {
	struct kube_options options;
	struct oci_strings files;
	int64_t grace_s;
	bool all_namespaces, containers, no_trunc;
	const char *output;
};

void kube_command_init(void *options);

extern const struct option_group opt_kube_file;	 /* --filename, --namespace, --strict, --cgroup-root */
extern const struct option_group opt_kube_scope;	 /* --namespace, --all-namespaces, --no-trunc */
extern const struct option_group opt_kube_namespace; /* --namespace, --no-trunc */
extern const struct option_group opt_kube_tree;	 /* --no-trunc */
extern const struct option_group opt_kube_resize; /* --filename, --namespace, --strict */
extern const struct option_group opt_kube_delete; /* --filename, --namespace, --grace-period */
extern const struct option_group opt_kube_top;	 /* --namespace, --all-namespaces, --containers, --no-trunc */
extern const struct option_group opt_kube_get;	 /* --namespace, --all-namespaces, --output */

/* kube_say_none - kubectl's words, on standard error. everywhere: no namespace was looked into alone. */
void kube_say_none(const struct kube_command *k, bool everywhere);

/* kube_read_file - the whole of it; "-" is standard input. */
int kube_read_file(const char *path, struct buf *out, struct err *e);
