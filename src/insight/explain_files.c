/* SPDX-License-Identifier: Apache-2.0 */
/* explain_files.c - file systems that a process can write to, and that have no room left: statfs(2) through
 * proc/PID/root, of kinds that cannot hang. */
#include "insight/explain_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/mountinfo_text.h"
#include "kernel/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/vfs.h>

#define MOUNTS_MAX 256

static bool is_local(struct sv fstype)
{
	static const char *const kinds[] = { "tmpfs", "overlay", "ext4", "ext3", "ext2", "xfs", "btrfs" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (sv_is(fstype, kinds[i]))
			return true;
	return false;
}

static bool is_writable(const struct mountinfo_line *m)
{
	struct sv options = m->options, word;

	while (sv_next(&options, ',', &word))
		if (sv_is(word, "ro"))
			return false;
	return is_local(m->fstype);
}

static void full(struct explainer *k, const char *path, struct sv fstype, const struct statfs *s)
{
	bool tmpfs = sv_is(fstype, "tmpfs"), names = s->f_bavail > 0;

	explain_trouble(k, TROUBLE_FILES_FULL,
			tmpfs ? "remove files there, or give it a larger size (--tmpfs size=, --shm-size)" :
				"remove files there; tare ps -s shows what each container has written",
			"%s is full: no %s left of %s in its file system (" SV_FMT ")", path,
			names ? "file name" : "room",
			names ? "what it can hold" : explain_bytes(k->arena, (int64_t)s->f_blocks * s->f_bsize),
			SV_ARG(fstype));
}

static void look_at(struct explainer *k, int root, const struct mountinfo_line *m)
{
	char path[1024];
	scoped_fd fd = -1;
	struct statfs s;

	if (mountinfo_unescape(m->mount_point, path, sizeof path) < 0)
		return;
	fd = sys_openat2(root, path, O_PATH, RESOLVE_IN_ROOT);
	if (fd < 0 || fstatfs(fd, &s) < 0 || s.f_blocks == 0)
		return;
	if (s.f_bavail == 0 || (s.f_files && s.f_ffree == 0))
		full(k, path, m->fstype, &s);
}

void explain_files(struct explainer *k)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	struct mountinfo_line m;
	struct sv rest, line;
	char path[48];
	scoped_fd root = -1;
	unsigned left = MOUNTS_MAX;

	(void)snprintf(path, sizeof path, "%d/root", (int)k->in->pid);
	root = openat(k->in->host->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof path, "%d/mountinfo", (int)k->in->pid);
	if (root < 0 || io_read_at(k->in->host->proc, path, &text, NULL) < 0) {
		if (errno == EACCES || errno == EPERM)
			explain_unseen(k, "file systems: process %d is somebody else's", (int)k->in->pid);
		return;
	}
	rest = buf_sv(&text);
	while (left && sv_next(&rest, '\n', &line))
		if (mountinfo_line_parse(line, &m) && is_writable(&m)) {
			look_at(k, root, &m);
			left--;
		}
}
