/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a container, as the conventions of CNI have it: runtimeConfig of the plugins that are capable of it. */
#include "engine/cni_priv.h"

#include "base/scope.h"
#include "engine/network_ports.h"
#include "kube/quantity.h"
#include "network/subnet.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

static int add_ports(const struct container_config *c, struct arena *a, struct json_object *to, struct err *e)
{
	struct port_mappings wanted = { 0 };
	struct json_object *list;
	char address[SUBNET_TEXT];
	int r = network_ports_wanted(c, &(struct oci_strings){ 0 }, a, &wanted, e);

	if (r < 0 || !wanted.n)
		return r;
	list = json_object_new_array();
	json_object_object_add(to, "portMappings", list);
	for (size_t i = 0; i < wanted.n; i++) {
		const struct port_mapping *m = &wanted.v[i];

		if (!m->host_first || m->host_last - m->host_first != m->last - m->first)
			return err_set(e, EINVAL, "--publish: a network of CNI needs one port of the host for each");
		for (unsigned k = 0; k <= (unsigned)(m->last - m->first); k++) {
			struct json_object *one = json_object_new_object();

			json_object_object_add(one, "hostPort", json_object_new_int(m->host_first + (int)k));
			json_object_object_add(one, "containerPort", json_object_new_int(m->first + (int)k));
			json_object_object_add(one, "protocol",
					       json_object_new_string(port_protocol_name(m->protocol)));
			if (m->host.family)
				json_object_object_add(one, "hostIP",
						       json_object_new_string(net_ip_print(&m->host, address)));
			json_object_array_add(list, one);
		}
	}
	return 0;
}

/* As Kubernetes says it: bits per second, a quantity in an annotation. */
static int add_bandwidth(const struct container_config *c, struct json_object *to, struct err *e)
{
	static const struct {
		const char *key, *rate, *burst;
	} ways[] = { { "kubernetes.io/ingress-bandwidth", "ingressRate", "ingressBurst" },
		     { "kubernetes.io/egress-bandwidth", "egressRate", "egressBurst" } };
	struct json_object *all = NULL;

	for (size_t i = 0; i < c->annotations.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(ways); k++) {
			struct quantity q;
			int64_t bits;

			if (strcmp(c->annotations.v[i].key, ways[k].key) != 0)
				continue;
			bits = quantity_parse(sv_from(c->annotations.v[i].value), &q, NULL) < 0 ? 0 :
												  quantity_value(&q);
			if (bits < 1000)
				return err_set(e, EINVAL, "--annotation %s=%.40s: bits per second, 1k or more",
					       ways[k].key, c->annotations.v[i].value);
			if (!all) {
				all = json_object_new_object();
				json_object_object_add(to, "bandwidth", all);
			}
			json_object_object_add(all, ways[k].rate, json_object_new_int64(bits));
			json_object_object_add(all, ways[k].burst, json_object_new_int64(INT32_MAX)); /* kubelet's */
		}
	return 0;
}

int cni_capabilities(const struct container_config *c, struct arena *a, struct json_object **ret, struct err *e)
{
	scoped_json o = json_object_new_object();
	int r = add_ports(c, a, o, e);

	if (r == 0)
		r = add_bandwidth(c, o, e);
	if (r == 0)
		*ret = PTR_TAKE(o);
	return r;
}
