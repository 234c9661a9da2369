/* SPDX-License-Identifier: Apache-2.0 */
/* named_kinds.h - the kinds of named.h: cmd_network_ls.c, cmd_volume_ls.c */
#pragma once

#include "cli/named.h"

extern const struct named_kind named_networks, named_volumes;
