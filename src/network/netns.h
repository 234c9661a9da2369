/* SPDX-License-Identifier: Apache-2.0 */
/* netns.h - the network namespaces of containers, by their records: network_namespaces(7), setns(2). */
#pragma once

#include "network/record.h"

struct host;

/* endpoint_is_alive - is there still somebody behind it? One that is reached by a file alone counts as alive, and one that
 * cannot be looked at now. */
bool endpoint_is_alive(const struct host *h, const struct endpoint *ep);
/* endpoint_netns_open - a descriptor of the namespace. -ESRCH: its process is gone; -ENOENT: its file is. */
int endpoint_netns_open(const struct host *h, const struct endpoint *ep, struct err *e);

/* netns_of_socket - a descriptor of the namespace in which a socket was made: SIOCGSKNS of socket(7) */
int netns_of_socket(int sock, struct err *e);
/* netns_enter - this thread, from now on. */
int netns_enter(int netns, struct err *e);
