/* SPDX-License-Identifier: Apache-2.0 */
/* What an ordinary user's containers cannot have (rootless.h), said before anything is made. */
#include "engine/create_priv.h"

#include "base/scope.h"
#include "engine/cni.h"
#include "engine/network.h"
#include "kernel/smallfile.h"
#include "records/containers.h"
#include "oci/list.h"
#include "monitor/user_net.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLIRP_ADDRESS "10.0.2.100" /* slirp4netns(1) */
#define SLIRP_RESOLVER "10.0.2.3"
#define PASTA_RESOLVER "169.254.1.1" /* of no network; what asks it asks the host's first server, also on its loopback */

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

/* A group that is there may be changed by its owner from anywhere; only to make one takes a place in a delegated part. */
int create_rootless_group(struct creation *cr, struct err *e)
{
	const struct cgroup_layout *l;
	int r;

	if (!cr->en || !cr->en->rootless || cgroup_is_none(cr->group))
		return 0;
	r = engine_layout(cr->en, &l, e);
	if (r < 0)
		return r;
	cr->facts.cgroup = *l;
	cgroup_layout_within(cr->en->host, &cr->facts.cgroup, cr->group);
	return 0;
}

int create_rootless_start(struct creation *cr, struct err *e)
{
	const char *group;
	struct db *db;
	int r;

	if (!cr->en->rootless)
		return 0;
	group = spec_group(cr->config, &cr->facts.cgroup, cr->id.hex, cr->a);
	if (!group)
		return err_oom(e);
	if (strcmp(group, cr->row->cgroup) == 0)
		return 0;
	r = engine_db(cr->en, &db, e);
	return r < 0 ? r : containers_set_cgroup(db, cr->id.hex, group, e);
}

int create_rootless_limits(struct creation *cr, struct err *e)
{
	const char *option;

	if (!cr->en || !cr->en->rootless || cr->facts.cgroup.mode != CGROUP_MODE_NONE)
		return 0;
	option = limit_asked_for(cr->config);
	return option ?
		       err_set(e, EACCES,
			       "%s: no control group is delegated to user %u (" CGROUP_DELEGATE ")",
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

/* ---- the way out (monitor/user_net.h) ------------------------------------------------------------------------------ */

static const char *const helpers[] = { "pasta", "slirp4netns" }; /* the better one first */

static bool is_helper(const char *mode)
{
	for (size_t i = 0; mode && i < ARRAY_LEN(helpers); i++)
		if (strcmp(mode, helpers[i]) == 0)
			return true;
	return false;
}

bool create_is_user_net(const struct container_config *c)
{
	return is_helper(c->network_mode);
}

bool create_user_net(const struct creation *cr)
{
	return cr->en && cr->en->rootless && create_is_user_net(cr->config);
}

static const char *find_program(struct creation *cr, const char *name)
{
	static const char *const places[] = { "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const char *path = arena_fmt(cr->a, "%s/%s", places[i], name);

		if (path && access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static const char *default_helper(struct creation *cr)
{
	for (size_t i = 0; i < ARRAY_LEN(helpers); i++)
		if (find_program(cr, helpers[i]))
			return helpers[i];
	return helpers[0]; /* that it is missing is said when it is wanted */
}

/* What is bridge to root's containers, by default or by name, is a helper's network to an ordinary user's. */
void create_rootless_settings(struct creation *cr)
{
	struct container_config *c = cr->config;
	const char *only = c->networks.n == 1 ? c->networks.v[0].name : NULL;

	if (!cr->en->rootless || cr->row)
		return;
	if (only && (strcmp(only, "bridge") == 0 || is_helper(only)) && !c->networks.v[0].ip4 &&
	    !c->networks.v[0].ip6) {
		c->network_mode = only;
		c->networks.n = 0;
	}
	if (c->network_mode && strcmp(c->network_mode, "bridge") == 0 && !c->networks.n)
		c->network_mode = default_helper(cr);
}

static int add_word(struct creation *cr, const char *word, struct err *e)
{
	return word && strings_add(cr->a, &cr->charter.user_net, word) == 0 ? 0 : err_oom(e);
}

static int add_words(struct creation *cr, const char *const *words, size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_word(cr, words[i], e);
	return r;
}

/* "-t ADDRESS/HOST-HOST:FIRST-LAST" */
static int pasta_port(struct creation *cr, const struct port_mapping *m, struct err *e)
{
	char address[SUBNET_TEXT];
	int r;

	if (m->protocol == PORT_SCTP)
		return err_set(e, EOPNOTSUPP, "publish %u/sctp: pasta and slirp4netns know TCP and UDP alone",
			       m->first);
	r = add_word(cr, m->protocol == PORT_TCP ? "-t" : "-u", e);
	if (r < 0)
		return r;
	return add_word(cr,
			arena_fmt(cr->a, "%s%s%u-%u:%u-%u", m->host.family ? net_ip_print(&m->host, address) : "",
				  m->host.family ? "/" : "", m->host_first, m->host_last, m->first, m->last),
			e);
}

static int pasta_words(struct creation *cr, struct err *e)
{
	static const char *const first[] = {
		"--foreground", "--config-net", "--no-map-gw",   "--no-netns-quit", "--netns", USER_NET_NETNS,
		"--pid",        USER_NET_READY, "--dns-forward", PASTA_RESOLVER,    "-T",      "none",
		"-U",           "none"
	};
	bool has[2] = { false, false };
	int r = add_words(cr, first, ARRAY_LEN(first), e);

	for (size_t i = 0; r == 0 && i < cr->published.n; i++) {
		const struct port_mapping *m = &cr->published.v[i].map;

		has[m->protocol != PORT_TCP] = true;
		r = pasta_port(cr, m, e);
	}
	for (int i = 0; r == 0 && i < 2; i++)
		if (!has[i])
			r = add_words(cr, (const char *[]){ i ? "-u" : "-t", "none" }, 2, e);
	return r;
}

static int slirp_port(struct creation *cr, const struct port_mapping *m, struct err *e)
{
	char address[SUBNET_TEXT];
	int r = 0;

	if (m->protocol == PORT_SCTP || m->host.family == AF_INET6)
		return err_set(e, EOPNOTSUPP, "publish %u: slirp4netns knows TCP and UDP over IPv4 alone", m->first);
	for (unsigned i = 0; r == 0 && i <= (unsigned)(m->last - m->first); i++) {
		const char *line = arena_fmt(
			cr->a,
			"{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"%s\",\"host_addr\":\"%s\","
			"\"host_port\":%u,\"guest_addr\":\"" SLIRP_ADDRESS "\",\"guest_port\":%u}}",
			m->protocol == PORT_TCP ? "tcp" : "udp",
			m->host.family ? net_ip_print(&m->host, address) : "0.0.0.0", m->host_first + i, m->first + i);

		r = line && strings_add(cr->a, &cr->charter.user_net_requests, line) == 0 ? 0 : err_oom(e);
	}
	return r;
}

static int slirp_words(struct creation *cr, struct err *e)
{
	static const char *const words[] = { "--configure", "--mtu=65520", "--disable-host-loopback", "--ready-fd=3",
					     "--netns-type=path", "--api-socket", USER_NET_SOCKET };
	static const char *const last[] = { USER_NET_NETNS, "tap0" };
	int r = add_words(cr, words, ARRAY_LEN(words), e);

	if (r == 0 && smallfile_exists(cr->en->host->proc, "net/if_inet6"))
		r = add_word(cr, "--enable-ipv6", e);
	if (r == 0)
		r = add_words(cr, last, ARRAY_LEN(last), e);
	for (size_t i = 0; r == 0 && i < cr->published.n; i++)
		r = slirp_port(cr, &cr->published.v[i].map, e);
	return r;
}

int create_user_net_words(struct creation *cr, struct err *e)
{
	const char *mode = cr->config->network_mode, *program = find_program(cr, mode);
	int r;

	if (!program)
		return err_set(e, ENOENT,
			       "network %s: %s installed (package %s); --network none and --network host need none",
			       mode,
			       find_program(cr, helpers[0]) || find_program(cr, helpers[1]) ?
				       "its program is not" :
				       "neither pasta nor slirp4netns is",
			       strcmp(mode, helpers[0]) == 0 ? "passt" : mode);
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return err_set(e, errno, "network %s: /dev/net/tun: %s; --network none and --network host need none",
			       mode, strerror(errno));
	r = add_word(cr, program, e);
	if (r < 0)
		return r;
	return strcmp(mode, "pasta") == 0 ? pasta_words(cr, e) : slirp_words(cr, e);
}

static bool is_loopback(const char *server)
{
	struct net_ip ip;
	struct sv zone;

	return resolv_conf_server(sv_from(server), &ip, &zone) && ip.family == AF_INET && ip.bytes[0] == 127;
}

/* Those of the host are reached as they are, but for one on its loopback, such as systemd-resolved's 127.0.0.53. */
static bool asks_loopback(const struct resolv_conf *host)
{
	for (size_t i = 0; i < host->servers.n; i++)
		if (!is_loopback(host->servers.v[i]))
			return false;
	return host->servers.n;
}

int create_user_net_resolver(const struct creation *cr, const char **ret, struct err *e)
{
	struct resolv_conf host = { 0 };
	const char *path;
	int r;

	*ret = NULL;
	if (!create_user_net(cr))
		return 0;
	if (strcmp(cr->config->network_mode, "slirp4netns") == 0) {
		*ret = SLIRP_RESOLVER;
		return 0;
	}
	r = network_host_resolver(cr->en, RESOLV_CONF_HOST, cr->a, &host, &path, e);
	if (r == 0 && asks_loopback(&host))
		*ret = PASTA_RESOLVER;
	return r;
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
