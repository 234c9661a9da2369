/* SPDX-License-Identifier: Apache-2.0 */
/* ports.h - published ports: Docker's grammar of -p and --expose. Pure. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "network/subnet.h"

#include <stdbool.h>
#include <stdint.h>

/* The protocols, by the kernel's numbers. */
enum { PORT_TCP = 6, PORT_UDP = 17, PORT_SCTP = 132 };

/* Ports first to last, and those of the host that become them. */
struct port_mapping {
	struct net_ip host;             /* family 0: all addresses of the host */
	uint16_t first, last;           /* in the container */
	uint16_t host_first,
		host_last; /* 0: any that is free. With one port in the container and several here: any of these */
	uint8_t protocol;
};

/* ports_parse - "80", "8080:80", "127.0.0.1:8080:80/udp", "[::1]::80", "9000-9009:9000-9009", "8000-9000:80".
 * -EINVAL, with Docker's texts. */
int ports_parse(struct sv text, struct port_mapping *ret, struct err *e);
/* ports_print - in the same grammar, in full: parsing it gives the same mapping. */
void ports_print(const struct port_mapping *m, struct buf *out);

/* ports_parse_exposed - "80", "80-90/udp". -EINVAL */
int ports_parse_exposed(struct sv text, struct port_mapping *ret, struct err *e);

uint8_t port_protocol(struct sv name); /* 0: none */
const char *port_protocol_name(uint8_t protocol);

/* ports_is_equal - each port keeps its number */
static inline bool ports_is_equal(const struct port_mapping *m)
{
	return m->first == m->host_first;
}
