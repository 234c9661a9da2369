/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_cni.c - lists of plugins and what plugins say: every plugin of a list that was taken gets one JSON object, with its own type
 * and the list's name; a result's addresses print as what reads the same; an error is one line. */
#include "engine/cni.h"

#include "network/subnet.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void one_plugin(const struct cni_list *l, size_t i, struct json_object *known)
{
	struct arena a = ARENA(1 << 20);
	struct buf out = BUF(4u << 20);
	struct json_object *o = NULL;
	const char *type = NULL;

	if (cni_plugin_config(l, i, known, known, &out, &type, &a, NULL) == 0) {
		require(type && *type && !strchr(type, '/') && type[0] != '.');
		if (cni_json(buf_sv(&out), &o, NULL) == 0)
			require(json_object_is_type(o, json_type_object) &&
				json_object_object_get_ex(o, "prevResult", NULL));
		json_object_put(o);
	}
	buf_done(&out);
	arena_done(&a);
}

static void list(struct sv text)
{
	struct json_object *known = json_tokener_parse("{\"portMappings\": [], \"bandwidth\": {}}");
	struct cni_list l = { 0 };

	if (cni_list_parse(text, &l, NULL) == 0) {
		require(l.name[0] && !strchr(l.name, '/') && l.plugins > 0 && l.plugins <= LIMIT_CNI_PLUGINS);
		for (size_t i = 0; i < l.plugins; i++)
			one_plugin(&l, i, known);
		cni_list_done(&l);
	} else {
		require(!l.json);
	}
	json_object_put(known);
}

static void result(struct sv text)
{
	struct cni_result r;
	struct net_ip again;
	char shown[SUBNET_TEXT];

	if (cni_result_parse(text, &r, NULL) < 0)
		return;
	require(r.n <= LIMIT_CNI_ADDRESSES && strlen(r.mac) < CNI_MAC);
	for (size_t i = 0; i < r.n; i++)
		require(net_subnet_parse(sv_from(net_subnet_print(&r.ips[i], shown)), &again) &&
			net_ip_equal(&again, &r.ips[i]) && again.prefix == r.ips[i].prefix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv text = { (const char *)data, size };
	struct buf out = BUF(LIMIT_CNI_TEXT);

	list(text);
	result(text);
	cni_error_text(text, &out);
	for (size_t i = 0; i < out.len; i++)
		require((unsigned char)out.p[i] >= ' ' && out.p[i] != 127);
	buf_done(&out);
	return 0;
}
