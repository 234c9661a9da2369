/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/platform.h"

#include "base/scope.h"

#include <stdlib.h>
#include <string.h>

#define BEST 100

/* Names of uname(2), of Debian and of Go for the same machine. */
static const struct {
	const char *name, *architecture, *variant;
} spellings[] = {
	{ "x86_64", "amd64", "" },  { "x86-64", "amd64", "" }, { "aarch64", "arm64", "" }, { "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },   { "armv7l", "arm", "v7" }, { "armv6l", "arm", "v6" },  { "i386", "386", "" },
	{ "i686", "386", "" },      { "ppc64el", "ppc64le", "" },
};

static void normalize(struct platform *p)
{
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		if (strcmp(p->architecture, spellings[i].name) != 0)
			continue;
		(void)snprintf(p->architecture, sizeof p->architecture, "%s", spellings[i].architecture);
		if (!p->variant[0])
			(void)snprintf(p->variant, sizeof p->variant, "%s", spellings[i].variant);
		break;
	}
	if (strcmp(p->architecture, "arm") == 0 && !p->variant[0])
		(void)snprintf(p->variant, sizeof p->variant, "v7");
	if ((strcmp(p->architecture, "arm64") == 0 && strcmp(p->variant, "v8") == 0) ||
	    (strcmp(p->architecture, "amd64") == 0 && strcmp(p->variant, "v1") == 0))
		p->variant[0] = '\0';
}

static bool is_word(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
		      (s.p[i] >= '0' && s.p[i] <= '9') || strchr("_.-", s.p[i])) ||
		    !s.p[i])
			return false;
	return s.n > 0;
}

int platform_parse(struct sv text, struct platform *ret, struct err *e)
{
	struct sv os, rest, architecture, variant;
	struct platform p = { 0 };
	bool three;

	(void)sv_cut(text, '/', &os, &rest);
	three = sv_cut(rest, '/', &architecture, &variant);
	if (!is_word(os) || !is_word(architecture) || (three && !is_word(variant)) ||
	    sv_copy(os, p.os, sizeof p.os) < 0 || sv_copy(architecture, p.architecture, sizeof p.architecture) < 0 ||
	    sv_copy(variant, p.variant, sizeof p.variant) < 0)
		return err_set(e, EINVAL, "invalid platform: \"%.*s\" is not OS/ARCH[/VARIANT]",
			       (int)(text.n < 80 ? text.n : 80), text.n ? text.p : "");
	normalize(&p);
	*ret = p;
	return 0;
}

struct platform platform_of_machine(const char *machine)
{
	struct platform p = { .os = "linux" };

	(void)snprintf(p.architecture, sizeof p.architecture, "%.31s", machine);
	normalize(&p);
	return p;
}

const char *platform_print(const struct platform *p, char ret[PLATFORM_SIZE])
{
	(void)snprintf(ret, PLATFORM_SIZE, "%.30s/%.30s%s%.30s", p->os, p->architecture, p->variant[0] ? "/" : "",
		       p->variant);
	return ret;
}

/* "v7" is 7; what is no number is 0. */
static int level(const char *variant)
{
	uint64_t n = 0;

	return variant[0] == 'v' && sv_u64(sv_from(variant + 1), &n) == 0 && n < BEST ? (int)n : 0;
}

/* A machine runs what was made for its elder variants; whoever says nothing gets along with everybody. */
static int variant_fits(const char *want, const char *has)
{
	if (strcmp(want, has) == 0)
		return BEST;
	if (!has[0])
		return 1;
	if (level(want) && level(has) && level(has) < level(want))
		return 1 + level(has);
	return 0;
}

int platform_fits(const struct platform *want, const char *os, const char *architecture, const char *variant)
{
	struct platform has = { 0 };

	if (os && strcmp(os, want->os) != 0)
		return 0;
	if (!architecture)
		return 1;
	(void)snprintf(has.architecture, sizeof has.architecture, "%.31s", architecture);
	(void)snprintf(has.variant, sizeof has.variant, "%.31s", variant ? variant : "");
	normalize(&has);
	if (strcmp(has.architecture, want->architecture) != 0)
		return 0;
	return variant_fits(want->variant, has.variant);
}
