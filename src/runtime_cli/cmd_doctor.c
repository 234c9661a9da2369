/* SPDX-License-Identifier: Apache-2.0 */
/* doctor - what of this host makes starts slow or isolation weak, each with its consequence and its remedy. */
#include "runtime_cli/doctor.h"

static int doctor(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	const struct finding_options *fo = options;
	struct findings l = { .arena = rt->arena };
	int r = runtime_facts(rt, e);

	if (r < 0)
		return r;
	cgroup_layout_probe_rare(&rt->host, &rt->facts.cgroup);
	doctor_cgroups(rt, &l);
	doctor_kernel(rt, &l);
	doctor_users(rt, &l);
	return findings_print(rt, &l, fo->format, fo->brief, e);
}

static const struct option_group *const groups[] = { &finding_group, NULL };

const struct runtime_command runtime_command_doctor = {
	.name = "doctor",
	.args = "[OPTIONS]",
	.summary = "what of this host makes starts slow or isolation weak, and what helps",
	.groups = groups,
	.options_size = sizeof(struct finding_options),
	.run = doctor,
};
