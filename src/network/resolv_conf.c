/* SPDX-License-Identifier: Apache-2.0 */
#include "network/resolv_conf.h"

#include "base/hash.h"
#include "network/subnet.h"
#include "oci/list.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#define STUB "127.0.0.53"
#define EMBEDDED "127.0.0.11"
#define SUM_LINE "# Sum of the lines above: "

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool next_word(struct sv *rest, struct sv *ret)
{
	size_t start = 0, end;

	while (start < rest->n && is_blank(rest->p[start]))
		start++;
	for (end = start; end < rest->n && !is_blank(rest->p[end]);)
		end++;
	*ret = (struct sv){ rest->p + start, end - start };
	*rest = (struct sv){ rest->p + end, rest->n - end };
	return ret->n > 0;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

bool resolv_conf_server(struct sv text, struct net_ip *ret, struct sv *ret_zone)
{
	struct sv address = text, zone = { text.p + text.n, 0 };
	bool zoned = memchr(text.p, '%', text.n) != NULL;
	struct net_ip ip;

	if (zoned)
		(void)sv_cut(text, '%', &address, &zone);
	if (!net_ip_parse(address, &ip) || (zoned && (ip.family != AF_INET6 || !zone.n || zone.n >= IFNAMSIZ)))
		return false;
	*ret = ip;
	*ret_zone = zone;
	return true;
}

static int add(struct arena *a, struct oci_strings *to, struct sv text, struct err *e)
{
	return strings_add(a, to, arena_sv(a, text)) < 0 ? err_oom(e) : 0;
}

static int add_words(struct arena *a, struct oci_strings *to, struct sv words, struct err *e)
{
	struct sv word;
	int r = 0;

	while (r == 0 && next_word(&words, &word))
		r = add(a, to, word, e);
	return r;
}

static int take_server(struct arena *a, struct resolv_conf *c, struct sv rest, struct err *e)
{
	struct sv word, zone;
	struct net_ip ip;

	if (!next_word(&rest, &word))
		return 0;
	return add(a, resolv_conf_server(word, &ip, &zone) ? &c->servers : &c->invalid, word, e);
}

static int take_line(struct arena *a, struct resolv_conf *c, struct sv line, struct err *e)
{
	struct sv rest = line, key, more;

	if (!next_word(&rest, &key) || key.p[0] == '#' || key.p[0] == ';' || memchr(line.p, '\0', line.n))
		return 0;
	if (sv_is(key, "nameserver"))
		return take_server(a, c, rest, e);
	if (sv_is(key, "options"))
		return add_words(a, &c->options, rest, e);
	if (!sv_is(key, "search") && !sv_is(key, "domain"))
		return add(a, &c->other, sv_trim(line), e);
	more = rest;
	if (!next_word(&more, &key))
		return 0;
	c->search = (struct oci_strings){ 0 };
	return add_words(a, &c->search, rest, e);
}

int resolv_conf_parse(struct sv text, struct arena *a, struct resolv_conf *ret, struct err *e)
{
	struct resolv_conf c = { 0 };
	struct sv line;
	int r = 0;

	while (r == 0 && sv_next(&text, '\n', &line))
		r = take_line(a, &c, line, e);
	if (r == 0)
		*ret = c;
	return r;
}

bool resolv_conf_is_stub(const struct resolv_conf *c)
{
	return c->servers.n == 1 && strcmp(c->servers.v[0], STUB) == 0;
}

/* ---- the container's ------------------------------------------------------------------------------------------------ */

static bool is_loopback(const struct net_ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 };

	return ip->family == AF_INET ? ip->bytes[0] == 127 : memcmp(ip->bytes, one, sizeof one) == 0;
}

/* The host's servers that can be reached from a bridge; Docker's fallback where none is left. */
static int reachable(const struct resolv_conf *host, bool ipv6, struct arena *a, struct oci_strings *ret,
		     bool *fallback, struct err *e)
{
	static const char *const known[] = { "8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844" };
	struct sv zone;
	struct net_ip ip;
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->servers.n; i++)
		if (resolv_conf_server(sv_from(host->servers.v[i]), &ip, &zone) && !is_loopback(&ip) &&
		    (ip.family == AF_INET || ipv6) && !zone.n) /* a zone is an interface of the host's */
			r = strings_add(a, ret, host->servers.v[i]);
	*fallback = ret->n == 0;
	for (size_t i = 0; r == 0 && *fallback && i < (ipv6 ? 4 : 2); i++)
		r = strings_add(a, ret, known[i]);
	return r < 0 ? err_oom(e) : 0;
}

/* --dns-search . : none. */
static int search_of(const struct oci_strings *wanted, struct arena *a, struct oci_strings *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < wanted->n; i++)
		if (strcmp(wanted->v[i], ".") != 0)
			r = strings_add(a, ret, wanted->v[i]);
	return r < 0 ? err_oom(e) : 0;
}

static bool is_option(const char *text, const char *name, struct sv *ret_value)
{
	struct sv key, value = SV("");

	(void)sv_cut(sv_from(text), ':', &key, &value);
	*ret_value = value;
	return sv_is(key, name);
}

/* A container's names have no dots, and mostly it is they who are asked for. An ndots that somebody else has set stays. */
static int options_with_ndots(const struct oci_strings *from, struct arena *a, struct oci_strings *ret, bool *added,
			      struct err *e)
{
	bool has = false;
	struct sv value;
	uint64_t v;
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++) {
		bool ndots = is_option(from->v[i], "ndots", &value);

		if (ndots && sv_u64(value, &v) < 0)
			continue;
		has |= ndots;
		r = strings_add(a, ret, from->v[i]);
	}
	*added = !has;
	if (r == 0 && !has)
		r = strings_add(a, ret, "ndots:0");
	return r < 0 ? err_oom(e) : 0;
}

static void put_words(struct buf *b, const char *key, const struct oci_strings *l, const char *end)
{
	if (!l->n)
		return;
	buf_puts(b, key);
	for (size_t i = 0; i < l->n; i++)
		buf_putf(b, "%s%s", i ? " " : "", l->v[i]);
	buf_putf(b, "%s\n", end);
}

static void put_lines(struct buf *b, const char *key, const struct oci_strings *l)
{
	for (size_t i = 0; i < l->n; i++)
		buf_putf(b, "%s%s\n", key, l->v[i]);
}

/* What the file is made of. */
struct made {
	struct oci_strings servers, search, options;
	bool fallback, ndots_added;
};

static void put_origin(struct buf *b, const struct resolv_conf *host, const struct resolv_conf_wanted *w,
		       const struct made *m)
{
	static const char *const kinds[] = { [RESOLV_CONF_HOST] = "", [RESOLV_CONF_BRIDGE] = " (legacy)",
					     [RESOLV_CONF_EMBEDDED] = " (internal resolver)" };
	const struct oci_strings *behind = w->servers->n ? w->servers : &host->servers;

	buf_putf(b, "\n# Based on host file: '%s'%s\n", w->source, kinds[w->kind]);
	if (m->fallback)
		buf_puts(b, "# Used default nameservers.\n");
	if (w->kind == RESOLV_CONF_EMBEDDED && !behind->n)
		buf_puts(b, "# NO EXTERNAL NAMESERVERS DEFINED\n");
	if (w->kind == RESOLV_CONF_EMBEDDED && behind->n) {
		buf_puts(b, "# ExtServers: [");
		for (size_t i = 0; i < behind->n; i++)
			buf_putf(b, w->servers->n ? "%s%s" : "%shost(%s)", i ? " " : "", behind->v[i]);
		buf_puts(b, "]\n");
	}
	put_words(b, "# Invalid nameservers: [", &host->invalid, "]");
	buf_putf(b, "# Overrides: [%s%s%s%s%s]\n", w->servers->n ? "nameservers" : "",
		 w->servers->n && (w->search->n || w->options->n) ? " " : "", w->search->n ? "search" : "",
		 w->search->n && w->options->n ? " " : "", w->options->n ? "options" : "");
}

static void put_ndots(struct buf *b, const struct resolv_conf_wanted *w, const struct made *m)
{
	struct sv value;
	bool has = false;

	for (size_t i = 0; i < m->options.n; i++)
		has |= is_option(m->options.v[i], "ndots", &value);
	if (has)
		buf_putf(b, "# Option ndots from: %s\n",
			 m->ndots_added ? "internal" : w->options->n ? "override" : "host");
}

static int make(const struct resolv_conf *host, const struct resolv_conf_wanted *w, struct arena *a, struct made *ret,
		struct err *e)
{
	const struct oci_strings *options = w->options->n ? w->options : &host->options;
	struct made m = { .servers = w->servers->n ? *w->servers : host->servers, .search = host->search,
			  .options = *options };
	int r = 0;

	if (w->kind == RESOLV_CONF_BRIDGE && !w->servers->n) {
		m.servers = (struct oci_strings){ 0 };
		r = reachable(host, w->ipv6, a, &m.servers, &m.fallback, e);
	} else if (w->kind == RESOLV_CONF_EMBEDDED) {
		m.servers = m.options = (struct oci_strings){ 0 };
		r = add(a, &m.servers, SV(EMBEDDED), e);
		if (r == 0)
			r = options_with_ndots(options, a, &m.options, &m.ndots_added, e);
	}
	if (r == 0 && w->search->n) {
		m.search = (struct oci_strings){ 0 };
		r = search_of(w->search, a, &m.search, e);
	}
	if (r == 0)
		*ret = m;
	return r;
}

int resolv_conf_put(const struct resolv_conf *host, const struct resolv_conf_wanted *w, struct arena *a,
		    struct buf *out, struct err *e)
{
	size_t start = out->len;
	struct made m = { 0 };
	int r = make(host, w, a, &m, e);

	if (r < 0)
		return r;
	buf_puts(out, "# Generated by tare.\n"
		      "# This file can be edited; tare will not make further changes once it\n"
		      "# has been modified.\n\n");
	put_lines(out, "nameserver ", &m.servers);
	put_words(out, "search ", &m.search, "");
	put_words(out, "options ", &m.options, "");
	put_lines(out, "", &host->other);
	put_origin(out, host, w, &m);
	put_ndots(out, w, &m);
	if (buf_status(out, e) == 0)
		buf_putf(out, SUM_LINE "%08x\n", hash_of((struct sv){ out->p + start, out->len - start }));
	return buf_status(out, e);
}

bool resolv_conf_is_ours(struct sv text)
{
	size_t line = strlen(SUM_LINE) + 8 + 1;
	char want[sizeof SUM_LINE + 16];
	struct sv above;

	if (text.n < line)
		return false;
	above = (struct sv){ text.p, text.n - line };
	(void)snprintf(want, sizeof want, SUM_LINE "%08x\n", hash_of(above));
	return memcmp(text.p + above.n, want, line) == 0;
}
