/* SPDX-License-Identifier: Apache-2.0 */
/* What only the host can tell of a document that makes sense in itself. */
#include "runtime_cli/validate.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/capability.h"
#include "kernel/rlimit.h"
#include "kernel/rootpath.h"
#include "kernel/smallfile.h"
#include "runtime/mount_options.h"
#include "runtime_cli/bundle.h"
#include "runtime_cli/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct look {
	struct runtime *rt;
	struct bundle *b;
	struct document_copy *d;
	struct findings *l;
};

static void problem(const struct look *k, const char *path, const char *remedy, const char *text)
{
	finding_add(k->l, FINDING_ERROR, path, "create and run fail here", remedy, "%s", text);
}

static const char *at(const struct look *k, const char *list, size_t i, const char *member)
{
	const char *text = arena_fmt(k->rt->arena, "%s[%zu]%s%s", list, i, *member ? "." : "", member);

	text = text ? document_original(k->d, text) : NULL;
	return text ? text : list;
}

static void must_exist(const struct look *k, const char *where, const char *path, int mode, const char *remedy)
{
	if (path && faccessat(AT_FDCWD, path, mode, AT_EACCESS) < 0)
		problem(k, where, remedy, arena_fmt(k->rt->arena, "%s: %s", path, strerror(errno)));
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static bool is_bind(const struct oci_mount *m)
{
	bool bind = m->type && strcmp(m->type, "bind") == 0;

	for (size_t i = 0; i < m->options.n; i++)
		bind = bind || strcmp(m->options.v[i], "bind") == 0 || strcmp(m->options.v[i], "rbind") == 0;
	return bind;
}

static bool knows_filesystem(const struct look *k, const char *type)
{
	scoped_buf text = BUF(LIMIT_RECORD);
	struct sv rest, line, first, name;

	if (strncmp(type, "cgroup", 6) == 0 || io_read_at(k->rt->host.proc, "filesystems", &text, NULL) < 0)
		return true;
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line))
		if (sv_cut(line, '\t', &first, &name) && sv_is(name, type))
			return true;
	return false;
}

static void mounts(const struct look *k)
{
	for (size_t i = 0; i < k->b->spec.mounts.n; i++) {
		const struct oci_mount *m = &k->b->spec.mounts.v[i];

		if (is_bind(m))
			must_exist(k, at(k, "mounts", i, "source"), m->source, F_OK, "make it, or leave the mount out");
		else if (m->type && !knows_filesystem(k, m->type))
			problem(k, at(k, "mounts", i, "type"), "modprobe it, or a kernel that has it",
				arena_fmt(k->rt->arena, "\"%s\" is not in /proc/filesystems", m->type));
	}
}

static void namespaces(const struct look *k)
{
	for (size_t i = 0; i < k->b->spec.namespaces.n; i++)
		must_exist(k, at(k, "linux.namespaces", i, "path"), k->b->spec.namespaces.v[i].path, F_OK,
			   "the process whose namespace it is may have ended");
}

static void hook_programs(const struct look *k)
{
	for (int kind = 0; kind < OCI_HOOK_KINDS; kind++)
		for (size_t i = 0; i < k->b->spec.hooks.kind[kind].n; i++) {
			const char *list =
				arena_fmt(k->rt->arena, "hooks.%s", hook_kind_name((enum oci_hook_kind)kind));

			must_exist(k, at(k, list ? list : "hooks", i, "path"), k->b->spec.hooks.kind[kind].v[i].path,
				   X_OK, "install it, or leave the hook out");
		}
}

static bool is_program(int root, const char *path)
{
	scoped_fd fd = rootpath_open(root, path, NULL);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

static bool is_covered(const struct look *k, const char *path)
{
	for (size_t i = 0; i < k->b->spec.mounts.n; i++) {
		const char *d = k->b->spec.mounts.v[i].destination;
		size_t n = d ? strlen(d) : 0;

		if (n && strncmp(path, d, n) == 0 && (path[n] == '/' || d[n - 1] == '/'))
			return true;
	}
	return false;
}

static bool in_path(const struct look *k, int root, const char *name)
{
	const struct oci_process *p = &k->b->spec.process;
	struct sv rest = SV(""), dir;

	for (size_t i = 0; i < p->env.n; i++)
		if (strncmp(p->env.v[i], "PATH=", 5) == 0)
			rest = sv_from(p->env.v[i] + 5);
	while (sv_next(&rest, ':', &dir)) {
		const char *path = arena_fmt(k->rt->arena, SV_FMT "/%s", SV_ARG(dir), name);

		if (path && (is_program(root, path) || is_covered(k, path)))
			return true;
	}
	return false;
}

static void command(const struct look *k, int root)
{
	const struct oci_process *p = &k->b->spec.process;
	const char *name = p->args.n ? p->args.v[0] : "/";
	bool found = strchr(name, '/') ?
			     name[0] != '/' || strcmp(name, "/") == 0 || is_covered(k, name) || is_program(root, name) :
			     in_path(k, root, name);

	if (!found)
		problem(k, "process.args[0]", "install it in the root file system, or name it by its path",
			arena_fmt(k->rt->arena, "%s: no such program there", name));
}

static void root_folder(const struct look *k)
{
	scoped_fd root = open(k->b->spec.root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		problem(k, "root.path", "unpack a root file system there",
			arena_fmt(k->rt->arena, "%s: %s", k->b->spec.root.path, strerror(errno)));
	else
		command(k, root);
}

/* ---- the kernel -------------------------------------------------------------------------------------------------- */

static void sysctls(const struct look *k)
{
	for (size_t i = 0; i < k->b->spec.sysctl.n; i++) {
		const char *key = k->b->spec.sysctl.v[i].key;
		char *path = arena_fmt(k->rt->arena, "sys/%s", key);

		for (char *c = path; c && *c; c++)
			*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
		if (path && !smallfile_exists(k->rt->host.proc, path))
			problem(k, arena_fmt(k->rt->arena, "linux.sysctl.%s", key),
				"a kernel that has it, or leave it out", "this kernel has no such setting");
	}
}

static void capabilities(const struct look *k)
{
	const struct oci_strings *list = &k->b->spec.process.capabilities.bounding;

	for (size_t i = 0; i < list->n; i++) {
		int c = cap_from_name(sv_from(list->v[i]));

		if (c < 0 || !(k->rt->facts.capabilities >> c & 1))
			finding_add(k->l, FINDING_WEAK, at(k, "process.capabilities.bounding", i, ""),
				    "the process does not get it", "start tare-runtime with it", "%s: %s", list->v[i],
				    c < 0 ? "no such capability" : "not in our own bounding set");
	}
}

static void rlimits(const struct look *k)
{
	bool may = k->rt->facts.capabilities >> CAP_SYS_RESOURCE & 1;

	for (size_t i = 0; !may && i < k->b->spec.process.rlimits.n; i++) {
		const struct oci_rlimit *r = &k->b->spec.process.rlimits.v[i];
		int resource = rlimit_from_name(sv_from(r->type));
		struct rlimit own;

		if (resource >= 0 && getrlimit(resource, &own) == 0 && r->hard > own.rlim_max)
			problem(k, at(k, "process.rlimits", i, "hard"), "CAP_SYS_RESOURCE, or a lower limit",
				arena_fmt(k->rt->arena, "%llu is more than our own %llu", (unsigned long long)r->hard,
					  (unsigned long long)own.rlim_max));
	}
}

static void features(const struct look *k)
{
	const struct kfeat *f = &k->rt->facts.kernel;
	const struct runtime_spec *s = &k->b->spec;
	const struct {
		const char *path;
		bool lacks;
		const char *text, *remedy;
	} rows[] = {
		{ "linux.seccomp", s->seccomp.present && !f->seccomp_filter, "this kernel has no seccomp filters",
		  "CONFIG_SECCOMP_FILTER" },
		{ "linux.timeOffsets",
		  (s->monotonic_offset.present || s->boottime_offset.present) && !f->time_namespace,
		  "this kernel has no time namespaces", "Linux 5.6, CONFIG_TIME_NS" },
		{ "mounts", !f->new_mount_api || !f->mount_setattr, "this kernel cannot mount by descriptor",
		  "Linux 5.12" },
		{ "linux.resources.devices",
		  s->resources.devices.n && k->rt->facts.cgroup.mode == CGROUP_MODE_V2 && !f->bpf_cgroup_device,
		  "no program can be attached to a control group here", "CONFIG_CGROUP_BPF, CAP_BPF" },
		{ "process.apparmorProfile",
		  s->process.apparmor_profile && *s->process.apparmor_profile &&
			  !smallfile_exists(k->rt->host.sys, "module/apparmor"),
		  "this kernel has no AppArmor", "boot with lsm=…,apparmor" },
		{ "process.selinuxLabel",
		  s->process.selinux_label && *s->process.selinux_label &&
			  !smallfile_exists(k->rt->host.sys, "fs/selinux/enforce"),
		  "this kernel has no SELinux", "boot with lsm=…,selinux" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].lacks)
			problem(k, rows[i].path, rows[i].remedy, rows[i].text);
}

static void groups(const struct look *k)
{
	struct err e = { 0 };
	const char *path, *rest;
	bool without;

	if (k->rt->facts.cgroup.mode == CGROUP_MODE_NONE || geteuid() == 0 ||
	    rootless_cgroup(k->rt, &k->b->spec, &without, &e) == 0)
		return;
	rest = strstr(e.msg, ": ");
	path = rest ? arena_fmt(k->rt->arena, "%.*s", (int)(rest - e.msg), e.msg) : "linux.resources";
	problem(k, path ? path : "linux.resources", "--systemd-cgroup, or have a group delegated",
		rest ? rest + 2 : e.msg);
}

void validate_host(struct runtime *rt, struct bundle *b, struct document_copy *d, struct findings *l)
{
	const struct look k = { rt, b, d, l };

	root_folder(&k);
	mounts(&k);
	namespaces(&k);
	hook_programs(&k);
	sysctls(&k);
	capabilities(&k);
	rlimits(&k);
	features(&k);
	groups(&k);
}
