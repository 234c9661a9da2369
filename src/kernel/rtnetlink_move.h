/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink_move.h - an interface goes from this network namespace into another one: rtnetlink(7), network_namespaces(7).
 *
 * What the kernel takes away on the way, its permanent global addresses, it gets again; then it is set up. Routes are not
 * kept. Needs CAP_NET_ADMIN in both. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* net_device_name_is_valid - as the kernel takes it: 1 to 15 bytes, no slash, no blank; pattern: one %d may be in it. */
bool net_device_name_is_valid(const char *name, bool pattern);

/* net_device_move - own, to: descriptors of this process's network namespace and of the other one. name: what it is called
 * there; with %d the first number that is free. -ENODEV: no such interface. -EEXIST: the name is taken there. -EINVAL: an
 * interface that cannot leave (lo). When it returns, this process is where it was. Single-threaded callers only. */
int net_device_move(const char *device, int own, int to, const char *name, struct err *e);
