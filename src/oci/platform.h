/* SPDX-License-Identifier: Apache-2.0 */
/* platform.h - what an image is made for: "linux/arm64/v8" (image-spec, "platform"), and which one of an index fits. Pure. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#define PLATFORM_PART 32
#define PLATFORM_SIZE (3 * PLATFORM_PART)

struct platform {
	char os[PLATFORM_PART], architecture[PLATFORM_PART];
	char variant
		[PLATFORM_PART]; /* "" = none; always "" for amd64 v1 and arm64 v8, "v7" for arm that says nothing */
};

/* platform_parse - OS/ARCH[/VARIANT] in whatever spelling ("linux/x86_64", "linux/aarch64"). -EINVAL */
int platform_parse(struct sv text, struct platform *ret, struct err *e);
/* platform_of_machine - Linux on what uname(2) calls so. */
struct platform platform_of_machine(const char *machine);
const char *platform_print(const struct platform *p, char ret[PLATFORM_SIZE]);

/* platform_fits - how well a thing for os, architecture and variant (each NULL when it does not say) serves: 0: not at
 * all; more is better, and never the same for two variants. */
int platform_fits(const struct platform *want, const char *os, const char *architecture, const char *variant);
