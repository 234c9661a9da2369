/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/quantity.h"

#include "base/limits.h"
#include "base/scope.h"

#include <stdio.h>
#include <string.h>

typedef unsigned __int128 u128;

#define NANO (-9)
#define MAGNITUDE_MAX (((u128)10000000000000000000u * 10000000000000000000u) - 1) /* QUANTITY_DIGITS nines */
#define EXPONENT_MAX 1000 /* beyond it every number is too large, or as small as can be */

/* ---- digits ------------------------------------------------------------------------------------------------- */

static struct quantity normal(struct quantity q)
{
	while (q.magnitude && q.magnitude % 10 == 0) {
		q.magnitude /= 10;
		q.scale++;
	}
	if (!q.magnitude) {
		q.scale = 0;
		q.negative = false;
	}
	return q;
}

static int digits_of(u128 n)
{
	int digits = 0;

	for (; n; n /= 10)
		digits++;
	return digits;
}

/* Away from zero: whatever is cut off counts as one. */
static u128 tenth_up(u128 n)
{
	return n / 10 + (n % 10 ? 1 : 0);
}

/* n * 10^scale, at most `most` */
static u128 scaled(u128 n, int scale, u128 most)
{
	for (; scale < 0 && n > 1; scale++)
		n = tenth_up(n);
	for (; scale > 0 && n && n <= most; scale--)
		n = n > most / 10 ? most + 1 : n * 10;
	return n > most ? most : n;
}

/* ---- the text ----------------------------------------------------------------------------------------------- */

static const struct suffix {
	const char *text;
	uint8_t format;
	int exponent; /* of ten, or of two */
} suffixes[] = {
	{ "", QUANTITY_DECIMAL_SI, 0 },   { "n", QUANTITY_DECIMAL_SI, -9 }, { "u", QUANTITY_DECIMAL_SI, -6 },
	{ "m", QUANTITY_DECIMAL_SI, -3 }, { "k", QUANTITY_DECIMAL_SI, 3 },  { "M", QUANTITY_DECIMAL_SI, 6 },
	{ "G", QUANTITY_DECIMAL_SI, 9 },  { "T", QUANTITY_DECIMAL_SI, 12 }, { "P", QUANTITY_DECIMAL_SI, 15 },
	{ "E", QUANTITY_DECIMAL_SI, 18 }, { "Ki", QUANTITY_BINARY_SI, 10 }, { "Mi", QUANTITY_BINARY_SI, 20 },
	{ "Gi", QUANTITY_BINARY_SI, 30 }, { "Ti", QUANTITY_BINARY_SI, 40 }, { "Pi", QUANTITY_BINARY_SI, 50 },
	{ "Ei", QUANTITY_BINARY_SI, 60 },
};

/* A text in its parts: "-1.5e+3" is negative, whole 1, fraction 5, suffix "e+3". */
struct parts {
	bool negative;
	struct sv whole, fraction, suffix;
};

static size_t span(struct sv s, const char *of)
{
	size_t n = 0;

	while (n < s.n && s.p[n] && strchr(of, s.p[n]))
		n++;
	return n;
}

static struct sv take(struct sv *s, size_t n)
{
	struct sv head = { s->p, n };

	*s = (struct sv){ s->n ? s->p + n : s->p, s->n - n };
	return head;
}

#define DIGITS "0123456789"

static bool split(struct sv text, struct parts *p)
{
	struct sv rest = text, number, end;

	if (rest.n && (rest.p[0] == '+' || rest.p[0] == '-'))
		p->negative = take(&rest, 1).p[0] == '-';
	number = take(&rest, span(rest, DIGITS "."));
	p->suffix = rest;
	end = rest;
	(void)take(&end, span(end, "eEinumkKMGTP"));
	if (end.n && (end.p[0] == '+' || end.p[0] == '-'))
		(void)take(&end, 1);
	if (span(end, DIGITS) != end.n)
		return false;
	(void)sv_cut(number, '.', &p->whole, &p->fraction);
	return p->whole.n + p->fraction.n && span(p->fraction, DIGITS) == p->fraction.n;
}

/* "3", "+3", "-3" behind an e; a number beyond EXPONENT_MAX is as good as that. */
static bool exponent_of(struct sv text, int *ret)
{
	bool negative = text.n && text.p[0] == '-';
	int n = 0;

	if (text.n && (text.p[0] == '+' || negative))
		(void)take(&text, 1);
	if (!text.n || span(text, DIGITS) != text.n)
		return false;
	for (size_t i = 0; i < text.n && n < EXPONENT_MAX; i++)
		n = n * 10 + (text.p[i] - '0');
	*ret = negative ? -n : n;
	return true;
}

static bool suffix_of(struct sv text, struct quantity *q, int *ret_exponent)
{
	struct sv number = text;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (sv_is(text, suffixes[i].text)) {
			q->format = suffixes[i].format;
			*ret_exponent = suffixes[i].exponent;
			return true;
		}
	if (text.p[0] != 'e' && text.p[0] != 'E')
		return false;
	(void)take(&number, 1);
	if (!exponent_of(number, ret_exponent))
		return false;
	q->format = QUANTITY_DECIMAL_EXPONENT;
	q->upper = text.p[0] == 'E';
	q->plus = number.p[0] == '+';
	return true;
}

/* ---- numbers ------------------------------------------------------------------------------------------------ */

/* Digits as they come, each worth ten times less than the one before it. */
struct reading {
	struct quantity *q;
	int weight; /* power of ten of the next digit */
	bool finer; /* digits below 10^-9 were not zero */
	bool overflow;
	unsigned zeros; /* seen, but not counted until another digit follows */
};

static void read_digit(struct reading *r, unsigned digit)
{
	int weight = r->weight--;

	if (weight < NANO) {
		r->finer |= digit;
		return;
	}
	if (!digit) {
		r->zeros += r->q->magnitude ? 1 : 0;
		return;
	}
	for (; r->zeros && !r->overflow; r->zeros--) {
		r->overflow = r->q->magnitude > MAGNITUDE_MAX / 10;
		r->q->magnitude *= 10;
	}
	r->overflow |= r->q->magnitude > MAGNITUDE_MAX / 10;
	if (r->overflow)
		return;
	r->q->magnitude = r->q->magnitude * 10 + digit;
	r->q->scale = (int16_t)weight;
}

/* One thousand-millionth more, as something finer was there. */
static struct quantity nano_more(struct quantity q)
{
	q.magnitude = scaled(q.magnitude, q.scale - NANO, MAGNITUDE_MAX) + 1;
	q.scale = NANO;
	return normal(q);
}

static int number_decimal(const struct parts *p, int exponent, struct quantity *q)
{
	struct reading r = { .q = q, .weight = (int)p->whole.n - 1 + exponent };

	for (size_t i = 0; i < p->whole.n && !r.overflow; i++)
		read_digit(&r, (unsigned)(p->whole.p[i] - '0'));
	for (size_t i = 0; i < p->fraction.n && !r.overflow; i++)
		read_digit(&r, (unsigned)(p->fraction.p[i] - '0'));
	if (r.overflow || (q->magnitude && digits_of(q->magnitude) + q->scale > QUANTITY_DIGITS))
		return -ERANGE;
	if (r.finer && q->magnitude && digits_of(q->magnitude) + q->scale - NANO > QUANTITY_DIGITS)
		return -ERANGE;
	if (r.finer)
		*q = nano_more(*q);
	return 0;
}

/* 0.fraction times unit, rounded up. From the last digit to the first: each step divides by ten what the digits behind
 * add up to, and dividing downwards twice is dividing downwards once. */
static u128 fraction_up(struct sv fraction, u128 unit)
{
	u128 sum = 0;
	bool rest = false;

	for (size_t i = fraction.n; i-- > 0;) {
		sum += (unsigned)(fraction.p[i] - '0') * unit;
		rest |= sum % 10 != 0;
		sum /= 10;
	}
	return sum + (rest ? 1 : 0);
}

#define GIGA 1000000000u

/* Ends at INT64_MAX, as the original does for these alone. */
static void number_binary(const struct parts *p, int shift, struct quantity *q)
{
	const u128 most = (u128)INT64_MAX * GIGA;
	u128 n = 0;

	for (size_t i = 0; i < p->whole.n && n <= INT64_MAX; i++)
		n = n * 10 + (unsigned)(p->whole.p[i] - '0');
	n = n > INT64_MAX ? INT64_MAX : n;
	n = n > ((u128)INT64_MAX >> shift) ? most : (n << shift) * GIGA;
	n += fraction_up(p->fraction, (u128)GIGA << shift);
	q->magnitude = n > most ? most : n;
	q->scale = NANO;
	if (n && n < GIGA)
		q->format = QUANTITY_DECIMAL_SI;
	*q = normal(*q);
}

#define PATTERN "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

int quantity_parse(struct sv text, struct quantity *ret, struct err *e)
{
	struct parts p = { 0 };
	struct quantity q = { 0 };
	int exponent, r = 0;

	if (text.n > LIMIT_QUANTITY)
		return err_set(e, ERANGE, "a quantity has at most %d digits", QUANTITY_DIGITS);
	if (!split(text, &p))
		return err_set(e, EINVAL, PATTERN);
	if (!suffix_of(p.suffix, &q, &exponent))
		return err_set(e, EINVAL, "unable to parse quantity's suffix");
	if (q.format == QUANTITY_BINARY_SI)
		number_binary(&p, exponent, &q);
	else
		r = number_decimal(&p, exponent, &q);
	if (r < 0)
		return err_set(e, ERANGE, "a quantity has at most %d digits", QUANTITY_DIGITS);
	q.negative = p.negative && q.magnitude;
	*ret = q;
	return 0;
}

/* ---- printing ----------------------------------------------------------------------------------------------- */

static const char *suffix_text(uint8_t format, int exponent)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (suffixes[i].format == format && suffixes[i].exponent == exponent)
			return suffixes[i].text;
	return "";
}

/* The sign, the digits of n, and so many zeros; returns where they end. */
static char *put_number(char *to, bool negative, u128 n, int zeros)
{
	int digits = digits_of(n);
	char *end = to + (negative ? 1 : 0) + digits;

	if (negative)
		*to = '-';
	for (char *p = end; digits; digits--, n /= 10)
		*--p = (char)('0' + (unsigned)(n % 10));
	memset(end, '0', (size_t)zeros);
	return end + zeros;
}

static void print_decimal(const struct quantity *q, bool exponents, char ret[QUANTITY_TEXT])
{
	int zeros = (q->scale % 3 + 3) % 3, exponent = q->scale - zeros, most = exponents ? 99 : 18;
	size_t left;
	char *p;

	if (exponent > most) {
		zeros += exponent - most;
		exponent = most;
	}
	p = put_number(ret, q->negative, q->magnitude, zeros);
	left = (size_t)(ret + QUANTITY_TEXT - p);
	if (!exponents)
		(void)snprintf(p, left, "%s", suffix_text(QUANTITY_DECIMAL_SI, exponent));
	else if (exponent)
		(void)snprintf(p, left, "%s%s%d", q->upper ? "E" : "e", q->plus && exponent > 0 ? "+" : "", exponent);
	else
		*p = '\0';
}

static void print_binary(const struct quantity *q, u128 n, char ret[QUANTITY_TEXT])
{
	int shift = 0;
	char *p;

	for (; shift < 60 && n % 1024 == 0; shift += 10)
		n /= 1024;
	p = put_number(ret, q->negative, n, 0);
	(void)snprintf(p, (size_t)(ret + QUANTITY_TEXT - p), "%s", shift ? suffix_text(QUANTITY_BINARY_SI, shift) : "");
}

const char *quantity_print(const struct quantity *q, char ret[QUANTITY_TEXT])
{
	u128 n = scaled(q->magnitude, q->scale, MAGNITUDE_MAX);

	if (!q->magnitude)
		(void)snprintf(ret, QUANTITY_TEXT, "0");
	else if (q->format == QUANTITY_BINARY_SI && n >= 1024 && n <= INT64_MAX && q->scale >= 0)
		print_binary(q, n, ret);
	else
		print_decimal(q, q->format == QUANTITY_DECIMAL_EXPONENT, ret);
	return ret;
}

const char *quantity_format_name(const struct quantity *q)
{
	static const char *const names[] = {
#define X(id, text) [QUANTITY_##id] = text,
		QUANTITY_FORMATS(X)
#undef X
	};

	return names[q->format];
}

/* ---- arithmetic --------------------------------------------------------------------------------------------- */

static struct quantity of(int64_t n, int scale, enum quantity_format format)
{
	return normal((struct quantity){ .magnitude = n < 0 ? -(u128)n : (u128)n,
					 .scale = (int16_t)scale,
					 .negative = n < 0,
					 .format = (uint8_t)format });
}

struct quantity quantity_of(int64_t n, enum quantity_format format)
{
	return of(n, 0, format);
}

struct quantity quantity_of_milli(int64_t n)
{
	return of(n, -3, QUANTITY_DECIMAL_SI);
}

static int64_t number(const struct quantity *q, int scale)
{
	int64_t n = (int64_t)scaled(q->magnitude, q->scale - scale, INT64_MAX);

	return q->negative ? -n : n;
}

int64_t quantity_value(const struct quantity *q)
{
	return number(q, 0);
}

int64_t quantity_milli(const struct quantity *q)
{
	return number(q, -3);
}

/* Both magnitudes at one scale. Where that needs too many digits, the lower one loses some, away from zero. */
static int align(u128 *high, int high_scale, u128 *low, int low_scale)
{
	while (high_scale > low_scale && *high && *high <= MAGNITUDE_MAX / 10) {
		*high *= 10;
		high_scale--;
	}
	for (; low_scale < high_scale; low_scale++)
		*low = tenth_up(*low);
	return high_scale;
}

static int aligned(const struct quantity *a, const struct quantity *b, u128 *ret_a, u128 *ret_b)
{
	*ret_a = a->magnitude;
	*ret_b = b->magnitude;
	if (!a->magnitude || !b->magnitude)
		return a->magnitude ? a->scale : b->scale;
	return a->scale > b->scale ? align(ret_a, a->scale, ret_b, b->scale) :
				     align(ret_b, b->scale, ret_a, a->scale);
}

/* Of QUANTITY_DIGITS digits; the finest are given up first. */
static struct quantity fitting(struct quantity q)
{
	if (digits_of(q.magnitude) + q.scale > QUANTITY_DIGITS) {
		q.magnitude = MAGNITUDE_MAX;
		q.scale = 0;
	} else if (q.magnitude > MAGNITUDE_MAX) {
		q.magnitude = tenth_up(q.magnitude);
		q.scale++;
	}
	return normal(q);
}

struct quantity quantity_add(const struct quantity *a, const struct quantity *b)
{
	struct quantity sum = { .format = a->magnitude ? a->format : b->format };
	u128 x, y;

	sum.scale = (int16_t)aligned(a, b, &x, &y);
	if (a->negative == b->negative || !y) {
		sum.negative = a->negative;
		sum.magnitude = x + y;
	} else {
		sum.negative = x >= y ? a->negative : b->negative;
		sum.magnitude = x >= y ? x - y : y - x;
	}
	return fitting(sum);
}

struct quantity quantity_sub(const struct quantity *a, const struct quantity *b)
{
	struct quantity minus = *b;

	minus.negative = !b->negative && b->magnitude;
	return quantity_add(a, &minus);
}

int quantity_sign(const struct quantity *q)
{
	return !q->magnitude ? 0 : q->negative ? -1 : 1;
}

int quantity_compare(const struct quantity *a, const struct quantity *b)
{
	int sign = quantity_sign(a), less = sign < 0 ? 1 : -1;
	int high_a = digits_of(a->magnitude) + a->scale, high_b = digits_of(b->magnitude) + b->scale;
	u128 x, y;

	if (sign != quantity_sign(b))
		return sign < quantity_sign(b) ? -1 : 1;
	if (high_a != high_b)
		return high_a < high_b ? less : -less;
	(void)aligned(a, b, &x, &y); /* exact, as both begin with the same digit */
	return x == y ? 0 : x < y ? less : -less;
}

struct quantity quantity_max(const struct quantity *a, const struct quantity *b)
{
	return quantity_compare(a, b) >= 0 ? *a : *b;
}

struct quantity quantity_round(const struct quantity *q, int scale)
{
	struct quantity up = *q;

	if (q->scale >= scale)
		return up;
	up.magnitude = scaled(q->magnitude, q->scale - scale, MAGNITUDE_MAX);
	up.scale = (int16_t)scale;
	return normal(up);
}

bool quantity_is_integer(const struct quantity *q)
{
	return q->scale >= 0;
}
