/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - what busybox cannot ask the kernel: a static program that the system tests mount into containers.
 *
 *   probe call NAME [ARG…]   a system call with numbers as arguments: "ok RESULT" or the name of the error
 *   probe fds                the open descriptors, one a line
 *   probe memory MIB         touches so much memory, then says "touched"
 *   probe forks MAX          forks until it fails or MAX children are there: "NUMBER ERROR"
 *   probe spin SECONDS N     N threads' worth of busy processes for so long
 *   probe ids                real and effective user id
 *   probe type TEXT          types its first character into the terminal that is standard input: "typed" or the name of the error
 *   probe hunt SECONDS       looks at each process that appears, as quickly as it can: capabilities that it has itself not,
 *                            descriptors above 2, programs: "caps HEX", "fd N TARGET", "exe PATH"
 *   probe notify TEXT        one message to NOTIFY_SOCKET, sd_notify(3): "sent" or the name of the error
 *   probe fifo               takes a real-time priority, sched(7): "ok" or the name of the error
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "add_key", SYS_add_key },
	{ "bpf", SYS_bpf },
	{ "clone", SYS_clone },
	{ "clone3", SYS_clone3 },
	{ "fsopen", SYS_fsopen },
	{ "getpid", SYS_getpid },
	{ "init_module", SYS_init_module },
	{ "io_uring_setup", SYS_io_uring_setup },
	{ "kexec_load", SYS_kexec_load },
	{ "keyctl", SYS_keyctl },
	{ "mount", SYS_mount },
	{ "open_by_handle_at", SYS_open_by_handle_at },
	{ "open_tree", SYS_open_tree },
	{ "perf_event_open", SYS_perf_event_open },
	{ "personality", SYS_personality },
	{ "pivot_root", SYS_pivot_root },
	{ "reboot", SYS_reboot },
	{ "setns", SYS_setns },
	{ "socket", SYS_socket },
	{ "syslog", SYS_syslog },
	{ "umount2", SYS_umount2 },
	{ "unshare", SYS_unshare },
	{ "userfaultfd", SYS_userfaultfd },
};

static int call(int argc, char **argv)
{
	long arg[6] = { 0 }, result;

	for (int i = 1; i < argc && i <= 6; i++)
		arg[i - 1] = (long)strtoul(argv[i], NULL, 0);
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (argc == 0 || strcmp(calls[i].name, argv[0]) != 0)
			continue;
		result = syscall(calls[i].number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
		if (result < 0)
			puts(strerrorname_np(errno));
		else
			printf("ok %ld\n", result);
		return 0;
	}
	return 2;
}

static int fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!d)
		return 1;
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.' && (int)strtol(entry->d_name, NULL, 10) != dirfd(d))
			puts(entry->d_name);
	closedir(d);
	return 0;
}

static int memory(size_t mib)
{
	char *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	for (size_t at = 0; at < mib << 20; at += 4096)
		p[at] = 1;
	puts("touched");
	return 0;
}

static int forks(int max)
{
	int n = 0, error = 0;

	while (n < max) {
		pid_t pid = fork();

		if (pid < 0) {
			error = errno;
			break;
		}
		if (pid == 0) {
			pause();
			_exit(0);
		}
		n++;
	}
	printf("%d %s\n", n, error ? strerrorname_np(error) : "none");
	fflush(stdout);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
	return 0;
}

static int spin(int seconds, int n)
{
	time_t end = time(NULL) + seconds;

	for (int i = 1; i < n && fork() > 0; i++)
		;
	while (time(NULL) < end)
		;
	return 0;
}

static int fifo(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	printf("%s\n", sched_setscheduler(0, SCHED_FIFO, &param) < 0 ? strerrorname_np(errno) : "ok");
	return 0;
}

static int notify(const char *text)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (fd < 0 || !path)
		return 1;
	strncpy(to.sun_path, path, sizeof to.sun_path - 1);
	printf("%s\n", sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof to) < 0 ?
			       strerrorname_np(errno) :
			       "sent");
	return 0;
}

/* flip A B SECONDS: exchange two names as fast as can be, the attacker beside a mount (renameat2(2), RENAME_EXCHANGE) */
static int flip(const char *a, const char *b, const char *seconds)
{
	time_t end = time(NULL) + strtol(seconds, NULL, 10);

	while (time(NULL) < end)
		for (int i = 0; i < 1000; i++)
			if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */) < 0)
				return 1;
	return 0;
}

/* ---- hunt: the attacker beside a process that enters the container ------------------------------------------------ */

static unsigned long long caps_of(const char *pid, const char *key)
{
	char path[64], text[4096];
	unsigned long long set = 0;
	const char *at;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%s/status", pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, key);
	if (at)
		set = strtoull(at + strlen(key), NULL, 16);
	return set;
}

static void look_at_fds(const char *pid)
{
	char path[64], target[256];

	for (int fd = 3; fd < 64; fd++) {
		ssize_t n;

		(void)snprintf(path, sizeof path, "/proc/%s/fd/%d", pid, fd);
		n = readlink(path, target, sizeof target - 1);
		if (n > 0)
			printf("fd %d %.*s\n", fd, (int)n, target);
	}
}

static void look_at(int number, unsigned long long own)
{
	char pid[16], path[64], exe[256];
	unsigned long long caps;
	ssize_t n;

	(void)snprintf(pid, sizeof pid, "%d", number);
	caps = caps_of(pid, "CapPrm:");
	if (caps & ~own)
		printf("caps %016llx\n", caps);
	(void)snprintf(path, sizeof path, "/proc/%s/exe", pid);
	n = readlink(path, exe, sizeof exe - 1);
	if (n > 0)
		printf("exe %.*s\n", (int)n, exe);
	look_at_fds(pid);
}

/* The last pid given out in this pid namespace: proc_loadavg(5). Who was not looking for a moment starts from there. */
static int last_pid(void)
{
	char text[128];
	int fd = open("/proc/loadavg", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	const char *at;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ' ');
	return at ? (int)strtol(at, NULL, 10) : 0;
}

static int hunt(int seconds)
{
	unsigned long long own = caps_of("self", "CapBnd:");
	time_t end = time(NULL) + seconds;
	int next = (int)getpid() + 1;

	puts("hunting");
	fflush(stdout);
	while (time(NULL) < end) {
		int last = last_pid();

		if (last < next)
			continue;
		for (int look = 0; look < 20; look++)
			look_at(last, own);
		fflush(stdout); /* it may be killed at any time */
		next = last + 1;
	}
	puts("over");
	return 0;
}

/* Into the terminal that is standard input, as if somebody had typed it: ioctl_tty(2). Where nobody may (EIO, by
 * dev.tty.legacy_tiocsti), whether it is the terminal of our session decides, as it does for TIOCSTI elsewhere. */
static int type(const char *text)
{
	int failed = ioctl(0, TIOCSTI, text) < 0 ? errno : 0;

	if (failed == EIO)
		failed = tcgetpgrp(0) < 0 ? errno : 0;
	return puts(failed ? strerrorname_np(failed) : "typed") < 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int number = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;

	if (strcmp(what, "call") == 0)
		return call(argc - 2, argv + 2);
	if (strcmp(what, "fds") == 0)
		return fds();
	if (strcmp(what, "memory") == 0)
		return memory((size_t)number);
	if (strcmp(what, "forks") == 0)
		return forks(number);
	if (strcmp(what, "hunt") == 0)
		return hunt(number);
	if (strcmp(what, "fifo") == 0)
		return fifo();
	if (strcmp(what, "flip") == 0 && argc == 5)
		return flip(argv[2], argv[3], argv[4]);
	if (strcmp(what, "notify") == 0 && argc == 3)
		return notify(argv[2]);
	if (strcmp(what, "ids") == 0)
		return printf("%u %u\n", (unsigned)getuid(), (unsigned)geteuid()) < 0;
	if (strcmp(what, "type") == 0 && argc == 3)
		return type(argv[2]);
	if (strcmp(what, "spin") == 0)
		return spin(number, argc > 3 ? (int)strtol(argv[3], NULL, 10) : 1);
	return 2;
}
