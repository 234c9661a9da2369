/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_collect.h - the numbers of containers, pods and systemd's units, at one moment. */
#pragma once

#include "engine/engine.h"
#include "observe/metrics.h"
#include "observe/metrics_before.h"

/* metrics_collect - everything belongs to a; before is what the last scrape left for this one (NULL: none). What vanishes meanwhile is left out; what could not be read sets `failed`.
 * -ENOMEM */
int metrics_collect(struct engine *en, struct metrics_before *before, struct arena *a, struct metrics *ret,
		    struct err *e);
