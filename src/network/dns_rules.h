/* SPDX-License-Identifier: Apache-2.0 */
/* dns_rules.h - how queries to 127.0.0.11 port 53 get to another port of that address, in the namespace that this thread is in.
 *
 * A table of its own, ip tare_dns. So whoever wants to serve names in a container can bind port 53 of all addresses, which
 * would fail if that port of this one were taken. */
#pragma once

#include "base/err.h"

#include <stdint.h>

#define NAMES_ADDRESS 0x7f00000b /* 127.0.0.11, as Docker's; in host order */

/* dns_rules_put - for UDP and TCP, in place of the ones that were there. */
int dns_rules_put(uint16_t port, struct err *e);
