/* SPDX-License-Identifier: Apache-2.0 */
/* CNI's documents: lists of plugins, what a plugin gets, what it says. */
#include "engine/cni_priv.h"

#include "base/limits.h"
#include "base/scope.h"
#include "network/subnet.h"

#include <errno.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <string.h>

#define DEPTH_MAX 32
#define NAME_MAX_BYTES 128
#define TYPE_MAX 64

const char *cni_name(const char *mode)
{
	return mode && strncmp(mode, CNI_PREFIX, strlen(CNI_PREFIX)) == 0 ? mode + strlen(CNI_PREFIX) : NULL;
}

int cni_json(struct sv text, struct json_object **ret, struct err *e)
{
	struct json_tokener *t;
	struct json_object *o;
	enum json_tokener_error why;

	if (text.n > LIMIT_CNI_TEXT)
		return err_set(e, E2BIG, "more than %u bytes", LIMIT_CNI_TEXT);
	t = json_tokener_new_ex(DEPTH_MAX);
	if (!t)
		return err_oom(e);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, text.p ? text.p : "", (int)text.n);
	why = json_tokener_get_error(t);
	if (why == json_tokener_continue) /* a number at the very end */
		o = NULL;
	else if (why == json_tokener_success &&
		 sv_trim((struct sv){ text.p + json_tokener_get_parse_end(t), text.n - json_tokener_get_parse_end(t) })
			 .n) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(t);
	if (!o)
		return err_set(e, EINVAL, "not one JSON value");
	*ret = o;
	return 0;
}

static struct json_object *field(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *v;

	return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) &&
			       json_object_is_type(v, type) ?
		       v :
		       NULL;
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *v = field(o, key, json_type_string);

	return v ? json_object_get_string(v) : NULL;
}

/* ---- lists ------------------------------------------------------------------------------------------------------------- */

static bool is_word(const char *text, size_t max)
{
	size_t n = text ? strlen(text) : 0;

	if (n == 0 || n > max || text[0] == '.' || text[0] == '-')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

static int check_plugins(struct json_object *list, size_t *ret_n, struct err *e)
{
	struct json_object *plugins = field(list, "plugins", json_type_array);
	size_t n = plugins ? json_object_array_length(plugins) : 0;

	if (n == 0 || n > LIMIT_CNI_PLUGINS)
		return err_set(e, n ? E2BIG : EINVAL, "plugins: a list of 1 to %d", LIMIT_CNI_PLUGINS);
	for (size_t i = 0; i < n; i++) {
		const char *type = text_of(json_object_array_get_idx(plugins, i), "type");

		if (!is_word(type, TYPE_MAX))
			return err_set(e, EINVAL, "plugins[%zu].type: not the name of a plugin", i);
	}
	*ret_n = n;
	return 0;
}

/* The configuration of one plugin is as good as a list of one. */
static struct json_object *listed(struct json_object *one)
{
	struct json_object *list = json_object_new_object(), *plugins = json_object_new_array();
	static const char *const keys[] = { "name", "cniVersion" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (text_of(one, keys[i]))
			json_object_object_add(list, keys[i], json_object_new_string(text_of(one, keys[i])));
	json_object_array_add(plugins, one);
	json_object_object_add(list, "plugins", plugins);
	return list;
}

int cni_list_parse(struct sv text, struct cni_list *ret, struct err *e)
{
	scoped_json o = NULL;
	struct cni_list l = { 0 };
	int r = cni_json(text, &o, e);

	if (r < 0)
		return r;
	if (!field(o, "plugins", json_type_array) && text_of(o, "type"))
		o = listed(o);
	l.name = text_of(o, "name");
	l.version = text_of(o, "cniVersion");
	if (!is_word(l.name, NAME_MAX_BYTES))
		return err_set(e, EINVAL, "name: not the name of a network");
	if (!l.version)
		l.version = "0.2.0"; /* as the specification has it */
	r = check_plugins(o, &l.plugins, e);
	if (r < 0)
		return r;
	l.json = PTR_TAKE(o);
	*ret = l;
	return 0;
}

void cni_list_done(struct cni_list *l)
{
	json_object_put(l->json);
	*l = (struct cni_list){ 0 };
}

/* ---- what a plugin gets -------------------------------------------------------------------------------------------------- */

static void add_runtime_config(struct json_object *plugin, struct json_object *capabilities)
{
	struct json_object *wanted = field(plugin, "capabilities", json_type_object), *all = NULL;

	if (!wanted || !capabilities)
		return;
	json_object_object_foreach(capabilities, key, value) {
		if (!json_object_get_boolean(field(wanted, key, json_type_boolean)))
			continue;
		if (!all) {
			all = json_object_new_object();
			json_object_object_add(plugin, "runtimeConfig", all);
		}
		json_object_object_add(all, key, json_object_get(value));
	}
}

int cni_plugin_config(const struct cni_list *l, size_t i, struct json_object *capabilities,
		      struct json_object *previous, struct buf *out, const char **ret_type, struct arena *a,
		      struct err *e)
{
	struct json_object *from = json_object_array_get_idx(field(l->json, "plugins", json_type_array), i);
	scoped_json o = NULL;

	if (json_object_deep_copy(from, &o, NULL) < 0)
		return err_oom(e);
	json_object_object_add(o, "name", json_object_new_string(l->name));
	json_object_object_add(o, "cniVersion", json_object_new_string(l->version));
	add_runtime_config(o, capabilities);
	if (previous)
		json_object_object_add(o, "prevResult", json_object_get(previous));
	buf_puts(out, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	*ret_type = arena_str(a, text_of(o, "type"));
	return *ret_type ? buf_status(out, e) : err_oom(e);
}

/* ---- what it says ------------------------------------------------------------------------------------------------------------ */

static int add_address(struct json_object *from, const char *key, struct cni_result *r)
{
	const char *address = text_of(from, key), *gateway = text_of(from, "gateway");
	struct net_ip *ip = &r->ips[r->n], *to;

	if (!address || !net_subnet_parse(sv_from(address), ip))
		return -EINVAL;
	to = ip->family == AF_INET ? &r->gateway4 : &r->gateway6;
	if (gateway && !to->family && (!net_ip_parse(sv_from(gateway), to) || to->family != ip->family))
		return -EINVAL;
	r->n++;
	return 0;
}

/* Before 0.3.0 there was one address of each family. */
static int old_addresses(struct json_object *o, struct cni_result *r, struct err *e)
{
	static const char *const keys[] = { "ip4", "ip6" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct json_object *one = field(o, keys[i], json_type_object);

		if (one && add_address(one, "ip", r) < 0)
			return err_set(e, EINVAL, "%s: not an address with its prefix, and a gateway", keys[i]);
	}
	return 0;
}

/* The container's own: interfaces of the host have no sandbox. */
static void take_mac(struct json_object *o, struct cni_result *r)
{
	struct json_object *list = field(o, "interfaces", json_type_array);

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *name = text_of(one, "name"), *mac = text_of(one, "mac"), *box = text_of(one, "sandbox");

		if (name && mac && box && *box && strcmp(name, CNI_IFNAME) == 0 && strlen(mac) < CNI_MAC &&
		    strspn(mac, "0123456789abcdefABCDEF:") == strlen(mac))
			(void)snprintf(r->mac, sizeof r->mac, "%s", mac);
	}
}

int cni_result_parse(struct sv text, struct cni_result *ret, struct err *e)
{
	scoped_json o = NULL;
	struct cni_result result = { .n = 0 };
	struct json_object *ips;
	int r = cni_json(text, &o, e);

	if (r < 0)
		return r;
	if (!json_object_is_type(o, json_type_object))
		return err_set(e, EINVAL, "not an object");
	ips = field(o, "ips", json_type_array);
	if (ips && json_object_array_length(ips) > LIMIT_CNI_ADDRESSES)
		return err_set(e, E2BIG, "ips: more than %d", LIMIT_CNI_ADDRESSES);
	for (size_t i = 0; ips && i < json_object_array_length(ips); i++)
		if (add_address(json_object_array_get_idx(ips, i), "address", &result) < 0)
			return err_set(e, EINVAL, "ips[%zu]: not an address with its prefix, and a gateway", i);
	r = ips ? 0 : old_addresses(o, &result, e);
	if (r < 0)
		return r;
	take_mac(o, &result);
	*ret = result;
	return 0;
}

static void put_line(struct buf *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		buf_put(out, (unsigned char)c < ' ' || c == 127 ? " " : &c, 1);
	}
}

void cni_error_text(struct sv said, struct buf *out)
{
	scoped_json o = NULL;
	const char *msg = NULL, *details;

	if (cni_json(said, &o, NULL) == 0)
		msg = text_of(o, "msg");
	if (!msg) {
		said = sv_trim(said);
		put_line(out, said.p, said.n < 200 ? said.n : 200);
		return;
	}
	put_line(out, msg, strlen(msg));
	details = text_of(o, "details");
	if (details && *details) {
		buf_puts(out, ": ");
		put_line(out, details, strlen(details));
	}
}
