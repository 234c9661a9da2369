/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_watch.c - `tare watch`: a line, a command or an HTTP request when a rule begins to hold, and when it is over. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "cli/alert_action.h"
#include "cli/see.h"
#include "report/watch.h"
#include "oci/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define INTERVAL_NS INT64_C(1000000000)

struct watch_options {
	struct see_options see;
	struct oci_strings rules, files;
	int64_t interval_ns;
	const char *command, *url;
	bool once;
};

static int add_text(const struct option_call *c, struct err *e)
{
	struct oci_strings *l = (struct oci_strings *)(void *)((char *)c->target + c->row->field);

	return strings_add(c->arena, l, c->text) < 0 ? err_oom(e) : 0;
}

static int set_interval(const struct option_call *c, struct err *e)
{
	struct watch_options *o = c->target;
	int r = duration_parse(sv_from(c->text), &o->interval_ns, e);

	if (r == 0 && (o->interval_ns < 100000000 || o->interval_ns > INT64_C(3600000000000)))
		r = err_set(e, EINVAL, "\"%.40s\" is not from 100ms to 1h", c->text);
	return r;
}

static int set_url(const struct option_call *c, struct err *e)
{
	struct sv url = sv_from(c->text);

	if ((!sv_has_prefix(url, "http://") && !sv_has_prefix(url, "https://")) || url.n > 4096)
		return err_set(e, EINVAL, "\"%.80s\" is no http:// or https:// address", c->text);
	((struct watch_options *)c->target)->url = c->text;
	return 0;
}

static const struct option rows[] = {
	{ "exec", 'e', "COMMAND",
	  "run it by sh -c for each alert; TARE_STATE, TARE_SUBJECT, TARE_RULE, TARE_VALUE tell which", option_text,
	  offsetof(struct watch_options, command) },
	SEE_FORMAT("text"),
	{ "interval", 'i', "DURATION", "look so often at what the kernel tells no news of (default 1s)", set_interval },
	{ "once", 0, NULL, "end after the first alert", option_switch, offsetof(struct watch_options, once) },
	{ "post", 0, "URL", "send each alert there as JSON", set_url },
	{ "rule", 'r', "RULE",
	  "such as \"memory > 90% for 30s\", \"throttled > 20%\", \"oom\", \"pressure.io > 10% on web\"", add_text,
	  offsetof(struct watch_options, rules) },
	{ "rules", 0, "FILE", "a rule a line; # begins a comment", add_text, offsetof(struct watch_options, files) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- rules -------------------------------------------------------------------------------------------------------- */

struct rules {
	struct alert_rule *v;
	size_t n;
};

static int add_rule(struct rules *l, struct sv text, struct arena *a, struct err *e)
{
	struct alert_rule rule, *to;
	int r = alert_rule_parse(text, a, &rule, e);

	if (r < 0)
		return err_wrap(e, r, "rule \"%.*s\"", (int)(text.n < 60 ? text.n : 60), text.n ? text.p : "");
	if (l->n == LIMIT_ALERT_RULES)
		return err_set(e, E2BIG, "more than %d rules", LIMIT_ALERT_RULES);
	to = LIST_ADD(a, l);
	if (!to)
		return err_oom(e);
	*to = rule;
	return 0;
}

static int read_rules(const char *path, struct rules *l, struct arena *a, struct err *e)
{
	scoped_buf text = BUF(LIMIT_SETTINGS);
	int r = io_read_at(AT_FDCWD, path, &text, e);
	struct sv rest = buf_sv(&text), line, rule, comment;
	unsigned n = 0;

	while (r == 0 && sv_next(&rest, '\n', &line)) {
		n++;
		(void)sv_cut(line, '#', &rule, &comment);
		rule = sv_trim(rule);
		r = rule.n ? add_rule(l, rule, a, e) : 0;
		if (r < 0)
			return err_wrap(e, r, "%s: line %u", path, n);
	}
	return r;
}

static int take_rules(const struct watch_options *o, struct arena *a, struct rules *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->rules.n; i++)
		r = add_rule(ret, sv_from(o->rules.v[i]), a, e);
	for (size_t i = 0; r == 0 && i < o->files.n; i++)
		r = read_rules(o->files.v[i], ret, a, e);
	if (r == 0 && !ret->n)
		r = err_set(e, EINVAL, "watch: a rule is needed: --rule \"memory > 90%% for 30s\", or --rules FILE");
	return r;
}

/* ---- an alert ------------------------------------------------------------------------------------------------------ */

struct watching {
	const struct watch_options *o;
	struct alert_actions actions;
};

struct shown {
	const char *time, *state, *subject, *rule, *value;
};

#define SHOWN(key, field) { key, JSON_TEXT, 0, offsetof(struct shown, field) }
static const struct json_row json_rows[] = { SHOWN("Time", time), SHOWN("State", state), SHOWN("Subject", subject),
					     SHOWN("Rule", rule), SHOWN("Value", value) };
static const struct json_table json_table = JSON_TABLE(json_rows, struct shown);

static int act(struct watching *w, const struct shown *s, const char *json, struct err *e)
{
	scoped_arena a = ARENA(64u << 10);
	const char *const variables[] = {
		arena_fmt(&a, "TARE_STATE=%s", s->state), arena_fmt(&a, "TARE_SUBJECT=%s", s->subject),
		arena_fmt(&a, "TARE_RULE=%s", s->rule),   arena_fmt(&a, "TARE_VALUE=%s", s->value),
		arena_fmt(&a, "TARE_TIME=%s", s->time),   NULL
	};

	for (size_t i = 0; i + 1 < ARRAY_LEN(variables); i++)
		if (!variables[i])
			return err_oom(e);
	return alert_act(&w->actions, variables, json, e);
}

static int tell(void *context, const struct watch_alert *al, struct err *e)
{
	struct watching *w = context;
	scoped_buf line = BUF(16u << 10), json = BUF(16u << 10);
	char at[RFC3339_SIZE], value[32];
	const struct shown s = { clock_rfc3339(al->real_ns, at), al->change == ALERT_FIRES ? "firing" : "over",
				 al->subject, al->rule->text, alert_value_text(al->rule, al->value, value) };
	int r = json_encode(&json_table, &s, false, &json, e);

	if (r == 0 && w->o->see.json)
		buf_putf(&line, "%s\n", json.p);
	else
		buf_putf(&line, "%s %s: %s: %s (%s)\n", s.time, s.state, s.subject, s.rule,
			 al->value == CG_UNSET ? "it has ended" : s.value);
	if (r == 0)
		r = cli_print(&line, e);
	if (r == 0)
		r = act(w, &s, json.p, e);
	return r < 0 ? r : w->o->once;
}

/* ---- the command --------------------------------------------------------------------------------------------------- */

static void init(void *options)
{
	((struct watch_options *)options)->interval_ns = INTERVAL_NS;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct watch_options *o = options;
	struct watching w = { .o = o, .actions = { .command = o->command, .url = o->url } };
	scoped_seeing s = { .session = { .open = false } };
	struct rules rules = { 0 };
	struct watch_request q = { .targets = operands->v, .n_targets = (size_t)operands->n,
				   .interval_ns = o->interval_ns, .tell = tell, .context = &w };
	int r = take_rules(o, cli->arena, &rules, e);

	if (r == 0)
		r = seeing_open(&s, cli, e);
	if (r < 0)
		return r;
	if (!s.engine && !operands->n)
		return err_set(e, EACCES, "watch: containers cannot be seen; name a group");
	q.rules = rules.v;
	q.n_rules = rules.n;
	r = engine_watch(s.engine, &s.session.host, &s.layout, &q, e);
	alert_actions_end(&w.actions);
	return r;
}

const struct command command_watch = {
	.name = "watch",
	.args = "-r RULE [OPTIONS] [CONTAINER|PID|CGROUP|pod/NAME...]",
	.summary = "tell when a group comes near a limit, is slowed or killed",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct watch_options),
	.init = init,
	.max_args = -1,
	.run = run,
};
