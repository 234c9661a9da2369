/* SPDX-License-Identifier: Apache-2.0 */
/* sv.h - string views: text that is only looked at. Borrowed, never freed, no NUL promised. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sv {
	const char *p;
	size_t n;
};

#define SV(literal) ((struct sv){ "" literal, sizeof(literal) - 1 })
#define SV_FMT "%.*s"
#define SV_ARG(s) (int)(s).n, (s).p ? (s).p : ""

struct sv sv_from(const char *text); /* NULL gives the empty view */
bool sv_is(struct sv s, const char *text);
bool sv_eq(struct sv a, struct sv b);
bool sv_has_prefix(struct sv s, const char *prefix);
bool sv_has_suffix(struct sv s, const char *suffix);

/* sv_cut - split at the first c. false: no c in s; then head is s and rest is empty. */
bool sv_cut(struct sv s, char c, struct sv *ret_head, struct sv *ret_rest);
/* sv_rcut - split at the last c, likewise. */
bool sv_rcut(struct sv s, char c, struct sv *ret_head, struct sv *ret_rest);
/* sv_next - take the next field off *s, fields parted by c. false: nothing left. Empty fields are given. */
bool sv_next(struct sv *s, char c, struct sv *ret_field);
struct sv sv_trim(struct sv s); /* without leading and trailing blanks, tabs, newlines */

/* The whole of s is a decimal number. -EINVAL: it is not; -ERANGE: it does not fit. */
int sv_u64(struct sv s, uint64_t *ret);
int sv_i64(struct sv s, int64_t *ret);

/* sv_dup - a NUL-terminated copy, to be freed; NULL when out of memory or when s holds a NUL byte. */
char *sv_dup(struct sv s);
/* sv_copy - into a buffer of cap bytes with a NUL. -ERANGE: too long (ret is untouched). */
int sv_copy(struct sv s, char *ret, size_t cap);
