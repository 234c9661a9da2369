/* SPDX-License-Identifier: Apache-2.0 */
/* packet_rules_priv.h - what follows the rules with a packet, as between rules and their expressions */
#pragma once

#include "insight/packet_rules.h"

#define REGISTERS 64 /* bytes */

enum step { STEP_NEXT, STEP_NO_MATCH, STEP_VERDICT };

struct machine {
	const struct packet_world *w;
	struct packet *p;
	uint8_t family, table_family; /* of the packet; of the table that the rule is in */
	const char *table;
	enum packet_hook hook;
	bool nat_done;  /* an earlier chain of this hook has changed it */
	uint8_t regs[REGISTERS];
	uint64_t known; /* a bit for each byte of them */
	bool unsure;    /* the rule depends on what is not known */
	int32_t code;   /* of a verdict */
	char to[128];
	bool rejected;
	unsigned budget;
	const struct nft_seen_rule *by; /* that decided */
	const char *by_chain;
	bool missed;    /* a rule before that could not be followed might have decided */
};

/* packet_expression - one of NFTA_LIST_ELEM; what is not understood makes the rule unsure */
enum step packet_expression(struct machine *m, const void *element, size_t size);
