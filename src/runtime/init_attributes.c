/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of plan_attributes.c. The errors name the field: most of them are the host's or the caller's limits. */
#include "runtime/init_proc.h"

#include "base/io.h"
#include "base/scope.h"
#include "kernel/sched.h"

#include <fcntl.h>
#include <string.h>

int init_personality(struct init *in, const struct step *s, struct err *e)
{
	int r = personality_apply((unsigned long)s->n[0], e);

	(void)in;
	return r < 0 ? err_wrap(e, r, "linux.personality: %s", s->source) : 0;
}

int init_scheduler(struct init *in, const struct step *s, struct err *e)
{
	int r = sched_apply(s->data, e);

	(void)in;
	return r < 0 ? err_wrap(e, r, "process.scheduler: %s", s->source) : 0;
}

int init_io_priority(struct init *in, const struct step *s, struct err *e)
{
	int r = ioprio_apply((int)s->n[0], e);

	(void)in;
	return r < 0 ? err_wrap(e, r, "process.ioPriority: %s", s->source) : 0;
}

int init_memory_policy(struct init *in, const struct step *s, struct err *e)
{
	int r = mempolicy_apply((int)s->n[0], s->data, e);

	(void)in;
	return r < 0 ? err_wrap(e, r, "linux.memoryPolicy: %s", s->source) : 0;
}

int init_affinity(struct init *in, const struct step *s, struct err *e)
{
	int r = affinity_apply(s->data, e);

	(void)in;
	return r < 0 ? err_wrap(e, r, "process.execCPUAffinity.%s: %s", s->path, s->source) : 0;
}

/* ---- labels of the next execve(2): proc_pid_attr(5), by the host's procfs ------------------------------------------ */

static int write_attr(int fd, const char *text, const char *field, struct err *e)
{
	int r = io_write_all(fd, text, strlen(text), e);

	return r < 0 ? err_wrap(e, r, "%s: \"%s\"", field, text) : 0;
}

int init_apparmor(struct init *in, const struct step *s, struct err *e)
{
	scoped_fd fd = openat(in->host_proc, "self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
	char text[1024];

	if (fd < 0 && errno == ENOENT && strcmp(s->source, "unconfined") == 0)
		return 0;
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ENOTSUP, "process.apparmorProfile: \"%s\": AppArmor is not enabled on this host",
			       s->source);
	if (fd < 0)
		return err_sys(e, "process.apparmorProfile: open attr/apparmor/exec");
	if ((size_t)snprintf(text, sizeof text, "exec %s", s->source) >= sizeof text)
		return err_set(e, ENAMETOOLONG, "process.apparmorProfile: more than %zu bytes", sizeof text - 6);
	return write_attr(fd, text, "process.apparmorProfile", e);
}

int init_selinux(struct init *in, const struct step *s, struct err *e)
{
	scoped_fd fd = openat(in->host_proc, "self/attr/exec", O_WRONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : write_attr(fd, s->source, "process.selinuxLabel", e);

	if (r == -ENOENT || r == -EINVAL || r == -EOPNOTSUPP)
		return err_set(e, ENOTSUP,
			       "process.selinuxLabel: \"%s\": SELinux is not enabled on this host, or does not know it",
			       s->source);
	return fd < 0 ? err_sys(e, "process.selinuxLabel: open attr/exec") : r;
}
