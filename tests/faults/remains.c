/* SPDX-License-Identifier: Apache-2.0 */
/* remains.c - what a run under faults/run has left, in one process: a look at everything takes a millisecond.
 *
 * fault-remains COUNT WORK PARENT SECONDS [left]: waits until no process of ours is there any more, at most so long. Then, without
 * "left", what the fault build wrote to COUNT (wrap.c, struct shared), four lines: "HIT AT SAME", the call, the descriptor
 * that leaked, the program and its callers' addresses; and a line for each process that is there all the same. With "left": a sorted line for each mount, cgroup, process
 * and file. Ours is a process that has COUNT in its environment, or that is in a group below PARENT. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX 8192

static const char *count, *work, *parent;
static char *lines[LINES_MAX];
static size_t line_count;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	if (line_count == LINES_MAX || vasprintf(&lines[line_count], format, list) < 0) {
		(void)fprintf(stderr, "fault-remains: too much is left\n");
		exit(2);
	}
	va_end(list);
	line_count++;
}

/* read_file - its bytes and a NUL behind them; -1: it is gone by now */
static ssize_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = fd < 0 ? -1 : 1;

	while (fd >= 0 && n < size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[n] = '\0';
	return got < 0 ? -1 : (ssize_t)n;
}

/* ---- processes -------------------------------------------------------------------------------------------------- */

static bool has_entry(const char *text, ssize_t n, const char *entry)
{
	for (const char *p = text; p < text + n; p += strlen(p) + 1)
		if (strcmp(p, entry) == 0)
			return true;
	return false;
}

/* is_ending - a program of ours that has no memory any more, but still its locks; stat: "PID (NAME) STATE" */
static bool is_ending(const char *pid, const char *stat)
{
	const char *name = strchr(stat, '('), *end = strrchr(stat, ')');
	char path[300], text[16];

	if (!name || !end || strncmp(name, "(tare", 5) != 0 || strchr("ZX", end[2]))
		return false;
	(void)snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
	return read_file(path, text, sizeof text) <= 0;
}

/* is_ours - tare-net is not: it stays for a while */
static bool is_ours(const char *pid)
{
	static char text[1 << 17];
	char path[300], stat[1024], entry[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof path, "/proc/%s/stat", pid);
	if (read_file(path, stat, sizeof stat) <= 0 || strstr(stat, "(tare-net)"))
		return false;
	(void)snprintf(path, sizeof path, "/proc/%s/environ", pid);
	(void)snprintf(entry, sizeof entry, "TARE_FAULT_COUNT=%s", count);
	n = read_file(path, text, sizeof text);
	if ((n > 0 && has_entry(text, n, entry)) || is_ending(pid, stat))
		return true;
	(void)snprintf(path, sizeof path, "/proc/%s/cgroup", pid);
	return read_file(path, text, sizeof text) > 0 && strstr(text, parent) != NULL;
}

static void add_process(const char *pid) /* its command, and where in the kernel it waits */
{
	char path[300], text[4096], where[64];
	ssize_t n;

	(void)snprintf(path, sizeof path, "/proc/%s/wchan", pid);
	(void)read_file(path, where, sizeof where);

	(void)snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
	n = read_file(path, text, sizeof text);
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	add("process %s(%s)", text, where);
}

/* list_processes - a line for each of ours */
static void list_processes(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_ours(entry->d_name))
			add_process(entry->d_name);
	if (dir)
		closedir(dir);
}

/* wait_for_ends - what is listed is there when the time is over: one ends and another one begins meanwhile. Twice in a row none
 * is none. */
static void wait_for_ends(long seconds)
{
	struct timespec now, end;
	unsigned none = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (;;) {
		list_processes();
		none = line_count ? 0 : none + 1;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (none == 2 || now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec))
			return;
		while (line_count)
			free(lines[--line_count]);
		usleep(1000);
	}
}

/* ---- mounts, cgroups, files -------------------------------------------------------------------------------------- */

static void add_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[8192];

	while (file && fgets(line, sizeof line, file)) {
		char *rest = strchr(line, ' '); /* behind its number and its parent's */

		rest = rest ? strchr(rest + 1, ' ') : NULL;
		line[strcspn(line, "\n")] = '\0';
		add("mount %s", rest ? rest + 1 : line);
	}
	if (file)
		fclose(file);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void add_groups_below(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char below[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || is_dots(entry->d_name))
			continue;
		if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= (int)sizeof below)
			continue;
		add("cgroup %s", below);
		add_groups_below(below);
	}
	if (dir)
		closedir(dir);
}

static void add_groups(void) /* of all hierarchies, wherever the unified one is */
{
	DIR *dir = opendir("/sys/fs/cgroup");
	struct dirent *entry;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "/sys/fs/cgroup%s", parent);
	add_groups_below(path);
	while (dir && (entry = readdir(dir))) {
		if (is_dots(entry->d_name) || entry->d_type == DT_REG || strcmp(entry->d_name, parent + 1) == 0)
			continue;
		(void)snprintf(path, sizeof path, "/sys/fs/cgroup/%s%s", entry->d_name, parent);
		add_groups_below(path);
	}
	if (dir)
		closedir(dir);
}

/* add_files - what is in WORK/FOLDER; part: only names that have it */
static void add_files(const char *folder, const char *part)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	(void)snprintf(path, sizeof path, "%s/%s", work, folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!is_dots(entry->d_name) && (!part || strstr(entry->d_name, part)))
			add("file %s/%s", folder, entry->d_name);
	if (dir)
		closedir(dir);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void look_at_all(void)
{
	static const char *const folders[] = { "state", "root/containers", "root/content", "root/layers" };

	add_mounts();
	add_groups();
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		add_files(folders[i], NULL);
	add_files(".", ".tmp-");
	qsort(lines, line_count, sizeof *lines, by_text);
}

/* ---- the point --------------------------------------------------------------------------------------------------- */

/* address_in_file - of a program that is not linked to where it is: without randomization it is always there */
static uint64_t address_in_file(uint64_t address)
{
	const uint64_t base = 0x555555554000;

	return address > base ? address - base : address;
}

static void tell_point(void)
{
	struct {
		uint32_t calls[16], memory[16], hit;
		char call[28], leak[96];
		uint32_t at, same;
		char program[24];
		uint64_t callers[24];
	} shared = { .hit = 0 };
	int fd = open(count, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, &shared, sizeof shared) < 0)
		memset(&shared, 0, sizeof shared);
	if (fd >= 0)
		close(fd);
	(void)printf("%u %u %u\n%.27s\n%.95s\n%.23s", shared.hit, shared.at, shared.same, shared.call, shared.leak,
		     shared.program);
	for (size_t i = 0; i < sizeof shared.callers / sizeof *shared.callers && shared.callers[i]; i++)
		(void)printf(" %llx", (unsigned long long)address_in_file(shared.callers[i]) - 1);
	(void)puts("");
}

int main(int argc, char **argv)
{
	bool left = argc == 6 && strcmp(argv[5], "left") == 0;

	if (argc != 5 && !left) {
		(void)fprintf(stderr, "fault-remains COUNT WORK PARENT SECONDS [left]\n");
		return 2;
	}
	count = argv[1];
	work = argv[2];
	parent = argv[3];
	wait_for_ends(strtol(argv[4], NULL, 10));
	if (left)
		look_at_all();
	else
		tell_point();
	for (size_t i = 0; i < line_count; i++)
		(void)puts(lines[i]);
	return 0;
}
