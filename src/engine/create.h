/* SPDX-License-Identifier: Apache-2.0 */
/* create.h - a configuration becomes a container: folders, files, row, volumes, and the bundle that a monitor runs.
 *
 * The intent half of a container's life; nothing runs after it. Everything that can be refused is refused before
 * anything is made. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "engine/config.h"
#include "engine/engine.h"
#include "engine/images.h"
#include "engine/lock.h"
#include "engine/names.h"
#include "engine/spec.h"
#include "kernel/host.h"
#include "monitor/charter.h"
#include "oci/image_spec.h"

struct volume_use {
	const char *name, *target;
	bool anonymous;
};

struct creation {
	struct engine *en;       /* NULL: a plan for --rootfs, without any data root */
	const struct host *host; /* of a plan: perhaps a captured one */
	bool host_is_captured;   /* then this machine's own devices are not looked at */
	struct container_config *config;
	struct arena *a;
	bool plan_only; /* look everything up, make nothing: <id> stands for the id */
	struct id id;
	char name[NAME_SIZE];
	struct host_facts facts;
	struct image_row image; /* id NULL: --rootfs */
	struct image_config image_config;
	struct image_numbers layers;
	struct spec_inputs inputs;
	CONFIG_LIST(struct volume_use, volumes);
	struct oci_strings copy_up; /* targets of volumes that the image fills while they are empty */
	struct runtime_spec spec;
	struct charter charter;
	struct warnings warnings;
	struct lock lock;
	int container_dir, state_dir; /* -1: none */
};

/* engine_plan - until the runtime-spec and the charter are there; makes nothing. *ret is filled, free with
 * creation_done(). -EINVAL: the configuration; -ENOENT: no such image, no such user … */
int engine_plan(struct engine *en, const struct host *host, struct container_config *c, struct arena *a,
		struct creation *ret, struct err *e);

/* engine_create - the same, and then makes it. On failure nothing is left. The container's lock is held until
 * creation_done(). */
int engine_create(struct engine *en, struct container_config *c, bool trace, struct arena *a, struct creation *ret,
		  struct err *e);

void creation_done(struct creation *cr);
