/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/preserve.h"

#include "base/sv.h"
#include "oci/list.h"

#include <fcntl.h>
#include <stdlib.h>

#define PRESERVE_MAX 4096

int preserve_fds(int64_t option, unsigned *ret_n, unsigned *ret_listen_fds, struct err *e)
{
	uint64_t listen_fds = 0;
	const char *text = getenv("LISTEN_FDS");

	if (option < 0 || option > PRESERVE_MAX)
		return err_set(e, EINVAL, "--preserve-fds %lld: allowed are 0 to %d", (long long)option, PRESERVE_MAX);
	if (text && (sv_u64(sv_from(text), &listen_fds) < 0 || listen_fds > PRESERVE_MAX))
		listen_fds = 0; /* as sd_listen_fds(3) has it: somebody else's variable */
	for (int fd = 3; fd < 3 + (int)listen_fds + (int)option; fd++) /* all of our own are O_CLOEXEC */
		if (fcntl(fd, F_GETFD) != 0)
			return err_set(e, EBADF, "--preserve-fds %lld, LISTEN_FDS %llu: descriptor %d is not open",
				       (long long)option, (unsigned long long)listen_fds, fd);
	*ret_n = (unsigned)(listen_fds + (uint64_t)option);
	*ret_listen_fds = (unsigned)listen_fds;
	return 0;
}

int preserve_env(struct arena *a, unsigned listen_fds, struct oci_strings *env, struct err *e)
{
	struct oci_strings grown = { 0 };

	for (size_t i = 0; i < env->n; i++)
		if (strings_add(a, &grown, env->v[i]) < 0)
			return err_oom(e);
	if (strings_addf(a, &grown, "LISTEN_FDS=%u", listen_fds) < 0 || strings_add(a, &grown, "LISTEN_PID=1") < 0)
		return err_oom(e);
	*env = grown;
	return 0;
}
