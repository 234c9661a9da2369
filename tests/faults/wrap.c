/* SPDX-License-Identifier: Apache-2.0 */
/* wrap.c - the fault build: the N-th call of one part fails, or kills its process.
 *
 * TARE_FAULT="ROLE:N:WHAT" in the environment. ROLE: what the process said by fault_role(), before that its program's name.
 * N counts from 1 over all processes of that role in one run. WHAT: an errno by name ("ENOMEM") or number, AUTO (the call's
 * own likely one, calls.h), KILL (the process gets SIGKILL before it calls), or MEMORY: then N counts allocations, which are
 * no calls for the others. TARE_FAULT_COUNT names a file that all
 * processes of a run share (struct shared): calls counted by role, the call that was hit, and the last descriptor that was
 * found where it should not be: open and not close-on-exec when a program is executed (a container's command gets 0, 1
 * and 2, a monitor its control socket too), or open when one of the short-lived programs ends. What a program was given
 * when it began is not its own. Both variables, and that of protection.c, reach every program that tare starts, but no
 * container. */
#include "calls.h"

#include "base/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define ROLES(X) X(tare) X(monitor) X(child) X(runtime) X(image) X(reap) X(process) X(mounter) X(net)
enum role {
#define X(name) ROLE_##name,
	ROLES(X)
#undef X
	ROLE_COUNT
};
static const char *const role_names[] = {
#define X(name) #name,
	ROLES(X)
#undef X
};

struct shared {
	uint32_t calls[16];  /* by role, in the order of ROLES */
	uint32_t memory[16]; /* allocations, likewise */
	uint32_t hit;       /* 1: the fault was reached */
	char call[28];      /* the call that it hit */
	char leak[96];      /* "tare: descriptor 5 (/dev/null) open at its end" */
};

enum { ERROR_AUTO = -1, ERROR_KILL = -2, ERROR_MEMORY = -3 };

static struct shared unshared, *shared = &unshared;
static enum role own_role, fail_role = ROLE_COUNT;
static uint32_t fail_at;
static int fail_error;
static char entries[3][512]; /* of the environment, by variables[]; empty where it is not set */
static bool given[256]; /* descriptors that were open when this program began */

static const char *const variables[] = { "TARE_FAULT", "TARE_FAULT_COUNT", "TARE_UNPROTECTED" };

static int find_role(const char *name, size_t n)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		if (strlen(role_names[i]) == n && memcmp(role_names[i], name, n) == 0)
			return i;
	return -1;
}

void fault_role(const char *role)
{
	int found = find_role(role, strlen(role));

	if (found >= 0)
		own_role = (enum role)found;
}

static int find_error(const char *text)
{
	if (strcmp(text, "AUTO") == 0)
		return ERROR_AUTO;
	if (strcmp(text, "KILL") == 0)
		return ERROR_KILL;
	if (strcmp(text, "MEMORY") == 0)
		return ERROR_MEMORY;
	for (int code = 1; code < 134; code++) {
		const char *name = strerrorname_np(code);

		if (name && strcmp(name, text) == 0)
			return code;
	}
	return (int)strtol(text, NULL, 10);
}

static void bad_spec(const char *spec)
{
	(void)dprintf(2, "TARE_FAULT=%s: expected ROLE:N:ERRNO\n", spec);
	_exit(99);
}

static void parse_spec(const char *spec)
{
	const char *colon = strchr(spec, ':');
	int found = colon ? find_role(spec, (size_t)(colon - spec)) : -1;
	char *end;

	if (found < 0)
		bad_spec(spec);
	fail_at = (uint32_t)strtoul(colon + 1, &end, 10);
	if (*end != ':')
		bad_spec(spec);
	fail_error = find_error(end + 1);
	if (fail_error == 0)
		bad_spec(spec);
	fail_role = (enum role)found;
}

/* ---- descriptors; by syscall(2): nothing here may count itself ------------------------------------------------- */

static long flags_of(int fd)
{
	return syscall(SYS_fcntl, fd, F_GETFD);
}

static void note_given(void)
{
	for (int fd = 3; fd < (int)(sizeof given / sizeof *given); fd++)
		given[fd] = flags_of(fd) >= 0;
}

static void leaked(int fd, const char *when)
{
	char link[32], path[40] = "?";

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	(void)syscall(SYS_readlink, link, path, sizeof path - 1);
	memset(shared->leak, 0, sizeof shared->leak);
	(void)snprintf(shared->leak, sizeof shared->leak, "%s: descriptor %d (%s) open %s", role_names[own_role], fd,
		       path, when);
}

/* In between is a monitor about to be, which still plays the part of who starts it. */
static bool may_pass_on(int fd)
{
	if (own_role == ROLE_child || own_role == ROLE_process)
		return false;
	return given[fd] || (own_role != ROLE_monitor && fd == 3);
}

static void look_before_exec(void)
{
	for (int fd = 3; fd < (int)(sizeof given / sizeof *given); fd++) {
		long flags = flags_of(fd);

		if (flags >= 0 && !(flags & FD_CLOEXEC) && !may_pass_on(fd))
			leaked(fd, "at an exec");
	}
}

__attribute__((destructor)) static void look_at_the_end(void)
{
	if (own_role == ROLE_monitor || own_role == ROLE_child || own_role == ROLE_process)
		return;
	for (int fd = 3; fd < (int)(sizeof given / sizeof *given); fd++)
		if (!given[fd] && flags_of(fd) >= 0)
			leaked(fd, "at its end");
}

/* By syscall(2): nothing here may count itself. */
static void map_shared(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	void *p;

	if (fd < 0 || syscall(SYS_ftruncate, fd, sizeof *shared) < 0) {
		(void)dprintf(2, "TARE_FAULT_COUNT=%s: %s\n", path, strerror(errno));
		_exit(99);
	}
	p = (void *)syscall(SYS_mmap, NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		shared = p;
	syscall(SYS_close, fd);
}

static void guess_role(void)
{
	const char *name = program_invocation_short_name, *dash = strrchr(name, '-');

	fault_role(dash ? dash + 1 : name);
}

static void keep_entries(void)
{
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			(void)snprintf(entries[i], sizeof entries[i], "%s=%s", variables[i], value);
	}
}

__attribute__((constructor)) static void fault_begin(void)
{
	const char *spec = getenv("TARE_FAULT"), *path = getenv("TARE_FAULT_COUNT");

	guess_role();
	note_given();
	keep_entries();
	if (spec && *spec)
		parse_spec(spec);
	if (path && *path)
		map_shared(path);
}

/* SIGKILL from inside does not end the first process of a pid namespace; an illegal instruction does. */
static void die(void)
{
	syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	__builtin_trap();
}

static void hit(const char *call)
{
	size_t n = strlen(call);

	shared->hit = 1;
	memcpy(shared->call, call, n < sizeof shared->call ? n + 1 : sizeof shared->call);
}

/* fault_here - true: this call is to fail, and errno says how */
static bool fault_here(const char *call, int usual_error)
{
	uint32_t n = __atomic_add_fetch(&shared->calls[own_role], 1, __ATOMIC_RELAXED);

	if (own_role != fail_role || n != fail_at || fail_error == ERROR_MEMORY)
		return false;
	hit(call);
	if (fail_error == ERROR_KILL)
		die();
	errno = fail_error == ERROR_AUTO ? usual_error : fail_error;
	return true;
}

static bool memory_here(const char *call, int usual_error)
{
	uint32_t n = __atomic_add_fetch(&shared->memory[own_role], 1, __ATOMIC_RELAXED);

	if (own_role != fail_role || n != fail_at || fail_error != ERROR_MEMORY)
		return false;
	hit(call);
	errno = usual_error;
	return true;
}

static bool is_ours(const char *entry)
{
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		size_t n = strlen(variables[i]);

		if (strncmp(entry, variables[i], n) == 0 && entry[n] == '=')
			return true;
	}
	return false;
}

/* handed_on - the environment with our variables, unless it is a container's */
static char *const *handed_on(char *const *envp)
{
	static char *list[1024];
	size_t n = 0;

	if (own_role == ROLE_child || own_role == ROLE_process)
		return envp;
	for (; envp && *envp && n < 1000; envp++)
		if (!is_ours(*envp))
			list[n++] = *envp;
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
		if (*entries[i])
			list[n++] = entries[i];
	list[n] = NULL;
	return list;
}

#define WRAP_IF(here, name, type, failure, error, params, args)                       \
	type __real_##name params;                                                    \
	type __wrap_##name params;                                                    \
	type __wrap_##name params                                                     \
	{ return here(#name, error) ? (type)(failure) : __real_##name args; }
#define WRAP(...) WRAP_IF(fault_here, __VA_ARGS__)
FAULT_CALLS(WRAP)
static bool lets_go(int cmd, long arg)
{
	return (cmd == F_SETLK || cmd == F_SETLKW || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW) &&
	       ((const struct flock *)arg)->l_type == F_UNLCK;
}

#define UNLESS_LETS_GO(name, error) !lets_go(c, a) && fault_here(name, error)
#define WRAP_UNLESS_UNLOCKED(...) WRAP_IF(UNLESS_LETS_GO, __VA_ARGS__)
FAULT_UNLESS_UNLOCKED(WRAP_UNLESS_UNLOCKED)
#define WRAP_MEMORY(...) WRAP_IF(memory_here, __VA_ARGS__)
FAULT_MEMORY(WRAP_MEMORY)

static bool exec_here(const char *call, int usual_error)
{
	look_before_exec();
	return fault_here(call, usual_error);
}

#define WRAP_EXEC(name, error, params, args) WRAP_IF(exec_here, name, int, -1, error, params, args)
FAULT_EXECS(WRAP_EXEC)

/* json-c 0.16 does not survive a malloc(3) that fails (it hashes what strdup(3) gave it), so its own calls are led here by
 * meson.build and never fail. */
void *fault_exempt_malloc(size_t n);
void *fault_exempt_calloc(size_t k, size_t n);
void *fault_exempt_realloc(void *p, size_t n);
char *fault_exempt_strdup(const char *s);

void *fault_exempt_malloc(size_t n)
{
	return __real_malloc(n);
}

void *fault_exempt_calloc(size_t k, size_t n)
{
	return __real_calloc(k, n);
}

void *fault_exempt_realloc(void *p, size_t n)
{
	return __real_realloc(p, n);
}

char *fault_exempt_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = __real_malloc(n);

	return copy ? memcpy(copy, s, n) : NULL;
}

/* posix_spawn(3) gives its error as its value. */
int __real_posix_spawn(pid_t *, const char *, const void *, const void *, char *const *, char *const *);
int __wrap_posix_spawn(pid_t *, const char *, const void *, const void *, char *const *, char *const *);
int __wrap_posix_spawn(pid_t *pid, const char *path, const void *actions, const void *attributes, char *const *argv,
		       char *const *envp)
{
	if (exec_here("posix_spawn", EAGAIN))
		return errno;
	return __real_posix_spawn(pid, path, actions, attributes, argv, handed_on(envp));
}
