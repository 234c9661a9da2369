/* SPDX-License-Identifier: Apache-2.0 */
/* ps.h - what `tare ps` lists: cmd_ps.c chooses, ps_fields.c prints. */
#pragma once

#include "cli/listing.h"
#include "report/inspect.h"
#include "engine/network_ports.h"
#include "engine/survey.h"
#include "records/volume_rows.h"

struct ps_item {
	struct container_view view; /* config, entrypoint and command only when something needs them */
	size_t age;                 /* 0: the newest */
	struct volume_uses volumes;
	struct rules_ports ports;
	int64_t size_own, size_root; /* with --size */
};

extern const struct listing_kind ps_kind, ps_kind_size; /* with the column SIZE */

/* ps_fields - the values of all fields, for listing_add(). whole: nothing is cut (--no-trunc). */
void ps_fields(const struct ps_item *i, bool whole, int64_t now, struct arena *a, const char **ret);
