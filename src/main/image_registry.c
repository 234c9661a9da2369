/* SPDX-License-Identifier: Apache-2.0 */
/* image_registry.c - what settings and Docker's config.json say about registries; tare-image login. */
#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/docker_config.h"
#include "main/image_session.h"
#include "oci/reference.h"

#include <string.h>
#include <termios.h>

/* Docker's place for a registry's certificates is looked at too. */
static const char *const certs_dirs[] = { "/etc/tare/certs.d", "/etc/docker/certs.d", NULL };

static int kept_login(void *arg, const char *domain, struct arena *a, struct registry_login *ret, struct err *e)
{
	return docker_config_login(docker_config_path(a), domain, a, ret, e);
}

struct registry_options session_registry(struct session *s)
{
	const struct settings *settings = &s->settings;

	return (struct registry_options){ .mirrors = settings->registry_mirrors,
					  .insecure = settings->insecure_registries,
					  .timeout_s = settings->registry_timeout_s,
					  .attempts = settings->registry_attempts,
					  .certs_dirs = certs_dirs,
					  .login = kept_login,
					  .arg = s };
}

/* ---- login --------------------------------------------------------------------------------------------------- */

struct asked {
	const char *user, *password, *domain;
	bool from_stdin;
};

static int given_login(void *arg, const char *domain, struct arena *a, struct registry_login *ret, struct err *e)
{
	*ret = *(const struct registry_login *)arg;
	return 0;
}

static int say(const char *text, struct err *e)
{
	return io_write_all(STDOUT_FILENO, text, strlen(text), e);
}

/* A line of standard input without its end; an unseen one on a terminal. */
static int read_line(const char *prompt, bool unseen, struct arena *a, const char **ret, struct err *e)
{
	char line[4096];
	struct termios before, quiet;
	bool silence = unseen && tcgetattr(STDIN_FILENO, &before) == 0;
	int r;

	if (silence) { /* before it is asked for: who types at once is not shown either */
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	r = say(prompt, e);
	if (r == 0 && !fgets(line, sizeof line, stdin))
		r = err_set(e, ECANCELED, "nothing was typed");
	if (silence) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		(void)say("\n", NULL);
	}
	if (r < 0)
		return r;
	line[strcspn(line, "\r\n")] = '\0';
	*ret = arena_str(a, line);
	return *ret ? 0 : err_oom(e);
}

static int read_stdin(struct arena *a, const char **ret, struct err *e)
{
	scoped_buf b = BUF(LIMIT_TOKEN);
	int r = io_read_fd(STDIN_FILENO, &b, e);

	while (r == 0 && b.len && (b.p[b.len - 1] == '\n' || b.p[b.len - 1] == '\r'))
		b.len--;
	if (r == 0)
		*ret = arena_sv(a, buf_sv(&b));
	return r == 0 && !*ret ? err_set(e, EINVAL, "a zero byte in the password") : r;
}

/* What was not said is asked for. */
static int complete(struct asked *asked, struct arena *a, struct err *e)
{
	int r = 0;

	if (asked->from_stdin)
		r = read_stdin(a, &asked->password, e);
	else if ((!asked->user || !asked->password) && !isatty(STDIN_FILENO))
		return err_set(e, EINVAL, "Cannot perform an interactive login from a non TTY device");
	if (r == 0 && !asked->user)
		r = read_line("Username: ", false, a, &asked->user, e);
	if (r == 0 && !asked->password)
		r = read_line("Password: ", true, a, &asked->password, e);
	if (r == 0 && !asked->user[0])
		r = err_set(e, EINVAL, "Error: Non-null Username Required");
	if (r == 0 && !asked->password[0])
		r = err_set(e, EINVAL, "Error: Password Required");
	return r;
}

static int try_login(struct session *s, const char *domain, const char *address, const struct registry_login *login,
		     struct http *h, struct err *e)
{
	struct registry_options o = session_registry(s);
	struct http_request q = { .url = "", .body_fd = -1 };
	struct http_response response;
	scoped_registry reg = NULL;
	scoped_buf b = BUF(64u << 10);
	int r;

	o.login = given_login;
	o.arg = (void *)login;
	r = registry_open(&o, address, domain, "", "", h, &reg, e);
	if (r == 0)
		r = registry_ask(reg, h, &q, &b, &response, e);
	return r == -ENOENT ? 0 : r; /* it lets us in, and has nothing there */
}

static int check_login(struct session *s, const char *domain, const struct registry_login *login, struct err *e)
{
	struct registry_options o = session_registry(s);
	struct oci_strings addresses;
	scoped_http h = NULL;
	int r = http_setup(e);

	o.mirrors.n = 0;
	if (r == 0)
		r = http_new(&h, e);
	if (r == 0)
		r = registry_addresses(&o, domain, &s->arena, &addresses, e);
	for (size_t i = 0; r == 0 && i < addresses.n; i++) {
		r = try_login(s, domain, addresses.v[i], login, h, e);
		if (r == 0 || r == -EACCES || i + 1 == addresses.n)
			break;
		r = 0;
	}
	return r;
}

static int keep_login(struct session *s, const char *domain, const struct registry_login *login, struct err *e)
{
	const char *path = docker_config_path(&s->arena);
	scoped_buf b = BUF(8192);
	bool plain = false;
	int r = docker_config_store(path, domain, login, &plain, e);

	if (r == 0 && plain) {
		buf_putf(&b,
			 "\nWARNING! Your credentials are stored unencrypted in '%s'.\n"
			 "Configure a credential helper to remove this warning.\n\n",
			 path);
		r = io_write_all(STDERR_FILENO, b.p, b.len, e);
	}
	return r == 0 ? say("Login Succeeded\n", e) : r;
}

/* Somebody who logged in before is asked nothing. */
static int login_again(struct session *s, const char *domain, struct err *e)
{
	struct registry_login kept = { NULL };
	int r = docker_config_login(docker_config_path(&s->arena), domain, &s->arena, &kept, e);

	if (r < 0 || (!kept.user && !kept.identity_token))
		return r < 0 ? r : -ENOENT;
	r = say("Authenticating with existing credentials...\n", e);
	if (r == 0)
		r = check_login(s, domain, &kept, e);
	return r == 0 ? say("Login Succeeded\n", e) : r;
}

static int parse(int argc, char **argv, struct asked *ret, struct err *e)
{
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--password-stdin") == 0)
			ret->from_stdin = true;
		else if (strcmp(argv[i], "--username") == 0 && i + 1 < argc)
			ret->user = argv[++i];
		else if (strcmp(argv[i], "--password") == 0 && i + 1 < argc)
			ret->password = argv[++i];
		else
			return err_set(e, EINVAL, "unknown option %s", argv[i]);
	}
	if (i + 1 != argc)
		return err_set(e, EINVAL, "usage: tare-image login [--username USER] [--password-stdin] REGISTRY");
	ret->domain = argv[i];
	return 0;
}

int image_login(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked asked = { NULL };
	struct registry_login login;
	int r = parse(argc, argv, &asked, e);

	if (r == 0 && !asked.user && !asked.password && !asked.from_stdin) {
		r = login_again(s, asked.domain, e);
		if (r != -ENOENT && (r == 0 || !isatty(STDIN_FILENO)))
			return r < 0 ? err_wrap(e, r, "login %s", asked.domain) : 0;
		r = 0;
	}
	if (r == 0)
		r = complete(&asked, &s->arena, e);
	if (r < 0)
		return r;
	login = (struct registry_login){ asked.user, asked.password, NULL };
	r = check_login(s, asked.domain, &login, e);
	if (r == 0)
		r = keep_login(s, asked.domain, &login, e);
	return r < 0 ? err_wrap(e, r, "login %s", asked.domain) : 0;
}
