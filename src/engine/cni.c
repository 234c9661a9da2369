/* SPDX-License-Identifier: Apache-2.0 */
/* A container is attached to its network of CNI, by a hook of its own. */
#include "engine/cni_priv.h"

#include "base/io.h"
#include "engine/create.h"
#include "engine/recover.h"
#include "network/subnet.h"
#include "oci/list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define HOSTS_MARK "\t# cni" /* lines of hosts that the next attachment replaces */
#define HOSTS_MAX (1u << 20)

int cni_find_list(const struct settings *s, const char *name, struct cni_list *ret, struct err *e)
{
	scoped_dir d = opendir(s->cni_conf_dir);
	struct dirent *ent;
	struct err bad = { 0 };
	unsigned seen = 0;

	while (d && (ent = readdir(d)) && seen++ < LIMIT_CNI_FILES) {
		struct sv file = sv_from(ent->d_name);
		scoped_buf text = BUF(LIMIT_CNI_TEXT);
		struct cni_list l;

		if (!sv_has_suffix(file, ".conflist") && !sv_has_suffix(file, ".conf") && !sv_has_suffix(file, ".json"))
			continue;
		if (io_read_at(dirfd(d), ent->d_name, &text, NULL) < 0)
			continue;
		if (cni_list_parse(buf_sv(&text), &l, &bad) < 0) {
			(void)err_wrap(&bad, -EINVAL, "%s/%s", s->cni_conf_dir, ent->d_name);
			continue;
		}
		if (strcmp(l.name, name) == 0)
			return *ret = l, 0;
		cni_list_done(&l);
	}
	if (bad.code) /* it may have been meant */
		return err_set(e, ENOENT, "network cni:%.128s not found in %s (and %s)", name, s->cni_conf_dir,
			       bad.msg);
	return err_set(e, ENOENT, "network cni:%.128s not found in %s", name, s->cni_conf_dir);
}

static int call_add(struct cni_attachment *t, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->list.plugins; i++) {
		scoped_buf said = BUF(LIMIT_CNI_TEXT);
		struct cni_result checked;
		struct json_object *result = NULL;

		r = cni_call_plugin(t, i, "ADD", t->result, &said, e);
		if (r == 0)
			r = cni_result_parse(buf_sv(&said), &checked, e);
		if (r == 0)
			r = cni_json(buf_sv(&said), &result, e);
		if (r < 0)
			break;
		json_object_put(t->result);
		t->result = result;
	}
	return r;
}

/* ---- ADD ------------------------------------------------------------------------------------------------------------------------ */

int cni_check_create(const struct container_config *c, const struct settings *s, struct arena *a, struct err *e)
{
	scoped_list l = { 0 };
	scoped_json o = NULL;
	int r = cni_find_list(s, cni_name(c->network_mode), &l, e);

	if (r == 0)
		r = cni_capabilities(c, a, &o, e);
	return err_wrap(e, r, "--network");
}

int cni_read_config(struct engine *en, const char *id, struct arena *a, struct container_config *ret, struct err *e)
{
	struct container_row row;
	int r = container_find(en, sv_from(id), a, &row, e);

	return r < 0 ? r : config_parse(sv_from(row.config), a, ret, e);
}

static int prepare(struct cni_attachment *t, struct err *e)
{
	struct container_config c;
	struct settings s;
	int r = cni_read_config(t->en, t->id, t->a, &c, e);

	if (r == 0 && !cni_name(c.network_mode))
		r = err_set(e, EINVAL, "it is in no network of CNI");
	if (r == 0)
		r = settings_read(t->en->settings_path, t->a, &s, e);
	if (r == 0)
		r = cni_find_list(&s, cni_name(c.network_mode), &t->list, e);
	if (r == 0)
		r = cni_capabilities(&c, t->a, &t->capabilities, e);
	if (r < 0)
		return r;
	t->cache_dir = s.cni_cache_dir;
	t->bin_dir = s.cni_bin_dir;
	t->file = arena_fmt(t->a, "%s-%s-" CNI_IFNAME, t->list.name, t->id);
	return t->file ? 0 : err_oom(e);
}

int cni_add(struct engine *en, const char *id, const char *netns, struct err *e)
{
	scoped_arena a = ARENA(CNI_ARENA_MAX);
	scoped_attachment t = { .en = en, .a = &a, .id = id, .netns = netns };
	scoped_fd results = -1;
	struct err why = { 0 };
	int r = cni_del(en, id, NULL, e);

	if (r == 0)
		r = prepare(&t, e);
	if (r == 0)
		r = results = cni_results_open(t.cache_dir, e);
	if (r >= 0)
		r = cni_write_mark(&t, e);
	if (r == 0)
		r = cni_keep(&t, results, e);
	if (r == 0) {
		r = call_add(&t, e);
		if (r == 0)
			r = cni_keep(&t, results, e);
		if (r < 0 && cni_call_del(&t, &why) == 0)
			(void)cni_forget(&t, results, &why);
	}
	return err_wrap(e, r, "network cni:%s", t.list.name ? t.list.name : "");
}

/* ---- the hook ------------------------------------------------------------------------------------------------------------------- */

int cni_put_hook(struct creation *cr, struct err *e)
{
	struct engine *en = cr->en;
	const char *words[] = { "tare", "--root", en->root_path, "--state", en->state_path,
				en->settings_path ? "--config" : "_cni", en->settings_path ? en->settings_path : NULL,
				en->settings_path ? "_cni" : NULL };
	struct oci_hook *h = arena_alloc(cr->a, sizeof *h);
	int r = h ? 0 : -ENOMEM;

	if (r < 0)
		return err_oom(e);
	*h = (struct oci_hook){ .path = cr->charter.program, .timeout = CNI_PLUGIN_SECONDS * LIMIT_CNI_PLUGINS };
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(words) && words[i]; i++)
		r = strings_add(cr->a, &h->args, words[i]);
	if (r == 0)
		r = strings_add(cr->a, &h->env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	if (r < 0)
		return err_oom(e);
	cr->spec.hooks.kind[OCI_HOOK_CREATE_RUNTIME].v = h;
	cr->spec.hooks.kind[OCI_HOOK_CREATE_RUNTIME].n = 1;
	return 0;
}

/* The file is mounted in the container: it must stay the same one. */
static int rewrite(int fd, const struct buf *text, struct err *e)
{
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "hosts");
	return io_write_all(fd, text->p, text->len, e);
}

/* All but what an earlier life was told. */
static void keep_lines(struct sv text, struct buf *out)
{
	struct sv line;

	while (sv_next(&text, '\n', &line))
		if (line.n && !sv_has_suffix(line, HOSTS_MARK))
			buf_putf(out, SV_FMT "\n", SV_ARG(line));
}

/* Names of other containers are not known there; its own address is told as Docker does. */
static int tell_hosts(struct engine *en, const char *id, struct arena *a, struct err *e)
{
	const char *path = arena_fmt(a, "%s/hosts", id);
	scoped_fd fd = path ? openat(en->containers, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC) : -1;
	scoped_buf before = BUF(HOSTS_MAX), text = BUF(HOSTS_MAX + (64u << 10));
	struct container_config c;
	struct cni_result result;
	char address[SUBNET_TEXT];
	int r = cni_result_of(en, id, &result, e);

	if (r == 0)
		r = cni_read_config(en, id, a, &c, e);
	if (r < 0 || fd < 0 || !result.n)
		return r;
	r = io_read_fd(fd, &before, e);
	if (r < 0)
		return err_wrap(e, r, "hosts");
	keep_lines(buf_sv(&before), &text);
	for (size_t i = 0; i < result.n; i++)
		if (c.hostname)
			buf_putf(&text, "%s\t%s" HOSTS_MARK "\n", net_ip_print(&result.ips[i], address), c.hostname);
		else
			buf_putf(&text, "%s\t%.12s" HOSTS_MARK "\n", net_ip_print(&result.ips[i], address), id);
	r = buf_status(&text, e);
	return r < 0 ? r : rewrite(fd, &text, e);
}

int cni_hook(struct engine *en, struct sv state, struct err *e)
{
	scoped_arena a = ARENA(CNI_ARENA_MAX);
	scoped_json o = NULL;
	struct json_object *id, *pid;
	const char *netns;
	int r = cni_json(state, &o, e);

	if (r < 0)
		return err_wrap(e, r, "the container's state");
	id = cni_field(o, "id", json_type_string);
	pid = cni_field(o, "pid", json_type_int);
	if (!id || !id_is_valid(sv_from(json_object_get_string(id))) || !pid || json_object_get_int64(pid) <= 0)
		return err_set(e, EINVAL, "the container's state: no id and pid in it");
	netns = arena_fmt(&a, "/proc/%lld/ns/net", (long long)json_object_get_int64(pid));
	r = netns ? cni_add(en, json_object_get_string(id), netns, e) : err_oom(e);
	return r < 0 ? r : tell_hosts(en, json_object_get_string(id), &a, e);
}
