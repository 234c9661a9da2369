/* SPDX-License-Identifier: Apache-2.0 */
/* One more process in containers as Docker's defaults make them, on hosts that were captured: exec/<host>-<case>.txt */
#include "golden.h"

#include "../unit/test.h"
#include "base/limits.h"
#include "base/scope.h"
#include "spec/spec.h"
#include "runtime/exec.h"

static const char image_json[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"sh\"]},"
				 "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}";

#define PROCESS(more) "{\"args\":[\"ls\",\"-l\"],\"cwd\":\"/w\"" more "}"

static const struct {
	const char *name, *container, *process;
	bool privileged;
} cases[] = {
	{ "default", "{}", PROCESS("") },
	{ "terminal", "{}", PROCESS(",\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80}") },
	{ "user", "{}", PROCESS(",\"user\":{\"uid\":7,\"gid\":8,\"additionalGids\":[9]},\"oomScoreAdj\":100") },
	{ "privileged", "{}", PROCESS(""), true },
	{ "locked",
	  "{\"HostConfig\":{\"CapDrop\":[\"ALL\"],\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":10,\"Hard\":20}],"
	  "\"PidMode\":\"host\",\"NetworkMode\":\"host\"},\"Tare\":{\"NoNewPrivileges\":true}}",
	  PROCESS("") },
	{ "unconfined", "{\"HostConfig\":{\"Privileged\":true,\"CgroupnsMode\":\"private\"}}", PROCESS("") },
};

static void context_of(const char *json, const struct host_facts *f, struct arena *a, struct exec_context *ret)
{
	const struct spec_inputs in = { .id = "0123abcd", .hostname = "0123abcd", .home = "/root", .root_path = "/r",
					.etc_hosts = "/state/hosts", .etc_hostname = "/state/hostname",
					.etc_resolv_conf = "/state/resolv.conf" };
	const struct plan_inputs how = { .id = "0123abcd", .root = { .path = "/r" }, .die_with_parent = true };
	struct warnings w = { .arena = a };
	struct runtime_spec *spec = arena_alloc(a, sizeof *spec);
	struct container_config c;
	struct image_config image;
	struct plan p;
	struct err e = { 0 };

	assert_non_null(spec);
	if (image_config_parse(sv_from(image_json), a, &image, &e) < 0 || config_parse(sv_from(json), a, &c, &e) < 0 ||
	    spec_make(&c, &image, f, &in, a, spec, &w, &e) < 0 || plan_make(spec, f, &how, a, &p, &e) < 0 ||
	    plan_make_filter(&p, &e) < 0 || exec_context_make(&p, a, ret, &e) < 0)
		fail_msg("%s", e.msg);
}

static void check(const char *host, size_t i)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf out = BUF(LIMIT_CONFIG_JSON);
	struct exec_context context;
	struct oci_process process;
	struct host_facts f;
	struct plan p;
	struct err e = { 0 };

	golden_host(host, &a, &f);
	context_of(cases[i].container, &f, &a, &context);
	if (oci_process_parse(sv_from(cases[i].process), &a, &process, &e) < 0 ||
	    exec_plan_make(&context, &process, cases[i].privileged, &f, &a, &p, &e) < 0 || plan_print(&p, &out, &e) < 0)
		fail_msg("%s: %s", cases[i].name, e.msg);
	golden_check(arena_fmt(&a, "exec/%s-%s.txt", host, cases[i].name), buf_sv(&out));
}

TEST(a_process_enters_on_every_kind_of_host)
{
	for (size_t h = 0; golden_hosts[h]; h++)
		for (size_t i = 0; i < ARRAY_LEN(cases); i++)
			check(golden_hosts[h], i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_process_enters_on_every_kind_of_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
