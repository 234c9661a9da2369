/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - small versioned records, of which every field is a row: one table makes the writer and the reader.
 *
 * Two notations: lines "key value\n", for texts of one line, and fields "key=value\0", for any. The first one names the record
 * and its version. A key that is not known is skipped, so that an older program reads what a newer one wrote, and what is
 * missing keeps the value that it had. A list is a line for each item. Pure; whoever writes files wraps errors with their
 * names. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind {
	RECORD_TEXT,  /* const char *; NULL is not written */
	RECORD_CHARS, /* char[size]; newlines in it are written as blanks */
	RECORD_TEXTS, /* const char **, and a size_t at count_at */
	RECORD_FLAG,  /* bool */
	RECORD_INT,   /* int, pid_t */
	RECORD_I64,
	RECORD_U64,
	RECORD_NAME,  /* an enum, by its names */
	RECORD_EACH,  /* one more structure of a list, whose first field is this text: what comes after it is of it. Only read:
		       * who writes goes through the list */
	RECORD_OWN,   /* what only its owner can read and write */
};

#define RECORD_GROUPS 5

struct record_names {
	const char *const *v;
	size_t n;
};

/* record_name_find - -1: it is none of them */
int record_name_find(const struct record_names *names, struct sv name);

struct record_row;
struct record_form;

struct record_reader {
	const struct record_form *form;
	struct arena *a;         /* of texts and lists; NULL where there are none */
	void *of[RECORD_GROUPS]; /* where the fields of each group go; NULL: nothing has begun that they could belong to */
	/* its own */
	size_t next;
};

/* -EINVAL alone: it is damaged. -E2BIG, -ENOMEM: e says what */
typedef int record_take_fn(struct record_reader *r, const struct record_row *row, struct sv value, struct err *e);
typedef void record_put_fn(const struct record_form *f, const struct record_row *row, const void *of, struct buf *b);

struct record_row {
	const char *key;
	enum record_kind kind;
	unsigned char group;
	unsigned char opens;     /* RECORD_EACH: the group of the structure that begins */
	unsigned short max;      /* items of a list; 0: as many as there are lines */
	unsigned at;             /* offsets in the structure of its group */
	unsigned count_at;
	unsigned size;           /* of the field, or of an item of a list */
	bool (*valid)(struct sv); /* of a text; NULL: any */
	const struct record_names *names;
	record_take_fn *take;
	record_put_fn *put;
};

struct record_form {
	const char *first;    /* "tare-outcome 1" */
	const char *stranger; /* what is said of a text that begins otherwise */
	bool any_version;     /* its version may be any: only fields were ever added */
	char between, end;    /* RECORD_LINES, RECORD_FIELDS */
	const struct record_row *rows;
	size_t n;
	const void *usual;    /* numbers, flags and names that are as in this structure are not written. NULL: all are */
};

/* Of a row: where its field is, of a list also where its length is. */
#define RECORD_AT(type, field) .at = offsetof(type, field), .size = sizeof(((type *)0)->field)
#define RECORD_LIST_AT(type, list, count) .at = offsetof(type, list), .count_at = offsetof(type, count)

#define RECORD_LINES .between = ' ', .end = '\n'
#define RECORD_FIELDS .between = '=', .end = '\0'
#define RECORD_ROWS(array) .rows = (array), .n = sizeof(array) / sizeof *(array)

/* record_begin - the first line. record_put_rows - those of a group. record_put - one. Errors are in b. */
void record_begin(const struct record_form *f, struct buf *b);
void record_put_rows(const struct record_form *f, unsigned group, const void *of, struct buf *b);
void record_put(const struct record_form *f, const char *key, const char *value, struct buf *b);

/* record_parse - form, a and of are the caller's. -EINVAL: another record, or damaged: then the text names the line. -E2BIG: a
 * list is too long. What was read until then is in the structures. */
int record_parse(struct record_reader *r, struct sv text, struct err *e);

/* record_item - one more, a copy of `size` bytes, to the list *list (memory of r->a) that has *n. -E2BIG: it has max. */
int record_item(struct record_reader *r, void *list, size_t *n, const void *item, size_t size, size_t max,
		struct err *e);
