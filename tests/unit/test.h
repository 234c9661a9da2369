/* SPDX-License-Identifier: Apache-2.0 */
/* test.h - cmocka(3) with its prerequisites, and the few checks that it lacks. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEST(name) static void name(void **state __attribute__((unused)))
#define RUN(name) cmocka_unit_test(name)
