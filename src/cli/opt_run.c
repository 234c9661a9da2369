/* SPDX-License-Identifier: Apache-2.0 */
/* opt_run.c - the run itself: name, foreground or not, what is left afterwards; and what holds between options. */
#include "base/id.h"
#include "base/scope.h"
#include "cli/opt.h"
#include "cli/value.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static struct run_options *options(const struct option_call *c)
{
	return c->target;
}

static int set_name(const struct option_call *c, struct err *e)
{
	const char *name = c->text + (c->text[0] == '/');

	if (!name_is_valid(sv_from(name)))
		return err_set(
			e, EINVAL,
			"Invalid container name (%.80s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, 2 to 128 of them",
			c->text);
	options(c)->config.name = name;
	return 0;
}

static int set_rootfs(const struct option_call *c, struct err *e)
{
	if (!*c->text)
		return err_set(e, EINVAL, "a directory is needed");
	return path_absolute(c->arena, c->text, &options(c)->config.rootfs, e);
}

static int set_pull(const struct option_call *c, struct err *e)
{
	static const char *const policies[] = { "always", "missing", "never" };

	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		if (strcmp(c->text, policies[i]) != 0)
			continue;
		options(c)->config.pull_policy = i == 1 ? NULL : policies[i];
		return 0;
	}
	return err_set(e, EINVAL, "invalid pull option: '%.40s': must be one of \"always\", \"missing\" or \"never\"",
		       c->text);
}

#define RESTART_HELP " (no, always, unless-stopped, on-failure[:MAX])"

int option_restart(const struct option_call *c, struct err *e)
{
	struct container_config *config = &options(c)->config;
	struct sv name, count;
	int64_t n = 0;
	int policy;
	bool parted = sv_cut(sv_from(c->text), ':', &name, &count);

	if (parted && name.n == 0)
		return err_set(e, EINVAL,
			       "invalid restart policy format: no policy provided before colon" RESTART_HELP);
	if (count.n && sv_i64(count, &n) < 0)
		return err_set(e, EINVAL,
			       "invalid restart policy format: maximum retry count must be an integer" RESTART_HELP);
	policy = name.n ? restart_policy_from_name(name) : RESTART_NO;
	if (policy < 0)
		return err_set(e, EINVAL,
			       "invalid restart policy: unknown policy '" SV_FMT "'; use one of 'no', 'always', "
			       "'on-failure', or 'unless-stopped'",
			       SV_ARG(name));
	config->restart.name = (enum restart_policy)policy;
	config->restart.maximum_retry_count = n;
	return 0;
}

static int add_attach(const struct option_call *c, struct err *e)
{
	struct run_options *o = options(c);
	static const char *const names[] = { "stdin", "stdout", "stderr" };
	bool *const fields[] = { &o->config.attach_stdin, &o->config.attach_stdout, &o->config.attach_stderr };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(c->text, names[i]) == 0) {
			*fields[i] = true;
			o->attach_given = true;
			return 0;
		}
	return err_set(e, EINVAL, "valid streams are STDIN, STDOUT and STDERR");
}

/* An image is taken as it is, so only what this machine runs can be asked for. */
static int set_platform(const struct option_call *c, struct err *e)
{
	static const char *const names[] = {
#if defined __x86_64__
		"linux/amd64", "linux/x86_64", "linux/x86-64", "linux/amd64/v1",
#elif defined __aarch64__
		"linux/arm64", "linux/aarch64", "linux/arm64/v8",
#endif
		"linux",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!*c->text || strcasecmp(c->text, names[i]) == 0)
			return 0;
	return err_set(e, ENOTSUP, "only this host's own platform can be run (%s)", names[0]);
}

static int set_isolation(const struct option_call *c, struct err *e)
{
	if (strcmp(c->text, "default") == 0 || !*c->text)
		return 0;
	return err_set(e, EINVAL, "invalid isolation: Linux has no other than default");
}

static int set_sig_proxy(const struct option_call *c, struct err *e)
{
	(void)e;
	options(c)->flags.no_sig_proxy = !c->on;
	return 0;
}

static const struct option container_rows[] = {
	{ "attach", 'a', "STREAM", "attach to stdin, stdout or stderr, and not to the others", add_attach,
	  .words = "stdin stdout stderr" },
	{ "cidfile", 0, "FILE", "write the container's id to a file that is not there yet", option_text,
	  RUN_FIELD(config.cid_file) },
	{ "disable-content-trust", 0, NULL, "images are not signed (default true)", option_none, .hidden = true },
	{ "interactive", 'i', NULL, "pass standard input to the container", option_switch,
	  RUN_FIELD(config.open_stdin) },
	{ "isolation", 0, "NAME", "isolation technology: default", set_isolation, .hidden = true, .late = true },
	{ "log-driver", 0, "DRIVER", "where the output is kept: json-file (default) or none", option_text,
	  RUN_FIELD(config.log_driver), .words = "json-file none" },
	{ "log-opt", 0, "KEY=VALUE", "how it is kept: max-size=BYTES, max-file=N", option_pair,
	  RUN_FIELD(config.log_opts),
	  .words = "max-size= max-file=" },
	{ "name", 0, "NAME", "name the container", set_name, RUN_FIELD(config.name), .late = true },
	{ "no-healthcheck", 0, NULL, "run no health check; tare runs none yet", option_none },
	{ "platform", 0, "OS/ARCH", "platform of the image: this host's", set_platform, .late = true },
	{ "pull", 0, "POLICY", "get the image from a registry: missing (default), always or never", set_pull,
	  .words = "always missing never" },
	{ "quiet", 'q', NULL, "do not show the progress of a pull", option_switch, RUN_FIELD(config.pull_quiet) },
	{ "restart", 0, "POLICY",
	  "start the container again after its end: no (default), always, unless-stopped or "
	  "on-failure[:MAX]",
	  option_restart, .words = "no always unless-stopped on-failure", .late = true },
	{ "rm", 0, NULL, "remove the container when it has ended", option_switch, RUN_FIELD(config.auto_remove) },
	{ "rootfs", 0, "DIR", "run in this directory instead of an image; no IMAGE is given then", set_rootfs,
	  RUN_FIELD(config.rootfs) },
	{ "strict", 0, NULL, "fail when the host cannot enforce a limit, instead of a warning", option_switch,
	  RUN_FIELD(config.strict) },
	{ "tty", 't', NULL, "give the container a terminal", option_switch, RUN_FIELD(config.tty) },
};

OPTION_GROUP(opt_container, "Container", container_rows);

static const struct option run_rows[] = {
	{ "detach", 'd', NULL, "run in the background and print the container's id", option_switch,
	  RUN_FIELD(config.detach) },
	{ "detach-keys", 0, "KEYS", "keys that detach from a terminal (default ctrl-p,ctrl-q)", option_text,
	  RUN_FIELD(flags.detach_keys) },
	{ "plan", 0, NULL, "print the steps that would be taken, and take none", option_switch, RUN_FIELD(flags.plan) },
	{ "sig-proxy", 0, NULL, "pass signals on to the container (default true)", set_sig_proxy },
	{ "trace", 0, NULL, "print the microseconds of each step", option_switch, RUN_FIELD(flags.trace) },
};

OPTION_GROUP(opt_run, "Run", run_rows);

void run_options_init(void *options)
{
	struct run_options *o = options;

	*o = (struct run_options){ 0 };
	config_init(&o->config);
}

/* ---- after the last option ---------------------------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && (b[n] == '=' || b[n] == '\0');
}

/* As Docker's client does: the place of the first, the value of the last. */
static int env_put(struct oci_strings *list, struct arena *a, const char *item, struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		if (same_name(item, list->v[i])) {
			list->v[i] = item;
			return 0;
		}
	return LIST_PUT(a, list, item, e);
}

static int merge_env(struct run_options *o, struct arena *a, struct err *e)
{
	struct oci_strings out = { 0 };
	int r = 0;

	for (size_t i = 0; i < o->file_env.n && r == 0; i++)
		r = env_put(&out, a, o->file_env.v[i], e);
	for (size_t i = 0; i < o->config.env.n && r == 0; i++)
		r = env_put(&out, a, o->config.env.v[i], e);
	o->config.env = out;
	return r;
}

static int merge_labels(struct run_options *o, struct arena *a, struct err *e)
{
	struct oci_pairs out = { 0 };
	int r = 0;

	for (size_t i = 0; i < o->file_labels.n && r == 0; i++)
		r = pairs_set(a, &out, o->file_labels.v[i].key, o->file_labels.v[i].value);
	for (size_t i = 0; i < o->config.labels.n && r == 0; i++)
		r = pairs_set(a, &out, o->config.labels.v[i].key, o->config.labels.v[i].value);
	o->config.labels = out;
	return r < 0 ? err_oom(e) : 0;
}

/* A target that is mounted twice would hide one of the two. */
static int check_targets(const struct container_config *c, struct err *e)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(c->mounts.v[i].target, c->mounts.v[k].target) == 0)
				return err_set(e, EDOM, "Duplicate mount point: %.80s", c->mounts.v[i].target);
	return 0;
}

static int take_operands(struct run_options *o, const struct operands *operands, struct err *e)
{
	char **v = operands->v;
	int n = operands->n;

	if (!o->config.rootfs) {
		o->misused = n == 0;
		if (o->misused)
			return err_set(e, EINVAL,
				       "'%s' requires at least 1 argument: IMAGE, or --rootfs DIR COMMAND",
				       o->called ? o->called : "tare run");
		if (!*v[0])
			return err_set(e, EINVAL, "invalid reference format: the name of the image is empty");
		o->config.image = *v++;
		n--;
	} else if (n == 0 && !o->config.entrypoint.n) {
		return err_set(e, EINVAL, "'%s --rootfs DIR' requires a command",
			       o->called ? o->called : "tare run");
	}
	o->config.command = (struct oci_strings){ (const char **)v, (size_t)n };
	return 0;
}

/* As Docker's client: all output unless -a names some; what is detached is attached to nothing. */
static int finish_streams(struct run_options *o, struct err *e)
{
	struct container_config *c = &o->config;

	o->misused = c->detach && o->attach_given;
	if (o->misused)
		return err_set(e, EINVAL, "conflicting options: cannot specify both --attach and --detach");
	c->attach_stdin = !c->detach && (c->attach_stdin || c->open_stdin);
	c->attach_stdout = !c->detach && (c->attach_stdout || !o->attach_given);
	c->attach_stderr = !c->detach && (c->attach_stderr || !o->attach_given);
	c->stdin_once = c->open_stdin && c->attach_stdin;
	return 0;
}

int run_options_finish(struct run_options *o, struct arena *a, const struct operands *operands, struct err *e)
{
	int r = take_operands(o, operands, e);

	if (r == 0 && o->flags.plan && o->config.detach)
		r = err_set(e, EINVAL, "conflicting options: --plan and --detach");
	if (r == 0 && o->config.auto_remove && o->config.restart.name != RESTART_NO)
		r = err_set(e, EINVAL, "conflicting options: cannot specify both --restart and --rm");
	if (r == 0)
		r = opt_network_finish(o, a, e);
	if (r == 0)
		r = merge_env(o, a, e);
	if (r == 0)
		r = merge_labels(o, a, e);
	if (r == 0)
		r = check_targets(&o->config, e);
	if (r == 0)
		r = finish_streams(o, e);
	return r;
}
