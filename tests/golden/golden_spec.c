/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations as `docker inspect` has them, on hosts that were captured, become whole config.json documents:
 * spec/<host>-<case>.json. The seccomp profile has tests of its own and is left out. */
#include "golden.h"

#include "../unit/test.h"
#include "base/limits.h"
#include "base/scope.h"
#include "spec/spec.h"

#define HOST(fields) "{\"HostConfig\":{" fields "},\"Tare\":{\"Seccomp\":\"unconfined\"}}"

static const char image_json[] =
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"PATH=/bin:/sbin\",\"LANG=C\"],\"Cmd\":["
	"\"sh\"],\"Entrypoint\":null,\"WorkingDir\":\"/srv\"},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}";

static const struct {
	const char *name, *json;
} cases[] = {
	{ "default", HOST("") },
	{ "limits", "{\"HostConfig\":{\"Memory\":67108864,\"MemoryReservation\":33554432,\"NanoCpus\":500000000,"
		    "\"CpuShares\":512,\"CpusetCpus\":\"0\",\"PidsLimit\":100,\"OomScoreAdj\":-100,\"ShmSize\":1048576,"
		    "\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":1024,\"Hard\":-1}]},\"Tare\":{\"MemoryHigh\":50331648,"
		    "\"OomScoreAdjSet\":true,\"Seccomp\":\"unconfined\"}}" },
	{ "privileged", HOST("\"Privileged\":true") },
	{ "host", HOST("\"NetworkMode\":\"host\",\"PidMode\":\"host\",\"IpcMode\":\"host\",\"UTSMode\":\"host\","
		       "\"CgroupnsMode\":\"host\"") },
	{ "locked",
	  "{\"Config\":{\"User\":\"1000\",\"Cmd\":[\"id\"],\"Tty\":true},\"HostConfig\":{\"ReadonlyRootfs\":true,"
	  "\"CapDrop\":[\"ALL\"],\"CapAdd\":[\"CAP_NET_BIND_SERVICE\"],\"NetworkMode\":\"none\",\"IpcMode\":"
	  "\"none\",\"Sysctls\":{\"net.core.somaxconn\":\"64\"},\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":"
	  "\"/tmp\",\"TmpfsOptions\":{\"Text\":\"size=16m\"}},{\"Type\":\"bind\",\"Source\":\"/data\",\"Target\":"
	  "\"/data\",\"ReadOnly\":true}]},\"Tare\":{\"NoNewPrivileges\":true,\"Seccomp\":\"unconfined\"}}" },
};

static void put_document(const struct runtime_spec *s, const struct warnings *w, struct buf *out)
{
	for (size_t i = 0; i < w->n; i++)
		(void)buf_putf(out, "warning: %s\n", w->v[i]);
	assert_int_equal(0, runtime_spec_print(s, true, out, NULL));
}

static void check(const char *host, const char *name, const char *json)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf out = BUF(LIMIT_CONFIG_JSON);
	struct spec_inputs in = { .id = "0123abcd", .hostname = "0123abcd", .home = "/root", .root_path = "rootfs",
				  .etc_hosts = "/state/hosts", .etc_hostname = "/state/hostname",
				  .etc_resolv_conf = "/state/resolv.conf" };
	struct warnings w = { .arena = &a };
	struct container_config c;
	struct image_config image;
	struct host_facts f;
	struct runtime_spec s;
	struct err e = { 0 };

	golden_host(host, &a, &f);
	assert_int_equal(0, image_config_parse(sv_from(image_json), &a, &image, &e));
	if (config_parse(sv_from(json), &a, &c, &e) < 0 || config_check(&c, &f, &w, &e) < 0)
		fail_msg("%s: %s", name, e.msg);
	in.uid = c.user ? 1000 : 0;
	if (spec_make(&c, &image, &f, &in, &a, &s, &w, &e) < 0)
		fail_msg("%s: %s", name, e.msg);
	put_document(&s, &w, &out);
	golden_check(arena_fmt(&a, "spec/%s-%s.json", host, name), buf_sv(&out));
}

TEST(configurations_become_documents_on_every_kind_of_host)
{
	for (size_t h = 0; golden_hosts[h]; h++)
		for (size_t i = 0; i < ARRAY_LEN(cases); i++)
			check(golden_hosts[h], cases[i].name, cases[i].json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(configurations_become_documents_on_every_kind_of_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
