/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_stat_priv.h - the table that cgroup_stat.c parses by and cgroup_stat_read.c reads by; nobody else includes it. */
#pragma once

#include "kernel/cgroup_stat.h"

/* Where a number is: behind the word `line` at the start of a line ("" is the whole text), and there, if `word` is not
 * NULL, behind "word=". It becomes, times `factor`, the int64_t at `at`. */
struct stat_key {
	const char *line, *word;
	size_t at;
	unsigned factor;
	unsigned line_length; /* compared first: a file has dozens of lines */
};

enum stat_form {
	STAT_PLAIN,
	STAT_WORDS,     /* "max 100000": a key for each word, in their order */
	STAT_DEVICES,   /* "8:0 rbytes=1 wbytes=2", "8:0 Read 1", or "8:0 1" (word ""); keys by `word`, `at` is in struct cgroup_device_io */
	STAT_HUGEPAGES, /* name is "hugetlb.*.current", one file for each size; `at` is in struct cgroup_hugepages */
};

/* How long what a file says is sure to be what it was: struct cgroup_stat_reader, `before`. */
enum stat_until {
	STAT_ANY_MOMENT,
	STAT_WRITE, /* somebody writes it: a limit */
	STAT_KILL,  /* the OOM killer comes; the file says more, but nobody's `wanted` has that */
	STAT_RUN,   /* cpu.usage_ns grows */
	STAT_STALL, /* a process has to wait for memory or a disk, which it must run for */
};

#define STAT_ANY_V2 CGROUP_CONTROLLER_COUNT /* the v2 hierarchy, whatever controllers it has */
struct stat_file {
	unsigned version, what;
	enum cgroup_controller controller;
	enum stat_form form;
	const char *name;
	const struct stat_key *keys;
	size_t n;
	size_t needs; /* read only if this int64_t of struct cgroup_stat is a number but zero; 0: always */
	enum stat_until until;
};

extern const struct stat_file stat_files[];
extern const size_t stat_file_count;

/* stat_file_parse - the text of that file; size: of hugetlb's, "2MB" */
void stat_file_parse(struct cgroup_stat *st, const struct stat_file *f, struct sv size, struct sv text);
/* stat_hugepages_size - "2MB" of "hugetlb.2MB.current" if f is that file for it; false: it is not */
bool stat_hugepages_size(const struct stat_file *f, struct sv file, struct sv *ret);
/* stat_file_is_needed - see `needs` */
bool stat_file_is_needed(const struct cgroup_stat *st, const struct stat_file *f);
/* stat_file_is_known - all that it says is there already, by better files */
bool stat_file_is_known(const struct cgroup_stat *st, const struct stat_file *f);
/* stat_file_is_wanted - by struct cgroup_stat_reader */
bool stat_file_is_wanted(const bool *wanted, const struct stat_file *f);
/* stat_file_is_same - all that is wanted of it is in *before, and cannot have changed; taken over then into *st. same:
 * CGROUP_STAT_SAME_… */
bool stat_file_is_same(struct cgroup_stat *st, const struct stat_file *f, const bool *wanted,
		       const struct cgroup_stat *before, unsigned same);
/* stat_derive - what follows from values of several files */
void stat_derive(struct cgroup_stat *st);
