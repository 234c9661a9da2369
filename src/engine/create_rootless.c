/* SPDX-License-Identifier: Apache-2.0 */
/* What an ordinary user's containers cannot have (rootless.h), said before anything is made. */
#include "engine/create_priv.h"

#include "base/scope.h"
#include "engine/cni.h"
#include "engine/network.h"

#include <errno.h>

/* The option that asks for a limit, or another place among the groups; NULL: none does. */
static const char *limit_asked_for(const struct container_config *c)
{
	const struct {
		const char *option;
		bool there;
	} rows[] = {
		{ "--memory", c->memory },
		{ "--memory-swap", c->memory_swap },
		{ "--memory-reservation", c->memory_reservation },
		{ "--memory-high", c->memory_high },
		{ "--memory-swappiness", c->memory_swappiness != OCI_UNSET },
		{ "--cpus", c->nano_cpus },
		{ "--cpu-shares", c->cpu_shares },
		{ "--cpu-quota", c->cpu_quota_us },
		{ "--cpu-period", c->cpu_period_us },
		{ "--cpuset-cpus", c->cpuset_cpus && *c->cpuset_cpus },
		{ "--cpuset-mems", c->cpuset_mems && *c->cpuset_mems },
		{ "--cpu-rt-runtime", c->cpu_rt_runtime_us },
		{ "--cpu-rt-period", c->cpu_rt_period_us },
		{ "--pids-limit", c->pids_limit > 0 },
		{ "--blkio-weight", c->blkio_weight },
		{ "--blkio-weight-device", c->blkio_weight_devices.n },
		{ "--device-read-bps", c->device_read_bps.n },
		{ "--device-write-bps", c->device_write_bps.n },
		{ "--device-read-iops", c->device_read_iops.n },
		{ "--device-write-iops", c->device_write_iops.n },
		{ "--cgroup-conf", c->cgroup_conf.n },
		{ "--cgroup-parent", c->cgroup_parent },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].there)
			return rows[i].option;
	return NULL;
}

int create_rootless_limits(struct creation *cr, struct err *e)
{
	const char *option;

	if (!cr->en || !cr->en->rootless || cr->facts.cgroup.mode != CGROUP_MODE_NONE)
		return 0;
	option = limit_asked_for(cr->config);
	return option ?
		       err_set(e, EACCES,
			       "%s: no control group is delegated to user %u (`systemd-run --user --scope -p Delegate=yes` "
			       "makes one, or an administrator)",
			       option, (unsigned)cr->en->caller) :
		       0;
}

/* A single id is no error: most programs are content with it. */
static int warn_of_single(struct creation *cr, struct err *e)
{
	if (cr->facts.groups != 1)
		return 0;
	return warnings_add(
		       &cr->warnings,
		       "The container has uid and gid 0 alone: /etc/subuid or /etc/subgid has no line for user %u, "
		       "such as %u:1000000000:65536.",
		       (unsigned)cr->en->caller, (unsigned)cr->en->caller) < 0 ?
		       err_oom(e) :
		       0;
}

int create_rootless_user(struct creation *cr, struct err *e)
{
	const struct spec_inputs *in = &cr->inputs;

	if (!cr->en || !cr->en->rootless)
		return 0;
	if (in->uid >= cr->facts.users || in->gid >= cr->facts.groups)
		return err_set(e, EINVAL,
			       "user %lld:%lld is not one of the %u ids of user %u (/etc/subuid, /etc/subgid)",
			       (long long)in->uid, (long long)in->gid, cr->facts.users, (unsigned)cr->en->caller);
	return warn_of_single(cr, e);
}

int create_rootless_userns(struct creation *cr, struct err *e)
{
	if (!cr->en->rootless)
		return 0;
	return err_set(e, EPERM,
		       "the layers would have to be mapped once more, which only root may do (MOUNT_ATTR_IDMAP); all "
		       "containers of user %u are in its user namespace already",
		       (unsigned)cr->en->caller);
}

int create_rootless_network(struct creation *cr, struct err *e)
{
	const struct container_config *c = cr->config;

	if (!cr->en || !cr->en->rootless)
		return 0;
	if (c->network_mode && cni_name(c->network_mode))
		return err_set(e, EPERM, "--network %.80s: plugins of CNI need root", c->network_mode);
	if (!c->networks.n)
		return 0;
	return network_rootless(cr->en, c->networks.v[0].name, e);
}
