/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include "../unit/test.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/scope.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static void write_file(const char *path, struct sv text)
{
	struct err e = { 0 };

	if (io_replace_at(AT_FDCWD, path, text.p, text.n, 0644, IO_DISK_LATER, &e) < 0)
		fail_msg("%s", e.msg);
}

static void show_difference(const char *name, struct sv old, struct sv new)
{
	struct sv was = { 0 }, is = { 0 };
	bool more = true;
	size_t line = 0;

	while (more && sv_eq(was, is)) {
		line++;
		was = is = (struct sv){ 0 };
		more = sv_next(&old, '\n', &was);
		more = sv_next(&new, '\n', &is) || more;
	}
	fail_msg("tests/golden/%s:%zu: \"" SV_FMT "\" became \"" SV_FMT "\"", name, line, SV_ARG(was), SV_ARG(is));
}

static void keep_new(const char *name, struct sv text)
{
	const char *build = getenv("TARE_BUILD");
	char path[512], flat[256];

	if (!build || strlen(name) >= sizeof flat)
		return;
	(void)snprintf(flat, sizeof flat, "%s", name);
	for (char *c = strchr(flat, '/'); c; c = strchr(c, '/'))
		*c = '-';
	(void)snprintf(path, sizeof path, "%s/%s.new", build, flat);
	write_file(path, text);
}

void golden_check(const char *name, struct sv text)
{
	const char *top = getenv("TARE_TOP"), *mode = getenv("TARE_GOLDEN");
	scoped_buf old = BUF(16 << 20);
	struct err e = { 0 };
	char path[512];

	(void)snprintf(path, sizeof path, "%s/tests/golden/%s", top ? top : ".", name);
	if (mode && strcmp(mode, "write") == 0) {
		write_file(path, text);
		return;
	}
	if (io_read_at(AT_FDCWD, path, &old, &e) < 0)
		fail_msg("%s (`make golden` writes it)", e.msg);
	if (sv_eq(buf_sv(&old), text))
		return;
	keep_new(name, text);
	show_difference(name, buf_sv(&old), text);
}

const char *const golden_hosts[] = { "hybrid", "v1-joined", "guest-v2", NULL };

void golden_host(const char *name, struct arena *a, struct host_facts *ret)
{
	const char *top = getenv("TARE_TOP");
	struct err e = { 0 };
	struct host h;

	if (host_open(&h, arena_fmt(a, "%s/tests/hosts/%s", top ? top : ".", name), &e) < 0)
		fail_msg("%s", e.msg);
	if (host_facts_read(&h, a, ret, &e) < 0)
		fail_msg("%s", e.msg);
	host_close(&h);
}
