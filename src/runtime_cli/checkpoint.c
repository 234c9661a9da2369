/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/checkpoint.h"

#include "base/io.h"
#include "base/scope.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_LEVEL 4
#define RUNC_CONFIG "/etc/criu/runc.conf" /* what runc reads when the document names none */

enum { NETWORK_LOCK_NFTABLES = 2 };

int checkpoint_paths(struct runtime *rt, struct checkpoint_options *o, struct err *e)
{
	int r;

	if (!o->image_path)
		o->image_path = CHECKPOINT_DIR;
	r = runtime_path(rt, &o->image_path, e);
	return r < 0 ? r : runtime_path(rt, &o->work_path, e);
}

static int open_directory(const char *option, const char *path, bool make, int *ret, struct err *e)
{
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "%s: mkdir %s", option, path);
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_sys(e, "%s %s", option, path) : 0;
}

static uint64_t cgroups_mode(const char *word)
{
	static const char *const words[] = { "ignore", "none", "props", "soft", "full", "strict" };

	for (size_t i = 0; word && i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return 3; /* soft */
}

static const char *config_file(const struct runtime_spec *spec)
{
	for (size_t i = 0; i < spec->annotations.n; i++)
		if (strcmp(spec->annotations.v[i].key, "org.criu.config") == 0)
			return *spec->annotations.v[i].value ? spec->annotations.v[i].value : NULL;
	return access(RUNC_CONFIG, R_OK) == 0 ? RUNC_CONFIG : NULL;
}

/* criu would stop the network with iptables, if nobody said otherwise. */
static bool is_there(const char *program)
{
	struct sv rest = sv_from(getenv("PATH")), dir;
	char path[PATH_MAX];

	while (sv_next(&rest, ':', &dir)) {
		int n = snprintf(path, sizeof path, SV_FMT "/%s", SV_ARG(dir), program);

		if (n > 0 && n < (int)sizeof path && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static void put_options(const struct checkpoint_options *o, const struct runtime_spec *spec, struct criu_call *c)
{
	pb_number(&c->opts, CRIU_LOG_LEVEL, LOG_LEVEL);
	pb_text(&c->opts, CRIU_LOG_FILE, criu_log_name(c->type));
	pb_text(&c->opts, CRIU_ROOT, spec->root.path);
	pb_text(&c->opts, CRIU_CONFIG_FILE, config_file(spec));
	pb_number(&c->opts, CRIU_MANAGE_CGROUPS, 1);
	pb_number(&c->opts, CRIU_MANAGE_CGROUPS_MODE, cgroups_mode(o->manage_cgroups));
	if (o->empty_ns)
		pb_number(&c->opts, CRIU_EMPTY_NS, CLONE_NEWNET);
	if (!is_there("iptables-restore"))
		pb_number(&c->opts, CRIU_NETWORK_LOCK, NETWORK_LOCK_NFTABLES);
	criu_switch(c, CRIU_NOTIFY_SCRIPTS, true);
	criu_switch(c, CRIU_EVASIVE_DEVICES, true);
	criu_switch(c, CRIU_ORPHAN_PTS_MASTER, true);
	criu_switch(c, CRIU_TCP_ESTABLISHED, o->tcp_established);
	criu_switch(c, CRIU_EXT_UNIX_SK, o->ext_unix_sk);
	criu_switch(c, CRIU_SHELL_JOB, o->shell_job);
	criu_switch(c, CRIU_FILE_LOCKS, o->file_locks);
	criu_switch(c, CRIU_LAZY_PAGES, o->lazy_pages);
	criu_switch(c, CRIU_AUTO_DEDUP, o->auto_dedup);
}

int checkpoint_call(struct runtime *rt, const struct checkpoint_options *o, const struct runtime_spec *spec, bool make,
		    struct criu_call *c, struct err *e)
{
	int r = runtime_facts(rt, e);

	if (r == 0 && (rt->caller != 0 || rt->facts.user_namespace))
		r = err_set(e, EPERM, "criu needs root of the host");
	if (r == 0)
		r = open_directory("--image-path", o->image_path, make, &c->images, e);
	if (r == 0)
		r = open_directory("--work-path", o->work_path ? o->work_path : o->image_path, make, &c->work, e);
	if (r < 0)
		return r;
	c->program = rt->criu && *rt->criu ? rt->criu : "criu";
	c->images_name = o->image_path;
	c->work_name = o->work_path ? o->work_path : o->image_path;
	put_options(o, spec, c);
	return buf_status(&c->opts, e);
}

void checkpoint_call_done(struct criu_call *c)
{
	buf_done(&c->opts);
	if (c->images >= 0)
		close(fd_take(&c->images));
	if (c->work >= 0)
		close(fd_take(&c->work));
	for (size_t i = 0; i < ARRAY_LEN(c->held); i++)
		if (c->held[i] >= 0)
			close(fd_take(&c->held[i]));
}
