/* SPDX-License-Identifier: Apache-2.0 */
/* golden.h - text that is compared with a file of tests/golden/. `make golden` (TARE_GOLDEN=write) writes the file instead. */
#pragma once

#include "base/arena.h"
#include "base/sv.h"
#include "kernel/host.h"

/* golden_check - fails the cmocka test when tests/golden/<name> is not exactly `text`; the new text is left beside the
 * build as <name>.new, slashes as dashes, and the message shows the first line that differs. */
void golden_check(const char *name, struct sv text);

/* The folders of tests/hosts, then NULL. */
extern const char *const golden_hosts[];
void golden_host(const char *name, struct arena *a, struct host_facts *ret);
