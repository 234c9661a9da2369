/* SPDX-License-Identifier: Apache-2.0 */
#include "systemd/client.h"

#include "base/scope.h"
#include "systemd/installed.h"

#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PROGRAM "tare-systemd"

static bool usable(char ret[static PATH_MAX], struct sv dir, const char *below)
{
	int n = snprintf(ret, PATH_MAX, SV_FMT "%s/" PROGRAM, SV_ARG(dir), below);

	return n > 0 && n < PATH_MAX && access(ret, X_OK) == 0;
}

static bool beside(char ret[static PATH_MAX], struct sv dir)
{
	return usable(ret, dir, "") || usable(ret, dir, "/../libexec/tare");
}

/* Where a program of this name without a slash was found: execvp(3). */
static bool beside_in_path(const char *argv0, char ret[static PATH_MAX])
{
	struct sv rest = sv_from(getenv("PATH")), dir;
	char own[PATH_MAX];

	while (sv_next(&rest, ':', &dir)) {
		int n = snprintf(own, sizeof own, SV_FMT "/%s", SV_ARG(dir), argv0);

		if (dir.n && n > 0 && n < (int)sizeof own && access(own, X_OK) == 0)
			return beside(ret, dir);
	}
	return false;
}

int unit_manager_find(const char *argv0, char ret[static PATH_MAX], struct err *e)
{
	struct sv dir, name;

	if (sv_rcut(sv_from(argv0), '/', &dir, &name) ? beside(ret, dir) : beside_in_path(argv0, ret))
		return 0;
	if (usable(ret, SV(TARE_LIBEXEC), ""))
		return 0;
	return err_set(e, ENOENT,
		       PROGRAM " is neither beside this program nor in ../libexec/tare of it, nor in " TARE_LIBEXEC);
}

/* ---- the program --------------------------------------------------------------------------------------------------- */

static int spawn(const struct unit_manager *m, int fd, pid_t *ret, struct err *e)
{
	char *argv[] = { (char *)PROGRAM, m->user ? (char *)"--user" : NULL, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	r = posix_spawn(ret, m->program, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r ? err_set(e, r, "%s: %s", m->program, strerror(r)) : 0;
}

int unit_client_open(const struct unit_manager *m, struct unit_client *ret, struct err *e)
{
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	r = spawn(m, pair[1], &pid, e);
	close(pair[1]);
	if (r < 0) {
		close(pair[0]);
		return r;
	}
	*ret = (struct unit_client){ pair[0], pid };
	return 0;
}

void unit_client_close(struct unit_client *c)
{
	if (c->fd < 0)
		return;
	(void)shutdown(c->fd, SHUT_RDWR); /* a child that was cloned meanwhile has it, too */
	close(fd_take(&c->fd));
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* ---- requests ------------------------------------------------------------------------------------------------------ */

static void put_word(struct buf *b, const char *word)
{
	buf_put(b, word, strlen(word) + 1);
}

static void put_property(struct buf *b, const struct unit_property *p)
{
	char count[24];
	size_t n = 0;

	while (p->words[n])
		n++;
	(void)snprintf(count, sizeof count, "%zu", n);
	put_word(b, p->name);
	put_word(b, p->signature);
	put_word(b, count);
	for (size_t i = 0; i < n; i++)
		put_word(b, p->words[i]);
}

static bool next_word(struct sv *s, struct sv *ret)
{
	return sv_next(s, '\0', ret);
}

static int refused(struct sv rest, struct err *e)
{
	struct sv code, text;
	uint64_t number;

	if (!next_word(&rest, &code) || !next_word(&rest, &text) || sv_u64(code, &number) < 0 || number == 0 ||
	    number > 4095)
		return err_set(e, EPROTO, "systemd: an answer that makes no sense");
	return err_set(e, (int)number, "systemd: " SV_FMT, SV_ARG(text));
}

static int hear(struct unit_client *c, char *ret_text, size_t size, struct err *e)
{
	char answer[CGROUP_TEXT + 64];
	struct sv rest, word, text;
	ssize_t n;

	do
		n = recv(c->fd, answer, sizeof answer, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, PROGRAM);
	rest = (struct sv){ answer, (size_t)n };
	if (n == 0 || !next_word(&rest, &word))
		return err_set(e, EPIPE, PROGRAM " ended without an answer");
	if (!sv_is(word, "ok"))
		return refused(rest, e);
	if (!next_word(&rest, &text) || (ret_text && sv_copy(text, ret_text, size) < 0))
		return err_set(e, EPROTO, "systemd: an answer that makes no sense");
	return 0;
}

static int ask(struct unit_client *c, const char *verb, const char *unit, const struct unit_properties *p,
	       char *ret_text, size_t size, struct err *e)
{
	scoped_buf b = BUF(UNIT_REQUEST_MAX);
	int r;

	put_word(&b, verb);
	put_word(&b, unit);
	for (size_t i = 0; p && i < p->n; i++)
		put_property(&b, &p->v[i]);
	r = buf_status(&b, e);
	if (r < 0)
		return err_wrap(e, r, "properties of %s", unit);
	if (send(c->fd, b.p, b.len, MSG_NOSIGNAL) < 0)
		return err_sys(e, PROGRAM);
	return hear(c, ret_text, size, e);
}

static int of_unit(int r, const char *unit, struct err *e)
{
	return r < 0 ? err_wrap(e, r, "%s", unit) : 0;
}

int unit_start(struct unit_client *c, const char *unit, const struct unit_properties *p,
	       char ret_cgroup[static CGROUP_TEXT], struct err *e)
{
	return of_unit(ask(c, "start", unit, p, ret_cgroup, CGROUP_TEXT, e), unit, e);
}

int unit_slice(struct unit_client *c, const char *slice, const struct unit_properties *p,
	       char ret_cgroup[static CGROUP_TEXT], struct err *e)
{
	return of_unit(ask(c, "slice", slice, p, ret_cgroup, CGROUP_TEXT, e), slice, e);
}

int unit_attach(struct unit_client *c, const char *unit, const char *below, pid_t pid, struct err *e)
{
	char number[16];
	const char *words[] = { number, below, NULL };
	struct unit_property process = { .name = "PIDs", .signature = "au", .words = words };

	(void)snprintf(number, sizeof number, "%d", (int)pid);
	return of_unit(ask(c, "attach", unit, &(struct unit_properties){ .v = &process, .n = 1 }, NULL, 0, e), unit, e);
}

int unit_settle(struct unit_client *c, struct err *e)
{
	return ask(c, "settle", "", NULL, NULL, 0, e);
}

int unit_set(struct unit_client *c, const char *unit, const struct unit_properties *p, struct err *e)
{
	return of_unit(ask(c, "set", unit, p, NULL, 0, e), unit, e);
}

int unit_stop(struct unit_client *c, const char *unit, struct err *e)
{
	return of_unit(ask(c, "stop", unit, NULL, NULL, 0, e), unit, e);
}
