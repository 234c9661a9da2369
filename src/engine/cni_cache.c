/* SPDX-License-Identifier: Apache-2.0 */
/* What is attached is kept in files, and given back by what they say: nothing else is needed for that, neither the container's
 * configuration nor today's settings. */
#include "engine/cni_priv.h"

#include "base/base64.h"
#include "base/io.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MARK_FILE "cni" /* in the container's folder: where what is kept of its attachment is */
#define MARK_MAX (2 * PATH_MAX + 256)

void cni_attachment_done(struct cni_attachment *t)
{
	cni_list_done(&t->list);
	json_object_put(PTR_TAKE(t->capabilities));
	json_object_put(PTR_TAKE(t->result));
}

int cni_results_open(const char *cache_dir, struct err *e)
{
	char path[PATH_MAX];
	int fd = -1, r;

	if (snprintf(path, sizeof path, "%s/results", cache_dir) >= (int)sizeof path)
		return err_set(e, ENAMETOOLONG, "%s/results", cache_dir);
	r = io_mkdirs(path, 0700, &fd, e);
	return r < 0 ? r : fd;
}

/* As libcni keeps it; without a result as long as ADD is not done. */
int cni_keep(const struct cni_attachment *t, int results, struct err *e)
{
	scoped_json o = json_object_new_object();
	scoped_buf config = BUF(2 * LIMIT_CNI_TEXT);
	const char *list = json_object_to_json_string_ext(t->list.json, JSON_C_TO_STRING_PLAIN), *text;

	base64_put(&config, sv_from(list));
	if (buf_status(&config, e) < 0)
		return -ENOMEM;
	json_object_object_add(o, "kind", json_object_new_string("cniCacheV1"));
	json_object_object_add(o, "containerId", json_object_new_string(t->id));
	json_object_object_add(o, "config", json_object_new_string(config.p));
	json_object_object_add(o, "ifName", json_object_new_string(CNI_IFNAME));
	json_object_object_add(o, "networkName", json_object_new_string(t->list.name));
	json_object_object_add(o, "netns", json_object_new_string(t->netns ? t->netns : ""));
	json_object_object_add(o, "capabilityArgs", json_object_get(t->capabilities));
	json_object_object_add(o, "tareRoot", json_object_new_string(t->en->root_path));
	if (t->result)
		json_object_object_add(o, "result", json_object_get(t->result));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	return io_replace_at(results, t->file, text, strlen(text), 0600, IO_DISK_NOW, e);
}

struct json_object *cni_field(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *v;

	return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) &&
			       json_object_is_type(v, type) ?
		       v :
		       NULL;
}

static int read_kept(struct cni_attachment *t, int results, struct err *e)
{
	scoped_buf text = BUF(4 * LIMIT_CNI_TEXT);
	scoped_json o = NULL;
	struct json_object *config;
	struct err why = { 0 };
	struct sv list;
	int r = io_read_at(results, t->file, &text, e);

	if (r < 0)
		return r;
	r = cni_json(buf_sv(&text), &o, &why);
	config = cni_field(o, "config", json_type_string);
	if (r == 0)
		r = config ? base64_decode(sv_from(json_object_get_string(config)), t->a, &list, &why) :
			     err_set(&why, EINVAL, "it has no config");
	if (r == 0)
		r = cni_list_parse(list, &t->list, &why);
	if (r < 0)
		return err_set(e, r == -ENOMEM ? ENOMEM : EBADMSG, "%s/results/%s is damaged: %s", t->cache_dir,
			       t->file, why.msg);
	t->capabilities = json_object_get(cni_field(o, "capabilityArgs", json_type_object));
	t->result = json_object_get(cni_field(o, "result", json_type_object));
	return 0;
}

/* Where it is kept and where its plugins are, by the mark in the container's folder: whoever takes it back may have been told
 * other settings than whoever made it, or none. -ENOENT: it is attached to nothing */
int cni_read_mark(struct cni_attachment *t, struct err *e)
{
	scoped_buf text = BUF(MARK_MAX);
	const char *path = arena_fmt(t->a, "%s/" MARK_FILE, t->id);
	int r = path ? io_read_at(t->en->containers, path, &text, e) : err_oom(e);
	struct sv rest = buf_sv(&text), cache, file, bin;

	if (r < 0)
		return r;
	if (!sv_cut(rest, '\n', &cache, &rest) || !sv_cut(rest, '\n', &file, &rest) ||
	    !sv_cut(rest, '\n', &bin, &rest) || !file.n || memchr(file.p, '/', file.n) || !sv_has_prefix(cache, "/") ||
	    !sv_has_prefix(bin, "/"))
		return err_set(e, EBADMSG, "%s is damaged", path);
	t->cache_dir = arena_sv(t->a, cache);
	t->file = arena_sv(t->a, file);
	t->bin_dir = arena_sv(t->a, bin);
	return t->cache_dir && t->file && t->bin_dir ? 0 : err_oom(e);
}

int cni_write_mark(const struct cni_attachment *t, struct err *e)
{
	const char *path = arena_fmt(t->a, "%s/" MARK_FILE, t->id);
	const char *text = arena_fmt(t->a, "%s\n%s\n%s\n", t->cache_dir, t->file, t->bin_dir);

	return path && text ? io_replace_at(t->en->containers, path, text, strlen(text), 0600, IO_DISK_NOW, e) :
			      err_oom(e);
}

int cni_call_plugin(const struct cni_attachment *t, size_t i, const char *command, struct json_object *previous,
		struct buf *said, struct err *e)
{
	scoped_buf config = BUF(2 * LIMIT_CNI_TEXT);
	const char *type;
	int r = cni_plugin_config(&t->list, i, t->capabilities, previous, &config, &type, t->a, e);

	if (r < 0)
		return r;
	return cni_plugin_run(&(struct cni_call){ type, command, t->id, t->netns, t->bin_dir, &config }, t->a, said, e);
}

int cni_call_del(const struct cni_attachment *t, struct err *e)
{
	struct err one = { 0 };
	int r = 0;

	for (size_t i = t->list.plugins; i-- > 0;) {
		scoped_buf said = BUF(LIMIT_CNI_TEXT);

		if (cni_call_plugin(t, i, "DEL", t->result, &said, &one) < 0 && r == 0)
			r = err_set(e, EIO, "%s", one.msg);
	}
	return r;
}

int cni_forget(struct cni_attachment *t, int results, struct err *e)
{
	const char *mark = arena_fmt(t->a, "%s/" MARK_FILE, t->id);

	if (t->file && unlinkat(results, t->file, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s", t->file);
	if (mark && unlinkat(t->en->containers, mark, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s", mark);
	return 0;
}

/* ---- what is damaged, as a power cut may leave it ----------------------------------------------------------------- */

static int find_named(struct cni_attachment *t, struct err *e)
{
	struct sv name = sv_from(t->file), own = sv_from(arena_fmt(t->a, "-%s-" CNI_IFNAME, t->id));
	struct settings s;
	int r = own.n && sv_has_suffix(name, own.p) ? settings_read(t->en->settings_path, t->a, &s, e) : -EINVAL;
	const char *network = r == 0 ? arena_sv(t->a, (struct sv){ name.p, name.n - own.n }) : NULL;

	return network ? cni_find_list(&s, network, &t->list, e) : r < 0 ? r : err_oom(e);
}

/* Without what was kept there is still the network's name, and its list as it is now: plugins find most of what they made by
 * the container's id. 1: nobody can be asked. */
static int read_named(struct cni_attachment *t, const struct err *damaged)
{
	struct err why = { 0 };

	if (find_named(t, &why) < 0) {
		log_warning("container %.12s: CNI: %s; its plugins are not asked to take it back: %s", t->id,
			    damaged->msg, why.msg);
		return 1;
	}
	log_warning("container %.12s: CNI: %s; it is taken back as cni:%s is configured now", t->id, damaged->msg,
		    t->list.name);
	return 0;
}

int cni_take_back(struct cni_attachment *t, int results, struct err *e)
{
	struct err why = { 0 };
	int r = read_kept(t, results, &why);

	if (r == -EBADMSG)
		r = read_named(t, &why);
	else if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "%s", why.msg);
	if (r == 0)
		r = cni_call_del(t, e);
	return r < 0 && r != -ENOENT ? r : cni_forget(t, results, e);
}

/* Of this container, by its name; NULL: none */
static const char *find_kept(const struct cni_attachment *t, int results)
{
	const char *own = arena_fmt(t->a, "-%s-" CNI_IFNAME, t->id);
	int copy = own ? openat(results, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	scoped_dir d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *ent;

	if (!d && copy >= 0)
		close(copy);
	while (d && (ent = readdir(d)))
		if (sv_has_suffix(sv_from(ent->d_name), own))
			return arena_str(t->a, ent->d_name);
	return NULL;
}

/* It is where today's settings say, or nowhere. */
static int take_back_unmarked(struct cni_attachment *t, struct err *e)
{
	struct settings s;
	scoped_fd results = -1;
	int r = settings_read(t->en->settings_path, t->a, &s, e);

	if (r == 0) {
		t->cache_dir = s.cni_cache_dir;
		t->bin_dir = s.cni_bin_dir;
		r = results = cni_results_open(t->cache_dir, e);
	}
	if (r < 0)
		return r;
	t->file = find_kept(t, results);
	return t->file ? cni_take_back(t, results, e) : cni_forget(t, results, e);
}

static int take_back_marked(struct cni_attachment *t, struct err *e)
{
	scoped_fd results = cni_results_open(t->cache_dir, e);

	return results < 0 ? results : cni_take_back(t, results, e);
}

int cni_del(struct engine *en, const char *id, const char *netns, struct err *e)
{
	scoped_arena a = ARENA(CNI_ARENA_MAX);
	scoped_attachment t = { .en = en, .a = &a, .id = id, .netns = netns };
	struct err why = { 0 };
	int r = cni_read_mark(&t, &why);

	if (r == -ENOENT)
		return 0;
	if (r == -EBADMSG) {
		log_warning("container %.12s: CNI: %s; what is kept of it is looked for", id, why.msg);
		r = take_back_unmarked(&t, e);
	} else {
		r = r < 0 ? err_set(e, -r, "%s", why.msg) : take_back_marked(&t, e);
	}
	return err_wrap(e, r, "container %.12s: CNI", id);
}

int cni_look(struct cni_attachment *t, int *ret_results, struct err *e)
{
	int r = cni_read_mark(t, e);

	if (r == 0)
		r = *ret_results = cni_results_open(t->cache_dir, e);
	return r < 0 ? r : read_kept(t, *ret_results, e);
}
