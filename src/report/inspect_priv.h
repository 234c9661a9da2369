/* SPDX-License-Identifier: Apache-2.0 */
/* inspect_priv.h - the parts of inspect.c in inspect_image.c. */
#pragma once

#include "base/buf.h"
#include "base/limits.h"
#include "spec/config.h"
#include "report/inspect.h"
#include "oci/image_spec.h"

struct json_object;

/* inspect_merge_image - Env, Labels, User, WorkingDir, StopSignal, Volumes and ExposedPorts of the section Config. */
void inspect_merge_image(struct json_object *config, const struct container_config *c,
			 const struct image_config *image);

/* inspect_put_security - SecurityOpt of the section HostConfig, as --security-opt was given; null for none */
void inspect_put_security(struct json_object *host_config, const struct container_config *c);
/* inspect_network.c: HostConfig.PortBindings and Config.ExposedPorts; NetworkSettings. */
void inspect_put_ports(struct json_object *host_config, struct json_object *config, const struct container_config *c,
		       struct arena *a);
int inspect_put_network(struct engine *en, const struct container_view *v, struct arena *a, struct json_object *o,
			struct err *e);
/* inspect_exec.c: ExecIDs, those that run and are not attached, null for none; own.Execs, and those that have ended, the oldest
 * first: how. */
int inspect_put_execs(struct engine *en, const struct container_view *v, struct arena *a, struct json_object *o,
		      struct json_object *own, struct err *e);
