/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_proc.c - texts of proc(5) that somebody else may have a part in: names of groups and interfaces. The first byte
 * chooses the parser. */
#include "kernel/cgroup_place.h"
#include "kernel/namespaces.h"
#include "kernel/net_dev.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void cgroup_place(struct sv text)
{
	static const struct cgroup_layout layout = {
		.n = 3, .h = { { .v2 = true }, { .name = "cpu,cpuacct" }, { .name = "name=systemd" } }
	};
	struct arena a = ARENA(1 << 20);
	struct cgroup_place p;

	if (cgroup_place_parse(&layout, text, &a, &p, NULL) == 0)
		for (int i = 0; i < CGROUP_HIERARCHY_MAX; i++)
			require(!p.path[i] || (i < 3 && p.path[i][0] == '/'));
	arena_done(&a);
}

static void net_dev(struct sv text)
{
	struct net_interfaces l;
	struct net_totals t;

	net_dev_parse(text, &t);
	net_dev_list(text, &l);
	require(l.n <= NET_INTERFACES);
	for (size_t i = 0; i < l.n; i++)
		require(l.v[i].name[0] && memchr(l.v[i].name, '\0', sizeof l.v[i].name));
}

static void namespace_link(struct sv text)
{
	enum namespace_type type;
	uint64_t ino;

	if (namespace_parse_link(text, &type, &ino))
		require(type < NAMESPACE_TYPE_COUNT && ino &&
			namespace_type_from_name(sv_from(namespace_type_name(type))) == (int)type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(struct sv) = { cgroup_place, net_dev, namespace_link };

	if (size)
		parsers[data[0] % (sizeof parsers / sizeof *parsers)]((struct sv){ (const char *)data + 1, size - 1 });
	return 0;
}
