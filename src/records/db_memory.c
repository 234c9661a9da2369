/* SPDX-License-Identifier: Apache-2.0 */
#include "records/db_memory.h"

#include <linux/mman.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROOM ((size_t)256 << 10)
#define ROOM_ALWAYS ((size_t)128 << 10) /* what each use of a database needs: taken at once, not page by page */
/* Up to SMALL in steps of STEP; from there on each doubling in four steps. */
#define STEP 32u
#define SMALL 512u
#define STEPS (SMALL / STEP)
#define DOUBLINGS 7 /* the largest has 64 KiB: pages come in one piece of 33 */
#define CLASSES (STEPS + 4 * DOUBLINGS)

/* In front of each piece. */
struct piece {
	union {
		uint64_t size;       /* while it is used: what fits */
		struct piece *next; /* while it is free */
	};
	uint32_t class;      /* CLASSES: malloc has it */
	uint32_t reserved;
};

static _Alignas(4096) char room[ROOM];
static size_t used;
static struct piece *free_pieces[CLASSES];

static size_t class_size(unsigned class)
{
	unsigned above = class - STEPS;

	return class < STEPS ? (class + 1) * STEP : (size_t)(SMALL / 4) * (5 + above % 4) << above / 4;
}

static unsigned class_of(size_t n)
{
	unsigned c = STEPS;

	if (n <= SMALL)
		return n ? (unsigned)((n - 1) / STEP) : 0;
	while (c < CLASSES && class_size(c) < n)
		c++;
	return c;
}

static struct piece *piece_of(void *p)
{
	return (struct piece *)p - 1;
}

static struct piece *take(unsigned class, size_t size)
{
	struct piece *p = free_pieces[class];

	if (p) {
		free_pieces[class] = p->next;
		return p;
	}
	if (size + sizeof *p > ROOM - used)
		return NULL;
	p = (struct piece *)(void *)(room + used);
	used += size + sizeof *p;
	return p;
}

static void *get(int n)
{
	unsigned class = class_of((size_t)n);
	size_t size = class < CLASSES ? class_size(class) : (size_t)n;
	struct piece *p = class < CLASSES ? take(class, size) : NULL;

	if (!p) {
		class = CLASSES;
		p = malloc(sizeof *p + size);
	}
	if (!p)
		return NULL;
	p->size = size;
	p->class = class;
	return p + 1;
}

static void put(void *memory)
{
	struct piece *p = piece_of(memory);

	if (p->class == CLASSES) {
		free(p);
		return;
	}
	p->next = free_pieces[p->class];
	free_pieces[p->class] = p;
}

static int size_of(void *memory)
{
	return memory ? (int)piece_of(memory)->size : 0;
}

static void *resize(void *memory, int n)
{
	void *new;

	if (n <= size_of(memory))
		return memory;
	new = get(n);
	if (!new)
		return NULL;
	memcpy(new, memory, (size_t)size_of(memory));
	put(memory);
	return new;
}

static int round_up(int n)
{
	unsigned class = class_of((size_t)n);

	return class < CLASSES ? (int)class_size(class) : (n + 7) & ~7;
}

static int begin(void *arg)
{
	(void)madvise(room, ROOM_ALWAYS, MADV_POPULATE_WRITE);
	return SQLITE_OK;
}

static void end(void *arg)
{
}

const sqlite3_mem_methods db_memory = { get, put, resize, size_of, round_up, begin, end, NULL };
