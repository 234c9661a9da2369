/* SPDX-License-Identifier: Apache-2.0 */
/* human.h - how long ago and how much, in Docker's words. */
#pragma once

#include <stdint.h>

#define HUMAN_SIZE 32
/* human_duration - "Less than a second", "5 seconds", "About a minute", "3 weeks". Negative is none. Returns ret. */
const char *human_duration(int64_t ns, char ret[HUMAN_SIZE]);

/* human_bytes - "0B", "999B", "1.98MB", "123MB": decimal units, three digits. Returns ret. */
const char *human_bytes(int64_t bytes, char ret[HUMAN_SIZE]);

/* human_binary - "0B", "1.5KiB", "15.62GiB": powers of 1024, four digits. Returns ret. */
const char *human_binary(int64_t bytes, char ret[HUMAN_SIZE]);

/* human_time - "2026-11-21 22:33:30 +0000 UTC". Returns ret. */
const char *human_time(int64_t real_ns, char ret[HUMAN_SIZE]);
