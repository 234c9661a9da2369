/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of what a process gets, for `run` and `exec`: environment, user, working directory. */
#include "base/io.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/scope.h"
#include "cli/option.h"
#include "cli/value.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void *field(const struct option_call *c)
{
	return (char *)c->target + c->row->field;
}

int option_env(const struct option_call *c, struct err *e)
{
	struct oci_strings *list = field(c);
	const char *item;
	int r = value_env(c->text, environ, c->arena, &item, e);

	return r < 0 ? r : LIST_PUT(c->arena, list, item, e);
}

int option_env_file(const struct option_call *c, struct err *e)
{
	struct oci_strings *list = field(c), lines = { 0 };
	scoped_buf b = BUF(LIMIT_ENV_FILE);
	int r = io_read_at(AT_FDCWD, c->text, &b, e);

	if (r < 0)
		return r;
	r = value_env_file(buf_sv(&b), environ, c->arena, &lines, e);
	for (size_t i = 0; i < lines.n && r == 0; i++)
		r = LIST_PUT(c->arena, list, lines.v[i], e);
	return r < 0 ? err_wrap(e, r, "invalid env file (%.80s)", c->text) : 0;
}

bool is_user_name(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || s.p[i] == '/')
			return false;
	return s.n > 0;
}

/* Names are looked up in the image later, and numbers have their range there; here only what can be no user. */
int option_user(const struct option_call *c, struct err *e)
{
	const char **user = field(c);
	struct sv name, group;
	bool has_group = sv_cut(sv_from(c->text), ':', &name, &group);

	if ((name.n && !is_user_name(name)) || (has_group && !is_user_name(group)) ||
	    (has_group && memchr(group.p, ':', group.n)))
		return err_set(e, EINVAL, "invalid user (NAME|UID[:GROUP|GID])");
	*user = *c->text ? c->text : NULL;
	return 0;
}

int option_workdir(const struct option_call *c, struct err *e)
{
	const char **dir = field(c);

	if (*c->text && *c->text != '/')
		return err_set(e, EINVAL, "the working directory '%.80s' is invalid, it needs to be an absolute path",
			       c->text);
	*dir = *c->text ? path_clean(c->arena, sv_from(c->text)) : NULL;
	return *c->text && !*dir ? err_oom(e) : 0;
}
