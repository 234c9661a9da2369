/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/address.h"

#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 64

static int bad(struct sv text, struct err *e)
{
	return err_set(e, EINVAL, "\"%.*s\": expected HOST:PORT, :PORT, or unix:///PATH of a socket",
		       (int)(text.n < 80 ? text.n : 80), text.n ? text.p : "");
}

static bool without_brackets(struct sv *host)
{
	bool open = host->n && host->p[0] == '[', shut = host->n && host->p[host->n - 1] == ']';

	if (open && shut && host->n > 2)
		*host = (struct sv){ host->p + 1, host->n - 2 };
	else if (open || shut || memchr(host->p ? host->p : "", ':', host->n))
		return false;
	return true;
}

int address_parse(struct sv text, struct address *ret, struct err *e)
{
	struct address a = { .local = false };
	struct sv host, port, path = text;
	uint64_t number;

	if (memchr(text.p ? text.p : "", '\0', text.n))
		return bad(text, e);
	if (sv_has_prefix(text, "unix://"))
		path = (struct sv){ text.p + 7, text.n - 7 };
	if (path.n && path.p[0] == '/') {
		a.local = true;
		if (sv_copy(path, a.path, sizeof a.path) < 0)
			return err_set(e, ENAMETOOLONG, "\"%.*s\": a socket's path has at most %zu bytes", 80, path.p,
				       sizeof a.path - 1);
		*ret = a;
		return 0;
	}
	if (!sv_rcut(text, ':', &host, &port) || sv_u64(port, &number) < 0 || number > 65535 ||
	    !without_brackets(&host) || sv_copy(host, a.host, sizeof a.host) < 0 ||
	    sv_copy(port, a.port, sizeof a.port) < 0)
		return bad(text, e);
	*ret = a;
	return 0;
}

/* Left by one that was killed? Then connect(2) is refused. */
static void remove_stale(const struct sockaddr_un *to)
{
	scoped_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd >= 0 && lstat(to->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)to, sizeof *to) < 0 && errno == ECONNREFUSED)
		(void)unlink(to->sun_path);
}

static int listen_local(const struct address *a, int *ret_fd, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	scoped_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int r;

	memcpy(to.sun_path, a->path, sizeof to.sun_path);
	remove_stale(&to);
	mask = umask(0117); /* it is never anybody else's, not even for a moment, and its name is followed by nobody */
	r = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&to, sizeof to);
	(void)umask(mask);
	if (r < 0 || listen(fd, BACKLOG) < 0)
		return err_sys(e, "listen on %s", a->path);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int listen_at(const struct addrinfo *i, int *ret_fd)
{
	scoped_fd fd = socket(i->ai_family, i->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, i->ai_protocol);
	const int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, i->ai_addr, i->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* IPv6 first when it is every interface: its socket takes IPv4 as well. */
static int listen_network(const struct address *a, int *ret_fd, struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *list = NULL;
	int r, failure = getaddrinfo(a->host[0] ? a->host : "::", a->port, &hints, &list);

	if (failure)
		return err_set(e, EINVAL, "listen on %.80s:%s: %s", a->host, a->port, gai_strerror(failure));
	r = -EADDRNOTAVAIL;
	for (const struct addrinfo *i = list; i && r < 0; i = i->ai_next)
		r = listen_at(i, ret_fd);
	freeaddrinfo(list);
	if (r == -EAFNOSUPPORT && !a->host[0]) {
		struct address v4 = *a;

		memcpy(v4.host, "0.0.0.0", sizeof "0.0.0.0");
		return listen_network(&v4, ret_fd, e);
	}
	return r < 0 ? err_set(e, -r, "listen on %.80s:%s: %s", a->host, a->port, strerror(-r)) : 0;
}

int address_listen(const struct address *a, int *ret_fd, struct err *e)
{
	return a->local ? listen_local(a, ret_fd, e) : listen_network(a, ret_fd, e);
}

void address_leave(const struct address *a)
{
	if (a->local)
		(void)unlink(a->path);
}
