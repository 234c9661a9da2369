/* SPDX-License-Identifier: Apache-2.0 */
#include "report/network_document.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "records/containers.h"
#include "engine/recover.h"
#include "oci/json.h"

#include <string.h>

static void put_text(struct buf *b, const char *key, const char *text)
{
	buf_putf(b, "\"%s\":", key);
	json_put_text(b, sv_from(text));
}

static void put_pairs(struct buf *b, const char *key, const struct oci_pairs *pairs)
{
	buf_putf(b, ",\"%s\":{", key);
	for (size_t i = 0; i < pairs->n; i++) {
		buf_puts(b, i ? "," : "");
		json_put_text(b, sv_from(pairs->v[i].key));
		buf_puts(b, ":");
		json_put_text(b, sv_from(pairs->v[i].value));
	}
	buf_puts(b, "}");
}

static void put_subnet(struct buf *b, const char *before, const struct net_ip *subnet, const struct net_ip *range,
		       const struct net_ip *gateway)
{
	char text[SUBNET_TEXT];

	buf_puts(b, before);
	put_text(b, "Subnet", net_subnet_print(subnet, text));
	if (range->family) {
		buf_puts(b, ",");
		put_text(b, "IPRange", net_subnet_print(range, text));
	}
	buf_puts(b, ",");
	put_text(b, "Gateway", net_ip_print(gateway, text));
	buf_puts(b, "}");
}

static void put_ipam(struct buf *b, const struct network *net)
{
	static const struct net_ip none = { 0 };

	buf_puts(b, ",\"IPAM\":{\"Driver\":\"default\",\"Options\":{},\"Config\":[");
	if (net->subnet4.family)
		put_subnet(b, "{", &net->subnet4, &net->range4, &net->gateway4);
	if (net->subnet6.family)
		put_subnet(b, net->subnet4.family ? ",{" : "{", &net->subnet6, &none, &net->gateway6);
	buf_puts(b, "]}");
}

static void put_place(struct buf *b, const struct network *net, const struct place_row *p, const char *name)
{
	struct net_ip ip4 = network_place_ip4(net, p), ip6 = network_place_ip6(net, p);
	char text[SUBNET_TEXT];

	json_put_text(b, sv_from(p->container_id));
	buf_puts(b, ":{");
	put_text(b, "Name", name);
	buf_puts(b, ",");
	put_text(b, "EndpointID", p->host);
	buf_puts(b, ",");
	put_text(b, "MacAddress", p->mac);
	buf_puts(b, ",");
	put_text(b, "IPv4Address", net_subnet_print(&ip4, text));
	buf_puts(b, ",");
	put_text(b, "IPv6Address", net_subnet_print(&ip6, text));
	buf_puts(b, "}");
}

/* Those that run, as Docker shows them. */
static int put_containers(struct engine *en, struct buf *b, const struct network *net, struct arena *a, struct err *e)
{
	struct place_rows places = { 0 };
	unsigned shown = 0;
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = network_rows_places(db, NULL, net->row.id, a, &places, e);
	buf_puts(b, ",\"Containers\":{");
	for (size_t i = 0; r == 0 && i < places.n; i++) {
		struct container_row row;
		struct container_state state;
		struct err gone = { 0 };

		if (container_find(en, sv_from(places.v[i].container_id), a, &row, &gone) < 0 ||
		    container_look(en, &row, &state, &gone) < 0 || !container_is_active(state.status))
			continue;
		buf_puts(b, shown++ ? "," : "");
		put_place(b, net, &places.v[i], row.name);
	}
	buf_puts(b, "}");
	return r;
}

int network_document(struct engine *en, const struct network *net, struct arena *a, struct document **ret,
		     struct err *e)
{
	scoped_buf b = BUF(LIMIT_CONFIG_JSON);
	char time[RFC3339_SIZE];
	int r;

	buf_puts(&b, "{");
	put_text(&b, "Name", net->row.name);
	buf_puts(&b, ",");
	put_text(&b, "Id", net->row.id);
	buf_putf(&b, ",\"Created\":\"%s\",\"Scope\":\"local\",", clock_rfc3339(net->row.created_ns, time));
	put_text(&b, "Driver", net->row.driver);
	buf_putf(&b, ",\"EnableIPv4\":%s,\"EnableIPv6\":%s", net->options.no_ipv4 ? "false" : "true",
		 net->options.ipv6 ? "true" : "false");
	put_ipam(&b, net);
	buf_putf(&b,
		 ",\"Internal\":%s,\"Attachable\":%s,\"Ingress\":false,\"ConfigFrom\":{\"Network\":\"\"},"
		 "\"ConfigOnly\":false",
		 net->options.internal ? "true" : "false", net->options.attachable ? "true" : "false");
	r = put_containers(en, &b, net, a, e);
	put_pairs(&b, "Options", &net->options.options);
	put_pairs(&b, "Labels", &net->options.labels);
	buf_puts(&b, ",\"Tare\":{");
	put_text(&b, "Device", net->row.device);
	buf_puts(&b, "}}");
	if (r == 0)
		r = buf_status(&b, e);
	return r < 0 ? r : document_parse(buf_sv(&b), ret, e);
}
