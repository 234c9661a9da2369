/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - the migrations: SQL that leads from schema version N to N + 1, for db.c.
 *
 * A migration that was released is never changed; a new one is added at the end. */
#pragma once

#include <stddef.h>

extern const char *const schema_migrations[]; /* [0]: empty file to version 1 */
extern const size_t schema_migration_count;
