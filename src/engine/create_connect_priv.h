/* SPDX-License-Identifier: Apache-2.0 */
/* create_connect_priv.h - a container's networks and published ports change: create_connect.c, create_connect_ports.c. */
#pragma once

#include "engine/network.h"
#include "engine/network_ports.h"
#include "engine/recover.h"

/* One change: what was, and what is. */
struct change {
	struct engine *en;
	struct arena *a;
	struct container_row row;
	struct container_config config;
	struct container_state state;
	bool lives;
	struct lock lock;
	int dir;
	struct network net;
	struct places before, after;
	struct rules_ports ports_before;
};

/* change_read - of one whose row, state and lock are known. change_rewrite_charter - what its monitor makes when it starts it
 * again. change_write_record - of its i-th place, for tare-net. */
int change_read(struct change *c, struct err *e);
int change_rewrite_charter(const struct change *c, struct err *e);
int change_write_record(const struct change *c, size_t i, struct err *e);
