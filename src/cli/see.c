/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/see.h"

#include "base/log.h"
#include "base/scope.h"
#include "cli/page.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <string.h>

int see_format(const struct option_call *c, struct err *e)
{
	struct see_options *o = c->target;
	struct sv rest = sv_from(c->row->words), plain;

	(void)sv_next(&rest, ' ', &plain);
	o->json = strcmp(c->text, "json") == 0;
	if (!o->json && !sv_is(plain, c->text))
		return err_set(e, EINVAL, "unknown format (" SV_FMT ", json)", SV_ARG(plain));
	return 0;
}

int seeing_open(struct seeing *s, const struct cli *cli, struct err *e)
{
	struct err why = { 0 };
	int r = session_open_host(&s->session, cli, &why, e);

	if (r < 0)
		return r;
	s->engine = session_engine(&s->session);
	if (!s->engine)
		log_warning("without containers: %s", why.msg);
	else if (geteuid() != 0 && !cli->root && smallfile_exists(s->session.host.root, &ENGINE_ROOT[1]))
		log_warning("containers of root are not known to this user");
	return cgroup_layout_read(&s->session.host, &s->layout, e);
}

void seeing_close(struct seeing *s)
{
	session_close(&s->session);
}

int see_print(int r, const struct see_options *o, const struct buf *out, struct err *e)
{
	return r < 0 || !out->len ? r : page_print(out, o->json || o->no_trunc, e);
}
