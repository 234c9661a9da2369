/* SPDX-License-Identifier: Apache-2.0 */
/* opt_refused.c - Docker 29's options of `run` that tare does not take, and why. An option that is silently ignored
 * would be worse than one that is unknown. */
#include "cli/opt.h"

#define LATER "not supported yet: "
#define NO_NETWORK LATER "tare makes no networks (--network none or host)"
#define NO_HEALTH LATER "tare runs no health checks"
#define NO_BLKIO LATER "block I/O is not limited"
#define NO_STOP LATER "tare has no stop command; `tare rm -f` kills"
#define WINDOWS "is for Windows containers only"
#define REFUSED(name, letter, arg, why)                   \
	{                                                 \
		(name), (letter), (arg), .refused = (why) \
	}

static const struct option rows[] = {
	REFUSED("add-host", 0, "HOST:IP", NO_NETWORK),
	REFUSED("annotation", 0, "KEY=VALUE", LATER "annotations reach no runtime"),
	REFUSED("attach", 'a', "STREAM", LATER "without -d all streams are attached; use shell redirection"),
	REFUSED("blkio-weight", 0, "WEIGHT", NO_BLKIO),
	REFUSED("blkio-weight-device", 0, "PATH:WEIGHT", NO_BLKIO),
	REFUSED("cidfile", 0, "FILE", LATER "-d prints the id"),
	REFUSED("cpu-count", 0, "N", WINDOWS),
	REFUSED("cpu-percent", 0, "N", WINDOWS),
	REFUSED("cpu-rt-period", 0, "MICROSECONDS", LATER "real-time scheduling is not limited"),
	REFUSED("cpu-rt-runtime", 0, "MICROSECONDS", LATER "real-time scheduling is not limited"),
	REFUSED("detach-keys", 0, "KEYS", LATER "there is no terminal to detach from"),
	REFUSED("device-read-bps", 0, "PATH:RATE", NO_BLKIO),
	REFUSED("device-read-iops", 0, "PATH:RATE", NO_BLKIO),
	REFUSED("device-write-bps", 0, "PATH:RATE", NO_BLKIO),
	REFUSED("device-write-iops", 0, "PATH:RATE", NO_BLKIO),
	REFUSED("dns", 0, "ADDRESS", NO_NETWORK),
	REFUSED("dns-opt", 0, "OPTION", NO_NETWORK),
	REFUSED("dns-option", 0, "OPTION", NO_NETWORK),
	REFUSED("dns-search", 0, "DOMAIN", NO_NETWORK),
	REFUSED("domainname", 0, "NAME", LATER "the NIS domain name is left as it is"),
	REFUSED("expose", 0, "PORT", NO_NETWORK),
	REFUSED("gpus", 0, "REQUEST", LATER "could not select device driver with capabilities: [[gpu]]; see --device"),
	REFUSED("group-add", 0, "GROUP", LATER "a user's groups are those of the image's /etc/group"),
	REFUSED("health-cmd", 0, "COMMAND", NO_HEALTH),
	REFUSED("health-interval", 0, "DURATION", NO_HEALTH),
	REFUSED("health-retries", 0, "N", NO_HEALTH),
	REFUSED("health-start-interval", 0, "DURATION", NO_HEALTH),
	REFUSED("health-start-period", 0, "DURATION", NO_HEALTH),
	REFUSED("health-timeout", 0, "DURATION", NO_HEALTH),
	REFUSED("init", 0, NULL, LATER "the command itself is process 1"),
	REFUSED("io-maxbandwidth", 0, "BYTES", WINDOWS),
	REFUSED("io-maxiops", 0, "N", WINDOWS),
	REFUSED("ip", 0, "ADDRESS", NO_NETWORK),
	REFUSED("ip6", 0, "ADDRESS", NO_NETWORK),
	REFUSED("kernel-memory", 0, "BYTES",
		"the kernel has no such limit since Linux 5.16; --memory counts kernel memory"),
	REFUSED("link", 0, "CONTAINER", "links are a legacy of Docker; " NO_NETWORK),
	REFUSED("link-local-ip", 0, "ADDRESS", NO_NETWORK),
	REFUSED("log-driver", 0, "DRIVER", LATER "tare keeps no logs"),
	REFUSED("log-opt", 0, "KEY=VALUE", LATER "tare keeps no logs"),
	REFUSED("mac-address", 0, "ADDRESS", NO_NETWORK),
	REFUSED("memory-swappiness", 0, "N", LATER "cgroup v2 has no such setting"),
	REFUSED("net-alias", 0, "NAME", NO_NETWORK),
	REFUSED("network-alias", 0, "NAME", NO_NETWORK),
	REFUSED("oom-kill-disable", 0, NULL, LATER "cgroup v2 has no such setting"),
	REFUSED("platform", 0, "OS/ARCH", LATER "an image is taken as it is"),
	REFUSED("publish", 'p', "PORTS", NO_NETWORK),
	REFUSED("publish-all", 'P', NULL, NO_NETWORK),
	REFUSED("runtime", 0, "NAME", LATER "tare runs containers by itself"),
	REFUSED("stop-signal", 0, "SIGNAL", NO_STOP),
	REFUSED("stop-timeout", 0, "SECONDS", NO_STOP),
	REFUSED("storage-opt", 0, "KEY=VALUE", LATER "overlayfs has no quota of its own"),
	REFUSED("tty", 't', NULL, LATER "there is no terminal; -i passes standard input"),
	REFUSED("use-api-socket", 0, NULL, "tare has no daemon whose socket could be given"),
	REFUSED("volume-driver", 0, "DRIVER", LATER "only local volumes"),
	REFUSED("volumes-from", 0, "CONTAINER", LATER "name each volume with -v"),
};

OPTION_GROUP(opt_refused, "Options of Docker that tare refuses", rows);
