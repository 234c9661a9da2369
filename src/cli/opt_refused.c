/* SPDX-License-Identifier: Apache-2.0 */
/* opt_refused.c - Docker 29's options of `run` that tare does not take, and why. An option that is silently ignored
 * would be worse than one that is unknown. */
#include "cli/opt.h"

#define LATER "not supported yet: "
#define NO_HEALTH LATER "tare runs no health checks"
#define WINDOWS "is for Windows containers only"
#define REFUSED(name, letter, arg, why)                   \
	{                                                 \
		(name), (letter), (arg), .refused = (why) \
	}

static const struct option rows[] = {
	REFUSED("cpu-count", 0, "N", WINDOWS),
	REFUSED("cpu-percent", 0, "N", WINDOWS),
	REFUSED("gpus", 0, "REQUEST", LATER "could not select device driver with capabilities: [[gpu]]; see --device"),
	REFUSED("health-cmd", 0, "COMMAND", NO_HEALTH),
	REFUSED("health-interval", 0, "DURATION", NO_HEALTH),
	REFUSED("health-retries", 0, "N", NO_HEALTH),
	REFUSED("health-start-interval", 0, "DURATION", NO_HEALTH),
	REFUSED("health-start-period", 0, "DURATION", NO_HEALTH),
	REFUSED("health-timeout", 0, "DURATION", NO_HEALTH),
	REFUSED("io-maxbandwidth", 0, "BYTES", WINDOWS),
	REFUSED("io-maxiops", 0, "N", WINDOWS),
	REFUSED("kernel-memory", 0, "BYTES",
		"the kernel has no such limit since Linux 5.16; --memory counts kernel memory"),
	REFUSED("link", 0, "CONTAINER",
		"links are a legacy of Docker: containers on a network of your own find each other by name"),
	REFUSED("link-local-ip", 0, "ADDRESS", LATER "no addresses of 169.254.0.0/16"),
	REFUSED("runtime", 0, "NAME", LATER "tare runs containers by itself"),
	REFUSED("storage-opt", 0, "KEY=VALUE", LATER "overlayfs has no quota of its own"),
	REFUSED("use-api-socket", 0, NULL, "tare has no daemon whose socket could be given"),
	REFUSED("volume-driver", 0, "DRIVER", LATER "only local volumes"),
};

OPTION_GROUP(opt_refused, "Options of Docker that tare refuses", rows);
