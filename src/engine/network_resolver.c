/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers the host asks. */
#include "engine/network.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"

#include <errno.h>

#define HOST_FILE "etc/resolv.conf"
#define STUB_FILE "run/systemd/resolve/resolv.conf" /* systemd-resolved's own: the servers behind its 127.0.0.53 */

static int read_resolver(struct engine *en, const char *path, struct arena *a, struct resolv_conf *ret, struct err *e)
{
	scoped_buf b = BUF(LIMIT_ENV_FILE);
	int r = io_read_at(en->host->root, path, &b, e);

	return r < 0 ? r : resolv_conf_parse(buf_sv(&b), a, ret, e);
}

/* A host without one has no servers. Where tare-net asks them, it asks the host's own, also a stub; and no container reaches
 * that one by itself. */
int network_host_resolver(struct engine *en, enum resolv_conf_for kind, struct arena *a, struct resolv_conf *ret,
			 const char **ret_path, struct err *e)
{
	struct resolv_conf behind = { 0 };
	struct err missing = { 0 };
	int r = read_resolver(en, HOST_FILE, a, ret, &missing);

	*ret_path = "/" HOST_FILE;
	if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "%s", missing.msg);
	if (kind != RESOLV_CONF_BRIDGE || !resolv_conf_is_stub(ret) ||
	    read_resolver(en, STUB_FILE, a, &behind, NULL) < 0)
		return 0;
	*ret = behind;
	*ret_path = "/" STUB_FILE;
	return 0;
}
