/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_values.c - values of options: the first byte chooses the parser, the rest is the text.
 *
 * Whatever the text: a failure has a message of one operand and leaves the result alone, a success keeps its promises. */
#include "base/scope.h"
#include "cli/value.h"
#include "base/path.h"
#include "kernel/signal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

#define UNTOUCHED 0x7777777777777777

static void integer(const char *text, int (*parse)(const char *text, int64_t *ret, struct err *e), bool positive)
{
	int64_t v = UNTOUCHED;
	struct err e = { 0 };

	if (parse(text, &v, &e) < 0)
		require(v == UNTOUCHED && e.msg[0]);
	else
		require(!positive || v >= 0);
}

static void bytes(const char *text, struct arena *a)
{
	integer(text, value_bytes, true);
}

static void i64(const char *text, struct arena *a)
{
	char printed[32];
	int64_t v, again;

	integer(text, value_i64, false);
	if (value_i64(text, &v, NULL) < 0)
		return;
	(void)snprintf(printed, sizeof printed, "%lld", (long long)v);
	require(value_i64(printed, &again, NULL) == 0 && again == v);
}

static void nano(const char *text, struct arena *a)
{
	integer(text, value_nano, text[0] != '-');
}

static void number_list(const char *text, struct arena *a)
{
	struct err e = { 0 };

	require(value_number_list(text, "cpus", &e) == 0 || e.msg[0]);
}

static void ulimit(const char *text, struct arena *a)
{
	struct oci_rlimit l = { NULL, 0, 0 };
	struct err e = { 0 };

	if (value_ulimit(text, a, &l, &e) < 0)
		require(!l.type && e.msg[0]);
	else
		require(l.type && l.soft <= l.hard);
}

static void device(const char *text, struct arena *a)
{
	struct device_config d = { NULL, NULL, NULL };
	struct err e = { 0 };

	if (value_device(text, a, &d, &e) < 0)
		require(!d.host_path && e.msg[0]);
	else
		require(d.host_path[0] == '/' && d.container_path[0] == '/' && d.access[0]);
}

static void rate(const char *text, struct arena *a)
{
	for (int bytes = 0; bytes < 2; bytes++) {
		struct rate_config c = { NULL, UNTOUCHED };
		struct err e = { 0 };

		if (value_rate(text, bytes, a, &c, &e) < 0)
			require(!c.path && c.rate == UNTOUCHED && e.msg[0]);
		else
			require(strncmp(c.path, "/dev/", 5) == 0 && c.rate >= 0 && strlen(c.path) < strlen(text));
	}
}

static void weight(const char *text, struct arena *a)
{
	struct weight_config c = { NULL, UNTOUCHED };
	struct err e = { 0 };

	if (value_weight(text, a, &c, &e) < 0)
		require(!c.path && c.weight == UNTOUCHED && e.msg[0]);
	else
		require(strncmp(c.path, "/dev/", 5) == 0 && (c.weight == 0 || (c.weight >= 10 && c.weight <= 1000)));
}

static void signal_word(const char *text, struct arena *a)
{
	char name[SIGNAL_NAME_MAX];
	int signo = signal_from_name(sv_from(text));

	require(signo == -1 || (signo >= 1 && signo <= 64));
	require(signo == -1 || signal_from_name(sv_from(signal_name(signo, name))) == signo);
}

/* As --log-opt max-size=TEXT and max-file=TEXT. */
static void log_option(const char *text, struct arena *a)
{
	struct oci_pair opts[] = { { "max-size", text }, { "max-file", text } };
	struct container_config c;

	config_init(&c);
	c.log_opts.n = 1;
	for (size_t i = 0; i < ARRAY_LEN(opts); i++) {
		struct log_limits l = { .max_file = 7777 };
		struct err e = { 0 };

		c.log_opts.v = &opts[i];
		if (config_log_limits(&c, &l, &e) < 0)
			require(l.max_file == 7777 && e.msg[0]);
		else
			require(l.max_size >= 0 && l.max_file >= 1 && l.max_file <= 1000);
	}
}

static void device_rule(const char *text, struct arena *a)
{
	struct err e = { 0 };

	if (value_device_rule(text, a, &e) < 0)
		require(e.msg[0]);
	else
		require(strchr("abc", text[0]) && (text[1] == ' ' || strcmp(text, "a") == 0));
}

static void path(const char *text, struct arena *a)
{
	char *clean = path_clean(a, sv_from(text));

	require(clean && strlen(clean) <= strlen(text) + 1 && !strstr(clean, "//") && !strstr(clean, "/./"));
	require(text[0] != '/' || (clean[0] == '/' && !strstr(clean, "/../")));
	require(strcmp(clean, path_clean(a, sv_from(clean))) == 0);
}

static void mount(const char *text, struct arena *a,
		  int (*parse)(const char *text, struct arena *a, struct mount_config *ret, struct err *e))
{
	struct mount_config m = { .target = NULL };
	struct err e = { 0 };

	if (parse(text, a, &m, &e) < 0) {
		require(!m.target && e.msg[0]);
		return;
	}
	require(m.target[0] == '/' && m.target[1] && strcmp(m.target, path_clean(a, sv_from(m.target))) == 0);
	require(m.type != MOUNT_BIND || m.source[0] == '/');
	require(m.type != MOUNT_TMPFS || !m.source);
}

static void volume(const char *text, struct arena *a)
{
	mount(text, a, value_volume);
}

static void mount_option(const char *text, struct arena *a)
{
	mount(text, a, value_mount);
}

static void tmpfs(const char *text, struct arena *a)
{
	mount(text, a, value_tmpfs);
}

static char *const here[] = { (char *)"HOME=/root", NULL };

static void env(const char *text, struct arena *a)
{
	const char *v = NULL;

	if (value_env(text, here, a, &v, NULL) < 0)
		require(!v);
	else
		require(v[0] && v[0] != '=');
}

static void label(const char *text, struct arena *a)
{
	struct oci_pair l = { NULL, NULL };

	if (value_label(text, a, &l, NULL) < 0)
		require(!l.key);
	else
		require(l.key[0] && l.value && !strchr(l.key, '='));
}

/* The whole input, NUL bytes as well. */
static void env_file(struct sv text, struct arena *a)
{
	struct oci_strings lines = { 0 };
	struct err e = { 0 };

	if (value_env_file(text, here, a, &lines, &e) < 0)
		require(!lines.n && e.msg[0]);
	for (size_t i = 0; i < lines.n; i++)
		require(lines.v[i][0] && lines.v[i][0] != '=' && strchr(lines.v[i], '='));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *text, struct arena *a) = {
		bytes, i64,    nano,         number_list, ulimit, device, device_rule,
		path,  volume, mount_option, tmpfs,       env,    label,  rate,
		weight, signal_word, log_option,
	};
	scoped_arena a = ARENA(16 << 20);
	char *text;

	if (size == 0)
		return 0;
	env_file((struct sv){ (const char *)data + 1, size - 1 }, &a);
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	parsers[(unsigned char)(data[0] - 'a') % ARRAY_LEN(parsers)](text, &a);
	free(text);
	return 0;
}
