/* SPDX-License-Identifier: Apache-2.0 */
/* Further processes in a running container, on the kernel that runs: this machine's own root as its root. Needs root. */
#include "own_host.h"

#include "base/scope.h"
#include "kernel/sys.h"
#include "runtime/container.h"
#include "runtime/exec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct host host;

#define CHECK_OK(call)                                    \
	do {                                              \
		if ((call) < 0)                           \
			fail_msg("%s: %s", #call, e.msg); \
	} while (0)

/* %s: more of process, %s: more namespaces, %s: more of linux */
static const char document[] =
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/\"},\"hostname\":\"inner\","
	"\"process\":{\"cwd\":\"/\",\"args\":[\"/bin/sleep\",\"1000\"],"
	"\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_SYS_PTRACE\"],\"effective\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":77,\"hard\":88}]%s},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":[\"newinstance\",\"ptmxmode=0666\"]}],"
	"\"linux\":{\"cgroupsPath\":\"/tare-test-%d\",\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},"
	"{\"type\":\"uts\"},{\"type\":\"network\"},{\"type\":\"cgroup\"},{\"type\":\"time\"}%s]%s}}";

struct running {
	struct arena a;
	struct host_facts facts;
	struct container c;
	struct exec_context context;
};

static void begin_with(struct running *r, const char *process, const char *namespaces, const char *more)
{
	struct plan_inputs in = { .id = "test", .root = { .path = "/" } };
	struct runtime_spec spec;
	struct plan plan;
	struct err e = { 0 };

	*r = (struct running){ .a = ARENA(1 << 20) };
	CHECK_OK(host_facts_read(&host, &r->a, &r->facts, &e));
	CHECK_OK(runtime_spec_parse(sv_from(arena_fmt(&r->a, document, process, (int)getpid(), namespaces, more)),
				    &r->a, &spec, &e));
	CHECK_OK(plan_make(&spec, &r->facts, &in, &r->a, &plan, &e));
	CHECK_OK(container_create(&plan, &host, (int[]){ -1, -1, -1 }, NULL, NULL, &r->c, &e));
	CHECK_OK(container_start(&r->c, &e));
	CHECK_OK(exec_context_make(&plan, &r->a, &r->context, &e));
}

static void begin(struct running *r, const char *process, const char *more)
{
	begin_with(r, process, "", more);
}

static void end(struct running *r)
{
	struct err e = { 0 };

	CHECK_OK(container_delete(&r->c, &e));
	arena_done(&r->a);
}

static void read_all(int fd, char *to, size_t n)
{
	size_t have = 0;
	ssize_t got;

	while (have + 1 < n && (got = read(fd, to + have, n - 1 - have)) > 0) /* EIO: the other side is closed */
		have += (size_t)got;
	to[have] = '\0';
}

static int reap(pid_t pid)
{
	int status = 0;

	assert_int_equal(pid, waitpid(pid, &status, 0));
	return container_status_code(status);
}

static int start(struct running *r, struct oci_process *pr, bool privileged, int out, struct execution *x,
		 struct err *why)
{
	struct err e = { 0 };
	struct exec_target t = { &host, r->c.cgroup, r->c.pid, r->c.pidfd };
	struct plan plan;
	int rc;

	CHECK_OK(exec_plan_make(&r->context, pr, privileged, &r->facts, &r->a, &plan, &e));
	CHECK_OK(exec_start(&plan, &t, (int[]){ -1, out, -1 }, x, &e));
	do
		rc = execution_hear(x, why);
	while (rc == 1);
	assert_int_equal(0, reap(x->helper) && rc == 0);
	return rc;
}

static struct oci_process process_of(const char **argv)
{
	struct runtime_spec s;

	runtime_spec_init(&s);
	s.process.present = true;
	s.process.cwd = "/";
	s.process.args.v = argv;
	while (argv[s.process.args.n])
		s.process.args.n++;
	return s.process;
}

/* Runs the script in the container; what it wrote, how it ended. */
static int run(struct running *r, const char *script, struct oci_process pr, bool privileged, char *ret_text, size_t n)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct oci_process own = process_of(argv);
	struct execution x;
	struct err e = { 0 };
	int p[2];

	own.uid = own.gid = pr.uid;
	own.terminal = pr.terminal;
	assert_int_equal(0, pipe(p));
	if (start(r, &own, privileged, p[1], &x, &e) < 0)
		fail_msg("%s", e.msg);
	close(p[1]);
	read_all(own.terminal ? x.console : p[0], ret_text, n);
	close(p[0]);
	execution_close(&x);
	return reap(x.pid);
}

#define AS_IS ((struct oci_process){ 0 })

TEST(it_is_in_every_namespace_of_the_container)
{
	static const char *const names[] = { "pid", "mnt", "ipc", "uts", "net", "cgroup", "time" };
	char text[512], path[64], first[64], inside[64];
	struct running r;
	const char *at = text;

	begin(&r, "", "");
	assert_int_equal(0, run(&r, "for n in pid mnt ipc uts net cgroup time; do readlink /proc/self/ns/$n; done",
				AS_IS, false, text, sizeof text));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		ssize_t n;

		(void)snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)r.c.pid, names[i]);
		n = readlink(path, first, sizeof first - 1);
		assert_true(n > 0);
		first[n] = '\0';
		assert_int_equal(1, sscanf(at, "%63s", inside));
		assert_string_equal(first, inside);
		at += strlen(inside) + 1;
	}
	end(&r);
}

TEST(it_has_what_the_container_has)
{
	char text[1024];
	struct running r;

	begin(&r, ",\"noNewPrivileges\":true,\"oomScoreAdj\":123,\"user\":{\"umask\":63}", "");
	assert_int_equal(3, run(&r,
				"hostname; ulimit -n; ulimit -Hn; umask; cat /proc/self/oom_score_adj; "
				"grep -E '^(CapBnd|NoNewPrivs)' /proc/self/status; ls /proc/self/fd | wc -l; exit 3",
				AS_IS, false, text, sizeof text));
	assert_string_equal("inner\n77\n88\n0077\n123\nCapBnd:\t0000000000080020\nNoNewPrivs:\t1\n4\n", text);
	end(&r);
}

TEST(privileged_is_without_the_containers_bounds)
{
	char text[256], want[64];
	struct running r;

	begin(&r, ",\"noNewPrivileges\":true", "");
	(void)snprintf(want, sizeof want, "CapEff:\t%016llx\nNoNewPrivs:\t0\n",
		       (unsigned long long)r.facts.capabilities);
	assert_int_equal(0,
			 run(&r, "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status", AS_IS, true, text, sizeof text));
	assert_string_equal(want, text);
	end(&r);
}

#define MAP "[{\"containerID\":0,\"hostID\":900000,\"size\":2000}]"

/* The pipe that it writes to is its user's too, by the id that the host knows. */
TEST(in_a_user_namespace_it_is_the_containers_root_or_user)
{
	char text[256];
	struct running r;
	struct oci_process stranger = process_of((const char *[]){ "/bin/true", NULL });
	struct plan plan;
	struct err e = { 0 };

	begin_with(&r, "", ",{\"type\":\"user\"}", ",\"uidMappings\":" MAP ",\"gidMappings\":" MAP);
	assert_int_equal(
		0, run(&r, "id -u; readlink /proc/self/ns/user /proc/1/ns/user | uniq | wc -l; echo x >/dev/stdout",
		       AS_IS, false, text, sizeof text));
	assert_string_equal("0\n1\nx\n", text);
	assert_int_equal(0, run(&r, "id -u; stat -Lc %u /dev/fd/1; echo x >/dev/stdout",
				(struct oci_process){ .uid = 77 }, false, text, sizeof text));
	assert_string_equal("77\n77\nx\n", text);
	stranger.uid = 2000;
	assert_int_equal(-EINVAL, exec_plan_make(&r.context, &stranger, false, &r.facts, &r.a, &plan, &e));
	assert_string_equal("process.user: uid 2000 is not mapped in the user namespace", e.msg);
	end(&r);
}

static void has_filter(const char *filter)
{
	char text[256];
	struct running r;

	begin(&r, "", filter);
	assert_int_equal(0,
			 run(&r, "grep -E '^(CapEff|Seccomp):' /proc/self/status; mkdir /tmp/x 2>/dev/null || echo no",
			     AS_IS, false, text, sizeof text));
	assert_string_equal("CapEff:\t0000000000080020\nSeccomp:\t2\nno\n", text);
	end(&r);
}

#define DENY(names) \
	",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[" names "],\"action\":\"SCMP_ACT_ERRNO\"}]}"

TEST(the_filter_is_installed_by_whoever_may)
{
	has_filter(DENY("\"mkdir\""));
	has_filter(DENY("\"mkdir\",\"setsid\"")); /* the helper could go on, the process not */
}

TEST(a_terminal_of_its_own_controls_it)
{
	char text[256];
	struct running r;

	begin(&r, "", "");
	assert_int_equal(0, run(&r, "tty; echo x >/dev/tty; stat -c %u /dev/pts/0",
				(struct oci_process){ .terminal = true, .uid = 7 }, false, text, sizeof text));
	assert_string_equal("/dev/pts/0\r\nx\r\n7\r\n", text);
	end(&r);
}

static void fails(struct running *r, const char *program, const char *cwd, int code, int status, const char *text)
{
	const char *argv[] = { program, NULL };
	struct oci_process pr = process_of(argv);
	struct execution x;
	struct err e = { 0 };

	pr.cwd = cwd;
	assert_int_equal(-code, start(r, &pr, false, -1, &x, &e));
	assert_string_equal(text, e.msg);
	assert_int_equal(status, container_exit_code(&e));
	if (x.pid)
		(void)reap(x.pid);
	assert_int_equal(-1, x.sync);
}

TEST(what_cannot_run_is_told_with_its_exit_status)
{
	struct running r;

	begin(&r, "", "");
	fails(&r, "nosuch", "/", ENOENT, 127, "exec: \"nosuch\": executable file not found in $PATH");
	fails(&r, "/etc/passwd", "/", EACCES, 126, "exec: \"/etc/passwd\": permission denied");
	fails(&r, "sh", "/proc/self/fd/5", ENOENT, 125, "working directory /proc/self/fd/5: No such file or directory");
	end(&r);
}

TEST(a_container_that_has_ended_is_told)
{
	const char *argv[] = { "sh", NULL };
	struct oci_process pr = process_of(argv);
	struct execution x;
	struct err e = { 0 };
	struct running r;

	begin(&r, "", "");
	assert_int_equal(0, sys_pidfd_send_signal(r.c.pidfd, SIGKILL));
	siginfo_t info;
	assert_int_equal(0, waitid(P_PIDFD, (id_t)r.c.pidfd, &info, WEXITED | WNOWAIT));
	assert_true(start(&r, &pr, false, -1, &x, &e) < 0);
	assert_string_equal("the container has ended", e.msg);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(it_is_in_every_namespace_of_the_container),
		RUN(it_has_what_the_container_has),
		RUN(in_a_user_namespace_it_is_the_containers_root_or_user),
		RUN(privileged_is_without_the_containers_bounds),
		RUN(the_filter_is_installed_by_whoever_may),
		RUN(a_terminal_of_its_own_controls_it),
		RUN(what_cannot_run_is_told_with_its_exit_status),
		RUN(a_container_that_has_ended_is_told),
	};

	if (!own_host(&host))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
