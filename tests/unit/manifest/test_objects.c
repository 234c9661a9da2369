/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/objects.h"

#include "../test.h"
#include "base/buf.h"
#include "base/scope.h"

#include <string.h>

static int read_text(struct arena *a, const char *text, struct remarks *remarks, struct objects *ret, struct err *e)
{
	return objects_read(sv_from(text), a, remarks, ret, e);
}

static struct objects objects(struct arena *a, const char *text)
{
	struct remarks remarks = { .strict = true };
	struct objects o;
	struct err e = { 0 };

	if (read_text(a, text, &remarks, &o, &e) < 0)
		fail_msg("%s", e.msg);
	return o;
}

static const char pod_text[] =
	"apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels: {app: web, tier: \"1\"}\nspec:\n"
	"  restartPolicy: OnFailure\n  terminationGracePeriodSeconds: 5\n  hostNetwork: true\n"
	"  volumes:\n  - name: data\n    emptyDir: {medium: Memory, sizeLimit: 16Mi}\n"
	"  - name: conf\n    configMap: {name: cm, items: [{key: a, path: b, mode: 0400}]}\n"
	"  containers:\n  - name: app\n    image: nginx\n    command: [sh, -c]\n    args: [\"sleep 1\"]\n"
	"    env:\n    - name: A\n      value: \"1\"\n    - name: B\n      valueFrom:\n        configMapKeyRef: {name: cm, key: k}\n"
	"    ports:\n    - containerPort: 8080\n      hostPort: 8080\n      protocol: TCP\n"
	"    volumeMounts:\n    - {name: data, mountPath: /data, readOnly: true}\n"
	"    resources:\n      requests: {cpu: 0.5, memory: 64Mi}\n      limits: {cpu: 1}\n"
	"    readinessProbe:\n      httpGet: {path: /, port: http}\n      periodSeconds: 3\n"
	"    securityContext:\n      runAsUser: 1000\n      capabilities: {drop: [ALL]}\n      seccompProfile: {type: RuntimeDefault}\n"
	"  initContainers:\n  - name: proxy\n    image: envoy\n    restartPolicy: Always\n";

TEST(a_pod_is_read_whole)
{
	scoped_arena a = ARENA(1 << 20);
	struct objects o = objects(&a, pod_text);
	const struct pod_spec *p = o.v[0].pod;
	const struct container_spec *c = p->containers.v;

	assert_int_equal(1, o.n);
	assert_int_equal(OBJECT_POD, o.v[0].kind);
	assert_string_equal("web", o.v[0].meta.name);
	assert_null(o.v[0].meta.namespace);
	assert_string_equal("1", o.v[0].meta.labels.v[1].value);
	assert_int_equal(5, p->grace_period);
	assert_int_equal(1, p->host_network);
	assert_int_equal(FIELD_UNSET, p->host_pid);
	assert_true(p->volumes.v[0].empty_dir->has_size);
	assert_int_equal(0400, p->volumes.v[1].config_map->items.v[0].mode);
	assert_string_equal("sleep 1", c->args.v[0]);
	assert_string_equal("k", c->env.v[1].from->config_map->key);
	assert_int_equal(8080, c->ports.v[0].host_port);
	assert_int_equal(1, c->mounts.v[0].read_only);
	assert_int_equal(500, resource_milli(&c->resources.requests, "cpu"));
	assert_string_equal("http", c->readiness->action.http->port);
	assert_int_equal(3, c->readiness->period);
	assert_int_equal(FIELD_UNSET, c->readiness->failure);
	assert_int_equal(1000, c->security.run_as_user);
	assert_int_equal(FIELD_UNSET, c->security.run_as_group);
	assert_string_equal("ALL", c->security.drop.v[0]);
	assert_string_equal("RuntimeDefault", c->security.seccomp);
	assert_string_equal("Always", p->inits.v[0].restart_policy);
}

TEST(a_pod_becomes_what_arithmetic_sees)
{
	scoped_arena a = ARENA(1 << 20);
	struct objects o = objects(&a, pod_text);
	struct kube_pod p;

	assert_int_equal(0, object_pod(&o.v[0], &a, &p));
	assert_string_equal("default", p.namespace);
	assert_true(p.inits[0].sidecar);
	assert_int_equal(500, resource_milli(&p.containers[0].resources.requests, "cpu"));
	assert_int_equal(1000, resource_milli(&p.containers[0].resources.limits, "cpu"));
	assert_false(p.has_resources);
}

TEST(other_kinds_and_lists)
{
	scoped_arena a = ARENA(1 << 20);
	struct objects o = objects(
		&a,
		"apiVersion: v1\nkind: List\nitems:\n"
		"- {apiVersion: v1, kind: Namespace, metadata: {name: team}}\n"
		"- {apiVersion: v1, kind: ConfigMap, metadata: {name: cm}, data: {k: v}}\n"
		"---\n"
		"{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {k: dg==}, stringData: {t: u}}\n"
		"---\n"
		"{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: team}, spec: {hard: {pods: 3, "
		"requests.cpu: 1500m}, scopes: [BestEffort], scopeSelector: {matchExpressions: [{scopeName: PriorityClass, "
		"operator: In, values: [high]}]}}}\n"
		"---\n"
		"{apiVersion: v1, kind: LimitRange, metadata: {name: l}, spec: {limits: [{type: Container, default: {cpu: 1}, "
		"maxLimitRequestRatio: {cpu: 10}}]}}\n"
		"---\n"
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {replicas: 3, selector: {}, template: "
		"{metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}\n"
		"---\n"
		"{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {ttlSecondsAfterFinished: 7, template: {spec: {restartPolicy: Never, "
		"containers: [{name: c, image: i}]}}}}\n");

	assert_int_equal(7, o.n);
	assert_int_equal(OBJECT_NAMESPACE, o.v[0].kind);
	assert_string_equal("v", o.v[1].data.v[0].value);
	assert_string_equal("dg==", o.v[2].binary.v[0].value);
	assert_string_equal("u", o.v[2].data.v[0].value);
	assert_int_equal(1500, resource_milli(&o.v[3].quota->hard, "requests.cpu"));
	assert_string_equal("BestEffort", o.v[3].quota->scopes.v[0]);
	assert_string_equal("high", o.v[3].quota->selectors.v[0].values.v[0]);
	assert_int_equal(1000, resource_milli(&o.v[4].limits->items.v[0].standard, "cpu"));
	assert_int_equal(3, o.v[5].replicas);
	assert_string_equal("b", o.v[5].template.labels.v[0].value);
	assert_string_equal("c", o.v[5].pod->containers.v[0].name);
	assert_int_equal(1, o.v[6].replicas);
	assert_int_equal(7, o.v[6].ttl);
	assert_string_equal("Never", o.v[6].pod->restart_policy);
}

#define HEAD "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
#define C "  containers:\n  - name: c\n    image: i\n"

static const struct {
	const char *text, *error;
} bad[] = {
	{ "x", "line 1, column 1: expected an object with apiVersion and kind" },
	{ "kind: Pod", "line 1, column 1: apiVersion: Required value" },
	{ "apiVersion: v1", "line 1, column 1: kind: Required value" },
	{ "apiVersion: v1\nkind: Pot",
	  "line 2, column 7: kind: \"Pot\" is not supported: Pod, Namespace, ResourceQuota, "
	  "LimitRange, ConfigMap, Secret, Deployment, Job, List are" },
	{ "apiVersion: v1\nkind: Deployment",
	  "line 1, column 13: apiVersion: \"v1\" has no Deployment; that is in apps/v1" },
	{ "apiVersion: v1\nkind: Pod\nmetadata: {}\nspec:\n" C, "line 3, column 11: metadata.name: Required value" },
	{ "apiVersion: v1\nkind: Pod\nmetadata: {name: A_b}\nspec:\n" C,
	  "line 3, column 18: metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist of lower "
	  "case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
	  "'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n", "line 1, column 1: spec: Required value" },
	{ HEAD "  hostNetwork: true\n", "line 5, column 3: spec.containers: Required value" },
	{ HEAD "  containers: []\n", "line 5, column 15: spec.containers: Required value" },
	{ HEAD "  containers: x\n", "line 5, column 15: spec.containers: expected a list, got x" },
	{ HEAD "  containers:\n  - name: c\n", "line 6, column 5: spec.containers[0].image: Required value" },
	{ HEAD "  containers:\n  - image: 5\n    name: c\n",
	  "line 6, column 12: spec.containers[0].image: expected a string, got 5 (quotes make it one)" },
	{ HEAD C "    resources: {requests: {cpu: 1K}}\n",
	  "line 8, column 33: spec.containers[0].resources.requests.cpu: \"1K\": unable to parse quantity's suffix" },
	{ HEAD C "    ports: [{containerPort: 70000}]\n",
	  "line 8, column 29: spec.containers[0].ports[0].containerPort: "
	  "expected a number from 1 to 65535, got 70000" },
	{ HEAD C "    imagePullPolicy: Sometimes\n",
	  "line 8, column 22: spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: "
	  "Always IfNotPresent Never" },
	{ HEAD C "    tty: maybe\n", "line 8, column 10: spec.containers[0].tty: expected true or false, got maybe" },
	{ HEAD C "    command: sh\n",
	  "line 8, column 14: spec.containers[0].command: expected a list of strings, got sh" },
	{ HEAD C "    env: [{name: A, value: 1}]\n",
	  "line 8, column 28: spec.containers[0].env[0].value: expected a string, got 1 (quotes make it one)" },
	{ HEAD C "  - name: c\n    image: i\n", "line 8, column 11: spec.containers[1].name: Duplicate value: \"c\"" },
	{ HEAD C "  initContainers:\n  - name: c\n    image: i\n",
	  "line 9, column 11: spec.initContainers[0].name: Duplicate value: \"c\"" },
	{ HEAD C "    volumeMounts: [{name: v, mountPath: /v}]\n",
	  "line 8, column 20: spec.containers[0].volumeMounts[0].name: Not found: \"v\"" },
	{ HEAD C "    volumeMounts: [{name: v, mountPath: v}]\n  volumes: [{name: v, emptyDir: {}}]\n",
	  "line 8, column 20: spec.containers[0].volumeMounts[0].mountPath: Invalid value: \"v\": must be an absolute "
	  "path" },
	{ HEAD C "  volumes: [{name: v}]\n",
	  "line 8, column 13: spec.volumes[0]: Required value: must specify a volume "
	  "type (emptyDir, hostPath, configMap, secret, "
	  "downwardAPI, projected)" },
	{ HEAD C "  volumes: [{name: v, emptyDir: {}, hostPath: {path: /}}]\n",
	  "line 8, column 13: spec.volumes[0]: Forbidden: may not specify more than 1 volume type" },
	{ HEAD C "    livenessProbe: {periodSeconds: 1}\n",
	  "line 8, column 20: spec.containers[0].livenessProbe: Required value: must specify a handler type" },
	{ HEAD C "    resources: {claims: [{name: gpu}]}\n",
	  "line 8, column 25: spec.containers[0].resources.claims: not supported" },
	{ HEAD C "  securityContext: {supplementalGroups: [1, x]}\n",
	  "line 8, column 45: spec.securityContext.supplementalGroups[1]: expected a number from 0 to 2147483647, got x" },
	{ HEAD C "    ports: [{containerPort: 80, hostIP: \"10.0.0\"}]\n",
	  "line 8, column 13: spec.containers[0].ports[0].hostIP: Invalid value: \"10.0.0\": must be a valid IP address, "
	  "(e.g. 10.9.8.7 or 2001:db8::ffff)" },
	{ HEAD C "  hostUsers: false\n  hostPID: true\n",
	  "line 9, column 12: spec.hostPID: Forbidden: when `hostUsers` is false" },
	{ HEAD C "    ports: [{containerPort: 80, hostPort: 81}]\n  hostNetwork: true\n",
	  "line 8, column 13: spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when "
	  "`hostNetwork` is true" },
	{ HEAD C "  dnsPolicy: None\n",
	  "line 5, column 3: spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when "
	  "`dnsPolicy` is None" },
	{ HEAD C "  dnsConfig: {nameservers: [dns.example]}\n",
	  "line 8, column 28: spec.dnsConfig.nameservers[0]: Invalid value: \"dns.example\": must be a valid IP address, "
	  "(e.g. 10.9.8.7 or 2001:db8::ffff)" },
	{ HEAD C "  dnsConfig: {nameservers: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4]}\n",
	  "line 8, column 14: spec.dnsConfig: must not have more than 3 nameservers and 32 search paths" },
	{ HEAD C "  dnsConfig: {searches: [\"a b\"]}\n",
	  "line 8, column 25: spec.dnsConfig.searches[0]: Invalid value: \"a b\": must be a domain name" },
	{ HEAD C "  subdomain: a.b\n",
	  "line 8, column 14: spec.subdomain: Invalid value: \"a.b\": a lowercase RFC 1123 label must consist of lower "
	  "case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  "
	  "or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
	{ HEAD C "  hostAliases: [{ip: here, hostnames: [x]}]\n",
	  "line 8, column 16: spec.hostAliases[0].ip: Invalid value: \"here\": must be a valid IP address, (e.g. 10.9.8.7 "
	  "or 2001:db8::ffff)" },
	{ HEAD C "    restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]\n",
	  "line 8, column 25: spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart "
	  "rules are used" },
	{ HEAD C "    restartPolicy: Never\n    restartPolicyRules: [{action: Restart}]\n",
	  "line 9, column 25: spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified" },
	{ HEAD C "    restartPolicy: Never\n    restartPolicyRules: [{action: RestartPod}]\n",
	  "line 9, column 35: spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"RestartPod\": "
	  "supported values: Restart RestartAllContainers" },
	{ HEAD C "    volumeMounts: [{name: v, mountPath: /v, subPath: /x}]\n  volumes: [{name: v, emptyDir: {}}]\n",
	  "line 8, column 20: spec.containers[0].volumeMounts[0].subPath: Invalid value: \"/x\": must be a relative path" },
	{ HEAD C "    volumeMounts: [{name: v, mountPath: /v, subPath: x/..}]\n  volumes: [{name: v, emptyDir: {}}]\n",
	  "line 8, column 20: spec.containers[0].volumeMounts[0].subPath: Invalid value: \"x/..\": must not contain '..'" },
	{ HEAD C "    restartPolicy: Sometimes\n",
	  "line 8, column 20: spec.containers[0].restartPolicy: Unsupported value: \"Sometimes\": supported values: "
	  "Always OnFailure Never" },
	{ HEAD C "  initContainers:\n  - name: i\n    image: i\n    restartPolicy: Always\n"
		 "    restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]\n",
	  "line 12, column 25: spec.initContainers[0].restartPolicyRules: Forbidden: of an init container with "
	  "restartPolicy Always only RestartAllContainers" },
	{ "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    spec: {containers: [{name: c, image: i}]}\n",
	  "line 6, column 11: spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"" },
	{ "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec: {restartPolicy: Never, containers: "
	  "[{name: c, image: i}]}\n",
	  "line 6, column 27: spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"" },
	{ "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  ttlSecondsAfterFinished: -1\n  template: {spec: {restartPolicy: "
	  "Never, containers: [{name: c, image: i}]}}\n",
	  "line 5, column 28: spec.ttlSecondsAfterFinished: expected a number from 0 to 2147483647, got -1" },
	{ "apiVersion: v1\nkind: List\n", "line 1, column 1: items: Required value" },
	{ "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"a.b\"}}",
	  "line 1, column 64: metadata.name: Invalid value: \"a.b\": a lowercase RFC 1123 label must consist of lower case "
	  "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
	  "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
};

TEST(what_is_wrong_has_place_path_value_and_what_is_allowed)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct remarks remarks = { 0 };
		struct objects o = { .n = 77 };
		struct err e = { 0 };

		if (read_text(&a, bad[i].text, &remarks, &o, &e) != -EINVAL)
			fail_msg("%s: no error", bad[i].text);
		assert_string_equal(bad[i].error, e.msg);
		assert_int_equal(77, o.n);
	}
}

TEST(what_is_left_aside_is_named)
{
	static const char text[] =
		HEAD C "    lifeness: {}\n  affinity: {}\n  dnsPolicy: Default\n  nodeSelector: null\n";
	scoped_arena a = ARENA(1 << 20);
	struct remarks remarks = { 0 }, strict = { .strict = true };
	struct objects o;
	struct err e;

	assert_int_equal(0, read_text(&a, text, &remarks, &o, &e));
	assert_int_equal(2, remarks.texts.n);
	assert_string_equal("line 8, column 5: unknown field \"spec.containers[0].lifeness\"", remarks.texts.v[0]);
	assert_string_equal("line 9, column 13: spec.affinity: not supported", remarks.texts.v[1]);
	assert_int_equal(-EINVAL, read_text(&a, text, &strict, &o, &e));
	assert_string_equal(remarks.texts.v[0], e.msg);
}

TEST(remarks_have_an_end)
{
	scoped_arena a = ARENA(1 << 20);
	scoped_buf text = BUF(1 << 16);
	struct remarks remarks = { 0 };
	struct objects o;

	buf_puts(&text, HEAD C);
	for (int i = 0; i < 300; i++)
		buf_putf(&text, "    x%d: 1\n", i);
	assert_int_equal(0, objects_read(buf_sv(&text), &a, &remarks, &o, NULL));
	assert_int_equal(200, remarks.texts.n);
	assert_string_equal("further ones are not listed", remarks.texts.v[199]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_pod_is_read_whole),
		RUN(a_pod_becomes_what_arithmetic_sees),
		RUN(other_kinds_and_lists),
		RUN(what_is_wrong_has_place_path_value_and_what_is_allowed),
		RUN(what_is_left_aside_is_named),
		RUN(remarks_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
