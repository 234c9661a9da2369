/* SPDX-License-Identifier: Apache-2.0 */
/* opt_stop.h - how a container is to be stopped: the options of stop and restart fill struct stop_options. */
#pragma once

#include "cli/option.h"
#include "engine/stop.h"

extern const struct option_group opt_stop;
