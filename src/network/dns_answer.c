/* SPDX-License-Identifier: Apache-2.0 */
#include "network/dns_answer.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define CLASS_IN 1
#define CLASS_ANY 255
#define NETWORKS_MAX 64 /* of one container that are looked at */
#define TOLD_MAX 256    /* addresses of one answer; 4096 bytes hold fewer AAAA records */

static bool is_alive(const struct dns_view *view, const struct endpoint *ep)
{
	return !view->is_alive || view->is_alive(ep, view->context);
}

/* ---- the asker's networks ---------------------------------------------------------------------------------------- */

struct networks {
	const struct endpoint *v[NETWORKS_MAX];
	size_t n;
};

static bool comes_before(const struct endpoint *a, const struct endpoint *b)
{
	return a->priority != b->priority ? a->priority > b->priority : strcmp(a->network_name, b->network_name) < 0;
}

static void networks_of(const struct dns_view *view, struct networks *ret)
{
	struct endpoint_search own = endpoints_find(view->all, ENDPOINT_CONTAINER, sv_from(view->container));
	const struct endpoint *ep;
	size_t i;

	ret->n = 0;
	while (ret->n < NETWORKS_MAX && (ep = endpoints_next(&own))) {
		if (!ep->names)
			continue;
		for (i = ret->n++; i > 0 && comes_before(ep, ret->v[i - 1]); i--)
			ret->v[i] = ret->v[i - 1];
		ret->v[i] = ep;
	}
}

struct told {
	const struct endpoint *v[TOLD_MAX];
	size_t n;
};

static bool is_told(const struct told *t, const struct endpoint *ep)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i] == ep)
			return true;
	return false;
}

static void add_named(const struct dns_view *view, const char *network, struct sv name, struct told *ret)
{
	struct endpoint_search named = endpoints_find(view->all, ENDPOINT_NAME, name);
	bool others = ret->n > 0;
	const struct endpoint *ep;

	while (ret->n < TOLD_MAX && (ep = endpoints_next(&named)))
		if (strcmp(ep->network, network) == 0 && is_alive(view, ep) && !(others && is_told(ret, ep)))
			ret->v[ret->n++] = ep;
}

/* "web", and "web.back" */
static void add_network(const struct dns_view *view, const struct endpoint *own, struct sv name, struct told *ret)
{
	size_t n = strlen(own->network_name);

	add_named(view, own->network, name, ret);
	if (name.n > n + 1 && name.p[name.n - n - 1] == '.' &&
	    strncasecmp(name.p + name.n - n, own->network_name, n) == 0)
		add_named(view, own->network, (struct sv){ name.p, name.n - n - 1 }, ret);
}

/* In the first network that knows it. */
static void look_up(const struct dns_view *view, const char *name, struct told *ret)
{
	struct networks nets;

	networks_of(view, &nets);
	ret->n = 0;
	for (size_t k = 0; k < nets.n && ret->n == 0; k++)
		add_network(view, nets.v[k], sv_from(name), ret);
}

static const struct endpoint *look_up_address(const struct dns_view *view, const struct ip_address *a)
{
	struct networks nets;

	networks_of(view, &nets);
	for (size_t k = 0; k < nets.n; k++) {
		struct endpoint_search s = endpoints_find(view->all, ENDPOINT_ADDRESS, endpoint_address_key(a));
		const struct endpoint *ep;

		while ((ep = endpoints_next(&s)))
			if (strcmp(ep->network, nets.v[k]->network) == 0 && is_alive(view, ep))
				return ep;
	}
	return NULL;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static void tell(const struct dns_view *view, const struct told *t, uint16_t type, struct dns_reply *r)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct endpoint *ep = t->v[(i + view->turn) % t->n];

		if (type == DNS_A && ep->ipv4.family)
			dns_reply_a(r, DNS_TTL, ep->ipv4.u.v4);
		else if (type == DNS_AAAA && ep->ipv6.family)
			dns_reply_aaaa(r, DNS_TTL, &ep->ipv6.u.v6);
	}
}

static bool answer_name(const struct dns_view *view, const uint8_t *msg, const struct dns_query *q, uint8_t *buf,
			size_t cap, size_t *ret_n)
{
	struct dns_reply r;
	struct told t;

	look_up(view, q->name, &t);
	if (t.n == 0)
		return false;
	dns_reply_begin(&r, msg, q, DNS_NOERROR, buf, cap);
	tell(view, &t, q->type, &r);
	*ret_n = dns_reply_end(&r);
	return true;
}

static bool is_reverse(const char *name, struct ip_address *ret)
{
	ret->family = AF_INET;
	if (dns_reverse_v4(name, &ret->u.v4))
		return true;
	ret->family = AF_INET6;
	return dns_reverse_v6(name, &ret->u.v6);
}

static bool answer_address(const struct dns_view *view, const uint8_t *msg, const struct dns_query *q, uint8_t *buf,
			   size_t cap, size_t *ret_n)
{
	const struct endpoint *ep;
	char name[DNS_NAME_SIZE];
	struct ip_address a = { 0 };
	struct dns_reply r;

	if (!is_reverse(q->name, &a) || !(ep = look_up_address(view, &a)))
		return false;
	dns_reply_begin(&r, msg, q, DNS_NOERROR, buf, cap);
	if (q->type == DNS_PTR &&
	    ((size_t)snprintf(name, sizeof name, "%s.%s", ep->name, ep->network_name) >= sizeof name ||
	     !dns_reply_ptr(&r, DNS_TTL, name)))
		return false;
	*ret_n = dns_reply_end(&r);
	return true;
}

size_t dns_refuse(const uint8_t *msg, const struct dns_query *q, enum dns_rcode rcode, uint8_t *buf, size_t cap)
{
	struct dns_reply r;

	dns_reply_begin(&r, msg, q, rcode, buf, cap);
	return dns_reply_end(&r);
}

enum dns_verdict dns_answer(const struct dns_view *view, const uint8_t *msg, size_t n, struct dns_query *ret_q,
			    uint8_t *buf, size_t cap, size_t *ret_n)
{
	int r = dns_query_parse(msg, n, ret_q);

	if (r == -EBADMSG)
		return DNS_IGNORE;
	if (r < 0) {
		*ret_n = dns_refuse(msg, ret_q, r == -ENOTSUP ? DNS_NOTIMP : DNS_FORMERR, buf, cap);
		return DNS_ANSWERED;
	}
	if (!view->tcp && cap > ret_q->udp_size)
		cap = ret_q->udp_size;
	if (!ret_q->plain || (ret_q->class != CLASS_IN && ret_q->class != CLASS_ANY))
		return DNS_FORWARD;
	if (answer_address(view, msg, ret_q, buf, cap, ret_n) || answer_name(view, msg, ret_q, buf, cap, ret_n))
		return DNS_ANSWERED;
	return DNS_FORWARD;
}
