/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - configuration, image and host become a runtime-spec. Pure: no file is opened, nothing is made. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "spec/config.h"
#include "kernel/host.h"
#include "kernel/user_namespaces.h"
#include "oci/image_spec.h"
#include "oci/runtime_spec.h"

/* A limit that the host cannot enforce, an option without effect: Docker's text, shown after "warning: ". */
struct warnings {
	struct arena *arena;
	const char **v;
	size_t n;
};
int warnings_add(struct warnings *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* config_asks_rare - for a limit whose check needs cgroup_layout_probe_rare() first. */
bool config_asks_rare(const struct container_config *c);

/* config_check - every value against its range and against the others and the host, with Docker's texts, before
 * anything is made: "--memory 4k: Minimum memory limit allowed is 6MB". Knobs that the host lacks are warned of and
 * cleared from *c (or refused with c->strict). -EINVAL. */
int config_check(struct container_config *c, const struct host_facts *f, struct warnings *w, struct err *e);

/* What had to be looked up in files before the spec can be made. */
struct spec_inputs {
	const char *id, *hostname;
	int64_t uid, gid; /* of config.user or the image's User, found in the image's /etc/passwd and /etc/group */
	struct {
		int64_t *v;
		size_t n;
	} groups;
	const char *home;
	const char *etc_hosts, *etc_hostname, *etc_resolv_conf; /* host paths to bind, NULL: none */
	CONFIG_LIST(struct oci_mount, volumes); /* volume mounts of config and image, their sources resolved */
	CONFIG_LIST(struct oci_device, devices); /* config.devices, stat(2)ed on the host: path, type, numbers, mode */
	struct oci_strings device_access;        /* per device: "rwm" */
	struct {
		CONFIG_LIST(struct oci_weight_device, weight);
		struct oci_throttles read_bps, write_bps, read_iops, write_iops;
	} blkio; /* of the configuration's lists, with the numbers of their devices */
	const char *root_path;                   /* root.path of the document */
	const char *init_path;                   /* --init: host path of tare-init; NULL: the command is the first process */
	const struct id_map *uids, *gids;        /* of a user namespace of its own; NULL: the host's */
};

/* spec_cgroups_path - "/tare/<id>": what of the document is known before all else. NULL when out of memory */
const char *spec_cgroups_path(const struct container_config *c, const char *id, struct arena *a);
/* spec_group - where that is: the same below the layout's base, or a scope of systemd's; CGROUP_NONE where no group can be made.
 * NULL when out of memory, or not a slice. */
const char *spec_group(const struct container_config *c, const struct cgroup_layout *l, const char *id,
		       struct arena *a);

/* spec_set_id_maps - other ids of the host than the document was made with. -ENOMEM. */
int spec_set_id_maps(struct runtime_spec *s, const struct id_map *uids, const struct id_map *gids, struct arena *a);

int spec_make(const struct container_config *c, const struct image_config *image, const struct host_facts *f,
	      const struct spec_inputs *in, struct arena *a, struct runtime_spec *ret, struct warnings *w,
	      struct err *e);

/* spec_limits - linux.resources of the document alone; its device rules stay. */
int spec_limits(const struct container_config *c, const struct host_facts *f, const struct spec_inputs *in,
		struct arena *a, struct oci_resources *io, struct err *e);
