/* SPDX-License-Identifier: Apache-2.0 */
#include "network/record.h"

#include "base/id.h"
#include "base/io.h"
#include "base/limits.h"
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

/* ---- rows: both directions walk them ----------------------------------------------------------------------------- */

enum kind { KIND_TEXT, KIND_NAME, KIND_FLAG, KIND_INT, KIND_U64, KIND_ADDRESS, KIND_ALIAS, KIND_UPSTREAM, KIND_RELAY };

static const struct row {
	const char *key;
	enum kind kind;
	size_t at;
} rows[] = {
	{ "container", KIND_NAME, offsetof(struct endpoint, container) },
	{ "network", KIND_NAME, offsetof(struct endpoint, network) },
	{ "network_name", KIND_NAME, offsetof(struct endpoint, network_name) },
	{ "name", KIND_NAME, offsetof(struct endpoint, name) },
	{ "alias", KIND_ALIAS, 0 },
	{ "names", KIND_FLAG, offsetof(struct endpoint, names) },
	{ "priority", KIND_INT, offsetof(struct endpoint, priority) },
	{ "ipv4", KIND_ADDRESS, offsetof(struct endpoint, ipv4) },
	{ "ipv6", KIND_ADDRESS, offsetof(struct endpoint, ipv6) },
	{ "netns", KIND_TEXT, offsetof(struct endpoint, netns) },
	{ "pid", KIND_INT, offsetof(struct endpoint, pid) },
	{ "pid_start_ticks", KIND_U64, offsetof(struct endpoint, pid_start_ticks) },
	{ "upstream", KIND_UPSTREAM, 0 },
	{ "upstream_host", KIND_UPSTREAM, 1 },
	{ "relay", KIND_RELAY, 0 },
};
static_assert(sizeof(pid_t) == sizeof(int), "pid is read as an int");

/* One line, without anything that a terminal or a log would take for more than text. */
static bool is_text(struct sv s, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0 && s.n <= max;
}

static bool is_name(struct sv s)
{
	return is_text(s, LIMIT_NAME) && !memchr(s.p, ' ', s.n);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct reader {
	struct arena *a;
	struct endpoint *ep;
};

static int take_text(struct reader *rd, struct sv value, size_t max, const char **ret, struct err *e)
{
	if (!is_text(value, max))
		return -EINVAL;
	*ret = arena_sv(rd->a, value);
	return *ret ? 0 : err_oom(e);
}

static int take_number(struct sv value, enum kind kind, void *ret)
{
	int64_t v;

	if (kind == KIND_U64)
		return sv_u64(value, ret);
	if (sv_i64(value, &v) < 0 || v < INT_MIN || v > INT_MAX)
		return -EINVAL;
	*(int *)ret = (int)v;
	return 0;
}

/* Room for one more in a list that has n. */
static int grow(struct reader *rd, void *list, size_t n, size_t size, struct err *e)
{
	void *v;

	if (n == LIMIT_ENDPOINT_LIST)
		return err_set(e, E2BIG, "more than %d", LIMIT_ENDPOINT_LIST);
	if (n)
		return 0;
	v = arena_array(rd->a, LIMIT_ENDPOINT_LIST, size);
	memcpy(list, &v, sizeof v);
	return v ? 0 : err_oom(e);
}

static int take_alias(struct reader *rd, struct sv value, struct err *e)
{
	struct endpoint *ep = rd->ep;
	int r = is_name(value) ? grow(rd, &ep->aliases, ep->alias_count, sizeof *ep->aliases, e) : -EINVAL;

	if (r == 0)
		r = take_text(rd, value, LIMIT_NAME, &ep->aliases[ep->alias_count], e);
	if (r == 0)
		ep->alias_count++;
	return r;
}

static int take_upstream(struct reader *rd, struct sv value, bool from_host, struct err *e)
{
	struct upstream u = { .from_host = from_host };
	struct endpoint *ep = rd->ep;
	int r = ip_address_parse(value, &u.address) ? 0 : -EINVAL;

	if (r == 0)
		r = grow(rd, &ep->upstreams, ep->upstream_count, sizeof u, e);
	if (r == 0)
		ep->upstreams[ep->upstream_count++] = u;
	return r;
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

static int take_relay(struct reader *rd, struct sv value, struct err *e)
{
	struct endpoint *ep = rd->ep;
	struct relay_ports p;
	int r = parse_relay(value, &p) ? 0 : -EINVAL;

	if (r == 0)
		r = grow(rd, &ep->relays, ep->relay_count, sizeof p, e);
	if (r == 0)
		ep->relays[ep->relay_count++] = p;
	return r;
}

static int take_address(struct sv value, int family, struct ip_address *ret)
{
	struct ip_address a;

	if (!ip_address_parse(value, &a) || a.family != family)
		return -EINVAL;
	*ret = a;
	return 0;
}

static int take_row(struct reader *rd, const struct row *row, struct sv value, struct err *e)
{
	void *p = (char *)rd->ep + row->at;

	switch (row->kind) {
	case KIND_NAME:
		return is_name(value) ? take_text(rd, value, LIMIT_NAME, p, e) : -EINVAL;
	case KIND_TEXT:
		return take_text(rd, value, PATH_MAX, p, e);
	case KIND_FLAG:
		*(bool *)p = sv_is(value, "true");
		return *(bool *)p || sv_is(value, "false") ? 0 : -EINVAL;
	case KIND_INT:
	case KIND_U64:
		return take_number(value, row->kind, p);
	case KIND_ADDRESS:
		return take_address(value, p == &rd->ep->ipv4 ? AF_INET : AF_INET6, p);
	case KIND_ALIAS:
		return take_alias(rd, value, e);
	case KIND_UPSTREAM:
		return take_upstream(rd, value, row->at != 0, e);
	case KIND_RELAY:
		return take_relay(rd, value, e);
	}
	return -EINVAL;
}

static int take_line(struct reader *rd, struct sv line, struct err *e)
{
	struct sv key, value;
	int r = 0;

	sv_cut(line, ' ', &key, &value);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (sv_is(key, rows[i].key))
			r = take_row(rd, &rows[i], value, e);
	if (r == -EINVAL || r == -ERANGE)
		return err_set(e, EINVAL, "damaged line \"%.*s\"", (int)(line.n < 200 ? line.n : 200), line.p);
	return r < 0 ? err_wrap(e, r, SV_FMT, SV_ARG(key)) : 0;
}

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
	struct reader rd = { a, &ep };
	struct sv line;
	int r = 0;

	if (!sv_next(&text, '\n', &line) || !sv_is(line, "tare-endpoint 1"))
		return err_set(e, EINVAL, "not the record of an endpoint");
	while (r == 0 && sv_next(&text, '\n', &line))
		r = take_line(&rd, line, e);
	if (r == 0)
		r = check(&ep, e);
	if (r == 0)
		*ret = ep;
	return r;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void put_lists(struct buf *b, const struct endpoint *ep, const struct row *row)
{
	char text[IP_ADDRESS_TEXT];

	if (row->kind == KIND_ALIAS)
		for (size_t i = 0; i < ep->alias_count; i++)
			buf_putf(b, "%s %s\n", row->key, ep->aliases[i]);
	if (row->kind == KIND_UPSTREAM)
		for (size_t i = 0; i < ep->upstream_count; i++)
			if (ep->upstreams[i].from_host == (row->at != 0))
				buf_putf(b, "%s %s\n", row->key, ip_address_print(&ep->upstreams[i].address, text));
	if (row->kind == KIND_RELAY)
		for (size_t i = 0; i < ep->relay_count; i++) {
			const struct relay_ports *p = &ep->relays[i];

			buf_putf(b, "%s %u %u %s %u\n", row->key, p->host_first, p->count,
				 ip_address_print(&p->to, text), p->to_first);
		}
}

static void put_row(struct buf *b, const struct endpoint *ep, const struct row *row)
{
	const void *p = (const char *)ep + row->at;
	char text[IP_ADDRESS_TEXT];
	const char *s = NULL;

	switch (row->kind) {
	case KIND_NAME:
	case KIND_TEXT:
		memcpy(&s, p, sizeof s);
		break;
	case KIND_FLAG:
		s = *(const bool *)p ? "true" : NULL;
		break;
	case KIND_INT:
		if (*(const int *)p)
			buf_putf(b, "%s %d\n", row->key, *(const int *)p);
		break;
	case KIND_U64:
		if (*(const uint64_t *)p)
			buf_putf(b, "%s %llu\n", row->key, (unsigned long long)*(const uint64_t *)p);
		break;
	case KIND_ADDRESS:
		s = *ip_address_print(p, text) ? text : NULL;
		break;
	default:
		put_lists(b, ep, row);
	}
	if (s)
		buf_putf(b, "%s %s\n", row->key, s);
}

/* What was written must be what is read: a newline in a name would be a line of its own. */
int endpoint_print(const struct endpoint *ep, struct buf *b, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_ENDPOINT);
	scoped_buf again = BUF(LIMIT_RECORD);
	struct endpoint back;
	size_t from = b->len;
	int r;

	buf_puts(b, "tare-endpoint 1\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		put_row(b, ep, &rows[i]);
	r = buf_status(b, e);
	if (r == 0)
		r = endpoint_parse((struct sv){ b->p + from, b->len - from }, &a, &back, e);
	if (r < 0)
		return r;
	buf_puts(&again, "tare-endpoint 1\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		put_row(&again, &back, &rows[i]);
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
	return io_replace_at(dir, file, b.p, b.len, 0600, false, e);
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
