/* SPDX-License-Identifier: Apache-2.0 */
/* guard.h - what nf_tables tells about changes: were rules of tare taken away, by somebody who did not put others in their
 * place? Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define GUARD_PREFIX "tare" /* all our tables begin with it */

/* Of the transaction that is being told: it ends with NFT_MSG_NEWGEN, perhaps in a later message. */
struct guard_changes {
	bool lost, made;
};

/* guard_hear - the messages of one recv(2) of a NETLINK_NETFILTER socket; true: a transaction took a table, chain, set or rule of
 * ours, and made no table of ours. Elements come and go all the time. What is not well-formed ends the walk. */
bool guard_hear(struct guard_changes *c, const void *data, size_t size);
