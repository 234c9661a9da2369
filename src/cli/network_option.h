/* SPDX-License-Identifier: Apache-2.0 */
/* network_option.h - values that `run` and `network connect` have alike. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"
#include "oci/runtime_spec.h"

#include <netinet/in.h>

int network_option_address(struct sv value, uint8_t family, struct arena *a, const char **ret, struct err *e);
/* -p's grammar; kept as ports_print() has it */
int network_option_port(struct sv value, struct arena *a, struct oci_strings *to, struct err *e);
int network_option_alias(struct sv value, struct arena *a, struct oci_strings *to, struct err *e);
