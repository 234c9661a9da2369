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
 * when it began is not its own.
 *
 * TARE_FAULT_SEEN="FILE:TIMES": the first point from the N-th on whose callers (the return addresses from the call up to where
 * the program begins) have not been there TIMES times already, in this or another run with that FILE. Another call from there
 * would fail in the same place. A program's addresses must be the same in every run: setarch(8) -R. All these variables, and
 * that of protection.c, reach every program that tare starts, but no container. */
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
#include <unwind.h>

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
	uint32_t at;        /* the number of that call */
	uint32_t same;      /* points that were left out before it, because their callers were there already */
	char program[24];
	uint64_t callers[24]; /* return addresses in it, the innermost first; 0 behind the last */
};

/* TARE_FAULT_SEEN: how often each stack of callers was there, by its hash; two runs may write at the same time. */
#define SEEN_SLOTS (1u << 17)
struct seen {
	uint64_t stacks[SEEN_SLOTS];
	uint32_t times[SEEN_SLOTS];
};

enum { ERROR_AUTO = -1, ERROR_KILL = -2, ERROR_MEMORY = -3 };

static struct shared unshared, *shared = &unshared;
static enum role own_role, fail_role = ROLE_COUNT;
static uint32_t fail_at;
static int fail_error;
static struct seen *seen;
static uint32_t seen_times;
static bool unwinding;
static char entries[4][512]; /* of the environment, by variables[]; empty where it is not set */
static bool given[256]; /* descriptors that were open when this program began */

static const char *const variables[] = { "TARE_FAULT", "TARE_FAULT_COUNT", "TARE_FAULT_SEEN", "TARE_UNPROTECTED" };

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
static void *map_file(const char *path, size_t size)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	void *p;

	if (fd < 0 || syscall(SYS_ftruncate, fd, size) < 0) {
		(void)dprintf(2, "%s: %s\n", path, strerror(errno));
		_exit(99);
	}
	p = (void *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	return p == MAP_FAILED ? NULL : p;
}

static void map_shared(const char *path)
{
	struct shared *p = map_file(path, sizeof *p);

	if (p)
		shared = p;
}

static void map_seen(const char *spec)
{
	const char *colon = strrchr(spec, ':');
	char path[sizeof entries[0]];

	seen_times = colon ? (uint32_t)strtoul(colon + 1, NULL, 10) : 0;
	if (seen_times == 0) {
		(void)dprintf(2, "TARE_FAULT_SEEN=%s: expected FILE:TIMES\n", spec);
		_exit(99);
	}
	(void)snprintf(path, sizeof path, "%.*s", (int)(colon - spec), spec);
	seen = map_file(path, sizeof *seen);
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
	const char *spec = getenv("TARE_FAULT"), *path = getenv("TARE_FAULT_COUNT"),
		   *stacks = getenv("TARE_FAULT_SEEN");

	guess_role();
	note_given();
	keep_entries();
	if (spec && *spec)
		parse_spec(spec);
	if (path && *path)
		map_shared(path);
	if (stacks && *stacks)
		map_seen(stacks);
}

/* ---- callers ---------------------------------------------------------------------------------------------------- */

static _Unwind_Reason_Code mix_caller(struct _Unwind_Context *context, void *arg)
{
	uint64_t *hash = arg;

	*hash = (*hash ^ _Unwind_GetIP(context)) * 0x9E3779B97F4A7C15u;
	*hash ^= *hash >> 29;
	return _URC_NO_REASON;
}

/* callers - the stack above this call, for this part and this program; the unwinder's own memory is none of a point's */
static uint64_t callers(void)
{
	uint64_t hash = own_role + 1;

	for (const char *p = program_invocation_short_name; *p; p++)
		hash = hash * 31 + (unsigned char)*p;
	unwinding = true;
	_Unwind_Backtrace(mix_caller, &hash);
	unwinding = false;
	return hash ? hash : 1;
}

/* is_known - these callers were here often enough; if not, this is one time more */
static bool is_known(uint64_t hash)
{
	for (uint32_t i = 0, slot; i < SEEN_SLOTS; i++) {
		uint64_t empty = 0;

		slot = (uint32_t)(hash + i) % SEEN_SLOTS;
		if (__atomic_compare_exchange_n(&seen->stacks[slot], &empty, hash, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) ||
		    empty == hash)
			return __atomic_fetch_add(&seen->times[slot], 1, __ATOMIC_RELAXED) >= seen_times;
	}
	return false;
}

/* SIGKILL from inside does not end the first process of a pid namespace; an illegal instruction does. */
static void die(void)
{
	syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	__builtin_trap();
}

static _Unwind_Reason_Code keep_caller(struct _Unwind_Context *context, void *arg)
{
	size_t *n = arg;

	if (*n == sizeof shared->callers / sizeof *shared->callers)
		return _URC_END_OF_STACK;
	shared->callers[(*n)++] = _Unwind_GetIP(context);
	return _URC_NO_REASON;
}

static void keep_callers(void)
{
	size_t n = 0;

	(void)snprintf(shared->program, sizeof shared->program, "%s", program_invocation_short_name);
	unwinding = true;
	_Unwind_Backtrace(keep_caller, &n);
	unwinding = false;
}

static void hit(const char *call, uint32_t n)
{
	size_t length = strlen(call);

	shared->hit = 1;
	shared->at = n;
	memcpy(shared->call, call, length < sizeof shared->call ? length + 1 : sizeof shared->call);
	keep_callers();
}

/* is_point - the n-th of its kind is to fail */
static bool is_point(uint32_t n)
{
	if (own_role != fail_role || n < fail_at || shared->hit)
		return false;
	if (!seen)
		return n == fail_at;
	if (!is_known(callers()))
		return true;
	__atomic_add_fetch(&shared->same, 1, __ATOMIC_RELAXED);
	return false;
}

/* fault_here - true: this call is to fail, and errno says how */
static bool fault_here(const char *call, int usual_error)
{
	uint32_t n = __atomic_add_fetch(&shared->calls[own_role], 1, __ATOMIC_RELAXED);

	if (fail_error == ERROR_MEMORY || !is_point(n))
		return false;
	hit(call, n);
	if (fail_error == ERROR_KILL)
		die();
	errno = fail_error == ERROR_AUTO ? usual_error : fail_error;
	return true;
}

static bool memory_here(const char *call, int usual_error)
{
	uint32_t n;

	if (unwinding)
		return false;
	n = __atomic_add_fetch(&shared->memory[own_role], 1, __ATOMIC_RELAXED);
	if (fail_error != ERROR_MEMORY || !is_point(n))
		return false;
	hit(call, n);
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
