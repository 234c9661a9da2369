/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/restart.h"

bool restart_wanted(const struct charter *c, const struct outcome *o)
{
	switch (c->restart) {
	case RESTART_NO:
		return false;
	case RESTART_ALWAYS:
		return true;
	case RESTART_UNLESS_STOPPED:
		return !o->stopped_by_user;
	case RESTART_ON_FAILURE:
		return o->exit_code != 0 && (c->restart_max <= 0 || o->restart_count < c->restart_max);
	}
	return false;
}

static bool rule_matches(struct sv rule, int exit_code)
{
	struct sv op, word;
	bool listed = false;
	int64_t n;

	(void)sv_next(&rule, ' ', &op);
	while (sv_next(&rule, ' ', &word))
		listed |= sv_i64(word, &n) == 0 && n == exit_code;
	return exit_rule_matches(op, listed);
}

enum exit_action restart_rules_action(const struct oci_strings *rules, int exit_code)
{
	for (size_t i = 0; i < rules->n; i++) {
		struct sv rest = sv_from(rules->v[i]), action;

		(void)sv_next(&rest, ' ', &action);
		if (rule_matches(rest, exit_code))
			return exit_action_of(action);
	}
	return EXIT_NOTHING;
}

bool restart_rules_have(const struct oci_strings *rules, enum exit_action action)
{
	for (size_t i = 0; i < rules->n; i++) {
		struct sv rest = sv_from(rules->v[i]), name;

		if (sv_next(&rest, ' ', &name) && exit_action_of(name) == action)
			return true;
	}
	return false;
}

int backoff_next(int *delay_ms, int64_t ran_ns)
{
	if (*delay_ms == 0 || ran_ns >= BACKOFF_CALM_NS)
		*delay_ms = BACKOFF_FIRST_MS;
	else if (*delay_ms < BACKOFF_MOST_MS)
		*delay_ms = *delay_ms * 2 < BACKOFF_MOST_MS ? *delay_ms * 2 : BACKOFF_MOST_MS;
	return *delay_ms;
}

int backoff_next_pod(int *next_ms, int64_t ran_ns)
{
	int now = ran_ns >= BACKOFF_POD_CALM_NS ? 0 : *next_ms;

	*next_ms = now == 0 ? BACKOFF_POD_FIRST_MS : now * 2 < BACKOFF_POD_MOST_MS ? now * 2 : BACKOFF_POD_MOST_MS;
	return now;
}
