/* SPDX-License-Identifier: Apache-2.0 */
/* probe_program.h - what tare-probe and tare-probe-tls have in common: PROGRAM pod|host KIND HOST PORT …, with the network
 * namespace as descriptor 3 for "pod". What went wrong is one line on standard output, and the exit status. */
#pragma once

#include "probe/probe.h"

#define PROBE_TLS_SUFFIX "-tls" /* the name of the one, after that of the other (monitor/action.c and engine/kube_charter.c know it too) */

int probe_program(const struct probe_asker *by, int argc, char **argv);
