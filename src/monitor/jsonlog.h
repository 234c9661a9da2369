/* SPDX-License-Identifier: Apache-2.0 */
/* jsonlog.h - what a container writes, kept as Docker's json-file driver keeps it: containers/<id>/<id>-json.log.
 *
 * One record a line, {"log":"text\n","stream":"stdout","time":"2026-11-21T22:33:30.1Z"}; longer lines of the container are
 * cut at 16 KiB into records without "\n" at their end; text is escaped as Docker's is, what is not UTF-8 becomes \ufffd.
 * The file is made with the first record. When it has reached its size it is renamed to .1 (that to .2, and so on) and
 * a new one begins; who reads an old one can read it to its end.
 *
 * A disk that is full never stops the container: records are dropped, whole ones, and how many is itself recorded once
 * there is room again. */
#pragma once

#include "monitor/charter.h"

#include <stddef.h>
#include <stdint.h>

#define JSONLOG_LINE ((size_t)16 << 10) /* as Docker's */
#define JSONLOG_ATTRS ((size_t)4 << 10)
#define JSONLOG_FLUSH ((size_t)16 << 10)
#define JSONLOG_ROOM (JSONLOG_FLUSH + 6 * JSONLOG_LINE + JSONLOG_ATTRS + 256) /* six bytes for one, at most */

enum jsonlog_stream { JSONLOG_STDOUT, JSONLOG_STDERR };

struct jsonlog {
	const struct charter *charter; /* driver, sizes, attributes; may change meanwhile */
	int dir, fd;                   /* fd -1: not open (yet, or any more) */
	int64_t size;                  /* of the file: whole records */
	uint64_t dropped;              /* records, since the last that could be written */
	int why;                       /* errno of that */
	struct jsonlog_line {
		size_t n;
		bool cut;        /* the record before was the beginning of the same line */
		int64_t time_ns; /* of its first record */
		char text[JSONLOG_LINE];
	} line[2];
	size_t n;
	char out[JSONLOG_ROOM]; /* whole records; memory that is never written to is never there */
};

/* jsonlog_init - dir: the container's folder. Both borrowed. */
void jsonlog_init(struct jsonlog *l, const struct charter *c, int dir);
/* jsonlog_put - something was read from the container */
void jsonlog_put(struct jsonlog *l, enum jsonlog_stream s, const char *text, size_t n);
void jsonlog_end(struct jsonlog *l, enum jsonlog_stream s); /* no more comes: a line without its end is recorded */
void jsonlog_flush(struct jsonlog *l);                      /* to be called before waiting for more */
void jsonlog_rest(struct jsonlog *l);                       /* gives memory back */
