/* SPDX-License-Identifier: Apache-2.0 */
/* db_memory.h - SQLite's memory comes from one place: https://sqlite.org/malloc.html, section 3.1.
 *
 * A short command makes and drops some hundred small pieces to read a schema. A C library that gives back what is free at
 * once maps and unmaps for them (2 and 3.5 us each); here they lie side by side and are used again. What does not fit,
 * malloc has. One thread only. */
#pragma once

#include <sqlite3.h>

extern const sqlite3_mem_methods db_memory;
