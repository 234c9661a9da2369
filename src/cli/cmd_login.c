/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_login.c - `tare login`, which becomes tare-image, and `tare logout`. */
#include "base/scope.h"
#include "cli/image_program.h"
#include "engine/docker_config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct login_options {
	const char *user, *password;
	bool from_stdin;
};

static const struct option rows[] = {
	{ "password", 'p', "PASSWORD", "password or token; others on this host can see it, so better --password-stdin",
	  option_text, offsetof(struct login_options, password) },
	{ "password-stdin", 0, NULL, "read it from standard input", option_switch,
	  offsetof(struct login_options, from_stdin) },
	{ "username", 'u', "USER", "user name", option_text, offsetof(struct login_options, user) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* "https://host:5000/v1/" is host:5000; nothing is docker.io, and so are its other names. */
static int server_of(const struct operands *operands, struct arena *a, const char **ret, struct err *e)
{
	const char *text = operands->n ? operands->v[0] : REFERENCE_DOCKER_HUB, *after = strstr(text, "://");
	struct sv host, rest;
	struct reference ref;
	const char *name;

	(void)sv_cut(sv_from(after ? after + 3 : text), '/', &host, &rest);
	if (sv_is(host, "index.docker.io") || sv_is(host, "registry-1.docker.io"))
		host = SV(REFERENCE_DOCKER_HUB);
	name = arena_fmt(a, SV_FMT "/x", SV_ARG(host));
	if (!name)
		return err_oom(e);
	if (reference_parse(sv_from(name), &ref, NULL) < 0 || !sv_is(host, ref.domain))
		return err_set(e, EINVAL, "%s is not a registry (HOST or HOST:PORT)", text);
	*ret = arena_sv(a, host);
	return *ret ? 0 : err_oom(e);
}

static int run_login(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	static const char insecure[] = "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n";
	const struct login_options *o = options;
	struct image_words words = { .n = 0 };
	const char *server;
	int r = server_of(operands, cli->arena, &server, e);

	if (r == 0 && o->password && o->from_stdin)
		r = err_set(e, EINVAL, "--password and --password-stdin are mutually exclusive");
	if (r == 0 && o->from_stdin && !o->user)
		r = err_set(e, EINVAL, "Must provide --username with --password-stdin");
	if (r < 0)
		return r;
	if (o->password)
		(void)!write(STDERR_FILENO, insecure, strlen(insecure));
	image_word(&words, "login");
	image_word_option(&words, "--username", o->user);
	image_word_option(&words, "--password", o->password);
	if (o->from_stdin)
		image_word(&words, "--password-stdin");
	image_word(&words, server);
	return image_program_become(cli, &words, e);
}

static int run_logout(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(4096);
	const char *server;
	bool found = false;
	int r = server_of(operands, cli->arena, &server, e);

	if (r == 0)
		r = docker_config_erase(docker_config_path(cli->arena), server, &found, e);
	if (r < 0)
		return r;
	buf_putf(&out, found ? "Removing login credentials for %s\n" : "Not logged in to %s\n",
		 docker_config_key(server));
	return cli_print(&out, e);
}

const struct command command_login = {
	.name = "login",
	.args = "[OPTIONS] [REGISTRY]",
	.summary = "log in to a registry",
	.groups = groups,
	.options_size = sizeof(struct login_options),
	.max_args = 1,
	.run = run_login,
};

const struct command command_logout = {
	.name = "logout",
	.args = "[REGISTRY]",
	.summary = "log out of a registry",
	.max_args = 1,
	.run = run_logout,
};
