/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/cpu_manager.h"

#include "pods.h"

/* Two sockets of four cores of two threads each: thread n and n + 8 are of one core, as Linux numbers them. */
static struct cpu_topology two_sockets(struct cpu_place places[16])
{
	for (int i = 0; i < 16; i++)
		places[i] = (struct cpu_place){ .cpu = i, .core = i % 8, .socket = i % 8 / 4, .numa = i % 8 / 4 };
	return (struct cpu_topology){ places, 16 };
}

static const struct {
	const char *free;
	unsigned n;
	const char *taken; /* NULL: not so many */
} cases[] = {
	{ "0-15", 0, "" },
	{ "0-15", 1, "0" },
	{ "0-15", 2, "0,8" },
	{ "0-15", 3, "0,1,8" },
	{ "0-15", 8, "0-3,8-11" }, /* a whole socket */
	{ "0-15", 10, "0-3,8-11,4,12" },
	{ "0-15", 16, "0-15" },
	{ "0-15", 17, NULL },
	{ "1-15", 8, "4-7,12-15" },   /* the other socket is whole */
	{ "1-15", 1, "8" },	      /* a core that is begun, of the fuller socket */
	{ "0-4,8-12", 2, "4,12" },    /* the socket with less left */
	{ "0,1,2,3", 2, "0,1" },      /* no whole core */
	{ "3,5,7,13", 3, "5,7,13" },  /* a whole core, and beside it */
	{ "3,5", 2, "3,5" },
	{ "", 1, NULL },
};

TEST(cpus_are_taken_whole_where_they_are)
{
	struct cpu_place places[16];
	struct cpu_topology t = two_sockets(places);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cpulist free, before, got = { 0 }, want;
		int r;

		assert_int_equal(0, cpulist_parse(sv_from(cases[i].free), &free));
		before = free;
		r = cpu_manager_take(&t, &free, cases[i].n, &got, NULL);
		if (!cases[i].taken) {
			assert_int_equal(-ENOSPC, r);
			assert_true(cpulist_eq(&before, &free));
			continue;
		}
		assert_int_equal(0, r);
		assert_int_equal(0, cpulist_parse(sv_from(cases[i].taken), &want));
		if (!cpulist_eq(&want, &got))
			fail_msg("%u of %s", cases[i].n, cases[i].free);
		assert_true(cpulist_is_subset(&got, &before) && cpulist_is_subset(&free, &before));
		assert_int_equal(cpulist_count(&before) - cases[i].n, cpulist_count(&free));
	}
}

TEST(whole_cpus_of_a_guaranteed_pod_are_its_own)
{
	static const struct {
		const char *pod;
		unsigned n;
	} pods[] = {
		{ "c: /cpu=2 memory=1Gi", 2 },	 { "c: /cpu=2000m memory=1Gi", 2 }, { "c: /cpu=1500m memory=1Gi", 0 },
		{ "c: cpu=2 memory=1Gi", 0 },	 { "c:", 0 },			    { "c: /cpu=0 memory=1Gi", 0 },
		{ "c: /cpu=9000 memory=1Gi", 8193 },
	};

	for (size_t i = 0; i < sizeof pods / sizeof *pods; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct kube_pod p = pod_of(&a, pods[i].pod);

		assert_int_equal(pods[i].n, cpu_manager_wants(&p, &p.containers[0]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(cpus_are_taken_whole_where_they_are),
		RUN(whole_cpus_of_a_guaranteed_pod_are_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
