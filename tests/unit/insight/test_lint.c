/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule speaks of what is wrong, and is silent when it is right. */
#include "../test.h"
#include "insight/lint.h"

#include "base/scope.h"

#include <string.h>

#define MIB (INT64_C(1) << 20)

static struct oci_strings one(const char **text)
{
	return (struct oci_strings){ text, 1 };
}

/* Nothing to say against it. */
static struct lint_subject good(void)
{
	struct lint_subject s;

	lint_subject_init(&s);
	s.image = "docker.io/library/nginx:1.27";
	s.user = "1000:1000";
	s.memory_bytes = s.memory_swap_bytes = 256 * MIB;
	s.nano_cpus = 2000000000;
	s.pids_limit = 100;
	s.readonly_root = s.no_new_privileges = true;
	return s;
}

static const char *etc = "/etc", *data = "/srv/data", *sock = "/var/run/docker.sock";
static const char *admin = "CAP_SYS_ADMIN", *bind_low = "CAP_NET_BIND_SERVICE", *secret = "DB_PASSWORD=x",
		  *file = "DB_PASSWORD_FILE=/run/x";

static void privileged(struct lint_subject *s)
{
	s->privileged = true;
}
static void socket_mounted(struct lint_subject *s)
{
	s->ro_sources = one(&sock);
}
static void etc_mounted(struct lint_subject *s)
{
	s->sources = one(&etc);
}
static void admin_added(struct lint_subject *s)
{
	s->cap_add = one(&admin);
}
static void host_net(struct lint_subject *s)
{
	s->host_net = true;
}
static void host_users(struct lint_subject *s)
{
	s->host_user = true;
}
static void seccomp_off(struct lint_subject *s)
{
	s->seccomp_unconfined = true;
}
static void device(struct lint_subject *s)
{
	s->devices = 1;
}
static void nothing(struct lint_subject *s)
{
	s->memory_bytes = s->memory_swap_bytes = s->nano_cpus = s->pids_limit = 0;
}
static void no_memory(struct lint_subject *s)
{
	s->memory_bytes = s->memory_swap_bytes = 0;
}
static void small(struct lint_subject *s)
{
	s->memory_bytes = s->memory_swap_bytes = 8 * MIB;
}
static void reached(struct lint_subject *s)
{
	s->peak_bytes = 256 * MIB;
}
static void killed(struct lint_subject *s)
{
	s->oom_kills = 1;
}
static void java_heap(struct lint_subject *s)
{
	static const char *words[] = { "java", "-Xmx250m", "-jar", "x.jar" };

	s->args = (struct oci_strings){ words, 4 };
}
static void node_heap(struct lint_subject *s)
{
	static const char *option = "NODE_OPTIONS=--trace-warnings --max-old-space-size=512";

	s->env = one(&option);
}
static void go_heap(struct lint_subject *s)
{
	static const char *option = "GOMEMLIMIT=1GiB";

	s->env = one(&option);
}
static void no_request(struct lint_subject *s)
{
	s->form = LINT_KUBERNETES;
	s->memory_request_bytes = s->memory_bytes;
}
static void swap(struct lint_subject *s)
{
	s->memory_swap_bytes = 0;
}
static void protected(struct lint_subject *s)
{
	s->oom_score_adj = -1000;
}
static void half(struct lint_subject *s)
{
	s->nano_cpus = 500000000;
}
static void quota(struct lint_subject *s)
{
	s->nano_cpus = 0;
	s->cpu_quota_us = 20000;
}
static void throttled(struct lint_subject *s)
{
	s->throttled_percent = 40;
}
static void no_pids(struct lint_subject *s)
{
	s->pids_limit = 0;
}
static void logs(struct lint_subject *s)
{
	s->logs_unlimited = true;
}
static void password(struct lint_subject *s)
{
	s->env = one(&secret);
}
static void root(struct lint_subject *s)
{
	s->user = NULL;
}
static void root_by_number(struct lint_subject *s)
{
	s->user = "0:0";
}
static void writable(struct lint_subject *s)
{
	s->readonly_root = false;
}
static void privileges(struct lint_subject *s)
{
	s->no_new_privileges = false;
}
static void no_tag(struct lint_subject *s)
{
	s->image = "registry:5000/nginx";
}
static void latest(struct lint_subject *s)
{
	s->image = "nginx:latest";
}

static const struct {
	const char *rule;
	void (*spoil)(struct lint_subject *s);
} wrong[] = {
	{ "privileged", privileged },
	{ "engine-socket", socket_mounted },
	{ "host-folders", etc_mounted },
	{ "capabilities", admin_added },
	{ "host-namespaces", host_net },
	{ "host-namespaces", host_users },
	{ "unconfined", seccomp_off },
	{ "devices", device },
	{ "no-limits", nothing },
	{ "no-memory-limit", no_memory },
	{ "memory-small", small },
	{ "memory-observed", reached },
	{ "memory-observed", killed },
	{ "memory-runtime", java_heap },
	{ "memory-runtime", node_heap },
	{ "memory-runtime", go_heap },
	{ "limit-without-request", no_request },
	{ "memory-swap", swap },
	{ "oom-protected", protected },
	{ "cpu-throttles", half },
	{ "cpu-throttles", quota },
	{ "cpu-throttles", throttled },
	{ "pids", no_pids },
	{ "logs", logs },
	{ "secrets", password },
	{ "root-user", root },
	{ "root-user", root_by_number },
	{ "writable-root", writable },
	{ "new-privileges", privileges },
	{ "latest", no_tag },
	{ "latest", latest },
};

static void expect_only(const struct lint_subject *s, const char *rule)
{
	struct arena a = ARENA(1 << 16);
	struct lint_findings l;

	assert_int_equal(0, lint(s, &a, &l, NULL));
	assert_int_equal(rule ? 1 : 0, l.n);
	if (rule) {
		assert_string_equal(rule, l.v[0].rule);
		assert_true(*l.v[0].reason && *l.v[0].better);
	}
	arena_done(&a);
}

TEST(of_what_is_wrong_exactly_one_rule_speaks)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct lint_subject s = good();

		wrong[i].spoil(&s);
		expect_only(&s, wrong[i].rule);
	}
}

TEST(every_rule_has_such_a_case)
{
	for (size_t n = 0; lint_rule(n); n++) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
			found |= strcmp(wrong[i].rule, lint_rule(n)) == 0;
		if (!found)
			fail_msg("no case of %s", lint_rule(n));
	}
}

TEST(what_looks_like_it_and_is_right_is_not_spoken_of)
{
	struct lint_subject s = good();

	expect_only(&s, NULL);
	s.sources = one(&data);
	s.ro_sources = one(&etc);
	s.cap_add = one(&bind_low);
	s.env = one(&file);
	s.peak_bytes = 100 * MIB;
	s.throttled_percent = 1;
	s.oom_kills = 0;
	s.memory_swap_bytes = -1;
	s.image = "nginx@sha256:0123";
	s.user = NULL;
	s.own_users = true;
	expect_only(&s, NULL);
}

TEST(a_heap_with_room_beside_it_is_right)
{
	static const char *words[] = { "java", "-Xmx200m", "-Xms2g" },
			  *env[] = { "GOMEMLIMIT=off", "X=--max-old-space-size=" };
	struct lint_subject s = good();

	s.args = (struct oci_strings){ words, 3 };
	s.env = (struct oci_strings){ env, 2 };
	expect_only(&s, NULL);
	words[1] = "-Xmx20000000000000000000g";
	expect_only(&s, NULL);
	words[1] = "-Xmx9223372036854775807g";
	expect_only(&s, "memory-runtime");
}

TEST(each_form_has_its_own_better_line_and_is_spared_what_it_lacks)
{
	struct arena a = ARENA(1 << 16);
	struct lint_subject s = good();
	struct lint_findings l;

	s.privileged = true;
	s.memory_swap_bytes = s.pids_limit = 0;
	s.logs_unlimited = true;
	assert_int_equal(0, lint(&s, &a, &l, NULL));
	assert_int_equal(4, l.n);
	assert_non_null(strstr(l.v[0].better, "--cap-add"));
	s.form = LINT_COMPOSE;
	assert_int_equal(0, lint(&s, &a, &l, NULL));
	assert_int_equal(4, l.n);
	assert_non_null(strstr(l.v[0].better, "cap_add"));
	s.form = LINT_KUBERNETES;
	s.memory_request_bytes = s.cpu_request_milli = 1;
	assert_int_equal(0, lint(&s, &a, &l, NULL));
	assert_int_equal(1, l.n);
	assert_non_null(strstr(l.v[0].better, "securityContext"));
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(of_what_is_wrong_exactly_one_rule_speaks),
		RUN(every_rule_has_such_a_case),
		RUN(what_looks_like_it_and_is_right_is_not_spoken_of),
		RUN(a_heap_with_room_beside_it_is_right),
		RUN(each_form_has_its_own_better_line_and_is_spared_what_it_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
