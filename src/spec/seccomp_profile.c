/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_profile.c - the profile files of `--security-opt seccomp=FILE`. */
#include "spec/seccomp_default.h"

#include "base/limits.h"
#include "base/scope.h"
#include "kernel/capability.h"
#include "kernel/seccomp.h"
#include "oci/json.h"

#include <sys/utsname.h>

struct conditions {
	struct oci_strings caps, arches;
	const char *min_kernel;
};

struct call {
	struct oci_syscall oci;
	const char *name;
	struct conditions includes, excludes;
};

struct arch_entry {
	const char *arch;
	struct oci_strings sub_archs;
};

struct profile {
	struct oci_seccomp oci; /* its syscalls are not filled */
	struct {
		struct arch_entry *v;
		size_t n;
	} arch_map;
	struct {
		struct call *v;
		size_t n;
	} calls;
};

struct release {
	uint64_t major, minor;
};

#define AT(type, member) offsetof(struct type, member)

static const struct json_row arg_rows[] = {
	{ "index", JSON_U32, JSON_ZERO, AT(oci_seccomp_arg, index) },
	{ "value", JSON_U64, 0, AT(oci_seccomp_arg, value) },
	{ "valueTwo", JSON_U64, 0, AT(oci_seccomp_arg, value_two) },
	{ "op", JSON_TEXT, JSON_REQUIRED, AT(oci_seccomp_arg, op) },
};
static const struct json_table arg_table = JSON_TABLE(arg_rows, struct oci_seccomp_arg);

static const struct json_row condition_rows[] = {
	{ "caps", JSON_TEXTS, 0, AT(conditions, caps) },
	{ "arches", JSON_TEXTS, 0, AT(conditions, arches) },
	{ "minKernel", JSON_TEXT, 0, AT(conditions, min_kernel) },
};
static const struct json_table condition_table = JSON_TABLE(condition_rows, struct conditions);

static const struct json_row call_rows[] = {
	{ "names", JSON_TEXTS, 0, AT(call, oci.names) },
	{ "name", JSON_TEXT, 0, AT(call, name) },
	{ "action", JSON_TEXT, JSON_REQUIRED, AT(call, oci.action) },
	{ "errnoRet", JSON_U32, 0, AT(call, oci.errno_ret) },
	{ "args", JSON_OBJECTS, 0, AT(call, oci.args), &arg_table },
	{ "includes", JSON_OBJECT, 0, AT(call, includes), &condition_table },
	{ "excludes", JSON_OBJECT, 0, AT(call, excludes), &condition_table },
};
static const struct json_table call_table = JSON_TABLE(call_rows, struct call);

static const struct json_row arch_rows[] = {
	{ "architecture", JSON_TEXT, JSON_REQUIRED, AT(arch_entry, arch) },
	{ "subArchitectures", JSON_TEXTS, 0, AT(arch_entry, sub_archs) },
};
static const struct json_table arch_table = JSON_TABLE(arch_rows, struct arch_entry);

static const struct json_row profile_rows[] = {
	{ "defaultAction", JSON_TEXT, 0, AT(profile, oci.default_action) },
	{ "defaultErrnoRet", JSON_U32, 0, AT(profile, oci.default_errno_ret) },
	{ "architectures", JSON_TEXTS, 0, AT(profile, oci.architectures) },
	{ "archMap", JSON_OBJECTS, 0, AT(profile, arch_map), &arch_table },
	{ "flags", JSON_TEXTS, 0, AT(profile, oci.flags) },
	{ "listenerPath", JSON_TEXT, 0, AT(profile, oci.listener_path) },
	{ "listenerMetadata", JSON_TEXT, 0, AT(profile, oci.listener_metadata) },
	{ "syscalls", JSON_OBJECTS, 0, AT(profile, calls), &call_table },
};
static const struct json_table profile_table = JSON_TABLE(profile_rows, struct profile);

static int parse_release(struct sv text, struct release *ret)
{
	struct sv major, minor;
	struct release v;

	if (!sv_cut(text, '.', &major, &minor) || sv_u64(major, &v.major) < 0 || sv_u64(minor, &v.minor) < 0)
		return -EINVAL;
	*ret = v;
	return 0;
}

/* "6.18.44-generic" -> 6, 18 */
static struct release running_release(void)
{
	struct release v = { 0, 0 };
	struct utsname u;
	struct sv text;
	size_t n = 0;

	if (uname(&u) < 0)
		return v;
	text = sv_from(u.release);
	for (int dots = 0; n < text.n; n++)
		if (!isdigit((unsigned char)text.p[n]) && (text.p[n] != '.' || ++dots > 1))
			break;
	(void)parse_release((struct sv){ text.p, n }, &v);
	return v;
}

/* 1: the running kernel is that new; 0: it is not */
static int kernel_is(const char *min_kernel, struct err *e)
{
	struct release want, have = running_release();

	if (parse_release(sv_from(min_kernel), &want) < 0)
		return err_set(e, EINVAL, "minKernel: \"%.40s\" is not of the form 4.8", min_kernel);
	return have.major > want.major || (have.major == want.major && have.minor >= want.minor);
}

static bool has_cap(uint64_t caps, const char *name)
{
	int cap = cap_from_name(sv_from(name));

	return cap >= 0 && caps >> cap & 1;
}

static bool lists_arch(const struct conditions *c, const char *arch)
{
	for (size_t i = 0; i < c->arches.n; i++)
		if (strcmp(c->arches.v[i], arch) == 0)
			return true;
	return false;
}

/* 1: all that `includes` asks for is there; 0: not */
static int is_included(const struct conditions *c, const char *arch, uint64_t caps, struct err *e)
{
	if (c->arches.n && !lists_arch(c, arch))
		return 0;
	for (size_t i = 0; i < c->caps.n; i++)
		if (!has_cap(caps, c->caps.v[i]))
			return 0;
	return c->min_kernel ? kernel_is(c->min_kernel, e) : 1;
}

/* 1: something of what `excludes` names is there; 0: nothing */
static int is_excluded(const struct conditions *c, const char *arch, uint64_t caps, struct err *e)
{
	if (lists_arch(c, arch))
		return 1;
	for (size_t i = 0; i < c->caps.n; i++)
		if (has_cap(caps, c->caps.v[i]))
			return 1;
	return c->min_kernel ? kernel_is(c->min_kernel, e) : 0;
}

static int check_call(const struct call *c, struct err *e)
{
	uint32_t action;
	int r = seccomp_action_from_name(c->oci.action, c->oci.errno_ret, &action, e);

	if (r < 0)
		return err_wrap(e, r, "action");
	for (size_t i = 0; i < c->oci.args.n; i++) {
		enum seccomp_op op;

		if (c->oci.args.v[i].index > 5)
			return err_set(e, EINVAL, "args[%zu].index: %lld is above 5", i,
				       (long long)c->oci.args.v[i].index);
		r = seccomp_op_from_name(c->oci.args.v[i].op, &op, e);
		if (r < 0)
			return err_wrap(e, r, "args[%zu].op", i);
	}
	return 0;
}

static int take_name(struct call *c, struct arena *a, struct err *e)
{
	if (!c->name || !*c->name)
		return 0;
	if (c->oci.names.n)
		return err_set(e, EINVAL,
			       "both 'name' and 'names' are specified in the seccomp profile, "
			       "use either 'name' or 'names'");
	c->oci.names.v = arena_alloc(a, sizeof *c->oci.names.v);
	if (!c->oci.names.v)
		return err_oom(e);
	c->oci.names.v[c->oci.names.n++] = c->name;
	return 0;
}

/* 1: taken; 0: its conditions do not hold */
static int take_call(struct call *c, const char *arch, uint64_t caps, struct arena *a, struct oci_syscall *ret,
		     struct err *e)
{
	int r = take_name(c, a, e);

	if (r == 0)
		r = check_call(c, e);
	if (r < 0)
		return r;
	r = is_excluded(&c->excludes, arch, caps, e);
	if (r != 0)
		return r < 0 ? err_wrap(e, r, "excludes") : 0;
	r = is_included(&c->includes, arch, caps, e);
	if (r <= 0)
		return r < 0 ? err_wrap(e, r, "includes") : 0;
	*ret = c->oci;
	return 1;
}

static int take_calls(struct profile *p, enum syscall_arch arch, uint64_t caps, struct arena *a, struct err *e)
{
	p->oci.syscalls.v = arena_array(a, p->calls.n, sizeof *p->oci.syscalls.v);
	if (!p->oci.syscalls.v)
		return err_oom(e);
	for (size_t i = 0; i < p->calls.n; i++) {
		int r = take_call(&p->calls.v[i], seccomp_docker_arch(arch), caps, a,
				  &p->oci.syscalls.v[p->oci.syscalls.n], e);

		if (r < 0)
			return err_wrap(e, r, "syscalls[%zu]", i);
		p->oci.syscalls.n += (size_t)r;
	}
	return 0;
}

/* The entry of archMap that is the machine's, then its sub-architectures. */
static int take_archs(struct profile *p, enum syscall_arch arch, struct arena *a, struct err *e)
{
	const struct arch_entry *found = NULL;
	struct oci_strings *to = &p->oci.architectures;

	if (p->arch_map.n && to->n)
		return err_set(e, EINVAL,
			       "both 'architectures' and 'archMap' are specified in the seccomp profile, "
			       "use either 'architectures' or 'archMap'");
	for (size_t i = 0; !found && i < p->arch_map.n; i++)
		if (strcmp(p->arch_map.v[i].arch, syscall_arch_info(arch)->name) == 0)
			found = &p->arch_map.v[i];
	if (!found)
		return 0;
	to->v = arena_array(a, found->sub_archs.n + 1, sizeof *to->v);
	if (!to->v)
		return err_oom(e);
	to->v[to->n++] = found->arch;
	for (size_t i = 0; i < found->sub_archs.n; i++)
		to->v[to->n++] = found->sub_archs.v[i];
	return 0;
}

static int check_words(const struct oci_seccomp *s, struct err *e)
{
	uint32_t action;
	unsigned flag;
	int r = seccomp_action_from_name(s->default_action, s->default_errno_ret, &action, e);

	if (r < 0)
		return err_wrap(e, r, "defaultAction");
	for (size_t i = 0; i < s->architectures.n; i++)
		if (!seccomp_arch_is_known(sv_from(s->architectures.v[i])))
			return err_set(e, EINVAL, "unknown architecture %.40s", s->architectures.v[i]);
	for (size_t i = 0; i < s->flags.n; i++) {
		r = seccomp_flag_from_name(s->flags.v[i], &flag, e);
		if (r < 0)
			return err_wrap(e, r, "flags[%zu]", i);
	}
	return 0;
}

static int evaluate(struct profile *p, uint64_t caps, struct arena *a, struct err *e)
{
	int arch = syscall_arch_native(), r;

	if (arch < 0)
		return err_set(e, ENOTSUP, "no syscall table for this architecture");
	if (!p->oci.default_action && p->calls.n == 0)
		return 0;
	r = take_archs(p, (enum syscall_arch)arch, a, e);
	if (r == 0)
		r = check_words(&p->oci, e);
	if (r == 0)
		r = take_calls(p, (enum syscall_arch)arch, caps, a, e);
	p->oci.present = r == 0;
	return r;
}

int seccomp_profile_from_json(struct sv text, uint64_t bounding_caps, struct arena *a, struct oci_seccomp *ret,
			      struct err *e)
{
	struct profile p;
	int r;

	if (text.n > LIMIT_SECCOMP_PROFILE)
		return err_set(e, EINVAL, "seccomp profile: larger than %u bytes", LIMIT_SECCOMP_PROFILE);
	json_init(&profile_table, &p);
	r = json_decode(text, &profile_table, a, &p, e);
	if (r == 0) {
		p.oci.present = false;
		p.oci.syscalls.v = NULL;
		p.oci.syscalls.n = 0;
		r = evaluate(&p, bounding_caps, a, e);
	}
	if (r < 0)
		return err_wrap(e, r, "seccomp profile");
	*ret = p.oci;
	return 0;
}
