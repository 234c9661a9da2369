/* SPDX-License-Identifier: Apache-2.0 */
/* opt_process.c - what the process gets: execve(2), environ(7), credentials(7), and the labels of the container. */
#include "base/io.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/scope.h"
#include "cli/opt.h"
#include "cli/value.h"
#include "kernel/signal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static struct run_options *options(const struct option_call *c)
{
	return c->target;
}

/* ---- labels --------------------------------------------------------------------------------- */

static int add_label(const struct option_call *c, const char *text, struct oci_pairs *list, struct err *e)
{
	struct oci_pair l;
	int r = value_label(text, c->arena, &l, e);

	return r < 0 ? r : LIST_PUT(c->arena, list, l, e);
}

static int set_label(const struct option_call *c, struct err *e)
{
	return add_label(c, c->text, &options(c)->config.labels, e);
}

static int set_label_file(const struct option_call *c, struct err *e)
{
	struct oci_strings lines = { 0 };
	scoped_buf b = BUF(LIMIT_ENV_FILE);
	int r = io_read_at(AT_FDCWD, c->text, &b, e);

	if (r < 0)
		return r;
	r = value_env_file(buf_sv(&b), NULL, c->arena, &lines, e);
	if (r < 0)
		return err_wrap(e, r, "invalid label file (%.80s)", c->text);
	for (size_t i = 0; i < lines.n && r == 0; i++)
		r = add_label(c, lines.v[i], &options(c)->file_labels, e);
	return r;
}

/* ---- process ------------------------------------------------------------------------------------------------ */

static int set_entrypoint(const struct option_call *c, struct err *e)
{
	struct container_config *config = &options(c)->config;

	config->entrypoint = (struct oci_strings){ 0 };
	config->entrypoint_set = true;
	return *c->text ? LIST_PUT(c->arena, &config->entrypoint, c->text, e) : 0;
}

#define HOSTNAME_MAX 64 /* HOST_NAME_MAX, sethostname(2), setdomainname(2) */

static int set_host_word(const struct option_call *c, const char *what, const char **field, struct err *e)
{
	if (strlen(c->text) > HOSTNAME_MAX)
		return err_set(e, EINVAL, "%s \"%.80s\" is too long (maximum 64 bytes)", what, c->text);
	for (const unsigned char *p = (const unsigned char *)c->text; *p; p++)
		if (*p <= ' ' || *p == 0x7f || *p == '/')
			return err_set(e, EINVAL,
				       "invalid %s: blanks, control characters and slashes are not allowed", what);
	*field = *c->text ? c->text : NULL;
	return 0;
}

static int set_hostname(const struct option_call *c, struct err *e)
{
	return set_host_word(c, "hostname", &options(c)->config.hostname, e);
}

static int set_domainname(const struct option_call *c, struct err *e)
{
	return set_host_word(c, "domainname", &options(c)->config.domainname, e);
}

/* A name is looked up in the image later; a number has its range here. */
static int add_group(const struct option_call *c, struct err *e)
{
	if (!is_user_name(sv_from(c->text)) || strchr(c->text, ':'))
		return err_set(e, EINVAL, "invalid group (NAME|GID)");
	return LIST_PUT(c->arena, &options(c)->config.group_add, c->text, e);
}

/* "KEY" alone is "KEY=", as in Docker. */
static int add_annotation(const struct option_call *c, struct err *e)
{
	struct sv key, value;

	(void)sv_cut(sv_from(c->text), '=', &key, &value);
	if (key.n == 0)
		return err_set(e, EINVAL, "the empty string is not permitted as an annotation key (KEY=VALUE)");
	return pairs_set(c->arena, &options(c)->config.annotations, arena_sv(c->arena, key), value.p ? value.p : "") <
			       0 ?
		       err_oom(e) :
		       0;
}

static int set_stop_signal(const struct option_call *c, struct err *e)
{
	if (*c->text && signal_from_name(sv_from(c->text)) < 0)
		return err_set(e, EINVAL, "invalid signal: %.40s (signal(7): SIGTERM, TERM, 15, RTMIN+3)", c->text);
	options(c)->config.stop_signal = *c->text ? c->text : NULL;
	return 0;
}

static const struct option rows[] = {
	{ "annotation", 0, "KEY=VALUE", "put an annotation into the runtime-spec", add_annotation },
	{ "domainname", 0, "NAME", "NIS domain name in the container", set_domainname },
	{ "entrypoint", 0, "COMMAND", "run this instead of the image's entry point; '' for none", set_entrypoint },
	{ "env", 'e', "NAME[=VALUE]", "set an environment variable; without a value, as it is here", option_env,
	  RUN_FIELD(config.env) },
	{ "env-file", 0, "FILE", "set the environment variables of a file, one NAME=VALUE a line", option_env_file,
	  RUN_FIELD(file_env) },
	{ "group-add", 0, "GROUP", "a further group of the user, by name or number", add_group },
	{ "hostname", 'h', "NAME", "host name in the container (default: the first 12 digits of its id)",
	  set_hostname, .late = true },
	{ "init", 0, NULL, "run the command below a small first process that reaps and passes signals on",
	  option_switch, RUN_FIELD(config.init) },
	{ "label", 'l', "NAME[=VALUE]", "put a label on the container", set_label },
	{ "label-file", 0, "FILE", "put the labels of a file on the container", set_label_file },
	{ "stop-signal", 0, "SIGNAL", "signal that stops the container (default: the image's, or SIGTERM)",
	  set_stop_signal, .late = true },
	{ "stop-timeout", 0, "SECONDS", "time between this signal and SIGKILL (default 10; -1 is for ever)", option_i64,
	  RUN_FIELD(config.stop_timeout_s) },
	{ "user", 'u', "USER[:GROUP]", "user and group to run as, by name or number", option_user,
	  RUN_FIELD(config.user), .late = true },
	{ "workdir", 'w', "PATH", "working directory in the container", option_workdir, RUN_FIELD(config.workdir),
	  .late = true },
};

OPTION_GROUP(opt_process, "Process", rows);
