/* SPDX-License-Identifier: Apache-2.0 */
/* A container with a terminal, on the kernel that runs: this machine's own root as its root, /dev of its own. Needs
 * root. */
#include "own_host.h"

#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/pty.h"
#include "runtime/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct host host;

#define CHECK_OK(call)                                    \
	do {                                              \
		if ((call) < 0)                           \
			fail_msg("%s: %s", #call, e.msg); \
	} while (0)

static int new_devpts(void)
{
	return mount_new("devpts", NULL, "newinstance,ptmxmode=0666,mode=0620,gid=5", 0, NULL);
}

TEST(a_pair_of_a_devpts_of_its_own_passes_bytes_and_its_size)
{
	scoped_fd devpts = new_devpts(), master = -1, peer = -1;
	struct winsize size = { 0 };
	char got[8] = "";
	struct err e = { 0 };

	CHECK_OK(pty_open(devpts, &master, &peer, &e));
	CHECK_OK(pty_resize(master, 30, 90, &e));
	assert_int_equal(0, ioctl(peer, TIOCGWINSZ, &size));
	assert_int_equal(30, size.ws_row);
	assert_int_equal(90, size.ws_col);
	assert_int_equal(3, write(master, "hi\n", 3));
	assert_int_equal(3, read(peer, got, sizeof got));
	assert_string_equal("hi\n", got);
}

/* What an image could put in its place. */
TEST(only_the_root_of_a_devpts_will_do)
{
	scoped_scratch s = scratch_new();
	int master = -7, peer = -7;
	struct err e = { 0 };

	assert_int_equal(0, symlinkat("/dev/ptmx", s.dir, "ptmx"));
	assert_int_equal(-EINVAL, pty_open(s.dir, &master, &peer, &e));
	assert_string_equal("not the root of a devpts", e.msg);
	assert_true(master == -7 && peer == -7);
}

/* ---- in a container --------------------------------------------------------------------------------------------- */

static const char document[] =
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/\"},"
	"\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":31,\"width\":91},\"cwd\":\"/\",\"user\":{\"uid\":%d,\"gid\":%d},"
	"\"args\":[\"/bin/sh\",\"-c\",\"%s\"]},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]}],"
	"\"linux\":{\"cgroupsPath\":\"/tare-test-%d\",\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\"}]}}";

static void read_all(int fd, char *to, size_t n)
{
	size_t have = 0;
	ssize_t got;

	while (have + 1 < n && (got = read(fd, to + have, n - 1 - have)) > 0) /* EIO: the other side is closed */
		have += (size_t)got;
	to[have] = '\0';
}

/* Runs the script as uid in a container with a terminal; what it wrote there, and how it ended. */
static int run(const char *script, int uid, char *ret_text, size_t n)
{
	scoped_arena a = ARENA(1 << 20);
	struct plan_inputs in = { .id = "test", .root = { .path = "/" } };
	struct runtime_spec spec;
	struct host_facts facts = { 0 };
	struct container c;
	struct plan plan;
	struct err e = { 0 };
	int wstatus = 0;

	CHECK_OK(host_facts_read(&host, &a, &facts, &e));
	CHECK_OK(runtime_spec_parse(sv_from(arena_fmt(&a, document, uid, uid, script, (int)getpid())), &a, &spec, &e));
	CHECK_OK(plan_make(&spec, &facts, &in, &a, &plan, &e));
	CHECK_OK(container_create(&plan, &host, (int[]){ -1, -1, -1 }, NULL, NULL, &c, &e));
	assert_true(c.console >= 0);
	CHECK_OK(container_start(&c, &e));
	read_all(c.console, ret_text, n);
	CHECK_OK(container_wait(&c, &wstatus, &e));
	CHECK_OK(container_delete(&c, &e));
	assert_int_equal(-1, c.console);
	return container_status_code(wstatus);
}

TEST(the_process_leads_a_session_on_the_terminal)
{
	char text[256];

	assert_int_equal(7, run("tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo x >/dev/tty && exit 7", 0,
				text, sizeof text));
	assert_string_equal("/dev/pts/0\r\n31 91\r\nx\r\n", text);
}

TEST(dev_console_is_the_terminal)
{
	char text[256];

	assert_int_equal(0, run("stat -c %t:%T /dev/console /dev/pts/0; echo x >/dev/console", 0, text, sizeof text));
	assert_string_equal("88:0\r\n88:0\r\nx\r\n", text);
}

TEST(the_terminal_belongs_to_the_user)
{
	char text[256];

	assert_int_equal(0, run("stat -c %u:%g:%a /dev/pts/0; echo x >/dev/pts/0", 77, text, sizeof text));
	assert_string_equal("77:5:620\r\nx\r\n", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_pair_of_a_devpts_of_its_own_passes_bytes_and_its_size),
		RUN(only_the_root_of_a_devpts_will_do),
		RUN(the_process_leads_a_session_on_the_terminal),
		RUN(dev_console_is_the_terminal),
		RUN(the_terminal_belongs_to_the_user),
	};

	if (!own_host(&host))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
