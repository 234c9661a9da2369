/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opt_kube.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "manifest/names.h"
#include "oci/list.h"

#include <fcntl.h>
#include <string.h>

static int add_file(const struct option_call *c, struct err *e)
{
	struct kube_command *k = c->target;

	if (!*c->text)
		return err_set(e, EINVAL, "a file is needed");
	return strings_add(c->arena, &k->files, c->text) < 0 ? err_oom(e) : 0;
}

static int set_namespace(const struct option_call *c, struct err *e)
{
	const char *bad = name_is_label(c->text);

	if (bad)
		return err_set(e, EINVAL, "%s", bad);
	((struct kube_command *)c->target)->options.namespace = c->text;
	return 0;
}

static int set_root(const struct option_call *c, struct err *e)
{
	struct sv rest = sv_from(c->text), step;
	bool slice = !memchr(rest.p, '/', rest.n) && sv_has_suffix(rest, ".slice");

	if (!slice && (c->text[0] != '/' || !c->text[1] || sv_has_suffix(rest, "/")))
		return err_set(e, EINVAL, "the path of a control group is needed, as /tare, or a slice of systemd's");
	while (sv_next(&rest, '/', &step))
		if (sv_is(step, "..") || sv_is(step, "."))
			return err_set(e, EINVAL, "not the path of a control group below the root");
	((struct kube_command *)c->target)->options.cgroup_root = c->text;
	return 0;
}

static int set_output(const struct option_call *c, struct err *e)
{
	static const char *const formats[] = { "wide", "json", "yaml", "name" };

	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(c->text, formats[i]) == 0) {
			((struct kube_command *)c->target)->output = formats[i];
			return 0;
		}
	return err_set(e, EINVAL, "unable to match a printer suitable for the output format (wide, json, yaml, name)");
}

static int set_grace(const struct option_call *c, struct err *e)
{
	struct kube_command *k = c->target;
	int64_t n;

	if (sv_i64(sv_from(c->text), &n) < 0 || n < -1 || n > INT32_MAX)
		return err_set(e, EINVAL, "a number of seconds is needed, or -1 for what the pods say");
	k->options.grace_s = (int)n;
	return 0;
}

#define FIELD(name) offsetof(struct kube_command, name)
#define ROW_FILE { "filename", 'f', "FILE", "objects in YAML or JSON; - is standard input", add_file }
#define ROW_NAMESPACE                                                                                                \
	{ "namespace", 'n', "NAMESPACE", "namespace of objects that do not say theirs (default: default)", set_namespace }

#define ROW_NO_TRUNC { "no-trunc", 0, NULL, "cut nothing, break no line", option_switch, FIELD(no_trunc) }

static const struct option file_rows[] = {
	{ "cgroup-root", 0, "PATH", "control group, or slice, in which kubepods is made (default /tare)", set_root },
	ROW_FILE,
	ROW_NAMESPACE,
	{ "strict", 0, NULL, "fields that are unknown or not supported are errors", option_switch,
	  FIELD(options.strict) },
};

static const struct option scope_rows[] = {
	{ "all-namespaces", 'A', NULL, "of every namespace", option_switch, FIELD(all_namespaces) },
	{ "namespace", 'n', "NAMESPACE", "of this namespace (default: default)", set_namespace },
	ROW_NO_TRUNC,
};

static const struct option namespace_rows[] = {
	{ "namespace", 'n', "NAMESPACE", "of this namespace (default: default)", set_namespace },
	ROW_NO_TRUNC,
};

static const struct option resize_rows[] = {
	ROW_FILE,
	ROW_NAMESPACE,
	{ "strict", 0, NULL, "fields that are unknown or not supported are errors", option_switch,
	  FIELD(options.strict) },
};

static const struct option delete_rows[] = {
	ROW_FILE,
	{ "grace-period", 0, "SECONDS", "until SIGKILL; -1: as the pods say (default)", set_grace },
	ROW_NAMESPACE,
};

static const struct option get_rows[] = {
	{ "all-namespaces", 'A', NULL, "of every namespace", option_switch, FIELD(all_namespaces) },
	{ "namespace", 'n', "NAMESPACE", "of this namespace (default: default)", set_namespace },
	{ "output", 'o', "FORMAT", "wide (more columns, and nothing cut), json, yaml or name", set_output,
	  .words = "wide json yaml name" },
};

static const struct option top_rows[] = {
	{ "all-namespaces", 'A', NULL, "of every namespace", option_switch, FIELD(all_namespaces) },
	{ "containers", 0, NULL, "of each container", option_switch, FIELD(containers) },
	{ "namespace", 'n', "NAMESPACE", "of this namespace (default: default)", set_namespace },
	ROW_NO_TRUNC,
};

static const struct option tree_rows[] = { ROW_NO_TRUNC };

OPTION_GROUP(opt_kube_tree, "Options", tree_rows);
OPTION_GROUP(opt_kube_top, "Options", top_rows);
OPTION_GROUP(opt_kube_file, "Options", file_rows);
OPTION_GROUP(opt_kube_scope, "Options", scope_rows);
OPTION_GROUP(opt_kube_namespace, "Options", namespace_rows);
OPTION_GROUP(opt_kube_resize, "Options", resize_rows);
OPTION_GROUP(opt_kube_delete, "Options", delete_rows);
OPTION_GROUP(opt_kube_get, "Options", get_rows);

void kube_command_init(void *options)
{
	((struct kube_command *)options)->options.grace_s = -1;
}

void kube_say_none(const struct kube_command *k, bool everywhere)
{
	if (everywhere || k->all_namespaces)
		(void)dprintf(STDERR_FILENO, "No resources found\n");
	else
		(void)dprintf(STDERR_FILENO, "No resources found in %s namespace.\n",
			      k->options.namespace ? k->options.namespace : "default");
}

int kube_read_file(const char *path, struct buf *out, struct err *e)
{
	int r = strcmp(path, "-") == 0 ? io_read_fd(STDIN_FILENO, out, e) : io_read_at(AT_FDCWD, path, out, e);

	return r == -EMSGSIZE ? err_set(e, E2BIG, "%s: more than %u bytes", path, LIMIT_KUBE_MANIFEST) : r;
}
