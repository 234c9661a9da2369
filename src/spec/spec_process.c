/* SPDX-License-Identifier: Apache-2.0 */
/* process: what runs, as whom, with which environment and limits. */
#include "spec/env.h"
#include "spec/spec_priv.h"

#include <errno.h>
#include <linux/capability.h>

static void add_all(struct spec_builder *b, struct oci_strings *to, const struct oci_strings *from)
{
	for (size_t i = 0; i < from->n; i++)
		spec_add(b, to, from->v[i]);
}

/* An entrypoint that was given drops the image's command with the image's entrypoint; [""] means none. */
static void set_args(struct spec_builder *b)
{
	const struct container_config *c = b->c;
	const struct oci_strings *entrypoint = c->entrypoint_set ? &c->entrypoint : &b->image->entrypoint;
	const struct oci_strings *command = &c->command;
	struct oci_strings *args = &b->s->process.args;

	if (command->n == 0 && !c->entrypoint_set)
		command = &b->image->cmd;
	if (b->in->init_path) {
		spec_add(b, args, SPEC_INIT);
		spec_add(b, args, "--");
	}
	if (entrypoint->n != 1 || *entrypoint->v[0])
		add_all(b, args, entrypoint);
	add_all(b, args, command);
	if (args->n == (b->in->init_path ? 2 : 0))
		spec_fail(b, EINVAL, "no command specified");
}

/* ---- environment -------------------------------------------------------------------------------------------- */

static void set_env(struct spec_builder *b)
{
	struct oci_strings *env = &b->s->process.env;
	struct err e = { 0 };

	if (env_of_container(b->a, b->in->hostname, b->c->tty, &b->c->env, &b->image->env, env, &e) < 0)
		spec_fail(b, e.code, "%s", e.msg);
	else if (env_put_home(b->a, env, b->in->home) < 0)
		spec_oom(b);
}

/* ---- user, directory, limits -------------------------------------------------------------------------------- */

static void set_user(struct spec_builder *b)
{
	struct oci_process *p = &b->s->process;

	p->uid = b->in->uid;
	p->gid = b->in->gid;
	p->additional_gids.v = b->in->groups.v;
	p->additional_gids.n = b->in->groups.n;
}

static void set_cwd(struct spec_builder *b)
{
	const char *cwd = b->c->workdir;

	if (!cwd || !*cwd)
		cwd = b->image->working_dir;
	if (!cwd || !*cwd)
		cwd = "/";
	if (*cwd != '/')
		spec_fail(b, EINVAL, "the working directory '%s' is invalid, it needs to be an absolute path", cwd);
	b->s->process.cwd = cwd;
}

/* Docker gives 0, so that a container does not inherit the engine's. Without CAP_SYS_RESOURCE the own value is the
 * least: then what is asked for is raised to it, and by default nothing is asked for. */
static void set_oom_score_adj(struct spec_builder *b)
{
	bool able = b->f->capabilities & (UINT64_C(1) << CAP_SYS_RESOURCE);
	int64_t want = b->c->oom_score_adj_set ? b->c->oom_score_adj : 0;
	int64_t least = able ? -1000 : b->f->oom_score_adj;

	if (want < least && !b->c->oom_score_adj_set)
		return;
	if (want < least && b->c->strict)
		spec_fail(b, EPERM, "--oom-score-adj %lld: less than %lld needs CAP_SYS_RESOURCE", (long long)want,
			  (long long)least);
	else if (want < least && warnings_add(b->w,
					      "--oom-score-adj %lld: less than %lld needs CAP_SYS_RESOURCE. %lld is "
					      "used.",
					      (long long)want, (long long)least, (long long)least) < 0)
		spec_oom(b);
	b->s->process.oom_score_adj = want < least ? least : want;
}

void spec_process(struct spec_builder *b)
{
	struct oci_process *p = &b->s->process;

	p->present = true;
	p->terminal = b->c->tty;
	p->no_new_privileges = b->c->no_new_privileges;
	p->apparmor_profile = b->c->apparmor_profile;
	p->selinux_label = b->c->selinux_label;
	p->rlimits.v = b->c->ulimits.v;
	p->rlimits.n = b->c->ulimits.n;
	set_user(b);
	set_args(b);
	set_env(b);
	set_cwd(b);
	set_oom_score_adj(b);
}
