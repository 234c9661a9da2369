/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - a container's place in one network, as tare-net needs to know it: one small file per endpoint,
 * <state>/net/endpoints/<network id>.<container id>.
 *
 * Written atomically by whoever joins a container to a network, before its command starts, and again when something of it
 * changes; removed when it leaves. All of them are in one folder, so that one inotify(7) watch sees every change, and a
 * change is seen before any query that comes after it. Text, a "key value" line each, the first one "tare-endpoint 1";
 * unknown keys are skipped, so that an older tare-net reads a newer record. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#define ENDPOINTS_DIR "net/endpoints" /* below the state folder */
#define ENDPOINT_NAME_MAX 255        /* of the file */

struct ip_address {
	int family; /* AF_INET, AF_INET6; 0: none */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} u;
	uint32_t scope; /* the interface of a link-local address, by its number; 0: none */
};

/* A server that is asked what is not ours to answer. from_host: it is one of the host's (127.0.0.53), and asked from there; all
 * others are asked from the container's own namespace. */
struct upstream {
	struct ip_address address;
	bool from_host;
};

/* TCP connections to [::1]:host_first … of the host, which nftables cannot redirect to another machine: `count` ports, each
 * to its neighbour of `to`. */
struct relay_ports {
	uint16_t host_first, count, to_first;
	struct ip_address to;
};

struct endpoint {
	const char *container, *network; /* their ids, as the file is called */
	const char *network_name, *name; /* the container's name without a slash */
	const char **aliases;            /* the short id and the name are not among them: they are always answered */
	size_t alias_count;
	bool names; /* the network answers names, and 127.0.0.11 in the container: not on the default bridge */
	int priority; /* of the container's networks the one with the highest is asked first; equal ones by name */
	struct ip_address ipv4, ipv6;
	/* How the container's network namespace is reached: a file that pins it, or one of its processes with its start time. */
	const char *netns;        /* absolute; NULL: by the process */
	pid_t pid;                /* 0: by the file */
	uint64_t pid_start_ticks; /* kernel/procfs.h */
	struct upstream *upstreams;
	size_t upstream_count;
	struct relay_ports *relays;
	size_t relay_count;
};

#define IP_ADDRESS_TEXT (INET6_ADDRSTRLEN + 11)

/* ip_address_parse - "10.0.0.1", "fd00::1", "fe80::1%3". false: it is none of them */
bool ip_address_parse(struct sv text, struct ip_address *ret);
const char *ip_address_print(const struct ip_address *a, char ret[IP_ADDRESS_TEXT]); /* "" for none */
/* ip_address_to_sockaddr - its length */
socklen_t ip_address_to_sockaddr(const struct ip_address *a, uint16_t port, struct sockaddr_storage *ret);
bool ip_address_equal(const struct ip_address *a, const struct ip_address *b);

/* endpoint_parse - the text of a record. Memory, also of the texts, belongs to a. -EINVAL: not a record, damaged, or of a newer
 * version; the text names the line. -E2BIG: more of something than LIMIT_ENDPOINT_LIST. Pure. */
int endpoint_parse(struct sv text, struct arena *a, struct endpoint *ret, struct err *e);
/* endpoint_print - into b. -EINVAL: a text in it is none that could be read back. Pure. */
int endpoint_print(const struct endpoint *ep, struct buf *b, struct err *e);

/* endpoints_open - the folder of a state folder, which is made when it is not there (mode 0700). A descriptor. */
int endpoints_open(const char *state_path, struct err *e);
/* endpoint_write - mode 0600, whole or not at all. endpoint_remove - one that is not there is no error. */
int endpoint_write(int dir, const struct endpoint *ep, struct err *e);
int endpoint_remove(int dir, const char *network, const char *container, struct err *e);
/* endpoint_read - by the file's name. -ENOENT; -EINVAL also when it is called otherwise than it says. */
int endpoint_read(int dir, const char *file, struct arena *a, struct endpoint *ret, struct err *e);
/* endpoint_is_file - is that the name of a record: two ids with a dot between them, not a temporary one */
bool endpoint_is_file(struct sv file);
