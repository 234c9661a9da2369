/* SPDX-License-Identifier: Apache-2.0 */
/* spec - a config.json to begin with: runc's. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/list.h"
#include "oci/runtime_spec.h"
#include "runtime_cli/command.h"

#include <fcntl.h>
#include <string.h>

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct option rows[] = {
	{ "bundle", 'b', "DIR", "directory for config.json (default: the current one)", option_text,
	  offsetof(struct spec_options, bundle) },
	{ "rootless", 0, NULL, "for the user who calls, without root", option_switch,
	  offsetof(struct spec_options, rootless) },
};
static OPTION_GROUP(group, "Options", rows);

#define CAPS "[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]"
static const char beginning[] =
	"{\"ociVersion\":\"" OCI_VERSION "\","
	"\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
	"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"TERM=xterm\"],\"cwd\":\"/\","
	"\"capabilities\":{\"bounding\":" CAPS ",\"effective\":" CAPS ",\"permitted\":" CAPS "},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],\"noNewPrivileges\":true},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"tare\","
	"\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
	"\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
	"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
	"\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"},"
	"{\"type\":\"cgroup\"}],"
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\","
	"\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\",\"/proc/scsi\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}";

/* ---- --rootless ------------------------------------------------------------------------------------------------- */

/* A user namespace with one id has no group 5, and shows the host's network: no sysfs of its own. */
static int change_mounts(struct arena *a, struct runtime_spec *s, struct err *e)
{
	for (size_t i = 0; i < s->mounts.n; i++) {
		struct oci_mount *m = &s->mounts.v[i];

		if (strcmp(m->destination, "/dev/pts") == 0)
			m->options.n--; /* gid=5 stands last */
		if (strcmp(m->destination, "/sys") != 0)
			continue;
		m->type = "none";
		m->source = "/sys";
		m->options = (struct oci_strings){ 0 };
		for (size_t k = 0; k < 5; k++)
			if (strings_add(a, &m->options,
					((const char *[]){ "rbind", "nosuid", "noexec", "nodev", "ro" })[k]) < 0)
				return err_oom(e);
	}
	return 0;
}

static int add_map(struct arena *a, struct oci_id_mappings *m, int64_t id, struct err *e)
{
	return LIST_PUT(a, m, ((struct oci_id_mapping){ 0, id, 1 }), e);
}

static int make_rootless(struct arena *a, struct runtime_spec *s, struct err *e)
{
	int r = change_mounts(a, s, e);

	for (size_t i = 0; i < s->namespaces.n; i++)
		if (strcmp(s->namespaces.v[i].type, "network") == 0)
			s->namespaces.v[i].type = "user";
	s->resources.devices.n = 0;
	if (r == 0)
		r = add_map(a, &s->uid_mappings, (int64_t)geteuid(), e);
	return r < 0 ? r : add_map(a, &s->gid_mappings, (int64_t)getegid(), e);
}

static int spec(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	const struct spec_options *so = options;
	scoped_buf out = BUF(LIMIT_CONFIG_JSON);
	struct runtime_spec s;
	scoped_fd fd = -1;
	int r;

	if (so->bundle && chdir(so->bundle) < 0)
		return err_sys(e, "--bundle %s", so->bundle);
	r = runtime_spec_parse(sv_from(beginning), rt->arena, &s, e);
	if (r == 0 && so->rootless)
		r = make_rootless(rt->arena, &s, e);
	if (r == 0)
		r = runtime_spec_print(&s, true, &out, e);
	if (r < 0)
		return r;
	fd = open("config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, EEXIST, "File config.json exists. Remove it first");
	return fd < 0 ? err_sys(e, "create config.json") : io_write_all(fd, out.p, out.len, e);
}

static const struct option_group *const groups[] = { &group, NULL };

const struct runtime_command runtime_command_spec = {
	.name = "spec", .args = "[OPTIONS]", .summary = "write a config.json to begin with", .groups = groups,
	.options_size = sizeof(struct spec_options), .run = spec,
};
