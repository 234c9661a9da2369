/* SPDX-License-Identifier: Apache-2.0 */
/* --sysctl: only what belongs to a namespace that the container has of its own, spelt without tricks. (CVE-2022-0811:
 * a '+' smuggled kernel.core_pattern in behind a harmless name.) */
#include "spec/config_check_priv.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

static const char *const ipc_names[] = {
	"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
	"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
};

/* Letters, digits, '_', '-' in parts between dots; no part is empty. */
static bool is_name(struct sv name)
{
	struct sv part;
	size_t parts = 0;

	for (; sv_next(&name, '.', &part); parts++) {
		if (!part.n)
			return false;
		for (size_t i = 0; i < part.n; i++)
			if (!isalnum((unsigned char)part.p[i]) && part.p[i] != '_' && part.p[i] != '-')
				return false;
	}
	return parts >= 2;
}

static bool is_value(const char *value)
{
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' && *p != '\t')
			return false;
	return !strchr(value, '+');
}

static bool is_of_ipc(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ipc_names); i++)
		if (strcmp(ipc_names[i], name) == 0)
			return true;
	return sv_has_prefix(sv_from(name), "fs.mqueue.");
}

static int check_one(struct config_checker *k, const struct oci_pair *s)
{
	bool net = sv_has_prefix(sv_from(s->key), "net."), ipc = is_of_ipc(s->key);
	bool uts = strcmp(s->key, "kernel.domainname") == 0;

	if (!is_name(sv_from(s->key)) || !(net || ipc || uts))
		return option_refuse(k, "--sysctl", s->key, "sysctl '%s' is not allowed", s->key);
	if (!is_value(s->value))
		return option_refuse(k, "--sysctl", s->key, "sysctl '%s=%s' is not allowed", s->key, s->value);
	if (net && config_mode_is(k->c->network_mode, "host"))
		return option_refuse(k, "--sysctl", s->key, "sysctl '%s' not allowed in host network namespace",
				     s->key);
	if (ipc && config_mode_is(k->c->ipc_mode, "host"))
		return option_refuse(k, "--sysctl", s->key, "sysctl '%s' not allowed in host ipc namespace", s->key);
	if (uts && config_mode_is(k->c->uts_mode, "host"))
		return option_refuse(k, "--sysctl", s->key, "sysctl '%s' not allowed in host uts namespace", s->key);
	return 0;
}

int config_check_sysctls(struct config_checker *k)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < k->c->sysctls.n; i++)
		r = check_one(k, &k->c->sysctls.v[i]);
	return r;
}
