/* SPDX-License-Identifier: Apache-2.0 */
/* mounts add, mounts remove - bind mounts of a container that runs, by a list as config.json's `mounts`. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "oci/runtime_spec.h"
#include "runtime/mount_options.h"
#include "runtime_cli/state.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* The rows of a whole document know what a mount is. */
static int read_mounts(struct runtime *rt, const char *file, struct runtime_spec *ret, struct err *e)
{
	scoped_buf list = BUF(LIMIT_CONFIG_JSON), json = BUF(LIMIT_CONFIG_JSON);
	int r = strcmp(file, "-") == 0 ? io_read_fd(STDIN_FILENO, &list, e) : io_read_at(AT_FDCWD, file, &list, e);

	if (r == 0) {
		buf_puts(&json, "{\"ociVersion\":\"" OCI_VERSION "\",\"mounts\":");
		buf_putsv(&json, buf_sv(&list));
		buf_puts(&json, "}");
		r = buf_status(&json, e);
	}
	if (r == 0)
		r = runtime_spec_parse(buf_sv(&json), rt->arena, ret, e);
	return r < 0 ? err_wrap(e, r, "%s", file) : 0;
}

static int check(const struct oci_mount *m, const struct mount_options *o, struct err *e)
{
	if (!o->bind && !(m->type && strcmp(m->type, "bind") == 0))
		return err_set(e, ENOTSUP, "only a bind can be added to a container that runs");
	if (o->data || o->idmap != IDMAP_NONE || o->copy_up || m->uid_mappings.n || m->gid_mappings.n)
		return err_set(e, ENOTSUP, "option %s: not for a container that runs",
			       o->data ? o->data : "idmap or tmpcopyup");
	if (!m->source || m->source[0] != '/')
		return err_set(e, EINVAL, "source: an absolute path is needed");
	return 0;
}

static int open_source(const struct oci_mount *m, const struct mount_options *o, bool *ret_directory, struct err *e)
{
	scoped_fd mnt = mount_clone(AT_FDCWD, m->source, o->recursive_bind, e);
	struct stat st;
	int r;

	if (mnt < 0)
		return mnt;
	if (fstat(mnt, &st) < 0)
		return err_sys(e, "stat %s", m->source);
	r = mount_change(mnt, o->set, o->clear, o->propagation ? o->propagation : MS_PRIVATE, false, e);
	if (r == 0 && (o->set_recursive || o->clear_recursive))
		r = mount_change(mnt, o->set_recursive, o->clear_recursive, 0, true, e);
	*ret_directory = S_ISDIR(st.st_mode);
	return r < 0 ? r : fd_take(&mnt);
}

static int add(struct runtime *rt, int ns, const struct oci_mount *m, struct err *e)
{
	struct mount_options o;
	scoped_fd mnt = -1;
	bool directory = false;
	int r = mount_options_parse(&m->options, rt->arena, &o, e);

	if (r == 0)
		r = check(m, &o, e);
	if (r < 0)
		return r;
	mnt = open_source(m, &o, &directory, e);
	return mnt < 0 ? mnt : mount_attach_in(ns, mnt, m->destination, directory, e);
}

static int open_namespace(struct runtime *rt, const struct entry *c, struct err *e)
{
	scoped_fd pidfd = -1, ns = -1;
	char path[48];
	int r = entry_pidfd(rt, c, &pidfd, e);

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof path, "%lld/ns/mnt", (long long)c->record.pid);
	ns = openat(rt->host.proc, path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return err_sys(e, "proc: %s", path);
	close(fd_take(&pidfd));
	r = entry_pidfd(rt, c, &pidfd, e); /* it was its, still */
	return r < 0 ? r : fd_take(&ns);
}

static int mounts(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	bool adds = strcmp(o->v[0], "add") == 0;
	struct runtime_spec spec;
	scoped_entry c = ENTRY;
	scoped_fd ns = -1;
	int r;

	if (!adds && strcmp(o->v[0], "remove") != 0)
		return err_set(e, EINVAL, "mounts %.80s: allowed are add and remove", o->v[0]);
	r = entry_open(rt, o->v[1], &c, e);
	if (r == 0)
		r = read_mounts(rt, o->v[2], &spec, e);
	if (r < 0)
		return r;
	ns = open_namespace(rt, &c, e);
	if (ns < 0)
		return ns;
	for (size_t i = 0; r == 0 && i < spec.mounts.n; i++) {
		const struct oci_mount *m = &spec.mounts.v[i];

		r = adds ? add(rt, ns, m, e) : mount_detach_in(ns, m->destination, e);
		if (r < 0)
			return err_wrap(e, r, "mounts[%zu]: %s", i, m->destination);
	}
	return r;
}

const struct runtime_command runtime_command_mounts = {
	.name = "mounts",
	.args = "add|remove ID FILE",
	.summary =
		"bind what a JSON list of mounts says into a container that runs (- for standard input), or take it away",
	.min_args = 3,
	.max_args = 3,
	.run = mounts,
};
