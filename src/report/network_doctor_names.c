/* SPDX-License-Identifier: Apache-2.0 */
/* Names as a container looks them up: its /etc/hosts, the name servers of its /etc/resolv.conf, and behind 127.0.0.11 those
 * that tare-net asks. */
#include "report/network_doctor_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "records/containers.h"
#include "report/dns_ask.h"
#include "engine/recover.h"
#include "kernel/sys.h"
#include "network/record.h"
#include "oci/list.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>

#define SERVERS_MAX 3 /* as resolv.conf(5) */
#define TYPE_NS 2

static int oom(int r, struct err *e)
{
	return r < 0 ? err_oom(e) : r;
}

/* ---- its files ------------------------------------------------------------------------------------------------------------ */

/* What the container may have put there is read as it sees it. What a device does when it is opened is not tried: it is known
 * to be a file before. */
static int read_file(struct doctor *d, const struct doctor_box *b, const char *path, struct buf *ret)
{
	char at[32];
	scoped_fd root = -1, found = -1, fd = -1;
	struct stat st;

	(void)snprintf(at, sizeof at, "%d/root", (int)b->pid);
	root = openat(d->en->host->proc, at, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		found = sys_openat2(root, path, O_PATH, RESOLVE_IN_ROOT);
	if (found < 0 || fstat(found, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	(void)snprintf(at, sizeof at, "self/fd/%d", found);
	fd = openat(d->en->host->proc, at, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : io_read_fd(fd, ret, NULL);
}

static bool next_word(struct sv *line, struct sv *ret)
{
	while (line->n && (line->p[0] == ' ' || line->p[0] == '\t'))
		*line = (struct sv){ line->p + 1, line->n - 1 };
	*ret = (struct sv){ line->p, 0 };
	while (ret->n < line->n && line->p[ret->n] != ' ' && line->p[ret->n] != '\t')
		ret->n++;
	*line = (struct sv){ line->p + ret->n, line->n - ret->n };
	return ret->n > 0;
}

static bool in_hosts(struct doctor *d, const struct doctor_box *b, struct doctor_target *t)
{
	scoped_buf text = BUF(LIMIT_ENV_FILE);
	struct sv rest, line, address, name, more;

	if (read_file(d, b, "etc/hosts", &text) < 0)
		return false;
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line)) {
		(void)sv_cut(line, '#', &line, &more);
		if (!next_word(&line, &address))
			continue;
		while (next_word(&line, &name))
			if (sv_is(name, t->host) && net_ip_parse(address, &t->ip))
				return true;
	}
	return false;
}

struct servers {
	struct net_ip v[SERVERS_MAX];
	size_t n;
};

static void read_servers(struct doctor *d, const struct doctor_box *b, struct servers *ret)
{
	scoped_buf text = BUF(LIMIT_ENV_FILE);
	struct sv rest, line, word;

	ret->n = 0;
	if (read_file(d, b, "etc/resolv.conf", &text) < 0)
		return;
	rest = buf_sv(&text);
	while (ret->n < SERVERS_MAX && sv_next(&rest, '\n', &line))
		if (next_word(&line, &word) && sv_is(word, "nameserver") && next_word(&line, &word) &&
		    net_ip_parse(word, &ret->v[ret->n]))
			ret->n++;
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------ */

/* From that namespace; view NULL: the host's. */
static int ask_from(struct doctor *d, const struct net_view *view, const struct net_ip *server, const char *name,
		    uint16_t type, struct dns_said *ret, struct err *why)
{
	int r = net_view_enter(view ? view : &d->host, why), back;

	if (r == 0)
		r = dns_ask(server, name, type, DOCTOR_WAIT_MS, ret, why);
	back = net_view_enter(&d->host, why);
	return r < 0 ? r : back;
}

static bool is_tare_net(const struct net_ip *ip)
{
	static const uint8_t own[] = { 127, 0, 0, 11 };

	return ip->family == AF_INET && memcmp(ip->bytes, own, sizeof own) == 0;
}

static struct net_ip from_address(const struct ip_address *a)
{
	struct net_ip ip = { .family = (uint8_t)a->family, .prefix = a->family == AF_INET ? 32 : 128 };

	memcpy(ip.bytes, &a->u, a->family == AF_INET ? 4 : 16);
	return ip;
}

/* The servers behind tare-net, one after the other: which of them is dead. name "": any question will do. */
static int upstreams_of(struct doctor *d, const struct doctor_box *b, const struct endpoint *ep, const char *name,
			struct err *e)
{
	unsigned alive = 0;
	int r = 1;

	for (size_t i = 0; r >= 0 && i < ep->upstream_count; i++) {
		const struct upstream *u = &ep->upstreams[i];
		struct net_ip ip = from_address(&u->address);
		struct dns_said said;
		struct err why = { 0 };
		char text[SUBNET_TEXT];

		(void)net_ip_print(&ip, text);
		if (ask_from(d, u->from_host ? NULL : &b->view, &ip, name, *name ? DNS_A : TYPE_NS, &said, &why) < 0)
			r = doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_UPSTREAM, doctor_box_label(d, b),
				       "give it another one with --dns, or look there",
				       "name server %s, asked from %s: %s", text,
				       u->from_host ? "this host" : "the container", why.msg);
		else if (said.rcode == DNS_SERVFAIL || said.rcode == DNS_REFUSED)
			r = doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_UPSTREAM, doctor_box_label(d, b),
				       "give it another one with --dns, or look there",
				       "name server %s %s", text,
				       said.rcode == DNS_SERVFAIL ? "fails (SERVFAIL)" : "refuses to answer (REFUSED)");
		else
			alive++;
	}
	if (r >= 0 && !ep->upstream_count && *name)
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_UPSTREAM, doctor_box_label(d, b),
				      "give it one with --dns", "this host's /etc/resolv.conf names no name server"),
			   e);
	return r < 0 ? err_oom(e) : alive > 0;
}

/* 1: one of them answers, or there are none to ask; 0: none does, and that was said. */
static int upstreams(struct doctor *d, const struct doctor_box *b, const char *name, struct err *e)
{
	scoped_arena memory = ARENA(LIMIT_ARENA_ENDPOINT);
	scoped_fd dir = endpoints_open(d->en->state_path, NULL);
	struct endpoint ep;

	for (size_t i = 0; dir >= 0 && i < d->all.places.n; i++) {
		const struct place_row *p = &d->all.places.v[i];
		const char *file = doctor_fmt(d, "%s.%s", p->network_id, p->container_id);

		if (strcmp(p->container_id, b->id) == 0 && endpoint_read(dir, file, &memory, &ep, NULL) == 0 &&
		    ep.names)
			return upstreams_of(d, b, &ep, name, e);
	}
	return 1;
}

/* ---- a name that is not found ---------------------------------------------------------------------------------------------------- */

static bool has_alias(const struct place_row *p, const char *name)
{
	struct sv rest = sv_from(p->aliases), word;

	while (sv_next(&rest, ' ', &word))
		if (sv_is(word, name))
			return true;
	return false;
}

static const char *networks_of(struct doctor *d, const char *container)
{
	const char *text = "";

	for (size_t i = 0; i < d->all.places.n; i++) {
		const struct network *net = doctor_net(d, d->all.places.v[i].network_id);

		if (net && strcmp(d->all.places.v[i].container_id, container) == 0)
			text = doctor_fmt(d, "%s%s%s", text, *text ? ", " : "", net->row.name);
	}
	return *text ? text : "none";
}

/* The container that it may have meant: by its name, or by an alias. */
static const char *meant(struct doctor *d, const char *name)
{
	struct container_row row;
	const char *id = container_find(d->en, sv_from(name), d->a, &row, NULL) == 0 && strcmp(row.name, name) == 0 ?
				 row.id :
				 NULL;

	for (size_t i = 0; !id && i < d->all.places.n; i++)
		if (has_alias(&d->all.places.v[i], name))
			id = d->all.places.v[i].container_id;
	return id;
}

static int explain(struct doctor *d, const struct doctor_box *b, const char *name, const char *said, struct err *e)
{
	const char *id = meant(d, name), *other, *ours = networks_of(d, b->id), *theirs;
	const char *where = doctor_box_label(d, b);
	int r;

	if (id && !doctor_runs(d, id, &other))
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_NAME, where, doctor_fmt(d, "tare start %s", other),
				      "%s does not resolve: container %s does not run", name, other), e);
	if (id) {
		theirs = networks_of(d, id);
		if (strcmp(ours, NETWORK_DEFAULT) == 0)
			return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_NAME, where,
					      "put both into a network of your own (tare network create)",
					      "%s does not resolve: there are no names on the default network bridge",
					      name), e);
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_NAME, where,
				      doctor_fmt(d, "tare network connect %s %s", ours, other),
				      "%s does not resolve: its container is in %s, and this one in %s", name, theirs,
				      ours),
			   e);
	}
	r = upstreams(d, b, name, e);
	return r != 1 ? r :
			oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_NAME, where, "look at the spelling",
				       "%s does not resolve: %s, and no container is called so", name, said), e);
}

static const char *rcode_text(struct doctor *d, enum dns_rcode rcode)
{
	switch (rcode) {
	case DNS_NOERROR:
		return "the name has no address of IPv4 or IPv6";
	case DNS_NXDOMAIN:
		return "there is no such name (NXDOMAIN)";
	case DNS_SERVFAIL:
		return "its name servers fail (SERVFAIL)";
	default:
		return doctor_fmt(d, "its name server says %d", (int)rcode);
	}
}

static int ask_server(struct doctor *d, const struct doctor_box *b, const struct net_ip *server,
		      struct doctor_target *t, const char **ret_said, struct err *e)
{
	static const uint16_t types[] = { DNS_A, DNS_AAAA };
	char text[SUBNET_TEXT], address[SUBNET_TEXT];

	(void)net_ip_print(server, text);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct dns_said said = { 0 };
		struct err why = { 0 };

		if (ask_from(d, &b->view, server, t->host, types[i], &said, &why) < 0) {
			*ret_said = doctor_fmt(d, "name server %s: %s", text, why.msg);
			return 0;
		}
		if (said.address.family) {
			t->ip = said.address;
			return oom(doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, doctor_box_label(d, b), NULL,
					      "%s is %s, says %s", t->host, net_ip_print(&t->ip, address), text), e);
		}
		*ret_said = rcode_text(d, said.rcode);
		if (said.rcode != DNS_NOERROR)
			return 0;
	}
	return 0;
}

int doctor_resolve(struct doctor *d, struct doctor_box *b, struct doctor_target *t, struct err *e)
{
	const char *said = "it has no name server in /etc/resolv.conf", *where = doctor_box_label(d, b);
	char address[SUBNET_TEXT];
	struct servers s;
	bool answered = false;
	int r = 0;

	if (in_hosts(d, b, t))
		return oom(doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, where, NULL, "%s is %s, says its /etc/hosts",
				      t->host, net_ip_print(&t->ip, address)), e);
	read_servers(d, b, &s);
	for (size_t i = 0; r == 0 && !answered && i < s.n; i++) {
		r = ask_server(d, b, &s.v[i], t, &said, e);
		answered = strncmp(said, "name server", 11) != 0;
	}
	if (r != 0)
		return r;
	if (s.n && !answered && !is_tare_net(&s.v[0]) && !meant(d, t->host))
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_UPSTREAM, where,
				      "give it another one with --dns, or look there", "%s", said), e);
	return explain(d, b, t->host, said, e);
}

int doctor_servers(struct doctor *d, struct doctor_box *b, struct err *e)
{
	struct servers s;
	bool dead = false;
	int r = 1;

	if (!b->own)
		return 1;
	read_servers(d, b, &s);
	for (size_t i = 0; r == 1 && i < s.n; i++) {
		char text[SUBNET_TEXT];
		struct dns_said said;
		struct err why = { 0 };

		if (is_tare_net(&s.v[i])) {
			dead |= (r = upstreams(d, b, "", e)) == 0;
			continue;
		}
		if (ask_from(d, &b->view, &s.v[i], "", TYPE_NS, &said, &why) == 0)
			continue;
		dead = true;
		r = doctor_say(d, DOCTOR_NOTE, DOCTOR_CAUSE_UPSTREAM, doctor_box_label(d, b),
			       "give it another one with --dns, or look there", "name server %s: %s",
			       net_ip_print(&s.v[i], text), why.msg);
	}
	if (r == 1 && s.n && !dead)
		r = doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, doctor_box_label(d, b), NULL,
			       "its name servers answer");
	return oom(r, e);
}
