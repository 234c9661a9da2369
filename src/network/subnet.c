/* SPDX-License-Identifier: Apache-2.0 */
#include "network/subnet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

static unsigned bits(const struct net_ip *ip)
{
	return ip->family == AF_INET ? 32 : 128;
}

static wide number(const struct net_ip *ip)
{
	wide v = 0;

	for (unsigned i = 0; i < bits(ip) / 8; i++)
		v = v << 8 | ip->bytes[i];
	return v;
}

static struct net_ip from_number(wide v, const struct net_ip *like)
{
	struct net_ip ip = { .family = like->family, .prefix = like->prefix };

	for (unsigned i = bits(like) / 8; i-- > 0; v >>= 8)
		ip.bytes[i] = (uint8_t)v;
	return ip;
}

static wide host_mask(const struct net_ip *subnet)
{
	unsigned n = bits(subnet) - subnet->prefix;

	return n == 0 ? 0 : n >= 128 ? ~(wide)0 : ((wide)1 << n) - 1;
}

/* ---- text --------------------------------------------------------------------------------------------------------- */

bool net_ip_parse(struct sv text, struct net_ip *ret)
{
	struct net_ip ip = { .family = AF_INET, .prefix = 32 };
	char copy[INET6_ADDRSTRLEN];

	if (sv_copy(text, copy, sizeof copy) < 0)
		return false;
	if (strchr(copy, ':'))
		ip = (struct net_ip){ .family = AF_INET6, .prefix = 128 };
	if (inet_pton(ip.family, copy, ip.bytes) != 1)
		return false;
	*ret = ip;
	return true;
}

bool net_subnet_parse(struct sv text, struct net_ip *ret)
{
	struct sv head, rest;
	struct net_ip ip;
	uint64_t prefix;

	if (!sv_cut(text, '/', &head, &rest) || !net_ip_parse(head, &ip) || sv_u64(rest, &prefix) < 0 ||
	    prefix > bits(&ip))
		return false;
	ip.prefix = (uint8_t)prefix;
	*ret = ip;
	return true;
}

const char *net_ip_print(const struct net_ip *ip, char ret[SUBNET_TEXT])
{
	if (!ip->family || !inet_ntop(ip->family, ip->bytes, ret, SUBNET_TEXT))
		ret[0] = '\0';
	return ret;
}

const char *net_subnet_print(const struct net_ip *ip, char ret[SUBNET_TEXT])
{
	size_t n = strlen(net_ip_print(ip, ret));

	if (n)
		(void)snprintf(ret + n, SUBNET_TEXT - n, "/%u", ip->prefix);
	return ret;
}

/* ---- numbers ------------------------------------------------------------------------------------------------------ */

bool net_ip_equal(const struct net_ip *a, const struct net_ip *b)
{
	return a->family == b->family && number(a) == number(b);
}

bool net_ip_is_any(const struct net_ip *ip)
{
	return !ip->family || number(ip) == 0;
}

bool net_ip_is_in(const struct net_ip *ip, const struct net_ip *subnet)
{
	return ip->family == subnet->family && (number(ip) | host_mask(subnet)) == (number(subnet) | host_mask(subnet));
}

bool net_subnets_overlap(const struct net_ip *a, const struct net_ip *b)
{
	return a->prefix <= b->prefix ? net_ip_is_in(b, a) : net_ip_is_in(a, b);
}

struct net_ip net_subnet_base(const struct net_ip *subnet)
{
	return from_number(number(subnet) & ~host_mask(subnet), subnet);
}

struct net_ip net_subnet_at(const struct net_ip *subnet, uint64_t offset)
{
	return from_number((number(subnet) & ~host_mask(subnet)) + offset, subnet);
}

uint64_t net_subnet_offset(const struct net_ip *subnet, const struct net_ip *ip)
{
	wide v = number(ip) & host_mask(subnet);

	return v > INT64_MAX ? (uint64_t)INT64_MAX : (uint64_t)v;
}

uint64_t net_subnet_size(const struct net_ip *subnet)
{
	wide last = host_mask(subnet);

	return last >= (wide)1 << 63 ? UINT64_C(1) << 63 : (uint64_t)last + 1;
}

/* ---- pools -------------------------------------------------------------------------------------------------------- */

static bool is_free(const struct net_ip *subnet, const struct net_ips *taken)
{
	for (size_t i = 0; i < taken->n; i++)
		if (net_subnets_overlap(subnet, &taken->v[i]))
			return false;
	return true;
}

bool net_pool_choose(const struct net_ips *taken, struct net_ip *ret)
{
	struct net_ip ip = { .family = AF_INET };

	for (unsigned i = 17; i <= 31 + 16; i++) {
		bool large = i <= 31;

		ip.prefix = large ? 16 : 20;
		ip.bytes[0] = large ? 172 : 192;
		ip.bytes[1] = large ? (uint8_t)i : 168;
		ip.bytes[2] = large ? 0 : (uint8_t)((i - 32) * 16);
		if (is_free(&ip, taken)) {
			*ret = ip;
			return true;
		}
	}
	return false;
}

static unsigned digit(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 0;
}

bool net_pool_choose6(const char *id, const struct net_ips *taken, struct net_ip *ret)
{
	struct net_ip ip = { .family = AF_INET6, .prefix = 64, .bytes = { 0xfd } };
	size_t n = strlen(id);

	for (size_t at = 0; at + 14 <= n; at += 14) {
		for (size_t i = 0; i < 7; i++)
			ip.bytes[1 + i] = (uint8_t)(digit(id[at + 2 * i]) << 4 | digit(id[at + 2 * i + 1]));
		if (is_free(&ip, taken)) {
			*ret = ip;
			return true;
		}
	}
	return false;
}

/* ---- hardware addresses ------------------------------------------------------------------------------------------- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool net_mac_parse(struct sv text, uint8_t ret[6])
{
	uint8_t mac[6];

	if (text.n != MAC_TEXT - 1)
		return false;
	for (size_t i = 0; i < 6; i++) {
		const char *p = text.p + 3 * i;

		if (!is_hex(p[0]) || !is_hex(p[1]) || (i < 5 && p[2] != ':' && p[2] != '-'))
			return false;
		mac[i] = (uint8_t)(digit((char)(p[0] | 0x20)) << 4 | digit((char)(p[1] | 0x20)));
	}
	memcpy(ret, mac, sizeof mac);
	return true;
}

void net_mac_of(const struct net_ip *ip, uint8_t ret[6])
{
	const uint8_t *from = ip->family == AF_INET ? ip->bytes : ip->bytes + 12;

	ret[0] = 0x02; /* locally administered */
	ret[1] = 0x42;
	memcpy(ret + 2, from, 4);
}

const char *net_mac_print(const uint8_t mac[6], char ret[MAC_TEXT])
{
	(void)snprintf(ret, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return ret;
}
