/* SPDX-License-Identifier: Apache-2.0 */
/* What an API server of Kubernetes 1.34 said to these objects: v1 to v19, l1 to l3, a0 to a6. */
#include "kube/limit_range.h"
#include "kube/quota.h"
#include "kube/validate.h"

#include "pods.h"

static const struct {
	const char *name, *pod, *error; /* NULL: valid */
} pods[] = {
	{ "v1", "c: cpu=2 /cpu=1",
	  "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1" },
	{ "v2", "c: cpu=-1",
	  "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or equal to 0" },
	{ "v4", "c: foo=1",
	  "[spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard resource type or fully "
	  "qualified, spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard resource "
	  "for containers]" },
	{ "v5", "c: example.com/gpu=1",
	  "spec.containers[0].resources.limits: Required value: Limit must be set for non "
	  "overcommitable resources" },
	{ "v6", "c: example.com/gpu=1 /example.com/gpu=2",
	  "spec.containers[0].resources.requests: Invalid value: \"1\": must be equal to example.com/gpu limit of 2" },
	{ "v7", "c: /example.com/gpu=500m",
	  "[spec.containers[0].resources.limits[example.com/gpu]: Invalid value: \"500m\": must be an integer, "
	  "spec.containers[0].resources.requests[example.com/gpu]: Invalid value: \"500m\": must be an integer]" },
	{ "v8", "c: /hugepages-2Mi=4Mi", "spec.containers[0].resources: Forbidden: HugePages require cpu or memory" },
	{ "v10", "c: /cpu=0.1m memory=1.5Gi", NULL },
	{ "v11", "c: /cpu=1 memory=1Gi", NULL },
	{ "v12", "c: cpu=0 memory=0 /cpu=0 memory=0", NULL },
	{ "v13", "c:; *: /cpu=1 memory=1Gi", NULL },
	{ "v15", "c: /cpu=2; *: /cpu=1",
	  "[spec.resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1, "
	  "spec.resources.containers[0][cpu].limits: Invalid value: \"2\": must be less than or equal to pod limits of "
	  "1]" },
	{ "v17", "c: /cpu=1 memory=1Gi; +s: /cpu=1 memory=1Gi", NULL },
	{ "v19", "c: /ephemeral-storage=1Gi", NULL },

	{ "w1", "c: cpu=1 /hugepages-2Mi=3Mi",
	  "[spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer "
	  "multiple of hugepages-2Mi, spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi "
	  "is not positive integer multiple of hugepages-2Mi]" },
	{ "w2", "c: cpu=2; *: cpu=1",
	  "spec.resources.requests[cpu]: Invalid value: \"1\": must be greater than or equal to "
	  "aggregate container requests of 2" },
	{ "w3", "c:; -i: cpu=2 /cpu=1",
	  "spec.initContainers[0].resources.requests: Invalid value: \"2\": must be less "
	  "than or equal to cpu limit of 1" },
};

TEST(requests_and_limits_are_valid_or_it_is_said_why)
{
	for (size_t i = 0; i < sizeof pods / sizeof *pods; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct kube_pod p = pod_of(&a, pods[i].pod);
		struct err e = { 0 };
		int r;

		p.name = pods[i].name;
		r = pod_validate(&p, &a, &e);
		assert_int_equal(pods[i].error ? -EINVAL : 0, r);
		if (pods[i].error)
			assert_string_equal(arena_fmt(&a, "Pod \"%s\" is invalid: %s", p.name, pods[i].error), e.msg);
	}
}

/* ---- LimitRange --------------------------------------------------------------------------------------------- */

static struct resource_list list(struct arena *a, const char *text)
{
	return resources_of(a, text).requests;
}

static struct limit_range good(struct arena *a)
{
	struct limit_range l = { .name = "lr", .v = arena_array(a, 2, sizeof *l.v), .n = 2 };

	l.v[0] = (struct limit_item){ .type = "Container",
				      .min = list(a, "cpu=50m memory=16Mi"),
				      .max = list(a, "cpu=2 memory=1Gi"),
				      .standard = list(a, "cpu=500m"),
				      .standard_request = list(a, "cpu=100m"),
				      .ratio = list(a, "cpu=10") };
	l.v[1] = (struct limit_item){ .type = "Pod", .max = list(a, "cpu=3") };
	assert_int_equal(0, limit_range_defaults(&l, a));
	return l;
}

TEST(limit_range_is_completed)
{
	scoped_arena a = ARENA(1 << 20);
	struct limit_range l = good(&a);

	assert_string_equal("cpu=500m memory=1Gi", list_text(&a, &l.v[0].standard));
	assert_string_equal("cpu=100m memory=1Gi", list_text(&a, &l.v[0].standard_request));
	assert_int_equal(0, l.v[1].standard.n);
	assert_int_equal(0, limit_range_validate(&l, &a, NULL));
}

TEST(limit_range_that_contradicts_itself_is_refused)
{
	scoped_arena a = ARENA(1 << 20);
	struct limit_item bad2 = { .type = "Pod", .standard = list(&a, "cpu=1") };
	struct limit_item mixed = {
		.type = "Container", .min = list(&a, "cpu=2"), .max = list(&a, "cpu=1"), .ratio = list(&a, "cpu=500m")
	};
	struct limit_item twice[2] = { { .type = "Pod" }, { .type = "Pod" } };
	struct err e;

	assert_int_equal(-EINVAL, limit_range_validate(&(struct limit_range){ "bad2", &bad2, 1 }, &a, &e));
	assert_string_equal(
		"LimitRange \"bad2\" is invalid: spec.limits[0].default: Forbidden: may not be specified when "
		"`type` is 'Pod'",
		e.msg);
	assert_int_equal(-EINVAL, limit_range_validate(&(struct limit_range){ "m", &mixed, 1 }, &a, &e));
	assert_string_equal(
		"LimitRange \"m\" is invalid: [spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max "
		"value 1, spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"500m\": ratio 500m is less than 1]",
		e.msg);
	assert_int_equal(-EINVAL, limit_range_validate(&(struct limit_range){ "t", twice, 2 }, &a, &e));
	assert_string_equal("LimitRange \"t\" is invalid: spec.limits[1].type: Duplicate value: \"Pod\"", e.msg);
}

/* As the server does it: defaults, the limit range's, validation, admission. */
static int through(struct kube_pod *p, struct arena *a, const char **note, struct err *e)
{
	struct limit_range l = good(a);
	int r;

	assert_int_equal(0, limit_range_fill(&l, 1, p, a, note));
	r = pod_validate(p, a, e);
	return r < 0 ? r : limit_range_admit(&l, 1, p, a, e);
}

static const struct {
	const char *name, *pod, *requests, *limits, *note, *error;
	int rc;
} ranged[] = {
	{ "l1", "c:", "cpu=100m memory=1Gi", "cpu=500m memory=1Gi",
	  "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c", NULL, 0 },
	{ "l2", "c: cpu=1", NULL, NULL, NULL,
	  "Pod \"l2\" is invalid: spec.containers[0].resources.requests: Invalid value: \"1\": must be less than or equal to "
	  "cpu limit of 500m",
	  -EINVAL },
	{ "l3", "c: cpu=50m /cpu=1", NULL, NULL, NULL,
	  "pods \"l3\" is forbidden: cpu max limit to request ratio per Container is 10, but provided ratio is 20.000000",
	  -EACCES },
	{ "m1", "c: cpu=1 memory=8Mi /cpu=3 memory=2Gi", NULL, NULL, NULL,
	  "pods \"m1\" is forbidden: [minimum memory usage per Container is 16Mi, but request is 8Mi, maximum cpu usage per "
	  "Container is 2, but limit is 3, maximum memory usage per Container is 1Gi, but limit is 2Gi]",
	  -EACCES },
	{ "m2", "c: /cpu=2; +s: /cpu=2", NULL, NULL, NULL,
	  "pods \"m2\" is forbidden: maximum cpu usage per Pod is 3, but limit is 4", -EACCES },
	{ "m3", "c: /cpu=2; -i: /cpu=2", "cpu=2 memory=1Gi", "cpu=2 memory=1Gi",
	  "LimitRanger plugin set: memory request for container c; memory limit for container c; memory request for init "
	  "container -i; memory limit for init container -i",
	  NULL, 0 },
};

TEST(limit_range_fills_and_checks)
{
	for (size_t i = 0; i < sizeof ranged / sizeof *ranged; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct kube_pod p = pod_of(&a, ranged[i].pod);
		const char *note = NULL;
		struct err e = { 0 };
		int r;

		p.name = ranged[i].name;
		r = through(&p, &a, &note, &e);
		if (r != ranged[i].rc)
			fail_msg("%s: %d, %s", p.name, r, e.msg);
		if (ranged[i].error)
			assert_string_equal(ranged[i].error, e.msg);
		if (ranged[i].note)
			assert_string_equal(ranged[i].note, note);
		if (ranged[i].requests)
			assert_string_equal(ranged[i].requests, list_text(&a, &p.containers[0].resources.requests));
		if (ranged[i].limits)
			assert_string_equal(ranged[i].limits, list_text(&a, &p.containers[0].resources.limits));
	}
}

/* ---- ResourceQuota ------------------------------------------------------------------------------------------ */

TEST(quota_that_contradicts_itself_is_refused)
{
	static const struct quota_scope best = { .scope = "BestEffort" };
	static const struct quota_scope both[] = { { .scope = "BestEffort" }, { .scope = "NotBestEffort" } };
	scoped_arena a = ARENA(1 << 20);
	struct err e;

	assert_int_equal(-EINVAL, quota_validate(&(struct kube_quota){ "bad", list(&a, "cpu=1"), &best, 1 }, &a, &e));
	assert_string_equal(
		"ResourceQuota \"bad\" is invalid: spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope "
		"applied to resource",
		e.msg);
	assert_int_equal(-EINVAL,
			 quota_validate(&(struct kube_quota){ "bad2", list(&a, "pods=1.5"), both, 2 }, &a, &e));
	assert_string_equal(
		"ResourceQuota \"bad2\" is invalid: [spec.hard[pods]: Invalid value: \"1500m\": must be an "
		"integer, spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: conflicting scopes]",
		e.msg);
	assert_int_equal(0, quota_validate(&(struct kube_quota){ "ok", list(&a, "pods=3"), &best, 1 }, &a, &e));
}

static struct kube_quota rq(struct arena *a)
{
	return (struct kube_quota){ "rq",
				    list(a, "requests.cpu=1 requests.memory=1Gi limits.cpu=2 limits.memory=2Gi pods=3"),
				    NULL, 0 };
}

TEST(quota_wants_everything_stated_that_it_limits)
{
	scoped_arena a = ARENA(1 << 20);
	struct kube_quota q = rq(&a);
	struct kube_pod a1 = pod_of(&a, "c:"), a2 = pod_of(&a, "c: cpu=100m"), a6 = pod_of(&a, "c:; *: cpu=100m");
	struct kube_pod several = pod_of(&a, "c: /cpu=1 memory=1Gi; d: /cpu=1; -i:");
	struct resource_list used = { 0 };
	struct err e;

	a1.name = "a1";
	a2.name = "a2";
	several.name = "s";
	assert_int_equal(-EACCES, quota_admit(&q, &used, &a1, &a, &e));
	assert_string_equal(
		"pods \"a1\" is forbidden: failed quota: rq: must specify limits.cpu for: c; limits.memory for: "
		"c; requests.cpu for: c; requests.memory for: c",
		e.msg);
	assert_int_equal(-EACCES, quota_admit(&q, &used, &a2, &a, &e));
	assert_string_equal(
		"pods \"a2\" is forbidden: failed quota: rq: must specify limits.cpu for: c; limits.memory for: "
		"c; requests.memory for: c",
		e.msg);
	assert_int_equal(-EACCES, quota_admit(&q, &used, &several, &a, &e));
	assert_string_equal(
		"pods \"s\" is forbidden: failed quota: rq: must specify limits.cpu for: -i; limits.memory for: "
		"d,-i; requests.cpu for: -i; requests.memory for: d,-i",
		e.msg);
	assert_int_equal(0, quota_admit(&q, &used, &a6, &a, &e));
}

TEST(quota_counts_and_ends)
{
	scoped_arena a = ARENA(1 << 20);
	struct kube_quota q = rq(&a);
	struct kube_pod a4 = pod_of(&a, "c: cpu=500m memory=512Mi /cpu=1 memory=512Mi");
	struct kube_pod a6 = pod_of(&a, "c:; *: cpu=100m"), large = pod_of(&a, "c: /cpu=500m memory=1Mi");
	struct resource_list used = { 0 };
	struct err e;

	assert_int_equal(0, quota_admit(&q, &used, &a4, &a, &e));
	assert_int_equal(0, quota_charge(&q, &a4, &a, &used));
	assert_int_equal(0, quota_admit(&q, &used, &a6, &a, &e));
	assert_int_equal(0, quota_charge(&q, &a6, &a, &used));
	assert_string_equal("limits.cpu=1 limits.memory=512Mi pods=2 requests.cpu=600m requests.memory=512Mi",
			    list_text(&a, &used));
	large.name = "large";
	assert_int_equal(-EACCES, quota_admit(&q, &used, &large, &a, &e));
	assert_string_equal("pods \"large\" is forbidden: exceeded quota: rq, requested: requests.cpu=500m, used: "
			    "requests.cpu=600m, limited: requests.cpu=1",
			    e.msg);
	assert_int_equal(0, quota_charge(&q, &a6, &a, &used));
	assert_int_equal(-EACCES, quota_admit(&q, &used, &a4, &a, &e));
	assert_string_equal("pods \"p\" is forbidden: exceeded quota: rq, requested: pods=1,requests.cpu=500m, used: "
			    "pods=3,requests.cpu=700m, limited: pods=3,requests.cpu=1",
			    e.msg);
}

TEST(scopes_choose_pods)
{
	static const char *const high[] = { "high" };
	static const struct quota_scope scopes[] = {
		{ .scope = "BestEffort" },
		{ .scope = "NotBestEffort" },
		{ .scope = "Terminating" },
		{ .scope = "NotTerminating" },
		{ "PriorityClass", "In", high, 1 },
		{ "PriorityClass", "NotIn", high, 1 },
		{ "PriorityClass", "Exists", NULL, 0 },
		{ "PriorityClass", "DoesNotExist", NULL, 0 },
	};
	static const struct {
		const char *pod, *class;
		bool deadline;
		const char *counts; /* by the scopes' order */
	} cases[] = {
		{ "c:", NULL, false,
		  "yn"
		  "ny"
		  "nyny" },
		{ "c: cpu=1", "high", true,
		  "ny"
		  "yn"
		  "ynyn" },
		{ "c:", "low", false,
		  "yn"
		  "ny"
		  "nyyn" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct kube_pod p = pod_of(&a, cases[i].pod);

		p.priority_class = cases[i].class;
		p.has_deadline = cases[i].deadline;
		for (size_t k = 0; k < sizeof scopes / sizeof *scopes; k++)
			assert_int_equal(cases[i].counts[k] == 'y',
					 quota_counts(&(struct kube_quota){ "q", { 0 }, &scopes[k], 1 }, &p));
	}
}

TEST(what_has_ended_counts_as_an_object_only)
{
	scoped_arena a = ARENA(1 << 20);
	struct kube_pod p = pod_of(&a, "c: /cpu=1 example.com/gpu=2");
	struct resource_list l;

	assert_int_equal(0, pod_usage(&p, &a, &l));
	assert_string_equal("count/pods=1 cpu=1 limits.cpu=1 limits.example.com/gpu=2 pods=1 requests.cpu=1 "
			    "requests.example.com/gpu=2",
			    list_text(&a, &l));
	p.ended = true;
	assert_int_equal(0, pod_usage(&p, &a, &l));
	assert_string_equal("count/pods=1", list_text(&a, &l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(requests_and_limits_are_valid_or_it_is_said_why),
		RUN(limit_range_is_completed),
		RUN(limit_range_that_contradicts_itself_is_refused),
		RUN(limit_range_fills_and_checks),
		RUN(quota_that_contradicts_itself_is_refused),
		RUN(quota_wants_everything_stated_that_it_limits),
		RUN(quota_counts_and_ends),
		RUN(scopes_choose_pods),
		RUN(what_has_ended_counts_as_an_object_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
