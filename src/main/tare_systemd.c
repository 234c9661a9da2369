/* SPDX-License-Identifier: Apache-2.0 */
/* tare-systemd [--user] - the D-Bus side of systemd/client.h, which says how it is talked to: stdin is the socket.
 *
 * A scope cannot be made without a process, and to move the container's into it afterwards would cost what
 * CLONE_INTO_CGROUP saves. So a process of this program goes into the scope: it sleeps there, touching no memory, until
 * the container's first process was cloned into the group (the verb "settle", or the end of the conversation).
 *
 * It speaks over the system's bus, or the user's, as everything that systemd's policy is about. Where no bus runs, root and the
 * user may speak with their systemd directly, as systemctl(1) does. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/scope.h"
#include "base/sv.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define REQUEST_MAX (64u << 10)
#define CALL_TIMEOUT_US (25 * UINT64_C(1000000)) /* D-Bus's own */
#define JOB_TIMEOUT_S 30
#define DESTINATION "org.freedesktop.systemd1"
#define MANAGER "/org/freedesktop/systemd1", DESTINATION ".Manager"

struct service {
	sd_bus *bus;
	bool user;
	pid_t holder; /* in the scope; 0: none */
	/* the job that is waited for */
	char *job, *result;
};

static void bus_error_end(sd_bus_error *e)
{
	sd_bus_error_free(e);
}

static void message_end(sd_bus_message **m)
{
	sd_bus_message_unref(*m);
}

#define scoped_bus_error SCOPED(bus_error_end) sd_bus_error
#define scoped_message SCOPED(message_end) sd_bus_message *

static int from_bus(int r, const sd_bus_error *b, const char *what, struct err *e)
{
	int code = b && sd_bus_error_is_set(b) ? sd_bus_error_get_errno(b) : -r;

	if (b && sd_bus_error_has_name(b, DESTINATION ".UnitExists"))
		code = EEXIST;
	if (b && sd_bus_error_has_name(b, DESTINATION ".NoSuchUnit"))
		code = ENOENT;
	return err_set(e, code, "%s: %s", what, b && b->message ? b->message : strerror(code));
}

/* ---- the process in the scope ---------------------------------------------------------------------------------------- */

static int hold(struct service *s, struct err *e)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return err_sys(e, "fork");
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(1);
		for (;;)
			pause();
	}
	s->holder = pid;
	return 0;
}

static void settle(struct service *s)
{
	if (!s->holder)
		return;
	(void)kill(s->holder, SIGKILL);
	while (waitpid(s->holder, NULL, 0) < 0 && errno == EINTR)
		;
	s->holder = 0;
}

/* ---- values ---------------------------------------------------------------------------------------------------------- */

struct words {
	struct sv rest;
};

static bool next(struct words *w, char *ret, size_t size)
{
	struct sv word;

	return sv_next(&w->rest, '\0', &word) && sv_copy(word, ret, size) == 0;
}

static int append_number(sd_bus_message *m, char type, const char *word)
{
	uint64_t u = 0;
	int64_t i = 0;
	int r = *word == '-' ? sv_i64(sv_from(word), &i) : sv_u64(sv_from(word), &u);
	union {
		uint8_t y;
		uint16_t q;
		uint32_t u;
		uint64_t t;
	} v;

	if (r < 0)
		return -EINVAL;
	u = *word == '-' ? (uint64_t)i : u;
	switch (type) {
	case 'y':
		v.y = (uint8_t)u;
		break;
	case 'n':
	case 'q':
		v.q = (uint16_t)u;
		break;
	case 'i':
	case 'u':
		v.u = (uint32_t)u;
		break;
	default:
		v.t = u;
		break;
	}
	return sd_bus_message_append_basic(m, type, &v);
}

static int append_basic(sd_bus_message *m, char type, const char *word)
{
	double d;
	char *end;

	switch (type) {
	case 's':
		return sd_bus_message_append_basic(m, type, word);
	case 'b':
		return sd_bus_message_append_basic(m, type, &(int){ strcmp(word, "true") == 0 });
	case 'd':
		d = strtod(word, &end);
		return *end || end == word ? -EINVAL : sd_bus_message_append_basic(m, type, &d);
	default:
		return strchr("ynqiuxt", type) ? append_number(m, type, word) : -EINVAL;
	}
}

/* The length of the first complete type of a signature: "t", "(ss)". Arrays are only at the beginning here. */
static size_t one_type(const char *signature)
{
	const char *end = *signature == '(' ? strchr(signature, ')') : signature;

	return end && *end ? (size_t)(end - signature) + 1 : 0;
}

static int append_plain(sd_bus_message *m, const char *type, size_t n, struct words *w)
{
	char word[4096], inner[16];
	int r = 0;

	if (*type != '(')
		return next(w, word, sizeof word) ? append_basic(m, *type, word) : -EINVAL;
	if (n < 3 || n >= sizeof inner)
		return -EINVAL;
	(void)snprintf(inner, sizeof inner, "%.*s", (int)n - 2, type + 1);
	r = sd_bus_message_open_container(m, 'r', inner);
	for (const char *t = inner; r >= 0 && *t; t++)
		r = next(w, word, sizeof word) ? append_basic(m, *t, word) : -EINVAL;
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, const char *signature, struct words *w)
{
	char word[24];
	uint64_t count;
	size_t n;
	int r;

	if (*signature != 'a') {
		n = one_type(signature);
		return n && !signature[n] ? append_plain(m, signature, n, w) : -EINVAL;
	}
	n = one_type(signature + 1);
	if (!n || signature[1 + n] || !next(w, word, sizeof word) || sv_u64(sv_from(word), &count) < 0)
		return -EINVAL;
	r = sd_bus_message_open_container(m, 'a', signature + 1);
	while (r >= 0 && count--)
		r = append_plain(m, signature + 1, n, w);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* What is said of a unit at its birth, and cannot be changed. */
static bool is_of_birth(const char *name)
{
	static const char *const names[] = { "Description", "Wants", "Slice", "Delegate", "DefaultDependencies" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int skip(struct words *w, const char *count)
{
	char word[4096];
	uint64_t n;

	if (sv_u64(sv_from(count), &n) < 0)
		return -EINVAL;
	while (n--)
		if (!next(w, word, sizeof word))
			return -EINVAL;
	return 0;
}

static int append_property(sd_bus_message *m, struct words *w, bool change)
{
	char name[128], signature[16], count[24];
	int r;

	if (!next(w, name, sizeof name) || !next(w, signature, sizeof signature) || !next(w, count, sizeof count))
		return -EINVAL;
	if (change && is_of_birth(name))
		return skip(w, count);
	r = sd_bus_message_open_container(m, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', signature);
	if (r >= 0)
		r = append_value(m, signature, w);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* The properties of a request, and the process of ours. change: of a unit that is there. */
static int append_properties(sd_bus_message *m, struct words w, bool change, pid_t holder)
{
	int r = sd_bus_message_open_container(m, 'a', "(sv)");

	while (r >= 0 && w.rest.n)
		r = append_property(m, &w, change);
	if (r >= 0 && holder)
		r = sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t)holder);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* ---- jobs ------------------------------------------------------------------------------------------------------------ */

static int job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct service *s = userdata;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0 || !s->job || strcmp(path, s->job) != 0)
		return 0;
	free(s->result);
	s->result = strdup(result);
	return 0;
}

static int await_job(struct service *s, const char *what, struct err *e)
{
	time_t end = time(NULL) + JOB_TIMEOUT_S;
	int r = 0;

	while (r >= 0 && !s->result && time(NULL) < end) {
		r = sd_bus_process(s->bus, NULL);
		if (r == 0 && !s->result)
			r = sd_bus_wait(s->bus, UINT64_C(1000000));
	}
	if (r < 0)
		return from_bus(r, NULL, what, e);
	if (!s->result)
		return err_set(e, ETIMEDOUT, "%s: no end of its job within %d seconds", what, JOB_TIMEOUT_S);
	return strcmp(s->result, "done") == 0 ? 0 : err_set(e, EIO, "%s: its job ended with \"%s\"", what, s->result);
}

/* m: a call that answers with a job, which is waited for. */
static int run_job(struct service *s, sd_bus_message *m, const char *what, struct err *e)
{
	scoped_bus_error error = SD_BUS_ERROR_NULL;
	scoped_message reply = NULL;
	const char *path;
	int r = sd_bus_call(s->bus, m, CALL_TIMEOUT_US, &error, &reply);

	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return from_bus(r, &error, what, e);
	free(s->job);
	free(PTR_TAKE(s->result));
	s->job = strdup(path);
	return s->job ? await_job(s, what, e) : err_oom(e);
}

/* systemd writes a unit's files when it comes to it, between two messages: who is answered once more can write after it. */
static void await_turn(struct service *s)
{
	(void)sd_bus_call_method(s->bus, DESTINATION, "/org/freedesktop/systemd1", "org.freedesktop.DBus.Peer", "Ping",
				 NULL, NULL, NULL);
}

/* ---- verbs ----------------------------------------------------------------------------------------------------------- */

static int start_once(struct service *s, const char *unit, struct words w, struct err *e)
{
	scoped_message m = NULL;
	int r = sd_bus_message_new_method_call(s->bus, &m, DESTINATION, MANAGER, "StartTransientUnit");

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", unit, "fail");
	if (r >= 0)
		r = append_properties(m, w, false, s->holder);
	if (r >= 0)
		r = sd_bus_message_append(m, "a(sa(sv))", 0);
	return r < 0 ? from_bus(r, NULL, "StartTransientUnit", e) : run_job(s, m, "StartTransientUnit", e);
}

static int group_of(struct service *s, const char *unit, char *ret, size_t size, struct err *e)
{
	scoped_bus_error error = SD_BUS_ERROR_NULL;
	const char *interface = sv_has_suffix(sv_from(unit), ".slice") ? DESTINATION ".Slice" : DESTINATION ".Scope";
	scoped_free char *path = NULL, *group = NULL;
	int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

	if (r >= 0)
		r = sd_bus_get_property_string(s->bus, DESTINATION, path, interface, "ControlGroup", &error, &group);
	if (r < 0)
		return from_bus(r, &error, "ControlGroup", e);
	if (sv_copy(sv_from(group), ret, size) < 0 || *group != '/')
		return err_set(e, EIO, "ControlGroup: \"%s\"", group);
	return 0;
}

static void reset_failed(struct service *s, const char *unit)
{
	(void)sd_bus_call_method(s->bus, DESTINATION, MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit);
}

static int verb_start(struct service *s, const char *unit, struct words w, char *ret, size_t size, struct err *e)
{
	int r = sv_has_suffix(sv_from(unit), ".slice") ? 0 : hold(s, e);

	if (r == 0)
		r = start_once(s, unit, w, e);
	if (r == -EEXIST) { /* one that ended badly stays until it was looked at */
		reset_failed(s, unit);
		r = start_once(s, unit, w, e);
	}
	if (r == 0)
		r = group_of(s, unit, ret, size, e);
	if (r < 0)
		settle(s);
	return r;
}

static int verb_settle(struct service *s, const char *unit, struct words w, char *ret, size_t size, struct err *e)
{
	(void)unit, (void)w, (void)ret, (void)size, (void)e;
	settle(s);
	return 0;
}

/* The process is given as a property is, and the group below the unit's. */
static int verb_attach(struct service *s, const char *unit, struct words w, char *ret, size_t size, struct err *e)
{
	scoped_bus_error error = SD_BUS_ERROR_NULL;
	char name[16], signature[4], count[4], pid[16], below[4096];
	uint64_t number;
	int r = next(&w, name, sizeof name) && next(&w, signature, sizeof signature) && next(&w, count, sizeof count) &&
				next(&w, pid, sizeof pid) && next(&w, below, sizeof below) &&
				sv_u64(sv_from(pid), &number) == 0 ?
			0 :
			-EINVAL;

	(void)ret, (void)size;
	if (r == 0)
		r = sd_bus_call_method(s->bus, DESTINATION, MANAGER, "AttachProcessesToUnit", &error, NULL, "ssau",
				       unit, below, 1, (uint32_t)number);
	return r < 0 ? from_bus(r, &error, "AttachProcessesToUnit", e) : 0;
}

static int set_properties(struct service *s, const char *unit, struct words w, struct err *e)
{
	scoped_bus_error error = SD_BUS_ERROR_NULL;
	scoped_message m = NULL;
	int r = sd_bus_message_new_method_call(s->bus, &m, DESTINATION, MANAGER, "SetUnitProperties");

	if (r >= 0)
		r = sd_bus_message_append(m, "sb", unit, 1);
	if (r >= 0)
		r = append_properties(m, w, true, 0);
	if (r >= 0)
		r = sd_bus_call(s->bus, m, CALL_TIMEOUT_US, &error, NULL);
	if (r < 0)
		return from_bus(r, &error, "SetUnitProperties", e);
	await_turn(s);
	return 0;
}

static int verb_set(struct service *s, const char *unit, struct words w, char *ret, size_t size, struct err *e)
{
	(void)ret, (void)size;
	return set_properties(s, unit, w, e);
}

/* One that is there gets these limits; what describes it is said at its birth only. */
static int change_slice(struct service *s, const char *unit, struct words w, struct err *e)
{
	scoped_message m = NULL;
	int r = set_properties(s, unit, w, e);

	if (r < 0)
		return r;
	r = sd_bus_message_new_method_call(s->bus, &m, DESTINATION, MANAGER, "StartUnit");
	if (r >= 0)
		r = sd_bus_message_append(m, "ss", unit, "replace");
	return r < 0 ? from_bus(r, NULL, "StartUnit", e) : run_job(s, m, "StartUnit", e);
}

static int verb_slice(struct service *s, const char *unit, struct words w, char *ret, size_t size, struct err *e)
{
	int r = start_once(s, unit, w, e);

	if (r == -EEXIST)
		r = change_slice(s, unit, w, e);
	if (r == 0)
		r = group_of(s, unit, ret, size, e);
	return r;
}

static int verb_stop(struct service *s, const char *unit, struct words w, char *ret, size_t size, struct err *e)
{
	scoped_message m = NULL;
	int r = sd_bus_message_new_method_call(s->bus, &m, DESTINATION, MANAGER, "StopUnit");

	(void)w, (void)ret, (void)size;
	if (r >= 0)
		r = sd_bus_message_append(m, "ss", unit, "replace");
	r = r < 0 ? from_bus(r, NULL, "StopUnit", e) : run_job(s, m, "StopUnit", e);
	reset_failed(s, unit);
	return r == -ENOENT ? 0 : r;
}

static const struct {
	const char *name;
	int (*run)(struct service *s, const char *unit, struct words w, char *ret, size_t size, struct err *e);
} verbs[] = { { "start", verb_start },   { "slice", verb_slice }, { "attach", verb_attach },
	      { "settle", verb_settle }, { "set", verb_set },
	      { "stop", verb_stop } };

/* ---- the conversation ------------------------------------------------------------------------------------------------ */

/* The manager's own socket. -ENOENT: this is nobody's whom it would listen to. */
static int open_private(struct service *s)
{
	const char *folder = s->user ? getenv("XDG_RUNTIME_DIR") : "/run";
	char address[PATH_MAX];
	int r;

	if (!folder || strpbrk(folder, ",;%") || (!s->user && geteuid() != 0) ||
	    snprintf(address, sizeof address, "unix:path=%s/systemd/private", folder) >= (int)sizeof address)
		return -ENOENT;
	r = sd_bus_new(&s->bus);
	if (r >= 0)
		r = sd_bus_set_address(s->bus, address);
	if (r >= 0)
		r = sd_bus_start(s->bus);
	if (r < 0)
		s->bus = sd_bus_unref(s->bus);
	return r;
}

static int open_bus(struct service *s, struct err *e)
{
	int r = s->user ? sd_bus_open_user(&s->bus) : sd_bus_open_system(&s->bus);

	if (r < 0 && open_private(s) >= 0)
		r = 0;
	if (r < 0)
		return err_set(e, -r, "no connection to the %s: %s", s->user ? "user's bus" : "system's bus",
			       strerror(-r));
	(void)sd_bus_set_method_call_timeout(s->bus, CALL_TIMEOUT_US);
	r = sd_bus_match_signal(s->bus, NULL, DESTINATION, MANAGER, "JobRemoved", job_removed, s);
	if (r >= 0)
		r = sd_bus_call_method(s->bus, DESTINATION, MANAGER, "Subscribe", NULL, NULL, NULL);
	return r < 0 ? from_bus(r, NULL, "Subscribe", e) : 0;
}

static int serve(struct service *s, struct sv request, char *ret, size_t size, struct err *e)
{
	struct words w = { request };
	char verb[16], unit[300];
	int r;

	if (!next(&w, verb, sizeof verb) || !next(&w, unit, sizeof unit))
		return err_set(e, EINVAL, "no request");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verb, verbs[i].name) != 0)
			continue;
		r = s->bus ? 0 : open_bus(s, e);
		return r < 0 ? r : verbs[i].run(s, unit, w, ret, size, e);
	}
	return err_set(e, EINVAL, "%s: no such request", verb);
}

static int answer(int r, const char *text, const struct err *e)
{
	scoped_buf b = BUF(8192);

	if (r < 0)
		buf_putf(&b, "error%c%d%c%s", 0, -r, 0, e->msg);
	else
		buf_putf(&b, "ok%c%s", 0, text);
	buf_put(&b, "", 1);
	return send(STDIN_FILENO, b.p, b.len, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct service s = { .user = argc > 1 && strcmp(argv[1], "--user") == 0 };
	static char request[REQUEST_MAX];
	ssize_t n;

	while ((n = recv(STDIN_FILENO, request, sizeof request, 0)) > 0) {
		char text[4096] = "";
		struct err e = { 0 };
		int r = serve(&s, (struct sv){ request, (size_t)n }, text, sizeof text, &e);

		if (answer(r, text, &e) < 0)
			break;
	}
	settle(&s);
	sd_bus_flush_close_unref(s.bus);
	free(s.job);
	free(s.result);
	return 0;
}
