/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ports.c - options of ports and addresses: what is taken prints in full, and means the same when it is read again. */
#include "base/buf.h"
#include "network/ports.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void mapping(struct sv text)
{
	struct buf out = BUF(512), again = BUF(512);
	struct port_mapping m, back;
	struct err e;

	if (ports_parse(text, &m, &e) == 0) {
		require(m.first && m.first <= m.last && m.host_first <= m.host_last && m.protocol);
		ports_print(&m, &out);
		require(ports_parse(buf_sv(&out), &back, &e) == 0);
		ports_print(&back, &again);
		require(strcmp(out.p, again.p) == 0);
	}
	if (ports_parse_exposed(text, &m, &e) == 0)
		require(m.first && m.first <= m.last && !m.host_first);
	buf_done(&out);
	buf_done(&again);
}

static void subnet(struct sv text)
{
	struct net_ip ip, back;
	char printed[SUBNET_TEXT];
	uint8_t mac[6];

	if (net_subnet_parse(text, &ip)) {
		require(net_subnet_parse(sv_from(net_subnet_print(&ip, printed)), &back));
		require(net_ip_equal(&ip, &back) && ip.prefix == back.prefix);
		back = net_subnet_base(&ip);
		require(net_ip_is_in(&back, &ip) && net_subnets_overlap(&ip, &back));
		back = net_subnet_at(&ip, net_subnet_offset(&ip, &ip));
		require(net_subnet_size(&ip) == UINT64_C(1) << 63 || net_ip_equal(&ip, &back));
	}
	(void)net_ip_parse(text, &ip);
	(void)net_mac_parse(text, mac);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv text = { (const char *)data, size };

	mapping(text);
	subnet(text);
	return 0;
}
