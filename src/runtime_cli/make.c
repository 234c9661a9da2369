/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/make.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/procfs.h"
#include "runtime/joined_mounts.h"
#include "runtime_cli/console.h"
#include "runtime_cli/notify.h"
#include "runtime_cli/pid_file.h"
#include "runtime_cli/preserve.h"
#include "runtime_cli/rdt.h"
#include "runtime_cli/rootless.h"
#include "runtime_cli/start_socket.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#define END_LOCK_TIMEOUT_MS 60000 /* a checkpoint of it may take a while */

static const struct option make_rows[] = {
	{ "bundle", 'b', "DIR", "directory with config.json (default: the current one)", option_text,
	  offsetof(struct make_options, bundle) },
	{ "console-socket", 0, "SOCKET", "socket of the caller's that gets the terminal's master (AF_UNIX)",
	  option_text, offsetof(struct make_options, console_socket) },
	{ "no-new-keyring", 0, NULL, "the container shares the session keyring of the caller", option_switch,
	  offsetof(struct make_options, no_new_keyring) },
	{ "no-pivot", 0, NULL, "has no effect: the root need not be one that pivot_root(2) refuses", option_switch,
	  offsetof(struct make_options, no_pivot) },
	{ "pid-file", 0, "FILE", "file that gets the process id", option_text,
	  offsetof(struct make_options, pid_file) },
	{ "pidfd-socket", 0, "SOCKET", "socket of the caller's that gets a descriptor of the process (AF_UNIX)",
	  option_text, offsetof(struct make_options, pidfd_socket) },
	{ "preserve-fds", 0, "N", "pass on N descriptors from 3 on, after those of LISTEN_FDS", option_i64,
	  offsetof(struct make_options, preserve_fds) },
};
OPTION_GROUP(make_option_group, "Options", make_rows);

/* ---- the record ------------------------------------------------------------------------------------------------- */

static void describe(struct making *m)
{
	const struct bundle *b = &m->bundle;

	m->entry.record =
		(struct record){ .version = STATE_VERSION,
				 .id = m->entry.id,
				 .oci_version = b->spec.oci_version,
				 .bundle = b->dir,
				 .rootfs = b->spec.root.path,
				 .created_ns = clock_real_ns(),
				 .owner = m->rt->caller,
				 .shares_keyring = m->options->no_new_keyring,
				 .annotations = b->spec.annotations,
				 .unit = b->plan.unit.manager ? b->plan.unit.name.name : NULL,
				 .unit_user = b->plan.unit.manager && b->plan.unit.manager->user,
				 .cgroup = m->rt->facts.cgroup.mode == CGROUP_MODE_NONE || b->plan.without_cgroup ?
						   NULL :
						   b->plan.cgroup_path };
	m->entry.has_record = true;
}

/* The document needs no rename(2): nobody reads it before there is a `state`. */
static int save_config(struct making *m, struct err *e)
{
	scoped_fd fd = openat(m->entry.dir, STATE_CONFIG, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "create %s", STATE_CONFIG);
	return io_write_all(fd, m->bundle.json.p, m->bundle.json.len, e);
}

/* While the child sets itself up. */
static int write_down(struct making *m, struct err *e)
{
	struct record *r = &m->entry.record;
	char *boot_id = arena_alloc(m->rt->arena, BOOT_ID_SIZE);
	int rc = boot_id ? procfs_boot_id(&m->rt->host, boot_id, e) : err_oom(e);

	if (rc == 0)
		rc = procfs_start_ticks(&m->rt->host, m->container.pid, &r->start_ticks, e);
	if (rc < 0)
		return rc;
	r->boot_id = boot_id;
	r->pid = m->container.pid;
	if (m->container.unit) /* systemd says where its units are */
		r->cgroup = m->container.cgroup_path;
	rc = save_config(m, e);
	return rc < 0 ? rc : entry_write(&m->entry, e);
}

/* ---- the steps -------------------------------------------------------------------------------------------------- */

static int read_and_plan(struct making *m, const char *id, struct err *e)
{
	struct plan_inputs in = { .id = id };
	unsigned listen_fds;
	int r = bundle_read(m->rt, m->options->bundle, &m->bundle, e);

	if (r == 0 && rootless_is_needed())
		return rootless_enter(m->rt, &m->bundle.spec, e);
	if (r == 0)
		rootless_settle(m->rt, &m->bundle.spec);
	if (r == 0)
		r = console_check(m->bundle.spec.process.terminal, m->options->detach, m->options->console_socket, e);
	if (r == 0)
		r = preserve_fds(m->options->preserve_fds, &in.preserve_fds, &listen_fds, e);
	if (r == 0 && listen_fds)
		r = preserve_env(m->rt->arena, listen_fds, &m->bundle.spec.process.env, e);
	if (r == 0 && (m->notify_to = notify_asked(&m->bundle.spec)))
		r = notify_plan(m->rt, id, &m->bundle.spec, e);
	in.shares_keyring = m->options->no_new_keyring;
	in.start_socket = m->held ? START_SOCKET_COMES : 0;
	return r < 0 ? r : bundle_plan(m->rt, &m->bundle, in, e);
}

/* The record says what will be its own before that is made. */
static int look_for_class(struct making *m, struct err *e)
{
	struct record *r = &m->entry.record;
	scoped_fd dir = rdt_open(&m->rt->host, e);
	struct rdt rdt;
	int rc = dir < 0 ? dir : rdt_look(&m->bundle.spec, m->entry.id, dir, &rdt, e);

	if (rc < 0)
		return rc;
	r->rdt = rdt.clos;
	r->rdt_made = rdt.made;
	r->rdt_monitoring = m->bundle.spec.intel_rdt.enable_monitoring;
	return 0;
}

static int make_class(struct making *m, struct err *e)
{
	const struct record *r = &m->entry.record;
	scoped_fd dir = r->rdt ? rdt_open(&m->rt->host, e) : -1;

	if (!r->rdt)
		return 0;
	return dir < 0 ? dir :
			 rdt_make(&(struct rdt){ dir, r->rdt, r->rdt_made }, &m->bundle.spec, m->entry.id,
				  m->container.pid, e);
}

static int claim(struct making *m, const char *id, struct err *e)
{
	int r = entry_claim(m->rt, id, &m->entry, e);

	if (r < 0)
		return r;
	describe(m);
	r = m->bundle.spec.intel_rdt.present ? look_for_class(m, e) : 0;
	if (r == 0)
		r = entry_write_first(&m->entry, e);
	if (r == 0 && m->notify_to)
		r = notify_make(m->entry.dir, e);
	if (r == 0 && m->notify_to && !m->held)
		r = notify_listen(m->entry.dir, &m->notify, e);
	if (r == 0 && m->held)
		r = start_socket_open(m->entry.dir, &m->start_socket, e);
	if (r == 0 && m->held)
		m->bundle.plan.start_socket = m->start_socket;
	return r;
}

static int note_root(struct making *m, struct err *e)
{
	int r = joined_mounts_id(&m->rt->host, m->container.pid, &m->entry.record.root_mount, e);

	return r < 0 ? r : entry_write(&m->entry, e);
}

static int birth(struct making *m, struct err *e)
{
	int r = container_begin(&m->bundle.plan, &m->rt->host, (int[]){ -1, -1, -1 }, NULL, NULL, &m->container,
				e);

	if (r < 0)
		return r;
	m->made = true;
	r = write_down(m, e);
	if (r == 0)
		r = make_class(m, e);
	if (r < 0)
		return r;
	r = container_ready(&m->container, &m->bundle.plan, e);
	m->made = r == 0;
	return r < 0 || !m->bundle.plan.mount_ns_path ? r : note_root(m, e);
}

static int tell_engine(struct making *m, struct err *e)
{
	int r = 0;

	if (m->console >= 0 && m->container.console >= 0) {
		r = console_send(m->console, m->container.console, e);
		close(fd_take(&m->container.console));
	}
	if (r == 0)
		r = pidfd_socket_send(m->options->pidfd_socket, m->container.pid, e);
	return r < 0 ? r : pid_file_write(m->options->pid_file, m->container.pid, e);
}

/* Before the bundle becomes the working directory. */
static int settle_paths(struct runtime *rt, struct make_options *o, struct err *e)
{
	int r = runtime_path(rt, &o->console_socket, e);

	if (r == 0)
		r = runtime_path(rt, &o->pidfd_socket, e);
	return r < 0 ? r : runtime_path(rt, &o->pid_file, e);
}

int make_claim(struct runtime *rt, const char *id, struct make_options *options, bool held, struct making *m,
	       struct err *e)
{
	int r = entry_check_id(id, e);

	*m = (struct making){ .rt = rt, .options = options, .entry = ENTRY, .bundle = BUNDLE, .held = held,
			      .console = -1, .start_socket = -1, .notify = -1 };
	if (r == 0)
		r = settle_paths(rt, options, e);
	if (r == 0)
		r = read_and_plan(m, id, e);
	if (r == 0 && options->console_socket)
		r = console_connect("--console-socket", options->console_socket, &m->console, e);
	return r < 0 ? r : claim(m, id, e);
}

int make_written(struct making *m, struct err *e)
{
	int r = write_down(m, e);

	return r < 0 ? r : tell_engine(m, e);
}

int make_ready(struct runtime *rt, const char *id, struct make_options *options, bool held, struct making *m,
	       struct err *e)
{
	int r = make_claim(rt, id, options, held, m, e);

	if (r == 0)
		r = birth(m, e);
	if (r == 0)
		r = tell_engine(m, e);
	if (r < 0)
		make_abort(m);
	return r;
}

static int write_end(struct making *m, int wstatus, struct err *e)
{
	m->entry.record.end = (struct record_end){ .present = true, .exit_code = container_status_code(wstatus),
						   .signal = WIFSIGNALED(wstatus) ? WTERMSIG(wstatus) : 0,
						   .time_ns = clock_real_ns() };
	return entry_write(&m->entry, e);
}

/* Nothing of it may be touched any more: its name, and its group's, may be another container's. */
static int deleted_meanwhile(struct making *m)
{
	m->made = false;
	container_forget(&m->container);
	return 0;
}

int make_notify(struct making *m, struct err *e)
{
	if (m->notify < 0)
		return 0;
	close(fd_take(&m->entry.lock)); /* others may change it, and delete it */
	return notify_wait(m->notify, m->notify_to, m->container.pid, m->container.pidfd, e);
}

int make_wait(struct making *m, const sigset_t *set, int *ret_status, struct err *e)
{
	struct foreground f = { m->container.pidfd, m->container.console, set, m->notify, m->notify_to };
	int wstatus = 0, r;

	close(fd_take(&m->entry.lock)); /* others may change it, and delete it */
	r = foreground_wait(&f, e);
	if (r == 0)
		r = container_wait(&m->container, &wstatus, e);
	if (r < 0)
		return r;
	*ret_status = container_status_code(wstatus);
	r = entry_lock(m->rt, &m->entry, END_LOCK_TIMEOUT_MS, e);
	if (r < 0)
		return r == -ENOENT ? deleted_meanwhile(m) : r;
	if (m->options->keep)
		return write_end(m, wstatus, e);
	m->made = false;
	r = container_delete(&m->container, e);
	bundle_unmount(m->rt, &m->bundle, &m->entry.record);
	bundle_poststop(&m->bundle, m->entry.id);
	return r < 0 ? r : entry_remove(m->rt, &m->entry, e);
}

void make_abort(struct making *m)
{
	struct err ignored;

	if (m->made) {
		(void)container_delete(&m->container, &ignored);
		bundle_unmount(m->rt, &m->bundle, &m->entry.record);
		bundle_poststop(&m->bundle, m->entry.id);
	}
	m->made = false;
	if (m->entry.lock >= 0 ||
	    (m->entry.dir >= 0 && m->entry.has_record && entry_lock(m->rt, &m->entry, 0, &ignored) == 0))
		(void)entry_remove(m->rt, &m->entry, &ignored);
}

void make_done(struct making *m)
{
	if (m->made)
		container_forget(&m->container);
	if (m->start_socket >= 0)
		close(fd_take(&m->start_socket));
	if (m->console >= 0)
		close(fd_take(&m->console));
	if (m->notify >= 0)
		close(fd_take(&m->notify));
	entry_close(&m->entry);
	bundle_done(&m->bundle);
}
