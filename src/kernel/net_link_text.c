/* SPDX-License-Identifier: Apache-2.0 */
/* net_link_text.c - a link as the line that a charter keeps. Pure. */
#include "kernel/net_link.h"

#include "base/scope.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static const char *const kind_names[] = { [NET_LINK_VETH] = "veth", [NET_LINK_MACVLAN] = "macvlan" };

static void put_ip(struct buf *out, const char *key, const struct net_ip *ip)
{
	char text[INET6_ADDRSTRLEN];

	if (ip->family && inet_ntop(ip->family, ip->bytes, text, sizeof text))
		buf_putf(out, " %s=%s/%u", key, text, ip->prefix);
}

void net_link_print(const struct net_link *l, struct buf *out)
{
	buf_putf(out, "kind=%s name=%s master=%s", kind_names[l->kind], l->name, l->master);
	if (l->host[0])
		buf_putf(out, " host=%s", l->host);
	buf_putf(out, " mac=%02x:%02x:%02x:%02x:%02x:%02x mtu=%u mode=%u hairpin=%d isolated=%d", l->mac[0], l->mac[1],
		 l->mac[2], l->mac[3], l->mac[4], l->mac[5], l->mtu, l->mode, l->hairpin, l->isolated);
	put_ip(out, "ip4", &l->ip4);
	put_ip(out, "ip6", &l->ip6);
	put_ip(out, "gateway4", &l->gateway4);
	put_ip(out, "gateway6", &l->gateway6);
}

static bool take_ip(struct sv text, struct net_ip *ret)
{
	struct net_ip ip = { .family = AF_INET };
	char address[INET6_ADDRSTRLEN];
	struct sv head, rest;
	uint64_t prefix;

	if (!sv_cut(text, '/', &head, &rest) || sv_copy(head, address, sizeof address) < 0 || sv_u64(rest, &prefix) < 0)
		return false;
	if (strchr(address, ':'))
		ip.family = AF_INET6;
	if (inet_pton(ip.family, address, ip.bytes) != 1 || prefix > (ip.family == AF_INET ? 32 : 128))
		return false;
	ip.prefix = (uint8_t)prefix;
	*ret = ip;
	return true;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_mac(struct sv text, uint8_t ret[6])
{
	if (text.n != 17)
		return false;
	for (size_t i = 0; i < 6; i++) {
		int high = hex(text.p[3 * i]), low = hex(text.p[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && text.p[3 * i + 2] != ':'))
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool take_u32(struct sv text, uint32_t *ret)
{
	uint64_t v;

	if (sv_u64(text, &v) < 0 || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool take_name(struct sv text, char ret[IFNAMSIZ])
{
	return text.n && sv_copy(text, ret, IFNAMSIZ) == 0;
}

static bool take_kind(struct sv text, enum net_link_kind *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(kind_names); i++)
		if (sv_is(text, kind_names[i]))
			return *ret = (enum net_link_kind)i, true;
	return false;
}

static bool take(struct net_link *l, struct sv key, struct sv value)
{
	if (sv_is(key, "kind"))
		return take_kind(value, &l->kind);
	if (sv_is(key, "name"))
		return take_name(value, l->name);
	if (sv_is(key, "master"))
		return take_name(value, l->master);
	if (sv_is(key, "host"))
		return take_name(value, l->host);
	if (sv_is(key, "mac"))
		return take_mac(value, l->mac);
	if (sv_is(key, "mtu"))
		return take_u32(value, &l->mtu);
	if (sv_is(key, "mode"))
		return take_u32(value, &l->mode);
	if (sv_is(key, "hairpin"))
		return l->hairpin = sv_is(value, "1"), true;
	if (sv_is(key, "isolated"))
		return l->isolated = sv_is(value, "1"), true;
	if (sv_is(key, "ip4"))
		return take_ip(value, &l->ip4);
	if (sv_is(key, "ip6"))
		return take_ip(value, &l->ip6);
	if (sv_is(key, "gateway4"))
		return take_ip(value, &l->gateway4);
	return sv_is(key, "gateway6") && take_ip(value, &l->gateway6);
}

static bool families_fit(const struct net_link *l)
{
	return l->ip4.family != AF_INET6 && l->gateway4.family != AF_INET6 && l->ip6.family != AF_INET &&
	       l->gateway6.family != AF_INET;
}

int net_link_parse(struct sv line, struct net_link *ret, struct err *e)
{
	struct net_link l = { .kind = NET_LINK_VETH };
	struct sv rest = line, word, key, value;

	while (sv_next(&rest, ' ', &word))
		if (!sv_cut(word, '=', &key, &value) || !take(&l, key, value))
			return err_set(e, EINVAL, "network link: \"%.*s\"", (int)(word.n < 60 ? word.n : 60), word.p);
	if (!l.name[0] || !l.master[0] || !families_fit(&l) || (l.kind == NET_LINK_VETH && !l.host[0]))
		return err_set(e, EINVAL, "network link: a part is missing or of the wrong family");
	*ret = l;
	return 0;
}
