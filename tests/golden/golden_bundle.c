/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of bundles (bundle/NAME.json) become plans on hosts that were captured: bundle/<host>-NAME.txt, as
 * `tare-runtime plan` prints them, warnings first. */
#include "golden.h"

#include "../unit/test.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "runtime/plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static const char *const hosts[] = { "hybrid", "v1-joined", "guest-v2" };
static const char *const names[] = { "attributes", "hooks" };

static const char *top(void)
{
	const char *t = getenv("TARE_TOP");

	return t ? t : ".";
}

static void host_facts(const char *name, struct arena *a, struct host_facts *ret)
{
	struct err e = { 0 };
	struct host h;

	if (host_open(&h, arena_fmt(a, "%s/tests/hosts/%s", top(), name), &e) < 0)
		fail_msg("%s", e.msg);
	if (host_facts_read(&h, a, ret, &e) < 0)
		fail_msg("%s", e.msg);
	host_close(&h);
}

static void check(const char *host, const char *name)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf json = BUF(LIMIT_CONFIG_JSON), out = BUF(LIMIT_CONFIG_JSON);
	const struct plan_inputs in = { .id = "box", .bundle = "/bundle", .root = { .path = "/bundle/rootfs" } };
	struct runtime_spec spec;
	struct host_facts facts;
	struct plan plan;
	struct err e = { 0 };

	host_facts(host, &a, &facts);
	if (io_read_at(AT_FDCWD, arena_fmt(&a, "%s/tests/golden/bundle/%s.json", top(), name), &json, &e) < 0 ||
	    runtime_spec_parse(buf_sv(&json), &a, &spec, &e) < 0 ||
	    plan_make(&spec, &facts, &in, &a, &plan, &e) < 0 || plan_make_filter(&plan, &e) < 0 ||
	    plan_print(&plan, &out, &e) < 0)
		fail_msg("%s on %s: %s", name, host, e.msg);
	golden_check(arena_fmt(&a, "bundle/%s-%s.txt", host, name), buf_sv(&out));
}

TEST(documents_become_plans_on_every_kind_of_host)
{
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++)
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			check(hosts[h], names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(documents_become_plans_on_every_kind_of_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
