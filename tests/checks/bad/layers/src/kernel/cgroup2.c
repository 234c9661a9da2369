/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cgroup2.h"
#include "engine/container.h"
#include "cgroup2.h"
#include "kernel/../engine/container.h"
#include "kernel/cgroup_priv.h"
#include "kernel/mount_priv.h"
#include <json-c/json.h>
