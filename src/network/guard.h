/* SPDX-License-Identifier: Apache-2.0 */
/* guard.h - what nf_tables tells about changes: were rules of tare taken away, and were those that came in their place made by
 * tare? Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* How the names of our tables begin: those of the firewall, with a "-" or nothing behind it, and the one of relayed ports. */
#define GUARD_FIREWALL_PREFIX "tare"
#define GUARD_RELAY_PREFIX "tare_relay_"

/* What the programs that make them are called, of which the kernel tells: it begins so. */
#define GUARD_PROGRAM "tare"

enum guard_part { GUARD_NONE = 0, GUARD_FIREWALL = 1, GUARD_RELAY = 2 };

/* Of the transaction that is being told: it ends with NFT_MSG_NEWGEN, perhaps in a later message. */
struct guard_changes {
	unsigned lost, made; /* enum guard_part */
};

/* guard_hear - the messages of one recv(2) of a NETLINK_NETFILTER socket; the parts of which a transaction took a table,
 * chain, set or rule, and made no table or was somebody else's: a ruleset that was saved is that of other containers.
 * Elements come and go all the time. What is not well-formed ends the walk. */
unsigned guard_hear(struct guard_changes *c, const void *data, size_t size);
