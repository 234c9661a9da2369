/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources: what config_check() left of the limits. */
#include "spec/spec_priv.h"

#include <errno.h>

#define CFS_PERIOD_US 100000

static int64_t given(int64_t n)
{
	return n ? n : OCI_UNSET;
}

/* Memory and swap together: twice the memory unless said otherwise, and then -1 (no limit) is the kernel's default. */
static int64_t memory_and_swap(const struct spec_builder *b)
{
	const struct container_config *c = b->c;

	if (c->memory_swap > 0)
		return c->memory_swap;
	if (c->memory_swap < 0 || c->memory <= 0 || !b->f->cgroup.memory_swap)
		return OCI_UNSET;
	return c->memory > INT64_MAX / 2 ? INT64_MAX : 2 * c->memory;
}

static void set_memory(struct spec_builder *b)
{
	struct oci_resources *r = &b->s->resources;
	const char *high;

	r->memory.limit = given(b->c->memory);
	r->memory.reservation = given(b->c->memory_reservation);
	r->memory.swap = memory_and_swap(b);
	r->memory.swappiness = b->c->memory_swappiness;
	if (b->c->oom_kill_disable)
		r->memory.disable_oom_killer = 1;
	if (b->c->memory_high <= 0)
		return;
	high = arena_fmt(b->a, "%lld", (long long)b->c->memory_high);
	if (high)
		spec_add_pair(b, &r->unified, "memory.high", high);
	else
		spec_oom(b);
}

static void set_cpu(struct spec_builder *b)
{
	const struct container_config *c = b->c;
	struct oci_resources *r = &b->s->resources;

	r->cpu.shares = given(c->cpu_shares);
	r->cpu.period = given(c->cpu_period_us);
	r->cpu.quota = given(c->cpu_quota_us);
	r->cpu.realtime_period = given(c->cpu_rt_period_us);
	r->cpu.realtime_runtime = given(c->cpu_rt_runtime_us);
	r->cpu.cpus = c->cpuset_cpus && *c->cpuset_cpus ? c->cpuset_cpus : NULL;
	r->cpu.mems = c->cpuset_mems && *c->cpuset_mems ? c->cpuset_mems : NULL;
	if (c->nano_cpus <= 0)
		return;
	r->cpu.period = CFS_PERIOD_US;
	r->cpu.quota = c->nano_cpus / (1000000000 / CFS_PERIOD_US);
}

static void set_blkio(struct spec_builder *b)
{
	__typeof__(b->s->resources.block_io) *io = &b->s->resources.block_io;

	io->weight = given(b->c->blkio_weight);
	io->weight_device.v = b->in->blkio.weight.v;
	io->weight_device.n = b->in->blkio.weight.n;
	io->read_bps = b->in->blkio.read_bps;
	io->write_bps = b->in->blkio.write_bps;
	io->read_iops = b->in->blkio.read_iops;
	io->write_iops = b->in->blkio.write_iops;
}

/* A file that is named weighs more than the option that stands for it. */
static void set_files(struct spec_builder *b)
{
	const struct oci_pairs *files = &b->c->cgroup_conf;

	for (size_t i = 0; i < files->n; i++)
		spec_add_pair(b, &b->s->resources.unified, files->v[i].key, files->v[i].value);
}

void spec_resources(struct spec_builder *b)
{
	set_memory(b);
	set_cpu(b);
	set_blkio(b);
	set_files(b);
	if (b->c->pids_limit > 0)
		b->s->resources.pids_limit = b->c->pids_limit;
}

int spec_limits(const struct container_config *c, const struct host_facts *f, const struct spec_inputs *in,
		struct arena *a, struct oci_resources *io, struct err *e)
{
	struct runtime_spec s;
	struct spec_builder b = { .c = c, .f = f, .in = in, .a = a, .s = &s, .e = e };

	runtime_spec_init(&s);
	spec_resources(&b);
	if (b.failed)
		return b.failed;
	s.resources.devices = io->devices;
	*io = s.resources;
	return 0;
}
