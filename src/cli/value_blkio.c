/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value.h"

#include "base/decimal.h"

#include <errno.h>

/* The last colon parts them: a path may have some. */
static int device_path(const char *text, struct arena *a, const char **ret_path, struct sv *ret_value, struct err *e)
{
	struct sv path;

	if (!sv_rcut(sv_from(text), ':', &path, ret_value) || path.n == 0)
		return err_set(e, EINVAL, "bad format: %.80s (PATH:NUMBER)", text);
	if (!sv_has_prefix(path, "/dev/"))
		return err_set(e, EINVAL, "bad format for device path: %.80s (/dev/...)", text);
	*ret_path = arena_sv(a, path);
	return *ret_path ? 0 : err_oom(e);
}

static bool rate_parse(struct sv s, bool bytes, int64_t *ret)
{
	uint64_t n;

	if (bytes)
		return size_parse(s, 1024, ret) == 0;
	if (sv_u64(s, &n) < 0 || n > INT64_MAX)
		return false;
	*ret = (int64_t)n;
	return true;
}

int value_rate(const char *text, bool bytes, struct arena *a, struct rate_config *ret, struct err *e)
{
	struct rate_config c;
	struct sv number;
	int r = device_path(text, a, &c.path, &number, e);

	if (r < 0)
		return r;
	if (!rate_parse(number, bytes, &c.rate))
		return err_set(e, EINVAL,
			       "invalid rate for device: %.80s. The correct format is <device-path>:<number>%s. Number "
			       "must be a positive integer%s",
			       text, bytes ? "[<unit>]" : "",
			       bytes ? ". Unit is optional and can be kb, mb, or gb" : "");
	*ret = c;
	return 0;
}

int value_weight(const char *text, struct arena *a, struct weight_config *ret, struct err *e)
{
	struct weight_config c;
	struct sv number;
	uint64_t n;
	int r = device_path(text, a, &c.path, &number, e);

	if (r < 0)
		return r;
	if (sv_u64(number, &n) < 0 || n > 1000 || (n > 0 && n < 10))
		return err_set(e, EINVAL, "invalid weight for device: %.80s (10 to 1000, or 0)", text);
	c.weight = (int64_t)n;
	*ret = c;
	return 0;
}
