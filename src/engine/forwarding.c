/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/forwarding.h"

#include "base/dir_names.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/net_link.h"
#include "kernel/netlink.h"
#include "kernel/smallfile.h"
#include "oci/list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NOTE "net/forwarding" /* in the state folder, and so of this boot */

static const struct family {
	const char *word, *path, *conf;
	unsigned guard;
} families[] = {
	{ "ipv4", "sys/net/ipv4/ip_forward", "sys/net/ipv4/conf", RULES_GUARD4 },
	{ "ipv6", "sys/net/ipv6/conf/all/forwarding", "sys/net/ipv6/conf", RULES_GUARD6 },
};

void forwarding_end(struct forwarding *f)
{
	while (f->n)
		close(f->fds[--f->n]);
}

/* '\0': there is no such file */
static char read_sysctl(int conf, const char *device, const char *name)
{
	char path[128], text[8];
	struct sv v;

	(void)snprintf(path, sizeof path, "%s/%s", device, name);
	return smallfile_read(conf, path, text, sizeof text, &v) == 0 && v.n ? v.p[0] : '\0';
}

/* ---- what did not forward ------------------------------------------------------------------------------------------- */

static bool is_device(const char *name)
{
	return strcmp(name, "all") != 0 && strcmp(name, "default") != 0 && strcmp(name, "lo") != 0;
}

static bool is_ours(const struct network_rows *own, const char *device)
{
	for (size_t i = 0; i < own->n; i++)
		if (strcmp(own->v[i].driver, "bridge") == 0 && strcmp(own->v[i].device, device) == 0)
			return true;
	return false;
}

struct look {
	struct forwarding *f;
	struct arena *a;
	struct network_rows own;
	int socket;
};

/* By IPv4 a single interface may forward where the host as a whole does not; by IPv6 none does then. */
static int look_at_device(const struct look *l, const struct family *family, int conf, const char *name, struct err *e)
{
	if (!is_device(name) || is_ours(&l->own, name))
		return 0;
	if (family->guard == RULES_GUARD6 && read_sysctl(conf, name, "accept_ra") == '1' &&
	    strings_add(l->a, &l->f->routed, arena_str(l->a, name)) < 0)
		return err_oom(e);
	if (family->guard == RULES_GUARD4 && read_sysctl(conf, name, "forwarding") != '0')
		return 0;
	if (l->f->closed.n >= LIMIT_NET_CLOSED)
		return err_set(e, E2BIG,
			       "this host has more than %u interfaces, and does not forward: turn on %s first",
			       LIMIT_NET_CLOSED, family->path + 4);
	return strings_addf(l->a, &l->f->closed, "%s %s%s", family->word, name,
			    net_device_is_bridge(l->socket, name) ? " bridge" : "") < 0 ?
		       err_oom(e) :
		       0;
}

static int look_at_family(struct engine *en, const struct look *l, const struct family *family, struct err *e)
{
	scoped_fd conf = openat(en->host->proc, family->conf, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_dir_names names = { 0 };
	int r = conf < 0 ? err_sys(e, "open /proc/%s", family->conf) : dir_names_read(conf, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = look_at_device(l, family, conf, names.v[i], e);
	return r;
}

static int look_at_devices(struct engine *en, struct arena *a, struct forwarding *f, struct err *e)
{
	struct look l = { .f = f, .a = a };
	scoped_fd fd = netlink_open(NETLINK_ROUTE, e);
	int r = fd < 0 ? fd : network_list(en, a, &l.own, e);

	l.socket = fd;
	for (size_t i = 0; r == 0 && i < f->n; i++)
		r = look_at_family(en, &l, &families[f->guards[i] == RULES_GUARD6], e);
	return r;
}

static bool is_on(struct engine *en, const struct family *family)
{
	char v = read_sysctl(en->host->proc, ".", family->path);

	return v && v != '0';
}

static int open_family(struct engine *en, const struct network *net, const struct family *family, struct forwarding *f,
		       struct err *e)
{
	int fd = openat(en->host->proc, family->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && net->subnet6.family)
		return err_set(e, EPFNOSUPPORT, "network %s: this host has no IPv6", net->row.name);
	if (fd < 0)
		return err_sys(e, "open /proc/%s", family->path);
	f->fds[f->n] = fd;
	f->guards[f->n] = family->guard;
	f->paths[f->n++] = family->path;
	return 0;
}

int forwarding_find(struct engine *en, const struct network *net, struct arena *a, struct forwarding *ret,
		    struct err *e)
{
	const bool needed[] = { net->subnet4.family != 0, net->subnet6.family != 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(families); i++)
		if (!net->options.internal && needed[i] && !is_on(en, &families[i]))
			r = open_family(en, net, &families[i], ret, e);
	return r == 0 && ret->n ? look_at_devices(en, a, ret, e) : r;
}

/* ---- the note ------------------------------------------------------------------------------------------------------- */

static int read_note(struct engine *en, struct arena *a, struct oci_strings *ret, struct err *e)
{
	scoped_buf text = BUF(LIMIT_NET_CLOSED_NOTE);
	int r = io_read_at(en->state, NOTE, &text, e);
	struct sv rest = buf_sv(&text), line;

	while (r == 0 && rest.n) {
		(void)sv_cut(rest, '\n', &line, &rest);
		if (strings_add(a, ret, arena_sv(a, line)) < 0)
			r = err_oom(e);
	}
	return r;
}

static int write_note(struct engine *en, const struct oci_strings *lines, struct err *e)
{
	scoped_buf text = BUF(LIMIT_NET_CLOSED_NOTE);
	int r;

	for (size_t i = 0; i < lines->n; i++)
		buf_putf(&text, "%s\n", lines->v[i]);
	r = buf_status(&text, e);
	return r < 0 ? r : io_replace_at(en->state, NOTE, text.p ? text.p : "", text.len, 0600, IO_DISK_LATER, e);
}

/* What stands there already stays: somebody else may have noted it just now and turned forwarding on before our look. */
int forwarding_note(struct engine *en, struct forwarding *f, struct arena *a, struct err *e)
{
	struct oci_strings lines = { 0 };
	scoped_fd dir = -1;
	int r = io_mkdir_at(en->state, "net", 0700, &dir, e);

	if (r == 0)
		r = read_note(en, a, &lines, e);
	f->noted = r == -ENOENT;
	if (r == -ENOENT)
		r = 0;
	for (size_t i = 0; r == 0 && i < f->closed.n; i++)
		if (!strings_has(&lines, f->closed.v[i]) && strings_add(a, &lines, f->closed.v[i]) < 0)
			r = err_oom(e);
	return r < 0 ? r : write_note(en, &lines, e);
}

void forwarding_unnote(struct engine *en, const struct forwarding *f)
{
	if (f->noted)
		(void)unlinkat(en->state, NOTE, 0);
}

static void read_line(struct sv line, struct arena *a, struct rules_closed *ret)
{
	struct sv word, device, more = { 0 };

	(void)sv_cut(line, ' ', &word, &line);
	(void)sv_cut(line, ' ', &device, &more);
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (sv_is(word, families[i].word))
			ret->guard = families[i].guard;
	ret->device = arena_sv(a, device);
	ret->bridge = sv_is(more, "bridge");
}

int forwarding_noted(struct engine *en, struct arena *a, struct closed_list *ret, unsigned *ret_guards, struct err *e)
{
	struct oci_strings lines = { 0 };
	struct closed_list list = { 0 };
	unsigned guards = 0;
	int r = faccessat(en->state, NOTE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : read_note(en, a, &lines, e);

	for (size_t i = 0; r == 0 && i < lines.n; i++) {
		struct rules_closed *c = LIST_ADD(a, &list);

		if (!c)
			return err_oom(e);
		*c = (struct rules_closed){ 0 };
		read_line(sv_from(lines.v[i]), a, c);
		if (!c->device)
			return err_oom(e);
		guards |= c->guard;
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_guards = guards;
	return 0;
}

/* ---- turning it on -------------------------------------------------------------------------------------------------- */

/* What forwards ignores a router's advertisements unless it is told not to: this host would lose its own addresses and its
 * way out. */
static int keep_routed(struct engine *en, const struct forwarding *f, struct oci_strings *warn, struct arena *a,
		       struct err *e)
{
	const char *names = "";

	for (size_t i = 0; names && i < f->routed.n; i++) {
		const char *path = arena_fmt(a, "%s/%s/accept_ra", families[1].conf, f->routed.v[i]);
		scoped_fd fd = path ? openat(en->host->proc, path, O_WRONLY | O_CLOEXEC) : -1;

		if (!path)
			return err_oom(e);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || write(fd, "2", 1) < 0)
			return err_sys(e, "write 2 to /proc/%s", path);
		names = arena_fmt(a, "%s%s%s", names, *names ? ", " : "", f->routed.v[i]);
	}
	if (!names || (*names && strings_addf(a, warn,
					      "set accept_ra to 2 for %s: what this host has from routers it keeps, "
					      "also as one that forwards",
					      names) < 0))
		return err_oom(e);
	return 0;
}

int forwarding_turn_on(struct engine *en, const struct forwarding *f, struct oci_strings *warn, struct arena *a,
		       struct err *e)
{
	int r = keep_routed(en, f, warn, a, e);

	for (size_t i = 0; r == 0 && i < f->n; i++) {
		if (write(f->fds[i], "1", 1) < 0)
			return err_sys(e, "write 1 to /proc/%s", f->paths[i]);
		if (strings_addf(a, warn,
				 "turned on %s, which containers need to reach other machines; between the other "
				 "interfaces that this host has now still nothing is forwarded",
				 f->paths[i] + 4) < 0)
			return err_oom(e);
	}
	return r;
}
