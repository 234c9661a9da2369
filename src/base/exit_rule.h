/* SPDX-License-Identifier: Apache-2.0 */
/* exit_rule.h - Kubernetes' restartPolicyRules: is an exit status what a rule is about? Who decides that a container begins
 * again and who tells whether its pod has ended have the rule in different forms, and must agree for ever. */
#pragma once

#include "base/sv.h"

#define EXIT_ACTIONS(X) X(RESTART, "Restart") X(RESTART_ALL, "RestartAllContainers")
enum exit_action {
	EXIT_NOTHING, /* no rule is about it */
#define X(id, text) EXIT_##id,
	EXIT_ACTIONS(X)
#undef X
};

static inline enum exit_action exit_action_of(struct sv name)
{
#define X(id, text)           \
	if (sv_is(name, text)) \
		return EXIT_##id;
	EXIT_ACTIONS(X)
#undef X
	return EXIT_NOTHING;
}

/* exit_rule_matches - op: "In" or "NotIn", any other matches nothing; listed: the status is one of the rule's values */
static inline bool exit_rule_matches(struct sv op, bool listed)
{
	return sv_is(op, "In") ? listed : sv_is(op, "NotIn") && !listed;
}
