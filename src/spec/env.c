/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/env.h"

#include "base/limits.h"

#include <errno.h>
#include <string.h>

#define PATH_OF_DOCKER "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static struct sv name_of(const char *entry)
{
	struct sv name, value;

	(void)sv_cut(sv_from(entry), '=', &name, &value);
	return name;
}

const char **env_find(const struct oci_strings *env, struct sv name)
{
	for (size_t i = 0; i < env->n; i++)
		if (sv_eq(name_of(env->v[i]), name))
			return &env->v[i];
	return NULL;
}

int env_put(struct arena *a, struct oci_strings *env, const char *entry)
{
	const char **slot = entry ? env_find(env, name_of(entry)) : NULL;

	if (!slot)
		return strings_add(a, env, entry);
	*slot = entry;
	return 0;
}

int env_putf(struct arena *a, struct oci_strings *env, const char *name, const char *value)
{
	return env_put(a, env, arena_fmt(a, "%s=%s", name, value));
}

static void take_away(struct oci_strings *env, const char *name)
{
	const char **slot = env_find(env, sv_from(name));

	if (!slot)
		return;
	memmove(slot, slot + 1, (size_t)(env->v + env->n - slot - 1) * sizeof *slot);
	env->n--;
}

int env_merge(struct arena *a, struct oci_strings *env, const struct oci_strings *more, struct err *e)
{
	if (more->n > LIMIT_ENV_COUNT)
		return err_set(e, E2BIG, "more than %d environment variables", LIMIT_ENV_COUNT);
	for (size_t i = 0; i < more->n; i++)
		if (!strchr(more->v[i], '='))
			take_away(env, more->v[i]);
		else if (env_put(a, env, more->v[i]) < 0)
			return err_oom(e);
	return 0;
}

int env_of_container(struct arena *a, const char *hostname, bool tty, const struct oci_strings *asked,
		     const struct oci_strings *image, struct oci_strings *ret, struct err *e)
{
	struct oci_strings env = { 0 };
	int r = env_putf(a, &env, "PATH", PATH_OF_DOCKER);

	if (image->n > LIMIT_ENV_COUNT)
		return err_set(e, E2BIG, "more than %d environment variables", LIMIT_ENV_COUNT);
	if (r == 0 && hostname)
		r = env_putf(a, &env, "HOSTNAME", hostname);
	if (r == 0 && tty)
		r = env_putf(a, &env, "TERM", "xterm");
	if (r < 0)
		return err_oom(e);
	r = env_merge(a, &env, asked, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < image->n; i++)
		if (!env_find(asked, name_of(image->v[i])) && env_put(a, &env, image->v[i]) < 0)
			return err_oom(e);
	*ret = env;
	return 0;
}

int env_put_home(struct arena *a, struct oci_strings *env, const char *home)
{
	const char **slot = env_find(env, SV("HOME"));

	return slot && strcmp(*slot, "HOME=") != 0 ? 0 : env_putf(a, env, "HOME", home ? home : "/");
}
