/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that the child runs, and its wait for those of the host side. */
#include "runtime/init_proc.h"

#include "base/scope.h"

#include <sys/socket.h>

int init_await_hooks(struct init *in, const struct step *s, struct err *e)
{
	char word;
	ssize_t n;

	(void)s;
	(void)e;
	if (!init_tell(in->sync, INIT_HOOKS, NULL, -1))
		init_leave(in);
	do
		n = recv(in->sync, &word, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		init_leave(in);
	return 0;
}

/* A startContainer hook is a program of the image: it gets what the container's process gets, and no more. */
static int become_the_process(void *arg, struct err *e)
{
	struct init *in = arg;
	const struct plan *p = in->plan;

	in->deaf = true;
	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];

		if (s->op != STEP_SECCOMP && s->op != STEP_CAPABILITIES)
			continue;
		if (init_step_run(in, s, e) < 0)
			return -e->code;
	}
	return 0;
}

int init_hook(struct init *in, const struct step *s, struct err *e)
{
	const struct plan *p = in->plan;
	const struct hook_before before = { become_the_process, in };
	enum oci_hook_kind kind = (enum oci_hook_kind)s->n[0];
	bool inside = kind == OCI_HOOK_START_CONTAINER;

	return hook_run(p->spec, kind, (size_t)s->n[1], &p->hook_state, inside ? NULL : p->bundle, getpid(),
			inside ? &before : NULL, e);
}
