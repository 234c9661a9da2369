/* SPDX-License-Identifier: Apache-2.0 */
#include "network/record.h"

#include "base/id.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/record.h"
#include "base/scope.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* ---- addresses --------------------------------------------------------------------------------------------------- */

bool ip_address_parse(struct sv text, struct ip_address *ret)
{
	char copy[INET6_ADDRSTRLEN];
	struct ip_address a = { .family = AF_INET };
	struct sv address = text, zone;
	uint64_t scope = 0;

	if (sv_cut(text, '%', &address, &zone) && (sv_u64(zone, &scope) < 0 || scope == 0 || scope > UINT32_MAX))
		return false;
	if (sv_copy(address, copy, sizeof copy) < 0)
		return false;
	if (scope || inet_pton(AF_INET, copy, &a.u) != 1) {
		a.family = AF_INET6;
		a.scope = (uint32_t)scope;
		if (inet_pton(AF_INET6, copy, &a.u) != 1)
			return false;
	}
	*ret = a;
	return true;
}

const char *ip_address_print(const struct ip_address *a, char ret[IP_ADDRESS_TEXT])
{
	ret[0] = '\0';
	if (a->family)
		(void)inet_ntop(a->family, &a->u, ret, INET6_ADDRSTRLEN);
	if (a->family && a->scope)
		(void)snprintf(ret + strlen(ret), IP_ADDRESS_TEXT - strlen(ret), "%%%u", a->scope);
	return ret;
}

socklen_t ip_address_to_sockaddr(const struct ip_address *a, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (void *)ret;
	struct sockaddr_in6 *v6 = (void *)ret;

	*ret = (struct sockaddr_storage){ .ss_family = (sa_family_t)a->family };
	if (a->family == AF_INET) {
		v4->sin_port = htons(port);
		v4->sin_addr = a->u.v4;
		return sizeof *v4;
	}
	v6->sin6_port = htons(port);
	v6->sin6_addr = a->u.v6;
	v6->sin6_scope_id = a->scope;
	return sizeof *v6;
}

bool ip_address_equal(const struct ip_address *a, const struct ip_address *b)
{
	return a->family == b->family && a->scope == b->scope &&
	       (a->family == 0 || memcmp(&a->u, &b->u, a->family == AF_INET ? sizeof a->u.v4 : sizeof a->u.v6) == 0);
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* One line, without anything that a terminal or a log would take for more than text. */
static bool is_text(struct sv s, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0 && s.n <= max;
}

static bool is_path(struct sv s)
{
	return is_text(s, PATH_MAX);
}

static bool is_name(struct sv s)
{
	return is_text(s, LIMIT_NAME) && !memchr(s.p, ' ', s.n);
}

/* ---- what only a record of an endpoint has ------------------------------------------------------------------------ */

enum { FROM_CONTAINER, FROM_HOST }; /* who asks an upstream: the place of its row */

static int take_upstream(struct record_reader *r, const struct record_row *row, struct sv value, struct err *e)
{
	struct endpoint *ep = r->of[0];
	struct upstream u = { .from_host = row->at == FROM_HOST };

	if (!ip_address_parse(value, &u.address))
		return -EINVAL;
	return record_item(r, &ep->upstreams, &ep->upstream_count, &u, sizeof u, LIMIT_ENDPOINT_LIST, e);
}

static void put_upstreams(const struct record_form *f, const struct record_row *row, const void *of, struct buf *b)
{
	const struct endpoint *ep = of;
	char text[IP_ADDRESS_TEXT];

	for (size_t i = 0; i < ep->upstream_count; i++)
		if (ep->upstreams[i].from_host == (row->at == FROM_HOST))
			record_put(f, row->key, ip_address_print(&ep->upstreams[i].address, text), b);
}

static bool take_port(struct sv *rest, uint16_t *ret)
{
	struct sv word;
	uint64_t v;

	if (!sv_next(rest, ' ', &word) || sv_u64(word, &v) < 0 || v == 0 || v > 65535)
		return false;
	*ret = (uint16_t)v;
	return true;
}

/* "8080 2 10.0.0.2 80" */
static bool parse_relay(struct sv value, struct relay_ports *ret)
{
	struct sv address;

	return take_port(&value, &ret->host_first) && take_port(&value, &ret->count) &&
	       sv_next(&value, ' ', &address) && ip_address_parse(address, &ret->to) &&
	       take_port(&value, &ret->to_first) && value.n == 0 && ret->host_first + ret->count <= 65536 &&
	       ret->to_first + ret->count <= 65536;
}

static int take_relay(struct record_reader *r, const struct record_row *row, struct sv value, struct err *e)
{
	struct endpoint *ep = r->of[0];
	struct relay_ports p;

	if (!parse_relay(value, &p))
		return -EINVAL;
	return record_item(r, &ep->relays, &ep->relay_count, &p, sizeof p, LIMIT_ENDPOINT_LIST, e);
}

static void put_relays(const struct record_form *f, const struct record_row *row, const void *of, struct buf *b)
{
	const struct endpoint *ep = of;
	char address[IP_ADDRESS_TEXT], text[IP_ADDRESS_TEXT + 24];

	for (size_t i = 0; i < ep->relay_count; i++) {
		const struct relay_ports *p = &ep->relays[i];

		(void)snprintf(text, sizeof text, "%u %u %s %u", p->host_first, p->count,
			       ip_address_print(&p->to, address), p->to_first);
		record_put(f, row->key, text, b);
	}
}

static int take_address(struct record_reader *r, const struct record_row *row, struct sv value, struct err *e)
{
	struct endpoint *ep = r->of[0];
	struct ip_address a, *to = row->at == offsetof(struct endpoint, ipv4) ? &ep->ipv4 : &ep->ipv6;

	if (!ip_address_parse(value, &a) || a.family != (to == &ep->ipv4 ? AF_INET : AF_INET6))
		return -EINVAL;
	*to = a;
	return 0;
}

static void put_address(const struct record_form *f, const struct record_row *row, const void *of, struct buf *b)
{
	const struct endpoint *ep = of;
	char text[IP_ADDRESS_TEXT];

	(void)ip_address_print(row->at == offsetof(struct endpoint, ipv4) ? &ep->ipv4 : &ep->ipv6, text);
	if (*text)
		record_put(f, row->key, text, b);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

#define ROW(name, kind_, ...) { .key = #name, .kind = RECORD_##kind_, RECORD_AT(struct endpoint, name), __VA_ARGS__ }

static const struct record_row rows[] = {
	ROW(container, TEXT, .valid = is_name),
	ROW(network, TEXT, .valid = is_name),
	ROW(network_name, TEXT, .valid = is_name),
	ROW(name, TEXT, .valid = is_name),
	{ .key = "alias",
	  .kind = RECORD_TEXTS,
	  RECORD_LIST_AT(struct endpoint, aliases, alias_count),
	  .max = LIMIT_ENDPOINT_LIST,
	  .valid = is_name },
	ROW(names, FLAG),
	ROW(priority, INT),
	ROW(ipv4, OWN, .take = take_address, .put = put_address),
	ROW(ipv6, OWN, .take = take_address, .put = put_address),
	ROW(netns, TEXT, .valid = is_path),
	ROW(pid, INT),
	ROW(pid_start_ticks, U64),
	{ .key = "upstream", .kind = RECORD_OWN, .at = FROM_CONTAINER, .take = take_upstream, .put = put_upstreams },
	{ .key = "upstream_host", .kind = RECORD_OWN, .at = FROM_HOST, .take = take_upstream, .put = put_upstreams },
	{ .key = "relay", .kind = RECORD_OWN, .take = take_relay, .put = put_relays },
};
static_assert(sizeof(pid_t) == sizeof(int), "pid is read as an int");

static const struct endpoint usual;

static const struct record_form form = {
	.first = "tare-endpoint 1",
	.stranger = "not the record of an endpoint",
	RECORD_LINES,
	RECORD_ROWS(rows),
	.usual = &usual,
};

static int check(const struct endpoint *ep, struct err *e)
{
	const char *missing = !ep->container ? "container" :
			      !ep->network ? "network" :
			      !ep->network_name ? "network_name" :
			      !ep->name ? "name" : NULL;

	if (missing)
		return err_set(e, EINVAL, "no %s", missing);
	if (!id_is_valid(sv_from(ep->container)) || !id_is_valid(sv_from(ep->network)))
		return err_set(e, EINVAL, "container and network are not ids");
	if (ep->pid < 0 || (ep->netns ? ep->netns[0] != '/' : ep->pid == 0))
		return err_set(e, EINVAL, "no way to the network namespace");
	return 0;
}

int endpoint_parse(struct sv text, struct arena *a, struct endpoint *ret, struct err *e)
{
	struct endpoint ep = { 0 };
	struct record_reader rd = { .form = &form, .a = a, .of = { &ep } };
	int r = record_parse(&rd, text, e);

	if (r == 0)
		r = check(&ep, e);
	if (r == 0)
		*ret = ep;
	return r;
}

static void print(const struct endpoint *ep, struct buf *b)
{
	record_begin(&form, b);
	record_put_rows(&form, 0, ep, b);
}

/* What was written must be what is read: a newline in a name would be a line of its own. */
int endpoint_print(const struct endpoint *ep, struct buf *b, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_ENDPOINT);
	scoped_buf again = BUF(LIMIT_RECORD);
	struct endpoint back;
	size_t from = b->len;
	int r;

	print(ep, b);
	r = buf_status(b, e);
	if (r == 0)
		r = endpoint_parse((struct sv){ b->p + from, b->len - from }, &a, &back, e);
	if (r < 0)
		return r;
	print(&back, &again);
	return again.len == b->len - from && memcmp(again.p, b->p + from, again.len) == 0 ?
		       0 : err_set(e, EINVAL, "endpoint of %s: a text in it is not one line", ep->name);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

bool endpoint_is_file(struct sv file)
{
	struct sv network, container;

	return sv_cut(file, '.', &network, &container) && id_is_valid(network) && id_is_valid(container);
}

int endpoints_open(const char *state_path, struct err *e)
{
	char path[PATH_MAX];
	int fd, r;

	if ((size_t)snprintf(path, sizeof path, "%s/" ENDPOINTS_DIR, state_path) >= sizeof path)
		return err_set(e, ENAMETOOLONG, "%s: path too long", state_path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	r = io_mkdirs(path, 0700, &fd, e);
	return r < 0 ? r : fd;
}

static void file_name(char ret[ENDPOINT_NAME_MAX], const char *network, const char *container)
{
	(void)snprintf(ret, ENDPOINT_NAME_MAX, "%s.%s", network, container);
}

int endpoint_write(int dir, const struct endpoint *ep, struct err *e)
{
	scoped_buf b = BUF(LIMIT_RECORD);
	char file[ENDPOINT_NAME_MAX];
	int r = endpoint_print(ep, &b, e);

	if (r < 0)
		return err_wrap(e, r, "record of the endpoint");
	file_name(file, ep->network, ep->container);
	return io_replace_at(dir, file, b.p, b.len, 0600, IO_DISK_SOON, e);
}

int endpoint_remove(int dir, const char *network, const char *container, struct err *e)
{
	char file[ENDPOINT_NAME_MAX];

	file_name(file, network, container);
	return unlinkat(dir, file, 0) < 0 && errno != ENOENT ? err_sys(e, "remove %s", file) : 0;
}

int endpoint_read(int dir, const char *file, struct arena *a, struct endpoint *ret, struct err *e)
{
	scoped_buf text = BUF(LIMIT_RECORD);
	char name[ENDPOINT_NAME_MAX];
	struct endpoint ep;
	int r = io_read_at(dir, file, &text, e);

	if (r == 0)
		r = endpoint_parse(buf_sv(&text), a, &ep, e);
	if (r < 0)
		return err_wrap(e, r, "%s", file);
	file_name(name, ep.network, ep.container);
	if (strcmp(name, file) != 0)
		return err_set(e, EINVAL, "%s: the record of %s", file, name);
	*ret = ep;
	return 0;
}
