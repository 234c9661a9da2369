/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/rdt.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/mountinfo_text.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define MOUNTINFO_MAX ((size_t)4 << 20)
#define SCHEMATA_MAX ((size_t)64 << 10)

/* ---- where it is ------------------------------------------------------------------------------------------------ */

int rdt_open(const struct host *h, struct err *e)
{
	scoped_buf text = BUF(MOUNTINFO_MAX);
	struct mountinfo_line m;
	char path[PATH_MAX];
	struct sv rest, line;
	int r = io_read_at(h->proc, "self/mountinfo", &text, e), fd;

	rest = buf_sv(&text);
	while (r == 0 && sv_next(&rest, '\n', &line)) {
		if (!mountinfo_line_parse(line, &m) || !sv_is(m.fstype, "resctrl") ||
		    mountinfo_unescape(m.mount_point, path, sizeof path) < 0)
			continue;
		fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? err_sys(e, "linux.intelRdt: open %s", path) : fd;
	}
	return r < 0 ? r :
		       err_set(e, ENOENT,
			       "linux.intelRdt: no resctrl file system is mounted (mount -t resctrl resctrl /sys/fs/resctrl; it needs a "
			       "processor that has it)");
}

static bool is_folder_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < NAME_MAX && strcmp(name, "info") != 0 &&
	       strcmp(name, "mon_groups") != 0 && strcmp(name, "mon_data") != 0;
}

static bool has_schemata(const struct runtime_spec *s)
{
	return s->intel_rdt.l3_cache_schema || s->intel_rdt.mem_bw_schema || s->intel_rdt.schemata.n;
}

int rdt_look(const struct runtime_spec *spec, const char *id, int dir, struct rdt *ret, struct err *e)
{
	const char *clos = spec->intel_rdt.clos_id;
	bool named = clos && *clos, root = named && strcmp(clos, "/") == 0, there;

	if (!named)
		clos = id;
	if (!root && !is_folder_name(clos))
		return err_set(e, EINVAL, "linux.intelRdt.closID: \"%s\" is not the name of a class", clos);
	there = root || faccessat(dir, clos, F_OK, 0) == 0;
	if (named && !there && !has_schemata(spec))
		return err_set(e, ENOENT,
			       "linux.intelRdt.closID: there is no class %s, and no schemata to make it with", clos);
	*ret = (struct rdt){ dir, root ? "." : clos, !there };
	return 0;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* No O_CREAT: the kernel makes these files with the folder. */
static int put(int dir, const char *folder, const char *file, struct sv text, struct err *e)
{
	char path[PATH_MAX];
	scoped_fd fd = -1;
	int r;

	(void)snprintf(path, sizeof path, "%s/%s", folder, file);
	fd = openat(dir, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	r = io_write_all(fd, text.p, text.n, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : 0;
}

/* The line of the bandwidth is memBwSchema's, whatever stands in l3CacheSchema. */
static void put_l3(const struct runtime_spec *spec, struct buf *out)
{
	struct sv rest = sv_from(spec->intel_rdt.l3_cache_schema), line;

	while (sv_next(&rest, '\n', &line))
		if (line.n && !(spec->intel_rdt.mem_bw_schema && sv_has_prefix(line, "MB:")))
			buf_putf(out, SV_FMT "\n", SV_ARG(line));
}

static int put_schemata(const struct rdt *r, const struct runtime_spec *spec, struct err *e)
{
	scoped_buf text = BUF(SCHEMATA_MAX);
	int rc;

	if (!has_schemata(spec))
		return 0;
	put_l3(spec, &text);
	if (spec->intel_rdt.mem_bw_schema)
		buf_putf(&text, "%s\n", spec->intel_rdt.mem_bw_schema);
	for (size_t i = 0; i < spec->intel_rdt.schemata.n; i++)
		buf_putf(&text, "%s\n", spec->intel_rdt.schemata.v[i]);
	rc = buf_status(&text, e);
	return rc < 0 ? rc : put(r->dir, r->clos, "schemata", buf_sv(&text), e);
}

static void monitor_path(const struct rdt *r, const char *id, char *ret, size_t cap)
{
	(void)snprintf(ret, cap, "%s/mon_groups/%s", r->clos, id);
}

int rdt_enter(const struct rdt *r, const struct runtime_spec *spec, const char *id, pid_t pid, struct err *e)
{
	char path[PATH_MAX], text[16];
	struct sv word = { text, (size_t)snprintf(text, sizeof text, "%d", (int)pid) };
	int rc = put(r->dir, r->clos, "tasks", word, e);

	if (rc == 0 && spec->intel_rdt.enable_monitoring) {
		monitor_path(r, id, path, sizeof path);
		rc = put(r->dir, path, "tasks", word, e);
	}
	return rc < 0 ? err_wrap(e, rc, "linux.intelRdt") : 0;
}

static int make_folders(const struct rdt *r, const struct runtime_spec *spec, const char *id, struct err *e)
{
	char path[PATH_MAX];
	int rc;

	if (r->made && mkdirat(r->dir, r->clos, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "linux.intelRdt: mkdir %s", r->clos);
	rc = put_schemata(r, spec, e);
	if (rc < 0)
		return err_wrap(e, rc, "linux.intelRdt");
	monitor_path(r, id, path, sizeof path);
	if (spec->intel_rdt.enable_monitoring && mkdirat(r->dir, path, 0755) < 0)
		return err_sys(e, "linux.intelRdt.enableMonitoring: mkdir %s", path);
	return 0;
}

int rdt_make(const struct rdt *r, const struct runtime_spec *spec, const char *id, pid_t pid, struct err *e)
{
	int rc = make_folders(r, spec, id, e);

	if (rc == 0)
		rc = rdt_enter(r, spec, id, pid, e);
	if (rc < 0)
		(void)rdt_remove(r, id, spec->intel_rdt.enable_monitoring, NULL);
	return rc;
}

static int remove_folder(int dir, const char *path, struct err *e)
{
	return unlinkat(dir, path, AT_REMOVEDIR) < 0 && errno != ENOENT ? err_sys(e, "rmdir %s of resctrl", path) : 0;
}

int rdt_remove(const struct rdt *r, const char *id, bool monitoring, struct err *e)
{
	char path[PATH_MAX];
	int rc = 0;

	monitor_path(r, id, path, sizeof path);
	if (monitoring)
		rc = remove_folder(r->dir, path, e);
	return rc == 0 && r->made ? remove_folder(r->dir, r->clos, e) : rc;
}
