/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - tare.conf(5): what the administrator of a host decides for all containers. Lines "key = value"; blank lines
 * and lines that begin with # say nothing. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"
#include "kube/resources.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>

#define SETTINGS_FILE "/etc/tare/tare.conf"
#define SETTINGS_ENV "TARE_CONFIG" /* names another one */

struct settings {
	bool userns_auto;           /* userns-remap: a container gets a user namespace of its own unless --userns says otherwise */
	const char *subuid, *subgid; /* files */
	struct oci_strings insecure_registries; /* "host:port" */
	struct oci_strings registry_mirrors;    /* "host:port URL" */
	const char *network; /* of a container whose command line names none: bridge, none or host */
	const char *cni_conf_dir, *cni_bin_dir, *cni_cache_dir; /* networks of CNI */
	const char *publish_default_ip; /* where ports are published that name no address; NULL: everywhere */
	unsigned registry_timeout_s, registry_attempts;
	uint64_t layer_bytes, layer_entries; /* ceilings of what a layer may become */
	bool discard_blobs; /* keep-blobs = no: layers' blobs go when the layers are unpacked and on the disk */
	bool systemd; /* cgroup-manager: groups of containers and pods are units of systemd's; root's only */
	unsigned kube_max_pods;
	struct resource_list kube_reserved; /* what pods do not get of this node */
};

/* settings_parse - text's memory may go. file: for errors, "FILE:LINE: …". -EINVAL: an unknown key (with the one that was
 * probably meant), one that is there twice (but for those that make lists), a value that is not allowed. */
int settings_parse(struct sv text, const char *file, struct arena *a, struct settings *ret, struct err *e);

/* settings_named - the file that path or else SETTINGS_ENV names, absolute, in a; NULL: none is named. */
int settings_named(const char *path, struct arena *a, const char **ret, struct err *e);

/* settings_read - path NULL: the one that SETTINGS_ENV names, else SETTINGS_FILE, which may be missing: an empty one. One
 * open(2) then. */
int settings_read(const char *path, struct arena *a, struct settings *ret, struct err *e);
