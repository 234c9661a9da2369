/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp becomes a BPF program. */
#include "runtime/plan_priv.h"

#include "kernel/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static int take_args(struct plan *p, const struct oci_syscall *from, struct seccomp_rule *to, struct err *e)
{
	struct seccomp_arg *args = arena_array(p->arena, from->args.n, sizeof *args);

	if (from->args.n && !args)
		return err_oom(e);
	for (size_t i = 0; i < from->args.n; i++) {
		const struct oci_seccomp_arg *a = &from->args.v[i];
		int r = seccomp_op_from_name(a->op, &args[i].op, e);

		if (r < 0)
			return err_wrap(e, r, "args[%zu].op", i);
		if (a->index < 0 || a->index > 5)
			return err_set(e, EINVAL, "args[%zu].index: %lld: allowed are 0 to 5", i, (long long)a->index);
		args[i].index = (unsigned)a->index;
		args[i].value = a->value;
		args[i].value_two = a->value_two;
	}
	to->args = args;
	to->arg_count = from->args.n;
	return 0;
}

static int take_rule(struct plan *p, const struct oci_syscall *from, struct seccomp_rule *to, struct err *e)
{
	int r = seccomp_action_from_name(from->action, from->errno_ret == OCI_UNSET ? -1 : from->errno_ret, &to->action,
					 e);

	if (r < 0)
		return err_wrap(e, r, "action");
	to->names = (const char *const *)from->names.v;
	to->name_count = from->names.n;
	return take_args(p, from, to, e);
}

static bool has_notify(const struct oci_seccomp *s)
{
	for (size_t i = 0; i < s->syscalls.n; i++)
		if (strcmp(s->syscalls.v[i].action, "SCMP_ACT_NOTIFY") == 0)
			return true;
	return false;
}

/* Who asks for notifications says where to, or a call that is to be decided about would never be. */
static int take_listener(struct plan *p, struct err *e)
{
	const struct oci_seccomp *s = &p->spec->seccomp;
	bool path = s->listener_path && *s->listener_path, notify = has_notify(s);

	if (!path && s->listener_metadata && *s->listener_metadata)
		return err_set(e, EINVAL, "listenerMetadata: there is no listenerPath");
	if (notify && !path)
		return err_set(e, EINVAL, "listenerPath: SCMP_ACT_NOTIFY needs one");
	if (path && s->listener_path[0] != '/')
		return err_set(e, EINVAL, "listenerPath: \"%s\" is not absolute", s->listener_path);
	if (notify) {
		p->seccomp_flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		return 0;
	}
	if (path)
		plan_warn(p, "linux.seccomp.listenerPath: no rule has SCMP_ACT_NOTIFY, nobody is told");
	p->seccomp_flags &= ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; /* the kernel refuses it alone */
	return 0;
}

static int take_flags(struct plan *p, struct err *e)
{
	const struct oci_seccomp *s = &p->spec->seccomp;

	p->seccomp_flags = s->flags.n ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW; /* runc's default */
	for (size_t i = 0; i < s->flags.n; i++) {
		unsigned flag;
		int r = seccomp_flag_from_name(s->flags.v[i], &flag, e);

		if (r < 0)
			return err_wrap(e, r, "flags[%zu]", i);
		p->seccomp_flags |= flag;
	}
	return take_listener(p, e);
}

static int compile(struct plan *p, struct err *e)
{
	const struct oci_seccomp *s = &p->spec->seccomp;
	struct seccomp_rule *rules = arena_array(p->arena, s->syscalls.n, sizeof *rules);
	struct seccomp_policy policy = { .archs = (const char *const *)s->architectures.v,
					 .arch_count = s->architectures.n, .rules = rules,
					 .rule_count = s->syscalls.n };
	int r;

	if (s->syscalls.n && !rules)
		return err_oom(e);
	r = seccomp_action_from_name(s->default_action, s->default_errno_ret == OCI_UNSET ? -1 : s->default_errno_ret,
				     &policy.default_action, e);
	if (r < 0)
		return err_wrap(e, r, "defaultAction");
	for (size_t i = 0; i < s->syscalls.n; i++) {
		r = take_rule(p, &s->syscalls.v[i], &rules[i], e);
		if (r < 0)
			return err_wrap(e, r, "syscalls[%zu]", i);
	}
	return seccomp_compile(&policy, p->arena, &p->seccomp, e);
}

int plan_seccomp(struct plan *p, struct err *e)
{
	int r = p->spec->seccomp.present ? take_flags(p, e) : 0;

	return r < 0 ? err_wrap(e, r, "linux.seccomp") : 0;
}

int plan_make_filter(struct plan *p, struct err *e)
{
	int r = p->spec->seccomp.present ? compile(p, e) : 0;

	return r < 0 ? err_wrap(e, r, "linux.seccomp") : 0;
}
