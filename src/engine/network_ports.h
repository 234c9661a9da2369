/* SPDX-License-Identifier: Apache-2.0 */
/* network_ports.h - the ports of the host that lead to containers: who has which, and who else listens there. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "spec/config.h"
#include "engine/engine.h"
#include "engine/network.h"
#include "records/network_rows.h"
#include "engine/settings.h"
#include "network/rules.h"

struct port_mappings {
	struct port_mapping *v;
	size_t n;
};

struct rules_ports {
	struct rules_port *v;
	size_t n;
};

/* network_ports_wanted - of a configuration: -p, and with -P what it and the image expose. -EINVAL */
int network_ports_wanted(const struct container_config *c, const struct oci_strings *exposed, struct arena *a,
			 struct port_mappings *ret, struct err *e);

/* network_ports_default - the address for mappings that name none: what the container asks for, what its network has, what
 * the host's settings say; family 0: all addresses. */
struct net_ip network_ports_default(const struct container_config *c, const struct network *net,
				    const struct settings *s);

/* network_ports_take - rows for all of them or none; host ports that may be any are chosen. The earlier ones of the container
 * go; fresh: it has none yet. fallback: the address of those that name none. places: the container's; *ret: what the rows are for the firewall.
 * -EADDRINUSE, with Docker's texts and the holder's name. */
int network_ports_take(struct engine *en, const char *container, bool fresh, const struct port_mappings *wanted,
		       const struct net_ip *fallback, const struct places *places, struct arena *a,
		       struct rules_ports *ret, struct err *e);

/* network_ports_change - the same, beside what it has, but what of that goes: all of it or nothing. The rules of those that go
 * are gone by then: as long as they are there nobody else may have the port. */
int network_ports_change(struct engine *en, const char *container, const struct port_mappings *wanted,
			 const struct net_ip *fallback, const struct rules_ports *gone, struct arena *a, struct err *e);

/* network_ports_rules - what the rows of a container (NULL: of all) are for the firewall. */
int network_ports_rules(struct engine *en, const char *container, struct arena *a, struct rules_ports *ret,
			struct err *e);
/* network_ports_of - the same of one whose places are known */
int network_ports_of(struct engine *en, const char *container, const struct places *p, struct arena *a,
		     struct rules_ports *ret, struct err *e);
