/* SPDX-License-Identifier: Apache-2.0 */
/* poison.h - calls that this house does not use; forced into every file outside base/ by the build. */
#pragma once

#include <ctype.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok strtok_r
#pragma GCC poison atoi atol atoll strtol strtoul strtoll strtoull
#pragma GCC poison system popen tmpnam mktemp gets
