/* SPDX-License-Identifier: Apache-2.0 */
/* linux.sysctl: which of them are a namespace's own. All others would change the host. */
#include "runtime/plan_priv.h"

#include "base/scope.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

static const struct {
	const char *name; /* with a slash at its end: everything below */
	uint64_t flag;
	const char *what;
} owners[] = {
	{ "net/", CLONE_NEWNET, "network" },
	{ "fs/mqueue/", CLONE_NEWIPC, "ipc" },
	{ "kernel/msgmax", CLONE_NEWIPC, "ipc" },
	{ "kernel/msgmnb", CLONE_NEWIPC, "ipc" },
	{ "kernel/msgmni", CLONE_NEWIPC, "ipc" },
	{ "kernel/msg_next_id", CLONE_NEWIPC, "ipc" },
	{ "kernel/sem", CLONE_NEWIPC, "ipc" },
	{ "kernel/sem_next_id", CLONE_NEWIPC, "ipc" },
	{ "kernel/shmall", CLONE_NEWIPC, "ipc" },
	{ "kernel/shmmax", CLONE_NEWIPC, "ipc" },
	{ "kernel/shmmni", CLONE_NEWIPC, "ipc" },
	{ "kernel/shm_next_id", CLONE_NEWIPC, "ipc" },
	{ "kernel/shm_rmid_forced", CLONE_NEWIPC, "ipc" },
	{ "kernel/domainname", CLONE_NEWUTS, "uts" },
	{ "kernel/hostname", CLONE_NEWUTS, "uts" },
	{ "kernel/ns_last_pid", CLONE_NEWPID, "pid" },
	{ "user/", CLONE_NEWUSER, "user" },
};

static bool covers(const char *owner, const char *name)
{
	size_t n = strlen(owner);

	return owner[n - 1] == '/' ? strncmp(owner, name, n) == 0 : strcmp(owner, name) == 0;
}

/* Made for the container, or joined: not the caller's. */
static bool has_namespace(const struct plan *p, const char *type)
{
	const struct runtime_spec *spec = p->spec;

	for (size_t i = 0; i < spec->namespaces.n; i++)
		if (strcmp(spec->namespaces.v[i].type, type) == 0)
			return true;
	return false;
}

static int check_owner(const struct plan *p, const char *name, const char *key, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
		if (!covers(owners[i].name, name))
			continue;
		if (has_namespace(p, owners[i].what))
			return 0;
		return err_set(e, EINVAL, "linux.sysctl: \"%s\": needs a %s namespace in linux.namespaces", key,
			       owners[i].what);
	}
	return err_set(e, EINVAL, "linux.sysctl: \"%s\": is not a namespace's own, it would change the host", key);
}

/* "net.ipv4.conf.eth0/5.mtu" and "net/ipv4/conf/eth0.5/mtu", as sysctl(8) reads them: which comes first separates. */
static char *path_of(struct arena *a, const char *key)
{
	char *path = arena_str(a, key);
	const char *first = path ? strpbrk(path, "./") : NULL;

	if (!first || *first == '/')
		return path;
	for (char *c = path; *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

static bool is_name(const char *key)
{
	return *key && !strstr(key, "..") && !strstr(key, "//") && key[0] != '/' && !strpbrk(key, "+ \n");
}

int plan_sysctls(struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->spec->sysctl.n; i++) {
		const struct oci_pair *kv = &p->spec->sysctl.v[i];
		const char *path = is_name(kv->key) ? path_of(p->arena, kv->key) : NULL;
		struct step *s;

		if (!is_name(kv->key) || (path && !is_name(path)))
			return err_set(e, EINVAL, "linux.sysctl: \"%s\" is not the name of a sysctl", kv->key);
		if (!path || !(s = plan_add(p, ACTOR_CHILD, STEP_SYSCTL)))
			return err_oom(e);
		if (check_owner(p, path, kv->key, e) < 0)
			return -e->code;
		s->path = kv->key;
		s->options = path;
		s->source = kv->value;
	}
	return 0;
}
