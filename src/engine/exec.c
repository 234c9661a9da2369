/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec.h"

#include "base/id.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/scope.h"
#include "records/containers.h"
#include "engine/conversation.h"
#include "spec/env.h"
#include "engine/running.h"
#include "spec/user.h"
#include "kernel/procfs.h"
#include "monitor/charter.h"
#include "monitor/outcome.h"
#include "storage/rootview.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

struct exec {
	struct engine *en;
	const struct exec_config *config;
	struct arena arena;
	struct id id;
	int state_dir;
	struct charter charter;
	struct oci_process process;
	uint32_t session;
	bool found; /* the container: it runs */
	struct conversation talk;
};

/* ---- the container ---------------------------------------------------------------------------------------------- */

static int not_running(const struct exec *x, struct err *e)
{
	return outcome_check_exec(OUTCOME_EXITED, x->id.hex, e);
}

static int find_row(struct exec *x, struct err *e)
{
	struct container_row row;
	struct db *db;
	int r = engine_db(x->en, &db, e);

	if (r == 0)
		r = containers_find(db, sv_from(x->config->container), &x->arena, &row, e);
	return r < 0 ? r : sv_copy(sv_from(row.id), x->id.hex, sizeof x->id.hex);
}

/* What runs has a state directory, and often needs no database to be found. */
static int find_container(struct exec *x, struct err *e)
{
	int r;

	if (running_find(x->en, sv_from(x->config->container), &x->id) &&
	    engine_state_dir(x->en, x->id.hex, false, &x->state_dir, NULL) == 0)
		return 0;
	x->id.hex[0] = '\0';
	r = find_row(x, e);
	if (r == 0)
		r = engine_state_dir(x->en, x->id.hex, false, &x->state_dir, e);
	return r == -ENOENT && x->id.hex[0] ? not_running(x, e) : r;
}

/* As late as possible: the monitor wakes up once, and not once more for the request. */
static int connect_monitor(struct exec *x, struct err *e)
{
	int sock = control_connect(x->state_dir, e);

	if (sock == -ENOENT || sock == -ECONNREFUSED)
		return not_running(x, e);
	if (sock < 0)
		return sock;
	x->talk.sock = sock;
	return 0;
}

/* ---- the user, as the container's files have it now --------------------------------------------------------------- */

/* Of the first process; it is still that one after its root was opened. */
static int open_root_of(struct exec *x, const struct outcome *o, int *ret, struct err *e)
{
	char path[32];
	scoped_fd root = -1;
	uint64_t ticks;
	int r;

	(void)snprintf(path, sizeof path, "%d/root", (int)o->pid);
	root = openat(x->en->host->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return errno == ENOENT || errno == ESRCH ? not_running(x, e) : err_sys(e, "open proc/%s", path);
	r = procfs_start_ticks(x->en->host, o->pid, &ticks, e);
	if (r == -ENOENT || r == -ESRCH || (r == 0 && ticks != o->pid_start_ticks))
		return not_running(x, e);
	if (r == 0)
		*ret = fd_take(&root);
	return r;
}

static int open_root(struct exec *x, int *ret, struct err *e)
{
	scoped_fd dir = -1;
	struct outcome o;
	int r = engine_container_dir(x->en, x->id.hex, false, &dir, e);

	if (r == 0)
		r = outcome_read(dir, &o, e);
	if (r == -ENOENT) /* it is being removed */
		return not_running(x, e);
	if (r == 0)
		r = outcome_check_exec(o.state, x->id.hex, e);
	return r < 0 ? r : open_root_of(x, &o, ret, e);
}

static int find_user(struct exec *x, struct user *ret, struct err *e)
{
	const char *want = x->config->user && *x->config->user ? x->config->user : x->charter.exec_user;
	scoped_buf passwd = BUF(LIMIT_PASSWD), group = BUF(LIMIT_PASSWD);
	scoped_fd root = -1;
	int r = open_root(x, &root, e);

	if (r == 0)
		r = rootview_read_optional(root, "etc/passwd", &passwd, e);
	if (r == 0)
		r = rootview_read_optional(root, "etc/group", &group, e);
	if (r == 0)
		r = user_find(sv_from(want), buf_sv(&passwd), buf_sv(&group), &x->arena, ret, e);
	if (r == 0 && x->charter.exec_groups_strict)
		ret->groups.n = 1; /* the primary one comes first */
	return r < 0 ? r : user_add_groups(ret, &x->charter.exec_groups, buf_sv(&group), &x->arena, e);
}

/* ---- its document ----------------------------------------------------------------------------------------------- */

static int make_env(struct exec *x, const char *home, struct err *e)
{
	struct oci_strings *env = &x->process.env;
	int r;

	*env = x->charter.exec_env;
	if (x->config->tty && !env_find(env, SV("TERM")) && env_put(&x->arena, env, "TERM=xterm") < 0)
		return err_oom(e);
	r = env_merge(&x->arena, env, &x->config->env, e);
	if (r < 0)
		return r;
	return env_put_home(&x->arena, env, home) < 0 ? err_oom(e) : 0;
}

static int make_workdir(struct exec *x, struct err *e)
{
	const char *want = x->config->workdir && *x->config->workdir ? x->config->workdir : x->charter.exec_workdir;

	if (!want || !*want)
		want = "/";
	if (*want != '/')
		return err_set(e, EINVAL, "the working directory '%.80s' is invalid, it needs to be an absolute path",
			       want);
	x->process.cwd = path_clean(&x->arena, sv_from(want));
	return x->process.cwd ? 0 : err_oom(e);
}

/* Its first size; later ones are messages. */
static void set_size(struct exec *x)
{
	uint16_t rows, columns;

	if (!x->config->tty || !conversation_size(&rows, &columns))
		return;
	x->process.console_height = rows;
	x->process.console_width = columns;
}

static int make_process(struct exec *x, struct err *e)
{
	struct oci_process *p = &x->process;
	struct user u;
	int r = charter_read(x->state_dir, &x->arena, &x->charter, e);

	if (r == -ENOENT)
		return not_running(x, e);
	if (r == 0)
		r = find_user(x, &u, e);
	if (r == 0)
		r = make_env(x, u.home, e);
	if (r == 0)
		r = make_workdir(x, e);
	if (r < 0)
		return r;
	p->uid = u.uid;
	p->gid = u.gid;
	p->additional_gids.v = u.groups.v;
	p->additional_gids.n = u.groups.n;
	p->args = x->config->command;
	p->terminal = x->config->tty;
	set_size(x);
	return 0;
}

static void unwrite_process(const struct exec *x)
{
	char name[40];

	(void)snprintf(name, sizeof name, CONTROL_EXEC_FILE, x->session);
	(void)unlinkat(x->state_dir, name, 0);
}

/* Under a number that nobody else uses: the file itself is the proof. */
static int write_process(struct exec *x, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	scoped_fd fd = -1;
	char name[40];
	int r = oci_process_print(&x->process, &json, e);

	if (r < 0)
		return r;
	do {
		if (getrandom(&x->session, sizeof x->session, 0) != (ssize_t)sizeof x->session)
			return err_sys(e, "getrandom");
		(void)snprintf(name, sizeof name, CONTROL_EXEC_FILE, x->session);
		fd = openat(x->state_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	} while (x->session == 0 || (fd < 0 && errno == EEXIST));
	if (fd < 0)
		return errno == ENOENT ? not_running(x, e) : err_sys(e, "create %s", name); /* its folder has gone */
	r = io_write_all(fd, json.p, json.len, e);
	if (r < 0)
		unwrite_process(x);
	return r < 0 ? err_wrap(e, r, "write %s", name) : 0;
}

/* ---- the conversation ------------------------------------------------------------------------------------------- */

static int prepare(struct exec *x, struct err *e)
{
	int r = find_container(x, e);

	x->found = r == 0;
	if (r == 0)
		r = make_process(x, e);
	return r < 0 ? r : write_process(x, e);
}

static int converse(struct exec *x, struct err *e)
{
	struct control_message m = { .type = CONTROL_EXEC };
	int r = connect_monitor(x, e);

	m.flag =
		(x->config->detach ? CONTROL_EXEC_DETACHED : 0) | (x->config->privileged ? CONTROL_EXEC_PRIVILEGED : 0);
	x->talk.session = x->session;
	if (r == 0)
		r = conversation_begin(&x->talk, &m, e);
	if (r < 0)
		unwrite_process(x);
	else
		r = conversation_run(&x->talk, e);
	return r == -EPIPE && !x->talk.has_started ? not_running(x, e) : r; /* its monitor is ending */
}

/* As Docker: 127 of a command that is not there, 126 of a process that could not be made in a container that runs, 1 of
 * anything else; and of what is detached, whose status nobody waits for. */
static int failure_status(const struct exec *x, int r)
{
	if (x->talk.has_started)
		return x->talk.status;
	if (x->config->detach || !x->found || r == -ESRCH || r == -EBUSY)
		return 1;
	return x->talk.status == 127 ? 127 : 126;
}

static int attached(const struct exec_config *c)
{
	if (c->detach)
		return 0;
	return CONTROL_STDOUT | CONTROL_STDERR | (c->open_stdin ? CONTROL_STDIN : 0);
}

int engine_exec(struct engine *en, const struct exec_config *c, int *ret_status, struct err *e)
{
	struct exec x = { .en = en, .config = c, .arena = ARENA(LIMIT_ARENA_SPEC), .state_dir = -1,
			  .talk = { .sock = -1, .attach = attached(c), .tty = c->tty && !c->detach,
				    .detach_keys = c->detach_keys } };
	struct runtime_spec empty;
	int r = conversation_check(&x.talk, e);

	runtime_spec_init(&empty);
	x.process = empty.process;
	if (r == 0)
		r = prepare(&x, e);
	if (r == 0)
		r = converse(&x, e);
	conversation_end(&x.talk);
	if (x.talk.sock >= 0)
		close(x.talk.sock);
	if (x.state_dir >= 0)
		close(x.state_dir);
	arena_done(&x.arena);
	*ret_status = r < 0 ? failure_status(&x, r) : x.talk.status;
	return r;
}
