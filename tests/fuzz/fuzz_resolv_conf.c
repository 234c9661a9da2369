/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_resolv_conf.c - a host's resolv.conf: what is made of it is known again, and read as it was meant. */
#include "base/scope.h"
#include "network/resolv_conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void make(const struct resolv_conf *host, enum resolv_conf_for kind, struct arena *a)
{
	const struct oci_strings none = { 0 };
	struct resolv_conf_wanted w = { kind, host->other.n % 2 != 0, "/etc/resolv.conf", &none, &none, &none };
	struct buf text = BUF(1 << 20);
	struct resolv_conf made;

	if (resolv_conf_put(host, &w, a, &text, NULL) == 0) {
		require(resolv_conf_is_ours(buf_sv(&text)));
		require(resolv_conf_parse(buf_sv(&text), a, &made, NULL) == 0);
		require(made.search.n == host->search.n && made.other.n == host->other.n && made.invalid.n == 0);
		require(kind != RESOLV_CONF_EMBEDDED ||
			(made.servers.n == 1 && strcmp(made.servers.v[0], "127.0.0.11") == 0));
		require(kind != RESOLV_CONF_BRIDGE || made.servers.n > 0);
	}
	buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA(1 << 24);
	struct resolv_conf host;

	if (resolv_conf_parse((struct sv){ (const char *)data, size }, &a, &host, NULL) == 0)
		for (int kind = RESOLV_CONF_HOST; kind <= RESOLV_CONF_EMBEDDED; kind++)
			make(&host, (enum resolv_conf_for)kind, &a);
	arena_done(&a);
	return 0;
}
