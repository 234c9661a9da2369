/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/restart.h"

#include "base/exit_rule.h"

#include <string.h>

bool container_is_init(const struct pod_spec *p, const struct container_spec *s)
{
	return p->inits.n && s >= p->inits.v && s < p->inits.v + p->inits.n;
}

enum pod_restart pod_restart_of(const struct pod_spec *p, const struct container_spec *s)
{
	const char *policy = s->restart_policy ? s->restart_policy : p->restart_policy;

	if (policy && strcmp(policy, "Never") == 0)
		return POD_RESTART_NEVER;
	if ((policy && strcmp(policy, "OnFailure") == 0) || (container_is_init(p, s) && !s->restart_policy))
		return POD_RESTART_ON_FAILURE;
	return POD_RESTART_ALWAYS;
}

static bool matches(const struct exit_codes *c, int exit_code)
{
	bool listed = false;

	for (size_t i = 0; i < c->values.n; i++)
		listed |= c->values.v[i] == exit_code;
	return exit_rule_matches(sv_from(c->op), listed);
}

bool pod_restarts(const struct pod_spec *p, const struct container_spec *s, int exit_code)
{
	enum pod_restart policy = pod_restart_of(p, s);

	for (size_t i = 0; i < s->restart_rules.n; i++)
		if (matches(s->restart_rules.v[i].exit_codes, exit_code))
			return true;
	return policy == POD_RESTART_ALWAYS || (policy == POD_RESTART_ON_FAILURE && exit_code != 0);
}

bool pod_may_end(const struct pod_spec *p)
{
	for (size_t i = 0; i < p->containers.n; i++)
		if (pod_restart_of(p, &p->containers.v[i]) == POD_RESTART_ALWAYS)
			return false;
	return true;
}
