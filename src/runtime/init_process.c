/* SPDX-License-Identifier: Apache-2.0 */
/* Stages 1, 3 and 4 of init_proc.c: joins, identity, command. */
#include "runtime/init_proc.h"

#include "base/io.h"
#include "base/protection.h"
#include "base/scope.h"
#include "kernel/capability.h"
#include "kernel/seccomp.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* ---- stage 1 ---------------------------------------------------------------------------------------------------- */

int init_cgroup_join(struct init *in, const struct step *s, struct err *e)
{
	(void)s;
	return cgroup_join(in->cgroup, e);
}

int init_cgroup_ns(struct init *in, const struct step *s, struct err *e)
{
	(void)in;
	(void)s;
	if (!protects(PROTECT_CGROUP_NAMESPACE))
		return 0;
	return unshare(CLONE_NEWCGROUP) < 0 ? err_sys(e, "unshare the cgroup namespace") : 0;
}

/* setns(2) is told which kind it has to be. */
int init_join_failed(const struct step *s, struct err *e)
{
	if (errno == EINVAL)
		return err_set(e, EINVAL, "%s namespace: %s is not a %s namespace", s->path, s->source, s->path);
	return err_sys(e, "%s namespace: setns %s", s->path, s->source);
}

int init_ns_join(struct init *in, const struct step *s, struct err *e)
{
	scoped_fd fd = open(s->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	(void)in;
	if (fd < 0)
		return err_sys(e, "%s namespace: open %s", s->path, s->source);
	return setns(fd, (int)s->set) < 0 ? init_join_failed(s, e) : 0;
}

/* Keys of the caller's session are not the container's. By name, so that what is executed in it later joins; for that its user may
 * find it. A kernel without keys, or somebody who keeps us from them, keeps the container from them too. */
int init_keyring(const char *name, struct err *e)
{
	const unsigned long mode = 0x3f1b0000; /* possessor: all; user: view, read, search, link */
	long id = name ? sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)(uintptr_t)name, 0) : -1;

	if (!name || (id < 0 && (errno == ENOSYS || errno == EPERM)))
		return 0;
	if (id < 0)
		return err_sys(e, "keyctl: join the session keyring %s", name);
	return sys_keyctl(KEYCTL_SETPERM, (unsigned long)id, mode) < 0 && errno != EACCES ?
		       err_sys(e, "keyctl: permissions of the session keyring") :
		       0;
}

int init_session(struct init *in, const struct step *s, struct err *e)
{
	umask(0); /* modes are as the plan has them until UMASK */
	if (init_keyring(s->path, e) < 0)
		return -e->code;
	if (protects(PROTECT_SESSION) && setsid() < 0)
		return err_sys(e, "setsid");
	for (int i = 0; i < 3; i++)
		if (in->stdio[i] >= 0 && dup2(in->stdio[i], i) < 0)
			return err_sys(e, "dup2 to descriptor %d", i);
	return 0;
}

/* A new network namespace has its `lo` down: netdevice(7) */
int init_loopback(struct init *in, const struct step *s, struct err *e)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo" };

	(void)s;
	if (fd < 0)
		return err_sys(e, "socket for the loopback interface");
	init_drop(in, fd);
	lo.ifr_flags = IFF_UP | IFF_RUNNING;
	return ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? err_sys(e, "set the loopback interface up") : 0;
}

/* ---- stage 3 ---------------------------------------------------------------------------------------------------- */

int init_hostname(struct init *in, const struct step *s, struct err *e)
{
	(void)in;
	return sethostname(s->path, strlen(s->path)) < 0 ? err_sys(e, "sethostname %s", s->path) : 0;
}

int init_domainname(struct init *in, const struct step *s, struct err *e)
{
	(void)in;
	return setdomainname(s->path, strlen(s->path)) < 0 ? err_sys(e, "setdomainname %s", s->path) : 0;
}

int init_oom_score_adj(struct init *in, const struct step *s, struct err *e)
{
	scoped_fd fd = openat(in->host_proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	char text[16];
	int n = snprintf(text, sizeof text, "%d", (int)s->n[0]), r;

	if (fd < 0)
		return err_sys(e, "open oom_score_adj");
	r = io_write_all(fd, text, (size_t)n, e);
	return r < 0 ? err_wrap(e, r, "oom_score_adj %d", (int)s->n[0]) : 0;
}

int init_rlimit(struct init *in, const struct step *s, struct err *e)
{
	struct rlimit limit = { (rlim_t)s->n[1], (rlim_t)s->n[2] };

	if (s->n[0] == RLIMIT_NOFILE) /* what is still to be opened, a filter's listener, has its number below it */
		fd_run_close(&in->done);
	return setrlimit((int)s->n[0], &limit) < 0 ? err_sys(e, "setrlimit %s", s->path) : 0;
}

int init_no_new_privs(struct init *in, const struct step *s, struct err *e)
{
	(void)in;
	(void)s;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? err_sys(e, "prctl PR_SET_NO_NEW_PRIVS") : 0;
}

int init_bounding(struct init *in, const struct step *s, struct err *e)
{
	/* who enters a user namespace has them all there, whatever the host side has */
	uint64_t held = in->plan->userns ? ~UINT64_C(0) : in->plan->facts->capabilities;

	return cap_drop_bounding(held, s->set, e);
}

/* /dev/stdout, /proc/self/fd/1, the terminal: the user may open again what it was given, as with other runtimes. Only what
 * is there for the container: pipes and its own terminal, not a file or terminal of the host. An id that is not mapped,
 * or a pipe of somebody else's, stays as it is. */
int init_own_stdio(const int fds[3], uid_t uid, bool terminal, struct err *e)
{
	for (int i = 0; i < 3; i++) {
		struct stat st;

		if (fstat(fds[i], &st) < 0 || st.st_uid == uid)
			continue;
		if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode) && !(S_ISCHR(st.st_mode) && terminal))
			continue;
		if (fchown(fds[i], uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM && errno != EROFS)
			return err_sys(e, "change the owner of descriptor %d", i);
	}
	return 0;
}

/* Outside of the user namespace: n[0] is an id of the host. */
int init_stdio_owner(struct init *in, const struct step *s, struct err *e)
{
	(void)in;
	return init_own_stdio((const int[]){ 0, 1, 2 }, (uid_t)s->n[0], false, e);
}

/* The user changes, the capabilities stay until CAPABILITIES: a filter may still have to be installed. */
int init_user(struct init *in, const struct step *s, struct err *e)
{
	const struct oci_process *pr = &in->plan->spec->process;
	uint64_t held = in->plan->facts->capabilities;
	gid_t groups[NGROUPS_MAX > 256 ? 256 : NGROUPS_MAX];
	struct cap_sets keep = { .effective = held, .permitted = held };

	if (pr->additional_gids.n > ARRAY_LEN(groups))
		return err_set(e, EINVAL, "process.user.additionalGids: more than %zu", ARRAY_LEN(groups));
	for (size_t i = 0; i < pr->additional_gids.n; i++)
		groups[i] = (gid_t)pr->additional_gids.v[i];
	if (!in->plan->facts->setgroups_denied && protects(PROTECT_GROUPS) &&
	    sys_setgroups(pr->additional_gids.n, groups) < 0)
		return err_sys(e, "setgroups");
	if (init_own_stdio((const int[]){ 0, 1, 2 }, (uid_t)s->n[0], pr->terminal, e) < 0)
		return -e->code;
	if (s->n[0] == 0 && s->n[1] == 0 && geteuid() == 0 && getegid() == 0)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return err_sys(e, "prctl PR_SET_KEEPCAPS");
	if (setresgid((gid_t)s->n[1], (gid_t)s->n[1], (gid_t)s->n[1]) < 0)
		return err_sys(e, "setresgid %lld", (long long)s->n[1]);
	if (setresuid((uid_t)s->n[0], (uid_t)s->n[0], (uid_t)s->n[0]) < 0)
		return err_sys(e, "setresuid %lld", (long long)s->n[0]);
	return cap_apply(&keep, e);
}

/* A working directory must lie in the container: getcwd(2) says "(unreachable)" for one that a descriptor led out of. */
int init_chdir(struct init *in, const struct step *s, struct err *e)
{
	char path[PATH_MAX];
	long n;

	(void)in;
	if (chdir(s->path) < 0)
		return err_sys(e, "working directory %s", s->path);
	n = syscall(SYS_getcwd, path, sizeof path);
	if ((n <= 0 || path[0] != '/') && protects(PROTECT_WORKING_FOLDER))
		return err_set(e, EACCES, "working directory %s lies outside the container", s->path);
	return 0;
}

int init_umask(struct init *in, const struct step *s, struct err *e)
{
	(void)in;
	(void)e;
	umask((mode_t)s->n[0]);
	return 0;
}

/* ---- the command: as execvp(3) finds it, with the messages that engines map to 126 and 127 ------------------------ */

static const char *path_of(char *const *env)
{
	for (; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

static int try_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int not_found(const char *name, int rc, struct err *e)
{
	if (rc == -EACCES)
		return err_set(e, EACCES, "exec: \"%s\": permission denied", name);
	if (rc == -EISDIR)
		return err_set(e, EACCES, "exec: \"%s\": is a directory", name);
	if (rc != -ENOENT && rc != -ENOTDIR && rc != -ELOOP && rc != -ENAMETOOLONG)
		return err_set(e, -rc, "exec: \"%s\": stat %s: %s", name, name, strerror(-rc));
	if (strchr(name, '/'))
		return err_set(e, ENOENT, "exec: \"%s\": stat %s: no such file or directory", name, name);
	return err_set(e, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

int init_find(struct init *in, const struct step *s, struct err *e)
{
	struct sv rest = sv_from(path_of(in->plan->envp)), dir;
	int r, worst = -ENOENT;

	if (strchr(s->path, '/')) {
		r = try_program(s->path);
		if (r < 0)
			return not_found(s->path, r, e);
		return sv_copy(sv_from(s->path), in->program, sizeof in->program) < 0 ? not_found(s->path, -ENOENT, e) :
											0;
	}
	while (sv_next(&rest, ':', &dir)) {
		int n = snprintf(in->program, sizeof in->program, SV_FMT "%s%s", SV_ARG(dir), dir.n ? "/" : "./",
				 s->path);

		if (n < 0 || (size_t)n >= sizeof in->program)
			continue;
		r = try_program(in->program);
		if (r == 0)
			return 0;
		if (r != -ENOENT && r != -ENOTDIR && r != -EISDIR)
			worst = r;
	}
	return not_found(s->path, worst, e);
}

/* ---- stage 4 ---------------------------------------------------------------------------------------------------- */

/* A listener is fetched by its number: what hands over descriptors, sendmsg(2), may be a call that the filter asks the
 * listener about. write(2) cannot be (seccomp.h). */
static int announce_listener(struct init *in, int fd, struct err *e)
{
	const struct init_message m = { .kind = INIT_LISTENER, .err = { .code = fd } };
	char word;
	ssize_t n = write(in->sync, &m, sizeof m);

	if (n != (ssize_t)sizeof m)
		return err_sys(e, "linux.seccomp: tell of the listener");
	do
		n = read(in->sync, &word, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(125);
	close(fd);
	return 0;
}

int init_seccomp(struct init *in, const struct step *s, struct err *e)
{
	unsigned flags = in->plan->seccomp_flags;
	int r;

	(void)s;
	if (!protects(PROTECT_SECCOMP))
		return 0;
	if (in->deaf)
		flags &= ~(unsigned)(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	r = seccomp_install(&in->filter, flags, e);
	return r > 0 && flags & SECCOMP_FILTER_FLAG_NEW_LISTENER ? announce_listener(in, r, e) : r < 0 ? r : 0;
}

int init_capabilities(struct init *in, const struct step *s, struct err *e)
{
	struct cap_sets sets = in->plan->caps;

	sets.permitted |= (uint64_t)s->n[0];
	sets.effective |= (uint64_t)s->n[0];
	return cap_apply(&sets, e);
}

int init_exec(struct init *in, const struct step *s, struct err *e)
{
	execve(in->program, in->plan->argv, in->plan->envp);
	switch (errno) {
	case ENOENT: /* the file is there: its interpreter is not */
		return err_set(e, ENOENT, "exec %s: no such file or directory (is its interpreter missing?)",
			       in->program);
	case EACCES:
		return err_set(e, EACCES, "exec %s: permission denied", in->program);
	case ENOEXEC:
		return err_set(e, ENOEXEC, "exec %s: exec format error", in->program);
	default:
		return err_sys(e, "exec %s", s->path);
	}
}
