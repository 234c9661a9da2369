/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/programs.h"

#include "base/sv.h"

#include <errno.h>

static int own_directory(struct sv *ret, char text[PATH_MAX], struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", text, PATH_MAX - 1);
	struct sv name;

	if (n < 0)
		return err_sys(e, "readlink /proc/self/exe");
	sv_rcut((struct sv){ text, (size_t)n }, '/', ret, &name);
	return 0;
}

int programs_find(const char *name, char ret[PATH_MAX], struct err *e)
{
	static const char *const places[] = { "", "/../libexec/tare" };
	char own[PATH_MAX];
	struct sv dir;
	int r = own_directory(&dir, own, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		int n = snprintf(ret, PATH_MAX, SV_FMT "%s/%s", SV_ARG(dir), places[i], name);

		if (n > 0 && n < PATH_MAX && access(ret, X_OK) == 0)
			return 0;
	}
	return err_set(e, ENOENT, "%s is neither in " SV_FMT " nor in ../libexec/tare of it", name, SV_ARG(dir));
}
