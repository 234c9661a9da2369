/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/device_rule.h"

#include <errno.h>
#include <string.h>

static bool is_access(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("rwm", s.p[i], 3))
			return false;
	return s.n >= 1 && s.n <= 3;
}

static bool is_device_number(struct sv s, int64_t *ret)
{
	uint64_t n;

	if (sv_is(s, "*")) {
		*ret = DEVICE_ANY;
		return true;
	}
	if (sv_u64(s, &n) < 0 || n > UINT32_MAX)
		return false;
	*ret = (int64_t)n;
	return true;
}

int device_rule_parse(struct sv text, struct arena *a, struct oci_device_rule *ret, struct err *e)
{
	struct oci_device_rule rule = { .allow = true };
	struct sv type, rest, numbers, access, major, minor;

	if (sv_is(text, "a"))
		text = SV("a *:* rwm");
	(void)sv_cut(text, ' ', &type, &rest);
	(void)sv_cut(rest, ' ', &numbers, &access);
	(void)sv_cut(numbers, ':', &major, &minor);
	if (type.n != 1 || !memchr("abc", type.p[0], 3) || !is_device_number(major, &rule.major) ||
	    !is_device_number(minor, &rule.minor) || !is_access(access))
		return err_set(e, EINVAL, "invalid device cgroup rule format: '" SV_FMT "'", SV_ARG(text));
	rule.type = arena_sv(a, type);
	rule.access = arena_sv(a, access);
	if (!rule.type || !rule.access)
		return err_oom(e);
	*ret = rule;
	return 0;
}
