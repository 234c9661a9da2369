/* SPDX-License-Identifier: Apache-2.0 */
/* --log-driver and --log-opt: Docker's json-file, or nothing. */
#include "spec/config.h"

#include "base/decimal.h"
#include "base/scope.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MAX_FILES 1000 /* each is renamed at every rotation */

static int refuse(struct err *e, int code, const struct oci_pair *o, const char *text)
{
	return err_set(e, code, "--log-opt %.60s=%.60s: %s", o->key, o->value, text);
}

static int set_max_size(const struct oci_pair *o, struct log_limits *l, struct err *e)
{
	if (size_parse(sv_from(o->value), 1000, &l->max_size) < 0)
		return refuse(e, EINVAL, o, "invalid size (a number and one of b, k, m, g, t, p, powers of 1000)");
	return l->max_size ? 0 : refuse(e, EINVAL, o, "max-size must be a positive number");
}

static int set_max_file(const struct oci_pair *o, struct log_limits *l, struct err *e)
{
	int64_t n;

	if (sv_i64(sv_from(o->value), &n) < 0)
		return refuse(e, EINVAL, o, "not an integer");
	if (n < 1)
		return refuse(e, EINVAL, o, "max-file cannot be less than 1");
	if (n > MAX_FILES)
		return refuse(e, EINVAL, o, "max-file cannot be more than 1000");
	l->max_file = (int)n;
	return 0;
}

static int set_mode(const struct oci_pair *o, struct log_limits *l, struct err *e)
{
	if (strcmp(o->value, "blocking") == 0)
		return 0;
	if (strcmp(o->value, "non-blocking") == 0)
		return refuse(e, ENOTSUP, o, "not supported yet: a log that is lost silently (blocking)");
	return refuse(e, EINVAL, o, "invalid logging mode (blocking)");
}

static int set_compress(const struct oci_pair *o, struct log_limits *l, struct err *e)
{
	if (strcmp(o->value, "false") == 0)
		return 0;
	return refuse(e, ENOTSUP, o, "not supported yet: rotated files stay as they are (false)");
}

static int set_later(const struct oci_pair *o, struct log_limits *l, struct err *e)
{
	return refuse(e, ENOTSUP, o, "not supported yet: a log record has log, stream and time");
}

static const struct {
	const char *name;
	int (*set)(const struct oci_pair *o, struct log_limits *l, struct err *e);
} json_file[] = {
	{ "compress", set_compress }, { "env", set_later },	   { "env-regex", set_later },
	{ "labels", set_later },      { "labels-regex", set_later }, { "max-file", set_max_file },
	{ "max-size", set_max_size }, { "mode", set_mode },	   { "tag", set_later },
};

static int set_one(const struct oci_pair *o, struct log_limits *l, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(json_file); i++)
		if (strcmp(o->key, json_file[i].name) == 0)
			return json_file[i].set(o, l, e);
	return err_set(e, EINVAL, "--log-opt %.60s=%.60s: unknown log opt '%.60s' for json-file log driver", o->key,
		       o->value, o->key);
}

static int check_driver(const char *driver, struct err *e)
{
	static const char *const others[] = { "awslogs", "fluentd",  "gcplogs", "gelf",
					      "journald", "local", "splunk",  "syslog" };

	if (strcmp(driver, log_driver_name(LOG_JSON_FILE)) == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(driver, others[i]) == 0)
			return err_set(e, ENOTSUP,
				       "--log-driver %s: not supported yet: tare keeps logs itself (json-file, none)",
				       driver);
	return err_set(e, EINVAL,
		       "--log-driver %.80s: logger: no log driver named '%.80s' is registered (json-file, none)",
		       driver, driver);
}

int config_log_limits(const struct container_config *c, struct log_limits *ret, struct err *e)
{
	const char *driver = c->log_driver && *c->log_driver ? c->log_driver : "json-file";
	bool none = strcmp(driver, log_driver_name(LOG_NONE)) == 0;
	struct log_limits l = { .driver = none ? LOG_NONE : LOG_JSON_FILE, .max_file = 1 };
	int r = none ? 0 : check_driver(driver, e);

	if (none && c->log_opts.n)
		return err_set(e, EINVAL, "--log-opt %.60s: invalid logging opts for driver none",
			       c->log_opts.v[0].key);
	for (size_t i = 0; r == 0 && i < c->log_opts.n; i++)
		r = set_one(&c->log_opts.v[i], &l, e);
	if (r == 0)
		*ret = l;
	return r;
}
