/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker_config.h"

#include "base/base64.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define HUB_KEY "https://index.docker.io/v1/"
#define HELPER "docker-credential-"
#define HELPER_MAX 64
#define TOKEN_USER "<token>" /* of a helper: the secret is an identity token */
#define NOT_FOUND "credentials not found"

static void json_scope_end(struct json_object **o)
{
	json_object_put(*o);
}

#define scoped_json SCOPED(json_scope_end) struct json_object *

const char *docker_config_path(struct arena *a)
{
	const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");

	if (dir && *dir)
		return arena_fmt(a, "%s/config.json", dir);
	return home && *home ? arena_fmt(a, "%s/.docker/config.json", home) : NULL;
}

const char *docker_config_key(const char *domain)
{
	return strcmp(domain, REFERENCE_DOCKER_HUB) == 0 ? HUB_KEY : domain;
}

/* ---- the file ------------------------------------------------------------------------------------------------ */

static int read_config(const char *path, struct json_object **ret, struct err *e)
{
	scoped_buf b = BUF(LIMIT_DOCKER_CONFIG);
	struct err missing = { 0 };
	int r = io_read_at(AT_FDCWD, path, &b, &missing);

	if (r == -ENOENT || (r == 0 && b.len == 0)) {
		*ret = json_object_new_object();
		return *ret ? 0 : err_oom(e);
	}
	if (r < 0)
		return err_set(e, -r, "%s", missing.msg);
	*ret = json_tokener_parse(b.p);
	if (json_object_is_type(*ret, json_type_object))
		return 0;
	json_object_put(*ret);
	return err_set(e, EINVAL, "%s: not a JSON object", path);
}

static int write_config(const char *path, struct json_object *config, struct err *e)
{
	const char *text = json_object_to_json_string_ext(
		config, JSON_C_TO_STRING_PRETTY_TAB | JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	const char *slash = strrchr(path, '/');
	scoped_free char *dir = slash ? sv_dup((struct sv){ path, (size_t)(slash - path) }) : NULL;
	scoped_fd fd = -1;
	int r;

	if (!text || (slash && !dir))
		return err_oom(e);
	r = dir ? io_mkdirs(dir, 0700, &fd, e) : 0;
	if (r == 0)
		r = io_replace_at(dir ? fd : AT_FDCWD, slash ? slash + 1 : path, text, strlen(text), 0600, IO_DISK_NOW,
				  e);
	return r;
}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &value) ? value : NULL;
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *value = member(o, key);
	const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;

	return text && *text ? text : NULL;
}

/* "https://host:5000/v1/" is host:5000, as Docker reads old files. */
static struct sv host_of(const char *key)
{
	const char *after = strstr(key, "://");
	struct sv host, rest;

	(void)sv_cut(sv_from(after ? after + 3 : key), '/', &host, &rest);
	return host;
}

/* Its own key, or else one of the same host. */
static struct json_object *entry_of(struct json_object *config, const char *domain)
{
	struct json_object *auths = member(config, "auths"), *own = member(auths, docker_config_key(domain));

	if (own || !json_object_is_type(auths, json_type_object))
		return own;
	json_object_object_foreach(auths, key, value) {
		if (sv_is(host_of(key), domain))
			return value;
	}
	return NULL;
}

/* The helper's name; NULL: the file keeps it. */
static const char *helper_of(struct json_object *config, const char *domain)
{
	struct json_object *helpers = member(config, "credHelpers");
	const char *name = text_of(helpers, domain);

	if (!name)
		name = text_of(helpers, docker_config_key(domain));
	return name ? name : text_of(config, "credsStore");
}

/* ---- helpers ------------------------------------------------------------------------------------------------- */

struct helper {
	pid_t pid;
	int in, out; /* its standard input and output, our ends */
};

static int pipes(int ret[4], struct err *e)
{
	if (pipe2(ret, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	if (pipe2(ret + 2, O_CLOEXEC) == 0)
		return 0;
	close(ret[0]);
	close(ret[1]);
	return err_sys(e, "pipe");
}

static int start_helper(const char *name, const char *verb, struct helper *ret, struct err *e)
{
	char program[sizeof HELPER + HELPER_MAX];
	char *argv[] = { program, (char *)verb, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t pipe_signal;
	int p[4], r;

	if (strlen(name) > HELPER_MAX || strchr(name, '/'))
		return err_set(e, EINVAL, "\"%.80s\" is not a credential helper's name", name);
	(void)snprintf(program, sizeof program, HELPER "%s", name);
	r = pipes(p, e);
	if (r < 0)
		return r;
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, p[0], STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, p[3], STDOUT_FILENO);
	(void)sigemptyset(&pipe_signal);
	(void)sigaddset(&pipe_signal, SIGPIPE);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigdefault(&attr, &pipe_signal);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnp(&ret->pid, program, &actions, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	close(p[0]);
	close(p[3]);
	ret->in = p[1];
	ret->out = p[2];
	if (r == 0)
		return 0;
	close(p[1]);
	close(p[2]);
	return err_set(e, r, "start %s: %s", program, strerror(r));
}

/* 0, and what it said is in b; -EIO: it failed, and b has why; else it could not be started. */
static int run_helper(const char *name, const char *verb, const char *input, struct buf *b, struct err *e)
{
	struct helper h;
	int status = 0, r = start_helper(name, verb, &h, e);
	void (*before)(int);

	if (r < 0)
		return r;
	before = signal(SIGPIPE, SIG_IGN);
	(void)io_write_all(h.in, input, strlen(input), NULL); /* what it does not want to hear, it does not need */
	(void)signal(SIGPIPE, before);
	close(h.in);
	r = io_read_fd(h.out, b, e);
	close(h.out);
	while (waitpid(h.pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for " HELPER "%s", name);
	if (r < 0)
		return err_wrap(e, r, HELPER "%s", name);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, EIO, HELPER "%s %s: %.200s", name, verb, b->p ? b->p : "failed");
}

static int helper_login(const char *name, const char *domain, struct arena *a, struct registry_login *ret,
			struct err *e)
{
	scoped_buf b = BUF(LIMIT_DOCKER_CONFIG);
	scoped_json answer = NULL;
	const char *user, *secret;
	int r = run_helper(name, "get", docker_config_key(domain), &b, e);

	if (r == -EIO && b.p && strstr(b.p, NOT_FOUND))
		return 0;
	if (r < 0)
		return r;
	answer = json_tokener_parse(b.p ? b.p : "");
	user = text_of(answer, "Username");
	secret = text_of(answer, "Secret");
	if (!user || !secret)
		return err_set(e, EPROTO, HELPER "%s: it gives no user and secret", name);
	if (strcmp(user, TOKEN_USER) == 0) {
		ret->identity_token = arena_str(a, secret);
		return ret->identity_token ? 0 : err_oom(e);
	}
	ret->user = arena_str(a, user);
	ret->password = arena_str(a, secret);
	return ret->user && ret->password ? 0 : err_oom(e);
}

/* ---- what it is for ------------------------------------------------------------------------------------------ */

static int file_login(struct json_object *entry, const char *path, const char *domain, struct arena *a,
		      struct registry_login *ret, struct err *e)
{
	const char *auth = text_of(entry, "auth"), *token = text_of(entry, "identitytoken");
	struct sv text;
	const char *colon;

	if (token) {
		ret->identity_token = arena_str(a, token);
		return ret->identity_token ? 0 : err_oom(e);
	}
	if (!auth)
		return 0;
	if (base64_decode(sv_from(auth), a, &text, NULL) < 0)
		text = SV("");
	while (text.n && !text.p[text.n - 1]) /* Docker's client takes them away too */
		text.n--;
	colon = memchr(text.p, ':', text.n);
	if (!colon || memchr(text.p, '\0', text.n))
		return err_set(e, EINVAL, "%s: auths: %s: auth: not base64 of USER:PASSWORD", path, domain);
	ret->user = arena_sv(a, (struct sv){ text.p, (size_t)(colon - text.p) });
	ret->password = colon + 1;
	return ret->user ? 0 : err_oom(e);
}

int docker_config_login(const char *path, const char *domain, struct arena *a, struct registry_login *ret,
			struct err *e)
{
	struct registry_login login = { NULL };
	scoped_json config = NULL;
	const char *helper;
	int r = path ? read_config(path, &config, e) : 0;

	if (r < 0 || !path) {
		if (r == 0)
			*ret = login;
		return r;
	}
	helper = helper_of(config, domain);
	r = helper ? helper_login(helper, domain, a, &login, e) :
		     file_login(entry_of(config, domain), path, domain, a, &login, e);
	if (r == 0)
		*ret = login;
	return r;
}

static int put_entry(struct json_object *config, const char *domain, const struct registry_login *login, struct err *e)
{
	scoped_buf plain = BUF(LIMIT_TOKEN), coded = BUF(2 * LIMIT_TOKEN);
	struct json_object *auths = member(config, "auths"), *entry = json_object_new_object();

	if (!json_object_is_type(auths, json_type_object)) {
		auths = json_object_new_object();
		json_object_object_add(config, "auths", auths);
	}
	if (login && login->identity_token) {
		json_object_object_add(entry, "identitytoken", json_object_new_string(login->identity_token));
	} else if (login) {
		buf_putf(&plain, "%s:%s", login->user, login->password);
		base64_put(&coded, (struct sv){ plain.p, plain.len });
		if (plain.failed || coded.failed) {
			json_object_put(entry);
			return buf_status(plain.failed ? &plain : &coded, e);
		}
		json_object_object_add(entry, "auth", json_object_new_string(coded.p));
	}
	json_object_object_add(auths, docker_config_key(domain), entry);
	return 0;
}

static int helper_store(const char *helper, const char *domain, const struct registry_login *login, struct err *e)
{
	scoped_json o = json_object_new_object();
	scoped_buf said = BUF(LIMIT_DOCKER_CONFIG);
	bool token = login->identity_token != NULL;

	if (!o)
		return err_oom(e);
	json_object_object_add(o, "ServerURL", json_object_new_string(docker_config_key(domain)));
	json_object_object_add(o, "Username", json_object_new_string(token ? TOKEN_USER : login->user));
	json_object_object_add(o, "Secret", json_object_new_string(token ? login->identity_token : login->password));
	return run_helper(helper, "store", json_object_to_json_string(o), &said, e);
}

/* With a helper the file has an empty entry, as Docker's: that somebody logged in. */
int docker_config_store(const char *path, const char *domain, const struct registry_login *login, bool *ret_plain,
			struct err *e)
{
	scoped_json config = NULL;
	const char *helper;
	int r = path ? read_config(path, &config, e) : err_set(e, ENOENT, "neither DOCKER_CONFIG nor HOME is set");

	if (r < 0)
		return r;
	helper = helper_of(config, domain);
	if (helper)
		r = helper_store(helper, domain, login, e);
	if (r == 0)
		r = put_entry(config, domain, helper ? NULL : login, e);
	if (r == 0)
		r = write_config(path, config, e);
	if (r == 0)
		*ret_plain = !helper;
	return r;
}

int docker_config_erase(const char *path, const char *domain, bool *ret_found, struct err *e)
{
	scoped_json config = NULL;
	scoped_buf said = BUF(LIMIT_DOCKER_CONFIG);
	const char *helper;
	bool found;
	int r = path ? read_config(path, &config, e) : err_set(e, ENOENT, "neither DOCKER_CONFIG nor HOME is set");

	if (r < 0)
		return r;
	helper = helper_of(config, domain);
	found = entry_of(config, domain) != NULL;
	if (helper)
		r = run_helper(helper, "erase", docker_config_key(domain), &said, e);
	if (r == -EIO && said.p && strstr(said.p, NOT_FOUND))
		r = 0;
	if (r == 0 && found) {
		json_object_object_del(member(config, "auths"), docker_config_key(domain));
		json_object_object_del(member(config, "auths"), domain);
		r = write_config(path, config, e);
	}
	if (r == 0)
		*ret_found = found;
	return r;
}
