/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_info.c - `tare info`: what this host offers, as the engine sees it. It makes nothing, not even folders. */
#include "base/log.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/command.h"
#include "cli/page.h"
#include "engine/document.h"
#include "engine/engine.h"
#include "engine/settings.h"
#include "kernel/host.h"
#include "monitor/charter.h"
#include "oci/json.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

struct info_options {
	const char *format; /* NULL: table */
};

struct info {
	struct utsname kernel;
	struct host_facts facts;
	struct settings settings;
	char *root, *state;
};

static const struct option rows[] = {
	{ "format", 'f', "FORMAT", "table (default), json, or a template of fields as '{{.ServerVersion}}'",
	  option_text, offsetof(struct info_options, format), .words = "table json" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- the facts as pairs ------------------------------------------------------------------------------------- */

enum item_kind { ITEM_TEXT, ITEM_NUMBER, ITEM_BYTES, ITEM_YES_NO };

struct item {
	const char *key; /* of JSON */
	const char *title;
	enum item_kind kind;
	const char *text;
	uint64_t number;
};

#define ITEMS_MAX 64

struct items {
	struct item v[ITEMS_MAX];
	size_t n;
};

static void add(struct items *l, const char *key, const char *title, enum item_kind kind, const char *text,
		uint64_t number)
{
	if (l->n < ITEMS_MAX)
		l->v[l->n++] = (struct item){ key, title, kind, text, number };
}

static void add_kernel_features(struct items *l, const struct kfeat *k)
{
#define X(name) add(l, #name, #name, ITEM_YES_NO, NULL, k->name);
	KFEATS(X)
#undef X
}

static void add_host(struct items *l, const struct info *in)
{
	const struct host_facts *f = &in->facts;

	add(l, "Version", "Version", ITEM_TEXT, TARE_VERSION, 0);
	add(l, "KernelVersion", "Kernel", ITEM_TEXT, in->kernel.release, 0);
	add(l, "Architecture", "Architecture", ITEM_TEXT, in->kernel.machine, 0);
	add(l, "Name", "Host", ITEM_TEXT, in->kernel.nodename, 0);
	add(l, "NCPU", "CPUs", ITEM_NUMBER, NULL, f->cpus_online);
	add(l, "Cpus", "CPUs for containers", ITEM_TEXT, f->cpus ? f->cpus : "", 0);
	add(l, "Mems", "NUMA nodes for containers", ITEM_TEXT, f->mems ? f->mems : "", 0);
	add(l, "MemTotal", "Memory", ITEM_BYTES, NULL, f->mem_total_bytes);
	add(l, "SwapTotal", "Swap", ITEM_BYTES, NULL, f->swap_total_bytes);
	add(l, "RootDir", "Data", ITEM_TEXT, in->root, 0);
	add(l, "StateDir", "State", ITEM_TEXT, in->state, 0);
}

/* What scripts ask Docker's info for, by Docker's names. */
static void add_docker(struct items *l, const struct info *in)
{
	bool v2 = in->facts.cgroup.mode == CGROUP_MODE_V2;

	add(l, "ServerVersion", "Server version", ITEM_TEXT, TARE_VERSION, 0);
	add(l, "Driver", "Storage driver", ITEM_TEXT, "overlayfs", 0);
	add(l, "LoggingDriver", "Logging driver", ITEM_TEXT, log_driver_name(LOG_JSON_FILE), 0);
	add(l, "CgroupDriver", "cgroup driver", ITEM_TEXT, in->settings.systemd ? "systemd" : "cgroupfs", 0);
	add(l, "CgroupVersion", "cgroup version", ITEM_TEXT, v2 ? "2" : "1", 0);
	add(l, "OSType", "System", ITEM_TEXT, "linux", 0);
	add(l, "DockerRootDir", "Data", ITEM_TEXT, in->root, 0);
}

static void add_cgroup(struct items *l, const struct cgroup_layout *c)
{
	add(l, "Mode", "cgroup layout", ITEM_TEXT, cgroup_mode_name(c->mode), 0);
	add(l, "CpuCfs", "limit of CPU time", ITEM_YES_NO, NULL, c->cpu_cfs);
	add(l, "MemorySwap", "limit of swap", ITEM_YES_NO, NULL, c->memory_swap);
	add(l, "BlkioWeight", "block I/O weight", ITEM_YES_NO, NULL, c->blkio_weight);
}

static const char *const controller_names[] = {
#define X(id, text) [CGROUP_##id] = text,
	CGROUP_CONTROLLERS(X)
#undef X
};

static const char *controllers(const struct cgroup_hierarchy *h, struct arena *a)
{
	const char *text = NULL;

	for (unsigned i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if (h->controllers & 1u << i)
			text = arena_fmt(a, "%s%s%s", text ? text : "", text ? " " : "", controller_names[i]);
	return text ? text : "";
}

/* ---- JSON --------------------------------------------------------------------------------------------------- */

static void json_items(const struct items *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->v[i];

		buf_puts(out, i ? "," : "");
		json_put_text(out, sv_from(it->key));
		buf_puts(out, ":");
		if (it->kind == ITEM_TEXT)
			json_put_text(out, sv_from(it->text));
		else if (it->kind == ITEM_YES_NO)
			buf_puts(out, it->number ? "true" : "false");
		else
			buf_putf(out, "%llu", (unsigned long long)it->number);
	}
}

static void json_hierarchies(const struct cgroup_layout *c, struct arena *a, struct buf *out)
{
	buf_puts(out, ",\"Hierarchies\":[");
	for (unsigned i = 0; i < c->n; i++) {
		struct sv rest = sv_from(controllers(&c->h[i], a)), name;
		bool first = true;

		buf_putf(out, "%s{\"Mount\":", i ? "," : "");
		json_put_text(out, sv_from(arena_fmt(a, "/%s", c->h[i].mount)));
		buf_puts(out, ",\"Name\":");
		json_put_text(out, sv_from(c->h[i].name));
		buf_putf(out, ",\"Version\":%d,\"Controllers\":[", c->h[i].v2 ? 2 : 1);
		for (; rest.n && sv_next(&rest, ' ', &name); first = false) {
			buf_puts(out, first ? "" : ",");
			json_put_text(out, name);
		}
		buf_puts(out, "]}");
	}
	buf_puts(out, "]");
}

static int print_json(const struct info *in, struct arena *a, struct buf *out, struct err *e)
{
	struct items host = { .n = 0 }, cgroup = { .n = 0 }, features = { .n = 0 };

	add_host(&host, in);
	add_docker(&host, in);
	add_cgroup(&cgroup, &in->facts.cgroup);
	add_kernel_features(&features, &in->facts.kernel);
	buf_puts(out, "{");
	json_items(&host, out);
	buf_puts(out, ",\"Cgroup\":{");
	json_items(&cgroup, out);
	json_hierarchies(&in->facts.cgroup, a, out);
	buf_puts(out, "},\"KernelFeatures\":{");
	json_items(&features, out);
	buf_puts(out, "}}");
	return buf_status(out, e);
}

/* ---- text --------------------------------------------------------------------------------------------------- */

static const struct table_column pair_columns[] = { { "", 12 }, { "", 20 } };
static const struct table_column hierarchy_columns[] = { { "MOUNT", 14 }, { "VERSION" }, { "CONTROLLERS", 20 } };

static const char *value(const struct item *it, struct arena *a)
{
	if (it->kind == ITEM_TEXT)
		return it->text;
	if (it->kind == ITEM_YES_NO)
		return it->number ? "yes" : "no";
	if (it->kind == ITEM_NUMBER)
		return arena_fmt(a, "%llu", (unsigned long long)it->number);
	return arena_fmt(a, "%llu.%02llu GiB", (unsigned long long)it->number >> 30,
			 ((unsigned long long)it->number % (1ull << 30)) * 100 >> 30);
}

static void text_items(const struct items *l, struct table *t, struct arena *a)
{
	for (size_t i = 0; i < l->n; i++)
		table_row(t, (const char *const[]){ l->v[i].title, value(&l->v[i], a) });
}

static int print_text(const struct info *in, struct arena *a, struct buf *out, struct err *e)
{
	struct items l = { .n = 0 };
	struct table t;
	int r;

	add_host(&l, in);
	add_cgroup(&l, &in->facts.cgroup);
	add_kernel_features(&l, &in->facts.kernel);
	table_init(&t, a, pair_columns, 2);
	text_items(&l, &t, a);
	r = table_print(&t, page_width(false), false, out, e);
	if (r < 0)
		return r;
	buf_puts(out, "\n");
	table_init(&t, a, hierarchy_columns, 3);
	for (unsigned i = 0; i < in->facts.cgroup.n; i++) {
		const struct cgroup_hierarchy *h = &in->facts.cgroup.h[i];

		table_row(&t,
			  (const char *const[]){ arena_fmt(a, "/%s", h->mount), h->v2 ? "2" : "1", controllers(h, a) });
	}
	return page_table(&t, false, out, e);
}

/* ---- the command -------------------------------------------------------------------------------------------- */

static int read_facts(struct cli *cli, struct info *in, struct err *e)
{
	struct host h;
	int r = host_open(&h, cli->host ? cli->host : "/", e);

	if (r < 0)
		return r;
	r = host_facts_read(&h, cli->arena, &in->facts, e);
	host_close(&h);
	if (r == 0 && uname(&in->kernel) < 0)
		r = err_sys(e, "uname");
	return r;
}

/* Without a HOME, or a session, there is none; the rest can be told all the same. */
static int directories(struct cli *cli, struct info *in, struct err *e)
{
	struct err why;

	in->root = cli->root ? sv_dup(sv_from(cli->root)) : NULL;
	in->state = cli->state ? sv_dup(sv_from(cli->state)) : NULL;
	if (!in->root && engine_default_root(&in->root, &why) < 0)
		log_warning("%s", why.msg);
	if (!in->state && engine_default_state(&in->state, &why) < 0)
		log_warning("%s", why.msg);
	if (!in->root)
		in->root = sv_dup(sv_from(""));
	if (!in->state)
		in->state = sv_dup(sv_from(""));
	return in->root && in->state ? 0 : err_oom(e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct info in = { .root = NULL };
	const char *format = ((struct info_options *)options)->format;
	scoped_buf json = BUF(CLI_OUTPUT_MAX);
	int r = read_facts(cli, &in, e);

	if (r == 0)
		r = directories(cli, &in, e);
	if (r == 0)
		r = settings_read(cli->config, cli->arena, &in.settings, e);
	if (r == 0 && (!format || strcmp(format, "table") == 0))
		r = print_text(&in, cli->arena, &out, e);
	else if (r == 0)
		r = print_json(&in, cli->arena, &json, e);
	if (r == 0 && json.len)
		r = document_show_json(buf_sv(&json), format, &out, e);
	if (r == 0)
		r = cli_print(&out, e);
	free(in.root);
	free(in.state);
	return r;
}

const struct command command_info = {
	.name = "info",
	.args = "[OPTIONS]",
	.summary = "show what this host offers: kernel, cgroups, folders",
	.groups = groups,
	.takes_host = true,
	.options_size = sizeof(struct info_options),
	.run = run,
};
