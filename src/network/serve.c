/* SPDX-License-Identifier: Apache-2.0 */
#include "network/serve.h"

#include "base/id.h"
#include "base/log.h"
#include "base/scope.h"
#include "kernel/ofd_lock.h"
#include "network/hand_over.h"
#include "network/netns.h"
#include "network/serve_priv.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HOLD_NS (INT64_C(100) * 1000000)
#define IDLE_NS (INT64_C(500) * 1000000) /* whoever stops one container often starts another one */
#define RETRY_NS (INT64_C(100) * 1000000) /* the first time; then twice as long each time, */
#define RETRY_DOUBLED 8                    /* so often */
#define CHANGES (IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_DELETE_SELF)

/* Somebody who has a container: most often its monitor. */
struct session {
	struct watch watch;
	struct session *next;
	char container[ID_LEN + 1]; /* "": has not said yet */
};

/* ---- namespaces -------------------------------------------------------------------------------------------------- */

int visit(struct server *s, int netns, struct err *e)
{
	return netns_enter(netns, e);
}

void visit_end(struct server *s)
{
	struct err e = { 0 };

	if (netns_enter(s->own_netns, &e) == 0)
		return;
	log_error("%s", e.msg);
	_exit(125);
}

int server_commit(struct server *s, struct nft *t, struct err *e)
{
	int r = s->nft >= 0 ? 0 : (s->nft = nft_open(e));

	if (r >= 0)
		r = nft_commit(t, s->nft, e);
	if (r < 0 && s->nft >= 0) /* answers may be left in it */
		close(fd_take(&s->nft));
	return r;
}

/* ---- residents --------------------------------------------------------------------------------------------------- */

static struct resident **resident_place(struct server *s, const char *container)
{
	struct resident **r = &s->residents;

	while (*r && strcmp((*r)->container, container) != 0)
		r = &(*r)->next;
	return r;
}

/* The record by which names are answered in a container; NULL: they are not. */
static const struct endpoint *wants_names(const struct server *s, const char *container)
{
	struct endpoint_search own = endpoints_find(&s->all, ENDPOINT_CONTAINER, sv_from(container));
	const struct endpoint *ep;

	while ((ep = endpoints_next(&own)))
		if (ep->names && endpoint_is_alive(&s->host, ep))
			return ep;
	return NULL;
}

static void leave(struct server *s, struct resident **place)
{
	struct resident *r = *place;

	if (!r)
		return;
	*place = r->next;
	resident_free(s, r);
}

static bool is_same(const struct resident *r, const struct stat *netns)
{
	return r->netns.st_ino == netns->st_ino && r->netns.st_dev == netns->st_dev;
}

/* As the records say now: in the right namespace, or not at all. */
static int settle(struct server *s, const char *container, struct err *e)
{
	struct resident **place = resident_place(s, container);
	const struct endpoint *ep = wants_names(s, container);
	scoped_fd netns = ep ? endpoint_netns_open(&s->host, ep, e) : -1;
	struct stat st;
	int r;

	if (netns < 0) {
		leave(s, place);
		return ep ? netns : 0;
	}
	if (fstat(netns, &st) < 0)
		return err_sys(e, "stat of a network namespace");
	if (*place && is_same(*place, &st))
		return 0;
	leave(s, place);
	r = resident_new(s, ep, netns, place, e);
	return err_wrap(e, r, "names for %.12s", container);
}

/* A record that is none stays one. All else (no descriptor, no memory) may pass: nobody would tell us. It is said once. */
static void complain(struct server *s, const struct err *why)
{
	if (why->code == ESRCH)
		return;
	if (s->retries <= 1)
		log_warning("%s", why->msg);
	if (why->code == EINVAL || why->code == E2BIG || why->code == ENOSPC || s->retry.due_ns)
		return;
	loop_timer(s, &s->retry, RETRY_NS << (s->retries < RETRY_DOUBLED ? s->retries : RETRY_DOUBLED));
	s->retries++;
}

static void settle_or_complain(struct server *s, const char *container)
{
	struct err e = { 0 };

	if (settle(s, container, &e) < 0)
		complain(s, &e);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void look_idle(struct server *s)
{
	if (s->sessions || s->all.n)
		loop_cancel(s, &s->idle);
	else if (!s->idle.due_ns)
		loop_timer(s, &s->idle, IDLE_NS);
}

static void idle(struct server *s, struct timer *t)
{
	records_refresh(s);
	s->over = !s->sessions && !s->all.n;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void bad_record(void *context, const struct err *why)
{
	complain(context, why);
}

static void load_all(struct server *s)
{
	struct resident *r, *next;
	struct err e = { 0 };

	endpoints_done(&s->all);
	if (endpoints_load(&s->all, s->dir, bad_record, s, &e) < 0)
		complain(s, &e);
	for (size_t i = 0; i < s->all.n; i++)
		settle_or_complain(s, s->all.v[i]->ep.container);
	for (r = s->residents; r; r = next) {
		next = r->next;
		settle_or_complain(s, r->container);
	}
}

static void retry(struct server *s, struct timer *t)
{
	load_all(s);
	if (!t->due_ns)
		s->retries = 0;
}

static void record_changed(struct server *s, const char *file)
{
	struct endpoint_slot *slot;
	struct err e = { 0 };
	char container[ID_LEN + 1];

	if (!endpoint_is_file(sv_from(file)))
		return;
	if (endpoints_reread(&s->all, s->dir, file, &slot, &e) < 0)
		complain(s, &e);
	(void)sv_copy(sv_from(file + ID_LEN + 1), container, sizeof container);
	settle_or_complain(s, container);
}

static void take_change(struct server *s, const struct inotify_event *ev)
{
	if (ev->mask & IN_Q_OVERFLOW)
		load_all(s);
	else if (ev->mask & (IN_DELETE_SELF | IN_IGNORED))
		s->over = true; /* the folder is gone: nobody can be here */
	else if (ev->len)
		record_changed(s, ev->name);
}

void records_refresh(struct server *s)
{
	char text[16384] __attribute__((aligned(8)));
	ssize_t n;

	while ((n = read(s->changes.fd, text, sizeof text)) > 0)
		for (char *p = text; p < text + n;
		     p += sizeof(struct inotify_event) + ((struct inotify_event *)(void *)p)->len)
			take_change(s, (const struct inotify_event *)(const void *)p);
	relay_settle(s);
	look_idle(s);
}

static void changed(struct server *s, struct watch *w, unsigned events)
{
	records_refresh(s);
}

/* ---- sessions ---------------------------------------------------------------------------------------------------- */

static void session_end(struct server *s, struct session *c)
{
	struct session **at = &s->sessions;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	loop_close(s, &c->watch);
	if (c->container[0])
		settle_or_complain(s, c->container); /* its container may have gone with it */
	free(c);
	look_idle(s);
}

static void session_reply(struct server *s, struct session *c)
{
	struct err e = { 0 };
	const char *text = NET_OK;

	records_refresh(s);
	if (settle(s, c->container, &e) < 0) {
		complain(s, &e);
		text = e.msg;
	}
	(void)send(c->watch.fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void drop_held(struct server *s, struct timer *t)
{
	while (s->held.n)
		close(s->held.fds[--s->held.n]);
}

/* Long enough for what was removed to be gone: then its end costs nobody anything. */
static void hold(struct server *s, int fd)
{
	if (s->held.n == ARRAY_LEN(s->held.fds))
		drop_held(s, NULL);
	s->held.fds[s->held.n++] = fd;
	loop_timer(s, &s->held.timer, HOLD_NS);
}

static void session_ready(struct server *s, struct watch *w, unsigned events)
{
	struct session *c = PARENT_OF(w, struct session, watch);
	char text[ID_LEN + 1];
	int fd;
	ssize_t n = net_hand_receive(w->fd, text, sizeof text, &fd);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (fd >= 0)
		hold(s, fd);
	if (n != ID_LEN || !id_is_valid((struct sv){ text, ID_LEN }))
		return session_end(s, c);
	(void)sv_copy((struct sv){ text, ID_LEN }, c->container, sizeof c->container);
	session_reply(s, c);
}

static void accept_session(struct server *s, struct watch *w, unsigned events)
{
	int fd = loop_accept(s, w);
	struct session *c = fd < 0 ? NULL : calloc(1, sizeof *c);

	if (!c) {
		if (fd >= 0)
			close(fd);
		return;
	}
	*c = (struct session){ .watch = { fd, session_ready }, .next = s->sessions };
	s->sessions = c;
	if (loop_watch(s, &c->watch, EPOLLIN, NULL) < 0)
		session_end(s, c);
	look_idle(s);
}

/* ---- beginning --------------------------------------------------------------------------------------------------- */

/* Under another name first: until it listens, whoever connects is to find the old one, which refuses. */
static int listen_here(struct server *s, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = NET_SOCKET ".new" };

	s->listener.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener.fd < 0)
		return err_sys(e, "socket");
	(void)unlink(a.sun_path);
	if (bind(s->listener.fd, (struct sockaddr *)&a, sizeof a) < 0)
		return err_sys(e, "bind " NET_SOCKET);
	if (listen(s->listener.fd, SOMAXCONN) < 0 || rename(a.sun_path, NET_SOCKET) < 0)
		return err_sys(e, "listen on " NET_SOCKET);
	return loop_watch(s, &s->listener, EPOLLIN, e);
}

static int watch_records(struct server *s, struct err *e)
{
	s->dir = endpoints_open(s->site->state_root, e);
	if (s->dir < 0)
		return s->dir;
	if (fchdir(s->dir) < 0 || chdir("..") < 0)
		return err_sys(e, "chdir %s/" NET_DIR, s->site->state_root);
	s->changes.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->changes.fd < 0 || inotify_add_watch(s->changes.fd, "endpoints", CHANGES | IN_ONLYDIR) < 0)
		return err_sys(e, "inotify of the endpoints");
	return loop_watch(s, &s->changes, EPOLLIN, e);
}

static int take_lock(struct server *s, int lock, struct err *e)
{
	s->lock = lock >= 0 ? fcntl(lock, F_DUPFD_CLOEXEC, 3) : open(NET_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return err_sys(e, "open %s/" NET_DIR "/" NET_LOCK, s->site->state_root);
	if (lock >= 0) {
		close(lock);
		return 0;
	}
	return err_wrap(e, ofd_lock_take(s->lock, 0, e), "%s/" NET_DIR "/" NET_LOCK, s->site->state_root);
}

/* Three descriptors and a connection for each container, and one for each question. */
static void raise_descriptors(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static int begin(struct server *s, int lock, struct err *e)
{
	int r = loop_open(s, e);

	raise_descriptors();
	if (r == 0)
		r = host_open(&s->host, "/", e);
	if (r == 0)
		r = watch_records(s, e);
	if (r == 0)
		r = take_lock(s, lock, e);
	if (r < 0)
		return r;
	s->own_netns = openat(s->host.proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	if (s->own_netns < 0)
		return err_sys(e, "proc: open self/ns/net");
	guard_open(s);
	load_all(s);
	relay_begin(s);
	r = listen_here(s, e);
	look_idle(s);
	return r;
}

static void end(struct server *s)
{
	while (s->sessions)
		session_end(s, s->sessions);
	while (s->residents)
		leave(s, &s->residents);
	guard_close(s);
	relay_close(s);
	loop_cancel(s, &s->hear);
	loop_cancel(s, &s->held.timer);
	drop_held(s, NULL);
	nft_close(fd_take(&s->nft));
	endpoints_done(&s->all);
	loop_close(s, &s->listener);
	loop_close(s, &s->changes);
}

/* Somebody may have written a record, seen that the lock is held, and gone away satisfied, just before we let go of it. */
static bool is_wanted_again(struct server *s)
{
	(void)unlink(NET_SOCKET);
	endpoints_sweep(s->dir);
	close(fd_take(&s->lock));
	if (endpoints_load(&s->all, s->dir, NULL, NULL, NULL) < 0 || !s->all.n)
		return false;
	endpoints_done(&s->all);
	return true;
}

int net_serve(const struct net_site *site, int lock, struct err *e)
{
	bool again;
	int r;

	do {
		struct server s = { .site = site,
				    .lock = -1,
				    .dir = -1,
				    .epoll = -1,
				    .own_netns = -1,
				    .changes = { -1, changed },
				    .listener = { -1, accept_session },
				    .idle = { .fire = idle },
				    .retry = { .fire = retry },
				    .held = { .timer = { .fire = drop_held } },
				    .nft = -1,
.guard = { .events = { .fd = -1 }, .repair = { .fd = -1 } }, .relays = { .listener = { .fd = -1 } } };

		r = begin(&s, lock, e);
		if (r == 0)
			r = loop_run(&s, e);
		end(&s);
		again = r == 0 && is_wanted_again(&s);
		lock = -1;
		host_close(&s.host);
		if (s.lock >= 0)
			close(s.lock);
		close(s.epoll);
		close(s.dir);
		close(s.own_netns);
	} while (again);
	return r;
}
